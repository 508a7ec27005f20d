import { describe, expect, it } from 'vitest';
import { merkleRoot, portableHasher } from '../../../src/codec/data-hash.ts';
import { encodeMessage } from '../../../src/codec/messages.ts';
import type { Block, Datum } from '../../../src/model/block.ts';
import { GENESIS_PC } from '../../../src/model/certificate.ts';
import { DEFAULT_LIMITS } from '../../../src/model/chain.ts';
import { bytesToHex } from '../../../src/model/hex.ts';
import { asBlockHash, asChainId, asDataHash, asHeight, asReplicaId, asView } from '../../../src/model/ids.ts';
import type { Message } from '../../../src/model/messages.ts';
import type { Channel } from '../../../src/ports/network.ts';
import { AppFault } from '../../../src/runtime/app-answers.ts';
import { hashDataWith } from '../../../src/runtime/data-hash.ts';
import { readFrame } from '../../../src/runtime/inbound.ts';

const format = { scheme: 'ed25519', limits: DEFAULT_LIMITS } as const;
const from = asReplicaId('a'.repeat(64));
const chainId = asChainId(7);
const hashData = hashDataWith(portableHasher, {});

const blockOf = (data: readonly Datum[], hashed: readonly Datum[] = data): Block => ({
  height: asHeight(0),
  hash: asBlockHash('b'.repeat(64)),
  justify: GENESIS_PC,
  dataHash: asDataHash(bytesToHex(merkleRoot(hashed))),
  data,
});
const good = blockOf([Uint8Array.of(1), Uint8Array.of(2)]);
const bad = blockOf([Uint8Array.of(1)], [Uint8Array.of(2)]);

const read = (message: Message, channel: Channel, hash = hashData) =>
  readFrame(format, hash, { from, channel, frame: encodeMessage('ed25519', message) });
const proposal = (block: Block): Message => ({ type: 'proposal', chainId, view: asView(1), block });
const response = (...blocks: Block[]): Message => ({
  type: 'block-sync-response',
  blocks,
  highestPc: GENESIS_PC,
});

describe('frames of peers', () => {
  it('give their message when the data of its block is what its hash says', () => {
    expect(read(proposal(good), 'consensus')).toEqual({ message: proposal(good), rejected: null });
    expect(read(response(good, good), 'sync')).toEqual({ message: response(good, good), rejected: null });
  });

  it('are rejected when a proposal has other data than its hash says (R17)', () => {
    const { message, rejected } = read(proposal(bad), 'consensus');
    expect(message).toBeNull();
    expect(rejected).toMatchObject({ message: 'proposal', rejection: { code: 'bad-data-hash' } });
  });

  it('are cut before the first bad block of a sync response, so that the request is answered', () => {
    const { message, rejected } = read(response(good, bad, good), 'sync');
    expect(message).toEqual(response(good));
    expect(rejected).toMatchObject({
      message: 'block-sync-response',
      rejection: { code: 'bad-data-hash' },
    });
    expect(read(response(bad), 'sync').message).toEqual(response());
  });

  it('are rejected on a channel that is not their message', () => {
    for (const [message, channel] of [
      [proposal(good), 'sync'],
      [response(good), 'consensus'],
    ] as const) {
      const result = read(message, channel);
      expect(result.message).toBeNull();
      expect(result.rejected?.rejection.code).toBe('malformed');
    }
  });

  it("are held to the app's own data hash where there is one", () => {
    const own = asDataHash('e'.repeat(64));
    const hashOwn = hashDataWith(portableHasher, { dataHash: () => own });
    expect(read(proposal({ ...bad, dataHash: own }), 'consensus', hashOwn).rejected).toBeNull();
    expect(read(proposal(good), 'consensus', hashOwn).rejected?.rejection.code).toBe('bad-data-hash');
  });
});

describe("an app's own data hash", () => {
  it.each([
    ['nothing', undefined],
    ['upper case', 'E'.repeat(64)],
    ['too little', 'e'.repeat(62)],
    ['of no text', Object.create(null)],
  ])('that is %s is refused', (_, answer) => {
    const hash = hashDataWith(portableHasher, { dataHash: () => answer as never });
    expect(() => hash([])).toThrow(AppFault);
    expect(() => hash([])).toThrow(/64 lower-case hex digits/);
  });
});
