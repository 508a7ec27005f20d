import type { Effect } from '../core/effect.ts';
import type { Input } from '../core/input.ts';
import type { Core } from '../core/state.ts';
import type { BlockEffects } from '../model/app.ts';
import { createEffectsDigest, DIGEST_SIZE, type EffectsDigest } from './effects-digest.ts';
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
 * One such part is complete at any time, and one grows: seconds at full load, and minutes when idle.
 */
const MAX_PART_INPUTS = 4_096;
const MIN_PART_BYTES = 8 * 1024 * 1024;

/** A part that is so heavy (a flood, or a core full of blocks) is not kept once the next one begins. */
const MAX_KEPT_PART_BYTES = 32 * 1024 * 1024;

/** Records what a core was given, so that `replayTrace` can run it again. */
export interface Recorder {
  /** Before the step: the core must be as it was left by the last one. */
  beforeStep(input: Input): void;
  /** After the step, unless it threw. */
  afterStep(effects: readonly Effect[]): void;
  /** A trace of the last inputs, some thousands at most; without digests of the effects. */
  dump(): Uint8Array;
  /** Resolves when the files are written. */
  close(): Promise<void>;
}

interface Part {
  readonly header: TraceHeader;
  readonly inputs: Input[];
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

  beforeStep(input: Input): void {
    this.#underWay = input;
    this.#guarded(() => {
      this.#remember(input);
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

  #remember(input: Input): void {
    let part = this.#part;
    if (part === null || part.inputs.length >= MAX_PART_INPUTS || part.bytes >= limitOf(part)) {
      this.#previous = part !== null && part.bytes <= MAX_KEPT_PART_BYTES ? part : null;
      part = { header: this.#header(new Uint8Array(DIGEST_SIZE)), inputs: [], bytes: 0 };
      this.#part = part;
    }
    part.inputs.push(input);
    part.bytes += weightOf(input);
  }

  dump(): Uint8Array {
    const parts = [this.#previous, this.#part].filter((part) => part !== null);
    const [first] = parts;
    const { header } = first ?? { header: this.#header(new Uint8Array(DIGEST_SIZE)) };
    const records = parts.flatMap(({ inputs }) =>
      inputs.map((input): TraceRecord => ({ input, digest: null })),
    );
    return Buffer.concat([encodeHeader(header), ...records.map(encodeRecord)]);
  }

  async close(): Promise<void> {
    await this.#files?.close();
  }
}

/** Grows with the core, so that copying it costs less than the inputs did. */
const limitOf = ({ header }: Part): number => Math.max(MIN_PART_BYTES, header.core.length);

/** Bytes that keeping an input keeps alive, roughly. */
function weightOf(input: Input): number {
  switch (input.type) {
    case 'message-received':
      return input.bytes;
    case 'block-produced':
      return sizeOf(input.block?.data) + weightOfEffects(input.block);
    case 'block-validated':
      return input.validity?.valid === true ? weightOfEffects(input.validity) : 0;
    default:
      return 0;
  }
}

function weightOfEffects(effects: BlockEffects | null): number {
  if (effects === null) return 0;
  const { sets, deletes } = effects.appStateUpdates;
  let size = sizeOf(deletes);
  for (const [key, value] of sets) size += key.length + value.length;
  return size;
}

function sizeOf(items: readonly Uint8Array[] = []): number {
  let size = 0;
  for (const { length } of items) size += length;
  return size;
}
