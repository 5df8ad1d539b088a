//! Equality of data sets, by pydicom where their bytes differ: DCMTK writes every data set anew.

use std::fs;
use std::path::Path;

use pdvault_tests::object::file_head;
use pdvault_tests::scp::Stored;
use pdvault_tests::{pairs, scratch};

/// In what the data sets of two senders differ.
pub(crate) fn differences(dcmtk: &[Stored], ours: &[Stored]) -> Vec<String> {
    let home = scratch::directory();
    let mut table = Vec::new();
    for (number, (theirs, ours)) in dcmtk.iter().zip(ours).enumerate() {
        if theirs.data != ours.data {
            let path = |name| home.path().join(format!("{number}.{name}"));
            write(&path("dcmtk"), theirs);
            write(&path("ours"), ours);
            table.push((path("dcmtk"), path("ours")));
        }
    }
    pairs::differences(&table)
}

fn write(path: &Path, stored: &Stored) {
    let mut bytes = file_head(&stored.class, &stored.instance, &stored.syntax);
    bytes.extend(&stored.data);
    fs::write(path, bytes).expect("a file in target/tmp");
}
