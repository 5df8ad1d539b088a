//! The public door.
