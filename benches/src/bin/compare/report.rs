//! What is told at the end: on standard output, as JSON, as pictures, and in the documentation.

use std::fmt::Write as _;
use std::fs;
use std::path::Path;

use serde::Serialize;

use crate::charts;
use crate::endurance::Endurance;
use crate::host::Facts;
use crate::problem::Problem;
use crate::results::Results;
use crate::state::Run;
use crate::system::System;
use crate::tables;
use crate::targets::Verdict;

/// Where the tables are in docs/benchmarks.md.
const BEGIN: &str = "<!-- compare: begin -->";
const END: &str = "<!-- compare: end -->";

/// Where the charts are, in docs/.
const CHARTS: &str = "benchmarks";

/// What there is to tell.
#[derive(Debug)]
pub(crate) struct Report<'a> {
    pub(crate) facts: &'a Facts,
    pub(crate) results: &'a Results,
    pub(crate) verdicts: &'a [Verdict],
    /// Every system that may be in the results, in the order of the tables.
    pub(crate) systems: &'a [System],
    pub(crate) endurance: Option<Endurance>,
}

/// `results.json`.
#[derive(Serialize)]
struct Everything<'a> {
    facts: &'a Facts,
    targets: &'a [Verdict],
    runs: &'a [Run],
    endurance: Option<&'a Endurance>,
}

impl Report<'_> {
    /// Writes results.json, results.md and the charts to `out`.
    pub(crate) fn write(&self, out: &Path) -> Result<(), Problem> {
        let everything = Everything {
            facts: self.facts,
            targets: self.verdicts,
            runs: &self.results.runs,
            endurance: self.endurance.as_ref(),
        };
        let json = serde_json::to_string_pretty(&everything).map_err(|error| error.to_string())?;
        put(&out.join("results.json"), &json)?;
        let text = self.text();
        put(&out.join("results.md"), &text)?;
        for (name, svg) in charts::all(self.results, self.systems)? {
            put(&out.join(format!("{name}.svg")), &svg)?;
        }
        println!("{text}\nEverything is in {}", out.display());
        Ok(())
    }

    /// Puts tables and charts into docs/.
    pub(crate) fn write_docs(&self, root: &Path) -> Result<(), Problem> {
        let docs = root.join("docs");
        let directory = docs.join(CHARTS);
        fs::create_dir_all(&directory).map_err(Problem::at(&directory))?;
        let mut text = String::new();
        for (name, svg) in charts::all(self.results, self.systems)? {
            put(&directory.join(format!("{name}.svg")), &svg)?;
            let _ = writeln!(text, "![{name}]({CHARTS}/{name}.svg)");
        }
        let _ = write!(text, "\n{}", self.text());
        let page = docs.join("benchmarks.md");
        let old = fs::read_to_string(&page).map_err(Problem::at(&page))?;
        let new = replace_marked(&old, &text);
        let new = new.ok_or_else(|| format!("{} has no {BEGIN}", page.display()))?;
        put(&page, &new)
    }

    /// Everything under a heading of its own, in the order of the rows.
    fn text(&self) -> String {
        let mut text = tables::conditions(self.facts, self.results.rounds());
        let _ = write!(text, "\n### Targets\n\n{}", tables::targets(self.verdicts));
        if let Some(endurance) = &self.endurance {
            let _ = write!(text, "\n### The long run\n\n{}", endurance.text());
        }
        for row in &self.results.rows {
            if let Some(table) = tables::of_row(self.results, row, self.systems) {
                let _ = write!(text, "\n### {}\n\n{table}", row.title());
            }
        }
        text
    }
}

fn put(path: &Path, text: &str) -> Result<(), Problem> {
    fs::write(path, text).map_err(Problem::at(path))
}

/// The page with `text` between the marks; `None` if they are not there.
fn replace_marked(page: &str, text: &str) -> Option<String> {
    let (before, rest) = page.split_once(BEGIN)?;
    let (_, after) = rest.split_once(END)?;
    Some(format!(
        "{before}{BEGIN}\n\n{}\n\n{END}{after}",
        text.trim()
    ))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_is_between_the_marks_is_replaced() {
        let page = format!("before\n{BEGIN}\n\nold\n{END}\nafter\n");
        let new = replace_marked(&page, "new\n").expect("marked");
        assert_eq!(new, format!("before\n{BEGIN}\n\nnew\n\n{END}\nafter\n"));
        assert_eq!(replace_marked(&new, "new"), Some(new.clone()));
        assert_eq!(replace_marked("no marks", "new"), None);
    }
}
