import type { AdversaryFactory } from '../adversary.ts';
import { isLeaders } from './tools.ts';

/** Votes like everybody else, but never proposes or nudges: its views end by timer (R12, R13). */
export const silentLeader: AdversaryFactory = () => ({
  send: (_to, message) => (isLeaders(message) ? [] : [message]),
});
