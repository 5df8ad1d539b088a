//! The files that the command lines name: the same ones, fresh for every run.

use std::fs;
use std::path::Path;

use pdvault_tests::object::{Object, file_head};
use pdvault_tests::{tools, wire};

/// Files of pydicom, and their names here.
const BORROWED: [(&str, &str); 9] = [
    ("MR_small.dcm", "mr.dcm"),
    ("MR_small_implicit.dcm", "implicit.dcm"),
    ("MR_small_bigendian.dcm", "bigendian.dcm"),
    ("image_dfl.dcm", "deflated.dcm"),
    ("SC_rgb_jpeg_dcmtk.dcm", "jpeg.dcm"),
    ("MR_small_RLE.dcm", "rle.dcm"),
    ("MR_small_jp2klossless.dcm", "j2k.dcm"),
    ("reportsi.dcm", "report.dcm"),
    ("rtplan.dcm", "plan.dcm"),
];

/// A file of association profiles.
const PROFILES: &str = r"
[[TransferSyntaxes]]
[Native]
TransferSyntax1 = LocalEndianExplicit
TransferSyntax2 = LittleEndianImplicit
[Coded]
TransferSyntax1 = JPEGBaseline

[[PresentationContexts]]
[Images]
PresentationContext1 = CTImageStorage\Native
PresentationContext2 = SecondaryCaptureImageStorage\Coded
[CodedImages]
PresentationContext1 = CTImageStorage\Coded

[[Profiles]]
[Default]
PresentationContexts = Images
[Jpeg]
PresentationContexts = CodedImages
";

/// Bytes of a data set made here.
const OBJECT_BYTES: usize = 1500;

/// A storage class that nobody knows.
const PRIVATE_CLASS: &str = "2.25.4711";

/// Fills a directory.
pub(crate) fn make(home: &Path) {
    for (theirs, ours) in BORROWED {
        let from = tools::pydicom_data().join("test_files").join(theirs);
        fs::copy(from, home.join(ours)).expect("pydicom carries its test files");
    }
    for number in 1..=9 {
        write(home, &format!("ct{number}.dcm"), &ct(number).file());
    }
    make_bad(home);
    make_tree(home);
    write(home, "words.txt", b"ct1.dcm\t\"ct2.dcm\"\n 'ct3.dcm'");
    write(home, "token.txt", b"a token\n");
    write(home, "profile.cfg", PROFILES.as_bytes());
}

fn ct(number: usize) -> Object {
    Object::ct(&format!("2.25.10{number}"), OBJECT_BYTES)
}

fn write(home: &Path, name: &str, bytes: &[u8]) {
    fs::write(home.join(name), bytes).expect("a file in target/tmp");
}

/// Files with which something is wrong.
fn make_bad(home: &Path) {
    let object = ct(1);
    let file = object.file();
    write(
        home,
        "text.txt",
        b"This is no DICOM file, whatever its name says.\n",
    );
    write(home, "empty.dcm", b"");
    write(home, "truncated.dcm", &file[..file.len() - 300]);
    write(home, "head.dcm", &file[..100]);
    // The first two elements of the data set are its SOP class and instance.
    let class_bytes = 8 + wire::ui(object.class.as_bytes()).len();
    let instance_bytes = 8 + wire::ui(object.instance.as_bytes()).len();
    let mut nameless = file_head("", "", wire::EXPLICIT);
    nameless.extend(&object.data[class_bytes + instance_bytes..]);
    write(home, "nameless.dcm", &nameless);
    let mut half_named = file_head(&object.class, &object.instance, wire::EXPLICIT);
    half_named.extend(&object.data[class_bytes + instance_bytes..]);
    write(home, "halfnamed.dcm", &half_named);
    write(home, "bare.dcm", &object.data);
    let mut private = file_head(PRIVATE_CLASS, "2.25.110", wire::EXPLICIT);
    private.extend(private_data());
    write(home, "private.dcm", &private);
}

fn private_data() -> Vec<u8> {
    let mut out = Vec::new();
    for (number, uid) in [(0x16, PRIVATE_CLASS), (0x18, "2.25.110")] {
        let value = wire::ui(uid.as_bytes());
        out.extend([8, 0, number, 0]);
        out.extend(b"UI");
        out.extend(wire::us(u16::try_from(value.len()).expect("short")));
        out.extend(value);
    }
    out
}

/// A directory with files and another directory.
fn make_tree(home: &Path) {
    fs::create_dir_all(home.join("tree/sub")).expect("directories");
    fs::create_dir(home.join("bare")).expect("a directory");
    write(home, "tree/a.dcm", &ct(21).file());
    write(home, "tree/b.img", &ct(22).file());
    write(home, "tree/sub/c.dcm", &ct(23).file());
    fs::create_dir(home.join("mixed")).expect("a directory");
    write(home, "mixed/a.dcm", &ct(24).file());
    write(home, "mixed/note.txt", b"no DICOM file\n");
}
