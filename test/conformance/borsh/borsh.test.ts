import { createHash } from 'node:crypto';
import { deserialize, serialize } from 'borsh';
import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { blockHash, blockSize, writeBlock } from '../../../src/codec/block.ts';
import { phaseCertificateSize, writePhaseCertificate } from '../../../src/codec/certificate.ts';
import { decodeMessage, encodeMessage } from '../../../src/codec/messages.ts';
import { createWriter, finish } from '../../../src/codec/primitives.ts';
import { signingPreimage } from '../../../src/codec/signing.ts';
import { GENESIS_PC, PHASES } from '../../../src/model/certificate.ts';
import { DEFAULT_LIMITS } from '../../../src/model/chain.ts';
import { hexToBytes } from '../../../src/model/hex.ts';
import type { SchemeName } from '../../../src/model/scheme.ts';
import { block, message, phaseCertificate } from '../../property/codec/arbitraries.ts';
import { plainBlock, plainMessage, plainPhaseCertificate, schemasOf } from './schemas.ts';

const SCHEMES: readonly SchemeName[] = ['bls12381', 'ed25519'];

const bytesOf = (schema: Parameters<typeof serialize>[0], value: unknown): Uint8Array =>
  new Uint8Array(serialize(schema, value));

describe.each(SCHEMES)('against the npm package borsh, %s', (scheme) => {
  const schemas = schemasOf(scheme);

  it('writes the same phase certificates', () => {
    fc.assert(
      fc.property(phaseCertificate(scheme), (pc) => {
        const writer = createWriter(phaseCertificateSize(scheme, pc));
        writePhaseCertificate(writer, scheme, pc);
        expect(finish(writer)).toEqual(bytesOf(schemas.phaseCertificate, plainPhaseCertificate(scheme, pc)));
      }),
    );
  });

  it('writes the same genesis certificate', () => {
    const writer = createWriter(phaseCertificateSize(scheme, GENESIS_PC));
    writePhaseCertificate(writer, scheme, GENESIS_PC);
    const expected = bytesOf(schemas.phaseCertificate, plainPhaseCertificate(scheme, GENESIS_PC));
    expect(finish(writer)).toEqual(expected);
    expect(expected.every((byte) => byte === 0)).toBe(true);
  });

  it('writes the same blocks and hashes the same header', () => {
    fc.assert(
      fc.property(block(scheme), (value) => {
        const writer = createWriter(blockSize(scheme, value));
        writeBlock(writer, scheme, value);
        expect(finish(writer)).toEqual(bytesOf(schemas.block, plainBlock(scheme, value)));
        const header = createHash('sha256')
          .update(bytesOf('u64', BigInt(value.height)))
          .update(bytesOf(schemas.phaseCertificate, plainPhaseCertificate(scheme, value.justify)))
          .update(hexToBytes(value.dataHash))
          .digest('hex');
        expect(blockHash(scheme, value.height, value.justify, value.dataHash)).toBe(header);
      }),
    );
  });

  it('writes the same messages of every type', () => {
    const seen = new Set<string>();
    fc.assert(
      fc.property(message(scheme), (value) => {
        seen.add(value.type);
        expect(encodeMessage(scheme, value)).toEqual(bytesOf(schemas.message, plainMessage(scheme, value)));
      }),
      { numRuns: 1_000 },
    );
    expect(seen.size).toBe(10);
  });

  it('reads what the other wrote, and the other reads what it wrote', () => {
    fc.assert(
      fc.property(message(scheme), (value) => {
        const plain = plainMessage(scheme, value);
        expect(decodeMessage({ scheme, limits: DEFAULT_LIMITS }, bytesOf(schemas.message, plain))).toEqual({
          value,
        });
        expect(deserialize(schemas.message, encodeMessage(scheme, value))).toEqual(plain);
      }),
      { numRuns: 300 },
    );
  });

  it('signs the same preimages', () => {
    const domain = (tag: number): Uint8Array => new Uint8Array(scheme === 'bls12381' ? [tag] : []);
    const ids = { chain_id: 'u64', view: 'u64' } as const;
    const vote = { struct: { ...ids, block: { array: { type: 'u8', len: 32 } }, phase: 'u8' } } as const;
    fc.assert(
      fc.property(phaseCertificate(scheme), ({ chainId, view, block, phase }) => {
        const plain = { chain_id: BigInt(chainId), view: BigInt(view) };
        const signed = { ...plain, block: [...hexToBytes(block)], phase: PHASES.indexOf(phase) };
        expect(signingPreimage(scheme, { type: 'phase-vote', chainId, view, block, phase })).toEqual(
          new Uint8Array([...domain(1), ...bytesOf(vote, signed)]),
        );
        expect(signingPreimage(scheme, { type: 'timeout-vote', chainId, view })).toEqual(
          new Uint8Array([...domain(2), ...bytesOf({ struct: ids }, plain)]),
        );
      }),
    );
  });
});
