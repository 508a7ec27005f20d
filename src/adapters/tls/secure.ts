import { constants } from 'node:crypto';
import type { CommonConnectionOptions, SecureContextOptions } from 'node:tls';
import type { TlsIdentity } from './identity.ts';

/**
 * TLS as both sides use it: version 1.3 alone, certificates from both. No authority vouches for the certificates:
 * the handshake on top of TLS ties them to validator keys. Sessions are never resumed, as a resumed one shows no
 * certificate.
 */
export function secureOptions({
  key,
  certificate,
}: TlsIdentity): CommonConnectionOptions & SecureContextOptions {
  return {
    key,
    cert: certificate,
    minVersion: 'TLSv1.3',
    maxVersion: 'TLSv1.3',
    requestCert: true,
    rejectUnauthorized: false,
    ALPNProtocols: ['hotstuff-ts'],
    secureOptions: constants.SSL_OP_NO_TICKET,
  };
}
