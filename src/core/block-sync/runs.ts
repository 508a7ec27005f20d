import { hasRightHash } from '../../codec/block.ts';
import type { Block } from '../../model/block.ts';
import { isGenesisPc, type PhaseCertificate } from '../../model/certificate.ts';
import { assignedSetOrNull } from '../certificates.ts';
import type { Core } from '../state.ts';
import { pcVerdict, recordVerdict, subjectOfPc } from '../verdicts.ts';
import { certificateKeptOf } from './requests.ts';
import type { SyncJob, SyncRun } from './state.ts';

/** The certificate that vouches for a block: the next block's justify, the response's highestPc, or a kept one. */
export function certifierOf(core: Core, job: SyncJob, index: number): PhaseCertificate | null {
  const { hash } = job.blocks[index] as Block;
  const next = job.blocks[index + 1];
  if (next?.justify.block === hash) return next.justify;
  if (job.highestPc.block === hash) return job.highestPc;
  const kept = certificateKeptOf(core, hash);
  // Kept under another set than the one of now, it vouches for nothing, which is no fault of the server's.
  return kept !== null && pcVerdict(core, core.sets.committed, kept) === false ? null : kept;
}

/**
 * The run of blocks that begins at `first`: each is what its hash says, one higher than the block before, and names it
 * by a Generic certificate. A certificate of the last vouches for all certificates inside (SPECIFICATION.md section
 * 10). It ends where the validator set changes, so that the certificates there are verified themselves. Null when
 * nothing certifies a block of it.
 */
export function runFrom(core: Core, job: SyncJob, first: number): SyncRun | null {
  let last = first;
  if (!isOfItsHash(core, job.blocks[first] as Block)) return null;
  while (isNextInRun(core, job.blocks[last] as Block, job.blocks[last + 1])) last++;
  let tip = certifierOf(core, job, last);
  if (tip === null && last > first) {
    tip = (job.blocks[last] as Block).justify;
    last--;
  }
  const set = tip === null ? null : assignedSetOrNull(core, tip);
  return tip === null || set === null ? null : { first, last, tip, set, valid: undefined };
}

export const isOfItsHash = (core: Core, block: Block): boolean =>
  hasRightHash(core.config.chain.scheme, block);

const isNextInRun = (core: Core, block: Block, next: Block | undefined): boolean =>
  next !== undefined &&
  next.justify.block === block.hash &&
  next.justify.phase === 'generic' &&
  next.height === block.height + 1 &&
  isOfItsHash(core, next);

/** Whether the block that the job is at belongs to its run, so that its hash was checked. */
export const isInRun = ({ run, next }: SyncJob): boolean =>
  run !== null && run.first <= next && next <= run.last;

/**
 * Whether the run's certificate holds; undefined while that is not known, or when the job is beyond the run or the sets
 * have moved since. If it does, the certificates below and above the block that the job is at are noted as verified.
 */
export function vouch(core: Core, job: SyncJob): boolean | undefined {
  const { run, blocks, next } = job;
  if (run === null || !isInRun(job) || run.set !== core.sets.committed) return undefined;
  run.valid ??= pcVerdict(core, run.set, run.tip);
  // A certificate that was kept here and fails is no fault of the server's.
  if (run.valid === false && run.tip !== job.highestPc && run.tip !== blocks[run.last + 1]?.justify)
    return undefined;
  if (run.valid !== true) return run.valid;
  const below = (blocks[next] as Block).justify;
  // That which decides an update is verified itself.
  if (below.phase === 'generic') note(core, run, below);
  note(core, run, next === run.last ? run.tip : (blocks[next + 1] as Block).justify);
  return true;
}

function note(core: Core, { set }: SyncRun, pc: PhaseCertificate): void {
  if (isGenesisPc(pc) || pcVerdict(core, set, pc) !== undefined) return;
  recordVerdict(core, set, subjectOfPc(pc), pc.signatures, true);
}
