import { readFileSync } from 'node:fs';
import { fileURLToPath } from 'node:url';
import ts from 'typescript';
import { describe, expect, it } from 'vitest';

// docs/HOTSTUFF-RS.md maps each public item of hotstuff_rs to ours. The list of items is that of the crate's own
// documentation; what stands in our column is looked up in the sources by the compiler.

const ROOT = fileURLToPath(new URL('../../..', import.meta.url));
const [, PAGE = ''] = readFileSync(`${ROOT}/docs/HOTSTUFF-RS.md`, 'utf8').split('\n## Every public item ');
const ITEMS: readonly string[] = JSON.parse(
  readFileSync(new URL('vectors/public-items.json', import.meta.url), 'utf8'),
).items;

interface Row {
  readonly theirs: readonly string[];
  readonly ours: string;
  readonly difference: string;
}

const ROWS: readonly Row[] = PAGE.split('\n')
  .filter((line) => line.startsWith('| `'))
  .map((line) => {
    const cells = line.slice(1, -1).split('|');
    const [theirs = '', ours = '', difference = ''] = cells.map((cell) => cell.trim());
    expect(cells, line).toHaveLength(3);
    return { theirs: codesIn(theirs), ours, difference };
  });

function codesIn(text: string): string[] {
  return [...text.matchAll(/`([^`]+)`/g)].map(([, code]) => code as string);
}

/** A star stands for any end of a name, of members with fields too. */
function patternOf(name: string): RegExp {
  return new RegExp(`^${name.replaceAll('*', '[A-Za-z0-9_]*(?:::[a-z_]+)?')}$`);
}

const PATTERNS = ROWS.flatMap(({ theirs }) => theirs.map((name) => ({ name, pattern: patternOf(name) })));

describe('the items of hotstuff_rs', () => {
  it('are all mapped', () => {
    const unmapped = ITEMS.filter((item) => !PATTERNS.some(({ pattern }) => pattern.test(item)));
    expect(unmapped).toEqual([]);
    expect(ITEMS.length).toBeGreaterThan(600);
  });

  it('are those that the crate has', () => {
    const strangers = PATTERNS.filter(({ pattern }) => !ITEMS.some((item) => pattern.test(item)));
    expect(strangers.map(({ name }) => name)).toEqual([]);
  });

  it('are mapped in one place each, but for what a star repeats', () => {
    const names = PATTERNS.map(({ name }) => name);
    expect(names.filter((name, at) => names.indexOf(name) !== at)).toEqual([]);
  });
});

describe('our column', () => {
  it.each(ROWS)('names something, or says why there is nothing: $theirs.0', ({ ours, difference }) => {
    if (ours.startsWith('none')) {
      expect(ours).toBe('none');
      expect(difference.length).toBeGreaterThan(20);
    } else {
      expect(ours).toMatch(/^(?:export|event|internal) `/);
    }
  });
});

/** Entry points by the names under which they are imported. */
const ENTRY_POINTS: Readonly<Record<string, readonly string[]>> = ts.readConfigFile(
  `${ROOT}/tsconfig.json`,
  ts.sys.readFile,
).config.compilerOptions.paths;

const internals = [...PAGE.matchAll(/internal `([^`#]+)#([^`]+)`/g)].map(([, file, name]) => ({
  file: file as string,
  name: name as string,
}));
const exported = [...PAGE.matchAll(/export `([^`]+)`(?: of `([^`]+)`)?/g)].map(([, name, from]) => ({
  name: name as string,
  from: from ?? 'hotstuff-ts',
}));
const events = [...PAGE.matchAll(/event `([^`]+)`(?: \(([^)]*)\))?/g)].map(([, type, fields]) => ({
  type: type as string,
  fields: codesIn(fields ?? ''),
}));

const fileOf = (from: string): string => `${ROOT}/${ENTRY_POINTS[from]?.[0]?.replace('./', '')}`;

const program = ts.createProgram({
  rootNames: [
    ...new Set([
      ...exported.map(({ from }) => fileOf(from)),
      ...internals.map(({ file }) => `${ROOT}/${file}`),
    ]),
  ],
  options: {
    ...ts.parseJsonConfigFileContent(
      ts.readConfigFile(`${ROOT}/tsconfig.json`, ts.sys.readFile).config,
      ts.sys,
      ROOT,
    ).options,
    noEmit: true,
  },
});
const checker = program.getTypeChecker();

function exportsOf(file: string): ReadonlyMap<string, ts.Symbol> {
  const source = program.getSourceFile(file);
  const module = source && checker.getSymbolAtLocation(source);
  if (module === undefined) throw new Error(`no module ${file}`);
  return new Map(checker.getExportsOfModule(module).map((symbol) => [symbol.name, symbol]));
}

function typeOf(exportedSymbol: ts.Symbol): ts.Type {
  const symbol =
    (exportedSymbol.flags & ts.SymbolFlags.Alias) === 0
      ? exportedSymbol
      : checker.getAliasedSymbol(exportedSymbol);
  return (symbol.flags & ts.SymbolFlags.Type) === 0
    ? checker.getTypeOfSymbol(symbol)
    : checker.getDeclaredTypeOfSymbol(symbol);
}

const hasMember = (type: ts.Type, name: string): boolean =>
  (type.isUnion() ? type.types : [type]).some((each) => checker.getPropertyOfType(each, name) !== undefined);

/** What is missing of `names`, each `X` or `X.y`. */
function missingIn(file: string, names: readonly string[]): string[] {
  const found = exportsOf(file);
  return names.filter((name) => {
    const [top = '', member] = name.split('.');
    const symbol = found.get(top);
    if (symbol === undefined) return true;
    return member !== undefined && !hasMember(typeOf(symbol), member);
  });
}

describe('what our column names', () => {
  it.each([...new Set(exported.map(({ from }) => from))])('is exported by %s', (from) => {
    const names = exported.filter((each) => each.from === from).map(({ name }) => name);
    expect(missingIn(fileOf(from), names)).toEqual([]);
  });

  it('is in the files that it says, where it is internal', () => {
    const missing = internals.filter(({ file, name }) => missingIn(`${ROOT}/${file}`, [name]).length > 0);
    expect(missing).toEqual([]);
  });

  it('is no export, where it is called internal', () => {
    const open = exportsOf(fileOf('hotstuff-ts'));
    expect(internals.filter(({ name }) => open.has(name))).toEqual([]);
  });

  it('are events that replicas emit, with these fields', () => {
    const known = eventFields();
    for (const { type, fields } of events)
      expect(known.get(type) ?? [], type).toEqual(expect.arrayContaining(fields));
    expect(events.filter(({ type }) => !known.has(type))).toEqual([]);
  });

  it('leaves no event and no setting out', () => {
    const mentioned = new Set(events.map(({ type }) => type));
    expect([...eventFields().keys()].filter((type) => !mentioned.has(type))).toEqual([]);
    const settings = membersOf('LocalSettings').map((name) => `LocalSettings.${name}`);
    expect(settings.filter((name) => !exported.some((each) => each.name === name))).toEqual([]);
    expect(settings.length).toBeGreaterThan(5);
  });

  it('leaves no read of the block tree out', () => {
    const reads = membersOf('BlockTreeSnapshot').filter((name) => !name.startsWith('__@'));
    const named = new Set(exported.map(({ name }) => name));
    expect(reads.filter((name) => !named.has(`BlockTreeSnapshot.${name}`))).toEqual([]);
  });
});

function membersOf(name: string): string[] {
  const symbol = exportsOf(fileOf('hotstuff-ts')).get(name);
  if (symbol === undefined) throw new Error(`no export ${name}`);
  return checker.getPropertiesOfType(typeOf(symbol)).map((member) => member.name);
}

/** The fields of each type of event. */
function eventFields(): Map<string, string[]> {
  const symbol = exportsOf(fileOf('hotstuff-ts')).get('ReplicaEvent');
  const union = symbol && typeOf(symbol);
  if (!union?.isUnion()) throw new Error('ReplicaEvent is no union');
  return new Map(
    union.types.map((event) => {
      const type = checker.getPropertyOfType(event, 'type');
      const literal = type && checker.getTypeOfSymbol(type);
      if (!literal?.isStringLiteral()) throw new Error('an event without a type');
      return [literal.value, checker.getPropertiesOfType(event).map(({ name }) => name)];
    }),
  );
}
