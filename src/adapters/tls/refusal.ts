/**
 * Why a connection was refused or ended. The codes travel, so a code keeps its place in this list for ever; what a newer
 * peer may say beyond it is read as `other`.
 */
const NUMBERED = [
  'other',
  'protocol-version',
  'wrong-chain',
  'wrong-scheme',
  'bad-proof',
  'unexpected-peer',
  'self',
  'not-welcome',
  'full',
  'duplicate',
  'malformed',
  'oversize-frame',
  'overloaded',
  'timeout',
  'no-certificate',
  'superseded',
  'shutting-down',
  'silent',
  'internal',
  'tls',
  'lost',
] as const;

/**
 * | code | meaning |
 * |---|---|
 * | `protocol-version` | no version of the peer protocol is common to both |
 * | `wrong-chain`, `wrong-scheme` | another genesis, another signature scheme |
 * | `bad-proof` | the signature does not prove the key on this connection: an impostor, a relay or a replay |
 * | `unexpected-peer` | the address that was dialed belongs to another key |
 * | `self` | a node dialed itself |
 * | `not-welcome`, `full` | a stranger, while strangers are not accepted or have taken their places |
 * | `duplicate`, `superseded` | another connection of the same two nodes stands, or has replaced this one |
 * | `malformed`, `oversize-frame` | bytes that the protocol does not allow |
 * | `overloaded` | too many handshakes wait, or strangers hold too much memory |
 * | `timeout` | the handshake took too long |
 * | `no-certificate` | the TLS handshake brought none |
 * | `silent` | nothing came for longer than the idle timeout |
 * | `shutting-down` | the other side closes its network |
 * | `internal` | the signer or the verifier failed |
 * | `tls` | the TLS handshake failed |
 * | `lost` | the connection ended without a word |
 * | `other` | a reason of a newer version |
 */
export type RefusalCode = (typeof NUMBERED)[number];

/** `code` is stable, `detail` is for people. */
export interface Refusal {
  readonly code: RefusalCode;
  readonly detail: string;
}

export const refusal = (code: RefusalCode, detail: string): Refusal => ({ code, detail });

export const refusalNumber = (code: RefusalCode): number => NUMBERED.indexOf(code);

export const refusalCode = (number: number): RefusalCode => NUMBERED[number] ?? 'other';
