import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { decodeMessage, encodeMessage, maxFrameSize, messageTypeOf } from '../../../src/codec/messages.ts';
import type { Decoded, WireFormat } from '../../../src/codec/primitives.ts';
import type { PhaseCertificate } from '../../../src/model/certificate.ts';
import { DEFAULT_LIMITS } from '../../../src/model/chain.ts';
import type { Message } from '../../../src/model/messages.ts';
import type { SchemeName } from '../../../src/model/scheme.ts';
import { message, phaseCertificate } from './arbitraries.ts';

const SCHEMES: readonly SchemeName[] = ['bls12381', 'ed25519'];
const RUNS = 500;

const newViewOf = (pc: PhaseCertificate): Message => ({
  type: 'new-view',
  chainId: pc.chainId,
  view: pc.view,
  highestPc: pc,
});

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

  it('are read alike, whatever was read before', () => {
    const damage = fc.oneof(
      { weight: 3, arbitrary: fc.constant((bytes: Uint8Array) => bytes) },
      fc.nat().map((cut) => (bytes: Uint8Array) => bytes.subarray(0, cut % bytes.length)),
      fc.nat().map((byte) => (bytes: Uint8Array) => Uint8Array.of(...bytes, byte)),
      fc.nat().map((position) => (bytes: Uint8Array) => {
        const bit = position % (8 * bytes.length);
        bytes[bit >> 3]! ^= 1 << (bit & 7);
        return bytes;
      }),
    );
    const shown = phaseCertificate(scheme).map((pc) => encodeMessage(scheme, newViewOf(pc)));

    const frames = fc.array(fc.oneof(shown, frame), { minLength: 1, maxLength: 3 });
    const turns = fc.array(fc.record({ at: fc.nat(), damage }), { maxLength: 30 });
    fc.assert(
      fc.property(frames, turns, (originals, taken) => {
        const sequence = taken.map(({ at, damage }) => damage(originals[at % originals.length]!.slice()));
        const inARow = sequence.map((bytes) => decode(bytes.slice()));
        // Nothing that was read under another format is used again.
        const alone = sequence.map((bytes) => decodeMessage({ ...format }, bytes));
        expect(inARow).toEqual(alone);
      }),
      { numRuns: RUNS },
    );
  });

  it('share the certificate that NewViews in a row show, and none of their frames', () => {
    fc.assert(
      fc.property(phaseCertificate(scheme), (pc) => {
        const frames = [1, 2, 3].map(() => encodeMessage(scheme, newViewOf(pc)));
        const read = frames.map((bytes) => {
          const decoded = decode(bytes);
          bytes.fill(0xff);
          return 'value' in decoded && 'highestPc' in decoded.value ? decoded.value.highestPc : null;
        });
        expect(read[0]).toEqual(pc);
        for (const other of read) expect(other).toBe(read[0]);
      }),
    );
  });

  it('are held to the limits of their own chain, whatever another one lets pass', () => {
    const narrow: WireFormat = { scheme, limits: { ...DEFAULT_LIMITS, maxValidators: 8 } };
    const wide = phaseCertificate(scheme).filter(({ signatures }) => signatures.slots > 8);
    fc.assert(
      fc.property(wide, (pc) => {
        const bytes = encodeMessage(scheme, newViewOf(pc));
        expect(decode(bytes)).toHaveProperty('value');
        expect(decodeMessage(narrow, bytes)).toHaveProperty('rejection.code', 'malformed');
      }),
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
