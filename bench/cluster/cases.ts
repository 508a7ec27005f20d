import { execFile } from 'node:child_process';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { type Result, rateResultOf } from '../case.ts';
import { floorRoundsPerSecond } from './floor.ts';

const MAIN = fileURLToPath(new URL('../../dist/cli/main.js', import.meta.url));

/** Commands in a block of the floor that cluster figures are held against. */
const FLOOR_BLOCK = 400;

export interface ClusterBudget {
  /** Seconds of load in one run. */
  readonly seconds: number;
  readonly runs: number;
}

/** A cluster of real processes under load; its name is a path that says size, command, durability and scheme. */
export interface ClusterCase {
  readonly name: string;
  readonly validators: number;
  readonly scheme: 'ed25519' | 'bls12381';
  readonly load: 'direct' | 'http';
  readonly commandBytes: number;
  readonly clients: number;
}

const caseOf = (
  scheme: ClusterCase['scheme'],
  load: ClusterCase['load'],
  clients: number,
  validators = 4,
  commandBytes = 512,
): ClusterCase => ({
  name: `cluster/n=${validators}/${commandBytes}B/durable/${scheme}/${load}/clients=${clients}`,
  validators,
  scheme,
  load,
  commandBytes,
  clients,
});

export const CLUSTER_CASES: readonly ClusterCase[] = [
  caseOf('ed25519', 'direct', 4_000),
  caseOf('bls12381', 'direct', 4_000),
  caseOf('ed25519', 'http', 256),
  caseOf('bls12381', 'http', 256),
  caseOf('ed25519', 'direct', 4_000, 7),
];

interface ClusterReport {
  readonly commandsPerSecond: number;
  readonly viewsPerSecond: number;
  readonly latencyMs: { readonly p50: number };
  readonly stateHashesEqual: boolean;
}

async function runOnce(
  { validators, scheme, load, commandBytes, clients }: ClusterCase,
  seconds: number,
): Promise<ClusterReport> {
  const flags = { validators, scheme, load, 'command-size': commandBytes, clients, duration: seconds };
  const words = Object.entries(flags).flatMap(([name, value]) => [`--${name}`, `${value}`]);
  const { stdout } = await promisify(execFile)(process.execPath, [MAIN, 'cluster', '--json', ...words]);
  const report = JSON.parse(stdout) as ClusterReport;
  if (!report.stateHashesEqual) throw new Error('the nodes of the cluster disagree');
  return report;
}

/**
 * Runs the cluster several times and gives commands/s, beside the floor measured right before, views/s and latency.
 * `dist` must be built.
 */
export async function runCluster(one: ClusterCase, { seconds, runs }: ClusterBudget): Promise<Result[]> {
  const rounds = await floorRoundsPerSecond(FLOOR_BLOCK * one.commandBytes, Math.min(seconds, 2));
  const reports: ClusterReport[] = [];
  for (let run = 0; run < runs; run++) reports.push(await runOnce(one, seconds));
  const of = (value: (report: ClusterReport) => number): number[] => reports.map(value).sort((a, b) => a - b);
  const floor = { name: `tcp+sha256 blocks of ${FLOOR_BLOCK}`, median: rounds * FLOOR_BLOCK };
  return [
    rateResultOf(
      one.name,
      'commands/s',
      of(({ commandsPerSecond }) => commandsPerSecond),
      floor,
    ),
    rateResultOf(
      `${one.name}/views`,
      'views/s',
      of(({ viewsPerSecond }) => viewsPerSecond),
      null,
    ),
    rateResultOf(
      `${one.name}/latency-p50`,
      'ms',
      of(({ latencyMs }) => latencyMs.p50),
      null,
    ),
  ];
}
