//! Votes summed as they arrive.

use crate::error::{Result, sized};
use crate::key_set::byte_of;
use hotstuff_native_core::bls;
use napi::bindgen_prelude::Uint8Array;
use napi_derive::napi;

/// What a sum came to, to be finished on another thread of this process. Indivisible: no part of it was
/// checked.
#[napi(object)]
pub struct PartialSum {
    /// 0 if there is a sum, else the verdict that tells why not.
    pub verdict: u8,
    /// The signers; empty without a sum, like what follows.
    pub bitmap: Uint8Array,
    /// The sum of their signatures, 96 bytes.
    pub signature: Uint8Array,
    /// The sum of their keys, 192 bytes.
    pub key: Uint8Array,
}

/// The running sum of unverified BLS votes over one message; `KeySet.startSum` begins it.
#[napi]
pub struct VoteSum(pub(crate) bls::VoteSum);

#[napi]
impl VoteSum {
    /// Adds the vote of validator `index`, 96 bytes. The verdict byte is 0 if it was counted, which does not
    /// mean that it is a signature.
    #[napi(catch_unwind)]
    pub fn add(&mut self, index: u32, signature: &[u8]) -> Result<u8> {
        Ok(self.0.add(index, sized("a vote's signature", signature)?) as u8)
    }

    /// The number of votes counted.
    #[napi(catch_unwind)]
    pub fn size(&self) -> u32 {
        self.0.signers().len() as u32
    }

    /// The sums so far.
    #[napi(catch_unwind)]
    pub fn partial(&self) -> PartialSum {
        let partial = self.0.partial();
        let verdict = byte_of(&partial);
        match partial {
            Ok(partial) => PartialSum {
                verdict,
                bitmap: partial.bitmap.into(),
                signature: partial.signature.to_vec().into(),
                key: partial.key.to_vec().into(),
            },
            Err(_) => PartialSum {
                verdict,
                bitmap: Vec::new().into(),
                signature: Vec::new().into(),
                key: Vec::new().into(),
            },
        }
    }
}
