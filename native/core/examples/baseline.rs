//! What `npm run bench` holds certificates against: how a careful client of blst alone makes one, in the same group
//! setting (minimal signatures). Votes arrive compressed; each is decompressed and checked for its subgroup; all are
//! verified together under random coefficients, and summed.
//!
//! `baseline form VOTES SECONDS` prints the microseconds of each run, one per line.

use blst::BLST_ERROR;
use blst::min_sig::{AggregatePublicKey, AggregateSignature, PublicKey, SecretKey, Signature};
use hotstuff_native_core::bls::MESSAGE_DST;
use sha2::{Digest, Sha256};
use std::hint::black_box;
use std::time::{Duration, Instant};

/// Messages that are signed in turn.
const MESSAGES: u64 = 4;

/// Runs that are made, however long they take.
const MIN_RUNS: u64 = 3;

/// As long as the randomness of `aggregateWithRandomness` of @chainsafe/blst.
const COEFFICIENT_BITS: usize = 64;

fn main() {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let [command, votes, seconds] = args.as_slice() else { usage() };
    let (Ok(votes), Ok(seconds)) = (votes.parse(), seconds.parse()) else { usage() };
    if command != "form" {
        usage();
    }
    for run in times(votes, Duration::from_secs_f64(seconds)) {
        println!("{}", run.as_secs_f64() * 1e6);
    }
}

fn usage() -> ! {
    eprintln!("usage: baseline form VOTES SECONDS");
    std::process::exit(2);
}

fn digest(label: &str, number: u64) -> [u8; 32] {
    Sha256::new().chain_update(label).chain_update(number.to_le_bytes()).finalize().into()
}

fn times(votes: u64, limit: Duration) -> Vec<Duration> {
    let keys: Vec<SecretKey> = (0..votes)
        .map(|vote| SecretKey::key_gen(&digest("key", vote), &[]).expect("32 bytes are enough"))
        .collect();
    let public: Vec<PublicKey> = keys.iter().map(SecretKey::sk_to_pk).collect();
    let messages: Vec<[u8; 32]> = (0..MESSAGES).map(|message| digest("message", message)).collect();
    let signed: Vec<Vec<[u8; 48]>> = messages
        .iter()
        .map(|message| keys.iter().map(|key| key.sign(message, MESSAGE_DST, &[]).to_bytes()).collect())
        .collect();
    let mut runs = Vec::new();
    let start = Instant::now();
    for run in 0.. {
        if run >= MIN_RUNS && start.elapsed() >= limit {
            break;
        }
        let message = (run % MESSAGES) as usize;
        let began = Instant::now();
        black_box(form(&public, &messages[message], &signed[message], run));
        runs.push(began.elapsed());
    }
    runs
}

/// The aggregate of `votes` over `message`, every one of which was found good.
fn form(keys: &[PublicKey], message: &[u8], votes: &[[u8; 48]], run: u64) -> [u8; 48] {
    let signatures: Vec<Signature> = votes
        .iter()
        .map(|vote| Signature::sig_validate(vote, true).expect("a vote is a signature"))
        .collect();
    let coefficients: Vec<u8> = (0..votes.len() as u64)
        .flat_map(|vote| digest("coefficient", run << 32 | vote)[..COEFFICIENT_BITS / 8].to_vec())
        .collect();
    let key = AggregatePublicKey::aggregate_with_randomness(keys, &coefficients, COEFFICIENT_BITS, false);
    let sum =
        AggregateSignature::aggregate_with_randomness(&signatures, &coefficients, COEFFICIENT_BITS, false);
    let (key, sum) = (key.expect("there are keys"), sum.expect("there are votes"));
    let verdict = sum.to_signature().verify(false, message, MESSAGE_DST, &[], &key.to_public_key(), false);
    assert_eq!(verdict, BLST_ERROR::BLST_SUCCESS, "the votes are good");
    let plain: Vec<&Signature> = signatures.iter().collect();
    AggregateSignature::aggregate(&plain, false).expect("there are votes").to_signature().to_bytes()
}
