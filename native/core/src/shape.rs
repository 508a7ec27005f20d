//! Buffers that must fit each other: what the caller guarantees and a peer cannot influence.

use std::fmt;

/// The caller broke the shape that a function asks for. Never the fault of a peer.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Misuse(String);

impl Misuse {
    pub(crate) fn new(message: impl Into<String>) -> Self {
        Misuse(message.into())
    }
}

impl fmt::Display for Misuse {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        formatter.write_str(&self.0)
    }
}

impl std::error::Error for Misuse {}

/// Byte strings of any length in one buffer: item `i` is `flat[offsets[i]..offsets[i + 1]]`.
#[derive(Clone, Copy, Debug)]
pub struct Slices<'a> {
    flat: &'a [u8],
    offsets: &'a [u32],
}

impl<'a> Slices<'a> {
    /// `offsets` begins with 0, never falls and ends with `flat.len()`: one entry more than there are items.
    pub fn new(flat: &'a [u8], offsets: &'a [u32]) -> Result<Self, Misuse> {
        let ordered = offsets.is_sorted();
        let covering =
            offsets.first() == Some(&0) && offsets.last().map(|&end| end as usize) == Some(flat.len());
        if ordered && covering {
            Ok(Slices { flat, offsets })
        } else {
            Err(Misuse::new(format!("offsets must rise from 0 to the {} bytes given", flat.len())))
        }
    }

    /// The number of items.
    pub fn len(&self) -> usize {
        self.offsets.len() - 1
    }

    /// Whether there are no items.
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }

    /// The items in order.
    pub fn iter(&self) -> impl ExactSizeIterator<Item = &'a [u8]> + use<'a> {
        let flat = self.flat;
        self.offsets.windows(2).map(move |ends| &flat[ends[0] as usize..ends[1] as usize])
    }
}

/// The `SIZE`-byte items of `flat`, which must be exactly `count`.
pub(crate) fn items<'a, const SIZE: usize>(
    what: &str,
    flat: &'a [u8],
    count: usize,
) -> Result<&'a [[u8; SIZE]], Misuse> {
    let (items, rest) = flat.as_chunks::<SIZE>();
    if rest.is_empty() && items.len() == count {
        Ok(items)
    } else {
        Err(Misuse::new(format!(
            "{what}: {} bytes given, {count} items of {SIZE} bytes expected",
            flat.len()
        )))
    }
}

/// Refuses two lists that must go together and do not.
pub(crate) fn same_count(what: &str, given: usize, expected: usize) -> Result<(), Misuse> {
    if given == expected {
        Ok(())
    } else {
        Err(Misuse::new(format!("{what}: {given} given, {expected} expected")))
    }
}
