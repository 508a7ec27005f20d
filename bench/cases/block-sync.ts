import { nativeHasher } from '../../src/adapters/native/index.ts';
import { blockHash } from '../../src/codec/block.ts';
import { decodeMessage, encodeMessage } from '../../src/codec/messages.ts';
import type { Block } from '../../src/model/block.ts';
import { GENESIS_PC, type PhaseCertificate } from '../../src/model/certificate.ts';
import { DEFAULT_LIMITS } from '../../src/model/chain.ts';
import { bytesToHex } from '../../src/model/hex.ts';
import { asDataHash, asHeight } from '../../src/model/ids.ts';
import type { SchemeName } from '../../src/model/scheme.ts';
import type { Network } from '../../src/ports/network.ts';
import type { Replica } from '../../src/runtime/replica.ts';
import type { Entry, Mode } from '../case.ts';
import { type Result, resultOf } from '../result.ts';
import { ascending } from '../statistics.ts';
import { type Crowd, createCrowd } from './crowd.ts';

/** Blocks of the chain that is caught up with. */
const BLOCKS: { readonly [Name in Mode]: number } = { full: 384, quick: 96 };

/** Catching up from nothing, again and again. */
const RUNS: { readonly [Name in Mode]: number } = { full: 5, quick: 3 };

/** The default. Writes of a replica that catches up wait for an eighth of it, so that they share a flush. */
const VIEW_TIME_MS = 1_000;

const COMMANDS = 10;
const COMMAND_BYTES = 512;

interface Chain {
  readonly blocks: readonly Block[];
  readonly tip: PhaseCertificate;
}

/**
 * A replica that knows nothing catches up with a chain of validator sets of `n` from a peer: how often it verifies a
 * certificate per block, and how many blocks it takes a second.
 */
export const blockSyncEntry = (scheme: SchemeName, n: number): Entry => ({
  name: `block-sync/${scheme}/n=${n}`,
  quick: true,
  seconds: (mode) => (BLOCKS[mode] * n) / 8_000 + RUNS[mode] / 2,
  run: async (mode) => {
    const crowd = createCrowd(scheme, n);
    const chain = makeChain(crowd, scheme, BLOCKS[mode]);
    const rates: number[] = [];
    const checks: number[] = [];
    for (let run = 0; run < RUNS[mode]; run++) {
      const { seconds, checked, blocks } = await catchUp(crowd, scheme, chain);
      rates.push(blocks / seconds);
      checks.push(checked / blocks);
    }
    return resultsOf(scheme, n, rates, checks);
  },
});

const resultsOf = (scheme: SchemeName, n: number, rates: number[], checks: number[]): readonly Result[] => [
  resultOf({ name: `block-sync/${scheme}/n=${n}`, unit: 'blocks/s', samples: ascending(rates) }),
  resultOf({
    name: `block-sync/${scheme}/n=${n}/checks`,
    unit: 'checks/block',
    samples: ascending(checks),
    baseline: { name: 'every justify verified', median: 1 },
  }),
];

/** Each block certified by a quorum in the view after the one before. */
function makeChain({ certify }: Crowd, scheme: SchemeName, count: number): Chain {
  const blocks: Block[] = [];
  let justify = GENESIS_PC;
  for (let index = 0; index < count; index++) {
    const height = asHeight(index);
    const data = Array.from({ length: COMMANDS }, (_, at) => new Uint8Array(COMMAND_BYTES).fill(at + index));
    const dataHash = asDataHash(bytesToHex(nativeHasher.merkleRoot(data)));
    const hash = blockHash(scheme, height, justify, dataHash);
    blocks.push({ height, hash, justify, dataHash, data });
    justify = certify(hash, index + 1);
  }
  return { blocks, tip: justify };
}

async function catchUp(
  crowd: Crowd,
  scheme: SchemeName,
  { blocks, tip }: Chain,
): Promise<{ readonly seconds: number; readonly checked: number; readonly blocks: number }> {
  const server = crowd.connect(1);
  serve(server, scheme, { blocks, tip });
  const replica = await crowd.startReplica(0, VIEW_TIME_MS);
  try {
    const all = committed(replica, blocks.length - UNCOMMITTED);
    const start = performance.now();
    server.send(replica.id, 'consensus', encodeMessage(scheme, { type: 'advertise-pc', highestPc: tip }));
    await all;
    const seconds = (performance.now() - start) / 1_000;
    return { seconds, checked: replica.status().counters.signaturesChecked, blocks: blocks.length };
  } finally {
    await replica.close();
    await server.close();
  }
}

/** A block commits when two more are certified on top of it. */
const UNCOMMITTED = 3;

/** Answers requests as a replica that has the whole chain. */
function serve(server: Network, scheme: SchemeName, { blocks, tip }: Chain): void {
  const format = { scheme, limits: DEFAULT_LIMITS };
  server.listen((from, _channel, frame) => {
    const decoded = decodeMessage(format, frame);
    if ('rejection' in decoded || decoded.value.type !== 'block-sync-request') return;
    const { startHeight, limit } = decoded.value;
    const answer = blocks.slice(startHeight, startHeight + Math.min(limit, DEFAULT_LIMITS.maxSyncBlocks));
    server.send(
      from,
      'sync',
      encodeMessage(scheme, { type: 'block-sync-response', blocks: answer, highestPc: tip }),
    );
  });
}

function committed(replica: Replica, count: number): Promise<void> {
  return new Promise((resolve) => {
    const subscription = replica.on('block-committed', ({ height }) => {
      if (height < count - 1) return;
      subscription[Symbol.dispose]();
      resolve();
    });
  });
}
