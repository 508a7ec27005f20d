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

/** How much of the past a failure can show. */
const DEFAULT_MEMORY = 2_000;

/** The world's history: a running hash over everything, and the latest entries for people. */
export interface Trace {
  add(entry: TraceEntry): void;
  readonly entries: number;
  /** Equal for equal histories: 16 hex digits over every input, effect and fault, with times. */
  readonly hash: string;
  /** The last `count` entries, oldest first, one line each. */
  last(count: number): readonly string[];
}

const digestEntry = (entry: TraceEntry): number => {
  switch (entry.type) {
    case 'input':
      return digestInput(entry.input);
    case 'effect':
      return digestEffect(entry.effect);
    case 'world':
      return digestText(entry.text);
  }
};

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

export function createTrace(names: Names, memory: number = DEFAULT_MEMORY): Trace {
  const ring: TraceEntry[] = [];
  let entries = 0;
  let [low, high] = [0, 0];
  return {
    add(entry) {
      const digest = digestEntry(entry) ^ mix32(digestNumber(entry.at) + (entry.replica ?? -1));
      low = mix32(low ^ digest);
      high = mix32(high + low + 0x9e3779b9);
      if (memory > 0) ring[entries % memory] = entry;
      entries++;
    },
    get entries() {
      return entries;
    },
    get hash() {
      return [high, low].map((word) => word.toString(16).padStart(8, '0')).join('');
    },
    last(count) {
      const shown = Math.min(count, ring.length);
      return Array.from({ length: shown }, (_, at) =>
        describeEntry(ring[(entries - shown + at) % memory] as TraceEntry, names),
      );
    },
  };
}
