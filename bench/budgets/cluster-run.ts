import type { App } from '../../src/index.ts';
import { countBlocks } from './counted-run.ts';

// Replicas that commit blocks of a fixed shape, of which their app makes next to nothing: what the library does per
// block. Prints JSON.

const COMMANDS = 100;
const COMMAND_BYTES = 512;

const COUNTED_BLOCKS = 100;

const app: App = {
  produceBlock: ({ view }) => ({ data: dataOf(view), appStateUpdates: updates }),
  validateBlock: () => ({ valid: true, appStateUpdates: updates }),
};

const updates = {
  sets: Array.from(
    { length: COMMANDS },
    (_, at) => [new Uint8Array([1, at]), new Uint8Array(COMMAND_BYTES)] as const,
  ),
  deletes: [],
};

const dataOf = (view: number): Uint8Array[] =>
  Array.from({ length: COMMANDS }, (_, at) => new Uint8Array(COMMAND_BYTES).fill(view + at));

const counted = await countBlocks({
  appOf: () => ({ app }),
  warmUpBlocks: 150,
  countedBlocks: COUNTED_BLOCKS,
  blocksAtATime: 5,
});
const each = (value: number): number => value / COUNTED_BLOCKS;
const counts = {
  'messages sent': each(counted.messages),
  'bytes sent': each(counted.bytes),
  flushes: each(counted.flushes),
  'signatures and certificates checked': each(counted.signatures),
  'certificates formed': each(counted.certificates),
  'bytes copied': each(counted.copied),
  'bytes allocated on the heap': each(counted.heap),
  'bytes allocated in buffers': each(counted.buffers),
};
process.stdout.write(`${JSON.stringify(counts)}\n`, () => process.exit());
