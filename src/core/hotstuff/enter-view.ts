import { isSameStatement, type ProgressCertificate } from '../../model/certificate.ts';
import { asView, type ReplicaId, type View } from '../../model/ids.ts';
import { NO_WAIT } from '../effect.ts';
import { invariant } from '../invariant.ts';
import { emit, send, setTimer, write } from '../output.ts';
import { cancel } from '../pending.ts';
import { amActiveValidator, type Core, NOTHING_PROPOSED } from '../state.ts';
import { forgetBefore } from '../votes/collector.ts';
import { activeValidators, newViewRecipients } from './roles.ts';

/** Old proposals whose block never came are tried for so many; the rest is left to sync. */
const MAX_WAITING = 8;

/**
 * Enters `view` (SPECIFICATION.md section 6, Entering a view): one atomic write of the view with the certificate that
 * caused it (R7; an entry by timer keeps the stored one, R14), NewView, fresh per-view records, deadline (R13).
 * `shownBy` is who sent the certificate, this replica itself if it formed it.
 * What was buffered for the view, and proposing in it, follow when the step settles.
 */
export function enterView(
  core: Core,
  view: View,
  by: Core['enteredBy'],
  certificate: ProgressCertificate | null = null,
  shownBy: ReplicaId | null = null,
): void {
  invariant(by === 'start' || view > core.view, 'views only grow');
  core.view = view;
  core.enteredAt = core.now;
  core.enteredBy = by;
  if (certificate !== null) core.entryCertificate = certificate;
  core.timersInARow = by === 'timer' ? core.timersInARow + 1 : 0;
  write(core, 'entry', { view, certificate: core.entryCertificate });
  forgetEarlierViews(core, view);
  const { viewTimeMs } = core.config.settings;
  setTimer(core, { type: 'view', view }, viewTimeMs);
  if (by === 'certificate' && amActiveValidator(core))
    setTimer(core, { type: 'relay', view }, viewTimeMs / 2);
  emit(core, { type: 'view-started', view, by });
  sendNewView(core, view, isHighest(core, certificate) ? shownBy : null);
  core.out.entered = true;
}

function forgetEarlierViews(core: Core, view: View): void {
  empty(core.slots);
  renewBudgets(core);
  empty(core.newViews);
  if (core.proposing.request !== null) cancel(core, core.proposing.request);
  core.proposing = { ...NOTHING_PROPOSED };
  forgetBefore(core.collectors, view);
  if (core.waiting.length > 0)
    core.waiting = core.waiting.filter(({ lacks }) => lacks !== 'lock').slice(-MAX_WAITING);
}

/**
 * What each peer may send counts for a view, or for a view time when a view lasts longer (R19): whoever waits for a
 * certificate must be able to hear it in the end, whatever came before.
 */
export function renewBudgets(core: Core): void {
  empty(core.budgets);
  empty(core.muted);
}

/** Clearing makes a new table, however little there was in the old one. */
function empty(entries: { readonly size: number; clear(): void }): void {
  if (entries.size > 0) entries.clear();
}

const isHighest = (core: Core, certificate: ProgressCertificate | null): boolean =>
  certificate?.type === 'pc' && isSameStatement(certificate.pc, core.highestPc.pc);

/**
 * To the view's leaders; to all validators after two views left by timer in a row (R30). Listeners send none. Whoever
 * has shown highestPc itself, and with it opened the view, waits for no NewViews (R27) and would learn nothing.
 */
function sendNewView(core: Core, view: View, informed: ReplicaId | null): void {
  if (view === 0 || !amActiveValidator(core)) return;
  const { chainId, leaderTenure } = core.config.chain;
  const { pc } = core.highestPc;
  const isAstray = core.enteredBy === 'timer' && core.timersInARow >= 2;
  const all = isAstray ? activeValidators(core.sets) : newViewRecipients(core.sets, view, leaderTenure);
  const to = informed === null ? all : all.filter((id) => id !== informed);
  if (to.length === 0) return;
  send(core, to, { type: 'new-view', chainId, view: asView(view - 1), highestPc: pc }, NO_WAIT);
  emit(core, { type: 'new-view-sent', view: asView(view - 1), highestPc: pc });
}
