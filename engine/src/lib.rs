//! The engine of pdvault: DICOM objects from the network to stable storage.

pub mod association;
pub mod dataset;
pub mod dimse;
pub mod landing;
pub mod pdu;
pub mod registry;
pub mod store;
pub mod value;
