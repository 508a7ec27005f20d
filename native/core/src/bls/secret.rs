//! Secret keys, proofs of possession, and signatures by keys of no set.

use super::batch::{Claim, which_hold};
use super::message::MessageCache;
use super::point::{G1, G2};
use super::{KEY_SIZE, MESSAGE_DST, POSSESSION_DST, POSSESSION_SIZE, SECRET_SIZE, VOTE_SIZE};
use crate::shape::{Misuse, Slices, items};
use crate::verdict::Verdict;
use blst::min_sig;

/// A secret key; its memory is wiped when it is dropped.
pub struct SecretKey(min_sig::SecretKey);

impl SecretKey {
    /// Derives a key from secret randomness (KeyGen of draft-irtf-cfrg-bls-signature).
    pub fn generate(randomness: &[u8; 32]) -> Self {
        SecretKey(min_sig::SecretKey::key_gen(randomness, &[]).expect("32 bytes are enough"))
    }

    /// Reads a big-endian scalar, which is not zero and below the group's order.
    pub fn from_bytes(bytes: &[u8; SECRET_SIZE]) -> Result<Self, Misuse> {
        min_sig::SecretKey::from_bytes(bytes)
            .map(SecretKey)
            .map_err(|_| Misuse::new("not a BLS secret key: it is zero, or not below the order of the group"))
    }

    /// The scalar, big-endian.
    pub fn to_bytes(&self) -> [u8; SECRET_SIZE] {
        self.0.to_bytes()
    }

    /// The key that verifies what this one signs, compressed.
    pub fn public_key(&self) -> [u8; KEY_SIZE] {
        self.0.sk_to_pk().to_bytes()
    }

    /// Signs `message` for a vote, uncompressed. Takes the same time for every key.
    pub fn sign(&self, message: &[u8]) -> [u8; VOTE_SIZE] {
        self.0.sign(message, MESSAGE_DST, &[]).serialize()
    }

    /// Proves that the signer of `message` holds this key, in a domain of its own.
    pub fn prove_possession(&self, message: &[u8]) -> [u8; POSSESSION_SIZE] {
        self.0.sign(message, POSSESSION_DST, &[]).to_bytes()
    }
}

/// Reads and validates a key of a peer: canonical, not the identity, in the subgroup (R22).
pub(super) fn read_key(bytes: &[u8; KEY_SIZE]) -> Result<G2, Verdict> {
    in_group(G2::from_compressed(bytes)?)
}

pub(super) fn in_group(key: G2) -> Result<G2, Verdict> {
    if key.is_in_subgroup() { Ok(key) } else { Err(Verdict::WrongSubgroup) }
}

/// The signature in a vote, checked for its subgroup.
pub(super) fn read_vote(bytes: &[u8; VOTE_SIZE]) -> Result<G1, Verdict> {
    in_subgroup(G1::from_uncompressed(bytes)?)
}

pub(super) fn in_subgroup(signature: G1) -> Result<G1, Verdict> {
    if signature.is_in_subgroup() { Ok(signature) } else { Err(Verdict::WrongSubgroup) }
}

/// Validates keys of 96 bytes each.
pub fn check_keys(keys: &[u8]) -> Result<Vec<Verdict>, Misuse> {
    let keys = items::<KEY_SIZE>("keys", keys, keys.len() / KEY_SIZE)?;
    Ok(keys.iter().map(|key| read_key(key).err().unwrap_or(Verdict::Valid)).collect())
}

/// Validates keys and their proofs of possession: key `i` of 96 bytes, message `i`, proof `i` of 48 bytes.
///
/// A verdict tells of the key first, then of the proof.
pub fn check_possessions(keys: &[u8], messages: Slices<'_>, proofs: &[u8]) -> Result<Vec<Verdict>, Misuse> {
    let keys = items::<KEY_SIZE>("keys", keys, messages.len())?;
    let proofs = items::<POSSESSION_SIZE>("proofs of possession", proofs, messages.len())?;
    let claims = keys.iter().zip(messages.iter()).zip(proofs).map(|((key, message), proof)| {
        let key = read_key(key)?;
        let signature = in_subgroup(G1::from_compressed(proof)?)?;
        Ok(Claim { key, message: G1::hash(message, POSSESSION_DST), signature })
    });
    Ok(judge(claims.collect()))
}

/// Checks signatures by keys of no set: key `i` of 96 bytes, message `i`, signature `i` of 96 bytes.
pub fn check_signatures(
    keys: &[u8],
    messages: Slices<'_>,
    signatures: &[u8],
) -> Result<Vec<Verdict>, Misuse> {
    let keys = items::<KEY_SIZE>("keys", keys, messages.len())?;
    let signatures = items::<VOTE_SIZE>("signatures", signatures, messages.len())?;
    let mut points = MessageCache::default();
    let claims = keys.iter().zip(messages.iter()).zip(signatures).map(|((key, message), signature)| {
        let key = read_key(key)?;
        let signature = read_vote(signature)?;
        Ok(Claim { key, message: points.point(message), signature })
    });
    Ok(judge(claims.collect()))
}

/// The verdict of each claim, or what kept it from being one.
pub(super) fn judge(claims: Vec<Result<Claim, Verdict>>) -> Vec<Verdict> {
    let sound: Vec<Claim> = claims.iter().filter_map(|claim| claim.as_ref().ok().copied()).collect();
    let mut holds = which_hold(&sound, false).into_iter();
    claims
        .into_iter()
        .map(|claim| match claim {
            Ok(_) => Verdict::of(holds.next().expect("one answer for each sound claim")),
            Err(verdict) => verdict,
        })
        .collect()
}
