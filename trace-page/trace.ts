import type { PageData } from '../src/simulator/page-data.ts';

/** A stretch of one replica's time. */
export interface Span {
  readonly from: number;
  readonly to: number;
}

export interface ViewSpan extends Span {
  readonly view: number;
}

/** The data with what is looked up again and again. */
export interface Trace extends PageData {
  /** Views of each replica, one after the other; none while it was down. */
  readonly views: readonly (readonly ViewSpan[])[];
  readonly downs: readonly (readonly Span[])[];
  /** Marks of each replica, in order of time. */
  readonly marksOf: readonly (readonly number[])[];
  /** No flight takes longer. */
  readonly longestFlight: number;
  readonly highestView: number;
}

/** What can be pointed at and selected. */
export type Item = { readonly type: 'flight' | 'mark' | 'note'; readonly index: number };

export const isSame = (a: Item | null, b: Item | null): boolean =>
  a?.type === b?.type && a?.index === b?.index;

export function readTrace(): Trace {
  const data = JSON.parse(document.getElementById('data')?.textContent ?? '') as PageData;
  const marksOf: number[][] = data.replicas.map(() => []);
  for (const [index, replica] of data.marks.replica.entries()) marksOf[replica]?.push(index);
  const { sentAt, dueAt } = data.flights;
  let longestFlight = 0;
  for (let at = 0; at < sentAt.length; at++) {
    longestFlight = Math.max(longestFlight, (dueAt[at] as number) - (sentAt[at] as number));
  }
  const lives = marksOf.map((marks) => livesOf(data, marks));
  return {
    ...data,
    marksOf,
    longestFlight,
    views: lives.map(({ views }) => views),
    downs: lives.map(({ downs }) => downs),
    highestView: data.marks.view.reduce((highest, view) => Math.max(highest, view), 0),
  };
}

function livesOf(data: PageData, marks: readonly number[]): { views: ViewSpan[]; downs: Span[] } {
  const views: ViewSpan[] = [];
  const downs: Span[] = [];
  let begun: { view: number; from: number } | null = null;
  let downFrom: number | null = null;
  const endView = (to: number): void => {
    if (begun !== null && to > begun.from) views.push({ ...begun, to });
    begun = null;
  };
  for (const mark of marks) {
    const at = data.marks.at[mark] as number;
    const kind = data.markKinds[data.marks.kind[mark] as number];
    if (kind === 'down') {
      endView(at);
      downFrom ??= at;
    }
    if (kind === 'boot' && downFrom !== null) {
      downs.push({ from: downFrom, to: at });
      downFrom = null;
    }
    if (kind === 'boot' || kind === 'view') {
      endView(at);
      begun = { view: data.marks.view[mark] as number, from: at };
    }
  }
  endView(data.endMs);
  if (downFrom !== null) downs.push({ from: downFrom, to: data.endMs });
  return { views, downs };
}

/** The first place in `times`, which ascend, that is not before `time`. */
export function firstFrom(times: readonly number[], time: number): number {
  let [low, high] = [0, times.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((times[middle] as number) < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

export function timeOf(trace: Trace, { type, index }: Item): number {
  const times = type === 'flight' ? trace.flights.sentAt : type === 'mark' ? trace.marks.at : trace.notes.at;
  return times[index] ?? 0;
}

export function textOf(trace: Trace, { type, index }: Item): string {
  const column =
    type === 'flight' ? trace.flights.text : type === 'mark' ? trace.marks.text : trace.notes.text;
  return trace.texts[column[index] ?? -1] ?? '';
}

export const nameOf = (trace: Trace, replica: number): string => trace.replicas[replica]?.name ?? '?';

export const isLost = (trace: Trace, flight: number): boolean => {
  const fate = trace.fates[trace.flights.fate[flight] ?? 0];
  return fate !== 'delivered' && fate !== 'under way';
};

/** Where a flight's line ends: those that never left go a little way. */
export const endOf = (trace: Trace, flight: number): number => {
  const due = trace.flights.dueAt[flight] as number;
  return due < 0 ? (trace.flights.sentAt[flight] as number) : due;
};

/** Such as `12,345.678 ms`. */
export const ms = (time: number): string =>
  `${time.toLocaleString('en', { minimumFractionDigits: 1, maximumFractionDigits: 3 })} ms`;
