import { asView, type ReplicaId, type View } from '../../model/ids.ts';
import type { Message } from '../../model/messages.ts';
import { powerOf, type ValidatorSet } from '../../model/validator-set.ts';
import { enterView } from '../hotstuff/enter-view.ts';
import { activeSets, isActiveValidator } from '../hotstuff/roles.ts';
import type { Core } from '../state.ts';
import { isEpochChange, nextEpochChange } from './epochs.ts';

/** The view that a message shows its sender to have reached; null: none. */
function shownView(message: Message): View | null {
  switch (message.type) {
    case 'proposal':
    case 'nudge':
    case 'phase-vote':
    case 'timeout-vote':
      return message.view;
    case 'new-view':
      return asView(message.view + 1);
    default:
      return null;
  }
}

/** Notes how far an active validator has come (R30), after the certificates in its message were processed. */
export function noteView(core: Core, from: ReplicaId, message: Message): void {
  const view = shownView(message);
  if (view === null || !isActiveValidator(core.sets, from)) return;
  if (view > (core.seenViews.get(from) ?? -1)) core.seenViews.set(from, view);
  if (view > core.view) catchUp(core);
}

/**
 * R30: when validators of power > total - quorum are above this replica's view, it enters the highest view that such
 * a power has reached, but not beyond the next epoch-change view, and never out of one. One of them is honest.
 */
function catchUp(core: Core): void {
  const { epochLength } = core.config.chain;
  if (isEpochChange(core.view, epochLength)) return;
  let reached = core.view;
  for (const set of activeSets(core.sets)) reached = asView(Math.max(reached, viewReachedIn(core, set)));
  if (reached <= core.view) return;
  enterView(core, asView(Math.min(reached, nextEpochChange(core.view, epochLength))), 'timer');
}

function viewReachedIn(core: Core, set: ValidatorSet): number {
  const ahead: { readonly view: number; readonly power: number }[] = [];
  for (const { id } of set.validators) {
    const view = core.seenViews.get(id) ?? -1;
    if (view > core.view && id !== core.config.me) ahead.push({ view, power: powerOf(set, id) });
  }
  ahead.sort((a, b) => b.view - a.view);
  let power = 0;
  for (const one of ahead) {
    power += one.power;
    if (power > set.totalPower - set.quorum) return one.view;
  }
  return -1;
}
