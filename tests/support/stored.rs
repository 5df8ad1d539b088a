//! What lies in an output directory: files under final names, read by a parser of our own, and
//! files that are still hidden.

use std::collections::BTreeMap;
use std::fs::{self, File};
use std::io::{self, Read, Seek, SeekFrom};
use std::path::{Path, PathBuf};
use std::time::Duration;

use crate::disk::eventually;
use crate::object::Object;
use crate::wire;

/// How long an unfinished file may outlive the association that sent it.
const CLEAN_UP_LIMIT: Duration = Duration::from_secs(30);

/// Bytes of preamble and prefix (PS3.10 7.1).
const PREFIX_BYTES: usize = 132;

/// File meta information is small; this bounds what a test reads for it.
const META_BYTES_MAX: u64 = 64 << 10;

/// The file meta information of a stored file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Meta {
    /// Values by element number of group 0002, padding removed.
    values: BTreeMap<u16, String>,
    /// Where the data set begins.
    pub data_offset: u64,
}

impl Meta {
    /// Reads it from the start of a file; `None` when that is no DICOM file.
    pub fn parse(bytes: &[u8]) -> Option<Self> {
        if bytes.get(128..PREFIX_BYTES)? != b"DICM" {
            return None;
        }
        let mut values = BTreeMap::new();
        let mut offset = PREFIX_BYTES;
        while bytes.get(offset..offset + 2) == Some(&[2, 0]) {
            let header: [u8; 8] = bytes.get(offset..offset + 8)?.try_into().ok()?;
            let number = u16::from_le_bytes([header[2], header[3]]);
            let long = matches!(&header[4..6], b"OB" | b"UN");
            let (start, length) = if long {
                let length: [u8; 4] = bytes.get(offset + 8..offset + 12)?.try_into().ok()?;
                (offset + 12, u32::from_le_bytes(length) as usize)
            } else {
                (
                    offset + 8,
                    usize::from(u16::from_le_bytes([header[6], header[7]])),
                )
            };
            let value = bytes.get(start..start.checked_add(length)?)?;
            values.insert(number, wire::text(value));
            offset = start + length;
        }
        Some(Self {
            values,
            data_offset: offset as u64,
        })
    }

    /// Reads it from a file.
    pub fn read(path: &Path) -> io::Result<Option<Self>> {
        let mut bytes = Vec::new();
        File::open(path)?
            .take(META_BYTES_MAX)
            .read_to_end(&mut bytes)?;
        Ok(Self::parse(&bytes))
    }

    /// Media Storage SOP Class UID.
    pub fn class(&self) -> &str {
        self.value(0x0002)
    }

    /// Media Storage SOP Instance UID.
    pub fn instance(&self) -> &str {
        self.value(0x0003)
    }

    /// Transfer Syntax UID.
    pub fn syntax(&self) -> &str {
        self.value(0x0010)
    }

    /// Source Application Entity Title.
    pub fn source(&self) -> &str {
        self.value(0x0016)
    }

    fn value(&self, number: u16) -> &str {
        self.values.get(&number).map_or("", String::as_str)
    }
}

/// A file under a final name.
#[derive(Clone, Debug)]
pub struct StoredFile {
    /// Its path.
    pub path: PathBuf,
    /// Its file meta information.
    pub meta: Meta,
}

impl StoredFile {
    /// Opens a file that must be a whole DICOM file.
    pub fn open(path: &Path) -> Self {
        let meta = Meta::read(path).expect("a stored file can be read");
        let meta = meta.unwrap_or_else(|| panic!("{} is no DICOM file", path.display()));
        Self {
            path: path.to_owned(),
            meta,
        }
    }

    /// Its name.
    pub fn name(&self) -> String {
        name_of(&self.path)
    }

    /// The data set, byte for byte.
    pub fn data(&self) -> Vec<u8> {
        let mut bytes = Vec::new();
        self.data_reader()
            .read_to_end(&mut bytes)
            .expect("a stored file can be read");
        bytes
    }

    /// A reader that stands at the first byte of the data set.
    pub fn data_reader(&self) -> File {
        let mut file = File::open(&self.path).expect("a stored file can be opened");
        file.seek(SeekFrom::Start(self.meta.data_offset))
            .expect("a file can seek");
        file
    }

    /// Bytes of the data set.
    pub fn data_bytes(&self) -> u64 {
        fs::metadata(&self.path)
            .expect("a stored file exists")
            .len()
            - self.meta.data_offset
    }

    /// Whether this file holds exactly that object, sent by that application.
    pub fn holds(&self, object: &Object) -> bool {
        self.meta.class() == object.class
            && self.meta.instance() == object.instance
            && self.meta.syntax() == object.syntax
            && self.data() == object.data
    }
}

/// All files under final names, sorted by name.
pub fn files(directory: &Path) -> Vec<StoredFile> {
    names(directory)
        .iter()
        .filter(|name| !is_hidden(name))
        .map(|name| StoredFile::open(&directory.join(name)))
        .collect()
}

/// Names of the files under final names, sorted.
pub fn final_names(directory: &Path) -> Vec<String> {
    names(directory)
        .into_iter()
        .filter(|name| !is_hidden(name))
        .collect()
}

/// Names of hidden files, sorted.
pub fn hidden_names(directory: &Path) -> Vec<String> {
    names(directory)
        .into_iter()
        .filter(|name| is_hidden(name))
        .collect()
}

/// Asserts that exactly these objects lie in the directory, whole, and nothing else, hidden or not.
/// What an ended association left unfinished may take a moment to go.
pub fn assert_holds_exactly(directory: &Path, objects: &[&Object]) {
    assert_no_leftovers(directory);
    let files = files(directory);
    let names: Vec<_> = files.iter().map(StoredFile::name).collect();
    assert_eq!(files.len(), objects.len(), "files on disk: {names:?}");
    for object in objects {
        let stored = files.iter().any(|file| file.holds(object));
        assert!(
            stored,
            "{} is not stored as sent; files on disk: {names:?}",
            object.instance
        );
    }
}

/// Asserts that no hidden file stays behind.
pub fn assert_no_leftovers(directory: &Path) {
    let gone = eventually(CLEAN_UP_LIMIT, || hidden_names(directory).is_empty());
    assert!(gone, "left behind: {:?}", hidden_names(directory));
}

fn names(directory: &Path) -> Vec<String> {
    let entries = match fs::read_dir(directory) {
        Ok(entries) => entries,
        Err(error) => panic!("{}: {error}", directory.display()),
    };
    let mut names: Vec<_> = entries
        .map(|entry| name_of(&entry.expect("a directory entry").path()))
        .collect();
    names.sort();
    names
}

fn name_of(path: &Path) -> String {
    path.file_name()
        .expect("a file has a name")
        .to_string_lossy()
        .into_owned()
}

fn is_hidden(name: &str) -> bool {
    name.starts_with('.')
}
