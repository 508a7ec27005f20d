import { compareRanks, isGenesisPc, type PhaseCertificate, type RankedPc } from '../../model/certificate.ts';
import type { BlockHash } from '../../model/ids.ts';
import { invariant } from '../invariant.ts';
import { emit, THIS_STEP, write } from '../output.ts';
import type { Core } from '../state.ts';
import { commitUpTo, decideUpdate } from './commit.ts';
import { acceptability, rankOfKnown } from './rules.ts';
import type { Tree, TreeBlock } from './tree.ts';

/**
 * Applies an acceptable certificate, wherever it came from (SPECIFICATION.md section 6, Applying):
 * raises highestPc (R1), raises lockedPc (R1), commits, decides.
 */
export function applyCertificate(core: Core, pc: PhaseCertificate): void {
  invariant(acceptability(core, pc) === 'acceptable', 'only acceptable certificates are applied');
  if (isGenesisPc(pc)) return;
  raiseHighestPc(core, { pc, rank: rankOfKnown(core, pc) });
  const toLock = certificateToLock(core, pc);
  if (toLock !== null) raiseLockedPc(core, toLock);
  const toCommit = blockToCommit(core.tree, pc);
  if (toCommit !== null) commitUpTo(core, toCommit, pc);
  if (pc.phase === 'decide' && core.latestUpdate?.hash === pc.block && !core.sets.decided) decideUpdate(core);
}

function raiseHighestPc(core: Core, candidate: RankedPc): void {
  if (compareRanks(candidate.rank, core.highestPc.rank) <= 0) return;
  core.highestPc = candidate;
  core.out.applied = true;
  core.sync.movedAt = core.now;
  write(core, 'highestPc', candidate);
  emit(core, { type: 'highest-pc-updated', pc: candidate.pc }, THIS_STEP);
}

function raiseLockedPc(core: Core, candidate: RankedPc): void {
  if (compareRanks(candidate.rank, core.lockedPc.rank) <= 0) return;
  core.lockedPc = candidate;
  core.out.applied = true;
  write(core, 'lockedPc', candidate);
  emit(core, { type: 'locked-pc-updated', pc: candidate.pc }, THIS_STEP);
}

/** Generic: the justify of its block (its own Precommit certificate, so to speak). Prepare locks nothing. */
function certificateToLock(core: Core, pc: PhaseCertificate): RankedPc | null {
  if (pc.phase === 'prepare') return null;
  if (pc.phase !== 'generic') return { pc, rank: rankOfKnown(core, pc) };
  const block = core.tree.blocks.get(pc.block);
  if (block === undefined) return null;
  const { justify } = block.header;
  // A justify below the root can lock nothing that the root does not imply.
  if (justify.block !== core.tree.root && !core.tree.blocks.has(justify.block)) return null;
  return { pc: justify, rank: rankOfKnown(core, justify) };
}

/** The block that `pc` commits, with all uncommitted ancestors; null when it commits nothing new. */
function blockToCommit(tree: Tree, pc: PhaseCertificate): BlockHash | null {
  if (pc.phase === 'commit' || pc.phase === 'decide') return pendingOrNull(tree, pc.block);
  if (pc.phase !== 'generic') return null;
  const block = tree.blocks.get(pc.block);
  const parent = block && tree.blocks.get(block.header.justify.block);
  if (block === undefined || parent === undefined || !isThreeChain(pc, block, parent)) return null;
  return pendingOrNull(tree, parent.header.justify.block);
}

/** The certificate and its block's and parent's justifies are of consecutive views. */
const isThreeChain = (pc: PhaseCertificate, block: TreeBlock, parent: TreeBlock): boolean =>
  pc.view === block.header.justify.view + 1 && block.header.justify.view === parent.header.justify.view + 1;

const pendingOrNull = (tree: Tree, hash: BlockHash): BlockHash | null =>
  hash !== tree.root && tree.blocks.has(hash) ? hash : null;
