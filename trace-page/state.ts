import type { Item, Trace } from './trace.ts';

/** What is shown and how; whoever changes it calls `changed`. */
export interface State {
  /** Time at the left edge, and how much of it a pixel holds. */
  start: number;
  msPerPixel: number;
  width: number;
  readonly hiddenKinds: Set<number>;
  readonly hiddenMarks: Set<number>;
  readonly hiddenReplicas: Set<number>;
  pointed: Item | null;
  selected: Item | null;
}

/** Nothing happens in less than this; it would be an empty screen. */
const LEAST_MS_PER_PIXEL = 0.0005;

/** Flights on the first screen: few enough to be told apart. */
const FLIGHTS_AT_FIRST = 400;

/** Kinds of events that would cover the others; they can be switched on. */
const QUIET_MARKS = ['view', 'vote', 'certificate', 'rejection'];

export function initialState(trace: Trace): State {
  const { sentAt } = trace.flights;
  const state: State = {
    start: trace.startMs,
    msPerPixel: 1,
    width: 1_000,
    hiddenKinds: new Set(),
    hiddenMarks: new Set(
      QUIET_MARKS.map((kind) => trace.markKinds.indexOf(kind)).filter((kind) => kind >= 0),
    ),
    hiddenReplicas: new Set(),
    pointed: null,
    selected: null,
  };
  const span = trace.endMs - trace.startMs;
  const isShort = sentAt.length <= FLIGHTS_AT_FIRST;
  const shown = isShort ? span : (span * FLIGHTS_AT_FIRST) / sentAt.length;
  const margin = shown / 60;
  show(state, trace, trace.failure === null ? trace.startMs - margin : trace.endMs - shown + margin, shown);
  return state;
}

export const endOfView = (state: State): number => state.start + state.width * state.msPerPixel;

/** Shows `span` milliseconds from `start` on. */
export function show(state: State, trace: Trace, start: number, span: number): void {
  state.start = start;
  state.msPerPixel = Math.max(LEAST_MS_PER_PIXEL, span / state.width);
  keepInside(state, trace);
}

/** Zooms by `factor`, above 1 for closer; the time at pixel `x` stays where it is. */
export function zoom(state: State, trace: Trace, factor: number, x: number): void {
  const time = state.start + x * state.msPerPixel;
  const most = ((trace.endMs - trace.startMs) * 1.04) / state.width;
  state.msPerPixel = Math.min(most, Math.max(LEAST_MS_PER_PIXEL, state.msPerPixel / factor));
  state.start = time - x * state.msPerPixel;
  keepInside(state, trace);
}

export function centre(state: State, trace: Trace, time: number): void {
  state.start = time - (state.width * state.msPerPixel) / 2;
  keepInside(state, trace);
}

export function showAll(state: State, trace: Trace): void {
  const span = trace.endMs - trace.startMs;
  show(state, trace, trace.startMs - span * 0.01, span * 1.02);
}

/** A little beyond both ends may be seen, and no more. */
function keepInside(state: State, trace: Trace): void {
  const span = state.width * state.msPerPixel;
  const margin = span * 0.04;
  const last = Math.max(trace.startMs - margin, trace.endMs + margin - span);
  state.start = Math.min(last, Math.max(trace.startMs - margin, state.start));
}
