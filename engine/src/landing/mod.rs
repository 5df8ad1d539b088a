//! Room `landing`; see docs/architecture.md.
