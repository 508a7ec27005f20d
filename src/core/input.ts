import type { ProducedBlock, Validity } from '../model/app.ts';
import type { Millis, ReplicaId, View } from '../model/ids.ts';
import type { Message } from '../model/messages.ts';
import type { SignatureSet } from '../model/scheme.ts';
import type { Recovered } from './recovered.ts';

/** Numbers persist effects; a ticket is durable when it and all before it are. Never reused in a process. */
export type Ticket = number & { readonly __ticket: true };
/** Names an asynchronous question of the core; never reused in a process. */
export type RequestId = number & { readonly __request: true };

/** Timers carry what they were set for, so that a stale one is harmless. */
export type TimerId =
  | { readonly type: 'view' | 'form-pc' | 'new-views' | 'relay'; readonly view: View }
  | { readonly type: 'sync-trigger' | 'advertise' | 'fetch' }
  | { readonly type: 'sync-request'; readonly request: RequestId };

/** What happened; `now` is monotonic. The order of inputs determines everything that the core does. */
export type Input = { readonly now: Millis } & (
  | { readonly type: 'recovered'; readonly disk: Recovered }
  /** `bytes` is the frame's size; the shell has decoded it and checked every block's data against its data hash (R17). */
  | {
      readonly type: 'message-received';
      readonly from: ReplicaId;
      readonly message: Message;
      readonly bytes: number;
    }
  | { readonly type: 'timer-fired'; readonly timer: TimerId }
  | { readonly type: 'persisted'; readonly ticket: Ticket }
  | { readonly type: 'signatures-checked'; readonly request: RequestId; readonly valid: Uint8Array }
  | {
      readonly type: 'certificate-formed';
      readonly request: RequestId;
      readonly signatures: SignatureSet | null;
      readonly badSigners: readonly ReplicaId[];
    }
  /** Null when the app failed or the request was cancelled. */
  | { readonly type: 'block-produced'; readonly request: RequestId; readonly block: ProducedBlock | null }
  /** Null when the app failed; that is no verdict: the replica abstains. */
  | { readonly type: 'block-validated'; readonly request: RequestId; readonly validity: Validity | null }
);
