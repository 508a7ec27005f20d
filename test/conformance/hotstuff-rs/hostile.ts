import { GENESIS_PC } from '../../../src/model/certificate.ts';
import { asHeight, asView } from '../../../src/model/ids.ts';
import { CHAIN, pcOf, signAs, tcOf } from './cast.ts';
import { encode } from './catalogue.ts';

export interface HostileFrame {
  readonly name: string;
  readonly frame: Uint8Array;
  /** Whether hotstuff_rs decodes it. We refuse all of them. */
  readonly theirs: 'accepts' | 'refuses';
}

/** Frames that our codec refuses; with those that hotstuff_rs accepts, where we are stricter on purpose. */
export function hostileFrames(): HostileFrame[] {
  return [...malformed(), ...beyondOurBounds()];
}

const VIEW = { chainId: CHAIN, view: asView(3) };

const vote = (): Uint8Array => {
  const of = { ...VIEW, block: GENESIS_PC.block, phase: 'generic' as const };
  return encode({ type: 'phase-vote', ...of, signature: signAs('k1', { type: 'phase-vote', ...of }) });
};

const timeoutVote = (): Uint8Array =>
  encode({
    type: 'timeout-vote',
    ...VIEW,
    signature: signAs('k1', { type: 'timeout-vote', ...VIEW }),
    highestTc: null,
  });

const advanceView = (): Uint8Array =>
  encode({
    type: 'advance-view',
    certificate: { type: 'tc', tc: tcOf(VIEW.view, { set: 'solo', signers: ['k3'] }) },
  });

const advertisePc = (): Uint8Array =>
  encode({
    type: 'advertise-pc',
    highestPc: pcOf(
      { view: VIEW.view, block: GENESIS_PC.block, phase: 'generic' },
      { set: 'solo', signers: ['k3'] },
    ),
  });

const request = (): Uint8Array =>
  encode({ type: 'block-sync-request', chainId: CHAIN, startHeight: asHeight(1), limit: 1 });

/** `frame` with other bytes from `at` on. */
function changed(frame: Uint8Array, at: number, ...bytes: readonly number[]): Uint8Array {
  const copy = frame.slice();
  copy.set(bytes, at);
  return copy;
}

/** Where the fields begin: after the tags of the nested enums. */
const PROGRESS = 3;
const SYNC = 2;
const PC_SIGNATURES = PROGRESS + 8 + 8 + 32 + 1;

function malformed(): HostileFrame[] {
  const of = (name: string, frame: Uint8Array): HostileFrame => ({ name, frame, theirs: 'refuses' });
  const short = vote();
  return [
    of('no bytes', new Uint8Array(0)),
    of('an unknown message', changed(vote(), 0, 2)),
    of('an unknown progress message', changed(vote(), 1, 3)),
    of('an unknown HotStuff message', changed(vote(), 2, 4)),
    of('an unknown pacemaker message', changed(timeoutVote(), 2, 2)),
    of('an unknown advertisement', changed(advertisePc(), 2, 2)),
    of('an unknown sync message', changed(request(), 1, 2)),
    of('an unknown progress certificate', changed(advanceView(), PROGRESS, 2)),
    of('an unknown phase', changed(vote(), PROGRESS + 48, 5)),
    of('an option that is neither', changed(timeoutVote(), PROGRESS + 16 + 64, 2)),
    of('a slot that is neither', changed(advertisePc(), PC_SIGNATURES + 4, 2)),
    of('a byte too many', new Uint8Array([...vote(), 0])),
    of('a byte too few', short.subarray(0, short.length - 1)),
    of('more slots than bytes', changed(advertisePc(), PC_SIGNATURES, 255, 255, 255, 255)),
    of(
      'more blocks than bytes',
      changed(
        encode({ type: 'block-sync-response', blocks: [], highestPc: GENESIS_PC }),
        SYNC,
        255,
        255,
        255,
        255,
      ),
    ),
  ];
}

const TWO_TO_THE_53 = [0, 0, 0, 0, 0, 0, 0x20, 0];
const LARGEST_U64 = [255, 255, 255, 255, 255, 255, 255, 255];

function beyondOurBounds(): HostileFrame[] {
  const of = (name: string, frame: Uint8Array): HostileFrame => ({ name, frame, theirs: 'accepts' });
  const slots = 4_097;
  const manySlots = new Uint8Array(PC_SIGNATURES + 4 + slots);
  manySlots.set(advertisePc().subarray(0, PC_SIGNATURES));
  new DataView(manySlots.buffer).setUint32(PC_SIGNATURES, slots, true);
  return [
    of('a chain id of 2^53', changed(vote(), PROGRESS, ...TWO_TO_THE_53)),
    of('a view of 2^53', changed(vote(), PROGRESS + 8, ...TWO_TO_THE_53)),
    of('the largest view of a u64', changed(timeoutVote(), PROGRESS + 8, ...LARGEST_U64)),
    of('a height of 2^53', changed(request(), SYNC + 8, ...TWO_TO_THE_53)),
    of('more slots than maxValidators', manySlots),
  ];
}
