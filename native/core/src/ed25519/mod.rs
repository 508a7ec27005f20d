//! Ed25519 with exactly the verdicts of ed25519-dalek 2's `verify` (SPECIFICATION.md section 3).
//!
//! That rule: `s` is canonical, and the encoding of `[s]B - [k]A` equals the bytes of `R`, with `k` hashed
//! over the bytes as they came. Neither `verify_strict` nor a batch equation decides anything here: they
//! disagree with it on points of small order, and replicas that disagree on a signature disagree on
//! certificates.

mod key;
mod key_set;
mod secret;
mod table;

pub use key_set::KeySet;
pub use secret::{SecretKey, check_keys, check_signatures};

/// Bytes of a secret key: the seed of RFC 8032.
pub const SECRET_SIZE: usize = 32;
/// Bytes of a key.
pub const KEY_SIZE: usize = 32;
/// Bytes of a signature, in votes and in certificates.
pub const SIGNATURE_SIZE: usize = 64;
