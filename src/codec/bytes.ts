// Small byte strings: memory for them, and what they are as keys of maps.
//
// An array of its own costs an allocation outside of the heap and a finaliser, some microseconds in all; a piece of a
// shared slab costs a tenth.

/**
 * Larger ones save little more (0.91 us for 530 bytes in slabs of 8 KiB, 0.28 in 32, 0.26 in 64; 1.75 in an array of
 * its own), and a short value that lives long keeps its whole slab alive.
 */
const SLAB_SIZE = 32 * 1024;

/** From this size on, memory of its own costs no more than its share of a slab would. */
const MAX_SLAB_SHARE: number = SLAB_SIZE / 8;

let slab: ArrayBufferLike = Buffer.allocUnsafeSlow(SLAB_SIZE).buffer;
let slabUsed = 0;

/**
 * Memory for `size` bytes, which may be stale. Short ones share a slab, so that they cost no allocation outside of the
 * heap; their `buffer` is not theirs alone.
 */
export function allocate(size: number): Uint8Array {
  if (size > MAX_SLAB_SHARE) {
    const { buffer, byteOffset } = Buffer.allocUnsafeSlow(size);
    return new Uint8Array(buffer, byteOffset, size);
  }
  if (size > SLAB_SIZE - slabUsed) {
    slab = Buffer.allocUnsafeSlow(SLAB_SIZE).buffer;
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
