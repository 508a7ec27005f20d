//! A key-value store in memory.

use std::collections::BTreeMap;
use std::sync::{Arc, RwLock};

use hotstuff_rs::block_tree::pluggables::{KVGet, KVStore, WriteBatch};

type Entries = BTreeMap<Vec<u8>, Vec<u8>>;

#[derive(Clone, Default)]
pub struct MemoryStore(Arc<RwLock<Entries>>);

const POISONED: &str = "no thread panics while it holds the store";

impl KVStore for MemoryStore {
    type WriteBatch = Batch;
    type Snapshot<'a> = Snapshot;

    fn write(&mut self, batch: Batch) {
        let mut entries = self.0.write().expect(POISONED);
        for (key, value) in batch.0 {
            match value {
                Some(value) => entries.insert(key, value),
                None => entries.remove(&key),
            };
        }
    }

    fn clear(&mut self) {
        self.0.write().expect(POISONED).clear();
    }

    fn snapshot(&self) -> Snapshot {
        Snapshot(self.0.read().expect(POISONED).clone())
    }
}

impl KVGet for MemoryStore {
    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.0.read().expect(POISONED).get(key).cloned()
    }
}

pub struct Snapshot(Entries);

impl KVGet for Snapshot {
    fn get(&self, key: &[u8]) -> Option<Vec<u8>> {
        self.0.get(key).cloned()
    }
}

/// In the order of the calls: the last one on a key holds.
pub struct Batch(Vec<(Vec<u8>, Option<Vec<u8>>)>);

impl WriteBatch for Batch {
    fn new() -> Self {
        Batch(Vec::new())
    }

    fn set(&mut self, key: &[u8], value: &[u8]) {
        self.0.push((key.to_vec(), Some(value.to_vec())));
    }

    fn delete(&mut self, key: &[u8]) {
        self.0.push((key.to_vec(), None));
    }
}
