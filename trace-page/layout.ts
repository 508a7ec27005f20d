import { SIGNS } from './signs.ts';
import type { State } from './state.ts';
import type { Trace } from './trace.ts';

/** Room for the times on top of the lanes. */
export const AXIS = 26;
const LEAST_LANE = 24;
const MOST_LANE = 160;

/** Where things are on the canvas. */
export interface Layout {
  readonly lane: number;
  readonly height: number;
  /** Half of a lane's band of views. */
  readonly band: number;
  readonly sign: number;
}

export function layoutFor({ replicas }: Trace, room: number): Layout {
  const count = Math.max(1, replicas.length);
  const lane = Math.floor(Math.min(MOST_LANE, Math.max(LEAST_LANE, (room - AXIS) / count)));
  return { lane, height: AXIS + lane * count, band: lane < 40 ? 5 : 8, sign: lane < 40 ? 3.5 : 5 };
}

export const xOf = ({ start, msPerPixel }: State, time: number): number => (time - start) / msPerPixel;

export const yOf = ({ lane }: Layout, replica: number): number => AXIS + lane * (replica + 0.5);

export function yOfMark(layout: Layout, replica: number, kind: string): number {
  const y = yOf(layout, replica);
  const place = SIGNS[kind]?.place ?? 'on';
  const away = layout.band + layout.sign + 1;
  return place === 'above' ? y - away : place === 'below' ? y + away : y;
}

/** The ends of a flight's line on the canvas; one that never left goes a third of the way, straight. */
export function lineOf(
  { flights }: Trace,
  state: State,
  layout: Layout,
  flight: number,
): { readonly x1: number; readonly y1: number; readonly x2: number; readonly y2: number } {
  const [from, to] = [flights.from[flight] as number, flights.to[flight] as number];
  const sign = to > from ? 1 : -1;
  const x1 = xOf(state, flights.sentAt[flight] as number);
  const y1 = yOf(layout, from) + sign * layout.band;
  const y2 = yOf(layout, to) - sign * layout.band;
  const due = flights.dueAt[flight] as number;
  if (due < 0) return { x1, y1, x2: x1 + 4, y2: y1 + sign * Math.min(layout.lane * 0.4, Math.abs(y2 - y1)) };
  return { x1, y1, x2: xOf(state, due), y2 };
}
