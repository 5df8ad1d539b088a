//! The manual page, from the table.
//!
//! Written out here because short names such as `+B` have no place in the models of the usual
//! generators.

#![expect(
    clippy::format_push_string,
    reason = "a text made once; writing it instead would bring an error that can't happen"
)]

use crate::help;
use crate::options::{Entry, Tool};
use crate::programs;

/// The text of `pdvault man --help`.
pub(crate) fn usage() -> String {
    format!(
        "usage: pdvault man {}\n\nPrints the manual page on standard output. To read it: pdvault \
         man storescp | man -l -\n",
        programs::names().join("|")
    )
}

/// The sections that are the same for every tool, after the options.
const GRAMMAR: &[&str] = &[
    "Options and parameters may come in any order. An argument of two or more characters that \
     begins with a sign, not followed by a digit, is an option; the values of an option are always \
     the arguments after it, never behind an equals sign. Of options that exclude each other the \
     rightmost counts, and so does the last of an option that is repeated. Of a number the leading \
     digits are read; time-outs may also be hexadecimal (0x10) or octal (010).",
    "An argument @file stands for the words of that file, separated by blanks, tabs or line ends. \
     Quotes, single or double, group words; one that is not closed reaches to the end of the file. \
     There are no escapes, no comments and no nesting: an @ within the file is an ordinary letter.",
];

const LOGGING: &str = "Messages go to standard error, each line behind the letter of its level \
    and a colon: F (fatal), E (error), W (warning), I (info), D (debug), T (trace). UIDs, AE \
    titles, addresses and file names are logged, names and IDs of patients never.";

const LOG_CONFIGURATION: &[&str] = &[
    "The file of --log-config has lines key = value, as log4cplus and DCMTK have them; a line that \
     begins with # is a comment, names are case sensitive, and of a key that is there twice the last \
     counts. log4cplus.rootLogger = LEVEL, NAME, ... sets the level and the appenders of everything; \
     log4cplus.logger.LOGGER = LEVEL, NAME, ... those of one logger and all below it, with INHERITED \
     for the level of its parent; log4cplus.additivity.LOGGER = false keeps its messages from its \
     parents' appenders. The loggers are DCMTK's: dcmtk.apps.TOOL (the tool, and what the receiver tells \
     of associations and objects), dcmtk.dcmnet (the network), dcmtk.dcmdata (data sets). At INFO exactly \
     dcmtk.apps.TOOL.progress shows dots on standard output. A level is OFF, FATAL, ERROR, WARN, INFO, \
     DEBUG, TRACE or ALL.",
    "log4cplus.appender.NAME is log4cplus::ConsoleAppender (standard output; with .logToStdErr = true \
     standard error), FileAppender (.File, .Append, .ReopenDelay), RollingFileAppender (besides \
     .MaxFileSize such as 5MB, at least 200KB, and .MaxBackupIndex), DailyRollingFileAppender (besides \
     .Schedule: monthly, weekly, daily, twice_daily, hourly or minutely) or NullAppender. Each may have a \
     .Threshold, .filters.1 and so on (DenyAllFilter, LogLevelMatchFilter, LogLevelRangeFilter, \
     StringMatchFilter) and a .layout: SimpleLayout, TTCCLayout or PatternLayout with \
     .layout.ConversionPattern.",
    "In a pattern %m is the message, %n a line end, %p the level, %P its letter, %c the logger, %c{1} the \
     last part of its name, %D{format} the local time and %d{format} that of Greenwich (as of strftime, and \
     %q, %Q for fractions of a second), %r the milliseconds since the start, %i the process, %t and %T the \
     thread by name and number, %h and %H the host, %F, %b, %L, %l and %M the place in the source (the \
     module stands for the function), %x and %X nothing. Widths as in %-5p and %.30c are served; %% is a \
     percent sign.",
    "${name} stands for a property of the file, for appname, hostname, pid, date or time, or for a \
     variable of the environment. Whatever can't be served, such as appenders of other classes, is left \
     out, and a line on standard error tells where it stands. Lines are written by a thread of their \
     own, each at once, whatever .ImmediateFlush says; those that find no room among the 16384 that may wait \
     for a slow file are left out rather than transfers held up, and their number is told on standard error. A file of .Schedule is put away when \
     its time is over, at the latest when the next run begins; not, as with DCMTK, at each end.",
];

/// The manual page of a tool, in roff's man macros.
pub(crate) fn page<T>(tool: &Tool<T>) -> String {
    let version = env!("CARGO_PKG_VERSION");
    let mut page = format!(
        ".TH {} 1 \"version {version}\" \"pdvault\" \"User Commands\"\n",
        tool.name.to_uppercase()
    );
    push_section(
        &mut page,
        "NAME",
        &format!("{} - {}", tool.name, tool.title),
    );
    page.push_str(&format!(".SH SYNOPSIS\n{}\n", synopsis(tool)));
    push_section(&mut page, "DESCRIPTION", tool.description);
    if !tool.parameters.is_empty() {
        page.push_str(".SH PARAMETERS\n");
    }
    for (name, meaning) in tool.parameters {
        push_item(&mut page, &bold(name), meaning);
    }
    push_options(&mut page, tool);
    push_refused(&mut page, tool);
    push_paragraphs(&mut page, "COMMAND LINE", GRAMMAR);
    push_section(&mut page, "LOGGING", LOGGING);
    push_paragraphs(&mut page, "LOG CONFIGURATION", LOG_CONFIGURATION);
    for (title, paragraphs) in tool.manual.sections {
        push_paragraphs(&mut page, title, paragraphs);
    }
    push_section(&mut page, "EXIT STATUS", tool.manual.exit_status);
    push_list(&mut page, "FILES", tool.manual.files);
    push_list(&mut page, "EXAMPLES", tool.manual.examples);
    page
}

/// The tool as a command of its own, where a link makes it one, and as one of pdvault.
fn synopsis<T>(tool: &Tool<T>) -> String {
    let Tool { name, usage, .. } = tool;
    let of_pdvault = format!("pdvault {name} {}", escape(usage));
    if tool.has_link {
        format!("{name} {}\n.br\n{of_pdvault}", escape(usage))
    } else {
        of_pdvault
    }
}

fn push_options<T>(page: &mut String, tool: &Tool<T>) {
    page.push_str(".SH OPTIONS\n");
    for section in tool.sections {
        let mut working = section
            .entries
            .iter()
            .filter(|e| e.refusal().is_none())
            .peekable();
        if working.peek().is_some() {
            page.push_str(&format!(".SS {}\n", escape(section.title)));
        }
        for entry in working {
            let text = format!("{}{}", entry.details, rules(entry));
            push_item(page, &tag(entry), &text);
        }
    }
}

fn push_refused<T>(page: &mut String, tool: &Tool<T>) {
    if !tool.has_link || tool.entries().all(|entry| entry.refusal().is_none()) {
        return;
    }
    page.push_str(".SH REFUSED OPTIONS\n");
    page.push_str(&escape(
        "These options of DCMTK are known, but end the program with exit code 1.",
    ));
    page.push('\n');
    for entry in tool.entries() {
        if let Some(why) = entry.refusal() {
            push_item(
                page,
                &tag(entry),
                &format!("{} Refused: {why}.", entry.details),
            );
        }
    }
}

/// Default, rivals and companions of an option.
fn rules<T>(entry: &Entry<T>) -> String {
    let mut text = match entry.default {
        None => String::new(),
        Some("yes") => " This is the default.".to_owned(),
        Some(".") => " The default is the working directory.".to_owned(),
        Some(value) => format!(" The default is {value}."),
    };
    if !entry.requires.is_empty() {
        text.push_str(&format!(" Only with {}.", entry.requires.join(" or ")));
    }
    let rivals = entry.conflicts.concat();
    if let Some((last, others)) = rivals.split_last() {
        let others = others.join(", ");
        let or = if others.is_empty() { "" } else { " or " };
        text.push_str(&format!(" Not with {others}{or}{last}."));
    }
    if entry.repeats {
        text.push_str(" May be repeated; each time counts.");
    }
    text
}

/// `-ta, --acse-timeout seconds (1..)`, with roff's fonts.
fn tag<T>(entry: &Entry<T>) -> String {
    let short = entry
        .short
        .map_or_else(String::new, |short| format!("{}, ", bold(short)));
    let mut tag = format!("{short}{}", bold(entry.long));
    for argument in entry.arguments {
        tag.push_str(&format!(" \\fI{}\\fR", escape(argument.name)));
        if let Some(range) = help::range(argument.kind) {
            tag.push_str(&format!(" ({})", escape(&range)));
        }
    }
    tag
}

fn bold(text: &str) -> String {
    format!("\\fB{}\\fR", escape(text))
}

fn push_section(page: &mut String, title: &str, text: &str) {
    page.push_str(&format!(".SH {title}\n{}\n", escape(text)));
}

fn push_paragraphs(page: &mut String, title: &str, paragraphs: &[&str]) {
    let paragraphs: Vec<_> = paragraphs.iter().map(|text| escape(text)).collect();
    page.push_str(&format!(".SH {title}\n{}\n", paragraphs.join("\n.PP\n")));
}

fn push_list(page: &mut String, title: &str, items: &[(&str, &str)]) {
    if !items.is_empty() {
        page.push_str(&format!(".SH {title}\n"));
    }
    for (tag, text) in items {
        push_item(page, &bold(tag), text);
    }
}

fn push_item(page: &mut String, tag: &str, text: &str) {
    page.push_str(&format!(".TP\n{tag}\n{}\n", escape(text)));
}

/// Text that roff shows as it is: hyphens stay ASCII, nothing at the front is a request.
fn escape(text: &str) -> String {
    let text = text.replace('\\', "\\e").replace('-', "\\-");
    if text.starts_with(['.', '\'']) {
        format!("\\&{text}")
    } else {
        text
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::storescp::TOOL;

    #[test]
    fn the_page_shows_every_name_of_every_option() {
        let page = page(&TOOL);
        for entry in TOOL.entries() {
            assert!(page.contains(&tag(entry)), "{}", entry.long);
            for name in entry.short.into_iter().chain([entry.long]) {
                assert!(page.contains(&bold(name)), "{name}");
            }
        }
        assert!(page.contains("\\fB+B\\fR, \\fB\\-\\-bit\\-preserving\\fR"));
    }

    #[test]
    fn the_page_has_the_sections_that_people_look_for() {
        let page = page(&TOOL);
        for title in [
            "LOG CONFIGURATION",
            "SIGNALS",
            "EXIT STATUS",
            "FILES",
            "EXAMPLES",
        ] {
            assert!(page.contains(&format!(".SH {title}\n")), "{title}");
        }
        assert!(page.starts_with(concat!(
            ".TH STORESCP 1 \"version ",
            env!("CARGO_PKG_VERSION"),
            "\" "
        )));
    }

    #[test]
    fn a_default_is_told_once_and_in_words() {
        let page = page(&TOOL);
        assert!(page.contains("The default is the working directory."));
        for line in page
            .lines()
            .filter(|line| line.ends_with("This is the default."))
        {
            assert_eq!(
                line.to_lowercase().matches("the default").count(),
                1,
                "{line}"
            );
        }
    }

    #[test]
    fn rivals_are_told_of_in_one_sentence() {
        let page = page(&crate::options::storescu::TOOL);
        let page = page.replace('\\', "");
        assert!(page.contains("--propose-stored, --required or --combine."));
        assert!(!page.contains("Not with --propose-big."));
    }

    #[test]
    fn text_can_not_become_a_request_of_roff() {
        assert_eq!(escape(".X. a-b\\"), "\\&.X. a\\-b\\e");
        assert_eq!(escape("'x'"), "\\&'x'");
        assert!(page(&TOOL).lines().all(|line| !line.starts_with('\'')));
    }
}
