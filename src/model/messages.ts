import type { Block } from './block.ts';
import type { Phase, PhaseCertificate, ProgressCertificate, TimeoutCertificate } from './certificate.ts';
import type { BlockHash, ChainId, Height, View } from './ids.ts';

/** Messages between replicas (SPECIFICATION.md section 2); the codec nests them into v0.4.0's enums. */
export interface Proposal {
  readonly type: 'proposal';
  readonly chainId: ChainId;
  readonly view: View;
  readonly block: Block;
}

export interface Nudge {
  readonly type: 'nudge';
  readonly chainId: ChainId;
  readonly view: View;
  readonly justify: PhaseCertificate;
}

export interface PhaseVote {
  readonly type: 'phase-vote';
  readonly chainId: ChainId;
  readonly view: View;
  readonly block: BlockHash;
  readonly phase: Phase;
  readonly signature: Uint8Array;
}

/** Sent on entering view `view + 1`. */
export interface NewView {
  readonly type: 'new-view';
  readonly chainId: ChainId;
  readonly view: View;
  readonly highestPc: PhaseCertificate;
}

export interface TimeoutVote {
  readonly type: 'timeout-vote';
  readonly chainId: ChainId;
  readonly view: View;
  readonly signature: Uint8Array;
  readonly highestTc: TimeoutCertificate | null;
}

export interface AdvanceView {
  readonly type: 'advance-view';
  readonly certificate: ProgressCertificate;
}

export interface AdvertiseBlock {
  readonly type: 'advertise-block';
  readonly chainId: ChainId;
  readonly height: Height;
  readonly signature: Uint8Array;
}

export interface AdvertisePc {
  readonly type: 'advertise-pc';
  readonly highestPc: PhaseCertificate;
}

export interface BlockSyncRequest {
  readonly type: 'block-sync-request';
  readonly chainId: ChainId;
  readonly startHeight: Height;
  readonly limit: number;
}

export interface BlockSyncResponse {
  readonly type: 'block-sync-response';
  readonly blocks: readonly Block[];
  readonly highestPc: PhaseCertificate;
}

export type HotStuffMessage = Proposal | Nudge | PhaseVote | NewView;
export type PacemakerMessage = TimeoutVote | AdvanceView;
export type BlockSyncAdvertisement = AdvertiseBlock | AdvertisePc;
export type BlockSyncMessage = BlockSyncRequest | BlockSyncResponse;
export type ProgressMessage = HotStuffMessage | PacemakerMessage | BlockSyncAdvertisement;
export type Message = ProgressMessage | BlockSyncMessage;

/** What a signature of the protocol is over; the preimages are in codec/signing.ts. */
export type Subject =
  | {
      readonly type: 'phase-vote';
      readonly chainId: ChainId;
      readonly view: View;
      readonly block: BlockHash;
      readonly phase: Phase;
    }
  | { readonly type: 'timeout-vote'; readonly chainId: ChainId; readonly view: View }
  | { readonly type: 'advertise-block'; readonly chainId: ChainId; readonly height: Height };

/** Subjects that certificates are made of. */
export type VoteSubject = Exclude<Subject, { type: 'advertise-block' }>;

/**
 * What the core hands out: votes and advertisements are signed by the shell when they are released (private keys
 * never enter the core), and proposals name a block whose data the shell holds.
 */
export type OutgoingMessage =
  | Exclude<Message, Proposal | PhaseVote | TimeoutVote | AdvertiseBlock | BlockSyncResponse>
  | Omit<PhaseVote, 'signature'>
  | Omit<TimeoutVote, 'signature'>
  | Omit<AdvertiseBlock, 'signature'>
  | (Omit<Proposal, 'block'> & { readonly block: BlockHash });
