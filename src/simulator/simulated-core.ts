import type { CoreConfig } from '../core/config.ts';
import type { Effect } from '../core/effect.ts';
import type { Input } from '../core/input.ts';
import type { CoreStatus } from '../core/state.ts';

/** One life of a replica's core. */
export interface SimulatedCore {
  step(input: Input): readonly Effect[];
  status(): CoreStatus;
  /** Of everything that peers can make grow, by name. */
  sizes(): Readonly<Record<string, number>>;
}

/** Makes a core for one life; the tests of the tests put cores with a broken rule here. */
export type MakeCore = (config: CoreConfig) => SimulatedCore;
