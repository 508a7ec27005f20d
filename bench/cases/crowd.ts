import { createMemoryNetworkHub, createMemoryStore } from '../../src/adapters/memory/index.ts';
import { native, SCHEME_NUMBERS } from '../../src/adapters/native/binding.ts';
import { createSigner, nativeHasher, provePossession } from '../../src/adapters/native/index.ts';
import { createVerifier } from '../../src/adapters/piscina/index.ts';
import { possessionPreimage, signingPreimage } from '../../src/codec/signing.ts';
import type { PhaseCertificate } from '../../src/model/certificate.ts';
import { DEFAULT_LIMITS } from '../../src/model/chain.ts';
import type { GenesisDocument } from '../../src/model/genesis.ts';
import { bytesToHex, hexToBytes } from '../../src/model/hex.ts';
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
    validators: cast.set.validators.map(({ id, power }, at) => ({
      id,
      power,
      possession: provePossession(scheme, cast.pairs[at]!.secretKey, possessionPreimage(chainId, id)),
    })),
    appState: [],
  };
  const idAt = (at: number) => cast.set.validators[at]!.id;
  return {
    cast,
    genesis,
    connect: (at) => hub.connect(idAt(at)),
    async startReplica(at, viewTimeMs) {
      const store = createMemoryStore();
      await initializeStorage(store, genesis, idAt(at), () => true);
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
    certify: certifierOf(cast),
  };
}

type Certifier = (preimage: Uint8Array) => Uint8Array;

/** Certificates by the quorum of the cast. */
function certifierOf(cast: Cast): Crowd['certify'] {
  const { scheme, set, views } = cast;
  const signaturesOver = scheme === 'bls12381' ? bySumOfKeys(cast) : byEach(cast);
  const { bitmap } = views[0]!.certificate;
  const slots = slotsFor(scheme, set.validators.length);
  return (block, at) => {
    const statement = { chainId, view: asView(at), block, phase: 'generic' } as const;
    const bytes = signaturesOver(signingPreimage(scheme, { type: 'phase-vote', ...statement }));
    return { ...statement, signatures: { slots, bitmap, bytes } };
  };
}

function byEach({ scheme, voters, indexes, keys }: Cast): Certifier {
  const size = SCHEME_SIZES[scheme].vote;
  const secrets = voters.map(({ secretKey }) =>
    native.SecretKey.fromBytes(SCHEME_NUMBERS[scheme], secretKey),
  );
  return (preimage) => {
    const votes = new Uint8Array(secrets.length * size);
    for (const [index, secret] of secrets.entries()) votes.set(secret.sign(preimage), index * size);
    return keys.formCertificate(preimage, indexes, votes).signatures;
  };
}

/** Order of the groups of BLS12-381. */
const ORDER = 0x73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001n;

/** The sum of all signatures is the signature by the sum of all keys, which takes as long as one. */
function bySumOfKeys({ scheme, voters }: Cast): Certifier {
  const number = SCHEME_NUMBERS[scheme];
  const sum = voters.reduce((total, { secretKey }) => total + BigInt(`0x${bytesToHex(secretKey)}`), 0n);
  const secret = native.SecretKey.fromBytes(number, hexToBytes((sum % ORDER).toString(16).padStart(64, '0')));
  const alone = new native.KeySet(number, secret.publicKey(), true);
  const first = Uint32Array.of(0);
  return (preimage) => alone.formCertificate(preimage, first, secret.sign(preimage)).signatures;
}
