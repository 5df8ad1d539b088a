//! The tables are complete, sorted and agree with other people's.
