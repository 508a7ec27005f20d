// Lists the public items of hotstuff_rs from its documentation as `cargo doc` writes it: see README.md.

import { existsSync, readFileSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

const OUTPUT = fileURLToPath(
  new URL('../test/conformance/hotstuff-rs/vectors/public-items.json', import.meta.url),
);

/** Of other crates, which `hotstuff_rs` exports again: their members are not its own. */
const FOREIGN = new Set(['Digest', 'Signature', 'Signer', 'SigningKey', 'Verifier', 'VerifyingKey']);

/** Of structs, enums and traits: fields, variants with their fields, methods, associated types. */
const MEMBER =
  /id="(?:method|tymethod|structfield|associatedtype|variant)\.([A-Za-z0-9_]+)(?:\.field\.([a-z0-9_]+))?"/g;

/** What comes after is what every type has, or what derives give it. */
const IMPLEMENTATIONS =
  /id="(?:trait-implementations|synthetic-implementations|blanket-implementations|foreign-impls|implementors)"/;

function membersOf(page: string): string[] {
  const own = page.slice(0, IMPLEMENTATIONS.exec(page)?.index ?? page.length);
  return [...own.matchAll(MEMBER)].map(
    ([, member, field]) => (field === undefined ? member : `${member}::${field}`) as string,
  );
}

function itemsOf(docs: string): string[] {
  const all = readFileSync(join(docs, 'all.html'), 'utf8');
  const items: string[] = [];
  for (const [, path, kind, name] of all.matchAll(/<li><a href="([^"]*?(\w+)\.(\w+)\.html)">/g)) {
    items.push(name as string);
    if (!['struct', 'enum', 'trait'].includes(kind as string) || FOREIGN.has(name as string)) continue;
    const page = readFileSync(join(docs, path as string), 'utf8');
    items.push(...membersOf(page).map((member) => `${name}::${member}`));
  }
  return [...items, ...settersOf(docs)];
}

/** The setters of the replica's builder are generated, and hidden from the documentation: its fields name them. */
function settersOf(docs: string): string[] {
  const page = join(docs, '../src/hotstuff_rs/replica.rs.html');
  if (!existsSync(page)) throw new Error(`no source of the replica module: ${page}`);
  const text = readFileSync(page, 'utf8')
    .replaceAll(/<[^>]*>/g, '')
    .replaceAll('&lt;', '<')
    .replaceAll('&gt;', '>');
  const body = /pub struct ReplicaSpec<.*?\n(?:\s*\d+)?\}/s.exec(text)?.[0] ?? '';
  const fields = [...body.matchAll(/^\s*\d*\s{4}(\w+): (?:Option<HandlerPtr|A,|N,|K,|Configuration,)/gm)];
  return fields.map(([, field]) => `ReplicaSpecBuilder::${field}`);
}

const [docs] = process.argv.slice(2);
if (docs === undefined) throw new Error('give the folder of hotstuff_rs in the output of "cargo doc"');
const items = [...new Set(itemsOf(docs))].sort();
writeFileSync(OUTPUT, `${JSON.stringify({ of: 'hotstuff_rs 0.4.0', items }, null, 1)}\n`);
