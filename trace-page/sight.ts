import { endOfView, type State } from './state.ts';
import { endOf, firstFrom, type Trace } from './trace.ts';

/** More lines would be neither seen nor quick: every second, third... is left out then. */
const MAX_LINES = 7_000;

export interface Sight {
  /** Flights to draw, in order of time. */
  readonly flights: readonly number[];
  /** One of so many is drawn. */
  readonly every: number;
  readonly total: number;
}

/** The flights that are on the screen and not filtered out. */
export function flightsInSight(trace: Trace, state: State): Sight {
  const { sentAt, kind, from, to } = trace.flights;
  const end = endOfView(state);
  const first = firstFrom(sentAt, state.start - trace.longestFlight);
  const last = firstFrom(sentAt, end);
  const found: number[] = [];
  for (let flight = first; flight < last; flight++) {
    if (endOf(trace, flight) < state.start && (sentAt[flight] as number) < state.start) continue;
    if (state.hiddenKinds.has(kind[flight] as number)) continue;
    if (state.hiddenReplicas.has(from[flight] as number) || state.hiddenReplicas.has(to[flight] as number))
      continue;
    found.push(flight);
  }
  const every = Math.ceil(found.length / MAX_LINES);
  // By the flight's number, so that the choice stays while the screen moves.
  const flights = every <= 1 ? found : found.filter((flight) => flight % every === 0);
  return { flights, every: Math.max(1, every), total: found.length };
}

/** Marks of one replica from `start` to the end of the screen that are not filtered out. */
export function* marksInSight(trace: Trace, state: State, replica: number): Generator<number> {
  const marks = trace.marksOf[replica] ?? [];
  const { at, kind } = trace.marks;
  const end = endOfView(state);
  let [low, high] = [0, marks.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((at[marks[middle] as number] as number) < state.start) low = middle + 1;
    else high = middle;
  }
  for (let place = low; place < marks.length; place++) {
    const mark = marks[place] as number;
    if ((at[mark] as number) > end) return;
    if (!state.hiddenMarks.has(kind[mark] as number)) yield mark;
  }
}
