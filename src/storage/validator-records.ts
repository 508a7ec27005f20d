import {
  malformed,
  type Reader,
  readBytes,
  readLength,
  readPresence,
  readU32,
  readU64,
  type Writer,
  writeBytes,
  writePresence,
  writeU32,
  writeU64,
} from '../codec/primitives.ts';
import { asHeight, asPower, type ReplicaId } from '../model/ids.ts';
import {
  createValidatorSet,
  type Validator,
  type ValidatorSet,
  type ValidatorSets,
  type ValidatorSetUpdates,
} from '../model/validator-set.ts';
import { idSize, readId, writeId } from './records.ts';
import { damaged, encodeRecord } from './schema.ts';

// The payloads of the records about validator sets and their updates.

const validatorsSize = (validators: readonly Validator[]): number =>
  validators.reduce((sum, { id }) => sum + idSize(id) + 8, 4);

function writeValidators(writer: Writer, validators: readonly Validator[]): void {
  writeU32(writer, validators.length);
  for (const { id, power } of validators) {
    writeId(writer, id);
    writeU64(writer, power);
  }
}

function readValidators(reader: Reader): Validator[] {
  const count = readLength(reader, 0xffff_ffff, 1 + 8, 'validators');
  return Array.from({ length: count }, () => ({ id: readMember(reader), power: asPower(readU64(reader)) }));
}

const readMember = (reader: Reader): ReplicaId => readId(reader) ?? malformed('no key');

/**
 * Vec of the committed set, Option of the previous one (none: the same one), Option of the update's height, whether it
 * is decided.
 */
export function encodeValidatorSets(key: Uint8Array, sets: ValidatorSets): Uint8Array {
  const { committed, previous, updateHeight, decided } = sets;
  const isSame = previous === committed;
  const size =
    validatorsSize(committed.validators) +
    1 +
    (isSame ? 0 : validatorsSize(previous.validators)) +
    1 +
    (updateHeight === null ? 0 : 8) +
    1;
  return encodeRecord(key, size, (writer) => {
    writeValidators(writer, committed.validators);
    writePresence(writer, !isSame);
    if (!isSame) writeValidators(writer, previous.validators);
    writePresence(writer, updateHeight !== null);
    if (updateHeight !== null) writeU64(writer, updateHeight);
    writePresence(writer, decided);
  });
}

/** As `encodeValidatorSets` wrote them; `key` names the record when they make no sets. */
export function readValidatorSets(reader: Reader, key: Uint8Array): ValidatorSets {
  const committed = asSet(readValidators(reader), key);
  const previous = readPresence(reader) ? asSet(readValidators(reader), key) : committed;
  const updateHeight = readPresence(reader) ? asHeight(readU64(reader)) : null;
  return { committed, previous, updateHeight, decided: readPresence(reader) };
}

function asSet(validators: readonly Validator[], key: Uint8Array): ValidatorSet {
  const set = createValidatorSet(validators);
  if (typeof set === 'string') throw damaged(key, `its validators make no set: ${set}`);
  return set;
}

const updatesSize = ({ inserts, deletes }: ValidatorSetUpdates): number => {
  let size = 4 + 4;
  for (const { id, possession } of inserts)
    size += idSize(id) + 8 + 1 + ((possession && 4 + possession.length) || 0);
  for (const id of deletes) size += idSize(id);
  return size;
};

/** Vec of key, power, Option of the possession; Vec of keys. */
export function encodeValidatorSetUpdates(key: Uint8Array, updates: ValidatorSetUpdates): Uint8Array {
  return encodeRecord(key, updatesSize(updates), (writer) => {
    writeU32(writer, updates.inserts.length);
    for (const { id, power, possession } of updates.inserts) {
      writeId(writer, id);
      writeU64(writer, power);
      writePresence(writer, possession !== null);
      if (possession === null) continue;
      writeU32(writer, possession.length);
      writeBytes(writer, possession, possession.length);
    }
    writeU32(writer, updates.deletes.length);
    for (const id of updates.deletes) writeId(writer, id);
  });
}

export function readValidatorSetUpdates(reader: Reader): ValidatorSetUpdates {
  const inserts = Array.from({ length: readLength(reader, 0xffff_ffff, 10, 'inserts') }, () => ({
    id: readMember(reader),
    power: asPower(readU64(reader)),
    possession: readPresence(reader) ? readBytes(reader, readU32(reader)) : null,
  }));
  const deletes = Array.from({ length: readLength(reader, 0xffff_ffff, 1, 'deletes') }, () =>
    readMember(reader),
  );
  return { inserts, deletes };
}
