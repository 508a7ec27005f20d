//! Votes summed as they arrive, so that the last one of a quorum has nothing to wait for but the
//! verification.

use super::certificate::Share;
use super::keys::Keys;
use super::point::{G1, G1Sum, G2, G2Sum};
use super::{PARSED_KEY_SIZE, VOTE_SIZE};
use crate::bitmap::{self, Seen};
use crate::verdict::Verdict;
use std::sync::Arc;

/// The running sum of unverified votes over one message, with the sum of their keys.
///
/// It grows by one entry per validator at most. Nothing in it has been verified.
pub struct VoteSum {
    keys: Arc<Keys>,
    seen: Seen,
    shares: Vec<Share>,
    signatures: G1Sum,
    signers: G2Sum,
}

/// What a [`VoteSum`] came to, in bytes that can go to another thread of this process. Indivisible: that the
/// sum verifies says nothing of its parts.
pub struct PartialSum {
    /// The signers.
    pub bitmap: Vec<u8>,
    /// The sum of their signatures, uncompressed.
    pub signature: [u8; VOTE_SIZE],
    /// The sum of their keys, uncompressed.
    pub key: [u8; PARSED_KEY_SIZE],
}

impl VoteSum {
    pub(super) fn new(keys: Arc<Keys>) -> Self {
        let seen = Seen::new(keys.points().len());
        VoteSum { keys, seen, shares: Vec::new(), signatures: G1Sum::default(), signers: G2Sum::default() }
    }

    /// Adds one vote. `Valid` says that it was counted, not that it is a signature.
    pub fn add(&mut self, index: u32, signature: &[u8; VOTE_SIZE]) -> Verdict {
        let share = G1::from_uncompressed(signature).and_then(|signature| {
            Ok(Share { at: self.shares.len(), signer: self.seen.mark(index)?, signature })
        });
        match share {
            Ok(share) => {
                self.signatures.add(&share.signature);
                self.signers.add(&self.keys.points()[share.signer]);
                self.shares.push(share);
                Verdict::Valid
            }
            Err(verdict) => verdict,
        }
    }

    /// The validators counted so far, in the order of their votes.
    pub fn signers(&self) -> impl ExactSizeIterator<Item = usize> + '_ {
        self.shares.iter().map(|share| share.signer)
    }

    /// The bitmap of the validators counted so far.
    pub(super) fn bitmap(&self) -> Vec<u8> {
        bitmap::of(self.signers(), self.keys.points().len())
    }

    pub(super) fn shares(&self) -> &[Share] {
        &self.shares
    }

    pub(super) fn is_of(&self, keys: &Arc<Keys>) -> bool {
        Arc::ptr_eq(&self.keys, keys)
    }

    /// The sums of signatures and of keys, unless there is nothing to sum or one of them is the identity.
    pub(super) fn sums(&self) -> Result<(G1, G2), Verdict> {
        if self.shares.is_empty() {
            return Err(Verdict::NoSigners);
        }
        let signature = self.signatures.to_point().ok_or(Verdict::Identity)?;
        let key = self.signers.to_point().ok_or(Verdict::Identity)?;
        Ok((signature, key))
    }

    /// The sums so far, unless there is nothing to show or one of them is the identity.
    pub fn partial(&self) -> Result<PartialSum, Verdict> {
        let (signature, key) = self.sums()?;
        Ok(PartialSum {
            bitmap: self.bitmap(),
            signature: signature.to_uncompressed(),
            key: key.to_uncompressed(),
        })
    }
}
