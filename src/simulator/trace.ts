import type { Effect } from '../core/effect.ts';
import type { Input } from '../core/input.ts';
import { describeEffect, describeInput, type Names } from './describe.ts';
import { digestEffect, digestInput, digestNumber, digestText } from './digest.ts';
import { mix32 } from './random.ts';

/** One thing that happened: to a replica, or to the world (`replica` null). */
export type TraceEntry = { readonly at: number; readonly replica: number | null } & (
  | { readonly type: 'input'; readonly input: Input }
  | { readonly type: 'effect'; readonly effect: Effect }
  | { readonly type: 'world'; readonly text: string }
);

/** How much of the past a failure can show: what is remembered, the collector has to move. */
const DEFAULT_MEMORY = 512;

/** The world's history: a running hash over everything, and the latest entries for people. */
export interface Trace {
  addInput(at: number, replica: number, input: Input): void;
  addEffect(at: number, replica: number, effect: Effect): void;
  /** Something that happened to the world. */
  addNote(at: number, text: string): void;
  readonly entries: number;
  /** Equal for equal histories: 16 hex digits over every input, effect and fault, with times. */
  readonly hash: string;
  /** The last `count` entries, oldest first, one line each. */
  last(count: number): readonly string[];
}

/** One line for people: when, who, and what came in (`<-`) or followed from it (`->`). */
export function describeEntry(entry: TraceEntry, names: Names): string {
  const who = entry.replica === null ? '--' : `r${entry.replica}`;
  const what =
    entry.type === 'input'
      ? `<- ${describeInput(entry.input, names)}`
      : entry.type === 'effect'
        ? `   -> ${describeEffect(entry.effect, names)}`
        : entry.text;
  return `${entry.at.toFixed(1).padStart(10)} ${who.padEnd(4)} ${what}`;
}

const NOBODY = -1;

const entryOf = (
  at: number,
  replica: number,
  what: Input | Effect | string,
  isInput: boolean,
): TraceEntry => {
  if (typeof what === 'string') return { at, replica: null, type: 'world', text: what };
  return isInput
    ? { at, replica, type: 'input', input: what as Input }
    : { at, replica, type: 'effect', effect: what as Effect };
};

export function createTrace(names: Names, memory: number = DEFAULT_MEMORY): Trace {
  // One list per field of the latest entries: an object for each would be most of what a trace costs.
  const times = new Float64Array(memory);
  const replicas = new Int32Array(memory);
  const whats: (Input | Effect | string)[] = [];
  const areInputs = new Uint8Array(memory);
  let entries = 0;
  let [low, high] = [0, 0];

  const add = (at: number, replica: number, what: Input | Effect | string, isInput: 0 | 1): void => {
    if (memory > 0) {
      const slot = entries % memory;
      times[slot] = at;
      replicas[slot] = replica;
      whats[slot] = what;
      areInputs[slot] = isInput;
    }
    entries++;
  };
  const absorb = (at: number, replica: number, digest: number): void => {
    low = mix32(low ^ digest ^ mix32(digestNumber(at) + replica));
    high = mix32(high + low + 0x9e3779b9);
  };
  /** Effects follow the input of the same instant and replica. */
  const absorbEffect = (digest: number): void => {
    low = mix32(Math.imul(low, 31) + digest);
  };
  const entryIn = (slot: number): TraceEntry =>
    entryOf(
      times[slot] as number,
      replicas[slot] as number,
      whats[slot] as Input | Effect | string,
      areInputs[slot] === 1,
    );

  return {
    addInput(at, replica, input) {
      absorb(at, replica, digestInput(input));
      add(at, replica, input, 1);
    },
    addEffect(at, replica, effect) {
      absorbEffect(digestEffect(effect));
      add(at, replica, effect, 0);
    },
    addNote(at, text) {
      absorb(at, NOBODY, digestText(text));
      add(at, NOBODY, text, 0);
    },
    get entries() {
      return entries;
    },
    get hash() {
      return [high, low].map((word) => word.toString(16).padStart(8, '0')).join('');
    },
    last(count) {
      const shown = Math.min(count, whats.length);
      return Array.from({ length: shown }, (_, at) =>
        describeEntry(entryIn((entries - shown + at) % memory), names),
      );
    },
  };
}
