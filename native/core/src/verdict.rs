//! What is said about something that a peer sent.

/// The outcome of a check, as data: its discriminant is the byte that the host sees.
///
/// Exactly one value means acceptance. The others tell why not, for events and metrics; no rule of the
/// protocol depends on which of them it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
#[repr(u8)]
pub enum Verdict {
    /// The key, signature or certificate is good; for a vote inside a [`crate::Formed`] certificate: it was
    /// counted.
    Valid = 0,
    /// A bitmap or a list of signatures has another length than its set demands.
    BadLength = 1,
    /// A bitmap names validators beyond the end of the set.
    UnusedBits = 2,
    /// Nobody signed.
    NoSigners = 3,
    /// The index of a vote lies beyond the end of the set.
    UnknownSigner = 4,
    /// The same validator's vote was given before.
    DuplicateSigner = 5,
    /// The bytes are not the canonical encoding of a point of the curve.
    Malformed = 6,
    /// The point, or the sum of the signers' keys, is the identity (R22).
    Identity = 7,
    /// The point is on the curve but outside of the prime-order subgroup (R22).
    WrongSubgroup = 8,
    /// Well formed, but not a signature of this message by this key or these signers.
    Invalid = 9,
}

impl Verdict {
    /// Every verdict in the order of its byte.
    pub const ALL: [Verdict; 10] = [
        Verdict::Valid,
        Verdict::BadLength,
        Verdict::UnusedBits,
        Verdict::NoSigners,
        Verdict::UnknownSigner,
        Verdict::DuplicateSigner,
        Verdict::Malformed,
        Verdict::Identity,
        Verdict::WrongSubgroup,
        Verdict::Invalid,
    ];

    /// The name that the host shows for this verdict.
    pub fn name(self) -> &'static str {
        match self {
            Verdict::Valid => "valid",
            Verdict::BadLength => "bad-length",
            Verdict::UnusedBits => "unused-bits",
            Verdict::NoSigners => "no-signers",
            Verdict::UnknownSigner => "unknown-signer",
            Verdict::DuplicateSigner => "duplicate-signer",
            Verdict::Malformed => "malformed",
            Verdict::Identity => "identity",
            Verdict::WrongSubgroup => "wrong-subgroup",
            Verdict::Invalid => "invalid",
        }
    }

    /// `Valid` if `holds`, else `Invalid`.
    pub(crate) fn of(holds: bool) -> Self {
        if holds { Verdict::Valid } else { Verdict::Invalid }
    }

    /// The bytes that the host sees for a list of verdicts.
    pub fn bytes(verdicts: &[Verdict]) -> Vec<u8> {
        verdicts.iter().map(|&verdict| verdict as u8).collect()
    }
}
