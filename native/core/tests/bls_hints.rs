//! Keys read with the help of hints: whatever the hints are, the set is the one of decompressing every key.

mod common;

use common::{Fixture, Random, bitmap, keys_of, outside_g2};
use hotstuff_native_core::bls::point::G2;
use hotstuff_native_core::bls::{KEY_SIZE, PARSED_KEY_SIZE};
use hotstuff_native_core::{KeySet, MAX_KEYS, Scheme, Trust, Verdict};

const BLS: Scheme = Scheme::Bls12381;
const MESSAGE: &[u8] = b"what a quorum votes for";

/// The field's modulus, big-endian.
const MODULUS: &str =
    "1a0111ea397fe69a4b1ba7b6434bacd764774b84f38512bf6730d2a0f6b0f6241eabfffeb153ffffb9feffffffffaaab";

/// The generator of the group, compressed and as x and y (draft-irtf-cfrg-pairing-friendly-curves, section
/// 4.2.1).
const GENERATOR: &str = "
    93e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e
    024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8";
const GENERATOR_X: &str = "
    13e02b6052719f607dacd3a088274f65596bd0d09920b61ab5da61bbdc7f5049334cf11213945d57e5ac7d055d042b7e
    024aa2b2f08f0a91260805272dc51051c6e47ad4fa403b02b4510b647ae3d1770bac0326a805bbefd48056c8c121bdb8";
const GENERATOR_Y: &str = "
    0606c4a02ea734cc32acd2b02bc28b99cb3e287e85a763af267492ab572e99ab3f370d275cec1da1aaa9075ff05f79be
    0ce5d527727d6e118cc9cdc6da2e351aadfd9baa8cbdd3a76d429a695160d12c923ac9cc3baca289e193548608b82801";

/// What a test does to a hint.
type Change = fn(&mut [u8]);

/// What became of reading `keys`: the points, or the error's words.
fn outcome(keys: &[u8], hints: &[u8], trust: Trust) -> Result<Vec<u8>, String> {
    KeySet::with_hints(BLS, keys, hints, trust).map(|set| set.export()).map_err(|error| error.to_string())
}

/// That `hints` change nothing about `keys`.
fn expect_same(keys: &[u8], hints: &[u8], what: &str) {
    for trust in [Trust::Trusted, Trust::Validate] {
        let plain = KeySet::new(BLS, keys, trust).map(|set| set.export()).map_err(|error| error.to_string());
        assert_eq!(outcome(keys, hints, trust), plain, "{what}, {trust:?}");
    }
}

/// `bytes` plus the modulus: the same element of the field, not canonical.
fn plus_modulus(bytes: &mut [u8]) {
    let mut carry = 0;
    for (byte, modulus) in bytes.iter_mut().zip(common::bytes::<48>(MODULUS)).rev() {
        let sum = u16::from(*byte) + u16::from(modulus) + carry;
        *byte = sum as u8;
        carry = sum >> 8;
    }
    assert_eq!(carry, 0, "48 bytes have room for it");
}

/// The modulus minus `bytes`.
fn minus_modulus(bytes: &mut [u8]) {
    let mut borrow = 0;
    for (byte, modulus) in bytes.iter_mut().zip(common::bytes::<48>(MODULUS)).rev() {
        let difference = i16::from(modulus) - i16::from(*byte) - borrow;
        *byte = difference as u8;
        borrow = i16::from(difference < 0);
    }
}

/// The key of the point with the other y.
fn negated(key: &[u8]) -> Vec<u8> {
    let mut key = key.to_vec();
    key[0] ^= 0x20;
    key
}

#[test]
fn the_generator_is_read_by_its_coordinates() {
    let key = common::hex(GENERATOR);
    let hint = [common::hex(GENERATOR_X), common::hex(GENERATOR_Y)].concat();
    assert_eq!(outcome(&key, &hint, Trust::Validate), Ok(hint.clone()));
    let other = KeySet::new(BLS, &negated(&key), Trust::Validate).expect("a key").export();
    assert_eq!(outcome(&negated(&key), &hint, Trust::Validate), Ok(other.clone()));
    assert_ne!(other, hint);
}

#[test]
fn the_right_hints_in_any_order_and_among_others_give_the_set() {
    let mut fixture = Fixture::new(BLS, 9);
    let keys = keys_of(&fixture.secrets);
    let right = fixture.set.export();
    let backwards: Vec<u8> = right.chunks(PARSED_KEY_SIZE).rev().flatten().copied().collect();
    let strangers = Fixture::new(BLS, 5).set.export();
    let signers = [0, 2, 3, 4, 6, 7, 8];
    let signatures = fixture.sign(&signers, MESSAGE);
    let formed = fixture.set.form_certificate(MESSAGE, &signers, &signatures).expect("well shaped");
    for hints in [
        right.clone(),
        backwards,
        [&strangers[..], &right, &strangers].concat(),
        right[..4 * PARSED_KEY_SIZE].to_vec(),
        strangers,
        Vec::new(),
    ] {
        expect_same(&keys, &hints, "right hints");
        let mut set = KeySet::with_hints(BLS, &keys, &hints, Trust::Trusted).expect("keys");
        assert_eq!(set.export(), right);
        let verdict = set.verify_certificate(MESSAGE, &bitmap(9, &signers), &formed.signatures);
        assert_eq!(verdict, Verdict::Valid);
    }
}

#[test]
fn a_key_and_its_negative_are_told_apart() {
    let key = &keys_of(&Fixture::new(BLS, 1).secrets)[..];
    let both = [key, &negated(key)].concat();
    let right = KeySet::new(BLS, &both, Trust::Validate).expect("keys").export();
    let (one, other) = right.split_at(PARSED_KEY_SIZE);
    for hints in [&right[..], one, other, &[other, one].concat()] {
        expect_same(&both, hints, "of both");
    }
}

#[test]
fn wrong_hints_change_nothing() {
    let fixture = Fixture::new(BLS, 3);
    let keys = keys_of(&fixture.secrets);
    let right = fixture.set.export();
    let wrong: [(&str, Change); 9] = [
        ("the negative", |hint| {
            minus_modulus(&mut hint[96..144]);
            minus_modulus(&mut hint[144..]);
        }),
        ("one half of y negated", |hint| minus_modulus(&mut hint[96..144])),
        ("another point's y", |hint| hint[96..].copy_from_slice(&outside_g2().to_uncompressed()[96..])),
        ("off the curve", |hint| hint[191] ^= 1),
        ("y not canonical in its first half", |hint| plus_modulus(&mut hint[96..144])),
        ("y not canonical in its second half", |hint| plus_modulus(&mut hint[144..])),
        ("x not canonical", |hint| plus_modulus(&mut hint[48..96])),
        ("nothing but zeros", |hint| hint.fill(0)),
        ("nothing but ones", |hint| hint.fill(0xff)),
    ];
    for (what, change) in wrong {
        for at in 0..3 {
            let mut hints = right.clone();
            change(&mut hints[at * PARSED_KEY_SIZE..][..PARSED_KEY_SIZE]);
            assert_ne!(hints, right);
            expect_same(&keys, &hints, what);
            expect_same(&keys, &[&hints[..], &right].concat(), what);
            expect_same(&keys, &[&right[..], &hints].concat(), what);
        }
    }
    for flags in 1..8 {
        let mut hints = right.clone();
        hints[0] |= flags << 5;
        expect_same(&keys, &hints, "flags where none belong");
    }
}

#[test]
fn every_flipped_bit_and_every_length_change_nothing() {
    let fixture = Fixture::new(BLS, 2);
    let keys = keys_of(&fixture.secrets);
    let right = fixture.set.export();
    for bit in 0..8 * PARSED_KEY_SIZE {
        let mut hints = right.clone();
        hints[bit / 8] ^= 1 << (bit % 8);
        assert_eq!(outcome(&keys, &hints, Trust::Trusted), Ok(right.clone()), "bit {bit}");
    }
    for length in 0..right.len() {
        assert_eq!(outcome(&keys, &right[..length], Trust::Trusted), Ok(right.clone()), "{length} bytes");
        assert_eq!(outcome(&keys, &right[length..], Trust::Trusted), Ok(right.clone()), "from {length} on");
    }
}

/// Keys that are none stay none, whatever is said of them.
#[test]
fn no_hint_makes_a_key() {
    let good = Fixture::new(BLS, 1);
    let outside = outside_g2();
    let mut random = Random::new(4);
    let mut identity = [0; KEY_SIZE];
    identity[0] = 0xc0;
    let mut uncompressed_flag = outside.to_compressed();
    uncompressed_flag[0] &= 0x7f;
    let mut infinite = outside.to_compressed();
    infinite[0] |= 0x40;
    let mut noise = [0x80; KEY_SIZE];
    noise[..32].copy_from_slice(&random.bytes32());
    let mut zero = [0; KEY_SIZE];
    zero[0] = 0x80;
    let mut not_canonical = outside.to_compressed();
    plus_modulus(&mut not_canonical[48..]);
    for key in [
        identity,
        uncompressed_flag,
        infinite,
        noise,
        zero,
        not_canonical,
        [0; KEY_SIZE],
        [0xff; KEY_SIZE],
        outside.to_compressed(),
    ] {
        let mut same_x = [0; PARSED_KEY_SIZE];
        same_x[..KEY_SIZE].copy_from_slice(&key);
        same_x[0] &= 0x1f;
        let keys = [&keys_of(&good.secrets)[..], &key].concat();
        for hints in [
            same_x.to_vec(),
            [&same_x[..KEY_SIZE], &outside.to_uncompressed()[KEY_SIZE..]].concat(),
            outside.to_uncompressed().to_vec(),
            good.set.export(),
            vec![0; 2 * PARSED_KEY_SIZE],
        ] {
            expect_same(&keys, &hints, &format!("key {:02x?}", &key[..4]));
        }
    }
    let point = G2::from_uncompressed(&outside.to_uncompressed()).expect("on the curve");
    let hints = point.to_uncompressed();
    assert!(outcome(&point.to_compressed(), &hints, Trust::Validate).is_err(), "the subgroup is checked");
}

#[test]
fn more_hints_than_keys_of_a_set_are_not_looked_at() {
    let fixture = Fixture::new(BLS, 1);
    let keys = keys_of(&fixture.secrets);
    let mut hints = vec![0; (MAX_KEYS + 1) * PARSED_KEY_SIZE];
    hints[MAX_KEYS * PARSED_KEY_SIZE..].copy_from_slice(&fixture.set.export());
    expect_same(&keys, &hints, "too many");
}

/// That both points of the hint's x, which are not in the subgroup, are read with the sign that y tells; the
/// hint's own is the smaller one.
fn expect_both_signs(x: &[u8; KEY_SIZE], hint: &[u8]) {
    let mut key = *x;
    key[0] |= 0x80;
    for key in [&key[..], &negated(&key)] {
        let right = KeySet::new(BLS, key, Trust::Trusted).expect("on the curve").export();
        assert_eq!(right == hint, key[0] & 0x20 == 0);
        expect_same(key, hint, "one sign");
        expect_same(key, &right, "its own sign");
        let set = KeySet::with_hints(BLS, key, &right, Trust::Trusted).expect("on the curve");
        assert!(set.is_hinted() && set.export() == right);
    }
}

/// With y = 3, whose sign the second half of y tells.
#[test]
fn a_sign_in_the_second_half_of_y_is_seen() {
    let x = common::bytes::<KEY_SIZE>(
        "0c2b2b8487f8e8d648e4f7905c0943b14474f62dd4726f98e902923c7fa2518eab1519d0cd9eef39aad762206d086ced
         09f1477ff0430ca4808b4b98f3ce959fcb5be667df6ef1073e182a4f887fa0f0b7fdd6105d99e027bba24c6b4e932032",
    );
    let mut hint = [&x[..], &[0; 96]].concat();
    hint[191] = 3;
    expect_both_signs(&x, &hint);
    // Zero written as the modulus is larger than half of it.
    plus_modulus(&mut hint[96..144]);
    for sign in [0x80, 0xa0] {
        let mut key = x;
        key[0] |= sign;
        expect_same(&key, &hint, "zero that is not canonical");
        assert!(!KeySet::with_hints(BLS, &key, &hint, Trust::Trusted).expect("on the curve").is_hinted());
    }
}

/// With half of the modulus, rounded down and up, in the first half of y and of its negative.
#[test]
fn the_sign_turns_at_half_of_the_modulus() {
    let x = common::bytes::<KEY_SIZE>(
        "0c459bf71689a1ddd357dc00f20e5579aabf3bc666a045223bc5a1b6a4d4076bdd5fb0db53ef7d39a01e3174ea7e512d
         06187548c7d4c1aa137bd575e79d98082d12ba9d8279104602751e895a4fe6b9993653a4a8acccc6a746fc6e6e9e33da",
    );
    let half = common::hex(
        "0d0088f51cbff34d258dd3db21a5d66bb23ba5c279c2895fb39869507b587b120f55ffff58a9ffffdcff7fffffffd555",
    );
    let mut hint = [&x[..], &half, &[0; 48]].concat();
    hint[191] = 4;
    expect_both_signs(&x, &hint);
}

#[test]
fn hints_that_are_the_export_are_told_from_others() {
    let fixture = Fixture::new(BLS, 3);
    let keys = keys_of(&fixture.secrets);
    let right = fixture.set.export();
    let is_hinted = |keys: &[u8], hints: &[u8]| {
        let set = KeySet::with_hints(BLS, keys, hints, Trust::Trusted).expect("keys");
        assert!(!set.is_hinted() || set.export() == hints);
        set.is_hinted()
    };
    assert!(is_hinted(&keys, &right));
    assert!(!is_hinted(&negated(&keys[..KEY_SIZE]), &right[..PARSED_KEY_SIZE]));
    let backwards: Vec<u8> = right.chunks(PARSED_KEY_SIZE).rev().flatten().copied().collect();
    for hints in [
        &right[..right.len() - 1],
        &right[..2 * PARSED_KEY_SIZE],
        &right[1..],
        &[],
        &backwards,
        &[&right[..], &[0]].concat(),
        &[&right[..], &right[..PARSED_KEY_SIZE]].concat(),
    ] {
        assert!(!is_hinted(&keys, hints));
    }
    for bit in 0..8 * right.len() {
        let mut hints = right.clone();
        hints[bit / 8] ^= 1 << (bit % 8);
        assert!(!is_hinted(&keys, &hints), "bit {bit}");
    }
    assert!(!fixture.set.is_hinted());
}

#[test]
fn many_keys_of_both_signs_are_hinted() {
    let keys = keys_of(&Fixture::new(BLS, 60).secrets);
    for key in keys.chunks(KEY_SIZE) {
        let other = negated(key);
        let set = KeySet::new(BLS, &other, Trust::Trusted).expect("a key");
        let hinted = KeySet::with_hints(BLS, &other, &set.export(), Trust::Validate).expect("a key");
        assert!(hinted.is_hinted());
    }
    let export = KeySet::new(BLS, &keys, Trust::Trusted).expect("keys").export();
    assert!(KeySet::with_hints(BLS, &keys, &export, Trust::Validate).expect("keys").is_hinted());
}

#[test]
fn ed25519_keys_need_none() {
    let fixture = Fixture::new(Scheme::Ed25519, 3);
    let keys = keys_of(&fixture.secrets);
    for hints in [&keys[..], &[7; 100], &[]] {
        let set = KeySet::with_hints(Scheme::Ed25519, &keys, hints, Trust::Trusted).expect("keys");
        assert_eq!(set.export(), keys);
    }
}
