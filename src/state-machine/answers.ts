import type { CommandAnswer, Submission } from './pool.ts';

/**
 * Submitters told in one turn of the event loop. Each goes on with whatever it does next, often another command, in the
 * same turn: some 20 us here, more where an answer goes out by HTTP.
 */
const ANSWERS_IN_A_TURN = 32;

/** Tells submitters of their commands' commits, in order, some in each turn: a block may commit a thousand at once. */
export interface Answers {
  add(submission: Submission, answer: CommandAnswer): void;
  /** Those who wait to be told. */
  readonly waiting: number;
  /** Tells all who wait at once. */
  flush(): void;
}

/** `onTold` is called when nobody waits any more. */
export function createAnswers(onTold: () => void): Answers {
  let queue: { readonly submission: Submission; readonly answer: CommandAnswer }[] = [];
  /** Index of the next one in `queue`. */
  let next = 0;
  let turn: NodeJS.Immediate | null = null;

  function tell(end: number): void {
    while (next < end) {
      const { submission, answer } = queue[next++] as (typeof queue)[number];
      submission.resolve(answer);
    }
    if (next < queue.length) return;
    queue = [];
    next = 0;
    onTold();
  }
  function schedule(): void {
    turn ??= setImmediate(() => {
      turn = null;
      tell(Math.min(queue.length, next + ANSWERS_IN_A_TURN));
      if (queue.length > 0) schedule();
    });
  }
  return {
    add(submission, answer) {
      queue.push({ submission, answer });
      schedule();
    },
    get waiting() {
      return queue.length - next;
    },
    flush() {
      if (turn !== null) clearImmediate(turn);
      turn = null;
      if (queue.length > 0) tell(queue.length);
    },
  };
}
