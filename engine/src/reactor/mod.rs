//! Room `reactor`; see docs/architecture.md.
