import { setImmediate } from 'node:timers/promises';
import {
  createRecorder,
  describeEntry,
  renderTrace,
  type Witness,
  type World,
} from '../src/simulator/index.ts';
import type { Job, Report } from './messages.ts';
import { play } from './play.ts';

// The process that plays seeds. It is bundled together with the library, and ends when its parent closes the channel.

const send = (report: Report): void => void process.send?.(report);

/** Lines that are sent at once. */
const LINES_PER_REPORT = 500;
/** How often the parent hears that a run goes on. */
const PROGRESS_EVERY_MS = 200;

/** Sends every line of a world's trace. */
function createTeller(): Witness & { flush(): void } {
  let names: World['nameOf'] = (id) => id;
  let lines: string[] = [];
  const flush = (): void => {
    if (lines.length > 0) send({ type: 'lines', lines });
    lines = [];
  };
  return {
    onStart(world) {
      names = (id) => world.nameOf(id);
    },
    onEntry(entry) {
      lines.push(describeEntry(entry, names));
      if (lines.length >= LINES_PER_REPORT) flush();
    },
    flush,
  };
}

/** One witness that is all of them. */
const together = (witnesses: readonly Witness[]): Witness => ({
  onStart: (world) => each(witnesses, (witness) => witness.onStart?.(world)),
  onEntry: (entry) => each(witnesses, (witness) => witness.onEntry?.(entry)),
  onBoot: (replica, state) => each(witnesses, (witness) => witness.onBoot?.(replica, state)),
  onDown: (replica) => each(witnesses, (witness) => witness.onDown?.(replica)),
  onSent: (flight) => each(witnesses, (witness) => witness.onSent?.(flight)),
  onLanded: (flight) => each(witnesses, (witness) => witness.onLanded?.(flight)),
});

function each(witnesses: readonly Witness[], tell: (witness: Witness) => void): void {
  for (const witness of witnesses) tell(witness);
}

async function run({ seed, options, trace, html }: Job): Promise<void> {
  const recorder = html ? createRecorder() : null;
  const teller = trace ? createTeller() : null;
  const witnesses = [recorder, teller].filter((witness) => witness !== null);
  const playing = play(options, seed, witnesses.length === 0 ? null : together(witnesses));
  let step = playing.next();
  for (let told = performance.now(); step.done !== true; step = playing.next()) {
    if (performance.now() - told < PROGRESS_EVERY_MS) continue;
    told = performance.now();
    send({ type: 'progress', views: step.value });
    await setImmediate();
  }
  teller?.flush();
  const outcome = step.value;
  const { violation } = outcome;
  const page =
    recorder &&
    renderTrace(
      recorder.recording(),
      violation === null ? {} : { failure: `${violation.property}: ${violation.what}` },
    );
  send({ type: 'done', outcome, html: page });
}

process.on('message', (job: Job) => void run(job));
process.on('disconnect', () => process.exit());
// Ctrl-C reaches the whole group: the parent decides when its workers end.
process.on('SIGINT', () => {});
