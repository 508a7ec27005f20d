import type { TreeDelta } from '../../core/block-tree/delta.ts';
import type { BlockHash, Height } from '../../model/ids.ts';
import type { CheckerFactory, ObservedReplica } from '../observer.ts';

/**
 * Agreement: no two honest replicas ever commit different blocks at a height, whether they go on to live or not, and
 * each has the same app state after it.
 */
export const agreement: CheckerFactory = (world, fail) => {
  const blocks = new Map<Height, { readonly hash: BlockHash; readonly by: string }>();
  const states = new Map<Height, string>();

  const checkBlock = (replica: ObservedReplica, height: Height, hash: BlockHash): void => {
    const before = blocks.get(height);
    if (before === undefined) blocks.set(height, { hash, by: `r${replica.index}` });
    else if (before.hash !== hash) {
      fail(`fork at height ${height}: ${before.by} committed ${before.hash}, r${replica.index} ${hash}`);
    }
  };
  const checkState = (replica: ObservedReplica, height: Height): void => {
    const state =
      replica.contents.stateDigest(height) ?? fail(`r${replica.index} has no block at height ${height}`);
    const before = states.get(height);
    if (before === undefined) states.set(height, state);
    else if (before !== state) {
      fail(`r${replica.index} has app state ${state} at height ${height}, others ${before}`);
    }
  };

  return {
    name: 'agreement',
    onWritten(replica: ObservedReplica, { commits }: TreeDelta) {
      for (const { height, hash } of commits) checkBlock(replica, height, hash);
      const last = commits.at(-1);
      if (last !== undefined) checkState(replica, last.height);
    },
    report: () => `${blocks.size} heights, ${world.honest.length} honest replicas`,
  };
};
