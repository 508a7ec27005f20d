import { isWanted } from './block-sync/requests.ts';
import { type Continuation, cancel, type Waiter } from './pending.ts';
import { handle, questionsBeforeMuting, questionsOf } from './receive.ts';
import type { Core } from './state.ts';

/**
 * Takes back what is being verified or formed though nothing depends on it any more: a view was entered, or a higher
 * certificate came. Messages that waited are handled as if they had come now.
 */
export function withdrawUnwanted(core: Core): void {
  // Mostly there is nothing to take back, and no list is made.
  if (areAllWanted(core)) return;
  for (const [request, open] of [...core.pending]) {
    if (isStillWanted(core, open)) continue;
    cancel(core, request);
    if (open.type === 'certificates') for (const waiter of open.waiters) handle(core, waiter);
  }
}

function areAllWanted(core: Core): boolean {
  for (const open of core.pending.values()) if (!isStillWanted(core, open)) return false;
  return true;
}

function isStillWanted(core: Core, open: Continuation): boolean {
  switch (open.type) {
    case 'certificates':
      return open.waiters.some((waiter) => isVerdictWanted(core, waiter));
    case 'form': {
      // The votes of older views are forgotten.
      const { phases, timeouts } = core.collectors;
      const { type, view } = open.subject;
      return type === 'phase-vote' ? phases.has(view) : timeouts.has(view);
    }
    default:
      return true;
  }
}

/** A block that a certificate asks for is taken from a proposal of any view. */
const isVerdictWanted = (core: Core, { message }: Waiter): boolean =>
  (message.type === 'proposal' && isWanted(core, message.block.hash)) ||
  questionsOf(core, message).length > 0 ||
  questionsBeforeMuting(core, message).length > 0;
