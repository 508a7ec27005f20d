import type { BlockHeader } from '../model/block.ts';
import { isGenesisPc, type ProgressCertificate } from '../model/certificate.ts';
import { asHeight, asView, type View } from '../model/ids.ts';
import { startSync } from './block-sync/client.ts';
import { fetchBlock } from './block-sync/requests.ts';
import { advertise } from './block-sync/server.ts';
import type { KeptPc } from './block-tree/delta.ts';
import { assignedSet } from './block-tree/rules.ts';
import { insertIntoTree } from './block-tree/tree.ts';
import { NO_WAIT } from './effect.ts';
import { enterView } from './hotstuff/enter-view.ts';
import { invariant } from './invariant.ts';
import { emit, perform } from './output.ts';
import { voteToLeave } from './pacemaker/timeouts.ts';
import type { Recovered, RecoveredBlock } from './recovered.ts';
import type { Core } from './state.ts';
import { recordVerdict, subjectOfPc } from './verdicts.ts';

/** Takes over what the disk holds and begins in the view that R7 names. */
export function recover(core: Core, disk: Recovered): void {
  invariant(!core.started, 'a core recovers once');
  core.started = true;
  core.sets = disk.validatorSets;
  if (disk.latestUpdate !== null) {
    const { block, commitPc } = disk.latestUpdate;
    const { hash, height } = block.header;
    core.latestUpdate = { hash, height, updatesBefore: block.updatesBefore, commitPc };
  }
  rebuildTree(core, disk);
  core.lockedPc = disk.lockedPc;
  core.highestPc = disk.highestPc;
  core.highestTc = disk.highestTc;
  core.lastVote = disk.lastVote;
  core.proposeUpTo = disk.proposeUpTo;
  core.proposedBefore = disk.proposeUpTo;
  for (const kept of disk.keptPcs) core.kept.set(kept.from ?? `formed ${kept.pc.view % 4}`, kept);
  trustOwnDisk(core, disk);
  perform(core, { type: 'update-validators', sets: core.sets, after: NO_WAIT });
  const { view, certificate } = restartView(disk);
  const height = core.tree.rootHeight < 0 ? null : asHeight(core.tree.rootHeight);
  emit(core, { type: 'started', view, height });
  core.entryCertificate = certificate;
  startSync(core);
  enterView(core, view, 'start');
  if (view === 0) voteToLeave(core); // At genesis there is nothing to wait for (section 7).
  resumeFetch(core);
  advertise(core);
}

function rebuildTree(core: Core, disk: Recovered): void {
  const root = disk.highestCommitted;
  if (root !== null) {
    core.tree.blocks.set(root.header.hash, { ...treeFields(root), children: [] });
    core.tree.root = root.header.hash;
    core.tree.rootHeight = root.header.height;
  }
  for (const block of disk.uncommitted) {
    const parent = block.header.justify.block;
    // Left behind by a crash between a commit and its prunes can only be what conflicts with the commit.
    if (parent !== core.tree.root && !core.tree.blocks.has(parent)) continue;
    insertIntoTree(core.tree, treeFields(block));
  }
}

const treeFields = ({ header, validatorSetUpdates, hasCommands, updatesBefore }: RecoveredBlock) => ({
  header,
  validatorSetUpdates,
  hasCommands,
  updatesBefore,
});

/** What was applied before it was stored had been verified by the table: it need not be verified again. */
function trustOwnDisk(core: Core, disk: Recovered): void {
  const headers: BlockHeader[] = disk.uncommitted.map(({ header }) => header);
  if (disk.highestCommitted !== null) headers.push(disk.highestCommitted.header);
  const pcs = [core.highestPc.pc, core.lockedPc.pc, ...headers.map(({ justify }) => justify)];
  for (const pc of pcs) {
    const set = assignedSet(core, pc);
    if (isGenesisPc(pc) || typeof set === 'string') continue;
    recordVerdict(core, set, subjectOfPc(pc), pc.signatures, true);
  }
}

/**
 * Goes on with the fetch of the highest certificate of an unknown block (R15), that of the entry included (R27).
 * Which set had signed it is not known any more: it is verified when its block has come.
 */
function resumeFetch(core: Core): void {
  const unknown = [...core.kept.values()];
  const entry = core.entryCertificate;
  if (entry?.type === 'pc') unknown.push({ from: null, pc: entry.pc });
  const highest = unknown.reduce<KeptPc | null>(
    (best, one) => (best === null || one.pc.view > best.pc.view ? one : best),
    null,
  );
  if (highest !== null) fetchBlock(core, highest.pc, highest.from ?? core.config.me);
}

/**
 * R7: the highest of the view entered, highestPc.view + 1, highestTc.view + 1 and lastVote.view, where the genesis
 * certificate and an absent one count 0; and the certificate that gave the maximum.
 */
function restartView(disk: Recovered): {
  readonly view: View;
  readonly certificate: ProgressCertificate | null;
} {
  const entry = disk.entry ?? { view: asView(0), certificate: null };
  let view: number = Math.max(entry.view, disk.lastVote?.view ?? 0);
  let { certificate } = entry;
  const { pc } = disk.highestPc;
  if (!isGenesisPc(pc) && pc.view + 1 > view) {
    view = pc.view + 1;
    certificate = { type: 'pc', pc };
  }
  const tc = disk.highestTc;
  if (tc !== null && tc.view + 1 > view) {
    view = tc.view + 1;
    certificate = { type: 'tc', tc };
  }
  return { view: asView(view), certificate };
}
