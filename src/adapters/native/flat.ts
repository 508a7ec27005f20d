/** Byte strings one after the other, as the addon takes them. */
export interface Flat {
  readonly bytes: Uint8Array;
  /** Where each item begins, and where the last one ends: one more than there are items. */
  readonly offsets: Uint32Array;
}

/** Copies `items` into one buffer. Throws `RangeError` above 4 GB, which offsets cannot address. */
export function flatten(items: readonly Uint8Array[]): Flat {
  const offsets = new Uint32Array(items.length + 1);
  let size = 0;
  for (const [index, item] of items.entries()) {
    size += item.length;
    offsets[index + 1] = size;
  }
  if (size > 0xffff_ffff) throw new RangeError('more than 4 GB in one call');
  const bytes = new Uint8Array(size);
  for (const [index, item] of items.entries()) bytes.set(item, offsets[index] as number);
  return { bytes, offsets };
}
