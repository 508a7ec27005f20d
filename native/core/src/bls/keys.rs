//! The keys of a set as points, and what sums of them cost.

use super::pairing::Lines;
use super::point::{G2, G2Sum};
use crate::verdict::Verdict;
use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};

/// Signers whose keys' sum is kept prepared: a set of four has five quorums and a set of seven a few usual
/// ones; large sets hardly ever see the same signers again, and lose nothing by trying. 20 KB each.
const MAX_SUMS: usize = 8;

/// The keys of one set, in its order, and the sum of all. That costs more than reading them uncompressed, and
/// is not worth it for one certificate, which is what a node that starts waits for and what block sync may have
/// of a set. So it is made with the second one of most keys, whose own sum is the larger part of it.
pub(super) struct Keys {
    points: Vec<G2>,
    /// Whether most keys have signed once.
    asked: AtomicBool,
    total: OnceLock<G2Sum>,
}

impl Keys {
    pub(super) fn new(points: Vec<G2>) -> Self {
        Keys { points, asked: AtomicBool::new(false), total: OnceLock::new() }
    }

    pub(super) fn points(&self) -> &[G2] {
        &self.points
    }

    /// The sum of the keys of `signers` (ascending), through those that are missing where they are fewer.
    pub(super) fn sum(&self, signers: &[usize]) -> G2Sum {
        let direct = || G2Sum::of(signers.iter().map(|&signer| self.points[signer]));
        if signers.len() * 2 <= self.points.len() || !self.asked.swap(true, Ordering::Relaxed) {
            return direct();
        }
        let missing = self.missing(signers);
        if let Some(total) = self.total.get() {
            return total.minus(missing);
        }
        let sum = direct();
        // Another thread may have been first: with the same sum.
        let _ = self.total.set(sum.plus(missing));
        sum
    }

    /// The sum of the keys of all but `signers`.
    fn missing(&self, signers: &[usize]) -> G2Sum {
        let mut signers = signers.iter().peekable();
        G2Sum::of(self.points.iter().enumerate().filter_map(|(index, key)| {
            let signed = signers.next_if(|&&signer| signer == index).is_some();
            if signed { None } else { Some(*key) }
        }))
    }
}

/// Prepared sums of keys by the bitmap of their signers, the latest first.
#[derive(Default)]
pub(super) struct PreparedSums {
    entries: Vec<(Box<[u8]>, Lines)>,
}

impl PreparedSums {
    /// The prepared sum of the keys of `signers`, which `sum` gives if it is not at hand.
    pub(super) fn get(
        &mut self,
        signers: &[u8],
        sum: impl FnOnce() -> Result<G2, Verdict>,
    ) -> Result<&Lines, Verdict> {
        match self.entries.iter().position(|(known, _)| **known == *signers) {
            Some(at) => self.entries[..=at].rotate_right(1),
            None => {
                let lines = Lines::of(&sum()?);
                self.entries.truncate(MAX_SUMS - 1);
                self.entries.insert(0, (signers.into(), lines));
            }
        }
        Ok(&self.entries[0].1)
    }
}
