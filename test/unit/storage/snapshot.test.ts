import { describe, expect, it } from 'vitest';
import { createMemoryStore } from '../../../src/adapters/memory/index.ts';
import { StorageError } from '../../../src/model/errors.ts';
import { createBlockTreeSnapshot } from '../../../src/storage/snapshot.ts';

describe('a snapshot of the block tree', () => {
  it('of a store that holds none is none, and leaves nothing open', () => {
    const snapshot = createMemoryStore().snapshot();
    expect(() => createBlockTreeSnapshot(snapshot)).toThrow(StorageError);
    expect(() => snapshot.get(Uint8Array.of(0))).toThrow(/the snapshot is closed/);
  });
});
