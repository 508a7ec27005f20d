import { constant, type Delay, draw, longest } from './delays.ts';
import type { Random } from './random.ts';

/** How links behave for a while. */
export interface LinkBehaviour {
  readonly delay: Delay;
  /** Share of messages that are lost. */
  readonly loss: number;
  /** Share of messages that arrive twice. */
  readonly duplicates: number;
  /** Whether messages of one link overtake each other. */
  readonly reorder: boolean;
}

/** Partial synchrony: anything goes before `gstMs`, and everything is delivered within the delay's bound after it. */
export interface NetworkOptions {
  readonly before: LinkBehaviour;
  readonly after: LinkBehaviour;
  /** Global stabilisation time, in virtual milliseconds. */
  readonly gstMs: number;
}

/** A synchronous network from the start: every message takes `delay`. */
export const calm = (delay: Delay = constant(10)): NetworkOptions => {
  const links: LinkBehaviour = { delay, loss: 0, duplicates: 0, reorder: true };
  return { before: links, after: links, gstMs: 0 };
};

/** Chaos until `gstMs`, then `delay`. */
export const stormy = (gstMs: number, delay: Delay, viewTimeMs: number): NetworkOptions => ({
  gstMs,
  before: {
    delay: { shape: 'exponential', meanMs: viewTimeMs / 3, maxMs: 4 * viewTimeMs },
    loss: 0.2,
    duplicates: 0.1,
    reorder: true,
  },
  after: { delay, loss: 0, duplicates: 0.02, reorder: true },
});

/** The links between replicas, by index. Says when a message arrives; the world delivers it. */
export interface SimulatedNetwork {
  /** Delays after which copies of a message of `from` to `to`, sent now, arrive; none when it is lost. */
  route(from: number, to: number, now: number): readonly number[];
  /** Whether the two can reach each other now. */
  connects(from: number, to: number): boolean;
  /** Cuts all links between replicas of different groups; whom no group names is alone. */
  partition(groups: readonly (readonly number[])[]): void;
  heal(): void;
  readonly isPartitioned: boolean;
  readonly gstMs: number;
  /** The bound that delays keep after GST. */
  readonly boundMs: number;
}

export function createNetwork(options: NetworkOptions, count: number, random: Random): SimulatedNetwork {
  const { before, after, gstMs } = options;
  let groupOf: readonly number[] | null = null;
  /** Latest arrival by link, for links that keep their order. */
  const lastArrival = new Float64Array(count * count);

  const connects = (from: number, to: number): boolean =>
    from === to || groupOf === null || groupOf[from] === groupOf[to];
  const arrival = (links: LinkBehaviour, link: number, now: number): number => {
    const at = now + draw(links.delay, random);
    if (links.reorder) return at - now;
    lastArrival[link] = Math.max(lastArrival[link] as number, at);
    return (lastArrival[link] as number) - now;
  };

  return {
    route(from, to, now) {
      if (from === to) return [0];
      const links = now < gstMs ? before : after;
      if (!connects(from, to) || random.chance(links.loss)) return [];
      const link = from * count + to;
      const first = arrival(links, link, now);
      return random.chance(links.duplicates) ? [first, arrival(links, link, now)] : [first];
    },
    connects,
    partition(groups) {
      // Replicas in no group get one of their own.
      const assigned = Array.from({ length: count }, (_, index) => groups.length + index);
      for (const [group, members] of groups.entries()) for (const member of members) assigned[member] = group;
      groupOf = assigned;
    },
    heal() {
      groupOf = null;
    },
    get isPartitioned() {
      return groupOf !== null;
    },
    gstMs,
    boundMs: longest(after.delay),
  };
}
