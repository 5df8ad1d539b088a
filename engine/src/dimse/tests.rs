//! Unit and property tests of command sets and status codes.
