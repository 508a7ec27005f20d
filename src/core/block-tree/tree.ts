import type { BlockHeader } from '../../model/block.ts';
import { type BlockHash, ZERO_HASH } from '../../model/ids.ts';

import type { ValidatorSetUpdates } from '../../model/validator-set.ts';
import { invariant } from '../invariant.ts';

/** A block of the uncommitted tree, or the highest committed block, which is its root. */
export interface TreeBlock {
  readonly header: BlockHeader;
  readonly validatorSetUpdates: ValidatorSetUpdates | null;
  readonly hasCommands: boolean;
  /** Validator-set-updating blocks strictly before it on its branch. */
  readonly updatesBefore: number;
  readonly children: BlockHash[];
}

/**
 * The highest committed block and everything known above it. Conflicting branches are pruned at every commit, so
 * every block in `blocks` is on the committed branch (R2): to be in the map is to be equal to, or a descendant of,
 * the highest committed block.
 */
export interface Tree {
  readonly blocks: Map<BlockHash, TreeBlock>;
  /** Hash of the highest committed block; the zero hash while there is none. */
  root: BlockHash;
  /** Its height; -1 while there is none. */
  rootHeight: number;
  /** Children of the zero hash while it is the root. */
  readonly genesisChildren: BlockHash[];
  newest: BlockHash | null;
}

export const emptyTree = (): Tree => ({
  blocks: new Map(),
  root: ZERO_HASH,
  rootHeight: -1,
  genesisChildren: [],
  newest: null,
});

/** Whether `hash` is on the committed branch and known; the zero hash is while nothing is committed. */
export const isKnown = (tree: Tree, hash: BlockHash): boolean => hash === tree.root || tree.blocks.has(hash);

const parentOf = (block: TreeBlock): BlockHash => block.header.justify.block;

export const isPending = (tree: Tree, hash: BlockHash): boolean =>
  hash !== tree.root && tree.blocks.has(hash);

const childrenOf = (tree: Tree, hash: BlockHash): BlockHash[] =>
  hash === ZERO_HASH ? tree.genesisChildren : (tree.blocks.get(hash)?.children ?? []);

/** Adds a block whose parent is known. Inserting again changes nothing (R16). Returns whether it was new. */
export function insertIntoTree(tree: Tree, block: Omit<TreeBlock, 'children'>): boolean {
  const { header, validatorSetUpdates, hasCommands, updatesBefore } = block;
  const { hash, justify } = header;
  if (tree.blocks.has(hash)) return false;
  tree.blocks.set(hash, { header, validatorSetUpdates, hasCommands, updatesBefore, children: [] });
  childrenOf(tree, justify.block).push(hash);
  tree.newest = hash;
  return true;
}

/** Removes an uncommitted block that has no children. */
export function removeLeaf(tree: Tree, hash: BlockHash): TreeBlock {
  const leaf = tree.blocks.get(hash);
  invariant(leaf !== undefined && hash !== tree.root && leaf.children.length === 0, 'a leaf is removed');
  const siblings = childrenOf(tree, parentOf(leaf));
  siblings.splice(siblings.indexOf(hash), 1);
  tree.blocks.delete(hash);
  if (tree.newest === hash) tree.newest = null;
  return leaf;
}

/** `hash` and its ancestors down to the root, the root excluded; oldest first. */
export function branchTo(tree: Tree, hash: BlockHash): readonly TreeBlock[] {
  const branch: TreeBlock[] = [];
  for (let at = hash; at !== tree.root; ) {
    const block = tree.blocks.get(at);
    if (block === undefined) return [];
    branch.push(block);
    at = parentOf(block);
  }
  return branch.reverse();
}

/** Whether `ancestor` is `hash` or one of its ancestors (R3); the root and the zero hash are ancestors of all. */
export function isSameOrAncestor(tree: Tree, ancestor: BlockHash, hash: BlockHash): boolean {
  if (ancestor === tree.root || ancestor === ZERO_HASH) return true;
  for (let at = hash; at !== tree.root; ) {
    if (at === ancestor) return true;
    const block = tree.blocks.get(at);
    if (block === undefined) return false;
    at = parentOf(block);
  }
  return false;
}

/** Makes `hash`, a child of the root, the new root; removes its siblings' branches and returns their blocks. */
export function moveRoot(tree: Tree, hash: BlockHash): readonly TreeBlock[] {
  const pruned: TreeBlock[] = [];
  const doomed = childrenOf(tree, tree.root).filter((child) => child !== hash);
  for (let next = doomed.pop(); next !== undefined; next = doomed.pop()) {
    const block = tree.blocks.get(next) as TreeBlock;
    pruned.push(block);
    tree.blocks.delete(next);
    doomed.push(...block.children);
  }
  tree.blocks.delete(tree.root);
  if (tree.genesisChildren.length > 0) tree.genesisChildren.length = 0;
  tree.root = hash;
  tree.rootHeight += 1;
  if (tree.newest !== null && !tree.blocks.has(tree.newest)) tree.newest = hash;
  return pruned;
}
