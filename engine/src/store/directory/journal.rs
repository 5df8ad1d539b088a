//! What a file system's journal promises, as far as it can be learnt.

use std::ffi::OsString;
use std::fs;
use std::os::fd::BorrowedFd;
use std::path::Path;

/// `f_type` of `statfs`.
const EXT4: u64 = 0xef53;
const TMPFS: u64 = 0x0102_1994;
const XFS: u64 = 0x5846_5342;

/// A file system, as far as it matters for what its syncs do.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    /// ext4 without a journal, and ext2: every file and directory is written by its own sync only.
    Ext4Unjournalled,
    /// ext4 that was told never to flush the device: no sync keeps anything in a power cut.
    Ext4Unflushed,
    /// ext4 with a journal.
    Ext4 {
        /// Whether a commit flushes the device that holds the data before it counts.
        flushes_data: bool,
    },
    Xfs {
        /// As for ext4.
        flushes_data: bool,
    },
    /// Nothing is ever synced, nothing survives.
    Tmpfs,
    /// btrfs, network file systems, whatever else.
    Other,
}

impl Kind {
    pub(super) fn of(directory: BorrowedFd<'_>) -> std::io::Result<Self> {
        let file_system = rustix::fs::fstatfs(directory)?.f_type;
        let device = Device::of(directory)?;
        Ok(u64::try_from(file_system).map_or(Self::Other, |kind| Self::new(kind, &device)))
    }

    fn new(file_system: u64, device: &Device) -> Self {
        match file_system {
            EXT4 if !device.has_ext4_journal() => Self::Ext4Unjournalled,
            EXT4 if device.is_mounted_with("nobarrier") => Self::Ext4Unflushed,
            EXT4 => Self::Ext4 {
                flushes_data: device.has_internal_journal()
                    && device.is_mounted_without(&["journal_async_commit"]),
            },
            XFS => Self::Xfs {
                flushes_data: device.is_mounted_without(&["rtdev"]),
            },
            TMPFS => Self::Tmpfs,
            _ => Self::Other,
        }
    }

    /// Whether syncing a file that has no name yet counts once it is linked.
    ///
    /// - ext4 with a journal, and XFS: the sync commits the file's blocks and size like any other's,
    ///   and the link count and the directory entry are one transaction, which the sync of the
    ///   directory commits. But ext4 only where no file is synced by itself (see
    ///   [`Kind::syncs_files_with_directory`]): with its feature `fast_commit`, the record of the sync of
    ///   a file without a name has left file systems that could not be mounted.
    /// - ext4 without a journal: the sync of the directory writes the entry, but not the link count,
    ///   which is 0 on disk. After a power cut the entry would lead to a deleted file.
    /// - tmpfs: there is nothing to be lost.
    /// - btrfs: the sync logs nothing for a file without a name ("pointless"), and the later sync of
    ///   the directory logs that the file exists, not what is in it. After a power cut it could be
    ///   there and empty.
    ///
    /// Where it does not count, and wherever it is not known, a hidden file is written, synced and
    /// renamed.
    pub(super) fn syncs_unnamed_files(self) -> bool {
        matches!(
            self,
            Self::Ext4 { flushes_data: true } | Self::Xfs { .. } | Self::Tmpfs
        )
    }

    /// Whether the sync of a directory commits its files too, data and all, provided that the data
    /// has been written out to the device and the file named after that.
    ///
    /// - ext4 with a journal, and XFS: one journal takes up every change of the file system's own
    ///   records in the order in which they are made: the blocks that hold the data (taken note of by
    ///   the time a direct write returns, or the writing out of a page ends), the size, the name. A
    ///   sync commits all up to the change it is about. Before a commit counts, the device is made
    ///   to empty its volatile memory, where the data may be, as it came earlier. So the name is never
    ///   durable without the data, and both are once the sync returns.
    /// - But not when the data is on another device than the one that is flushed (an external
    ///   journal, a real-time device), or when the commit does not wait for that
    ///   (`journal_async_commit`).
    /// - ext4 without a journal, btrfs, and what is not known: no.
    pub(super) fn syncs_files_with_directory(self) -> bool {
        matches!(
            self,
            Self::Ext4 { flushes_data: true } | Self::Xfs { flushes_data: true } | Self::Tmpfs
        )
    }

    /// Why what was synced may not survive a power cut, as far as is known. Without a journal, the block
    /// of a directory that is being written may be torn, or come out of step with the files that it
    /// names.
    pub(super) fn weakness(self) -> Option<&'static str> {
        match self {
            Self::Ext4Unjournalled => Some("ext4 without a journal that can be seen"),
            Self::Ext4Unflushed => Some("ext4 mounted with nobarrier"),
            Self::Tmpfs => Some("tmpfs, which lies in memory"),
            Self::Ext4 { .. } | Self::Xfs { .. } | Self::Other => None,
        }
    }
}

/// The block device under a file system.
struct Device {
    /// Major and minor number, as the kernel writes them: `8:1`.
    numbers: String,
}

impl Device {
    fn of(directory: BorrowedFd<'_>) -> std::io::Result<Self> {
        let device = rustix::fs::fstat(directory)?.st_dev;
        let (major, minor) = (rustix::fs::major(device), rustix::fs::minor(device));
        Ok(Self {
            numbers: format!("{major}:{minor}"),
        })
    }

    /// The kernel's name of the device, `sda1`.
    fn name(&self) -> Option<OsString> {
        let link = fs::read_link(format!("/sys/dev/block/{}", self.numbers)).ok()?;
        Some(link.file_name()?.to_owned())
    }

    /// Whether ext4 keeps a journal: there is a thread that writes it. Where that can't be learnt, as
    /// on ext2, there is none.
    fn has_ext4_journal(&self) -> bool {
        let task = self.name().and_then(|name| {
            let task = Path::new("/sys/fs/ext4").join(name).join("journal_task");
            fs::read_to_string(task).ok()
        });
        task.is_some_and(|task| task.trim().parse::<u32>().is_ok())
    }

    /// Whether the journal is an inode of the file system itself: the kernel lists it by device
    /// and inode number.
    fn has_internal_journal(&self) -> bool {
        let Some(name) = self.name() else {
            return false;
        };
        let Ok(mut journals) = fs::read_dir("/proc/fs/jbd2") else {
            return false;
        };
        journals.any(|journal| journal.is_ok_and(|journal| is_inside(&journal.file_name(), &name)))
    }

    /// Whether the file system is known to be mounted with this option.
    fn is_mounted_with(&self, option: &str) -> bool {
        self.options_say(|options| !lacks(options, &[option]))
    }

    /// Whether the options that the file system was mounted with are known and name none of these.
    fn is_mounted_without(&self, dangerous: &[&str]) -> bool {
        self.options_say(|options| lacks(options, dangerous))
    }

    /// Whether the options are known, and pass a test.
    fn options_say(&self, test: impl Fn(&str) -> bool) -> bool {
        fs::read_to_string("/proc/self/mountinfo")
            .ok()
            .and_then(|mounts| options(&mounts, &self.numbers).map(&test))
            .unwrap_or(false)
    }
}

/// Whether a journal listed under this name lies inside the file system on this device: `sda1-8`.
fn is_inside(journal: &std::ffi::OsStr, device: &std::ffi::OsStr) -> bool {
    let (journal, device) = (journal.to_string_lossy(), device.to_string_lossy());
    let inode = journal
        .strip_prefix(&*device)
        .and_then(|rest| rest.strip_prefix('-'));
    inode.is_some_and(|inode| inode.parse::<u32>().is_ok())
}

/// The options of the file system on a device, from the text of `/proc/self/mountinfo`
/// (proc_pid_mountinfo(5)): the last field, which all mounts of the file system share.
fn options<'a>(mounts: &'a str, numbers: &str) -> Option<&'a str> {
    mounts.lines().find_map(|line| {
        let (mount, file_system) = line.split_once(" - ")?;
        let is_it = mount.split(' ').nth(2) == Some(numbers);
        is_it.then(|| file_system.split(' ').nth(2)).flatten()
    })
}

fn lacks(options: &str, dangerous: &[&str]) -> bool {
    options.split(',').all(|option| {
        let name = option.split('=').next().unwrap_or_default();
        !dangerous.contains(&name)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    const MOUNTS: &str = "\
22 27 0:21 / /proc rw,relatime - proc proc rw
27 1 254:0 / / rw,relatime shared:1 - ext4 /dev/vda rw,journal_async_commit,data=ordered
28 27 7:0 / /mnt rw,noatime - xfs /dev/loop0 rw,attr2,inode64,rtdev=/dev/sdb
29 27 7:1 / /srv/x\\040y rw - ext4 /dev/loop1 rw
";

    #[test]
    fn options_are_those_of_the_device() {
        assert_eq!(
            options(MOUNTS, "254:0"),
            Some("rw,journal_async_commit,data=ordered")
        );
        assert_eq!(options(MOUNTS, "7:1"), Some("rw"));
        assert_eq!(options(MOUNTS, "7:2"), None);
        assert_eq!(options("", "7:2"), None);
    }

    #[test]
    fn an_option_counts_with_and_without_a_value() {
        assert!(!lacks("rw,journal_async_commit", &["journal_async_commit"]));
        assert!(!lacks("rw,rtdev=/dev/sdb,noquota", &["rtdev"]));
        assert!(lacks("rw,nortdev", &["rtdev"]));
    }

    #[test]
    fn only_a_journal_with_an_inode_of_the_same_device_is_inside() {
        let is_inside = |journal: &str, device: &str| is_inside(journal.as_ref(), device.as_ref());
        assert!(is_inside("sda1-8", "sda1"));
        assert!(!is_inside("sda1", "sda1"));
        assert!(!is_inside("sda1-8", "sda"));
        assert!(!is_inside("sdb1-8", "sda1"));
        assert!(is_inside("dm-0-8", "dm-0"));
    }

    #[test]
    fn what_is_not_known_of_a_file_system_is_not_relied_on() {
        let unknown = Device {
            numbers: "0:0".to_owned(),
        };
        let kind = |file_system| Kind::new(file_system, &unknown);
        assert_eq!(kind(EXT4), Kind::Ext4Unjournalled);
        let flushes_data = false;
        assert_eq!(kind(XFS), Kind::Xfs { flushes_data });
        assert_eq!(kind(TMPFS), Kind::Tmpfs);
        // btrfs, NFS, overlayfs, nothing.
        for other in [0x9123_683e, 0x6969, 0x794c_7630, 0] {
            assert_eq!(kind(other), Kind::Other, "{other:x}");
        }
    }

    #[test]
    fn a_directory_commits_its_files_only_where_one_flushed_journal_has_them_all() {
        let together = |kind: Kind| kind.syncs_files_with_directory();
        assert!(together(Kind::Ext4 { flushes_data: true }));
        assert!(together(Kind::Xfs { flushes_data: true }));
        for kind in [
            Kind::Ext4 {
                flushes_data: false,
            },
            Kind::Xfs {
                flushes_data: false,
            },
            Kind::Ext4Unjournalled,
            Kind::Ext4Unflushed,
            Kind::Other,
        ] {
            assert!(!together(kind), "{kind:?}");
        }
        assert!(Kind::Ext4Unjournalled.weakness().is_some());
        assert!(Kind::Ext4Unflushed.weakness().is_some());
        assert!(Kind::Tmpfs.weakness().is_some());
        assert!(Kind::Other.weakness().is_none());
        assert!(!Kind::Ext4Unjournalled.syncs_unnamed_files());
        assert!(!Kind::Other.syncs_unnamed_files());
        let flushes_data = false;
        assert!(!Kind::Ext4 { flushes_data }.syncs_unnamed_files());
    }
}
