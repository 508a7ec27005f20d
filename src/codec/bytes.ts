// Small byte strings: memory for them, and what they are as keys of maps.
//
// An array of its own costs an allocation outside of the heap and a finaliser, some microseconds in all; a piece of a
// shared slab costs a tenth.

/** As large as Node's own pool of small buffers, so that a short value keeps no more memory alive than one of its. */
const SLAB_SIZE = 8 * 1024;

let slab = new ArrayBuffer(SLAB_SIZE);
let slabUsed = 0;

/**
 * Memory for `size` bytes, which may be stale. Short ones share a slab, so that they cost no allocation outside of the
 * heap; their `buffer` is not theirs alone.
 */
export function allocate(size: number): Uint8Array {
  if (size > SLAB_SIZE >> 1) {
    const { buffer, byteOffset } = Buffer.allocUnsafeSlow(size);
    return new Uint8Array(buffer, byteOffset, size);
  }
  if (size > SLAB_SIZE - slabUsed) {
    slab = new ArrayBuffer(SLAB_SIZE);
    slabUsed = 0;
  }
  const bytes = new Uint8Array(slab, slabUsed, size);
  slabUsed += size;
  return bytes;
}

/** A copy of `bytes`. */
export function copyOf(bytes: Uint8Array): Uint8Array {
  const copy = allocate(bytes.length);
  copy.set(bytes);
  return copy;
}

/** Works on any view of bytes; making a Buffer of each first would take three times as long. */
const { latin1Slice } = Buffer.prototype as unknown as {
  latin1Slice(this: Uint8Array, start: number, end: number): string;
};

/** Bytes as a string of one character each: the cheapest map key there is, and in the order of the bytes. */
export function latin1(bytes: Uint8Array, start = 0, end: number = bytes.length): string {
  return latin1Slice.call(bytes, start, end);
}
