import type { Result } from '../result.ts';
import { formatRatio, formatTime, formatValue } from './format.ts';
import { type Bar, barChart, escapeText, type Line, lineChart } from './svg.ts';

/** A part of the page; empty when nothing of it was measured. */
export interface Section {
  readonly title: string;
  readonly text: string;
  readonly content: string;
}

export const sections = (results: readonly Result[]): readonly Section[] =>
  [certificates(results), ratios(results), clusters(results), sweep(results)].filter(
    ({ content }) => content !== '',
  );

const spreadOf = ({ name, median, p5, p95, samples, unit, baseline, ratio }: Result): string => {
  const against = baseline === undefined ? '' : `; ${baseline.name}: ${formatValue(baseline.median, unit)}`;
  const times = ratio === undefined ? '' : `; ${formatRatio(ratio)}`;
  return `${name}: ${formatValue(median, unit)} (${formatValue(p5, unit)} to ${formatValue(p95, unit)}, ${samples} samples)${against}${times}`;
};

interface Measured {
  readonly n: number;
  readonly result: Result;
}

/** Results whose names are `prefix` and then a number, by that number. */
const along = (results: readonly Result[], prefix: string): readonly Measured[] =>
  results
    .filter(({ name }) => name.startsWith(prefix) && /^\d+$/.test(name.slice(prefix.length)))
    .map((result) => ({ n: Number(result.name.slice(prefix.length)), result }))
    .sort((a, b) => a.n - b.n);

const CERTIFICATE_CHARTS = [
  { kind: 'form', title: 'Form one of a quorum of votes' },
  { kind: 'finish', title: 'From the last vote to the certificate' },
  { kind: 'verify', title: 'Verify one that is new' },
  { kind: 'verify-again', title: 'Verify one that is known' },
];

function certificates(results: readonly Result[]): Section {
  const charts = CERTIFICATE_CHARTS.map(({ kind, title }) => certificateChart(results, kind, title));
  const legend = legendOf([
    ['bls12381', 0, false],
    ['ed25519', 1, false],
    ['what bls12381 is held against', 2, true],
    ['what ed25519 is held against', 3, true],
  ]);
  const drawn = charts.filter((chart) => chart !== '');
  return {
    title: 'Certificates',
    text: 'Time by the number of validators, of which a quorum has voted; both axes are logarithmic.',
    content: drawn.length === 0 ? '' : `${legend}<div class="pair">${drawn.join('')}</div>`,
  };
}

function certificateChart(results: readonly Result[], kind: string, title: string): string {
  const lines = (['bls12381', 'ed25519'] as const).flatMap((scheme, shade) => {
    const measured = along(results, `certificate/${kind}/${scheme}/n=`);
    const ours = lineThrough(scheme, shade, measured);
    const held = measured.filter(({ result }) => result.baseline !== undefined);
    const name = held[0]?.result.baseline?.name ?? '';
    const points = held.map(({ n, result }) => {
      const median = result.baseline?.median ?? 0;
      return { x: n, y: median, tooltip: `n=${n}: ${formatTime(median)}` };
    });
    return [ours, { name, shade: shade + 2, dashed: true, points }];
  });
  const drawn = lines.filter(({ points }) => points.length > 1);
  if (drawn.length === 0) return '';
  return lineChart({
    title,
    lines: drawn,
    xScale: 'log',
    yScale: 'log',
    formatX: String,
    formatY: formatTime,
  });
}

const lineThrough = (name: string, shade: number, measured: readonly Measured[]): Line => ({
  name,
  shade,
  dashed: false,
  points: measured.map(({ n, result }) => ({ x: n, y: result.median, tooltip: spreadOf(result) })),
});

/** Shades by the first part of the name. */
const shadeOf = (name: string): number => (name.includes('ed25519') ? 1 : 0);

function ratios(results: readonly Result[]): Section {
  const held = results.filter(
    ({ name, ratio }) => ratio !== undefined && !name.startsWith('cluster/') && !name.startsWith('sweep/'),
  );
  const bars = held.map((result): Bar => {
    const { name, baseline, ratio = 1 } = result;
    const text = `${formatRatio(ratio)} ${baseline?.name ?? ''}`;
    return {
      label: name.replace(/\/vs=.*$/, ''),
      value: ratio,
      shade: shadeOf(name),
      text,
      tooltip: spreadOf(result),
    };
  });
  return {
    title: 'Against others',
    text: 'How many times better than the same work done by somebody else in the same run. Left of the line others are better.',
    content: bars.length === 0 ? '' : barChart({ bars, scale: 'log', line: 1, format: formatRatio }),
  };
}

function clusters(results: readonly Result[]): Section {
  const rates = (unit: 'commands/s' | 'views/s'): string => {
    const found = results.filter(
      ({ name, unit: other }) => name.startsWith('cluster/') && other === unit && !name.includes('/vs='),
    );
    if (found.length === 0) return '';
    const bars = found.map((result): Bar => {
      const { name, median, p5, p95, baseline, ratio } = result;
      const share =
        ratio === undefined || baseline === undefined
          ? ''
          : `, ${(100 * ratio).toFixed(0)} % of ${baseline.name}`;
      const label = name.replace(/^cluster\//, '').replace(/\/views$/, '');
      const text = `${Math.round(median)}${share}`;
      return {
        label,
        value: median,
        low: p5,
        high: p95,
        shade: shadeOf(name),
        text,
        tooltip: spreadOf(result),
      };
    });
    return `<h3>${unit}</h3>${barChart({ bars, scale: 'linear', format: thousands })}`;
  };
  return {
    title: 'Clusters',
    text: 'Real processes on this machine, all of them together with their load. The line shows the 5th to 95th percentile.',
    content: rates('commands/s') + rates('views/s'),
  };
}

function sweep(results: readonly Result[]): Section {
  const sets = new Set(results.flatMap(({ name }) => /^sweep\/(.+)\/workers=\d+$/.exec(name)?.[1] ?? []));
  const charts = [...sets].map((set) =>
    lineChart({
      title: `${set}: certificates/s by worker threads`,
      lines: [lineThrough(set, set.startsWith('ed25519') ? 1 : 0, along(results, `sweep/${set}/workers=`))],
      xScale: 'linear',
      yScale: 'linear',
      formatX: String,
      formatY: thousands,
    }),
  );
  return {
    title: 'Worker pool',
    text: 'Certificates formed a second when eight are wanted at a time, by the number of threads.',
    content: charts.length === 0 ? '' : `<div class="pair">${charts.join('')}</div>`,
  };
}

const thousands = (value: number): string => (value >= 1_000 ? `${value / 1_000}k` : `${value}`);

const legendOf = (items: readonly (readonly [name: string, shade: number, dashed: boolean])[]): string =>
  `<p class="legend">${items
    .map(
      ([name, shade, dashed]) =>
        `<span><svg width="26" height="10"><line class="line${shade}${dashed ? ' dashed' : ''}" x1="0" x2="26" y1="5" y2="5"/></svg>${escapeText(name)}</span>`,
    )
    .join('')}</p>`;
