//! The addon of hotstuff-ts: buffers of Node.js in, verdict bytes out. All that is worth testing lies in the
//! core.
//!
//! Every call is synchronous, borrows the buffers it is given and keeps none of them; no other thread may
//! write to a shared buffer meanwhile. A peer's bytes never make a call throw. What throws has a code:
//! `ERR_NATIVE_MISUSE` for buffers that do not fit each other, `ERR_NATIVE_KEY` for a set with a key that is
//! none, `InvalidArg` for a value of another type, and `GenericFailure` for a panic, which is a bug of the
//! addon and leaves the process alive.

mod error;
mod key_set;
mod secret_key;
mod vote_sum;

use error::{Result, misuse};
use hotstuff_native_core::{Slices, Verdict, bls};
use napi::bindgen_prelude::Uint8Array;
use napi_derive::napi;

/// The name of every verdict, at the index that is its byte.
#[napi(catch_unwind)]
pub fn verdict_names() -> Vec<String> {
    Verdict::ALL.map(|verdict| verdict.name().to_owned()).into()
}

/// Validates keys of a peer; one verdict byte each.
#[napi(catch_unwind)]
pub fn check_keys(scheme: u8, keys: &[u8]) -> Result<Uint8Array> {
    let scheme = error::scheme(scheme)?;
    hotstuff_native_core::check_keys(scheme, keys).map(verdict_bytes).map_err(misuse)
}

/// Validates BLS keys (96 bytes each) and their proofs of possession (48 bytes each) over one message each;
/// one verdict byte each. `offsets` has the beginning of every message in `messages`, and their end.
#[napi(catch_unwind)]
pub fn check_possessions(keys: &[u8], messages: &[u8], offsets: &[u32], proofs: &[u8]) -> Result<Uint8Array> {
    let messages = Slices::new(messages, offsets).map_err(misuse)?;
    bls::check_possessions(keys, messages, proofs).map(verdict_bytes).map_err(misuse)
}

/// Checks signatures by keys of no set, each over a message of its own; one verdict byte each.
#[napi(catch_unwind)]
pub fn check_signatures(
    scheme: u8,
    keys: &[u8],
    messages: &[u8],
    offsets: &[u32],
    signatures: &[u8],
) -> Result<Uint8Array> {
    let scheme = error::scheme(scheme)?;
    let messages = Slices::new(messages, offsets).map_err(misuse)?;
    hotstuff_native_core::check_signatures(scheme, keys, messages, signatures)
        .map(verdict_bytes)
        .map_err(misuse)
}

/// The SHA-256 digests of many items, 32 bytes each.
#[napi(catch_unwind)]
pub fn sha256_many(items: &[u8], offsets: &[u32]) -> Result<Uint8Array> {
    let items = Slices::new(items, offsets).map_err(misuse)?;
    Ok(hotstuff_native_core::sha256_many(items).into())
}

/// The SHA-256 Merkle root over datums: 32 bytes.
#[napi(catch_unwind)]
pub fn merkle_root(datums: &[u8], offsets: &[u32]) -> Result<Uint8Array> {
    let datums = Slices::new(datums, offsets).map_err(misuse)?;
    Ok(hotstuff_native_core::merkle_root(datums).to_vec().into())
}

fn verdict_bytes(verdicts: Vec<Verdict>) -> Uint8Array {
    Verdict::bytes(&verdicts).into()
}
