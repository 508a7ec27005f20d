import type { Entry } from './case.ts';
import { blockSyncEntry } from './cases/block-sync.ts';
import { certificateCases } from './cases/certificates.ts';
import { codecCases } from './cases/codec.ts';
import { signatureCases } from './cases/signatures.ts';
import { simulatorEntries } from './cases/simulator.ts';
import { certificateBytesEntry } from './cases/sizes.ts';
import { storageCases } from './cases/storage.ts';
import { viewChangeCases } from './cases/view-change.ts';
import { clusterEntries } from './cluster/run.ts';
import { entryOf } from './measure.ts';
import type { Sweep } from './sweep/sweep.ts';

/**
 * Left out of a quick look: validator sets whose keys and votes take too long to make; those that lie between four and
 * a hundred, which show nothing of their own; and view changes of Ed25519, whose warm-up alone takes ten seconds.
 */
const NOT_QUICK = /\/n=(10|31|1000)$|^view-change\/ed25519/;

/** Everything that can be measured, in the order of the report. */
export function plan(sweep: Sweep): readonly Entry[] {
  const cases = [
    ...signatureCases,
    ...certificateCases,
    ...viewChangeCases,
    ...codecCases,
    ...storageCases(),
  ];
  return [
    ...cases.map((one) => entryOf(one, { quick: !NOT_QUICK.test(one.name) })),
    certificateBytesEntry(100),
    { ...certificateBytesEntry(1_000), quick: false },
    blockSyncEntry('bls12381', 100),
    { ...blockSyncEntry('ed25519', 100), quick: false },
    ...simulatorEntries,
    ...clusterEntries(),
    ...sweep.entries,
  ];
}

/** Those whose names contain one of `filters`, a whole path segment or a part of one; all without filters. */
export const matching = (entries: readonly Entry[], filters: readonly string[]): readonly Entry[] =>
  filters.length === 0
    ? entries
    : entries.filter(({ name }) => filters.some((filter) => name.includes(filter)));
