import type { Message } from '../model/messages.ts';
import type { Fate, Flight, Witness } from './witness.ts';

/** Tells of the end of a flight; undefined when nobody watches. */
export type Landing = ((fate: Fate) => void) | undefined;

/**
 * Tells a witness of every copy of a message that leaves (`delayMs` null when it never does), and returns what tells
 * of its end. Copies that take longer than `boundMs` are late.
 */
export function createFlights(
  witness: Witness | null,
  now: () => number,
  boundMs: number,
): (from: number, to: number, message: Message, delayMs: number | null) => Landing {
  if (witness === null) return () => undefined;
  return (from, to, message, delayMs) => {
    const flight: Flight & { fate: Fate } = {
      from,
      to,
      message,
      sentAt: now(),
      dueAt: delayMs === null ? null : now() + delayMs,
      isLate: delayMs !== null && delayMs > boundMs,
      fate: 'under way',
    };
    witness.onSent?.(flight);
    return (fate) => {
      flight.fate = fate;
      witness.onLanded?.(flight);
    };
  };
}
