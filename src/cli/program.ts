import { resolve } from 'node:path';
import { Command, InvalidArgumentError, Option } from 'commander';
import { bytesToHex, type SchemeName } from '../index.ts';
import { checkHome, describeCheck } from './check.ts';
import { checkClusterOptions, runCluster } from './cluster/cluster.ts';
import type { NodeConfig, Override } from './config.ts';
import { EXIT_USAGE } from './failure.ts';
import { existingHome, homeAt, initializeHome } from './home.ts';
import { joinChain, readGenesisFile } from './join.ts';
import { makeValidatorKey, possessionOf, writeNewValidatorKey, writeTlsIdentity } from './keys.ts';
import { run } from './run.ts';
import { showStatus } from './status.ts';
import { createTestnet, MAX_TESTNET_VALIDATORS } from './testnet.ts';
import { validatorsCommand } from './validators/program.ts';
import { packageVersion } from './version.ts';

const print = (text: string): void => void process.stdout.write(text);

/** The `hotstuff` command. Actions set the exit code; errors are thrown. */
export function createProgram(): Command {
  const program = new Command('hotstuff')
    .description('Byzantine-fault-tolerant state machine replication: nodes of a replicated key-value store.')
    .version(packageVersion())
    .configureOutput({ outputError: (text, write) => write(usageError(text)) })
    .addHelpText('after', EXAMPLES.program);
  for (const command of [
    clusterCommand(),
    testnetCommand(),
    runCommand(),
    statusCommand(),
    checkCommand(),
    keygenCommand(),
    initCommand(),
    joinCommand(),
    validatorsCommand(print),
  ]) {
    program.addCommand(command.copyInheritedSettings(program));
    for (const sub of command.commands) sub.copyInheritedSettings(program);
  }
  exitWithUsageCode(program);
  return program;
}

/** Commander's words, as one line like every other error. */
const usageError = (text: string): string =>
  `${text
    .replace(/^error: /, 'hotstuff: ')
    .trim()
    .replaceAll(/\s*\n\s*/g, ' ')} (--help tells more)\n`;

/** Commander's own exit code for wrong usage is 1, like that of a failure. */
function exitWithUsageCode(program: Command): void {
  const withSubcommands = (command: Command): readonly Command[] => [
    command,
    ...command.commands.flatMap(withSubcommands),
  ];
  for (const command of withSubcommands(program)) {
    command.exitOverride((error) => process.exit(error.exitCode === 0 ? 0 : EXIT_USAGE));
  }
}

function clusterCommand(): Command {
  return new Command('cluster')
    .description('run a local cluster of processes with a load of commands, and show how it does')
    .addOption(
      wholeOption('--validators <n>', 'nodes, each a process of its own', 1, MAX_TESTNET_VALIDATORS).default(
        4,
      ),
    )
    .addOption(schemeOption())
    .addOption(
      new Option('--workers <n>', 'threads that verify, in each node: auto, or 0 to 64')
        .argParser(workersFrom)
        .default('auto'),
    )
    .addOption(wholeOption('--view-time <ms>', 'how long a view may last', 10, 600_000).default(1_000))
    .option('--dir <dir>', 'where the nodes live; kept afterwards (default: a temporary directory, removed)')
    .addOption(
      wholeOption('--http-port <port>', 'node i serves clients at this port + i', 1, 65_535).default(8_080),
    )
    .addOption(
      new Option('--load <how>', 'how commands are submitted').choices(['http', 'direct']).default('http'),
    )
    .option('--no-load', 'submit no commands')
    .addOption(wholeOption('--clients <n>', 'commands under way at a time', 1, 100_000).default(64))
    .addOption(
      wholeOption('--command-size <bytes>', 'bytes of the value that a command puts', 1, 65_536).default(512),
    )
    .addOption(wholeOption('--duration <seconds>', 'stop after so long (default: at Ctrl-C)', 1, 1_000_000))
    .option('--json', 'print one JSON object at the end, and nothing else')
    .addHelpText('after', EXAMPLES.cluster)
    .action(async (flags: ClusterFlags) => {
      const options = {
        validators: flags.validators,
        scheme: flags.scheme,
        workers: flags.workers,
        viewTimeMs: flags.viewTime,
        dir: flags.dir === undefined ? null : resolve(flags.dir),
        httpPort: flags.httpPort,
        load: flags.load === false ? ('none' as const) : flags.load,
        clients: flags.clients,
        commandBytes: flags.commandSize,
        durationSeconds: flags.duration ?? null,
        json: flags.json === true,
      };
      checkClusterOptions(options);
      process.exitCode = await runCluster(options);
    });
}

interface ClusterFlags {
  readonly validators: number;
  readonly scheme: SchemeName;
  readonly workers: NodeConfig['workers'];
  readonly viewTime: number;
  readonly dir?: string;
  readonly httpPort: number;
  readonly load: 'http' | 'direct' | false;
  readonly clients: number;
  readonly commandSize: number;
  readonly duration?: number;
  readonly json?: boolean;
}

interface TestnetFlags {
  readonly validators: number;
  readonly dir: string;
  readonly scheme: SchemeName;
  readonly host: string;
  readonly port: number;
  readonly httpPort: number;
  readonly json?: boolean;
}

function testnetCommand(): Command {
  return new Command('testnet')
    .description('make the homes of a new chain: keys, genesis, configuration and store of each node')
    .addOption(wholeOption('--validators <n>', 'nodes', 1, MAX_TESTNET_VALIDATORS).makeOptionMandatory())
    .requiredOption('--dir <dir>', 'a new directory; node i lives in DIR/node<i>')
    .addOption(schemeOption())
    .option('--host <host>', 'address that all nodes listen on', '127.0.0.1')
    .addOption(
      wholeOption('--port <port>', 'node i listens for its peers at this port + i', 1, 65_535).default(7_000),
    )
    .addOption(
      wholeOption('--http-port <port>', 'node i serves clients at this port + i', 1, 65_535).default(8_080),
    )
    .option('--json', 'print the homes as JSON')
    .addHelpText('after', EXAMPLES.testnet)
    .action(async ({ validators, dir, scheme, host, port, httpPort, json = false }: TestnetFlags) => {
      const from = (first: number): number[] =>
        Array.from({ length: validators }, (_, index) => first + index);
      const homes = await createTestnet({
        dir: resolve(dir),
        validators,
        scheme,
        host,
        ports: from(port),
        httpPorts: from(httpPort),
      });
      if (json) print(`${JSON.stringify({ scheme, homes: homes.map((home) => home.dir) }, null, 2)}\n`);
      else print(`${homes.map((home) => `hotstuff run --home ${home.dir}\n`).join('')}`);
    });
}

/** Flags of `run` that stand in for a setting of config.json, with their environment variable. */
const OVERRIDES = [
  { flag: '--role <role>', env: 'HOTSTUFF_ROLE', field: 'role', text: 'auto, validator or listener' },
  {
    flag: '--listen <host:port>',
    env: 'HOTSTUFF_LISTEN',
    field: 'network.listen',
    text: 'where peers connect',
  },
  { flag: '--http-host <host>', env: 'HOTSTUFF_HTTP_HOST', field: 'http.host', text: 'address for clients' },
  { flag: '--http-port <port>', env: 'HOTSTUFF_HTTP_PORT', field: 'http.port', text: 'port for clients' },
  {
    flag: '--view-time <ms>',
    env: 'HOTSTUFF_VIEW_TIME_MS',
    field: 'viewTimeMs',
    text: 'how long a view may last',
  },
  {
    flag: '--workers <n>',
    env: 'HOTSTUFF_WORKERS',
    field: 'workers',
    text: 'threads that verify: auto, or 0 to 64',
  },
  { flag: '--trace <true|false>', env: 'HOTSTUFF_TRACE', field: 'trace', text: 'record a trace for replay' },
] as const;

function runCommand(): Command {
  const command = new Command('run')
    .description('run one node: a replica of the key-value store, served over HTTP')
    .addOption(new Option('--home <dir>', 'home of the node').env('HOTSTUFF_HOME').makeOptionMandatory())
    .option('--json', 'log JSON lines')
    .addHelpText('after', EXAMPLES.run);
  for (const { flag, env, text } of OVERRIDES) command.addOption(new Option(flag, text).env(env));
  return command.action(async (flags: { readonly home: string; readonly json?: boolean }) => {
    process.exitCode = await run({
      home: resolve(flags.home),
      json: flags.json === true,
      overrides: overridesOf(command),
    });
  });
}

function overridesOf(command: Command): readonly Override[] {
  return OVERRIDES.flatMap(({ flag, env, field }) => {
    const option = new Option(flag);
    const value: unknown = command.getOptionValue(option.attributeName());
    if (typeof value !== 'string') return [];
    const source =
      command.getOptionValueSource(option.attributeName()) === 'env' ? env : (option.long as string);
    return [{ field, value, source }];
  });
}

interface StatusFlags {
  readonly home?: readonly string[];
  readonly json?: boolean;
  readonly interval?: number;
}

function statusCommand(): Command {
  return new Command('status')
    .description('ask nodes how they are')
    .argument('[urls...]', 'nodes, such as http://127.0.0.1:8080 (the default when no --home is given)')
    .option('--home <dir...>', 'homes of nodes, or directories of homes')
    .addOption(wholeOption('--interval <seconds>', 'look twice, and tell rates and CPU in between', 1, 3_600))
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES.status)
    .action(async (urls: readonly string[], { home = [], json = false, interval }: StatusFlags) => {
      const asked = urls.length === 0 && home.length === 0 ? ['http://127.0.0.1:8080'] : urls;
      const options = { urls: asked, dirs: home, json, intervalSeconds: interval ?? null };
      process.exitCode = await showStatus(options, print);
    });
}

function checkCommand(): Command {
  return new Command('check')
    .description('read all of a stopped node’s store: every record, and every block down to the first')
    .addOption(new Option('--home <dir>', 'home of the node').env('HOTSTUFF_HOME').makeOptionMandatory())
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES.check)
    .action(async ({ home: dir, json = false }: { readonly home: string; readonly json?: boolean }) => {
      const home = existingHome(resolve(dir));
      const check = await checkHome(home, (line) => void process.stderr.write(`checked: ${line}\n`));
      const { records, committed, appStateHash, chain } = check;
      const { chainId, scheme } = chain.chain;
      print(
        json
          ? `${JSON.stringify({ chainId, scheme, replica: chain.replica, records, committed, appStateHash }, null, 2)}\n`
          : describeCheck(home, check),
      );
    });
}

interface KeygenFlags {
  readonly home: string;
  readonly scheme: SchemeName;
  readonly genesis?: string;
  readonly tls?: boolean;
  readonly json?: boolean;
}

function keygenCommand(): Command {
  return new Command('keygen')
    .description('make a validator key and a TLS key for one node')
    .requiredOption(
      '--home <dir>',
      'home that gets keys/; a validator key that is there is never overwritten',
    )
    .addOption(schemeOption())
    .option('--genesis <file>', 'print the proof of possession for the chain of this genesis.json as well')
    .option('--tls', 'make a new TLS key and certificate alone, in place of old ones')
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES.keygen)
    .action(async ({ home: dir, scheme, genesis, tls = false, json = false }: KeygenFlags) => {
      const home = homeAt(resolve(dir));
      if (tls) {
        await writeTlsIdentity(home.tls);
        print(json ? `${JSON.stringify(home.tls, null, 2)}\n` : `${home.tls.key}\n${home.tls.certificate}\n`);
        return;
      }
      const chain = genesis === undefined ? null : readGenesisFile(resolve(genesis)).document.chain;
      const key = makeValidatorKey(chain?.scheme ?? scheme);
      writeNewValidatorKey(home.validatorKey, key);
      await writeTlsIdentity(home.tls);
      const proof = chain === null ? null : possessionOf(key, chain.chainId);
      const possession = proof === null ? {} : { possession: bytesToHex(proof) };
      const made = { scheme: key.scheme, id: key.id, path: home.validatorKey, ...possession };
      print(
        json
          ? `${JSON.stringify(made, null, 2)}\n`
          : `${[key.id, ...Object.values(possession)].join('\n')}\n`,
      );
    });
}

function initCommand(): Command {
  return new Command('init')
    .description('make the store of a home from its genesis.json, and mark its key as used')
    .requiredOption('--home <dir>', 'home with genesis.json and keys/')
    .addHelpText('after', EXAMPLES.init)
    .action(async ({ home }: { readonly home: string }) => {
      const { data } = homeAt(resolve(home));
      await initializeHome(homeAt(resolve(home)));
      print(`${data}: initialised\n`);
    });
}

interface JoinFlags {
  readonly home: string;
  readonly genesis: string;
  readonly listen: string;
  readonly httpHost: string;
  readonly httpPort: number;
  readonly peer?: readonly string[];
  readonly peersFrom?: readonly string[];
  readonly json?: boolean;
}

function joinCommand(): Command {
  return new Command('join')
    .description('make the home of a new node of a running chain: keys, configuration, an empty store')
    .requiredOption('--home <dir>', 'a new directory')
    .requiredOption('--genesis <file>', 'genesis.json of the chain, from somebody you trust')
    .option('--peers-from <url...>', 'nodes to ask for the addresses that they know')
    .option('--peer <id=host:port...>', 'addresses of peers, besides')
    .requiredOption('--listen <host:port>', 'where its peers connect')
    .option('--http-host <host>', 'address for clients', '127.0.0.1')
    .addOption(wholeOption('--http-port <port>', 'port for clients', 1, 65_535).default(8_080))
    .option('--json', 'print JSON')
    .addHelpText('after', EXAMPLES.join)
    .action(async ({ home: dir, peer = [], peersFrom = [], json = false, ...flags }: JoinFlags) => {
      const options = {
        ...flags,
        dir: resolve(dir),
        genesis: resolve(flags.genesis),
        peers: peer,
        peersFrom,
      };
      const { home, id, possession } = await joinChain(options);
      if (json) {
        print(`${JSON.stringify({ home: home.dir, id, possession }, null, 2)}\n`);
        return;
      }
      const proof = possession === null ? '' : ` --possession ${possession}`;
      print(
        `start it:              hotstuff run --home ${home.dir}\n` +
          `make it a validator:   hotstuff validators add ${id}${proof} --power 1 --home …\n`,
      );
    });
}

const schemeOption = (): Option =>
  new Option('--scheme <scheme>', 'signatures of the chain')
    .choices(['bls12381', 'ed25519'])
    .default('bls12381');

function wholeOption(flags: string, text: string, least: number, most: number): Option {
  return new Option(flags, text).argParser((value: string) => {
    const number = Number(value);
    if (/^\d+$/.test(value) && number >= least && number <= most) return number;
    throw new InvalidArgumentError(`It must be a whole number from ${least} to ${most}.`);
  });
}

function workersFrom(value: string): NodeConfig['workers'] {
  if (value === 'auto') return value;
  const number = Number(value);
  if (/^\d+$/.test(value) && number <= 64) return number;
  throw new InvalidArgumentError('It must be auto or a whole number from 0 to 64.');
}

const EXAMPLES = {
  program: `
Examples:
  hotstuff cluster                                    four nodes on this machine, with a load
  hotstuff testnet --validators 4 --dir net           the homes of four nodes
  hotstuff run --home net/node0                       one of them
  hotstuff status --home net                          how they are
  hotstuff validators list --home net                 who votes

HOTSTUFF_DEBUG=1 adds a stack to error messages.`,
  cluster: `
Examples:
  hotstuff cluster                                    until Ctrl-C
  hotstuff cluster --duration 20 --json               a measurement
  hotstuff cluster --scheme ed25519 --load direct --clients 2000
  hotstuff cluster --validators 7 --dir net --no-load a playground: put keys with curl
  curl -X PUT --data hello localhost:8080/kv/greeting && curl localhost:8081/kv/greeting`,
  testnet: `
Examples:
  hotstuff testnet --validators 4 --dir net
  hotstuff testnet --validators 7 --dir net --scheme ed25519 --port 9000 --http-port 9100`,
  run: `
A flag wins over its environment variable, and that over config.json. SIGHUP reads the peers in config.json again;
SIGINT and SIGTERM stop the node once what it has accepted is committed.

Examples:
  hotstuff run --home net/node0
  hotstuff run --home net/node0 --http-port 8090 --view-time 500
  HOTSTUFF_HOME=net/node0 HOTSTUFF_WORKERS=0 hotstuff run --json`,
  status: `
Examples:
  hotstuff status http://127.0.0.1:8080 http://127.0.0.1:8081
  hotstuff status --home net --interval 10            with rates and CPU
  hotstuff status --home net/node0 --json`,
  check: `
Nothing is changed. Signatures are not verified again; whether the app state is the right one, other nodes tell: compare
it with GET /blocks/HEIGHT of one. Exits with 1 when something is damaged or missing.

Examples:
  hotstuff check --home net/node0
  hotstuff check --home net/node0 --json`,
  keygen: `
Examples:
  hotstuff keygen --home net/node4
  hotstuff keygen --home net/node4 --scheme ed25519 --json
  hotstuff keygen --home net/node4 --genesis net/node0/genesis.json    id, and proof of possession
  hotstuff keygen --home net/node4 --tls              a new TLS key, for the next start`,
  init: `
Examples:
  hotstuff init --home net/node4`,
  join: `
The node follows as a listener and, once it has caught up, can be made a validator without a restart.

Examples:
  hotstuff join --home net/node4 --genesis net/node0/genesis.json --peers-from http://127.0.0.1:8080 \\
      --listen 127.0.0.1:7004 --http-port 8084
  hotstuff run --home net/node4
  hotstuff validators add http://127.0.0.1:8084 --home net`,
} as const;
