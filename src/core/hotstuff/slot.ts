import type { RejectionCode } from '../../model/events.ts';
import type { ReplicaId } from '../../model/ids.ts';
import type { Nudge, Proposal } from '../../model/messages.ts';
import { emit } from '../output.ts';
import type { Core, Slot, WaitingMessage } from '../state.ts';
import { proposersOf } from './roles.ts';

/** Different messages tried in a leader's slot before it is used: what fails for now may be followed by better. */
const MAX_TRIES = 4;
/** Waiting proposals and nudges at once: two leaders' tries. */
const MAX_WAITING = 16;

export function reject(
  core: Core,
  from: ReplicaId,
  message: { readonly type: string },
  code: RejectionCode,
  detail?: string,
): void {
  const rejection = detail === undefined ? { code } : { code, detail };
  emit(core, { type: 'message-rejected', from, message: message.type, rejection });
}

export const isProposer = (core: Core, id: ReplicaId): boolean =>
  proposersOf(core.sets, core.view, core.config.chain.leaderTenure).includes(id);

const keyOf = (message: Proposal | Nudge): string =>
  message.type === 'proposal'
    ? message.block.hash
    : `${message.justify.phase}/${message.justify.view}/${message.justify.block}`;

/**
 * The leader's slot of this view for a first try of `message`; null when the slot is used, the same was tried before,
 * or too much was (R19). A slot is shared by proposals and nudges.
 */
export function openSlot(core: Core, from: ReplicaId, message: Proposal | Nudge): Slot | null {
  const slot = core.slots.get(from) ?? { used: false, tried: [] };
  const key = keyOf(message);
  if (slot.used || slot.tried.includes(key) || slot.tried.length >= MAX_TRIES) return null;
  slot.tried.push(key);
  core.slots.set(from, slot);
  return slot;
}

/** Undoes `openSlot` for a message that will come again by itself. */
export function reopenSlot(core: Core, from: ReplicaId, message: Proposal | Nudge): void {
  const slot = core.slots.get(from);
  const at = slot?.tried.indexOf(keyOf(message)) ?? -1;
  if (at >= 0) slot?.tried.splice(at, 1);
}

/** Claims the slot for `message`: once its parent is known and the lock clause holds, nothing else is voted for. */
export function claimSlot(core: Core, from: ReplicaId): boolean {
  const slot = core.slots.get(from);
  if (slot === undefined || slot.used) return false;
  slot.used = true;
  return true;
}

export function waitFor(
  core: Core,
  from: ReplicaId,
  message: Proposal | Nudge,
  lacks: WaitingMessage['lacks'],
): void {
  core.waiting.push({ from, message, lacks });
  if (core.waiting.length > MAX_WAITING) core.waiting.shift();
}
