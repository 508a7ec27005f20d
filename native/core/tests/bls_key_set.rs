//! Certificates of the BLS scheme: forming, verifying, attributing (R20, R22).

mod common;

use common::{Fixture, Random, bitmap, keys_of, negated, outside_g1, outside_g2, shifted};
use hotstuff_native_core::bls::point::G1;
use hotstuff_native_core::bls::{self, AGGREGATE_SIZE, MESSAGE_DST, VOTE_SIZE};
use hotstuff_native_core::{KeyError, KeySet, MAX_KEYS, Scheme, SecretKey, Trust, Verdict, check_keys};

const MESSAGE: &[u8] = b"\x01 what a quorum votes for";
const BLS: Scheme = Scheme::Bls12381;

fn all_of(n: usize) -> Vec<u32> {
    (0..n as u32).collect()
}

/// A vote of the right size that is a signature, in the subgroup, of something else.
fn garbage(seed: u64) -> Vec<u8> {
    G1::hash(&seed.to_le_bytes(), MESSAGE_DST).to_uncompressed().to_vec()
}

#[test]
fn what_any_signers_sign_becomes_their_certificate() {
    let mut random = Random::new(1);
    for n in [1, 2, 3, 4, 7, 8, 9, 16, 17, 33] {
        let mut fixture = Fixture::new(BLS, n);
        for _ in 0..4 {
            let mut signers: Vec<u32> = all_of(n).into_iter().filter(|_| random.chance(70)).collect();
            if signers.is_empty() {
                signers.push(random.below(n) as u32);
            }
            let turn = random.below(signers.len());
            signers.rotate_left(turn);
            let signatures = fixture.sign(&signers, MESSAGE);
            let formed = fixture.set.form_certificate(MESSAGE, &signers, &signatures).expect("well shaped");
            assert_eq!(formed.verdict, Verdict::Valid, "n = {n}, {signers:?}");
            assert_eq!(formed.bitmap, bitmap(n, &signers));
            assert_eq!(formed.signatures.len(), AGGREGATE_SIZE);
            assert_eq!(formed.votes, vec![Verdict::Valid; signers.len()]);
            let verify = |set: &mut KeySet, message: &[u8]| {
                set.verify_certificate(message, &formed.bitmap, &formed.signatures)
            };
            assert_eq!(verify(&mut fixture.set, MESSAGE), Verdict::Valid);
            assert_eq!(verify(&mut fixture.set, b"another message"), Verdict::Invalid);
        }
    }
}

#[test]
fn the_order_of_votes_does_not_change_the_certificate() {
    let mut fixture = Fixture::new(BLS, 7);
    let (forward, backward) = (all_of(7), all_of(7).into_iter().rev().collect::<Vec<_>>());
    let one = fixture.set.form_certificate(MESSAGE, &forward, &fixture.sign(&forward, MESSAGE));
    let signatures = fixture.sign(&backward, MESSAGE);
    assert_eq!(one, fixture.set.form_certificate(MESSAGE, &backward, &signatures));
}

#[test]
fn bad_votes_are_named_and_the_rest_is_a_certificate() {
    let n = 40;
    let mut fixture = Fixture::new(BLS, n);
    let signers = all_of(n);
    for bad in
        [vec![0], vec![39], vec![3, 4], vec![0, 13, 22, 39], (0..39).collect(), (0..40).step_by(2).collect()]
    {
        let mut signatures = fixture.sign(&signers, MESSAGE);
        for &at in &bad {
            signatures[at * VOTE_SIZE..][..VOTE_SIZE].copy_from_slice(&garbage(at as u64));
        }
        let formed = fixture.set.form_certificate(MESSAGE, &signers, &signatures).expect("well shaped");
        let good: Vec<u32> = signers.iter().copied().filter(|&at| !bad.contains(&(at as usize))).collect();
        assert_eq!(formed.verdict, Verdict::Valid, "bad: {bad:?}");
        assert_eq!(formed.bitmap, bitmap(n, &good));
        for (at, verdict) in formed.votes.iter().enumerate() {
            let expected = if bad.contains(&at) { Verdict::Invalid } else { Verdict::Valid };
            assert_eq!(*verdict, expected, "vote {at}, bad: {bad:?}");
        }
        let verdict = fixture.set.verify_certificate(MESSAGE, &formed.bitmap, &formed.signatures);
        assert_eq!(verdict, Verdict::Valid);
    }
}

#[test]
fn each_kind_of_bad_vote_has_its_verdict_and_voids_only_itself() {
    let mut fixture = Fixture::new(BLS, 8);
    let mut identity = vec![0; VOTE_SIZE];
    identity[0] = 0x40;
    let good = |signer: u32| fixture.sign(&[signer], MESSAGE);
    let votes: Vec<(u32, Vec<u8>, Verdict)> = vec![
        (0, good(0), Verdict::Valid),
        (1, vec![0xff; VOTE_SIZE], Verdict::Malformed),
        (2, identity, Verdict::Identity),
        (3, shifted(&good(3), &outside_g1(0)), Verdict::WrongSubgroup),
        (4, good(5), Verdict::Invalid),
        (0, good(0), Verdict::DuplicateSigner),
        (8, good(0), Verdict::UnknownSigner),
        (u32::MAX, good(0), Verdict::UnknownSigner),
        (5, fixture.sign(&[5], b"another message"), Verdict::Invalid),
        (6, good(6), Verdict::Valid),
        (1, good(1), Verdict::Valid),
    ];
    let indexes: Vec<u32> = votes.iter().map(|vote| vote.0).collect();
    let signatures: Vec<u8> = votes.iter().flat_map(|vote| vote.1.clone()).collect();
    let formed = fixture.set.form_certificate(MESSAGE, &indexes, &signatures).expect("well shaped");
    assert_eq!(formed.votes, votes.iter().map(|vote| vote.2).collect::<Vec<_>>());
    assert_eq!(formed.bitmap, bitmap(8, &[0, 1, 6]));
    let verdict = fixture.set.verify_certificate(MESSAGE, &formed.bitmap, &formed.signatures);
    assert_eq!(verdict, Verdict::Valid);
}

#[test]
fn no_good_vote_is_no_certificate() {
    let mut fixture = Fixture::new(BLS, 4);
    let none = fixture.set.form_certificate(MESSAGE, &[], &[]).expect("well shaped");
    assert_eq!((none.verdict, none.bitmap.len(), none.signatures.len()), (Verdict::NoSigners, 0, 0));
    let bad = [garbage(1), garbage(2)].concat();
    let none = fixture.set.form_certificate(MESSAGE, &[0, 1], &bad).expect("well shaped");
    assert_eq!((none.verdict, none.bitmap.len(), none.signatures.len()), (Verdict::NoSigners, 0, 0));
    assert_eq!(none.votes, [Verdict::Invalid; 2]);
}

/// Shares can cancel in a sum: then the certificate is sound, for it says that these keys together signed,
/// and so did each honest one among them. No share of it may be taken for a signature.
#[test]
fn shares_that_cancel_form_a_sound_certificate_and_are_no_signatures() {
    let mut fixture = Fixture::new(BLS, 4);
    let inside = G1::hash(b"any point", MESSAGE_DST);
    for shift in [inside, outside_g1(0)] {
        let indexes = [0, 1, 2];
        let signatures = [
            shifted(&fixture.sign(&[0], MESSAGE), &shift),
            shifted(&fixture.sign(&[1], MESSAGE), &negated(&shift)),
            fixture.sign(&[2], MESSAGE),
        ]
        .concat();
        let formed = fixture.set.form_certificate(MESSAGE, &indexes, &signatures).expect("well shaped");
        assert_eq!(formed.verdict, Verdict::Valid);
        let verdict = fixture.set.verify_certificate(MESSAGE, &formed.bitmap, &formed.signatures);
        assert_eq!(verdict, Verdict::Valid);

        let messages = common::Flat::new(&[MESSAGE; 3]);
        let verdicts =
            fixture.set.check_votes(&indexes, messages.slices(), &signatures).expect("well shaped");
        let bad = if shift == inside { Verdict::Invalid } else { Verdict::WrongSubgroup };
        assert_eq!(verdicts, [bad, bad, Verdict::Valid]);
    }
}

/// Two keys that cancel, each with a proof of possession: together they can claim to have signed anything,
/// without the identity's refusal.
#[test]
fn splitting_zero_is_refused() {
    let order = common::bytes::<32>("73eda753299d7d483339d80809a1d80553bda402fffe5bfeffffffff00000001");
    let first = SecretKey::generate(BLS, &[9; 32]);
    let mut borrow = 0i32;
    let mut negative = [0; 32];
    for (at, byte) in first.to_bytes().iter().enumerate().rev() {
        let difference = i32::from(order[at]) - i32::from(*byte) - borrow;
        borrow = i32::from(difference < 0);
        negative[at] = difference.rem_euclid(256) as u8;
    }
    let second = SecretKey::from_bytes(BLS, &negative).expect("the negative of a scalar");
    let third = SecretKey::generate(BLS, &[10; 32]);
    let secrets = [first, second, third];
    let mut set = KeySet::new(BLS, &keys_of(&secrets), Trust::Validate).expect("all are keys");

    let mut identity = [0; AGGREGATE_SIZE];
    identity[0] = 0xc0;
    let cancelling = bitmap(3, &[0, 1]);
    assert_eq!(set.verify_certificate(MESSAGE, &cancelling, &identity), Verdict::Identity);
    let any = secrets[2].sign(MESSAGE);
    let any = G1::from_uncompressed(any[..].try_into().expect("96")).expect("a point").to_compressed();
    assert_eq!(set.verify_certificate(MESSAGE, &cancelling, &any), Verdict::Identity);

    let votes: Vec<Vec<u8>> = secrets.iter().map(|secret| secret.sign(MESSAGE)).collect();
    let formed = set.form_certificate(MESSAGE, &[0, 1], &votes[..2].concat()).expect("well shaped");
    assert_eq!((formed.verdict, formed.signatures.len()), (Verdict::Identity, 0));
    // Beside an honest key they do no harm: the certificate still needs its signature.
    let formed = set.form_certificate(MESSAGE, &[0, 1, 2], &votes.concat()).expect("well shaped");
    assert_eq!(formed.verdict, Verdict::Valid);
    assert_eq!(formed.signatures, any);
}

#[test]
fn certificates_of_the_wrong_shape_say_so() {
    let mut fixture = Fixture::new(BLS, 10);
    let signers = [0, 1, 2, 3, 4, 5, 9];
    let signatures = fixture.sign(&signers, MESSAGE);
    let good = fixture.set.form_certificate(MESSAGE, &signers, &signatures).expect("well shaped");
    let mut verify =
        |bitmap: &[u8], signature: &[u8]| fixture.set.verify_certificate(MESSAGE, bitmap, signature);
    assert_eq!(verify(&good.bitmap, &good.signatures), Verdict::Valid);
    for length in (0..5).filter(|&length| length != 2) {
        assert_eq!(verify(&vec![0xff; length], &good.signatures), Verdict::BadLength);
    }
    assert_eq!(verify(&[0, 0], &good.signatures), Verdict::NoSigners);
    for unused in 2..8 {
        assert_eq!(
            verify(&[good.bitmap[0], good.bitmap[1] | 1 << unused], &good.signatures),
            Verdict::UnusedBits
        );
    }
    for length in (0..100).filter(|&length| length != AGGREGATE_SIZE) {
        let mut signature = good.signatures.clone();
        signature.resize(length, 0);
        assert_eq!(verify(&good.bitmap, &signature), Verdict::BadLength);
    }
    assert_eq!(verify(&good.bitmap, &[0xff; AGGREGATE_SIZE]), Verdict::Malformed);
    assert_eq!(verify(&good.bitmap, &outside_g1(0).to_compressed()), Verdict::WrongSubgroup);
}

#[test]
fn every_changed_bit_of_a_certificate_is_noticed() {
    let mut fixture = Fixture::new(BLS, 10);
    let signers = [0, 1, 2, 3, 4, 5, 9];
    let signatures = fixture.sign(&signers, MESSAGE);
    let good = fixture.set.form_certificate(MESSAGE, &signers, &signatures).expect("well shaped");
    for bit in 0..16 {
        let mut bitmap = good.bitmap.clone();
        bitmap[bit / 8] ^= 1 << (bit % 8);
        assert_ne!(
            fixture.set.verify_certificate(MESSAGE, &bitmap, &good.signatures),
            Verdict::Valid,
            "bit {bit}"
        );
    }
    for bit in 0..8 * AGGREGATE_SIZE {
        let mut signature = good.signatures.clone();
        signature[bit / 8] ^= 1 << (bit % 8);
        assert_ne!(
            fixture.set.verify_certificate(MESSAGE, &good.bitmap, &signature),
            Verdict::Valid,
            "bit {bit}"
        );
    }
}

/// The same aggregate plus a point outside of the subgroup would be a second certificate if nobody looked.
#[test]
fn an_aggregate_moved_out_of_the_subgroup_is_refused() {
    let mut fixture = Fixture::new(BLS, 4);
    let signatures = fixture.sign(&[0, 1, 2], MESSAGE);
    let good = fixture.set.form_certificate(MESSAGE, &[0, 1, 2], &signatures).expect("well shaped");
    let aggregate = G1::from_compressed(good.signatures[..].try_into().expect("48")).expect("a point");
    let moved = shifted(&aggregate.to_uncompressed(), &outside_g1(1));
    let moved = G1::from_uncompressed(moved[..].try_into().expect("96")).expect("a point").to_compressed();
    assert_eq!(fixture.set.verify_certificate(MESSAGE, &good.bitmap, &moved), Verdict::WrongSubgroup);
}

#[test]
fn keys_of_a_peer_are_validated() {
    let keys = keys_of(&Fixture::new(BLS, 3).secrets);
    let mut identity = [0; bls::KEY_SIZE];
    identity[0] = 0xc0;
    for (bad, verdict) in [
        (identity, Verdict::Identity),
        ([0xff; bls::KEY_SIZE], Verdict::Malformed),
        (outside_g2().to_compressed(), Verdict::WrongSubgroup),
    ] {
        for index in 0..3 {
            let mut keys = keys.clone();
            keys[index * bls::KEY_SIZE..][..bls::KEY_SIZE].copy_from_slice(&bad);
            let error = KeySet::new(BLS, &keys, Trust::Validate).err().expect("refused");
            assert_eq!(error, KeyError::Key { index, verdict });
            let mut verdicts = [Verdict::Valid; 3];
            verdicts[index] = verdict;
            assert_eq!(check_keys(BLS, &keys).expect("well shaped"), verdicts);
        }
    }
    for length in [1, bls::KEY_SIZE - 1, bls::KEY_SIZE + 1] {
        assert!(matches!(KeySet::new(BLS, &vec![0; length], Trust::Validate), Err(KeyError::Misuse(_))));
        assert!(matches!(KeySet::import(BLS, &vec![0; length]), Err(KeyError::Misuse(_))));
    }
    let too_many = vec![0; (MAX_KEYS + 1) * bls::KEY_SIZE];
    assert!(matches!(KeySet::new(BLS, &too_many, Trust::Trusted), Err(KeyError::Misuse(_))));
}

#[test]
fn sets_read_in_any_way_judge_alike() {
    let mut fixture = Fixture::new(BLS, 9);
    let keys = keys_of(&fixture.secrets);
    let signers = [0, 2, 3, 4, 6, 7, 8];
    let signatures = fixture.sign(&signers, MESSAGE);
    let formed = fixture.set.form_certificate(MESSAGE, &signers, &signatures).expect("well shaped");
    let trusted = KeySet::new(BLS, &keys, Trust::Trusted).expect("keys");
    let imported = KeySet::import(BLS, &fixture.set.export()).expect("keys");
    for mut set in [trusted, imported] {
        assert_eq!(set.len(), 9);
        assert_eq!(set.export(), fixture.set.export());
        assert_eq!(set.verify_certificate(MESSAGE, &formed.bitmap, &formed.signatures), Verdict::Valid);
        assert_eq!(set.form_certificate(MESSAGE, &signers, &signatures).expect("well shaped"), formed);
    }
}

#[test]
fn an_empty_set_certifies_nothing() {
    let mut set = KeySet::new(BLS, &[], Trust::Validate).expect("no key is wrong");
    assert!(set.is_empty());
    assert_eq!(set.verify_certificate(MESSAGE, &[], &[0; AGGREGATE_SIZE]), Verdict::NoSigners);
    let formed = set.form_certificate(MESSAGE, &[0], &garbage(0)).expect("well shaped");
    assert_eq!((formed.verdict, formed.votes), (Verdict::NoSigners, vec![Verdict::UnknownSigner]));
}

#[test]
fn buffers_that_do_not_fit_are_misuse() {
    let mut fixture = Fixture::new(BLS, 4);
    let signatures = fixture.sign(&[0, 1], MESSAGE);
    assert!(fixture.set.form_certificate(MESSAGE, &[0], &signatures).is_err());
    assert!(fixture.set.form_certificate(MESSAGE, &[0, 1], &signatures[1..]).is_err());
    let messages = common::Flat::new(&[MESSAGE; 2]);
    assert!(fixture.set.check_votes(&[0], messages.slices(), &signatures).is_err());
    assert!(fixture.set.check_votes(&[0, 1], messages.slices(), &signatures[96..]).is_err());
}

/// More messages than are remembered, each met again after it was forgotten.
#[test]
fn remembered_messages_change_no_verdict() {
    let mut fixture = Fixture::new(BLS, 4);
    let long = vec![7; 1000];
    let messages: Vec<Vec<u8>> =
        (0..20).map(|at| vec![at; 1 + at as usize]).chain([long, Vec::new()]).collect();
    for message in messages.iter().chain(messages.iter().rev()) {
        let signatures = fixture.sign(&[0, 1, 3], message);
        let formed = fixture.set.form_certificate(message, &[0, 1, 3], &signatures).expect("well shaped");
        assert_eq!(formed.verdict, Verdict::Valid);
        let other = [&message[..], &[0]].concat();
        let verdict = fixture.set.verify_certificate(&other, &formed.bitmap, &formed.signatures);
        assert_eq!(verdict, Verdict::Invalid);
    }
}

/// More groups of signers than are remembered, each met again after it was forgotten.
#[test]
fn remembered_signers_change_no_verdict() {
    let mut fixture = Fixture::new(BLS, 5);
    let groups: Vec<Vec<u32>> =
        (1..32u32).map(|bits| (0..5).filter(|signer| bits >> signer & 1 == 1).collect()).collect();
    for signers in groups.iter().chain(&groups).chain(groups.iter().rev()) {
        let signatures = fixture.sign(signers, MESSAGE);
        let formed = fixture.set.form_certificate(MESSAGE, signers, &signatures).expect("well shaped");
        assert_eq!((formed.verdict, &formed.bitmap), (Verdict::Valid, &bitmap(5, signers)));
        let verify =
            |set: &mut KeySet, bits: u8| set.verify_certificate(MESSAGE, &[bits], &formed.signatures);
        assert_eq!(verify(&mut fixture.set, formed.bitmap[0]), Verdict::Valid);
        assert_eq!(verify(&mut fixture.set, formed.bitmap[0] % 31 + 1), Verdict::Invalid);
    }
}
