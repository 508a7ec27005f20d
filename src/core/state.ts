import {
  GENESIS_RANKED_PC,
  type PhaseCertificate,
  type ProgressCertificate,
  type RankedPc,
  type TimeoutCertificate,
} from '../model/certificate.ts';
import {
  asHeight,
  asMillis,
  asView,
  type BlockHash,
  type Height,
  type Millis,
  type ReplicaId,
  type View,
  ZERO_HASH,
} from '../model/ids.ts';
import type { Nudge, Proposal } from '../model/messages.ts';
import { createValidatorSet, type ValidatorSet, type ValidatorSets } from '../model/validator-set.ts';
import { emptySync, type SyncState } from './block-sync/state.ts';
import type { KeptPc, LastVote } from './block-tree/delta.ts';
import { emptyTree, type Tree } from './block-tree/tree.ts';
import type { CoreConfig } from './config.ts';
import { isActiveValidator, proposersOf } from './hotstuff/roles.ts';
import { emptyInbox, type Inbox } from './inbox.ts';
import type { RequestId, Ticket } from './input.ts';
import { invariant } from './invariant.ts';
import { emptyOutput, type Output } from './output.ts';
import type { Continuation } from './pending.ts';
import { noVerdicts, type Verdicts } from './verdicts.ts';
import type { Collectors } from './votes/collector.ts';

/** The committed block of the latest validator-set update and the certificate that committed it (R10). */
export interface LatestUpdate {
  readonly hash: BlockHash;
  readonly height: Height;
  readonly updatesBefore: number;
  readonly commitPc: PhaseCertificate;
}

/** What a proposer has done in the current view. */
export interface Proposing {
  /** `waiting` for NewViews (R27), `asked` the app, or `done`: nothing more is proposed in this view. */
  status: 'idle' | 'waiting' | 'asked' | 'done';
  /** Whether the wait for NewViews is over because its time is. */
  waitOver: boolean;
  request: RequestId | null;
  /** What is being proposed on. */
  justify: PhaseCertificate | null;
  /** Whether the app was allowed to wait for commands. */
  mayWait: boolean;
}

/** A proposal or nudge that is tried again when what it lacks arrives. */
export interface WaitingMessage {
  readonly from: ReplicaId;
  readonly message: Proposal | Nudge;
  readonly lacks: 'block' | 'lock' | 'decision';
}

/** One per leader and view, shared by proposals and nudges. */
export interface Slot {
  used: boolean;
  /** What was tried in it: block hashes and nudges' statements. */
  readonly tried: string[];
}

/** What a peer sent while the receiver stays in one view (R19). */
export interface Budget {
  proposals: number;
  newViews: number;
  advanceViews: number;
  timeoutVotes: number;
}

/**
 * The whole state of a replica's protocol: plain data, so that it can be recorded and compared. Only `step` changes
 * it. What must survive a restart is in `Recovered`; the rest may be lost at any time without harm to safety.
 */
export interface Core {
  readonly config: CoreConfig;
  started: boolean;
  halted: boolean;
  now: Millis;
  random: number;
  out: Output;

  lastRequest: number;
  readonly pending: Map<RequestId, Continuation>;
  lastTicket: Ticket;
  /** All tickets up to this one are durable. */
  durable: Ticket;
  /** Of the last insertion or commit: what is served and advertised is read from the disk. */
  treeTicket: Ticket;
  entryTicket: Ticket;

  readonly tree: Tree;
  sets: ValidatorSets;
  latestUpdate: LatestUpdate | null;
  lockedPc: RankedPc;
  highestPc: RankedPc;
  highestTc: TimeoutCertificate | null;
  /** Certificates of unknown blocks (R15), one per sender and a few formed here, by slot name. */
  readonly kept: Map<string, KeptPc>;
  readonly verdicts: Verdicts;

  view: View;
  enteredAt: Millis;
  enteredBy: 'certificate' | 'timer' | 'start';
  /** Of the latest entry by certificate; entries by timer leave it (R14). */
  entryCertificate: ProgressCertificate | null;
  /** Views left by timer since one was last left by a certificate (R30). */
  timersInARow: number;
  readonly seenViews: Map<ReplicaId, View>;
  /** Timeout votes answered, by peer (R14). */
  readonly answered: Map<ReplicaId, { readonly view: View; readonly at: Millis }[]>;

  lastVote: LastVote | null;
  /** A proposal of a view up to this one may have left (R29). */
  proposeUpTo: View;
  proposeUpToTicket: Ticket;
  /** `proposeUpTo` of an earlier life: nothing is proposed up to it. */
  proposedBefore: View;
  readonly slots: Map<ReplicaId, Slot>;
  waiting: WaitingMessage[];
  proposing: Proposing;
  /** NewViews of the view before the current one (R27). */
  readonly newViews: Map<ReplicaId, PhaseCertificate>;
  /** Certificates formed in this step that are broadcast unless a proposal carries them. */
  formed: ProgressCertificate[];
  /** View for which this proposer has broadcast the certificate that it waits with. */
  announced: View | null;

  readonly collectors: Collectors;
  readonly inbox: Inbox;
  readonly budgets: Map<ReplicaId, Budget>;
  /** Peers that sent a certificate that failed: nothing of theirs is verified for as long as budgets count. */
  readonly muted: Set<ReplicaId>;
  readonly sync: SyncState;
}

export const NOTHING_PROPOSED: Readonly<Proposing> = {
  status: 'idle',
  waitOver: false,
  request: null,
  justify: null,
  mayWait: false,
};

/** A core that has not recovered yet: its first input must be `recovered`. */
export function createCore(config: CoreConfig): Core {
  // Replaced by the recovered sets before anything reads it.
  const nobody = createValidatorSet([{ id: config.me, power: 1 as never }]) as ValidatorSet;
  return {
    config,
    started: false,
    halted: false,
    now: asMillis(0),
    random: config.seed | 0,
    out: emptyOutput(),
    lastRequest: 0,
    pending: new Map(),
    lastTicket: 0 as Ticket,
    durable: 0 as Ticket,
    treeTicket: 0 as Ticket,
    entryTicket: 0 as Ticket,
    tree: emptyTree(),
    sets: { committed: nobody, previous: nobody, updateHeight: null, decided: true },
    latestUpdate: null,
    lockedPc: GENESIS_RANKED_PC,
    highestPc: GENESIS_RANKED_PC,
    highestTc: null,
    kept: new Map(),
    verdicts: noVerdicts(),
    view: asView(0),
    enteredAt: asMillis(0),
    enteredBy: 'start',
    entryCertificate: null,
    timersInARow: 0,
    seenViews: new Map(),
    answered: new Map(),
    lastVote: null,
    proposeUpTo: asView(0),
    proposeUpToTicket: 0 as Ticket,
    proposedBefore: asView(0),
    slots: new Map(),
    waiting: [],
    proposing: { ...NOTHING_PROPOSED },
    newViews: new Map(),
    formed: [],
    announced: null,
    collectors: { phases: new Map(), timeouts: new Map() },
    inbox: emptyInbox(),
    budgets: new Map(),
    muted: new Set(),
    sync: emptySync(),
  };
}

export const amActiveValidator = (core: Core): boolean => isActiveValidator(core.sets, core.config.me);

export const amProposer = (core: Core, view: View): boolean =>
  proposersOf(core.sets, view, core.config.chain.leaderTenure).includes(core.config.me);

/** What a host may want to show; a copy. */
export interface CoreStatus {
  readonly view: View;
  readonly leaders: readonly ReplicaId[];
  readonly isActiveValidator: boolean;
  readonly highestCommitted: { readonly height: Height; readonly hash: BlockHash } | null;
  readonly highestPc: RankedPc;
  readonly lockedPc: RankedPc;
  readonly lastVote: LastVote | null;
  readonly validatorSets: ValidatorSets;
  readonly uncommittedBlocks: number;
}

export function coreStatus(core: Core): CoreStatus {
  return {
    view: core.view,
    leaders: proposersOf(core.sets, core.view, core.config.chain.leaderTenure),
    isActiveValidator: amActiveValidator(core),
    highestCommitted:
      core.tree.root === ZERO_HASH ? null : { height: asHeight(core.tree.rootHeight), hash: core.tree.root },
    highestPc: core.highestPc,
    lockedPc: core.lockedPc,
    lastVote: core.lastVote,
    validatorSets: core.sets,
    uncommittedBlocks: core.tree.blocks.size - (core.tree.root === ZERO_HASH ? 0 : 1),
  };
}

/** Sizes of everything that peers can make grow, by name, for bounds checks. */
export function coreSizes(core: Core): Readonly<Record<string, number>> {
  return {
    blocks: core.tree.blocks.size,
    pending: core.pending.size,
    kept: core.kept.size,
    verdicts: core.verdicts.valid.size + core.verdicts.refused.size,
    waiting: core.waiting.length,
    slots: core.slots.size,
    inboxBytes: core.inbox.bytes,
    syncPeers: core.sync.peers.size,
    syncJobs: core.sync.jobs.length,
    syncRequests: core.sync.requests.size,
  };
}

export function assertStarted(core: Core): void {
  invariant(core.started, 'the first input must be recovered');
}
