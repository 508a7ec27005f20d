import { makeBlock } from '../../codec/block.ts';
import type { ProducedBlock } from '../../model/app.ts';
import {
  isGenesisPc,
  isSameStatement,
  type PhaseCertificate,
  type ProgressCertificate,
} from '../../model/certificate.ts';
import type { BlockHash, Millis } from '../../model/ids.ts';
import type { OutgoingMessage } from '../../model/messages.ts';
import { areEffectsAcceptable, insertBlock } from '../block-tree/insert.ts';
import { heightOn } from '../block-tree/rules.ts';
import { NO_WAIT } from '../effect.ts';
import { emit, newRequest, perform, send, setTimer, THIS_STEP, write } from '../output.ts';
import { cancel, remember } from '../pending.ts';
import { amProposer, type Core } from '../state.ts';
import { hasEnoughNewViews } from './new-view.ts';

/**
 * Proposes, re-proposes or nudges, once per view, as soon as this replica is a proposer and knows enough (R27).
 * Called whenever a step settles, so that nothing has to remember to call it.
 */
export function proposeIfReady(core: Core): void {
  const { view, proposing } = core;
  if (proposing.status === 'done' || !amProposer(core, view) || view <= core.proposedBefore) return; // R29
  if (proposing.status === 'asked') {
    if (proposing.justify !== null && isSameStatement(proposing.justify, core.highestPc.pc)) return;
    withdraw(core); // highestPc moved while the app was busy: propose on the better one.
  }
  if (core.highestPc.pc.view !== view - 1 && !proposing.waitOver && !hasEnoughNewViews(core)) {
    if (proposing.status === 'waiting') return;
    proposing.status = 'waiting';
    setTimer(core, { type: 'new-views', view }, core.config.settings.viewTimeMs / 4);
    return;
  }
  act(core, core.highestPc.pc);
}

/** What highestPc asks for (SPECIFICATION.md section 6, Entering a view). */
function act(core: Core, justify: PhaseCertificate): void {
  switch (justify.phase) {
    case 'generic':
    case 'decide':
      return askApp(core, justify);
    case 'prepare':
    case 'precommit':
      if (core.view === justify.view + 1) return nudge(core, justify);
      return reProposeBlock(core, justify);
    case 'commit':
      return nudge(core, justify);
  }
}

/**
 * Asks the app for a block on `justify`. When no block with commands is uncommitted, the app may wait for some until
 * viewTime / 10 after the entry; then the certificate that opened the view is shown at once, so that nobody relays it
 * (R13).
 */
function askApp(core: Core, justify: PhaseCertificate): void {
  const { proposing, view } = core;
  const mayWait = !hasUncommittedCommands(core);
  const waitUntil = (mayWait ? core.enteredAt + core.config.settings.viewTimeMs / 10 : core.now) as Millis;
  const request = newRequest(core);
  Object.assign(proposing, { status: 'asked', request, justify, mayWait });
  remember(core, request, { type: 'produce', view, justify });
  const parent = core.tree.blocks.get(justify.block)?.header ?? null;
  perform(core, { type: 'produce-block', request, ask: { view, parent, waitUntil } });
  if (mayWait) announceEntry(core);
}

function hasUncommittedCommands(core: Core): boolean {
  for (const [hash, block] of core.tree.blocks) {
    if (block.hasCommands && hash !== core.tree.root) return true;
  }
  return false;
}

/** Broadcasts the certificate of the view before, once per view, while the proposal that would carry it waits. */
function announceEntry(core: Core): void {
  const { pc } = core.highestPc;
  if (core.announced === core.view || pc.view !== core.view - 1 || isGenesisPc(pc)) return;
  core.announced = core.view;
  broadcastCertificate(core, { type: 'pc', pc }, 'former');
}

export function broadcastCertificate(
  core: Core,
  certificate: ProgressCertificate,
  why: 'former' | 'relay' | 're-proposal',
): void {
  send(core, 'all', { type: 'advance-view', certificate }, NO_WAIT);
  const view = certificate.type === 'pc' ? certificate.pc.view : certificate.tc.view;
  emit(core, { type: 'view-advanced', view, why });
}

function withdraw(core: Core): void {
  const { request } = core.proposing;
  if (request !== null) cancel(core, request);
  Object.assign(core.proposing, { status: 'idle', request: null, justify: null });
}

/**
 * The app's block came: inserts and proposes it. The insertion in this step gives the block to the shell, which fills
 * it into the proposal; it needs no second execution when the proposal comes back (R24).
 */
export function onBlockProduced(core: Core, justify: PhaseCertificate, produced: ProducedBlock | null): void {
  core.proposing.request = null;
  core.proposing.status = 'done';
  if (produced === null) return; // The app failed: this view goes by without a proposal.
  const { scheme, chainId } = core.config.chain;
  const height = heightOn(core, justify);
  const { data, dataHash } = produced;
  const block = makeBlock(scheme, { height, justify, dataHash, data });
  if (!areEffectsAcceptable(core, produced)) return;
  insertBlock(core, block, produced);
  releaseInView(core, { type: 'proposal', chainId, view: core.view, block: block.hash });
  emit(core, { type: 'proposed', view: core.view, block: block.hash, height }, THIS_STEP);
}

function nudge(core: Core, justify: PhaseCertificate): void {
  core.proposing.status = 'done';
  core.proposing.justify = justify;
  releaseInView(core, { type: 'nudge', chainId: core.config.chain.chainId, view: core.view, justify });
  emit(core, { type: 'nudged', view: core.view, justify }, THIS_STEP);
}

/** The block as it is, after the evidence that unlocks whoever is locked on a sibling (R25). */
function reProposeBlock(core: Core, justify: PhaseCertificate): void {
  core.proposing.status = 'done';
  core.proposing.justify = justify;
  broadcastCertificate(core, { type: 'pc', pc: justify }, 're-proposal');
  releaseInView(core, {
    type: 'proposal',
    chainId: core.config.chain.chainId,
    view: core.view,
    block: justify.block as BlockHash,
  });
}

/**
 * Broadcasts the one proposal or nudge of this view once `proposeUpTo` covers the view on disk (R29): mostly the vote
 * in the view before has carried it there; else it is written now.
 */
function releaseInView(core: Core, message: OutgoingMessage): void {
  if (core.proposeUpTo < core.view) {
    core.proposeUpTo = core.view;
    write(core, 'proposeUpTo', core.view);
    core.out.flushNow = true;
  }
  // Written in this very step, here or with a vote, it has no ticket yet.
  const isInThisStep = core.out.delta.proposeUpTo !== undefined;
  send(core, 'all', message, isInThisStep ? THIS_STEP : core.proposeUpToTicket);
}
