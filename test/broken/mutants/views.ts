import type { Mutant } from '../mutant.ts';

// Views, leaders and proposing: R7, R12 to R14, R19, R26, R27, R29, R30.

const ENTER = 'core/hotstuff/enter-view.ts';
const TIMEOUTS = 'core/pacemaker/timeouts.ts';
const PROPOSE = 'core/hotstuff/propose.ts';
const ASTRAY = 'core/pacemaker/astray.ts';
const START = 'core/start.ts';

export const viewMutants: readonly Mutant[] = [
  {
    name: 'a restart forgets its last vote',
    rule: 'R7',
    patches: [
      {
        file: START,
        find: 'let view: number = Math.max(entry.view, disk.lastVote?.view ?? 0);',
        replace: 'let view: number = entry.view;',
      },
    ],
    expected: ['restart views'],
  },
  {
    name: 'a restart forgets its highest certificate',
    rule: 'R7',
    patches: [
      {
        file: START,
        find: 'if (!isGenesisPc(pc) && pc.view + 1 > view) {',
        replace: 'if (isGenesisPc(pc) && view < 0) {',
      },
    ],
    expected: ['restart views'],
  },
  {
    name: 'a restart forgets its highest TC',
    rule: 'R7',
    patches: [
      {
        file: START,
        find: 'if (tc !== null && tc.view + 1 > view) {',
        replace: 'if (tc !== null && view < 0) {',
      },
    ],
    expected: ['restart views'],
  },
  {
    name: 'a view is entered without a write',
    rule: 'R7',
    patches: [
      {
        file: ENTER,
        find: "  write(core, 'entry', { view, certificate: core.entryCertificate });\n",
        replace: '',
      },
    ],
    traces: ['T28'],
    expected: ['calm ed25519'],
  },
  {
    name: 'a view is written without its certificate',
    rule: 'R7',
    patches: [
      {
        file: ENTER,
        find: "write(core, 'entry', { view, certificate: core.entryCertificate });",
        replace: "write(core, 'entry', { view, certificate: null });",
      },
    ],
    traces: ['T33'],
    expected: ['calm ed25519'],
  },
  {
    name: 'epoch-change views are left by timer',
    rule: 'R7',
    patches: [
      {
        file: TIMEOUTS,
        find: 'if (!isEpochChange(view, core.config.chain.epochLength)) {\n    enterView',
        replace: 'if (view > 0) {\n    enterView',
      },
    ],
    traces: ['T22'],
    expected: ['epoch change'],
  },
  {
    name: 'the whole epoch has one deadline',
    rule: 'R13',
    patches: [
      {
        file: ENTER,
        find: "setTimer(core, { type: 'view', view }, viewTimeMs);",
        replace:
          "setTimer(core, { type: 'view', view }, viewTimeMs * (core.config.chain.epochLength - (view % core.config.chain.epochLength)));",
      },
    ],
    traces: ['T12'],
    expected: ['deadlines'],
  },
  {
    name: 'nobody relays entry certificates',
    rule: 'R13',
    patches: [
      {
        file: TIMEOUTS,
        find: "if (amActiveValidator(core)) broadcastCertificate(core, core.entryCertificate, 'relay');",
        replace: "if (core.view < 0) broadcastCertificate(core, core.entryCertificate, 'relay');",
      },
    ],
    expected: ['relay'],
  },
  {
    name: 'a waiting leader does not show its certificate',
    rule: 'R13',
    patches: [{ file: PROPOSE, find: '  if (mayWait) announceEntry(core);\n', replace: '' }],
    expected: ['waiting leader'],
  },
  {
    name: 'stale TimeoutVotes are not answered',
    rule: 'R14',
    patches: [
      {
        file: TIMEOUTS,
        find: 'if (view < core.view) return answerStale(core, from, view);',
        replace: "if (view < core.view) return reject(core, from, message, 'stale');",
      },
    ],
    traces: ['T31'],
    expected: ['stale TimeoutVote'],
  },
  {
    name: 'a stale TimeoutVote is answered without the vote',
    rule: 'R14',
    patches: [{ file: TIMEOUTS, find: '  sendTimeoutVote(core, view, [to]);\n', replace: '' }],
    expected: ['stale TimeoutVote'],
  },
  {
    name: 'a stale TimeoutVote is answered without the certificate',
    rule: 'R14',
    patches: [
      {
        file: TIMEOUTS,
        find: 'if (highest === null || highest.view < view) return;',
        replace: 'if (highest === null || highest.view >= 0) return;',
      },
    ],
    expected: ['stale TimeoutVote'],
  },
  {
    name: 'an entry by timer erases the entry certificate',
    rule: 'R14',
    patches: [
      {
        file: ENTER,
        find: 'if (certificate !== null) core.entryCertificate = certificate;',
        replace: "if (by !== 'start') core.entryCertificate = certificate;",
      },
    ],
    expected: ['entry certificate stays'],
  },
  {
    name: 'leaders change every view',
    rule: 'R26',
    patches: [
      {
        file: 'core/pacemaker/leader.ts',
        find: 'Math.floor(view / tenure);',
        replace: 'view + 0 * tenure;',
      },
    ],
    traces: ['T29'],
    expected: ['tenure'],
  },
  {
    name: 'leaders propose on what they have',
    rule: 'R27',
    patches: [
      {
        file: PROPOSE,
        find: '!proposing.waitOver && !hasEnoughNewViews(core)) {',
        replace: '!proposing.waitOver && proposing.waitOver) {',
      },
    ],
    traces: ['T30'],
    expected: ['NewViews first'],
  },
  {
    name: 'no NewView to whoever shows a certificate, known or not',
    rule: 'R27',
    patches: [
      {
        file: ENTER,
        find: 'sendNewView(core, view, isHighest(core, certificate) ? shownBy : null);',
        replace: 'sendNewView(core, view, shownBy);',
      },
    ],
    expected: ['NewViews to the uninformed'],
  },
  {
    name: 'leaders wait for NewViews without end',
    rule: 'R27',
    patches: [
      {
        file: PROPOSE,
        find: "    setTimer(core, { type: 'new-views', view }, core.config.settings.viewTimeMs / 4);\n",
        replace: '',
      },
    ],
    expected: ['NewViews first'],
  },
  {
    name: 'proposeUpTo is not written',
    rule: 'R29',
    patches: [
      { file: 'core/hotstuff/vote.ts', find: "    write(core, 'proposeUpTo', next);\n", replace: '' },
      { file: PROPOSE, find: "    write(core, 'proposeUpTo', core.view);\n", replace: '' },
    ],
    expected: ['calm ed25519'],
  },
  {
    name: 'a leader proposes again after a restart',
    rule: 'R29',
    patches: [
      { file: PROPOSE, find: ' || view <= core.proposedBefore) return; // R29', replace: ') return;' },
    ],
    expected: ['propose once'],
  },
  {
    name: 'a proposal does not wait for proposeUpTo',
    rule: 'R29',
    patches: [
      {
        file: PROPOSE,
        find: 'isInThisStep ? THIS_STEP : core.proposeUpToTicket',
        replace: 'isInThisStep ? core.durable : core.proposeUpToTicket',
      },
    ],
    expected: ['written before proposing', 'calm ed25519'],
  },
  {
    name: 'nobody catches up with the views of others',
    rule: 'R30',
    patches: [{ file: ASTRAY, find: '  if (view > core.view) catchUp(core);\n', replace: '' }],
    traces: ['T34'],
    expected: ['catch up'],
  },
  {
    name: 'a single validator draws others into its view',
    rule: 'R30',
    patches: [
      {
        file: ASTRAY,
        find: 'if (power > set.totalPower - set.quorum) return one.view;',
        replace: 'if (power > 0) return one.view;',
      },
    ],
    expected: ['catch up'],
  },
  {
    name: 'catching up passes an epoch-change view',
    rule: 'R30',
    patches: [
      {
        file: ASTRAY,
        find: 'Math.min(reached, nextEpochChange(core.view, epochLength))',
        replace: 'Math.max(reached, nextEpochChange(core.view, 1))',
      },
    ],
    expected: ['catch up to the epoch'],
  },
  {
    name: 'who is astray tells the leaders only',
    rule: 'R30',
    patches: [
      {
        file: ENTER,
        find: "core.enteredBy === 'timer' && core.timersInARow >= 2",
        replace: "core.enteredBy === 'timer' && core.timersInARow < 0",
      },
    ],
    expected: ['astray', 'T34'],
  },
  {
    name: 'view 0 is no epoch-change view',
    rule: 'R7',
    patches: [
      {
        file: 'core/pacemaker/epochs.ts',
        find: '(view: View, epochLength: number): boolean => view % epochLength === 0;',
        replace: '(view: View, epochLength: number): boolean => view > 0 && view % epochLength === 0;',
      },
    ],
    expected: ['T33'],
  },
  {
    name: 'TimeoutVotes make no certificate',
    rule: 'pacemaker',
    patches: [
      {
        file: 'core/pacemaker/timeouts.ts',
        find: '  formTimeoutIfQuorum(core, view, tally);\n}\n',
        replace: '  if (view < 0) formTimeoutIfQuorum(core, view, tally);\n}\n',
      },
    ],
    expected: ['epoch end'],
  },
  {
    name: 'a replica in an epoch-change view tells it once',
    rule: 'pacemaker',
    patches: [
      {
        file: 'core/pacemaker/timeouts.ts',
        find: "  setTimer(core, { type: 'view', view }, core.config.settings.viewTimeMs);\n",
        replace: '',
      },
    ],
    expected: ['epoch change'],
  },
  {
    name: 'nobody relays entry certificates, and nobody catches up',
    rule: 'R13 and R30',
    patches: [
      {
        file: TIMEOUTS,
        find: "if (amActiveValidator(core)) broadcastCertificate(core, core.entryCertificate, 'relay');",
        replace: "if (core.view < 0) broadcastCertificate(core, core.entryCertificate, 'relay');",
      },
      { file: ASTRAY, find: '  if (view > core.view) catchUp(core);\n', replace: '' },
    ],
    traces: ['T27'],
    expected: [],
  },
  {
    name: 'a leader that waits shows nobody the certificate that it formed',
    rule: 'R13',
    patches: [
      { file: PROPOSE, find: '  if (mayWait) announceEntry(core);\n', replace: '' },
      {
        file: 'core/step.ts',
        find: "if (isCarried && (proposing.status === 'done' || !proposing.mayWait)) continue;",
        replace: 'if (isCarried) continue;',
      },
    ],
    traces: ['T36'],
    expected: [],
  },
];
