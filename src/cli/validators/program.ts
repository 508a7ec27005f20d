import { resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { CommandFailure } from '../failure.ts';
import {
  addition,
  type Change,
  type ChangeOptions,
  changeValidators,
  listValidators,
  powerChange,
  removal,
  updateFrom,
  withdrawApprovals,
} from './command.ts';

type Print = (text: string) => void;

interface ChangeFlags {
  readonly home?: readonly string[];
  readonly url?: string;
  readonly token?: string;
  readonly force?: boolean;
  readonly json?: boolean;
}

/** `hotstuff validators` with its commands. */
export function validatorsCommand(print: Print): Command {
  const command = new Command('validators')
    .description('show the validator set, and have nodes approve changes of it')
    .addHelpText('after', HELP);
  const change = (name: string, text: string): Command => changing(new Command(name).description(text));
  const run = async (what: Change, flags: ChangeFlags): Promise<void> => {
    process.exitCode = await changeValidators(what, optionsOf(flags), print);
  };
  const commands = [
    listCommand(print),
    change('add', 'take a new validator into the set')
      .argument('<id|url>', 'its id, or the URL of its node, which knows its proof of possession')
      .addOption(powerOption().default(1))
      .option('--possession <hex>', 'its proof of possession, where the chain needs one and <id> is given')
      .action((who: string, flags: ChangeFlags & { readonly power: number; readonly possession?: string }) =>
        run(addition(who, flags.power, flags.possession ?? null), flags),
      ),
    change('set-power', 'change the power of a validator')
      .argument('<id>', 'its id, or enough of it')
      .argument('<power>', 'a whole number of 1 or more', powerFrom)
      .action((who: string, power: number, flags: ChangeFlags) => run(powerChange(who, power), flags)),
    change('remove', 'take validators out of the set; their nodes go on as listeners')
      .argument('<ids...>', 'ids, or enough of them')
      .action((who: readonly string[], flags: ChangeFlags) => run(removal(who), flags)),
    change('update', 'make several changes at once')
      .argument('<file>', 'JSON as POST /validators takes it; - reads standard input')
      .action((path: string, flags: ChangeFlags) => run(updateFrom(path), flags)),
    change('withdraw', 'take back what the nodes have approved').action(async (flags: ChangeFlags) => {
      process.exitCode = await withdrawApprovals(optionsOf(flags), print);
    }),
  ];
  for (const each of commands) command.addCommand(each);
  return command;
}

interface ListFlags {
  readonly home?: readonly string[];
  readonly json?: boolean;
}

function listCommand(print: Print): Command {
  return new Command('list')
    .description('show the validator set as nodes see it, and what waits for approval')
    .argument('[urls...]', 'nodes (default: http://127.0.0.1:8080, when no --home is given)')
    .option('--home <dir...>', 'homes of nodes, or directories of homes')
    .option('--json', 'print JSON')
    .action(async (urls: readonly string[], { home = [], json = false }: ListFlags) => {
      const asked = urls.length === 0 && home.length === 0 ? ['http://127.0.0.1:8080'] : urls;
      process.exitCode = await listValidators({ urls: asked, dirs: home, json }, print);
    });
}

const changing = (command: Command): Command =>
  command
    .option('--home <dir...>', 'homes, or directories of homes, whose nodes shall approve')
    .option('--url <url>', 'a node elsewhere that shall approve')
    .option('--token <file>', 'the admin token of the node at --url: its keys/admin-token')
    .option('--force', 'also when too few of the new set are connected to go on')
    .option('--json', 'print JSON');

function optionsOf({ home = [], url, token, force = false, json = false }: ChangeFlags): ChangeOptions {
  if ((url === undefined) !== (token === undefined)) {
    throw new CommandFailure('--url and --token go together: each node has an admin token of its own');
  }
  const remote = url === undefined || token === undefined ? null : { url, tokenFile: resolve(token) };
  return { dirs: home, remote, force, json };
}

const powerOption = (): Option =>
  new Option('--power <power>', 'its voting power: a whole number of 1 or more').argParser(powerFrom);

function powerFrom(value: string): number {
  const number = Number(value);
  if (/^\d+$/.test(value) && number >= 1 && Number.isSafeInteger(number)) return number;
  throw new InvalidArgumentError('It must be a whole number from 1 to 2^53 - 1.');
}

const HELP = `
An update is made when nodes of more than two thirds of the power have approved it. A node approves at the request of
whoever holds its admin token, keys/admin-token in its home; with --home that is read from there. Where the nodes belong
to different people, each runs the same command for their own.

Examples:
  hotstuff validators list --home net
  hotstuff validators add http://127.0.0.1:8084 --home net         the node that serves there, with power 1
  hotstuff validators add 97f1d3a0… --power 2 --possession a3c4… --home net/node0
  hotstuff validators set-power 97f1d3a0 3 --home net
  hotstuff validators remove 97f1d3a0 --url http://10.0.0.7:8080 --token node7-token
  hotstuff validators update change.json --home net                {"set": [{"id", "power", "possession"}], "remove": []}
  hotstuff validators withdraw --home net/node0`;
