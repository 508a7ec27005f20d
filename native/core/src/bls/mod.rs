//! BLS12-381, minimal signatures with proofs of possession (SPECIFICATION.md section 3).
//!
//! Signatures lie in G1, keys in G2. A vote carries its signature uncompressed, because it is read once and
//! decompressing costs fifty times the parsing; certificates and proofs of possession are stored and sent
//! often and are compressed.

mod batch;
mod certificate;
mod hints;
mod key_set;
mod keys;
mod message;
pub mod pairing;
pub mod point;
mod secret;
mod vote_sum;

pub use key_set::KeySet;
pub use secret::{SecretKey, check_keys, check_possessions, check_signatures};
pub use vote_sum::{PartialSum, VoteSum};

/// Bytes of a secret key: a big-endian scalar, not zero, below the group's order.
pub const SECRET_SIZE: usize = 32;
/// Bytes of a key: compressed G2.
pub const KEY_SIZE: usize = 96;
/// Bytes of a key as [`KeySet::export`] writes it: uncompressed G2.
pub const PARSED_KEY_SIZE: usize = 192;
/// Bytes of the signature in a vote: uncompressed G1.
pub const VOTE_SIZE: usize = 96;
/// Bytes of the signature in a certificate: compressed G1.
pub const AGGREGATE_SIZE: usize = 48;
/// Bytes of a proof of possession: compressed G1.
pub const POSSESSION_SIZE: usize = 48;

/// Ciphersuite of messages (draft-irtf-cfrg-bls-signature, section 4.2.3).
pub const MESSAGE_DST: &[u8] = b"BLS_SIG_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_";
/// Ciphersuite of proofs of possession: another domain, so that no vote is ever a proof.
pub const POSSESSION_DST: &[u8] = b"BLS_POP_BLS12381G1_XMD:SHA-256_SSWU_RO_POP_";
