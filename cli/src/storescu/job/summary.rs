//! The last line of a job.

use std::fmt::Write as _;
use std::path::Path;
use std::time::Duration;

use super::quantities::{bytes, time};
use super::report::Tally;
use super::rest::Rest;

/// How a job ended.
#[derive(Clone, Debug, Default)]
pub(super) struct Summary<'a> {
    /// What became of the files.
    pub(super) tally: Tally,
    /// What nobody tried, if it was looked for.
    pub(super) rest: Option<Rest>,
    /// How many files there are, if that is known.
    pub(super) total: Option<u64>,
    /// How long it took.
    pub(super) took: Duration,
    /// Whether it ended before its last file.
    pub(super) is_cut_short: bool,
    /// Where the report is.
    pub(super) report: Option<&'a Path>,
    /// Where the journal is.
    pub(super) journal: Option<&'a Path>,
    /// Whether it went on with an earlier one.
    pub(super) was_resumed: bool,
}

impl Summary<'_> {
    /// `1991 sent, 2 sent with a warning, 18 failed, 2365 skipped, 512 MB in 23 s; ...`
    pub(super) fn line(&self) -> String {
        let tally = &self.tally;
        let mut line = format!("{} sent", tally.sent);
        let mut add = |count: u64, what| {
            if count > 0 {
                // Writing to a string does not fail.
                let _ = write!(line, ", {count} {what}");
            }
        };
        add(tally.warned, "sent with a warning");
        add(
            tally.duplicates,
            "of them with the SOP Instance UID of another",
        );
        add(tally.failed, "failed");
        add(tally.skipped, "skipped");
        let what = match &self.rest {
            Some(rest) if !rest.is_all() => "or more not attempted",
            _ => "not attempted",
        };
        add(self.not_attempted(), what);
        let (bytes, took) = (bytes(tally.bytes), time(self.took));
        let (failures, next) = (self.where_failures_are(), self.how_to_go_on());
        format!("{line}, {bytes} in {took}{failures}{next}")
    }

    fn not_attempted(&self) -> u64 {
        if let Some(rest) = &self.rest {
            return rest.count();
        }
        let total = self.total.filter(|_| self.is_cut_short);
        total.map_or(0, |total| total.saturating_sub(self.tally.done()))
    }

    fn where_failures_are(&self) -> String {
        match (self.tally.failed, self.report, self.journal) {
            (0, _, _) => String::new(),
            (_, Some(report), _) => format!("; failures are listed in {}", report.display()),
            (_, None, Some(journal)) => format!("; failures are listed in {}", journal.display()),
            (_, None, None) => "; --report writes a list of failures".to_owned(),
        }
    }

    fn how_to_go_on(&self) -> &'static str {
        match (self.is_cut_short, self.journal, self.was_resumed) {
            (true, Some(_), true) => "; the same command goes on",
            (true, Some(_), false) => "; the same command with --resume goes on",
            _ => "",
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn summary() -> Summary<'static> {
        Summary {
            tally: Tally {
                sent: 1991,
                warned: 2,
                failed: 18,
                skipped: 2365,
                bytes: 512_000_000,
                duplicates: 0,
            },
            total: Some(5000),
            took: Duration::from_secs(23),
            ..Summary::default()
        }
    }

    #[test]
    fn the_last_line_counts_everything_and_names_the_list_of_failures() {
        let counts = "1991 sent, 2 sent with a warning, 18 failed, 2365 skipped, 512 MB in 23 s";
        let mut summary = summary();
        assert_eq!(
            summary.line(),
            format!("{counts}; --report writes a list of failures")
        );
        summary.journal = Some(Path::new("job.log"));
        assert_eq!(
            summary.line(),
            format!("{counts}; failures are listed in job.log")
        );
        summary.report = Some(Path::new("r.json"));
        assert_eq!(
            summary.line(),
            format!("{counts}; failures are listed in r.json")
        );
    }

    #[test]
    fn what_did_not_happen_is_left_out() {
        let mut summary = summary();
        summary.tally = Tally {
            sent: 3,
            bytes: 999,
            ..Tally::default()
        };
        assert_eq!(summary.line(), "3 sent, 999 B in 23 s");
        summary.tally.duplicates = 1;
        assert_eq!(
            summary.line(),
            "3 sent, 1 of them with the SOP Instance UID of another, 999 B in 23 s"
        );
    }

    #[test]
    fn a_job_that_was_cut_short_tells_what_is_left_and_how_to_go_on() {
        let mut summary = summary();
        summary.is_cut_short = true;
        assert!(summary.line().contains(", 624 not attempted, "));
        assert!(!summary.line().contains("goes on"));
        summary.journal = Some(Path::new("j"));
        assert!(
            summary
                .line()
                .ends_with("; the same command with --resume goes on")
        );
        summary.was_resumed = true;
        assert!(summary.line().ends_with("; the same command goes on"));
        summary.total = None;
        assert!(!summary.line().contains("not attempted"));
        let mut rest = Rest::default();
        rest.add(Path::new("file"), 7);
        summary.rest = Some(rest.clone());
        assert!(summary.line().contains(", 7 not attempted, "));
        rest.note_part();
        summary.rest = Some(rest);
        assert!(summary.line().contains(", 7 or more not attempted, "));
    }
}
