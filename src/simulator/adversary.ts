import type { CoreStatus } from '../core/state.ts';
import type { Block, Datum } from '../model/block.ts';
import type { PhaseCertificate } from '../model/certificate.ts';
import type { ChainParameters, LocalSettings } from '../model/chain.ts';
import type { BlockHash, ReplicaId } from '../model/ids.ts';
import type { Message, Subject } from '../model/messages.ts';
import type { Random } from './random.ts';
import type { Keyring } from './signatures.ts';

/** What a Byzantine replica knows of another: everything, since the worst adversary watches the whole network. */
export interface Peer {
  readonly index: number;
  readonly id: ReplicaId;
  readonly isHonest: boolean;
  /** Null while it is down. */
  readonly status: CoreStatus | null;
}

/** What a Byzantine replica can do: sign with its own key (and its allies'), send anything to anybody, wait. */
export interface AdversaryControls {
  readonly index: number;
  readonly id: ReplicaId;
  readonly now: number;
  readonly chain: ChainParameters;
  readonly settings: LocalSettings;
  readonly random: Random;
  readonly peers: readonly Peer[];
  /** Of its honest half; null while it is down. */
  readonly status: CoreStatus | null;
  /** Verification and certificate forming, which need no secrets. */
  readonly keyring: Pick<Keyring, 'verifies' | 'form'>;
  /** Signs as `as`, by default itself; throws `RangeError` for a key that is not Byzantine. */
  sign(subject: Subject, as?: ReplicaId): Uint8Array;
  send(to: ReplicaId, message: Message): void;
  after(ms: number, run: () => void): void;
  /** A block that its honest half holds or any replica sent to it. */
  block(hash: BlockHash): Block | null;
  /** A block with the right hashes for what it says, whether or not that makes sense. */
  makeBlock(height: number, justify: PhaseCertificate, data?: readonly Datum[]): Block;
  /** Leaders of `view`, as its honest half knows the validator sets; none while that is down. */
  leaders(view: number): readonly ReplicaId[];
}

/**
 * A Byzantine behaviour. Each replica under its control runs an honest half too, a real core with a disk of its own,
 * so that it can keep in step and deviate only where it wants to.
 */
export interface Adversary {
  /** Once, when the world begins. */
  start?(): void;
  /** Everything that is delivered; `false` keeps it from the honest half. */
  receive?(from: ReplicaId, message: Message): boolean | undefined;
  /** What the honest half would send to one recipient: return what is sent instead, nothing included. */
  send?(to: ReplicaId, message: Message): readonly Message[];
  /** Ten times in a view time. */
  tick?(): void;
}

export type AdversaryFactory = (controls: AdversaryControls) => Adversary;
