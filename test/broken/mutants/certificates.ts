import type { Mutant } from '../mutant.ts';

// Which certificates count, and what they may move: R1, R2, R8, R10, R11, R15, R20, R28.

export const certificateMutants: readonly Mutant[] = [
  {
    name: 'the lock moves down',
    rule: 'R1',
    patches: [
      {
        file: 'core/block-tree/apply.ts',
        find: 'if (compareRanks(candidate.rank, core.lockedPc.rank) <= 0) return;',
        replace: 'if (compareRanks(candidate.rank, core.lockedPc.rank) === 0) return;',
      },
    ],
    traces: ['T2', 'T3'],
    expected: ['locks only rise'],
  },
  {
    name: 'highestPc moves down',
    rule: 'R1',
    patches: [
      {
        file: 'core/block-tree/apply.ts',
        find: 'if (compareRanks(candidate.rank, core.highestPc.rank) <= 0) return;',
        replace: 'if (compareRanks(candidate.rank, core.highestPc.rank) === 0) return;',
      },
    ],
    expected: ['locks only rise'],
  },
  {
    name: 'views for ranks',
    rule: 'R1',
    patches: [
      {
        file: 'model/certificate.ts',
        find: 'return a.updates - b.updates || a.commit - b.commit || a.view - b.view;',
        replace: 'return a.view - b.view;',
      },
    ],
    traces: ['T25'],
    expected: ['rank of Commit'],
  },
  {
    name: 'a Commit certificate ranks by its view alone',
    rule: 'R1',
    patches: [
      {
        file: 'model/certificate.ts',
        find: "commit: pc.phase === 'commit' ? 1 : 0,",
        replace: 'commit: 0,',
      },
    ],
    traces: ['T24'],
    expected: ['rank of Commit'],
  },
  {
    name: 'a Decide certificate ranks with the old set',
    rule: 'R1',
    patches: [
      {
        file: 'model/certificate.ts',
        find: "updates: updatesBefore + (pc.phase === 'decide' ? 1 : 0),",
        replace: 'updates: updatesBefore,',
      },
    ],
    expected: ['rank of Decide', 'T25'],
  },
  {
    name: 'blocks below the highest committed one still count as known',
    rule: 'R2',
    patches: [
      {
        file: 'core/block-tree/tree.ts',
        find: '  tree.blocks.delete(tree.root);\n',
        replace: '',
      },
    ],
    expected: ['below the root'],
  },
  {
    name: 'branches that conflict with a commit stay',
    rule: 'R2',
    patches: [
      {
        file: 'core/block-tree/tree.ts',
        find: 'filter((child) => child !== hash)',
        replace: 'filter(() => false)',
      },
    ],
    expected: ['conflicting branch'],
  },
  {
    name: 'a retired set commits beside the committed branch',
    rule: 'R2 and R11',
    patches: [
      {
        file: 'core/block-tree/tree.ts',
        find: 'filter((child) => child !== hash)',
        replace: 'filter(() => false)',
      },
      {
        file: 'core/block-tree/tree.ts',
        find: '    if (block === undefined) return [];\n',
        replace: '    if (block === undefined) break;\n',
      },
      {
        file: 'core/block-tree/rules.ts',
        find: "block.header.height < updateHeight ? 'retired' : committed",
        replace: 'block.header.height <= updateHeight ? previous : committed',
      },
      {
        file: 'core/hotstuff/roles.ts',
        find: 'return sets.decided ? [sets.committed] : [sets.committed, sets.previous];',
        replace: 'return [sets.committed, sets.previous];',
      },
    ],
    traces: ['T20'],
    expected: ['retired fork'],
  },
  {
    name: 'a certificate of any phase fits any block',
    rule: 'acceptable(PC)',
    patches: [
      {
        file: 'core/block-tree/rules.ts',
        find: "return (phase === 'generic') === !isUpdate;",
        replace: 'return isUpdate || true;',
      },
    ],
    expected: ['fitting phase'],
  },
  {
    name: 'a TC counts for any view',
    rule: 'R8',
    patches: [
      {
        file: 'core/certificates.ts',
        find: 'return certificate.tc.chainId === chainId && isEpochChange(certificate.tc.view, epochLength);',
        replace: 'return certificate.tc.chainId === chainId && epochLength > 0;',
      },
    ],
    expected: ['TC of no epoch'],
  },
  {
    name: 'a TC counts whatever its chain',
    rule: 'R8',
    patches: [
      {
        file: 'core/certificates.ts',
        find: 'return certificate.tc.chainId === chainId && isEpochChange',
        replace: 'return isEpochChange',
      },
    ],
    traces: ['T16'],
    expected: ['TC of another chain'],
  },
  {
    name: 'a stale TC is an error',
    rule: 'R8',
    patches: [
      {
        file: 'core/certificates.ts',
        find: '  else if (moves) learnTc(core, certificate.tc);\n',
        replace:
          "  else if (moves && certificate.tc.view + 1 < core.view) throw new Error('a stale TC');\n  else if (moves) learnTc(core, certificate.tc);\n",
      },
    ],
    traces: ['T4'],
    expected: ['old TC'],
  },
  {
    name: 'signatures of different kinds of messages look alike',
    rule: 'R9',
    everywhere: true,
    patches: [
      {
        file: 'codec/signing.ts',
        find: "const DOMAINS = { 'phase-vote': 1, 'timeout-vote': 2, 'advertise-block': 3, possession: 4 } as const;",
        replace:
          "const DOMAINS = { 'phase-vote': 1, 'timeout-vote': 1, 'advertise-block': 1, possession: 1 } as const;",
      },
    ],
    expected: ['advertised timeout'],
  },
  {
    name: 'a Decide certificate counts before its Commit certificate was seen',
    rule: 'R10',
    patches: [
      {
        file: 'core/block-tree/rules.ts',
        find: "if (isUpdate && phase === 'decide' && isPending(core.tree, hash)) return 'commit-pc-missing';",
        replace: 'if (isUpdate && isPending(core.tree, hash) && block === undefined) return committed;',
      },
    ],
    expected: ['Decide without Commit'],
  },
  {
    name: 'the Commit certificate of an update is not stored',
    rule: 'R10',
    patches: [
      {
        file: 'core/block-tree/commit.ts',
        find: 'commitPc: isUpdate ? pc : null',
        replace: 'commitPc: isUpdate && !isUpdate ? pc : null',
      },
    ],
    traces: ['T7'],
    expected: ['set changes'],
  },
  {
    name: 'a sync response goes on beyond a set change',
    rule: 'R10',
    patches: [
      {
        file: 'storage/sync-response.ts',
        find: 'if (commitPc !== null) return respond(blocks, commitPc);',
        replace: 'if (commitPc === undefined) return respond(blocks, commitPc);',
      },
    ],
    traces: ['T23'],
    expected: ['slept through changes'],
  },
  {
    name: 'certificates of a decided update still count',
    rule: 'R11',
    patches: [
      {
        file: 'core/block-tree/rules.ts',
        find: "if (decided) return 'retired';",
        replace: 'if (decided) return previous;',
      },
    ],
    expected: ['assigned sets'],
  },
  {
    name: 'certificates below the latest update count',
    rule: 'R11',
    patches: [
      {
        file: 'core/block-tree/rules.ts',
        find: "block.header.height < updateHeight ? 'retired' : committed",
        replace: 'block.header.height < updateHeight ? previous : committed',
      },
    ],
    expected: ['below the update'],
  },
  {
    name: 'a retired set is heard for ever',
    rule: 'R11',
    patches: [
      {
        file: 'core/hotstuff/roles.ts',
        find: 'return isMember(sets.committed, id) || (!sets.decided && isMember(sets.previous, id));',
        replace: 'return isMember(sets.committed, id) || isMember(sets.previous, id);',
      },
    ],
    expected: ['retired members'],
  },
  {
    name: 'a retired set still leaves views',
    rule: 'R11',
    patches: [
      {
        file: 'core/hotstuff/roles.ts',
        find: 'return sets.decided ? [sets.committed] : [sets.committed, sets.previous];',
        replace: 'return [sets.committed, sets.previous];',
      },
    ],
    expected: ['T20', 'retired keys'],
  },
  {
    name: 'a Decide certificate decides nothing',
    rule: 'R11',
    patches: [
      {
        file: 'core/block-tree/apply.ts',
        find: "if (pc.phase === 'decide' && core.latestUpdate?.hash === pc.block && !core.sets.decided)",
        replace: "if (pc.phase === 'decide' && core.latestUpdate === null)",
      },
    ],
    expected: ['update phases', 'set changes'],
  },
  {
    name: 'a certificate of an unknown block is forgotten',
    rule: 'R15',
    patches: [
      {
        file: 'core/certificates.ts',
        find: '    keepPc(core, from, pc);\n    fetchBlock(core, pc, from);',
        replace: '    fetchBlock(core, pc, from);',
      },
    ],
    expected: ['kept certificate'],
  },
  {
    name: 'the block of a kept certificate is not fetched',
    rule: 'R15',
    patches: [
      {
        file: 'core/certificates.ts',
        find: '    keepPc(core, from, pc);\n    fetchBlock(core, pc, from);',
        replace: '    keepPc(core, from, pc);',
      },
    ],
    expected: ['kept certificate'],
  },
  {
    name: 'a verdict holds for every set',
    rule: 'R15',
    patches: [
      {
        file: 'core/verdicts.ts',
        find: 'one.set === set && isSameSignatures(one.signatures, signatures)',
        replace: 'isSameSignatures(one.signatures, signatures)',
      },
    ],
    expected: ['verdicts'],
  },
  {
    name: 'a quorum is one less',
    rule: 'quorum',
    everywhere: true,
    patches: [
      {
        file: 'model/validator-set.ts',
        find: '(rest === 2 ? 1 : 0) + 1)',
        replace: '(rest === 2 ? 1 : 0))',
      },
    ],
    expected: ['halves'],
  },
  {
    name: 'signers are counted by heads, not by power',
    rule: 'R20',
    patches: [
      {
        file: 'core/verdicts.ts',
        find: 'power += validator.power;',
        replace: 'power += set.totalPower / n;',
      },
    ],
    expected: ['shapes'],
  },
  {
    name: 'certificates of too few signers pass',
    rule: 'R20',
    patches: [
      { file: 'core/verdicts.ts', find: 'return power >= set.quorum;', replace: 'return power >= 0;' },
    ],
    expected: ['set changes', 'shapes'],
  },
  {
    name: 'certificate lists of any length pass',
    rule: 'R20',
    patches: [
      {
        file: 'core/verdicts.ts',
        find: 'if (slots !== slotsFor(core.config.chain.scheme, n) || bitmap.length !== (n + 7) >> 3) return false;',
        replace: 'if (slots < 0 || slotsFor(core.config.chain.scheme, n) < 0) return false;',
      },
    ],
    expected: ['shapes'],
  },
  {
    name: 'signers that are not there are skipped',
    rule: 'R20',
    patches: [
      {
        file: 'core/verdicts.ts',
        find: 'if (validator === undefined) return false;',
        replace: 'if (validator === undefined) continue;',
      },
    ],
    expected: ['shapes'],
  },
  {
    name: 'certificates in messages of other views are not looked at',
    rule: 'R28',
    patches: [
      {
        file: 'core/receive.ts',
        find: '    learnCertificate(core, from, certificate);\n',
        replace:
          "    if (!('view' in message) || message.view === core.view) learnCertificate(core, from, certificate);\n",
      },
    ],
    expected: ['pace'],
  },
  {
    name: 'highestPc with other signatures is nothing new',
    rule: 'R19 and R28',
    patches: [
      {
        file: 'core/certificates.ts',
        find: 'return isSameStatement(pc, certificate.pc) && isSameSignatures(pc.signatures, certificate.pc.signatures);',
        replace: 'return isSameStatement(pc, certificate.pc);',
      },
    ],
    expected: ['learned'],
  },
  {
    name: 'highestPc is nothing new in its own view',
    rule: 'R28',
    patches: [
      {
        file: 'core/certificates.ts',
        find: "if (certificate.type === 'tc' || certificate.pc.view >= core.view) return false;",
        replace: "if (certificate.type === 'tc') return false;",
      },
    ],
    expected: ['learned'],
  },
  {
    name: 'a proposal is not tried again when its parent comes',
    rule: 'R28',
    patches: [
      {
        file: 'core/step.ts',
        find: '      retryWaiting(core, inserted);\n',
        replace: '      if (!inserted) retryWaiting(core, inserted);\n',
      },
    ],
    expected: ['late parent'],
  },
  {
    name: 'strangers are heard, and the lock moves down',
    rule: 'R1 and R19',
    patches: [
      {
        file: 'core/block-tree/apply.ts',
        find: 'if (compareRanks(candidate.rank, core.lockedPc.rank) <= 0) return;',
        replace: 'if (compareRanks(candidate.rank, core.lockedPc.rank) === 0) return;',
      },
      {
        file: 'core/receive.ts',
        find: '  if (needsActiveSender(message) && !isActiveValidator(core.sets, from)) {\n',
        replace: '  if (needsActiveSender(message) && from.length === 0) {\n',
      },
      {
        file: 'core/receive.ts',
        find: '  if (needsActiveSender(message) && !isActiveValidator(core.sets, from)) return;\n',
        replace: '',
      },
    ],
    traces: ['T1'],
    expected: [],
  },
  {
    name: 'a stale TC moves the view back',
    rule: 'R8',
    patches: [
      {
        file: 'core/certificates.ts',
        find: "if (view >= core.view) enterView(core, asView(view + 1), 'certificate', certificate, from);",
        replace:
          "if (view >= core.view || (certificate.type === 'tc' && view + 1 < core.view)) enterView(core, asView(view + 1), 'certificate', certificate, from);",
      },
      {
        file: 'core/hotstuff/enter-view.ts',
        find: "  invariant(by === 'start' || view > core.view, 'views only grow');\n",
        replace: '',
      },
    ],
    traces: ['T17'],
    expected: ['old TC'],
  },
  {
    name: 'a Decide certificate of a pending update starts no sync',
    rule: 'R10',
    patches: [
      {
        file: 'core/certificates.ts',
        find: "  if (set === 'commit-pc-missing') triggerSync(core, from);\n",
        replace: '',
      },
    ],
    expected: ['Decide without Commit'],
  },
];
