import type { Datum } from '../model/block.ts';
import { bytesToHex } from '../model/hex.ts';
import { asDataHash, type DataHash } from '../model/ids.ts';
import type { App } from '../ports/app.ts';
import type { Hasher } from '../ports/signature-scheme.ts';
import { AppFault } from './app-answers.ts';
import { textOf } from './report.ts';

/** The chain's function from data to data hash: the library's Merkle root, or the app's own, which may `AppFault`. */
export type HashData = (data: readonly Datum[]) => DataHash;

const DATA_HASH = /^[0-9a-f]{64}$/;

export function hashDataWith(hasher: Hasher, app: Pick<App, 'dataHash'>): HashData {
  if (app.dataHash === undefined) return (data) => asDataHash(bytesToHex(hasher.merkleRoot(data)));
  return (data) => {
    const hash = askApp(app, data);
    if (typeof hash === 'string' && DATA_HASH.test(hash)) return asDataHash(hash);
    throw new AppFault(`dataHash must return 64 lower-case hex digits, not ${textOf(hash)}`);
  };
}

function askApp(app: Pick<App, 'dataHash'>, data: readonly Datum[]): unknown {
  try {
    return app.dataHash?.(data);
  } catch (cause) {
    throw new AppFault('dataHash threw', { cause });
  }
}
