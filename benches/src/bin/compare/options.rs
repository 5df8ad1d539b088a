//! What is asked for on the command line.

use std::path::PathBuf;

use crate::matrix::{Part, ROWS, Row};
use crate::system::System;

/// How it is used.
pub(crate) const USAGE: &str = "\
usage: benches/compare [options]      (as root: it makes file systems and drops the page cache)

  --quick               a look in five minutes: a few rows (or those of --rows) and systems, a
                        sixth of the volume, 1 run
  --targets             the rows that the targets are about
  --runs N              runs of each system in each row, in turn; the median counts  (5)
  --rows A,B            only rows whose names begin so (--list tells them)
  --systems A,B         only systems whose names begin so
  --list                tell rows and systems, run nothing
  --out DIR             where results go, and where an interrupted comparison goes on
                                                                      (target/compare)
  --directory DIR       where the receivers write; a new directory is made in it, and removed
                                                                      (target)
  --loop MODE           direct: the loop device goes past the page cache of its image, like a disk;
                        buffered: through it, as `mount -o loop` has it         (direct)
  --anew                forget the runs that are finished
  --report              only tell what the finished runs say
  --write-docs          put tables and charts into docs/
  --endurance [MINUTES] run one receiver for so long at full rate     (30)
  --pdvault FILE        the receiver to measure, not the one built from this tree
  --root DIR            the tree that this is                         (set by benches/compare)";

/// How long the run for endurance is unless it is said.
const ENDURANCE_MINUTES: u32 = 30;

/// How the loop device reaches its image.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum LoopMode {
    Buffered,
    Direct,
}

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Action {
    /// All runs that are not finished, and the report.
    Compare,
    /// Tell what would be run.
    List,
    /// The report alone.
    Report,
    /// One receiver for so many minutes.
    Endure(u32),
}

/// The command line, understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Options {
    /// The rows up to this part.
    pub(crate) part: Part,
    pub(crate) runs: u32,
    pub(crate) rows: Vec<String>,
    pub(crate) systems: Vec<String>,
    pub(crate) action: Action,
    pub(crate) out: PathBuf,
    pub(crate) directory: PathBuf,
    pub(crate) loop_mode: LoopMode,
    pub(crate) anew: bool,
    pub(crate) write_docs: bool,
    pub(crate) pdvault: Option<PathBuf>,
    pub(crate) root: PathBuf,
}

impl LoopMode {
    pub(crate) fn name(self) -> &'static str {
        match self {
            Self::Buffered => "buffered",
            Self::Direct => "direct",
        }
    }
}

impl Options {
    /// The runs of a quick look.
    const QUICK_RUNS: u32 = 1;

    /// By how much a quick look is shorter.
    const QUICK_DIVISOR: u64 = 6;

    fn new() -> Self {
        Self {
            part: Part::Full,
            runs: 0,
            rows: Vec::new(),
            systems: Vec::new(),
            action: Action::Compare,
            out: PathBuf::from("target/compare"),
            directory: PathBuf::from("target"),
            loop_mode: LoopMode::Direct,
            anew: false,
            write_docs: false,
            pdvault: None,
            root: PathBuf::from("."),
        }
    }

    /// Reads the words behind the program's name. `None`: help was asked for.
    pub(crate) fn parse(words: impl IntoIterator<Item = String>) -> Result<Option<Self>, String> {
        let mut options = Self::new();
        let mut words = words.into_iter().peekable();
        while let Some(word) = words.next() {
            match word.as_str() {
                "-h" | "--help" => return Ok(None),
                "--quick" => options.part = Part::Quick,
                "--targets" => options.part = Part::Targets,
                "--list" => options.action = Action::List,
                "--anew" => options.anew = true,
                "--report" => options.action = Action::Report,
                "--write-docs" => options.write_docs = true,
                "--endurance" => {
                    let minutes = words.next_if(|word| !word.starts_with('-'));
                    let minutes = minutes.map(|text| number(&word, &text)).transpose()?;
                    options.action = Action::Endure(minutes.unwrap_or(ENDURANCE_MINUTES));
                }
                _ => {
                    let value = words.next().ok_or(format!("{word} needs a value"))?;
                    options.set(&word, &value)?;
                }
            }
        }
        if options.runs == 0 {
            options.runs = if options.part == Part::Quick {
                Self::QUICK_RUNS
            } else {
                5
            };
        }
        Ok(Some(options))
    }

    fn set(&mut self, word: &str, value: &str) -> Result<(), String> {
        let list = || value.split(',').map(str::to_owned).collect();
        match word {
            "--runs" => self.runs = number(word, value)?,
            "--rows" => self.rows = list(),
            "--systems" => self.systems = list(),
            "--out" => self.out = value.into(),
            "--directory" => self.directory = value.into(),
            "--pdvault" => self.pdvault = Some(value.into()),
            "--root" => self.root = value.into(),
            "--loop" => {
                self.loop_mode = match value {
                    "buffered" => LoopMode::Buffered,
                    "direct" => LoopMode::Direct,
                    _ => return Err(format!("--loop is buffered or direct, not {value}")),
                }
            }
            _ => return Err(format!("there is no option {word}")),
        }
        Ok(())
    }

    /// The rows that are asked for. A quick look can be had at any row.
    pub(crate) fn chosen_rows(&self) -> Vec<Row> {
        let part = match self.part {
            Part::Quick if !self.rows.is_empty() => Part::Full,
            part => part,
        };
        let rows = ROWS.iter().filter(|row| row.part <= part);
        let rows = rows.filter(|row| begins_with_one_of(row.id, &self.rows));
        rows.map(|row| match self.part {
            Part::Quick => row.shortened(Self::QUICK_DIVISOR),
            _ => *row,
        })
        .collect()
    }

    /// Whether this system is asked for.
    pub(crate) fn wants(&self, system: System) -> bool {
        let is_left_out = self.part == Part::Quick && system.kind.is_outrun();
        begins_with_one_of(&system.to_string(), &self.systems)
            && (!is_left_out || !self.systems.is_empty())
    }
}

/// No beginnings: any name.
fn begins_with_one_of(name: &str, beginnings: &[String]) -> bool {
    beginnings.is_empty()
        || beginnings
            .iter()
            .any(|beginning| name.starts_with(beginning))
}

/// A number from 1 on.
fn number(word: &str, text: &str) -> Result<u32, String> {
    let number = text.parse().ok().filter(|number| *number > 0);
    number.ok_or(format!("{word} needs a number from 1 on, not {text}"))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn parse(line: &str) -> Result<Option<Options>, String> {
        Options::parse(line.split_whitespace().map(str::to_owned))
    }

    fn options(line: &str) -> Options {
        parse(line).expect("understood").expect("no help")
    }

    #[test]
    fn a_quick_look_is_shorter_in_rows_volume_and_runs() {
        let (quick, full) = (options("--quick"), options(""));
        assert!(quick.runs < full.runs);
        assert!(quick.chosen_rows().len() < full.chosen_rows().len());
        let volume = |options: &Options| options.chosen_rows()[0].load.volume;
        assert!(volume(&quick) < volume(&full));
        assert_eq!(options("--quick --runs 3").runs, 3);
    }

    #[test]
    fn rows_and_systems_are_chosen_by_how_their_names_begin() {
        let rows = options("--targets --rows 8k-8,64m").chosen_rows();
        let names: Vec<_> = rows.iter().map(|row| row.id).collect();
        assert_eq!(names, ["8k-8", "64m-4"]);
        assert_eq!(options("--systems dcmtk").systems, ["dcmtk"]);
        assert_eq!(options("--quick --rows 64m-8").chosen_rows().len(), 1);
    }

    #[test]
    fn endurance_has_a_length_of_its_own_if_one_is_given() {
        assert_eq!(options("--endurance --anew").action, Action::Endure(30));
        assert_eq!(options("--endurance 2").action, Action::Endure(2));
    }

    #[test]
    fn what_is_not_understood_is_refused() {
        for line in [
            "--runs 0",
            "--runs",
            "--loop ring",
            "--colour red",
            "--endurance x",
        ] {
            assert!(parse(line).is_err(), "{line}");
        }
        assert_eq!(parse("--help"), Ok(None));
    }
}
