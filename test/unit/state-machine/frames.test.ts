import { describe, expect, it } from 'vitest';
import { ENVELOPE_BYTES } from '../../../src/state-machine/envelope.ts';
import { decodeFrame, encodeFrames, MAX_FRAME_BYTES } from '../../../src/state-machine/frames.ts';

/** A frame as `encodeFrames` makes it, but for its bounds. */
function frameOf(count: number, datumBytes: number): Uint8Array {
  const frame = new Uint8Array(1 + count * (4 + datumBytes));
  const view = new DataView(frame.buffer);
  frame[0] = 1;
  for (let at = 0; at < count; at++) view.setUint32(1 + at * (4 + datumBytes), datumBytes, true);
  return frame;
}

// A frame is read at once, whoever sends it: what is in it decides for how long nothing else is done.
describe('a frame of commands is refused as a whole', () => {
  it('when it holds what is too short for a command', () => {
    expect(decodeFrame(frameOf(3, ENVELOPE_BYTES))).toHaveLength(3);
    expect(decodeFrame(frameOf(3, ENVELOPE_BYTES - 1))).toBeNull();
    expect(decodeFrame(frameOf(3, 0))).toBeNull();
  });

  it('when several commands in it are longer than they may be together', () => {
    const most = Math.floor((MAX_FRAME_BYTES - 1) / (4 + ENVELOPE_BYTES));
    expect(decodeFrame(frameOf(most, ENVELOPE_BYTES))).toHaveLength(most);
    expect(decodeFrame(frameOf(most + 1, ENVELOPE_BYTES))).toBeNull();
  });
});

it('a command that is longer than a frame of several goes alone', () => {
  const large = new Uint8Array(MAX_FRAME_BYTES + 1);
  const small = new Uint8Array(ENVELOPE_BYTES);
  const frames = encodeFrames([small, large, small]);
  expect(frames.map((frame) => decodeFrame(frame)?.length)).toEqual([1, 1, 1]);
});
