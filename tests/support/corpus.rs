//! The corpus: pydicom's own test files, as its package carries them.

use std::fs;
use std::path::{Path, PathBuf};

use crate::stored::Meta;
use crate::tools;

/// A DICOM file to send.
#[derive(Clone, Debug)]
pub struct CorpusFile {
    /// Its path below pydicom's `data` folder: its name in tables and messages.
    pub name: String,
    /// Its path.
    pub path: PathBuf,
    /// Its file meta information.
    pub meta: Meta,
}

impl CorpusFile {
    /// The data set as it stands in the file.
    pub fn data(&self) -> Vec<u8> {
        let bytes = fs::read(&self.path).expect("a corpus file can be read");
        let offset = usize::try_from(self.meta.data_offset).expect("an offset in memory");
        bytes[offset..].to_vec()
    }
}

/// All files of `test_files` and `charset_files`, DICOM or not, sorted by path.
pub fn pydicom_paths() -> Vec<PathBuf> {
    let root = tools::pydicom_data();
    let mut paths = Vec::new();
    for folder in ["test_files", "charset_files"] {
        walk(&root.join(folder), &mut paths);
    }
    paths.sort();
    paths
}

/// All files with the DICM prefix in `test_files` and `charset_files`, sorted by name.
pub fn pydicom_files() -> Vec<CorpusFile> {
    let root = tools::pydicom_data();
    let paths = pydicom_paths();
    let mut files: Vec<_> = paths.iter().filter_map(|path| open(root, path)).collect();
    files.sort_by(|a, b| a.name.cmp(&b.name));
    files
}

fn open(root: &Path, path: &Path) -> Option<CorpusFile> {
    let meta = Meta::read(path).expect("a corpus file can be read")?;
    let name = path
        .strip_prefix(root)
        .expect("the walk started at the root");
    Some(CorpusFile {
        name: name.to_string_lossy().into_owned(),
        path: path.to_owned(),
        meta,
    })
}

fn walk(folder: &Path, out: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).expect("pydicom carries its test files") {
        let path = entry.expect("a directory entry").path();
        if path.is_dir() {
            walk(&path, out);
        } else {
            out.push(path);
        }
    }
}
