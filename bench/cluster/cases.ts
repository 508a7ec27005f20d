import type { SchemeName } from '../../src/index.ts';

/** A cluster of real processes under load. */
export interface ClusterCase {
  /** A path that says size, command, durability and scheme, and how it differs from the usual. */
  readonly name: string;
  readonly quick: boolean;
  readonly scheme: SchemeName;
  readonly validators: number;
  /** Whether every vote waits for a flush to disk; without, everything is kept in memory. */
  readonly durable: boolean;
  /** Null: blocks are always empty, and views are counted instead of commands. */
  readonly commandBytes: number | null;
  readonly blockCommands: number;
  readonly load: 'direct' | 'http';
  /** Whether the last validator is killed before the load begins. */
  readonly oneDead: boolean;
  /** Whether the first node has a processor for itself; the others share the rest. Its event loop is what counts. */
  readonly ownCore: boolean;
}

/** Commands in a block, unless a name says otherwise. */
export const USUAL_BLOCK = 400;

const USUAL: Omit<ClusterCase, 'name' | 'scheme'> = {
  quick: false,
  validators: 4,
  durable: true,
  commandBytes: 512,
  blockCommands: USUAL_BLOCK,
  load: 'direct',
  oneDead: false,
  ownCore: false,
};

function caseOf(scheme: SchemeName, differing: Partial<typeof USUAL> = {}): ClusterCase {
  const settings = { ...USUAL, ...differing };
  return { ...settings, scheme, name: nameOf(scheme, settings) };
}

function nameOf(scheme: SchemeName, settings: typeof USUAL): string {
  const { validators, commandBytes, durable, blockCommands, load, oneDead, ownCore } = settings;
  return [
    'cluster',
    `n=${validators}`,
    commandBytes === null ? 'empty-blocks' : bytesName(commandBytes),
    durable ? 'durable' : 'not-flushed',
    scheme,
    ...(blockCommands === USUAL_BLOCK ? [] : [`block=${blockCommands}`]),
    ...(load === 'direct' ? [] : [load]),
    ...(oneDead ? ['one-dead'] : []),
    ...(ownCore ? ['own-core'] : []),
  ].join('/');
}

const bytesName = (bytes: number): string =>
  bytes >= 1_024 && bytes % 1_024 === 0 ? `${bytes / 1_024}KB` : `${bytes}B`;

const SCHEMES: readonly SchemeName[] = ['ed25519', 'bls12381'];

/** Those that are not flushed come before those that are: the former are the baseline of the latter. */
export const CLUSTER_CASES: readonly ClusterCase[] = [
  caseOf('ed25519', { durable: false, quick: true }),
  caseOf('bls12381', { durable: false }),
  caseOf('ed25519', { quick: true }),
  caseOf('bls12381', { quick: true }),
  caseOf('ed25519', { ownCore: true }),
  ...SCHEMES.map((scheme) => caseOf(scheme, { load: 'http' })),
  ...SCHEMES.map((scheme) => caseOf(scheme, { commandBytes: null })),
  ...SCHEMES.map((scheme) => caseOf(scheme, { commandBytes: 0 })),
  ...SCHEMES.map((scheme) => caseOf(scheme, { commandBytes: 4_096 })),
  caseOf('ed25519', { blockCommands: 100 }),
  caseOf('ed25519', { blockCommands: 1_000 }),
  caseOf('bls12381', { blockCommands: 1_000 }),
  ...SCHEMES.map((scheme) => caseOf(scheme, { oneDead: true })),
  ...SCHEMES.map((scheme) => caseOf(scheme, { validators: 7 })),
  ...SCHEMES.map((scheme) => caseOf(scheme, { validators: 10 })),
];

/** The case that differs from `one` in that nothing is flushed; null when `one` does so itself. */
export function withoutFlush(one: ClusterCase): string | null {
  return one.durable ? nameOf(one.scheme, { ...one, durable: false }) : null;
}
