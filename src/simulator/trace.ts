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

/** How many steps of the past a failure can show: what is remembered, the collector has to move. */
const DEFAULT_MEMORY = 128;
const NOTHING: readonly Effect[] = [];

/** The world's history: a running hash over everything, and the latest entries for people. */
export interface Trace {
  addInput(at: number, replica: number, input: Input): void;
  /** What followed from the input that was added last. */
  addEffects(effects: readonly Effect[]): void;
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

/** `memory` counts inputs and notes; an input's effects are remembered with it. */
export function createTrace(names: Names, memory: number = DEFAULT_MEMORY): Trace {
  // One list per field of the latest steps: an object for each entry would be most of what a trace costs.
  const times = new Float64Array(memory);
  const replicas = new Int32Array(memory);
  const whats: (Input | string)[] = [];
  const followed: (readonly Effect[])[] = [];
  let steps = 0;
  let entries = 0;
  let [low, high] = [0, 0];

  const add = (at: number, replica: number, what: Input | string): void => {
    if (memory > 0) {
      const slot = steps % memory;
      times[slot] = at;
      replicas[slot] = replica;
      whats[slot] = what;
      followed[slot] = NOTHING;
    }
    steps++;
    entries++;
  };
  const absorb = (at: number, replica: number, digest: number): void => {
    low = mix32(low ^ digest ^ mix32(digestNumber(at) + replica));
    high = mix32(high + low + 0x9e3779b9);
  };
  const entriesIn = (slot: number): readonly TraceEntry[] => {
    const [at, replica] = [times[slot] as number, replicas[slot] as number];
    const what = whats[slot] as Input | string;
    if (typeof what === 'string') return [{ at, replica: null, type: 'world', text: what }];
    const effects = followed[slot] as readonly Effect[];
    return [
      { at, replica, type: 'input', input: what },
      ...effects.map((effect) => ({ at, replica, type: 'effect' as const, effect })),
    ];
  };

  return {
    addInput(at, replica, input) {
      absorb(at, replica, digestInput(input));
      add(at, replica, input);
    },
    addEffects(effects) {
      // They are of the same instant and replica as their input.
      for (const effect of effects) low = mix32(Math.imul(low, 31) + digestEffect(effect));
      entries += effects.length;
      if (memory > 0) followed[(steps - 1) % memory] = effects;
    },
    addNote(at, text) {
      absorb(at, NOBODY, digestText(text));
      add(at, NOBODY, text);
    },
    get entries() {
      return entries;
    },
    get hash() {
      return [high, low].map((word) => word.toString(16).padStart(8, '0')).join('');
    },
    last(count) {
      const lines: TraceEntry[] = [];
      for (let step = steps - 1; step >= steps - whats.length && lines.length < count; step--) {
        lines.unshift(...entriesIn(step % memory));
      }
      return lines.slice(Math.max(0, lines.length - count)).map((entry) => describeEntry(entry, names));
    },
  };
}
