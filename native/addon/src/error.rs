//! What is thrown, and with which code.

use hotstuff_native_core::{KeyError, Misuse, Scheme};
use napi::Error;

/// A result whose error carries a code of its own.
pub(crate) type Result<Value> = std::result::Result<Value, Error<String>>;

pub(crate) fn misuse(misuse: Misuse) -> Error<String> {
    thrown("ERR_NATIVE_MISUSE", misuse.to_string())
}

pub(crate) fn bad_key(error: KeyError) -> Error<String> {
    match error {
        KeyError::Misuse(error) => misuse(error),
        KeyError::Key { .. } => thrown("ERR_NATIVE_KEY", error.to_string()),
    }
}

/// The scheme that the host means: 0 for BLS12-381, 1 for Ed25519.
pub(crate) fn scheme(number: u8) -> Result<Scheme> {
    match number {
        0 => Ok(Scheme::Bls12381),
        1 => Ok(Scheme::Ed25519),
        _ => Err(thrown("ERR_NATIVE_MISUSE", format!("there is no scheme {number}"))),
    }
}

/// The one item of a size that the type fixes.
pub(crate) fn sized<'a, const SIZE: usize>(what: &str, bytes: &'a [u8]) -> Result<&'a [u8; SIZE]> {
    bytes
        .try_into()
        .map_err(|_| thrown("ERR_NATIVE_MISUSE", format!("{what} has {SIZE} bytes, not {}", bytes.len())))
}

fn thrown(code: &str, message: String) -> Error<String> {
    Error::new(code.to_owned(), message)
}
