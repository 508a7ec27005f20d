import { createMemoryNetworkHub, createMemoryStore } from '../../src/adapters/memory/index.ts';
import { native, SCHEME_NUMBERS } from '../../src/adapters/native/binding.ts';
import { createSigner, nativeHasher } from '../../src/adapters/native/index.ts';
import { createVerifier } from '../../src/adapters/piscina/index.ts';
import { signingPreimage } from '../../src/codec/signing.ts';
import type { PhaseCertificate } from '../../src/model/certificate.ts';
import { DEFAULT_LIMITS } from '../../src/model/chain.ts';
import type { GenesisDocument } from '../../src/model/genesis.ts';
import { asChainId, asView, type BlockHash } from '../../src/model/ids.ts';
import { SCHEME_SIZES, type SchemeName, slotsFor } from '../../src/model/scheme.ts';
import type { App } from '../../src/ports/app.ts';
import type { Network } from '../../src/ports/network.ts';
import { type Replica, startReplica } from '../../src/runtime/replica.ts';
import { initializeStorage } from '../../src/storage/genesis.ts';
import { type Cast, castOf } from '../cast.ts';

// One real replica among many validators whose keys the benchmark holds: what they would say, it says for them.

/** No view of these benchmarks changes an epoch. */
const EPOCH_LENGTH = 1_000_000;

const chainId = asChainId(1);

export interface Crowd {
  readonly cast: Cast;
  readonly genesis: GenesisDocument;
  connect(at: number): Network;
  /** The replica of validator `at`. It stops, and all that it has with it, when it is closed. */
  startReplica(at: number, viewTimeMs: number): Promise<Replica>;
  certify(block: BlockHash, view: number): PhaseCertificate;
}

const idleApp: App = { produceBlock: () => ({ data: [] }), validateBlock: () => ({ valid: true }) };

export function createCrowd(scheme: SchemeName, n: number): Crowd {
  const cast = castOf(scheme, n);
  const hub = createMemoryNetworkHub();
  const genesis: GenesisDocument = {
    chain: { chainId, scheme, epochLength: EPOCH_LENGTH, leaderTenure: 4, limits: DEFAULT_LIMITS },
    validators: cast.set.validators.map((validator) => ({ ...validator, possession: null })),
    appState: [],
  };
  const idAt = (at: number) => cast.set.validators[at]!.id;
  return {
    cast,
    genesis,
    connect: (at) => hub.connect(idAt(at)),
    async startReplica(at, viewTimeMs) {
      const store = createMemoryStore();
      await initializeStorage(store, genesis, idAt(at));
      const verifier = createVerifier({ scheme, workers: 0, trustKeys: true });
      const network = hub.connect(idAt(at));
      const signer = createSigner(scheme, cast.pairs[at]!.secretKey);
      const replica = await startReplica({
        app: idleApp,
        store,
        network,
        signer,
        verifier,
        hasher: nativeHasher,
        settings: { viewTimeMs },
      });
      void replica.closed.then(async () => {
        await network.close();
        await verifier.close();
        await store.close();
      });
      return replica;
    },
    certify: (block, view) => certify(cast, block, view),
  };
}

/** A certificate by the quorum of the cast. */
function certify(
  { scheme, set, voters, indexes, keys }: Cast,
  block: BlockHash,
  at: number,
): PhaseCertificate {
  const vote = { type: 'phase-vote', chainId, view: asView(at), block, phase: 'generic' } as const;
  const preimage = signingPreimage(scheme, vote);
  const size = SCHEME_SIZES[scheme].vote;
  const votes = new Uint8Array(voters.length * size);
  for (const [index, { secretKey }] of voters.entries()) {
    votes.set(native.SecretKey.fromBytes(SCHEME_NUMBERS[scheme], secretKey).sign(preimage), index * size);
  }
  const { bitmap, signatures } = keys.formCertificate(preimage, indexes, votes);
  const slots = slotsFor(scheme, set.validators.length);
  return {
    chainId,
    view: asView(at),
    block,
    phase: 'generic',
    signatures: { slots, bitmap, bytes: signatures },
  };
}
