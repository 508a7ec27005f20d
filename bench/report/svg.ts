// Charts as inline SVG. Colours are classes that the page's style sheet fills, for light and dark alike.

export const escapeText = (text: string): string =>
  text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;').replaceAll('"', '&quot;');

export interface Scale {
  /** From a value to a position. */
  at(value: number): number;
  readonly ticks: readonly number[];
}

/** Powers of ten around the values; positions from `from` to `to`. */
export function logScale(values: readonly number[], from: number, to: number): Scale {
  const low = Math.floor(Math.log10(Math.min(...values)));
  const high = Math.max(low + 1, Math.ceil(Math.log10(Math.max(...values))));
  const ticks = Array.from({ length: high - low + 1 }, (_, index) => 10 ** (low + index));
  return { at: (value) => from + ((Math.log10(value) - low) / (high - low)) * (to - from), ticks };
}

/** From 0 to a round number above the values. */
export function linearScale(values: readonly number[], from: number, to: number): Scale {
  const most = Math.max(...values, Number.MIN_VALUE);
  const step = niceStep(most / 4);
  const end = Math.ceil(most / step) * step;
  const ticks = Array.from({ length: Math.round(end / step) + 1 }, (_, index) => index * step);
  return { at: (value) => from + (value / end) * (to - from), ticks };
}

function niceStep(rough: number): number {
  const power = 10 ** Math.floor(Math.log10(rough));
  const factor = [1, 2, 5, 10].find((each) => each * power >= rough) ?? 10;
  return factor * power;
}

export interface Bar {
  readonly label: string;
  readonly value: number;
  /** The spread, drawn as a line over the bar's end. */
  readonly low?: number;
  readonly high?: number;
  /** What it is held against, drawn as a tick. */
  readonly mark?: number;
  readonly shade: number;
  readonly text: string;
  readonly tooltip: string;
}

const WIDTH = 960;
const LABEL_WIDTH = 330;
const VALUE_WIDTH = 260;
const ROW = 22;
const AXIS = 26;

export interface BarChart {
  readonly bars: readonly Bar[];
  readonly scale: 'log' | 'linear';
  /** A value that a line is drawn at. */
  readonly line?: number;
  format(value: number): string;
}

export function barChart({ bars, scale: kind, line, format }: BarChart): string {
  const values = bars.flatMap(({ value, low = value, high = value, mark = value }) => [
    value,
    low,
    high,
    mark,
  ]);
  const make = kind === 'log' ? logScale : linearScale;
  const scale = make(line === undefined ? values : [...values, line], LABEL_WIDTH, WIDTH - VALUE_WIDTH);
  const height = bars.length * ROW + AXIS;
  const grid = scale.ticks.map(
    (tick) =>
      `<line class="grid" x1="${x(scale, tick)}" x2="${x(scale, tick)}" y1="0" y2="${height - AXIS}"/>` +
      `<text class="tick" x="${x(scale, tick)}" y="${height - 8}" text-anchor="middle">${escapeText(format(tick))}</text>`,
  );
  const start = kind === 'log' && line !== undefined ? scale.at(line) : LABEL_WIDTH;
  const rows = bars.map((bar, index) => barRow(bar, index * ROW, scale, start));
  const limit =
    line === undefined
      ? ''
      : `<line class="one" x1="${x(scale, line)}" x2="${x(scale, line)}" y1="0" y2="${height - AXIS}"/>`;
  return svg(height, [...grid, ...rows, limit].join(''));
}

function barRow(bar: Bar, top: number, scale: Scale, start: number): string {
  const end = scale.at(bar.value);
  const middle = top + ROW / 2;
  const left = Math.min(start, end);
  const spread =
    bar.low === undefined || bar.high === undefined
      ? ''
      : `<line class="spread" x1="${x(scale, bar.low)}" x2="${x(scale, bar.high)}" y1="${middle}" y2="${middle}"/>`;
  const mark =
    bar.mark === undefined
      ? ''
      : `<line class="mark" x1="${x(scale, bar.mark)}" x2="${x(scale, bar.mark)}" y1="${top + 2}" y2="${top + ROW - 2}"/>`;
  return (
    `<g><title>${escapeText(bar.tooltip)}</title>` +
    `<text class="label" x="${LABEL_WIDTH - 8}" y="${middle + 4}" text-anchor="end">${escapeText(bar.label)}</text>` +
    `<rect class="fill${bar.shade}" x="${left.toFixed(1)}" y="${top + 4}" width="${Math.max(1, Math.abs(end - start)).toFixed(1)}" height="${ROW - 8}" rx="2"/>` +
    `${spread}${mark}<text class="value" x="${WIDTH - VALUE_WIDTH + 12}" y="${middle + 4}">${escapeText(bar.text)}</text></g>`
  );
}

const x = (scale: Scale, value: number): string => scale.at(value).toFixed(1);

export interface Line {
  readonly name: string;
  readonly shade: number;
  readonly dashed: boolean;
  readonly points: readonly { readonly x: number; readonly y: number; readonly tooltip: string }[];
}

export interface LineChart {
  readonly title: string;
  readonly lines: readonly Line[];
  readonly xScale: 'log' | 'linear';
  readonly yScale: 'log' | 'linear';
  formatX(value: number): string;
  formatY(value: number): string;
}

const CHART = { width: 470, height: 260, left: 64, right: 28, top: 30, bottom: 26 };

export function lineChart({ title, lines, xScale, yScale, formatX, formatY }: LineChart): string {
  const points = lines.flatMap((line) => line.points);
  const xs = [...new Set(points.map((point) => point.x))].sort((a, b) => a - b);
  const across = scaleOf(xScale)(xs, CHART.left, CHART.width - CHART.right);
  const up = scaleOf(yScale)(
    points.map((point) => point.y),
    CHART.height - CHART.bottom,
    CHART.top,
  );
  const grid = up.ticks.map(
    (tick) =>
      `<line class="grid" x1="${CHART.left}" x2="${CHART.width - CHART.right}" y1="${up.at(tick).toFixed(1)}" y2="${up.at(tick).toFixed(1)}"/>` +
      `<text class="tick" x="${CHART.left - 6}" y="${(up.at(tick) + 4).toFixed(1)}" text-anchor="end">${escapeText(formatY(tick))}</text>`,
  );
  const bottom = xs.map(
    (value) =>
      `<text class="tick" x="${x(across, value)}" y="${CHART.height - 8}" text-anchor="middle">${escapeText(formatX(value))}</text>`,
  );
  const drawn = lines.map((line) => lineOf(line, across, up));
  const heading = `<text class="title" x="${CHART.left}" y="16">${escapeText(title)}</text>`;
  return svg(CHART.height, [heading, ...grid, ...bottom, ...drawn].join(''), CHART.width);
}

const scaleOf = (kind: 'log' | 'linear') => (kind === 'log' ? logScale : linearScale);

function lineOf({ name, shade, dashed, points }: Line, across: Scale, up: Scale): string {
  const path = points.map((point) => `${x(across, point.x)},${up.at(point.y).toFixed(1)}`).join(' ');
  const dots = points.map(
    (point) =>
      `<circle class="fill${shade}" cx="${x(across, point.x)}" cy="${up.at(point.y).toFixed(1)}" r="4"><title>${escapeText(`${name}: ${point.tooltip}`)}</title></circle>`,
  );
  return `<polyline class="line${shade}${dashed ? ' dashed' : ''}" points="${path}"/>${dots.join('')}`;
}

const svg = (height: number, content: string, width = WIDTH): string =>
  `<svg viewBox="0 0 ${width} ${height}" width="${width}" height="${height}" role="img">${content}</svg>`;
