//! The index of a segment: the last member of a sealed one, and a file beside it. Both have the same
//! bytes; `docs/pack.md` describes them.

mod build;
mod look_up;
mod wire;

pub use build::IndexBuilder;
pub(super) use look_up::length_before;
pub use look_up::{Index, Key};
pub use wire::{Entry, IndexError};
