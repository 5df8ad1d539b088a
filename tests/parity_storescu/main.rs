//! Ours beside DCMTK's `storescu`: the same command line, in the same directory, to the same kind of
//! receiver. Same exit code, same proposals, same objects with the same statuses, same end of the
//! association, same names of the files afterwards, and the same lines that scripts look for.
//!
//! What DCMTK does is in the table as well, so that the table can be read, and so that a change of
//! DCMTK is told from a change of ours.

mod compare;
mod elements;
mod inputs;
mod rows;

use std::collections::BTreeMap;
use std::fs;
use std::net::{Ipv4Addr, TcpListener};
use std::path::Path;
use std::sync::{LazyLock, Mutex};
use std::thread;

use pdvault_tests::scp::{Association, Scp};
use pdvault_tests::scratch;
use pdvault_tests::storescu::{Ended, Tool, run};

use rows::{Peer, Row};

/// What one run of a command line led to.
#[derive(Clone, Debug)]
pub(crate) struct Outcome {
    ended: Ended,
    associations: Vec<Association>,
    /// Names of the files afterwards, sorted.
    names: Vec<String>,
}

/// How many command lines run at a time: those that wait for a time-out should not hold up the rest.
const AT_ONCE: usize = 4;

fn run_row(tool: Tool, row: &Row) -> Outcome {
    let home = scratch::directory();
    inputs::make(home.path());
    let peer = match &row.peer {
        Peer::Scripted(script) => Some(Scp::start(script)),
        Peer::Absent => None,
    };
    let port = peer.as_ref().map_or_else(unused_port, Scp::port);
    let mut command = tool.command();
    command.args(words(row.words, port));
    command.current_dir(home.path());
    let ended = run(&mut command);
    Outcome {
        ended,
        associations: peer.map(Scp::finish).unwrap_or_default(),
        names: names(home.path()),
    }
}

/// The arguments; `PEER` stands for host and port.
fn words(line: &str, port: u16) -> Vec<String> {
    let mut out = Vec::new();
    for word in line.split_whitespace() {
        match word {
            "PEER" => out.extend(["127.0.0.1".to_owned(), port.to_string()]),
            _ => out.push(word.to_owned()),
        }
    }
    out
}

/// A port on which nobody listens.
fn unused_port() -> u16 {
    let probe = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a free port");
    probe
        .local_addr()
        .expect("a bound socket has an address")
        .port()
}

/// The paths of all files below a directory, relative to it and sorted.
fn names(home: &Path) -> Vec<String> {
    let mut out = Vec::new();
    let mut folders = vec![home.to_owned()];
    while let Some(folder) = folders.pop() {
        for entry in fs::read_dir(&folder).expect("a directory of this test") {
            let path = entry.expect("a directory entry").path();
            if path.is_dir() {
                folders.push(path);
            } else {
                let name = path.strip_prefix(home).expect("found below it");
                out.push(name.to_string_lossy().into_owned());
            }
        }
    }
    out.sort();
    out
}

/// Runs all command lines of the table by one tool.
fn run_all(tool: Tool, rows: &[Row]) -> BTreeMap<&'static str, Outcome> {
    let waiting = Mutex::new(rows.iter());
    let outcomes = Mutex::new(BTreeMap::new());
    thread::scope(|scope| {
        for _ in 0..AT_ONCE {
            scope.spawn(|| {
                loop {
                    let next = waiting.lock().expect("no holder panics").next();
                    let Some(row) = next else { return };
                    let outcome = run_row(tool, row);
                    let mut outcomes = outcomes.lock().expect("no holder panics");
                    assert!(outcomes.insert(row.name, outcome).is_none(), "{}", row.name);
                }
            });
        }
    });
    outcomes.into_inner().expect("no holder panics")
}

static ROWS: LazyLock<Vec<Row>> = LazyLock::new(rows::rows);

static DCMTK: LazyLock<BTreeMap<&str, Outcome>> = LazyLock::new(|| run_all(Tool::Dcmtk, &ROWS));

/// Prints what is wrong with each row, and fails if anything is.
fn judge(judge: impl Fn(&Row) -> Vec<String>) {
    let mut failed = 0;
    for row in ROWS.iter() {
        let complaints = judge(row);
        if !complaints.is_empty() {
            failed += 1;
            println!("\n{}: storescu {}", row.name, row.words);
            for complaint in complaints {
                println!("    {complaint}");
            }
        }
    }
    assert_eq!(failed, 0, "rows of {}", ROWS.len());
}

#[test]
fn dcmtk_does_what_the_table_says() {
    judge(|row| compare::with_table(row, &DCMTK[row.name]));
}

#[test]
fn ours_does_the_same() {
    let ours = run_all(Tool::Ours, &ROWS);
    judge(|row| compare::with_dcmtk(row, &DCMTK[row.name], &ours[row.name]));
}
