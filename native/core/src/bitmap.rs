//! Bitmaps of signers (SPECIFICATION.md section 2, R20).

use crate::verdict::Verdict;

/// The validators that `bitmap` names, ascending, for a set of `n`; or what is wrong with it.
pub(crate) fn signers(bitmap: &[u8], n: usize) -> Result<Vec<usize>, Verdict> {
    if bitmap.len() != n.div_ceil(8) {
        return Err(Verdict::BadLength);
    }
    if let Some(&last) = bitmap.last()
        && !n.is_multiple_of(8)
        && last >> (n % 8) != 0
    {
        return Err(Verdict::UnusedBits);
    }
    let count = bitmap.iter().map(|byte| byte.count_ones() as usize).sum();
    let mut signers = Vec::with_capacity(count);
    for (at, &byte) in bitmap.iter().enumerate() {
        let mut rest = byte;
        while rest != 0 {
            signers.push(at * 8 + rest.trailing_zeros() as usize);
            rest &= rest - 1;
        }
    }
    if signers.is_empty() { Err(Verdict::NoSigners) } else { Ok(signers) }
}

/// The bitmap of `signers`, each below `n`.
pub(crate) fn of(signers: impl IntoIterator<Item = usize>, n: usize) -> Vec<u8> {
    let mut bitmap = vec![0; n.div_ceil(8)];
    for signer in signers {
        bitmap[signer >> 3] |= 1 << (signer & 7);
    }
    bitmap
}

/// Which validators have been seen: the first vote of each counts (R20).
pub(crate) struct Seen(Vec<bool>);

impl Seen {
    pub(crate) fn new(n: usize) -> Self {
        Seen(vec![false; n])
    }

    /// Marks `index`, unless it is unknown or was marked before.
    pub(crate) fn mark(&mut self, index: u32) -> Result<usize, Verdict> {
        let index = index as usize;
        match self.0.get_mut(index) {
            None => Err(Verdict::UnknownSigner),
            Some(true) => Err(Verdict::DuplicateSigner),
            Some(seen) => {
                *seen = true;
                Ok(index)
            }
        }
    }
}
