import type { Phase, PhaseCertificate } from '../../model/certificate.ts';
import { asView, type ReplicaId, type View } from '../../model/ids.ts';
import { isMember, type ValidatorSet, type ValidatorSets } from '../../model/validator-set.ts';
import { leaderOf, turnOf } from '../pacemaker/leader.ts';

/**
 * Roles while a validator-set update is, or is not, decided (SPECIFICATION.md section 4):
 *
 * | question                              | decided                     | not decided                                |
 * |---------------------------------------|-----------------------------|--------------------------------------------|
 * | is X an active validator?             | in CVS                      | in CVS or PVS                              |
 * | is X a proposer of v?                 | leader of v in CVS          | leader of v in CVS or in PVS               |
 * | does X phase-vote on a justify?       | in CVS                      | Commit: in CVS; any other phase: in PVS    |
 * | who receives a vote of view v?        | leaders of v, v + 1 in CVS  | Decide: those of CVS; any other: of PVS    |
 * | who receives NewView on entering v?   | leader of v in CVS          | leaders of v in CVS and in PVS             |
 */

/** The sets whose members are heard: CVS, and PVS until the latest update is decided. */
export function activeSets(sets: ValidatorSets): readonly ValidatorSet[] {
  return sets.decided ? [sets.committed] : [sets.committed, sets.previous];
}

export function isActiveValidator(sets: ValidatorSets, id: ReplicaId): boolean {
  return isMember(sets.committed, id) || (!sets.decided && isMember(sets.previous, id));
}

interface Proposers {
  readonly turn: number;
  readonly tenure: number;
  readonly ids: readonly ReplicaId[];
}

/** The answer given last, which is asked for in every step of a turn. */
const latest = new WeakMap<ValidatorSets, Proposers>();
const NOBODY: readonly ReplicaId[] = [];

/** The proposers of `view`, one or two. View 0 has none: it carries no proposal. */
export function proposersOf(sets: ValidatorSets, view: View, tenure: number): readonly ReplicaId[] {
  if (view === 0) return NOBODY;
  const known = latest.get(sets);
  const turn = turnOf(view, tenure);
  if (known !== undefined && known.turn === turn && known.tenure === tenure) return known.ids;
  const ids = findProposers(sets, view, tenure);
  latest.set(sets, { turn, tenure, ids });
  return ids;
}

function findProposers(sets: ValidatorSets, view: View, tenure: number): readonly ReplicaId[] {
  return distinct(activeSets(sets).map((set) => leaderOf(set, view, tenure)));
}

/** The set whose members vote on a proposal or nudge with `justify`. */
export function votersOn(sets: ValidatorSets, justify: PhaseCertificate): ValidatorSet {
  if (sets.decided) return sets.committed;
  return justify.phase === 'commit' ? sets.committed : sets.previous;
}

/** The set whose votes of `phase` make a certificate. */
export function signersOf(sets: ValidatorSets, phase: Phase): ValidatorSet {
  if (sets.decided) return sets.committed;
  return phase === 'decide' ? sets.committed : sets.previous;
}

/** A vote goes to the leaders of its view and of the next, so that two live leaders in a row suffice (R12). */
export function voteRecipients(
  sets: ValidatorSets,
  view: View,
  phase: Phase,
  tenure: number,
): readonly ReplicaId[] {
  const set = signersOf(sets, phase);
  return distinct([leaderOf(set, view, tenure), leaderOf(set, asView(view + 1), tenure)]);
}

export function newViewRecipients(sets: ValidatorSets, view: View, tenure: number): readonly ReplicaId[] {
  return distinct(activeSets(sets).map((set) => leaderOf(set, view, tenure)));
}

/** Every member of an active set, once. */
export function activeValidators(sets: ValidatorSets): readonly ReplicaId[] {
  return distinct(activeSets(sets).flatMap((set) => set.validators.map(({ id }) => id)));
}

const distinct = (ids: readonly ReplicaId[]): readonly ReplicaId[] =>
  ids.length < 2 || (ids.length === 2 && ids[0] !== ids[1]) ? ids : [...new Set(ids)];
