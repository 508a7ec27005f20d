import { createMemoryStore } from '../../../../src/adapters/memory/index.ts';
import type { KVSnapshot, KVStore, WriteBatch } from '../../../../src/ports/kv-store.ts';

export interface HeldWrite {
  readonly batch: WriteBatch;
  /** Makes the batch durable. */
  succeed(): Promise<void>;
  fail(error: unknown): Promise<void>;
}

/** A store whose writes end when the test says so. */
export interface HeldStore {
  readonly store: Pick<KVStore, 'snapshot' | 'write'>;
  /** Writes under way, oldest first. */
  readonly writes: HeldWrite[];
  /** Writes asked for so far. */
  readonly asked: number;
  readonly openSnapshots: number;
}

/** Lets everything that has become possible happen. */
export const settle = async (): Promise<void> => {
  for (let turn = 0; turn < 3; turn++) await new Promise((resolve) => setImmediate(resolve));
};

export function createHeldStore(): HeldStore {
  const memory = createMemoryStore();
  const writes: HeldWrite[] = [];
  let asked = 0;
  let open = 0;

  const hold = (batch: WriteBatch): Promise<void> =>
    new Promise((resolve, reject) => {
      asked += 1;
      const end = async (finish: () => void): Promise<void> => {
        writes.shift();
        finish();
        await settle();
      };
      writes.push({
        batch,
        succeed: () => end(() => resolve(memory.write(batch))),
        fail: (error) => end(() => reject(error)),
      });
    });

  const counted = (snapshot: KVSnapshot): KVSnapshot => {
    open += 1;
    return {
      get: (key) => snapshot.get(key),
      range: (range) => snapshot.range(range),
      close() {
        open -= 1;
        snapshot.close();
      },
      [Symbol.dispose]() {
        this.close();
      },
    };
  };

  return {
    store: { snapshot: () => counted(memory.snapshot()), write: hold },
    writes,
    get asked() {
      return asked;
    },
    get openSnapshots() {
      return open;
    },
  };
}
