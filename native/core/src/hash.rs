//! SHA-256 of many items in one call, and the Merkle root of a block's data.

use crate::shape::Slices;
use sha2::{Digest, Sha256};

/// Bytes of a SHA-256 digest.
pub const DIGEST_SIZE: usize = 32;

type Hash = [u8; DIGEST_SIZE];

/// Domains of the tree's hashes, so that no inner node can be shown as a datum or the other way round.
const LEAF: u8 = 0;
const NODE: u8 = 1;

/// The SHA-256 digests of `items`, one after the other.
pub fn sha256_many(items: Slices<'_>) -> Vec<u8> {
    let mut digests = Vec::with_capacity(items.len() * DIGEST_SIZE);
    for item in items.iter() {
        digests.extend_from_slice(&Sha256::digest(item));
    }
    digests
}

/// The SHA-256 Merkle root over `datums` (SPECIFICATION.md section 2).
///
/// A leaf is `SHA-256(0x00 || datum)`. A level is made from the one below by joining neighbours from the left
/// as `SHA-256(0x01 || left || right)`; an odd one at the end moves up unchanged. The root of no datums is
/// the SHA-256 of the empty string. This is the tree of RFC 6962.
pub fn merkle_root(datums: Slices<'_>) -> Hash {
    if datums.is_empty() {
        return Sha256::digest([]).into();
    }
    let mut level: Vec<Hash> = datums.iter().map(leaf).collect();
    while level.len() > 1 {
        let parents = level.len().div_ceil(2);
        for at in 0..parents {
            let left = 2 * at;
            level[at] = match level.get(left + 1) {
                Some(right) => node(&level[left], right),
                None => level[left],
            };
        }
        level.truncate(parents);
    }
    level[0]
}

fn leaf(datum: &[u8]) -> Hash {
    Sha256::new().chain_update([LEAF]).chain_update(datum).finalize().into()
}

fn node(left: &Hash, right: &Hash) -> Hash {
    Sha256::new().chain_update([NODE]).chain_update(left).chain_update(right).finalize().into()
}
