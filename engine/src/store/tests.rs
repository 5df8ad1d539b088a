//! The store as a whole, on real file systems and over sinks that fail.

#![allow(
    clippy::cast_possible_truncation,
    reason = "sizes and counts of tests are small"
)]

mod duplicates;
mod faults;
mod objects;
pub(super) mod support;
mod ways;
