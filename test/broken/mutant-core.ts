import { cpSync, existsSync, mkdirSync, readFileSync, rmSync, symlinkSync, writeFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath, pathToFileURL } from 'node:url';
import type { MakeCore } from '../../src/simulator/simulated-core.ts';

/** A change of one file below src/core: `find` must occur in it exactly once, so that a mutant cannot rot. */
export interface Patch {
  readonly file: string;
  readonly find: string;
  readonly replace: string;
}

/** A build of the core with a rule removed or weakened. */
export interface Mutant {
  readonly name: string;
  /** The rule of SPECIFICATION.md section 9, or the part of the protocol, that is broken. */
  readonly rule: string;
  readonly patches: readonly Patch[];
}

const ROOT = join(dirname(fileURLToPath(import.meta.url)), '..', '..');
const MUTANTS = join(ROOT, 'build', 'mutants');

function patched(source: string, { file, find, replace }: Patch): string {
  const at = source.indexOf(find);
  if (at < 0) throw new Error(`${file} does not contain: ${find}`);
  if (source.indexOf(find, at + 1) >= 0) throw new Error(`${file} contains more than once: ${find}`);
  return source.slice(0, at) + replace + source.slice(at + find.length);
}

/** Makes the mutant's sources from those of src/core and loads them. Throws when a patch does not fit any more. */
export async function mutantCore({ name, patches }: Mutant): Promise<MakeCore> {
  const home = join(MUTANTS, `${name.replaceAll(/[^a-z0-9]+/gi, '-')}-${process.pid}`);
  rmSync(home, { recursive: true, force: true });
  mkdirSync(home, { recursive: true });
  cpSync(join(ROOT, 'src', 'core'), join(home, 'core'), { recursive: true });
  for (const shared of ['model', 'codec']) {
    if (!existsSync(join(home, shared))) symlinkSync(join(ROOT, 'src', shared), join(home, shared));
  }
  for (const patch of patches) {
    const path = join(home, 'core', patch.file);
    writeFileSync(path, patched(readFileSync(path, 'utf8'), patch));
  }
  const { createCore, coreStatus, step } = (await import(
    pathToFileURL(join(home, 'core', 'step.ts')).href
  )) as typeof import('../../src/core/step.ts');
  return (config) => {
    const core = createCore(config);
    return { step: (input) => step(core, input), status: () => coreStatus(core) };
  };
}
