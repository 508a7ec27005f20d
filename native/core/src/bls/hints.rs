//! Uncompressed forms of keys that were kept somewhere, which need not be trusted.

use super::point::G2;
use super::{KEY_SIZE, PARSED_KEY_SIZE};
use crate::key_set::MAX_KEYS;
use std::collections::HashMap;

/// The flag bits in the first byte of a compressed point: compressed, identity, sign of y.
const FLAGS: u8 = 0b1110_0000;

/// Uncompressed points by their x coordinate, with which both forms of a point begin.
pub(super) struct Hints<'a>(HashMap<&'a [u8], &'a [u8; PARSED_KEY_SIZE]>);

impl<'a> Hints<'a> {
    /// Takes what may be uncompressed points one after the other: nothing about them is checked here, a rest
    /// that is none and more than the largest set has are ignored.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        let (points, _rest) = bytes.as_chunks::<PARSED_KEY_SIZE>();
        Hints(points.iter().take(MAX_KEYS).map(|point| (&point[..KEY_SIZE], point)).collect())
    }

    /// The point that `key` names, if there is a hint of exactly that one: canonical, on the curve, and with
    /// `key` as its compressed encoding, which says that both coordinates are those of decompressing `key`. No
    /// subgroup check.
    pub(super) fn point(&self, key: &[u8; KEY_SIZE]) -> Option<G2> {
        let mut x = *key;
        x[0] &= !FLAGS;
        let point = G2::from_uncompressed(self.0.get(&x[..])?).ok()?;
        (point.to_compressed() == *key).then_some(point)
    }
}
