import type { Mutant } from '../mutant.ts';

// Who has which role while a validator-set update is under way (SPECIFICATION.md section 4), and what an update needs.

const ROLES = 'core/hotstuff/roles.ts';

export const roleMutants: readonly Mutant[] = [
  {
    name: 'the old set votes on the Commit nudge',
    rule: 'roles',
    patches: [
      {
        file: ROLES,
        find: "return justify.phase === 'commit' ? sets.committed : sets.previous;",
        replace: "return justify.phase === 'commit' ? sets.previous : sets.previous;",
      },
    ],
    expected: ['T32', 'set changes'],
  },
  {
    name: 'the new set votes before the update is decided',
    rule: 'roles',
    patches: [
      {
        file: ROLES,
        find: "return justify.phase === 'commit' ? sets.committed : sets.previous;",
        replace: "return justify.phase === 'commit' ? sets.committed : sets.committed;",
      },
    ],
    expected: ['role table'],
  },
  {
    name: 'Decide votes go to the leaders of the old set',
    rule: 'roles',
    patches: [
      {
        file: ROLES,
        find: "return phase === 'decide' ? sets.committed : sets.previous;",
        replace: "return phase === 'decide' ? sets.previous : sets.previous;",
      },
    ],
    expected: ['role table'],
  },
  {
    name: 'only the new set leads while an update is undecided',
    rule: 'roles',
    patches: [
      {
        file: ROLES,
        find: 'return distinct(activeSets(sets).map((set) => leaderOf(set, view, tenure)));\n}\n\n/** The set whose members vote',
        replace: 'return [leaderOf(sets.committed, view, tenure)];\n}\n\n/** The set whose members vote',
      },
    ],
    expected: ['role table'],
  },
  {
    name: 'only the old set leads while an update is undecided',
    rule: 'roles',
    patches: [
      {
        file: ROLES,
        find: 'return distinct(activeSets(sets).map((set) => leaderOf(set, view, tenure)));\n}\n\n/** The set whose members vote',
        replace:
          'return [leaderOf(sets.decided ? sets.committed : sets.previous, view, tenure)];\n}\n\n/** The set whose members vote',
      },
    ],
    expected: ['role table'],
  },
  {
    name: 'a Prepare certificate locks',
    rule: 'lock clause',
    patches: [
      {
        file: 'core/block-tree/apply.ts',
        find: "  if (pc.phase === 'prepare') return null;\n",
        replace: '',
      },
    ],
    expected: ['update phases'],
  },
  {
    name: 'nobody passes the Commit certificate of an update on',
    rule: 'section 8',
    patches: [
      {
        file: 'core/block-tree/commit.ts',
        find: "  send(core, 'all', { type: 'advance-view', certificate: { type: 'pc', pc: commitPc } }, NO_WAIT);\n",
        replace: '',
      },
    ],
    expected: ['passed on'],
  },
  {
    name: 'a listener votes to leave views',
    rule: 'section 7',
    patches: [
      {
        file: 'core/pacemaker/timeouts.ts',
        find: "  if (!amActiveValidator(core)) return;\n  sendTimeoutVote(core, core.view, 'all');",
        replace: "  sendTimeoutVote(core, core.view, 'all');",
      },
    ],
    expected: ['listener'],
  },
];
