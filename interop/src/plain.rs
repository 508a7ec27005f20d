//! What a message says, as JSON that hotstuff-ts writes likewise: numbers as decimal text, bytes as hex.

use hotstuff_rs::block_sync::messages::{
    AdvertiseBlock, AdvertisePC, BlockSyncAdvertiseMessage, BlockSyncMessage, BlockSyncRequest,
    BlockSyncResponse,
};
use hotstuff_rs::hotstuff::messages::{HotStuffMessage, NewView, Nudge, PhaseVote, Proposal};
use hotstuff_rs::hotstuff::types::{Phase, PhaseCertificate};
use hotstuff_rs::networking::messages::{Message, ProgressMessage};
use hotstuff_rs::pacemaker::messages::{
    AdvanceView, PacemakerMessage, ProgressCertificate, TimeoutVote,
};
use hotstuff_rs::pacemaker::types::TimeoutCertificate;
use hotstuff_rs::types::block::Block;
use hotstuff_rs::types::crypto_primitives::VerifyingKey;
use hotstuff_rs::types::data_types::{CryptoHash, SignatureBytes, SignatureSet};
use serde_json::{Value, json};

pub fn number(int: u64) -> Value {
    json!(int.to_string())
}

pub fn hash(hash: &CryptoHash) -> Value {
    json!(hex::encode(hash.bytes()))
}

pub fn key(key: &VerifyingKey) -> Value {
    json!(hex::encode(key.as_bytes()))
}

fn signature(signature: &SignatureBytes) -> Value {
    json!(hex::encode(signature.bytes()))
}

fn signatures(set: &SignatureSet) -> Value {
    set.iter()
        .map(|slot| slot.as_ref().map_or(Value::Null, signature))
        .collect()
}

fn phase(phase: Phase) -> Value {
    json!(match phase {
        Phase::Generic => "generic",
        Phase::Prepare => "prepare",
        Phase::Precommit => "precommit",
        Phase::Commit => "commit",
        Phase::Decide => "decide",
    })
}

pub fn pc(pc: &PhaseCertificate) -> Value {
    json!({
        "chainId": number(pc.chain_id.int()),
        "view": number(pc.view.int()),
        "block": hash(&pc.block),
        "phase": phase(pc.phase),
        "signatures": signatures(&pc.signatures),
    })
}

pub fn tc(tc: &TimeoutCertificate) -> Value {
    json!({
        "chainId": number(tc.chain_id.int()),
        "view": number(tc.view.int()),
        "signatures": signatures(&tc.signatures),
    })
}

fn block(block: &Block) -> Value {
    json!({
        "height": number(block.height.int()),
        "hash": hash(&block.hash),
        "justify": pc(&block.justify),
        "dataHash": hash(&block.data_hash),
        "data": block.data.iter().map(|datum| json!(hex::encode(datum.bytes()))).collect::<Value>(),
    })
}

/// `fields` with the name of the message in front.
fn named(name: &str, mut fields: Value) -> Value {
    fields["type"] = json!(name);
    fields
}

fn phase_vote(vote: &PhaseVote) -> Value {
    json!({
        "chainId": number(vote.chain_id.int()),
        "view": number(vote.view.int()),
        "block": hash(&vote.block),
        "phase": phase(vote.phase),
        "signature": signature(&vote.signature),
    })
}

fn proposal(
    Proposal {
        chain_id,
        view,
        block: proposed,
    }: &Proposal,
) -> Value {
    json!({ "chainId": number(chain_id.int()), "view": number(view.int()), "block": block(proposed) })
}

fn nudge(
    Nudge {
        chain_id,
        view,
        justify,
    }: &Nudge,
) -> Value {
    json!({ "chainId": number(chain_id.int()), "view": number(view.int()), "justify": pc(justify) })
}

fn new_view(
    NewView {
        chain_id,
        view,
        highest_pc,
    }: &NewView,
) -> Value {
    json!({ "chainId": number(chain_id.int()), "view": number(view.int()), "highestPc": pc(highest_pc) })
}

fn timeout_vote(vote: &TimeoutVote) -> Value {
    json!({
        "chainId": number(vote.chain_id.int()),
        "view": number(vote.view.int()),
        "signature": signature(&vote.signature),
        "highestTc": vote.highest_tc.as_ref().map(tc),
    })
}

fn advance_view(
    AdvanceView {
        progress_certificate,
    }: &AdvanceView,
) -> Value {
    json!({
        "certificate": match progress_certificate {
            ProgressCertificate::TimeoutCertificate(certificate) => json!({ "type": "tc", "tc": tc(certificate) }),
            ProgressCertificate::PhaseCertificate(certificate) => json!({ "type": "pc", "pc": pc(certificate) }),
        },
    })
}

fn advertisement(message: &BlockSyncAdvertiseMessage) -> Value {
    match message {
        BlockSyncAdvertiseMessage::AdvertiseBlock(AdvertiseBlock {
            chain_id,
            highest_committed_block_height,
            signature: signed,
        }) => named(
            "advertise-block",
            json!({
                "chainId": number(chain_id.int()),
                "height": number(highest_committed_block_height.int()),
                "signature": signature(signed),
            }),
        ),
        BlockSyncAdvertiseMessage::AdvertisePC(AdvertisePC { highest_pc }) => {
            named("advertise-pc", json!({ "highestPc": pc(highest_pc) }))
        }
    }
}

fn block_sync(message: &BlockSyncMessage) -> Value {
    match message {
        BlockSyncMessage::BlockSyncRequest(BlockSyncRequest {
            chain_id,
            start_height,
            limit,
        }) => named(
            "block-sync-request",
            json!({
                "chainId": number(chain_id.int()),
                "startHeight": number(start_height.int()),
                "limit": number(u64::from(*limit)),
            }),
        ),
        BlockSyncMessage::BlockSyncResponse(BlockSyncResponse { blocks, highest_pc }) => named(
            "block-sync-response",
            json!({ "blocks": blocks.iter().map(block).collect::<Value>(), "highestPc": pc(highest_pc) }),
        ),
    }
}

pub fn message(message: &Message) -> Value {
    match message {
        Message::ProgressMessage(ProgressMessage::HotStuffMessage(inner)) => match inner {
            HotStuffMessage::Proposal(inner) => named("proposal", proposal(inner)),
            HotStuffMessage::Nudge(inner) => named("nudge", nudge(inner)),
            HotStuffMessage::PhaseVote(inner) => named("phase-vote", phase_vote(inner)),
            HotStuffMessage::NewView(inner) => named("new-view", new_view(inner)),
        },
        Message::ProgressMessage(ProgressMessage::PacemakerMessage(inner)) => match inner {
            PacemakerMessage::TimeoutVote(inner) => named("timeout-vote", timeout_vote(inner)),
            PacemakerMessage::AdvanceView(inner) => named("advance-view", advance_view(inner)),
        },
        Message::ProgressMessage(ProgressMessage::BlockSyncAdvertiseMessage(inner)) => {
            advertisement(inner)
        }
        Message::BlockSyncMessage(inner) => block_sync(inner),
    }
}

/// The blocks that a message carries.
pub fn blocks_in(message: &Message) -> &[Block] {
    match message {
        Message::ProgressMessage(ProgressMessage::HotStuffMessage(HotStuffMessage::Proposal(
            proposal,
        ))) => std::slice::from_ref(&proposal.block),
        Message::BlockSyncMessage(BlockSyncMessage::BlockSyncResponse(response)) => {
            &response.blocks
        }
        _ => &[],
    }
}
