import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { decodeMessage } from '../../../src/codec/messages.ts';
import { DEFAULT_LIMITS } from '../../../src/model/chain.ts';
import { encode, namedCertificates, namedMessages } from './catalogue.ts';
import { hostileFrames } from './hostile.ts';
import { plain } from './plain.ts';
import { makeOurs, OURS, textOf } from './vectors.ts';
import { blocksIn, hashOf, isCorrect, setFrom, verifier } from './verify.ts';

const FORMAT = { scheme: 'ed25519', limits: DEFAULT_LIMITS } as const;

afterAll(() => verifier[Symbol.asyncDispose]());

describe('what we give to hotstuff_rs', () => {
  it('is what the codec writes today, byte for byte', () => {
    expect(textOf(makeOurs())).toBe(readFileSync(OURS, 'utf8'));
  });

  it('has every type of message', () => {
    expect(new Set(namedMessages().map(({ message }) => message.type)).size).toBe(10);
  });

  it.each(namedMessages())('reads back: $name', ({ message }) => {
    const decoded = decodeMessage(FORMAT, encode(message));
    expect(decoded).toEqual({ value: message });
    for (const block of blocksIn(message)) expect(hashOf(block)).toBe(block.hash);
  });

  it.each(namedCertificates())('is judged by us as stated: $name', async ({ set, pc, valid }) => {
    expect(await isCorrect({ type: 'pc', pc }, setFrom(set))).toBe(valid);
  });

  it.each(hostileFrames())('is refused by us: $name', ({ frame }) => {
    expect(decodeMessage(FORMAT, frame)).toMatchObject({ rejection: { code: 'malformed' } });
  });
});

describe('the plain form', () => {
  it('tells messages apart that differ in one field', () => {
    const forms = namedMessages().map(({ message }) => JSON.stringify(plain(message)));
    expect(new Set(forms).size).toBe(forms.length);
  });
});
