//! Messages that hotstuff_rs makes: with its public constructors and fields, and its Borsh.
//!
//! Signatures cannot be made through its public interface (`SignatureBytes::new` and the signing constructors are
//! private): they are made with the signing key that it exports, over the Borsh of its types, and read into its types.

use borsh::BorshDeserialize;
use hotstuff_rs::block_sync::messages::{
    AdvertiseBlock, AdvertisePC, BlockSyncAdvertiseMessage, BlockSyncMessage,
};
use hotstuff_rs::hotstuff::messages::{HotStuffMessage, NewView, Nudge, PhaseVote, Proposal};
use hotstuff_rs::hotstuff::types::{Phase, PhaseCertificate};
use hotstuff_rs::networking::messages::Message;
use hotstuff_rs::pacemaker::messages::{PacemakerMessage, ProgressCertificate, TimeoutVote};
use hotstuff_rs::pacemaker::types::TimeoutCertificate;
use hotstuff_rs::types::block::Block;
use hotstuff_rs::types::crypto_primitives::{CryptoHasher, Digest, Signer, SigningKey};
use hotstuff_rs::types::data_types::{
    BlockHeight, CryptoHash, Data, Datum, SignatureBytes, SignatureSet, ViewNumber,
};
use hotstuff_rs::types::validator_set::ValidatorSet;
use serde_json::{Value, json};

use crate::Result;
use crate::cast::Cast;
use crate::plain;
use crate::read::{block_hashes, borsh, signed_bytes};

const PHASES: [Phase; 5] = [
    Phase::Generic,
    Phase::Prepare,
    Phase::Precommit,
    Phase::Commit,
    Phase::Decide,
];

/// Integers above this are read by hotstuff_rs and refused by hotstuff-ts.
const LARGEST: u64 = (1 << 53) - 1;

pub fn messages(cast: &Cast) -> Result<Value> {
    let mut written = Vec::new();
    for (round, members) in [1, 4, 7, 9].into_iter().enumerate() {
        let mut author = Author {
            cast,
            set: cast.set_of_first(members),
            dice: Dice(round as u64 + 1),
        };
        for (name, message, signer) in author.messages()? {
            written.push(describe(
                &format!("{name}, {members} validators"),
                &message,
                signer,
                &author.set,
            )?);
        }
    }
    Ok(Value::Array(written))
}

fn describe(
    name: &str,
    message: &Message,
    signer: Option<&SigningKey>,
    set: &ValidatorSet,
) -> Result<Value> {
    let signature = match (signer, signed_bytes(message)) {
        (Some(signer), Some((preimage, _))) => {
            json!({ "signer": plain::key(&signer.verifying_key()), "preimage": hex::encode(preimage) })
        }
        (None, None) => Value::Null,
        _ => return Err(format!("{name}: signed by nobody, or unsigned by somebody")),
    };
    let members: Value = set
        .validators_and_powers()
        .iter()
        .map(|(key, power)| json!([plain::key(key), plain::number(power.int())]))
        .collect();
    Ok(json!({
        "name": name,
        "frame": hex::encode(borsh(message)),
        "value": plain::message(message),
        "blockHashes": block_hashes(message),
        "signature": signature,
        "set": members,
    }))
}

/// SplitMix64: the same values in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9E37_79B9_7F4A_7C15);
        let mut mixed = self.0;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
        mixed ^ (mixed >> 31)
    }

    /// Of every size up to the largest that both sides read.
    fn number(&mut self) -> u64 {
        let shift = 11 + self.roll() % 53;
        (self.roll() >> shift) & LARGEST
    }

    fn bytes(&mut self, count: usize) -> Vec<u8> {
        (0..count).map(|_| self.roll() as u8).collect()
    }

    fn hash(&mut self) -> CryptoHash {
        CryptoHash::new(self.bytes(32).try_into().expect("32 bytes"))
    }

    fn view(&mut self) -> ViewNumber {
        ViewNumber::new(self.number())
    }

    fn height(&mut self) -> BlockHeight {
        BlockHeight::new(self.number())
    }
}

type Signed<'a> = (&'static str, Message, Option<&'a SigningKey>);

struct Author<'a> {
    cast: &'a Cast,
    set: ValidatorSet,
    dice: Dice,
}

impl<'a> Author<'a> {
    fn messages(&mut self) -> Result<Vec<Signed<'a>>> {
        let mut all: Vec<Signed<'a>> = Vec::new();
        for phase in [Phase::Generic, Phase::Decide] {
            all.push(("proposal", self.proposal(phase)?.into(), None));
        }
        for phase in [Phase::Prepare, Phase::Precommit, Phase::Commit] {
            let nudge = Nudge::new(self.cast.chain, self.dice.view(), self.pc(phase)?);
            all.push(("nudge", HotStuffMessage::Nudge(nudge).into(), None));
        }
        for phase in PHASES {
            all.push(self.phase_vote(phase)?);
        }
        let (chain_id, view) = (self.cast.chain, self.dice.view());
        let highest_pc = self.pc(Phase::Commit)?;
        all.push((
            "new view",
            HotStuffMessage::NewView(NewView {
                chain_id,
                view,
                highest_pc,
            })
            .into(),
            None,
        ));
        let highest_tc = self.tc()?;
        for highest_tc in [None, Some(highest_tc)] {
            all.push(self.timeout_vote(highest_tc)?);
        }
        all.extend(self.advance_views()?);
        all.extend(self.block_sync()?);
        Ok(all)
    }

    fn signer(&mut self) -> Result<&'a SigningKey> {
        let at = self.dice.roll() as usize % self.set.len();
        self.cast
            .signing_key(self.set.validators().nth(at).expect("a member"))
    }

    /// Signatures of some members, of all too and never of none, in the slots of the set.
    fn signatures(&mut self, preimage: &[u8]) -> Result<SignatureSet> {
        let set = self.set.clone();
        let certain = self.dice.roll() as usize % set.len();
        let mut slots = Vec::new();
        for (slot, member) in set.validators().enumerate() {
            let signs = slot == certain || !self.dice.roll().is_multiple_of(4);
            let signed = signs.then(|| signature(self.cast.signing_key(member)?, preimage));
            slots.push(signed.transpose()?);
        }
        SignatureSet::try_from_slice(&borsh(&slots)).map_err(|error| error.to_string())
    }

    fn pc(&mut self, phase: Phase) -> Result<PhaseCertificate> {
        let (chain_id, view, block) = (self.cast.chain, self.dice.view(), self.dice.hash());
        let signatures = self.signatures(&borsh(&(chain_id, view, block, phase)))?;
        Ok(PhaseCertificate {
            chain_id,
            view,
            block,
            phase,
            signatures,
        })
    }

    fn tc(&mut self) -> Result<TimeoutCertificate> {
        let (chain_id, view) = (self.cast.chain, self.dice.view());
        let signatures = self.signatures(&borsh(&(chain_id, view)))?;
        Ok(TimeoutCertificate {
            chain_id,
            view,
            signatures,
        })
    }

    /// Its data hash is a function of the app: here the SHA-256 of the data's Borsh, which is not hotstuff-ts's.
    fn block(&mut self, justify: PhaseCertificate) -> Block {
        let count = self.dice.roll() % 4;
        let datums = (0..count)
            .map(|_| {
                let size = self.dice.roll() as usize % 40;
                Datum::new(self.dice.bytes(size))
            })
            .collect();
        let data = Data::new(datums);
        let data_hash = CryptoHash::new(CryptoHasher::digest(borsh(&data)).into());
        Block::new(self.dice.height(), justify, data_hash, data)
    }

    fn proposal(&mut self, phase: Phase) -> Result<HotStuffMessage> {
        let justify = self.pc(phase)?;
        let (chain_id, view, block) = (self.cast.chain, self.dice.view(), self.block(justify));
        Ok(Proposal {
            chain_id,
            view,
            block,
        }
        .into())
    }

    fn phase_vote(&mut self, phase: Phase) -> Result<Signed<'a>> {
        let signer = self.signer()?;
        let (chain_id, view, block) = (self.cast.chain, self.dice.view(), self.dice.hash());
        let signature = signature(signer, &borsh(&(chain_id, view, block, phase)))?;
        let vote = PhaseVote {
            chain_id,
            view,
            block,
            phase,
            signature,
        };
        Ok((
            "phase vote",
            HotStuffMessage::PhaseVote(vote).into(),
            Some(signer),
        ))
    }

    fn timeout_vote(&mut self, highest_tc: Option<TimeoutCertificate>) -> Result<Signed<'a>> {
        let signer = self.signer()?;
        let (chain_id, view) = (self.cast.chain, self.dice.view());
        let signature = signature(signer, &borsh(&(chain_id, view)))?;
        let vote = TimeoutVote {
            chain_id,
            view,
            signature,
            highest_tc,
        };
        Ok((
            "timeout vote",
            PacemakerMessage::TimeoutVote(vote).into(),
            Some(signer),
        ))
    }

    fn advance_views(&mut self) -> Result<Vec<Signed<'a>>> {
        let (by_tc, by_pc) = (self.tc()?, self.pc(Phase::Precommit)?);
        Ok([
            ProgressCertificate::from(by_tc),
            ProgressCertificate::from(by_pc),
        ]
        .map(|certificate| {
            (
                "advance view",
                PacemakerMessage::advance_view(certificate).into(),
                None,
            )
        })
        .into())
    }

    fn block_sync(&mut self) -> Result<Vec<Signed<'a>>> {
        let signer = self.signer()?;
        let (chain_id, highest_committed_block_height) = (self.cast.chain, self.dice.height());
        let signature = signature(signer, &borsh(&(chain_id, highest_committed_block_height)))?;
        let block = AdvertiseBlock {
            chain_id,
            highest_committed_block_height,
            signature,
        };
        let pc = AdvertisePC {
            highest_pc: self.pc(Phase::Generic)?,
        };
        let request = BlockSyncMessage::block_sync_request(
            chain_id,
            self.dice.height(),
            self.dice.roll() as u32,
        );
        let first = self.block(PhaseCertificate::genesis_pc());
        let on_first = self.pc(Phase::Generic)?;
        let blocks = vec![first, self.block(on_first)];
        let response = BlockSyncMessage::block_sync_response(blocks, self.pc(Phase::Decide)?);
        Ok(vec![
            (
                "advertisement of a block",
                BlockSyncAdvertiseMessage::AdvertiseBlock(block).into(),
                Some(signer),
            ),
            (
                "advertisement of a certificate",
                BlockSyncAdvertiseMessage::AdvertisePC(pc).into(),
                None,
            ),
            ("sync request", Message::BlockSyncMessage(request), None),
            ("sync response", Message::BlockSyncMessage(response), None),
        ])
    }
}

fn signature(signer: &SigningKey, preimage: &[u8]) -> Result<SignatureBytes> {
    SignatureBytes::try_from_slice(&signer.sign(preimage).to_bytes())
        .map_err(|error| error.to_string())
}
