import { latin1 } from '../../../../src/codec/bytes.ts';
import type { WriteBatch } from '../../../../src/ports/kv-store.ts';
import type { RecordsOf } from '../../../../src/runtime/durability.ts';

/** A batch in the form in which the runtime keeps what is not yet written. */
export function recordsIn({ sets, deletes }: WriteBatch): ReturnType<RecordsOf> {
  const records: ReturnType<RecordsOf> = new Map();
  for (const [key, value] of sets) records.set(latin1(key), { key, value, decoded: undefined });
  for (const key of deletes) records.set(latin1(key), { key, value: null, decoded: undefined });
  return records;
}
