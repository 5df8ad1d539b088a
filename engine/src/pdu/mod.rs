//! Room `pdu`; see docs/architecture.md.
