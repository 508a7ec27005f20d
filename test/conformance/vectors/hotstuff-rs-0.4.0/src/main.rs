//! What HotStuff-rs v0.4.0 writes for one message of each type, as JSON of names and hex.

use borsh::{BorshDeserialize, BorshSerialize};
use hotstuff_rs::block_sync::messages::{
    AdvertiseBlock, AdvertisePC, BlockSyncAdvertiseMessage, BlockSyncRequest, BlockSyncResponse,
};
use hotstuff_rs::hotstuff::messages::{HotStuffMessage, NewView, Nudge, PhaseVote, Proposal};
use hotstuff_rs::hotstuff::types::{Phase, PhaseCertificate};
use hotstuff_rs::networking::messages::Message;
use hotstuff_rs::pacemaker::messages::{AdvanceView, PacemakerMessage, ProgressCertificate, TimeoutVote};
use hotstuff_rs::pacemaker::types::TimeoutCertificate;
use hotstuff_rs::types::block::Block;
use hotstuff_rs::types::data_types::{
    BlockHeight, ChainID, CryptoHash, Data, Datum, SignatureBytes, SignatureSet, ViewNumber,
};

fn signature(byte: u8) -> SignatureBytes {
    SignatureBytes::try_from_slice(&[byte; 64]).unwrap()
}

/// Nine slots, so that the list is longer than a byte has bits; slots 0, 3 and 8 are taken.
fn signatures() -> SignatureSet {
    let slots: Vec<Option<SignatureBytes>> = (0..9u8)
        .map(|slot| [0, 3, 8].contains(&slot).then(|| signature(slot + 1)))
        .collect();
    SignatureSet::try_from_slice(&slots.try_to_vec().unwrap()).unwrap()
}

fn pc(phase: Phase) -> PhaseCertificate {
    PhaseCertificate {
        chain_id: chain_id(),
        view: ViewNumber::new(0x0102_0304_0506),
        block: CryptoHash::new([0xab; 32]),
        phase,
        signatures: signatures(),
    }
}

fn tc() -> TimeoutCertificate {
    TimeoutCertificate { chain_id: chain_id(), view: ViewNumber::new(10), signatures: signatures() }
}

fn chain_id() -> ChainID {
    ChainID::new((1 << 53) - 1)
}

fn view() -> ViewNumber {
    ViewNumber::new(7)
}

fn block(height: u64, justify: PhaseCertificate) -> Block {
    let data = Data::new(vec![Datum::new(vec![1, 2, 3]), Datum::new(vec![]), Datum::new(vec![0xff; 300])]);
    Block::new(BlockHeight::new(height), justify, CryptoHash::new([0xcd; 32]), data)
}

fn show(name: &str, bytes: impl BorshSerialize, last: bool) {
    let hex: String = bytes.try_to_vec().unwrap().iter().map(|byte| format!("{byte:02x}")).collect();
    println!("  \"{name}\": \"{hex}\"{}", if last { "" } else { "," });
}

fn main() {
    let message = |name, message: Message| show(name, message, false);
    println!("{{");
    let first = block(0, PhaseCertificate::genesis_pc());
    let later = block(41, pc(Phase::Generic));
    show("genesis-pc", PhaseCertificate::genesis_pc(), false);
    show("hash/first-block", first.hash, false);
    show("hash/later-block", later.hash, false);
    let proposal = |block| Proposal { chain_id: chain_id(), view: view(), block };
    message("proposal/first", HotStuffMessage::Proposal(proposal(first.clone())).into());
    message("proposal/later", HotStuffMessage::Proposal(proposal(later.clone())).into());
    let nudge = Nudge { chain_id: chain_id(), view: view(), justify: pc(Phase::Precommit) };
    message("nudge", HotStuffMessage::Nudge(nudge).into());
    let vote = PhaseVote {
        chain_id: chain_id(),
        view: view(),
        block: CryptoHash::new([0xab; 32]),
        phase: Phase::Commit,
        signature: signature(0x77),
    };
    message("phase-vote", HotStuffMessage::PhaseVote(vote).into());
    let new_view = NewView { chain_id: chain_id(), view: view(), highest_pc: pc(Phase::Decide) };
    message("new-view", HotStuffMessage::NewView(new_view).into());
    for (name, highest_tc) in [("timeout-vote/first", None), ("timeout-vote/later", Some(tc()))] {
        let vote = TimeoutVote { chain_id: chain_id(), view: view(), signature: signature(0x77), highest_tc };
        message(name, PacemakerMessage::TimeoutVote(vote).into());
    }
    for (name, progress_certificate) in [
        ("advance-view/pc", ProgressCertificate::PhaseCertificate(pc(Phase::Prepare))),
        ("advance-view/tc", ProgressCertificate::TimeoutCertificate(tc())),
    ] {
        message(name, PacemakerMessage::AdvanceView(AdvanceView { progress_certificate }).into());
    }
    let advertise = AdvertiseBlock {
        chain_id: chain_id(),
        highest_committed_block_height: BlockHeight::new(41),
        signature: signature(0x77),
    };
    message("advertise-block", BlockSyncAdvertiseMessage::AdvertiseBlock(advertise).into());
    let advertise = AdvertisePC { highest_pc: pc(Phase::Generic) };
    message("advertise-pc", BlockSyncAdvertiseMessage::AdvertisePC(advertise).into());
    let request = BlockSyncRequest { chain_id: chain_id(), start_height: BlockHeight::new(41), limit: u32::MAX };
    message("block-sync-request", request.into());
    let response = BlockSyncResponse { blocks: vec![first, later], highest_pc: pc(Phase::Generic) };
    message("block-sync-response", response.into());
    show("preimage/phase-vote", (chain_id(), view(), CryptoHash::new([0xab; 32]), Phase::Commit), false);
    show("preimage/timeout-vote", (chain_id(), view()), false);
    show("preimage/advertise-block", (chain_id(), BlockHeight::new(41)), true);
    println!("}}");
}
