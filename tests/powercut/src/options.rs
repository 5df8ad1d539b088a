//! The command line.

use std::path::PathBuf;
use std::str::FromStr;

use crate::subject::{SUBJECTS, Subject};
use crate::volume::{FILE_SYSTEMS, FileSystem};

/// What to run.
pub(crate) struct Options {
    pub(crate) file_systems: Vec<&'static FileSystem>,
    pub(crate) subjects: Vec<&'static Subject>,
    /// Cuts of each recording.
    pub(crate) cuts: usize,
    pub(crate) senders: usize,
    /// Objects of each sender.
    pub(crate) objects: usize,
    /// How many objects in a hundred take the name of an earlier one.
    pub(crate) replaced: u64,
    /// Where disks go that break a promise.
    pub(crate) keep: Option<PathBuf>,
    pub(crate) if_possible: bool,
}

impl Options {
    /// Reads the words of a command line; `None` when help is asked for.
    pub(crate) fn read(mut words: impl Iterator<Item = String>) -> Result<Option<Self>, String> {
        let mut options = Self::new("all", "receiver,receiver-none", 500);
        while let Some(word) = words.next() {
            let mut value = || words.next().ok_or(format!("{word} needs a value"));
            match word.as_str() {
                "--help" => return Ok(None),
                "--short" => {
                    options = Self {
                        if_possible: options.if_possible,
                        ..Self::new("ext4,xfs", "receiver,receiver-none", 20)
                    }
                }
                "--if-possible" => options.if_possible = true,
                "--file-systems" => {
                    options.file_systems = named(&value()?, FILE_SYSTEMS, |one| one.name)?;
                }
                "--subjects" => options.subjects = named(&value()?, SUBJECTS, |one| one.name)?,
                "--cuts" => options.cuts = number(&word, &value()?)?,
                "--senders" => options.senders = number(&word, &value()?)?,
                "--objects" => options.objects = number(&word, &value()?)?,
                "--replaced" => options.replaced = number(&word, &value()?)?,
                "--keep" => options.keep = Some(value()?.into()),
                _ => return Err(format!("there is no option {word}")),
            }
        }
        Ok(Some(options))
    }

    fn new(file_systems: &str, subjects: &str, cuts: usize) -> Self {
        Self {
            file_systems: named(file_systems, FILE_SYSTEMS, |one| one.name).expect("known names"),
            subjects: named(subjects, SUBJECTS, |one| one.name).expect("known names"),
            cuts,
            senders: 8,
            objects: 40,
            replaced: 20,
            keep: None,
            if_possible: false,
        }
    }
}

/// Those of `all` that are named in a list, in the order of `all`.
fn named<T>(
    list: &str,
    all: &'static [T],
    name: fn(&T) -> &str,
) -> Result<Vec<&'static T>, String> {
    let wanted: Vec<&str> = list.split(',').collect();
    let is_known = |word: &str| word == "all" || all.iter().any(|one| name(one) == word);
    if let Some(unknown) = wanted.iter().find(|word| !is_known(word)) {
        let names: Vec<_> = all.iter().map(name).collect();
        return Err(format!("{unknown} is none of {}", names.join(", ")));
    }
    let is_wanted = |one: &&T| wanted.contains(&"all") || wanted.contains(&name(one));
    Ok(all.iter().filter(is_wanted).collect())
}

fn number<T: FromStr>(option: &str, value: &str) -> Result<T, String> {
    let wrong = |_| format!("{option} takes a number, not {value}");
    value.parse().map_err(wrong)
}

/// The text of `--help`.
pub(crate) fn help() -> String {
    let list = |names: Vec<&str>| names.join(", ");
    format!(
        "\
usage: tests/power-cut [option]...

  --short              20 cuts of the receiver on ext4 and xfs, and the self-check
  --if-possible        exit code 0 where there are no loop devices, no FUSE, no root
  --file-systems LIST  of {}, all (the default)
  --subjects LIST      of {}, all
                       (default: receiver,receiver-none)
  --cuts N             cuts of each recording (500); of those that must be caught, 20 at most
  --senders N          senders at once (8)
  --objects N          objects of each sender (40)
  --replaced N         objects in a hundred that take the name of an earlier one (20)
  --keep DIR           write each disk that breaks a promise to a file there

exit codes: 0 all as promised, 1 not, 2 cannot run
environment: PDVAULT_TEST_SEED repeats the choices of a run (load, cuts, what is lost), not its timing
",
        list(FILE_SYSTEMS.iter().map(|one| one.name).collect()),
        list(SUBJECTS.iter().map(|one| one.name).collect()),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn read(words: &str) -> Result<Option<Options>, String> {
        Options::read(words.split_whitespace().map(str::to_owned))
    }

    #[test]
    fn lists_are_read_in_the_order_of_what_there_is_and_unknown_names_are_told() {
        let options = read("--file-systems xfs,ext4 --subjects all --cuts 7");
        let options = options.expect("a good line").expect("no help asked");
        let names: Vec<_> = options.file_systems.iter().map(|one| one.name).collect();
        assert_eq!(names, ["ext4", "xfs"]);
        assert_eq!(options.subjects.len(), SUBJECTS.len());
        assert_eq!(options.cuts, 7);
        let error = read("--subjects nobody").err().expect("refused");
        assert!(error.starts_with("nobody is none of receiver, "), "{error}");
        assert!(read("--cuts").is_err());
        assert!(read("--cuts many").is_err());
        assert!(read("--cut 3").is_err());
    }

    #[test]
    fn the_short_form_may_be_asked_for_before_or_after_leniency() {
        for words in ["--short --if-possible", "--if-possible --short"] {
            let options = read(words).expect("a good line").expect("no help asked");
            assert!(options.if_possible && options.cuts == 20);
        }
    }
}
