import { createVerifier } from '../../../src/adapters/piscina/index.ts';
import type { SchemeName } from '../../../src/model/scheme.ts';
import { describeVerifier } from './suite.ts';

const SCHEMES: readonly SchemeName[] = ['bls12381', 'ed25519'];

for (const scheme of SCHEMES) {
  for (const workers of [0, 1, 2, 'auto'] as const) {
    describeVerifier(`workers: ${workers}`, scheme, () => createVerifier({ scheme, workers }));
  }
}
