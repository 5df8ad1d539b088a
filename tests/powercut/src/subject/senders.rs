//! Senders that store a load by a receiver and note when they hold an acknowledgement.

use std::fs;
use std::path::Path;

use pdvault_tests::object::Object;
use pdvault_tests::peer::{Peer, SUCCESS};
use pdvault_tests::stored::StoredFile;

use super::load::{Item, Load};
use crate::ledger::{Ledger, Version};
use crate::record::Disk;

/// Sends a load to a port. The ledger has data sets in place of files until [`add_heads`].
pub(super) fn send(port: u16, disk: &Disk, load: &Load) -> Ledger {
    load.run(
        || Peer::ready(port),
        |peer, item| {
            let object = object(item);
            assert_eq!(peer.store(&object), SUCCESS, "storing {}", item.name);
            let version = Version {
                acknowledged: Some(disk.now()),
                file: object.data,
            };
            (format!("CT.{}", item.name), version)
        },
    )
}

fn object(item: &Item) -> Object {
    Object::ct_with_pixels(&item.name, item.bytes, item.version)
}

/// Turns data sets into files, by the file meta information that the receiver put before them.
///
/// # Panics
///
/// When the newest data set of a name is not stored as it was sent.
pub(super) fn add_heads(directory: &Path, ledger: &mut Ledger) {
    for (name, versions) in &mut ledger.0 {
        let stored = StoredFile::open(&directory.join(name));
        let newest = versions.last().expect("an object of that name");
        assert!(stored.data() == newest.file, "{name} is not stored as sent");
        let mut head = fs::read(&stored.path).expect("a stored file can be read");
        head.truncate(usize::try_from(stored.meta.data_offset).expect("a small head"));
        for version in versions {
            version.file.splice(0..0, head.iter().copied());
        }
    }
}
