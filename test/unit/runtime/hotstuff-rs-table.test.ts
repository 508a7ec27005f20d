import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { createMemoryStore } from '../../../src/adapters/memory/index.ts';
import { generateKeys } from '../../../src/adapters/native/index.ts';
import { defaultSettings } from '../../../src/model/chain.ts';
import { initializeStorage } from '../../../src/storage/genesis.ts';
import { createBlockTreeSnapshot } from '../../../src/storage/snapshot.ts';
import { genesisOf } from './support/cluster.ts';

const read = (path: string): string => readFileSync(new URL(`../../../${path}`, import.meta.url), 'utf8');
const table = read('docs/HOTSTUFF-RS.md');

/** Names in the last column of the tables of one section. */
function namesIn(section: string): Set<string> {
  const [, text = ''] = table.split(`## ${section}\n`);
  const rows = (text.split('\n## ')[0] ?? '').split('\n').filter((line) => line.startsWith('|'));
  return new Set(
    rows.flatMap((row) =>
      [...(row.split('|').at(-2) ?? '').matchAll(/`([^`]+)`/g)].map((name) => name[1] as string),
    ),
  );
}

describe('the table for those who know HotStuff-rs', () => {
  it('names every event, and no other', () => {
    const events = new Set(
      [...read('src/model/events.ts').matchAll(/readonly type: '([^']+)'/g)].map(([, type]) => type),
    );
    expect(events.size).toBeGreaterThan(27);
    expect(namesIn('Events')).toEqual(events.add('ReplicaEvent'));
  });

  it('names every local setting', () => {
    const named = namesIn('Configuration');
    for (const setting of Object.keys(defaultSettings())) expect(named).toContain(`settings.${setting}`);
  });

  it('names what snapshots have', async () => {
    const store = createMemoryStore();
    await initializeStorage(store, genesisOf('ed25519', [generateKeys('ed25519')]));
    const snapshot = createBlockTreeSnapshot(store.snapshot());
    const named = [...namesIn('The block tree')].filter((name) => name !== 'BlockTreeSnapshot');
    expect(named.length).toBeGreaterThan(20);
    for (const name of named) expect(snapshot).toHaveProperty(name.split(/[(.]/)[0] as string);
  });
});
