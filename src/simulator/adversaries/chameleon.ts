import type { Adversary, AdversaryFactory } from '../adversary.ts';

/** Takes another of the given behaviours every few view times, or behaves for a while. */
export const chameleon =
  (behaviours: readonly AdversaryFactory[]): AdversaryFactory =>
  (me) => {
    const adversaries: readonly Adversary[] = [{}, ...behaviours.map((behaviour) => behaviour(me))];
    let current: Adversary = {};
    const change = (): void => {
      current = me.random.pick(adversaries);
      me.after(me.random.between(2, 15) * me.settings.viewTimeMs, change);
    };
    return {
      start() {
        for (const adversary of adversaries) adversary.start?.();
        change();
      },
      receive: (from, message) => current.receive?.(from, message),
      send: (to, message) => current.send?.(to, message) ?? [message],
      tick: () => current.tick?.(),
    };
  };
