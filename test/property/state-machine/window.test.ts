import fc from 'fast-check';
import { expect, it } from 'vitest';
import {
  decodeWindow,
  emptyWindow,
  encodeWindow,
  isUsed,
  markUsed,
  SEQUENCE_WINDOW,
} from '../../../src/state-machine/client-window.ts';
import {
  decodeCommand,
  ENVELOPE_BYTES,
  encodeCommand,
  encodeVoid,
} from '../../../src/state-machine/envelope.ts';
import { decodeFrame, encodeFrames, MAX_FRAME_BYTES } from '../../../src/state-machine/frames.ts';

const datum = fc.uint8Array({ maxLength: 100 });
const command = fc.uint8Array({ minLength: ENVELOPE_BYTES, maxLength: 100 });

it('a client window remembers exactly what a plain set within the window would', () => {
  const steps = fc.array(fc.oneof(fc.nat({ max: 40 }), fc.nat({ max: 3 * SEQUENCE_WINDOW })), {
    maxLength: 60,
  });
  fc.assert(
    fc.property(steps, fc.boolean(), (sequences, isStored) => {
      let window = emptyWindow();
      const used = new Set<number>();
      /** Below this all counts as used; the window moves by whole bytes. */
      let floor = 0;
      for (const sequence of sequences) {
        const expected = sequence < floor || used.has(sequence);
        expect(isUsed(window, sequence)).toBe(expected);
        if (!expected) {
          markUsed(window, sequence);
          used.add(sequence);
          if (sequence - floor >= SEQUENCE_WINDOW) {
            floor += Math.ceil((sequence - floor - SEQUENCE_WINDOW + 1) / 8) * 8;
          }
        }
        if (isStored) {
          window = decodeWindow(encodeWindow(window));
          floor = Math.max(floor, window.base);
        }
        expect(window.bits.length).toBeLessThanOrEqual(SEQUENCE_WINDOW / 8);
      }
    }),
  );
});

it('equal windows have equal bytes, however they came to be', () => {
  const sequences = fc.uniqueArray(fc.nat({ max: 200 }), { maxLength: 100 });
  fc.assert(
    fc.property(sequences, fc.array(fc.boolean(), { maxLength: 100 }), (order, stored) => {
      const make = (list: readonly number[], store: readonly boolean[]) => {
        let window = emptyWindow();
        for (const [at, sequence] of list.entries()) {
          markUsed(window, sequence);
          if (store[at] === true) window = decodeWindow(encodeWindow(window));
        }
        return encodeWindow(window);
      };
      expect(
        make(
          order.toSorted((a, b) => a - b),
          [],
        ),
      ).toEqual(make(order, stored));
    }),
  );
});

it('frames carry their commands in order, within their size', () => {
  const datums = fc.array(fc.oneof(command, fc.constant(new Uint8Array(MAX_FRAME_BYTES / 2 - 4))), {
    maxLength: 20,
  });
  fc.assert(
    fc.property(datums, (commands) => {
      const frames = encodeFrames(commands);
      const decoded = frames.flatMap((frame) => decodeFrame(frame) ?? []);
      // By content: a matcher that walks megabytes of typed arrays would take minutes.
      expect(decoded.map((command) => Buffer.from(command).toString('base64'))).toEqual(
        commands.map((command) => Buffer.from(command).toString('base64')),
      );
      for (const frame of frames) expect(frame.length).toBeLessThanOrEqual(MAX_FRAME_BYTES);
    }),
    { numRuns: 50 },
  );
});

it('any bytes are a frame or none, and never a throw', () => {
  fc.assert(
    fc.property(fc.uint8Array({ maxLength: 200 }), fc.boolean(), (noise, isVersioned) => {
      const frame = isVersioned ? Uint8Array.from([1, ...noise]) : noise;
      const commands = decodeFrame(frame);
      if (commands !== null && frame.length > 1) expect(encodeFrames(commands)).toEqual([frame]);
    }),
  );
});

it('a truncated frame is malformed, or one of fewer commands', () => {
  fc.assert(
    fc.property(fc.array(command, { minLength: 1, maxLength: 5 }), fc.nat(), (commands, at) => {
      const [frame] = encodeFrames(commands) as [Uint8Array];
      const cut = decodeFrame(frame.subarray(0, at % frame.length));
      if (cut !== null) expect(cut).toEqual(commands.slice(0, cut.length));
    }),
  );
});

it('commands come out of their envelope as they went in', () => {
  const integer = fc.maxSafeNat();
  fc.assert(
    fc.property(
      fc.uint8Array({ minLength: 16, maxLength: 16 }),
      integer,
      integer,
      datum,
      (clientId, sequence, notAfter, command) => {
        const envelope = { clientId, sequence, notAfter, command };
        expect(decodeCommand(encodeCommand(envelope))).toEqual({ ...envelope, isVoid: false });
        const nothing = { ...envelope, isVoid: true, command: new Uint8Array(0) };
        expect(decodeCommand(encodeVoid(encodeCommand(envelope)))).toEqual(nothing);
      },
    ),
  );
});
