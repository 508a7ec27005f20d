import { readFileSync } from 'node:fs';
import { describe, expect, it } from 'vitest';
import { blockHash } from '../../../src/codec/block.ts';
import { phaseCertificateSize, writePhaseCertificate } from '../../../src/codec/certificate.ts';
import { decodeMessage, encodeMessage } from '../../../src/codec/messages.ts';
import { createWriter, finish } from '../../../src/codec/primitives.ts';
import { signingPreimage } from '../../../src/codec/signing.ts';
import type { Block } from '../../../src/model/block.ts';
import { GENESIS_PC, type Phase, type PhaseCertificate } from '../../../src/model/certificate.ts';
import { DEFAULT_LIMITS } from '../../../src/model/chain.ts';
import { bytesToHex, hexToBytes } from '../../../src/model/hex.ts';
import { asBlockHash, asChainId, asDataHash, asHeight, asView } from '../../../src/model/ids.ts';
import type { Message, Subject } from '../../../src/model/messages.ts';
import type { SignatureSet } from '../../../src/model/scheme.ts';

// The same messages as those that HotStuff-rs v0.4.0 wrote; vectors/hotstuff-rs-0.4.0 holds the program that asked it.

const VECTORS = JSON.parse(
  readFileSync(new URL('../vectors/hotstuff-rs-0.4.0.json', import.meta.url), 'utf8'),
) as Readonly<Record<string, string>>;

const chainId = asChainId(2 ** 53 - 1);
const view = asView(7);
const ofBlock = asBlockHash('ab'.repeat(32));
const signature = new Uint8Array(64).fill(0x77);

const signatures: SignatureSet = {
  slots: 9,
  bitmap: new Uint8Array([0b0000_1001, 1]),
  bytes: new Uint8Array([1, 4, 9].flatMap((byte) => new Array(64).fill(byte))),
};

const pc = (phase: Phase): PhaseCertificate => ({
  chainId,
  view: asView(0x0102_0304_0506),
  block: ofBlock,
  phase,
  signatures,
});
const tc = { chainId, view: asView(10), signatures };

function block(at: number, justify: PhaseCertificate): Block {
  const height = asHeight(at);
  const dataHash = asDataHash('cd'.repeat(32));
  const data = [new Uint8Array([1, 2, 3]), new Uint8Array(0), new Uint8Array(300).fill(0xff)];
  return { height, hash: blockHash('ed25519', height, justify, dataHash), justify, dataHash, data };
}

const first = block(0, GENESIS_PC);
const later = block(41, pc('generic'));

const MESSAGES: readonly (readonly [name: string, message: Message])[] = [
  ['proposal/first', { type: 'proposal', chainId, view, block: first }],
  ['proposal/later', { type: 'proposal', chainId, view, block: later }],
  ['nudge', { type: 'nudge', chainId, view, justify: pc('precommit') }],
  ['phase-vote', { type: 'phase-vote', chainId, view, block: ofBlock, phase: 'commit', signature }],
  ['new-view', { type: 'new-view', chainId, view, highestPc: pc('decide') }],
  ['timeout-vote/first', { type: 'timeout-vote', chainId, view, signature, highestTc: null }],
  ['timeout-vote/later', { type: 'timeout-vote', chainId, view, signature, highestTc: tc }],
  ['advance-view/pc', { type: 'advance-view', certificate: { type: 'pc', pc: pc('prepare') } }],
  ['advance-view/tc', { type: 'advance-view', certificate: { type: 'tc', tc } }],
  ['advertise-block', { type: 'advertise-block', chainId, height: asHeight(41), signature }],
  ['advertise-pc', { type: 'advertise-pc', highestPc: pc('generic') }],
  [
    'block-sync-request',
    { type: 'block-sync-request', chainId, startHeight: asHeight(41), limit: 2 ** 32 - 1 },
  ],
  ['block-sync-response', { type: 'block-sync-response', blocks: [first, later], highestPc: pc('generic') }],
];

const SUBJECTS: readonly (readonly [name: string, subject: Subject])[] = [
  ['preimage/phase-vote', { type: 'phase-vote', chainId, view, block: ofBlock, phase: 'commit' }],
  ['preimage/timeout-vote', { type: 'timeout-vote', chainId, view }],
  ['preimage/advertise-block', { type: 'advertise-block', chainId, height: asHeight(41) }],
];

describe('against HotStuff-rs v0.4.0, ed25519', () => {
  it.each(MESSAGES)('writes and reads %s', (name, message) => {
    const expected = VECTORS[name] as string;
    expect(bytesToHex(encodeMessage('ed25519', message))).toBe(expected);
    const format = { scheme: 'ed25519', limits: DEFAULT_LIMITS } as const;
    expect(decodeMessage(format, hexToBytes(expected))).toEqual({ value: message });
  });

  it.each(SUBJECTS)('signs %s', (name, subject) => {
    expect(bytesToHex(signingPreimage('ed25519', subject))).toBe(VECTORS[name]);
  });

  it('hashes the same blocks', () => {
    expect([first.hash, later.hash]).toEqual([VECTORS['hash/first-block'], VECTORS['hash/later-block']]);
  });

  it('begins with the same certificate', () => {
    const writer = createWriter(phaseCertificateSize('ed25519', GENESIS_PC));
    writePhaseCertificate(writer, 'ed25519', GENESIS_PC);
    expect(bytesToHex(finish(writer))).toBe(VECTORS['genesis-pc']);
  });

  it('has met every vector', () => {
    const met = [...MESSAGES, ...SUBJECTS].map(([name]) => name);
    const others = ['genesis-pc', 'hash/first-block', 'hash/later-block'];
    expect([...met, ...others].sort()).toEqual(Object.keys(VECTORS).sort());
  });
});
