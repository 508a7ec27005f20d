import { type Layout, lineOf, xOf, yOfMark } from './layout.ts';
import { marksInSight } from './sight.ts';
import type { State } from './state.ts';
import type { Item, Trace } from './trace.ts';

/** How near the pointer must come, in pixels. */
const NEAR_MARK = 8;
const NEAR_LINE = 5;

/** What lies under the pointer: marks are smaller than lines and come first. */
export function hit(
  trace: Trace,
  state: State,
  layout: Layout,
  flights: readonly number[],
  at: { readonly x: number; readonly y: number },
): Item | null {
  return nearestMark(trace, state, layout, at) ?? nearestFlight(trace, state, layout, flights, at);
}

function nearestMark(
  trace: Trace,
  state: State,
  layout: Layout,
  { x, y }: { readonly x: number; readonly y: number },
): Item | null {
  let best: Item | null = null;
  let nearest = NEAR_MARK;
  for (let replica = 0; replica < trace.replicas.length; replica++) {
    const middle = yOfMark(layout, replica, '');
    if (Math.abs(y - middle) > layout.lane / 2) continue;
    for (const mark of marksInSight(trace, state, replica)) {
      const dx = Math.abs(xOf(state, trace.marks.at[mark] as number) - x);
      if (dx > nearest) continue;
      const kind = trace.markKinds[trace.marks.kind[mark] as number] as string;
      const distance = Math.hypot(dx, yOfMark(layout, replica, kind) - y);
      if (distance > nearest) continue;
      nearest = distance;
      best = { type: 'mark', index: mark };
    }
  }
  return best;
}

function nearestFlight(
  trace: Trace,
  state: State,
  layout: Layout,
  flights: readonly number[],
  { x, y }: { readonly x: number; readonly y: number },
): Item | null {
  let best: Item | null = null;
  let nearest = NEAR_LINE;
  for (const flight of flights) {
    const { x1, y1, x2, y2 } = lineOf(trace, state, layout, flight);
    if (x < x1 - NEAR_LINE || x > Math.max(x1, x2) + NEAR_LINE) continue;
    const [dx, dy] = [x2 - x1, y2 - y1];
    const along = Math.max(0, Math.min(1, ((x - x1) * dx + (y - y1) * dy) / (dx * dx + dy * dy || 1)));
    const distance = Math.hypot(x1 + along * dx - x, y1 + along * dy - y);
    if (distance > nearest) continue;
    nearest = distance;
    best = { type: 'flight', index: flight };
  }
  return best;
}
