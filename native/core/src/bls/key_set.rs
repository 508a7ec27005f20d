//! The keys of a validator set: votes, certificates (R20, R22).

use super::batch::{Claim, which_hold};
use super::message::MessageCache;
use super::point::{G1, G1Sum, G2, G2Sum, is_signed};
use super::secret::{in_subgroup, judge, read_key, read_vote};
use super::vote_sum::{PartialSum, VoteSum};
use super::{AGGREGATE_SIZE, KEY_SIZE, PARSED_KEY_SIZE, VOTE_SIZE};
use crate::bitmap;
use crate::key_set::{Formed, KeyError, Trust};
use crate::shape::{Misuse, Slices, items, same_count};
use crate::verdict::Verdict;
use std::sync::Arc;

/// Parsed keys of one validator set, with what the latest messages cost to hash.
pub struct KeySet {
    keys: Arc<Keys>,
    messages: MessageCache,
}

/// The keys themselves, shared with the sums of votes that are being collected.
pub(super) struct Keys {
    points: Vec<G2>,
    total: G2Sum,
}

impl Keys {
    fn new(points: Vec<G2>) -> Self {
        let total = G2Sum::of(points.iter().copied());
        Keys { points, total }
    }

    pub(super) fn get(&self, index: usize) -> &G2 {
        &self.points[index]
    }

    pub(super) fn len(&self) -> usize {
        self.points.len()
    }

    /// The sum of the keys of `signers` (ascending), through those that are missing where they are fewer.
    fn sum(&self, signers: &[usize]) -> G2Sum {
        if signers.len() * 2 <= self.len() {
            return G2Sum::of(signers.iter().map(|&signer| self.points[signer]));
        }
        let mut signers = signers.iter().peekable();
        let missing = self.points.iter().enumerate().filter_map(|(index, key)| {
            if signers.next_if(|&&signer| signer == index).is_some() {
                None
            } else {
                Some(*key)
            }
        });
        self.total.minus(G2Sum::of(missing))
    }
}

/// A vote whose signature is a point, not yet known to be in the subgroup.
#[derive(Clone, Copy)]
pub(super) struct Share {
    /// Position among the votes given.
    pub(super) at: usize,
    pub(super) signer: usize,
    pub(super) signature: G1,
}

impl KeySet {
    /// Reads compressed keys. Those of a peer are validated; trusted ones were validated before and only
    /// parsed.
    pub fn new(keys: &[u8], trust: Trust) -> Result<Self, KeyError> {
        let keys = items::<KEY_SIZE>("keys", keys, keys.len() / KEY_SIZE)?;
        Self::read(keys, |key| match trust {
            Trust::Validate => read_key(key),
            Trust::Trusted => G2::from_compressed(key),
        })
    }

    /// Reads what [`KeySet::export`] wrote, some seventy times as fast as compressed keys. Only for bytes of
    /// our own: the subgroup is not checked.
    pub fn import(parsed: &[u8]) -> Result<Self, KeyError> {
        let keys = items::<PARSED_KEY_SIZE>("parsed keys", parsed, parsed.len() / PARSED_KEY_SIZE)?;
        Self::read(keys, G2::from_uncompressed)
    }

    fn read<Bytes>(keys: &[Bytes], read: impl Fn(&Bytes) -> Result<G2, Verdict>) -> Result<Self, KeyError> {
        let points: Result<Vec<G2>, KeyError> = keys
            .iter()
            .enumerate()
            .map(|(index, key)| read(key).map_err(|verdict| KeyError::Key { index, verdict }))
            .collect();
        Ok(KeySet {
            keys: Arc::new(Keys::new(points?)),
            messages: MessageCache::default(),
        })
    }

    /// The keys uncompressed, 192 bytes each, for [`KeySet::import`].
    pub fn export(&self) -> Vec<u8> {
        self.keys.points.iter().flat_map(G2::to_uncompressed).collect()
    }

    /// The number of keys.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there are no keys.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// Begins to sum votes over one message.
    pub fn start_sum(&self) -> VoteSum {
        VoteSum::new(Arc::clone(&self.keys))
    }

    /// A verdict for each vote, right for each alone: vote `i` is by validator `indexes[i]` over message `i`.
    pub fn check_votes(
        &mut self,
        indexes: &[u32],
        messages: Slices<'_>,
        signatures: &[u8],
    ) -> Result<Vec<Verdict>, Misuse> {
        same_count("messages", messages.len(), indexes.len())?;
        let signatures = items::<VOTE_SIZE>("signatures", signatures, indexes.len())?;
        let claims =
            indexes
                .iter()
                .zip(messages.iter())
                .zip(signatures)
                .map(|((&index, message), signature)| {
                    let key = *self
                        .keys
                        .points
                        .get(index as usize)
                        .ok_or(Verdict::UnknownSigner)?;
                    let signature = read_vote(signature)?;
                    Ok(Claim {
                        key,
                        message: self.messages.point(message),
                        signature,
                    })
                });
        Ok(judge(claims.collect()))
    }

    /// Makes a certificate of votes over one message; bad votes are left out and named (R20).
    pub fn form_certificate(
        &mut self,
        message: &[u8],
        indexes: &[u32],
        signatures: &[u8],
    ) -> Result<Formed, Misuse> {
        let signatures = items::<VOTE_SIZE>("signatures", signatures, indexes.len())?;
        let mut seen = bitmap::Seen::new(self.len());
        let mut verdicts = vec![Verdict::Valid; indexes.len()];
        let mut shares = Vec::with_capacity(indexes.len());
        for (at, (&index, signature)) in indexes.iter().zip(signatures).enumerate() {
            let share = G1::from_uncompressed(signature).and_then(|signature| {
                Ok(Share {
                    at,
                    signer: seen.mark(index)?,
                    signature,
                })
            });
            match share {
                Ok(share) => shares.push(share),
                Err(verdict) => verdicts[at] = verdict,
            }
        }
        Ok(self.aggregate(message, shares, verdicts))
    }

    /// The optimistic sum of all shares if it verifies; else the sum of those that verify one by one.
    fn aggregate(&mut self, message: &[u8], shares: Vec<Share>, mut verdicts: Vec<Verdict>) -> Formed {
        let message = self.messages.point(message);
        let fault = match self.certify(&message, &shares) {
            Err(fault) if !shares.is_empty() => fault,
            formed => return self.formed(formed, &shares, verdicts),
        };
        let good = self.sort_out(&message, &shares, fault, &mut verdicts);
        let formed = self.certify(&message, &good);
        self.formed(formed, &good, verdicts)
    }

    /// The aggregate of `shares` if it is a certificate: one subgroup check and one product of pairings for
    /// all.
    fn certify(&self, message: &G1, shares: &[Share]) -> Result<G1, Verdict> {
        let mut signers: Vec<usize> = shares.iter().map(|share| share.signer).collect();
        signers.sort_unstable();
        if signers.is_empty() {
            return Err(Verdict::NoSigners);
        }
        let sum = G1Sum::of(shares.iter().map(|share| share.signature))
            .to_point()
            .ok_or(Verdict::Identity)?;
        let key = self.keys.sum(&signers).to_point().ok_or(Verdict::Identity)?;
        certify_sums(message, sum, key)
    }

    /// The shares that are good each alone, when their sum has a `fault`; the others get their verdict.
    fn sort_out(
        &self,
        message: &G1,
        shares: &[Share],
        fault: Verdict,
        verdicts: &mut [Verdict],
    ) -> Vec<Share> {
        let (inside, outside): (Vec<Share>, Vec<Share>) =
            shares.iter().partition(|share| share.signature.is_in_subgroup());
        // A sum that does not verify has a bad share in it; it may be one of those just taken out.
        let tainted = fault == Verdict::Invalid && outside.is_empty();
        for share in outside {
            verdicts[share.at] = Verdict::WrongSubgroup;
        }
        let claims: Vec<Claim> = inside
            .iter()
            .map(|share| Claim {
                key: self.keys.points[share.signer],
                message: *message,
                signature: share.signature,
            })
            .collect();
        let mut good = Vec::with_capacity(inside.len());
        for (share, holds) in inside.into_iter().zip(which_hold(&claims, tainted)) {
            if holds {
                good.push(share);
            } else {
                verdicts[share.at] = Verdict::Invalid;
            }
        }
        good
    }

    fn formed(&self, aggregate: Result<G1, Verdict>, shares: &[Share], votes: Vec<Verdict>) -> Formed {
        match aggregate {
            Ok(aggregate) => Formed {
                verdict: Verdict::Valid,
                bitmap: bitmap::of(shares.iter().map(|share| share.signer), self.len()),
                signatures: aggregate.to_compressed().to_vec(),
                votes,
            },
            Err(verdict) => Formed {
                verdict,
                bitmap: Vec::new(),
                signatures: Vec::new(),
                votes,
            },
        }
    }

    /// Whether `signature` is the aggregate over `message` of exactly the validators in `bitmap`.
    pub fn verify_certificate(&mut self, message: &[u8], bitmap: &[u8], signature: &[u8]) -> Verdict {
        match self.examine(message, bitmap, signature) {
            Ok(()) => Verdict::Valid,
            Err(verdict) => verdict,
        }
    }

    fn examine(&mut self, message: &[u8], bitmap: &[u8], signature: &[u8]) -> Result<(), Verdict> {
        let signers = bitmap::signers(bitmap, self.len())?;
        let signature: &[u8; AGGREGATE_SIZE] = signature.try_into().map_err(|_| Verdict::BadLength)?;
        let signature = G1::from_compressed(signature)?;
        let key = self.keys.sum(&signers).to_point().ok_or(Verdict::Identity)?;
        certify_sums(&self.messages.point(message), signature, key)?;
        Ok(())
    }

    /// Makes a certificate of the votes summed so far; if they do not verify together, of those that do each
    /// alone.
    ///
    /// `Formed::votes` has a verdict for each counted vote, in the order in which they were added.
    pub fn finish(&mut self, message: &[u8], votes: &VoteSum) -> Result<Formed, Misuse> {
        if !votes.is_of(&self.keys) {
            return Err(Misuse::new("the sum of votes belongs to another set of keys"));
        }
        let verdicts = vec![Verdict::Valid; votes.shares().len()];
        let point = self.messages.point(message);
        let summed = votes
            .sums()
            .and_then(|(signature, key)| certify_sums(&point, signature, key));
        Ok(match summed {
            Ok(aggregate) => self.formed(Ok(aggregate), votes.shares(), verdicts),
            Err(_) => self.aggregate(message, votes.shares().to_vec(), verdicts),
        })
    }

    /// Makes a certificate of sums that were taken elsewhere in this process, on another thread: one
    /// verification, however many signed.
    ///
    /// The sums must come from a [`VoteSum`] of this set: the sum of the keys is taken as it is. Names no bad
    /// votes: when the sums do not verify, form the certificate of the votes themselves.
    pub fn finish_partial(&mut self, message: &[u8], partial: &PartialSum) -> Formed {
        let point = self.messages.point(message);
        let aggregate = bitmap::signers(&partial.bitmap, self.len())
            .and_then(|_| {
                Ok((
                    G1::from_uncompressed(&partial.signature)?,
                    G2::from_uncompressed(&partial.key)?,
                ))
            })
            .and_then(|(signature, key)| certify_sums(&point, signature, key));
        match aggregate {
            Ok(aggregate) => Formed {
                verdict: Verdict::Valid,
                bitmap: partial.bitmap.clone(),
                signatures: aggregate.to_compressed().to_vec(),
                votes: Vec::new(),
            },
            Err(verdict) => Formed {
                verdict,
                bitmap: Vec::new(),
                signatures: Vec::new(),
                votes: Vec::new(),
            },
        }
    }
}

/// `signature` if it is that of the sum of keys `key` over `message`.
fn certify_sums(message: &G1, signature: G1, key: G2) -> Result<G1, Verdict> {
    in_subgroup(signature)?;
    if is_signed(Some(&signature), &[(*message, key)]) {
        Ok(signature)
    } else {
        Err(Verdict::Invalid)
    }
}
