import { asView, type View } from '../../model/ids.ts';

/** Epoch-change views are the multiples of the epoch's length, view 0 included (SPECIFICATION.md section 7). */
export const isEpochChange = (view: View, epochLength: number): boolean => view % epochLength === 0;

/** The first epoch-change view after `view`. */
export const nextEpochChange = (view: View, epochLength: number): View =>
  asView((Math.floor(view / epochLength) + 1) * epochLength);
