//! Keys and sets by the names that ours.json gives them.

use hotstuff_rs::types::crypto_primitives::{SigningKey, VerifyingKey};
use hotstuff_rs::types::data_types::{ChainID, Power};
use hotstuff_rs::types::validator_set::{ValidatorSet, ValidatorSetState};
use serde_json::Value;

use crate::Result;

pub struct Cast {
    pub chain: ChainID,
    keys: Vec<(String, SigningKey)>,
}

impl Cast {
    /// Makes the keys from their seeds; they must have the ids that ours.json says.
    pub fn from(given: &Value) -> Result<Cast> {
        let keys = list(&given["keys"])?
            .iter()
            .map(|entry| {
                let name = text(&entry["name"])?.to_owned();
                let seed = bytes(&entry["seed"])?
                    .try_into()
                    .map_err(|_| "a seed of another length")?;
                let key = SigningKey::from_bytes(&seed);
                match bytes(&entry["id"])? == key.verifying_key().as_bytes() {
                    true => Ok((name, key)),
                    false => Err(format!("key {name}: its seed makes another id")),
                }
            })
            .collect::<Result<_>>()?;
        Ok(Cast {
            chain: ChainID::new(number(&given["chainId"])?),
            keys,
        })
    }

    pub fn key(&self, name: &str) -> Result<&SigningKey> {
        let found = self.keys.iter().find(|(known, _)| known == name);
        found
            .map(|(_, key)| key)
            .ok_or_else(|| format!("no key {name}"))
    }

    pub fn name_of(&self, key: &VerifyingKey) -> String {
        let found = self
            .keys
            .iter()
            .find(|(_, known)| known.verifying_key() == *key);
        found.map_or_else(|| hex::encode(key.as_bytes()), |(name, _)| name.clone())
    }

    /// The first `count` keys, each with power 1.
    pub fn set_of_first(&self, count: usize) -> ValidatorSet {
        let mut set = ValidatorSet::new();
        for (_, key) in &self.keys[..count] {
            set.put(&key.verifying_key(), Power::new(1));
        }
        set
    }

    pub fn signing_key(&self, key: &VerifyingKey) -> Result<&SigningKey> {
        self.key(&self.name_of(key))
    }
}

/// A set that was never updated.
pub fn unchanged(set: &ValidatorSet) -> ValidatorSetState {
    ValidatorSetState::new(set.clone(), set.clone(), None, true)
}

pub fn list(value: &Value) -> Result<&Vec<Value>> {
    value.as_array().ok_or_else(|| format!("no list: {value}"))
}

pub fn text(value: &Value) -> Result<&str> {
    value.as_str().ok_or_else(|| format!("no text: {value}"))
}

pub fn number(value: &Value) -> Result<u64> {
    text(value)?
        .parse()
        .map_err(|error| format!("{value}: {error}"))
}

pub fn bytes(value: &Value) -> Result<Vec<u8>> {
    hex::decode(text(value)?).map_err(|error| format!("{value}: {error}"))
}
