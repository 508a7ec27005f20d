//! Messages as points of G1, remembered: everybody votes on the same few messages of a view.

use super::MESSAGE_DST;
use super::point::G1;

/// The message of the current view and phase, that of the one before, timeouts, advertisements, and as much
/// again for late votes.
const MAX_MESSAGES: usize = 8;
/// No signed message of the protocol is longer; others are hashed each time, so that memory stays bounded.
const MAX_MESSAGE_BYTES: usize = 256;

/// The latest messages and their points, the latest first.
#[derive(Default)]
pub(super) struct MessageCache {
    entries: Vec<(Box<[u8]>, G1)>,
}

impl MessageCache {
    /// The point of `message`, which costs a hash to the curve only if it was not seen lately.
    pub(super) fn point(&mut self, message: &[u8]) -> G1 {
        if let Some(at) = self.entries.iter().position(|(known, _)| **known == *message) {
            self.entries[..=at].rotate_right(1);
            return self.entries[0].1;
        }
        let point = G1::hash(message, MESSAGE_DST);
        self.keep(message, point);
        point
    }

    /// Takes over a point that was hashed elsewhere. What is known already stays.
    pub(super) fn learn(&mut self, message: &[u8], point: G1) {
        if !self.entries.iter().any(|(known, _)| **known == *message) {
            self.keep(message, point);
        }
    }

    fn keep(&mut self, message: &[u8], point: G1) {
        if message.len() <= MAX_MESSAGE_BYTES {
            self.entries.truncate(MAX_MESSAGES - 1);
            self.entries.insert(0, (message.into(), point));
        }
    }
}
