import type { TreeDelta } from '../core/block-tree/delta.ts';
import type { Effect } from '../core/effect.ts';
import type { RequestId } from '../core/input.ts';
import type { ProducedBlock, Validity } from '../model/app.ts';
import type { Block } from '../model/block.ts';
import type { ChainParameters } from '../model/chain.ts';
import { PoolFullError } from '../model/errors.ts';
import type { ReplicaEvent } from '../model/events.ts';
import { asMillis, type BlockHash, ZERO_HASH } from '../model/ids.ts';
import { isMember, updatedValidatorSet, type ValidatorSetUpdates } from '../model/validator-set.ts';
import type { App, AppView } from '../ports/app.ts';
import type { Clock } from '../ports/clock.ts';
import type { Verifier } from '../ports/signature-scheme.ts';
import { AppFault, asAnswer, effectsOf, ownedData } from './app-answers.ts';
import type { HashData } from './data-hash.ts';
import type { LocalInput } from './local-input.ts';
import type { OpenState } from './open-state.ts';
import { asPoolError, verdictsOf } from './verification.ts';

export interface AppRunnerOptions {
  readonly app: App;
  readonly chain: ChainParameters;
  readonly viewTimeMs: number;
  readonly clock: Clock;
  readonly verifier: Pick<Verifier, 'checkPossession'>;
  readonly hashData: HashData;
  /** The state after a block; null when commits have left its branch behind. Throws when the store fails. */
  readonly openState: (block: BlockHash) => OpenState | null;
  readonly answer: (input: LocalInput) => void;
  readonly emit: (event: ReplicaEvent) => void;
  readonly onFault: (error: unknown) => void;
}

/**
 * Calls the app, in a turn of the event loop of its own, whatever it does. A throw, nonsense or an answer that does not
 * come is an app fault: an `app-failed` event, and null for the core, which then proposes nothing or abstains.
 *
 * `produceBlock` has until half a view time after it may no longer wait. `validateBlock` is aborted when its branch
 * is pruned; an answer that has not come after ten view times is not waited for.
 */
export interface AppRunner {
  produce(effect: Extract<Effect, { type: 'produce-block' }>): void;
  validate(effect: Extract<Effect, { type: 'validate-block' }>): void;
  /** Aborts the call; nothing is answered. Unknown requests are ignored. */
  cancel(request: RequestId): void;
  /** Aborts the validations that `delta` has made pointless. */
  onTreeMoved(delta: TreeDelta): void;
  stop(): void;
}

type Call = 'produceBlock' | 'validateBlock';

/** Half of the view is left for the votes, which a block that comes later would not get. */
const PRODUCE_LIMIT_IN_VIEWS = 1 / 2;

/** So long after its proposal a verdict helps nobody; the state that it reads must not be held for ever. */
const VALIDATE_LIMIT_IN_VIEWS = 10;

interface Running {
  readonly controller: AbortController;
  /** Of a validation. */
  readonly block: Block | null;
}

class Aborted extends Error {}

export function createAppRunner(options: AppRunnerOptions): AppRunner {
  const { app, viewTimeMs, clock, answer } = options;
  const running = new Map<RequestId, Running>();

  /** Runs one call to its end. `onEnd` gets what `call` made, or null; it is not called after `cancel`. */
  const run = async <Result>(
    what: {
      readonly call: Call;
      readonly request: RequestId;
      readonly block: Block | null;
      readonly limitMs: number;
    },
    parent: BlockHash,
    call: (state: OpenState, signal: AbortSignal) => Promise<Result>,
    onEnd: (result: Result | null) => void,
  ): Promise<void> => {
    const { request, block } = what;
    const controller = new AbortController();
    running.set(request, { controller, block });
    let state: OpenState | null = null;
    let result: Result | null = null;
    try {
      state = options.openState(parent);
      if (state !== null) {
        await nextTurn();
        // What was cancelled or aborted meanwhile is not begun.
        if (running.has(request) && !controller.signal.aborted)
          result = await inTime(clock, what, controller, call(state, controller.signal));
      }
    } catch (error) {
      onCallFailed(what.call, error, state);
    } finally {
      state?.close();
    }
    if (running.delete(request)) onEnd(result);
  };

  const onCallFailed = (call: Call, error: unknown, state: OpenState | null): void => {
    if (error instanceof Aborted) return;
    // No state: it could not be opened. A failure: the app stumbled over the store's fault.
    if (state === null) options.onFault(error);
    else if (state.failure !== null) options.onFault(state.failure);
    else if (error instanceof VerifierFault) options.onFault(asPoolError(error.cause));
    else options.emit({ type: 'app-failed', call, error });
  };

  const abort = (request: RequestId): void => running.get(request)?.controller.abort();

  return {
    produce({ request, ask }) {
      const waitMs = Math.max(0, Math.floor(ask.waitUntil - clock.now()));
      const limitMs = waitMs + PRODUCE_LIMIT_IN_VIEWS * viewTimeMs;
      void run<ProducedBlock>(
        { call: 'produceBlock', request, block: null, limitMs },
        ask.parent?.hash ?? ZERO_HASH,
        async ({ view: state }, signal) => {
          const { view, parent } = ask;
          const answered = await app.produceBlock({ view, parent, state, waitMs }, signal);
          await nextTurn();
          return producedBlock(options, answered, state, signal);
        },
        (block) => answer({ type: 'block-produced', request, block }),
      );
    },
    validate({ request, ask: { block, context } }) {
      void run<Validity>(
        { call: 'validateBlock', request, block, limitMs: VALIDATE_LIMIT_IN_VIEWS * viewTimeMs },
        block.justify.block,
        async ({ view: state }, signal) => {
          const answered = await app.validateBlock({ block, state, context }, signal);
          await nextTurn();
          return validityOf(options, answered, block, state, signal);
        },
        (validity) => answer({ type: 'block-validated', request, validity }),
      );
    },
    cancel(request) {
      const { controller } = running.get(request) ?? {};
      running.delete(request);
      controller?.abort();
    },
    onTreeMoved(delta) {
      if (delta.commits.length === 0 || running.size === 0) return;
      for (const [request, { block }] of running) {
        if (block !== null && isPointless(block, delta)) abort(request);
      }
    },
    stop() {
      const calls = [...running.values()];
      running.clear();
      for (const { controller } of calls) controller.abort();
    },
  };
}

/**
 * An app works through a whole block at once, and so has the step that asks for it: both in one turn of the event loop
 * would hold up the host for the sum.
 */
const nextTurn = (): Promise<void> => new Promise((resolve) => void setImmediate(resolve));

/** Whether the block's parent is pruned, or another block is committed at its height. */
function isPointless({ hash, height, justify }: Block, { commits, prunes }: TreeDelta): boolean {
  if (prunes.some((pruned) => pruned.hash === justify.block)) return true;
  return commits.some((committed) => committed.height === height && committed.hash !== hash);
}

/**
 * What `answer` settles with, unless the limit passes first (`AppFault`, and the call is aborted) or the call is
 * aborted from elsewhere (`Aborted`). An answer that comes later is dropped.
 */
function inTime<Result>(
  clock: Clock,
  { call, limitMs }: { readonly call: Call; readonly limitMs: number },
  controller: AbortController,
  answer: Promise<Result>,
): Promise<Result> {
  return new Promise((resolve, reject) => {
    const timer = clock.setTimer(asMillis(clock.now() + limitMs), () => {
      reject(new AppFault(`${call} has not answered within ${Math.round(limitMs)} ms`));
      controller.abort();
    });
    controller.signal.addEventListener('abort', () => {
      timer[Symbol.dispose]();
      reject(new Aborted());
    });
    void answer.then(resolve, reject).finally(() => timer[Symbol.dispose]());
  });
}

async function producedBlock(
  options: AppRunnerOptions,
  answered: unknown,
  state: AppView,
  signal: AbortSignal,
): Promise<ProducedBlock> {
  const { chain, hashData } = options;
  const fields = asAnswer(answered, 'produceBlock');
  const data = ownedData(fields['data'], chain.limits);
  const effects = effectsOf(fields, data, chain.scheme);
  const dataHash = hashData(data);
  const claimed = fields['dataHash'];
  if (claimed !== undefined && claimed !== dataHash) {
    throw new AppFault(`dataHash is ${String(claimed)}, but the hash of the data is ${dataHash}`);
  }
  const fault = await faultOfUpdates(options, effects.validatorSetUpdates, state, signal);
  if (fault !== null) throw new AppFault(`validatorSetUpdates cannot be applied: ${fault}`);
  return { data, dataHash, ...effects };
}

/** Bad validator-set updates are the block's fault, not the app's: the block is invalid (R21, R22). */
async function validityOf(
  options: AppRunnerOptions,
  answered: unknown,
  block: Block,
  state: AppView,
  signal: AbortSignal,
): Promise<Validity> {
  const fields = asAnswer(answered, 'validateBlock');
  if (fields['valid'] === false) return { valid: false };
  if (fields['valid'] !== true)
    throw new AppFault('validateBlock must answer with valid: true or valid: false');
  const effects = effectsOf(fields, block.data, options.chain.scheme);
  const fault = await faultOfUpdates(options, effects.validatorSetUpdates, state, signal);
  return fault === null ? { valid: true, ...effects } : { valid: false };
}

/** How long an answer's proofs wait for room in the verifier before it is asked again. */
const FULL_POOL_MS = 5;

/** The verifier broke while the app's answer was checked. */
class VerifierFault extends Error {}

/**
 * Why `updates` do not make a validator set: R21's conditions, the chain's limit, proofs of possession. A key that is
 * in the set has been proved when it came in: its power changes without another proof, but not with a wrong one.
 */
async function faultOfUpdates(
  { chain, verifier, clock }: AppRunnerOptions,
  updates: ValidatorSetUpdates | null,
  state: AppView,
  signal: AbortSignal,
): Promise<string | null> {
  if (updates === null) return null;
  const next = updatedValidatorSet(state.validatorSet, updates);
  if (typeof next === 'string') return next;
  const { maxValidators } = chain.limits;
  if (next.validators.length > maxValidators) {
    return `${next.validators.length} validators, of ${maxValidators} at most on this chain`;
  }
  const keys = updates.inserts
    .filter(({ id, possession }) => possession !== null || !isMember(state.validatorSet, id))
    .map(({ id, possession }) => ({ chainId: chain.chainId, id, possession }));
  if (keys.length === 0) return null;
  const valid = await verdicts({ verifier, clock }, keys, signal);
  const bad = valid.findIndex((verdict) => verdict !== 1);
  return bad < 0 ? null : `the proof of possession of ${keys[bad]?.id} is not valid`;
}

async function verdicts(
  { verifier, clock }: Pick<AppRunnerOptions, 'verifier' | 'clock'>,
  keys: Parameters<Verifier['checkPossession']>[0],
  signal: AbortSignal,
): Promise<Uint8Array> {
  for (;;) {
    try {
      return verdictsOf(await verifier.checkPossession(keys, signal), keys.length);
    } catch (cause) {
      if (!(cause instanceof PoolFullError) || signal.aborted) {
        throw new VerifierFault('the verifier failed', { cause });
      }
    }
    // It has room again when it has worked for a while; the call's own time limit ends this at the latest.
    await new Promise<void>((resolve) => void clock.setTimer(asMillis(clock.now() + FULL_POOL_MS), resolve));
  }
}
