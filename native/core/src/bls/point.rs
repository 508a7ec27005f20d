//! Points of the two groups: with `pairing`, the only place that calls blst's C interface.
//!
//! Safety of every call below: the pointers come from references to values of the type that blst declares, or
//! from arrays whose length the type fixes, and blst neither keeps them nor reads beyond them.
#![allow(unsafe_code)]

use crate::verdict::Verdict;
use blst::{
    BLST_ERROR, MultiPoint, blst_fp12, blst_hash_to_g1, blst_p1, blst_p1_add_or_double_affine,
    blst_p1_affine, blst_p1_affine_compress, blst_p1_affine_in_g1, blst_p1_affine_is_inf,
    blst_p1_affine_serialize, blst_p1_deserialize, blst_p1_is_inf, blst_p1_to_affine, blst_p1_uncompress,
    blst_p2, blst_p2_add_or_double, blst_p2_add_or_double_affine, blst_p2_affine, blst_p2_affine_compress,
    blst_p2_affine_generator, blst_p2_affine_in_g2, blst_p2_affine_is_inf, blst_p2_affine_serialize,
    blst_p2_cneg, blst_p2_deserialize, blst_p2_from_affine, blst_p2_is_inf, blst_p2_to_affine,
    blst_p2_uncompress,
};
use std::sync::LazyLock;

/// The three flag bits in the first byte of an encoded point.
const FLAGS: u8 = 0b1110_0000;
/// Flag bits of an uncompressed encoding of the identity.
const IDENTITY: u8 = 0b0100_0000;
/// Bits of the random coefficients of a batch.
const COEFFICIENT_BITS: usize = 64;

/// A point of G1's curve, not the identity; in the subgroup only where it was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct G1(blst_p1_affine);

/// A point of G2's curve, not the identity; in the subgroup only where it was checked.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct G2(blst_p2_affine);

/// A sum of points of G1, perhaps the identity.
#[derive(Clone, Copy, Debug, Default)]
pub struct G1Sum(blst_p1);

/// A sum of points of G2, perhaps the identity.
#[derive(Clone, Copy, Debug, Default)]
pub struct G2Sum(blst_p2);

pub(super) static NEGATED_GENERATOR: LazyLock<G2> = LazyLock::new(|| {
    let mut negated = blst_p2::default();
    let mut affine = blst_p2_affine::default();
    // SAFETY: see the head of this module; blst's generator is a constant.
    unsafe {
        blst_p2_from_affine(&mut negated, blst_p2_affine_generator());
        blst_p2_cneg(&mut negated, true);
        blst_p2_to_affine(&mut affine, &negated);
    }
    G2(affine)
});

impl G1 {
    pub(super) fn affine(&self) -> &blst_p1_affine {
        &self.0
    }

    /// Reads an uncompressed point: canonical coordinates on the curve, not the identity. No subgroup check.
    pub fn from_uncompressed(bytes: &[u8; 96]) -> Result<Self, Verdict> {
        refuse_flags(bytes)?;
        let mut point = blst_p1_affine::default();
        // SAFETY: see the head of this module.
        match unsafe { blst_p1_deserialize(&mut point, bytes.as_ptr()) } {
            BLST_ERROR::BLST_SUCCESS => Ok(G1(point)),
            error => Err(verdict_of(error)),
        }
    }

    /// Reads a compressed point: a canonical coordinate on the curve, not the identity. No subgroup check.
    pub fn from_compressed(bytes: &[u8; 48]) -> Result<Self, Verdict> {
        let mut point = blst_p1_affine::default();
        // SAFETY: see the head of this module.
        match unsafe { blst_p1_uncompress(&mut point, bytes.as_ptr()) } {
            // SAFETY: see the head of this module.
            BLST_ERROR::BLST_SUCCESS if unsafe { blst_p1_affine_is_inf(&point) } => Err(Verdict::Identity),
            BLST_ERROR::BLST_SUCCESS => Ok(G1(point)),
            error => Err(verdict_of(error)),
        }
    }

    /// The point that the ciphersuite with this domain maps `message` to (RFC 9380, random oracle encoding).
    pub fn hash(message: &[u8], domain: &[u8]) -> Self {
        let mut sum = G1Sum::default();
        // SAFETY: see the head of this module; the augmentation is empty.
        unsafe {
            blst_hash_to_g1(
                &mut sum.0,
                message.as_ptr(),
                message.len(),
                domain.as_ptr(),
                domain.len(),
                std::ptr::null(),
                0,
            );
        }
        sum.to_point().expect("nobody can find a message that hashes to the identity")
    }

    /// Whether the point lies in the prime-order subgroup.
    pub fn is_in_subgroup(&self) -> bool {
        // SAFETY: see the head of this module.
        unsafe { blst_p1_affine_in_g1(&self.0) }
    }

    /// The 96 bytes of the uncompressed encoding.
    pub fn to_uncompressed(&self) -> [u8; 96] {
        let mut bytes = [0; 96];
        // SAFETY: see the head of this module.
        unsafe { blst_p1_affine_serialize(bytes.as_mut_ptr(), &self.0) };
        bytes
    }

    /// The 48 bytes of the compressed encoding.
    pub fn to_compressed(&self) -> [u8; 48] {
        let mut bytes = [0; 48];
        // SAFETY: see the head of this module.
        unsafe { blst_p1_affine_compress(bytes.as_mut_ptr(), &self.0) };
        bytes
    }
}

impl G1Sum {
    /// The sum of `points`; a thousand at once cost less than half of a thousand single additions.
    pub fn of(points: impl IntoIterator<Item = G1>) -> Self {
        let points: Vec<_> = points.into_iter().map(|point| point.0).collect();
        if points.is_empty() { G1Sum::default() } else { G1Sum(points.add()) }
    }

    /// The sum of `coefficient * point` over all pairs.
    pub fn weighted(points: impl IntoIterator<Item = G1>, coefficients: &[u64]) -> Self {
        let points: Vec<_> = points.into_iter().map(|point| point.0).collect();
        assert_eq!(points.len(), coefficients.len());
        if points.is_empty() {
            return G1Sum::default();
        }
        G1Sum(points.mult(&scalars(coefficients), COEFFICIENT_BITS))
    }

    /// Adds one point.
    pub fn add(&mut self, point: &G1) {
        let sum = self.0;
        // SAFETY: see the head of this module.
        unsafe { blst_p1_add_or_double_affine(&mut self.0, &sum, &point.0) };
    }

    /// The sum as a point, unless it is the identity.
    pub fn to_point(self) -> Option<G1> {
        let mut point = blst_p1_affine::default();
        // SAFETY: see the head of this module.
        unsafe {
            if blst_p1_is_inf(&self.0) {
                return None;
            }
            blst_p1_to_affine(&mut point, &self.0);
        }
        Some(G1(point))
    }
}

impl G2 {
    pub(super) fn affine(&self) -> &blst_p2_affine {
        &self.0
    }

    /// Reads an uncompressed point: canonical coordinates on the curve, not the identity. No subgroup check.
    pub fn from_uncompressed(bytes: &[u8; 192]) -> Result<Self, Verdict> {
        refuse_flags(bytes)?;
        let mut point = blst_p2_affine::default();
        // SAFETY: see the head of this module.
        match unsafe { blst_p2_deserialize(&mut point, bytes.as_ptr()) } {
            BLST_ERROR::BLST_SUCCESS => Ok(G2(point)),
            error => Err(verdict_of(error)),
        }
    }

    /// Reads a compressed point: a canonical coordinate on the curve, not the identity. No subgroup check.
    pub fn from_compressed(bytes: &[u8; 96]) -> Result<Self, Verdict> {
        let mut point = blst_p2_affine::default();
        // SAFETY: see the head of this module.
        match unsafe { blst_p2_uncompress(&mut point, bytes.as_ptr()) } {
            // SAFETY: see the head of this module.
            BLST_ERROR::BLST_SUCCESS if unsafe { blst_p2_affine_is_inf(&point) } => Err(Verdict::Identity),
            BLST_ERROR::BLST_SUCCESS => Ok(G2(point)),
            error => Err(verdict_of(error)),
        }
    }

    /// Whether the point lies in the prime-order subgroup.
    pub fn is_in_subgroup(&self) -> bool {
        // SAFETY: see the head of this module.
        unsafe { blst_p2_affine_in_g2(&self.0) }
    }

    /// The 192 bytes of the uncompressed encoding.
    pub fn to_uncompressed(&self) -> [u8; 192] {
        let mut bytes = [0; 192];
        // SAFETY: see the head of this module.
        unsafe { blst_p2_affine_serialize(bytes.as_mut_ptr(), &self.0) };
        bytes
    }

    /// The 96 bytes of the compressed encoding.
    pub fn to_compressed(&self) -> [u8; 96] {
        let mut bytes = [0; 96];
        // SAFETY: see the head of this module.
        unsafe { blst_p2_affine_compress(bytes.as_mut_ptr(), &self.0) };
        bytes
    }
}

impl G2Sum {
    /// The sum of `points`.
    pub fn of(points: impl IntoIterator<Item = G2>) -> Self {
        let points: Vec<_> = points.into_iter().map(|point| point.0).collect();
        if points.is_empty() { G2Sum::default() } else { G2Sum(points.add()) }
    }

    /// The sum of `coefficient * point` over all pairs.
    pub fn weighted(points: impl IntoIterator<Item = G2>, coefficients: &[u64]) -> Self {
        let points: Vec<_> = points.into_iter().map(|point| point.0).collect();
        assert_eq!(points.len(), coefficients.len());
        if points.is_empty() {
            return G2Sum::default();
        }
        G2Sum(points.mult(&scalars(coefficients), COEFFICIENT_BITS))
    }

    /// Adds one point.
    pub fn add(&mut self, point: &G2) {
        let sum = self.0;
        // SAFETY: see the head of this module.
        unsafe { blst_p2_add_or_double_affine(&mut self.0, &sum, &point.0) };
    }

    /// The sum of both.
    pub fn plus(self, other: G2Sum) -> Self {
        let mut sum = blst_p2::default();
        // SAFETY: see the head of this module.
        unsafe { blst_p2_add_or_double(&mut sum, &self.0, &other.0) };
        G2Sum(sum)
    }

    /// This sum less `other`.
    pub fn minus(self, other: G2Sum) -> Self {
        let mut negated = other.0;
        // SAFETY: see the head of this module.
        unsafe { blst_p2_cneg(&mut negated, true) };
        self.plus(G2Sum(negated))
    }

    /// The sum as a point, unless it is the identity.
    pub fn to_point(self) -> Option<G2> {
        let mut point = blst_p2_affine::default();
        // SAFETY: see the head of this module.
        unsafe {
            if blst_p2_is_inf(&self.0) {
                return None;
            }
            blst_p2_to_affine(&mut point, &self.0);
        }
        Some(G2(point))
    }
}

/// Whether `e(signature, generator)` equals the product of `e(message, key)` over all pairs.
///
/// All points must lie in their subgroups. No signature stands for the identity.
pub fn is_signed(signature: Option<&G1>, pairs: &[(G1, G2)]) -> bool {
    let mut keys: Vec<_> = pairs.iter().map(|(_, key)| key.0).collect();
    let mut messages: Vec<_> = pairs.iter().map(|(message, _)| message.0).collect();
    if let Some(signature) = signature {
        keys.push(NEGATED_GENERATOR.0);
        messages.push(signature.0);
    }
    if keys.is_empty() {
        return true;
    }
    blst_fp12::finalverify(&blst_fp12::miller_loop_n(&keys, &messages), &blst_fp12::default())
}

/// blst takes a compressed point where an uncompressed one is due and then ignores the second half: a second
/// encoding.
fn refuse_flags(bytes: &[u8]) -> Result<(), Verdict> {
    let (first, rest) = (bytes[0], &bytes[1..]);
    if first & FLAGS == 0 {
        return Ok(());
    }
    let identity = first == IDENTITY && rest.iter().all(|&byte| byte == 0);
    Err(if identity { Verdict::Identity } else { Verdict::Malformed })
}

fn verdict_of(error: BLST_ERROR) -> Verdict {
    match error {
        // blst says this while reading for the points (0, y), which are never in the subgroup.
        BLST_ERROR::BLST_POINT_NOT_IN_GROUP => Verdict::WrongSubgroup,
        BLST_ERROR::BLST_PK_IS_INFINITY => Verdict::Identity,
        _ => Verdict::Malformed,
    }
}

fn scalars(coefficients: &[u64]) -> Vec<u8> {
    coefficients.iter().flat_map(|coefficient| coefficient.to_le_bytes()).collect()
}
