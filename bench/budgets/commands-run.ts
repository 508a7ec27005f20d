import { createKeyValueStore, encodePut } from '../../src/cli/kv.ts';
import { startLoad } from '../../src/cli/load.ts';
import { type CommandService, createStateMachine } from '../../src/state-machine/index.ts';
import { countBlocks } from './counted-run.ts';

// Replicas of a key-value store, with clients at each of them: what a command costs on its way through the state
// machine, its submitter included. Prints JSON.

const BLOCK_COMMANDS = 400;
const COMMAND_BYTES = 512;

/** At each replica; together they fill five blocks, of which three are on their way to their commit and two fill. */
const CLIENTS = 500;

/** Work on a block is divided into turns by the clock; where that stands still, every run takes the same turns. */
const now = performance.now();
performance.now = () => now;

const services: CommandService[] = [];

const counted = await countBlocks({
  appOf(chain) {
    const machine = createStateMachine({
      ...createKeyValueStore(chain),
      settings: { maxBlockCommands: BLOCK_COMMANDS },
    });
    return {
      app: machine.app,
      start(replica) {
        const commands = machine.attach(replica);
        services.push(commands);
        startLoad({
          clients: CLIENTS,
          valueBytes: COMMAND_BYTES,
          prefix: replica.id.slice(0, 8),
          write: async (_client, key, value) => {
            await commands.submit(encodePut(Buffer.from(key), value));
            return 'committed';
          },
        });
      },
    };
  },
  committedCommands: () => services.reduce((sum, service) => sum + service.status().committedCommands, 0),
  warmUpBlocks: 100,
  countedBlocks: 60,
  blocksAtATime: 4,
});
const each = (value: number): number => value / counted.commands;
const eachThousand = (value: number): number => 1_000 * each(value);
const counts = {
  'messages sent, per 1,000': eachThousand(counted.messages),
  'flushes, per 1,000': eachThousand(counted.flushes),
  'signatures and certificates checked, per 1,000': eachThousand(counted.signatures),
  'bytes sent': each(counted.bytes),
  'bytes copied': each(counted.copied),
  'bytes allocated on the heap': each(counted.heap),
  'bytes allocated in buffers': each(counted.buffers),
};
process.stdout.write(`${JSON.stringify(counts)}\n`, () => process.exit());
