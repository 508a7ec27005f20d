import { z } from 'zod';
import { asPower, asReplicaId, bytesToHex, hexToBytes, type ValidatorSetUpdates } from '../../index.ts';
import { RefusedUpdate } from './refusal.ts';

const hex = z.string().regex(/^([0-9a-f]{2})*$/, 'it must be lower-case hex digits');
const power = z
  .int('it must be a whole number')
  .min(1, 'it must be at least 1; a validator is taken out by naming it in remove')
  .max(Number.MAX_SAFE_INTEGER, 'it must be at most 2^53 - 1');

const schema = z.strictObject({
  set: z.array(z.strictObject({ id: hex, power, possession: hex.nullable().optional() })).default([]),
  remove: z.array(hex).default([]),
  number: z.int().min(0).optional(),
  force: z.boolean().default(false),
});

/** An update of the validator set as `POST /validators` and `hotstuff validators update` take it, complete. */
export interface UpdateJson {
  readonly set: readonly {
    readonly id: string;
    readonly power: number;
    readonly possession: string | null;
  }[];
  readonly remove: readonly string[];
}

export interface RequestedUpdate {
  readonly updates: ValidatorSetUpdates;
  /** Of the update; null: the next one. */
  readonly number: number | null;
  /** Make it although too few of the new set are connected. */
  readonly force: boolean;
}

/** Reads the body of `POST /validators`. Throws `RefusedUpdate` that names the field, and what it must be. */
export function parseUpdate(json: unknown): RequestedUpdate {
  const parsed = schema.safeParse(json);
  if (!parsed.success) {
    const issue = parsed.error.issues[0] as z.core.$ZodIssue;
    const field = issue.path.join('.');
    throw new RefusedUpdate(`${field === '' ? 'the body' : field}: ${issue.message}`, {
      status: 400,
      code: 'malformed',
    });
  }
  const { set, remove, number = null, force } = parsed.data;
  const inserts = set.map(({ id, power: weight, possession = null }) => ({
    id: asReplicaId(id),
    power: asPower(weight),
    possession: possession === null ? null : hexToBytes(possession),
  }));
  return { updates: { inserts, deletes: remove.map(asReplicaId) }, number, force };
}

/** The reverse of `parseUpdate`, without number and force. */
export const updateToJson = ({ inserts, deletes }: ValidatorSetUpdates): UpdateJson => ({
  set: inserts.map(({ id, power: weight, possession }) => ({
    id,
    power: weight,
    possession: possession === null ? null : bytesToHex(possession),
  })),
  remove: deletes,
});
