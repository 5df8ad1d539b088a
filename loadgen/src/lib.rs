//! The sending side at scale.
