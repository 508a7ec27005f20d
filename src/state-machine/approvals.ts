import { createHash } from 'node:crypto';
import { bytesToHex, hexToBytes } from '../model/hex.ts';
import { asReplicaId, type ReplicaId } from '../model/ids.ts';
import { SCHEME_SIZES } from '../model/scheme.ts';
import { isMember, powerOf, type ValidatorSet, type ValidatorSetUpdates } from '../model/validator-set.ts';
import {
  type Approval,
  approvalPreimage,
  decodeApproval,
  decodeProposed,
  encodeApproval,
  encodeProposed,
  type ProposedUpdate,
  proposedIn,
} from './approval-codec.ts';
import type { ApplyContext, StateDraft, ValidatorRules } from './definition.ts';
import { readU64, writeU64 } from './envelope.ts';
import { ApprovalError } from './errors.ts';

export interface ApprovalOptions {
  readonly chain: ValidatorRules['chain'];
  /** Whether a validator's signature is valid: `signatureCheck` of `hotstuff-ts/native` makes one. Pure. */
  verify(check: {
    readonly signer: ReplicaId;
    readonly preimage: Uint8Array;
    readonly signature: Uint8Array;
  }): boolean;
  /** Begins the keys of the records in the state; no other key may begin so. */
  readonly keyPrefix: Uint8Array;
}

/** What an approval came to. */
export type ApprovalOutcome =
  /** It counts; more are needed. */
  | 'approved'
  /** It was the one that was missing: the validator set is updated. */
  | 'applied'
  /** The signer's approval does not count any more. */
  | 'withdrawn';

/** Updates that have approvals, but not enough yet. */
export interface OpenProposals {
  /** Of the next update. */
  readonly number: number;
  readonly proposals: readonly {
    readonly updates: ValidatorSetUpdates;
    /** In ascending order. */
    readonly approvedBy: readonly ReplicaId[];
  }[];
}

/**
 * A policy for updates of the validator set: one is made as soon as a quorum of the current set's power has signed
 * it. So faulty validators, who have less than a third, can neither make an update nor prevent one; no key has
 * authority beyond that of its power.
 *
 * Validators approve by commands, in any order and at any time. Each has one approval at a time: approving another
 * update moves it, and approving one that changes nothing withdraws it. What it says is numbered by turns, so that
 * nobody can repeat for it what it has moved or withdrawn. With every update that is made, all approvals end: they are
 * of its number, and the next one has another.
 */
export interface Approvals {
  /** What a validator signs to approve in `turn`. Throws `RangeError` unless keys and proofs have the scheme's sizes. */
  preimage(proposed: ProposedUpdate, turn: number): Uint8Array;
  /** The command that carries an approval. */
  encode(approval: Approval): Uint8Array;
  /** The meaning of such a command, to be called from `apply`. Throws `ApprovalError` or `ValidatorUpdateError`. */
  apply(command: Uint8Array, state: StateDraft, context: ApplyContext): ApprovalOutcome;
  /** What is open in a state, read with the same keys. */
  read(state: Pick<StateDraft, 'get'>): OpenProposals;
  /** The turn of what `signer` says next about the next update. */
  nextTurn(state: Pick<StateDraft, 'get'>, signer: ReplicaId): number;
}

/** What a validator has said last. */
interface StoredApproval {
  readonly signer: ReplicaId;
  readonly turn: number;
  /** Of the block that carried it. */
  readonly height: number;
  /** SHA-256 of the proposed update, as hex; `WITHDRAWN` if that was to change nothing. */
  readonly digest: string;
}

/** The one record of what is open: at most one entry for each validator. */
interface Book {
  readonly number: number;
  /** In ascending order of signers. */
  readonly approvals: readonly StoredApproval[];
}

const BOOK = 0;
const PROPOSED = 1;
const DIGEST_BYTES = 32;
const WITHDRAWN = '00'.repeat(DIGEST_BYTES);

export function createApprovals({ chain, verify, keyPrefix }: ApprovalOptions): Approvals {
  const { scheme, chainId } = chain;
  const bookKey = withPrefix(keyPrefix, Uint8Array.of(BOOK));
  const proposedKey = (digest: string): Uint8Array =>
    withPrefix(keyPrefix, Uint8Array.of(PROPOSED, ...hexToBytes(digest)));
  const readBook = (state: Pick<StateDraft, 'get'>): Book =>
    decodeBook(state.get(bookKey), SCHEME_SIZES[scheme].publicKey);

  function apply(command: Uint8Array, state: StateDraft, context: ApplyContext): ApprovalOutcome {
    const approval = decodeApproval(scheme, command);
    if (approval === null) throw new ApprovalError('malformed', 'the command is no approval of this chain');
    const { signer, turn, proposed } = approval;
    const { validators, height } = context;
    const bytes = proposedIn(scheme, command);
    const isWithdrawal = proposed.updates.inserts.length + proposed.updates.deletes.length === 0;
    const digest = isWithdrawal ? WITHDRAWN : createHash('sha256').update(bytes).digest('hex');
    const book = readBook(state);
    // What costs least comes first: the signature is checked last, and twice in a block for a validator at most.
    checkPlace(book, approval, digest, { set: validators.set, height });
    if (!isWithdrawal) validators.preview(proposed.updates);
    checkSignature(approval, approvalPreimage(chainId, turn, bytes));
    const others = book.approvals.filter((each) => each.signer !== signer);
    const approvals = [...others, { signer, turn, height, digest }].sort(bySigner);
    if (isWithdrawal) {
      save(state, book, { number: book.number, approvals });
      return 'withdrawn';
    }
    const { set } = validators;
    if (powerOfAll(set, approvals, digest) >= set.quorum) {
      validators.update(proposed.updates);
      save(state, book, { number: book.number + 1, approvals: [] });
      return 'applied';
    }
    state.set(proposedKey(digest), new Uint8Array(bytes));
    save(state, book, { number: book.number, approvals });
    return 'approved';
  }

  function checkSignature({ signer, signature }: Approval, preimage: Uint8Array): void {
    if (verify({ signer, preimage, signature })) return;
    throw new ApprovalError('bad-signature', `the signature is not that of ${signer} under this update`);
  }

  /** Proposed updates that nobody approves any more are forgotten. */
  function save(state: StateDraft, before: Book, after: Book): void {
    const needed = new Set(after.approvals.map(({ digest }) => digest));
    for (const { digest } of before.approvals) {
      if (digest !== WITHDRAWN && !needed.has(digest)) state.delete(proposedKey(digest));
    }
    state.set(bookKey, encodeBook(after));
  }

  function read(state: Pick<StateDraft, 'get'>): OpenProposals {
    const { number, approvals } = readBook(state);
    const digests = new Set(approvals.map(({ digest }) => digest));
    digests.delete(WITHDRAWN);
    const proposals = [...digests].map((digest) => {
      const stored = state.get(proposedKey(digest));
      const proposed = stored === null ? null : decodeProposed(scheme, stored.slice());
      if (proposed === null) throw new TypeError('malformed proposed update in the state');
      const approvedBy = approvals.filter((each) => each.digest === digest).map(({ signer }) => signer);
      return { updates: proposed.updates, approvedBy };
    });
    return { number, proposals };
  }
  return {
    preimage: (proposed, turn) => approvalPreimage(chainId, turn, encodeProposed(scheme, proposed)),
    encode: (approval) => encodeApproval(scheme, approval),
    apply,
    read,
    nextTurn: (state, signer) => turnAfter(entryOf(readBook(state), signer)),
  };
}

const entryOf = ({ approvals }: Book, id: ReplicaId): StoredApproval | undefined =>
  approvals.find(({ signer }) => signer === id);

const turnAfter = (entry: StoredApproval | undefined): number => (entry?.turn ?? 0) + 1;

/** Whether the approval has a place in the book, before its signature is looked at. */
function checkPlace(
  book: Book,
  { signer, turn, proposed }: Approval,
  digest: string,
  place: { readonly set: ValidatorSet; readonly height: number },
): void {
  if (proposed.number !== book.number) {
    throw new ApprovalError(
      'wrong-number',
      `the approval is of update ${proposed.number}, and the next one is ${book.number}: look at the set, and approve again`,
    );
  }
  if (!isMember(place.set, signer)) {
    throw new ApprovalError(
      'not-a-validator',
      `${signer} is not in the validator set: its approval counts nothing`,
    );
  }
  const standing = entryOf(book, signer);
  if (digest === WITHDRAWN && (standing?.digest ?? WITHDRAWN) === WITHDRAWN) {
    throw new ApprovalError('nothing-to-withdraw', `${signer} has approved no open update`);
  }
  if (standing?.digest === digest) {
    throw new ApprovalError('already-approved', `${signer} has approved this update already`);
  }
  if (turn !== turnAfter(standing)) {
    throw new ApprovalError(
      'wrong-turn',
      `this is of turn ${turn} of ${signer}, whose next is ${turnAfter(standing)}: it has said something else since; ask again`,
    );
  }
  if (standing?.height === place.height) {
    throw new ApprovalError('too-many', `${signer} has approved another update in this block; try again`);
  }
}

const bySigner = (a: StoredApproval, b: StoredApproval): number => (a.signer < b.signer ? -1 : 1);

/** Of those who approve the update of this digest. */
const powerOfAll = (set: ValidatorSet, approvals: readonly StoredApproval[], digest: string): number =>
  approvals.reduce((sum, each) => (each.digest === digest ? sum + powerOf(set, each.signer) : sum), 0);

function withPrefix(prefix: Uint8Array, rest: Uint8Array): Uint8Array {
  const key = new Uint8Array(prefix.length + rest.length);
  key.set(prefix, 0);
  key.set(rest, prefix.length);
  return key;
}

/** Number (u64), then for each approval its signer's key, turn (u64), height (u64) and digest. */
function encodeBook({ number, approvals }: Book): Uint8Array {
  const head = new Uint8Array(8);
  writeU64(head, 0, number);
  const parts = approvals.flatMap(({ signer, turn, height, digest }) => {
    const numbers = new Uint8Array(16);
    writeU64(numbers, 0, turn);
    writeU64(numbers, 8, height);
    return [hexToBytes(signer), numbers, hexToBytes(digest)];
  });
  return new Uint8Array(Buffer.concat([head, ...parts]));
}

/** Reads what `encodeBook` wrote into the state; throws on anything else, which no replica writes. */
function decodeBook(bytes: Uint8Array | null, keyBytes: number): Book {
  if (bytes === null) return { number: 1, approvals: [] };
  const entryBytes = keyBytes + 16 + DIGEST_BYTES;
  const number = bytes.length < 8 ? null : readU64(bytes, 0);
  if (number === null || (bytes.length - 8) % entryBytes !== 0) throw malformedBook();
  const approvals: StoredApproval[] = [];
  for (let at = 8; at < bytes.length; at += entryBytes) {
    const turn = readU64(bytes, at + keyBytes);
    const height = readU64(bytes, at + keyBytes + 8);
    if (turn === null || height === null) throw malformedBook();
    approvals.push({
      signer: asReplicaId(bytesToHex(bytes, at, at + keyBytes)),
      turn,
      height,
      digest: bytesToHex(bytes, at + keyBytes + 16, at + entryBytes),
    });
  }
  return { number, approvals };
}

const malformedBook = (): TypeError => new TypeError('malformed record of approvals in the state');
