//! Room `dimse`; see docs/architecture.md.
