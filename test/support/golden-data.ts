import { merkleRoot } from '../../src/codec/data-hash.ts';
import type { Recovered } from '../../src/core/recovered.ts';
import type { Block } from '../../src/model/block.ts';
import type { Phase, PhaseCertificate } from '../../src/model/certificate.ts';
import { bytesToHex } from '../../src/model/hex.ts';
import { asDataHash, asPower, asReplicaId, asView, type ReplicaId } from '../../src/model/ids.ts';
import {
  createValidatorSet,
  type ValidatorSet,
  type ValidatorSetUpdates,
} from '../../src/model/validator-set.ts';

export const idOf = (name: string): ReplicaId =>
  asReplicaId((Number(name.slice(1)) + 1).toString(16).padStart(64, '0'));

export const PLAIN = {
  appStateUpdates: { sets: [], deletes: [] },
  validatorSetUpdates: null,
  hasCommands: false,
} as const;

export const dataHashOf = (name: string): Block['dataHash'] =>
  asDataHash(bytesToHex(merkleRoot([new TextEncoder().encode(name)])));

export function take<Item>(items: Item[], what: string): Item {
  const item = items.shift();
  if (item === undefined) throw new Error(`no ${what} is open`);
  return item;
}

export function setOf(names: readonly string[], powers: readonly number[]): ValidatorSet {
  const set = createValidatorSet(
    names.map((name, at) => ({ id: idOf(name), power: asPower(powers[at] ?? 1) })),
  );
  if (typeof set === 'string') throw new Error(set);
  return set;
}

export function firstQuorum({ validators, quorum }: ValidatorSet): readonly number[] {
  let power = 0;
  const needed = validators.findIndex((validator) => {
    power += validator.power;
    return power >= quorum;
  });
  return [...Array(needed + 1).keys()];
}

export function signed(slots: number, indexes: readonly number[], salt = 0): PhaseCertificate['signatures'] {
  const bitmap = new Uint8Array((slots + 7) >> 3);
  for (const index of indexes) bitmap[index >> 3] = (bitmap[index >> 3] as number) | (1 << (index & 7));
  return { slots, bitmap, bytes: new Uint8Array(64 * indexes.length).fill(salt) };
}

export function updatesOf(text: string): ValidatorSetUpdates {
  const words = text.split(',');
  return {
    inserts: words
      .filter((word) => word.startsWith('+'))
      .map((word) => {
        const [name, power] = word.slice(1).split(':');
        return { id: idOf(name as string), power: asPower(Number(power ?? 1)), possession: null };
      }),
    deletes: words.filter((word) => word.startsWith('-')).map((word) => idOf(word.slice(1))),
  };
}

export function voteOf(
  [view, name, phase]: readonly string[],
  named: (name: string) => Block,
): Recovered['lastVote'] {
  return { view: asView(Number(view)), block: named(name as string).hash, phase: phase as Phase };
}
