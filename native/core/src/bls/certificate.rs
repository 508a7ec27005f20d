//! Certificates of a validator set: forming and verifying them (R20, R22).

use super::batch::{Claim, which_hold};
use super::key_set::KeySet;
use super::keys::Keys;
use super::pairing::{Lines, is_signed_by};
use super::point::{G1, G1Sum, G2};
use super::secret::in_subgroup;
use super::vote_sum::{PartialSum, VoteSum};
use super::{AGGREGATE_SIZE, VOTE_SIZE};
use crate::bitmap;
use crate::key_set::Formed;
use crate::shape::{Misuse, items};
use crate::verdict::Verdict;

/// A vote whose signature is a point, not yet known to be in the subgroup.
#[derive(Clone, Copy)]
pub(super) struct Share {
    /// Position among the votes given.
    pub(super) at: usize,
    pub(super) signer: usize,
    pub(super) signature: G1,
}

/// A verified sum.
struct Certificate {
    bitmap: Vec<u8>,
    aggregate: G1,
}

impl KeySet {
    /// Makes a certificate of votes over one message; bad votes are left out and named (R20).
    pub fn form_certificate(
        &mut self,
        message: &[u8],
        indexes: &[u32],
        signatures: &[u8],
    ) -> Result<Formed, Misuse> {
        let signatures = items::<VOTE_SIZE>("signatures", signatures, indexes.len())?;
        let mut seen = bitmap::Seen::new(self.len());
        let mut votes = vec![Verdict::Valid; indexes.len()];
        let mut shares = Vec::with_capacity(indexes.len());
        for (at, (&index, signature)) in indexes.iter().zip(signatures).enumerate() {
            let share = G1::from_uncompressed(signature)
                .and_then(|signature| Ok(Share { at, signer: seen.mark(index)?, signature }));
            match share {
                Ok(share) => shares.push(share),
                Err(verdict) => votes[at] = verdict,
            }
        }
        let message = self.messages.point(message);
        let certified = self.certify(&message, &shares);
        Ok(self.conclude(&message, certified, &shares, votes))
    }

    /// The certificate if the sum of all shares verified; else that of the shares which verify one by one.
    fn conclude(
        &mut self,
        message: &G1,
        certified: Result<Certificate, Verdict>,
        shares: &[Share],
        mut votes: Vec<Verdict>,
    ) -> Formed {
        match certified {
            Err(fault) if !shares.is_empty() => {
                let good = self.sort_out(message, shares, fault, &mut votes);
                formed(self.certify(message, &good), votes)
            }
            certified => formed(certified, votes),
        }
    }

    /// The sum of `shares` if it is a certificate: one subgroup check and one product of pairings for all.
    fn certify(&mut self, message: &G1, shares: &[Share]) -> Result<Certificate, Verdict> {
        if shares.is_empty() {
            return Err(Verdict::NoSigners);
        }
        let sum = G1Sum::of(shares.iter().map(|share| share.signature));
        let aggregate = sum.to_point().ok_or(Verdict::Identity)?;
        let bitmap = bitmap::of(shares.iter().map(|share| share.signer), self.len());
        self.check_sum(message, &bitmap, &aggregate)?;
        Ok(Certificate { bitmap, aggregate })
    }

    /// Whether `signature` is the sum of the signatures over `message` of those in `bitmap`.
    fn check_sum(&mut self, message: &G1, bitmap: &[u8], signature: &G1) -> Result<(), Verdict> {
        let keys: &Keys = &self.keys;
        let sum = || {
            let signers = bitmap::signers(bitmap, keys.points().len())?;
            keys.sum(&signers).to_point().ok_or(Verdict::Identity)
        };
        let prepared = self.sums.get(bitmap, sum)?;
        check(message, prepared, signature)
    }

    /// The shares that are good each alone, when their sum has a `fault`; the others get their verdict.
    fn sort_out(&self, message: &G1, shares: &[Share], fault: Verdict, votes: &mut [Verdict]) -> Vec<Share> {
        let (inside, outside): (Vec<Share>, Vec<Share>) =
            shares.iter().partition(|share| share.signature.is_in_subgroup());
        // A sum that does not verify has a bad share in it; it may be one of those just taken out.
        let tainted = fault == Verdict::Invalid && outside.is_empty();
        for share in outside {
            votes[share.at] = Verdict::WrongSubgroup;
        }
        let points = self.keys.points();
        let claim = |share: &Share| Claim {
            key: points[share.signer],
            message: *message,
            signature: share.signature,
        };
        let holds = which_hold(&inside.iter().map(claim).collect::<Vec<_>>(), tainted);
        let (good, bad): (Vec<_>, Vec<_>) = inside.into_iter().zip(holds).partition(|&(_, holds)| holds);
        for (share, _) in bad {
            votes[share.at] = Verdict::Invalid;
        }
        good.into_iter().map(|(share, _)| share).collect()
    }

    /// Whether `signature` is the aggregate over `message` of exactly the validators in `bitmap`.
    pub fn verify_certificate(&mut self, message: &[u8], bitmap: &[u8], signature: &[u8]) -> Verdict {
        match self.examine(message, bitmap, signature) {
            Ok(()) => Verdict::Valid,
            Err(verdict) => verdict,
        }
    }

    fn examine(&mut self, message: &[u8], bitmap: &[u8], signature: &[u8]) -> Result<(), Verdict> {
        // What costs nothing comes first.
        bitmap::signers(bitmap, self.len())?;
        let signature: &[u8; AGGREGATE_SIZE] = signature.try_into().map_err(|_| Verdict::BadLength)?;
        let signature = G1::from_compressed(signature)?;
        let message = self.messages.point(message);
        self.check_sum(&message, bitmap, &signature)
    }

    /// Makes a certificate of the votes summed so far; if they do not verify together, of those that do each
    /// alone.
    ///
    /// `Formed::votes` has a verdict for each counted vote, in the order in which they were added.
    pub fn finish(&mut self, message: &[u8], votes: &VoteSum) -> Result<Formed, Misuse> {
        if !votes.is_of(&self.keys) {
            return Err(Misuse::new("the sum of votes belongs to another set of keys"));
        }
        let message = self.messages.point(message);
        let certified = self.certify_sum(&message, votes);
        let verdicts = vec![Verdict::Valid; votes.shares().len()];
        Ok(self.conclude(&message, certified, votes.shares(), verdicts))
    }

    fn certify_sum(&mut self, message: &G1, votes: &VoteSum) -> Result<Certificate, Verdict> {
        let (aggregate, key) = votes.sums()?;
        let bitmap = votes.bitmap();
        check(message, self.sums.get(&bitmap, || Ok(key))?, &aggregate)?;
        Ok(Certificate { bitmap, aggregate })
    }

    /// Makes a certificate of sums that were taken elsewhere in this process, on another thread: one
    /// verification, however many signed.
    ///
    /// The sums must come from a [`VoteSum`] of a set with the same keys: the sum of the keys is taken as it
    /// is. Names no bad votes: when the sums do not verify, form the certificate of the votes themselves.
    pub fn finish_partial(&mut self, message: &[u8], partial: &PartialSum) -> Formed {
        let message = self.messages.point(message);
        formed(self.certify_partial(&message, partial), Vec::new())
    }

    fn certify_partial(&self, message: &G1, partial: &PartialSum) -> Result<Certificate, Verdict> {
        bitmap::signers(&partial.bitmap, self.len())?;
        let aggregate = G1::from_uncompressed(&partial.signature)?;
        // Not remembered: what the caller says is worth this certificate, not those to come.
        let key = Lines::of(&G2::from_uncompressed(&partial.key)?);
        check(message, &key, &aggregate)?;
        Ok(Certificate { bitmap: partial.bitmap.clone(), aggregate })
    }
}

fn check(message: &G1, key: &Lines, signature: &G1) -> Result<(), Verdict> {
    in_subgroup(*signature)?;
    if is_signed_by(signature, message, key) { Ok(()) } else { Err(Verdict::Invalid) }
}

fn formed(certified: Result<Certificate, Verdict>, votes: Vec<Verdict>) -> Formed {
    match certified {
        Ok(Certificate { bitmap, aggregate }) => {
            let signatures = aggregate.to_compressed().to_vec();
            Formed { verdict: Verdict::Valid, bitmap, signatures, votes }
        }
        Err(verdict) => Formed { verdict, bitmap: Vec::new(), signatures: Vec::new(), votes },
    }
}
