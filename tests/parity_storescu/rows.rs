//! The command lines.

use pdvault_tests::scp::{OnRelease, OnRequest, Reply, Script};
use pdvault_tests::wire::{BIG_ENDIAN, CT, DEFLATED, EXPLICIT, IMPLICIT};

/// Who is called.
pub(crate) enum Peer {
    /// The scripted receiver.
    Scripted(Box<Script>),
    /// Nobody listens.
    Absent,
}

/// A command line, and what DCMTK does with it.
pub(crate) struct Row {
    /// What is to be seen, in a few words; no two rows share them.
    pub(crate) name: &'static str,
    /// Arguments; `PEER` stands for host and port.
    pub(crate) words: &'static str,
    /// Who is called.
    pub(crate) peer: Peer,
    /// The exit code.
    pub(crate) exit: i32,
    /// Objects that reached the receiver whole.
    pub(crate) objects: usize,
    /// In what ours may differ from DCMTK.
    pub(crate) differs: &'static [Difference],
}

/// In what two runs may differ.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Difference {
    /// Values that are invented anew in each run.
    InventedValues,
    /// DCMTK's exit code varies: it is made of a status that nobody set. The table has ours.
    ExitCode,
    /// DCMTK hangs up without a word where ours aborts, as PS3.8 has it.
    Farewell,
    /// Log lines that begin so.
    Lines(&'static str),
    /// Everything but the exit code and the number of objects.
    Details,
}

fn row(name: &'static str, words: &'static str, exit: i32, objects: usize) -> Row {
    Row {
        name,
        words,
        peer: Peer::Scripted(Box::default()),
        exit,
        objects,
        differs: &[],
    }
}

impl Row {
    /// The same with another receiver.
    fn to(mut self, change: impl FnOnce(&mut Script)) -> Self {
        if let Peer::Scripted(script) = &mut self.peer {
            change(script);
        }
        self
    }

    fn unheard(mut self) -> Self {
        self.peer = Peer::Absent;
        self
    }

    fn replies(self, replies: &[Reply]) -> Self {
        self.to(|script| script.replies = replies.to_vec())
    }

    fn syntaxes(self, syntaxes: &[&str]) -> Self {
        self.to(|script| script.syntaxes = syntaxes.iter().map(ToString::to_string).collect())
    }

    fn differs(mut self, differences: &'static [Difference]) -> Self {
        self.differs = differences;
        self
    }
}

/// For the rows whose values are invented.
const INVENTED: &[Difference] = &[Difference::InventedValues];

/// DCMTK tells of a request before it finds that it cannot convert the data set.
const NEVER_SENT: &[Difference] = &[Difference::Lines("Sending Store Request")];

/// DCMTK gives no reason when it gives up because of the user identity.
const UNIDENTIFIED: &[Difference] = &[
    Difference::Farewell,
    Difference::Lines("Association Request Failed"),
];

/// What DCMTK does here depends on its version.
const VERSIONS: &[Difference] = &[Difference::Details];

/// DCMTK goes on in an association on which a response is still due; ours opens another one.
const ANOTHER_ASSOCIATION: &[Difference] = &[Difference::Details];

/// DCMTK goes on telling of files when the association is gone, and does not say that it is.
const GONE: &[Difference] = &[
    Difference::Lines("Sending file"),
    Difference::Lines("Sending Store Request"),
    Difference::Lines("Peer Aborted Association"),
];

/// The native transfer syntaxes.
const NATIVE: &[&str] = &[EXPLICIT, BIG_ENDIAN, IMPLICIT];

/// The whole table.
pub(crate) fn rows() -> Vec<Row> {
    let mut rows = inputs();
    rows.extend(proposals());
    rows.extend(preferences());
    rows.extend(videos());
    rows.extend(conversions());
    rows.extend(bad_files());
    rows.extend(statuses());
    rows.extend(peers());
    rows.extend(ways_to_send());
    rows.extend(profiles());
    rows.extend(identities());
    rows.extend(sizes_and_times());
    rows
}

fn inputs() -> Vec<Row> {
    vec![
        row("one file", "-v PEER ct1.dcm", 0, 1),
        row("three files", "-v PEER ct1.dcm mr.dcm report.dcm", 0, 3),
        row("silent by default", "PEER ct1.dcm", 0, 1),
        row("quiet", "-q PEER text.txt", 1, 0),
        row("parameters missing", "-v PEER", 1, 0),
        row("only the host", "-v 127.0.0.1", 1, 0),
        row("an empty directory", "-v +sd PEER bare", 1, 0),
        row("a missing file", "-v PEER nothere.dcm ct1.dcm", 1, 0),
        row(
            "a missing file, no halt",
            "-v -nh PEER nothere.dcm ct1.dcm",
            0,
            1,
        ),
        row(
            "only a missing file, no halt",
            "-v -nh PEER nothere.dcm",
            0,
            0,
        ),
        row("a directory unasked", "-v PEER tree ct1.dcm", 0, 1),
        row("only a directory unasked", "-v PEER tree", 1, 0),
        row("a directory", "-v +sd +sp *.dcm PEER tree", 0, 1),
        row("a directory, all names", "-v -R +sd PEER tree", 0, 2),
        row("a directory tree", "-v +sd +sp *.dcm +r PEER tree", 0, 2),
        row(
            "a pattern spares parameters",
            "-v +sd +sp *.dcm PEER tree/b.img",
            0,
            1,
        ),
        row(
            "a pattern that nothing matches",
            "-v +sd +sp *.xyz PEER tree",
            1,
            0,
        ),
        row("a directory with a text in it", "-v +sd PEER mixed", 1, 1),
        row(
            "a directory with a text in it, no halt",
            "-v -nh +sd PEER mixed",
            0,
            1,
        ),
        row(
            "a pattern without scanning",
            "-v +sp *.dcm PEER ct1.dcm",
            1,
            0,
        ),
        row("words from a file", "-v PEER @words.txt", 0, 3),
        row("words from no file", "-v PEER @nothere.txt", 1, 0),
        row("a file twice", "-v PEER ct1.dcm ct1.dcm", 0, 2),
    ]
}

fn proposals() -> Vec<Row> {
    vec![
        row(
            "required classes",
            "-v -R PEER ct1.dcm mr.dcm ct2.dcm",
            0,
            3,
        ),
        row(
            "required, one of many",
            "-v -R PEER report.dcm plan.dcm implicit.dcm",
            0,
            3,
        ),
        row(
            "required, unknown class",
            "-v -R PEER private.dcm ct1.dcm",
            1,
            0,
        ),
        row(
            "required, unknown class, no halt",
            "-v -R -nh PEER private.dcm ct1.dcm",
            0,
            1,
        ),
        row("required, a text", "-v -R PEER text.txt ct1.dcm", 1, 0),
        row(
            "required, a text, no halt",
            "-v -R -nh PEER text.txt ct1.dcm",
            0,
            1,
        ),
        row("required, no UIDs", "-v -R PEER nameless.dcm", 1, 0),
        row(
            "required, UIDs in the meta header only",
            "-v -R PEER halfnamed.dcm",
            1,
            0,
        )
        .differs(VERSIONS),
        row("combined", "-v +C PEER ct1.dcm", 0, 1),
        row(
            "combined and required",
            "-v +C -R PEER ct1.dcm mr.dcm",
            0,
            2,
        ),
        row(
            "combined, big endian first",
            "-v +C -R -xb PEER ct1.dcm",
            0,
            1,
        ),
        row(
            "combined, JPEG first",
            "-v +C -R -xy PEER ct1.dcm jpeg.dcm",
            1,
            0,
        )
        .differs(NEVER_SENT),
        row("contexts shown", "-v +v -R PEER ct1.dcm", 0, 1),
        row("implicit only", "-v -xi PEER ct1.dcm", 0, 1),
        row("two proposals", "-v -xb -xi -R PEER ct1.dcm", 0, 1),
    ]
}

fn preferences() -> Vec<Row> {
    [
        ("proposes any uncompressed", "-v -x= -R PEER ct1.dcm", 0, 1),
        ("proposes little endian", "-v -xe -R PEER ct1.dcm", 0, 1),
        ("proposes big endian", "-v -xb -R PEER ct1.dcm", 0, 1),
        ("proposes JPEG lossless", "-v -xs -R PEER ct1.dcm", 0, 1),
        (
            "proposes JPEG baseline",
            "-v -xy -R PEER jpeg.dcm ct1.dcm",
            0,
            2,
        ),
        ("proposes JPEG extended", "-v -xx -R PEER ct1.dcm", 0, 1),
        (
            "proposes JPEG 2000 lossless",
            "-v -xv -R PEER j2k.dcm ct1.dcm",
            0,
            2,
        ),
        ("proposes JPEG 2000", "-v -xw -R PEER ct1.dcm", 0, 1),
        ("proposes JPEG-LS lossless", "-v -xt -R PEER ct1.dcm", 0, 1),
        ("proposes JPEG-LS", "-v -xu -R PEER ct1.dcm", 0, 1),
        ("proposes RLE", "-v -xr -R PEER rle.dcm ct1.dcm", 0, 2),
        (
            "proposes deflated",
            "-v -xd -R PEER ct1.dcm deflated.dcm",
            0,
            2,
        ),
    ]
    .map(|(name, words, exit, objects)| row(name, words, exit, objects))
    .into()
}

fn videos() -> Vec<Row> {
    [
        ("proposes MPEG2", "-v -xm -R PEER ct1.dcm"),
        ("proposes MPEG2 high", "-v -xh -R PEER ct1.dcm"),
        ("proposes MPEG4", "-v -xn -R PEER ct1.dcm"),
        ("proposes MPEG4 for discs", "-v -xl -R PEER ct1.dcm"),
        ("proposes MPEG4 4.2 2D", "-v -x2 -R PEER ct1.dcm"),
        ("proposes MPEG4 4.2 3D", "-v -x3 -R PEER ct1.dcm"),
        ("proposes MPEG4 4.2 stereo", "-v -xo -R PEER ct1.dcm"),
        ("proposes HEVC", "-v -x4 -R PEER ct1.dcm"),
        ("proposes HEVC 10", "-v -x5 -R PEER ct1.dcm"),
    ]
    .map(|(name, words)| row(name, words, 1, 0).differs(NEVER_SENT))
    .into()
}

fn conversions() -> Vec<Row> {
    vec![
        row("explicit to implicit", "-v PEER ct1.dcm mr.dcm", 0, 2).syntaxes(&[IMPLICIT]),
        row(
            "implicit to explicit",
            "-v PEER implicit.dcm plan.dcm",
            0,
            2,
        )
        .syntaxes(&[EXPLICIT]),
        row("explicit to big endian", "-v PEER mr.dcm report.dcm", 0, 2).syntaxes(&[BIG_ENDIAN]),
        row("implicit to big endian", "-v PEER implicit.dcm", 0, 1).syntaxes(&[BIG_ENDIAN]),
        row("big endian to explicit", "-v PEER bigendian.dcm", 0, 1).syntaxes(&[EXPLICIT]),
        row("big endian to implicit", "-v PEER bigendian.dcm", 0, 1).syntaxes(&[IMPLICIT]),
        row("deflated to explicit", "-v PEER deflated.dcm", 0, 1).syntaxes(&[EXPLICIT]),
        row("deflated to implicit", "-v PEER deflated.dcm", 0, 1).syntaxes(&[IMPLICIT]),
        row(
            "explicit to deflated",
            "-v -xd -R PEER ct1.dcm mr.dcm",
            0,
            2,
        )
        .syntaxes(&[DEFLATED]),
        row("implicit to deflated", "-v -xd -R PEER implicit.dcm", 0, 1).syntaxes(&[DEFLATED]),
        row(
            "big endian to deflated",
            "-v -xd -R +cl 1 PEER bigendian.dcm",
            0,
            1,
        )
        .syntaxes(&[DEFLATED]),
        row(
            "deflated refused",
            "-v -xd -R PEER ct1.dcm deflated.dcm",
            0,
            2,
        )
        .syntaxes(NATIVE),
        row(
            "all kept",
            "-v -xb -R PEER ct1.dcm bigendian.dcm implicit.dcm",
            0,
            3,
        ),
        row("compressed to native", "-v PEER jpeg.dcm ct1.dcm", 1, 0)
            .differs(NEVER_SENT)
            .syntaxes(NATIVE),
        row(
            "compressed to native, no halt",
            "-v -nh PEER jpeg.dcm ct1.dcm",
            0,
            1,
        )
        .differs(NEVER_SENT)
        .syntaxes(NATIVE),
        row(
            "compressed, refused as such",
            "-v -xy -R PEER jpeg.dcm",
            1,
            0,
        )
        .differs(NEVER_SENT)
        .syntaxes(NATIVE),
        row("other compression", "-v -xr -R PEER j2k.dcm", 1, 0).differs(NEVER_SENT),
        row("new representations off", "-v -u PEER ct1.dcm", 0, 1),
        row("bare data set", "-v PEER bare.dcm", 0, 1),
        row("bare data set, insisted on", "-v -f PEER bare.dcm", 0, 1),
        row(
            "bare data set, meta header insisted on",
            "-v +fo PEER bare.dcm",
            1,
            0,
        ),
        row("file taken for a bare data set", "-v -f PEER ct1.dcm", 1, 0),
    ]
}

fn bad_files() -> Vec<Row> {
    vec![
        row("a text", "-v PEER text.txt ct1.dcm", 1, 0),
        row(
            "a text behind a file",
            "-v PEER ct1.dcm text.txt ct2.dcm",
            1,
            1,
        ),
        row("a text, no halt", "-v -nh PEER text.txt ct1.dcm", 0, 1),
        row("an empty file", "-v PEER empty.dcm", 1, 0),
        row("a truncated file", "-v PEER truncated.dcm ct2.dcm", 1, 0),
        row(
            "a truncated file, no halt",
            "-v -nh PEER truncated.dcm ct2.dcm",
            0,
            1,
        ),
        row("a file that ends in its preamble", "-v PEER head.dcm", 1, 0),
        row("no UIDs", "-v PEER nameless.dcm ct1.dcm", 1, 0),
        row("no UIDs, no halt", "-v -nh PEER nameless.dcm ct1.dcm", 0, 1),
        row(
            "UIDs in the meta header only",
            "-v PEER halfnamed.dcm",
            1,
            0,
        ),
        row(
            "a class that is not proposed",
            "-v PEER private.dcm ct1.dcm",
            1,
            0,
        ),
        row(
            "a class that is not proposed, no halt",
            "-v -nh PEER private.dcm ct1.dcm",
            0,
            1,
        ),
        row(
            "a class that is refused",
            "-v PEER ct1.dcm mr.dcm ct2.dcm",
            1,
            1,
        )
        .to(|script| script.classes = Some(vec![CT.to_owned()])),
        row(
            "a class that is refused, no halt",
            "-v -nh PEER ct1.dcm mr.dcm ct2.dcm",
            0,
            2,
        )
        .to(|script| script.classes = Some(vec![CT.to_owned()])),
        row("all classes refused", "-v PEER ct1.dcm", 1, 0)
            .differs(&[Difference::Farewell])
            .to(|script| script.classes = Some(Vec::new())),
        row("all classes refused, no halt", "-v -nh PEER ct1.dcm", 1, 0)
            .differs(&[Difference::Farewell])
            .to(|script| script.classes = Some(Vec::new())),
        row(
            "all files bad, no halt",
            "-v -nh PEER text.txt nameless.dcm",
            0,
            0,
        ),
        row(
            "no file to propose for, no halt",
            "-v -R -nh PEER text.txt empty.dcm",
            1,
            0,
        ),
        row(
            "a directory of bad files is told as such",
            "-v -R +sd PEER mixed",
            1,
            0,
        ),
    ]
}

fn statuses() -> Vec<Row> {
    let mut rows = Vec::new();
    for (name, status, exit, objects) in [
        ("A700", 0xA700, 167, 1),
        ("A7FF", 0xA7FF, 167, 1),
        ("A900", 0xA900, 169, 1),
        ("A9FF", 0xA9FF, 169, 1),
        ("C000", 0xC000, 192, 1),
        ("C123", 0xC123, 193, 1),
        ("CFFF", 0xCFFF, 207, 1),
        ("0110", 0x0110, 1, 1),
        ("0111", 0x0111, 1, 1),
        ("0117", 0x0117, 1, 1),
        ("0122", 0x0122, 1, 1),
        ("0124", 0x0124, 1, 1),
        ("0210", 0x0210, 2, 1),
        ("FE00", 0xFE00, 254, 1),
        ("B000", 0xB000, 0, 2),
        ("B006", 0xB006, 0, 2),
        ("B007", 0xB007, 0, 2),
        ("BABA", 0xBABA, 0, 2),
        ("0001", 0x0001, 0, 2),
        ("0107", 0x0107, 0, 2),
        ("0116", 0x0116, 0, 2),
    ] {
        let row = row(name, "-v PEER ct1.dcm ct2.dcm", exit, objects);
        rows.push(row.replies(&[Reply::Status(status)]));
    }
    let failing = [
        Reply::Status(0),
        Reply::Status(0xA700),
        Reply::Status(0xC001),
    ];
    let three = "-v PEER ct1.dcm ct2.dcm ct3.dcm ct4.dcm";
    let three_no_halt = "-v -nh PEER ct1.dcm ct2.dcm ct3.dcm ct4.dcm";
    rows.push(row("fails on the way", three, 167, 2).replies(&failing));
    rows.push(row("fails on the way, no halt", three_no_halt, 0, 4).replies(&failing));
    let last = [
        Reply::Status(0xB000),
        Reply::Status(0),
        Reply::Status(0),
        Reply::Status(0xA900),
    ];
    rows.push(row("fails at the end", three, 169, 4).replies(&last));
    rows
}

fn peers() -> Vec<Row> {
    let two = "-v PEER ct1.dcm ct2.dcm";
    let two_no_halt = "-v -nh PEER ct1.dcm ct2.dcm";
    let second = |reply| [Reply::Status(0), reply];
    vec![
        row("nobody listens", two, 1, 0).unheard(),
        row("nobody listens, no halt", two_no_halt, 1, 0).unheard(),
        row("no such host", "-v no-such-host.invalid 104 ct1.dcm", 1, 0),
        row("a port that is none", "-v 127.0.0.1 port ct1.dcm", 1, 0),
        row("rejected for good", two, 1, 0)
            .to(|script| script.on_request = OnRequest::Reject(1, 1, 7)),
        row("rejected for now", two, 1, 0)
            .to(|script| script.on_request = OnRequest::Reject(2, 3, 2)),
        row("rejected, no halt", two_no_halt, 1, 0)
            .to(|script| script.on_request = OnRequest::Reject(1, 1, 1)),
        row("aborted at the request", two, 1, 0).to(|script| script.on_request = OnRequest::Abort),
        row("closed at the request", two, 1, 0).to(|script| script.on_request = OnRequest::Close),
        row("aborted in place of the second answer", two, 10, 2).replies(&second(Reply::Abort)),
        row("closed in place of the second answer", two, 10, 2).replies(&second(Reply::Close)),
        row("aborted in place of an answer, no halt", two_no_halt, 1, 1)
            .differs(GONE)
            .replies(&[Reply::Abort]),
        row("closed in place of an answer, no halt", two_no_halt, 1, 1)
            .differs(GONE)
            .replies(&[Reply::Close]),
        row("aborted at the release", two, 1, 2).to(|script| script.on_release = OnRelease::Abort),
        row("closed at the release", two, 1, 2).to(|script| script.on_release = OnRelease::Close),
        row("mute after the request", "-v -ta 1 PEER ct1.dcm", 1, 0)
            .differs(&[Difference::Farewell])
            .to(|script| script.on_request = OnRequest::Silence),
        row("mute after the object", "-v -td 1 PEER ct1.dcm", 1, 1).replies(&[Reply::Silence]),
        row(
            "mute after the object, no halt",
            "-v -nh -td 1 PEER ct1.dcm ct2.dcm",
            0,
            2,
        )
        .replies(&[Reply::Silence])
        .differs(ANOTHER_ASSOCIATION),
        row(
            "mute, limited by the socket",
            "-v -ts 1 PEER ct1.dcm",
            10,
            1,
        )
        .replies(&[Reply::Silence])
        .differs(&[Difference::ExitCode, Difference::Farewell]),
        row("titles", "-v -aet ME -aec YOU PEER ct1.dcm", 0, 1),
        row(
            "long titles",
            "-v -aet MY-TITLE-IS-LONGER-THAN -aec YOURS-IS-AT-LEAST-AS PEER ct1.dcm",
            0,
            1,
        ),
    ]
}

fn ways_to_send() -> Vec<Row> {
    let failing = [
        Reply::Status(0),
        Reply::Status(0xA700),
        Reply::Status(0xB000),
    ];
    vec![
        row(
            "each file three times",
            "-v --repeat 3 PEER ct1.dcm ct2.dcm",
            0,
            6,
        ),
        row("repeated no times", "-v --repeat 0 PEER ct1.dcm", 1, 0),
        row("aborts at the end", "-v --abort PEER ct1.dcm", 0, 1),
        row("renames", "-d +rn PEER ct1.dcm ct2.dcm", 0, 2),
        row(
            "renames bad ones",
            "-d +rn -nh PEER ct1.dcm ct2.dcm ct3.dcm text.txt",
            0,
            3,
        )
        .replies(&failing),
        row(
            "renames until it halts",
            "-d +rn PEER ct1.dcm ct2.dcm ct3.dcm",
            167,
            2,
        )
        .replies(&failing),
        row(
            "renames and repeats",
            "-d +rn --repeat 2 PEER ct1.dcm ct2.dcm",
            1,
            1,
        ),
        row(
            "invents instances",
            "-v +II PEER ct1.dcm ct2.dcm mr.dcm",
            0,
            3,
        )
        .differs(INVENTED),
        row(
            "invents series",
            "-v +IR 2 PEER ct1.dcm ct2.dcm ct3.dcm ct4.dcm ct5.dcm",
            0,
            5,
        )
        .differs(INVENTED),
        row(
            "invents patients",
            "-v +IR 2 +IS 2 +IP 1 --repeat 1 PEER ct1.dcm ct2.dcm ct3.dcm ct4.dcm ct5.dcm ct6.dcm \
             ct7.dcm ct8.dcm ct9.dcm",
            0,
            9,
        )
        .differs(INVENTED),
        row("ignores padding of UIDs", "-v -up PEER ct1.dcm", 0, 1),
        row("the version", "--version", 0, 0),
        row("an unknown option", "--no-such-option PEER ct1.dcm", 1, 0),
    ]
}

fn profiles() -> Vec<Row> {
    let late = &[Difference::Lines("checking input files")];
    vec![
        row(
            "a profile",
            "-v -xf profile.cfg Default PEER ct1.dcm jpeg.dcm",
            0,
            2,
        ),
        row(
            "a profile, its name in small letters",
            "-v -xf profile.cfg default PEER ct1.dcm",
            0,
            1,
        ),
        row(
            "a profile that lacks a class",
            "-v -xf profile.cfg Default PEER mr.dcm",
            1,
            0,
        ),
        row(
            "a profile that lacks a transfer syntax",
            "-v -xf profile.cfg Jpeg PEER ct1.dcm",
            1,
            0,
        ),
        row(
            "a profile that is unknown",
            "-v -xf profile.cfg Other PEER ct1.dcm",
            1,
            0,
        )
        .differs(late),
        row(
            "a profile file that is missing",
            "-v -xf nothere.cfg Default PEER ct1.dcm",
            1,
            0,
        )
        .differs(late),
        row(
            "a profile file that is none",
            "-v -xf text.txt Default PEER ct1.dcm",
            1,
            0,
        )
        .differs(late),
        row(
            "a profile and a preference",
            "-v -xf profile.cfg Default -xb PEER ct1.dcm",
            1,
            0,
        ),
        row(
            "a profile and required classes",
            "-v -xf profile.cfg Default -R PEER ct1.dcm",
            1,
            0,
        ),
    ]
}

fn identities() -> Vec<Row> {
    let mute = |script: &mut Script| script.answers_identity = false;
    vec![
        row("a user", "-v -usr somebody PEER ct1.dcm", 0, 1),
        row(
            "a user with a password",
            "-v -usr somebody -pwd secret PEER ct1.dcm",
            0,
            1,
        ),
        row(
            "a user with an empty password",
            "-v -usr somebody -epw PEER ct1.dcm",
            0,
            1,
        ),
        row(
            "a user, answered",
            "-v -usr somebody -rsp PEER ct1.dcm",
            0,
            1,
        ),
        row(
            "a user, not answered",
            "-v -usr somebody -rsp PEER ct1.dcm",
            1,
            0,
        )
        .differs(UNIDENTIFIED)
        .to(mute),
        row(
            "a password, answered",
            "-v -usr somebody -pwd secret -rsp PEER ct1.dcm",
            0,
            1,
        ),
        row(
            "a password, not answered",
            "-v -usr somebody -pwd secret -rsp PEER ct1.dcm",
            1,
            0,
        )
        .differs(UNIDENTIFIED)
        .to(mute),
        row(
            "a token, not answered",
            "-v --jwt token.txt -rsp PEER ct1.dcm",
            0,
            1,
        )
        .to(mute),
        row("a ticket", "-v -kt token.txt PEER ct1.dcm", 0, 1),
        row("an assertion", "-v --saml token.txt PEER ct1.dcm", 0, 1),
        row("an empty ticket", "-v -kt empty.dcm PEER ct1.dcm", 1, 0),
        row(
            "a token that is missing",
            "-v --jwt nothere.txt PEER ct1.dcm",
            1,
            0,
        ),
        row(
            "a password without a user",
            "-v -pwd secret PEER ct1.dcm",
            1,
            0,
        ),
    ]
}

fn sizes_and_times() -> Vec<Row> {
    let announces = |bytes| move |script: &mut Script| script.maximum_length = bytes;
    vec![
        row("announces 4096", "-v -pdu 4096 PEER ct1.dcm", 0, 1),
        row("announces 131072", "-v -pdu 131072 PEER ct1.dcm", 0, 1),
        row("announces too little", "-v -pdu 4095 PEER ct1.dcm", 1, 0),
        row("announces too much", "-v -pdu 131073 PEER ct1.dcm", 1, 0),
        row(
            "sends at most 4096",
            "-v --max-send-pdu 4096 PEER mr.dcm",
            0,
            1,
        )
        .differs(&[Difference::Lines("Association Accepted")]),
        row(
            "sends at most 4095",
            "-v --max-send-pdu 4095 PEER mr.dcm",
            1,
            0,
        ),
        row("the peer takes 4096", "-v PEER mr.dcm", 0, 1).to(announces(4096)),
        row("the peer takes an odd length", "-v PEER mr.dcm", 0, 1).to(announces(5001)),
        row("the peer takes any length", "-v PEER mr.dcm", 0, 1).to(announces(0)),
        row("the peer takes much", "-v PEER mr.dcm", 0, 1).to(announces(1_000_000)),
        row("a time limit of none", "-v -ta 0 PEER ct1.dcm", 1, 0),
        row("a connection limit", "-v -to 5 PEER ct1.dcm", 0, 1),
    ]
}
