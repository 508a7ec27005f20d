//! Verdicts on single signatures, however many are checked together; proofs of possession; sums of votes.

mod common;

use common::{Fixture, Flat, Random, bitmap, keys_of, negated, outside_g1, outside_g2, shifted};
use hotstuff_native_core::bls::point::G1;
use hotstuff_native_core::bls::{self, MESSAGE_DST, POSSESSION_SIZE, VOTE_SIZE, check_possessions};
use hotstuff_native_core::{KeySet, Scheme, SecretKey, Verdict, check_signatures};

const BLS: Scheme = Scheme::Bls12381;

struct Vote {
    index: u32,
    message: Vec<u8>,
    signature: Vec<u8>,
    verdict: Verdict,
}

fn random_vote(fixture: &Fixture, random: &mut Random, badness: usize) -> Vote {
    let n = fixture.secrets.len();
    let signer = random.below(n) as u32;
    let message = vec![0xab; random.below(3)];
    let good = fixture.sign(&[signer], &message);
    let (index, signature, verdict) = if !random.chance(badness) {
        (signer, good, Verdict::Valid)
    } else {
        match random.below(6) {
            0 => ((signer + 1) % n as u32, good, Verdict::Invalid),
            1 => (signer, fixture.sign(&[signer], b"something else"), Verdict::Invalid),
            2 => (signer, shifted(&good, &outside_g1(random.below(5))), Verdict::WrongSubgroup),
            3 => (n as u32 + signer, good, Verdict::UnknownSigner),
            4 => (signer, vec![0x1f; VOTE_SIZE], Verdict::Malformed),
            _ => {
                let point = G1::from_uncompressed(good[..].try_into().expect("96")).expect("a point");
                (signer, negated(&point).to_uncompressed().to_vec(), Verdict::Invalid)
            }
        }
    };
    Vote { index, message, signature, verdict }
}

fn check(set: &mut KeySet, votes: &[Vote]) -> Vec<Verdict> {
    let indexes: Vec<u32> = votes.iter().map(|vote| vote.index).collect();
    let messages: Vec<&[u8]> = votes.iter().map(|vote| &vote.message[..]).collect();
    let signatures: Vec<u8> = votes.iter().flat_map(|vote| vote.signature.clone()).collect();
    set.check_votes(&indexes, Flat::new(&messages).slices(), &signatures).expect("well shaped")
}

#[test]
fn a_batch_judges_each_vote_as_if_it_were_alone() {
    let mut fixture = Fixture::new(BLS, 7);
    let mut random = Random::new(5);
    for round in 0..30 {
        let count = random.below(24);
        let votes: Vec<Vote> =
            (0..count).map(|_| random_vote(&fixture, &mut random, [0, 5, 30, 100][round % 4])).collect();
        let expected: Vec<Verdict> = votes.iter().map(|vote| vote.verdict).collect();
        assert_eq!(check(&mut fixture.set, &votes), expected, "round {round}");
    }
}

/// Enough bad votes to exhaust the bisection, so that the rest is checked one by one.
#[test]
fn a_flood_of_bad_votes_hides_no_good_one() {
    let mut fixture = Fixture::new(BLS, 4);
    let mut random = Random::new(6);
    for badness in [50, 97] {
        let votes: Vec<Vote> = (0..120).map(|_| random_vote(&fixture, &mut random, badness)).collect();
        let expected: Vec<Verdict> = votes.iter().map(|vote| vote.verdict).collect();
        assert_eq!(check(&mut fixture.set, &votes), expected);
    }
}

/// Without coefficients of their own these would pass together: over one message, and over different ones.
#[test]
fn cancelling_votes_are_both_invalid() {
    let mut fixture = Fixture::new(BLS, 4);
    let shift = G1::hash(b"any point", MESSAGE_DST);
    for messages in [[b"one", b"one"], [b"one", b"two"]] {
        let votes = [
            shifted(&fixture.sign(&[0], messages[0]), &shift),
            shifted(&fixture.sign(&[1], messages[1]), &negated(&shift)),
        ];
        let votes: Vec<Vote> = votes
            .into_iter()
            .enumerate()
            .map(|(at, signature)| Vote {
                index: at as u32,
                message: messages[at].to_vec(),
                signature,
                verdict: Verdict::Invalid,
            })
            .collect();
        assert_eq!(check(&mut fixture.set, &votes), [Verdict::Invalid; 2]);
        // The other's signature: right keys, right messages, exchanged.
        let exchanged = [1, 0].map(|signer| fixture.sign(&[signer], messages[0])).concat();
        let messages = Flat::new(&[messages[0]; 2]);
        let verdicts = fixture.set.check_votes(&[0, 1], messages.slices(), &exchanged).expect("well shaped");
        assert_eq!(verdicts, [Verdict::Invalid; 2]);
    }
}

#[test]
fn signatures_by_keys_of_no_set() {
    let secrets: Vec<SecretKey> = (1..5).map(|seed| SecretKey::generate(BLS, &[seed; 32])).collect();
    let messages: Vec<Vec<u8>> = (0..4).map(|at| vec![at; at as usize]).collect();
    let mut signatures: Vec<Vec<u8>> =
        secrets.iter().zip(&messages).map(|(key, message)| key.sign(message)).collect();
    let mut keys: Vec<Vec<u8>> = secrets.iter().map(SecretKey::public_key).collect();
    let judge = |keys: &[Vec<u8>], signatures: &[Vec<u8>]| {
        check_signatures(BLS, &keys.concat(), Flat::new(&messages).slices(), &signatures.concat())
            .expect("well shaped")
    };
    assert_eq!(judge(&keys, &signatures), [Verdict::Valid; 4]);
    signatures[2] = signatures[1].clone();
    assert_eq!(judge(&keys, &signatures), [Verdict::Valid, Verdict::Valid, Verdict::Invalid, Verdict::Valid]);
    keys[0] = outside_g2().to_compressed().to_vec();
    keys[1] = vec![0; bls::KEY_SIZE];
    keys[3][0] = 0xc0;
    keys[3][1..].fill(0);
    assert_eq!(
        judge(&keys, &signatures),
        [Verdict::WrongSubgroup, Verdict::Malformed, Verdict::Invalid, Verdict::Identity]
    );
}

#[test]
fn proofs_of_possession() {
    let secrets: Vec<SecretKey> = (1..9).map(|seed| SecretKey::generate(BLS, &[seed; 32])).collect();
    let keys = keys_of(&secrets);
    // What a proof is over is the caller's: here the key itself.
    let messages: Vec<Vec<u8>> = secrets.iter().map(SecretKey::public_key).collect();
    let messages = Flat::new(&messages);
    let prove = |at: usize, message: &[u8]| secrets[at].prove_possession(message).expect("BLS has proofs");
    let good: Vec<Vec<u8>> = (0..8).map(|at| prove(at, &secrets[at].public_key())).collect();
    let judge = |keys: &[u8], proofs: &[Vec<u8>]| {
        check_possessions(keys, messages.slices(), &proofs.concat()).expect("well shaped")
    };
    assert_eq!(judge(&keys, &good), [Verdict::Valid; 8]);

    let mut proofs = good.clone();
    proofs[0] = prove(1, &secrets[0].public_key()); // a rogue key: the proof is by another
    proofs[1] = prove(1, b"another message");
    let vote = secrets[2].sign(&secrets[2].public_key()); // a vote over the same bytes is no proof
    let vote = G1::from_uncompressed(vote[..].try_into().expect("96")).expect("a point");
    proofs[2] = vote.to_compressed().to_vec();
    proofs[3] = vec![0; POSSESSION_SIZE];
    proofs[4] = outside_g1(0).to_compressed().to_vec();
    proofs[5][0] = 0xc0;
    proofs[5][1..].fill(0);
    let mut bad_key = keys.clone();
    bad_key[6 * bls::KEY_SIZE..][..bls::KEY_SIZE].copy_from_slice(&outside_g2().to_compressed());
    assert_eq!(
        judge(&bad_key, &proofs),
        [
            Verdict::Invalid,
            Verdict::Invalid,
            Verdict::Invalid,
            Verdict::Malformed,
            Verdict::WrongSubgroup,
            Verdict::Identity,
            Verdict::WrongSubgroup,
            Verdict::Valid,
        ]
    );
    assert!(check_possessions(&keys[1..], messages.slices(), &good.concat()).is_err());
    assert!(check_possessions(&keys, messages.slices(), &good.concat()[1..]).is_err());
}

#[test]
fn a_proof_is_no_vote() {
    let fixture = Fixture::new(BLS, 1);
    let proof = fixture.secrets[0].prove_possession(b"message").expect("BLS has proofs");
    let proof = G1::from_compressed(proof[..].try_into().expect("48")).expect("a point").to_uncompressed();
    let verdicts =
        check_signatures(BLS, &keys_of(&fixture.secrets), Flat::new(&[b"message"]).slices(), &proof)
            .expect("shaped");
    assert_eq!(verdicts, [Verdict::Invalid]);
}

#[test]
fn secret_keys_that_are_no_scalars_are_refused() {
    let order = common::bytes::<32>("73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001");
    for bad in [[0; 32], order, [0xff; 32]] {
        assert!(SecretKey::from_bytes(BLS, &bad).is_err());
    }
    let mut largest = order;
    largest[31] -= 1;
    assert!(SecretKey::from_bytes(BLS, &largest).is_ok_and(|key| key.to_bytes() == largest));
}

fn vote_sum_of(fixture: &Fixture) -> bls::VoteSum {
    match &fixture.set {
        KeySet::Bls(set) => set.start_sum(),
        KeySet::Ed25519(_) => unreachable!(),
    }
}

fn bls_of(fixture: &mut Fixture) -> &mut bls::KeySet {
    match &mut fixture.set {
        KeySet::Bls(set) => set,
        KeySet::Ed25519(_) => unreachable!(),
    }
}

#[test]
fn votes_summed_as_they_arrive_make_the_same_certificate() {
    let message = b"message";
    for (n, signers) in [(1, vec![0]), (4, vec![3, 0, 1]), (33, (5..33).collect())] {
        let mut fixture = Fixture::new(BLS, n);
        let signatures = fixture.sign(&signers, message);
        let at_once = fixture.set.form_certificate(message, &signers, &signatures).expect("well shaped");
        let mut sum = vote_sum_of(&fixture);
        for (&signer, signature) in signers.iter().zip(signatures.as_chunks::<VOTE_SIZE>().0) {
            assert_eq!(sum.add(signer, signature), Verdict::Valid);
        }
        assert!(sum.signers().eq(signers.iter().map(|&signer| signer as usize)));
        assert_eq!(bls_of(&mut fixture).finish(message, &sum).expect("of this set"), at_once);
        let partial = sum.partial().expect("a sum");
        let formed = bls_of(&mut fixture).finish_partial(message, &partial);
        assert_eq!(
            (formed.verdict, formed.bitmap, formed.signatures),
            (Verdict::Valid, at_once.bitmap, at_once.signatures)
        );
    }
}

#[test]
fn a_sum_with_bad_votes_is_sorted_out() {
    let message = b"message";
    let mut fixture = Fixture::new(BLS, 7);
    let mut sum = vote_sum_of(&fixture);
    let vote = |signer: u32, message: &[u8]| -> [u8; VOTE_SIZE] {
        fixture.secrets[signer as usize].sign(message).try_into().expect("96 bytes")
    };
    assert_eq!(sum.partial().err(), Some(Verdict::NoSigners));
    assert_eq!(sum.add(6, &vote(6, message)), Verdict::Valid);
    assert_eq!(sum.add(6, &vote(6, message)), Verdict::DuplicateSigner);
    assert_eq!(sum.add(7, &vote(6, message)), Verdict::UnknownSigner);
    assert_eq!(sum.add(0, &[0xff; VOTE_SIZE]), Verdict::Malformed);
    assert_eq!(sum.add(0, &vote(0, b"something else")), Verdict::Valid, "counted, not yet checked");
    assert_eq!(sum.add(2, &vote(2, message)), Verdict::Valid);
    let partial = sum.partial().expect("a sum");
    assert_eq!(partial.bitmap, bitmap(7, &[0, 2, 6]));

    let unsorted = bls_of(&mut fixture).finish_partial(message, &partial);
    assert_eq!((unsorted.verdict, unsorted.bitmap.len()), (Verdict::Invalid, 0));
    let formed = bls_of(&mut fixture).finish(message, &sum).expect("of this set");
    assert_eq!(formed.votes, [Verdict::Valid, Verdict::Invalid, Verdict::Valid]);
    assert_eq!(formed.bitmap, bitmap(7, &[2, 6]));
    let verdict = fixture.set.verify_certificate(message, &formed.bitmap, &formed.signatures);
    assert_eq!(verdict, Verdict::Valid);
}

#[test]
fn a_sum_belongs_to_its_set() {
    let (one, mut other) = (Fixture::new(BLS, 4), Fixture::new(BLS, 4));
    assert!(bls_of(&mut other).finish(b"message", &vote_sum_of(&one)).is_err());
}

#[test]
fn a_wrong_sum_of_keys_spoils_one_certificate_only() {
    let message = b"message";
    let mut fixture = Fixture::new(BLS, 4);
    let signatures = fixture.sign(&[0, 1, 2], message);
    let good = fixture.set.form_certificate(message, &[0, 1, 2], &signatures).expect("well shaped");
    let mut fresh = Fixture::new(BLS, 4);
    let mut sum = vote_sum_of(&fresh);
    for (signer, signature) in signatures.as_chunks::<VOTE_SIZE>().0.iter().enumerate() {
        sum.add(signer as u32, signature);
    }
    let mut partial = sum.partial().expect("a sum");
    partial.key = fixture.set.export()[..bls::PARSED_KEY_SIZE].try_into().expect("one key");
    assert_eq!(bls_of(&mut fresh).finish_partial(message, &partial).verdict, Verdict::Invalid);
    let verdict = fresh.set.verify_certificate(message, &good.bitmap, &good.signatures);
    assert_eq!(verdict, Verdict::Valid);
    for (bitmap, verdict) in
        [(vec![], Verdict::BadLength), (vec![0], Verdict::NoSigners), (vec![0x17], Verdict::UnusedBits)]
    {
        partial.bitmap = bitmap;
        assert_eq!(bls_of(&mut fresh).finish_partial(message, &partial).verdict, verdict);
    }
}

#[test]
fn a_message_hashed_elsewhere_is_hashed_as_here() {
    let message = b"message";
    let mut hashing = Fixture::new(BLS, 4);
    let point = bls_of(&mut hashing).hash_message(message);
    assert_eq!(point, G1::hash(message, MESSAGE_DST).to_uncompressed());
    let mut told = Fixture::new(BLS, 4);
    bls_of(&mut told).learn_message(message, &point).expect("a point");
    let signatures = told.sign(&[0, 1, 2], message);
    let formed = told.set.form_certificate(message, &[0, 1, 2], &signatures).expect("well shaped");
    assert_eq!(formed.verdict, Verdict::Valid);

    // It is what verdicts are made with, and it replaces nothing that this set has hashed itself.
    let other = bls_of(&mut hashing).hash_message(b"another message");
    let mut misled = Fixture::new(BLS, 4);
    bls_of(&mut misled).learn_message(message, &other).expect("a point");
    let formed = misled.set.form_certificate(message, &[0, 1, 2], &signatures).expect("well shaped");
    assert_eq!(formed.verdict, Verdict::NoSigners);
    bls_of(&mut told).learn_message(message, &other).expect("a point");
    let formed = told.set.form_certificate(message, &[0, 1, 2], &signatures).expect("well shaped");
    assert_eq!(formed.verdict, Verdict::Valid);
    assert!(bls_of(&mut told).learn_message(message, &[0xff; VOTE_SIZE]).is_err());
}
