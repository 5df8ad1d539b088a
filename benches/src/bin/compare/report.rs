//! What is told at the end: on standard output, as JSON, as pictures, and in the documentation.

use std::fs;
use std::path::Path;

use serde::Serialize;

use crate::charts;
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

/// `results.json`.
#[derive(Serialize)]
struct Everything<'a> {
    facts: &'a Facts,
    targets: &'a [Verdict],
    runs: &'a [Run],
}

/// Writes results.json, results.md and the charts to `out`.
pub(crate) fn write(
    out: &Path,
    facts: &Facts,
    results: &Results,
    verdicts: &[Verdict],
    systems: &[System],
) -> Result<(), Problem> {
    let everything = Everything {
        facts,
        targets: verdicts,
        runs: &results.runs,
    };
    let json = serde_json::to_string_pretty(&everything).map_err(|error| error.to_string())?;
    put(&out.join("results.json"), &json)?;
    let text = tables::all(facts, results, verdicts, systems);
    put(&out.join("results.md"), &text)?;
    for (name, svg) in charts::all(results, systems)? {
        put(&out.join(format!("{name}.svg")), &svg)?;
    }
    println!("{text}\nEverything is in {}", out.display());
    Ok(())
}

/// Puts tables and charts into docs/.
pub(crate) fn write_docs(
    root: &Path,
    facts: &Facts,
    results: &Results,
    verdicts: &[Verdict],
    systems: &[System],
) -> Result<(), Problem> {
    let docs = root.join("docs");
    let directory = docs.join(CHARTS);
    fs::create_dir_all(&directory).map_err(Problem::at(&directory))?;
    let mut pictures = String::new();
    for (name, svg) in charts::all(results, systems)? {
        put(&directory.join(format!("{name}.svg")), &svg)?;
        pictures.push_str(&format!("![{name}]({CHARTS}/{name}.svg)\n"));
    }
    let text = tables::all(facts, results, verdicts, systems);
    let page = docs.join("benchmarks.md");
    let old = fs::read_to_string(&page).map_err(Problem::at(&page))?;
    let new = replace_marked(&old, &format!("{pictures}\n{text}"));
    let new = new.ok_or_else(|| format!("{} has no {BEGIN}", page.display()))?;
    put(&page, &new)
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
