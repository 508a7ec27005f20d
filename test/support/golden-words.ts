import type { Effect } from '../../src/core/effect.ts';
import type { Block } from '../../src/model/block.ts';
import { GENESIS_PC, isGenesisPc, type PhaseCertificate } from '../../src/model/certificate.ts';
import type { ReplicaId } from '../../src/model/ids.ts';
import type { OutgoingMessage } from '../../src/model/messages.ts';

/** Effects in the words of the golden traces: a line each; events only where they tell what no other effect does. */
export class GoldenWords {
  /** What timers count from. */
  now = 0;
  readonly #blocks: ReadonlyMap<string, Block>;

  constructor(blocks: ReadonlyMap<string, Block>) {
    this.#blocks = blocks;
  }

  effect(effect: Effect): readonly string[] {
    switch (effect.type) {
      case 'persist':
        return [`write #${effect.ticket} ${effect.flush}: ${this.delta(effect.delta)}`];
      case 'send': {
        const to = effect.to === 'all' ? 'all' : effect.to.map((id) => this.who(id)).join(',');
        return [`send ${this.outgoing(effect.message)} -> ${to}${after(effect.after)}`];
      }
      case 'set-timer': {
        const view = 'view' in effect.timer ? ` of view ${effect.timer.view}` : '';
        return [`timer ${effect.timer.type}${view} in ${effect.at - this.now} ms`];
      }
      case 'check-signatures':
        return [
          `verify ${effect.checks.map((check) => (check.type === 'certificate' ? this.subject(check.subject) : 'signature')).join(', ')}`,
        ];
      case 'form-certificate':
        return [
          `form ${this.subject(effect.subject)} of ${effect.votes.map(({ signer }) => this.who(signer)).join(',')}`,
        ];
      case 'produce-block':
        return [`ask the app for a block, ${effect.ask.waitUntil - this.now} ms to wait`];
      case 'validate-block':
        return [`have the app validate ${this.block(effect.ask.block.hash)} (${effect.ask.context})`];
      case 'serve-blocks':
        return [`serve blocks from ${effect.startHeight} to ${this.who(effect.to)}${after(effect.after)}`];
      case 'cancel':
        return ['cancel'];
      case 'update-validators':
        return [`validators: ${effect.sets.committed.validators.map(({ id }) => this.who(id)).join(',')}`];
      case 'emit':
        return this.event(effect.event);
      case 'halt':
        return [`HALT ${effect.fault.message}`];
    }
  }

  event(event: Extract<Effect, { type: 'emit' }>['event']): readonly string[] {
    if (event.type === 'message-rejected')
      return [`reject ${event.message} of ${this.who(event.from)}: ${event.rejection.code}`];
    if (event.type === 'block-committed')
      return [`COMMIT ${this.block(event.block)} at height ${event.height}`];
    if (event.type === 'view-started') return [`enter view ${event.view} by ${event.by}`];
    if (event.type === 'validator-set-decided') return ['DECIDED'];
    return [];
  }

  delta(delta: Extract<Effect, { type: 'persist' }>['delta']): string {
    const parts = [
      ...delta.inserts.map(({ block }) => `insert ${this.block(block.hash)}`),
      ...delta.commits.map(
        ({ hash, commitPc }) =>
          `commit ${this.block(hash)}${commitPc === null ? '' : ` by ${this.pc(commitPc)}`}`,
      ),
      ...delta.prunes.map(({ hash }) => `prune ${this.block(hash)}`),
    ];
    if (delta.validatorSets) parts.push('validator sets');
    if (delta.highestPc) parts.push(`highest ${this.pc(delta.highestPc.pc)}`);
    if (delta.lockedPc) parts.push(`lock ${this.pc(delta.lockedPc.pc)}`);
    if (delta.highestTc) parts.push(`highest TC(${delta.highestTc.view})`);
    if (delta.entry) parts.push(`view ${delta.entry.view}`);
    if (delta.keptPcs)
      parts.push(`keep ${delta.keptPcs.map(({ pc }) => this.pc(pc)).join(' ') || 'nothing'}`);
    if (delta.lastVote) parts.push(`voted ${delta.lastVote.view}`);
    if (delta.proposeUpTo !== undefined) parts.push(`propose up to ${delta.proposeUpTo}`);
    return parts.join(', ') || 'nothing';
  }

  outgoing(message: OutgoingMessage): string {
    switch (message.type) {
      case 'proposal':
        return `proposal(${message.view}, ${this.block(message.block)})`;
      case 'nudge':
        return `nudge(${message.view}, ${this.pc(message.justify)})`;
      case 'phase-vote':
        return `vote(${message.view}, ${this.block(message.block)}, ${message.phase})`;
      case 'new-view':
        return `new-view(${message.view}, ${this.pc(message.highestPc)})`;
      case 'timeout-vote':
        return `timeout-vote(${message.view})`;
      case 'advance-view':
        return `advance(${message.certificate.type === 'pc' ? this.pc(message.certificate.pc) : `TC(${message.certificate.tc.view})`})`;
      case 'advertise-pc':
        return `advertise(${this.pc(message.highestPc)})`;
      case 'advertise-block':
        return `advertise(height ${message.height})`;
      case 'block-sync-request':
        return `sync-request(from ${message.startHeight})`;
    }
  }

  subject(subject: Extract<Effect, { type: 'form-certificate' }>['subject']): string {
    return subject.type === 'timeout-vote'
      ? `TC(${subject.view})`
      : this.pc({ ...subject, signatures: GENESIS_PC.signatures });
  }

  pc(pc: PhaseCertificate): string {
    if (isGenesisPc(pc)) return 'genesis';
    return `PC(${pc.view},${this.block(pc.block)}${pc.phase === 'generic' ? '' : `,${pc.phase}`})`;
  }

  block(hash: Block['hash']): string {
    for (const [name, block] of this.#blocks) if (block.hash === hash) return name;
    return hash.slice(0, 8);
  }

  who(id: ReplicaId): string {
    return `r${Number.parseInt(id, 16) - 1}`;
  }
}

const after = (ticket: number): string => (ticket === 0 ? '' : ` after #${ticket}`);
