import type { Message } from '../../model/messages.ts';
import type { AdversaryFactory } from '../adversary.ts';
import { toAll } from './tools.ts';

const MEMORY = 200;

/** Says again and again what it or others said before, proposals of others included (R16, R19). */
export const replayer: AdversaryFactory = (me) => {
  const heard: Message[] = [];
  const remember = (message: Message): void => {
    heard[me.random.below(MEMORY)] = message;
  };
  return {
    receive(_from, message) {
      remember(message);
      return undefined;
    },
    send(_to, message) {
      remember(message);
      return [message];
    },
    tick() {
      const old = heard[me.random.below(MEMORY)];
      if (old !== undefined) toAll(me, old);
    },
  };
};
