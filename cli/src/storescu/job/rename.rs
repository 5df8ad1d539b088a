//! `--rename`: a file's name tells what became of it.

use std::ffi::OsString;
use std::fs;
use std::path::{Path, PathBuf};

/// What the name of a file ends with once the peer has it.
const DONE: &str = ".done";

/// What it ends with when the peer does not.
const BAD: &str = ".bad";

/// Renames a file that was dealt with; a failure is only worth a warning.
pub(super) fn rename(path: &Path, is_acknowledged: bool) {
    let new = with_suffix(path, if is_acknowledged { DONE } else { BAD });
    let (old, shown) = (path.display(), new.display());
    match fs::rename(path, &new) {
        Ok(()) => tracing::debug!("renamed file '{old}' to '{shown}'"),
        Err(error) => tracing::warn!("cannot rename file '{old}' to '{shown}': {error}"),
    }
}

/// The name that a file has once the peer has it.
pub(super) fn after_done(path: &Path) -> PathBuf {
    with_suffix(path, DONE)
}

/// The name that a file had before it was renamed for having been sent.
pub(super) fn before_done(path: &Path) -> Option<PathBuf> {
    use std::os::unix::ffi::{OsStrExt as _, OsStringExt as _};
    let bytes = path.as_os_str().as_bytes().strip_suffix(DONE.as_bytes())?;
    Some(OsString::from_vec(bytes.to_vec()).into())
}

fn with_suffix(path: &Path, suffix: &str) -> PathBuf {
    let mut name = path.as_os_str().to_owned();
    name.push(suffix);
    name.into()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_name_tells_what_became_of_a_file() {
        let directory = tempfile::tempdir().expect("a directory");
        let path = |name: &str| directory.path().join(name);
        for name in ["a", "b.dcm"] {
            fs::write(path(name), name).expect("written");
        }
        rename(&path("a"), true);
        rename(&path("b.dcm"), false);
        rename(&path("nothing"), true);
        assert!(path("a.done").exists() && path("b.dcm.bad").exists());
        assert_eq!(before_done(&path("a.done")), Some(path("a")));
        assert_eq!(before_done(&path("b.dcm.bad")), None);
    }
}
