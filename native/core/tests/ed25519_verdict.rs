//! Every Ed25519 verdict equals that of dalek's `verify`, before and after a key has its table.

mod common;

use common::{Fixture, Flat, Random, bytes, hex};
use curve25519_dalek::constants::{ED25519_BASEPOINT_POINT, EIGHT_TORSION};
use curve25519_dalek::edwards::{CompressedEdwardsY, EdwardsPoint};
use curve25519_dalek::scalar::Scalar;
use ed25519_dalek::{Signature, Verifier, VerifyingKey};
use hotstuff_native_core::{
    KeyError, KeySet, Scheme, SecretKey, Trust, Verdict, check_keys, check_signatures,
};
use sha2::{Digest, Sha512};

const ED25519: Scheme = Scheme::Ed25519;

/// More than a key is used before it gets a table.
const WARM_UP: usize = 20;

/// A set of one key that has its table.
fn warm_set(key: &[u8; 32]) -> KeySet {
    let mut set = KeySet::new(ED25519, key, Trust::Validate).expect("a key");
    for _ in 0..WARM_UP {
        set.check_votes(&[0], Flat::new(&[b""]).slices(), &[0; 64]).expect("well shaped");
    }
    set
}

fn verdict(set: &mut KeySet, message: &[u8], signature: &[u8]) -> bool {
    let verdicts = set.check_votes(&[0], Flat::new(&[message]).slices(), signature).expect("well shaped");
    verdicts == [Verdict::Valid]
}

/// The one verdict that dalek and all of our ways give.
fn agreed(key: &[u8; 32], message: &[u8], signature: &[u8; 64]) -> bool {
    let dalek = VerifyingKey::from_bytes(key)
        .expect("a key")
        .verify(message, &Signature::from_bytes(signature))
        .is_ok();
    let mut cold = KeySet::new(ED25519, key, Trust::Validate).expect("a key");
    let free =
        check_signatures(ED25519, key, Flat::new(&[message]).slices(), signature).expect("well shaped");
    assert_eq!(verdict(&mut cold, message, signature), dalek, "a key without a table");
    assert_eq!(verdict(&mut warm_set(key), message, signature), dalek, "a key with a table");
    assert_eq!(free == [Verdict::Valid], dalek, "a key of no set");
    dalek
}

/// RFC 8032, section 7.1: TEST 1, 2, 3 and SHA(abc).
#[test]
fn vectors_of_rfc_8032() {
    let vectors = [
        (
            "9d61b19deffd5a60ba844af492ec2cc44449c5697b326919703bac031cae7f60",
            "d75a980182b10ab7d54bfed3c964073a0ee172f3daa62325af021a68f707511a",
            "",
            "e5564300c360ac729086e2cc806e828a84877f1eb8e5d974d873e065224901555fb8821590a33bacc61e39701cf9b46b
             d25bf5f0595bbe24655141438e7a100b",
        ),
        (
            "4ccd089b28ff96da9db6c346ec114e0f5b8a319f35aba624da8cf6ed4fb8a6fb",
            "3d4017c3e843895a92b70aa74d1b7ebc9c982ccf2ec4968cc0cd55f12af4660c",
            "72",
            "92a009a9f0d4cab8720e820b5f642540a2b27b5416503f8fb3762223ebdb69da085ac1e43e15996e458f3613d0f11d8c
             387b2eaeb4302aeeb00d291612bb0c00",
        ),
        (
            "c5aa8df43f9f837bedb7442f31dcb7b166d38535076f094b85ce3a2e0b4458f7",
            "fc51cd8e6218a1a38da47ed00230f0580816ed13ba3303ac5deb911548908025",
            "af82",
            "6291d657deec24024827e69c3abe01a30ce548a284743a445e3680d7db5ac3ac18ff9b538d16f290ae67f760984dc659
             4a7c15e9716ed28dc027beceea1ec40a",
        ),
        (
            "833fe62409237b9d62ec77587520911e9a759cec1d19755b7da901b96dca3d42",
            "ec172b93ad5e563bf4932c70e1245034c35467ef2efd4d64ebf819683467e2bf",
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a2192992a274fc1a836ba3c23a3feebbd
             454d4423643ce80e2a9ac94fa54ca49f",
            "dc2a4459e7369633a52b1bf277839a00201009a3efbf3ecb69bea2186c26b58909351fc9ac90b3ecfdfbc7c66431e030
             3dca179c138ac17ad9bef1177331a704",
        ),
    ];
    for (secret, key, message, signature) in vectors {
        let (key, message, signature) = (bytes(key), hex(message), bytes(signature));
        let secret = SecretKey::from_bytes(ED25519, &bytes(secret)).expect("any seed is a key");
        assert_eq!(secret.public_key(), key);
        assert_eq!(secret.sign(&message), signature);
        assert!(agreed(&key, &message, &signature));
        for bit in (0..512).step_by(7) {
            let mut changed = signature;
            changed[bit / 8] ^= 1 << (bit % 8);
            assert!(!agreed(&key, &message, &changed), "bit {bit}");
        }
    }
}

/// The twelve published cases of "Taming the Many EdDSAs" and what dalek is published to say of them.
#[test]
fn published_edge_cases() {
    let cases = [
        (
            "8c93255d71dcab10e8f379c26200f3c7bd5f09d9bc3068d3ef4edeb4853022b6",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac037a
          0000000000000000000000000000000000000000000000000000000000000000",
            true,
        ),
        (
            "9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa",
            "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43
          a5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04",
            true,
        ),
        (
            "aebf3f2601a0c8c5d39cc7d8911642f740b78168218da8471772b35f9d35b9ab",
            "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
            "c7176a703d4dd84fba3c0b760d10670f2a2053fa2c39ccc64ec7fd7792ac03fa
          8c4bd45aecaca5b24fb97bc10ac27ac8751a7dfe1baff8b953ec9f5833ca260e",
            true,
        ),
        (
            "9bd9f44f4dcc75bd531b56b2cd280b0bb38fc1cd6d1230e14861d861de092e79",
            "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
            "9046a64750444938de19f227bb80485e92b83fdb4b6506c160484c016cc1852f
          87909e14428a7a1d62e9f22f3d3ad7802db02eb2e688b6c52fcd6648a98bd009",
            true,
        ),
        (
            "e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec4011eaccd55b53f56c",
            "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
            "160a1cb0dc9c0258cd0a7d23e94d8fa878bcb1925f2c64246b2dee1796bed512
          5ec6bc982a269b723e0668e540911a9a6a58921d6925e434ab10aa7940551a09",
            false,
        ),
        (
            "e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec4011eaccd55b53f56c",
            "cdb267ce40c5cd45306fa5d2f29731459387dbf9eb933b7bd5aed9a765b88d4d",
            "21122a84e0b5fca4052f5b1235c80a537878b38f3142356b2c2384ebad4668b7
          e40bc836dac0f71076f9abe3a53f9c03c1ceeeddb658d0030494ace586687405",
            false,
        ),
        (
            "85e241a07d148b41e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec40",
            "442aad9f089ad9e14647b1ef9099a1ff4798d78589e66f28eca69c11f582a623",
            "e96f66be976d82e60150baecff9906684aebb1ef181f67a7189ac78ea23b6c0e
          547f7690a0e2ddcd04d87dbc3490dc19b3b3052f7ff0538cb68afb369ba3a514",
            false,
        ),
        (
            "85e241a07d148b41e47d62c63f830dc7a6851a0b1f33ae4bb2f507fb6cffec40",
            "442aad9f089ad9e14647b1ef9099a1ff4798d78589e66f28eca69c11f582a623",
            "8ce5b96c8f26d0ab6c47958c9e68b937104cd36e13c33566acd2fe8d38aa1942
          7e71f98a473474f2f13f06f97c20d58cc3f54b8bd0d272f42b695dd7e89a8c22",
            false,
        ),
        (
            "9bedc267423725d473888631ebf45988bad3db83851ee85c85e241a07d148b41",
            "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff
          03be9678ac102edcd92b0210bb34d7428d12ffc5df5f37e359941266a4e35f0f",
            false,
        ),
        (
            "9bedc267423725d473888631ebf45988bad3db83851ee85c85e241a07d148b41",
            "f7badec5b8abeaf699583992219b7b223f1df3fbbea919844e3f7c554a43dd43",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff
          ca8c5b64cd208982aa38d4936621a4775aa233aa0505711d8fdcfdaa943d4908",
            false,
        ),
        (
            "e96b7021eb39c1a163b6da4e3093dcd3f21387da4cc4572be588fafae23c155b",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            "a9d55260f765261eb9b84e106f665e00b867287a761990d7135963ee0a7d59dc
          a5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04",
            false,
        ),
        (
            "39a591f5321bbe07fd5a23dc2f39d025d74526615746727ceefd6e82ae65c06f",
            "ecffffffffffffffffffffffffffffffffffffffffffffffffffffffffffffff",
            "a9d55260f765261eb9b84e106f665e00b867287a761990d7135963ee0a7d59dc
          a5bb704786be79fc476f91d3f3f89b03984d8068dcf1bb7dfc6637b45450ac04",
            true,
        ),
    ];
    for (number, (message, key, signature, expected)) in cases.iter().enumerate() {
        assert_eq!(agreed(&bytes(key), &hex(message), &bytes(signature)), *expected, "case {number}");
    }
}

/// The encodings of the eight points of small order, those with superfluous bits and coordinates included.
fn small_encodings() -> Vec<[u8; 32]> {
    let mut encodings: Vec<[u8; 32]> =
        EIGHT_TORSION.iter().map(|point| point.compress().to_bytes()).collect();
    let mut least = [0xff; 32];
    least[31] = 0x7f;
    for low in 0xed..=0xff {
        // y + p for the few y that still fit into 255 bits.
        for high in [0x7f, 0xff] {
            let mut encoding = least;
            encoding[0] = low;
            encoding[31] = high;
            encodings.push(encoding);
        }
    }
    // The identity and the point of order two with a sign that their x = 0 does not have.
    for canonical in [EdwardsPoint::default(), EIGHT_TORSION[4]] {
        let mut encoding = canonical.compress().to_bytes();
        encoding[31] ^= 0x80;
        encodings.push(encoding);
    }
    encodings.retain(|encoding| {
        let point = CompressedEdwardsY(*encoding).decompress();
        point.is_some_and(|point| point.is_small_order())
    });
    encodings.sort_unstable();
    encodings.dedup();
    encodings
}

fn challenge(r: &[u8; 32], key: &[u8; 32], message: &[u8]) -> Scalar {
    let digest = Sha512::new().chain_update(r).chain_update(key).chain_update(message).finalize();
    Scalar::from_bytes_mod_order_wide(&digest.into())
}

/// Keys and `R` that are of small order, or have a component of small order, in every combination: signatures
/// whose prime-order part is always right, so that only the treatment of the small part decides.
#[test]
fn every_combination_of_small_order_components() {
    let small = small_encodings();
    assert_eq!(small.len(), 14, "eight points, six of them with another encoding");
    let mut random = Random::new(8);
    let mut scalar = || Scalar::from_bytes_mod_order(random.bytes32());
    let (secret, nonce) = (scalar(), scalar());
    let mut keys: Vec<([u8; 32], Scalar)> = small.iter().map(|&encoding| (encoding, Scalar::ZERO)).collect();
    let mut nonces = keys.clone();
    for torsion in EIGHT_TORSION {
        keys.push(((secret * ED25519_BASEPOINT_POINT + torsion).compress().to_bytes(), secret));
        nonces.push(((nonce * ED25519_BASEPOINT_POINT + torsion).compress().to_bytes(), nonce));
    }
    let mut accepted = 0;
    for (key, a) in &keys {
        let mut warm = warm_set(key);
        for (r, b) in &nonces {
            for message in [&b"ed25519vectors"[..], b"ed25519vectors 2", b""] {
                let s = b + challenge(r, key, message) * a;
                let signature = [&r[..], s.as_bytes()].concat();
                let dalek = VerifyingKey::from_bytes(key).expect("a key");
                let dalek = dalek.verify(message, &Signature::from_slice(&signature).expect("64")).is_ok();
                assert_eq!(verdict(&mut warm, message, &signature), dalek, "key {key:02x?}, R {r:02x?}");
                accepted += usize::from(dalek);
            }
        }
    }
    // Both verdicts occur often: the comparison is not empty.
    let total = keys.len() * nonces.len() * 3;
    assert!(accepted > total / 20 && accepted < total / 2, "{accepted} of {total}");
}

/// A signature whose `R` has the point of order two added: never valid alone, while the randomised batch
/// equation accepts about half of them, so that replicas who batch would disagree.
#[test]
fn r_plus_the_point_of_order_two_is_never_valid() {
    let two = EIGHT_TORSION[4];
    assert!(two + two == EdwardsPoint::default() && two != EdwardsPoint::default());
    let mut random = Random::new(9);
    let secret = Scalar::from_bytes_mod_order(random.bytes32());
    let key = (secret * ED25519_BASEPOINT_POINT).compress().to_bytes();
    let mut warm = warm_set(&key);
    for at in 0..100u32 {
        let message = at.to_le_bytes();
        let nonce = Scalar::from_bytes_mod_order(random.bytes32());
        let r = nonce * ED25519_BASEPOINT_POINT;
        for (r, valid) in [(r, true), (r + two, false)] {
            let r = r.compress().to_bytes();
            let s = nonce + challenge(&r, &key, &message) * secret;
            let signature = [&r[..], s.as_bytes()].concat();
            assert_eq!(agreed(&key, &message, signature[..].try_into().expect("64")), valid);
            assert_eq!(verdict(&mut warm, &message, &signature), valid);
        }
    }
}

/// Scalars at the edges of the group's order and of the windows of the tables.
#[test]
fn scalars_at_the_edges() {
    let order = bytes::<32>("edd3f55c1a631258d69cf7a2def9de1400000000000000000000000000000010");
    let secret = SecretKey::generate(ED25519, &[3; 32]);
    let key: [u8; 32] = secret.public_key().try_into().expect("32 bytes");
    let message = b"message";
    let good: [u8; 64] = secret.sign(message).try_into().expect("64 bytes");
    let mut edges = vec![[0; 32], order, [0xff; 32], [0x7f; 32], [0x0f; 32], [0x08; 32], [0x80; 32]];
    for change in [1u8, 2] {
        let (mut below, mut above) = (order, order);
        below[0] -= change;
        above[0] += change;
        edges.extend([below, above]);
    }
    // s + order is the same scalar in another encoding.
    let mut carry = 0;
    let mut unreduced = [0; 32];
    for at in 0..32 {
        let sum = u16::from(good[32 + at]) + u16::from(order[at]) + carry;
        unreduced[at] = sum as u8;
        carry = sum >> 8;
    }
    edges.push(unreduced);
    for s in edges {
        let mut signature = good;
        signature[32..].copy_from_slice(&s);
        assert!(!agreed(&key, message, &signature), "s = {s:02x?}");
        // With R = [s]B and the identity for a key, the only question is whether s is canonical.
        let identity = EdwardsPoint::default().compress().to_bytes();
        let r = Scalar::from_bytes_mod_order(s) * ED25519_BASEPOINT_POINT;
        let signature = [&r.compress().to_bytes()[..], &s].concat();
        let canonical = bool::from(Scalar::from_canonical_bytes(s).is_some());
        assert_eq!(
            agreed(&identity, message, signature[..].try_into().expect("64")),
            canonical,
            "s = {s:02x?}"
        );
    }
}

/// Random keys, messages and changes, through sets of every width of table.
#[test]
fn random_signatures() {
    for n in [4, 45, 70, 103] {
        let mut fixture = Fixture::new(ED25519, n);
        let mut random = Random::new(n as u64);
        // Only a few of the keys, often enough to get tables.
        for round in 0..150 {
            let signer = random.below(5.min(n)) as u32;
            let message = random.bytes32()[..random.below(33)].to_vec();
            let mut signature = fixture.sign(&[signer], &message);
            let changed = random.chance(30);
            if changed {
                signature[random.below(64)] ^= 1 << random.below(8);
            }
            let verdicts = fixture.set.check_votes(&[signer], Flat::new(&[&message]).slices(), &signature);
            assert_eq!(
                verdicts.expect("well shaped"),
                [if changed { Verdict::Invalid } else { Verdict::Valid }],
                "round {round}"
            );
        }
    }
}

#[test]
fn keys_are_read_by_dalek_s_rule() {
    // Not a point of the curve.
    let mut bad = [0; 32];
    bad[0] = 2;
    let error = KeySet::new(ED25519, &bad, Trust::Validate).err();
    assert_eq!(error, Some(KeyError::Key { index: 0, verdict: Verdict::Malformed }));
    let verdicts = check_keys(ED25519, &[bad, [0; 32]].concat()).expect("well shaped");
    assert_eq!(verdicts, [Verdict::Malformed, Verdict::Valid]);
    for key in small_encodings() {
        assert!(KeySet::new(ED25519, &key, Trust::Validate).is_ok_and(|set| set.export() == key));
    }
}
