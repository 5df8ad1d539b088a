//! The sending side at scale: load for any storage SCP, and honest figures about it.
//!
//! - [`corpus`]: what is sent, made up in memory.
//! - [`schedule`]: when it is due.
//! - [`run`]: sends it, from threads with many associations each.
//! - [`fault`]: what is done wrong on purpose.
//! - [`measure`] and [`results`]: what came out of it; [`implementation`]: from whom.
//! - [`observe`]: what it cost besides the sender.
//! - [`verify`]: whether what was acknowledged is where it should be.

#![forbid(unsafe_code)]

pub mod corpus;
pub mod fault;
pub mod implementation;
pub mod measure;
pub mod number_set;
pub mod observe;
mod proposal;
pub mod results;
pub mod run;
pub mod schedule;
pub mod uid;
pub mod verify;
