//! The `pdvault` binary: one subcommand a tool.
fn main() {}
