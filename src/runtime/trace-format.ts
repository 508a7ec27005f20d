import { deserialize, serialize } from 'node:v8';
import type { CoreConfig } from '../core/config.ts';
import type { Input } from '../core/input.ts';
import type { Core } from '../core/state.ts';

// A trace is a first line that names the format, then records, each behind its length as u32, little-endian. The first
// record is the header, the others are the inputs in order. Records are in V8's own serialisation, which keeps what
// the core is made of: maps, bytes, and which places share one object. Read traces only from whom you trust.

const MAGIC = Buffer.from('hotstuff-ts trace 1\n');

export interface TraceHeader {
  readonly config: CoreConfig;
  /** The whole core as it was before the first input, in V8's serialisation. */
  readonly core: Uint8Array;
  /** Digest of the effects before the first input, which the next one continues. */
  readonly digest: Uint8Array;
  /** Inputs of the process before the first one here. */
  readonly skipped: number;
  /** When the trace was begun, for people. */
  readonly begun: string;
}

export interface TraceRecord {
  readonly input: Input;
  /** Running digest of all effects, those of this input included; null where nobody kept it. */
  readonly digest: Uint8Array | null;
}

export interface Trace {
  readonly header: TraceHeader;
  readonly records: readonly TraceRecord[];
  /** Whether the last record was cut off, as in a process that was killed. */
  readonly isCut: boolean;
}

export const serializeCore = (core: Core): Uint8Array => serialize(core);

export const deserializeCore = (bytes: Uint8Array): Core => deserialize(bytes) as Core;

export function encodeHeader(header: TraceHeader): Uint8Array {
  return Buffer.concat([MAGIC, framed(header)]);
}

export function encodeRecord(record: TraceRecord): Uint8Array {
  return framed(record);
}

function framed(value: TraceHeader | TraceRecord): Buffer {
  const payload = serialize(value);
  const length = Buffer.allocUnsafe(4);
  length.writeUInt32LE(payload.length);
  return Buffer.concat([length, payload]);
}

/** Throws `RangeError` when `bytes` are no trace or a record in the middle cannot be read. */
export function decodeTrace(bytes: Uint8Array): Trace {
  const buffer = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.length);
  if (!buffer.subarray(0, MAGIC.length).equals(MAGIC)) throw new RangeError('not a trace of this version');
  const values: unknown[] = [];
  let at = MAGIC.length;
  while (at + 4 <= buffer.length) {
    const end = at + 4 + buffer.readUInt32LE(at);
    if (end > buffer.length) break;
    values.push(readRecord(buffer.subarray(at + 4, end), values.length));
    at = end;
  }
  const [header, ...records] = values;
  if (header === undefined) throw new RangeError('the trace has no header');
  return { header: header as TraceHeader, records: records as TraceRecord[], isCut: at < buffer.length };
}

function readRecord(payload: Buffer, index: number): unknown {
  try {
    return deserialize(payload);
  } catch (cause) {
    throw new RangeError(`record ${index} of the trace cannot be read`, { cause });
  }
}
