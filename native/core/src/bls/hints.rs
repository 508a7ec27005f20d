//! Uncompressed forms of keys that were kept somewhere, which need not be trusted.

use super::point::G2;
use super::{KEY_SIZE, PARSED_KEY_SIZE};
use crate::key_set::MAX_KEYS;
use std::cell::OnceCell;
use std::collections::HashMap;

/// The flag bits in the first byte of a compressed point.
const FLAGS: u8 = 0b1110_0000;
/// Of a compressed point that is not the identity.
const COMPRESSED: u8 = 0b1000_0000;
/// Set beside it if y is the larger one of y and -y.
const LARGER: u8 = 0b0010_0000;

/// Half of the field's modulus, rounded down, big-endian: what is above it is larger than its negative.
const HALF: [u8; 48] = [
    0x0d, 0x00, 0x88, 0xf5, 0x1c, 0xbf, 0xf3, 0x4d, 0x25, 0x8d, 0xd3, 0xdb, 0x21, 0xa5, 0xd6, 0x6b, 0xb2,
    0x3b, 0xa5, 0xc2, 0x79, 0xc2, 0x89, 0x5f, 0xb3, 0x98, 0x69, 0x50, 0x7b, 0x58, 0x7b, 0x12, 0x0f, 0x55,
    0xff, 0xff, 0x58, 0xa9, 0xff, 0xff, 0xdc, 0xff, 0x7f, 0xff, 0xff, 0xff, 0xd5, 0x55,
];

/// What may be uncompressed points.
pub(super) struct Hints<'a> {
    points: &'a [[u8; PARSED_KEY_SIZE]],
    /// By their x coordinates; made when a key's hint is not where the key is.
    by_x: OnceCell<HashMap<&'a [u8], &'a [u8; PARSED_KEY_SIZE]>>,
}

/// A key's point, from a hint.
pub(super) struct Hinted {
    pub(super) point: G2,
    /// Whether the hint has the key's place.
    pub(super) in_place: bool,
}

impl<'a> Hints<'a> {
    /// Takes what may be points one after the other: nothing about them is checked here, a rest that is none and
    /// more than the largest set has are ignored.
    pub(super) fn new(bytes: &'a [u8]) -> Self {
        let (points, _rest) = bytes.as_chunks();
        Hints { points: &points[..points.len().min(MAX_KEYS)], by_x: OnceCell::new() }
    }

    /// The point that `key`, number `index` of its set, names, if there is a hint of exactly that one: with its
    /// x and the sign of its y, canonical and on the curve, of which there is no other. No subgroup check.
    pub(super) fn find(&self, index: usize, key: &[u8; KEY_SIZE]) -> Option<Hinted> {
        let mut x = *key;
        x[0] &= !FLAGS;
        let in_place = self.points.get(index).filter(|hint| hint[..KEY_SIZE] == x);
        let hint = in_place.or_else(|| self.by_x().get(&x[..]).copied())?;
        let point = G2::from_uncompressed(hint).ok()?;
        let sign = if is_larger(&hint[KEY_SIZE..]) { LARGER } else { 0 };
        (key[0] & FLAGS == COMPRESSED | sign).then_some(Hinted { point, in_place: in_place.is_some() })
    }

    fn by_x(&self) -> &HashMap<&'a [u8], &'a [u8; PARSED_KEY_SIZE]> {
        self.by_x.get_or_init(|| self.points.iter().map(|point| (&point[..KEY_SIZE], point)).collect())
    }
}

/// Whether canonical `y` is larger than -y, by its first half; by the second one if the first is zero.
fn is_larger(y: &[u8]) -> bool {
    let (first, second) = y.split_at(y.len() / 2);
    let decisive = if first.iter().all(|&byte| byte == 0) { second } else { first };
    decisive > &HALF[..]
}
