import fc from 'fast-check';
import { afterAll, beforeAll, beforeEach, describe, expect, it } from 'vitest';
import { asChainId, asReplicaId } from '../../../src/model/ids.ts';
import { SCHEME_SIZES, type SchemeName, type SignatureSet } from '../../../src/model/scheme.ts';
import type { ValidatorSet } from '../../../src/model/validator-set.ts';
import type { SignatureCheck, Verifier } from '../../../src/ports/signature-scheme.ts';
import {
  flipped,
  type Member,
  members,
  possessionOf,
  preimageOf,
  setOf,
  signatureCheck,
  type Vote,
  votesOf,
} from './cast.ts';

/** What every implementation of the port `Verifier` must do, with real cryptography. */
export function describeVerifier(name: string, scheme: SchemeName, create: () => Verifier): void {
  describe(`${name}, ${scheme}`, () => {
    const all = members(scheme, 10);
    const strangers = members(scheme, 2, 99);
    const set = setOf(all);
    const preimage = preimageOf(scheme, 7);
    let votes: Vote[];
    let certificate: SignatureSet;
    let verifier: Verifier;

    beforeAll(async () => {
      verifier = create();
      votes = await votesOf(all, preimage);
      certificate = await formed(verifier, set, preimage, votes.slice(0, 7));
    });

    afterAll(() => verifier[Symbol.asyncDispose]());

    const checkCertificate = async (signatures: SignatureSet, over = preimage, of = set): Promise<number> => {
      const check: SignatureCheck = { type: 'certificate', set: of, preimage: over, signatures };
      return (await verifier.check([check], 'now'))[0] as number;
    };

    it('tells its scheme', () => {
      expect(verifier.scheme).toBe(scheme);
    });

    describe('signatures', () => {
      const vote = (index: number): Vote => votes[index] as Vote;
      const idOf = (index: number): Member['id'] => (all[index] as Member).id;

      it('are judged one by one, in the order asked, members of a set and strangers alike', async () => {
        const other = preimageOf(scheme, 8);
        const [foreign] = await votesOf(strangers, preimage);
        const checks = [
          signatureCheck(idOf(0), preimage, vote(0).signature),
          signatureCheck(idOf(0), other, vote(0).signature),
          signatureCheck(idOf(1), preimage, vote(0).signature),
          signatureCheck(foreign!.signer, preimage, foreign!.signature),
          signatureCheck(foreign!.signer, other, foreign!.signature),
          signatureCheck(idOf(2), preimage, vote(2).signature),
          signatureCheck(idOf(3), preimage, flipped(vote(3).signature, 100)),
          signatureCheck(idOf(4), preimage, new Uint8Array(vote(4).signature.length)),
          signatureCheck(idOf(5), preimage, vote(5).signature.subarray(1)),
          signatureCheck(idOf(6), preimage, new Uint8Array(0)),
          signatureCheck(idOf(9), preimage, vote(9).signature),
        ];
        for (const priority of ['now', 'soon', 'sync'] as const) {
          expect([...(await verifier.check(checks, priority))]).toEqual([1, 0, 0, 1, 0, 1, 0, 0, 0, 0, 1]);
        }
      });

      it('by keys that are none are invalid', async () => {
        const size = SCHEME_SIZES[scheme].publicKey;
        const ids = [
          '',
          '00',
          'ff'.repeat(size),
          '00'.repeat(size),
          'zz'.repeat(size),
          `${'00'.repeat(size)}00`,
        ];
        const checks = ids.map((id) => signatureCheck(asReplicaId(id), preimage, vote(0).signature));
        expect([...(await verifier.check(checks, 'now'))]).toEqual(ids.map(() => 0));
      });

      it('may be none', async () => {
        expect(await verifier.check([], 'now')).toEqual(new Uint8Array(0));
      });

      it('of many views, a few of them bad, are told apart', async () => {
        const checks: SignatureCheck[] = [];
        for (let view = 1; view <= 5; view++) {
          const over = preimageOf(scheme, view);
          for (const { signer, signature } of await votesOf(all.slice(0, 4), over)) {
            checks.push(signatureCheck(signer, view === 3 ? preimage : over, signature));
          }
        }
        expect([...(await verifier.check(checks, 'soon'))]).toEqual(
          checks.map((_, at) => (at >> 2 === 2 ? 0 : 1)),
        );
      });
    });

    describe('certificates', () => {
      it('are valid over what was voted for, alone', async () => {
        expect(await checkCertificate(certificate)).toBe(1);
        expect(await checkCertificate(certificate)).toBe(1);
        expect(await checkCertificate(certificate, preimageOf(scheme, 8))).toBe(0);
      });

      it('are judged beside others and beside signatures', async () => {
        const bad = { ...certificate, bytes: flipped(certificate.bytes, 77) };
        const of = (signatures: SignatureSet): SignatureCheck => ({
          type: 'certificate',
          set,
          preimage,
          signatures,
        });
        const { signer, signature } = votes[0] as Vote;
        const checks = [
          of(bad),
          of(certificate),
          signatureCheck(signer, preimage, signature),
          of(bad),
          of(certificate),
        ];
        expect([...(await verifier.check(checks, 'soon'))]).toEqual([0, 1, 1, 0, 1]);
      });

      it('are invalid with any bit of the signatures or signers changed', async () => {
        for (let bit = 0; bit < 10; bit++) {
          const bitmap = flipped(certificate.bitmap, bit);
          expect(await checkCertificate({ ...certificate, bitmap })).toBe(0);
        }
        for (const bit of [0, 5, 6, 7, 100, 200, 383]) {
          expect(await checkCertificate({ ...certificate, bytes: flipped(certificate.bytes, bit) })).toBe(0);
        }
      });

      it('are invalid in any other shape', async () => {
        const { slots, bitmap, bytes } = certificate;
        const shapes: SignatureSet[] = [
          { slots: 0, bitmap: new Uint8Array(0), bytes: new Uint8Array(0) },
          { slots, bitmap: new Uint8Array(2), bytes: new Uint8Array(0) },
          { slots, bitmap: new Uint8Array(2), bytes },
          { slots: slots - 1, bitmap, bytes },
          { slots: slots + 1, bitmap, bytes },
          { slots: slots + 8, bitmap: new Uint8Array([...bitmap, 0]), bytes },
          { slots, bitmap: bitmap.subarray(0, 1), bytes },
          { slots, bitmap: new Uint8Array([...bitmap, 0]), bytes },
          { slots, bitmap: new Uint8Array(0), bytes },
          { slots, bitmap: flipped(bitmap, 15), bytes },
          { slots, bitmap: flipped(bitmap, 10), bytes },
          { slots, bitmap, bytes: new Uint8Array(0) },
          { slots, bitmap, bytes: bytes.subarray(1) },
          { slots, bitmap, bytes: new Uint8Array([...bytes, 0]) },
          { slots, bitmap, bytes: new Uint8Array([...bytes, ...bytes]) },
          { slots, bitmap, bytes: new Uint8Array(bytes.length) },
        ];
        for (const shape of shapes) expect(await checkCertificate(shape)).toBe(0);
      });

      it('of noise are invalid, never a failure', async () => {
        const noise = fc.record({
          slots: fc.nat({ max: 24 }),
          bitmap: fc.uint8Array({ maxLength: 3 }),
          bytes: fc.oneof(
            fc.uint8Array({ maxLength: 200 }),
            fc.uint8Array({ minLength: 48, maxLength: 48 }),
            fc.uint8Array({ minLength: 64 * 7, maxLength: 64 * 7 }),
          ),
        });
        await fc.assert(
          fc.asyncProperty(noise, async (signatures) => {
            expect(await checkCertificate(signatures)).toBe(0);
            expect(await checkCertificate({ ...certificate, bytes: signatures.bytes })).toBe(0);
          }),
          { numRuns: 50 },
        );
      });

      it('are judged anew under another set, even one of the same keys', async () => {
        expect(await checkCertificate(certificate, preimage, setOf(all, 2))).toBe(1);
        const [, ...others] = all;
        expect(
          await checkCertificate(certificate, preimage, setOf([...others, strangers[0] as Member])),
        ).toBe(0);
        expect(await checkCertificate(certificate, preimage, setOf(all.slice(1)))).toBe(0);
      });

      it('of many sets in turn are all judged right', async () => {
        const sets = await Promise.all(
          Array.from({ length: 12 }, async (_, index) => {
            const some = members(scheme, 3 + (index % 3), 10 + index);
            const own = setOf(some);
            return { own, signatures: await formed(verifier, own, preimage, await votesOf(some, preimage)) };
          }),
        );
        for (let round = 0; round < 2; round++) {
          for (const [index, { own, signatures }] of sets.entries()) {
            // Views of their own, so that nothing is remembered.
            expect(
              await checkCertificate(signatures, preimageOf(scheme, 100 * round + index + 10), own),
            ).toBe(0);
            expect(await checkCertificate(signatures, preimage, own)).toBe(1);
            const next = sets[(index + 3) % sets.length] as (typeof sets)[number];
            expect(await checkCertificate(next.signatures, preimage, own)).toBe(0);
          }
        }
      });
    });

    describe('forming a certificate', () => {
      it('takes votes in any order and names the signers', async () => {
        const { signatures, badSigners } = await verifier.formCertificate({
          set,
          preimage,
          votes: votes.slice(2, 9).toReversed(),
        });
        expect(badSigners).toEqual([]);
        expect(signersOf(signatures)).toEqual(
          votes
            .slice(2, 9)
            .map(({ signer }) => set.indexOf.get(signer) as number)
            .sort((a, b) => a - b),
        );
        expect(await checkCertificate(signatures as SignatureSet)).toBe(1);
      });

      it('leaves bad votes out and names who gave them (R20)', async () => {
        const [other] = await votesOf(all.slice(1, 2), preimageOf(scheme, 8));
        const given = votes.map((vote, index) => {
          if (index === 1) return other as Vote;
          if (index === 4) return { ...vote, signature: new Uint8Array(vote.signature.length) };
          if (index === 6) return { ...vote, signature: vote.signature.subarray(1) };
          if (index === 8) return { ...vote, signature: (votes[7] as Vote).signature };
          return vote;
        });
        const { signatures, badSigners } = await verifier.formCertificate({ set, preimage, votes: given });
        expect([...badSigners].sort()).toEqual([1, 4, 6, 8].map((index) => all[index]!.id).sort());
        expect(signersOf(signatures)).toHaveLength(6);
        expect(await checkCertificate(signatures as SignatureSet)).toBe(1);
      });

      it('names those who are not in the set', async () => {
        const foreign = await votesOf(strangers, preimage);
        const { signatures, badSigners } = await verifier.formCertificate({
          set,
          preimage,
          votes: [...foreign, ...votes.slice(0, 2)],
        });
        expect(badSigners).toEqual(strangers.map(({ id }) => id));
        expect(signersOf(signatures)).toHaveLength(2);
      });

      it('gives none when there is no good vote', async () => {
        expect(await verifier.formCertificate({ set, preimage, votes: [] })).toEqual({
          signatures: null,
          badSigners: [],
        });
        const bad = votes.slice(0, 3).map((vote) => ({ ...vote, signature: flipped(vote.signature, 9) }));
        const outcome = await verifier.formCertificate({ set, preimage, votes: bad });
        expect(outcome.signatures).toBeNull();
        expect([...outcome.badSigners].sort()).toEqual(bad.map(({ signer }) => signer).sort());
      });

      it('counts a vote that is given twice once', async () => {
        const { signatures } = await verifier.formCertificate({
          set,
          preimage,
          votes: [...votes.slice(0, 3), ...votes.slice(0, 3)],
        });
        expect(signersOf(signatures)).toHaveLength(3);
        expect(await checkCertificate(signatures as SignatureSet)).toBe(1);
      });
    });

    describe('votes told of beforehand', () => {
      // Large enough for their sum to be worth keeping.
      const many = members(scheme, 40, 200);
      const large = setOf(many);
      const quorum = large.quorum;
      let view = 10_000;
      let over: Uint8Array;
      let given: Vote[];

      const told = async (from: readonly Vote[], about = over): Promise<void> => {
        // The keys are parsed before the first sum begins.
        const [first] = given as [Vote];
        await verifier.check([signatureCheck(first.signer, over, first.signature)], 'now');
        await verifier.formCertificate({ set: large, preimage: preimageOf(scheme, 9_999), votes: [first] });
        for (const vote of from) verifier.anticipate?.(large, about, vote);
      };
      const form = (of: readonly Vote[]) =>
        verifier.formCertificate({ set: large, preimage: over, votes: of });
      const expectFormed = async (of: readonly Vote[], bad: readonly Vote[] = []): Promise<void> => {
        const { signatures, badSigners } = await form(of);
        const rest = of.filter((vote) => !bad.includes(vote));
        expect([...badSigners].sort()).toEqual(bad.map(({ signer }) => signer).sort());
        expect(signersOf(signatures)).toEqual(
          rest.map(({ signer }) => large.indexOf.get(signer) as number).sort((a, b) => a - b),
        );
        const fresh = create();
        const check: SignatureCheck = {
          type: 'certificate',
          set: large,
          preimage: over,
          signatures: signatures as SignatureSet,
        };
        expect([...(await fresh.check([check], 'now'))]).toEqual([1]);
        await fresh[Symbol.asyncDispose]();
      };

      beforeEach(async () => {
        over = preimageOf(scheme, ++view);
        given = (await votesOf(many, over)).slice(0, quorum);
      });

      it('make the same certificate, told all, some or none of them', async () => {
        const reference = await form(given);
        for (const count of [quorum, quorum - 1, quorum - 5, 1, 0]) {
          await told(given.slice(0, count));
          expect(await form(given)).toEqual(reference);
        }
        await expectFormed(given);
      });

      it('are not in a certificate that is not asked of them', async () => {
        await told(given);
        await expectFormed(given.slice(2));
        await told([...given, ...(await votesOf(members(scheme, 2, 201), over))]);
        await expectFormed(given);
      });

      it('leave bad ones to be found and the rest to be a certificate (R20)', async () => {
        const [other] = await votesOf(many.slice(3, 4), preimage);
        const spoilt = given.map((vote, index) => {
          if (index === 3) return other as Vote;
          if (index === 7) return { ...vote, signature: flipped(vote.signature, 300) };
          if (index === 9) return { ...vote, signature: (given[8] as Vote).signature };
          if (index === 11) return { ...vote, signature: vote.signature.subarray(1) };
          return vote;
        });
        await told(spoilt);
        await expectFormed(
          spoilt,
          [3, 7, 9, 11].map((index) => spoilt[index] as Vote),
        );
        // What was told is not what is asked about.
        await told(spoilt);
        await expectFormed(given);
        await told(given);
        await expectFormed(
          spoilt,
          [3, 7, 9, 11].map((index) => spoilt[index] as Vote),
        );
      });

      it('over other messages and by other sets do not mix', async () => {
        for (let other = 0; other < 20; other++) {
          await told(given.slice(0, 3), preimageOf(scheme, 20_000 + other));
        }
        const same = setOf(many, 3);
        for (const vote of given) verifier.anticipate?.(same, over, vote);
        await told(given.slice(5));
        await expectFormed(given);
      });

      it('that make a good certificate together are one, whichever of them is whose', async () => {
        const [a, b] = given as [Vote, Vote];
        const swapped = [
          { ...a, signature: b.signature },
          { ...b, signature: a.signature },
          ...given.slice(2),
        ];
        await told(swapped);
        // The sum of the two is the right one: exactly this the optimistic sum cannot tell, and need not (R20).
        const { signatures, badSigners } = await form(swapped);
        if (scheme === 'bls12381') {
          expect(badSigners).toEqual([]);
          expect(signersOf(signatures)).toHaveLength(quorum);
        } else {
          expect([...badSigners].sort()).toEqual([a.signer, b.signer].sort());
        }
      });
    });

    describe('keys parsed before', () => {
      it('are the same for a set, and whatever is learned of them changes no verdict', async () => {
        const parsed = (await verifier.parsedKeys?.(set)) ?? null;
        expect((await verifier.parsedKeys?.(setOf(all))) ?? null).toEqual(parsed);
        const given = parsed ?? new Uint8Array(all.length * 192);
        const others = (await verifier.parsedKeys?.(setOf(strangers))) ?? null;
        const learned = [given, flipped(given, 1_000), given.subarray(9), others, new Uint8Array(0)];
        for (const hints of learned) {
          const fresh = create();
          if (hints !== null) fresh.learnKeys?.(hints);
          const own = setOf(all);
          expect(await formed(fresh, own, preimage, votes.slice(0, 7))).toEqual(certificate);
          const checks = [preimage, preimageOf(scheme, 8)].map(
            (over): SignatureCheck => ({
              type: 'certificate',
              set: setOf(all),
              preimage: over,
              signatures: certificate,
            }),
          );
          expect([...(await fresh.check(checks, 'now'))]).toEqual([1, 0]);
          expect((await fresh.parsedKeys?.(own)) ?? null).toEqual(parsed);
          await fresh[Symbol.asyncDispose]();
        }
      });
    });

    describe('possession', () => {
      it('is proved for a chain and a key', async () => {
        const [one, two] = all as [Member, Member];
        const chainId = asChainId(1);
        const claims = [
          { chainId, id: one.id, possession: possessionOf(scheme, one) },
          { chainId: asChainId(2), id: one.id, possession: possessionOf(scheme, one) },
          { chainId, id: two.id, possession: possessionOf(scheme, one) },
          { chainId, id: two.id, possession: null },
          { chainId, id: one.id, possession: new Uint8Array(48) },
          { chainId, id: asReplicaId('00'), possession: possessionOf(scheme, one) },
          { chainId, id: two.id, possession: possessionOf(scheme, two) },
        ];
        const expected = scheme === 'bls12381' ? [1, 0, 0, 0, 0, 0, 1] : [1, 1, 1, 1, 0, 0, 1];
        expect([...(await verifier.checkPossession(claims))]).toEqual(expected);
        expect(await verifier.checkPossession([])).toEqual(new Uint8Array(0));
      });
    });

    describe('aborting', () => {
      it('rejects with the reason, at once when it was aborted before', async () => {
        const reason = new Error('no longer wanted');
        const signal = AbortSignal.abort(reason);
        await expect(verifier.check([], 'now', signal)).rejects.toBe(reason);
        await expect(verifier.formCertificate({ set, preimage, votes }, signal)).rejects.toBe(reason);
        await expect(verifier.checkPossession([], signal)).rejects.toBe(reason);
      });

      it('leaves every other call alone', async () => {
        const controllers = Array.from({ length: 20 }, () => new AbortController());
        const calls = controllers.map(async ({ signal }, index) => {
          const over = preimageOf(scheme, 1_000 + (index >> 1));
          const [vote] = await votesOf(all.slice(0, 1), over);
          const checks = [
            signatureCheck(vote!.signer, over, vote!.signature),
            { type: 'certificate', set, preimage: over, signatures: certificate } as const,
          ];
          return verifier.check(checks, 'now', signal);
        });
        await Promise.resolve();
        for (const [index, controller] of controllers.entries()) {
          if (index % 2 === 0) setImmediate(() => controller.abort(new Error('aborted')));
        }
        const outcomes = await Promise.allSettled(calls);
        for (const [index, outcome] of outcomes.entries()) {
          if (outcome.status === 'fulfilled') expect([...outcome.value]).toEqual([1, 0]);
          else expect([index % 2, (outcome.reason as Error).message]).toEqual([0, 'aborted']);
        }
      });
    });

    it('closes after it has answered, and then refuses', async () => {
      const closing = create();
      const asked = closing.check([{ type: 'certificate', set, preimage, signatures: certificate }], 'sync');
      const closed = closing[Symbol.asyncDispose]();
      await expect(closing.check([], 'now')).rejects.toThrow('closed');
      await closed;
      expect([...(await asked)]).toEqual([1]);
      await closing[Symbol.asyncDispose]();
    });
  });
}

async function formed(
  verifier: Verifier,
  set: ValidatorSet,
  preimage: Uint8Array,
  votes: readonly Vote[],
): Promise<SignatureSet> {
  const { signatures, badSigners } = await verifier.formCertificate({ set, preimage, votes });
  expect(badSigners).toEqual([]);
  if (signatures === null) throw new Error('no certificate');
  return signatures;
}

function signersOf(signatures: SignatureSet | null): number[] {
  if (signatures === null) return [];
  return Array.from({ length: signatures.slots }, (_, slot) => slot).filter(
    (slot) => ((signatures.bitmap[slot >> 3]! >> (slot & 7)) & 1) === 1,
  );
}
