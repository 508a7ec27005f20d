import { ADVERSARIES, type AdversaryName, createRandom, type Random } from '../src/simulator/index.ts';
import { type FaultKind, type RunOptions, SCHEMES } from './run-options.ts';

/** Sizes of clusters, with the views of a run: large ones take long, and most is found in small ones. */
const SIZES: readonly { readonly n: number; readonly views: number; readonly share: number }[] = [
  { n: 4, views: 500, share: 4 },
  { n: 7, views: 300, share: 3 },
  { n: 10, views: 200, share: 2 },
  { n: 31, views: 40, share: 1 },
];

const FAULTS: readonly (readonly FaultKind[])[] = [
  ['calm'],
  ['stormy'],
  ['crashes'],
  ['jealous'],
  ['stormy', 'crashes'],
  ['jealous', 'crashes'],
];

const NAMES = Object.keys(ADVERSARIES) as AdversaryName[];
/** Behaviours of one run, where it has not all of them. */
const FEW = 3;

function drawAdversaries(random: Random): RunOptions['adversaries'] {
  if (random.chance(0.15)) return [];
  if (random.chance(0.4)) return 'all';
  return random.shuffled(NAMES).slice(0, random.between(1, FEW));
}

/** The kind of run that a seed gets in the long test: every size, scheme, fault and mix of adversaries comes round. */
export function mixOf(seed: number): RunOptions {
  const random = createRandom(seed).fork('mix');
  const { n, views } = random.pick(
    SIZES.flatMap((size) => new Array<(typeof SIZES)[number]>(size.share).fill(size)),
  );
  return {
    n,
    views,
    scheme: random.pick(SCHEMES.filter((scheme) => scheme !== 'any')),
    adversaries: drawAdversaries(random),
    byzantine: null,
    powers: random.chance(0.3) ? 'random' : null,
    updates: random.chance(0.5),
    faults: random.pick(FAULTS),
  };
}
