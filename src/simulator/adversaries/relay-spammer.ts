import type { AdversaryFactory } from '../adversary.ts';
import { createNotebook, toAll } from './tools.ts';

/** Broadcasts every certificate that it ever saw, again and again (R8, R19). */
export const relaySpammer: AdversaryFactory = (me) => {
  const notes = createNotebook(me);
  return {
    receive(_from, message) {
      notes.note(message);
      return undefined;
    },
    tick() {
      if (notes.all.length === 0) return;
      for (let times = 0; times < 6; times++) {
        toAll(me, { type: 'advance-view', certificate: { type: 'pc', pc: me.random.pick(notes.all) } });
      }
    },
  };
};
