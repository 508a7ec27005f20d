import { deriveChainId } from '../codec/genesis.ts';
import { type ChainParameters, DEFAULT_LIMITS, defaultSettings, type LocalSettings } from '../model/chain.ts';
import { ConfigError } from '../model/errors.ts';
import type { GenesisDocument } from '../model/genesis.ts';
import { asChainId, asPower } from '../model/ids.ts';
import type { SchemeName } from '../model/scheme.ts';
import type { AdversaryFactory } from './adversary.ts';
import type { SimulatedApp } from './app.ts';
import { constant } from './delays.ts';
import type { Latencies } from './host.ts';
import { calm, type NetworkOptions } from './network.ts';
import type { CheckerFactory } from './observer.ts';
import type { Keyring } from './signatures.ts';
import type { MakeCore } from './simulated-core.ts';
import type { Witness } from './witness.ts';

export interface WorldOptions {
  /** Validators at genesis: replicas 0 to n - 1, in the order of their keys. */
  readonly n: number;
  /** The same seed and options give the same history. */
  readonly seed: number;
  /** Replicas n, n + 1, ... that are not validators at genesis; 0 by default. */
  readonly listeners?: number;
  /** `ed25519` by default. */
  readonly scheme?: SchemeName;
  /** Of the validators, by index; all 1 by default. */
  readonly powers?: readonly number[];
  readonly settings?: Partial<LocalSettings>;
  readonly chain?: Partial<Omit<ChainParameters, 'scheme'>>;
  /** Calm with 10 ms by default. */
  readonly network?: NetworkOptions;
  readonly latencies?: Partial<Latencies>;
  /** Share by which clocks run fast or slow; 0 by default. */
  readonly clockDrift?: number;
  /** Whether messages travel as encoded frames, through the real codec; not by default, for speed. */
  readonly encode?: boolean;
  /**
   * Whether disks hold the records of the real storage, checksums and all (the default), or objects that are not encoded,
   * for speed. Histories are the same.
   */
  readonly records?: boolean;
  /** Whether there is a command to order in every view (`steady`, the default) or only what is submitted. */
  readonly load?: 'steady' | 'idle';
  /** The replicas' apps; a key-value store that orders submitted commands by default. */
  readonly app?: (index: number) => SimulatedApp;
  /** Byzantine replicas by index. They are not watched by the checkers. */
  readonly adversaries?: Readonly<Record<number, AdversaryFactory>>;
  /**
   * Replicas whose key runs twice, each instance with a core and a disk of its own (Twins, Bano et al.): the k-th named
   * has its second instance at index n + listeners + k. Messages to the key reach both. Byzantine, so the checkers watch
   * neither.
   */
  readonly twins?: readonly number[];
  /** In place of the usual ones. */
  readonly checkers?: readonly CheckerFactory[];
  readonly makeCore?: MakeCore;
  /** How many past steps a failure can show; 0 for speed. */
  readonly traceMemory?: number;
  /** Sees everything; see `createRecorder`. */
  readonly witness?: Witness;
}

/** What is not said in the options. */
export interface ResolvedWorld {
  readonly settings: LocalSettings;
  readonly latencies: Latencies;
  readonly network: NetworkOptions;
}

const check = (good: boolean, field: string, message: string): void => {
  if (!good) throw new ConfigError(field, message);
};

/** Fast parts: what is not being tested should not decide the outcome. */
const DEFAULT_LATENCIES: Latencies = {
  verify: constant(0.5),
  form: constant(0.5),
  flush: constant(1),
  app: constant(0.5),
};

export function resolveOptions(options: WorldOptions): ResolvedWorld {
  const { n, powers, adversaries = {}, twins = [] } = options;
  check(Number.isInteger(n) && n > 0, 'n', `${n} is not a number of validators; allowed: 1 or more`);
  check(Number.isSafeInteger(options.seed), 'seed', `${options.seed} is not an integer`);
  check(powers === undefined || powers.length === n, 'powers', `expected ${n}, one of each validator`);
  const count = n + (options.listeners ?? 0);
  for (const index of Object.keys(adversaries)) {
    check(Number(index) < count, 'adversaries', `there is no replica ${index}`);
  }
  for (const index of twins) check(index < count, 'twins', `there is no replica ${index}`);
  check(new Set(twins).size === twins.length, 'twins', 'a key runs twice at most');
  const settings = { ...defaultSettings(options.settings?.viewTimeMs), ...options.settings };
  return {
    settings,
    latencies: { ...DEFAULT_LATENCIES, ...options.latencies },
    network: options.network ?? calm(),
  };
}

/** The genesis document of a world; its chain id follows from the rest unless the options give one. */
export function genesisOf(options: WorldOptions, keyring: Keyring): GenesisDocument {
  const { n, powers, chain = {}, scheme = 'ed25519' } = options;
  const document = (chainId: ChainParameters['chainId']): GenesisDocument => ({
    chain: { epochLength: 10, leaderTenure: 4, limits: DEFAULT_LIMITS, ...chain, scheme, chainId },
    validators: keyring.ids.slice(0, n).map((id, index) => ({
      id,
      power: asPower(powers?.[index] ?? 1),
      possession: keyring.possession(chainId, id),
    })),
    appState: [],
  });
  const chainId = chain.chainId ?? deriveChainId(document(asChainId(1)));
  return document(chainId);
}
