import type { App } from '../ports/app.ts';
import { createApp, type Divergence } from './app.ts';
import { createArrivals } from './arrivals.ts';
import type { StateMachineDefinition, StateMachineSettings } from './definition.ts';
import { createBlockLedger } from './ledger.ts';
import { createCommandPool } from './pool.ts';
import type { ReplicaHandle } from './replica-handle.ts';
import { type CommandService, Service } from './service.ts';
import { checkDefinition, settingsFrom } from './settings.ts';

export interface StateMachineOptions extends StateMachineDefinition {
  readonly settings?: Partial<StateMachineSettings>;
  /** Told whenever a block shows that this node's state differs from its proposer's. */
  readonly onDivergence?: (divergence: Divergence) => void;
}

export interface StateMachine {
  /** To be given to `startReplica`, of one replica. */
  readonly app: App;
  /** Connects the machine to the replica that runs its app; to be called once, as soon as that has started. */
  attach(replica: ReplicaHandle): CommandService;
}

/**
 * A replicated state machine of commands: clients submit bytes at any node, every node applies them in one order, and
 * the submitter gets the answer when its command is committed. Each command takes effect once, however often it is
 * proposed. Throws `ConfigError` for options that make no sense.
 */
export function createStateMachine(options: StateMachineOptions): StateMachine {
  checkDefinition(options);
  const settings = settingsFrom(options.settings);
  const pool = createCommandPool(settings);
  const ledger = createBlockLedger();
  const arrivals = createArrivals();
  let divergence: Divergence | null = null;
  let service: Service | null = null;
  const app = createApp({
    definition: options,
    settings,
    pool,
    ledger,
    arrivals,
    observer: {
      committedHeight: () => service?.committedHeight ?? -1,
      onExecuted: (commands, bytes) => service?.onExecuted(commands, bytes),
      onRefused: (command, error) => service?.onRefused(command, error),
      onDiverged: (found) => {
        divergence ??= found;
        options.onDivergence?.(found);
      },
    },
  });
  return {
    app,
    attach(replica) {
      if (service !== null) throw new TypeError('a state machine serves one replica');
      service = new Service({
        definition: options,
        replica,
        settings,
        pool,
        ledger,
        arrivals,
        divergence: () => divergence,
      });
      return service;
    },
  };
}
