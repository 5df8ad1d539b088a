//! The values that options of several tools take.

use super::{Argument, Kind};

/// The longest time-out, in seconds: 68 years, what a 32-bit integer holds.
pub(crate) const SECONDS_MAX: i64 = i32::MAX as i64;

/// The largest count where nothing else bounds it: what a 32-bit integer holds.
pub(crate) const COUNT_MAX: i64 = i32::MAX as i64;

pub(crate) const FILE_NAME: Argument = Argument {
    name: "filename",
    kind: Kind::Path,
};
pub(crate) const DIRECTORY: Argument = Argument {
    name: "directory",
    kind: Kind::Directory,
};

/// Any text.
pub(crate) const fn text(name: &'static str) -> Argument {
    Argument {
        name,
        kind: Kind::Text,
    }
}

/// Seconds from `min` upwards.
pub(crate) const fn seconds(min: i64) -> Argument {
    Argument {
        name: "seconds",
        kind: Kind::Signed {
            min,
            max: SECONDS_MAX,
        },
    }
}

/// A decimal number without a minus sign.
pub(crate) const fn unsigned(name: &'static str, min: i64, max: i64) -> Argument {
    Argument {
        name,
        kind: Kind::Unsigned { min, max },
    }
}

/// A number of the engine as the end of a range.
#[expect(clippy::cast_possible_wrap, reason = "checked in the line before")]
pub(crate) const fn bound(number: usize) -> i64 {
    assert!(number <= isize::MAX as usize, "a bound fits");
    number as i64
}
