//! What benches share: objects to send, and the CPU time that receiving them took.
//!
//! The criterion benches are in `benches/`, the comparison over real sockets and disks is the
//! command `end-to-end`.

#![forbid(unsafe_code)]

pub mod cpu;
pub mod object;
