//! DCMTK's storescp, for comparison.

use std::path::Path;
use std::process::{Child, Command, Stdio};
use std::time::Duration;

use pdvault_tests::listening::{free_port, listens};
use pdvault_tests::{disk as waiting, tools};

use super::load::Load;
use super::{DIES_WITH_THE_RIG, senders};
use crate::ledger::Ledger;
use crate::record::Disk;

/// How long it may take to listen.
const START_LIMIT: Duration = Duration::from_secs(60);

/// Stores a load by a storescp with a process for each association.
///
/// # Panics
///
/// When it does not start, or does not store what was sent.
pub(super) fn store(directory: &Path, disk: &Disk, load: &Load) -> Ledger {
    let port = free_port();
    let mut storescp = start(directory, port);
    let id = storescp.id();
    let listens = waiting::eventually(START_LIMIT, || listens(id, port));
    assert!(listens, "storescp does not listen on port {port}");
    let mut ledger = senders::send(port, disk, load);
    let _ = storescp.kill();
    let _ = storescp.wait();
    senders::add_heads(directory, &mut ledger);
    ledger
}

fn start(directory: &Path, port: u16) -> Child {
    let storescp = tools::dcmtk("storescp");
    let mut command = Command::new(DIES_WITH_THE_RIG[0]);
    command
        .args(&DIES_WITH_THE_RIG[1..])
        .arg(storescp.get_program());
    command.args(["--fork", "+xa", "+B", "-od"]).arg(directory);
    command.arg(port.to_string());
    command.stdin(Stdio::null()).stdout(Stdio::null());
    command
        .spawn()
        .unwrap_or_else(|error| panic!("cannot run {command:?}: {error}"))
}
