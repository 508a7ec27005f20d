import type { Result } from '../result.ts';
import { type Section, sections } from './charts.ts';
import { formatRatio, formatValue } from './format.ts';
import type { Report } from './report.ts';
import { escapeText } from './svg.ts';
import { describeMachine } from './table.ts';

const STYLE = `
:root { color-scheme: light dark; --ground: #fff; --ink: #1c2024; --soft: #60646c; --rule: #e2e4e8; --panel: #f7f8fa;
  --c0: #2563c9; --c1: #c2570c; --c2: #86a9e6; --c3: #e3a877; --good: #18794e; --bad: #ce2c31; }
@media (prefers-color-scheme: dark) { :root { --ground: #111316; --ink: #edeef0; --soft: #a0a6ae; --rule: #2c3036;
  --panel: #191c20; --c0: #6ea3f7; --c1: #f0964f; --c2: #3f5f95; --c3: #8f5c30; --good: #4cc38a; --bad: #ff7c80; } }
body { margin: 0 auto; max-width: 1000px; padding: 24px 20px 60px; background: var(--ground); color: var(--ink);
  font: 15px/1.5 system-ui, sans-serif; }
h1 { font-size: 26px; margin: 0 0 4px; } h2 { font-size: 19px; margin: 40px 0 4px; } h3 { font-size: 15px; margin: 18px 0 6px; }
p { margin: 0 0 12px; color: var(--soft); } ul { margin: 6px 0 0; padding-left: 20px; }
svg { max-width: 100%; height: auto; display: block; } svg text { font: 12px system-ui, sans-serif; fill: var(--ink); }
svg .tick { fill: var(--soft); font-size: 11px; } svg .title { font-weight: 600; font-size: 13px; }
.grid { stroke: var(--rule); } .one { stroke: var(--ink); } .spread { stroke: var(--ink); stroke-width: 1.5; opacity: .6; }
.mark { stroke: var(--soft); stroke-width: 2; }
.fill0 { fill: var(--c0); } .fill1 { fill: var(--c1); } .fill2 { fill: var(--c2); } .fill3 { fill: var(--c3); }
.line0, .line1, .line2, .line3 { fill: none; stroke-width: 2; } .dashed { stroke-dasharray: 5 4; }
.line0 { stroke: var(--c0); } .line1 { stroke: var(--c1); } .line2 { stroke: var(--c2); } .line3 { stroke: var(--c3); }
.pair { display: grid; grid-template-columns: repeat(auto-fit, minmax(430px, 1fr)); gap: 16px; }
.pair svg { background: var(--panel); border-radius: 8px; } .legend span { margin-right: 18px; white-space: nowrap; }
.legend svg { display: inline-block; vertical-align: middle; margin-right: 6px; }
.scroll { overflow-x: auto; } table { border-collapse: collapse; font-size: 13px; width: 100%; }
th, td { text-align: right; padding: 3px 10px 3px 0; border-bottom: 1px solid var(--rule); white-space: nowrap;
  font-variant-numeric: tabular-nums; }
th { color: var(--soft); font-weight: 500; } th:first-child, td:first-child, th:nth-child(6), td:nth-child(6) { text-align: left; }
.good { color: var(--good); } .bad { color: var(--bad); }
`;

/** The report as one page that needs nothing else: style, charts and figures are in it. */
export function html({ machine, date, results }: Report, recommendations: readonly string[]): string {
  const advice =
    recommendations.length === 0
      ? ''
      : `<h2>Worker threads for one replica on this machine</h2><ul>${recommendations.map((line) => `<li>${escapeText(line)}</li>`).join('')}</ul>`;
  return `<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<title>hotstuff-ts: benchmarks of ${escapeText(date)}</title>
<style>${STYLE}</style>
</head>
<body>
<h1>hotstuff-ts: benchmarks</h1>
<p>${escapeText(describeMachine(machine))}<br>${escapeText(date)}. A ratio above 1 means better than the baseline of the same run.</p>
${sections(results).map(sectionOf).join('\n')}
${advice}
<h2>All figures</h2>
<p>Medians, with the 5th and 95th percentile and the number of samples.</p>
${tablesOf(results)}
</body>
</html>
`;
}

const sectionOf = ({ title, text, content }: Section): string =>
  `<h2>${escapeText(title)}</h2><p>${escapeText(text)}</p>${content}`;

function tablesOf(results: readonly Result[]): string {
  const groups = new Map<string, Result[]>();
  for (const result of results) {
    const group = result.name.split('/')[0] ?? '';
    groups.set(group, [...(groups.get(group) ?? []), result]);
  }
  return [...groups].map(([group, all]) => `<h3>${escapeText(group)}</h3>${tableOf(all)}`).join('\n');
}

const HEADER = ['benchmark', 'median', 'p5', 'p95', 'samples', 'baseline', 'its median', 'ratio'];

const tableOf = (results: readonly Result[]): string =>
  `<div class="scroll"><table><thead><tr>${HEADER.map((cell) => `<th>${cell}</th>`).join('')}</tr></thead><tbody>${results
    .map(rowOf)
    .join('')}</tbody></table></div>`;

function rowOf({ name, unit, median, p5, p95, samples, baseline, ratio }: Result): string {
  const cells = [
    name,
    formatValue(median, unit),
    formatValue(p5, unit),
    formatValue(p95, unit),
    `${samples}`,
    baseline?.name ?? '',
    baseline === undefined ? '' : formatValue(baseline.median, unit),
  ];
  const shade = ratio === undefined ? '' : ratio >= 1 ? 'good' : 'bad';
  const last = ratio === undefined ? '' : formatRatio(ratio);
  return `<tr>${cells.map((cell) => `<td>${escapeText(cell)}</td>`).join('')}<td class="${shade}">${last}</td></tr>`;
}
