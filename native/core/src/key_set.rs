//! One face for both schemes: a chain uses one, fixed at genesis (SPECIFICATION.md section 3).

use crate::shape::{Misuse, Slices};
use crate::verdict::Verdict;
use crate::{bls, ed25519};
use std::fmt;

/// Keys in one set. Bounds what a set can take in memory (BLS: 12 MB of points) far above any set that can
/// agree.
pub const MAX_KEYS: usize = 1 << 16;

/// A signature scheme.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Scheme {
    /// BLS12-381, minimal signatures, proofs of possession.
    Bls12381,
    /// Ed25519 with dalek's verdict.
    Ed25519,
}

/// Whether keys still have to be validated.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Trust {
    /// Check everything that R22 asks.
    Validate,
    /// The same bytes were validated before: parse only.
    Trusted,
}

/// Why there is no set of these keys.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KeyError {
    /// The buffer has the wrong shape.
    Misuse(Misuse),
    /// One of the keys is none.
    Key {
        /// Its place in the list.
        index: usize,
        /// What is wrong with it.
        verdict: Verdict,
    },
}

impl From<Misuse> for KeyError {
    fn from(misuse: Misuse) -> Self {
        KeyError::Misuse(misuse)
    }
}

impl fmt::Display for KeyError {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            KeyError::Misuse(misuse) => misuse.fmt(formatter),
            KeyError::Key { index, verdict } => {
                write!(formatter, "key {index} is refused: {}", verdict.name())
            }
        }
    }
}

impl std::error::Error for KeyError {}

/// A certificate made of votes, and what became of each of them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Formed {
    /// `Valid` if there is a certificate. Its power is for the caller to count.
    pub verdict: Verdict,
    /// The signers; empty if there is no certificate.
    pub bitmap: Vec<u8>,
    /// BLS: the aggregate, compressed. Ed25519: the signatures of the signers in ascending order.
    pub signatures: Vec<u8>,
    /// For each vote given: `Valid` says that the certificate counts it. It does **not** say, in the BLS
    /// scheme, that the vote verifies alone: of a sum that verifies, no part may be stored or sent on as if
    /// it had been checked.
    pub votes: Vec<Verdict>,
}

/// A secret key of either scheme; its memory is wiped when it is dropped.
pub enum SecretKey {
    /// Of the BLS scheme.
    Bls(bls::SecretKey),
    /// Of the Ed25519 scheme.
    Ed25519(ed25519::SecretKey),
}

impl SecretKey {
    /// Makes a key from 32 secret random bytes. Ed25519 takes them for its seed, BLS derives a scalar.
    pub fn generate(scheme: Scheme, randomness: &[u8; 32]) -> Self {
        match scheme {
            Scheme::Bls12381 => SecretKey::Bls(bls::SecretKey::generate(randomness)),
            Scheme::Ed25519 => SecretKey::Ed25519(ed25519::SecretKey::from_bytes(randomness)),
        }
    }

    /// Reads what [`SecretKey::to_bytes`] wrote.
    pub fn from_bytes(scheme: Scheme, bytes: &[u8; 32]) -> Result<Self, Misuse> {
        Ok(match scheme {
            Scheme::Bls12381 => SecretKey::Bls(bls::SecretKey::from_bytes(bytes)?),
            Scheme::Ed25519 => SecretKey::Ed25519(ed25519::SecretKey::from_bytes(bytes)),
        })
    }

    /// The 32 bytes to keep.
    pub fn to_bytes(&self) -> [u8; 32] {
        match self {
            SecretKey::Bls(key) => key.to_bytes(),
            SecretKey::Ed25519(key) => key.to_bytes(),
        }
    }

    /// The key that verifies what this one signs.
    pub fn public_key(&self) -> Vec<u8> {
        match self {
            SecretKey::Bls(key) => key.public_key().to_vec(),
            SecretKey::Ed25519(key) => key.public_key().to_vec(),
        }
    }

    /// The signature over `message` as a vote carries it.
    pub fn sign(&self, message: &[u8]) -> Vec<u8> {
        match self {
            SecretKey::Bls(key) => key.sign(message).to_vec(),
            SecretKey::Ed25519(key) => key.sign(message).to_vec(),
        }
    }

    /// A proof of possession over `message`; only BLS has them.
    pub fn prove_possession(&self, message: &[u8]) -> Result<Vec<u8>, Misuse> {
        match self {
            SecretKey::Bls(key) => Ok(key.prove_possession(message).to_vec()),
            SecretKey::Ed25519(_) => Err(Misuse::new("the ed25519 scheme has no proofs of possession")),
        }
    }
}

/// Validates keys of a peer, one after the other in `keys`, as [`Trust::Validate`] does.
pub fn check_keys(scheme: Scheme, keys: &[u8]) -> Result<Vec<Verdict>, Misuse> {
    match scheme {
        Scheme::Bls12381 => bls::check_keys(keys),
        Scheme::Ed25519 => ed25519::check_keys(keys),
    }
}

/// A verdict for each signature by a key of no set: key, message and signature `i`, all flat.
pub fn check_signatures(
    scheme: Scheme,
    keys: &[u8],
    messages: Slices<'_>,
    signatures: &[u8],
) -> Result<Vec<Verdict>, Misuse> {
    match scheme {
        Scheme::Bls12381 => bls::check_signatures(keys, messages, signatures),
        Scheme::Ed25519 => ed25519::check_signatures(keys, messages, signatures),
    }
}

/// Parsed keys of one validator set of either scheme.
pub enum KeySet {
    /// Of the BLS scheme.
    Bls(bls::KeySet),
    /// Of the Ed25519 scheme.
    Ed25519(ed25519::KeySet),
}

impl KeySet {
    /// Reads the keys of a set, in its order.
    pub fn new(scheme: Scheme, keys: &[u8], trust: Trust) -> Result<Self, KeyError> {
        Self::with_hints(scheme, keys, &[], trust)
    }

    /// The same with the help of what [`KeySet::export`] wrote of some of the keys, which needs no trust: see
    /// [`bls::KeySet::with_hints`]. Ed25519 keys need no help.
    pub fn with_hints(scheme: Scheme, keys: &[u8], hints: &[u8], trust: Trust) -> Result<Self, KeyError> {
        let set = match scheme {
            Scheme::Bls12381 => {
                limit(keys, bls::KEY_SIZE)?;
                KeySet::Bls(bls::KeySet::with_hints(keys, hints, trust)?)
            }
            Scheme::Ed25519 => {
                limit(keys, ed25519::KEY_SIZE)?;
                KeySet::Ed25519(ed25519::KeySet::new(keys)?)
            }
        };
        Ok(set)
    }

    /// Reads what [`KeySet::export`] wrote. Only for bytes of our own.
    pub fn import(scheme: Scheme, parsed: &[u8]) -> Result<Self, KeyError> {
        match scheme {
            Scheme::Bls12381 => {
                limit(parsed, bls::PARSED_KEY_SIZE)?;
                Ok(KeySet::Bls(bls::KeySet::import(parsed)?))
            }
            Scheme::Ed25519 => KeySet::new(scheme, parsed, Trust::Trusted),
        }
    }

    /// The keys in the form that is read fastest: 192 bytes each for BLS, the keys themselves for Ed25519.
    pub fn export(&self) -> Vec<u8> {
        match self {
            KeySet::Bls(set) => set.export(),
            KeySet::Ed25519(set) => set.export(),
        }
    }

    /// Whether the hints that it was read with are what [`KeySet::export`] gives, and spare giving it.
    pub fn is_hinted(&self) -> bool {
        match self {
            KeySet::Bls(set) => set.is_hinted(),
            KeySet::Ed25519(_) => false,
        }
    }

    /// The number of keys.
    pub fn len(&self) -> usize {
        match self {
            KeySet::Bls(set) => set.len(),
            KeySet::Ed25519(set) => set.len(),
        }
    }

    /// Whether there are no keys.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The set as one of the BLS scheme, for what only that one can do.
    pub fn bls(&mut self) -> Result<&mut bls::KeySet, Misuse> {
        match self {
            KeySet::Bls(set) => Ok(set),
            KeySet::Ed25519(_) => Err(Misuse::new("only BLS votes have a sum")),
        }
    }

    /// See [`bls::KeySet::check_votes`] and [`ed25519::KeySet::check_votes`].
    pub fn check_votes(
        &mut self,
        indexes: &[u32],
        messages: Slices<'_>,
        signatures: &[u8],
    ) -> Result<Vec<Verdict>, Misuse> {
        match self {
            KeySet::Bls(set) => set.check_votes(indexes, messages, signatures),
            KeySet::Ed25519(set) => set.check_votes(indexes, messages, signatures),
        }
    }

    /// See [`bls::KeySet::form_certificate`] and [`ed25519::KeySet::form_certificate`].
    pub fn form_certificate(
        &mut self,
        message: &[u8],
        indexes: &[u32],
        signatures: &[u8],
    ) -> Result<Formed, Misuse> {
        match self {
            KeySet::Bls(set) => set.form_certificate(message, indexes, signatures),
            KeySet::Ed25519(set) => set.form_certificate(message, indexes, signatures),
        }
    }

    /// See [`bls::KeySet::verify_certificate`] and [`ed25519::KeySet::verify_certificate`].
    pub fn verify_certificate(&mut self, message: &[u8], bitmap: &[u8], signatures: &[u8]) -> Verdict {
        match self {
            KeySet::Bls(set) => set.verify_certificate(message, bitmap, signatures),
            KeySet::Ed25519(set) => set.verify_certificate(message, bitmap, signatures),
        }
    }
}

fn limit(keys: &[u8], size: usize) -> Result<(), Misuse> {
    if keys.len() > MAX_KEYS * size {
        return Err(Misuse::new(format!("a set has at most {MAX_KEYS} keys")));
    }
    Ok(())
}
