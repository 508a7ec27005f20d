//! Runs one operation of the hot path once, for a profiler that counts its instructions: everything else happens
//! outside of `measured`. `npm run test:budgets` runs it under callgrind.
//!
//! `counted` alone lists the operations; `counted NAME` runs one.

use hotstuff_native_core::{KeySet, Scheme, SecretKey, Slices, Trust, merkle_root};
use sha2::{Digest, Sha256};
use std::hint::black_box;

/// Operations by name. Names end in the number of validators or items.
const OPERATIONS: &[(&str, fn())] = &[
    ("sign/bls12381", || sign(Scheme::Bls12381)),
    ("sign/ed25519", || sign(Scheme::Ed25519)),
    ("certificate/form/bls12381/n=4", || form(Scheme::Bls12381, 4)),
    ("certificate/form/bls12381/n=100", || form(Scheme::Bls12381, 100)),
    ("certificate/form/ed25519/n=4", || form(Scheme::Ed25519, 4)),
    ("certificate/form/ed25519/n=100", || form(Scheme::Ed25519, 100)),
    ("certificate/finish/bls12381/n=100", finish),
    ("certificate/sort-out/bls12381/n=4", sort_out),
    ("certificate/verify/bls12381/n=4", || verify(Scheme::Bls12381, 4, false)),
    ("certificate/verify/bls12381/n=100", || verify(Scheme::Bls12381, 100, false)),
    ("certificate/verify-new-signers/bls12381/n=100", || verify(Scheme::Bls12381, 100, true)),
    ("certificate/verify/ed25519/n=4", || verify(Scheme::Ed25519, 4, false)),
    ("certificate/verify/ed25519/n=100", || verify(Scheme::Ed25519, 100, false)),
    ("keys/validate/bls12381/n=4", || load(Trust::Validate)),
    ("keys/trusted/bls12381/n=4", || load(Trust::Trusted)),
    ("keys/hinted/bls12381/n=100", hinted),
    ("keys/import/bls12381/n=100", import),
    ("hash/merkle-root/400x512B", merkle),
];

/// Certificates over other messages before the one that counts.
const CALLS: u8 = 3;
/// More than the uses after which a key gets its table, and one for each key of a small set.
const CALLS_FOR_ALL_TABLES: u8 = 24;
const SMALL_QUORUM: usize = 7;

fn main() {
    let Some(name) = std::env::args().nth(1) else {
        for (name, _) in OPERATIONS {
            println!("{name}");
        }
        return;
    };
    let Some((_, run)) = OPERATIONS.iter().find(|(other, _)| *other == name) else {
        eprintln!("there is no operation {name}");
        std::process::exit(2);
    };
    run();
}

/// What the profiler counts. Never inlined, so that it has a name; the operation is a plain pointer, so that the name
/// is the same for all.
#[inline(never)]
fn measured(operation: &mut dyn FnMut()) {
    operation();
}

fn count<Outcome>(mut operation: impl FnMut() -> Outcome) {
    measured(&mut || {
        black_box(operation());
    });
}

struct Fixture {
    secrets: Vec<SecretKey>,
    set: KeySet,
    voters: Vec<u32>,
}

impl Fixture {
    fn new(scheme: Scheme, n: usize) -> Self {
        let secrets: Vec<_> = (0..n as u64)
            .map(|index| {
                let seed = Sha256::digest(index.to_le_bytes());
                SecretKey::generate(scheme, &seed.into())
            })
            .collect();
        let set = KeySet::new(scheme, &keys_of(&secrets), Trust::Trusted).expect("keys are good");
        // The last of the set: a quorum that is not the first that comes to mind.
        let quorum = n * 2 / 3 + 1;
        Fixture { secrets, set, voters: ((n - quorum) as u32..n as u32).collect() }
    }

    fn votes(&self, message: &[u8]) -> Vec<u8> {
        self.voters.iter().flat_map(|&voter| self.secrets[voter as usize].sign(message)).collect()
    }

    /// A set that has been at work for a while: the caches of messages are full of others. The tables of Ed25519 keys,
    /// which come with use and one per call, are all there in a small set and none in a large one.
    fn warm_up(&mut self) {
        let calls = if self.voters.len() <= SMALL_QUORUM { CALLS_FOR_ALL_TABLES } else { CALLS };
        for number in 0..calls {
            let message = [number; 40];
            let votes = self.votes(&message);
            let formed = self.set.form_certificate(&message, &self.voters, &votes).expect("well shaped");
            assert!(!formed.signatures.is_empty(), "good votes make a certificate");
        }
    }
}

fn keys_of(secrets: &[SecretKey]) -> Vec<u8> {
    secrets.iter().flat_map(SecretKey::public_key).collect()
}

/// Not among those of the warm-up.
const FRESH: [u8; 40] = [200; 40];

fn sign(scheme: Scheme) {
    let key = SecretKey::generate(scheme, &[7; 32]);
    count(|| key.sign(&FRESH));
}

fn form(scheme: Scheme, n: usize) {
    let mut fixture = Fixture::new(scheme, n);
    fixture.warm_up();
    let votes = fixture.votes(&FRESH);
    count(|| fixture.set.form_certificate(&FRESH, &fixture.voters, &votes));
}

/// From the last vote of a quorum to the certificate, the others having been summed as they came.
fn finish() {
    let mut fixture = Fixture::new(Scheme::Bls12381, 100);
    fixture.warm_up();
    let votes = fixture.votes(&FRESH);
    let set = fixture.set.bls().expect("a BLS set");
    let mut sum = set.start_sum();
    let (votes, _) = votes.as_chunks::<96>();
    let (last, others) = votes.split_last().expect("a quorum has votes");
    let (last_voter, other_voters) = fixture.voters.split_last().expect("a quorum has voters");
    for (&voter, vote) in other_voters.iter().zip(others) {
        sum.add(voter, vote);
    }
    count(|| {
        sum.add(*last_voter, last);
        set.finish(&FRESH, &sum)
    });
}

/// One of the votes is over another message.
fn sort_out() {
    let mut fixture = Fixture::new(Scheme::Bls12381, 4);
    fixture.warm_up();
    let mut votes = fixture.votes(&FRESH);
    let bad = fixture.secrets[fixture.voters[0] as usize].sign(&[201; 40]);
    votes[..bad.len()].copy_from_slice(&bad);
    count(|| fixture.set.form_certificate(&FRESH, &fixture.voters, &votes));
}

/// By a set that has not seen the message; nor, with `new_signers`, this quorum, whose keys are then summed.
fn verify(scheme: Scheme, n: usize, new_signers: bool) {
    let mut maker = Fixture::new(scheme, n);
    if new_signers {
        maker.voters = (0..maker.voters.len() as u32).collect();
    }
    let votes = maker.votes(&FRESH);
    let formed = maker.set.form_certificate(&FRESH, &maker.voters, &votes).expect("well shaped");
    let mut fixture = Fixture::new(scheme, n);
    if new_signers {
        // Another quorum yet: with the second one, the sum of all keys is made.
        fixture.voters.iter_mut().for_each(|voter| *voter -= 1);
        fixture.warm_up();
        fixture.voters.iter_mut().for_each(|voter| *voter += 1);
    }
    fixture.warm_up();
    count(|| fixture.set.verify_certificate(&FRESH, &formed.bitmap, &formed.signatures));
}

fn load(trust: Trust) {
    let keys = keys_of(&Fixture::new(Scheme::Bls12381, 4).secrets);
    count(|| KeySet::new(Scheme::Bls12381, &keys, trust).is_ok());
}

/// Trusted keys whose uncompressed forms are at hand.
fn hinted() {
    let fixture = Fixture::new(Scheme::Bls12381, 100);
    let (keys, hints) = (keys_of(&fixture.secrets), fixture.set.export());
    count(|| KeySet::with_hints(Scheme::Bls12381, &keys, &hints, Trust::Trusted).is_ok());
}

fn import() {
    let parsed = Fixture::new(Scheme::Bls12381, 100).set.export();
    count(|| KeySet::import(Scheme::Bls12381, &parsed).is_ok());
}

fn merkle() {
    let items = vec![5; 400 * 512];
    let offsets: Vec<u32> = (0..=400).map(|index| index * 512).collect();
    let slices = Slices::new(&items, &offsets).expect("well shaped");
    count(|| merkle_root(slices));
}
