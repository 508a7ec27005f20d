// Compiles src into dist and removes from dist what no longer has a source: a stale worker or entry point would
// otherwise go on being loaded.

import { existsSync, readdirSync, rmSync } from 'node:fs';
import { join } from 'node:path';
import { root, run } from './shell.mjs';

const EMITTED = /\.(?:js|js\.map|d\.ts|d\.ts\.map)$/;

const code = await run('tsc', ['-p', 'tsconfig.build.json']);

const dist = join(root, 'dist');
if (existsSync(dist)) {
  for (const path of readdirSync(dist, { recursive: true, encoding: 'utf8' })) {
    if (!EMITTED.test(path)) continue;
    if (!existsSync(join(root, 'src', path.replace(EMITTED, '.ts')))) rmSync(join(dist, path));
  }
}
process.exit(code);
