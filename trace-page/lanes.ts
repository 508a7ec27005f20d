import { AXIS, type Layout, lineOf, xOf, yOf, yOfMark } from './layout.ts';
import { flightsInSight, marksInSight, type Sight } from './sight.ts';
import { SIGNS } from './signs.ts';
import { endOfView, type State } from './state.ts';
import type { Theme } from './theme.ts';
import { firstFrom, isLost, isSame, type Span, type Trace, textOf } from './trace.ts';

/** What everything is drawn with. */
export interface Canvas {
  readonly context: CanvasRenderingContext2D;
  readonly trace: Trace;
  readonly state: State;
  readonly layout: Layout;
  readonly theme: Theme;
}

const FONT = 'system-ui, -apple-system, "Segoe UI", Roboto, "DejaVu Sans", sans-serif';

/** Draws all of it; returns which flights there are. */
export function drawLanes(canvas: Canvas): Sight {
  const { context, state, layout, theme, trace } = canvas;
  context.fillStyle = theme.sheet;
  context.fillRect(0, 0, state.width, layout.height);
  const sight = flightsInSight(trace, state);
  for (let replica = 0; replica < trace.replicas.length; replica++) drawLane(canvas, replica);
  drawNotes(canvas);
  drawFlights(canvas, sight.flights);
  for (let replica = 0; replica < trace.replicas.length; replica++) drawMarks(canvas, replica);
  drawAxis(canvas);
  drawChosen(canvas);
  return sight;
}

function drawLane({ context, trace, state, layout, theme }: Canvas, replica: number): void {
  const y = yOf(layout, replica);
  const top = y - layout.lane / 2;
  if (trace.replicas[replica]?.isHonest === false) {
    context.fillStyle = theme.byzantine;
    context.fillRect(0, top, state.width, layout.lane);
  }
  context.fillStyle = theme.line;
  context.fillRect(0, top + layout.lane - 1, state.width, 1);
  const end = endOfView(state);
  const views = trace.views[replica] ?? [];
  context.textAlign = 'left';
  context.textBaseline = 'middle';
  context.font = `${layout.band < 8 ? 9 : 11}px ${FONT}`;
  let free = Number.NEGATIVE_INFINITY;
  for (let place = firstSpan(views, state.start); place < views.length; place++) {
    const span = views[place] as (typeof views)[number];
    if (span.from > end) break;
    const x = Math.max(-2, xOf(state, span.from));
    const width = Math.min(state.width + 2, xOf(state, span.to)) - x;
    // Several views in one pixel look the same as one.
    if (x + width - free < 0.7) continue;
    free = x + width;
    context.fillStyle = span.view % 2 === 0 ? theme.band : theme.band2;
    context.fillRect(x, y - layout.band, Math.max(width, 0.7), 2 * layout.band);
    const label = `${span.view}`;
    if (width < 16 + 7 * label.length) continue;
    context.fillStyle = theme.faint;
    context.fillText(label, x + 9, y + 0.5);
  }
  for (const span of trace.downs[replica] ?? []) {
    if (span.to >= state.start && span.from <= end) drawDown({ context, state, layout, theme }, y, span);
  }
}

/** The first span that ends after `time`. */
function firstSpan(spans: readonly Span[], time: number): number {
  let [low, high] = [0, spans.length];
  while (low < high) {
    const middle = (low + high) >> 1;
    if ((spans[middle] as Span).to < time) low = middle + 1;
    else high = middle;
  }
  return low;
}

function drawDown(
  { context, state, layout, theme }: Pick<Canvas, 'context' | 'state' | 'layout' | 'theme'>,
  y: number,
  span: Span,
): void {
  const x1 = Math.max(0, xOf(state, span.from));
  const x2 = Math.max(x1 + 1, Math.min(state.width, xOf(state, span.to)));
  const half = layout.lane * 0.3;
  context.save();
  context.beginPath();
  context.rect(x1, y - half, x2 - x1, 2 * half);
  context.clip();
  context.strokeStyle = theme.hatch;
  context.lineWidth = 1;
  context.beginPath();
  for (let x = x1 - 2 * half - ((x1 - xOf(state, span.from)) % 7); x < x2; x += 7) {
    context.moveTo(x, y + half);
    context.lineTo(x + 2 * half, y - half);
  }
  context.stroke();
  context.restore();
  context.strokeStyle = theme.hatch;
  context.strokeRect(x1 + 0.5, y - half, x2 - x1 - 1, 2 * half);
}

/** What happens to the whole world: a line through all lanes. */
function drawNotes({ context, trace, state, layout, theme }: Canvas): void {
  const { at } = trace.notes;
  context.strokeStyle = theme.faint;
  context.fillStyle = theme.faint;
  context.lineWidth = 1;
  context.font = `10px ${FONT}`;
  context.textAlign = 'left';
  context.textBaseline = 'bottom';
  let free = Number.NEGATIVE_INFINITY;
  for (let note = firstFrom(at, state.start); note < at.length; note++) {
    const x = Math.round(xOf(state, at[note] as number)) + 0.5;
    if (x > state.width) break;
    context.setLineDash([2, 4]);
    context.beginPath();
    context.moveTo(x, AXIS);
    context.lineTo(x, layout.height);
    context.stroke();
    if (x < free) continue;
    const text = textOf(trace, { type: 'note', index: note });
    context.fillText(text, x + 3, layout.height - 2);
    free = x + context.measureText(text).width + 12;
  }
  context.setLineDash([]);
}

/** Arrow heads and crosses only where there is room to see them. */
const MAX_ARROWS = 900;

type Style = 'arrived' | 'late' | 'lost';

function drawFlights(canvas: Canvas, flights: readonly number[]): void {
  const { context, trace, theme } = canvas;
  const groups = new Map<string, number[]>();
  for (const flight of flights) {
    const style: Style = isLost(trace, flight)
      ? 'lost'
      : trace.flights.late[flight] === 1
        ? 'late'
        : 'arrived';
    const key = `${style} ${trace.flights.kind[flight]}`;
    const group = groups.get(key);
    if (group === undefined) groups.set(key, [flight]);
    else group.push(flight);
  }
  context.globalAlpha = Math.max(0.22, Math.min(0.9, 900 / Math.max(1, flights.length)));
  for (const [key, group] of groups) {
    const [style, kind] = key.split(' ') as [Style, string];
    context.strokeStyle = context.fillStyle = theme.messages[Number(kind)] ?? theme.accent;
    drawGroup(canvas, group, style, flights.length <= MAX_ARROWS);
  }
  context.globalAlpha = 1;
}

const DASHES: Readonly<Record<Style, readonly number[]>> = { arrived: [], late: [7, 4], lost: [2, 3] };

function drawGroup(
  { context, trace, state, layout }: Canvas,
  flights: readonly number[],
  style: Style,
  heads: boolean,
): void {
  context.lineWidth = 1.2;
  context.setLineDash(DASHES[style]);
  context.beginPath();
  for (const flight of flights) {
    const { x1, y1, x2, y2 } = lineOf(trace, state, layout, flight);
    context.moveTo(x1, y1);
    context.lineTo(x2, y2);
  }
  context.stroke();
  context.setLineDash([]);
  if (!heads) return;
  context.lineWidth = 1.5;
  for (const flight of flights) {
    const line = lineOf(trace, state, layout, flight);
    if (style === 'lost') drawCross(context, line.x2, line.y2);
    else drawHead(context, line);
  }
}

function drawHead(context: CanvasRenderingContext2D, { x1, y1, x2, y2 }: ReturnType<typeof lineOf>): void {
  const angle = Math.atan2(y2 - y1, x2 - x1);
  context.beginPath();
  context.moveTo(x2, y2);
  context.lineTo(x2 - 8 * Math.cos(angle - 0.35), y2 - 8 * Math.sin(angle - 0.35));
  context.lineTo(x2 - 8 * Math.cos(angle + 0.35), y2 - 8 * Math.sin(angle + 0.35));
  context.fill();
}

function drawCross(context: CanvasRenderingContext2D, x: number, y: number): void {
  context.beginPath();
  context.moveTo(x - 3.5, y - 3.5);
  context.lineTo(x + 3.5, y + 3.5);
  context.moveTo(x + 3.5, y - 3.5);
  context.lineTo(x - 3.5, y + 3.5);
  context.stroke();
}

/** Room that a sign needs beside an equal one. */
const PIXELS_BETWEEN_SIGNS = 4;

function drawMarks({ context, trace, state, layout, theme }: Canvas, replica: number): void {
  const lastX = new Map<number, number>();
  for (const mark of marksInSight(trace, state, replica)) {
    const kind = trace.marks.kind[mark] as number;
    const x = xOf(state, trace.marks.at[mark] as number);
    if (x - (lastX.get(kind) ?? Number.NEGATIVE_INFINITY) < PIXELS_BETWEEN_SIGNS) continue;
    lastX.set(kind, x);
    const name = trace.markKinds[kind] as string;
    context.fillStyle = context.strokeStyle = theme.marks[kind] ?? theme.accent;
    SIGNS[name]?.draw(context, x, yOfMark(layout, replica, name), layout.sign);
  }
}

/** Steps of the axis: 1, 2 or 5 times a power of ten. */
function stepFor(msPerPixel: number): number {
  const least = msPerPixel * 90;
  const power = 10 ** Math.floor(Math.log10(least));
  return [1, 2, 5, 10].map((factor) => factor * power).find((step) => step >= least) ?? 10 * power;
}

function drawAxis({ context, state, layout, theme }: Canvas): void {
  context.fillStyle = theme.sheet;
  context.fillRect(0, 0, state.width, AXIS);
  context.fillStyle = theme.line;
  context.fillRect(0, AXIS - 1, state.width, 1);
  context.font = `11px ${FONT}`;
  context.textAlign = 'center';
  context.textBaseline = 'middle';
  const step = stepFor(state.msPerPixel);
  const digits = Math.max(0, -Math.floor(Math.log10(step >= 1_000 ? step / 1_000 : step)));
  for (let at = Math.ceil(state.start / step) * step; at < endOfView(state); at += step) {
    const x = Math.round(xOf(state, at)) + 0.5;
    context.fillStyle = theme.line;
    context.fillRect(x, AXIS - 6, 1, 6);
    context.globalAlpha = 0.5;
    context.fillRect(x, AXIS, 1, layout.height - AXIS);
    context.globalAlpha = 1;
    context.fillStyle = theme.faint;
    const label = step >= 1_000 ? `${(at / 1_000).toFixed(digits)} s` : `${at.toFixed(digits)} ms`;
    if (x > 30) context.fillText(label, x, AXIS / 2 - 1);
  }
}

/** What is pointed at and what is selected, over everything. */
function drawChosen(canvas: Canvas): void {
  const { context, trace, state, layout, theme } = canvas;
  for (const item of [state.pointed, state.selected]) {
    if (item === null) continue;
    const isSelected = isSame(item, state.selected);
    context.lineWidth = isSelected ? 3 : 2.2;
    if (item.type === 'flight') {
      context.strokeStyle = context.fillStyle =
        theme.messages[trace.flights.kind[item.index] as number] ?? theme.accent;
      const line = lineOf(trace, state, layout, item.index);
      context.beginPath();
      context.moveTo(line.x1, line.y1);
      context.lineTo(line.x2, line.y2);
      context.stroke();
      if (!isLost(trace, item.index)) drawHead(context, line);
      continue;
    }
    context.strokeStyle = theme.accent;
    context.beginPath();
    if (item.type === 'mark') {
      const replica = trace.marks.replica[item.index] as number;
      const kind = trace.markKinds[trace.marks.kind[item.index] as number] as string;
      const x = xOf(state, trace.marks.at[item.index] as number);
      context.arc(x, yOfMark(layout, replica, kind), layout.sign + 4, 0, 2 * Math.PI);
    } else {
      const x = xOf(state, trace.notes.at[item.index] as number);
      context.moveTo(x, AXIS);
      context.lineTo(x, layout.height);
    }
    context.stroke();
  }
}
