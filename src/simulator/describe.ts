import type { Effect } from '../core/effect.ts';
import type { Input, TimerId } from '../core/input.ts';
import type { PhaseCertificate, ProgressCertificate } from '../model/certificate.ts';
import type { ReplicaEvent } from '../model/events.ts';
import { type BlockHash, type ReplicaId, ZERO_HASH } from '../model/ids.ts';
import type { Message, OutgoingMessage } from '../model/messages.ts';
import { signersOf } from './signatures.ts';

/** How replicas are called in a trace, such as `r2`. */
export type Names = (id: ReplicaId) => string;

const short = (hash: BlockHash): string => (hash === ZERO_HASH ? 'genesis' : hash.slice(0, 6));

const signers = (bitmap: Uint8Array): string => `{${signersOf(bitmap).join(',')}}`;

const describePc = (pc: PhaseCertificate): string =>
  pc.block === ZERO_HASH
    ? 'PC(genesis)'
    : `${pc.phase}PC(v${pc.view} ${short(pc.block)} ${signers(pc.signatures.bitmap)})`;

const describeProgress = (certificate: ProgressCertificate): string =>
  certificate.type === 'pc'
    ? describePc(certificate.pc)
    : `TC(v${certificate.tc.view} ${signers(certificate.tc.signatures.bitmap)})`;

/** One line for people: what a message says, without signatures. */
export function describeMessage(message: Message | OutgoingMessage): string {
  switch (message.type) {
    case 'proposal': {
      const { block } = message;
      return typeof block === 'string'
        ? `proposal v${message.view} ${short(block)}`
        : `proposal v${message.view} #${block.height} ${short(block.hash)} on ${describePc(block.justify)}`;
    }
    case 'nudge':
      return `nudge v${message.view} ${describePc(message.justify)}`;
    case 'phase-vote':
      return `vote v${message.view} ${message.phase} ${short(message.block)}`;
    case 'new-view':
      return `new-view v${message.view} ${describePc(message.highestPc)}`;
    case 'timeout-vote':
      return `timeout-vote v${message.view}${message.highestTc === null ? '' : ` TC(v${message.highestTc.view})`}`;
    case 'advance-view':
      return `advance-view ${describeProgress(message.certificate)}`;
    case 'advertise-block':
      return `advertise-block #${message.height}`;
    case 'advertise-pc':
      return `advertise-pc ${describePc(message.highestPc)}`;
    case 'block-sync-request':
      return `sync-request from #${message.startHeight}, ${message.limit} at most`;
    case 'block-sync-response': {
      const heights = message.blocks.map(({ height }) => `#${height}`);
      return `sync-response ${heights.length} blocks ${heights[0] ?? ''}..${heights.at(-1) ?? ''} ${describePc(message.highestPc)}`;
    }
  }
}

const describeTimer = (timer: TimerId): string =>
  'view' in timer
    ? `${timer.type} v${timer.view}`
    : 'request' in timer
      ? `${timer.type} ${timer.request}`
      : timer.type;

export function describeInput(input: Input, names: Names): string {
  switch (input.type) {
    case 'recovered':
      return `recovered: entry v${input.disk.entry?.view ?? 0}, height ${input.disk.highestCommitted?.header.height ?? 'none'}, locked ${describePc(input.disk.lockedPc.pc)}, highest ${describePc(input.disk.highestPc.pc)}`;
    case 'message-received':
      return `${names(input.from)} ${describeMessage(input.message)}`;
    case 'timer-fired':
      return `timer ${describeTimer(input.timer)}`;
    case 'persisted':
      return `persisted ${input.ticket}`;
    case 'signatures-checked':
      return `checked ${input.request}: ${[...input.valid].join('')}`;
    case 'certificate-formed':
      return `formed ${input.request}: ${input.signatures === null ? 'nothing' : signers(input.signatures.bitmap)}${input.badSigners.length > 0 ? `, bad ${input.badSigners.map(names).join(' ')}` : ''}`;
    case 'block-produced':
      return `produced ${input.request}: ${input.block === null ? 'nothing' : `${input.block.data.length} datums`}`;
    case 'block-validated':
      return `validated ${input.request}: ${input.validity === null ? 'app failed' : input.validity.valid}`;
  }
}

export function describeEvent(event: ReplicaEvent): string {
  switch (event.type) {
    case 'message-rejected':
      return `rejected ${event.message}: ${event.rejection.code} ${event.rejection.detail ?? ''}`;
    case 'block-committed':
      return `committed #${event.height} ${short(event.block)}`;
    case 'view-started':
      return `view-started v${event.view} by ${event.by}`;
    case 'locked-pc-updated':
    case 'highest-pc-updated':
    case 'pc-collected':
      return `${event.type} ${describePc(event.pc)}`;
    default:
      return 'view' in event ? `${event.type} v${event.view}` : event.type;
  }
}

const wait = (after: number): string => (after === 0 ? '' : ` after ${after}`);

export function describeEffect(effect: Effect, names: Names): string {
  switch (effect.type) {
    case 'persist': {
      const fields = Object.entries(effect.delta).flatMap(([field, value]) => {
        if (Array.isArray(value)) return value.length === 0 ? [] : [`${value.length} ${field}`];
        return value === undefined ? [] : [field];
      });
      return `persist ${effect.ticket} ${effect.flush}: ${fields.join(', ')}`;
    }
    case 'send':
      return `send to ${effect.to === 'all' ? 'all' : effect.to.map(names).join(' ')}${wait(effect.after)}: ${describeMessage(effect.message)}`;
    case 'set-timer':
      return `timer ${describeTimer(effect.timer)} at ${effect.at.toFixed(1)}`;
    case 'check-signatures':
      return `check ${effect.request}: ${effect.checks.map(({ subject }) => ('view' in subject ? `${subject.type} v${subject.view}` : subject.type)).join(', ')}`;
    case 'form-certificate':
      return `form ${effect.request}: ${effect.subject.type} v${effect.subject.view} of ${effect.votes.map(({ signer }) => names(signer)).join(' ')}`;
    case 'cancel':
      return `cancel ${effect.request}`;
    case 'produce-block':
      return `produce ${effect.request} for v${effect.ask.view}, wait until ${effect.ask.waitUntil.toFixed(1)}`;
    case 'validate-block':
      return `validate ${effect.request}: #${effect.ask.block.height} ${short(effect.ask.block.hash)} (${effect.ask.context})`;
    case 'serve-blocks':
      return `serve ${names(effect.to)} from #${effect.startHeight}, ${effect.limit} at most`;
    case 'update-validators':
      return `validators ${effect.sets.committed.validators.map(({ id }) => names(id)).join(' ')}${wait(effect.after)}`;
    case 'emit':
      return `event ${describeEvent(effect.event)}`;
    case 'halt':
      return `HALT ${effect.fault.message}`;
  }
}
