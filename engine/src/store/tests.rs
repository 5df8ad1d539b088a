//! The store as a whole, on real file systems and over sinks that fail.

mod duplicates;
mod faults;
mod objects;
pub(super) mod support;
