import { blockHash } from '../../../src/codec/block.ts';
import { phaseCertificateSize, writePhaseCertificate } from '../../../src/codec/certificate.ts';
import { merkleRoot } from '../../../src/codec/data-hash.ts';
import { encodeMessage } from '../../../src/codec/messages.ts';
import { createWriter, finish } from '../../../src/codec/primitives.ts';
import type { Block } from '../../../src/model/block.ts';
import { GENESIS_PC, PHASES, type Phase, type PhaseCertificate } from '../../../src/model/certificate.ts';
import { bytesToHex, hexToBytes } from '../../../src/model/hex.ts';
import {
  asBlockHash,
  asChainId,
  asDataHash,
  asHeight,
  asView,
  type BlockHash,
  MAX_INTEGER,
} from '../../../src/model/ids.ts';
import type { Message, Subject } from '../../../src/model/messages.ts';
import {
  CHAIN,
  key,
  pcOf,
  type SetName,
  type Signed,
  setOf,
  signAs,
  signaturesBy,
  slotsOf,
  spoiled,
  tcOf,
} from './cast.ts';

// What our Ed25519 profile encodes: messages of every type in many shapes, certificates good and bad, and frames that
// somebody should refuse. hotstuff_rs reads all of it.

const text = (words: string): Uint8Array => new TextEncoder().encode(words);

export function blockOf(height: number, justify: PhaseCertificate, data: readonly Uint8Array[]): Block {
  const dataHash = asDataHash(bytesToHex(merkleRoot(data)));
  const hash = blockHash('ed25519', asHeight(height), justify, dataHash);
  return { height: asHeight(height), hash, justify, dataHash, data };
}

export const encode = (message: Message): Uint8Array => encodeMessage('ed25519', message);

const SOME_BLOCK = asBlockHash('5a'.repeat(32));
const OTHER_BLOCK = asBlockHash(`00ff${'7b'.repeat(29)}80`);

const QUORUMS: { readonly [Name in 'weighted' | 'seven' | 'nine']: Signed } = {
  weighted: { set: 'weighted', signers: ['k1', 'k2', 'k4'] },
  seven: { set: 'seven', signers: ['k1', 'k3', 'k4', 'k6', 'k7'] },
  nine: { set: 'nine', signers: ['k2', 'k5', 'k8', 'k9'] },
};

const pc = (phase: Phase, view: number, signed: Signed, block: BlockHash = SOME_BLOCK): PhaseCertificate =>
  pcOf({ view: asView(view), block, phase }, signed);

export interface NamedMessage {
  readonly name: string;
  readonly message: Message;
  /** Whose signature the message itself carries. */
  readonly signer?: string;
}

const unsigned = (name: string, message: Message): NamedMessage => ({ name, message });

function proposals(): NamedMessage[] {
  const first = blockOf(0, GENESIS_PC, []);
  const onFirst = pc('generic', 1, QUORUMS.weighted, first.hash);
  const second = blockOf(1, onFirst, [text('one'), new Uint8Array(0), text('three')]);
  const onSecond = pc('decide', 9, QUORUMS.seven, second.hash);
  const third = blockOf(2, onSecond, [new Uint8Array(300).fill(0xc3)]);
  const high = blockOf(MAX_INTEGER, pc('generic', MAX_INTEGER - 1, QUORUMS.nine), [Uint8Array.of(0)]);
  const of = (view: number, block: Block): Message => ({
    type: 'proposal',
    chainId: CHAIN,
    view: asView(view),
    block,
  });
  return [
    unsigned('proposal on the genesis certificate without data', of(1, first)),
    unsigned('proposal with an empty datum, 4 slots with a gap', of(2, second)),
    unsigned('proposal on a Decide certificate, 7 slots with gaps', of(10, third)),
    unsigned('proposal at the largest height and view, 9 slots with gaps', of(MAX_INTEGER, high)),
  ];
}

function nudges(): NamedMessage[] {
  return (['prepare', 'precommit', 'commit'] as const).map((phase, at) =>
    unsigned(`nudge with a ${phase} certificate`, {
      type: 'nudge',
      chainId: CHAIN,
      view: asView(21 + at),
      justify: pc(phase, 20 + at, at === 1 ? QUORUMS.seven : QUORUMS.weighted),
    }),
  );
}

function phaseVotes(): NamedMessage[] {
  return PHASES.map((phase, at) => {
    const of = {
      chainId: CHAIN,
      view: asView(300 + at),
      block: at % 2 === 0 ? SOME_BLOCK : OTHER_BLOCK,
      phase,
    };
    const signer = `k${at + 1}`;
    const signature = signAs(signer, { type: 'phase-vote', ...of });
    return { name: `phase vote ${phase}`, message: { type: 'phase-vote', ...of, signature }, signer };
  });
}

function pacemaker(): NamedMessage[] {
  const vote = (view: number, signer: string, by: Signed | null): NamedMessage => {
    const of = { chainId: CHAIN, view: asView(view) };
    const highestTc = by === null ? null : tcOf(asView(view - 10), by);
    const signature = signAs(signer, { type: 'timeout-vote', ...of });
    const name = `timeout vote ${by === null ? 'without a' : `with a ${by.set}`} certificate`;
    return { name, message: { type: 'timeout-vote', ...of, signature, highestTc }, signer };
  };
  return [
    vote(0, 'k1', null),
    vote(40, 'k2', QUORUMS.weighted),
    vote(70, 'k7', QUORUMS.seven),
    unsigned('advance view by a timeout certificate', {
      type: 'advance-view',
      certificate: { type: 'tc', tc: tcOf(asView(50), QUORUMS.seven) },
    }),
    unsigned('advance view by a phase certificate', {
      type: 'advance-view',
      certificate: { type: 'pc', pc: pc('commit', 51, QUORUMS.weighted) },
    }),
    unsigned('new view of genesis', {
      type: 'new-view',
      chainId: CHAIN,
      view: asView(0),
      highestPc: GENESIS_PC,
    }),
    unsigned('new view', {
      type: 'new-view',
      chainId: CHAIN,
      view: asView(61),
      highestPc: pc('precommit', 60, QUORUMS.nine),
    }),
  ];
}

function blockSync(): NamedMessage[] {
  const advert = { chainId: CHAIN, height: asHeight(12) };
  const first = blockOf(0, GENESIS_PC, [text('a')]);
  const second = blockOf(1, pc('generic', 1, QUORUMS.weighted, first.hash), [text('b'), text('c')]);
  const third = blockOf(2, pc('generic', 2, QUORUMS.weighted, second.hash), []);
  return [
    {
      name: 'advertisement of a block',
      message: {
        type: 'advertise-block',
        ...advert,
        signature: signAs('k3', { type: 'advertise-block', ...advert }),
      },
      signer: 'k3',
    },
    unsigned('advertisement of a certificate', {
      type: 'advertise-pc',
      highestPc: pc('generic', 12, QUORUMS.seven),
    }),
    unsigned('sync request', {
      type: 'block-sync-request',
      chainId: CHAIN,
      startHeight: asHeight(5),
      limit: 64,
    }),
    unsigned('sync request at the bounds', {
      type: 'block-sync-request',
      chainId: asChainId(MAX_INTEGER),
      startHeight: asHeight(MAX_INTEGER),
      limit: 2 ** 32 - 1,
    }),
    unsigned('sync response without blocks', {
      type: 'block-sync-response',
      blocks: [],
      highestPc: GENESIS_PC,
    }),
    unsigned('sync response with three blocks', {
      type: 'block-sync-response',
      blocks: [first, second, third],
      highestPc: pc('generic', 3, QUORUMS.weighted, third.hash),
    }),
  ];
}

/** Shapes of signature lists that no quorum has, which decode all the same. */
function oddSlots(): NamedMessage[] {
  const of = (name: string, set: SetName, signers: readonly string[]): NamedMessage =>
    unsigned(`certificate with ${name}`, {
      type: 'advertise-pc',
      highestPc: pc('generic', 5, { set, signers }),
    });
  return [
    of('one slot', 'solo', ['k3']),
    of('seven empty slots', 'seven', []),
    of('nine full slots', 'nine', slotsOf('nine')),
    of('the last of nine slots alone', 'nine', slotsOf('nine').slice(8)),
  ];
}

export const namedMessages = (): NamedMessage[] => [
  ...proposals(),
  ...nudges(),
  ...phaseVotes(),
  ...pacemaker(),
  ...blockSync(),
  ...oddSlots(),
];

/** What the signature of a vote or advertisement is over. */
export function subjectOfSigned(message: Message): Subject {
  switch (message.type) {
    case 'phase-vote':
    case 'timeout-vote':
    case 'advertise-block': {
      const { signature: _, ...subject } = message;
      if ('highestTc' in subject)
        return { type: 'timeout-vote', chainId: subject.chainId, view: subject.view };
      return subject;
    }
    default:
      throw new TypeError(`a ${message.type} carries no signature of its own`);
  }
}

export interface NamedCertificate {
  readonly name: string;
  /** The set that should have signed: of SETS, or hex keys with powers. */
  readonly set: readonly (readonly [id: string, power: number])[];
  readonly pc: PhaseCertificate;
  readonly valid: boolean;
}

export const membersOf = (set: SetName): NamedCertificate['set'] =>
  setOf(set).validators.map(({ id, power }) => [id, power]);

export const encodePc = (certificate: PhaseCertificate): Uint8Array => {
  const writer = createWriter(phaseCertificateSize('ed25519', certificate));
  writePhaseCertificate(writer, 'ed25519', certificate);
  return finish(writer);
};

/** Signed by everybody but one, whose signature is `theirs`. */
function withSignature(
  set: SetName,
  odd: string,
  theirs: (genuine: Uint8Array) => Uint8Array,
): PhaseCertificate {
  const of = { chainId: CHAIN, view: asView(8), block: SOME_BLOCK, phase: 'generic' as const };
  const subject: Subject = { type: 'phase-vote', ...of };
  const signatures = signaturesBy(set, slotsOf(set), (who) => {
    const genuine = signAs(who, subject);
    return who === odd ? theirs(genuine) : genuine;
  });
  return { ...of, signatures };
}

/** The order of the group, little-endian: s and s + order satisfy the same equation. */
const GROUP_ORDER = 2n ** 252n + 27742317777372353535851937790883648493n;

function withLargerS(signature: Uint8Array): Uint8Array {
  let s = GROUP_ORDER;
  for (let at = 31; at >= 0; at--) s += BigInt(signature[32 + at] as number) << BigInt(8 * at);
  const larger = signature.slice();
  for (let at = 0; at < 32; at++) larger[32 + at] = Number((s >> BigInt(8 * at)) & 0xffn);
  return larger;
}

/** The neutral point: as a key it is weak, and with R neutral and s = 0 it "signs" everything. */
const NEUTRAL = `01${'00'.repeat(31)}`;

function weakKey(): NamedCertificate {
  const subject: Subject = {
    type: 'phase-vote',
    chainId: CHAIN,
    view: asView(8),
    block: SOME_BLOCK,
    phase: 'generic',
  };
  const bytes = [hexToBytes(`${NEUTRAL}${'00'.repeat(32)}`), signAs('k1', subject)];
  const { type: _, ...statement } = subject;
  return {
    name: 'a weak key, by the verdict of verify and not verify_strict',
    set: [
      [NEUTRAL, 1],
      [key('k1').id, 1],
    ],
    pc: {
      ...statement,
      signatures: { slots: 2, bitmap: Uint8Array.of(3), bytes: new Uint8Array(Buffer.concat(bytes)) },
    },
    valid: true,
  };
}

export function namedCertificates(): NamedCertificate[] {
  const of = (
    name: string,
    set: SetName,
    certificate: PhaseCertificate,
    valid: boolean,
  ): NamedCertificate => ({
    name,
    set: membersOf(set),
    pc: certificate,
    valid,
  });
  const by = (set: SetName, ...signers: string[]): PhaseCertificate => pc('generic', 8, { set, signers });
  const [first, second] = slotsOf('equal') as [string, string];
  const swapped = signaturesBy('equal', slotsOf('equal'), (who) =>
    signAs(who === first ? second : who === second ? first : who, {
      type: 'phase-vote',
      chainId: CHAIN,
      view: asView(8),
      block: SOME_BLOCK,
      phase: 'generic',
    }),
  );
  return [
    of('genesis', 'equal', GENESIS_PC, true),
    of('a quorum of equals', 'equal', by('equal', 'k1', 'k2', 'k4'), true),
    of('one less than a quorum of equals', 'equal', by('equal', 'k2', 'k4'), false),
    of('a quorum by power: 6 of 8', 'weighted', by('weighted', 'k1', 'k3', 'k4'), true),
    of('one less than a quorum by power: 5 of 8', 'weighted', by('weighted', 'k2', 'k3', 'k4'), false),
    of('a quorum of seven: 5', 'seven', by('seven', 'k1', 'k2', 'k3', 'k5', 'k7'), true),
    of('one less than a quorum of seven', 'seven', by('seven', 'k1', 'k2', 'k3', 'k5'), false),
    of('nobody', 'seven', by('seven'), false),
    of('one validator', 'solo', by('solo', 'k3'), true),
    of('a slot too many', 'equal', by('grown', 'k1', 'k2', 'k3', 'k4'), false),
    of('a slot too few', 'grown', by('equal', 'k1', 'k2', 'k3', 'k4'), false),
    of('signatures in each other’s slots', 'equal', { ...by('equal'), signatures: swapped }, false),
    of(
      'another phase than was signed',
      'equal',
      { ...by('equal', 'k1', 'k2', 'k3'), phase: 'prepare' },
      false,
    ),
    of('a spoiled signature beside a quorum', 'equal', withSignature('equal', 'k2', spoiled), false),
    of('a signature with a larger s', 'equal', withSignature('equal', 'k2', withLargerS), false),
    ...PHASES.map((phase) => of(`phase ${phase}`, 'weighted', pc(phase, 8, QUORUMS.weighted), true)),
    weakKey(),
  ];
}
