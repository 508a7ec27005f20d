import type { CommandService } from '../state-machine/index.ts';
import { CommandError } from '../state-machine/index.ts';
import { loadConfig, type Override } from './config.ts';
import { describeError, EXIT_FAILED } from './failure.ts';
import { existingHome, short } from './home.ts';
import type { FromNode, ToNode } from './ipc.ts';
import { encodePut } from './kv.ts';
import { type Load, type LoadOutcome, startLoad } from './load.ts';
import { createLog, type Log } from './log.ts';
import { type RunningNode, startNode } from './node.ts';

export interface RunOptions {
  readonly home: string;
  readonly json: boolean;
  readonly overrides: readonly Override[];
}

/** How often a node tells the cluster that started it how its load goes. */
const REPORT_INTERVAL_MS = 250;

/**
 * `hotstuff run`: one node, until SIGINT or SIGTERM, or until the process that forked it is gone. Resolves to the exit
 * code.
 */
export async function run({ home: dir, json, overrides }: RunOptions): Promise<number> {
  const home = existingHome(dir);
  const config = loadConfig(home.config, overrides);
  const log = createLog((line) => process.stderr.write(line), { json });
  const stopping = stopRequested();
  const node = await startNode(home, config, log);
  log.info(`ready: ${node.http.url}/kv/:key and ${node.http.url}/status`, {
    replica: short(node.replica.id),
  });
  const load = serveParent(node);
  process.on('SIGHUP', () => reloadPeers(node, home.config, overrides, log));
  const why = await Promise.race([stopping, haltOf(node)]);
  if ('halted' in why) return halted(node, why.halted, log);
  log.info(`stopping: ${why.reason}`);
  const loadEnded = load.stop();
  await node.stop();
  await loadEnded;
  log.info('stopped');
  return 0;
}

/** SIGHUP: peers have moved. Everything else in config.json takes effect at the next start. */
function reloadPeers(node: RunningNode, path: string, overrides: readonly Override[], log: Log): void {
  try {
    const { peers } = loadConfig(path, overrides).network;
    node.setPeers(peers);
    log.info(`read ${path} again`, { peers: Object.keys(peers).length });
  } catch (error) {
    log.error(`kept the peers as they were: ${describeError(error)}`);
  }
}

/** Resolves at the first request to stop. A second signal ends the process at once: nothing durable is lost by that. */
function stopRequested(): Promise<{ readonly reason: string }> {
  return new Promise((resolve) => {
    let isStopping = false;
    const stop = (reason: string): void => {
      if (isStopping && reason !== PARENT_GONE) process.exit(EXIT_FAILED);
      isStopping = true;
      resolve({ reason });
    };
    process.on('SIGINT', () => stop('SIGINT'));
    process.on('SIGTERM', () => stop('SIGTERM'));
    if (process.send !== undefined) process.on('disconnect', () => stop(PARENT_GONE));
  });
}

const PARENT_GONE = 'the process that started this node is gone';

const haltOf = ({ ended }: RunningNode): Promise<{ readonly halted: unknown }> =>
  ended.then(
    () => ({ halted: new Error('the replica stopped') }),
    (error: unknown) => ({ halted: error }),
  );

async function halted(node: RunningNode, reason: unknown, log: Log): Promise<number> {
  log.error(`halted: ${describeError(reason)}`);
  node.commands.close();
  await node.stop().catch((error: unknown) => log.error(`while stopping: ${describeError(error)}`));
  return EXIT_FAILED;
}

/** Tells a parent process that the node is there, and runs the loads that it asks for. */
function serveParent({ http, replica, commands }: RunningNode): { stop(): Promise<void> } {
  if (process.send === undefined) return { stop: () => Promise.resolve() };
  const tell = (message: FromNode): void => {
    if (process.connected) process.send?.(message);
  };
  let load: Load | null = null;
  let timer: NodeJS.Timeout | undefined;
  const report = (isLast: boolean): void => {
    if (load === null) return;
    const { committed, failed, latency } = load;
    tell({ type: 'load-report', isLast, committed, failed, latency: latency.counts() });
  };
  const stop = async (): Promise<void> => {
    clearInterval(timer);
    await load?.stop();
    report(true);
  };
  process.on('message', (message: ToNode) => {
    if (message.type === 'stop-load') {
      void stop();
      return;
    }
    load ??= startDirectLoad(commands, replica.id, message);
    timer ??= setInterval(() => report(false), REPORT_INTERVAL_MS);
  });
  tell({ type: 'ready', url: http.url, id: replica.id });
  return { stop };
}

function startDirectLoad(
  commands: CommandService,
  id: string,
  { clients, valueBytes }: { readonly clients: number; readonly valueBytes: number },
): Load {
  return startLoad({
    clients,
    valueBytes,
    prefix: id.slice(0, 8),
    write: (_client, key, value) =>
      commands.submit(encodePut(Buffer.from(key), value)).then(() => 'committed', outcomeOf),
  });
}

const outcomeOf = (error: unknown): LoadOutcome =>
  error instanceof CommandError && (error.code === 'pool-full' || error.code === 'closed')
    ? 'busy'
    : 'failed';
