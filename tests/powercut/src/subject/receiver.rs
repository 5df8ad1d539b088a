//! The receiver itself.

use std::path::Path;

use pdvault_tests::receiver::Launch;

use super::load::Load;
use super::{DIES_WITH_THE_RIG, senders};
use crate::ledger::Ledger;
use crate::record::Disk;

/// Stores a load by a receiver that is started for it.
pub(super) fn store(options: &str, directory: &Path, disk: &Disk, load: &Load) -> Ledger {
    let launch = Launch::new(options).output(directory);
    let mut receiver = launch.through(DIES_WITH_THE_RIG).start();
    let mut ledger = senders::send(receiver.port(), disk, load);
    receiver.kill();
    senders::add_heads(directory, &mut ledger);
    ledger
}
