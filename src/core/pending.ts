import type { PhaseCertificate } from '../model/certificate.ts';
import type { ReplicaId, View } from '../model/ids.ts';
import type { AdvertiseBlock, Message, Proposal, VoteSubject } from '../model/messages.ts';
import type { SignatureSet } from '../model/scheme.ts';
import type { ValidatorSet } from '../model/validator-set.ts';
import type { SyncJob } from './block-sync/state.ts';
import type { RequestId } from './input.ts';
import { invariant } from './invariant.ts';
import { perform } from './output.ts';
import type { Core } from './state.ts';

/** A message whose certificates are being verified; handled when they are. */
export interface Waiter {
  readonly from: ReplicaId;
  readonly message: Message;
  readonly bytes: number;
}

export interface CertificateQuestion {
  readonly set: ValidatorSet;
  readonly subject: VoteSubject;
  readonly signatures: SignatureSet;
}

/** What to go on with when an answer comes: plain data. */
export type Continuation =
  | {
      readonly type: 'certificates';
      readonly questions: readonly CertificateQuestion[];
      readonly waiters: Waiter[];
    }
  | {
      readonly type: 'sync-certificates';
      readonly questions: readonly CertificateQuestion[];
      readonly job: SyncJob;
    }
  | { readonly type: 'advertisement'; readonly from: ReplicaId; readonly message: AdvertiseBlock }
  | {
      readonly type: 'form';
      readonly set: ValidatorSet;
      readonly subject: VoteSubject;
      /** How many votes went into it: more that come later are worth another try. */
      readonly votes: number;
    }
  | { readonly type: 'produce'; readonly view: View; readonly justify: PhaseCertificate }
  | {
      readonly type: 'validate-proposal';
      readonly from: ReplicaId;
      readonly message: Proposal;
      /** Whose quorum was found to have signed the justify; null for that of genesis. */
      readonly signedBy: ValidatorSet | null;
    }
  | { readonly type: 'validate-sync'; readonly job: SyncJob };

/** Open questions at once; beyond it messages that need one are dropped. A thousand validators fit. */
export const MAX_PENDING = 4_096;
/** Of these, what anybody may cause who advertises: the rest is kept for validators. */
export const MAX_PENDING_FOR_STRANGERS: number = MAX_PENDING / 2;

export function remember(core: Core, request: RequestId, continuation: Continuation): void {
  invariant(!core.pending.has(request), 'a request id is used once');
  core.pending.set(request, continuation);
}

/** Makes the answer to a request unwanted. */
export function cancel(core: Core, request: RequestId): void {
  core.pending.delete(request);
  perform(core, { type: 'cancel', request });
}

/** Takes the continuation of an answer; null when the request was cancelled. */
export function resume<Type extends Continuation['type']>(
  core: Core,
  request: RequestId,
  ...types: readonly Type[]
): Extract<Continuation, { type: Type }> | null {
  const continuation = core.pending.get(request);
  if (continuation === undefined) return null;
  core.pending.delete(request);
  invariant(types.includes(continuation.type as Type), `an answer of the wrong kind to ${continuation.type}`);
  return continuation as Extract<Continuation, { type: Type }>;
}
