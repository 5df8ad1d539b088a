//! The options of storescp: DCMTK's, each with what becomes of it here, and our own.

mod events;
mod general;
mod negotiation;
mod network;
mod output;
mod storage;
mod tls;

use super::{Argument, Kind, Tool};
use crate::storescp::Typed;

/// The longest time-out, in seconds: 68 years, what a 32-bit integer holds.
const SECONDS_MAX: i64 = i32::MAX as i64;

const FILE_NAME: Argument = Argument {
    name: "filename",
    kind: Kind::Path,
};
const DIRECTORY: Argument = Argument {
    name: "directory",
    kind: Kind::Path,
};

const fn text(name: &'static str) -> Argument {
    Argument {
        name,
        kind: Kind::Text,
    }
}

/// Seconds from `min` upwards.
const fn seconds(min: i64) -> Argument {
    Argument {
        name: "seconds",
        kind: Kind::Signed {
            min,
            max: SECONDS_MAX,
        },
    }
}

const fn unsigned(name: &'static str, min: i64, max: i64) -> Argument {
    Argument {
        name,
        kind: Kind::Unsigned { min, max },
    }
}

/// A number of the engine as the end of a range.
#[expect(clippy::cast_possible_wrap, reason = "checked in the line before")]
const fn bound(number: usize) -> i64 {
    assert!(number <= isize::MAX as usize, "a bound fits");
    number as i64
}

/// The tool and its table.
pub(crate) static TOOL: Tool<Typed> = Tool {
    name: "storescp",
    title: "DICOM storage (C-STORE) SCP",
    description: "storescp waits for DICOM associations on a TCP port, receives the objects that \
        peers send with C-STORE, and answers C-ECHO. Every data set is written exactly as it \
        arrived, behind a file meta header, and Success is sent only when the object is on stable \
        storage (see --durability). The command line is that of DCMTK's storescp; options of it \
        that do not work here are refused, never ignored.",
    usage: "[options] [port]",
    parameters: &[("port", "tcp/ip port number to listen on, 1 to 65535")],
    sections: &[
        &general::GENERAL,
        &network::PROCESSES,
        &network::NETWORK,
        &negotiation::PROFILE,
        &negotiation::PREFERENCE,
        &network::ACCESS,
        &network::TESTING,
        &tls::STACK,
        &tls::KEYS,
        &tls::TRUST,
        &tls::PROFILES,
        &tls::OTHER,
        &output::GENERAL,
        &output::FORMAT,
        &output::ENCODING,
        &output::SORTING,
        &output::NAMES,
        &storage::STORAGE,
        &events::EVENTS,
    ],
};

#[cfg(test)]
mod tests;
