import { mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { loadAddon, native, SCHEME_NUMBERS, VERDICT } from '../../../src/adapters/native/binding.ts';

const codeOf = (act: () => unknown): unknown => {
  try {
    act();
  } catch (error) {
    return (error as { code?: unknown }).code;
  }
  return 'nothing was thrown';
};

describe('loading the addon', () => {
  let directory: string;
  beforeEach(() => {
    directory = mkdtempSync(join(tmpdir(), 'hotstuff-addon-'));
  });
  afterEach(() => rmSync(directory, { recursive: true }));

  it('says how to build a missing one', () => {
    expect(() => loadAddon(join(directory, 'absent.node'))).toThrow(
      /absent\.node is missing.*npm run build:native/,
    );
  });

  it('says why a broken one does not load, and how to build it', () => {
    const file = join(directory, 'broken.node');
    writeFileSync(file, 'no library');
    expect(() => loadAddon(file)).toThrow(/broken\.node cannot be loaded here: .+npm run build:native/);
  });

  it('keeps the cause', () => {
    const error = (() => {
      try {
        return loadAddon(join(directory, 'absent.node'));
      } catch (cause) {
        return cause as Error;
      }
    })();
    expect((error as Error).cause).toMatchObject({ code: 'MODULE_NOT_FOUND' });
  });
});

describe('the addon', () => {
  it('names the verdicts that the binding names', () => {
    const names = native.verdictNames();
    const kebab = (name: string) => name.replaceAll(/[A-Z]/g, (letter) => `-${letter.toLowerCase()}`);
    expect(Object.entries(VERDICT).map(([name, byte]) => [byte, kebab(name)])).toEqual([...names.entries()]);
  });

  it.each(Object.values(SCHEME_NUMBERS))('tells misuse from what a peer sent (scheme %i)', (scheme) => {
    const secret = native.SecretKey.generate(scheme, new Uint8Array(32));
    const set = new native.KeySet(scheme, secret.publicKey(), false);
    const message = new Uint8Array(3);
    const offsets = Uint32Array.of(0, 3);
    const signature = secret.sign(message);
    const misuses = [
      () => native.SecretKey.generate(scheme, new Uint8Array(31)),
      () => native.SecretKey.generate(9, new Uint8Array(32)),
      () => native.SecretKey.fromBytes(scheme, new Uint8Array(33)),
      () => new native.KeySet(9, secret.publicKey(), false),
      () => new native.KeySet(scheme, secret.publicKey().subarray(1), false),
      () => native.KeySet.fromExport(scheme, new Uint8Array(31)),
      () => native.checkKeys(scheme, new Uint8Array(7)),
      () => native.checkSignatures(scheme, secret.publicKey(), message, Uint32Array.of(0, 2), signature),
      () => native.checkSignatures(scheme, secret.publicKey(), message, Uint32Array.of(), signature),
      () => native.checkSignatures(scheme, secret.publicKey(), message, offsets, signature.subarray(1)),
      () => set.checkVotes(Uint32Array.of(0, 0), message, offsets, signature),
      () => set.checkVotes(Uint32Array.of(0), message, Uint32Array.of(1, 3), signature),
      () => set.formCertificate(message, Uint32Array.of(), signature),
      () => native.merkleRoot(message, Uint32Array.of(0, 4)),
      () => native.sha256Many(message, Uint32Array.of(0, 2, 1, 3)),
      () => native.checkPossessions(new Uint8Array(95), message, offsets, new Uint8Array(48)),
    ];
    for (const misuse of misuses) expect(codeOf(misuse), misuse.toString()).toBe('ERR_NATIVE_MISUSE');
    expect(codeOf(() => set.verifyCertificate(message, undefined as never, signature))).toBe('InvalidArg');
    expect(codeOf(() => native.sha256Many([1] as never, offsets))).toBe('InvalidArg');
  });

  it('names the key that is none', () => {
    const good = native.SecretKey.generate(SCHEME_NUMBERS.bls12381, new Uint8Array(32)).publicKey();
    const keys = new Uint8Array([...good, ...new Uint8Array(96)]);
    const make = () => new native.KeySet(SCHEME_NUMBERS.bls12381, keys, false);
    expect(codeOf(make)).toBe('ERR_NATIVE_KEY');
    expect(make).toThrow('key 1 is refused: malformed');
  });

  it('reads keys with the help of hints, and the same keys without or against it', () => {
    const number = SCHEME_NUMBERS.bls12381;
    const [a, b, c] = [1, 2, 3].map((seed) =>
      native.SecretKey.generate(number, new Uint8Array(32).fill(seed)).publicKey(),
    ) as [Uint8Array, Uint8Array, Uint8Array];
    const keys = new Uint8Array([...a, ...b]);
    const right = new native.KeySet(number, keys, false).exportKeys();
    const [x, y] = [right.subarray(0, 96), right.subarray(96, 192)];
    const foreign = new native.KeySet(number, c, false).exportKeys();
    const shared = new Uint8Array(new SharedArrayBuffer(right.length));
    shared.set(right);
    const hints = [
      right,
      shared,
      right.subarray(192),
      right.subarray(1),
      foreign,
      new Uint8Array([...foreign, ...right, 5]),
      new Uint8Array([...y, ...x]),
      new Uint8Array([...x, ...foreign.subarray(96)]),
      new Uint8Array(192).fill(255),
      new Uint8Array(0),
    ];
    for (const hint of hints) {
      for (const trusted of [false, true]) {
        expect(native.KeySet.withHints(number, keys, hint, trusted).exportKeys()).toEqual(right);
      }
    }
    const broken = new Uint8Array([...a, ...new Uint8Array(96)]);
    expect(codeOf(() => native.KeySet.withHints(number, broken, right, true))).toBe('ERR_NATIVE_KEY');
    expect(codeOf(() => native.KeySet.withHints(number, keys.subarray(1), right, true))).toBe(
      'ERR_NATIVE_MISUSE',
    );
  });

  it('sums BLS votes only', () => {
    const secret = native.SecretKey.generate(SCHEME_NUMBERS.ed25519, new Uint8Array(32));
    const set = new native.KeySet(SCHEME_NUMBERS.ed25519, secret.publicKey(), false);
    expect(codeOf(() => set.startSum())).toBe('ERR_NATIVE_MISUSE');
    expect(codeOf(() => secret.provePossession(new Uint8Array(1)))).toBe('ERR_NATIVE_MISUSE');
  });

  it('takes views, of shared memory as well, and leaves them as they were', () => {
    const secret = native.SecretKey.generate(SCHEME_NUMBERS.bls12381, new Uint8Array(32));
    const shared = new Uint8Array(new SharedArrayBuffer(100)).subarray(3, 99);
    shared.set(secret.publicKey());
    const set = new native.KeySet(SCHEME_NUMBERS.bls12381, shared, false);
    expect(set.size()).toBe(1);
    const frame = new Uint8Array(200).fill(5);
    const signature = frame.subarray(17, 17 + 96);
    signature.set(secret.sign(frame.subarray(0, 9)));
    const before = frame.slice();
    const formed = set.formCertificate(frame.subarray(0, 9), Uint32Array.of(0), signature);
    expect(formed.verdict).toBe(VERDICT.valid);
    expect(frame).toEqual(before);
  });
});

describe('votes summed as they arrive', () => {
  const scheme = SCHEME_NUMBERS.bls12381;
  const message = Uint8Array.of(1, 2, 3);
  const secrets = [1, 2, 3, 4].map((seed) =>
    native.SecretKey.generate(scheme, new Uint8Array(32).fill(seed)),
  );
  const keys = new Uint8Array(Buffer.concat(secrets.map((secret) => secret.publicKey())));
  const vote = (at: number) => secrets[at]?.sign(message) ?? new Uint8Array();

  it('become the certificate of the votes, on this thread or as sums of another one', () => {
    const set = new native.KeySet(scheme, keys, false);
    const sum = set.startSum();
    for (const at of [3, 0, 1]) expect(sum.add(at, vote(at))).toBe(VERDICT.valid);
    expect(sum.size()).toBe(3);
    const votes = new Uint8Array(Buffer.concat([vote(3), vote(0), vote(1)]));
    const expected = set.formCertificate(message, Uint32Array.of(3, 0, 1), votes);
    expect(set.finishSum(message, sum)).toEqual(expected);
    const { verdict, bitmap, signature, key } = sum.partial();
    expect(verdict).toBe(VERDICT.valid);
    const elsewhere = native.KeySet.fromExport(scheme, set.exportKeys());
    const formed = elsewhere.finishPartial(message, bitmap, signature, key);
    expect(formed).toEqual({ ...expected, votes: new Uint8Array() });
  });

  it('say what is wrong with a vote, and which of those counted were bad', () => {
    const set = new native.KeySet(scheme, keys, false);
    const sum = set.startSum();
    expect(sum.partial().verdict).toBe(VERDICT.noSigners);
    expect(sum.add(0, vote(1))).toBe(VERDICT.valid);
    expect(sum.add(0, vote(0))).toBe(VERDICT.duplicateSigner);
    expect(sum.add(4, vote(0))).toBe(VERDICT.unknownSigner);
    expect(sum.add(1, new Uint8Array(96).fill(255))).toBe(VERDICT.malformed);
    expect(sum.add(2, vote(2))).toBe(VERDICT.valid);
    expect(codeOf(() => sum.add(1, new Uint8Array(95)))).toBe('ERR_NATIVE_MISUSE');
    const { bitmap, signature, key } = sum.partial();
    expect(set.finishPartial(message, bitmap, signature, key).verdict).toBe(VERDICT.invalid);
    const formed = set.finishSum(message, sum);
    expect(formed.verdict).toBe(VERDICT.valid);
    expect(formed.bitmap).toEqual(Uint8Array.of(0b100));
    expect(formed.votes).toEqual(Uint8Array.of(VERDICT.invalid, VERDICT.valid));
  });

  it('belong to the set that began the sum', () => {
    const sum = new native.KeySet(scheme, keys, true).startSum();
    expect(codeOf(() => new native.KeySet(scheme, keys, true).finishSum(message, sum))).toBe(
      'ERR_NATIVE_MISUSE',
    );
  });
});
