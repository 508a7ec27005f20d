//! Certificates of the Ed25519 scheme (R20).

mod common;

use common::{Fixture, Random, bitmap};
use hotstuff_native_core::ed25519::SIGNATURE_SIZE;
use hotstuff_native_core::{KeyError, KeySet, Scheme, SecretKey, Trust, Verdict};

const MESSAGE: &[u8] = b"what a quorum votes for";
const ED25519: Scheme = Scheme::Ed25519;

#[test]
fn what_any_signers_sign_becomes_their_certificate() {
    let mut random = Random::new(2);
    for n in [1, 4, 8, 9, 33, 110] {
        let mut fixture = Fixture::new(ED25519, n);
        let mut signers: Vec<u32> = (0..n as u32).filter(|&at| at == 0 || random.chance(70)).collect();
        let ascending = fixture.sign(&signers, MESSAGE);
        let in_order = signers.clone();
        signers.reverse();
        let signatures = fixture.sign(&signers, MESSAGE);
        let formed = fixture.set.form_certificate(MESSAGE, &signers, &signatures).expect("well shaped");
        assert_eq!(formed.verdict, Verdict::Valid);
        assert_eq!(formed.bitmap, bitmap(n, &in_order));
        assert_eq!(formed.signatures, ascending);
        let mut verify =
            |message: &[u8]| fixture.set.verify_certificate(message, &formed.bitmap, &formed.signatures);
        assert_eq!((verify(MESSAGE), verify(b"another")), (Verdict::Valid, Verdict::Invalid));
    }
}

#[test]
fn each_kind_of_bad_vote_has_its_verdict_and_voids_only_itself() {
    let mut fixture = Fixture::new(ED25519, 5);
    let good = |signer: u32| fixture.sign(&[signer], MESSAGE);
    let votes: Vec<(u32, Vec<u8>, Verdict)> = vec![
        (4, good(4), Verdict::Valid),
        (1, vec![0xff; SIGNATURE_SIZE], Verdict::Invalid),
        (2, good(3), Verdict::Invalid),
        (4, good(4), Verdict::DuplicateSigner),
        (5, good(0), Verdict::UnknownSigner),
        (0, good(0), Verdict::Valid),
    ];
    let indexes: Vec<u32> = votes.iter().map(|vote| vote.0).collect();
    let signatures: Vec<u8> = votes.iter().flat_map(|vote| vote.1.clone()).collect();
    let formed = fixture.set.form_certificate(MESSAGE, &indexes, &signatures).expect("well shaped");
    assert_eq!(formed.votes, votes.iter().map(|vote| vote.2).collect::<Vec<_>>());
    assert_eq!(formed.bitmap, bitmap(5, &[0, 4]));
    assert_eq!(formed.signatures, fixture.sign(&[0, 4], MESSAGE));

    let none = fixture.set.form_certificate(MESSAGE, &[0], &[0; SIGNATURE_SIZE]).expect("well shaped");
    assert_eq!((none.verdict, none.bitmap.len(), none.signatures.len()), (Verdict::NoSigners, 0, 0));
    assert!(fixture.set.form_certificate(MESSAGE, &[0, 1], &signatures[..127]).is_err());
}

#[test]
fn certificates_of_the_wrong_shape_say_so() {
    let mut fixture = Fixture::new(ED25519, 10);
    let signatures = fixture.sign(&[0, 3, 9], MESSAGE);
    let good = bitmap(10, &[0, 3, 9]);
    let mut verify =
        |bitmap: &[u8], signatures: &[u8]| fixture.set.verify_certificate(MESSAGE, bitmap, signatures);
    assert_eq!(verify(&good, &signatures), Verdict::Valid);
    for length in [0, 1, 3] {
        assert_eq!(verify(&vec![1; length], &signatures), Verdict::BadLength);
    }
    assert_eq!(verify(&[0, 0], &[]), Verdict::NoSigners);
    assert_eq!(verify(&[0xff, 0x07], &signatures), Verdict::UnusedBits);
    for length in [0, 64, 128, 191, 193, 256] {
        let mut signatures = signatures.clone();
        signatures.resize(length, 0);
        assert_eq!(verify(&good, &signatures), Verdict::BadLength, "{length} bytes");
    }
    let mut exchanged = signatures.clone();
    exchanged.rotate_left(SIGNATURE_SIZE);
    assert_eq!(verify(&good, &exchanged), Verdict::Invalid);
    for bit in 0..10 {
        let mut bitmap = good.clone();
        bitmap[bit / 8] ^= 1 << (bit % 8);
        assert_ne!(verify(&bitmap, &signatures), Verdict::Valid);
    }
    for bit in (0..8 * signatures.len()).step_by(11) {
        let mut signatures = signatures.clone();
        signatures[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(verify(&good, &signatures), Verdict::Invalid);
    }
}

#[test]
fn keys_and_proofs() {
    let secret = SecretKey::generate(ED25519, &[5; 32]);
    assert_eq!(secret.to_bytes(), [5; 32]);
    assert!(secret.prove_possession(MESSAGE).is_err());
    assert!(matches!(KeySet::new(ED25519, &[0; 33], Trust::Validate), Err(KeyError::Misuse(_))));
    let set = KeySet::new(ED25519, &secret.public_key(), Trust::Validate).expect("a key");
    let again = KeySet::import(ED25519, &set.export()).expect("a key");
    assert_eq!((again.len(), again.export()), (1, secret.public_key()));
}
