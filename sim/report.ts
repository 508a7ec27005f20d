import { whole } from './display.ts';
import type { Violation } from './outcome.ts';
import { type RunOptions, replayCommand } from './run-options.ts';

/** Of the past, a report shows so much; the replay shows all. */
const EVENTS_SHOWN = 40;

const indented = (lines: readonly string[], by: string): string =>
  lines.map((line) => `${by}${line}`).join('\n');

/** How to see it again. */
function replays(seed: number, options: RunOptions): string {
  return `  see it again:   ${replayCommand(seed, options, '--trace')}
  look at it:     ${replayCommand(seed, options, '--html', `seed-${seed}.html`)}`;
}

/** A violation for people: what, when, what happened last, and how to see it again. */
export function describeViolation(violation: Violation, options: RunOptions): string {
  const { seed, property, what, view, atMs, lastEvents } = violation;
  const events = lastEvents.slice(-EVENTS_SHOWN);
  const past =
    events.length === 0
      ? ''
      : `  the last ${events.length} events (ms, replica, <- what came in, -> what followed):\n${indented(events, '  ')}\n`;
  return `VIOLATION in seed ${seed}: ${property}
${indented(what.split('\n'), '  ')}
  in view ${view}, after ${whole(atMs)} ms
${past}${replays(seed, options)}`;
}

/** A violation in the JSON of a campaign. */
export function violationAsJson(violation: Violation, options: RunOptions): unknown {
  return { ...violation, replay: replayCommand(violation.seed, options, '--trace') };
}
