/** Counts by name. */
export type Counts = Readonly<Record<string, number>>;

/** Recorded counts, and by what share of each a run may exceed it. */
export interface Budgets {
  /** What the counts hold for: other processors, or another shape of run, have others. */
  readonly of: string;
  readonly tolerance: Readonly<Record<string, number>> & { readonly default: number };
  readonly counts: Counts;
}

export interface Judgement {
  readonly name: string;
  /** Null: recorded, but not counted any more, or counted and not recorded. */
  readonly counted: number | null;
  readonly budget: number | null;
  readonly verdict: 'within' | 'over' | 'far-below' | 'unknown' | 'missing';
}

/** Every count against its budget. A count without one, and a budget without a count, are faults as well. */
export function judge(counts: Counts, { counts: recorded, tolerance }: Budgets): readonly Judgement[] {
  const names = new Set([...Object.keys(recorded), ...Object.keys(counts)]);
  return [...names].map((name): Judgement => {
    const counted = counts[name] ?? null;
    const budget = recorded[name] ?? null;
    if (counted === null) return { name, counted, budget, verdict: 'missing' };
    if (budget === null) return { name, counted, budget, verdict: 'unknown' };
    const allowed = tolerance[name] ?? tolerance.default;
    if (counted > budget * (1 + allowed)) return { name, counted, budget, verdict: 'over' };
    return { name, counted, budget, verdict: counted < budget * (1 - allowed) ? 'far-below' : 'within' };
  });
}

export const isFault = ({ verdict }: Judgement): boolean =>
  verdict === 'over' || verdict === 'unknown' || verdict === 'missing';

const RECORD = 'If that is what the change is meant to do, record it: npm run bench -- budgets --record';

/** One line for each count that is not as recorded, and what to do about it. */
export function describeJudgements(title: string, judgements: readonly Judgement[]): readonly string[] {
  const lines = judgements.flatMap((judgement) => describe(judgement) ?? []);
  const faults = judgements.filter(isFault).length;
  const heading = `${title}: ${judgements.length - faults} of ${judgements.length} within their budgets`;
  return [heading, ...lines.map((line) => `  ${line}`), ...(faults > 0 ? [`  ${RECORD}`] : [])];
}

function describe({ name, counted, budget, verdict }: Judgement): string | null {
  const figures = `${formatCount(counted ?? 0)}, budget ${formatCount(budget ?? 0)}`;
  const change = budget === null || budget === 0 ? '' : ` (${signed(100 * ((counted ?? 0) / budget - 1))} %)`;
  switch (verdict) {
    case 'within':
      return null;
    case 'over':
      return `OVER: ${name}: ${figures}${change}`;
    case 'far-below':
      return `below: ${name}: ${figures}${change}; record it, so that it stays so: npm run bench -- budgets --record`;
    case 'unknown':
      return `NO BUDGET: ${name}: ${formatCount(counted ?? 0)} is recorded nowhere`;
    case 'missing':
      return `NOT COUNTED: ${name}: has a budget of ${formatCount(budget ?? 0)}, but is not counted any more`;
  }
}

export const formatCount = (count: number): string =>
  Number.isInteger(count) || count >= 1_000
    ? `${Math.round(count)}`.replace(/\B(?=(\d{3})+$)/g, ',')
    : count.toFixed(2);

const signed = (percent: number): string => `${percent > 0 ? '+' : ''}${percent.toFixed(1)}`;
