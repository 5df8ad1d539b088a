//! Room `association`; see docs/architecture.md.
