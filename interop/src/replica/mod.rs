//! A running hotstuff_rs replica between a network, a store and an app of ours.

mod app;
mod network;
pub mod store;
mod tree;

use std::sync::Arc;
use std::time::Duration;

use hotstuff_rs::replica::{Configuration, Replica, ReplicaSpec};
use hotstuff_rs::types::crypto_primitives::SigningKey;
use hotstuff_rs::types::data_types::{BufferSize, ChainID, EpochLength};
use hotstuff_rs::types::update_sets::AppStateUpdates;
use hotstuff_rs::types::validator_set::ValidatorSet;

use serde_json::Value;

use crate::Result;
use app::ExchangeApp;
pub use network::{Sent, Wire};
use store::MemoryStore;

pub struct Settings {
    pub chain: ChainID,
    pub me: SigningKey,
    pub validators: ValidatorSet,
    pub epoch_length: u32,
    pub max_view_time: Duration,
    pub advertise_time: Duration,
    pub request_limit: u32,
    pub min_view_difference: u64,
}

/// A replica with its threads; dropping it stops them.
pub struct Running {
    replica: Option<Replica<MemoryStore>>,
    pub wire: Arc<Wire>,
}

/// Longer than any exchange: what only time would bring about does not happen.
const NEVER: Duration = Duration::from_secs(3_600);

pub fn start(settings: Settings) -> Running {
    let store = MemoryStore::default();
    Replica::initialize(
        store.clone(),
        AppStateUpdates::new(),
        crate::cast::unchanged(&settings.validators),
    );
    let wire = Arc::new(Wire::new(settings.chain));
    let configuration = Configuration::builder()
        .me(settings.me)
        .chain_id(settings.chain)
        .block_sync_request_limit(settings.request_limit)
        .block_sync_server_advertise_time(settings.advertise_time)
        .block_sync_response_timeout(NEVER)
        .block_sync_blacklist_expiry_time(NEVER)
        .block_sync_trigger_min_view_difference(settings.min_view_difference)
        .block_sync_trigger_timeout(NEVER)
        .progress_msg_buffer_capacity(BufferSize::new(1 << 20))
        .epoch_length(EpochLength::new(settings.epoch_length))
        .max_view_time(settings.max_view_time)
        .log_events(false)
        .build();
    let spec = ReplicaSpec::builder()
        .app(ExchangeApp)
        .network(wire.clone().network())
        .kv_store(store)
        .configuration(configuration)
        .build();
    Running {
        replica: Some(spec.start()),
        wire,
    }
}

impl Running {
    /// A variable of the block tree as it is now.
    pub fn variable(&self, name: &str) -> Result<Value> {
        let replica = self.replica.as_ref().expect("there until it is dropped");
        tree::variable(&replica.block_tree_camera().snapshot(), name)
    }
}

impl Drop for Running {
    /// The replica looks for its end only between messages, so it gets some until its threads have stopped.
    fn drop(&mut self) {
        self.wire.close();
        drop(self.replica.take());
    }
}
