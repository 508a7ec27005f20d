// Runs the tests in stages, from the quick and general to the slow and whole, and stops at the first that fails.
// With arguments, only the stages named: node scripts/test.mjs unit sim

import { run, secondsSince } from './shell.mjs';

/** @type {Readonly<Record<string, () => Promise<number>>>} */
const STAGES = {
  // Workers, processes and the command run what lies in dist, so every run begins with a fresh build.
  build: () => run('npm', ['run', '--silent', 'build']),
  verify: () => run('npm', ['run', '--silent', 'verify']),
  cargo: () => run('cargo', ['test', '--workspace', '--locked', '--quiet']),
  unit: () => vitest('unit'),
  property: () => vitest('property'),
  conformance: () => vitest('conformance'),
  sim: () => vitest('sim'),
  // Removes the rules one by one; the scenarios and checkers of sim must notice each time.
  mutants: () => run('npm', ['run', '--silent', 'test:mutants']),
  e2e: () => vitest('e2e'),
  // Counts, not times: they hold on a busy machine as well.
  budgets: () => run('node', ['scripts/bench.mjs', 'budgets']),
};

const asked = process.argv.slice(2);
const unknown = asked.find((name) => !Object.hasOwn(STAGES, name));
if (unknown !== undefined) {
  console.error(`"${unknown}" is no stage; there are: ${Object.keys(STAGES).join(', ')}`);
  process.exit(2);
}

let passed = 0;
let failed = 0;
for (const [name, stage] of selectedStages()) {
  const start = performance.now();
  console.log(`\n== ${name}`);
  const code = await stage();
  console.log(`== ${name}: ${code === 0 ? 'passed' : 'FAILED'} in ${secondsSince(start)}`);
  if (code === 0) {
    passed += 1;
  } else {
    failed += 1;
    break;
  }
}
console.log(`\nstages: ${passed} passed, ${failed} failed`);
process.exit(failed === 0 ? 0 : 1);

function selectedStages() {
  if (asked.length === 0) return Object.entries(STAGES);
  const needsBuild = asked.some((name) => name !== 'cargo');
  return Object.entries(STAGES).filter(([name]) => asked.includes(name) || (name === 'build' && needsBuild));
}

/** @param {string} project */
function vitest(project) {
  return run('vitest', ['run', '--project', project]);
}
