import { encodeMessage } from '../../codec/messages.ts';
import type { Block } from '../../model/block.ts';
import type { PhaseCertificate } from '../../model/certificate.ts';
import { asView, type BlockHash, type ReplicaId } from '../../model/ids.ts';
import type { Message, NewView, PhaseVote, Proposal } from '../../model/messages.ts';
import type { SchemeName } from '../../model/scheme.ts';
import type { AdversaryControls, Peer } from '../adversary.ts';

// What several behaviours need.

/** Certificates and views that an adversary remembers: enough for all it can do with them. */
const MEMORY = 512;

export const honestPeers = (me: AdversaryControls): readonly Peer[] =>
  me.peers.filter(({ isHonest, status }) => isHonest && status !== null);

/** Whether a message is what a leader says. */
export const isLeaders = (message: Message): message is Extract<Message, { type: 'proposal' | 'nudge' }> =>
  message.type === 'proposal' || message.type === 'nudge';

/** True the first time that it is asked about a view. */
export function firstTimes(): (view: number) => boolean {
  const seen = new Set<number>();
  return (view) => {
    if (seen.has(view)) return false;
    seen.add(view);
    if (seen.size > MEMORY) seen.delete(seen.values().next().value as number);
    return true;
  };
}

/** Every certificate that came by and can be passed on, by its block. */
export interface Notebook {
  note(message: Message): void;
  of(block: BlockHash): PhaseCertificate | null;
  /** All that are remembered, the oldest first. */
  readonly all: readonly PhaseCertificate[];
}

export function createNotebook({ chain: { scheme } }: AdversaryControls): Notebook {
  const pcs = new Map<BlockHash, PhaseCertificate>();
  const keep = (pc: PhaseCertificate): void => {
    if (!hasBytes(scheme, pc)) return;
    pcs.set(pc.block, pc);
    if (pcs.size > MEMORY) pcs.delete(pcs.keys().next().value as BlockHash);
  };
  return {
    note(message) {
      switch (message.type) {
        case 'proposal':
          return keep(message.block.justify);
        case 'nudge':
          return keep(message.justify);
        case 'new-view':
        case 'advertise-pc':
          return keep(message.highestPc);
        case 'advance-view':
          if (message.certificate.type === 'pc') keep(message.certificate.pc);
          return;
        default:
          return;
      }
    },
    of: (block) => pcs.get(block) ?? null,
    get all() {
      return [...pcs.values()];
    },
  };
}

/** What another adversary tampered with may have no bytes: then no block can be on it, whose hash covers them. */
function hasBytes(scheme: SchemeName, pc: PhaseCertificate): boolean {
  try {
    encodeMessage(scheme, { type: 'advance-view', certificate: { type: 'pc', pc } });
    return true;
  } catch (error) {
    if (error instanceof RangeError) return false;
    throw error;
  }
}

export const newView = (me: AdversaryControls, view: number, highestPc: PhaseCertificate): NewView => ({
  type: 'new-view',
  chainId: me.chain.chainId,
  view: asView(Math.max(0, view)),
  highestPc,
});

/** `vote` for another block, signed by this replica. */
export function voteFor(me: AdversaryControls, vote: PhaseVote, block: BlockHash): PhaseVote {
  const subject = { ...vote, block };
  return { ...subject, signature: me.sign(subject) };
}

export function toAll(me: AdversaryControls, message: Message): void {
  for (const { id } of me.peers) if (id !== me.id) me.send(id, message);
}

/** One bit of `bytes` changed; a copy. */
export function bent(me: AdversaryControls, bytes: Uint8Array): Uint8Array {
  const copy = bytes.slice();
  if (copy.length === 0) return copy;
  const at = me.random.below(copy.length);
  copy[at] = (copy[at] as number) ^ (1 << me.random.below(8));
  return copy;
}

/** Splits the world in two halves that stay the same. */
export const isInFirstHalf = (me: AdversaryControls, id: ReplicaId): boolean =>
  me.peers.findIndex((peer) => peer.id === id) < me.peers.length / 2;

/** Replaces a replica's own proposals, and its votes for them by votes for what it proposed instead. */
export interface StandIn {
  propose(message: Proposal, block: Block): Proposal;
  /** Any message but a vote in a view with a replaced proposal comes back as it is. */
  vote(message: Message): Message;
}

export function createStandIn(me: AdversaryControls): StandIn {
  const proposed = new Map<number, BlockHash>();
  return {
    propose(message, block) {
      proposed.set(message.view, block.hash);
      if (proposed.size > MEMORY) proposed.delete(proposed.keys().next().value as number);
      return { ...message, block };
    },
    vote(message) {
      const block = message.type === 'phase-vote' ? proposed.get(message.view) : undefined;
      return block === undefined || message.type !== 'phase-vote' ? message : voteFor(me, message, block);
    },
  };
}
