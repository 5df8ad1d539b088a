//! What the typed options mean.

use std::ffi::OsStr;
use std::path::PathBuf;
use std::thread;

use pdvault_engine::pack::Key;
use pdvault_engine::value::Uid;

use super::typed::{KeyKind, Typed};
use crate::grammar::{Stage, UsageError};
use crate::meaning::{in_range, invalid, utf8};

/// The most threads: more are of no use to any disk.
pub(crate) const THREADS_MAX: usize = 256;

/// The longest extension, in bytes, as with storescp.
const EXTENSION_BYTES_MAX: usize = 64;

/// What is to be done.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Task {
    List,
    Cat,
    Extract,
    Verify,
    Stat,
    Index,
}

impl Task {
    fn named(name: &OsStr) -> Option<Self> {
        Some(match name.to_str()? {
            "ls" => Self::List,
            "cat" => Self::Cat,
            "extract" => Self::Extract,
            "verify" => Self::Verify,
            "stat" => Self::Stat,
            "index" => Self::Index,
            _ => return None,
        })
    }
}

/// What becomes of an object whose file exists.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) enum OnDuplicate {
    #[default]
    Overwrite,
    Keep,
    Refuse,
}

/// Which objects.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Selection {
    pub(crate) kind: KeyKind,
    pub(crate) uid: Uid,
}

impl Selection {
    pub(crate) fn key(&self) -> Key<'_> {
        match self.kind {
            KeyKind::Instance => Key::SopInstance(&self.uid),
            KeyKind::Series => Key::Series(&self.uid),
            KeyKind::Study => Key::Study(&self.uid),
        }
    }
}

/// Everything that pack is told.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Settings {
    pub(crate) task: Task,
    /// Segments, and directories of them.
    pub(crate) packs: Vec<PathBuf>,
    /// `None`: all objects.
    pub(crate) selection: Option<Selection>,
    pub(crate) output: PathBuf,
    pub(crate) extension: String,
    pub(crate) on_duplicate: OnDuplicate,
    pub(crate) allow_unsealed: bool,
    pub(crate) json: bool,
    /// At least one.
    pub(crate) threads: usize,
}

impl Settings {
    /// Puts defaults where nothing was typed.
    ///
    /// # Errors
    /// A command that is none, an option that is not for it, a text that can't be.
    pub(crate) fn resolve(typed: &Typed) -> Result<Self, UsageError> {
        let task = Task::named(&typed.command).ok_or_else(|| unknown(&typed.command))?;
        check_options(typed, task)?;
        let cpus = || thread::available_parallelism().map_or(1, usize::from);
        Ok(Self {
            task,
            packs: typed.packs.clone(),
            selection: selection(typed)?,
            output: typed.output.clone().unwrap_or_else(|| ".".into()),
            extension: extension(typed)?,
            on_duplicate: match typed.on_duplicate {
                None | Some("overwrite") => OnDuplicate::Overwrite,
                Some("keep") => OnDuplicate::Keep,
                Some(_) => OnDuplicate::Refuse,
            },
            allow_unsealed: typed.allow_unsealed,
            json: typed.json,
            threads: typed.threads.map_or_else(cpus, in_range).min(THREADS_MAX),
        })
    }
}

fn unknown(command: &OsStr) -> UsageError {
    let command = command.to_string_lossy();
    let expected = "ls, cat, extract, verify, stat or index expected";
    UsageError::new(
        Stage::Judging,
        format!("Invalid parameter value {command} ({expected})"),
    )
}

/// Each option is for some commands only.
fn check_options(typed: &Typed, task: Task) -> Result<(), UsageError> {
    let selects = matches!(task, Task::List | Task::Cat | Task::Extract);
    let extracts = task == Task::Extract;
    let works = matches!(task, Task::Extract | Task::Verify);
    let prints = matches!(task, Task::List | Task::Verify | Task::Stat);
    let rules = [
        (
            typed.key.is_some(),
            selects,
            "--instance, --series and --study",
        ),
        (typed.output.is_some(), extracts, "--output-directory"),
        (typed.extension.is_some(), extracts, "--filename-extension"),
        (typed.on_duplicate.is_some(), extracts, "--on-duplicate"),
        (
            typed.allow_unsealed,
            task == Task::Verify,
            "--allow-unsealed",
        ),
        (typed.json, prints, "--json"),
        (typed.threads.is_some(), works, "--threads"),
    ];
    match rules
        .iter()
        .find(|(is_typed, is_used, _)| *is_typed && !is_used)
    {
        Some((.., option)) => {
            let command = typed.command.to_string_lossy();
            let text = format!("{option} not allowed with {command}");
            Err(UsageError::new(Stage::Judging, text))
        }
        None => Ok(()),
    }
}

fn selection(typed: &Typed) -> Result<Option<Selection>, UsageError> {
    let Some((kind, text)) = &typed.key else {
        return Ok(None);
    };
    let long = match kind {
        KeyKind::Instance => "--instance",
        KeyKind::Series => "--series",
        KeyKind::Study => "--study",
    };
    let uid = text
        .to_str()
        .filter(|uid| !uid.is_empty() && uid.is_ascii());
    let uid = uid.ok_or_else(|| invalid(long, text, "a UID"))?;
    let (kind, uid) = (*kind, Uid::from(uid));
    Ok(Some(Selection { kind, uid }))
}

fn extension(typed: &Typed) -> Result<String, UsageError> {
    const LONG: &str = "--filename-extension";
    let Some(text) = &typed.extension else {
        return Ok(String::new());
    };
    let extension = utf8(LONG, text)?;
    if extension.len() > EXTENSION_BYTES_MAX
        || extension.contains(|c: char| c == '/' || c.is_control())
    {
        let expected = "at most 64 bytes without slash and control characters";
        return Err(invalid(LONG, text, expected));
    }
    Ok(extension)
}
