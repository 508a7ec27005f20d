import { readFile } from 'node:fs/promises';
import type { Effect } from '../core/effect.ts';
import type { Input } from '../core/input.ts';
import type { Core } from '../core/state.ts';
import { step as coreStep } from '../core/step.ts';
import { createEffectsDigest } from './effects-digest.ts';
import { decodeTrace, deserializeCore } from './trace-format.ts';

export interface ReplayOptions {
  /** In place of the library's own, to look for where another version of the rules parts ways. */
  readonly step?: (core: Core, input: Input) => readonly Effect[];
  /** Called for every input with what it led to, in order. */
  readonly onStep?: (input: Input, effects: readonly Effect[]) => void;
}

export interface Replay {
  /** Inputs that were run: all of them, or up to the first difference. */
  readonly inputs: number;
  /** Of those, how many had a recorded digest to compare with. */
  readonly compared: number;
  /** The first input whose effects are not the recorded ones; null when all are. */
  readonly difference: {
    readonly index: number;
    readonly input: Input;
    readonly effects: readonly Effect[];
  } | null;
  /** Whether the trace ends in the middle of a record. */
  readonly isCut: boolean;
}

/**
 * Runs the inputs of a trace, a file's path or its bytes, through `step` again and compares all effects with the
 * recorded ones, by digest. Throws `RangeError` when the bytes are no trace, and what reading the file throws.
 */
export async function replayTrace(trace: string | Uint8Array, options: ReplayOptions = {}): Promise<Replay> {
  const { header, records, isCut } = decodeTrace(typeof trace === 'string' ? await readFile(trace) : trace);
  const { step = coreStep, onStep } = options;
  const core = deserializeCore(header.core);
  const digest = createEffectsDigest(header.digest);
  let compared = 0;
  for (const [index, { input, digest: recorded }] of records.entries()) {
    const effects = step(core, input);
    const replayed = digest.add(effects);
    onStep?.(input, effects);
    if (recorded === null) continue;
    compared += 1;
    if (Buffer.compare(replayed, recorded) !== 0) {
      return { inputs: index + 1, compared, difference: { index, input, effects }, isCut };
    }
  }
  return { inputs: records.length, compared, difference: null, isCut };
}
