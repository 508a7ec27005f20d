import { endOfView, type State } from './state.ts';
import type { Theme } from './theme.ts';
import type { Trace } from './trace.ts';

/** How much happened when, over the whole trace. */
export interface Overview {
  readonly messages: readonly number[];
  readonly lost: readonly number[];
  readonly commits: readonly number[];
}

const COLUMNS = 600;

export function readOverview(trace: Trace): Overview {
  const span = Math.max(1, trace.endMs - trace.startMs);
  const columnOf = (at: number): number =>
    Math.min(COLUMNS - 1, Math.max(0, Math.floor(((at - trace.startMs) / span) * COLUMNS)));
  const empty = (): number[] => new Array<number>(COLUMNS).fill(0);
  const [messages, lost, commits] = [empty(), empty(), empty()];
  for (const [flight, at] of trace.flights.sentAt.entries()) {
    const column = columnOf(at);
    messages[column] = (messages[column] as number) + 1;
    const fate = trace.fates[trace.flights.fate[flight] as number];
    if (fate !== 'delivered' && fate !== 'under way') lost[column] = (lost[column] as number) + 1;
  }
  const commit = trace.markKinds.indexOf('commit');
  for (const [mark, at] of trace.marks.at.entries()) {
    if (trace.marks.kind[mark] !== commit) continue;
    const column = columnOf(at);
    commits[column] = (commits[column] as number) + 1;
  }
  return { messages, lost, commits };
}

export function drawOverview(
  context: CanvasRenderingContext2D,
  overview: Overview,
  { trace, state, theme }: { readonly trace: Trace; readonly state: State; readonly theme: Theme },
  size: { readonly width: number; readonly height: number },
): void {
  const { width, height } = size;
  context.fillStyle = theme.sheet;
  context.fillRect(0, 0, width, height);
  const most = overview.messages.reduce((max, count) => Math.max(max, count), 1);
  const columnWidth = width / COLUMNS;
  const bars = (counts: readonly number[], colour: string): void => {
    context.fillStyle = colour;
    for (const [column, count] of counts.entries()) {
      // Roots: a storm of messages should not make the rest invisible.
      const tall = Math.sqrt(count / most) * (height - 10);
      if (count > 0) context.fillRect(column * columnWidth, height - tall, columnWidth + 0.3, tall);
    }
  };
  bars(overview.messages, theme.band);
  bars(overview.lost, theme.bad);
  context.fillStyle = theme.marks[trace.markKinds.indexOf('commit')] ?? theme.accent;
  for (const [column, count] of overview.commits.entries()) {
    if (count > 0) context.fillRect(column * columnWidth, 2, Math.max(1, columnWidth), 4);
  }
  const span = Math.max(1, trace.endMs - trace.startMs);
  const x1 = ((state.start - trace.startMs) / span) * width;
  const x2 = ((endOfView(state) - trace.startMs) / span) * width;
  context.fillStyle = theme.shade;
  context.fillRect(x1, 0, Math.max(2, x2 - x1), height);
  context.strokeStyle = theme.accent;
  context.lineWidth = 1.5;
  context.strokeRect(x1 + 0.5, 0.75, Math.max(2, x2 - x1) - 1, height - 1.5);
}
