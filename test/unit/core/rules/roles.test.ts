import { describe, expect, test } from 'vitest';
import {
  activeValidators,
  isActiveValidator,
  newViewRecipients,
  proposersOf,
  signersOf,
  voteRecipients,
  votersOn,
} from '../../../../src/core/hotstuff/roles.ts';
import { GENESIS_PC, PHASES, type Phase } from '../../../../src/model/certificate.ts';
import { asHeight, asView, type ReplicaId } from '../../../../src/model/ids.ts';
import type { ValidatorSets } from '../../../../src/model/validator-set.ts';
import { idOf, setOf } from '../../../support/golden-data.ts';

// SPECIFICATION.md section 4, row by row: r0 to r3 are the old set, r3 to r6 the new one. Leaders change every
// view, so that the old set's leader of view v is the one at v mod 4, and so is the new set's.
const OLD = ['r0', 'r1', 'r2', 'r3'];
const NEW = ['r3', 'r4', 'r5', 'r6'];

const sets = (decided: boolean): ValidatorSets => ({
  committed: setOf(NEW, []),
  previous: setOf(OLD, []),
  updateHeight: asHeight(7),
  decided,
});
const named = (ids: readonly ReplicaId[]): readonly string[] =>
  ids.map((id) => `r${Number.parseInt(id, 16) - 1}`);
const justify = (phase: Phase) => ({ ...GENESIS_PC, phase });

describe('Roles while an update is decided', () => {
  test('are those of the committed set', () => {
    const decided = sets(true);
    expect(named(activeValidators(decided))).toEqual(NEW);
    expect(isActiveValidator(decided, idOf('r0'))).toBe(false);
    expect(named(proposersOf(decided, asView(5), 1))).toEqual(['r4']);
    expect(named(newViewRecipients(decided, asView(5), 1))).toEqual(['r4']);
    for (const phase of PHASES) {
      expect(votersOn(decided, justify(phase))).toBe(decided.committed);
      expect(signersOf(decided, phase)).toBe(decided.committed);
      expect(named(voteRecipients(decided, asView(5), phase, 1))).toEqual(['r4', 'r5']);
    }
  });
});

describe('Roles while an update is not decided', () => {
  const open = sets(false);

  test('members of either set are active, and the leaders of both propose and get NewViews', () => {
    expect(new Set(named(activeValidators(open)))).toEqual(new Set([...OLD, ...NEW]));
    expect(activeValidators(open)).toHaveLength(7);
    for (const name of [...OLD, ...NEW]) expect(isActiveValidator(open, idOf(name))).toBe(true);
    expect(isActiveValidator(open, idOf('r7'))).toBe(false);
    expect(named(proposersOf(open, asView(5), 1))).toEqual(['r4', 'r1']);
    expect(named(newViewRecipients(open, asView(5), 1))).toEqual(['r4', 'r1']);
  });

  test.each(PHASES)('on a justify of phase %s', (phase) => {
    expect(votersOn(open, justify(phase))).toBe(phase === 'commit' ? open.committed : open.previous);
  });

  test.each(PHASES)('votes of phase %s', (phase) => {
    expect(signersOf(open, phase)).toBe(phase === 'decide' ? open.committed : open.previous);
    const recipients = named(voteRecipients(open, asView(5), phase, 1));
    expect(recipients).toEqual(phase === 'decide' ? ['r4', 'r5'] : ['r1', 'r2']);
  });
});

describe('View 0', () => {
  test('has no proposer', () => {
    expect(proposersOf(sets(true), asView(0), 1)).toEqual([]);
  });
});
