/** 64 bits as two words: a key or a digest. */
export interface Tag {
  readonly low: number;
  readonly high: number;
}

/** The word at `index`, little-endian; the one behind the last full word holds what is left and the length. */
function wordAt(data: Uint8Array, index: number): number {
  const { length } = data;
  const at = 4 * index;
  if (at + 4 <= length) {
    return (
      (data[at] as number) |
      ((data[at + 1] as number) << 8) |
      ((data[at + 2] as number) << 16) |
      ((data[at + 3] as number) << 24)
    );
  }
  let last = length << 24;
  for (let rest = at; rest < length; rest++) last |= (data[rest] as number) << (8 * (rest - at));
  return last;
}

/**
 * HalfSipHash-2-4 with 64 bits of output, by Jean-Philippe Aumasson and Daniel J. Bernstein (github.com/veorq/SipHash,
 * CC0): SipHash for 32-bit words, which JavaScript has. Two rounds for each word, then four for each half of the
 * output, in one loop, so that the state stays in registers.
 */
export function halfSipHash(key: Tag, data: Uint8Array): Tag {
  let v0 = key.low | 0;
  let v1 = key.high ^ 0xee;
  let v2 = 0x6c796765 ^ key.low;
  let v3 = 0x74656462 ^ key.high;
  const absorbing = 2 * ((data.length >> 2) + 1);
  let word = 0;
  let low = 0;
  for (let round = 0; round < absorbing + 8; round++) {
    if (round < absorbing) {
      if ((round & 1) === 0) {
        word = wordAt(data, round >> 1);
        v3 ^= word;
      }
    } else if (round === absorbing) v2 ^= 0xee;
    else if (round === absorbing + 4) {
      low = v1 ^ v3;
      v1 ^= 0xdd;
    }
    v0 = (v0 + v1) | 0;
    v1 = ((v1 << 5) | (v1 >>> 27)) ^ v0;
    v0 = (v0 << 16) | (v0 >>> 16);
    v2 = (v2 + v3) | 0;
    v3 = ((v3 << 8) | (v3 >>> 24)) ^ v2;
    v0 = (v0 + v3) | 0;
    v3 = ((v3 << 7) | (v3 >>> 25)) ^ v0;
    v2 = (v2 + v1) | 0;
    v1 = ((v1 << 13) | (v1 >>> 19)) ^ v2;
    v2 = (v2 << 16) | (v2 >>> 16);
    if (round < absorbing && (round & 1) === 1) v0 ^= word;
  }
  return { low, high: v1 ^ v3 };
}
