import type { Effect } from '../core/effect.ts';
import type { Input } from '../core/input.ts';
import type { PhaseCertificate } from '../model/certificate.ts';
import type { Message, OutgoingMessage } from '../model/messages.ts';
import type { SignatureSet } from '../model/scheme.ts';
import { mix32 } from './random.ts';

// What a history's hash covers: of every input and effect its kind and what tells it apart from others of its kind.
// Two worlds that differ anywhere differ here at once or in what follows from it.

const combine = (digest: number, value: number): number => mix32(Math.imul(digest, 31) + value);

/** Of the names of kinds, which are few. */
const kindDigests: Record<string, number> = {};

function digestKind(kind: string): number {
  const known = kindDigests[kind];
  if (known !== undefined) return known;
  const digest = digestText(kind);
  kindDigests[kind] = digest;
  return digest;
}

const numbers = new Float64Array(1);
const words = new Uint32Array(numbers.buffer);

export function digestNumber(value: number): number {
  if ((value | 0) === value) return mix32(value);
  numbers[0] = value;
  return mix32((words[0] as number) ^ mix32(words[1] as number));
}

/** The first digits of hashes and keys, and the whole of short texts, tell them apart. */
export function digestText(text: string): number {
  const end = Math.min(text.length, 12);
  let digest = text.length;
  for (let at = 0; at < end; at++) digest = (Math.imul(digest, 31) + text.charCodeAt(at)) | 0;
  return mix32(digest);
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

const digestPc = (pc: PhaseCertificate): number =>
  combine(combine(digestKind(pc.phase), pc.view), digestText(pc.block) ^ digestSignatures(pc.signatures));

function digestMessage(message: Message | OutgoingMessage): number {
  const kind = digestKind(message.type);
  switch (message.type) {
    case 'proposal': {
      const hash = typeof message.block === 'string' ? message.block : message.block.hash;
      return combine(combine(kind, message.view), digestText(hash));
    }
    case 'nudge':
      return combine(combine(kind, message.view), digestPc(message.justify));
    case 'phase-vote':
      return combine(combine(kind, message.view), digestText(message.block) ^ digestKind(message.phase));
    case 'new-view':
      return combine(combine(kind, message.view), digestPc(message.highestPc));
    case 'timeout-vote':
      return combine(combine(kind, message.view), message.highestTc?.view ?? -1);
    case 'advance-view': {
      const { certificate } = message;
      const digest =
        certificate.type === 'pc'
          ? digestPc(certificate.pc)
          : combine(certificate.tc.view, digestSignatures(certificate.tc.signatures));
      return combine(kind, digest);
    }
    case 'advertise-block':
      return combine(kind, message.height);
    case 'advertise-pc':
      return combine(kind, digestPc(message.highestPc));
    case 'block-sync-request':
      return combine(combine(kind, message.startHeight), message.limit);
    case 'block-sync-response':
      return combine(combine(kind, message.blocks.length), digestPc(message.highestPc));
  }
}

export function digestInput(input: Input): number {
  const kind = combine(digestKind(input.type), digestNumber(input.now));
  switch (input.type) {
    case 'recovered':
      return combine(kind, digestPc(input.disk.highestPc.pc));
    case 'message-received':
      return combine(combine(kind, digestText(input.from)), digestMessage(input.message));
    case 'timer-fired':
      return combine(kind, digestKind(input.timer.type));
    case 'persisted':
      return combine(kind, input.ticket);
    case 'signatures-checked':
      return combine(
        combine(kind, input.request),
        input.valid.reduce((sum, verdict) => 2 * sum + verdict, 1),
      );
    case 'certificate-formed':
      return combine(
        combine(kind, input.request),
        input.signatures === null ? 0 : digestSignatures(input.signatures),
      );
    case 'block-produced':
      return combine(
        combine(kind, input.request),
        input.block === null ? 0 : digestText(input.block.dataHash),
      );
    case 'block-validated':
      return combine(combine(kind, input.request), input.validity?.valid === true ? 1 : 0);
  }
}

export function digestEffect(effect: Effect): number {
  const kind = digestKind(effect.type);
  switch (effect.type) {
    case 'persist':
      return combine(
        combine(kind, effect.ticket),
        effect.delta.inserts.length * 64 + effect.delta.commits.length,
      );
    case 'send': {
      const to = effect.to === 'all' ? -1 : effect.to.reduce((sum, id) => combine(sum, digestText(id)), 0);
      return combine(combine(combine(kind, effect.after), to), digestMessage(effect.message));
    }
    case 'set-timer':
      return combine(combine(kind, digestKind(effect.timer.type)), digestNumber(effect.at));
    case 'check-signatures':
      return combine(combine(kind, effect.request), effect.checks.length);
    case 'form-certificate':
      return combine(combine(kind, effect.request), effect.votes.length);
    case 'produce-block':
      return combine(combine(kind, effect.request), effect.ask.view);
    case 'validate-block':
      return combine(combine(kind, effect.request), digestText(effect.ask.block.hash));
    case 'cancel':
      return combine(kind, effect.request);
    case 'serve-blocks':
      return combine(combine(kind, effect.startHeight), digestText(effect.to));
    case 'update-validators':
      return combine(kind, effect.after);
    case 'emit':
      return combine(kind, digestKind(effect.event.type));
    case 'halt':
      return kind;
  }
}
