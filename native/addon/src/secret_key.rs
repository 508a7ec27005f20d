//! Secret keys, held on this side.

use crate::error::{Result, misuse, scheme, sized};
use hotstuff_native_core as core;
use napi::bindgen_prelude::Uint8Array;
use napi_derive::napi;

/// A secret key. Its bytes lie in memory of the addon, which wipes them when the object is collected.
#[napi]
pub struct SecretKey(core::SecretKey);

#[napi]
impl SecretKey {
    /// Makes a key from 32 secret random bytes.
    #[napi(factory, catch_unwind)]
    pub fn generate(scheme_number: u8, randomness: &[u8]) -> Result<SecretKey> {
        let scheme = scheme(scheme_number)?;
        Ok(SecretKey(core::SecretKey::generate(scheme, sized("the randomness of a key", randomness)?)))
    }

    /// Reads the 32 bytes that `toBytes` gave.
    #[napi(factory, catch_unwind)]
    pub fn from_bytes(scheme_number: u8, bytes: &[u8]) -> Result<SecretKey> {
        let scheme = scheme(scheme_number)?;
        let key = core::SecretKey::from_bytes(scheme, sized("a secret key", bytes)?);
        key.map(SecretKey).map_err(misuse)
    }

    /// The 32 bytes to keep.
    #[napi(catch_unwind)]
    pub fn to_bytes(&self) -> Uint8Array {
        self.0.to_bytes().to_vec().into()
    }

    /// The key that verifies what this one signs: 96 bytes (BLS) or 32 (Ed25519).
    #[napi(catch_unwind)]
    pub fn public_key(&self) -> Uint8Array {
        self.0.public_key().into()
    }

    /// The signature over `message` as a vote carries it: 96 bytes (BLS) or 64 (Ed25519).
    #[napi(catch_unwind)]
    pub fn sign(&self, message: &[u8]) -> Uint8Array {
        self.0.sign(message).into()
    }

    /// A proof of possession over `message`, 48 bytes. Throws for Ed25519, which has none.
    #[napi(catch_unwind)]
    pub fn prove_possession(&self, message: &[u8]) -> Result<Uint8Array> {
        self.0.prove_possession(message).map(Uint8Array::from).map_err(misuse)
    }
}
