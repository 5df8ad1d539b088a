//! The limit on open files, and how many associations it allows.

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// What an association holds open: its connection and a part file.
const PER_ASSOCIATION: u64 = 2;

/// Connections beyond the associations, which are heard out only to be turned away.
const TURNED_AWAY: u64 = 256;

/// Everything else: standard streams, event loops, landing memory, directories, with room to spare.
const OWN: u64 = 64;

/// Raises the limit on open files as far as it goes. Returns how many associations may be open: as
/// many as are asked for, or fewer, and then warns.
pub(super) fn allow(associations: usize) -> usize {
    let Some(files) = raise() else {
        return associations;
    };
    let allowed = allowed(files);
    if associations <= allowed {
        return associations;
    }
    let plural = if allowed == 1 { "" } else { "s" };
    tracing::warn!(
        "{files} open files allow about {allowed} association{plural}, not {associations}; raise \
         the limit (ulimit -n, LimitNOFILE=)"
    );
    allowed
}

/// How many associations so many open files allow; one is tried in any case.
fn allowed(files: u64) -> usize {
    let associations = files.saturating_sub(TURNED_AWAY + OWN) / PER_ASSOCIATION;
    usize::try_from(associations).unwrap_or(usize::MAX).max(1)
}

/// Lifts the soft limit to the hard one and returns what then holds; `None` is no limit. Where that
/// fails, the old limit stays.
fn raise() -> Option<u64> {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    match setrlimit(Resource::Nofile, raised) {
        Ok(()) => limit.maximum,
        Err(error) => {
            let current = limit.current;
            tracing::debug!("the limit on open files stays at {current:?}: {error}");
            current
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn two_files_an_association_are_left_after_all_others() {
        assert_eq!(allowed(2320), 1000);
        assert_eq!(allowed(1024), 352);
        assert_eq!(allowed(u64::MAX), usize::MAX / 2 - 160);
    }

    #[test]
    fn one_association_is_allowed_whatever_the_limit() {
        for files in [0, 100, 320, 322] {
            assert_eq!(allowed(files), 1, "{files}");
        }
        assert_eq!(allowed(324), 2);
    }
}
