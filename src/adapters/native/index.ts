/**
 * Keys, signers and hashing by the native addon. Importing this loads the addon; without one it throws an `Error` that
 * says how to build it.
 *
 * @module
 */
export { possessionCheck, signatureCheck } from './checks.ts';
export { type NativeHasher, nativeHasher } from './hasher.ts';
export {
  checkPossessions,
  createSigner,
  generateKeys,
  type KeyPair,
  type PossessionClaim,
  provePossession,
  publicKeyOf,
} from './keys.ts';
