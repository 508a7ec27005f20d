//! A network whose other end is a script.

use std::collections::VecDeque;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::thread;
use std::time::Duration;

use hotstuff_rs::block_sync::messages::{AdvertisePC, BlockSyncAdvertiseMessage, BlockSyncMessage};
use hotstuff_rs::hotstuff::types::{Phase, PhaseCertificate};
use hotstuff_rs::networking::messages::{Message, ProgressMessage};
use hotstuff_rs::networking::network::Network;
use hotstuff_rs::types::crypto_primitives::{SigningKey, VerifyingKey};
use hotstuff_rs::types::data_types::{ChainID, CryptoHash, SignatureSet, ViewNumber};
use hotstuff_rs::types::update_sets::ValidatorSetUpdates;
use hotstuff_rs::types::validator_set::ValidatorSet;

use crate::read::borsh;

#[derive(Clone)]
pub struct Sent {
    /// Nobody in particular: a broadcast.
    pub to: Option<VerifyingKey>,
    pub frame: Vec<u8>,
}

/// What came from the replica: apart, because its sync server is a thread of its own.
#[derive(Default)]
struct Lanes {
    protocol: Vec<Sent>,
    server: Vec<Sent>,
}

pub struct Wire {
    chain: ChainID,
    inbox: Mutex<VecDeque<(VerifyingKey, Message)>>,
    lanes: Mutex<Lanes>,
    closing: AtomicBool,
}

const POISONED: &str = "no thread panics while it holds a queue";

impl Wire {
    pub fn new(chain: ChainID) -> Wire {
        Wire {
            chain,
            inbox: Mutex::default(),
            lanes: Mutex::default(),
            closing: AtomicBool::new(false),
        }
    }

    pub fn network(self: Arc<Self>) -> ScriptedNetwork {
        ScriptedNetwork(self)
    }

    pub fn deliver(&self, from: VerifyingKey, message: Message) {
        self.inbox
            .lock()
            .expect(POISONED)
            .push_back((from, message));
    }

    /// What the protocol's thread sent after the first `from`.
    pub fn protocol(&self, from: usize) -> Vec<Sent> {
        self.lanes.lock().expect(POISONED).protocol[from..].to_vec()
    }

    /// The same of the sync server's thread.
    pub fn server(&self, from: usize) -> Vec<Sent> {
        self.lanes.lock().expect(POISONED).server[from..].to_vec()
    }

    pub fn close(&self) {
        self.closing.store(true, Ordering::SeqCst);
    }

    fn keep(&self, to: Option<VerifyingKey>, message: &Message) {
        let sent = Sent {
            to,
            frame: borsh(message),
        };
        let mut lanes = self.lanes.lock().expect(POISONED);
        match message {
            Message::ProgressMessage(ProgressMessage::BlockSyncAdvertiseMessage(_))
            | Message::BlockSyncMessage(BlockSyncMessage::BlockSyncResponse(_)) => {
                lanes.server.push(sent)
            }
            _ => lanes.protocol.push(sent),
        }
    }

    /// Something that every replica looks at and that changes nothing.
    fn nothing(&self) -> (VerifyingKey, Message) {
        let highest_pc = PhaseCertificate {
            chain_id: self.chain,
            view: ViewNumber::init(),
            block: CryptoHash::new([0; 32]),
            phase: Phase::Generic,
            signatures: SignatureSet::genesis(),
        };
        let message = BlockSyncAdvertiseMessage::AdvertisePC(AdvertisePC { highest_pc });
        (
            SigningKey::from_bytes(&[0; 32]).verifying_key(),
            message.into(),
        )
    }
}

#[derive(Clone)]
pub struct ScriptedNetwork(Arc<Wire>);

/// The replica asks again at once when nothing came; this spares the processor.
const PAUSE: Duration = Duration::from_millis(1);

impl Network for ScriptedNetwork {
    fn init_validator_set(&mut self, _: ValidatorSet) {}

    fn update_validator_set(&mut self, _: ValidatorSetUpdates) {}

    fn broadcast(&mut self, message: Message) {
        self.0.keep(None, &message);
    }

    fn send(&mut self, peer: VerifyingKey, message: Message) {
        self.0.keep(Some(peer), &message);
    }

    fn recv(&mut self) -> Option<(VerifyingKey, Message)> {
        let received = self.0.inbox.lock().expect(POISONED).pop_front();
        if received.is_none() {
            thread::sleep(PAUSE);
            return self
                .0
                .closing
                .load(Ordering::SeqCst)
                .then(|| self.0.nothing());
        }
        received
    }
}
