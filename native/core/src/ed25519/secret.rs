//! Secret keys, and signatures by keys of no set.

use super::{KEY_SIZE, SECRET_SIZE, SIGNATURE_SIZE};
use crate::shape::{Misuse, Slices, items};
use crate::verdict::Verdict;
use ed25519_dalek::{Signature, Signer, SigningKey, Verifier, VerifyingKey};

/// A secret key; its memory is wiped when it is dropped.
pub struct SecretKey(SigningKey);

impl SecretKey {
    /// The key whose seed are these 32 bytes of secret randomness.
    pub fn from_bytes(seed: &[u8; SECRET_SIZE]) -> Self {
        SecretKey(SigningKey::from_bytes(seed))
    }

    /// The seed.
    pub fn to_bytes(&self) -> [u8; SECRET_SIZE] {
        self.0.to_bytes()
    }

    /// The key that verifies what this one signs.
    pub fn public_key(&self) -> [u8; KEY_SIZE] {
        self.0.verifying_key().to_bytes()
    }

    /// Signs `message`. Takes the same time for every key.
    pub fn sign(&self, message: &[u8]) -> [u8; SIGNATURE_SIZE] {
        self.0.sign(message).to_bytes()
    }
}

/// Validates keys of 32 bytes each.
pub fn check_keys(keys: &[u8]) -> Result<Vec<Verdict>, Misuse> {
    let keys = items::<KEY_SIZE>("keys", keys, keys.len() / KEY_SIZE)?;
    Ok(keys
        .iter()
        .map(|key| VerifyingKey::from_bytes(key).map_or(Verdict::Malformed, |_| Verdict::Valid))
        .collect())
}

/// Checks signatures by keys of no set: key `i` of 32 bytes, message `i`, signature `i` of 64 bytes.
pub fn check_signatures(
    keys: &[u8],
    messages: Slices<'_>,
    signatures: &[u8],
) -> Result<Vec<Verdict>, Misuse> {
    let keys = items::<KEY_SIZE>("keys", keys, messages.len())?;
    let signatures = items::<SIGNATURE_SIZE>("signatures", signatures, messages.len())?;
    let verdicts = keys.iter().zip(messages.iter()).zip(signatures).map(|((key, message), signature)| {
        match VerifyingKey::from_bytes(key) {
            Ok(key) => Verdict::of(key.verify(message, &Signature::from_bytes(signature)).is_ok()),
            Err(_) => Verdict::Malformed,
        }
    });
    Ok(verdicts.collect())
}
