//! Many signatures at once, with a verdict for each.
//!
//! A sum of signatures proves nothing of its parts: invalid ones can cancel. So each signature and its key
//! are first multiplied by a random coefficient of their own. A batch with an invalid signature then passes
//! with a probability of 2^-64 at most, whatever its author knew when he made it; one of valid signatures
//! passes always.

use super::point::{G1, G1Sum, G2, G2Sum, is_signed};

/// Batches that may fail before the rest is checked one by one: what three bad signatures among sixty-four
/// need. Without a limit, a sender of many bad ones would make every check of the bisection fail.
const MAX_FAILED_BATCHES: u32 = 16;

/// The claim that `signature` is that of `key` over the message whose point is `message`.
///
/// Key and signature lie in their subgroups.
#[derive(Clone, Copy)]
pub(super) struct Claim {
    pub(super) key: G2,
    pub(super) message: G1,
    pub(super) signature: G1,
}

/// Which of `claims` hold, each as if it had been checked alone. Claims over the same message are cheapest
/// side by side.
///
/// `tainted` says that they are known not to hold all.
pub(super) fn which_hold(claims: &[Claim], tainted: bool) -> Vec<bool> {
    let mut search = Search { holds: vec![false; claims.len()], failures_left: MAX_FAILED_BATCHES };
    search.examine(claims, 0, tainted);
    search.holds
}

struct Search {
    holds: Vec<bool>,
    failures_left: u32,
}

impl Search {
    /// Settles `claims`, which begin at `start` of the whole; `tainted` says that one of them is known not to
    /// hold.
    fn examine(&mut self, claims: &[Claim], start: usize, tainted: bool) {
        match claims {
            [] => {}
            [claim] => self.holds[start] = !tainted && holds(claim),
            _ if self.failures_left == 0 => {
                for (at, claim) in claims.iter().enumerate() {
                    self.holds[start + at] = holds(claim);
                }
            }
            _ if !tainted && all_hold(claims) => self.accept(claims.len(), start),
            _ => {
                self.failures_left -= 1;
                let (left, right) = claims.split_at(claims.len() / 2);
                let middle = start + left.len();
                if all_hold(left) {
                    self.accept(left.len(), start);
                    self.examine(right, middle, true);
                } else {
                    self.examine(left, start, true);
                    self.examine(right, middle, false);
                }
            }
        }
    }

    fn accept(&mut self, count: usize, start: usize) {
        self.holds[start..start + count].fill(true);
    }
}

fn holds(claim: &Claim) -> bool {
    is_signed(Some(&claim.signature), &[(claim.message, claim.key)])
}

/// One product of pairings for all claims: two Miller loops for those over one message, one more per further
/// message.
fn all_hold(claims: &[Claim]) -> bool {
    if let [claim] = claims {
        return holds(claim);
    }
    let coefficients = random_coefficients(claims.len());
    let signatures = G1Sum::weighted(claims.iter().map(|claim| claim.signature), &coefficients);
    let mut pairs = Vec::new();
    let mut rest = coefficients.as_slice();
    for group in claims.chunk_by(|one, next| one.message == next.message) {
        let (weights, others) = rest.split_at(group.len());
        rest = others;
        let message = group[0].message;
        let pair = match group {
            // Multiplying in G1 costs a third of multiplying in G2.
            [claim] => G1Sum::weighted([message], weights).to_point().map(|message| (message, claim.key)),
            _ => {
                let keys = G2Sum::weighted(group.iter().map(|claim| claim.key), weights);
                keys.to_point().map(|keys| (message, keys))
            }
        };
        // An identity on either side contributes nothing to the product.
        pairs.extend(pair);
    }
    is_signed(signatures.to_point().as_ref(), &pairs)
}

fn random_coefficients(count: usize) -> Vec<u64> {
    let mut bytes = vec![0; count * 8];
    getrandom::fill(&mut bytes).expect("the operating system gives random bytes");
    let (words, _) = bytes.as_chunks::<8>();
    // Zero would leave a signature out of its own check.
    words.iter().map(|&word| u64::from_le_bytes(word).max(1)).collect()
}
