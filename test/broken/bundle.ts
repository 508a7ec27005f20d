import { readFileSync } from 'node:fs';
import { dirname, join, relative, sep } from 'node:path';
import { fileURLToPath } from 'node:url';
import { build, type Plugin } from 'esbuild';
import { type Mutant, patchedSources } from './mutant.ts';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));
const SRC = join(ROOT, 'src');
const ENTRY = fileURLToPath(new URL('./child.ts', import.meta.url));

/** Where changed files live for the bundler, and all that they import. */
const CHANGED = 'changed';

const layerOf = (path: string): string => relative(SRC, path).split(sep)[0] ?? '';

/** The parts of the library that a simulated replica is made of; the rest of the simulator is the world around it. */
const REPLICA_LAYERS = new Set(['core', 'storage']);

/**
 * Whether an import goes to the changed library. What the changed library imports is part of it. The simulator's own
 * imports are not, but for the replica in it; what scenarios import is, but for the simulator.
 */
function isChanged(
  importer: { path: string; namespace: string },
  target: string,
  everywhere: boolean,
): boolean {
  if (everywhere || importer.namespace === CHANGED) return true;
  if (!importer.path.startsWith(SRC)) return layerOf(target) !== 'simulator';
  return layerOf(importer.path) === 'simulator' && REPLICA_LAYERS.has(layerOf(target));
}

function changedLibrary(sources: ReadonlyMap<string, string>, everywhere: boolean): Plugin {
  return {
    name: 'changed library',
    setup(builder) {
      builder.onResolve({ filter: /^\.{1,2}\// }, ({ path, resolveDir, importer, namespace }) => {
        const target = join(resolveDir, path);
        if (!target.startsWith(SRC + sep)) return { path: target };
        const changed = isChanged({ path: importer, namespace }, target, everywhere);
        return { path: target, namespace: changed ? CHANGED : 'file' };
      });
      builder.onLoad({ filter: /\.ts$/, namespace: CHANGED }, ({ path }) => ({
        contents: sources.get(relative(SRC, path)) ?? readFileSync(path, 'utf8'),
        loader: 'ts',
        resolveDir: dirname(path),
      }));
    },
  };
}

/** Nothing is changed: what every scenario must pass with. */
export const UNCHANGED: Pick<Mutant, 'patches'> = { patches: [] };

/**
 * One file with the library that `mutant` makes and what uses it: the scenarios, unless another entry is named. Throws
 * when a patch does not fit or parse.
 */
export async function bundle(
  mutant: Pick<Mutant, 'patches' | 'everywhere'>,
  entry: string = ENTRY,
): Promise<string> {
  const sources = patchedSources(mutant, (file) => readFileSync(join(SRC, file), 'utf8'));
  const { outputFiles } = await build({
    entryPoints: [entry],
    absWorkingDir: ROOT,
    bundle: true,
    write: false,
    platform: 'node',
    format: 'esm',
    target: 'node20',
    keepNames: true,
    logLevel: 'silent',
    plugins: [changedLibrary(sources, mutant.everywhere === true)],
  });
  const [file] = outputFiles;
  if (file === undefined) throw new Error('the bundler made no file');
  return file.text;
}
