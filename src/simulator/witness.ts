import type { LocalSettings } from '../model/chain.ts';
import type { GenesisDocument } from '../model/genesis.ts';
import type { Message } from '../model/messages.ts';
import type { Names } from './describe.ts';
import type { TraceEntry } from './trace.ts';

/** What becomes of a copy of a message that is under way. */
export type Fate =
  | 'under way'
  | 'delivered'
  /** By the network, at random. */
  | 'lost'
  /** By an interceptor. */
  | 'dropped'
  /** By a partition, before or after it left. */
  | 'cut off'
  /** Its receiver did not run. */
  | 'nobody there';

/** One copy of a message, from when it leaves. */
export interface Flight {
  readonly from: number;
  readonly to: number;
  readonly message: Message;
  readonly sentAt: number;
  /** When it arrives, or would have; null when it never left. */
  readonly dueAt: number | null;
  /** Whether it takes longer than messages do after GST. */
  readonly isLate: boolean;
  /** Final once `onLanded` was called with it. */
  readonly fate: Fate;
}

/** What a witness may know of a world from its beginning. */
export interface WitnessedWorld {
  readonly seed: number;
  readonly now: number;
  readonly genesis: GenesisDocument;
  readonly settings: LocalSettings;
  readonly replicas: readonly { readonly index: number; readonly isHonest: boolean }[];
  readonly nameOf: Names;
}

/**
 * Sees everything that happens in a world, Byzantine replicas included, in the order in which it happens. It must not
 * touch the world: a history is the same with and without it.
 */
export interface Witness {
  /** Before anything happens. */
  onStart?(world: WitnessedWorld): void;
  /** Each input and effect of a core, and each fault. */
  onEntry?(entry: TraceEntry): void;
  onBoot?(replica: number, state: { readonly view: number; readonly height: number }): void;
  /** Crashed, or halted by itself. */
  onDown?(replica: number): void;
  /** A copy of a message leaves, loopback included. */
  onSent?(flight: Flight): void;
  /** A copy has come to its end; those that never left come to it at once. */
  onLanded?(flight: Flight): void;
}
