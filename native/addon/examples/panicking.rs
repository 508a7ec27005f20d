//! An addon of its own for `tests/panic.rs`: what the real one does when something in it panics.

use napi_derive::napi;

/// Panics, the way that every export of the addon is declared.
#[napi(catch_unwind)]
pub fn panic_now() -> u32 {
    panic!("on purpose")
}

/// A class whose methods panic.
#[napi]
pub struct Panicking {}

#[napi]
impl Panicking {
    /// Does not panic.
    #[napi(constructor, catch_unwind)]
    #[allow(clippy::new_without_default, reason = "a constructor of the host")]
    pub fn new() -> Self {
        Panicking {}
    }

    /// Panics while the object is borrowed.
    #[napi(catch_unwind)]
    pub fn panic_now(&mut self) -> u32 {
        panic!("on purpose")
    }

    /// Answers, so that one can see the object still works.
    #[napi(catch_unwind)]
    pub fn answer(&mut self) -> u32 {
        42
    }
}
