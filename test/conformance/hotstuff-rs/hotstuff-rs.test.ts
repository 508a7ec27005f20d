import { createHash } from 'node:crypto';
import { readFileSync } from 'node:fs';
import { afterAll, describe, expect, it } from 'vitest';
import { merkleRoot } from '../../../src/codec/data-hash.ts';
import { decodeMessage } from '../../../src/codec/messages.ts';
import { signingPreimage } from '../../../src/codec/signing.ts';
import { PHASES } from '../../../src/model/certificate.ts';
import { DEFAULT_LIMITS } from '../../../src/model/chain.ts';
import { bytesToHex, hexToBytes } from '../../../src/model/hex.ts';
import { asReplicaId } from '../../../src/model/ids.ts';
import type { Message } from '../../../src/model/messages.ts';
import { isSignedBy, key } from './cast.ts';
import { encode, namedCertificates, namedMessages, subjectOfSigned } from './catalogue.ts';
import { hostileFrames } from './hostile.ts';
import { plain } from './plain.ts';
import { leader } from './script.ts';
import { scripts } from './scripts.ts';
import { OURS, readTheirs, type Written } from './vectors.ts';
import { allCertificatesIn, blocksIn, hashOf, isGenesis, isSignedWell, setFrom, verifier } from './verify.ts';

// What hotstuff_rs 0.4.0 made of our bytes, and bytes of its own, as interop/ froze them.

const theirs = readTheirs();

afterAll(() => verifier[Symbol.asyncDispose]());

function read(frame: string): Message {
  const decoded = decodeMessage({ scheme: 'ed25519', limits: DEFAULT_LIMITS }, hexToBytes(frame));
  if (!('value' in decoded)) throw new Error(decoded.rejection.detail);
  return decoded.value;
}

it('comes from the version that the specification names, and answers the vectors that we have', () => {
  expect(theirs.madeBy).toBe('hotstuff_rs 0.4.0');
  expect(theirs.ours).toBe(createHash('sha256').update(readFileSync(OURS)).digest('hex'));
});

describe('hotstuff_rs', () => {
  it('reads of each message what it says', () => {
    expect(theirs.readings.map(({ name, value }) => ({ name, value }))).toEqual(
      namedMessages().map(({ name, message }) => ({ name, value: plain(message) })),
    );
  });

  it('computes the hashes that blocks state', () => {
    expect(theirs.readings.map(({ blockHashes }) => blockHashes)).toEqual(
      namedMessages().map(({ message }) => blocksIn(message).map(({ hash }) => hash)),
    );
  });

  it('signs the bytes that we sign, and finds our signatures good', () => {
    const expected = namedMessages().map(({ message, signer }) =>
      signer === undefined
        ? null
        : { preimage: bytesToHex(signingPreimage('ed25519', subjectOfSigned(message))), valid: true },
    );
    expect(theirs.readings.map(({ signature }) => signature)).toEqual(expected);
    expect(expected.filter((signed) => signed !== null)).toHaveLength(9);
  });

  it('judges certificates as we do', () => {
    expect(theirs.certificates).toEqual(namedCertificates().map(({ name, valid }) => ({ name, valid })));
  });

  it('refuses what we refuse, but for what is beyond our bounds alone', () => {
    expect(theirs.hostile).toEqual(hostileFrames().map(({ name, theirs: verdict }) => ({ name, verdict })));
    expect(theirs.hostile.filter(({ verdict }) => verdict === 'accepts').map(({ name }) => name)).toEqual([
      'a chain id of 2^53',
      'a view of 2^53',
      'the largest view of a u64',
      'a height of 2^53',
      'more slots than maxValidators',
    ]);
  });
});

describe('what hotstuff_rs writes', () => {
  it('has every type of message', () => {
    expect(new Set(theirs.written.map(({ frame }) => read(frame).type)).size).toBe(10);
  });

  it.each(theirs.written)('reads as it was written, and encodes to the same bytes: $name', (written) => {
    const message = read(written.frame);
    expect(plain(message)).toEqual(written.value);
    expect(bytesToHex(encode(message))).toBe(written.frame);
    expect(blocksIn(message).map(hashOf)).toEqual(written.blockHashes);
    expect(blocksIn(message).map(({ hash }) => hash)).toEqual(written.blockHashes);
  });

  it.each(theirs.written.filter(isSigned))('carries a good signature: $name', ({ frame, signature }) => {
    const message = read(frame);
    const preimage = signingPreimage('ed25519', subjectOfSigned(message));
    expect(bytesToHex(preimage)).toBe(signature.preimage);
    expectSignedBy(signature.signer, message);
  });

  it.each(theirs.written.filter(isCertified))(
    'carries certificates of good signatures: $name',
    async ({ frame, set }) => {
      for (const certificate of allCertificatesIn(read(frame))) {
        expect(isGenesis(certificate) || (await isSignedWell(certificate, setFrom(set)))).toBe(true);
      }
    },
  );

  it('has data hashes of an app of its own, which are not our Merkle roots', () => {
    const blocks = theirs.written.flatMap(({ frame }) => blocksIn(read(frame)));
    expect(blocks.length).toBeGreaterThan(10);
    for (const { data, dataHash } of blocks) expect(bytesToHex(merkleRoot(data))).not.toBe(dataHash);
  });
});

const isSigned = (written: Written): written is Written & { signature: NonNullable<Written['signature']> } =>
  written.signature !== null;

const isCertified = ({ frame }: Written): boolean => allCertificatesIn(read(frame)).length > 0;

function expectSignedBy(id: string, message: Message): void {
  if (!('signature' in message)) throw new TypeError(`a ${message.type} carries no signature`);
  const preimage = signingPreimage('ed25519', subjectOfSigned(message));
  expect(isSignedBy(asReplicaId(id), preimage, message.signature)).toBe(true);
}

describe.each(theirs.replica)('a running hotstuff_rs replica: $name', ({ name, sent, answered, held }) => {
  const script = scripts().find((each) => each.name === name)!;

  it('sent every byte that our codec foretold, to whom it foretold', () => {
    const foretold = script.steps.flatMap((step) =>
      'expect' in step ? [{ to: step.to, frame: bytesToHex(encode(step.expect)) }] : [],
    );
    expect(sent).toEqual(foretold);
    expect(sent.length).toBeGreaterThan(5);
  });

  it('answered as a sync server what we foretold', () => {
    const foretold = script.steps.flatMap((step) =>
      'answer' in step ? [{ to: step.to, frame: bytesToHex(encode(step.answer)) }] : [],
    );
    expect(answered).toEqual(foretold);
  });

  it('held in its block tree what our messages make of it', () => {
    const values = script.steps.flatMap((step) => ('holds' in step ? Object.keys(step.holds) : []));
    expect(held).toBe(values.length);
  });

  it('sent frames that read and encode to themselves, and signed its votes', () => {
    for (const { frame } of [...sent, ...answered]) {
      const message = read(frame);
      expect(bytesToHex(encode(message))).toBe(frame);
      for (const block of blocksIn(message)) expect(hashOf(block)).toBe(block.hash);
      if ('signature' in message) expectSignedBy(key(script.replica).id, message);
    }
  });
});

describe('the replicas together', () => {
  const messages = theirs.replica.flatMap(({ sent, answered }) =>
    [...sent, ...answered].map(({ frame }) => read(frame)),
  );

  it('sent every type of message, votes of every phase, both kinds of certificates', () => {
    const kinds = new Set(messages.map(kindOf));
    const expected = [
      ...['proposal', 'nudge', 'new-view', 'advertise-block', 'advertise-pc'],
      ...['block-sync-request', 'block-sync-response'],
      ...PHASES.map((phase) => `phase-vote ${phase}`),
      ...['timeout-vote', 'timeout-vote with a certificate', 'advance-view pc', 'advance-view tc'],
    ];
    expect([...kinds].sort()).toEqual(expected.sort());
  });

  it('sent their votes to the leaders that we compute, by power, with a tenure of one view', () => {
    const pipelined = theirs.replica.find(({ name }) => name === 'pipelined')!;
    const votes = pipelined.sent.map(({ to, frame }) => ({ to, message: read(frame) }));
    const receivers = new Set<string>();
    for (const { to, message } of votes) {
      if (message.type !== 'phase-vote') continue;
      expect(to).toBe(leader('weighted', message.view + 1));
      receivers.add(to);
    }
    expect(receivers.size).toBe(4);
  });

  it('gave away blocks without their data', () => {
    const blocks = messages.flatMap((message) =>
      message.type === 'block-sync-response' ? message.blocks : [],
    );
    expect(blocks).toHaveLength(3);
    for (const { data, dataHash } of blocks) {
      expect(data).toEqual([]);
      expect(bytesToHex(merkleRoot(data))).not.toBe(dataHash);
    }
  });
});

function kindOf(message: Message): string {
  if (message.type === 'phase-vote') return `${message.type} ${message.phase}`;
  if (message.type === 'advance-view') return `${message.type} ${message.certificate.type}`;
  if (message.type === 'timeout-vote' && message.highestTc !== null)
    return `${message.type} with a certificate`;
  return message.type;
}
