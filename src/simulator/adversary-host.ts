import { signingPreimage } from '../codec/signing.ts';
import { proposersOf } from '../core/hotstuff/roles.ts';
import type { Block } from '../model/block.ts';
import type { ChainParameters, LocalSettings } from '../model/chain.ts';
import { asView, type BlockHash, type ReplicaId } from '../model/ids.ts';
import type { Message } from '../model/messages.ts';
import type { Adversary, AdversaryControls, AdversaryFactory, Peer } from './adversary.ts';
import type { Forge } from './forge.ts';
import type { Host } from './host.ts';
import type { Random } from './random.ts';
import type { Keyring } from './signatures.ts';

export interface AdversarySurroundings {
  now(): number;
  after(ms: number, run: () => void): void;
  readonly random: Random;
  readonly chain: ChainParameters;
  readonly settings: LocalSettings;
  readonly keyring: Keyring;
  readonly forge: Forge;
  /** Whose keys the adversaries have: they act together. */
  readonly byzantine: ReadonlySet<ReplicaId>;
  readonly hosts: readonly Host[];
  send(to: ReplicaId, message: Message): void;
}

/** A Byzantine replica: an adversary around an honest half. */
export interface AdversaryHost {
  start(): void;
  tick(): void;
  /** Whether the honest half sees the message too. */
  receive(from: ReplicaId, message: Message): boolean;
  send(to: ReplicaId, message: Message): readonly Message[];
}

/** Blocks that an adversary remembers: the oldest go first. */
const MAX_REMEMBERED_BLOCKS = 2_000;

export function createAdversaryHost(
  factory: AdversaryFactory,
  host: Host,
  world: AdversarySurroundings,
): AdversaryHost {
  const blocks = new Map<BlockHash, Block>();
  const remember = (block: Block): void => {
    blocks.set(block.hash, block);
    if (blocks.size > MAX_REMEMBERED_BLOCKS) blocks.delete(blocks.keys().next().value as BlockHash);
  };
  const peers: readonly Peer[] = world.hosts.map((peer) => ({
    index: peer.index,
    id: peer.id,
    isHonest: !world.byzantine.has(peer.id),
    get status() {
      return peer.status;
    },
  }));
  const { keyring, chain } = world;
  const controls: AdversaryControls = {
    index: host.index,
    id: host.id,
    get now() {
      return world.now();
    },
    chain,
    settings: world.settings,
    random: world.random,
    peers,
    get status() {
      return host.status;
    },
    keyring,
    sign(subject, as = host.id) {
      if (!world.byzantine.has(as)) throw new RangeError(`an adversary has no key of ${as}`);
      return keyring.sign(as, signingPreimage(chain.scheme, subject));
    },
    send: (to, message) => world.send(to, message),
    after: (ms, run) => world.after(ms, run),
    block: (hash) => blocks.get(hash) ?? host.block(hash),
    makeBlock: (height, justify, data = []) => world.forge.block({ height, justify, data }),
    leaders(view) {
      const sets = host.status?.validatorSets;
      return sets === undefined ? [] : proposersOf(sets, asView(view), chain.leaderTenure);
    },
  };
  const adversary: Adversary = factory(controls);
  return {
    start: () => adversary.start?.(),
    tick: () => adversary.tick?.(),
    receive(from, message) {
      if (message.type === 'proposal') remember(message.block);
      if (message.type === 'block-sync-response') for (const block of message.blocks) remember(block);
      return adversary.receive?.(from, message) !== false;
    },
    send: (to, message) => adversary.send?.(to, message) ?? [message],
  };
}
