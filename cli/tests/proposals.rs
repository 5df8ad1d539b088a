//! What storescu proposes on the wire: recorded from DCMTK's storescu 3.6.7, which is asked too
//! where it is installed.

#![forbid(unsafe_code)]

use std::io::Read as _;
use std::net::{TcpListener, TcpStream};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};
use std::{fs, thread};

use pdvault_engine::pdu::{AssociateRq, PDU_HEADER_BYTES, Pdu, PduHeader};
use pdvault_engine::value::Uid;
use tempfile::TempDir;

const PDVAULT: &str = env!("CARGO_BIN_EXE_pdvault");

const CT: &str = "1.2.840.10008.5.1.4.1.1.2";
const MR: &str = "1.2.840.10008.5.1.4.1.1.4";

/// An option and the transfer syntaxes proposed for each class, by what follows 1.2.840.10008.1.2
/// (0 is the implicit one): in the contexts of their own, and with `--combine`.
const PROPOSALS: &[(&str, &[&str], &str)] = &[
    ("-x=", &["1", "2,0"], "1,2,0"),
    ("-xe", &["1", "2,0"], "1,2,0"),
    ("-xb", &["2", "1,0"], "2,1,0"),
    ("-xi", &["0"], "0"),
    ("-xs", &["4.70", "1,2,0"], "4.70,1,2,0"),
    ("-xy", &["4.50", "1,2,0"], "4.50,1,2,0"),
    ("-xx", &["4.51", "1,2,0"], "4.51,1,2,0"),
    ("-xv", &["4.90", "1,2,0"], "4.90,1,2,0"),
    ("-xw", &["4.91", "1,2,0"], "4.91,1,2,0"),
    ("-xt", &["4.80", "1,2,0"], "4.80,1,2,0"),
    ("-xu", &["4.81", "1,2,0"], "4.81,1,2,0"),
    ("-xm", &["4.100"], "4.100"),
    ("-xh", &["4.101"], "4.101"),
    ("-xn", &["4.102"], "4.102"),
    ("-xl", &["4.103"], "4.103"),
    ("-x2", &["4.104"], "4.104"),
    ("-x3", &["4.105"], "4.105"),
    ("-xo", &["4.106"], "4.106"),
    ("-x4", &["4.107"], "4.107"),
    ("-x5", &["4.108"], "4.108"),
    ("-xr", &["5", "1,2,0"], "5,1,2,0"),
    ("-xd", &["1.99", "1,2,0"], "1.99,1,2,0"),
];

/// A profile with a repeated class, a role and an extended negotiation item.
const PROFILES: &str = "\
[[TransferSyntaxes]]
[Plain]
TransferSyntax1 = LittleEndianImplicit
TransferSyntax2 = LittleEndianExplicit
[Lossy]
TransferSyntax1 = JPEGBaseline
[[PresentationContexts]]
[Storage]
PresentationContext1 = MRImageStorage\\Plain
PresentationContext2 = CTImageStorage\\Lossy
PresentationContext3 = CTImageStorage\\Plain
PresentationContext4 = MRImageStorage\\Lossy
[[SCPSCURoleSelection]]
[Roles]
Role1 = CTImageStorage\\BOTH
[[ExtendedNegotiation]]
[Items]
ExtendedNegotiation1 = CTImageStorage\\0102
[[Profiles]]
[Mine]
PresentationContexts = Storage
SCPSCURoleSelection = Roles
ExtendedNegotiation = Items
";

/// An element of a file in explicit VR little endian.
fn element(group: u16, number: u16, vr: &str, value: &[u8]) -> Vec<u8> {
    let mut value = value.to_vec();
    if value.len() % 2 == 1 {
        value.push(0);
    }
    let length = u16::try_from(value.len()).expect("short");
    let mut bytes = [group.to_le_bytes(), number.to_le_bytes()].concat();
    bytes.extend(vr.as_bytes());
    if vr == "OB" {
        bytes.extend([0; 2]);
        bytes.extend(u32::from(length).to_le_bytes());
    } else {
        bytes.extend(length.to_le_bytes());
    }
    bytes.extend(value);
    bytes
}

/// A small DICOM file of this class.
fn file(directory: &Path, class: &str) -> PathBuf {
    let class_and_instance = |group, first| {
        let class = element(group, first, "UI", class.as_bytes());
        [
            class,
            element(
                group,
                first + if group == 2 { 1 } else { 2 },
                "UI",
                b"1.2.3.4",
            ),
        ]
        .concat()
    };
    let meta = [
        element(2, 1, "OB", &[0, 1]),
        class_and_instance(2, 2),
        element(2, 0x10, "UI", b"1.2.840.10008.1.2.1"),
        element(2, 0x12, "UI", b"1.2.3"),
    ]
    .concat();
    let length = u32::try_from(meta.len()).expect("short").to_le_bytes();
    let head = [&[0; 128][..], b"DICM", &element(2, 0, "UL", &length)].concat();
    let path = directory.join(class);
    fs::write(&path, [head, meta, class_and_instance(8, 0x16)].concat()).expect("written");
    path
}

/// The request of a program that is called with these words, a port and files. Nobody answers it.
fn request(program: &str, words: &[&str], files: &[PathBuf]) -> AssociateRq {
    let listener = TcpListener::bind("127.0.0.1:0").expect("a free port");
    let address = listener.local_addr().expect("bound");
    let port = address.port().to_string();
    let peer = thread::spawn(move || {
        let (mut stream, _) = listener.accept().expect("a caller");
        let mut header = [0; PDU_HEADER_BYTES];
        stream.read_exact(&mut header).expect("a header");
        let header = PduHeader::decode(header);
        let mut body = vec![0; usize::try_from(header.length).expect("64 bits")];
        stream.read_exact(&mut body).expect("a body");
        Pdu::decode(header.kind, &body).expect("a PDU")
    });
    let output = Command::new(program)
        .args(words)
        .args(["127.0.0.1", &port])
        .args(files)
        .stdin(Stdio::null())
        .output()
        .expect("the program starts");
    assert_eq!(output.status.code(), Some(1), "nobody answers");
    // Should the program never have called, the peer would wait for ever.
    drop(TcpStream::connect(address));
    match peer.join().expect("the peer lives") {
        Pdu::AssociateRq(request) => request,
        other => panic!("{} first", other.name()),
    }
}

/// The request of our storescu, and that of DCMTK's where it is installed.
fn requests(words: &[&str], files: &[PathBuf]) -> Vec<AssociateRq> {
    let original = "/usr/bin/storescu";
    let version = Command::new(original).arg("--version").output();
    let is_dcmtk = version.is_ok_and(|output| output.stdout.starts_with(b"$dcmtk: "));
    let ours = request(PDVAULT, &[&["storescu"], words].concat(), files);
    let theirs = is_dcmtk.then(|| request(original, words, files));
    [ours].into_iter().chain(theirs).collect()
}

/// `1 CT 4.50` for each context: number, class, transfer syntaxes.
fn short(request: &AssociateRq) -> Vec<String> {
    let class = |uid: &Uid| match uid.as_str() {
        CT => "CT",
        MR => "MR",
        _ => "?",
    };
    let syntax = |uid: &Uid| match uid.as_str().strip_prefix("1.2.840.10008.1.2") {
        Some("") => "0".to_owned(),
        rest => rest.expect("a transfer syntax")[1..].to_owned(),
    };
    let contexts = request.presentation_contexts.iter().map(|context| {
        let syntaxes: Vec<_> = context.transfer_syntaxes.iter().map(syntax).collect();
        let class = class(&context.abstract_syntax);
        format!("{} {class} {}", context.id, syntaxes.join(","))
    });
    contexts.collect()
}

/// The contexts for MR and CT with these syntaxes each, in short.
fn expected(syntaxes: &[&str]) -> Vec<String> {
    let pairs = ["MR", "CT"]
        .into_iter()
        .flat_map(|class| syntaxes.iter().map(move |syntaxes| (class, syntaxes)));
    (1..)
        .step_by(2)
        .zip(pairs)
        .map(|(id, (class, syntaxes)): (u8, _)| format!("{id} {class} {syntaxes}"))
        .collect()
}

#[test]
fn each_proposal_is_that_of_dcmtk_separate_and_combined() {
    let directory = TempDir::new().expect("a directory");
    let files = [file(directory.path(), MR), file(directory.path(), CT)];
    for (option, separate, combined) in PROPOSALS {
        for request in requests(&["-R", option], &files) {
            assert_eq!(short(&request), expected(separate), "{option}");
        }
        for request in requests(&["-R", option, "+C"], &files) {
            assert_eq!(short(&request), expected(&[combined]), "{option} +C");
        }
    }
}

#[test]
fn without_options_the_64_default_classes_are_proposed_in_dcmtks_order() {
    let directory = TempDir::new().expect("a directory");
    let files = [file(directory.path(), MR)];
    let requests = requests(&[], &files);
    assert_eq!(requests[0].presentation_contexts.len(), 128);
    for request in &requests {
        assert_eq!(
            request.presentation_contexts,
            requests[0].presentation_contexts
        );
        assert_eq!(request.calling_ae_title.to_string(), "STORESCU");
        assert_eq!(request.called_ae_title.to_string(), "ANY-SCP");
        let information = &request.user_information;
        assert_eq!(information.maximum_length, 16384);
        assert_eq!(information.asynchronous_operations, None);
        assert_eq!(information.user_identity, None);
    }
}

#[test]
fn a_profile_is_proposed_with_its_roles_and_items() {
    let directory = TempDir::new().expect("a directory");
    let files = [file(directory.path(), MR)];
    let profiles = directory.path().join("profiles");
    fs::write(&profiles, PROFILES).expect("written");
    let profiles = profiles.to_str().expect("text");
    for request in requests(&["-xf", profiles, " mine "], &files) {
        let contexts = ["1 MR 0,1", "3 CT 4.50", "5 CT 0,1", "7 MR 4.50"];
        assert_eq!(short(&request), contexts);
        let information = &request.user_information;
        // DCMTK tells it once for each context of the class.
        assert!(!information.roles.is_empty());
        for role in &information.roles {
            let of_role = (role.sop_class.as_str(), role.scu, role.scp);
            assert_eq!(of_role, (CT, true, true));
        }
        let [item] = &information.extended[..] else {
            panic!("one item");
        };
        assert_eq!(
            (item.sop_class.as_str(), &item.information[..]),
            (CT, &[1, 2][..])
        );
    }
}

#[test]
fn titles_pdu_size_and_identity_are_told_as_typed() {
    let directory = TempDir::new().expect("a directory");
    let files = [file(directory.path(), MR)];
    let token = directory.path().join("token");
    fs::write(&token, "t.o.k").expect("written");
    let token = token.to_str().expect("text");
    for (words, kind, primary, secondary, is_asked) in [
        (&["-usr", "u"][..], 1, "u", "", false),
        (&["-usr", "u", "-pwd", "p", "-rsp"], 2, "u", "p", true),
        (&["-usr", "u", "-epw"], 2, "u", "", false),
        (&["-kt", token], 3, "t.o.k", "", false),
        (&["--saml", token, "-rsp"], 4, "t.o.k", "", true),
        (&["--jwt", token], 5, "t.o.k", "", false),
    ] {
        let words = [&["-aet", "ME", "-aec", "YOU", "-pdu", "4096"], words].concat();
        for request in requests(&words, &files) {
            assert_eq!(request.calling_ae_title.to_string(), "ME");
            assert_eq!(request.called_ae_title.to_string(), "YOU");
            assert_eq!(request.user_information.maximum_length, 4096);
            let identity = request.user_information.user_identity.expect("told");
            assert_eq!(identity.kind, kind);
            assert_eq!(identity.response_requested, is_asked);
            assert_eq!(identity.primary, primary.as_bytes());
            assert_eq!(identity.secondary, secondary.as_bytes());
        }
    }
}

#[test]
fn a_window_is_asked_for_only_when_wanted() {
    let directory = TempDir::new().expect("a directory");
    let files = [file(directory.path(), MR)];
    for (number, asked) in [("1", None), ("16", Some(16))] {
        let request = request(PDVAULT, &["storescu", "--async-ops", number], &files);
        let operations = request.user_information.asynchronous_operations;
        assert_eq!(operations.map(|operations| operations.invoked), asked);
    }
}
