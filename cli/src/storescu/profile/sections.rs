//! The levels of a configuration file: `[[Supersection]]`, `[Section]`, `Key = Value`.

use std::collections::HashMap;

/// A file, split up. Of what is there twice the first counts.
#[derive(Debug, Default)]
pub(super) struct Sections {
    /// By the keys of supersection and section.
    sections: HashMap<(String, String), Section>,
    supersections: Vec<String>,
}

/// The entries of a section by their keys.
#[derive(Debug, Default)]
pub(super) struct Section(HashMap<String, String>);

/// A name as it is looked up: upper case letters, digits, `-` and `_`.
pub(super) fn key(name: &str) -> String {
    name.chars()
        .filter(|c| c.is_ascii_alphanumeric() || matches!(c, '-' | '_'))
        .map(|c| c.to_ascii_uppercase())
        .collect()
}

impl Sections {
    /// Splits the text of a file. Lines that are nothing are passed over.
    pub(super) fn parse(text: &str) -> Self {
        let mut sections = Self::default();
        let mut section = String::new();
        for line in joined(text) {
            match line.strip_prefix('[') {
                Some(rest) => match rest.strip_prefix('[') {
                    Some(name) => {
                        sections.supersections.push(key(up_to_bracket(name)));
                        section.clear();
                    }
                    None => section = key(up_to_bracket(rest)),
                },
                None => sections.take_entry(&section, &line),
            }
        }
        sections
    }

    fn take_entry(&mut self, section: &str, line: &str) {
        let (Some((name, value)), Some(above)) = (line.split_once('='), self.supersections.last())
        else {
            return;
        };
        self.sections
            .entry((above.clone(), section.to_owned()))
            .or_default()
            .0
            .entry(key(name))
            .or_insert_with(|| value.trim_start_matches([' ', '\t']).to_owned());
    }

    /// Whether there is this supersection.
    pub(super) fn has(&self, supersection: &str) -> bool {
        self.supersections.iter().any(|key| key == supersection)
    }

    /// The section of these keys.
    pub(super) fn section(&self, supersection: &str, section: &str) -> Option<&Section> {
        self.sections
            .get(&(supersection.to_owned(), section.to_owned()))
    }
}

impl Section {
    /// The value of a key.
    pub(super) fn get(&self, key: &str) -> Option<&str> {
        self.0.get(key).map(String::as_str)
    }

    /// The entries `PREFIX1`, `PREFIX2` and so on until the first that is missing.
    pub(super) fn numbered<'a>(
        &'a self,
        prefix: &'a str,
    ) -> impl Iterator<Item = (String, &'a str)> {
        (1_usize..).map_while(move |number| {
            let key = format!("{prefix}{number}");
            let value = self.get(&key)?;
            Some((key, value))
        })
    }
}

fn up_to_bracket(name: &str) -> &str {
    name.split(']').next().unwrap_or_default()
}

/// The lines without comments, each with those that go on with it: they begin with a blank.
/// Trailing blanks stay, as DCMTK has it.
fn joined(text: &str) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for line in text.lines().filter(|line| !line.starts_with('#')) {
        let rest = line.trim_start_matches([' ', '\t']);
        match lines.last_mut() {
            Some(last) if rest.len() < line.len() => {
                if !rest.is_empty() {
                    last.push('\n');
                    last.push_str(rest);
                }
            }
            _ => lines.push(rest.to_owned()),
        }
    }
    lines
}
