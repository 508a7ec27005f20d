import type { Hasher } from '../../ports/signature-scheme.ts';
import { native } from './binding.ts';
import { flattenForCall } from './flat.ts';

/** Hashes many items in one native call. */
export interface NativeHasher extends Hasher {
  /** The SHA-256 digests of `items`, 32 bytes each, one after the other. */
  sha256Many(items: readonly Uint8Array[]): Uint8Array;
}

/** The port `Hasher` over the addon; the same roots as the codec's `merkleRoot`. */
export const nativeHasher: NativeHasher = {
  merkleRoot: (datums) => {
    const { bytes, offsets } = flattenForCall(datums);
    return native.merkleRoot(bytes, offsets);
  },
  sha256Many: (items) => {
    const { bytes, offsets } = flattenForCall(items);
    return native.sha256Many(bytes, offsets);
  },
};
