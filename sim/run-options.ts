import type { SchemeName } from '../src/model/scheme.ts';
import type { AdversaryName } from '../src/simulator/index.ts';

/** What disturbs a run, besides adversaries. */
export const FAULT_KINDS = ['calm', 'stormy', 'crashes', 'jealous'] as const;
export type FaultKind = (typeof FAULT_KINDS)[number];

/** Schemes that a run may have; `any` is drawn from the seed. */
export const SCHEMES = ['any', 'ed25519', 'bls12381'] as const satisfies readonly (SchemeName | 'any')[];

/** All that the run of a seed depends on: equal options and seeds give equal histories. */
export interface RunOptions {
  /** Validators at genesis. */
  readonly n: number;
  /** The run ends when an honest replica enters this view. */
  readonly views: number;
  readonly scheme: (typeof SCHEMES)[number];
  /** Behaviours of the Byzantine replicas; empty when there are none. */
  readonly adversaries: readonly AdversaryName[] | 'all';
  /** At most so many replicas are Byzantine; null for as many as their power allows. */
  readonly byzantine: number | null;
  /** Of the validators; null when all are 1. */
  readonly powers: readonly number[] | 'random' | null;
  /** Whether the validator set changes throughout the run. */
  readonly updates: boolean;
  /** Never empty. */
  readonly faults: readonly FaultKind[];
}

export const DEFAULTS: RunOptions = {
  n: 4,
  views: 500,
  scheme: 'any',
  adversaries: [],
  byzantine: null,
  powers: null,
  updates: false,
  faults: ['calm'],
};

/** The world's generator takes seeds of 32 bits. */
export const MAX_SEED = 2 ** 32 - 1;

export const hasAdversaries = ({ adversaries }: Pick<RunOptions, 'adversaries'>): boolean =>
  adversaries === 'all' || adversaries.length > 0;

const listOf = (value: readonly (string | number)[] | string): string =>
  typeof value === 'string' ? value : value.join(',');

/** Arguments of the command that give `options`; `n` and `views` always, others where they differ from the default. */
export function toArguments(options: RunOptions): readonly string[] {
  const { n, views, scheme, adversaries, byzantine, powers, updates, faults } = options;
  return [
    ...['--n', `${n}`, '--views', `${views}`],
    ...(scheme === DEFAULTS.scheme ? [] : ['--scheme', scheme]),
    ...(hasAdversaries(options) ? ['--adversary', listOf(adversaries)] : []),
    ...(byzantine === null ? [] : ['--byzantine', `${byzantine}`]),
    ...(powers === null ? [] : ['--powers', listOf(powers)]),
    ...(updates ? ['--updates'] : []),
    ...(listOf(faults) === listOf(DEFAULTS.faults) ? [] : ['--faults', listOf(faults)]),
  ];
}

/** The command line that plays one seed again. */
export const replayCommand = (seed: number, options: RunOptions, ...more: readonly string[]): string =>
  ['npm run sim --', '--seed', `${seed}`, ...toArguments(options), ...more].join(' ');
