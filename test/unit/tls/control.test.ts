import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { MAX_CONTROL_BYTES } from '../../../src/adapters/tls/channels.ts';
import {
  ACCEPTED,
  decodeControl,
  encodeHello,
  encodeProof,
  encodeRefusal,
  HEARTBEAT,
  type Hello,
} from '../../../src/adapters/tls/control.ts';
import type { RefusalCode } from '../../../src/adapters/tls/refusal.ts';
import { asChainId, asReplicaId } from '../../../src/model/ids.ts';

const HELLO: Hello = {
  type: 'hello',
  minVersion: 1,
  maxVersion: 3,
  chainId: asChainId(2 ** 53 - 1),
  genesisHash: new Uint8Array(32).fill(9),
  scheme: 'bls12381',
  id: asReplicaId('ab'.repeat(96)),
};

describe('control messages', () => {
  it('come back as they were', () => {
    const hello = decodeControl(encodeHello(HELLO));
    expect(
      'value' in hello && {
        ...hello.value,
        genesisHash: Uint8Array.from((hello.value as Hello).genesisHash),
      },
    ).toEqual(HELLO);
    const proof = decodeControl(encodeProof(Uint8Array.of(1, 2, 3)));
    expect('value' in proof && proof.value.type === 'proof' && [...proof.value.signature]).toEqual([1, 2, 3]);
    expect(decodeControl(ACCEPTED)).toEqual({ value: { type: 'accepted' } });
    expect(decodeControl(HEARTBEAT)).toEqual({ value: { type: 'heartbeat' } });
    expect(decodeControl(encodeRefusal('full', 'no place'))).toEqual({
      value: { type: 'refused', code: 'full', detail: 'no place' },
    });
  });

  it('are within their bound at their largest', () => {
    expect(
      encodeHello({ ...HELLO, scheme: 's'.repeat(32), id: asReplicaId('00'.repeat(256)) }).length,
    ).toBeLessThan(MAX_CONTROL_BYTES);
    expect(encodeRefusal('other', 'x'.repeat(100_000)).length).toBeLessThan(MAX_CONTROL_BYTES);
  });

  it('leave room: what a later version appends to a hello or a refusal is passed over', () => {
    const hello = decodeControl(Buffer.concat([encodeHello(HELLO), Buffer.from('more')]));
    expect('value' in hello && hello.value).toMatchObject({ minVersion: 1, maxVersion: 3, id: HELLO.id });
    const refused = decodeControl(Buffer.concat([encodeRefusal('self', 'words'), Buffer.from('more')]));
    expect(refused).toEqual({ value: { type: 'refused', code: 'self', detail: 'words' } });
  });

  it('read a reason of a later version as another one', () => {
    const bytes = encodeRefusal('full', 'words');
    bytes[1] = 250;
    expect(decodeControl(bytes)).toEqual({ value: { type: 'refused', code: 'other', detail: 'words' } });
  });

  it('keep the numbers of their reasons for ever', () => {
    const codes: readonly RefusalCode[] = [
      'other',
      'protocol-version',
      'wrong-chain',
      'wrong-scheme',
      'bad-proof',
      'unexpected-peer',
      'self',
      'not-welcome',
      'full',
      'duplicate',
      'malformed',
      'oversize-frame',
      'overloaded',
      'timeout',
      'no-certificate',
      'superseded',
      'shutting-down',
      'silent',
      'internal',
      'tls',
      'lost',
    ];
    expect(codes.map((code) => encodeRefusal(code, '')[1])).toEqual(codes.map((_, number) => number));
  });

  it('carry no words that could act in a terminal or a log', () => {
    const decoded = decodeControl(encodeRefusal('other', 'a\u001b[2Jb\nc\u202ed\u2028e é'));
    expect(decoded).toEqual({ value: { type: 'refused', code: 'other', detail: 'a?[2Jb?c?d?e é' } });
  });

  it('refuse what is not of the product', () => {
    const bytes = encodeHello(HELLO);
    bytes[3] = 0;
    expect(decodeControl(bytes)).toMatchObject({ rejection: { code: 'malformed' } });
  });

  it('never throw, whatever the bytes, and refuse what ends early', () => {
    const valid = [encodeHello(HELLO), encodeProof(new Uint8Array(96)), encodeRefusal('full', 'no place')];
    for (const bytes of valid) {
      for (let end = 0; end < bytes.length; end++) {
        expect(decodeControl(bytes.subarray(0, end))).toHaveProperty('rejection');
      }
    }
    const mutated = fc.tuple(fc.constantFrom(...valid), fc.nat(), fc.integer({ min: 1, max: 255 }));
    fc.assert(
      fc.property(mutated, ([bytes, at, flip]) => {
        const copy = Uint8Array.from(bytes);
        copy[at % copy.length] = (copy[at % copy.length] as number) ^ flip;
        expect(decodeControl(copy)).toBeTypeOf('object');
      }),
    );
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => typeof decodeControl(bytes) === 'object'),
    );
  });
});
