import { nativeHasher } from '../../src/adapters/native/index.ts';
import { blockHash } from '../../src/codec/block.ts';
import { encodeMessage } from '../../src/codec/messages.ts';
import type { Block } from '../../src/model/block.ts';
import { GENESIS_PC, type PhaseCertificate } from '../../src/model/certificate.ts';
import type { ReplicaEvent } from '../../src/model/events.ts';
import { bytesToHex } from '../../src/model/hex.ts';
import { asBlockHash, asChainId, asDataHash, asHeight, asView } from '../../src/model/ids.ts';
import type { Message } from '../../src/model/messages.ts';
import type { SchemeName } from '../../src/model/scheme.ts';
import type { Network } from '../../src/ports/network.ts';
import type { Replica } from '../../src/runtime/replica.ts';
import type { Case, Rival } from '../case.ts';
import { castOf } from '../cast.ts';
import { ascending } from '../statistics.ts';
import { type Crowd, createCrowd } from './crowd.ts';

/** View changes made at most: as many as the others lead before the replica's own tenure, and some to spare. */
const MAX_VIEWS = 360;

/** Until the code that runs is compiled as well as that of a replica that has been up for some minutes. */
const WARM_UP_VIEWS = 240;

/** Nothing of what is measured waits for a timer. */
const VIEW_TIME_MS = 60_000;

const chainId = asChainId(1);

/** One view: what is proposed in it, and what everyone shows when it ends. */
interface View {
  readonly number: number;
  readonly proposal: Uint8Array;
  readonly newView: Uint8Array;
}

/**
 * A replica among n that is told by all others that a view is over: everyone shows the certificate of its block, which
 * the replica has voted for but not seen certified. From when all messages are on the network until the last one has
 * been worked off, in time of the processor.
 */
const viewChangeCase = (scheme: SchemeName, n: number): Case => ({
  name: `view-change/${scheme}/n=${n}`,
  prepare: async () => {
    const crowd = createCrowd(scheme, n);
    // The last one in the order of the set leads none of the views.
    const replica = await crowd.startReplica(n - 1, VIEW_TIME_MS);
    const peers = Array.from({ length: n - 1 }, (_, at) => crowd.connect(at));
    for (const peer of peers) peer.listen(() => {});
    const views = makeViews(crowd, scheme);
    await enterFirst(crowd, scheme, replica, peers);
    let next = 0;
    const change = async (): Promise<number> => {
      const { number, proposal, newView } = views[next++]!;
      const [leader] = replica.leadersOf(asView(number));
      const voted = told(replica, 'phase-voted', 1);
      peers[crowd.cast.pairs.findIndex(({ id }) => id === leader)]!.send(replica.id, 'consensus', proposal);
      await voted;
      const all = told(replica, 'new-view-received', peers.length);
      for (const peer of peers) peer.send(replica.id, 'consensus', newView);
      // The network delivers later; what sending costs, others pay.
      const start = process.cpuUsage();
      await all;
      return cpuSince(start);
    };
    for (let warmUp = 0; warmUp < WARM_UP_VIEWS; warmUp++) await change();
    return {
      run: {
        taken: async (seconds) => {
          const samples: number[] = [];
          const end = performance.now() + 1_000 * seconds;
          while (
            samples.length < (MAX_VIEWS - WARM_UP_VIEWS) / 2 &&
            (samples.length < 3 || performance.now() < end)
          ) {
            samples.push(await change());
          }
          return ascending(samples);
        },
      },
      rivals: [everyOne(scheme, n)],
      close: async () => {
        for (const peer of peers) await peer.close();
        await replica.close();
      },
    };
  },
});

/** Views from the third one on, each with a block on the one before. */
function makeViews({ certify }: Crowd, scheme: SchemeName): readonly View[] {
  const dataHash = asDataHash(bytesToHex(nativeHasher.merkleRoot([])));
  let justify = GENESIS_PC;
  return Array.from({ length: MAX_VIEWS }, (_, index) => {
    const number = index + 2;
    const height = asHeight(index);
    const block: Block = {
      height,
      hash: blockHash(scheme, height, justify, dataHash),
      justify,
      dataHash,
      data: [],
    };
    const proposal = encodeMessage(scheme, { type: 'proposal', chainId, view: asView(number), block });
    justify = certify(block.hash, number);
    return { number, proposal, newView: encodeMessage(scheme, newViewOf(justify)) };
  });
}

const newViewOf = (highestPc: PhaseCertificate): Message => ({
  type: 'new-view',
  chainId,
  view: highestPc.view,
  highestPc,
});

/** A chain begins with an epoch change; a certificate of a later view takes the replica past it. */
async function enterFirst(
  { certify }: Crowd,
  scheme: SchemeName,
  replica: Replica,
  [peer]: readonly Network[],
): Promise<void> {
  const entered = told(replica, 'new-view-received', 1);
  const pc = certify(asBlockHash('ab'.repeat(32)), 1);
  peer!.send(replica.id, 'consensus', encodeMessage(scheme, newViewOf(pc)));
  await entered;
}

/** Resolves when so many events of the type have come, but for those of the replica's own messages. */
function told(replica: Replica, type: 'phase-voted' | 'new-view-received', count: number): Promise<void> {
  return new Promise((resolve) => {
    let left = count;
    const subscription = replica.on(type, (event: ReplicaEvent) => {
      if ('from' in event && event.from === replica.id) return;
      left -= 1;
      if (left > 0) return;
      subscription[Symbol.dispose]();
      resolve();
    });
  });
}

/** Microseconds that this process computed since then. */
function cpuSince(start: NodeJS.CpuUsage): number {
  const { user, system } = process.cpuUsage(start);
  return user + system;
}

/** As many certificates as there are messages, each verified, in time of the processor as well. */
function everyOne(scheme: SchemeName, n: number): Rival {
  const { keys, views } = castOf(scheme, n);
  let next = 0;
  const verifyAll = (): void => {
    for (let message = 1; message < n; message++) {
      const { preimage, certificate } = views[next++ % views.length]!;
      keys.verifyCertificate(preimage, certificate.bitmap, certificate.bytes);
    }
  };
  return {
    name: 'every NewView verified',
    run: {
      taken: async (seconds) => {
        const samples: number[] = [];
        const end = performance.now() + 1_000 * seconds;
        while (samples.length < 3 || performance.now() < end) {
          const start = process.cpuUsage();
          verifyAll();
          samples.push(cpuSince(start));
        }
        return ascending(samples);
      },
    },
  };
}

export const viewChangeCases: readonly Case[] = [
  viewChangeCase('bls12381', 100),
  viewChangeCase('ed25519', 100),
];
