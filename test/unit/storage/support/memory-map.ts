import type { KVSnapshot, WriteBatch } from '../../../../src/ports/kv-store.ts';

/** Keys and values by the hex of the key: the least that storage can run on, open to tests that damage it. */
export class MemoryMap {
  readonly entries: Map<string, Uint8Array>;

  constructor(entries: Iterable<readonly [string, Uint8Array]> = []) {
    this.entries = new Map(entries);
  }

  apply({ sets, deletes }: WriteBatch): void {
    for (const [key, value] of sets) this.entries.set(Buffer.from(key).toString('hex'), value.slice());
    for (const key of deletes) this.entries.delete(Buffer.from(key).toString('hex'));
  }

  copy(): MemoryMap {
    return new MemoryMap(this.entries);
  }

  snapshot(): KVSnapshot {
    const { entries } = this;
    const hex = (key: Uint8Array): string => Buffer.from(key).toString('hex');
    return {
      get: (key) => entries.get(hex(key)) ?? null,
      *range({ start, end, limit = Number.POSITIVE_INFINITY, reverse = false }) {
        const keys = [...entries.keys()].filter((key) => key >= hex(start) && key < hex(end)).sort();
        for (const key of (reverse ? keys.reverse() : keys).slice(0, limit)) {
          yield [new Uint8Array(Buffer.from(key, 'hex')), entries.get(key) as Uint8Array];
        }
      },
      close() {},
      [Symbol.dispose]() {},
    };
  }
}
