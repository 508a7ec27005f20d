import type { TreeDelta } from '../../core/block-tree/delta.ts';
import type { Effect } from '../../core/effect.ts';
import type { Input } from '../../core/input.ts';
import { compareRanks, GENESIS_RANKED_PC, type RankedPc } from '../../model/certificate.ts';
import { type BlockHash, ZERO_HASH } from '../../model/ids.ts';
import type { Message, Nudge, PhaseVote, Proposal } from '../../model/messages.ts';
import type { CheckerFactory, ObservedReplica } from '../observer.ts';

/** What a vote must find on disk when it leaves: the lock and the commits of the moment when it was cast. */
interface Premise {
  readonly lockedPc: RankedPc;
  readonly highestPc: RankedPc;
  readonly height: number;
}

/** One replica over all of its lives. */
interface Record {
  /** View to statement, of every vote that ever left and of every vote record that is durable. */
  readonly sentVotes: Map<number, Statement>;
  readonly durableVotes: Map<number, Statement>;
  /** What the replica put into its slot as a leader, by view. */
  readonly proposals: Map<number, string>;
  readonly durableBlocks: Set<BlockHash>;
  proposeUpTo: number;
  durable: Premise;
  readonly premises: Map<number, Premise>;
}

const NOTHING: Premise = { lockedPc: GENESIS_RANKED_PC, highestPc: GENESIS_RANKED_PC, height: -1 };

const newRecord = (): Record => ({
  sentVotes: new Map(),
  durableVotes: new Map(),
  proposals: new Map(),
  durableBlocks: new Set([ZERO_HASH]),
  proposeUpTo: 0,
  durable: NOTHING,
  premises: new Map(),
});

const after = (before: Premise, { lockedPc, highestPc, commits }: TreeDelta): Premise => ({
  lockedPc: lockedPc ?? before.lockedPc,
  highestPc: highestPc ?? before.highestPc,
  height: commits.at(-1)?.height ?? before.height,
});

type Statement = Pick<PhaseVote, 'block' | 'phase'>;

const isSame = (a: Statement, b: Statement): boolean => a.block === b.block && a.phase === b.phase;

const nameOf = ({ block, phase }: Statement): string => `${phase} ${block}`;

const slotContent = (message: Proposal | Nudge): string =>
  message.type === 'proposal'
    ? `proposal ${message.block.hash}`
    : `nudge ${message.justify.phase} ${message.justify.view} ${message.justify.block}`;

/**
 * Durability (R6, R29): a vote leaves only when its record, its block, and the lock, highestPc and commits of that
 * moment are on disk; one vote per view and one proposal or nudge per view over all lives of a replica; a proposal or
 * nudge of v leaves only when proposeUpTo >= v is on disk; and what was committed stays so across restarts.
 */
export const durability: CheckerFactory = (_world, fail) => {
  const records = new Map<number, Record>();
  const recordOf = ({ index }: ObservedReplica): Record => {
    const found = records.get(index);
    if (found !== undefined) return found;
    const record = newRecord();
    records.set(index, record);
    return record;
  };

  const checkVote = (name: string, record: Record, vote: PhaseVote): void => {
    const before = record.sentVotes.get(vote.view);
    if (before !== undefined && !isSame(before, vote))
      fail(`${name} voted twice in view ${vote.view}: ${nameOf(before)}, ${nameOf(vote)}`);
    const durableVote = record.durableVotes.get(vote.view);
    if (durableVote === undefined || !isSame(durableVote, vote))
      return fail(`${name} sent its vote of view ${vote.view} before its disk had it`);
    record.sentVotes.set(vote.view, durableVote);
    if (!record.durableBlocks.has(vote.block))
      fail(`${name} voted in view ${vote.view} for a block that its disk lacks`);
    const premise = record.premises.get(vote.view);
    if (premise === undefined) return;
    const { durable } = record;
    if (compareRanks(durable.lockedPc.rank, premise.lockedPc.rank) < 0)
      fail(`${name} voted in view ${vote.view} before its lock was durable`);
    if (compareRanks(durable.highestPc.rank, premise.highestPc.rank) < 0) {
      fail(`${name} voted in view ${vote.view} before its highestPc was durable`);
    }
    if (durable.height < premise.height)
      fail(`${name} voted in view ${vote.view} before its commits were durable`);
  };
  const checkSlot = (name: string, record: Record, message: Proposal | Nudge): void => {
    const content = slotContent(message);
    const before = record.proposals.get(message.view);
    if (before !== undefined && before !== content)
      fail(`${name} led view ${message.view} twice: ${before}, ${content}`);
    record.proposals.set(message.view, content);
    if (record.proposeUpTo < message.view)
      fail(`${name} proposed in view ${message.view} before proposeUpTo was durable`);
  };

  return {
    name: 'durability',
    onBoot(replica, recovered) {
      const record = recordOf(replica);
      const height = recovered.highestCommitted?.header.height ?? -1;
      if (height < record.durable.height)
        fail(`r${replica.index} came back at height ${height}, not ${record.durable.height}`);
      record.premises.clear();
    },
    onStep(replica: ObservedReplica, _input: Input, effects: readonly Effect[]) {
      for (const effect of effects) {
        if (effect.type !== 'send' || effect.message.type !== 'phase-vote') continue;
        const { lockedPc, highestPc, highestCommitted } = replica.status ?? fail('no core voted');
        recordOf(replica).premises.set(effect.message.view, {
          lockedPc,
          highestPc,
          height: highestCommitted?.height ?? -1,
        });
      }
    },
    onDurable(replica: ObservedReplica, delta: TreeDelta) {
      const record = recordOf(replica);
      for (const { block } of delta.inserts) record.durableBlocks.add(block.hash);
      record.durable = after(record.durable, delta);
      record.proposeUpTo = delta.proposeUpTo ?? record.proposeUpTo;
      if (delta.lastVote !== undefined) record.durableVotes.set(delta.lastVote.view, delta.lastVote);
    },
    onSent(replica: ObservedReplica, message: Message) {
      const name = `r${replica.index}`;
      const record = recordOf(replica);
      if (message.type === 'phase-vote') {
        checkVote(name, record, message);
        record.premises.delete(message.view);
      } else if (message.type === 'proposal' || message.type === 'nudge') checkSlot(name, record, message);
    },
  };
};
