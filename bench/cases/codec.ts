import { deserialize, serialize } from 'borsh';
import { nativeHasher } from '../../src/adapters/native/index.ts';
import { blockHash } from '../../src/codec/block.ts';
import { portableHasher } from '../../src/codec/data-hash.ts';
import { decodeMessage, encodeMessage } from '../../src/codec/messages.ts';
import type { PhaseCertificate } from '../../src/model/certificate.ts';
import { DEFAULT_LIMITS } from '../../src/model/chain.ts';
import { asBlockHash, asChainId, asDataHash, asHeight, asView } from '../../src/model/ids.ts';
import type { Message } from '../../src/model/messages.ts';
import type { SchemeName } from '../../src/model/scheme.ts';
import { plainMessage, schemasOf } from '../../test/conformance/borsh/schemas.ts';
import type { Case } from '../case.ts';
import { castOf } from '../cast.ts';

const chainId = asChainId(1);
const view = asView(1_000_000);
const block = asBlockHash('ab'.repeat(32));

function certificateOf(scheme: SchemeName, n: number): PhaseCertificate {
  const [first] = castOf(scheme, n).views;
  return { chainId, view, block, phase: 'generic', signatures: first!.certificate };
}

const datums = (count: number, size: number): Uint8Array[] =>
  Array.from({ length: count }, (_, index) => new Uint8Array(size).fill(index));

function vote(scheme: SchemeName): Message {
  const signature = new Uint8Array(scheme === 'bls12381' ? 96 : 64).fill(5);
  return { type: 'phase-vote', chainId, view, block, phase: 'generic', signature };
}

function proposal(scheme: SchemeName, n: number, count: number, size: number): Message {
  const header = {
    height: asHeight(999_999),
    hash: block,
    justify: certificateOf(scheme, n),
    dataHash: asDataHash('cd'.repeat(32)),
  };
  return { type: 'proposal', chainId, view, block: { ...header, data: datums(count, size) } };
}

/** Both directions of one message, beside npm borsh with the same schema. */
function messageCases(name: string, scheme: SchemeName, make: () => Message): Case[] {
  return [
    {
      name: `codec/encode/${name}`,
      prepare: () => {
        const message = make();
        const plain = plainMessage(scheme, message);
        const schema = schemasOf(scheme).message;
        return {
          run: { sync: () => encodeMessage(scheme, message) },
          rivals: [{ name: 'npm borsh', run: { sync: () => serialize(schema, plain) } }],
        };
      },
    },
    {
      name: `codec/decode/${name}`,
      prepare: () => {
        const frame = encodeMessage(scheme, make());
        const schema = schemasOf(scheme).message;
        const format = { scheme, limits: DEFAULT_LIMITS };
        return {
          run: { sync: () => decodeMessage(format, frame) },
          rivals: [{ name: 'npm borsh', run: { sync: () => deserialize(schema, frame) } }],
        };
      },
    },
  ];
}

const merkleCase = (count: number, size: number): Case => ({
  name: `hash/merkle-root/${count}x${size}B`,
  prepare: () => {
    const data = datums(count, size);
    return {
      run: { sync: () => nativeHasher.merkleRoot(data) },
      rivals: [{ name: 'node:crypto', run: { sync: () => portableHasher.merkleRoot(data) } }],
    };
  },
});

const blockHashCase = (scheme: SchemeName, n: number): Case => ({
  name: `hash/block/${scheme}/n=${n}`,
  prepare: () => {
    const justify = certificateOf(scheme, n);
    const dataHash = asDataHash('cd'.repeat(32));
    return { run: { sync: () => blockHash(scheme, asHeight(1), justify, dataHash) } };
  },
});

export const codecCases: readonly Case[] = [
  ...messageCases('phase-vote/bls12381', 'bls12381', () => vote('bls12381')),
  ...messageCases('proposal/bls12381/n=4/0B', 'bls12381', () => proposal('bls12381', 4, 0, 0)),
  ...messageCases('proposal/bls12381/n=100/400x512B', 'bls12381', () => proposal('bls12381', 100, 400, 512)),
  ...messageCases('proposal/ed25519/n=100/400x512B', 'ed25519', () => proposal('ed25519', 100, 400, 512)),
  blockHashCase('bls12381', 100),
  blockHashCase('ed25519', 100),
  merkleCase(400, 512),
  merkleCase(4, 512),
];
