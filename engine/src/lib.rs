//! The engine of pdvault: DICOM objects from the network to stable storage.
//!
//! Start with [`receiver::Receiver`]. `docs/architecture.md` describes the rooms and their rules.

pub mod association;
pub mod dataset;
pub mod dimse;
pub mod landing;
pub mod pack;
pub mod pdu;
pub mod reactor;
pub mod receiver;
pub mod registry;
pub mod sender;
pub mod store;
pub mod value;
