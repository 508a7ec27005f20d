import { hasRightHash } from '../../codec/block.ts';
import type { CommittedBlock, InsertedBlock, TreeDelta } from '../../core/block-tree/delta.ts';
import { isGenesisPc, type PhaseCertificate } from '../../model/certificate.ts';
import { type BlockHash, ZERO_HASH } from '../../model/ids.ts';
import { updatedValidatorSet, type ValidatorSet } from '../../model/validator-set.ts';
import { dataHashOf } from '../data-check.ts';
import type { CheckerFactory, ObservedReplica, ObservedWorld } from '../observer.ts';
import { signersOf } from '../signatures.ts';

/** A block that some honest replica committed, with the set that its children's justify must be signed by. */
interface Link {
  readonly height: number;
  readonly updates: boolean;
  readonly setBefore: ValidatorSet;
  readonly setAfter: ValidatorSet;
}

/** Whether a quorum of `set` signed `pc`, by the checker's own reading. */
function isQuorum({ chain, keyring }: ObservedWorld, pc: PhaseCertificate, set: ValidatorSet): boolean {
  const { chainId, view, block, phase, signatures } = pc;
  if (chainId !== chain.chainId) return false;
  const preimage = keyring.preimage({ type: 'phase-vote', chainId, view, block, phase });
  const power = signersOf(signatures.bitmap).reduce(
    (sum, index) => sum + (set.validators[index]?.power ?? 0),
    0,
  );
  return power >= set.quorum && keyring.verifies({ type: 'certificate', set, preimage, signatures });
}

/**
 * Validity: what an honest replica commits is a chain by justify and height, each block with the right hashes and
 * justified by a quorum of the set that its parent's place assigns; a validator-set-updating block is committed by a
 * Commit certificate of the set before it (R4, R10, R17).
 */
export const validity: CheckerFactory = (world, fail) => {
  const inserted = new Map<BlockHash, InsertedBlock>();
  const links = new Map<BlockHash, Link>([
    [ZERO_HASH, { height: -1, updates: false, setBefore: world.genesisSet, setAfter: world.genesisSet }],
  ]);
  const tips = new Map<number, BlockHash>();

  const checkJustify = (pc: PhaseCertificate, parent: Link, name: string): void => {
    if (parent.height < 0) {
      if (!isGenesisPc(pc)) fail(`${name} has height 0 and another justify than genesis`);
      return;
    }
    const phase = parent.updates ? 'decide' : 'generic';
    if (pc.phase !== phase) fail(`${name} has a ${pc.phase} justify, expected ${phase}`);
    if (!isQuorum(world, pc, parent.setAfter)) fail(`${name} has a justify that no quorum signed`);
  };
  const link = ({ block, effects }: InsertedBlock, name: string): Link => {
    const parent = links.get(block.justify.block) ?? fail(`${name} has a parent that nobody committed`);
    if (block.height !== parent.height + 1) fail(`${name} is on a block of height ${parent.height}`);
    if (!hasRightHash(world.chain.scheme, block)) fail(`${name} has a wrong hash`);
    if (dataHashOf(block.data, {}) !== block.dataHash) fail(`${name} has data that is not of its data hash`);
    checkJustify(block.justify, parent, name);
    const updates = effects.validatorSetUpdates;
    const after = updates === null ? parent.setAfter : updatedValidatorSet(parent.setAfter, updates);
    if (typeof after === 'string') return fail(`${name} makes no validator set: ${after}`);
    return { height: block.height, updates: updates !== null, setBefore: parent.setAfter, setAfter: after };
  };
  const checkCommit = (replica: ObservedReplica, { hash, commitPc }: CommittedBlock): void => {
    const block = inserted.get(hash) ?? fail(`r${replica.index} committed ${hash}, which nobody inserted`);
    const name = `r${replica.index} committed block ${hash.slice(0, 8)} of height ${block.block.height}: it`;
    const tip = tips.get(replica.index) ?? ZERO_HASH;
    if (block.block.justify.block !== tip) fail(`${name} does not extend ${tip.slice(0, 8)}`);
    const found = links.get(hash) ?? link(block, name);
    links.set(hash, found);
    tips.set(replica.index, hash);
    if (found.updates !== (commitPc !== null))
      fail(`${name} has ${commitPc === null ? 'no' : 'a'} Commit certificate`);
    if (commitPc === null) return;
    if (commitPc.block !== hash || commitPc.phase !== 'commit')
      fail(`${name} has a Commit certificate of another`);
    if (!isQuorum(world, commitPc, found.setBefore)) fail(`${name} has a Commit certificate of no quorum`);
  };

  return {
    name: 'validity',
    onBoot(replica, { highestCommitted }) {
      tips.set(replica.index, highestCommitted?.header.hash ?? ZERO_HASH);
    },
    onWritten(replica: ObservedReplica, { inserts, commits }: TreeDelta) {
      for (const insert of inserts)
        if (!inserted.has(insert.block.hash)) inserted.set(insert.block.hash, insert);
      for (const commit of commits) checkCommit(replica, commit);
    },
  };
};
