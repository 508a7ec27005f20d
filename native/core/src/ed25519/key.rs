//! One key of a set, which gets faster the more it is used.

use super::table::Table;
use super::{KEY_SIZE, SIGNATURE_SIZE};
use crate::verdict::Verdict;
use curve25519_dalek::constants::ED25519_BASEPOINT_POINT;
use curve25519_dalek::scalar::Scalar;
use ed25519_dalek::{Signature, Verifier, VerifyingKey};
use sha2::{Digest, Sha512};
use std::sync::LazyLock;

/// A table costs as much as some ten verifications and saves half of each: worth it for a key that goes on
/// signing, wasted on one that is seen twice while an old block is checked.
const USES_BEFORE_TABLE: u32 = 16;

/// Window of the base point's table: the widest that stays within a core's second-level cache (655 KB), made
/// once for the whole process.
const BASE_WIDTH: usize = 8;

static BASE: LazyLock<Table> = LazyLock::new(|| Table::new(ED25519_BASEPOINT_POINT, BASE_WIDTH));

/// Windows that a key's table may have, the fastest first: 220, 131 and 82 KB.
pub(super) const WIDTHS: [usize; 3] = [6, 5, 4];

/// A parsed key, with a table of its multiples once it has been used often enough.
pub(super) struct Key {
    parsed: VerifyingKey,
    uses: u32,
    negated: Option<Table>,
}

impl Key {
    /// Reads a key by dalek's rule: any encoding of a point of the curve.
    pub(super) fn read(bytes: &[u8; KEY_SIZE]) -> Result<Self, Verdict> {
        let parsed = VerifyingKey::from_bytes(bytes).map_err(|_| Verdict::Malformed)?;
        Ok(Key { parsed, uses: 0, negated: None })
    }

    pub(super) fn to_bytes(&self) -> [u8; KEY_SIZE] {
        self.parsed.to_bytes()
    }

    /// Whether `signature` is this key's over `message`. A much used key takes the `allowance` for a table,
    /// if there is one.
    pub(super) fn verify(
        &mut self,
        message: &[u8],
        signature: &[u8; SIGNATURE_SIZE],
        allowance: &mut Option<usize>,
    ) -> bool {
        if self.negated.is_none() {
            self.uses = self.uses.saturating_add(1);
            if self.uses > USES_BEFORE_TABLE {
                self.negated = allowance.take().map(|width| Table::new(-self.parsed.to_edwards(), width));
            }
        }
        match &self.negated {
            Some(negated) => self.verify_by_table(negated, message, signature),
            None => self.parsed.verify(message, &Signature::from_bytes(signature)).is_ok(),
        }
    }

    /// The verdict of `VerifyingKey::verify`, step by step the same: only the two products come from tables,
    /// and a product is the same point however it is computed.
    fn verify_by_table(&self, negated: &Table, message: &[u8], signature: &[u8; SIGNATURE_SIZE]) -> bool {
        let (r, s) = signature.split_at(32);
        let s: [u8; 32] = s.try_into().expect("the second half of 64 bytes");
        let Some(s) = Option::<Scalar>::from(Scalar::from_canonical_bytes(s)) else {
            return false;
        };
        let digest = Sha512::new()
            .chain_update(r)
            .chain_update(self.parsed.as_bytes())
            .chain_update(message)
            .finalize();
        let k = Scalar::from_bytes_mod_order_wide(&digest.into());
        let expected = negated.multiply(&k) + BASE.multiply(&s);
        expected.compress().as_bytes() == r
    }
}
