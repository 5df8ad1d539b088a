//! The sending side at scale.

#![forbid(unsafe_code)]

pub mod corpus;
pub mod uid;
