import type { ReplicaId } from '../model/ids.ts';
import type { ValidatorSet } from '../model/validator-set.ts';

/** Each has bounded queues of its own; consensus goes first on a shared link. */
export type Channel = 'consensus' | 'commands' | 'sync';

export type FrameReceiver = (from: ReplicaId, channel: Channel, frame: Uint8Array) => void;

/**
 * Carries frames between authenticated peers. Delivery is best effort: frames may be lost when a peer is away or too
 * slow, never altered, and `from` is proved by the peer's validator key. A received frame belongs to the receiver.
 * A sent frame must not be changed afterwards. `send` to oneself is the caller's business.
 */
export interface Network extends AsyncDisposable {
  /** Starts delivery to `receive`; called once. */
  listen(receive: FrameReceiver): void;
  send(to: ReplicaId, channel: Channel, frame: Uint8Array): void;
  /** To every connected peer, listeners included, but not to oneself. */
  broadcast(channel: Channel, frame: Uint8Array): void;
  /** The sets that are active from now on; called at start and whenever they change. */
  updateValidators(sets: { readonly committed: ValidatorSet; readonly previous: ValidatorSet }): void;
  /** Ids of the peers that are connected now. */
  connectedPeers(): readonly ReplicaId[];
  close(): Promise<void>;
}
