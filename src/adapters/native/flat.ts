/** Byte strings one after the other, as the addon takes them. */
export interface Flat {
  readonly bytes: Uint8Array;
  /** Where each item begins, and where the last one ends: one more than there are items. */
  readonly offsets: Uint32Array;
}

/** Copies `items` into one buffer. Throws `RangeError` above 4 GB, which offsets cannot address. */
export function flatten(items: readonly Uint8Array[]): Flat {
  return flattenInto(items, (size) => new Uint8Array(size));
}

/** What is kept between calls, in bytes: twice the largest block by default. More gets memory of its own. */
const SCRATCH_SIZE = 4 * 1024 * 1024;

let scratch = new Uint8Array(0);

/** The same for a call that reads the bytes before it returns: they share their memory with those of the next one. */
export function flattenForCall(items: readonly Uint8Array[]): Flat {
  return flattenInto(items, (size) => {
    if (size > SCRATCH_SIZE) return new Uint8Array(size);
    if (size > scratch.length) scratch = new Uint8Array(Math.min(SCRATCH_SIZE, 2 * size));
    return scratch.subarray(0, size);
  });
}

function flattenInto(items: readonly Uint8Array[], allocate: (size: number) => Uint8Array): Flat {
  const offsets = new Uint32Array(items.length + 1);
  let size = 0;
  for (let index = 0; index < items.length; index++) {
    size += (items[index] as Uint8Array).length;
    offsets[index + 1] = size;
  }
  if (size > 0xffff_ffff) throw new RangeError('more than 4 GB in one call');
  const bytes = allocate(size);
  for (let index = 0; index < items.length; index++) {
    bytes.set(items[index] as Uint8Array, offsets[index] as number);
  }
  return { bytes, offsets };
}
