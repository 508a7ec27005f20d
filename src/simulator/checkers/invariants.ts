import type { TreeDelta } from '../../core/block-tree/delta.ts';
import type { Recovered } from '../../core/recovered.ts';
import { compareRanks, type RankedPc, rankOf } from '../../model/certificate.ts';
import { type BlockHash, ZERO_HASH } from '../../model/ids.ts';
import type { CheckerFactory, ObservedReplica } from '../observer.ts';

interface Node {
  readonly parent: BlockHash;
  readonly updatesBefore: number;
}

/** A replica's uncommitted tree on its highest committed block. */
interface Tree {
  readonly nodes: Map<BlockHash, Node>;
  root: BlockHash;
  lockedPc: RankedPc;
  highestPc: RankedPc;
}

function treeOf({ highestCommitted, uncommitted, lockedPc, highestPc }: Recovered): Tree {
  const nodes = new Map<BlockHash, Node>();
  for (const { header, updatesBefore } of highestCommitted === null
    ? uncommitted
    : [highestCommitted, ...uncommitted]) {
    nodes.set(header.hash, { parent: header.justify.block, updatesBefore });
  }
  return { nodes, root: highestCommitted?.header.hash ?? ZERO_HASH, lockedPc, highestPc };
}

function isOnCommittedBranch({ nodes, root }: Tree, block: BlockHash): boolean {
  let at = block;
  while (at !== root) {
    const node = nodes.get(at);
    if (node === undefined) return false;
    at = node.parent;
  }
  return true;
}

/**
 * The invariants of SPECIFICATION.md section 10: lockedPc and highestPc are on the committed branch (R2),
 * rank(highestPc) >= rank(lockedPc), both only grow (R1), and their ranks are those of their blocks' places.
 */
export const invariants: CheckerFactory = (_world, fail) => {
  const trees = new Map<number, Tree>();

  const apply = (tree: Tree, delta: TreeDelta): void => {
    for (const { block, updatesBefore } of delta.inserts) {
      tree.nodes.set(block.hash, { parent: block.justify.block, updatesBefore });
    }
    for (const { hash } of delta.commits) {
      tree.nodes.delete(tree.root);
      tree.root = hash;
    }
    for (const { hash } of delta.prunes) tree.nodes.delete(hash);
  };
  const checkMoves = (name: string, which: 'lockedPc' | 'highestPc', tree: Tree, next: RankedPc): void => {
    if (compareRanks(next.rank, tree[which].rank) <= 0)
      fail(`${name} moved its ${which} to no higher a rank`);
    tree[which] = next;
  };
  const checkPlace = (name: string, which: 'lockedPc' | 'highestPc', tree: Tree): void => {
    const { pc, rank } = tree[which];
    if (!isOnCommittedBranch(tree, pc.block))
      fail(`${name} has a ${which} off its committed branch: view ${pc.view}`);
    const updatesBefore = tree.nodes.get(pc.block)?.updatesBefore ?? 0;
    if (compareRanks(rank, rankOf(pc, updatesBefore)) !== 0) fail(`${name} has a ${which} of a wrong rank`);
  };

  return {
    name: 'invariants',
    onBoot(replica, recovered) {
      trees.set(replica.index, treeOf(recovered));
    },
    onWritten(replica: ObservedReplica, delta: TreeDelta) {
      const tree = trees.get(replica.index);
      if (tree === undefined) return;
      const name = `r${replica.index}`;
      apply(tree, delta);
      if (delta.lockedPc !== undefined) checkMoves(name, 'lockedPc', tree, delta.lockedPc);
      if (delta.highestPc !== undefined) checkMoves(name, 'highestPc', tree, delta.highestPc);
      if (delta.lockedPc === undefined && delta.highestPc === undefined && delta.commits.length === 0) return;
      checkPlace(name, 'lockedPc', tree);
      checkPlace(name, 'highestPc', tree);
      if (compareRanks(tree.highestPc.rank, tree.lockedPc.rank) < 0)
        fail(`${name} has a lock above its highestPc`);
    },
  };
};
