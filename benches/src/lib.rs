//! What benches share: objects to send.
//!
//! The criterion benches are in `benches/`, the comparison over real sockets and disks is the
//! command `end-to-end`.

#![forbid(unsafe_code)]

pub mod object;
