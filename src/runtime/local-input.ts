import type { Input } from '../core/input.ts';

type WithoutTime<T> = T extends unknown ? Omit<T, 'now'> : never;

/** An input of the replica's own making (an answer, a timer, a message to itself), before the driver says when it is. */
export type LocalInput = WithoutTime<Input>;
