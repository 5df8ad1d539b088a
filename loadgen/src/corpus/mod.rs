//! What is sent: objects made up in memory, or those of a directory.
//!
//! Every data set is encoded once, when the corpus is built. An [`Object`] of it costs a few UIDs.

mod deflated;
mod element;
mod files;
mod mix;
mod modality;
mod noise;
mod pixel_data;
mod template;
#[cfg(test)]
mod tests;

use std::io;
use std::path::{Path, PathBuf};
use std::sync::Arc;

use pdvault_engine::registry::TransferSyntax;

pub use files::{FILES_BYTES_MAX, FileProblem};
pub use mix::Mix;
pub use template::{Object, Template};

use crate::uid::Uids;
use element::{Coding, Value};
use modality::{Plan, Shape};
use template::Segment;

/// The fewest bytes that `--size` can ask for: the elements of an image, and some pixels.
pub const OBJECT_BYTES_MIN: u64 = 1536;

/// The most bytes that `--size` can ask for: what an element with a length can hold, less the rest.
pub const OBJECT_BYTES_MAX: u64 = u32::MAX as u64 - OBJECT_BYTES_MIN;

/// The first bytes after the elements are filled up to a length asked for with this: Data Set
/// Trailing Padding (PS3.10 7.2).
const TRAILING_PADDING: u32 = 0xFFFC_FFFC;

/// Pixel Data.
const PIXEL_DATA: u32 = 0x7FE0_0010;

/// Why there is nothing to send.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum CorpusError {
    /// The size cannot be had.
    #[error(
        "objects of {0} bytes cannot be made up: an even number from {OBJECT_BYTES_MIN} to \
         {OBJECT_BYTES_MAX} is needed"
    )]
    Size(u64),
    /// The object is too long for this transfer syntax.
    #[error("an object as large as this cannot be made up in {0}: choose another transfer syntax")]
    TooLong(&'static str),
    /// The directory cannot be read.
    #[error("cannot read {directory}: {error}")]
    Directory {
        /// The directory.
        directory: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// There is no file to send.
    #[error("no file below {directory} can be sent{}", first_of(left_out))]
    NoFiles {
        /// The directory.
        directory: PathBuf,
        /// Why none of them.
        left_out: Vec<(PathBuf, FileProblem)>,
    },
}

fn first_of(left_out: &[(PathBuf, FileProblem)]) -> String {
    match left_out.first() {
        None => ": it holds none".to_owned(),
        Some((path, problem)) => format!(": {} and others: {problem}", path.display()),
    }
}

/// Objects to send, as many as are asked for.
#[derive(Clone, Debug)]
pub struct Corpus {
    templates: Vec<Arc<Template>>,
    /// Indexes into `templates`; object N is made from the N-th of them, again and again.
    turns: Vec<usize>,
    uids: Uids,
}

impl Corpus {
    /// A named mix in a transfer syntax.
    pub fn of_mix(mix: Mix, syntax: &'static TransferSyntax) -> Result<Self, CorpusError> {
        let shares = mix.shares();
        let templates = shares
            .iter()
            .map(|share| encode(&share.plan, syntax))
            .collect::<Result<_, _>>()?;
        let weights: Vec<usize> = shares.iter().map(|share| share.weight).collect();
        Ok(Self::new(templates, &weights))
    }

    /// CT images whose data sets have so many bytes, an even number from [`OBJECT_BYTES_MIN`] to
    /// [`OBJECT_BYTES_MAX`], before they are deflated where the syntax says so.
    pub fn of_size(bytes: u64, syntax: &'static TransferSyntax) -> Result<Self, CorpusError> {
        let plan = sized(bytes, syntax)?;
        Ok(Self::new(vec![encode(&plan, syntax)?], &[1]))
    }

    /// The files below a directory in turn, with fresh UIDs of instance, series and study each time;
    /// and which files are left out, and why. Their bytes are kept in memory.
    pub fn of_files(directory: &Path) -> Result<(Self, Vec<(PathBuf, FileProblem)>), CorpusError> {
        let files = files::read(directory).map_err(|error| CorpusError::Directory {
            directory: directory.to_owned(),
            error,
        })?;
        if files.templates.is_empty() {
            return Err(CorpusError::NoFiles {
                directory: directory.to_owned(),
                left_out: files.left_out,
            });
        }
        let weights = vec![1; files.templates.len()];
        Ok((Self::new(files.templates, &weights), files.left_out))
    }

    /// Objects of each template in turn, each `weights` times in a round.
    fn new(templates: Vec<Template>, weights: &[usize]) -> Self {
        let templates = templates.into_iter().enumerate();
        Self {
            templates: templates
                .map(|(index, template)| Arc::new(template.at_index(index)))
                .collect(),
            turns: turns(weights),
            uids: Uids::fresh(),
        }
    }

    /// The UIDs of this run.
    pub fn uids(&self) -> &Uids {
        &self.uids
    }

    /// What objects are made from.
    pub fn templates(&self) -> &[Arc<Template>] {
        &self.templates
    }

    /// What object `number` is made from: an index into [`Self::templates`].
    pub fn template_of(&self, number: u64) -> usize {
        let turn = number % self.turns.len() as u64;
        self.turns[usize::try_from(turn).expect("shorter than the list")]
    }

    /// Object `number`: the same each time.
    pub fn object(&self, number: u64) -> Object {
        let template = &self.templates[self.template_of(number)];
        template.object(&self.uids, number, self.templates.len() as u64)
    }
}

/// A round in which each index occurs as often as its weight says, spread evenly.
fn turns(weights: &[usize]) -> Vec<usize> {
    let total: usize = weights.iter().sum();
    let mut credits = vec![0_usize; weights.len()];
    let mut round = Vec::with_capacity(total);
    while round.len() < total {
        for (credit, weight) in credits.iter_mut().zip(weights) {
            *credit += weight;
        }
        for (index, credit) in credits.iter_mut().enumerate() {
            if *credit >= total {
                *credit -= total;
                round.push(index);
            }
        }
    }
    round
}

/// Turns a plan into a template.
fn encode(plan: &Plan, syntax: &'static TransferSyntax) -> Result<Template, CorpusError> {
    let mut segments = segments(plan, syntax)?;
    if syntax.deflated {
        segments = deflated::deflate(segments).ok_or(CorpusError::TooLong(syntax.name))?;
    }
    Ok(Template::new(plan.sop_class, syntax.uid, segments))
}

fn segments(plan: &Plan, syntax: &TransferSyntax) -> Result<Vec<Segment>, CorpusError> {
    let mut elements = plan.elements.clone();
    if let Some(shape) = plan.pixels {
        let pixels = pixel_data::value(shape, syntax)
            .ok_or(CorpusError::TooLong("a transfer syntax without fragments"))?;
        elements.put(PIXEL_DATA, pixels);
    }
    Ok(element::write(&elements, coding(syntax)))
}

fn coding(syntax: &TransferSyntax) -> Coding {
    if syntax.implicit {
        Coding::Implicit
    } else if syntax.big_endian {
        Coding::ExplicitBig
    } else {
        Coding::Explicit
    }
}

/// A CT image of so many bytes: the largest frame that fits, and padding behind it.
fn sized(bytes: u64, syntax: &TransferSyntax) -> Result<Plan, CorpusError> {
    if !(OBJECT_BYTES_MIN..=OBJECT_BYTES_MAX).contains(&bytes) || !bytes.is_multiple_of(2) {
        return Err(CorpusError::Size(bytes));
    }
    let smallest = padded(Shape::frame(1, 1), 0);
    let room = bytes.saturating_sub(total(&segments(&smallest, syntax)?));
    let shape = Shape::within(pixel_data::native_bytes(syntax, room));
    let unpadded = total(&segments(&padded(shape, 0), syntax)?);
    let padding = bytes
        .checked_sub(unpadded)
        .ok_or(CorpusError::Size(bytes))?;
    let padding = u32::try_from(padding).map_err(|_| CorpusError::Size(bytes))?;
    Ok(padded(shape, padding))
}

fn padded(shape: Shape, padding: u32) -> Plan {
    let mut plan = modality::ct(shape);
    plan.elements.put(TRAILING_PADDING, Value::Padding(padding));
    plan
}

fn total(segments: &[Segment]) -> u64 {
    segments.iter().map(Segment::len).sum()
}
