import type { Input, RequestId } from '../core/input.ts';
import {
  type BlockEffects,
  NO_APP_STATE_UPDATES,
  type ProducedBlock,
  type ProduceRequest,
  type ValidateRequest,
  type Validity,
} from '../model/app.ts';
import type { ChainParameters } from '../model/chain.ts';
import { type BlockHash, type Millis, ZERO_HASH } from '../model/ids.ts';
import { isMember } from '../model/validator-set.ts';
import type { AppView, ProduceBlockRequest, ProduceBlockResult, ValidateBlockResult } from '../ports/app.ts';
import type { SimulatedApp } from './app.ts';
import { dataHashOf } from './data-check.ts';
import type { ScheduledEvent } from './event-queue.ts';
import type { Keyring } from './signatures.ts';

export interface AppSurroundings {
  readonly app: SimulatedApp;
  readonly chain: ChainParameters;
  readonly keyring: Keyring;
  now(): Millis;
  schedule(afterMs: number, run: () => void): ScheduledEvent;
  cancel(event: ScheduledEvent): void;
  latency(): number;
  /** The state after a block; the zero hash stands for none. Null when the block was pruned meanwhile. */
  appView(block: BlockHash): AppView | null;
  answer(input: Input): void;
  failed(call: 'produceBlock' | 'validateBlock', error: unknown): void;
  awaitApp(answer: Promise<void>): void;
}

/** Asks a replica's app, lets leaders wait for commands, and turns whatever the app does wrong into an app fault. */
export interface AppRunner {
  produce(request: RequestId, ask: ProduceRequest): void;
  validate(request: RequestId, ask: ValidateRequest): void;
  cancel(request: RequestId): void;
  /** There may be something to order now. */
  wake(): void;
  /** The replica stopped. */
  reset(): void;
}

interface Waiting {
  readonly ask: ProduceRequest;
  readonly timer: ScheduledEvent;
}

export function createAppRunner(world: AppSurroundings): AppRunner {
  const { app } = world;
  const waiting = new Map<RequestId, Waiting>();
  const abort = new AbortController().signal;

  /** Calls the app and hands its answer on; null when it failed. */
  function call<Result>(
    name: 'produceBlock' | 'validateBlock',
    run: () => Promise<Result> | Result,
    done: (result: Result | null) => void,
  ): void {
    const fail = (error: unknown): void => {
      world.failed(name, error);
      done(null);
    };
    try {
      const result = run();
      if (result instanceof Promise) world.awaitApp(result.then(done, fail));
      else done(result);
    } catch (error) {
      fail(error);
    }
  }

  /** Null when the parent was pruned meanwhile. */
  const requestOf = (ask: ProduceRequest): ProduceBlockRequest | null => {
    const state = world.appView(ask.parent?.hash ?? ZERO_HASH);
    const waitMs = Math.max(0, ask.waitUntil - world.now());
    return state === null ? null : { view: ask.view, parent: ask.parent, state, waitMs };
  };
  const answerProduced = (request: RequestId, block: ProducedBlock | null): void => {
    world.schedule(world.latency(), () =>
      world.answer({ now: world.now(), type: 'block-produced', request, block }),
    );
  };
  const answerValidated = (request: RequestId, validity: Validity | null): void => {
    world.schedule(world.latency(), () =>
      world.answer({ now: world.now(), type: 'block-validated', request, validity }),
    );
  };
  const produceNow = (request: RequestId, asked: ProduceBlockRequest | null): void => {
    waiting.delete(request);
    if (asked === null) return answerProduced(request, null);
    call<ProduceBlockResult>(
      'produceBlock',
      () =>
        app.produceBlock({ view: asked.view, parent: asked.parent, state: asked.state, waitMs: 0 }, abort),
      (result) => answerProduced(request, result && completed(world, result, asked.state)),
    );
  };
  return {
    produce(request, ask) {
      const asked = requestOf(ask);
      const mayWait = asked !== null && asked.waitMs > 0 && app.hasWork?.(asked) === false;
      if (!mayWait) return produceNow(request, asked);
      const timer = world.schedule(asked.waitMs, () => produceNow(request, requestOf(ask)));
      waiting.set(request, { ask, timer });
    },
    validate(request, { block, context }) {
      const state = world.appView(block.justify.block);
      if (state === null) return answerValidated(request, null);
      call<ValidateBlockResult>(
        'validateBlock',
        () => app.validateBlock({ block, context, state }, abort),
        (result) => answerValidated(request, result && judged(world, result, state)),
      );
    },
    cancel(request) {
      const found = waiting.get(request);
      if (found === undefined) return;
      world.cancel(found.timer);
      waiting.delete(request);
    },
    wake() {
      for (const [request, { ask, timer }] of [...waiting]) {
        const asked = requestOf(ask);
        if (asked === null || app.hasWork?.(asked) !== true) continue;
        world.cancel(timer);
        produceNow(request, asked);
      }
    },
    reset() {
      waiting.clear();
    },
  };
}

const effectsOf = (result: Partial<BlockEffects>): BlockEffects => ({
  appStateUpdates: result.appStateUpdates ?? NO_APP_STATE_UPDATES,
  validatorSetUpdates: result.validatorSetUpdates ?? null,
  hasCommands: result.hasCommands ?? false,
});

/** New keys need a proof of possession (R21). */
const hasGoodKeys = (
  { keyring, chain }: AppSurroundings,
  { validatorSetUpdates }: BlockEffects,
  state: AppView,
): boolean =>
  validatorSetUpdates === null ||
  validatorSetUpdates.inserts.every(
    ({ id, possession }) =>
      (possession === null && isMember(state.validatorSet, id)) ||
      keyring.isPossession({ chainId: chain.chainId, id, possession }),
  );

const INVALID: Validity = { valid: false };

function judged(world: AppSurroundings, result: ValidateBlockResult, state: AppView): Validity {
  if (!result.valid) return INVALID;
  const effects = effectsOf(result);
  if (!hasGoodKeys(world, effects, state)) return INVALID;
  const { appStateUpdates, validatorSetUpdates, hasCommands } = effects;
  return { valid: true, appStateUpdates, validatorSetUpdates, hasCommands };
}

/** Null for a block that nobody would vote for. */
function completed(world: AppSurroundings, result: ProduceBlockResult, state: AppView): ProducedBlock | null {
  const effects = effectsOf(result);
  const { data, dataHash = dataHashOf(data, world.app) } = result;
  if (!hasGoodKeys(world, effects, state)) return null;
  const { appStateUpdates, validatorSetUpdates, hasCommands } = effects;
  return { data, dataHash, appStateUpdates, validatorSetUpdates, hasCommands };
}
