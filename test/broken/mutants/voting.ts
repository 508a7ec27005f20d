import type { Mutant } from '../mutant.ts';

// What is voted for, locked and committed, and what must be on disk first: R3 to R6, R12, R16, R19 to R21, R23, R25.

const APPLY = 'core/block-tree/apply.ts';
const PROPOSAL = 'core/hotstuff/proposal.ts';
const VOTE = 'core/hotstuff/vote.ts';
const PHASE_VOTE = 'core/hotstuff/phase-vote.ts';

export const votingMutants: readonly Mutant[] = [
  {
    name: 'the lock clause forgets the locked block itself',
    rule: 'R3',
    patches: [
      {
        file: 'core/block-tree/rules.ts',
        find: 'if (block === lockedPc.pc.block || isSameOrAncestor(core.tree, lockedPc.pc.block, parent)) return true;',
        replace: 'if (isSameOrAncestor(core.tree, lockedPc.pc.block, parent)) return true;',
      },
    ],
    traces: ['T5'],
    expected: ['locked block again'],
  },
  {
    name: 'the lock clause looks at the parent only',
    rule: 'R3',
    patches: [
      {
        file: 'core/block-tree/rules.ts',
        find: 'if (block === lockedPc.pc.block || isSameOrAncestor(core.tree, lockedPc.pc.block, parent)) return true;',
        replace: 'if (block === lockedPc.pc.block || lockedPc.pc.block === parent) return true;',
      },
    ],
    expected: ['deep lock'],
  },
  {
    name: 'no lock clause',
    rule: 'lock clause',
    patches: [
      {
        file: 'core/block-tree/rules.ts',
        find: '  const { lockedPc, highestPc } = core;\n',
        replace: '  if (core.started) return true;\n  const { lockedPc, highestPc } = core;\n',
      },
    ],
    expected: ['T3', 'lock clause'],
  },
  {
    name: 'nothing is locked',
    rule: 'lock clause',
    patches: [
      {
        file: APPLY,
        find: 'if (toLock !== null) raiseLockedPc(core, toLock);',
        replace: 'if (toLock === undefined) raiseLockedPc(core, toLock);',
      },
    ],
    expected: ['T3', 'rank of Commit'],
  },
  {
    name: 'a block may claim any height',
    rule: 'R4',
    patches: [
      {
        file: PROPOSAL,
        find: 'if (block.height !== heightOn(core, block.justify))',
        replace: 'if (block.height < 0)',
      },
    ],
    traces: ['T9'],
    expected: ['heights'],
  },
  {
    name: 'a synced block may claim any height',
    rule: 'R4',
    patches: [
      {
        file: 'core/block-sync/client.ts',
        find: "if (height !== heightOn(core, justify)) return 'faulty'; // R4",
        replace: "if (height < 0) return 'faulty';",
      },
    ],
    expected: ['synced heights'],
  },
  {
    name: 'a justify may be of the view of its proposal, or later',
    rule: 'R5',
    patches: [
      { file: PROPOSAL, find: 'if (justify.view >= message.view)', replace: 'if (justify.view < 0)' },
    ],
    expected: ['later justify'],
  },
  {
    name: 'messages of other chains are heard',
    rule: 'R5',
    patches: [
      {
        file: 'core/receive.ts',
        find: 'return message.chainId !== core.config.chain.chainId;',
        replace: 'return message.chainId < 0;',
      },
    ],
    expected: ['other chains'],
  },
  {
    name: 'certificates of other chains count',
    rule: 'R5',
    patches: [
      {
        file: 'core/certificates.ts',
        find: "if (certificate.type === 'pc') return certificate.pc.chainId === chainId;",
        replace: "if (certificate.type === 'pc') return true;",
      },
      {
        file: 'core/certificates.ts',
        find: 'if (isGenesisPc(pc) || pc.chainId !== core.config.chain.chainId || pc.block === ZERO_HASH) return;',
        replace: 'if (isGenesisPc(pc) || pc.block === ZERO_HASH) return;',
      },
      {
        file: 'core/block-tree/rules.ts',
        find: 'if (pc.chainId !== core.config.chain.chainId || pc.block === ZERO_HASH) return',
        replace: 'if (pc.block === ZERO_HASH) return',
      },
    ],
    expected: ['PC of another chain'],
  },
  {
    name: 'two votes in one view',
    rule: 'R6',
    patches: [
      {
        file: VOTE,
        find: ' && core.view > (core.lastVote?.view ?? -1);',
        replace: ';',
      },
      {
        file: VOTE,
        find: "  invariant(view > (core.lastVote?.view ?? -1), 'one vote per view');\n",
        replace: '',
      },
    ],
    expected: ['T13', 'one vote per view'],
  },
  {
    name: 'a vote leaves before it is on disk',
    rule: 'R6',
    patches: [
      {
        file: VOTE,
        find: "{ type: 'phase-vote', chainId, view, block, phase }, THIS_STEP);",
        replace: "{ type: 'phase-vote', chainId, view, block, phase }, core.durable);",
      },
    ],
    traces: ['T13'],
    expected: ['calm ed25519'],
  },
  {
    name: 'a vote is not written',
    rule: 'R6',
    patches: [{ file: VOTE, find: "  write(core, 'lastVote', core.lastVote);\n", replace: '' }],
    expected: ['calm ed25519'],
  },
  {
    name: 'the lock is not written',
    rule: 'R6',
    patches: [{ file: APPLY, find: "  write(core, 'lockedPc', candidate);\n", replace: '' }],
    expected: ['calm ed25519'],
  },
  {
    name: 'a vote waits for the disk to have nothing better to do',
    rule: 'R6',
    patches: [{ file: VOTE, find: '  core.out.flushNow = true;\n', replace: '' }],
    expected: ['pace'],
  },
  {
    name: 'a vote is for the phase before',
    rule: 'phases',
    patches: [
      {
        file: PROPOSAL,
        find: "inserted.validatorSetUpdates === null ? 'generic' : 'prepare'",
        replace: "inserted.validatorSetUpdates === undefined ? 'prepare' : 'generic'",
      },
    ],
    expected: ['update phases', 'set changes'],
  },
  {
    name: 'gaps between views do not hinder a commit',
    rule: 'commit rule',
    patches: [
      {
        file: APPLY,
        find: 'pc.view === block.header.justify.view + 1 && block.header.justify.view === parent.header.justify.view + 1;',
        replace:
          'pc.view > block.header.justify.view && block.header.justify.view > parent.header.justify.view;',
      },
    ],
    expected: ['gaps in views'],
  },
  {
    name: 'two certificates in a row commit',
    rule: 'commit rule',
    patches: [
      {
        file: APPLY,
        find: 'return pendingOrNull(tree, parent.header.justify.block);',
        replace: 'return pendingOrNull(tree, block.header.justify.block);',
      },
    ],
    expected: ['three in a row'],
  },
  {
    name: 'a Precommit certificate commits',
    rule: 'commit rule',
    patches: [
      {
        file: APPLY,
        find: "if (pc.phase === 'commit' || pc.phase === 'decide') return",
        replace: "if (pc.phase === 'precommit' || pc.phase === 'commit' || pc.phase === 'decide') return",
      },
    ],
    expected: ['set changes', 'update phases'],
  },
  {
    name: 'votes go to the leader of the next view alone',
    rule: 'R12',
    patches: [
      {
        file: 'core/hotstuff/roles.ts',
        find: 'return distinct([leaderOf(set, view, tenure), leaderOf(set, asView(view + 1), tenure)]);',
        replace: 'return distinct([leaderOf(set, asView(view + 1), tenure)]);',
      },
    ],
    traces: ['T6'],
    expected: ['both leaders'],
  },
  {
    name: 'the leader of a view never forms its certificate',
    rule: 'R12',
    patches: [{ file: PHASE_VOTE, find: '  votes.waitOver = true;\n', replace: '' }],
    expected: ['T6'],
  },
  {
    name: 'a block is inserted again and again',
    rule: 'R16',
    patches: [
      { file: 'core/block-tree/tree.ts', find: '  if (tree.blocks.has(hash)) return false;\n', replace: '' },
      {
        file: 'core/block-tree/insert.ts',
        find: '  if (core.tree.blocks.has(block.hash)) return;\n',
        replace: '',
      },
      {
        file: PROPOSAL,
        find: 'if (core.tree.blocks.has(block.hash)) return finishProposal(core, from, message); // R16',
        replace: '',
      },
      {
        file: PROPOSAL,
        find: '  if (core.tree.blocks.has(block.hash)) return finishProposal(core, from, message);\n',
        replace: '',
      },
    ],
    expected: ['known block'],
  },
  {
    name: 'a signer votes as often as it likes',
    rule: 'R19',
    patches: [
      {
        file: PHASE_VOTE,
        find: "  if (votes.votedFor.has(from)) return reject(core, from, message, 'duplicate');\n",
        replace: '',
      },
    ],
    expected: ['vote twice'],
  },
  {
    name: 'a certificate that changes nothing has the votes collected anew',
    rule: 'collectors',
    patches: [
      {
        file: 'core/receive.ts',
        find: '  if (certificate !== null && !isLearned(core, certificate)) {\n',
        replace:
          '  if (certificate !== null) core.collectors.phases.clear();\n' +
          '  if (certificate !== null && !isLearned(core, certificate)) {\n',
      },
    ],
    traces: ['T15'],
    expected: [],
  },
  {
    name: 'a third of the power is a quorum',
    rule: 'quorum',
    patches: [
      {
        file: 'model/validator-set.ts',
        find: 'return asPower(((total - rest) / 3) * 2 + (rest === 2 ? 1 : 0) + 1);',
        replace: 'return asPower((total - rest) / 3 + 1);',
      },
    ],
    expected: ['twins enumerated'],
  },
  {
    name: 'one bad vote voids all',
    rule: 'R20',
    patches: [
      {
        file: PHASE_VOTE,
        find: '  const { signatures } = answer;\n',
        replace: '  const signatures = answer.badSigners.length > 0 ? null : answer.signatures;\n',
      },
      { file: PHASE_VOTE, find: '    removeVotes(tally, answer.badSigners);\n', replace: '' },
    ],
    expected: ['bad vote'],
  },
  {
    name: 'a bad signature keeps its slot',
    rule: 'R20',
    patches: [{ file: PHASE_VOTE, find: '    removeVotes(tally, answer.badSigners);\n', replace: '' }],
    expected: ['bad vote'],
  },
  {
    name: 'a validator without power is taken',
    rule: 'R21',
    patches: [
      {
        file: 'model/validator-set.ts',
        find: "if (!Number.isSafeInteger(power) || power <= 0) return 'power-not-positive';",
        replace: "if (!Number.isSafeInteger(power) || power < 0) return 'power-not-positive';",
      },
    ],
    expected: ['sets'],
  },
  {
    name: 'an update that makes no set is taken',
    rule: 'R21',
    patches: [
      {
        file: 'core/block-tree/insert.ts',
        find: "return typeof next !== 'string' && next.validators.length <= core.config.chain.limits.maxValidators;",
        replace: 'return next !== undefined;',
      },
    ],
    expected: ['bad updates'],
  },
  {
    name: 'a halted core goes on',
    rule: 'R23',
    patches: [{ file: 'core/step.ts', find: '    core.halted = true;\n', replace: '' }],
    expected: ['halting'],
  },
  {
    name: 'a fault is thrown out of the core',
    rule: 'R23',
    patches: [
      {
        file: 'core/step.ts',
        find: "return [{ type: 'halt', fault: asViolation(error) }];",
        replace: 'throw error;',
      },
    ],
    expected: ['halting'],
  },
  {
    name: 'a re-proposal comes without its evidence',
    rule: 'R25',
    patches: [
      {
        file: 'core/hotstuff/propose.ts',
        find: "  broadcastCertificate(core, { type: 'pc', pc: justify }, 're-proposal');\n",
        replace: '',
      },
    ],
    expected: ['evidence first'],
  },
  {
    name: 'evidence does not unlock',
    rule: 'R25',
    patches: [
      {
        file: 'core/block-tree/rules.ts',
        find: 'return highestPc.pc.block === block && compareRanks(highestPc.rank, lockedPc.rank) > 0;',
        replace:
          'return highestPc.pc.block === block && compareRanks(highestPc.rank, lockedPc.rank) > Infinity;',
      },
    ],
    traces: ['T26'],
    expected: ['evidence unlocks'],
  },
  {
    name: 'a proposal that failed the lock clause is not tried again',
    rule: 'R25',
    patches: [
      {
        file: PROPOSAL,
        find: "    waitFor(core, from, message, 'lock');\n",
        replace: '',
      },
    ],
    expected: ['evidence unlocks'],
  },
  {
    name: 'what comes again is tried and inserted again',
    rule: 'R16',
    patches: [
      { file: 'core/block-tree/tree.ts', find: '  if (tree.blocks.has(hash)) return false;\n', replace: '' },
      {
        file: 'core/block-tree/insert.ts',
        find: '  if (core.tree.blocks.has(block.hash)) return;\n',
        replace: '',
      },
      {
        file: PROPOSAL,
        find: 'if (core.tree.blocks.has(block.hash)) return finishProposal(core, from, message); // R16',
        replace:
          'if (core.tree.blocks.has(block.hash)) return acceptBlock(core, from, message, { appStateUpdates: { sets: [], deletes: [] }, validatorSetUpdates: null, hasCommands: true });',
      },
      {
        file: PROPOSAL,
        find: 'if (isWanted(core, block.hash) && !isBeingValidated(core, block.hash)) tryProposal',
        replace: 'tryProposal',
      },
    ],
    traces: ['T21'],
    expected: ['known block'],
  },
];
