import { createPrivateKey, KeyObject, webcrypto, X509Certificate } from 'node:crypto';
import { ConfigError } from '../../model/errors.ts';

/** A node's TLS key and its self-signed certificate, both PEM. Not the validator key, and of no value without it. */
export interface TlsIdentity {
  readonly key: string;
  readonly certificate: string;
}

/** RFC 5280 section 4.1.2.5: the time that says "no end". Trust comes from the validator key, not from a date. */
const NO_END = new Date(Date.UTC(9999, 11, 31, 23, 59, 59));
const NO_BEGIN = new Date(0);

/** Makes a fresh ECDSA P-256 key with a self-signed certificate. A node may get a new one at any start. */
export async function generateTlsIdentity(): Promise<TlsIdentity> {
  // Loaded on demand: a node that only runs never needs to make certificates.
  await import('reflect-metadata');
  const { X509CertificateGenerator } = await import('@peculiar/x509');
  const algorithm = { name: 'ECDSA', namedCurve: 'P-256', hash: 'SHA-256' };
  const keys = await webcrypto.subtle.generateKey(algorithm, true, ['sign', 'verify']);
  const certificate = await X509CertificateGenerator.createSelfSigned(
    { name: 'CN=hotstuff-ts', notBefore: NO_BEGIN, notAfter: NO_END, signingAlgorithm: algorithm, keys },
    webcrypto as unknown as Parameters<typeof X509CertificateGenerator.createSelfSigned>[1],
  );
  return {
    key: KeyObject.from(keys.privateKey).export({ type: 'pkcs8', format: 'pem' }).toString(),
    certificate: `${certificate.toString('pem')}\n`,
  };
}

/** Throws `ConfigError` unless both parts can be read and belong together. */
export function checkIdentity({ key, certificate }: TlsIdentity): void {
  const remedy = 'make a new one with generateTlsIdentity()';
  let matches = false;
  let failure: unknown = null;
  try {
    matches = new X509Certificate(certificate).checkPrivateKey(createPrivateKey(key));
  } catch (error) {
    failure = error;
  }
  if (failure !== null) {
    const message = `the TLS key or certificate is not readable PEM; ${remedy}`;
    throw new ConfigError('identity', message, { cause: failure });
  }
  if (!matches) throw new ConfigError('identity', `the TLS certificate is not that of the key; ${remedy}`);
}
