import type { Schema } from 'borsh';
import type { Block } from '../../../src/model/block.ts';
import { PHASES, type PhaseCertificate, type TimeoutCertificate } from '../../../src/model/certificate.ts';
import { hexToBytes } from '../../../src/model/hex.ts';
import type { Message } from '../../../src/model/messages.ts';
import type { SchemeName, SignatureSet } from '../../../src/model/scheme.ts';

// The types of SPECIFICATION.md section 2, written down a second time for a Borsh library that knows nothing of ours:
// as schemas, and as plain objects that fit them.

const fixed = (len: number): Schema => ({ array: { type: 'u8', len } });
const vec = (type: Schema): Schema => ({ array: { type } });
const struct = (fields: Record<string, Schema>): Schema => ({ struct: fields });
const variants = (...all: readonly (readonly [name: string, schema: Schema])[]): Schema => ({
  enum: all.map(([name, schema]) => ({ struct: { [name]: schema } })),
});

export interface Schemas {
  readonly phaseCertificate: Schema;
  readonly block: Schema;
  readonly message: Schema;
}

export function schemasOf(scheme: SchemeName): Schemas {
  const bls = scheme === 'bls12381';
  const signatures = bls ? struct({ bitmap: vec('u8'), aggregate: fixed(48) }) : vec({ option: fixed(64) });
  const signature = fixed(bls ? 96 : 64);
  const phaseCertificate = struct({
    chain_id: 'u64',
    view: 'u64',
    block: fixed(32),
    phase: 'u8',
    signatures,
  });
  const timeoutCertificate = struct({ chain_id: 'u64', view: 'u64', signatures });
  const block = struct({
    height: 'u64',
    hash: fixed(32),
    justify: phaseCertificate,
    data_hash: fixed(32),
    data: vec(vec('u8')),
  });
  const hotStuff = variants(
    ['Proposal', struct({ chain_id: 'u64', view: 'u64', block })],
    ['Nudge', struct({ chain_id: 'u64', view: 'u64', justify: phaseCertificate })],
    ['PhaseVote', struct({ chain_id: 'u64', view: 'u64', block: fixed(32), phase: 'u8', signature })],
    ['NewView', struct({ chain_id: 'u64', view: 'u64', highest_pc: phaseCertificate })],
  );
  const progressCertificate = variants(
    ['TimeoutCertificate', timeoutCertificate],
    ['PhaseCertificate', phaseCertificate],
  );
  const pacemaker = variants(
    [
      'TimeoutVote',
      struct({ chain_id: 'u64', view: 'u64', signature, highest_tc: { option: timeoutCertificate } }),
    ],
    ['AdvanceView', struct({ progress_certificate: progressCertificate })],
  );
  const advertise = variants(
    ['AdvertiseBlock', struct({ chain_id: 'u64', highest_committed_block_height: 'u64', signature })],
    ['AdvertisePC', struct({ highest_pc: phaseCertificate })],
  );
  const blockSync = variants(
    ['Request', struct({ chain_id: 'u64', start_height: 'u64', limit: 'u32' })],
    ['Response', struct({ blocks: vec(block), highest_pc: phaseCertificate })],
  );
  const progress = variants(
    ['HotStuff', hotStuff],
    ['Pacemaker', pacemaker],
    ['BlockSyncAdvertise', advertise],
  );
  return { phaseCertificate, block, message: variants(['Progress', progress], ['BlockSync', blockSync]) };
}

const hashBytes = (hex: string): number[] => [...hexToBytes(hex)];

function plainSignatures(scheme: SchemeName, { slots, bitmap, bytes }: SignatureSet): unknown {
  if (scheme === 'bls12381') {
    return { bitmap: [...bitmap], aggregate: slots === 0 ? new Array(48).fill(0) : [...bytes] };
  }
  let next = 0;
  return Array.from({ length: slots }, (_, slot) => {
    if (((bitmap[slot >> 3]! >> (slot & 7)) & 1) === 0) return null;
    next += 64;
    return [...bytes.subarray(next - 64, next)];
  });
}

export function plainPhaseCertificate(scheme: SchemeName, pc: PhaseCertificate): unknown {
  return {
    chain_id: BigInt(pc.chainId),
    view: BigInt(pc.view),
    block: hashBytes(pc.block),
    phase: PHASES.indexOf(pc.phase),
    signatures: plainSignatures(scheme, pc.signatures),
  };
}

function plainTimeoutCertificate(scheme: SchemeName, tc: TimeoutCertificate): unknown {
  return {
    chain_id: BigInt(tc.chainId),
    view: BigInt(tc.view),
    signatures: plainSignatures(scheme, tc.signatures),
  };
}

export function plainBlock(scheme: SchemeName, block: Block): unknown {
  return {
    height: BigInt(block.height),
    hash: hashBytes(block.hash),
    justify: plainPhaseCertificate(scheme, block.justify),
    data_hash: hashBytes(block.dataHash),
    data: block.data.map((datum) => [...datum]),
  };
}

export function plainMessage(scheme: SchemeName, message: Message): unknown {
  const pc = (certificate: PhaseCertificate): unknown => plainPhaseCertificate(scheme, certificate);
  const ids = 'chainId' in message ? { chain_id: BigInt(message.chainId) } : {};
  switch (message.type) {
    case 'proposal': {
      const block = plainBlock(scheme, message.block);
      return { Progress: { HotStuff: { Proposal: { ...ids, view: BigInt(message.view), block } } } };
    }
    case 'nudge': {
      const Nudge = { ...ids, view: BigInt(message.view), justify: pc(message.justify) };
      return { Progress: { HotStuff: { Nudge } } };
    }
    case 'phase-vote': {
      const PhaseVote = {
        ...ids,
        view: BigInt(message.view),
        block: hashBytes(message.block),
        phase: PHASES.indexOf(message.phase),
        signature: [...message.signature],
      };
      return { Progress: { HotStuff: { PhaseVote } } };
    }
    case 'new-view': {
      const NewView = { ...ids, view: BigInt(message.view), highest_pc: pc(message.highestPc) };
      return { Progress: { HotStuff: { NewView } } };
    }
    case 'timeout-vote': {
      const TimeoutVote = {
        ...ids,
        view: BigInt(message.view),
        signature: [...message.signature],
        highest_tc: message.highestTc === null ? null : plainTimeoutCertificate(scheme, message.highestTc),
      };
      return { Progress: { Pacemaker: { TimeoutVote } } };
    }
    case 'advance-view': {
      const { certificate } = message;
      const progress_certificate =
        certificate.type === 'tc'
          ? { TimeoutCertificate: plainTimeoutCertificate(scheme, certificate.tc) }
          : { PhaseCertificate: pc(certificate.pc) };
      return { Progress: { Pacemaker: { AdvanceView: { progress_certificate } } } };
    }
    case 'advertise-block': {
      const AdvertiseBlock = {
        ...ids,
        highest_committed_block_height: BigInt(message.height),
        signature: [...message.signature],
      };
      return { Progress: { BlockSyncAdvertise: { AdvertiseBlock } } };
    }
    case 'advertise-pc':
      return { Progress: { BlockSyncAdvertise: { AdvertisePC: { highest_pc: pc(message.highestPc) } } } };
    case 'block-sync-request': {
      const Request = { ...ids, start_height: BigInt(message.startHeight), limit: message.limit };
      return { BlockSync: { Request } };
    }
    case 'block-sync-response': {
      const blocks = message.blocks.map((block) => plainBlock(scheme, block));
      return { BlockSync: { Response: { blocks, highest_pc: pc(message.highestPc) } } };
    }
  }
}
