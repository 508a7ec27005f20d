import type { Phase, PhaseCertificate } from '../../../src/model/certificate.ts';
import type { BlockHash } from '../../../src/model/ids.ts';
import type { Message } from '../../../src/model/messages.ts';
import {
  type AdversaryFactory,
  createWorld,
  type World,
  type WorldOptions,
} from '../../../src/simulator/index.ts';

/**
 * One attack or failure, step by step. It passes with the core that ships, and must fail with a core from which a rule
 * in `rules` was taken out.
 */
export interface Scenario {
  readonly name: string;
  readonly rules: readonly string[];
  /** `options` go into its world: another core, other checkers. */
  run(options?: Partial<WorldOptions>): void;
}

/** Throws with the world's last events when `condition` does not hold. */
export function must(world: World, condition: boolean, what: string): asserts condition {
  if (!condition) world.fail('scenario', what);
}

/** The world of most traces: equal powers, leaders that change every view, no epoch change in the way. */
export const traceWorld = (given: Partial<WorldOptions>, options: Partial<WorldOptions> = {}): World =>
  createWorld({
    n: 4,
    seed: 1,
    ...options,
    chain: { leaderTenure: 1, epochLength: 100, ...options.chain },
    ...given,
  });

/** A Byzantine replica that does nothing by itself: the scenario speaks for it. */
export const puppet: AdversaryFactory = () => ({});

/** Runs until all of `replicas` have entered `view`. */
export function reach(world: World, view: number, replicas: readonly number[]): void {
  world.runUntil(() => replicas.every((index) => world.replica(index).view >= view), {
    withinMs: 200 * world.settings.viewTimeMs,
    what: `view ${view} at ${replicas}`,
  });
}

/** The view that a message belongs to; null for those of no view. */
function viewOf(message: Message): number | null {
  if ('view' in message) return message.view;
  if (message.type !== 'advance-view') return null;
  return message.certificate.type === 'pc' ? message.certificate.pc.view : message.certificate.tc.view;
}

/** Messages that are lost: those that fit everything which is said. */
export interface Loss {
  readonly type?: Message['type'] | readonly Message['type'][];
  readonly view?: number;
  readonly phase?: Phase;
  readonly from?: number | readonly number[];
  readonly to?: number | readonly number[];
  readonly exceptTo?: number | readonly number[];
}

const includes = <Item>(wanted: Item | readonly Item[] | undefined, item: Item): boolean =>
  wanted === undefined || (Array.isArray(wanted) ? wanted.includes(item) : wanted === item);

function isLost(
  { type, view, phase, from, to, exceptTo }: Loss,
  sender: number,
  recipient: number,
  message: Message,
) {
  return (
    includes(type, message.type) &&
    (view === undefined || viewOf(message) === view) &&
    (phase === undefined || (message.type === 'phase-vote' && message.phase === phase)) &&
    includes(from, sender) &&
    includes(to, recipient) &&
    (exceptTo === undefined || !includes(exceptTo, recipient))
  );
}

/** Loses messages until the returned function is called. */
export const lose = (world: World, losses: readonly Loss[]): (() => void) =>
  world.intercept((from, to, message) =>
    losses.some((loss) => isLost(loss, from, to, message)) ? 'drop' : undefined,
  );

/** Cuts replicas off from all others until the returned function is called. */
export const cutOff = (world: World, replicas: number | readonly number[]): (() => void) =>
  lose(world, [{ from: replicas }, { to: replicas }]);

/** `from` and the justifies of the blocks below it, down to the one of the block of height 0. */
export function justifiesFrom(world: World, replica: number, from: PhaseCertificate): PhaseCertificate[] {
  const pcs: PhaseCertificate[] = [];
  for (let pc = from, block = world.replica(replica).block(pc.block); block !== null; ) {
    pcs.push(pc);
    pc = block.justify;
    block = world.replica(replica).block(pc.block);
  }
  return pcs;
}

export const giveNewView = (
  world: World,
  from: number,
  to: number,
  view: number,
  highestPc: PhaseCertificate,
): void =>
  world.give(from, to, { type: 'new-view', chainId: world.chain.chainId, view: view as never, highestPc });

/** Fails the world as soon as an honest replica votes for `block`. */
export function forbidVotesFor(world: World, block: BlockHash): void {
  world.onEvent((index, event) => {
    if (event.type === 'phase-voted' && event.block === block)
      world.fail('scenario', `r${index} voted for ${block}`);
  });
}

/**
 * Lets `replicas` time out together and enter `view`: each gets the timeout certificate of the view before, which must
 * be an epoch-change view (`epochLength` 1 makes every view one). Then runs for `forMs`.
 */
export function enterTogether(world: World, view: number, replicas: readonly number[], forMs: number): void {
  const tc = world.forge.timeoutCertificate({ view: view - 1, signers: replicas });
  for (const to of replicas) {
    world.give(to, to, { type: 'advance-view', certificate: { type: 'tc', tc } });
  }
  world.run({ ms: forMs });
  for (const index of replicas)
    must(world, world.replica(index).view >= view, `r${index} is in view ${view}`);
}

/** Runs on and checks that every replica named commits more. */
export function mustGoOn(world: World, withinViewTimes: number, replicas?: readonly number[]): void {
  const all =
    replicas ?? world.replicas.filter(({ isHonest, isUp }) => isHonest && isUp).map(({ index }) => index);
  const target = world.height + 3;
  world.runUntil(() => all.every((index) => world.replica(index).height >= target), {
    withinMs: withinViewTimes * world.settings.viewTimeMs,
    what: `height ${target} at ${all}`,
  });
}

/** The update's block is proposed in `view`, by its leader, which must not lead the view before. */
export function proposeUpdateIn(
  world: World,
  view: number,
  update: Parameters<World['updateValidators']>[0],
): void {
  reach(world, view - 1, [(view - 1) % 4]);
  world.updateValidators(update);
}

/** The block that somebody voted Prepare for last. */
export function watchUpdate(world: World): { hash: BlockHash | null } {
  const seen: { hash: BlockHash | null } = { hash: null };
  world.onEvent((_index, event) => {
    if (event.type === 'phase-voted' && event.phase === 'prepare') seen.hash = event.block;
  });
  return seen;
}
