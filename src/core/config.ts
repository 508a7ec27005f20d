import type { ChainParameters, LocalSettings } from '../model/chain.ts';
import type { ReplicaId } from '../model/ids.ts';

export interface CoreConfig {
  readonly me: ReplicaId;
  readonly chain: ChainParameters;
  readonly settings: LocalSettings;
  /** Seeds the choice of peers to ask and to advertise to: an unsigned 32-bit number. */
  readonly seed: number;
}
