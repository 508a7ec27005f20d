import type { Message } from '../model/messages.ts';
import type { Fate } from './witness.ts';

// What a recorder keeps and the page of `renderTrace` shows. Kinds, fates and texts are indices into lists.

export const MESSAGE_KINDS = [
  'proposal',
  'nudge',
  'phase-vote',
  'new-view',
  'timeout-vote',
  'advance-view',
  'advertise-block',
  'advertise-pc',
  'block-sync-request',
  'block-sync-response',
] as const satisfies readonly Message['type'][];

export const FATES = [
  'delivered',
  'lost',
  'dropped',
  'cut off',
  'nobody there',
  'under way',
] as const satisfies readonly Fate[];

/** What is marked in the lane of a replica. */
export const MARK_KINDS = [
  'view',
  'proposal',
  'vote',
  'certificate',
  'lock',
  'commit',
  'timeout',
  'validators',
  'sync',
  'rejection',
  'boot',
  'down',
  'fault',
] as const;

export type MarkKind = (typeof MARK_KINDS)[number];

/** One copy of a message to another replica. */
export interface RecordedFlight {
  readonly from: number;
  readonly to: number;
  /** Of MESSAGE_KINDS. */
  readonly kind: number;
  /** Virtual milliseconds. */
  readonly sentAt: number;
  /** -1 when it never left. */
  readonly dueAt: number;
  readonly isLate: boolean;
  /** Of FATES. */
  fate: number;
  /** Of `texts`. */
  readonly text: number;
}

export interface RecordedMark {
  readonly replica: number;
  readonly at: number;
  /** Of MARK_KINDS. */
  readonly kind: number;
  readonly text: number;
  /** That a `view` or `boot` mark begins; -1 for others. */
  readonly view: number;
}

/** Something that happened to the world as a whole. */
export interface RecordedNote {
  readonly at: number;
  readonly text: number;
}

export interface RecordedReplica {
  readonly name: string;
  readonly isHonest: boolean;
  /** At genesis; 0 for who was no validator. */
  readonly power: number;
}

/** A part of a world's history: from `startMs`, since earlier times may have been forgotten, to `endMs`. */
export interface Recording {
  readonly seed: number;
  readonly scheme: string;
  readonly viewTimeMs: number;
  readonly epochLength: number;
  readonly leaderTenure: number;
  readonly startMs: number;
  readonly endMs: number;
  readonly replicas: readonly RecordedReplica[];
  readonly texts: readonly string[];
  /** In the order in which they were sent. */
  readonly flights: readonly RecordedFlight[];
  /** In the order in which they happened, as are `notes`. */
  readonly marks: readonly RecordedMark[];
  readonly notes: readonly RecordedNote[];
}
