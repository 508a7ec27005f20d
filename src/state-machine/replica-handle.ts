import type { ChainParameters } from '../model/chain.ts';
import type { ReplicaEvent, ReplicaEventType } from '../model/events.ts';
import type { BlockHash, Height, ReplicaId, View } from '../model/ids.ts';
import type { ValidatorSets } from '../model/validator-set.ts';

/** What the state machine needs of a replica; `startReplica` gives all of it. */
export interface ReplicaHandle {
  readonly id: ReplicaId;
  readonly chain: ChainParameters;
  readonly commands: {
    send(to: ReplicaId, frame: Uint8Array): void;
    broadcast(frame: Uint8Array): void;
    receive(receiver: (from: ReplicaId, frame: Uint8Array) => void): Disposable;
  };
  on<Type extends ReplicaEventType>(
    type: Type,
    listener: (event: Extract<ReplicaEvent, { readonly type: Type }>) => void,
  ): Disposable;
  status(): { readonly view: View; readonly height: Height | null };
  /** Who proposes in `view`, by the sets that are active now. */
  leadersOf(view: View): readonly ReplicaId[];
  snapshot(): CommittedState;
}

/** A stable view of what is committed; to be closed soon. */
export interface CommittedState {
  /** Null before the first block. */
  highestCommittedBlock(): { readonly height: Height; readonly hash: BlockHash } | null;
  appState(key: Uint8Array): Uint8Array | null;
  /** The data of a stored block. */
  data(hash: BlockHash): readonly Uint8Array[] | null;
  validatorSets(): ValidatorSets;
  close(): void;
}
