//! Why an output directory can't be made, in words that say what to change.

use std::fs;
use std::path::Path;

use rustix::fs::{Access, access};
use rustix::io::Errno;

const ANOTHER: &str = "choose another with --output-directory";

/// Looks for what stands in the way of this directory, an absolute path, after it could not be made.
/// `None` when nothing can be seen.
pub(super) fn why_missing(path: &Path) -> Option<String> {
    let nearest = path
        .ancestors()
        .find(|path| fs::symlink_metadata(path).is_ok())?;
    if nearest.is_dir() {
        return refused(path, nearest);
    }
    let shown = if nearest == path {
        path.display().to_string()
    } else {
        format!("cannot create {}: {}", path.display(), nearest.display())
    };
    if fs::metadata(nearest).is_ok() {
        return Some(format!("{shown} is not a directory; {ANOTHER}"));
    }
    let target = fs::read_link(nearest).ok()?;
    Some(format!(
        "{shown} is a link to {}, which does not exist; create that or {ANOTHER}",
        target.display()
    ))
}

/// Why nothing can be made in the nearest directory there is.
fn refused(path: &Path, nearest: &Path) -> Option<String> {
    let errno = access(nearest, Access::WRITE_OK | Access::EXEC_OK).err()?;
    refusal(path, nearest, errno)
}

fn refusal(path: &Path, nearest: &Path, errno: Errno) -> Option<String> {
    let (why, change) = match errno {
        Errno::ACCESS | Errno::PERM => ("no permission in", "change its permissions"),
        Errno::ROFS => ("read-only file system at", "mount it for writing"),
        _ => return None,
    };
    Some(format!(
        "cannot create {}: {why} {}; {change} or {ANOTHER}",
        path.display(),
        nearest.display()
    ))
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn a_file_in_the_way_is_named() {
        let directory = tempfile::tempdir().expect("a directory");
        let file = directory.path().join("file");
        fs::write(&file, "").expect("written");
        let expected = format!(
            "{} is not a directory; choose another with --output-directory",
            file.display()
        );
        assert_eq!(why_missing(&file).as_ref(), Some(&expected));
        let below = file.join("below/it");
        let expected = format!("cannot create {}: {expected}", below.display());
        assert_eq!(why_missing(&below), Some(expected));
    }

    #[test]
    fn a_link_to_nowhere_is_named() {
        let directory = tempfile::tempdir().expect("a directory");
        let link = directory.path().join("link");
        symlink("/no/such", &link).expect("linked");
        let why = why_missing(&link).expect("a reason");
        let expected = format!(
            "{} is a link to /no/such, which does not exist; ",
            link.display()
        );
        assert!(why.starts_with(&expected), "{why}");
    }

    #[test]
    fn a_directory_in_which_nothing_can_be_made_is_named() {
        let text = |errno| refusal(Path::new("/data/out"), Path::new("/data"), errno);
        assert_eq!(
            text(Errno::ACCESS).as_deref(),
            Some(
                "cannot create /data/out: no permission in /data; change its permissions or choose \
                 another with --output-directory"
            )
        );
        let read_only = text(Errno::ROFS).expect("a reason");
        assert!(read_only.contains("read-only file system at /data; mount it"));
    }

    #[test]
    fn where_nothing_is_in_the_way_nothing_is_said() {
        let directory = tempfile::tempdir().expect("a directory");
        assert_eq!(why_missing(&directory.path().join("fine")), None);
    }
}
