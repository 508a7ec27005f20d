//! What hotstuff_rs makes of frames, certificates and garbage that hotstuff-ts wrote.

use borsh::{BorshDeserialize, BorshSerialize};
use hotstuff_rs::block_sync::messages::BlockSyncAdvertiseMessage;
use hotstuff_rs::block_tree::accessors::internal::BlockTreeSingleton;
use hotstuff_rs::hotstuff::messages::HotStuffMessage;
use hotstuff_rs::hotstuff::types::PhaseCertificate;
use hotstuff_rs::networking::messages::{Message, ProgressMessage};
use hotstuff_rs::pacemaker::messages::PacemakerMessage;
use hotstuff_rs::types::block::Block;
use hotstuff_rs::types::crypto_primitives::{Signature, Verifier, VerifyingKey};
use hotstuff_rs::types::data_types::{BlockHeight, CryptoHash, Data, Power, SignatureBytes};
use hotstuff_rs::types::update_sets::AppStateUpdates;
use hotstuff_rs::types::validator_set::ValidatorSet;
use serde_json::{Value, json};

use crate::Result;
use crate::cast::{Cast, bytes, list, number, text, unchanged};
use crate::plain;
use crate::replica::store::MemoryStore;

/// A value that the Borsh of hotstuff_rs must be able to write, because it has just read it.
pub fn borsh(value: &impl BorshSerialize) -> Vec<u8> {
    value.try_to_vec().expect("writing to memory does not fail")
}

/// The bytes that hotstuff_rs signs for a message with a signature of its own. Its constructors of such messages are
/// private; a running replica shows that these are the bytes (see `exchange`).
pub fn signed_bytes(message: &Message) -> Option<(Vec<u8>, SignatureBytes)> {
    match message {
        Message::ProgressMessage(ProgressMessage::HotStuffMessage(HotStuffMessage::PhaseVote(
            vote,
        ))) => Some((
            borsh(&(vote.chain_id, vote.view, vote.block, vote.phase)),
            vote.signature,
        )),
        Message::ProgressMessage(ProgressMessage::PacemakerMessage(
            PacemakerMessage::TimeoutVote(vote),
        )) => Some((borsh(&(vote.chain_id, vote.view)), vote.signature)),
        Message::ProgressMessage(ProgressMessage::BlockSyncAdvertiseMessage(
            BlockSyncAdvertiseMessage::AdvertiseBlock(advert),
        )) => Some((
            borsh(&(advert.chain_id, advert.highest_committed_block_height)),
            advert.signature,
        )),
        _ => None,
    }
}

/// The hash of each block in `message`, as hotstuff_rs computes it.
pub fn block_hashes(message: &Message) -> Value {
    plain::blocks_in(message)
        .iter()
        .map(|block| plain::hash(&Block::hash(block.height, &block.justify, &block.data_hash)))
        .collect()
}

/// Every message must decode, say what hotstuff-ts says that it says, and encode to the same bytes.
pub fn messages(given: &Value, cast: &Cast) -> Result<Value> {
    list(given)?
        .iter()
        .map(|entry| read_message(entry, cast))
        .collect()
}

fn read_message(entry: &Value, cast: &Cast) -> Result<Value> {
    let name = text(&entry["name"])?;
    let frame = bytes(&entry["frame"])?;
    let message = Message::try_from_slice(&frame)
        .map_err(|error| format!("{name}: does not decode: {error}"))?;
    if borsh(&message) != frame {
        return Err(format!("{name}: encodes to other bytes"));
    }
    let value = plain::message(&message);
    if value != entry["value"] {
        return Err(format!(
            "{name}: reads as {value}, written as {}",
            entry["value"]
        ));
    }
    let stated: Value = plain::blocks_in(&message)
        .iter()
        .map(|block| plain::hash(&block.hash))
        .collect();
    let hashes = block_hashes(&message);
    if stated != hashes {
        return Err(format!("{name}: states {stated}, hashes to {hashes}"));
    }
    Ok(json!({
        "name": name,
        "value": value,
        "blockHashes": hashes,
        "signature": read_signature(name, &message, &entry["signature"], cast)?,
    }))
}

fn read_signature(name: &str, message: &Message, given: &Value, cast: &Cast) -> Result<Value> {
    let Some((preimage, signature)) = signed_bytes(message) else {
        return if given.is_null() {
            Ok(Value::Null)
        } else {
            Err(format!("{name}: carries no signature"))
        };
    };
    if bytes(&given["preimage"])? != preimage {
        return Err(format!("{name}: signs {}", hex::encode(preimage)));
    }
    let signer = cast.key(text(&given["signer"])?)?.verifying_key();
    let valid = signer
        .verify(&preimage, &Signature::from_bytes(&signature.bytes()))
        .is_ok();
    if !valid {
        return Err(format!("{name}: the signature is bad"));
    }
    Ok(json!({ "preimage": hex::encode(preimage), "valid": valid }))
}

/// Certificates, by the verdict of hotstuff_rs itself: `Block::is_correct` of a block that is justified by one.
pub fn certificates(given: &Value) -> Result<Value> {
    list(given)?.iter().map(read_certificate).collect()
}

fn read_certificate(entry: &Value) -> Result<Value> {
    let name = text(&entry["name"])?;
    let mut set = ValidatorSet::new();
    for member in list(&entry["set"])? {
        let key = bytes(&member[0])?
            .try_into()
            .map_err(|_| format!("{name}: a key of another length"))?;
        let key = VerifyingKey::from_bytes(&key).map_err(|error| format!("{name}: {error}"))?;
        set.put(&key, Power::new(number(&member[1])?));
    }
    let order: Vec<_> = set
        .validators()
        .map(|key| hex::encode(key.as_bytes()))
        .collect();
    if list(&entry["set"])?
        .iter()
        .map(|member| &member[0])
        .ne(order.iter())
    {
        return Err(format!("{name}: the slots are in the order {order:?}"));
    }
    let pc = PhaseCertificate::try_from_slice(&bytes(&entry["pc"])?)
        .map_err(|error| format!("{name}: {error}"))?;
    let valid = is_correct(&set, pc).map_err(|error| format!("{name}: {error}"))?;
    if (text(&entry["verdict"])? == "valid") != valid {
        return Err(format!("{name}: should be {}", entry["verdict"]));
    }
    Ok(json!({ "name": name, "valid": valid }))
}

fn is_correct(set: &ValidatorSet, justify: PhaseCertificate) -> Result<bool> {
    // SAFETY: the library calls it unsafe because a running replica could lose its tree; none runs on this store.
    let mut tree = unsafe { BlockTreeSingleton::new_unsafe(MemoryStore::default()) };
    tree.initialize(&AppStateUpdates::new(), &unchanged(set))
        .map_err(|error| format!("{error:?}"))?;
    let (height, data_hash) = (BlockHeight::new(1), CryptoHash::new([9; 32]));
    let hash = Block::hash(height, &justify, &data_hash);
    let block = Block {
        height,
        hash,
        justify,
        data_hash,
        data: Data::new(Vec::new()),
    };
    block
        .is_correct(&tree)
        .map_err(|error| format!("{error:?}"))
}

/// Frames that hotstuff-ts refuses: whether hotstuff_rs does.
pub fn hostile(given: &Value) -> Result<Value> {
    list(given)?
        .iter()
        .map(|entry| {
            let name = text(&entry["name"])?;
            let verdict = match Message::try_from_slice(&bytes(&entry["frame"])?) {
                Ok(_) => "accepts",
                Err(_) => "refuses",
            };
            match entry["theirs"] == json!(verdict) {
                true => Ok(json!({ "name": name, "verdict": verdict })),
                false => Err(format!("{name}: hotstuff_rs {verdict}")),
            }
        })
        .collect()
}
