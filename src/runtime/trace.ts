import type { Effect } from '../core/effect.ts';
import type { Input } from '../core/input.ts';
import type { Core } from '../core/state.ts';
import { createEffectsDigest, DIGEST_SIZE, type EffectsDigest } from './effects-digest.ts';
import { type KeptInput, keepInput, restoreInput, weightOf } from './kept-input.ts';
import type { TraceFiles } from './trace-files.ts';
import {
  encodeHeader,
  encodeRecord,
  serializeCore,
  type TraceHeader,
  type TraceRecord,
} from './trace-format.ts';

/**
 * Inputs and bytes of messages after which the part of the trace in memory begins anew, with the core as it is then.
 * One such part is complete at any time, and one grows: seconds at full load, and minutes when idle. Copying the core
 * for the next one takes some milliseconds, so it should not come often.
 */
const MAX_PART_INPUTS = 4_096;
const MIN_PART_BYTES = 8 * 1024 * 1024;

/** A part that is so heavy (a flood, or a core full of blocks) is not kept once the next one begins. */
const MAX_KEPT_PART_BYTES = 32 * 1024 * 1024;

/** Records what a core was given, so that `replayTrace` can run it again. */
export interface Recorder {
  /**
   * Before the step: the core must be as it was left by the last one. `frame` is what a received message was decoded
   * from, whole, and must not change any more; without it the message itself is kept.
   */
  beforeStep(input: Input, frame?: Uint8Array): void;
  /** After the step, unless it threw. */
  afterStep(effects: readonly Effect[]): void;
  /** A trace of the last inputs, some thousands at most; without digests of the effects. */
  dump(): Uint8Array;
  /** Resolves when the files are written. */
  close(): Promise<void>;
}

interface Part {
  readonly header: TraceHeader;
  readonly inputs: KeptInput[];
  bytes: number;
}

/**
 * The last inputs are always kept in memory. With `files`, all are written there as well, with digests of their
 * effects, which costs a hash of everything that the core says: about a millisecond per megabyte of block data.
 * `onError` is called at most once, after which nothing is recorded.
 */
export function createRecorder(
  core: Core,
  files: TraceFiles | null,
  onError: (error: unknown) => void,
): Recorder {
  return new CoreRecorder(core, files, onError);
}

class CoreRecorder implements Recorder {
  readonly #core: Core;
  readonly #files: TraceFiles | null;
  readonly #onError: (error: unknown) => void;
  readonly #digest: EffectsDigest = createEffectsDigest();
  #lastDigest: Uint8Array = new Uint8Array(DIGEST_SIZE);
  #inputs = 0;
  #previous: Part | null = null;
  #part: Part | null = null;
  #underWay: Input | null = null;
  #failed = false;

  constructor(core: Core, files: TraceFiles | null, onError: (error: unknown) => void) {
    this.#core = core;
    this.#files = files;
    this.#onError = onError;
  }

  beforeStep(input: Input, frame?: Uint8Array): void {
    this.#underWay = input;
    this.#guarded(() => {
      this.#remember(input, frame ?? null);
      const files = this.#files;
      if (files?.wantsNewFile && !files.isPaused) {
        files.begin(encodeHeader(this.#header(this.#lastDigest)));
      }
    });
    this.#inputs += 1;
  }

  afterStep(effects: readonly Effect[]): void {
    const input = this.#underWay;
    const files = this.#files;
    if (files === null || input === null) return;
    this.#guarded(() => {
      this.#lastDigest = this.#digest.add(effects);
      if (!files.isPaused) files.append(encodeRecord({ input, digest: this.#lastDigest }));
    });
  }

  /** Recording must not stop a replica: at its first failure it ends. */
  #guarded(record: () => void): void {
    if (this.#failed) return;
    try {
      record();
    } catch (error) {
      this.#failed = true;
      this.#onError(error);
    }
  }

  #header(digest: Uint8Array): TraceHeader {
    return {
      config: this.#core.config,
      core: serializeCore(this.#core),
      digest,
      skipped: this.#inputs,
      begun: new Date().toISOString(),
    };
  }

  #remember(input: Input, frame: Uint8Array | null): void {
    let part = this.#part;
    if (part === null || part.inputs.length >= MAX_PART_INPUTS || part.bytes >= limitOf(part)) {
      this.#previous = part !== null && part.bytes <= MAX_KEPT_PART_BYTES ? part : null;
      part = { header: this.#header(new Uint8Array(DIGEST_SIZE)), inputs: [], bytes: 0 };
      this.#part = part;
    }
    const kept = keepInput(input, frame);
    part.inputs.push(kept);
    part.bytes += weightOf(kept);
  }

  dump(): Uint8Array {
    const parts = [this.#previous, this.#part].filter((part) => part !== null);
    const [first] = parts;
    const { header } = first ?? { header: this.#header(new Uint8Array(DIGEST_SIZE)) };
    const { chain } = this.#core.config;
    const records = parts.flatMap(({ inputs }) =>
      inputs.map((kept): TraceRecord => ({ input: restoreInput(kept, chain), digest: null })),
    );
    return Buffer.concat([encodeHeader(header), ...records.map(encodeRecord)]);
  }

  async close(): Promise<void> {
    await this.#files?.close();
  }
}

/** Grows with the core, so that copying it costs less than the inputs did. */
const limitOf = ({ header }: Part): number => Math.max(MIN_PART_BYTES, header.core.length);
