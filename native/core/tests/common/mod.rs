//! What several tests need: hex, reproducible randomness, sets of keys.
#![allow(dead_code, reason = "each test file uses its own part")]

use hotstuff_native_core::bls::point::{G1, G2};
use hotstuff_native_core::{KeySet, Scheme, SecretKey, Slices, Trust};
use sha2::{Digest, Sha256};

pub fn hex(text: &str) -> Vec<u8> {
    let digits: Vec<u8> = text.bytes().filter(|byte| !byte.is_ascii_whitespace()).collect();
    let (pairs, rest) = digits.as_chunks::<2>();
    assert!(rest.is_empty(), "odd number of digits");
    let digit = |byte: u8| char::from(byte).to_digit(16).expect("a hex digit") as u8;
    pairs.iter().map(|&[high, low]| digit(high) << 4 | digit(low)).collect()
}

pub fn bytes<const SIZE: usize>(text: &str) -> [u8; SIZE] {
    hex(text).try_into().expect("as many digits as declared")
}

/// Reproducible bytes: the same seed gives the same run.
pub struct Random {
    seed: u64,
    counter: u64,
}

impl Random {
    pub fn new(seed: u64) -> Self {
        Random { seed, counter: 0 }
    }

    pub fn bytes32(&mut self) -> [u8; 32] {
        self.counter += 1;
        Sha256::new()
            .chain_update(self.seed.to_le_bytes())
            .chain_update(self.counter.to_le_bytes())
            .finalize()
            .into()
    }

    pub fn below(&mut self, end: usize) -> usize {
        let [.., a, b, c, d] = self.bytes32();
        u32::from_le_bytes([a, b, c, d]) as usize % end
    }

    pub fn chance(&mut self, percent: usize) -> bool {
        self.below(100) < percent
    }
}

/// `n` secret keys and the set of their keys.
pub struct Fixture {
    pub secrets: Vec<SecretKey>,
    pub set: KeySet,
}

impl Fixture {
    pub fn new(scheme: Scheme, n: usize) -> Self {
        let mut random = Random::new(n as u64);
        let secrets: Vec<_> = (0..n).map(|_| SecretKey::generate(scheme, &random.bytes32())).collect();
        let set = KeySet::new(scheme, &keys_of(&secrets), Trust::Validate).expect("keys are good");
        Fixture { secrets, set }
    }

    /// The signatures of `signers` over `message`, one after the other.
    pub fn sign(&self, signers: &[u32], message: &[u8]) -> Vec<u8> {
        signers.iter().flat_map(|&signer| self.secrets[signer as usize].sign(message)).collect()
    }
}

pub fn keys_of(secrets: &[SecretKey]) -> Vec<u8> {
    secrets.iter().flat_map(SecretKey::public_key).collect()
}

/// Owns what a [`Slices`] borrows.
pub struct Flat {
    bytes: Vec<u8>,
    offsets: Vec<u32>,
}

impl Flat {
    pub fn new<Item: AsRef<[u8]>>(items: &[Item]) -> Self {
        let mut flat = Flat { bytes: Vec::new(), offsets: vec![0] };
        for item in items {
            flat.bytes.extend_from_slice(item.as_ref());
            flat.offsets.push(flat.bytes.len() as u32);
        }
        flat
    }

    pub fn slices(&self) -> Slices<'_> {
        Slices::new(&self.bytes, &self.offsets).expect("well shaped")
    }
}

pub fn bitmap(n: usize, signers: &[u32]) -> Vec<u8> {
    let mut bitmap = vec![0; n.div_ceil(8)];
    for &signer in signers {
        bitmap[signer as usize / 8] |= 1 << (signer % 8);
    }
    bitmap
}

/// A point of G1's curve that is not in the subgroup; `which` tells them apart.
pub fn outside_g1(which: usize) -> G1 {
    let outside = (1..=u8::MAX).filter_map(|x| {
        let mut encoding = [0; 48];
        encoding[0] = 0x80;
        encoding[47] = x;
        G1::from_compressed(&encoding).ok()
    });
    outside.filter(|point| !point.is_in_subgroup()).nth(which).expect("most points are outside")
}

/// A point of G2's curve that is not in the subgroup.
pub fn outside_g2() -> G2 {
    let outside = (1..=u8::MAX).filter_map(|x| {
        let mut encoding = [0; 96];
        encoding[0] = 0x80;
        encoding[95] = x;
        G2::from_compressed(&encoding).ok()
    });
    outside.into_iter().find(|point| !point.is_in_subgroup()).expect("most points are outside")
}

/// The point with the other y coordinate.
pub fn negated(point: &G1) -> G1 {
    let mut encoding = point.to_compressed();
    encoding[0] ^= 0x20;
    G1::from_compressed(&encoding).expect("the negative of a point is a point")
}

/// `signature` (uncompressed) plus `point`.
pub fn shifted(signature: &[u8], point: &G1) -> Vec<u8> {
    use hotstuff_native_core::bls::point::G1Sum;
    let signature = G1::from_uncompressed(signature.try_into().expect("96 bytes")).expect("a point");
    G1Sum::of([signature, *point]).to_point().expect("not the identity").to_uncompressed().to_vec()
}
