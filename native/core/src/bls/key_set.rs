//! The keys of a validator set, and verdicts on single votes.

use super::batch::Claim;
use super::hints::Hints;
use super::keys::{Keys, PreparedSums};
use super::message::MessageCache;
use super::point::{G1, G2};
use super::secret::{in_group, judge, read_vote};
use super::vote_sum::VoteSum;
use super::{KEY_SIZE, PARSED_KEY_SIZE, VOTE_SIZE};
use crate::key_set::{KeyError, Trust};
use crate::shape::{Misuse, Slices, items, same_count};
use crate::verdict::Verdict;
use std::sync::Arc;

/// Parsed keys of one validator set, with bounded caches of what its latest messages and signers cost.
pub struct KeySet {
    /// Shared with the sums of votes that are being collected.
    pub(super) keys: Arc<Keys>,
    pub(super) messages: MessageCache,
    pub(super) sums: PreparedSums,
    is_hinted: bool,
}

impl KeySet {
    /// Reads compressed keys. Those of a peer are validated; trusted ones were validated before and only
    /// parsed.
    pub fn new(keys: &[u8], trust: Trust) -> Result<Self, KeyError> {
        Self::with_hints(keys, &[], trust)
    }

    /// The same, some thirty times as fast for trusted keys that `hints` has as [`KeySet::export`] wrote them,
    /// in any order and among others: it spares their decompression. Hints need no trust. One is used only if
    /// it is exactly the point that decompression gives, so that there is the same set, or the same error,
    /// whatever they are.
    pub fn with_hints(keys: &[u8], hints: &[u8], trust: Trust) -> Result<Self, KeyError> {
        let keys = items::<KEY_SIZE>("keys", keys, keys.len() / KEY_SIZE)?;
        let all = hints.len() == keys.len() * PARSED_KEY_SIZE;
        let hints = Hints::new(hints);
        let mut in_place = 0;
        let set = Self::read(keys, |index, key| {
            let hinted = hints.find(index, key);
            in_place += usize::from(hinted.as_ref().is_some_and(|hinted| hinted.in_place));
            let point = hinted.map_or_else(|| G2::from_compressed(key), |hinted| Ok(hinted.point))?;
            match trust {
                Trust::Validate => in_group(point),
                Trust::Trusted => Ok(point),
            }
        })?;
        Ok(KeySet { is_hinted: all && in_place == keys.len(), ..set })
    }

    /// Whether the hints that it was read with are what [`KeySet::export`] gives.
    pub fn is_hinted(&self) -> bool {
        self.is_hinted
    }

    /// Reads what [`KeySet::export`] wrote, some fifty times as fast as trusted compressed keys. Only for bytes
    /// of our own: the subgroup is not checked.
    pub fn import(parsed: &[u8]) -> Result<Self, KeyError> {
        let keys = items::<PARSED_KEY_SIZE>("parsed keys", parsed, parsed.len() / PARSED_KEY_SIZE)?;
        Self::read(keys, |_, key| G2::from_uncompressed(key))
    }

    fn read<Bytes>(
        keys: &[Bytes],
        mut read: impl FnMut(usize, &Bytes) -> Result<G2, Verdict>,
    ) -> Result<Self, KeyError> {
        let points: Result<Vec<G2>, KeyError> = keys
            .iter()
            .enumerate()
            .map(|(index, key)| read(index, key).map_err(|verdict| KeyError::Key { index, verdict }))
            .collect();
        Ok(KeySet {
            keys: Arc::new(Keys::new(points?)),
            messages: MessageCache::default(),
            sums: PreparedSums::default(),
            is_hinted: false,
        })
    }

    /// The keys uncompressed, 192 bytes each, for [`KeySet::import`].
    pub fn export(&self) -> Vec<u8> {
        self.keys.points().iter().flat_map(G2::to_uncompressed).collect()
    }

    /// The number of keys.
    pub fn len(&self) -> usize {
        self.keys.points().len()
    }

    /// Whether there are no keys.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The point that `message` is hashed to, uncompressed, for [`KeySet::learn_message`] on another thread.
    pub fn hash_message(&mut self, message: &[u8]) -> [u8; VOTE_SIZE] {
        self.messages.point(message).to_uncompressed()
    }

    /// Takes over what [`KeySet::hash_message`] gave on another thread of this process. Only for bytes of our
    /// own: with a wrong point, all signatures of this message would be misjudged until it is forgotten.
    pub fn learn_message(&mut self, message: &[u8], point: &[u8; VOTE_SIZE]) -> Result<(), Misuse> {
        let point = G1::from_uncompressed(point).map_err(|_| Misuse::new("a message's point is none"))?;
        self.messages.learn(message, point);
        Ok(())
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
            indexes.iter().zip(messages.iter()).zip(signatures).map(|((&index, message), signature)| {
                let key = *self.keys.points().get(index as usize).ok_or(Verdict::UnknownSigner)?;
                let signature = read_vote(signature)?;
                Ok(Claim { key, message: self.messages.point(message), signature })
            });
        Ok(judge(claims.collect()))
    }
}
