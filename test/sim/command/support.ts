import { fileURLToPath } from 'node:url';
import { workerCode } from '../../../sim/bundle.ts';
import type { Sink, Surroundings } from '../../../sim/surroundings.ts';
import { bundle } from '../../broken/bundle.ts';
import { MUTANTS } from '../../broken/mutants/index.ts';

const WORKER = fileURLToPath(new URL('../../../sim/worker.ts', import.meta.url));

/** The surroundings of a command that a test calls, with what it wrote. */
export interface Heard extends Surroundings {
  /** What it wrote to the standard output. */
  readonly out: string;
  readonly errors: string;
  interrupt(): void;
}

export function listen(code: () => Promise<string> = workerCode): Heard {
  let [out, errors] = ['', ''];
  let interrupt = (): void => {};
  const sink = (write: (text: string) => void): Sink => ({ isTTY: false, columns: 80, write });
  return {
    stdout: sink((text) => {
      out += text;
    }),
    stderr: sink((text) => {
      errors += text;
    }),
    workerCode: code,
    onInterrupt(stop) {
      interrupt = stop;
    },
    get out() {
      return out;
    },
    get errors() {
      return errors;
    },
    interrupt: () => interrupt(),
  };
}

/** A worker whose replicas break a rule; the world around them and its checkers do not. */
export function brokenWorker(name: string): () => Promise<string> {
  const mutant = MUTANTS.find((one) => one.name === name);
  if (mutant === undefined) throw new RangeError(`there is no mutant "${name}"`);
  return () => bundle(mutant, WORKER);
}
