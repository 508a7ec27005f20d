import { X509Certificate } from 'node:crypto';
import { beforeAll, describe, expect, it } from 'vitest';
import { createSigner, generateKeys } from '../../../src/adapters/native/index.ts';
import { formatAddress, parseAddress } from '../../../src/adapters/tls/address.ts';
import {
  generateTlsIdentity,
  limitsFor,
  type TlsIdentity,
  type TlsNetworkOptions,
} from '../../../src/adapters/tls/index.ts';
import { readOptions, readPeers } from '../../../src/adapters/tls/options.ts';
import { DEFAULT_LIMITS } from '../../../src/model/chain.ts';
import { ConfigError } from '../../../src/model/errors.ts';
import { CHAIN_ID, GENESIS_HASH } from './support/world.ts';

const signer = createSigner('ed25519', generateKeys('ed25519').secretKey);
let identity: TlsIdentity;
beforeAll(async () => {
  identity = await generateTlsIdentity();
});

const options = (change: Partial<TlsNetworkOptions>): TlsNetworkOptions => ({
  signer,
  verifier: { scheme: 'ed25519', check: async () => new Uint8Array(1) },
  chainId: CHAIN_ID,
  genesisHash: GENESIS_HASH,
  identity,
  ...change,
});

describe('options', () => {
  it('are usable by default', () => {
    const { limits, listen, acceptUnknown } = readOptions(options({}));
    expect({ limits, listen, acceptUnknown }).toEqual({
      limits: limitsFor(),
      listen: null,
      acceptUnknown: true,
    });
  });

  it.each<[string, Partial<TlsNetworkOptions>]>([
    ['genesisHash', { genesisHash: new Uint8Array(31) }],
    ['verifier', { verifier: { scheme: 'bls12381', check: async () => new Uint8Array(1) } }],
    ['listen', { listen: 'localhost' }],
    ['acceptUnknown', { acceptUnknown: 'all' as 'none' }],
    ['limits.maxStrangers', { limits: { maxStrangers: -1 } }],
    ['limits.maxFrameBytes.sync', { limits: { maxFrameBytes: { consensus: 1, commands: 1, sync: 0.5 } } }],
    ['limits.maxQueueBytes.consensus', { limits: { maxQueueBytes: { consensus: 1, commands: 1, sync: 1 } } }],
    ['limits.maxPendingHandshakes', { limits: { maxPendingHandshakes: 0 } }],
    ['timing.heartbeatMs', { timing: { heartbeatMs: 0 } }],
    ['timing.idleTimeoutMs', { timing: { idleTimeoutMs: 1_500 } }],
    ['timing.retryMaxMs', { timing: { retryMaxMs: 10 } }],
    ['timing.drainMs', { timing: { drainMs: Number.NaN } }],
  ])('name %s when it is wrong', (field, change) => {
    expect(() => readOptions(options(change))).toThrowError(ConfigError);
    expect(() => readOptions(options(change))).toThrowError(`${field}: `);
  });

  it('name a TLS key and certificate that cannot be read, or are not of each other', async () => {
    const other = await generateTlsIdentity();
    const unreadable = { ...identity, certificate: 'not PEM' };
    expect(() => readOptions(options({ identity: unreadable }))).toThrowError(
      /^identity: .*not readable PEM/,
    );
    const mixed = { key: other.key, certificate: identity.certificate };
    expect(() => readOptions(options({ identity: mixed }))).toThrowError(/^identity: .*not that of the key/);
  });

  it('have room for the largest messages of the chain that they are for', () => {
    const chain = { ...DEFAULT_LIMITS, maxBlockBytes: 64 * 1024 * 1024, maxValidators: 10_000 };
    const limits = limitsFor(chain);
    expect(limits.maxFrameBytes.consensus).toBeGreaterThan(chain.maxBlockBytes + 10_000 * 65);
    expect(limits.maxFrameBytes.sync).toBeGreaterThan(chain.maxBlockBytes + 2 * 10_000 * 65);
    expect(() => readOptions(options({ chainLimits: chain }))).not.toThrow();
  });
});

describe('peers', () => {
  const other = generateKeys('ed25519').id;

  it('are addresses by id, without the node itself', () => {
    expect(readPeers({ [other]: 'a.example:1', [signer.id]: 'b.example:2' }, signer)).toEqual(
      new Map([[other, 'a.example:1']]),
    );
  });

  it('name the entry that is wrong', () => {
    expect(() => readPeers({ [other]: 'nowhere' }, signer)).toThrowError(
      `peers.${other}: "nowhere" is no address`,
    );
    expect(() => readPeers({ abc: 'a:1' }, signer)).toThrowError(
      'peers.abc: an id of the scheme ed25519 has 64',
    );
    expect(() => readPeers({ [other.toUpperCase()]: 'a:1' }, signer)).toThrowError(ConfigError);
  });
});

describe('addresses', () => {
  it.each([
    ['127.0.0.1:7000', '127.0.0.1', 7000],
    ['node-1.example:65535', 'node-1.example', 65535],
    ['[::1]:0', '::1', 0],
  ])('%s', (text, host, port) => {
    expect(parseAddress(text, 'listen')).toEqual({ host, port });
    expect(formatAddress({ host, port })).toBe(text);
  });

  it.each(['', 'host', 'host:', ':1', 'host:65536', 'host:1x', '::1:80', 'a b:1', 'http://host:1'])(
    'not %j',
    (text) => {
      expect(() => parseAddress(text, 'listen')).toThrowError(ConfigError);
    },
  );
});

describe('generateTlsIdentity', () => {
  it('makes an ECDSA P-256 key with a certificate of its own, another each time', async () => {
    const certificate = new X509Certificate(identity.certificate);
    expect(certificate.publicKey.asymmetricKeyDetails).toEqual({ namedCurve: 'prime256v1' });
    expect(certificate.verify(certificate.publicKey)).toBe(true);
    expect(identity.key).toMatch(/^-----BEGIN PRIVATE KEY-----\n/);
    const other = await generateTlsIdentity();
    expect(new X509Certificate(other.certificate).fingerprint256).not.toBe(certificate.fingerprint256);
    expect(new X509Certificate(other.certificate).serialNumber).not.toBe(certificate.serialNumber);
  });
});
