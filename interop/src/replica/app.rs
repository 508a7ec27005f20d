//! The app of the exchange: every block is valid; a first datum that says so updates the validator set.

use hotstuff_rs::app::{
    App, ProduceBlockRequest, ProduceBlockResponse, ValidateBlockRequest, ValidateBlockResponse,
};
use hotstuff_rs::block_tree::pluggables::KVStore;
use hotstuff_rs::types::block::Block;
use hotstuff_rs::types::crypto_primitives::{CryptoHasher, Digest, VerifyingKey};
use hotstuff_rs::types::data_types::{CryptoHash, Data, Datum, Power};
use hotstuff_rs::types::update_sets::ValidatorSetUpdates;

pub struct ExchangeApp;

impl<K: KVStore> App<K> for ExchangeApp {
    fn produce_block(&mut self, request: ProduceBlockRequest<K>) -> ProduceBlockResponse {
        let datum = format!("made in view {}", request.cur_view()).into_bytes();
        ProduceBlockResponse {
            data_hash: root_of_one(&datum),
            data: Data::new(vec![Datum::new(datum)]),
            app_state_updates: None,
            validator_set_updates: None,
        }
    }

    fn validate_block(&mut self, request: ValidateBlockRequest<K>) -> ValidateBlockResponse {
        ValidateBlockResponse::Valid {
            app_state_updates: None,
            validator_set_updates: additions(request.proposed_block()),
        }
    }

    fn validate_block_for_sync(
        &mut self,
        request: ValidateBlockRequest<K>,
    ) -> ValidateBlockResponse {
        self.validate_block(request)
    }
}

/// The data hash of hotstuff-ts where there is one datum: the hash of a leaf.
fn root_of_one(datum: &[u8]) -> CryptoHash {
    CryptoHash::new(
        CryptoHasher::new()
            .chain_update([0])
            .chain_update(datum)
            .finalize()
            .into(),
    )
}

const ADDITIONS: &[u8] = b"validators";

/// "validators", then 32 bytes of a key and 8 of its power, little-endian, for each.
fn additions(block: &Block) -> Option<ValidatorSetUpdates> {
    let members = block.data.iter().next()?.bytes().strip_prefix(ADDITIONS)?;
    let mut updates = ValidatorSetUpdates::new();
    for member in members.chunks_exact(40) {
        let key = VerifyingKey::from_bytes(member[..32].try_into().ok()?).ok()?;
        updates.insert(
            key,
            Power::new(u64::from_le_bytes(member[32..].try_into().ok()?)),
        );
    }
    Some(updates)
}
