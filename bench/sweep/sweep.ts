import { availableParallelism } from 'node:os';
import { monitorEventLoopDelay } from 'node:perf_hooks';
import { createVerifier } from '../../src/adapters/piscina/index.ts';
import type { SchemeName } from '../../src/index.ts';
import type { Entry, Mode } from '../case.ts';
import { jobsOf } from '../cases/certificates.ts';
import { inTurn } from '../cast.ts';
import { measure } from '../measure.ts';
import { type Result, resultOf } from '../result.ts';
import { ascending, quantile, type Samples } from '../statistics.ts';
import { type Recommendation, recommend, type Swept, sizesFor } from './recommend.ts';

/** Validator sets around which the best size changes. */
const SETS: readonly { readonly scheme: SchemeName; readonly n: number; readonly quick: boolean }[] = [
  { scheme: 'ed25519', n: 4, quick: true },
  { scheme: 'ed25519', n: 31, quick: false },
  { scheme: 'ed25519', n: 100, quick: false },
  { scheme: 'bls12381', n: 4, quick: true },
  { scheme: 'bls12381', n: 100, quick: false },
];

const SECONDS: { readonly [Name in Mode]: number } = { full: 1.2, quick: 0.3 };

/** Certificates wanted at a time: those of a view, and those that blocks which are caught up with bring. */
const AT_A_TIME = 8;

/** Throughput is counted anew in windows of so many milliseconds. */
const WINDOW_MS = 50;

/** What monitorEventLoopDelay waits between two looks; its delays include it. */
const RESOLUTION_MS = 1;

const MILLISECONDS = 1_000;

/** The sizes of the worker pool for each kind of validator set, and what they come to. */
export interface Sweep {
  readonly entries: readonly Entry[];
  /** For every set whose sizes have all been measured so far. */
  recommendations(): readonly Recommendation[];
}

export function createSweep(cores = availableParallelism()): Sweep {
  const sizes = sizesFor(cores);
  const swept = SETS.map((set) => ({ ...set, found: new Map<number, Swept>() }));
  const entries = swept.flatMap(({ scheme, n, quick, found }) =>
    sizes.map(
      (workers): Entry => ({
        name: nameOf(scheme, n, workers),
        quick,
        seconds: (mode) => 2 * SECONDS[mode] + 0.2,
        run: async (mode) => {
          const taken = await sweepOne(scheme, n, workers, SECONDS[mode]);
          found.set(workers, summaryOf(workers, taken));
          return resultsOf(scheme, n, workers, taken, found.get(0));
        },
      }),
    ),
  );
  return {
    entries,
    recommendations: () =>
      swept
        .filter(({ found }) => found.size === sizes.length)
        .map(({ scheme, n, found }) => recommend({ scheme, n }, [...found.values()])),
  };
}

const nameOf = (scheme: SchemeName, n: number, workers: number): string =>
  `sweep/${scheme}/n=${n}/workers=${workers}`;

interface Taken {
  /** Certificates a second, window by window. */
  readonly rates: Samples;
  /** Microseconds. */
  readonly latencies: Samples;
  readonly heldMs: number;
}

const summaryOf = (workers: number, { rates, latencies, heldMs }: Taken): Swept => ({
  workers,
  perSecond: quantile(rates, 0.5),
  latencyUs: quantile(latencies, 0.5),
  heldMs,
});

function resultsOf(
  scheme: SchemeName,
  n: number,
  workers: number,
  { rates, latencies, heldMs }: Taken,
  inline: Swept | undefined,
): readonly Result[] {
  const name = nameOf(scheme, n, workers);
  const isCompared = workers > 0 && inline !== undefined;
  const baseline = (median: number) => (isCompared ? { name: 'workers=0', median } : undefined);
  return [
    resultOf({ name, unit: 'certificates/s', samples: rates, baseline: baseline(inline?.perSecond ?? 0) }),
    resultOf({
      name: `${name}/latency`,
      unit: 'us',
      samples: latencies,
      baseline: baseline(inline?.latencyUs ?? 0),
    }),
    resultOf({ name: `${name}/held`, unit: 'ms', samples: [heldMs] }),
  ];
}

async function sweepOne(scheme: SchemeName, n: number, workers: number, seconds: number): Promise<Taken> {
  const verifier = createVerifier({ scheme, workers, trustKeys: true });
  try {
    const jobs = jobsOf(scheme, n);
    const form = inTurn(jobs, (job) => verifier.formCertificate(job));
    await Promise.all(Array.from({ length: 2 * workers + 1 }, form));
    const { rates, heldMs } = await load(form, seconds);
    const latencies = await measure({ async: form }, { seconds: seconds / 2, minSamples: 5 });
    return { rates, heldMs, latencies };
  } finally {
    await verifier.close();
  }
}

/** Keeps `AT_A_TIME` certificates wanted. */
async function load(form: () => Promise<unknown>, seconds: number): Promise<Pick<Taken, 'rates' | 'heldMs'>> {
  const delays = monitorEventLoopDelay({ resolution: RESOLUTION_MS });
  let done = 0;
  let isOver = false;
  const ask = async (): Promise<void> => {
    while (!isOver) {
      await form();
      done += 1;
      // The calling thread has other things to do between two answers, as a replica has.
      await new Promise((resolve) => setImmediate(resolve));
    }
  };
  const asking = Array.from({ length: AT_A_TIME }, ask);
  delays.enable();
  const rates = await ratesOver(seconds, () => done);
  delays.disable();
  isOver = true;
  await Promise.all(asking);
  return { rates, heldMs: Math.max(0, delays.percentile(50) / 1e6 - RESOLUTION_MS) };
}

async function ratesOver(seconds: number, done: () => number): Promise<Samples> {
  const rates: number[] = [];
  const end = performance.now() + seconds * MILLISECONDS;
  let last = { at: performance.now(), done: done() };
  while (performance.now() < end) {
    await new Promise((resolve) => setTimeout(resolve, WINDOW_MS));
    const now = { at: performance.now(), done: done() };
    rates.push(((now.done - last.done) / (now.at - last.at)) * MILLISECONDS);
    last = now;
  }
  return ascending(rates);
}
