//! Unit and property tests of the PDU codec.
