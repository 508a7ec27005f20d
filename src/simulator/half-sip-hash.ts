/** 64 bits as two words: a key or a digest. */
export interface Tag {
  readonly low: number;
  readonly high: number;
}

/** The four words of the state: one for all, since a hash is made in one go. */
let [v0, v1, v2, v3] = [0, 0, 0, 0];

function round(): void {
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
}

function absorb(word: number): void {
  v3 ^= word;
  round();
  round();
  v0 ^= word;
}

function finalize(): number {
  round();
  round();
  round();
  round();
  return v1 ^ v3;
}

/**
 * HalfSipHash-2-4 with 64 bits of output, by Jean-Philippe Aumasson and Daniel J. Bernstein (github.com/veorq/SipHash,
 * CC0): SipHash for 32-bit words, which JavaScript has.
 */
export function halfSipHash(key: Tag, data: Uint8Array): Tag {
  const { length } = data;
  v0 = key.low | 0;
  v1 = key.high ^ 0xee;
  v2 = 0x6c796765 ^ key.low;
  v3 = 0x74656462 ^ key.high;
  const whole = length - (length % 4);
  for (let at = 0; at < whole; at += 4) {
    absorb(
      (data[at] as number) |
        ((data[at + 1] as number) << 8) |
        ((data[at + 2] as number) << 16) |
        ((data[at + 3] as number) << 24),
    );
  }
  let last = length << 24;
  for (let at = whole; at < length; at++) last |= (data[at] as number) << (8 * (at - whole));
  absorb(last);
  v2 ^= 0xee;
  const low = finalize();
  v1 ^= 0xdd;
  return { low, high: finalize() };
}
