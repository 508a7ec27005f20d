import fc from 'fast-check';
import type { Block } from '../../../src/model/block.ts';
import {
  PHASES,
  type PhaseCertificate,
  type ProgressCertificate,
  type TimeoutCertificate,
} from '../../../src/model/certificate.ts';
import { bytesToHex } from '../../../src/model/hex.ts';
import {
  asBlockHash,
  asChainId,
  asDataHash,
  asHeight,
  asView,
  type BlockHash,
  MAX_INTEGER,
} from '../../../src/model/ids.ts';
import type { Message } from '../../../src/model/messages.ts';
import {
  AGGREGATE_SIZE,
  NO_SIGNATURES,
  SCHEME_SIZES,
  type SchemeName,
  type SignatureSet,
} from '../../../src/model/scheme.ts';

/** Everything that the codec can be asked to encode, of one scheme. */

const bytes = (length: number): fc.Arbitrary<Uint8Array> =>
  fc.uint8Array({ minLength: length, maxLength: length });

/** Small numbers, and those around the borders of 32 and 53 bits. */
const integer: fc.Arbitrary<number> = fc.oneof(
  fc.nat({ max: 300 }),
  fc.constantFrom(2 ** 31, 2 ** 32 - 1, 2 ** 32, 2 ** 32 + 1, MAX_INTEGER - 1, MAX_INTEGER),
  fc.integer({ min: 0, max: MAX_INTEGER }),
);

const hash = (): fc.Arbitrary<BlockHash> => bytes(32).map((value) => asBlockHash(bytesToHex(value)));

const aggregate: fc.Arbitrary<SignatureSet> = fc
  .record({ bitmap: fc.uint8Array({ minLength: 1, maxLength: 5 }), bytes: bytes(AGGREGATE_SIZE) })
  .map(({ bitmap, bytes }) => ({ slots: 8 * bitmap.length, bitmap, bytes }));

const signatureList: fc.Arbitrary<SignatureSet> = fc
  .array(fc.option(bytes(SCHEME_SIZES.ed25519.vote), { freq: 2 }), { minLength: 1, maxLength: 20 })
  .map((slots) => {
    const bitmap = new Uint8Array(Math.ceil(slots.length / 8));
    slots.forEach((signature, slot) => {
      if (signature !== null) bitmap[slot >> 3]! |= 1 << (slot & 7);
    });
    const signatures = slots.filter((signature) => signature !== null);
    return { slots: slots.length, bitmap, bytes: new Uint8Array(Buffer.concat(signatures)) };
  });

const signatureSet = (scheme: SchemeName): fc.Arbitrary<SignatureSet> =>
  fc.oneof(
    { weight: 1, arbitrary: fc.constant(NO_SIGNATURES) },
    { weight: 5, arbitrary: scheme === 'bls12381' ? aggregate : signatureList },
  );

const chainId = integer.map(asChainId);
const view = integer.map(asView);
const height = integer.map(asHeight);
const phase = fc.constantFrom(...PHASES);

export const phaseCertificate = (scheme: SchemeName): fc.Arbitrary<PhaseCertificate> =>
  fc.record({ chainId, view, block: hash(), phase, signatures: signatureSet(scheme) });

const timeoutCertificate = (scheme: SchemeName): fc.Arbitrary<TimeoutCertificate> =>
  fc.record({ chainId, view, signatures: signatureSet(scheme) });

const progressCertificate = (scheme: SchemeName): fc.Arbitrary<ProgressCertificate> =>
  fc.oneof(
    fc.record({ type: fc.constant('pc' as const), pc: phaseCertificate(scheme) }),
    fc.record({ type: fc.constant('tc' as const), tc: timeoutCertificate(scheme) }),
  );

export const block = (scheme: SchemeName): fc.Arbitrary<Block> =>
  fc.record({
    height,
    hash: hash(),
    justify: phaseCertificate(scheme),
    dataHash: hash().map(asDataHash),
    data: fc.array(fc.uint8Array({ maxLength: 40 }), { maxLength: 6 }),
  });

/** One arbitrary per type of message, each with its share. */
export function message(scheme: SchemeName): fc.Arbitrary<Message> {
  const pc = phaseCertificate(scheme);
  const signature = bytes(SCHEME_SIZES[scheme].vote);
  const type = <Type extends Message['type']>(name: Type): fc.Arbitrary<Type> => fc.constant(name);
  const variants: { readonly [Type in Message['type']]: fc.Arbitrary<Extract<Message, { type: Type }>> } = {
    proposal: fc.record({ type: type('proposal'), chainId, view, block: block(scheme) }),
    nudge: fc.record({ type: type('nudge'), chainId, view, justify: pc }),
    'phase-vote': fc.record({ type: type('phase-vote'), chainId, view, block: hash(), phase, signature }),
    'new-view': fc.record({ type: type('new-view'), chainId, view, highestPc: pc }),
    'timeout-vote': fc.record({
      type: type('timeout-vote'),
      chainId,
      view,
      signature,
      highestTc: fc.option(timeoutCertificate(scheme)),
    }),
    'advance-view': fc.record({ type: type('advance-view'), certificate: progressCertificate(scheme) }),
    'advertise-block': fc.record({ type: type('advertise-block'), chainId, height, signature }),
    'advertise-pc': fc.record({ type: type('advertise-pc'), highestPc: pc }),
    'block-sync-request': fc.record({
      type: type('block-sync-request'),
      chainId,
      startHeight: height,
      limit: fc.oneof(fc.nat({ max: 300 }), fc.constant(2 ** 32 - 1)),
    }),
    'block-sync-response': fc.record({
      type: type('block-sync-response'),
      blocks: fc.array(block(scheme), { maxLength: 3 }),
      highestPc: pc,
    }),
  };
  return fc.oneof(...Object.values<fc.Arbitrary<Message>>(variants));
}
