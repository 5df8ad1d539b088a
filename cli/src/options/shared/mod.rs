//! Rows that several tools have in common.

pub(crate) mod client_tls;
pub(crate) mod general;
pub(crate) mod ip_version;
pub(crate) mod requestor;
pub(crate) mod sending;
pub(crate) mod tls;
