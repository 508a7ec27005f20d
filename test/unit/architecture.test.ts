import { execFile } from 'node:child_process';
import { mkdirSync, mkdtempSync, readdirSync, readFileSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';
import { promisify } from 'node:util';
import { cruise, type ICruiseResult } from 'dependency-cruiser';
import ts from 'typescript';
import { afterAll, beforeAll, describe, expect, it } from 'vitest';
import configuration from '../../.dependency-cruiser.mjs';

const ROOT = fileURLToPath(new URL('../..', import.meta.url));

/** What would make two runs of the core differ, or make it wait. */
const FORBIDDEN_GLOBALS = new Set([
  'AbortController',
  'Atomics',
  'Buffer',
  'Date',
  'FinalizationRegistry',
  'Intl',
  'Promise',
  'SharedArrayBuffer',
  'WeakRef',
  'console',
  'crypto',
  'fetch',
  'global',
  'globalThis',
  'performance',
  'process',
  'queueMicrotask',
  'require',
  'setImmediate',
  'setInterval',
  'setTimeout',
]);

describe('tests', () => {
  it('all belong to a project, and so are run', async () => {
    const { stdout } = await promisify(execFile)('npx', ['vitest', 'list', '--filesOnly', '--json'], {
      cwd: ROOT,
    });
    const run = (JSON.parse(stdout) as readonly { readonly file: string }[]).map(({ file }) => file);
    const written = filesUnder('test', '.test.ts').map((path) => join(ROOT, path));
    expect([...new Set(run)].sort()).toEqual(written);
  });
});

describe('the table of layers', () => {
  it('names the layers that the import rules know', () => {
    const rows = readFileSync(join(ROOT, 'docs/ARCHITECTURE.md'), 'utf8').matchAll(
      /^\| `([a-z-]+)(?:\/\*|\.ts)?` \|/gm,
    );
    const rules = configuration.forbidden?.flatMap(({ name }) => /^layer (\S+)/.exec(name ?? '')?.[1] ?? []);
    const adapters = new Set(rules?.map((name) => (name === 'adapter' ? 'adapters' : name)));
    expect([...rows].map(([, name]) => name).sort()).toEqual([...adapters].sort());
  });
});

describe('core and model', () => {
  const files = ['src/core', 'src/model'].flatMap((folder) => filesUnder(folder, '.ts'));

  it('have sources to look at', () => {
    expect(files.length).toBeGreaterThan(10);
  });

  it.each(files)('%s is synchronous and deterministic', (path) => {
    expect(impurities(readFileSync(join(ROOT, path), 'utf8'))).toEqual([]);
  });

  it.each([
    ['export async function f() {}', 'async'],
    ['export const f = async () => 1;', 'async'],
    ['export class A { async f() {} }', 'async'],
    ['export const f = (): Promise<void> => g();', 'Promise'],
    ['export const f = () => Promise.resolve();', 'Promise'],
    ['setTimeout(() => {}, 1);', 'setTimeout'],
    ['export const now = Date.now();', 'Date'],
    ['export const now = new Date();', 'Date'],
    ['export const r = Math.random();', 'Math.random'],
    ["export const r = Math['random']();", 'Math.random'],
    ['export const { random } = Math;', 'Math.random'],
    ['export const t = performance.now();', 'performance'],
    ['export const e = process.env;', 'process'],
    ['export const e = globalThis.process;', 'globalThis'],
    ["export const e = import('./other.ts');", 'import()'],
  ])('would not pass with: %s', (source, impurity) => {
    expect(impurities(source)).toContain(impurity);
  });

  it('may use such words as names of their own members', () => {
    expect(impurities('export type A = { readonly process: number; Date?: string }; a.process = 1;')).toEqual(
      [],
    );
    expect(impurities('export const m = Math.max(1, 2); // Promise, setTimeout')).toEqual([]);
  });
});

describe('import rules', () => {
  let directory: string;
  beforeAll(() => {
    directory = mkdtempSync(join(tmpdir(), 'hotstuff-ts-imports-'));
  });
  afterAll(() => rmSync(directory, { recursive: true, force: true }));

  it.each([
    ['src/model/a.ts', "export { b } from '../codec/b.ts';", 'layer model'],
    ['src/model/a.ts', "export type { B } from '../codec/b.ts';", 'layer model'],
    ['src/model/a.ts', "export { sep } from 'node:path';", 'layer model'],
    ['src/codec/a.ts', "export { c } from '../core/c.ts';", 'layer codec'],
    ['src/codec/a.ts', "export { sep } from 'node:path';", 'layer codec'],
    ['src/core/a.ts', "export { createHash } from 'node:crypto';", 'layer core'],
    ['src/core/a.ts', "export { p } from '../ports/p.ts';", 'layer core'],
    ['src/ports/a.ts', "export { b } from '../codec/b.ts';", 'layer ports'],
    ['src/storage/a.ts', "export { c } from '../core/c.ts';", 'storage takes types alone from core'],
    ['src/runtime/a.ts', "export { m } from '../adapters/memory/index.ts';", 'layer runtime'],
    ['src/index.ts', "export { m } from './adapters/memory/index.ts';", 'layer index'],
    ['src/adapters/tls/a.ts', "export { m } from '../memory/index.ts';", 'layer adapter tls'],
    ['src/adapters/native/a.ts', "export { c } from '../../core/c.ts';", 'layer adapter native'],
    ['src/state-machine/a.ts', "export { c } from '../core/c.ts';", 'layer state-machine'],
    ['src/simulator/a.ts', "export { m } from '../adapters/memory/index.ts';", 'layer simulator'],
    ['src/cli/a.ts', "export { c } from '../core/c.ts';", 'layer cli'],
    ['src/elsewhere/a.ts', "export { c } from '../core/c.ts';", 'every file has a layer'],
    ['src/adapters/new/a.ts', "export { p } from '../../ports/p.ts';", 'every file has a layer'],
    ['src/core/a.ts', "export { gone } from './gone.ts';", 'nothing unresolved'],
    ['examples/a.ts', "export { c } from '../src/core/c.ts';", 'examples are for users'],
  ])('%s must not contain: %s', async (path, source, rule) => {
    expect(await brokenRules({ ...NEIGHBOURS, [path]: source })).toEqual([rule]);
  });

  it('forbid cycles, but for what is there for the compiler alone', async () => {
    const whole = {
      'src/core/whole.ts':
        "import { part } from './part.ts'; export const whole = part; export type Whole = 1;",
    };
    const bites = {
      ...whole,
      'src/core/part.ts': "import { whole } from './whole.ts'; export const part = () => whole;",
    };
    const passes = {
      ...whole,
      'src/core/part.ts': "import type { Whole } from './whole.ts'; export const part = (): Whole => 1;",
    };
    expect(await brokenRules(bites)).toEqual(['no cycles']);
    expect(await brokenRules(passes)).toEqual([]);
  });

  it('let the layers import what they are built on', async () => {
    expect(
      await brokenRules({
        ...NEIGHBOURS,
        'src/codec/a.ts': "export { createHash } from 'node:crypto'; export * from '../model/m.ts';",
        'src/core/a.ts': "export * from '../codec/b.ts'; export * from '../model/m.ts';",
        'src/storage/a.ts': "export type { C } from '../core/c.ts'; export * from '../ports/p.ts';",
        'src/runtime/a.ts': "export * from '../core/c.ts'; export { sep } from 'node:path';",
        'src/adapters/tls/a.ts': "export * from '../../ports/p.ts'; export { connect } from 'node:tls';",
        'src/cli/a.ts': "export * from '../adapters/memory/index.ts'; export { sep } from 'node:path';",
      }),
    ).toEqual([]);
  });

  const NEIGHBOURS = {
    'src/model/m.ts': 'export const m = 1;',
    'src/codec/b.ts': 'export const b = 1; export type B = 1;',
    'src/core/c.ts': 'export const c = 1; export type C = 1;',
    'src/ports/p.ts': 'export const p = 1;',
    'src/adapters/memory/index.ts': 'export const m = 1;',
  };

  /** Lays out the files in a tree of their own and names the rules that they break there. */
  async function brokenRules(files: Readonly<Record<string, string>>): Promise<readonly string[]> {
    const tree = mkdtempSync(join(directory, 'tree-'));
    for (const [path, source] of Object.entries(files)) {
      mkdirSync(dirname(join(tree, path)), { recursive: true });
      writeFileSync(join(tree, path), source);
    }
    const { tsConfig: _, ...options } = configuration.options ?? {};
    const { output } = await cruise(['.'], {
      ...options,
      baseDir: tree,
      validate: true,
      ruleSet: configuration,
    });
    return [...new Set((output as ICruiseResult).summary.violations.map(({ rule }) => rule.name))];
  }
});

function filesUnder(folder: string, ending: string): readonly string[] {
  return readdirSync(join(ROOT, folder), { recursive: true, encoding: 'utf8' })
    .filter((path) => path.endsWith(ending))
    .map((path) => `${folder}/${path}`)
    .sort();
}

/** Everything in a source text that reads a clock, rolls dice, waits or looks at the process. */
function impurities(source: string): readonly string[] {
  const found: string[] = [];
  const visit = (node: ts.Node): void => {
    const impurity = impurityOf(node);
    if (impurity !== null) found.push(impurity);
    ts.forEachChild(node, visit);
  };
  visit(ts.createSourceFile('source.ts', source, ts.ScriptTarget.ES2023, true));
  return found;
}

function impurityOf(node: ts.Node): string | null {
  if (node.kind === ts.SyntaxKind.AsyncKeyword) return 'async';
  if (node.kind === ts.SyntaxKind.AwaitKeyword || ts.isAwaitExpression(node)) return 'await';
  if (ts.isCallExpression(node) && node.expression.kind === ts.SyntaxKind.ImportKeyword) return 'import()';
  if (!ts.isIdentifier(node) || isMemberName(node)) return null;
  if (FORBIDDEN_GLOBALS.has(node.text)) return node.text;
  return node.text === 'Math' && reachesRandom(node) ? 'Math.random' : null;
}

/** Whether the identifier names a member of something, and not a variable or a type in scope. */
function isMemberName(node: ts.Identifier): boolean {
  const { parent } = node;
  if (ts.isPropertyAccessExpression(parent)) return parent.name === node;
  if (ts.isQualifiedName(parent)) return parent.right === node;
  return (
    (ts.isPropertyAssignment(parent) ||
      ts.isPropertySignature(parent) ||
      ts.isPropertyDeclaration(parent) ||
      ts.isMethodSignature(parent) ||
      ts.isMethodDeclaration(parent)) &&
    parent.name === node
  );
}

/** `Math` is fine as long as a harmless member is taken from it on the spot. */
function reachesRandom(math: ts.Identifier): boolean {
  const { parent } = math;
  return (
    !ts.isPropertyAccessExpression(parent) || parent.expression !== math || parent.name.text === 'random'
  );
}
