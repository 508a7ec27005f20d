import { expect, test } from 'vitest';
import { ZERO_HASH } from '../../../src/model/ids.ts';
import type { KVSnapshot } from '../../../src/ports/kv-store.ts';
import {
  type CheckerFactory,
  createWorld,
  randomFaults,
  stormy,
  uniform,
} from '../../../src/simulator/index.ts';
import type { RecordContents } from '../../../src/simulator/record-contents.ts';
import { appViewAt } from '../../../src/storage/app-view.ts';
import { recover } from '../../../src/storage/recovery.ts';
import { createBlockTreeSnapshot } from '../../../src/storage/snapshot.ts';

/** The same store to whom records are bytes: every read checks and decodes anew. */
const asBytes = (store: KVSnapshot): KVSnapshot => ({
  get: (key) => store.get(key),
  range: (range) => store.range(range),
  close: () => store.close(),
  [Symbol.dispose]: () => store.close(),
});

test('what a disk remembers of its records is what their bytes say, at every write of a faulty world', () => {
  let compared = 0;
  const sameAsBytes: CheckerFactory = () => ({
    name: 'same as bytes',
    onWritten({ contents }, { commits }) {
      if (commits.length === 0 || compared++ % 7 !== 0) return;
      const store = (contents as RecordContents).snapshot();
      const plain = asBytes(store);
      expect(recover(store)).toEqual(recover(plain));
      const tip = createBlockTreeSnapshot(plain).newestBlock()?.hash ?? ZERO_HASH;
      const [view, expected] = [appViewAt(store, tip), appViewAt(plain, tip)];
      expect(view?.appStateHash).toEqual(expected?.appStateHash);
      expect(view?.validatorSet).toEqual(expected?.validatorSet);
    },
  });
  const world = createWorld({
    n: 4,
    listeners: 1,
    seed: 11,
    network: stormy(4_000, uniform(1, 100), 1_000),
    checkers: [sameAsBytes],
  });
  randomFaults(world, { untilMs: 12_000, everyMs: 700 });
  world.updateValidators({ insert: { 4: 1 } });
  world.run({ ms: 30_000 });
  expect(compared).toBeGreaterThan(50);
});
