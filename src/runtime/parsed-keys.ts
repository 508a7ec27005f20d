import { latin1 } from '../codec/bytes.ts';
import type { ValidatorSet } from '../model/validator-set.ts';
import type { Verifier } from '../ports/signature-scheme.ts';
import type { WrittenRecord } from '../storage/batch.ts';
import { encodeParsedKeys } from '../storage/parsed-keys.ts';

export interface KeyKeeperOptions {
  readonly verifier: Pick<Verifier, 'parsedKeys' | 'learnKeys'>;
  /** What the store has. */
  readonly stored: Uint8Array | null;
  /** Has a record written when it suits: nothing waits for it. */
  readonly write: (records: Map<string, WrittenRecord>) => void;
}

/** Keeps the validators' keys in the store as the verifier parsed them, so that it need not do so at the next start. */
export interface KeyKeeper {
  /** Has the keys of `set` stored, unless they are. Never throws; what fails is tried again with the next call. */
  keep(set: ValidatorSet): void;
  stop(): void;
}

/** Tells the verifier of what is stored, before anything is asked of it. */
export function createKeyKeeper({ verifier, stored, write }: KeyKeeperOptions): KeyKeeper {
  let known = stored;
  let wanted: ValidatorSet | null = null;
  if (stored !== null) verifier.learnKeys?.(stored);

  const store = async (set: ValidatorSet): Promise<void> => {
    const parsed = await verifier.parsedKeys?.(set);
    // A later set's, or nobody's any more; or of a scheme whose keys are not worth keeping.
    if (wanted !== set || !(parsed instanceof Uint8Array)) return;
    const isStored = known !== null && Buffer.compare(known, parsed) === 0;
    known = parsed;
    const record = isStored ? null : encodeParsedKeys(parsed);
    if (record !== null) write(new Map([[latin1(record.key), { ...record, decoded: undefined }]]));
  };

  return {
    keep(set) {
      wanted = set;
      // Whoever needs the keys for a certificate hears of it too.
      store(set).catch(() => {});
    },
    stop() {
      wanted = null;
    },
  };
}
