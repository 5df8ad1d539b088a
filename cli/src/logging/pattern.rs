//! The conversion pattern of a layout: `%D{%H:%M:%S} %5p: %m%n`.

use super::complaints::Complaints;
use super::date::DateFormat;
use super::layout::relative;
use super::record::{Process, Record, thread_name, thread_number};

/// The widest field, in characters: more would only be blanks.
const WIDTH_MAX: usize = 1024;

/// The date of a pattern that names no format.
const DATE_DEFAULT: &str = "%Y-%m-%d %H:%M:%S";

/// What a pattern is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Piece {
    /// Text that is the same each time.
    Text(String),
    /// Something of the message, so wide.
    Field(Field, Width),
}

/// Something of a message.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Field {
    /// `%c`: the last so many parts of the logger's name; all of them for 0.
    Logger(usize),
    /// `%d`, `%D`
    Date(DateFormat),
    /// `%b`: the source file without its directory.
    BaseName,
    /// `%F`
    File,
    /// `%L`
    Line,
    /// `%l`: file and line.
    Location,
    /// `%M`: the module, which stands for the function.
    Module,
    /// `%m`
    Message,
    /// `%n`
    NewLine,
    /// `%p`
    Level,
    /// `%P`: its first letter.
    Letter,
    /// `%r`: milliseconds since logging began.
    Relative,
    /// `%t`
    ThreadName,
    /// `%T`
    ThreadNumber,
    /// `%i`
    Process,
    /// `%h`, `%H`
    Host,
    /// `%x`, `%X`: contexts, which no tool sets, here or in DCMTK.
    Nothing,
}

/// How wide a field is, in characters.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Width {
    min: usize,
    max: usize,
    is_left: bool,
}

impl Width {
    const ANY: Self = Self {
        min: 0,
        max: usize::MAX,
        is_left: false,
    };

    /// Adds a text: the end of one that is too long, blanks beside one that is too short.
    fn put(self, text: &str, out: &mut String) {
        let count = text.chars().count();
        if count > self.max {
            out.extend(text.chars().skip(count - self.max));
            return;
        }
        let blanks = " ".repeat(self.min.saturating_sub(count));
        let (before, behind) = if self.is_left {
            ("", &*blanks)
        } else {
            (&*blanks, "")
        };
        out.extend([before, text, behind]);
    }
}

/// A pattern that is understood.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern(Vec<Piece>);

impl Pattern {
    /// Understands a pattern, which stands on this line of the configuration. What is no conversion
    /// stays as it is and is complained about.
    pub(super) fn parse(text: &str, line: usize, complaints: &mut Complaints) -> Self {
        let mut parser = Parser {
            rest: text,
            pieces: Vec::new(),
            text: String::new(),
        };
        while let Some(character) = parser.next() {
            if character != '%' || parser.rest.is_empty() {
                parser.text.push(character);
            } else if let Some(rest) = parser.rest.strip_prefix('%') {
                parser.rest = rest;
                parser.text.push('%');
            } else if let Err(why) = parser.conversion() {
                complaints.add(line, format!("{why} in the conversion pattern"));
            }
        }
        parser.end_text();
        Self(parser.pieces)
    }

    /// Adds the message in this pattern.
    pub(super) fn put(&self, record: &Record<'_>, process: &Process, out: &mut String) {
        for piece in &self.0 {
            match piece {
                Piece::Text(text) => out.push_str(text),
                Piece::Field(field, width) => width.put(&field.text(record, process), out),
            }
        }
    }
}

/// A pattern on its way.
struct Parser<'a> {
    rest: &'a str,
    pieces: Vec<Piece>,
    text: String,
}

impl Parser<'_> {
    fn next(&mut self) -> Option<char> {
        let character = self.rest.chars().next()?;
        self.rest = &self.rest[character.len_utf8()..];
        Some(character)
    }

    fn end_text(&mut self) {
        if !self.text.is_empty() {
            self.pieces
                .push(Piece::Text(std::mem::take(&mut self.text)));
        }
    }

    /// What follows a percent sign: `-5.10c{2}`. What is none becomes text.
    fn conversion(&mut self) -> Result<(), String> {
        let start = self.rest;
        let outcome = self.width().and_then(|width| {
            let field = self.field()?;
            Ok(Piece::Field(field, width))
        });
        match outcome {
            Ok(piece) => {
                self.end_text();
                self.pieces.push(piece);
                Ok(())
            }
            Err(why) => {
                self.text.push('%');
                self.text.push_str(&start[..start.len() - self.rest.len()]);
                Err(why)
            }
        }
    }

    fn width(&mut self) -> Result<Width, String> {
        let mut width = Width::ANY;
        while let Some(rest) = self.rest.strip_prefix('-') {
            self.rest = rest;
            width.is_left = true;
        }
        width.min = self.number().unwrap_or(0).min(WIDTH_MAX);
        if let Some(rest) = self.rest.strip_prefix('.') {
            self.rest = rest;
            width.max = self.number().ok_or_else(|| {
                let found = self
                    .next()
                    .map_or_else(String::new, |c| format!(", not {c:?}"));
                format!("a digit is expected behind the point{found}")
            })?;
        }
        Ok(width)
    }

    fn number(&mut self) -> Option<usize> {
        let end = self.rest.find(|c: char| !c.is_ascii_digit());
        let (digits, rest) = self.rest.split_at(end.unwrap_or(self.rest.len()));
        self.rest = rest;
        // One that is too large for its type limits nothing, or is bounded by the caller.
        (!digits.is_empty()).then(|| digits.parse().unwrap_or(usize::MAX))
    }

    fn field(&mut self) -> Result<Field, String> {
        let character = self.next().ok_or("a conversion has no character")?;
        Ok(match character {
            'b' => Field::BaseName,
            'c' => Field::Logger(self.option()?.parse().unwrap_or(0)),
            'd' | 'D' => {
                let format = Some(self.option()?).filter(|format| !format.is_empty());
                let format = format.unwrap_or_else(|| DATE_DEFAULT.to_owned());
                Field::Date(DateFormat::new(&format, character == 'd'))
            }
            'F' => Field::File,
            'h' | 'H' => Field::Host,
            'i' => Field::Process,
            'l' => Field::Location,
            'L' => Field::Line,
            'm' => Field::Message,
            'M' => Field::Module,
            'n' => Field::NewLine,
            'p' => Field::Level,
            'P' => Field::Letter,
            'r' => Field::Relative,
            't' => Field::ThreadName,
            'T' => Field::ThreadNumber,
            'x' => Field::Nothing,
            'X' => {
                self.option()?;
                Field::Nothing
            }
            other => return Err(format!("there is no conversion {other:?}")),
        })
    }

    /// What stands in braces; nothing without them.
    fn option(&mut self) -> Result<String, String> {
        let Some(inner) = self.rest.strip_prefix('{') else {
            return Ok(String::new());
        };
        let Some((option, rest)) = inner.split_once('}') else {
            self.rest = "";
            return Err("a brace is not closed".to_owned());
        };
        self.rest = rest;
        Ok(option.to_owned())
    }
}

impl Field {
    fn text(&self, record: &Record<'_>, process: &Process) -> String {
        let line = || record.line.map(|line| line.to_string());
        match self {
            Self::Logger(parts) => last_parts(record.logger, *parts).to_owned(),
            Self::Date(format) => format.text(record.time, &process.zone),
            Self::BaseName => record
                .file
                .rsplit('/')
                .next()
                .unwrap_or_default()
                .to_owned(),
            Self::File => record.file.to_owned(),
            Self::Line => line().unwrap_or_default(),
            Self::Location => format!("{}:{}", record.file, line().unwrap_or_default()),
            Self::Module => record.module.to_owned(),
            Self::Message => record.message.to_owned(),
            Self::NewLine => "\n".to_owned(),
            Self::Level => record.gravity.name().to_owned(),
            Self::Letter => record.gravity.name()[..1].to_owned(),
            Self::Relative => relative(record.time, process),
            Self::ThreadName => thread_name(),
            Self::ThreadNumber => thread_number(),
            Self::Process => process.id.to_string(),
            Self::Host => process.host.clone(),
            Self::Nothing => String::new(),
        }
    }
}

/// The last so many parts of a name; all of them for 0.
fn last_parts(name: &str, count: usize) -> &str {
    if count == 0 {
        return name;
    }
    let dots = name.rmatch_indices('.').map(|(at, _)| at + 1);
    name.get(dots.take(count).nth(count - 1).unwrap_or(0)..)
        .unwrap_or(name)
}

#[cfg(test)]
mod tests;
