import type { PhaseCertificate } from '../../model/certificate.ts';
import type { ReplicaId } from '../../model/ids.ts';
import type { NewView } from '../../model/messages.ts';
import { isMember, powerOf, type ValidatorSet } from '../../model/validator-set.ts';
import { isKnown } from '../block-tree/tree.ts';
import { isSignedByActiveSet } from '../certificates.ts';
import { emit } from '../output.ts';
import { leaderOf } from '../pacemaker/leader.ts';
import type { Core } from '../state.ts';
import { activeSets } from './roles.ts';

/** A NewView of the view before the current one, whose certificate was processed (R28); counted for R27. */
export function onNewView(core: Core, from: ReplicaId, message: NewView): void {
  emit(core, { type: 'new-view-received', from, view: message.view, highestPc: message.highestPc });
  if (message.view + 1 !== core.view) return;
  core.newViews.set(from, message.highestPc);
}

/**
 * Whether this proposer knows enough to propose without a certificate of the view before (R27): NewViews of a quorum
 * of a set that it leads, its own included, and the blocks of the certificates in them and of its entry.
 */
export function hasEnoughNewViews(core: Core): boolean {
  const { me, chain } = core.config;
  const led = activeSets(core.sets).filter((set) => leaderOf(set, core.view, chain.leaderTenure) === me);
  return led.some((set) => reportedPower(core, set) >= set.quorum) && areReportedBlocksKnown(core);
}

function reportedPower(core: Core, set: ValidatorSet): number {
  let power =
    core.newViews.has(core.config.me) || !isMember(set, core.config.me) ? 0 : powerOf(set, core.config.me);
  for (const from of core.newViews.keys()) power += powerOf(set, from);
  return power;
}

function areReportedBlocksKnown(core: Core): boolean {
  const entry = core.entryCertificate;
  if (entry?.type === 'pc' && isMissing(core, entry.pc)) return false;
  for (const pc of core.newViews.values()) if (isMissing(core, pc)) return false;
  return true;
}

/** Not known, though certified and newer than what is: only such a block is worth waiting for. */
const isMissing = (core: Core, pc: PhaseCertificate): boolean =>
  !isKnown(core.tree, pc.block) &&
  pc.view > core.highestPc.pc.view &&
  isSignedByActiveSet(core, { type: 'pc', pc });
