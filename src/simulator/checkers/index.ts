import type { CheckerFactory } from '../observer.ts';
import { agreement } from './agreement.ts';
import { bounds } from './bounds.ts';
import { durability } from './durability.ts';
import { invariants } from './invariants.ts';
import { liveness } from './liveness.ts';
import { recovery } from './recovery.ts';
import { validity } from './validity.ts';

/** One checker per global property, all of them. */
export const ALL_CHECKERS: readonly CheckerFactory[] = [
  agreement,
  validity,
  durability,
  recovery,
  invariants,
  bounds,
  liveness,
];
