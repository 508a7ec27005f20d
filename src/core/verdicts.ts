import type { PhaseCertificate, ProgressCertificate, TimeoutCertificate } from '../model/certificate.ts';
import { isGenesisPc } from '../model/certificate.ts';
import type { VoteSubject } from '../model/messages.ts';
import { type SignatureSet, slotsFor } from '../model/scheme.ts';
import type { ValidatorSet } from '../model/validator-set.ts';
import type { Core } from './state.ts';

/**
 * Verdicts on certificates, keyed by the set that they were verified against (R15: the same keys with other powers
 * are another set) and by every byte (two quorums can sign one statement, and a block's hash covers the bytes).
 */
export interface Judged {
  readonly set: ValidatorSet;
  readonly signatures: SignatureSet;
}

/** By statement. Apart, so that what anybody can make up in any number displaces nothing that a quorum signed. */
export interface Verdicts {
  readonly valid: Map<string, Judged[]>;
  readonly refused: Map<string, Judged[]>;
}

export const noVerdicts = (): Verdicts => ({ valid: new Map(), refused: new Map() });

/**
 * Statements remembered of each kind: some epochs of views, phases and branches; the oldest go first. More would only
 * make the core larger, which is copied when a trace begins.
 */
const MAX_STATEMENTS = 256;
/** Byte-wise different certificates remembered per statement and kind. */
const MAX_PER_STATEMENT = 8;

export const subjectOfPc = ({ chainId, view, block, phase }: PhaseCertificate): VoteSubject => ({
  type: 'phase-vote',
  chainId,
  view,
  block,
  phase,
});

const subjectOfTc = ({ chainId, view }: TimeoutCertificate): VoteSubject => ({
  type: 'timeout-vote',
  chainId,
  view,
});

export const subjectOf = (certificate: ProgressCertificate): VoteSubject =>
  certificate.type === 'pc' ? subjectOfPc(certificate.pc) : subjectOfTc(certificate.tc);

export const signaturesOf = (certificate: ProgressCertificate): SignatureSet =>
  certificate.type === 'pc' ? certificate.pc.signatures : certificate.tc.signatures;

type Statement = Pick<PhaseCertificate, 'chainId' | 'view' | 'block' | 'phase'>;

/** The key made last: while one certificate is being worked on, the same is asked for again and again. */
const latest: { statement: Statement | null; key: string } = { statement: null, key: '' };

const isSameStatement = (a: Statement, b: Statement): boolean =>
  a === b || (a.view === b.view && a.block === b.block && a.phase === b.phase && a.chainId === b.chainId);

function keyOfStatement(statement: Statement): string {
  if (latest.statement === null || !isSameStatement(latest.statement, statement)) {
    const { chainId, view, phase, block } = statement;
    latest.key = `${chainId}/${view}/${phase}/${block}`;
    latest.statement = { chainId, view, phase, block };
  }
  return latest.key;
}

const keyOf = (subject: VoteSubject): string =>
  subject.type === 'phase-vote' ? keyOfStatement(subject) : `${subject.chainId}/${subject.view}`;

const keyOfCertificate = (certificate: ProgressCertificate): string =>
  certificate.type === 'pc'
    ? keyOfStatement(certificate.pc)
    : `${certificate.tc.chainId}/${certificate.tc.view}`;

function isSameBytes(a: Uint8Array, b: Uint8Array): boolean {
  if (a === b) return true;
  if (a.length !== b.length) return false;
  for (let at = 0; at < a.length; at++) if (a[at] !== b[at]) return false;
  return true;
}

/** Equal signers and equal bytes: the same bytes claimed for other signers are another certificate. */
export const isSameSignatures = (a: SignatureSet, b: SignatureSet): boolean =>
  a === b || (a.slots === b.slots && isSameBytes(a.bitmap, b.bitmap) && isSameBytes(a.bytes, b.bytes));

function isAmong(
  judged: readonly Judged[] | undefined,
  set: ValidatorSet,
  signatures: SignatureSet,
): boolean {
  if (judged === undefined) return false;
  for (const one of judged) if (one.set === set && isSameSignatures(one.signatures, signatures)) return true;
  return false;
}

function judgementOn(
  core: Core,
  set: ValidatorSet,
  key: string,
  signatures: SignatureSet,
): boolean | undefined {
  if (!hasQuorumShape(core, set, signatures)) return false;
  if (isAmong(core.verdicts.valid.get(key), set, signatures)) return true;
  return isAmong(core.verdicts.refused.get(key), set, signatures) ? false : undefined;
}

/** Whether signatures over `subject` are valid under `set`; undefined when they were not verified yet. */
export const verdictOn = (
  core: Core,
  set: ValidatorSet,
  subject: VoteSubject,
  signatures: SignatureSet,
): boolean | undefined => judgementOn(core, set, keyOf(subject), signatures);

/** Whether the certificate's signatures are valid under `set`; undefined when they were not verified yet. */
export const certificateVerdict = (
  core: Core,
  set: ValidatorSet,
  certificate: ProgressCertificate,
): boolean | undefined => judgementOn(core, set, keyOfCertificate(certificate), signaturesOf(certificate));

/** Whether `pc` is signed by a quorum of `set`; undefined when that was not verified yet. */
export const pcVerdict = (core: Core, set: ValidatorSet, pc: PhaseCertificate): boolean | undefined =>
  isGenesisPc(pc) ? true : judgementOn(core, set, keyOfStatement(pc), pc.signatures);

export function recordVerdict(
  core: Core,
  set: ValidatorSet,
  subject: VoteSubject,
  signatures: SignatureSet,
  valid: boolean,
): void {
  const key = keyOf(subject);
  const statements = valid ? core.verdicts.valid : core.verdicts.refused;
  const known = statements.get(key) ?? [];
  if (isAmong(known, set, signatures)) return;
  statements.delete(key);
  if (known.length >= MAX_PER_STATEMENT) known.shift();
  known.push({ set, signatures });
  statements.set(key, known);
  if (statements.size > MAX_STATEMENTS) {
    const oldest = statements.keys().next();
    if (oldest.done !== true) statements.delete(oldest.value);
  }
}

/** Indices of the set bits of a bitmap, ascending. */
export function signersIn(bitmap: Uint8Array): number[] {
  const indices: number[] = [];
  for (let at = 0; at < bitmap.length; at++) {
    const byte = bitmap[at] as number;
    for (let bit = 0; bit < 8; bit++) if ((byte & (1 << bit)) !== 0) indices.push(at * 8 + bit);
  }
  return indices;
}

/** Everything about a certificate but its signatures: exactly n slots, no stray bit, a quorum of power (R20). */
export function hasQuorumShape(core: Core, set: ValidatorSet, { slots, bitmap }: SignatureSet): boolean {
  const { validators } = set;
  const n = validators.length;
  if (slots !== slotsFor(core.config.chain.scheme, n) || bitmap.length !== (n + 7) >> 3) return false;
  let power = 0;
  for (let at = 0; at < bitmap.length; at++) {
    for (let rest = bitmap[at] as number, index = 8 * at; rest !== 0; rest >>= 1, index++) {
      if ((rest & 1) === 0) continue;
      const validator = index < n ? validators[index] : undefined;
      if (validator === undefined) return false;
      power += validator.power;
    }
  }
  return power >= set.quorum;
}
