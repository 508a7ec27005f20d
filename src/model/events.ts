import type { BlockHeader } from './block.ts';
import type { Phase, PhaseCertificate, TimeoutCertificate } from './certificate.ts';
import type { BlockHash, Height, ReplicaId, View } from './ids.ts';
import type { ValidatorSets, ValidatorSetUpdates } from './validator-set.ts';

/** Why a message of a peer was dropped, in whole or in part. Never a reason to stop. */
export type RejectionCode =
  | 'malformed'
  | 'wrong-chain'
  | 'not-a-validator'
  | 'not-the-proposer'
  | 'duplicate'
  | 'stale'
  | 'too-far-ahead'
  | 'quota-exceeded'
  | 'muted'
  | 'bad-block-hash'
  | 'bad-data-hash'
  | 'bad-height'
  | 'bad-justify'
  | 'not-on-committed-branch'
  | 'bad-certificate'
  | 'bad-signature'
  | 'bad-validator-update'
  | 'invalid-block'
  | 'unsafe-nudge'
  | 'uncertified-block'
  | 'unsolicited'
  | 'overloaded';

/** A peer's fault, or its misfortune: `code` is stable, `detail` is for people. */
export interface Rejection {
  readonly code: RejectionCode;
  readonly detail?: string;
}

/** Everything that a replica tells its host; each kind of HotStuff-rs v0.4.0's events has its counterpart. */
export type ReplicaEvent =
  | { readonly type: 'started'; readonly view: View; readonly height: Height | null }
  | { readonly type: 'view-started'; readonly view: View; readonly by: 'certificate' | 'timer' | 'start' }
  | { readonly type: 'view-timed-out'; readonly view: View }
  | { readonly type: 'proposed'; readonly view: View; readonly block: BlockHash; readonly height: Height }
  | { readonly type: 'nudged'; readonly view: View; readonly justify: PhaseCertificate }
  | { readonly type: 'phase-voted'; readonly view: View; readonly block: BlockHash; readonly phase: Phase }
  | { readonly type: 'new-view-sent'; readonly view: View; readonly highestPc: PhaseCertificate }
  | { readonly type: 'timeout-voted'; readonly view: View }
  | {
      readonly type: 'view-advanced';
      readonly view: View;
      readonly why: 'former' | 'relay' | 're-proposal' | 'answer' | 'commit';
    }
  | {
      readonly type: 'proposal-received';
      readonly from: ReplicaId;
      readonly view: View;
      readonly block: BlockHash;
    }
  | {
      readonly type: 'nudge-received';
      readonly from: ReplicaId;
      readonly view: View;
      readonly justify: PhaseCertificate;
    }
  | {
      readonly type: 'phase-vote-received';
      readonly from: ReplicaId;
      readonly view: View;
      readonly block: BlockHash;
      readonly phase: Phase;
    }
  | {
      readonly type: 'new-view-received';
      readonly from: ReplicaId;
      readonly view: View;
      readonly highestPc: PhaseCertificate;
    }
  | { readonly type: 'timeout-vote-received'; readonly from: ReplicaId; readonly view: View }
  | { readonly type: 'advance-view-received'; readonly from: ReplicaId; readonly view: View }
  | { readonly type: 'pc-collected'; readonly pc: PhaseCertificate }
  | { readonly type: 'tc-collected'; readonly tc: TimeoutCertificate }
  | { readonly type: 'block-inserted'; readonly block: BlockHeader }
  | { readonly type: 'block-pruned'; readonly block: BlockHash; readonly height: Height }
  | { readonly type: 'block-committed'; readonly block: BlockHash; readonly height: Height }
  | { readonly type: 'highest-pc-updated'; readonly pc: PhaseCertificate }
  | { readonly type: 'locked-pc-updated'; readonly pc: PhaseCertificate }
  | { readonly type: 'highest-tc-updated'; readonly tc: TimeoutCertificate }
  | {
      readonly type: 'validator-set-updated';
      readonly block: BlockHash;
      readonly updates: ValidatorSetUpdates;
      readonly sets: ValidatorSets;
    }
  | { readonly type: 'validator-set-decided'; readonly sets: ValidatorSets }
  | { readonly type: 'sync-started'; readonly from: ReplicaId; readonly startHeight: Height }
  | {
      readonly type: 'sync-ended';
      readonly from: ReplicaId;
      readonly blocks: number;
      readonly outcome: 'progress' | 'nothing-new' | 'failed' | 'timed-out';
    }
  | {
      readonly type: 'sync-request-received';
      readonly from: ReplicaId;
      readonly startHeight: Height;
      readonly limit: number;
    }
  | {
      readonly type: 'sync-response-sent';
      readonly to: ReplicaId;
      readonly startHeight: Height;
      readonly blocks: number;
    }
  | { readonly type: 'peer-blacklisted'; readonly peer: ReplicaId; readonly untilMs: number }
  | {
      readonly type: 'message-rejected';
      readonly from: ReplicaId;
      readonly message: string;
      readonly rejection: Rejection;
    }
  | { readonly type: 'app-failed'; readonly call: 'produceBlock' | 'validateBlock'; readonly error: unknown }
  | { readonly type: 'halted'; readonly reason: unknown };

export type ReplicaEventType = ReplicaEvent['type'];
