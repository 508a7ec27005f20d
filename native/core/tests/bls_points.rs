//! Encodings, subgroups and sums of points.

mod common;

use common::{Random, negated, outside_g1, outside_g2};
use hotstuff_native_core::Verdict;
use hotstuff_native_core::bls::pairing::{Lines, is_signed_by};
use hotstuff_native_core::bls::point::{G1, G1Sum, G2, G2Sum, is_signed};
use hotstuff_native_core::bls::{MESSAGE_DST, SecretKey};

/// The field's modulus, big-endian.
const MODULUS: &str =
    "1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab";

fn g1(which: u64) -> G1 {
    G1::hash(&which.to_le_bytes(), MESSAGE_DST)
}

fn g2(which: u64) -> G2 {
    let key = SecretKey::generate(&Random::new(which).bytes32()).public_key();
    G2::from_compressed(&key).expect("a key")
}

#[test]
fn encodings_go_round() {
    for which in 0..20 {
        let (one, two) = (g1(which), g2(which));
        assert_eq!(G1::from_uncompressed(&one.to_uncompressed()), Ok(one));
        assert_eq!(G1::from_compressed(&one.to_compressed()), Ok(one));
        assert_eq!(G2::from_uncompressed(&two.to_uncompressed()), Ok(two));
        assert_eq!(G2::from_compressed(&two.to_compressed()), Ok(two));
        assert!(one.is_in_subgroup() && two.is_in_subgroup());
    }
}

#[test]
fn the_identity_is_refused_in_every_encoding() {
    let mut uncompressed = [0; 192];
    uncompressed[0] = 0x40;
    let mut compressed = [0; 96];
    compressed[0] = 0xc0;
    assert_eq!(G1::from_uncompressed(uncompressed[..96].try_into().expect("96")), Err(Verdict::Identity));
    assert_eq!(G2::from_uncompressed(&uncompressed), Err(Verdict::Identity));
    assert_eq!(G1::from_compressed(compressed[..48].try_into().expect("48")), Err(Verdict::Identity));
    assert_eq!(G2::from_compressed(&compressed), Err(Verdict::Identity));
    // The flag with anything else set is no encoding.
    uncompressed[95] = 1;
    compressed[47] = 1;
    assert_eq!(G1::from_uncompressed(uncompressed[..96].try_into().expect("96")), Err(Verdict::Malformed));
    assert_eq!(G2::from_uncompressed(&uncompressed), Err(Verdict::Malformed));
    assert_eq!(G1::from_compressed(compressed[..48].try_into().expect("48")), Err(Verdict::Malformed));
    assert_eq!(G2::from_compressed(&compressed), Err(Verdict::Malformed));
}

#[test]
fn every_other_set_of_flags_is_refused() {
    for flags in 1..8 {
        let mut one = g1(1).to_uncompressed();
        let mut two = g2(1).to_uncompressed();
        one[0] |= flags << 5;
        two[0] |= flags << 5;
        assert_eq!(G1::from_uncompressed(&one), Err(Verdict::Malformed), "flags {flags:03b}");
        assert_eq!(G2::from_uncompressed(&two), Err(Verdict::Malformed), "flags {flags:03b}");
    }
    for flags in (0..8).filter(|flags| flags & 0b110 != 0b100) {
        let mut one = g1(1).to_compressed();
        let mut two = g2(1).to_compressed();
        one[0] = one[0] & 0x1f | flags << 5;
        two[0] = two[0] & 0x1f | flags << 5;
        assert_eq!(G1::from_compressed(&one), Err(Verdict::Malformed), "flags {flags:03b}");
        assert_eq!(G2::from_compressed(&two), Err(Verdict::Malformed), "flags {flags:03b}");
    }
}

#[test]
fn a_compressed_point_is_no_uncompressed_one_whatever_follows() {
    let mut encoding = [7; 96];
    encoding[..48].copy_from_slice(&g1(1).to_compressed());
    assert_eq!(G1::from_uncompressed(&encoding), Err(Verdict::Malformed));
}

#[test]
fn coordinates_not_below_the_modulus_are_refused() {
    let modulus = common::bytes::<48>(MODULUS);
    for at in [0, 48] {
        let mut encoding = g1(1).to_uncompressed();
        encoding[at..at + 48].copy_from_slice(&modulus);
        assert_eq!(G1::from_uncompressed(&encoding), Err(Verdict::Malformed));
    }
    for at in [0, 48, 96, 144] {
        let mut encoding = g2(1).to_uncompressed();
        encoding[at..at + 48].copy_from_slice(&modulus);
        assert_eq!(G2::from_uncompressed(&encoding), Err(Verdict::Malformed));
    }
    let mut compressed = modulus;
    compressed[0] |= 0x80;
    assert_eq!(G1::from_compressed(&compressed), Err(Verdict::Malformed));
    for at in [0, 48] {
        let mut encoding = g2(1).to_compressed();
        encoding[at..at + 48].copy_from_slice(&modulus);
        encoding[0] |= 0x80;
        assert_eq!(G2::from_compressed(&encoding), Err(Verdict::Malformed));
    }
}

#[test]
fn points_off_the_curve_are_refused() {
    let mut one = g1(1).to_uncompressed();
    one[95] ^= 1;
    assert_eq!(G1::from_uncompressed(&one), Err(Verdict::Malformed));
    let mut two = g2(1).to_uncompressed();
    two[191] ^= 1;
    assert_eq!(G2::from_uncompressed(&two), Err(Verdict::Malformed));
}

/// `(0, 2)` lies on the curve of G1 and has order 3.
#[test]
fn points_of_small_order_are_refused() {
    let mut uncompressed = [0; 96];
    uncompressed[95] = 2;
    assert_eq!(G1::from_uncompressed(&uncompressed), Err(Verdict::WrongSubgroup));
    let mut compressed = [0; 48];
    compressed[0] = 0x80;
    assert_eq!(G1::from_compressed(&compressed), Err(Verdict::WrongSubgroup));
}

#[test]
fn points_outside_of_the_subgroup_are_seen() {
    for which in 0..10 {
        assert!(!outside_g1(which).is_in_subgroup());
    }
    assert!(!outside_g2().is_in_subgroup());
}

#[test]
fn sums_at_once_equal_sums_one_by_one() {
    // Sixteen is where blst begins to add in batches.
    for count in [0, 1, 2, 15, 16, 17, 33, 100] {
        let ones: Vec<G1> = (0..count).map(g1).collect();
        let twos: Vec<G2> = (0..count).map(|which| g2(which % 7)).collect();
        let (mut one, mut two) = (G1Sum::default(), G2Sum::default());
        ones.iter().for_each(|point| one.add(point));
        twos.iter().for_each(|point| two.add(point));
        assert_eq!(G1Sum::of(ones).to_point(), one.to_point(), "{count} points");
        assert_eq!(G2Sum::of(twos).to_point(), two.to_point(), "{count} points");
    }
}

#[test]
fn sums_take_doubles_and_negatives() {
    let point = g1(1);
    for pairs in [1, 8, 20] {
        let cancelling = (0..pairs).flat_map(|which| [g1(which), negated(&g1(which))]);
        assert_eq!(G1Sum::of(cancelling).to_point(), None, "{pairs} pairs");
        let same = vec![point; 2 * pairs as usize];
        let mut sum = G1Sum::default();
        same.iter().for_each(|point| sum.add(point));
        assert_eq!(G1Sum::of(same).to_point(), sum.to_point());
    }
}

#[test]
fn weighted_sums_equal_repeated_addition() {
    for count in [1, 2, 5, 40] {
        let weights: Vec<u64> = (0..count).map(|at| at * 37 % 19 + 1).collect();
        let repeat = |at: u64| std::iter::repeat_n(at, weights[at as usize] as usize);
        let ones = G1Sum::of((0..count).flat_map(repeat).map(g1));
        let twos = G2Sum::of((0..count).flat_map(repeat).map(g2));
        assert_eq!(G1Sum::weighted((0..count).map(g1), &weights).to_point(), ones.to_point());
        assert_eq!(G2Sum::weighted((0..count).map(g2), &weights).to_point(), twos.to_point());
    }
    // The largest coefficient: 2^64 - 1 times a point plus the point is 2^64 times it.
    let point = g1(1);
    let mut doubled = G1Sum::of([point]);
    for _ in 0..64 {
        doubled = G1Sum::of([doubled.to_point().expect("not the identity"); 2]);
    }
    let mut almost = G1Sum::weighted([point], &[u64::MAX]);
    almost.add(&point);
    assert_eq!(almost.to_point(), doubled.to_point());
}

#[test]
fn subtraction_takes_away_what_was_added() {
    let all: Vec<G2> = (0..20).map(g2).collect();
    let total = G2Sum::of(all.iter().copied());
    let rest = total.minus(G2Sum::of(all[..15].iter().copied()));
    assert_eq!(rest.to_point(), G2Sum::of(all[15..].iter().copied()).to_point());
    assert_eq!(total.minus(total).to_point(), None);
    assert_eq!(total.minus(G2Sum::default()).to_point(), total.to_point());
}

#[test]
fn products_of_many_pairings() {
    let secrets: Vec<SecretKey> =
        (0..20).map(|seed| SecretKey::generate(&Random::new(seed).bytes32())).collect();
    let mut pairs = Vec::new();
    let mut signatures = Vec::new();
    // More than sixteen pairs make blst work in several rounds.
    for (at, secret) in secrets.iter().enumerate() {
        let message = [at as u8];
        signatures.push(G1::from_uncompressed(&secret.sign(&message)).expect("a signature"));
        pairs.push((
            G1::hash(&message, MESSAGE_DST),
            G2::from_compressed(&secret.public_key()).expect("a key"),
        ));
        let sum = G1Sum::of(signatures.iter().copied()).to_point();
        assert!(is_signed(sum.as_ref(), &pairs), "{} pairs", at + 1);
    }
    assert!(!is_signed(signatures.first(), &pairs));
    assert!(is_signed(None, &[]));
    assert!(!is_signed(None, &pairs[..1]));
    assert!(!is_signed(signatures.first(), &[]));
}

/// The loop over prepared lines against blst's own, on what holds and on what does not.
#[test]
fn prepared_keys_judge_as_points_do() {
    let secrets: Vec<SecretKey> =
        (0..6).map(|seed| SecretKey::generate(&Random::new(seed).bytes32())).collect();
    let keys: Vec<G2> =
        secrets.iter().map(|secret| G2::from_compressed(&secret.public_key()).expect("a key")).collect();
    let lines: Vec<Lines> = keys.iter().map(Lines::of).collect();
    let mut signed = 0;
    for text in 0..4u8 {
        let message = G1::hash(&[text], MESSAGE_DST);
        for secret in &secrets {
            let signature = G1::from_uncompressed(&secret.sign(&[text % 3])).expect("a signature");
            for signature in [signature, negated(&signature)] {
                for (key, lines) in keys.iter().zip(&lines) {
                    let expected = is_signed(Some(&signature), &[(message, *key)]);
                    assert_eq!(is_signed_by(&signature, &message, lines), expected);
                    signed += usize::from(expected);
                }
            }
        }
    }
    assert_eq!(
        signed,
        3 * secrets.len(),
        "each key's own signature, over the three messages that were signed"
    );
}
