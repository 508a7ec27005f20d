import { formatRatio, formatValue } from './report/format.ts';
import type { Result } from './result.ts';

/** A figure that the library aims at, as a ratio within one run wherever there is something to hold it against. */
export interface Target {
  readonly metric: string;
  readonly against: string;
  /** Null: reported, without an aim. */
  readonly aim: { readonly least: Aim; readonly beyond: Aim } | null;
  /** Benchmarks that must have run. */
  readonly needs: readonly string[];
  measure(results: Found): Measured;
}

/** `atLeast` and `atMost` are ratios; `percent` is a ratio said in percent; `ms` is a time. */
type Aim =
  | { readonly atLeast: number }
  | { readonly atMost: number }
  | { readonly percent: number }
  | { readonly ms: number };

/** The result of a name that `needs` lists. */
type Found = (name: string) => Result;

export interface Measured {
  readonly value: number;
  /** Absolute figures, for people. */
  readonly detail: string;
}

const shown = ({ median, unit }: Result): string => formatValue(median, unit);

/** The ratio of one benchmark to its baseline. */
function ratioOf(name: string): Pick<Target, 'needs' | 'measure'> {
  return {
    needs: [name],
    measure: (found) => {
      const result = found(name);
      const { baseline, ratio, unit } = result;
      if (baseline === undefined || ratio === undefined) throw new Error(`${name} has no baseline`);
      return { value: ratio, detail: `${shown(result)}; ${formatValue(baseline.median, unit)}` };
    },
  };
}

/** How many times more the first is than the second. */
const growth = (name: string, than: string): Pick<Target, 'needs' | 'measure'> => ({
  needs: [name, than],
  measure: (found) => {
    const [more, less] = [found(name), found(than)];
    return { value: more.median / less.median, detail: `${shown(more)}; ${shown(less)}` };
  },
});

const medianOf = (name: string): Pick<Target, 'needs' | 'measure'> => ({
  needs: [name],
  measure: (found) => ({ value: found(name).median, detail: shown(found(name)) }),
});

/** A time, with that of its baseline beside it. */
const againstBaseline =
  (name: string): Target['measure'] =>
  (found) => {
    const result = found(name);
    const { baseline, median, unit } = result;
    return { value: median, detail: `${shown(result)}; ${formatValue(baseline!.median, unit)}` };
  };

const atLeast = (least: number, beyond: number): Target['aim'] => ({
  least: { atLeast: least },
  beyond: { atLeast: beyond },
});
const percent = (least: number, beyond: number): Target['aim'] => ({
  least: { percent: least },
  beyond: { percent: beyond },
});

const BLST = 'blst in Rust, compressed votes, random coefficients';
const ONE_BY_ONE = 'Ed25519 one by one';
const FLOOR = 'TCP and SHA-256 without consensus';
const TRANSACTIONS = 'durable LMDB transactions';
const CLUSTER = 'cluster/n=4/512B';

/** What performance is judged by: docs/performance.md has them with their figures. */
export const TARGETS: readonly Target[] = [
  {
    metric: 'form a certificate, n=100 (67 votes)',
    against: BLST,
    aim: atLeast(6, 8),
    ...ratioOf('certificate/form/bls12381/n=100'),
  },
  {
    metric: 'form a certificate, n=1,000 (667 votes)',
    against: BLST,
    aim: atLeast(20, 40),
    ...ratioOf('certificate/form/bls12381/n=1000'),
  },
  {
    metric: 'latency after the last vote, n=1,000',
    against: 'the same, n=4',
    aim: { least: { atMost: 2.5 }, beyond: { atMost: 1.2 } },
    ...growth('certificate/finish/bls12381/n=1000', 'certificate/finish/bls12381/n=4'),
  },
  {
    metric: 'verify a certificate, n=100',
    against: ONE_BY_ONE,
    aim: atLeast(1.5, 2),
    ...ratioOf('certificate/verify/bls12381/n=100'),
  },
  {
    metric: 'verify a certificate, n=1,000',
    against: ONE_BY_ONE,
    aim: atLeast(10, 15),
    ...ratioOf('certificate/verify/bls12381/n=1000'),
  },
  {
    metric: 'verify a certificate again, n=100',
    against: ONE_BY_ONE,
    aim: atLeast(500, 1_000),
    ...ratioOf('certificate/verify-again/bls12381/n=100'),
  },
  {
    metric: 'CPU of a view change, n=100',
    against: 'every NewView verified',
    aim: atLeast(50, 150),
    ...ratioOf('view-change/bls12381/n=100'),
  },
  {
    metric: 'form a certificate, `ed25519`, n=4',
    against: 'node:crypto',
    aim: atLeast(3, 4),
    ...ratioOf('certificate/form/ed25519/n=4'),
  },
  {
    metric: 'verify a certificate, `ed25519`, n=4',
    against: 'node:crypto',
    aim: atLeast(3, 4),
    ...ratioOf('certificate/verify/ed25519/n=4'),
  },
  {
    metric: 'bytes of a certificate, n=1,000',
    against: '`ed25519`',
    aim: atLeast(200, 250),
    ...ratioOf('certificate/bytes/bls12381/n=1000'),
  },
  {
    metric: 'commands/s, n=4, 512 B, block 400, `ed25519`, TLS, not flushed',
    against: FLOOR,
    aim: percent(15, 30),
    ...ratioOf(`${CLUSTER}/not-flushed/ed25519`),
  },
  {
    metric: 'the same, flushed',
    against: 'not flushed',
    aim: percent(50, 80),
    needs: [`${CLUSTER}/not-flushed/ed25519`, `${CLUSTER}/durable/ed25519`],
    measure: ratioOf(`${CLUSTER}/durable/ed25519/vs=not-flushed`).measure,
  },
  {
    metric: 'the same, flushed, `bls12381`',
    against: FLOOR,
    aim: null,
    ...ratioOf(`${CLUSTER}/durable/bls12381`),
  },
  {
    metric: 'the same, flushed, by HTTP',
    against: FLOOR,
    aim: null,
    ...ratioOf(`${CLUSTER}/durable/ed25519/http`),
  },
  {
    metric: 'durable views/s, n=4, `ed25519`',
    against: TRANSACTIONS,
    aim: percent(20, 30),
    ...ratioOf('cluster/n=4/empty-blocks/durable/ed25519'),
  },
  {
    metric: 'durable views/s, n=4, `bls12381`',
    against: TRANSACTIONS,
    aim: percent(8, 12),
    ...ratioOf('cluster/n=4/empty-blocks/durable/bls12381'),
  },
  {
    metric: 'certificates verified per block in block sync, n=100',
    against: 'every justify verified',
    aim: atLeast(14, 100),
    needs: ['block-sync/bls12381/n=100'],
    measure: ratioOf('block-sync/bls12381/n=100/checks').measure,
  },
  {
    metric: 'load a validator set at start, n=1,000',
    against: 'validating every key',
    aim: atLeast(5, 20),
    ...ratioOf('set/load/bls12381/n=1000'),
  },
  {
    metric: 'delay of the event loop under full load, 99th percentile',
    against: 'a process that does nothing beside them',
    aim: { least: { ms: 10 }, beyond: { ms: 5 } },
    needs: [`${CLUSTER}/durable/ed25519`],
    measure: againstBaseline(`${CLUSTER}/durable/ed25519/event-loop-p99`),
  },
  {
    metric: 'the same, of a node with a processor for itself',
    against: '',
    aim: { least: { ms: 10 }, beyond: { ms: 5 } },
    needs: [`${CLUSTER}/durable/ed25519/own-core`],
    measure: medianOf(`${CLUSTER}/durable/ed25519/own-core/event-loop-p99`).measure,
  },
];

/** Names of the benchmarks that the targets need. */
export const targetNames = (): ReadonlySet<string> => new Set(TARGETS.flatMap(({ needs }) => needs));

export type Reached = 'beyond' | 'met' | 'missed' | 'reported';

export function reached({ aim }: Target, { value }: Measured): Reached {
  if (aim === null) return 'reported';
  if (satisfies(aim.beyond, value)) return 'beyond';
  return satisfies(aim.least, value) ? 'met' : 'missed';
}

function satisfies(aim: Aim, value: number): boolean {
  if ('atLeast' in aim) return value >= aim.atLeast;
  if ('percent' in aim) return 100 * value >= aim.percent;
  return value <= ('atMost' in aim ? aim.atMost : aim.ms);
}

function formatAim(aim: Aim): string {
  if ('atLeast' in aim) return `${aim.atLeast}x`;
  if ('percent' in aim) return `${aim.percent} %`;
  return 'atMost' in aim ? `<= ${aim.atMost}x` : `<= ${aim.ms} ms`;
}

function formatMeasured({ aim }: Target, value: number): string {
  const kind = aim?.least ?? { percent: 0 };
  if ('percent' in kind) return `${(100 * value).toFixed(1)} %`;
  return 'ms' in kind ? `${value.toFixed(1)} ms` : formatRatio(value);
}

/** The table of docs/performance.md, of what was measured; a target whose benchmarks did not run is left out. */
export function targetsMarkdown(results: readonly Result[]): string {
  const byName = new Map(results.map((result) => [result.name, result]));
  const rows = TARGETS.filter(({ needs }) => needs.every((name) => byName.has(name))).map((target) => {
    const measured = target.measure((name) => {
      const result = byName.get(name);
      if (result === undefined) throw new Error(`${name} was not measured`);
      return result;
    });
    const { metric, against, aim, needs } = target;
    return [
      metric,
      against,
      aim === null ? 'reported' : formatAim(aim.least),
      aim === null ? '' : formatAim(aim.beyond),
      `**${formatMeasured(target, measured.value)}** ${reached(target, measured)}`,
      measured.detail,
      needs.map((name) => `\`${name}\``).join(', '),
    ];
  });
  const header = ['metric', 'against', 'target', 'beyond', 'measured', 'figures', 'benchmark'];
  const line = (cells: readonly string[]): string => `| ${cells.join(' | ')} |`;
  return [line(header), line(header.map(() => '---')), ...rows.map(line)].join('\n');
}
