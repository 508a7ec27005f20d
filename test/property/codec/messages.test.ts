import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeMessage, encodeMessage, maxFrameSize, messageTypeOf } from '../../../src/codec/messages.ts';
import type { Decoded, WireFormat } from '../../../src/codec/primitives.ts';
import { DEFAULT_LIMITS } from '../../../src/model/chain.ts';
import type { Message } from '../../../src/model/messages.ts';
import type { SchemeName } from '../../../src/model/scheme.ts';
import { message } from './arbitraries.ts';

const SCHEMES: readonly SchemeName[] = ['bls12381', 'ed25519'];
const RUNS = 500;

describe.each(SCHEMES)('messages of %s', (scheme) => {
  const format: WireFormat = { scheme, limits: DEFAULT_LIMITS };
  const frame = message(scheme).map((value) => encodeMessage(scheme, value));
  const decode = (bytes: Uint8Array): Decoded<Message> => decodeMessage(format, bytes);

  /** Rejected as malformed, or a message that encodes to these very bytes. */
  const expectRejectedOrCanonical = (bytes: Uint8Array): Decoded<Message> => {
    const decoded = decode(bytes);
    if ('value' in decoded) {
      expect(encodeMessage(scheme, decoded.value)).toEqual(bytes);
      expect(messageTypeOf(bytes)).toBe(decoded.value.type);
    } else expect(decoded.rejection.code).toBe('malformed');
    return decoded;
  };

  it('come back as they were', () => {
    fc.assert(
      fc.property(message(scheme), (value) => {
        expect(decode(encodeMessage(scheme, value))).toEqual({ value });
      }),
      { numRuns: RUNS },
    );
  });

  it('are refused when any number of bytes is cut off', () => {
    fc.assert(
      fc.property(frame, fc.nat(), (bytes, cut) => {
        expect(decode(bytes.subarray(0, cut % bytes.length))).toHaveProperty('rejection.code', 'malformed');
      }),
      { numRuns: RUNS },
    );
  });

  it('are refused when anything follows', () => {
    fc.assert(
      fc.property(frame, fc.uint8Array({ minLength: 1, maxLength: 200 }), (bytes, more) => {
        const extended = new Uint8Array(Buffer.concat([bytes, more]));
        expect(decode(extended)).toHaveProperty('rejection.code', 'malformed');
      }),
      { numRuns: RUNS },
    );
  });

  it('are refused or others when a bit flips', () => {
    fc.assert(
      fc.property(frame, fc.nat(), (bytes, position) => {
        const bit = position % (8 * bytes.length);
        const flipped = bytes.slice();
        flipped[bit >> 3]! ^= 1 << (bit & 7);
        const original = decode(bytes);
        const other = expectRejectedOrCanonical(flipped);
        if ('value' in other) expect(other).not.toEqual(original);
      }),
      { numRuns: 4 * RUNS },
    );
  });

  it('are refused or canonical when bytes are replaced, removed and inserted', () => {
    const edits = fc.array(
      fc.record({ at: fc.nat(), remove: fc.nat({ max: 4 }), insert: fc.uint8Array({ maxLength: 4 }) }),
      { minLength: 1, maxLength: 4 },
    );
    fc.assert(
      fc.property(frame, edits, (bytes, changes) => {
        const edited = [...bytes];
        for (const { at, remove, insert } of changes)
          edited.splice(at % (edited.length + 1), remove, ...insert);
        expectRejectedOrCanonical(new Uint8Array(edited));
      }),
      { numRuns: 2 * RUNS },
    );
  });

  it('are refused or canonical when they are noise', () => {
    const tags = fc.constantFrom([0, 0, 0], [0, 0, 2], [0, 1, 0], [0, 1, 1], [0, 2, 0], [1, 0], [1, 1], []);
    fc.assert(
      fc.property(tags, fc.uint8Array({ maxLength: 400 }), (prefix, noise) => {
        expectRejectedOrCanonical(new Uint8Array([...prefix, ...noise]));
      }),
      { numRuns: 4 * RUNS },
    );
  });

  it('decode alike from any place in a larger buffer, plain or not', () => {
    fc.assert(
      fc.property(frame, fc.nat({ max: 9 }), (bytes, offset) => {
        const pool = Buffer.alloc(bytes.length + offset + 3, 0xff);
        pool.set(bytes, offset);
        expect(decode(pool.subarray(offset, offset + bytes.length))).toEqual(decode(bytes));
      }),
      { numRuns: RUNS },
    );
  });

  it('fit the largest frame', () => {
    fc.assert(
      fc.property(message(scheme), (value) => {
        expect(encodeMessage(scheme, value).length).toBeLessThanOrEqual(maxFrameSize(format));
      }),
    );
  });
});
