import { describe, expect, it } from 'vitest';
import { decodeMessage, encodeMessage, maxFrameSize } from '../../../src/codec/messages.ts';
import type { WireFormat } from '../../../src/codec/primitives.ts';
import type { Block } from '../../../src/model/block.ts';
import { GENESIS_PC, type PhaseCertificate } from '../../../src/model/certificate.ts';
import { DEFAULT_LIMITS } from '../../../src/model/chain.ts';
import { hexToBytes } from '../../../src/model/hex.ts';
import { asBlockHash, asChainId, asDataHash, asHeight, asView, ZERO_HASH } from '../../../src/model/ids.ts';
import type { Message } from '../../../src/model/messages.ts';
import { NO_SIGNATURES, type SchemeName, type SignatureSet } from '../../../src/model/scheme.ts';

const LIMITS = {
  ...DEFAULT_LIMITS,
  maxBlockBytes: 10,
  maxDatums: 3,
  maxValidators: 9,
  maxSyncBlocks: 2,
  maxSyncBytes: 100,
};
const BLS: WireFormat = { scheme: 'bls12381', limits: LIMITS };
const ED25519: WireFormat = { scheme: 'ed25519', limits: LIMITS };

const block = (data: readonly Uint8Array[]): Block => ({
  height: asHeight(0),
  hash: asBlockHash('11'.repeat(32)),
  justify: GENESIS_PC,
  dataHash: asDataHash('22'.repeat(32)),
  data,
});

const proposal = (data: readonly Uint8Array[]): Message => ({
  type: 'proposal',
  chainId: asChainId(5),
  view: asView(6),
  block: block(data),
});

const newView = (signatures: SignatureSet): Message => ({
  type: 'new-view',
  chainId: asChainId(5),
  view: asView(6),
  highestPc: { ...GENESIS_PC, signatures },
});

const detail = (format: WireFormat, frame: Uint8Array): string | undefined => {
  const decoded = decodeMessage(format, frame);
  expect(decoded).toHaveProperty('rejection.code', 'malformed');
  return 'rejection' in decoded ? decoded.rejection.detail : undefined;
};

describe('the nesting of messages', () => {
  it.each<readonly [string, Message]>([
    ['000000', proposal([])],
    ['000001', { type: 'nudge', chainId: asChainId(5), view: asView(6), justify: GENESIS_PC }],
    [
      '000002',
      {
        type: 'phase-vote',
        chainId: asChainId(5),
        view: asView(6),
        block: ZERO_HASH,
        phase: 'decide',
        signature: new Uint8Array(96),
      },
    ],
    ['000003', newView(NO_SIGNATURES)],
    [
      '000100',
      {
        type: 'timeout-vote',
        chainId: asChainId(5),
        view: asView(6),
        signature: new Uint8Array(96),
        highestTc: null,
      },
    ],
    ['000101', { type: 'advance-view', certificate: { type: 'pc', pc: GENESIS_PC } }],
    [
      '000200',
      {
        type: 'advertise-block',
        chainId: asChainId(5),
        height: asHeight(6),
        signature: new Uint8Array(96),
      },
    ],
    ['000201', { type: 'advertise-pc', highestPc: GENESIS_PC }],
    ['0100', { type: 'block-sync-request', chainId: asChainId(5), startHeight: asHeight(6), limit: 7 }],
    ['0101', { type: 'block-sync-response', blocks: [], highestPc: GENESIS_PC }],
  ])('begins with %s', (tags, message) => {
    const frame = encodeMessage('bls12381', message);
    expect(Buffer.from(frame).toString('hex').startsWith(tags)).toBe(true);
    expect(decodeMessage(BLS, frame)).toEqual({ value: message });
  });

  it.each([
    ['', 'ends within'],
    ['02', 'unknown tag 2 of a message'],
    ['ff', 'unknown tag 255 of a message'],
    ['0003', 'unknown tag 3 of a progress message'],
    ['000004', 'unknown tag 4 of a HotStuff message'],
    ['000102', 'unknown tag 2 of a pacemaker message'],
    ['000202', 'unknown tag 2 of an advertisement'],
    ['0102', 'unknown tag 2 of a block sync message'],
    ['00010102', 'progress certificate 2'],
  ])('refuses %s', (hex, reason) => {
    expect(detail(BLS, hexToBytes(hex))).toContain(reason);
  });
});

describe('what is written', () => {
  it('is frozen: a vote', () => {
    const vote: Message = {
      type: 'phase-vote',
      chainId: asChainId(2 ** 53 - 1),
      view: asView(258),
      block: asBlockHash('ab'.repeat(32)),
      phase: 'precommit',
      signature: new Uint8Array(64).fill(7),
    };
    expect(Buffer.from(encodeMessage('ed25519', vote)).toString('hex')).toBe(
      `000002${'ffffffffffff1f00'}${'0201000000000000'}${'ab'.repeat(32)}02${'07'.repeat(64)}`,
    );
  });

  it('is frozen: a certificate of each scheme', () => {
    const prefix = `000003${'0500000000000000'}${'0600000000000000'}${'00'.repeat(49)}`;
    const list: SignatureSet = {
      slots: 3,
      bitmap: new Uint8Array([0b101]),
      bytes: new Uint8Array(128).fill(1, 0, 64).fill(2, 64),
    };
    expect(Buffer.from(encodeMessage('ed25519', newView(list))).toString('hex')).toBe(
      `${prefix}03000000${`01${'01'.repeat(64)}`}00${`01${'02'.repeat(64)}`}`,
    );
    const aggregate: SignatureSet = {
      slots: 8,
      bitmap: new Uint8Array([0b101]),
      bytes: new Uint8Array(48).fill(9),
    };
    expect(Buffer.from(encodeMessage('bls12381', newView(aggregate))).toString('hex')).toBe(
      `${prefix}0100000005${'09'.repeat(48)}`,
    );
  });

  it.each<readonly [string, SchemeName, SignatureSet]>([
    ['a short aggregate', 'bls12381', { slots: 8, bitmap: new Uint8Array(1), bytes: new Uint8Array(47) }],
    ['no aggregate', 'bls12381', { slots: 8, bitmap: new Uint8Array(1), bytes: new Uint8Array(0) }],
    [
      'an aggregate of nobody',
      'bls12381',
      { slots: 0, bitmap: new Uint8Array(0), bytes: new Uint8Array(48) },
    ],
    ['odd slots', 'bls12381', { slots: 4, bitmap: new Uint8Array(1), bytes: new Uint8Array(48) }],
    ['a long bitmap', 'bls12381', { slots: 8, bitmap: new Uint8Array(2), bytes: new Uint8Array(48) }],
    ['a missing signature', 'ed25519', { slots: 2, bitmap: new Uint8Array([3]), bytes: new Uint8Array(64) }],
    ['an extra signature', 'ed25519', { slots: 2, bitmap: new Uint8Array([1]), bytes: new Uint8Array(128) }],
    ['an extra signer', 'ed25519', { slots: 2, bitmap: new Uint8Array([5]), bytes: new Uint8Array(64) }],
    ['a short bitmap', 'ed25519', { slots: 9, bitmap: new Uint8Array([1]), bytes: new Uint8Array(64) }],
    ['the other scheme', 'ed25519', { slots: 8, bitmap: new Uint8Array([1]), bytes: new Uint8Array(48) }],
  ])('is never nonsense: %s', (_, scheme, signatures) => {
    expect(() => encodeMessage(scheme, newView(signatures))).toThrow(RangeError);
  });

  it.each([
    ['a signature of the other scheme', { signature: new Uint8Array(64) }],
    ['a view above 2^53 - 1', { view: asView(2 ** 53) }],
    ['a negative view', { view: asView(-1) }],
    ['half a view', { view: asView(0.5) }],
    ['no view', { view: asView(Number.NaN) }],
    ['a short hash', { block: asBlockHash('00') }],
    ['a hash that is not hex', { block: asBlockHash('g0'.repeat(32)) }],
    ['upper-case hex', { block: asBlockHash('AB'.repeat(32)) }],
  ])('is never nonsense: %s', (_, nonsense) => {
    const vote: Message = {
      type: 'phase-vote',
      chainId: asChainId(1),
      view: asView(1),
      block: ZERO_HASH,
      phase: 'generic',
      signature: new Uint8Array(96),
    };
    expect(() => encodeMessage('bls12381', vote)).not.toThrow();
    expect(() => encodeMessage('bls12381', { ...vote, ...nonsense })).toThrow(RangeError);
  });
});

describe('what is read', () => {
  it('lies in the frame', () => {
    const frame = encodeMessage('bls12381', proposal([new Uint8Array([1, 2]), new Uint8Array([3])]));
    const decoded = decodeMessage(BLS, frame);
    const data = 'value' in decoded && decoded.value.type === 'proposal' ? decoded.value.block.data : [];
    expect(data.map((datum) => datum.buffer)).toEqual([frame.buffer, frame.buffer]);
    expect(data[1]?.byteOffset).toBe(frame.byteOffset + frame.length - 1);
  });

  it.each<SignatureSet & { readonly scheme: SchemeName }>([
    { scheme: 'bls12381', slots: 8, bitmap: Uint8Array.of(7), bytes: new Uint8Array(48).fill(9) },
    { scheme: 'ed25519', slots: 2, bitmap: Uint8Array.of(3), bytes: new Uint8Array(128).fill(9) },
  ])('of a certificate of $scheme lies apart: who remembers one keeps no block alive', (given) => {
    const { scheme, ...signatures } = given;
    const { justify } = block([]);
    const message: Message = {
      type: 'proposal',
      chainId: asChainId(5),
      view: asView(6),
      block: { ...block([new Uint8Array(64 * 1024)]), justify: { ...justify, signatures } },
    };
    const frame = encodeMessage(scheme, message);
    const decoded = decodeMessage({ scheme, limits: DEFAULT_LIMITS }, frame);
    expect(decoded).toEqual({ value: message });
    const read = 'value' in decoded && decoded.value.type === 'proposal' && decoded.value.block.justify;
    const { bitmap, bytes } = (read as PhaseCertificate).signatures;
    for (const { buffer } of [bitmap, bytes]) expect(buffer.byteLength).toBeLessThan(frame.length);
  });

  it('is plain, even out of a Buffer, so that slice() copies', () => {
    const decoded = decodeMessage(BLS, Buffer.from(encodeMessage('bls12381', proposal([new Uint8Array(1)]))));
    const data = 'value' in decoded && decoded.value.type === 'proposal' ? decoded.value.block.data : [];
    expect(data.map((datum) => datum.constructor)).toEqual([Uint8Array]);
  });

  it('gives certificates of nobody one identity', () => {
    for (const format of [BLS, ED25519]) {
      const decoded = decodeMessage(format, encodeMessage(format.scheme, newView(NO_SIGNATURES)));
      expect(
        'value' in decoded && decoded.value.type === 'new-view' && decoded.value.highestPc.signatures,
      ).toBe(NO_SIGNATURES);
    }
  });

  it('refuses an aggregate of nobody that is not zero', () => {
    const frame = encodeMessage('bls12381', newView(NO_SIGNATURES));
    frame[frame.length - 1] = 1;
    expect(detail(BLS, frame)).toBe('an aggregate of nobody');
  });

  it('refuses integers above 2^53 - 1', () => {
    const at = 2;
    for (const [bytes, allowed] of [
      ['ffffffffffff1f00', true],
      ['0000000000002000', false],
      ['ffffffffffffffff', false],
    ] as const) {
      const frame = encodeMessage('bls12381', {
        type: 'block-sync-request',
        chainId: asChainId(5),
        startHeight: asHeight(6),
        limit: 7,
      });
      frame.set(hexToBytes(bytes), at);
      if (allowed) expect(decodeMessage(BLS, frame)).toHaveProperty('value.chainId', 2 ** 53 - 1);
      else expect(detail(BLS, frame)).toContain('2^53 - 1');
    }
  });

  it('refuses phases beyond decide and options that are neither 0 nor 1', () => {
    const vote = encodeMessage('ed25519', {
      type: 'phase-vote',
      chainId: asChainId(5),
      view: asView(6),
      block: ZERO_HASH,
      phase: 'decide',
      signature: new Uint8Array(64),
    });
    vote[3 + 8 + 8 + 32] = 5;
    expect(detail(ED25519, vote)).toContain('phase 5');
    const timeout = encodeMessage('ed25519', {
      type: 'timeout-vote',
      chainId: asChainId(5),
      view: asView(6),
      signature: new Uint8Array(64),
      highestTc: null,
    });
    timeout[timeout.length - 1] = 2;
    expect(detail(ED25519, timeout)).toContain('option tag 2');
    const list = { slots: 1, bitmap: new Uint8Array([1]), bytes: new Uint8Array(64) };
    const slot = encodeMessage('ed25519', newView(list));
    slot[slot.length - 65] = 3;
    expect(detail(ED25519, slot)).toContain('option tag 3');
  });

  it("never takes one scheme's bytes for the other's", () => {
    const signatures = { slots: 8, bitmap: new Uint8Array([1]), bytes: new Uint8Array(48) };
    expect(detail(ED25519, encodeMessage('bls12381', newView(signatures)))).toBeDefined();
  });
});

describe('limits', () => {
  const ofLength = (...lengths: readonly number[]): Message =>
    proposal(lengths.map((length) => new Uint8Array(length)));

  it.each([
    ['datums', ofLength(1, 1, 1), ofLength(1, 1, 1, 1)],
    ['bytes of data', ofLength(4, 6), ofLength(4, 7)],
  ])('hold for %s', (what, allowed, refused) => {
    expect(decodeMessage(BLS, encodeMessage('bls12381', allowed))).toHaveProperty('value');
    expect(detail(BLS, encodeMessage('bls12381', refused))).toContain(what);
  });

  it('hold for the blocks of a sync response', () => {
    const response = (count: number): Message => ({
      type: 'block-sync-response',
      blocks: Array.from({ length: count }, () => block([])),
      highestPc: GENESIS_PC,
    });
    expect(decodeMessage(ED25519, encodeMessage('ed25519', response(2)))).toHaveProperty('value');
    expect(detail(ED25519, encodeMessage('ed25519', response(3)))).toContain('3 blocks, of 2 at most');
  });

  it('hold for validators: 9 slots, a bitmap of 2 bytes', () => {
    const list = (slots: number): SignatureSet => ({
      slots,
      bitmap: new Uint8Array(Math.ceil(slots / 8)),
      bytes: new Uint8Array(0),
    });
    expect(decodeMessage(ED25519, encodeMessage('ed25519', newView(list(9))))).toHaveProperty('value');
    expect(detail(ED25519, encodeMessage('ed25519', newView(list(10))))).toContain('10 slots');
    const aggregate = (length: number): SignatureSet => ({
      slots: 8 * length,
      bitmap: new Uint8Array(length),
      bytes: new Uint8Array(48),
    });
    expect(decodeMessage(BLS, encodeMessage('bls12381', newView(aggregate(2))))).toHaveProperty('value');
    expect(detail(BLS, encodeMessage('bls12381', newView(aggregate(3))))).toContain('3 bytes of signers');
  });

  it('refuse lengths that the rest cannot hold before anything is allocated', () => {
    const generous: WireFormat = {
      scheme: 'bls12381',
      limits: {
        ...DEFAULT_LIMITS,
        maxDatums: 2 ** 32 - 1,
        maxBlockBytes: 2 ** 32 - 1,
        maxSyncBlocks: 2 ** 32,
      },
    };
    const frame = encodeMessage('bls12381', proposal([]));
    frame.fill(0xff, frame.length - 4);
    expect(detail(generous, frame)).toBe(`${2 ** 32 - 1} datums in too few bytes`);
    expect(detail(generous, hexToBytes('0101ffffffff'))).toBe(`${2 ** 32 - 1} blocks in too few bytes`);
  });

  it('refuse longer frames than any message has', () => {
    const limit = maxFrameSize(BLS);
    expect(detail(BLS, new Uint8Array(limit + 1))).toBe(`a frame of ${limit + 1} bytes, of ${limit} at most`);
  });

  it('let the largest block through', () => {
    for (const format of [BLS, ED25519]) {
      const signatures: SignatureSet =
        format.scheme === 'bls12381'
          ? { slots: 16, bitmap: new Uint8Array([255, 1]), bytes: new Uint8Array(48) }
          : { slots: 9, bitmap: new Uint8Array([255, 1]), bytes: new Uint8Array(9 * 64) };
      const pc: PhaseCertificate = { ...GENESIS_PC, signatures };
      const largest = { ...block([new Uint8Array(10), new Uint8Array(0), new Uint8Array(0)]), justify: pc };
      const frame = encodeMessage(format.scheme, {
        type: 'block-sync-response',
        blocks: [largest],
        highestPc: pc,
      });
      expect(decodeMessage(format, frame)).toHaveProperty('value');
    }
  });
});
