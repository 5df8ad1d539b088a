//! The sending side at scale.

#![forbid(unsafe_code)]

pub mod corpus;
pub mod measure;
pub mod number_set;
pub mod results;
pub mod uid;
pub mod verify;
