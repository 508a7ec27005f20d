// Bundles trace-page/, which runs in browsers, into src/simulator/trace-page-assets.ts, which is committed: the
// simulator reads no files. A test tells when the two differ.

import { readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { pathToFileURL } from 'node:url';
import { build } from 'esbuild';
import { root } from './shell.mjs';

const folder = join(root, 'trace-page');
const place = join(root, 'src', 'simulator', 'trace-page-assets.ts');

/** @returns {Promise<string>} what `place` should hold */
export async function pageAssets() {
  const { outputFiles } = await build({
    entryPoints: [join(folder, 'main.ts')],
    absWorkingDir: root,
    bundle: true,
    write: false,
    format: 'iife',
    target: 'es2022',
    logLevel: 'silent',
  });
  const script = (outputFiles[0]?.text ?? '').replaceAll('</', '<\\/');
  const style = readFileSync(join(folder, 'page.css'), 'utf8');
  const body = readFileSync(join(folder, 'body.html'), 'utf8');
  return `// Made from trace-page/ by "npm run build:trace-page": do not change it here.

${constant('PAGE_STYLE', style)}
${constant('PAGE_BODY', body)}
${constant('PAGE_SCRIPT', script)}`;
}

/**
 * @param {string} name
 * @param {string} text
 */
function constant(name, text) {
  const lines = text.split('\n').map((line) => `  ${JSON.stringify(line)},\n`);
  return `export const ${name}: string = [\n${lines.join('')}].join('\\n');\n`;
}

if (import.meta.url === pathToFileURL(process.argv[1] ?? '').href) writeFileSync(place, await pageAssets());
