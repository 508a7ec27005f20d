import { idOf } from './scenario.ts';
import { SCENARIOS } from './scenarios/index.ts';

// The process in which a mutant lives: this file is bundled with the changed library. Runs the scenarios whose ids
// are its arguments, all of them without arguments, and reports each as a line of JSON.

/** What became of one scenario. */
export interface Report {
  readonly name: string;
  /** First lines of what it threw; null when it passed. */
  readonly failure: string | null;
  readonly seconds: number;
}

const LINES_OF_FAILURE = 4;

function textOf(error: unknown): string {
  const text = error instanceof Error ? `${error.name}: ${error.message}` : String(error);
  return text.split('\n').slice(0, LINES_OF_FAILURE).join('\n');
}

const asked = process.argv.slice(2);
const chosen = asked.length === 0 ? SCENARIOS : asked.map(scenarioOf);

function scenarioOf(id: string): (typeof SCENARIOS)[number] {
  const found = SCENARIOS.find((scenario) => idOf(scenario) === id);
  if (found === undefined) throw new RangeError(`there is no scenario ${id}`);
  return found;
}

for (const scenario of chosen) {
  const start = performance.now();
  let failure: string | null = null;
  try {
    await scenario.run();
  } catch (error) {
    failure = textOf(error);
  }
  const report: Report = { name: scenario.name, failure, seconds: (performance.now() - start) / 1_000 };
  process.stdout.write(`${JSON.stringify(report)}\n`);
}
