//! What a replica's block tree holds, through the reads that hotstuff_rs gives to its users.

use hotstuff_rs::block_tree::accessors::internal::BlockTreeError;
use hotstuff_rs::block_tree::accessors::public::BlockTreeSnapshot;
use hotstuff_rs::block_tree::pluggables::KVGet;
use hotstuff_rs::types::validator_set::ValidatorSet;
use serde_json::{Value, json};

use crate::Result;
use crate::plain;

/// The variable `name` of the tree; null while it is unset.
pub fn variable<S: KVGet>(tree: &BlockTreeSnapshot<S>, name: &str) -> Result<Value> {
    read(tree, name)
        .ok_or_else(|| format!("no variable {name}"))?
        .map_err(|error| format!("{name}: {error:?}"))
}

type Read = std::result::Result<Value, BlockTreeError>;

fn read<S: KVGet>(tree: &BlockTreeSnapshot<S>, name: &str) -> Option<Read> {
    Some(match name {
        "highestPc" => tree.highest_pc().map(|pc| plain::pc(&pc)),
        "lockedPc" => tree.locked_pc().map(|pc| plain::pc(&pc)),
        "highestTc" => tree
            .highest_tc()
            .map(|tc| json!(tc.as_ref().map(plain::tc))),
        "highestCommittedBlock" => tree
            .highest_committed_block()
            .map(|hash| json!(hash.as_ref().map(plain::hash))),
        "newestBlock" => tree
            .newest_block()
            .map(|hash| json!(hash.as_ref().map(plain::hash))),
        "highestViewEntered" => tree
            .highest_view_entered()
            .map(|view| plain::number(view.int())),
        "highestViewVoted" => tree
            .highest_view_voted()
            .map(|view| json!(view.map(|view| plain::number(view.int())))),
        "committedValidators" => tree.committed_validator_set().map(|set| members(&set)),
        "previousValidators" => tree.previous_validator_set().map(|set| members(&set)),
        "updateHeight" => tree
            .validator_set_update_block_height()
            .map(|height| json!(height.map(|height| plain::number(height.int())))),
        "updateDecided" => tree
            .validator_set_update_complete()
            .map(|decided| json!(decided)),
        _ => return None,
    })
}

/// In the order of the certificates' slots.
fn members(set: &ValidatorSet) -> Value {
    set.validators_and_powers()
        .iter()
        .map(|(key, power)| json!([plain::key(key), plain::number(power.int())]))
        .collect()
}
