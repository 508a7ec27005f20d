import { ConfigError } from '../model/errors.ts';
import { demandScheme } from '../model/scheme.ts';
import type { ReplicaOptions } from './replica.ts';

/** What a part must be able to do, by name, and where to get one. */
interface Demand {
  readonly methods: readonly string[];
  readonly remedy: string;
}

const DEMANDS: { readonly [Part in 'app' | 'store' | 'network' | 'signer' | 'verifier']: Demand } = {
  app: {
    methods: ['produceBlock', 'validateBlock'],
    remedy: 'implement App, or give the `app` of a state machine (hotstuff-ts/state-machine)',
  },
  store: { methods: ['snapshot', 'write'], remedy: 'give one of hotstuff-ts/lmdb or hotstuff-ts/memory' },
  network: {
    methods: ['listen', 'send', 'broadcast', 'updateValidators', 'connectedPeers'],
    remedy: 'give one of hotstuff-ts/tls or hotstuff-ts/memory',
  },
  signer: { methods: ['sign'], remedy: 'give createSigner(...) of hotstuff-ts/native' },
  verifier: {
    methods: ['check', 'formCertificate', 'checkPossession'],
    remedy: 'give createVerifier(...) of hotstuff-ts/workers',
  },
};

/** Throws `ConfigError` about the first part that is missing or is none: callers in JavaScript may give anything. */
export function checkParts(options: ReplicaOptions): void {
  for (const part of Object.keys(DEMANDS) as (keyof typeof DEMANDS)[]) {
    const { methods, remedy } = DEMANDS[part];
    checkMethods(part, options[part], methods, remedy);
  }
  if (options.hasher !== undefined)
    checkMethods(
      'hasher',
      options.hasher,
      ['merkleRoot'],
      'give nativeHasher of hotstuff-ts/native, or none',
    );
  if (options.clock !== undefined)
    checkMethods('clock', options.clock, ['now', 'setTimer'], 'implement Clock, or give none');
  demandScheme(options.signer.scheme, 'signer.scheme');
  demandScheme(options.verifier.scheme, 'verifier.scheme');
}

function checkMethods(
  field: string,
  part: object | undefined,
  methods: readonly string[],
  remedy: string,
): void {
  if (typeof part !== 'object' || part === null) throw new ConfigError(field, `is missing; ${remedy}`);
  const missing = methods.find((method) => typeof (part as Record<string, unknown>)[method] !== 'function');
  if (missing !== undefined) throw new ConfigError(`${field}.${missing}`, `is no function; ${remedy}`);
}
