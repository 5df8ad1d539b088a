//! Whether every object that was acknowledged is on disk, byte for byte.

use std::collections::HashSet;
use std::fs;
use std::io;
use std::path::Path;

use pdvault_benches::object::{DataSet, INSTANCE_UID_BYTES};

/// The longest preamble and file meta information that is believed, in bytes (PS3.10 7.1).
const FILE_META_BYTES_MAX: usize = 4096;

/// Compares the files of a directory with what was sent; returns how many there are.
pub(crate) fn check(directory: &Path, sent: &DataSet, objects: usize) -> io::Result<usize> {
    let mut instances = HashSet::new();
    for entry in fs::read_dir(directory)? {
        let path = entry?.path();
        let file = fs::read(&path)?;
        let instance = instance_in(&file, sent).ok_or_else(|| differs(&path))?;
        instances.insert(instance);
    }
    if instances.len() == objects {
        Ok(objects)
    } else {
        Err(io::Error::other(format!(
            "{} of {objects} objects are in {}",
            instances.len(),
            directory.display()
        )))
    }
}

/// The instance UID of a file that is otherwise what was sent.
fn instance_in(file: &[u8], sent: &DataSet) -> Option<[u8; INSTANCE_UID_BYTES]> {
    let meta_len = file.len().checked_sub(sent.bytes.len())?;
    let data_set = &file[meta_len..];
    let uid = sent.instance_uid.clone();
    let is_same = meta_len <= FILE_META_BYTES_MAX
        && data_set[..uid.start] == sent.bytes[..uid.start]
        && data_set[uid.end..] == sent.bytes[uid.end..];
    let instance = data_set[uid].try_into().ok()?;
    is_same.then_some(instance)
}

fn differs(path: &Path) -> io::Error {
    io::Error::other(format!("{} is not what was sent", path.display()))
}
