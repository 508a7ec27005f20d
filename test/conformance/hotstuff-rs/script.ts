import { leaderOf } from '../../../src/core/pacemaker/leader.ts';
import type { PhaseCertificate, TimeoutCertificate } from '../../../src/model/certificate.ts';
import { asView, type BlockHash, type Height, type View } from '../../../src/model/ids.ts';
import type { Message } from '../../../src/model/messages.ts';
import type { ValidatorSet } from '../../../src/model/validator-set.ts';
import { nameOf, type SetName, setOf } from './cast.ts';
import { encode, type NamedCertificate } from './catalogue.ts';
import { type Plain, plain } from './plain.ts';

/**
 * One step of an exchange with a running hotstuff_rs replica.
 *
 * `send`: the replica receives a frame of ours. `expect`: it must send exactly this frame, and before that no other
 * that it has not been expected to send. `holds`: its block tree must come to hold these values. `answer`: its sync
 * server, a thread of its own, must send this frame, whatever it sends besides.
 */
export type Step =
  | { readonly send: Message; readonly from: string }
  | { readonly expect: Message; readonly to: string }
  | { readonly answer: Message; readonly to: string }
  | { readonly holds: TreeState };

/** Variables of hotstuff_rs's block tree, as its `BlockTreeSnapshot` reads them. */
export interface TreeState {
  readonly highestPc?: PhaseCertificate;
  readonly lockedPc?: PhaseCertificate;
  readonly highestTc?: TimeoutCertificate;
  readonly highestCommittedBlock?: BlockHash;
  readonly newestBlock?: BlockHash;
  readonly highestViewEntered?: View;
  readonly highestViewVoted?: View;
  /** In the order of the slots. */
  readonly committedValidators?: NamedCertificate['set'];
  readonly previousValidators?: NamedCertificate['set'];
  readonly updateHeight?: Height;
  readonly updateDecided?: boolean;
}

export interface ScriptSettings {
  readonly epochLength: number;
  readonly maxViewTimeMs: number;
  readonly advertiseMs: number;
  readonly requestLimit: number;
  readonly minViewDifference: number;
}

export interface Script {
  readonly name: string;
  /** The key of the hotstuff_rs replica. */
  readonly replica: string;
  readonly set: SetName;
  readonly settings: ScriptSettings;
  readonly steps: readonly Step[];
}

/** To every peer. */
export const ALL = 'all';

export interface ScriptWriter {
  readonly steps: Step[];
  send(from: string, message: Message): void;
  expect(to: string, message: Message): void;
  answer(to: string, message: Message): void;
  holds(state: TreeState): void;
}

export function createScript(): ScriptWriter {
  const steps: Step[] = [];
  return {
    steps,
    send: (from, send) => steps.push({ send, from }),
    expect: (to, expect) => steps.push({ expect, to }),
    answer: (to, answer) => steps.push({ answer, to }),
    holds: (holds) => steps.push({ holds }),
  };
}

/** The leader by v0.4.0's rule, which is ours with a tenure of one view. */
export const leader = (set: SetName | ValidatorSet, view: number): string =>
  nameOf(leaderOf(typeof set === 'string' ? setOf(set) : set, asView(view), 1));

export const next = (view: View): View => asView(view + 1);

/** As it is written to the vectors: frames in hex. */
export function plainStep(step: Step): Plain {
  const hexOf = (message: Message): string => plain(encode(message)) as string;
  if ('send' in step) return { send: hexOf(step.send), from: step.from };
  if ('expect' in step) return { expect: hexOf(step.expect), to: step.to };
  if ('answer' in step) return { answer: hexOf(step.answer), to: step.to };
  return { holds: plain(step.holds) };
}
