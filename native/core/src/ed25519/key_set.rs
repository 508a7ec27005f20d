//! The keys of a validator set: votes and certificates (R20).

use super::key::{Key, WIDTHS};
use super::table::Table;
use super::{KEY_SIZE, SIGNATURE_SIZE};
use crate::bitmap::{self, Seen};
use crate::key_set::{Formed, KeyError};
use crate::shape::{Misuse, Slices, items, same_count};
use crate::verdict::Verdict;

/// Memory that the tables of one set may take; sets too large for the narrowest tables (above 102) do
/// without. A worker holds a few sets, and this scheme is for sets of some thirty.
const MAX_TABLE_BYTES: usize = 8 << 20;

/// Parsed keys of one validator set.
pub struct KeySet {
    keys: Vec<Key>,
    /// Window of the tables that much used keys get: one key in each call, so that no call is held up by
    /// many.
    table_width: Option<usize>,
}

impl KeySet {
    /// Reads keys by dalek's rule: any encoding of a point of the curve.
    pub fn new(keys: &[u8]) -> Result<Self, KeyError> {
        let keys = items::<KEY_SIZE>("keys", keys, keys.len() / KEY_SIZE)?;
        let table_width =
            WIDTHS.into_iter().find(|&width| keys.len() * Table::size(width) <= MAX_TABLE_BYTES);
        let keys: Result<Vec<Key>, KeyError> = keys
            .iter()
            .enumerate()
            .map(|(index, key)| Key::read(key).map_err(|verdict| KeyError::Key { index, verdict }))
            .collect();
        Ok(KeySet { keys: keys?, table_width })
    }

    /// The bytes of the keys, as they were given.
    pub fn export(&self) -> Vec<u8> {
        self.keys.iter().flat_map(Key::to_bytes).collect()
    }

    /// The number of keys.
    pub fn len(&self) -> usize {
        self.keys.len()
    }

    /// Whether there are no keys.
    pub fn is_empty(&self) -> bool {
        self.keys.is_empty()
    }

    /// A verdict for each vote: vote `i` is by validator `indexes[i]` over message `i`.
    pub fn check_votes(
        &mut self,
        indexes: &[u32],
        messages: Slices<'_>,
        signatures: &[u8],
    ) -> Result<Vec<Verdict>, Misuse> {
        same_count("messages", messages.len(), indexes.len())?;
        let signatures = items::<SIGNATURE_SIZE>("signatures", signatures, indexes.len())?;
        let mut allowance = self.table_width;
        let votes = indexes.iter().zip(messages.iter()).zip(signatures);
        Ok(votes
            .map(|((&index, message), signature)| self.check_vote(index, message, signature, &mut allowance))
            .collect())
    }

    fn check_vote(
        &mut self,
        index: u32,
        message: &[u8],
        signature: &[u8; SIGNATURE_SIZE],
        allowance: &mut Option<usize>,
    ) -> Verdict {
        match self.keys.get_mut(index as usize) {
            Some(key) => Verdict::of(key.verify(message, signature, allowance)),
            None => Verdict::UnknownSigner,
        }
    }

    /// Makes a certificate of votes over one message: the signatures of the good ones, in ascending order of
    /// their signers. Bad votes are left out and named (R20).
    pub fn form_certificate(
        &mut self,
        message: &[u8],
        indexes: &[u32],
        signatures: &[u8],
    ) -> Result<Formed, Misuse> {
        let signatures = items::<SIGNATURE_SIZE>("signatures", signatures, indexes.len())?;
        let mut seen = Seen::new(self.len());
        let mut good = Vec::with_capacity(indexes.len());
        let mut allowance = self.table_width;
        let votes = indexes.iter().zip(signatures).map(|(&index, signature)| {
            let signer = match seen.mark(index) {
                Ok(signer) => signer,
                Err(verdict) => return verdict,
            };
            let verdict = self.check_vote(index, message, signature, &mut allowance);
            if verdict == Verdict::Valid {
                good.push((signer, signature));
            }
            verdict
        });
        let votes = votes.collect();
        if good.is_empty() {
            return Ok(Formed {
                verdict: Verdict::NoSigners,
                bitmap: Vec::new(),
                signatures: Vec::new(),
                votes,
            });
        }
        good.sort_unstable_by_key(|&(signer, _)| signer);
        Ok(Formed {
            verdict: Verdict::Valid,
            bitmap: bitmap::of(good.iter().map(|&(signer, _)| signer), self.len()),
            signatures: good.iter().flat_map(|&(_, signature)| *signature).collect(),
            votes,
        })
    }

    /// Whether `signatures` are, one after the other, those over `message` of the validators in `bitmap`.
    pub fn verify_certificate(&mut self, message: &[u8], bitmap: &[u8], signatures: &[u8]) -> Verdict {
        let signers = match bitmap::signers(bitmap, self.len()) {
            Ok(signers) => signers,
            Err(verdict) => return verdict,
        };
        let Ok(signatures) = items::<SIGNATURE_SIZE>("signatures", signatures, signers.len()) else {
            return Verdict::BadLength;
        };
        let mut allowance = self.table_width;
        let all = signers
            .iter()
            .zip(signatures)
            .all(|(&signer, signature)| self.keys[signer].verify(message, signature, &mut allowance));
        Verdict::of(all)
    }
}
