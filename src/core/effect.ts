import type { ProduceRequest, ValidateRequest } from '../model/app.ts';
import type { PhaseCertificate } from '../model/certificate.ts';
import type { ReplicaEvent } from '../model/events.ts';
import type { BlockHash, Height, Millis, ReplicaId } from '../model/ids.ts';
import type { OutgoingMessage, Subject, VoteSubject } from '../model/messages.ts';
import type { SignatureSet } from '../model/scheme.ts';
import type { ValidatorSet, ValidatorSets } from '../model/validator-set.ts';
import type { TreeDelta } from './block-tree/delta.ts';
import type { RequestId, Ticket, TimerId } from './input.ts';
import type { InvariantViolation } from './invariant.ts';

/** Written out where an effect may leave at once, so that nobody forgets to think about it. */
export const NO_WAIT = 0 as Ticket;

/** What to verify; the shell builds the preimage of `subject`. */
export type CoreCheck =
  | {
      readonly type: 'signature';
      readonly signer: ReplicaId;
      readonly subject: Subject;
      readonly signature: Uint8Array;
    }
  | {
      readonly type: 'certificate';
      readonly set: ValidatorSet;
      readonly subject: VoteSubject;
      readonly signatures: SignatureSet;
    };

/**
 * What the shell is to do, in order. Every effect with `after` is held back until that ticket is durable (R6, R29).
 *
 * `persist`: apply `delta` in one atomic transaction. `now` is flushed at once; `lazy` joins the next flush, or one
 * of its own viewTime / 8 after it was asked for at the latest. The shell answers `persisted`; a failure halts.
 * `send` to 'all' goes to every peer and to this replica itself (R24), and a list may contain this replica too: it
 * then comes back as `message-received` from itself.
 * `set-timer` replaces an equal timer. `cancel` makes the answer of a request unwanted; it may still come.
 * `serve-blocks`: the shell reads committed blocks from `startHeight`, then `branch` (uncommitted, oldest first),
 * within the chain's limits, ending early at a committed block with a stored Commit certificate, which then takes
 * `highestPc`'s place (R10), and sends a BlockSyncResponse.
 */
export type Effect =
  | {
      readonly type: 'persist';
      readonly ticket: Ticket;
      readonly delta: TreeDelta;
      readonly flush: 'now' | 'lazy';
    }
  | {
      readonly type: 'send';
      readonly to: readonly ReplicaId[] | 'all';
      readonly message: OutgoingMessage;
      readonly after: Ticket;
    }
  | { readonly type: 'set-timer'; readonly timer: TimerId; readonly at: Millis }
  | {
      readonly type: 'check-signatures';
      readonly request: RequestId;
      readonly checks: readonly CoreCheck[];
      readonly priority: 'now' | 'soon' | 'sync';
    }
  | {
      readonly type: 'form-certificate';
      readonly request: RequestId;
      readonly set: ValidatorSet;
      readonly subject: VoteSubject;
      readonly votes: readonly { readonly signer: ReplicaId; readonly signature: Uint8Array }[];
    }
  | { readonly type: 'cancel'; readonly request: RequestId }
  | { readonly type: 'produce-block'; readonly request: RequestId; readonly ask: ProduceRequest }
  | { readonly type: 'validate-block'; readonly request: RequestId; readonly ask: ValidateRequest }
  | {
      readonly type: 'serve-blocks';
      readonly to: ReplicaId;
      readonly startHeight: Height;
      readonly limit: number;
      readonly branch: readonly BlockHash[];
      readonly highestPc: PhaseCertificate;
      readonly after: Ticket;
    }
  | { readonly type: 'update-validators'; readonly sets: ValidatorSets; readonly after: Ticket }
  | { readonly type: 'emit'; readonly event: ReplicaEvent; readonly after: Ticket }
  | { readonly type: 'halt'; readonly fault: InvariantViolation };
