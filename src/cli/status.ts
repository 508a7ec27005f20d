import { existsSync, readdirSync } from 'node:fs';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';
import { loadConfig } from './config.ts';
import { CommandFailure, describeError, EXIT_FAILED } from './failure.ts';
import { existingHome, homeAt } from './home.ts';
import { createHttpClient, type HttpClient } from './http-client.ts';
import type { NodeStatus } from './node-status.ts';
import { formatTable } from './table.ts';

export interface StatusOptions {
  /** Base URLs of nodes, such as `http://127.0.0.1:8080`. */
  readonly urls: readonly string[];
  /** Homes, or directories of homes, whose nodes are asked besides. */
  readonly dirs: readonly string[];
  readonly json: boolean;
  /** Asks twice, so far apart, and tells what happened in between; null: asks once. */
  readonly intervalSeconds: number | null;
}

/** What a node did between two looks, per second; `cpuPercent` is of one core. */
interface Rates {
  readonly viewsPerSecond: number;
  readonly flushesPerSecond: number;
  readonly messagesPerSecond: number;
  readonly commandsPerSecond: number;
  readonly cpuPercent: number;
}

type Look = { readonly url: string } & (
  | { readonly status: NodeStatus; readonly rates: Rates | null }
  | { readonly error: string }
);

const TIMEOUT_MS = 5_000;

/** `hotstuff status`: asks nodes how they are. Resolves to the exit code: 1 when one did not answer. */
export async function showStatus(options: StatusOptions, write: (text: string) => void): Promise<number> {
  const urls = [...options.urls, ...options.dirs.flatMap(urlsOf)];
  const client = createHttpClient({ connections: 1, timeoutMs: TIMEOUT_MS });
  try {
    const looks = await Promise.all(urls.map((url) => look(client, url, options.intervalSeconds)));
    write(options.json ? `${JSON.stringify(looks.map(jsonOf), null, 2)}\n` : tableOf(looks));
    return looks.some((one) => 'error' in one) ? EXIT_FAILED : 0;
  } finally {
    client.close();
  }
}

const urlsOf = (dir: string): readonly string[] => homesIn(dir).map(urlOf);

/** The homes in `dir`: itself, or those of its directories that are some. Throws `CommandFailure` when there are none. */
export function homesIn(dir: string): readonly string[] {
  if (!existsSync(dir)) throw new CommandFailure(`${dir}: is not there; give a home or a directory of homes`);
  if (existsSync(homeAt(dir).config)) return [dir];
  const homes = readdirSync(dir)
    .map((name) => join(dir, name))
    .filter((path) => existsSync(homeAt(path).config));
  if (homes.length === 0)
    throw new CommandFailure(`${dir}: holds no home of a node; make some with: hotstuff testnet`);
  return homes.sort();
}

/** Where the node of a home serves clients. */
export function urlOf(dir: string): string {
  const { http } = loadConfig(existingHome(dir).config);
  return `http://${http.host.includes(':') ? `[${http.host}]` : http.host}:${http.port}`;
}

async function look(client: HttpClient, url: string, intervalSeconds: number | null): Promise<Look> {
  const base = url.replace(/\/+$/, '');
  try {
    const first = await client.json<NodeStatus>(`${base}/status`);
    if (intervalSeconds === null) return { url, status: first, rates: null };
    const startMs = performance.now();
    await sleep(intervalSeconds * 1_000);
    const status = await client.json<NodeStatus>(`${base}/status`);
    return { url, status, rates: ratesBetween(first, status, (performance.now() - startMs) / 1_000) };
  } catch (error) {
    return { url, error: describeError(error) };
  }
}

function ratesBetween(before: NodeStatus, after: NodeStatus, seconds: number): Rates {
  const rate = (from: number, to: number): number => Math.round(((to - from) / seconds) * 10) / 10;
  return {
    viewsPerSecond: rate(before.counters.views, after.counters.views),
    flushesPerSecond: rate(before.counters.flushes, after.counters.flushes),
    messagesPerSecond: rate(before.counters.messagesSent, after.counters.messagesSent),
    commandsPerSecond: rate(before.counters.commandsCommitted, after.counters.commandsCommitted),
    cpuPercent: rate(100 * before.process.cpuSeconds, 100 * after.process.cpuSeconds),
  };
}

const jsonOf = (one: Look): object =>
  'error' in one ? one : { url: one.url, ...one.status, ...(one.rates === null ? {} : { rates: one.rates }) };

function tableOf(looks: readonly Look[]): string {
  const hasRates = looks.some((one) => 'rates' in one && one.rates !== null);
  const head = ['node', 'id', 'view', 'height', 'app state', 'peers', 'commands'];
  const rows = looks.map((one) => {
    if ('error' in one) return [one.url, one.error];
    const { status, rates } = one;
    const row = [
      one.url,
      status.id.slice(0, 8),
      String(status.view),
      String(status.height ?? '-'),
      status.divergence === null ? status.appStateHash.slice(0, 12) : 'DIVERGED',
      String(status.peers.length),
      String(status.counters.commandsCommitted),
    ];
    return rates === null ? row : [...row, ...Object.values(rates).map(String)];
  });
  const rateHead = ['views/s', 'flushes/s', 'messages/s', 'commands/s', 'cpu %'];
  return formatTable(hasRates ? [...head, ...rateHead] : head, rows);
}
