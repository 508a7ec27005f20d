import {
  asHeight,
  bytesToHex,
  isMember,
  type Power,
  powerOf,
  type Replica,
  type ReplicaId,
  type Signer,
  type ValidatorSet,
  type ValidatorSetUpdates,
} from '../../index.ts';
import {
  type Approvals,
  type CommandAnswer,
  type CommandService,
  checkValidatorUpdates,
  type OpenProposals,
} from '../../state-machine/index.ts';
import { approvalOutcome, encodeApprove, type KeyValueStore } from '../kv.ts';
import { parseUpdate, updateToJson } from './json.ts';
import { asRefusal, RefusedUpdate } from './refusal.ts';
import type { ApprovalAnswer, ValidatorsStatus } from './status.ts';

/** The validator set over HTTP: what it is, and this node's say in what it becomes. */
export interface ValidatorsService {
  status(): ValidatorsStatus;
  /**
   * Approves the update that `json` describes with this node's validator key. Resolves when the approval is committed
   * and, if it was the one that was missing, the update decided on this node. Rejects with `RefusedUpdate`,
   * `CommandError` or the signal's reason.
   */
  approve(json: unknown, signal: AbortSignal): Promise<ApprovalAnswer>;
  /** Takes this node's approval back. */
  withdraw(signal: AbortSignal): Promise<ApprovalAnswer>;
}

export interface ValidatorsParts {
  readonly replica: Pick<Replica, 'id' | 'chain' | 'status'>;
  readonly commands: Pick<
    CommandService,
    'submit' | 'read' | 'waitForHeight' | 'waitForDecision' | 'validatorSets'
  >;
  readonly store: Pick<KeyValueStore, 'approvals' | 'validatorRules'>;
  readonly signer: Pick<Signer, 'sign'>;
  /** The proof of this node's own key; null in a scheme without proofs. */
  readonly possession: Uint8Array | null;
  /** Of peers, by id, and of this node itself. */
  addresses(): Readonly<Record<string, string>>;
}

export function createValidatorsService(parts: ValidatorsParts): ValidatorsService {
  return {
    status: () => statusOf(parts),
    async approve(json, signal) {
      const { updates, number, force } = parseUpdate(json);
      if (number !== null) await reachNumber(parts, number, signal);
      const open = openIn(parts);
      if (number !== null && number !== open.number) throw overFailure(number, open.number);
      checkApproval(parts, updates, force);
      const standing = approvedHere(parts, open, updates);
      if (standing !== null) return { ...progressOf(parts, open, updates), ...standing };
      return submitApproval(parts, { number: open.number, updates }, signal);
    },
    async withdraw(signal) {
      const { number, proposals } = openIn(parts);
      checkMembership(parts);
      if (!proposals.some(({ approvedBy }) => approvedBy.includes(parts.replica.id))) {
        throw refused('nothing-to-withdraw', 'this node has approved no update that is open');
      }
      return submitApproval(parts, { number, updates: { inserts: [], deletes: [] } }, signal);
    },
  };
}

/** What this node has committed. */
const stateOf = ({ commands }: ValidatorsParts) => ({
  get: (key: Uint8Array): Uint8Array | null => commands.read(key).value,
});

const openIn = (parts: ValidatorsParts): OpenProposals => parts.store.approvals.read(stateOf(parts));

/** Waits until this node has seen the updates before `number`: others may be ahead of it. */
async function reachNumber(parts: ValidatorsParts, number: number, signal: AbortSignal): Promise<void> {
  while (openIn(parts).number < number) {
    const height = parts.replica.status().height ?? -1;
    await parts.commands.waitForHeight(asHeight(height + 1), { signal });
  }
}

const refused = (code: string, message: string): RefusedUpdate =>
  new RefusedUpdate(message, { status: 409, code });

const overFailure = (number: number, next: number): RefusedUpdate =>
  refused(
    'wrong-number',
    `update ${number} has been made, the next one is ${next}: look at the set as it is now, and ask again`,
  );

/** What an operator wants to hear before the node signs; the rest is checked again by every replica. */
function checkApproval(parts: ValidatorsParts, updates: ValidatorSetUpdates, force: boolean): void {
  const { replica, store } = parts;
  const committed = checkMembership(parts);
  let next: ValidatorSet;
  try {
    next = checkValidatorUpdates(store.validatorRules, committed, updates);
  } catch (error) {
    throw asRefusal(error);
  }
  if (!force) checkReachable(replica, next);
}

/** The set, of which this node is a member. */
function checkMembership({ commands, replica }: ValidatorsParts): ValidatorSet {
  const { committed } = commands.validatorSets();
  if (isMember(committed, replica.id)) return committed;
  throw refused(
    'not-a-validator',
    'this node is no validator, so its approval counts nothing; ask the nodes of validators',
  );
}

/** A set of which too few are running would stop the chain at once, for good. */
function checkReachable(replica: ValidatorsParts['replica'], next: ValidatorSet): void {
  const present = new Set<ReplicaId>([replica.id, ...replica.status().peers]);
  const reachable = next.validators.reduce((sum, each) => (present.has(each.id) ? sum + each.power : sum), 0);
  if (reachable >= next.quorum) return;
  const missing = next.validators.filter((each) => !present.has(each.id)).map((each) => short(each.id));
  throw refused(
    'unreachable',
    `of the new set's power ${next.totalPower} only ${reachable} is connected to this node, and it takes ` +
      `${next.quorum} to go on: start ${missing.join(', ')} first, or send "force": true`,
  );
}

/** This node's approval of the very same update, if it stands already. */
function approvedHere(
  { replica, store }: ValidatorsParts,
  open: OpenProposals,
  updates: ValidatorSetUpdates,
): { readonly status: 'approved' } | null {
  const mine = open.proposals.find(({ approvedBy }) => approvedBy.includes(replica.id));
  if (mine === undefined) return null;
  const { number } = open;
  const isSame =
    Buffer.compare(
      store.approvals.preimage({ number, updates }, 1),
      store.approvals.preimage({ number, updates: mine.updates }, 1),
    ) === 0;
  return isSame ? { status: 'approved' } : null;
}

async function submitApproval(
  parts: ValidatorsParts,
  proposed: Parameters<Approvals['preimage']>[0],
  signal: AbortSignal,
): Promise<ApprovalAnswer> {
  const { replica, store, signer, commands } = parts;
  const turn = store.approvals.nextTurn(stateOf(parts), replica.id);
  const signature = await signer.sign(store.approvals.preimage(proposed, turn));
  const approval = store.approvals.encode({ signer: replica.id, turn, signature, proposed });
  let answer: CommandAnswer;
  try {
    answer = await commands.submit(encodeApprove(approval), { signal });
  } catch (error) {
    throw asRefusal(error);
  }
  const { height, blockHash, result } = answer;
  const status = approvalOutcome(result);
  if (status === 'applied') await commands.waitForDecision(height, { signal });
  return {
    ...progressOf(parts, openIn(parts), proposed.updates),
    status,
    number: proposed.number,
    height,
    blockHash,
  };
}

/** How far the update is, and the set as it is now. */
function progressOf(
  { commands }: ValidatorsParts,
  open: OpenProposals,
  updates: ValidatorSetUpdates,
): Omit<ApprovalAnswer, 'status'> {
  const { committed } = commands.validatorSets();
  const wanted = JSON.stringify(sortedJson(updates));
  const proposal = open.proposals.find((each) => JSON.stringify(sortedJson(each.updates)) === wanted);
  const approvedBy = proposal?.approvedBy ?? [];
  return {
    number: open.number,
    approvedBy,
    approvedPower: powerOfAll(committed, approvedBy),
    ...describeSet(committed),
  };
}

function sortedJson(updates: ValidatorSetUpdates): object {
  const { set, remove } = updateToJson(updates);
  return { set: set.toSorted((a, b) => (a.id < b.id ? -1 : 1)), remove: remove.toSorted() };
}

function statusOf(parts: ValidatorsParts): ValidatorsStatus {
  const { replica, commands, possession } = parts;
  const { committed, previous, updateHeight, decided } = commands.validatorSets();
  const { number, proposals } = openIn(parts);
  const addresses = parts.addresses();
  const connected = new Set<string>(replica.status().peers);
  return {
    number,
    ...describeSet(committed),
    validators: committed.validators.map(({ id, power }) => ({
      id,
      power,
      address: addresses[id] ?? null,
      connected: id === replica.id || connected.has(id),
    })),
    updateHeight,
    decided,
    previous: previous.validators.map(({ id, power }) => ({ id, power })),
    proposals: proposals.map(({ updates, approvedBy }) => ({
      ...updateToJson(updates),
      approvedBy,
      approvedPower: powerOfAll(committed, approvedBy),
    })),
    self: {
      id: replica.id,
      scheme: replica.chain.scheme,
      possession: possession === null ? null : bytesToHex(possession),
      isValidator: isMember(committed, replica.id),
    },
    addresses,
  };
}

const describeSet = ({ totalPower, quorum, validators }: ValidatorSet) => ({
  totalPower,
  quorum,
  validators: validators.map(({ id, power }) => ({ id, power })),
});

const powerOfAll = (set: ValidatorSet, ids: readonly ReplicaId[]): Power =>
  ids.reduce((sum, id) => sum + powerOf(set, id), 0) as Power;

const short = (id: ReplicaId): string => `${id.slice(0, 16)}…`;
