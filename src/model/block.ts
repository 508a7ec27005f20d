import type { PhaseCertificate } from './certificate.ts';
import type { BlockHash, DataHash, Height } from './ids.ts';

/** One opaque item of a block's data; for a decoded block a view over the received frame. */
export type Datum = Uint8Array;

/** What a block's hash covers, and the hash: SHA-256(borsh(height) || borsh(justify) || borsh(dataHash)). */
export interface BlockHeader {
  readonly height: Height;
  readonly hash: BlockHash;
  readonly justify: PhaseCertificate;
  readonly dataHash: DataHash;
}

export interface Block extends BlockHeader {
  readonly data: readonly Datum[];
}

export const headerOf = ({ height, hash, justify, dataHash }: BlockHeader): BlockHeader => ({
  height,
  hash,
  justify,
  dataHash,
});
