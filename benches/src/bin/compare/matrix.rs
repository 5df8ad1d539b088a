//! The rows of the comparison: loads and conditions, and which systems take part in each.

use serde::{Deserialize, Serialize};

use crate::system::{Driver, Kind, System};

/// The state of file system and memory.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "lowercase")]
pub(crate) enum Condition {
    /// A new ext4 on a loop device; memory that was touched before.
    Warm,
    /// A new directory of the disk itself; page cache dropped, memory that was not touched before.
    Cold,
    /// A new directory of the disk itself; no memory free, but page cache that can be dropped.
    Full,
}

/// What is sent. Every association has one object on its way, or `window` of them.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) struct Load {
    pub(crate) object_bytes: u64,
    pub(crate) associations: u32,
    pub(crate) window: u32,
    pub(crate) per_object: bool,
    /// How much in all, in bytes of data sets.
    pub(crate) volume: u64,
    /// Open loop, at half the rate that the same system reached in this row.
    pub(crate) half_rate_of: Option<&'static str>,
}

/// A row.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Row {
    pub(crate) id: &'static str,
    pub(crate) load: Load,
    pub(crate) condition: Condition,
    pub(crate) kinds: &'static [Kind],
    pub(crate) part: Part,
    /// Whether only the driver takes part that is the default.
    one_driver: bool,
}

/// Which forms of the comparison a row belongs to.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Part {
    /// All of them.
    Quick,
    /// A target is about it.
    Targets,
    /// Only the whole comparison.
    Full,
}

const KIB: u64 = 1 << 10;
const MIB: u64 = 1 << 20;
const GB: u64 = 1_000_000_000;

/// What fio writes at most: the disk is no slower after that.
const FIO_BYTES_MAX: u64 = 4 * GB;

use Condition::{Cold, Full, Warm};
use Kind::{
    BareBuffered, BareDiscard, BareDurable, BareMmap, BareNoSync, Dcmtk, DcmtkIgnore, DcmtkPlain,
    DicomRs, Fio, Ignore, None, Object, Orthanc, Pynetdicom,
};

/// Everybody.
const ALL: &[Kind] = &[
    Object,
    None,
    BareDurable,
    BareNoSync,
    Dcmtk,
    DicomRs,
    DcmtkPlain,
    Pynetdicom,
    Orthanc,
    Fio,
    BareDiscard,
];
/// Everybody but for a prototype that no target of the row names.
const PEERS: &[Kind] = &[
    Object,
    None,
    BareDurable,
    Dcmtk,
    DicomRs,
    DcmtkPlain,
    Pynetdicom,
    Orthanc,
    Fio,
    BareDiscard,
];
/// The same where another row tells the limits.
const WINDOWED: &[Kind] = &[
    Object,
    None,
    BareDurable,
    Dcmtk,
    DicomRs,
    DcmtkPlain,
    Pynetdicom,
    Orthanc,
];
/// Those that may win, and the limits.
const FAST: &[Kind] = &[
    Object,
    None,
    BareDurable,
    BareNoSync,
    Dcmtk,
    DicomRs,
    Fio,
    BareDiscard,
];
/// The same with one prototype less.
const RIVALS: &[Kind] = &[Object, None, BareDurable, Dcmtk, DicomRs, Fio, BareDiscard];
/// Those that may win with small objects. What a disk takes at best is no limit there.
const SMALL: &[Kind] = &[Object, None, BareDurable, Dcmtk, DicomRs, BareDiscard];
/// Everybody who receives.
const SMALL_ALL: &[Kind] = &[
    Object,
    None,
    BareDurable,
    Dcmtk,
    DicomRs,
    DcmtkPlain,
    Pynetdicom,
    Orthanc,
    BareDiscard,
];
const DISCARDING: &[Kind] = &[Ignore, BareDiscard, DcmtkIgnore];
/// The ways to the disk that the design was chosen from.
const WAYS: &[Kind] = &[BareDurable, BareNoSync, BareMmap, BareBuffered];
const LARGE: &[Kind] = &[Object, BareDurable, Dcmtk, Fio, BareDiscard];
const OURS: &[Kind] = &[Object];

/// Every row, in the order in which they run.
pub(crate) const ROWS: &[Row] = &[
    row("512k-8", 512 * KIB, 8, Warm, ALL, Part::Quick).of(6 * GB),
    row("512k-64", 512 * KIB, 64, Warm, PEERS, Part::Quick).of(4 * GB),
    row(
        "512k-8-window-8",
        512 * KIB,
        8,
        Warm,
        WINDOWED,
        Part::Targets,
    )
    .of(4 * GB)
    .window(8)
    .one_driver(),
    row("512k-4-ignore", 512 * KIB, 4, Warm, DISCARDING, Part::Quick).of(6 * GB),
    row("8k-8", 8 * KIB, 8, Warm, SMALL_ALL, Part::Targets).of(GB / 4),
    row("8k-64", 8 * KIB, 64, Warm, SMALL_ALL, Part::Quick).of(GB / 3),
    row("8k-per-object", 8 * KIB, 8, Warm, SMALL, Part::Quick)
        .of(GB / 20)
        .per_object(),
    row("64m-4", 64 * MIB, 4, Warm, LARGE, Part::Targets)
        .of(3 * GB)
        .one_driver(),
    row("512k-1", 512 * KIB, 1, Warm, RIVALS, Part::Targets).of(3 * GB / 2),
    row("512k-256", 512 * KIB, 256, Warm, OURS, Part::Targets)
        .of(3 * GB)
        .one_driver(),
    row("512k-1000", 512 * KIB, 1000, Warm, OURS, Part::Targets)
        .of(3 * GB)
        .one_driver(),
    row(
        "512k-64-half-rate",
        512 * KIB,
        64,
        Warm,
        OURS,
        Part::Targets,
    )
    .of(8 * GB)
    .open("512k-64")
    .one_driver(),
    row("8k-1", 8 * KIB, 1, Warm, SMALL, Part::Full).of(GB / 10),
    row("128k-1", 128 * KIB, 1, Warm, RIVALS, Part::Full).of(GB),
    row("128k-8", 128 * KIB, 8, Warm, RIVALS, Part::Full).of(2 * GB),
    row("128k-64", 128 * KIB, 64, Warm, RIVALS, Part::Full).of(2 * GB),
    row("8m-1", 8 * MIB, 1, Warm, RIVALS, Part::Full).of(3 * GB),
    row("8m-8", 8 * MIB, 8, Warm, RIVALS, Part::Full).of(4 * GB),
    row("8m-64", 8 * MIB, 64, Warm, RIVALS, Part::Full).of(4 * GB),
    row("64m-1", 64 * MIB, 1, Warm, LARGE, Part::Full).of(3 * GB),
    row("64m-8", 64 * MIB, 8, Warm, LARGE, Part::Full).of(4 * GB),
    row("64m-64", 64 * MIB, 64, Warm, LARGE, Part::Full).of(6 * GB),
    // Other memory than before comes last: to have warm memory again takes its time.
    row("512k-8-cold", 512 * KIB, 8, Cold, PEERS, Part::Quick).of(6 * GB),
    row("512k-64-cold", 512 * KIB, 64, Cold, RIVALS, Part::Full).of(4 * GB),
    row("512k-8-ways", 512 * KIB, 8, Cold, WAYS, Part::Full).of(2 * GB),
    row("8k-8-cold", 8 * KIB, 8, Cold, SMALL, Part::Full).of(GB / 4),
    row("512k-8-full", 512 * KIB, 8, Full, FAST, Part::Full).of(6 * GB),
];

const fn row(
    id: &'static str,
    object_bytes: u64,
    associations: u32,
    condition: Condition,
    kinds: &'static [Kind],
    part: Part,
) -> Row {
    let load = Load {
        object_bytes,
        associations,
        window: 1,
        per_object: false,
        volume: GB,
        half_rate_of: Option::None,
    };
    Row {
        id,
        load,
        condition,
        kinds,
        part,
        one_driver: false,
    }
}

impl Row {
    const fn of(mut self, volume: u64) -> Self {
        self.load.volume = volume;
        self
    }

    const fn window(mut self, window: u32) -> Self {
        self.load.window = window;
        self
    }

    const fn per_object(mut self) -> Self {
        self.load.per_object = true;
        self
    }

    const fn open(mut self, row: &'static str) -> Self {
        self.load.half_rate_of = Some(row);
        self
    }

    const fn one_driver(mut self) -> Self {
        self.one_driver = true;
        self
    }

    /// The systems that take part, where there are these drivers; the last of them is the default.
    pub(crate) fn systems(&self, drivers: &[Driver]) -> Vec<System> {
        let drivers = if self.one_driver {
            &drivers[drivers.len().saturating_sub(1)..]
        } else {
            drivers
        };
        let kinds = self.kinds.iter();
        kinds
            .flat_map(|kind| System::all_of(*kind, drivers))
            .collect()
    }

    /// The row with so many times fewer objects.
    pub(crate) fn shortened(mut self, divisor: u64) -> Self {
        self.load.volume /= divisor;
        self
    }

    /// What it is called in tables.
    pub(crate) fn title(&self) -> String {
        let Load {
            associations,
            window,
            per_object,
            ..
        } = self.load;
        let size = size(self.load.object_bytes);
        let how = match (associations, per_object) {
            (_, true) => format!("an association per object, {associations} at a time"),
            (1, _) => "1 association".to_owned(),
            _ => format!("{associations} associations"),
        };
        let window = if window > 1 {
            format!(", window of {window}")
        } else {
            String::new()
        };
        let pace = if self.load.half_rate_of.is_some() {
            ", open loop at half the top rate"
        } else {
            ""
        };
        let condition = match self.condition {
            Warm => "memory warm",
            Cold => "memory cold",
            Full => "page cache full",
        };
        format!("{size}, {how}{window}{pace}, {condition}")
    }
}

impl Load {
    /// How many objects a system of this kind is sent, at least one over each association.
    pub(crate) fn objects(&self, kind: Kind) -> u64 {
        let volume = match kind {
            Fio => self.volume.min(FIO_BYTES_MAX),
            kind if kind.is_slow() => self.volume / 10,
            _ => self.volume,
        };
        (volume / self.object_bytes).max(self.associations.into())
    }

    /// The same in bytes.
    pub(crate) fn bytes(&self, kind: Kind) -> u64 {
        self.objects(kind) * self.object_bytes
    }
}

fn size(bytes: u64) -> String {
    if bytes < MIB {
        format!("{} KiB", bytes / KIB)
    } else {
        format!("{} MiB", bytes / MIB)
    }
}

/// The row of this name.
pub(crate) fn find(id: &str) -> Option<&'static Row> {
    ROWS.iter().find(|row| row.id == id)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_row_has_a_name_of_its_own_and_a_row_to_take_its_rate_from() {
        for (index, row) in ROWS.iter().enumerate() {
            assert!(
                ROWS[..index].iter().all(|other| other.id != row.id),
                "{}",
                row.id
            );
            if let Some(top) = row.load.half_rate_of {
                let before = ROWS[..index].iter().find(|other| other.id == top);
                let before = before.unwrap_or_else(|| panic!("{top} runs before {}", row.id));
                assert!(
                    row.kinds.iter().all(|kind| before.kinds.contains(kind)),
                    "{}",
                    row.id
                );
            }
        }
    }

    #[test]
    fn every_association_has_an_object_however_short_the_run() {
        let row = find("64m-64").expect("a row").shortened(1000);
        assert_eq!(row.load.objects(Object), 64);
    }

    #[test]
    fn one_driver_is_the_default_one() {
        let systems = |id| {
            find(id)
                .expect("a row")
                .systems(&[Driver::Mio, Driver::Uring])
        };
        let names: Vec<_> = systems("512k-256").iter().map(System::to_string).collect();
        assert_eq!(names, ["pdvault/uring"]);
        assert_eq!(systems("512k-4-ignore").len(), 4);
    }

    #[test]
    fn rows_say_what_they_are() {
        let title = |id| find(id).expect("a row").title();
        assert_eq!(title("512k-8"), "512 KiB, 8 associations, memory warm");
        assert_eq!(
            title("8k-per-object"),
            "8 KiB, an association per object, 8 at a time, memory warm"
        );
        assert_eq!(title("64m-1"), "64 MiB, 1 association, memory warm");
    }
}
