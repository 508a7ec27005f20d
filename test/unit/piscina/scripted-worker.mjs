// A worker that does what a job's script says, so that tests decide when it ends and how it dies.

/** @param {readonly { script: { does: string, gate?: Int32Array, value?: unknown } }[]} jobs */
export const runJobs = (jobs) => jobs.map(({ script }) => run(script, jobs.length));

/** @param {{ does: string, gate?: Int32Array, value?: unknown }} script @param {number} together */
function run({ does, gate, value }, together) {
  if (does === 'die') process.exit(1);
  if (does === 'die-once' && gate !== undefined && Atomics.add(gate, 0, 1) === 0) process.exit(1);
  if (does === 'throw') throw new Error('the script says so');
  if (does === 'wait' && gate !== undefined) Atomics.wait(gate, 0, 0);
  return does === 'count' ? together : value;
}
