//! Multiples of one point, so that multiplying it needs additions only.

use curve25519_dalek::edwards::EdwardsPoint;
use curve25519_dalek::scalar::Scalar;
use curve25519_dalek::traits::Identity;

/// Canonical scalars are below 2^253; one bit more holds the carry of the last window.
const SCALAR_BITS: usize = 254;

/// The multiples `j * 2^(width * i) * P` of a point `P`, for `j` in `1..=2^(width - 1)` and every window `i`
/// of a scalar.
///
/// Multiplying is exact for every point of the curve, those of small order included: Edwards addition has no
/// exceptions. It takes a time that depends on the scalar, so it is for public values only.
pub(super) struct Table {
    width: usize,
    multiples: Vec<EdwardsPoint>,
}

impl Table {
    pub(super) fn new(point: EdwardsPoint, width: usize) -> Self {
        let mut multiples = Vec::with_capacity(entries(width));
        let mut unit = point;
        for _ in 0..windows(width) {
            let mut multiple = unit;
            multiples.push(multiple);
            for _ in 1..1 << (width - 1) {
                multiple += unit;
                multiples.push(multiple);
            }
            unit = multiple + multiple;
        }
        Table { width, multiples }
    }

    /// Bytes that a table of this width takes.
    pub(super) const fn size(width: usize) -> usize {
        entries(width) * size_of::<EdwardsPoint>()
    }

    /// `scalar` times the point.
    pub(super) fn multiply(&self, scalar: &Scalar) -> EdwardsPoint {
        let bytes = scalar.as_bytes();
        let half = 1 << (self.width - 1);
        let mut product = EdwardsPoint::identity();
        let mut carry = 0;
        for (at, row) in self.multiples.chunks_exact(half).enumerate() {
            // Digits from -(half - 1) to half: a larger one is replaced by its negative complement and a
            // carry.
            let digit = carry + bits(bytes, at * self.width, self.width);
            carry = usize::from(digit > half);
            if carry == 1 {
                let complement = 2 * half - digit;
                if complement != 0 {
                    product -= row[complement - 1];
                }
            } else if digit != 0 {
                product += row[digit - 1];
            }
        }
        debug_assert_eq!(carry, 0, "the last window has room for its carry");
        product
    }
}

const fn windows(width: usize) -> usize {
    SCALAR_BITS.div_ceil(width)
}

const fn entries(width: usize) -> usize {
    windows(width) << (width - 1)
}

/// `count` bits (at most 8) of a little-endian number, from bit `start`; zeros beyond its end.
fn bits(bytes: &[u8; 32], start: usize, count: usize) -> usize {
    let low = bytes.get(start / 8).copied().unwrap_or(0);
    let high = bytes.get(start / 8 + 1).copied().unwrap_or(0);
    (usize::from(u16::from_le_bytes([low, high])) >> (start % 8)) & ((1 << count) - 1)
}
