//! The native hot path of hotstuff-ts: signatures, certificates and bulk hashing.
//!
//! Everything here is a function of its arguments: no protocol state, no I/O, no threads, no types of the
//! host. Shapes are flat on purpose, since the host hands over a few long buffers instead of many short ones:
//!
//! - keys, signatures and digests of fixed size lie one after the other;
//! - messages of any size are one buffer and the offsets of their ends ([`Slices`]);
//! - a bitmap names validators by their place in the set: bit `i & 7` of byte `i >> 3` is validator `i`, the
//!   bitmap has exactly `ceil(n / 8)` bytes and its unused bits are zero;
//! - what a peer sent is judged by a [`Verdict`], one byte each, never by an error;
//! - what only the caller can get wrong (buffers that do not fit each other) is a [`Misuse`].
//!
//! SPECIFICATION.md section 3 has the schemes; rules R20 and R22 govern certificates and keys.

mod bitmap;
pub mod bls;
pub mod ed25519;
mod hash;
mod key_set;
mod shape;
mod verdict;

pub use hash::{DIGEST_SIZE, merkle_root, sha256_many};
pub use key_set::{
    Formed, KeyError, KeySet, MAX_KEYS, Scheme, SecretKey, Trust, check_keys, check_signatures,
};
pub use shape::{Misuse, Slices};
pub use verdict::Verdict;
