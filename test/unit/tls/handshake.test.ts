import { afterAll, describe, expect, it } from 'vitest';
import { createSigner, generateKeys, type KeyPair } from '../../../src/adapters/native/index.ts';
import { createVerifier } from '../../../src/adapters/piscina/index.ts';
import { decodeControl, encodeHello, encodeProof, type Hello } from '../../../src/adapters/tls/control.ts';
import {
  beginHandshake,
  type Handshake,
  type HandshakeMessage,
  type LocalNode,
} from '../../../src/adapters/tls/handshake.ts';
import type { ChannelBinding, Role } from '../../../src/adapters/tls/proof.ts';
import { type Refusal, refusal } from '../../../src/adapters/tls/refusal.ts';
import { asChainId, asReplicaId, type ReplicaId } from '../../../src/model/ids.ts';
import type { SchemeName } from '../../../src/model/scheme.ts';
import type { Verifier } from '../../../src/ports/signature-scheme.ts';
import { CHAIN_ID, GENESIS_HASH, until } from './support/world.ts';

const SCHEMES: readonly SchemeName[] = ['ed25519', 'bls12381'];
const verifiers = {
  ed25519: createVerifier({ scheme: 'ed25519', workers: 0 }),
  bls12381: createVerifier({ scheme: 'bls12381', workers: 0 }),
};
afterAll(() => Promise.all(Object.values(verifiers).map((verifier) => verifier.close())));

const BINDING: ChannelBinding = {
  dialerCertificate: new Uint8Array(32).fill(1),
  listenerCertificate: new Uint8Array(32).fill(2),
  exporter: new Uint8Array(32).fill(3),
};

describe.each(SCHEMES)('a handshake with %s keys', (scheme) => {
  it('proves each side’s key to the other', async () => {
    const [dialer, listener] = pair({ dialer: node(scheme), listener: node(scheme) });
    await until('both are done', () => ended(dialer) && ended(listener));
    expect([dialer.done, listener.done]).toEqual([listener.id, dialer.id]);
    expect(dialer.sent.map(typeOf)).toEqual(['hello', 'proof', 'accepted']);
    expect(listener.sent.map(typeOf)).toEqual(['hello', 'proof']);
  });

  it('refuses who claims the key of another, before signing anything for him', async () => {
    const victim = generateKeys(scheme);
    const impostor = {
      ...node(scheme),
      signer: { ...createSigner(scheme, generateKeys(scheme).secretKey), id: victim.id },
    };
    const [dialer, listener] = pair({ dialer: impostor, listener: node(scheme) });
    await until('it is refused', () => ended(listener));
    expect(listener.refused?.code).toBe('bad-proof');
    expect(listener.sent.map(typeOf)).toEqual(['hello']);
    expect(dialer.done).toBeNull();
  });

  it('refuses proofs that were relayed: each side has another TLS channel with the one between', async () => {
    const other = (fill: number): Uint8Array => new Uint8Array(32).fill(fill);
    for (const change of [
      { exporter: other(9) },
      { dialerCertificate: other(9) },
      { listenerCertificate: other(9) },
    ]) {
      const [, listener] = pair({
        dialer: node(scheme),
        listener: node(scheme),
        bindings: [BINDING, { ...BINDING, ...change }],
      });
      await until('it is refused', () => ended(listener));
      expect(listener.refused?.code).toBe('bad-proof');
    }
  });
});

describe('a handshake', () => {
  it.each<[string, Partial<LocalNode>, Refusal['code']]>([
    ['another chain id', { chainId: asChainId(78) }, 'wrong-chain'],
    ['another genesis of the same chain id', { genesisHash: new Uint8Array(32) }, 'wrong-chain'],
    ['another scheme', node('bls12381'), 'wrong-scheme'],
  ])('refuses %s, in words that name both sides', async (_, change, code) => {
    const [dialer, listener] = pair({ dialer: { ...node(), ...change }, listener: node() });
    await until('it is refused', () => ended(listener));
    expect(listener.refused?.code).toBe(code);
    expect(listener.refused?.detail).toMatch(/one side .*, the other/);
    expect([dialer.done, listener.done]).toEqual([null, null]);
  });

  it('refuses a peer that speaks later versions only, and takes the highest common one', () => {
    for (const [minVersion, maxVersion, code] of [
      [2, 9, 'protocol-version'],
      [0, 0, 'protocol-version'],
      [1, 9, null],
      [0, 1, null],
    ] as const) {
      const listener = side('listener', node(), BINDING, null);
      listener.hear(encodeHello(hello({ minVersion, maxVersion })));
      expect(listener.refused?.code ?? null).toBe(code);
    }
  });

  it('fails when a word of a hello was changed on the way', async () => {
    const [dialer, listener] = [
      side('dialer', node(), BINDING, null),
      side('listener', node(), BINDING, null),
    ];
    const changed = Buffer.concat([dialer.sent[0] as Uint8Array, Uint8Array.of(0)]);
    listener.hear(changed);
    dialer.hear(listener.sent[0] as Uint8Array);
    await until('the dialer has signed', () => dialer.sent.length === 2);
    listener.hear(dialer.sent[1] as Uint8Array);
    await until('it is refused', () => ended(listener));
    expect(listener.refused?.code).toBe('bad-proof');
  });

  it('refuses a proof that was good on an earlier connection', async () => {
    const keys = generateKeys('ed25519');
    const [dialer, first] = pair({ dialer: node('ed25519', keys), listener: node() });
    await until('the first is done', () => ended(first));
    const second = side('listener', first.node, { ...BINDING, exporter: new Uint8Array(32).fill(7) }, null);
    second.hear(dialer.sent[0] as Uint8Array);
    second.hear(dialer.sent[1] as Uint8Array);
    await until('it is refused', () => ended(second));
    expect(second.refused?.code).toBe('bad-proof');
  });

  it('refuses another key than the one that was dialed, and its own', async () => {
    const keys = generateKeys('ed25519');
    const stranger = side('dialer', node(), BINDING, generateKeys('ed25519').id);
    stranger.hear(encodeHello(hello({ id: keys.id })));
    expect(stranger.refused?.code).toBe('unexpected-peer');
    const self = side('listener', node('ed25519', keys), BINDING, null);
    self.hear(encodeHello(hello({ id: keys.id })));
    expect(self.refused?.code).toBe('self');
  });

  it('refuses messages out of turn, and keys and signatures of a wrong size', async () => {
    const early = side('listener', node(), BINDING, null);
    early.hear(encodeProof(new Uint8Array(64)));
    expect(early.refused?.code).toBe('malformed');

    const twice = side('listener', node(), BINDING, null);
    twice.hear(encodeHello(hello({})));
    twice.hear(encodeHello(hello({})));
    expect(twice.refused?.code).toBe('malformed');

    const impatient = side('dialer', node(), BINDING, null);
    impatient.hear(encodeHello(hello({})));
    impatient.hear(encodeProof(new Uint8Array(64)));
    expect(impatient.refused?.code).toBe('malformed');

    const longKey = side('listener', node(), BINDING, null);
    longKey.hear(encodeHello(hello({ id: asReplicaId('00'.repeat(96)) })));
    expect(longKey.refused?.code).toBe('malformed');

    const shortSignature = side('listener', node(), BINDING, null);
    shortSignature.hear(encodeHello(hello({})));
    shortSignature.hear(encodeProof(new Uint8Array(63)));
    expect(shortSignature.refused?.code).toBe('bad-proof');
  });

  it('asks for a place before it works for a peer, and once more at the end', async () => {
    const asked: string[] = [];
    let full = false;
    const listener = side('listener', node(), BINDING, null, (peer) => {
      asked.push(peer);
      return full ? refusal('full', 'no place') : null;
    });
    const dialer = side('dialer', node(), BINDING, null);
    listener.hear(dialer.sent[0] as Uint8Array);
    dialer.hear(listener.sent[0] as Uint8Array);
    await until('the dialer has signed', () => dialer.sent.length === 2);
    listener.hear(dialer.sent[1] as Uint8Array);
    await until('the listener has signed', () => listener.sent.length === 2);
    full = true;
    dialer.hear(listener.sent[1] as Uint8Array);
    await until('the dialer accepts', () => dialer.sent.length === 3);
    listener.hear(dialer.sent[2] as Uint8Array);
    expect(listener.refused?.code).toBe('full');
    expect(asked).toEqual([dialer.id, dialer.id, dialer.id]);
  });

  it('tells a broken verifier or signer from a wrong signature', async () => {
    const broken: Pick<Verifier, 'scheme' | 'check'> = {
      scheme: 'ed25519',
      check: () => Promise.reject(new Error('the pool is gone')),
    };
    const listener = side('listener', { ...node(), verifier: broken }, BINDING, null);
    listener.hear(encodeHello(hello({})));
    listener.hear(encodeProof(new Uint8Array(64)));
    await until('it is refused', () => ended(listener));
    expect(listener.refused?.code).toBe('internal');

    const { signer, ...rest } = node();
    const mute = { ...rest, signer: { ...signer, sign: () => Promise.reject(new Error('no token')) } };
    const dialer = side('dialer', mute, BINDING, null);
    dialer.hear(encodeHello(hello({})));
    await until('it is refused', () => ended(dialer));
    expect(dialer.refused?.code).toBe('internal');
  });

  it('does nothing any more once stopped', async () => {
    const dialer = side('dialer', node(), BINDING, null);
    dialer.hear(encodeHello(hello({})));
    dialer.handshake.stop();
    await new Promise((resolve) => setImmediate(resolve));
    expect(dialer.sent.map(typeOf)).toEqual(['hello']);
    expect(ended(dialer)).toBe(false);
  });
});

function node(scheme: SchemeName = 'ed25519', keys: KeyPair = generateKeys(scheme)): LocalNode {
  const signer = createSigner(scheme, keys.secretKey);
  return { signer, verifier: verifiers[scheme], chainId: CHAIN_ID, genesisHash: GENESIS_HASH };
}

const hello = (change: Partial<Hello>): Hello => ({
  type: 'hello',
  minVersion: 1,
  maxVersion: 1,
  chainId: CHAIN_ID,
  genesisHash: GENESIS_HASH,
  scheme: 'ed25519',
  id: generateKeys('ed25519').id,
  ...change,
});

interface Side {
  readonly id: ReplicaId;
  readonly node: LocalNode;
  readonly sent: readonly Uint8Array[];
  readonly handshake: Handshake;
  readonly done: ReplicaId | null;
  readonly refused: Refusal | null;
  hear(bytes: Uint8Array): void;
}

const ended = ({ done, refused }: Side): boolean => done !== null || refused !== null;

function side(
  role: Role,
  local: LocalNode,
  binding: ChannelBinding,
  expected: ReplicaId | null,
  refusalOf: (peer: ReplicaId) => Refusal | null = () => null,
  deliver: (bytes: Uint8Array) => void = () => {},
): Side {
  const sent: Uint8Array[] = [];
  let done: ReplicaId | null = null;
  let refused: Refusal | null = null;
  const handshake = beginHandshake({
    node: local,
    role,
    binding,
    expected,
    refusalOf,
    send: (bytes) => {
      sent.push(bytes);
      deliver(bytes);
    },
    onClaim: () => {},
    onDone: (peer) => {
      done = peer;
    },
    onRefused: (reason) => {
      refused = reason;
    },
  });
  return {
    id: local.signer.id,
    node: local,
    sent,
    handshake,
    get done() {
      return done;
    },
    get refused() {
      return refused;
    },
    hear: (bytes) => handshake.receive(messageOf(bytes), bytes),
  };
}

/** Two sides that hear each other, a turn later. */
function pair(options: {
  readonly dialer: LocalNode;
  readonly listener: LocalNode;
  readonly bindings?: readonly [ChannelBinding, ChannelBinding];
}): readonly [Side, Side] {
  const [ofDialer, ofListener] = options.bindings ?? [BINDING, BINDING];
  const listener: Side = side('listener', options.listener, ofListener, null, undefined, (bytes) =>
    queueMicrotask(() => dialer.hear(bytes)),
  );
  const dialer: Side = side('dialer', options.dialer, ofDialer, null, undefined, (bytes) =>
    queueMicrotask(() => listener.hear(bytes)),
  );
  return [dialer, listener];
}

function messageOf(bytes: Uint8Array): HandshakeMessage {
  const decoded = decodeControl(bytes);
  if ('rejection' in decoded) throw new Error(decoded.rejection.detail ?? 'malformed');
  const { value } = decoded;
  if (value.type === 'refused' || value.type === 'heartbeat')
    throw new Error(`${value.type} is not of a handshake`);
  return value;
}

const typeOf = (bytes: Uint8Array): string => messageOf(bytes).type;
