/**
 * Mulberry32 (Tommy Ettinger, public domain): small, seedable, good enough to choose peers by. Its state is part of
 * the core, so that a replayed run makes the same choices.
 */
function nextRandom(state: { random: number }): number {
  state.random = (state.random + 0x6d2b79f5) | 0;
  let t = state.random;
  t = Math.imul(t ^ (t >>> 15), t | 1);
  t ^= t + Math.imul(t ^ (t >>> 7), t | 61);
  return ((t ^ (t >>> 14)) >>> 0) / 4_294_967_296;
}

/** `items` in random order, as a new array. */
export function shuffled<Item>(state: { random: number }, items: readonly Item[]): Item[] {
  const result = [...items];
  for (let last = result.length - 1; last > 0; last--) {
    const at = Math.floor(nextRandom(state) * (last + 1));
    const item = result[at] as Item;
    result[at] = result[last] as Item;
    result[last] = item;
  }
  return result;
}
