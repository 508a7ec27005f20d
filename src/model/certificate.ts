import { asChainId, asView, type BlockHash, type ChainId, type View, ZERO_HASH } from './ids.ts';
import { NO_SIGNATURES, type SignatureSet } from './scheme.ts';

/** Phases of voting (SPECIFICATION.md section 6). Pipelined blocks use Generic only. */
export type Phase = 'generic' | 'prepare' | 'precommit' | 'commit' | 'decide';

/** Wire numbers of the phases: the position in this list. */
export const PHASES: readonly Phase[] = ['generic', 'prepare', 'precommit', 'commit', 'decide'];

/** Proof that a quorum voted for `(chainId, view, block, phase)`. */
export interface PhaseCertificate {
  readonly chainId: ChainId;
  readonly view: View;
  readonly block: BlockHash;
  readonly phase: Phase;
  readonly signatures: SignatureSet;
}

/** Proof that a quorum voted to leave the epoch-change view `view`. */
export interface TimeoutCertificate {
  readonly chainId: ChainId;
  readonly view: View;
  readonly signatures: SignatureSet;
}

/** What makes a replica leave a view: a certificate for it or a later one. */
export type ProgressCertificate =
  | { readonly type: 'pc'; readonly pc: PhaseCertificate }
  | { readonly type: 'tc'; readonly tc: TimeoutCertificate };

export const viewOfProgress = (certificate: ProgressCertificate): View =>
  certificate.type === 'pc' ? certificate.pc.view : certificate.tc.view;

/** Correct by definition; justifies blocks of height 0 only (SPECIFICATION.md section 2). */
export const GENESIS_PC: PhaseCertificate = {
  chainId: asChainId(0),
  view: asView(0),
  block: ZERO_HASH,
  phase: 'generic',
  signatures: NO_SIGNATURES,
};

/** Whether `pc` is the genesis certificate, every field included. */
export function isGenesisPc(pc: PhaseCertificate): boolean {
  return (
    pc.chainId === 0 &&
    pc.view === 0 &&
    pc.block === ZERO_HASH &&
    pc.phase === 'generic' &&
    pc.signatures.slots === 0 &&
    pc.signatures.bytes.length === 0
  );
}

/** Two quorums can sign the same statement: certificates are compared by what they certify, never by bytes. */
export function isSameStatement(a: PhaseCertificate, b: PhaseCertificate): boolean {
  return a.view === b.view && a.block === b.block && a.phase === b.phase && a.chainId === b.chainId;
}

/**
 * Orders certificates of different validator sets (R1), compared lexicographically: `updates` is the number of
 * validator-set-updating blocks strictly before the certificate's block on its branch, plus 1 for a Decide
 * certificate; `commit` is 1 for a Commit certificate; then the view.
 */
export interface Rank {
  readonly updates: number;
  readonly commit: 0 | 1;
  readonly view: View;
}

export const GENESIS_RANK: Rank = { updates: 0, commit: 0, view: asView(0) };

/** Negative, zero or positive as `a` is below, at or above `b`. */
export function compareRanks(a: Rank, b: Rank): number {
  return a.updates - b.updates || a.commit - b.commit || a.view - b.view;
}

/** Rank of a certificate whose block has `updatesBefore` validator-set-updating blocks strictly before it. */
export function rankOf(pc: PhaseCertificate, updatesBefore: number): Rank {
  return {
    updates: updatesBefore + (pc.phase === 'decide' ? 1 : 0),
    commit: pc.phase === 'commit' ? 1 : 0,
    view: pc.view,
  };
}

/** A certificate of a known block with its rank, as lockedPc and highestPc are kept and stored. */
export interface RankedPc {
  readonly pc: PhaseCertificate;
  readonly rank: Rank;
}

export const GENESIS_RANKED_PC: RankedPc = { pc: GENESIS_PC, rank: GENESIS_RANK };
