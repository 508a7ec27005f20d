import { type Job, type OutcomeOf, offsetsOf, packedLists, part } from './jobs.ts';
import type { Kernel } from './kernel.ts';

type VotesJob = Extract<Job, { readonly type: 'votes' }>;

/**
 * Runs `jobs`, and gives their outcomes in order. Single votes that belong to one set are checked in one call, which
 * shares the dearest part of a pairing among them and judges each as if it were alone.
 */
export function runAll(kernel: Kernel, jobs: readonly Job[]): readonly OutcomeOf<Job>[] {
  const outcomes: OutcomeOf<Job>[] = [];
  for (let at = 0; at < jobs.length; ) {
    const together = votesOfOneSet(jobs, at);
    if (together.length > 1) outcomes.push(...runTogether(kernel, together));
    else outcomes.push(kernel(jobs[at] as Job));
    at += Math.max(1, together.length);
  }
  return outcomes;
}

/** The jobs from `start` on that check votes of one and the same set. */
function votesOfOneSet(jobs: readonly Job[], start: number): readonly VotesJob[] {
  const together: VotesJob[] = [];
  for (let at = start; at < jobs.length; at++) {
    const job = jobs[at] as Job;
    if (job.type !== 'votes' || (together[0] ?? job).keys.id !== job.keys.id) break;
    together.push(job);
  }
  return together;
}

function runTogether(kernel: Kernel, jobs: readonly VotesJob[]): readonly Uint8Array[] {
  const [first] = jobs as [VotesJob];
  const messages = jobs.flatMap(messagesOf);
  const verdicts = kernel({
    ...first,
    indexes: Uint32Array.from(jobs.flatMap(({ indexes }) => [...indexes])),
    offsets: offsetsOf(messages),
    parts: packedLists(
      messages,
      jobs.map(({ parts }) => part(parts, 1)),
    ),
  });
  let end = 0;
  return jobs.map(({ indexes: { length } }) => {
    end += length;
    return verdicts.slice(end - length, end);
  });
}

function messagesOf({ offsets, parts }: VotesJob): readonly Uint8Array[] {
  const all = part(parts, 0);
  return Array.from({ length: offsets.length - 1 }, (_, at) => all.subarray(offsets[at], offsets[at + 1]));
}
