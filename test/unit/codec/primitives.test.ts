import { crc32 } from 'node:zlib';
import { describe, expect, it } from 'vitest';
import { allocate } from '../../../src/codec/bytes.ts';
import { checksum } from '../../../src/codec/checksum.ts';
import {
  createWriter,
  decode,
  finish,
  readBytes,
  readU8,
  readU32,
  readU64,
  sha256,
  writeBytes,
  writeHex,
  writeU8,
  writeU32,
  writeU64,
} from '../../../src/codec/primitives.ts';
import { bytesToHex } from '../../../src/model/hex.ts';

describe('writers', () => {
  it('write little-endian integers', () => {
    const writer = createWriter(1 + 4 + 8 + 8);
    writeU8(writer, 0xfe);
    writeU32(writer, 0x8000_0001);
    writeU64(writer, 2 ** 32 + 2);
    writeU64(writer, Number.MAX_SAFE_INTEGER);
    expect(bytesToHex(finish(writer))).toBe(`fe${'01000080'}${'0200000001000000'}${'ffffffffffff1f00'}`);
  });

  it('refuse to be finished early, so that no memory of others leaves', () => {
    const writer = createWriter(5);
    writeU32(writer, 1);
    expect(() => finish(writer)).toThrow('wrote 4 of 5 bytes');
  });

  it('refuse to write beyond their size', () => {
    const writer = createWriter(3);
    expect(() => writeU32(writer, 1)).toThrow(RangeError);
    expect(() => writeBytes(writer, new Uint8Array(4), 4)).toThrow(RangeError);
    expect(() => writeHex(writer, '00000000', 4)).toThrow(RangeError);
    expect(() => writeU64(writer, 0)).toThrow(RangeError);
  });

  it.each([-1, 2 ** 32, 0.5, Number.NaN])('refuse %s as a u32', (value) => {
    expect(() => writeU32(createWriter(4), value)).toThrow('not a u32');
  });

  it('write exactly as many bytes as belong', () => {
    expect(() => writeBytes(createWriter(8), new Uint8Array(3), 4)).toThrow('3 bytes where 4 belong');
    expect(() => writeHex(createWriter(8), 'abc', 4)).toThrow('3 hex digits where 8 belong');
  });
});

describe('decode', () => {
  it('reads integers where they lie', () => {
    const bytes = new Uint8Array([7, 1, 0, 0, 0x80, 2, 0, 0, 0, 1, 0, 0, 0]);
    const decoded = decode(bytes, (reader) => [readU8(reader), readU32(reader), readU64(reader)]);
    expect(decoded).toEqual({ value: [7, 0x8000_0001, 2 ** 32 + 2] });
  });

  it('refuses what ends early and what goes on', () => {
    expect(decode(new Uint8Array(3), readU32)).toEqual({
      rejection: { code: 'malformed', detail: 'ends within a field at byte 0' },
    });
    expect(decode(new Uint8Array(7), readU32)).toEqual({
      rejection: { code: 'malformed', detail: '3 trailing bytes' },
    });
    expect(decode(new Uint8Array(7), (reader) => readBytes(reader, 8))).toHaveProperty('rejection');
  });

  it("does not hide a reader's own bug as a fault of the bytes", () => {
    const buggy = (): never => {
      throw new TypeError('a bug');
    };
    expect(() => decode(new Uint8Array(1), buggy)).toThrow('a bug');
  });
});

describe('sha256', () => {
  it('is SHA-256, as a plain array', () => {
    const digest = sha256(new TextEncoder().encode('abc'));
    expect(bytesToHex(digest)).toBe('ba7816bf8f01cfea414140de5dae2223b00361a396177a9cb410ff61f20015ad');
    expect(digest.constructor).toBe(Uint8Array);
  });
});

describe('a checksum', () => {
  it.each([0, 1, 2, 41, 63, 64, 65, 1_000])(
    'of a key of %d bytes is that of zlib over key and value',
    (length) => {
      const key = Uint8Array.from({ length }, (_, at) => (at * 31 + length) & 0xff);
      const value = Uint8Array.from({ length: 300 }, (_, at) => (at * 7) & 0xff);
      expect(checksum(key, value)).toBe(crc32(Buffer.concat([key, value])));
    },
  );
});

describe('allocate', () => {
  it('gives every byte away once', () => {
    const pieces = Array.from({ length: 3_000 }, (_, at) => allocate(at % 50).fill(at & 0xff));
    for (const [at, piece] of pieces.entries()) {
      expect(piece.length).toBe(at % 50);
      expect(piece.every((byte) => byte === (at & 0xff))).toBe(true);
    }
    expect(allocate(100_000).length).toBe(100_000);
  });
});
