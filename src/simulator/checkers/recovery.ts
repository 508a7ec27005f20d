import type { TreeDelta } from '../../core/block-tree/delta.ts';
import type { Effect } from '../../core/effect.ts';
import type { Input } from '../../core/input.ts';
import type { Recovered } from '../../core/recovered.ts';
import { viewOfProgress } from '../../model/certificate.ts';
import type { ValidatorSets } from '../../model/validator-set.ts';
import type { CheckerFactory, ObservedReplica } from '../observer.ts';
import { createRecoveredModel, type RecoveredModel } from '../recovered-model.ts';

/** What a recovery says, in an order and form that do not depend on how it was read. */
function canonical(recovered: Recovered): string {
  const uncommitted = [...recovered.uncommitted].sort((a, b) => (a.header.hash < b.header.hash ? -1 : 1));
  return JSON.stringify({ ...recovered, uncommitted }, (key, value: unknown) => {
    // Derived from the list of validators.
    if (key === 'indexOf') return undefined;
    if (value instanceof Uint8Array) return [...value];
    if (value === null || typeof value !== 'object' || Array.isArray(value)) return value;
    return Object.fromEntries(Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1)));
  });
}

/** The view to start in: the highest that anything on disk speaks for (R7). */
function viewToStartIn({ entry, highestPc, highestTc, lastVote }: Recovered): number {
  const afterPc = highestPc.pc.view === 0 ? 0 : highestPc.pc.view + 1;
  const afterTc = highestTc === null ? 0 : highestTc.view + 1;
  return Math.max(entry?.view ?? 0, afterPc, afterTc, lastVote?.view ?? 0);
}

/**
 * Recovery: what a replica reads from its disk is what became durable, by an independent fold of its writes; it starts
 * in the view that R7 says; views never go down, and no epoch-change view is passed without a certificate for it or a
 * later one (R7, section 7).
 */
export const recovery: CheckerFactory = (world, fail) => {
  const genesisSets: ValidatorSets = {
    committed: world.genesisSet,
    previous: world.genesisSet,
    updateHeight: null,
    decided: true,
  };
  const models = new Map<number, RecoveredModel>();
  const views = new Map<number, number>();
  const modelOf = ({ index }: ObservedReplica): RecoveredModel => {
    const found = models.get(index);
    if (found !== undefined) return found;
    const model = createRecoveredModel(genesisSets);
    models.set(index, model);
    return model;
  };
  const { epochLength } = world.chain;

  const checkEntry = (replica: ObservedReplica, { entry }: TreeDelta): void => {
    if (entry === undefined) return;
    const before = views.get(replica.index) ?? 0;
    views.set(replica.index, entry.view);
    if (entry.view < before) fail(`r${replica.index} went from view ${before} back to ${entry.view}`);
    const epochChange = Math.floor((entry.view - 1) / epochLength) * epochLength;
    if (entry.view === before || epochChange < before) return;
    const proof = entry.certificate === null ? -1 : viewOfProgress(entry.certificate);
    if (proof < epochChange) {
      fail(
        `r${replica.index} left epoch-change view ${epochChange} for ${entry.view} on a certificate of ${proof}`,
      );
    }
  };

  return {
    name: 'recovery',
    onBoot(replica, recovered) {
      const [read, expected] = [canonical(recovered), canonical(modelOf(replica).recovered())];
      if (read !== expected) fail(`r${replica.index} recovered\n${read}\nfrom\n${expected}`);
      views.set(replica.index, recovered.entry?.view ?? 0);
    },
    onStep(replica: ObservedReplica, input: Input, _effects: readonly Effect[]) {
      if (input.type !== 'recovered') return;
      const expected = viewToStartIn(input.disk);
      const view = replica.status?.view ?? -1;
      if (view !== expected) fail(`r${replica.index} starts in view ${view}, not ${expected}`);
    },
    onWritten: checkEntry,
    onDurable: (replica, delta) => modelOf(replica).apply(delta),
  };
};
