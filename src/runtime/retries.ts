import { asMillis } from '../model/ids.ts';
import type { Clock } from '../ports/clock.ts';
import type { Priority } from '../ports/signature-scheme.ts';

/** Between two tries: a verifier that is full has work for longer. */
const INTERVAL_MS = 5;

/** Tried again at a time: more than are done within the interval, few enough to cost next to nothing. */
const AT_A_TIME = 64;

const PRIORITIES: readonly Priority[] = ['now', 'soon', 'sync'];

/** What the verifier had no room for. The core's bound on open questions bounds this too. */
export interface Retries {
  /** Has `ask` called again in a while, the most urgent first, then in order. */
  later(priority: Priority, ask: () => void): void;
  readonly waiting: number;
  stop(): void;
}

export function createRetries(clock: Clock): Retries {
  const lanes: { readonly [Lane in Priority]: (() => void)[] } = { now: [], soon: [], sync: [] };
  let timer: Disposable | null = null;

  const waiting = (): number => lanes.now.length + lanes.soon.length + lanes.sync.length;

  const arm = (): void => {
    timer ??= clock.setTimer(asMillis(clock.now() + INTERVAL_MS), () => {
      timer = null;
      const due = PRIORITIES.flatMap((priority) => lanes[priority]).slice(0, AT_A_TIME);
      let left = due.length;
      for (const priority of PRIORITIES) left -= lanes[priority].splice(0, left).length;
      for (const ask of due) ask();
      if (waiting() > 0) arm();
    });
  };

  return {
    later(priority, ask) {
      lanes[priority].push(ask);
      arm();
    },
    get waiting() {
      return waiting();
    },
    stop() {
      timer?.[Symbol.dispose]();
      timer = null;
      for (const priority of PRIORITIES) lanes[priority].length = 0;
    },
  };
}
