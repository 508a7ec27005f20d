//! Parsed keys of a validator set.

use crate::error::{Result, bad_key, misuse, scheme, sized};
use crate::verdict_bytes;
use crate::vote_sum::VoteSum;
use hotstuff_native_core::{self as core, Slices, Trust, Verdict, bls};
use napi::bindgen_prelude::Uint8Array;
use napi_derive::napi;

/// A certificate made of votes.
#[napi(object)]
pub struct FormedCertificate {
    /// 0 if there is a certificate, else the verdict that tells why not.
    pub verdict: u8,
    /// The signers; empty without a certificate.
    pub bitmap: Uint8Array,
    /// BLS: the aggregate, 48 bytes. Ed25519: the signatures of the signers in ascending order, 64 bytes
    /// each.
    pub signatures: Uint8Array,
    /// One byte for each vote given: 0 if the certificate counts it, which for BLS does not mean that it
    /// verifies alone.
    pub votes: Uint8Array,
}

impl From<core::Formed> for FormedCertificate {
    fn from(formed: core::Formed) -> Self {
        FormedCertificate {
            verdict: formed.verdict as u8,
            bitmap: formed.bitmap.into(),
            signatures: formed.signatures.into(),
            votes: verdict_bytes(formed.votes),
        }
    }
}

/// The parsed keys of one validator set, with bounded caches of what its latest messages cost.
#[napi]
pub struct KeySet(core::KeySet);

#[napi]
impl KeySet {
    /// Reads keys in the order of the set. `trusted` says that the same bytes were validated before.
    #[napi(constructor, catch_unwind)]
    pub fn new(scheme_number: u8, keys: &[u8], trusted: bool) -> Result<KeySet> {
        core::KeySet::new(scheme(scheme_number)?, keys, trust(trusted)).map(KeySet).map_err(bad_key)
    }

    /// The same with the help of `hints`: what `exportKeys` gave of some of the keys, in any order. Hints need no
    /// trust: whatever they are, there is the same set, or the same error, only faster when they fit.
    #[napi(factory, catch_unwind)]
    pub fn with_hints(scheme_number: u8, keys: &[u8], hints: &[u8], trusted: bool) -> Result<KeySet> {
        core::KeySet::with_hints(scheme(scheme_number)?, keys, hints, trust(trusted))
            .map(KeySet)
            .map_err(bad_key)
    }

    /// Reads what `exportKeys` gave, much faster than keys. Only for bytes of our own: BLS keys are not
    /// validated.
    #[napi(factory, catch_unwind)]
    pub fn from_export(scheme_number: u8, parsed: &[u8]) -> Result<KeySet> {
        core::KeySet::import(scheme(scheme_number)?, parsed).map(KeySet).map_err(bad_key)
    }

    /// The keys in the form that is read fastest: 192 bytes each (BLS) or 32 (Ed25519).
    #[napi(catch_unwind)]
    pub fn export_keys(&self) -> Uint8Array {
        self.0.export().into()
    }

    /// Whether the hints that it was read with are what `exportKeys` gives.
    #[napi(catch_unwind)]
    pub fn is_hinted(&self) -> bool {
        self.0.is_hinted()
    }

    /// The number of keys.
    #[napi(catch_unwind)]
    pub fn size(&self) -> u32 {
        self.0.len() as u32
    }

    /// A verdict byte for each vote, right for each alone: vote `i` is by validator `indexes[i]` over message
    /// `i`.
    #[napi(catch_unwind)]
    pub fn check_votes(
        &mut self,
        indexes: &[u32],
        messages: &[u8],
        offsets: &[u32],
        signatures: &[u8],
    ) -> Result<Uint8Array> {
        let messages = Slices::new(messages, offsets).map_err(misuse)?;
        self.0.check_votes(indexes, messages, signatures).map(verdict_bytes).map_err(misuse)
    }

    /// Makes a certificate of votes over one message; bad votes are left out and named.
    #[napi(catch_unwind)]
    pub fn form_certificate(
        &mut self,
        message: &[u8],
        indexes: &[u32],
        signatures: &[u8],
    ) -> Result<FormedCertificate> {
        self.0.form_certificate(message, indexes, signatures).map(FormedCertificate::from).map_err(misuse)
    }

    /// The verdict byte on a certificate over `message`.
    #[napi(catch_unwind)]
    pub fn verify_certificate(&mut self, message: &[u8], bitmap: &[u8], signatures: &[u8]) -> u8 {
        self.0.verify_certificate(message, bitmap, signatures) as u8
    }

    /// The point of a message, 96 bytes, for `learnMessage` on another thread. Throws for Ed25519, as do all
    /// that follow.
    #[napi(catch_unwind)]
    pub fn hash_message(&mut self, message: &[u8]) -> Result<Uint8Array> {
        Ok(self.bls()?.hash_message(message).to_vec().into())
    }

    /// Takes over what `hashMessage` gave on another thread of this process, which spares hashing the message
    /// again. Only for bytes of our own.
    #[napi(catch_unwind)]
    pub fn learn_message(&mut self, message: &[u8], point: &[u8]) -> Result<()> {
        self.bls()?.learn_message(message, sized("a message's point", point)?).map_err(misuse)
    }

    /// Begins to sum votes over one message as they arrive. Throws for Ed25519, whose votes have no sum.
    #[napi(catch_unwind)]
    pub fn start_sum(&mut self) -> Result<VoteSum> {
        Ok(VoteSum(self.bls()?.start_sum()))
    }

    /// Makes a certificate of the votes in `sum`, which this set started; bad votes are left out and named.
    #[napi(catch_unwind)]
    pub fn finish_sum(&mut self, message: &[u8], sum: &VoteSum) -> Result<FormedCertificate> {
        self.bls()?.finish(message, &sum.0).map(FormedCertificate::from).map_err(misuse)
    }

    /// Makes a certificate of what `VoteSum.partial` gave on another thread of this process, by a set of the
    /// same keys. It names no bad votes: if it is not valid, form the certificate of the votes themselves.
    #[napi(catch_unwind)]
    pub fn finish_partial(
        &mut self,
        message: &[u8],
        bitmap: &[u8],
        signature: &[u8],
        key: &[u8],
    ) -> Result<FormedCertificate> {
        let partial = bls::PartialSum {
            bitmap: bitmap.to_vec(),
            signature: *sized("a sum of signatures", signature)?,
            key: *sized("a sum of keys", key)?,
        };
        Ok(self.bls()?.finish_partial(message, &partial).into())
    }

    fn bls(&mut self) -> Result<&mut bls::KeySet> {
        self.0.bls().map_err(misuse)
    }
}

fn trust(trusted: bool) -> Trust {
    if trusted { Trust::Trusted } else { Trust::Validate }
}

/// The byte of a verdict on something that had to be `Valid`.
pub(crate) fn byte_of<Value>(result: &std::result::Result<Value, Verdict>) -> u8 {
    result.as_ref().err().copied().unwrap_or(Verdict::Valid) as u8
}
