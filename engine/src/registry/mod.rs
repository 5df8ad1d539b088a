//! Room `registry`; see docs/architecture.md.
