//! What benches share: objects to send, and objects to store.
//!
//! The criterion benches are in `benches/`; the comparison over real sockets and disks is the program
//! `compare`, which the command `benches/compare` starts.

#![forbid(unsafe_code)]

pub mod load;
pub mod object;
