import { assertNever } from '../model/assert.ts';
import type { Random } from './random.ts';

/** How long something takes, in virtual milliseconds. */
export type Delay =
  | { readonly shape: 'constant'; readonly ms: number }
  | { readonly shape: 'uniform'; readonly minMs: number; readonly maxMs: number }
  /** Mostly short, with a tail that `maxMs` cuts off. */
  | { readonly shape: 'exponential'; readonly meanMs: number; readonly maxMs: number }
  /** Two classes of links or moments: a share of `slowShare` takes `slowMs`. */
  | {
      readonly shape: 'bimodal';
      readonly fastMs: number;
      readonly slowMs: number;
      readonly slowShare: number;
    };

export const constant = (ms: number): Delay => ({ shape: 'constant', ms });
export const uniform = (minMs: number, maxMs: number): Delay => ({ shape: 'uniform', minMs, maxMs });

/** Draws one delay: at least 0, at most `longest(delay)`. */
export function draw(delay: Delay, random: Random): number {
  switch (delay.shape) {
    case 'constant':
      return delay.ms;
    case 'uniform':
      return delay.minMs + random.float() * (delay.maxMs - delay.minMs);
    case 'exponential':
      return Math.min(delay.maxMs, -Math.log(1 - random.float()) * delay.meanMs);
    case 'bimodal':
      return random.chance(delay.slowShare) ? delay.slowMs : delay.fastMs;
    default:
      return assertNever(delay);
  }
}

/** The bound that a delay keeps. */
export function longest(delay: Delay): number {
  switch (delay.shape) {
    case 'constant':
      return delay.ms;
    case 'uniform':
    case 'exponential':
      return delay.maxMs;
    case 'bimodal':
      return Math.max(delay.fastMs, delay.slowMs);
    default:
      return assertNever(delay);
  }
}

/** Delays of every shape that all keep `boundMs`: a seed picks one, so that no shape is forgotten. */
export const delaysWithin = (boundMs: number): readonly Delay[] => [
  constant(boundMs / 10),
  constant(boundMs),
  uniform(0, boundMs),
  uniform(boundMs / 2, boundMs),
  { shape: 'exponential', meanMs: boundMs / 8, maxMs: boundMs },
  { shape: 'bimodal', fastMs: boundMs / 20, slowMs: boundMs, slowShare: 0.15 },
];
