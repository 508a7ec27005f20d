import type { Effect } from '../core/effect.ts';
import type { Input } from '../core/input.ts';
import type { PhaseCertificate } from '../model/certificate.ts';
import type { Message, OutgoingMessage } from '../model/messages.ts';
import type { SignatureSet } from '../model/scheme.ts';
import { mix32 } from './random.ts';

// What a history's hash covers: of every input and effect its kind and what tells it apart from others of its kind.
// Two worlds that differ anywhere differ here at once or in what follows from it. Kinds are numbered here, since a name
// would have to be looked up.

const combine = (digest: number, value: number): number => (Math.imul(digest, 0x01000193) ^ value) | 0;

const numbers = new Float64Array(1);
const words = new Uint32Array(numbers.buffer);

export function digestNumber(value: number): number {
  if ((value | 0) === value) return mix32(value);
  numbers[0] = value;
  return mix32((words[0] as number) ^ mix32(words[1] as number));
}

/** As a polynomial over the first `most` characters. */
function digestStart(text: string, most: number): number {
  const { length } = text;
  let digest = length;
  for (let at = 0; at < length && at < most; at++) digest = (Math.imul(digest, 31) + text.charCodeAt(at)) | 0;
  return digest;
}

/** Of short texts the whole. */
export const digestText = (text: string): number => mix32(digestStart(text, 24));

/** The first digits tell hashes and keys apart. */
const digestId = (id: string): number => digestStart(id, 8);

/** Of the names of kinds, by their length and two of their letters. */
const digestKind = (kind: string): number =>
  (kind.length << 16) | (kind.charCodeAt(0) << 8) | kind.charCodeAt(kind.length >> 1);

/** Of bytes that are 0 or 1 each. */
function digestBits(bytes: Uint8Array): number {
  let digest = 1;
  for (let at = 0; at < bytes.length; at++) digest = (2 * digest + (bytes[at] as number)) | 0;
  return digest;
}

export function digestBytes(bytes: Uint8Array): number {
  let digest = bytes.length;
  for (let at = 0; at < bytes.length; at++) digest = (Math.imul(digest, 31) + (bytes[at] as number)) | 0;
  return mix32(digest);
}

function digestSignatures({ slots, bitmap }: SignatureSet): number {
  let digest = slots;
  for (let at = 0; at < bitmap.length; at++) digest = (Math.imul(digest, 257) + (bitmap[at] as number)) | 0;
  return digest;
}

const digestPc = ({ phase, view, block, signatures }: PhaseCertificate): number =>
  combine(combine(digestKind(phase), view), digestId(block) ^ digestSignatures(signatures));

function digestMessage(message: Message | OutgoingMessage): number {
  switch (message.type) {
    case 'proposal':
      return combine(
        combine(1, message.view),
        digestId(typeof message.block === 'string' ? message.block : message.block.hash),
      );
    case 'nudge':
      return combine(combine(2, message.view), digestPc(message.justify));
    case 'phase-vote':
      return combine(combine(3, message.view), digestId(message.block) ^ digestKind(message.phase));
    case 'new-view':
      return combine(combine(4, message.view), digestPc(message.highestPc));
    case 'timeout-vote':
      return combine(combine(5, message.view), message.highestTc?.view ?? -1);
    case 'advance-view': {
      const { certificate } = message;
      return certificate.type === 'pc'
        ? combine(6, digestPc(certificate.pc))
        : combine(combine(7, certificate.tc.view), digestSignatures(certificate.tc.signatures));
    }
    case 'advertise-block':
      return combine(8, message.height);
    case 'advertise-pc':
      return combine(9, digestPc(message.highestPc));
    case 'block-sync-request':
      return combine(combine(10, message.startHeight), message.limit);
    case 'block-sync-response':
      return combine(combine(11, message.blocks.length), digestPc(message.highestPc));
  }
}

/** Of an input without its time. */
function digestOf(input: Input): number {
  switch (input.type) {
    case 'recovered':
      return combine(1, digestPc(input.disk.highestPc.pc));
    case 'message-received':
      return combine(combine(2, digestId(input.from)), digestMessage(input.message));
    case 'timer-fired':
      return combine(3, digestKind(input.timer.type));
    case 'persisted':
      return combine(4, input.ticket);
    case 'signatures-checked':
      return combine(combine(5, input.request), digestBits(input.valid));
    case 'certificate-formed':
      return combine(
        combine(6, input.request),
        input.signatures === null ? 0 : digestSignatures(input.signatures),
      );
    case 'block-produced':
      return combine(combine(7, input.request), input.block === null ? 0 : digestId(input.block.dataHash));
    case 'block-validated':
      return combine(combine(8, input.request), input.validity?.valid === true ? 1 : 0);
  }
}

export const digestInput = (input: Input): number => mix32(combine(digestOf(input), digestNumber(input.now)));

export function digestEffect(effect: Effect): number {
  switch (effect.type) {
    case 'persist': {
      const { inserts, commits } = effect.delta;
      return combine(combine(1, effect.ticket), inserts.length * 64 + commits.length);
    }
    case 'send': {
      let to = effect.to.length;
      if (effect.to !== 'all') for (const id of effect.to) to = combine(to, digestId(id));
      return combine(combine(combine(2, effect.after), to), digestMessage(effect.message));
    }
    case 'set-timer':
      return combine(combine(3, digestKind(effect.timer.type)), digestNumber(effect.at));
    case 'check-signatures':
      return combine(combine(4, effect.request), effect.checks.length);
    case 'form-certificate':
      return combine(combine(5, effect.request), effect.votes.length);
    case 'produce-block':
      return combine(combine(6, effect.request), effect.ask.view);
    case 'validate-block':
      return combine(combine(7, effect.request), digestId(effect.ask.block.hash));
    case 'cancel':
      return combine(8, effect.request);
    case 'serve-blocks':
      return combine(combine(9, effect.startHeight), digestId(effect.to));
    case 'update-validators':
      return combine(10, effect.after);
    case 'emit':
      return combine(combine(11, effect.after), digestKind(effect.event.type));
    case 'halt':
      return 12;
  }
}
