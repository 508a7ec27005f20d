import type { Mutant } from '../mutant.ts';
import { certificateMutants } from './certificates.ts';
import { peerMutants } from './peers.ts';
import { roleMutants } from './roles.ts';
import { viewMutants } from './views.ts';
import { votingMutants } from './voting.ts';

export const MUTANTS: readonly Mutant[] = [
  ...certificateMutants,
  ...votingMutants,
  ...roleMutants,
  ...viewMutants,
  ...peerMutants,
];
