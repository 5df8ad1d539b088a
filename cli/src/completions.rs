//! Shell completions, from the table.
//!
//! Written out here because the usual generators know `-x` and `--long` only, and short names
//! such as `-aet` and `+B` would be missing. Options that are refused are not offered.

#![expect(
    clippy::format_push_string,
    clippy::format_collect,
    reason = "a text made once; writing it instead would bring an error that can't happen"
)]

use crate::options::{Argument, Entry, Kind, Tool};
use crate::programs::{PROGRAMS, Program, names as tools};

/// The shells that are known.
pub(crate) const SHELLS: &[&str] = &["bash", "zsh", "fish"];

/// The text of `pdvault completions --help`.
pub(crate) const USAGE: &str = "\
usage: pdvault completions bash|zsh|fish

Prints completions for pdvault and for links named storescp, storescu and echoscu
on standard output. Where a shell looks for them:

  bash  pdvault completions bash > ~/.local/share/bash-completion/completions/pdvault
        ln -s pdvault ~/.local/share/bash-completion/completions/storescp
        (and the same for storescu and echoscu)
  zsh   pdvault completions zsh > DIRECTORY/_pdvault
        where DIRECTORY is one of those that `echo $fpath` shows
  fish  pdvault completions fish > ~/.config/fish/completions/pdvault.fish
        ln -s pdvault.fish ~/.config/fish/completions/storescp.fish
        (and the same for storescu and echoscu)

Make the directory first if it is missing (mkdir -p), and start a new shell afterwards.
";

/// The commands of `pdvault` besides the tools.
const COMMANDS: [(&str, &str); 2] = [
    ("completions", "print completions for a shell"),
    ("man", "print a manual page"),
];

/// Names and meanings of all commands of `pdvault`.
pub(crate) fn commands() -> impl Iterator<Item = (&'static str, &'static str)> {
    let tools = PROGRAMS
        .iter()
        .map(|program| (program.name, program.summary));
    tools.chain(COMMANDS)
}

/// What the completions of each shell say about one tool.
pub(crate) struct Fragments {
    bash: String,
    zsh: String,
    fish: String,
}

/// The fragments of a tool.
pub(crate) fn fragments<T>(tool: &Tool<T>) -> Fragments {
    Fragments {
        bash: bash_function(tool),
        zsh: zsh_function(tool),
        fish: fish_rows(tool),
    }
}

/// The completions of `pdvault` and of the links to it; `None` for a shell that is not in
/// [`SHELLS`].
pub(crate) fn script(shell: &str) -> Option<String> {
    match shell {
        "bash" => Some(bash()),
        "zsh" => Some(zsh()),
        "fish" => Some(fish()),
        _ => None,
    }
}

/// The tools that a link calls.
fn linked() -> impl Iterator<Item = &'static Program> {
    PROGRAMS.iter().filter(|program| program.has_link)
}

fn working<T>(tool: &Tool<T>) -> impl Iterator<Item = &'static Entry<T>> {
    tool.entries().filter(|entry| entry.refusal().is_none())
}

fn names<T>(entry: &Entry<T>) -> impl Iterator<Item = &'static str> + use<T> {
    entry.short.into_iter().chain([entry.long])
}

fn command_names() -> String {
    commands()
        .map(|(name, _)| name)
        .collect::<Vec<_>>()
        .join(" ")
}

fn bash() -> String {
    let functions: String = PROGRAMS.iter().map(|p| (p.fragments)().bash).collect();
    let cases: String = tools()
        .iter()
        .map(|name| format!("        *:{name}) _pdvault_{name} ;;\n"))
        .collect();
    let links: String = linked()
        .map(|program| format!("complete -F _pdvault_{0} {0}\n", program.name))
        .collect();
    let (commands, shells, tools) = (command_names(), SHELLS.join(" "), tools().join(" "));
    format!(
        r#"# Completions of pdvault for bash.

_pdvault_words() {{
    mapfile -t COMPREPLY < <(compgen -W "$1" -- "${{COMP_WORDS[COMP_CWORD]}}")
}}

{functions}_pdvault() {{
    case "$COMP_CWORD:${{COMP_WORDS[1]}}" in
        1:*) _pdvault_words "{commands} --help --version" ;;
{cases}        2:completions) _pdvault_words "{shells}" ;;
        2:man) _pdvault_words "{tools}" ;;
    esac
}}

complete -F _pdvault pdvault
{links}"#
    )
}

fn bash_function<T>(tool: &Tool<T>) -> String {
    let all: Vec<_> = working(tool).flat_map(names).collect();
    let cases: String = working(tool).filter_map(bash_case).collect();
    let (name, all) = (tool.name, all.join(" "));
    let files = if tool.takes_files {
        "        *) case \"$current\" in\n            \
         [-+]*) _pdvault_words \"$all\" ;;\n            \
         *) mapfile -t COMPREPLY < <(compgen -f -- \"$current\") ;;\n        \
         esac ;;\n"
    } else {
        "        *) _pdvault_words \"$all\" ;;\n"
    };
    format!(
        r#"_pdvault_{name}() {{
    local current="${{COMP_WORDS[COMP_CWORD]}}"
    local all="{all}"
    case "${{COMP_WORDS[COMP_CWORD-1]}}" in
{cases}{files}    esac
}}

"#
    )
}

/// What may follow an option that takes a value.
fn bash_case<T>(entry: &'static Entry<T>) -> Option<String> {
    let argument = entry.arguments.first()?;
    let action = match argument.kind {
        Kind::Path => r#"mapfile -t COMPREPLY < <(compgen -f -- "$current")"#.to_owned(),
        Kind::Directory => r#"mapfile -t COMPREPLY < <(compgen -d -- "$current")"#.to_owned(),
        Kind::Choice(words) | Kind::LogLevel(words) => {
            format!("_pdvault_words \"{}\"", words.join(" "))
        }
        Kind::Text
        | Kind::Signed { .. }
        | Kind::Unsigned { .. }
        | Kind::Size { .. }
        | Kind::Rate => "COMPREPLY=()".to_owned(),
    };
    let names: Vec<_> = names(entry).collect();
    Some(format!("        {}) {action} ;;\n", names.join("|")))
}

fn zsh() -> String {
    let functions: String = PROGRAMS.iter().map(|p| (p.fragments)().zsh).collect();
    let links: Vec<_> = linked().map(|program| program.name).collect();
    let links = links.join(" ");
    let cases: String = tools()
        .iter()
        .map(|name| {
            format!("            {name}) shift words; (( CURRENT-- )); _pdvault_{name} ;;\n")
        })
        .collect();
    let commands: String = commands()
        .map(|(name, what)| format!(" '{name}:{what}'"))
        .collect();
    let (shells, tools) = (SHELLS.join(" "), tools().join(" "));
    format!(
        r#"#compdef pdvault {links}
# Completions of pdvault for zsh.

{functions}_pdvault() {{
    if [[ $service != pdvault ]]; then
        _pdvault_$service
    elif (( CURRENT == 2 )); then
        local -a commands=({commands} )
        _describe command commands
    else
        case $words[2] in
{cases}            completions) compadd {shells} ;;
            man) compadd {tools} ;;
        esac
    fi
}}

if [[ $funcstack[1] == _pdvault ]]; then
    _pdvault "$@"
else
    compdef _pdvault pdvault {links}
fi
"#
    )
}

fn zsh_function<T>(tool: &Tool<T>) -> String {
    let name = tool.name;
    let specs: String = working(tool)
        .flat_map(|entry| names(entry).map(move |n| zsh_spec(entry, n)))
        .collect();
    let parameters = zsh_parameters(tool);
    format!("_pdvault_{name}() {{\n    _arguments \\\n{specs}{parameters}        && return\n}}\n\n")
}

/// The parameters in the notation of `_arguments`.
fn zsh_parameters<T>(tool: &Tool<T>) -> String {
    let last = tool.parameters.len();
    (1..=last)
        .zip(tool.parameters)
        .map(|(place, (name, _))| {
            if place == last && tool.takes_files {
                format!("        '*:{name}:_files' \\\n")
            } else {
                format!("        '{place}:{name}:' \\\n")
            }
        })
        .collect()
}

/// One name of an option in the notation of `_arguments`.
fn zsh_spec<T>(entry: &Entry<T>, name: &str) -> String {
    // A sign within a name has a meaning of its own there.
    let (sign, rest) = name.split_at(1);
    let name = format!("{sign}{}", rest.replace('=', "\\="));
    let summary = entry
        .summary
        .replace('\'', "'\\''")
        .replace('[', "\\[")
        .replace(']', "\\]");
    let arguments: String = entry.arguments.iter().map(zsh_argument).collect();
    format!("        '*{name}[{summary}]{arguments}' \\\n")
}

fn zsh_argument(argument: &Argument) -> String {
    let action = match argument.kind {
        Kind::Path => "_files".to_owned(),
        Kind::Directory => "_files -/".to_owned(),
        Kind::Choice(words) | Kind::LogLevel(words) => format!("({})", words.join(" ")),
        Kind::Text
        | Kind::Signed { .. }
        | Kind::Unsigned { .. }
        | Kind::Size { .. }
        | Kind::Rate => String::new(),
    };
    format!(":{}:{action}", argument.name)
}

fn fish() -> String {
    let commands: String = commands()
        .map(|(name, what)| {
            format!("complete -c pdvault -f -n __fish_use_subcommand -a {name} -d '{what}'\n")
        })
        .collect();
    let rows: String = PROGRAMS.iter().map(|p| (p.fragments)().fish).collect();
    let (shells, tools) = (SHELLS.join(" "), tools().join(" "));
    format!(
        "# Completions of pdvault for fish.\n\n{commands}\
         complete -c pdvault -f -n '__fish_seen_subcommand_from completions' -a '{shells}'\n\
         complete -c pdvault -f -n '__fish_seen_subcommand_from man' -a '{tools}'\n{rows}"
    )
}

/// The rows of a tool as a command of `pdvault`, and of its link where it has one.
fn fish_rows<T>(tool: &Tool<T>) -> String {
    let name = tool.name;
    let of_pdvault = format!("pdvault -n '__fish_seen_subcommand_from {name}'");
    let mut rows: String = working(tool)
        .map(|entry| fish_row(&of_pdvault, entry))
        .collect();
    if tool.has_link {
        if !tool.takes_files {
            rows.push_str(&format!("complete -c {name} -f\n"));
        }
        rows.extend(working(tool).map(|entry| fish_row(name, entry)));
    }
    rows
}

/// Fish knows `-aet` as an old-style option; `+B` it can offer as a plain word only.
fn fish_row<T>(command: &str, entry: &Entry<T>) -> String {
    let what = entry.summary.replace('\\', "\\\\").replace('\'', "\\'");
    let short = match entry.short {
        Some(short) if short.starts_with('-') => format!(" -o {}", &short[1..]),
        Some(_) | None => String::new(),
    };
    let values = match entry.arguments.first().map(|argument| argument.kind) {
        None => String::new(),
        Some(Kind::Path) => " -r -F".to_owned(),
        Some(Kind::Directory) => " -r -a '(__fish_complete_directories)'".to_owned(),
        Some(Kind::Choice(words) | Kind::LogLevel(words)) => {
            format!(" -x -a '{}'", words.join(" "))
        }
        Some(_) => " -x".to_owned(),
    };
    let long = entry.long.trim_start_matches('-');
    let mut row = format!("complete -c {command}{short} -l {long}{values} -d '{what}'\n");
    if let Some(plus) = entry.short.filter(|short| short.starts_with('+')) {
        row.push_str(&format!("complete -c {command} -a '{plus}' -d '{what}'\n"));
    }
    row
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::options::{storescp, storescu};

    fn assert_offers_what_works<T>(tool: &Tool<T>) {
        let function = bash_function(tool);
        let (_, words) = function
            .split_once("local all=\"")
            .expect("the list of names");
        let (words, _) = words.split_once('"').expect("its end");
        let offered: Vec<_> = words.split(' ').collect();
        for entry in tool.entries() {
            for name in names(entry) {
                assert_eq!(offered.contains(&name), entry.refusal().is_none(), "{name}");
            }
        }
    }

    #[test]
    fn every_working_name_is_offered_and_no_refused_one() {
        assert_offers_what_works(&storescp::TOOL);
        assert_offers_what_works(&storescu::TOOL);
    }

    #[test]
    fn every_shell_gets_the_long_and_the_plus_names_of_all_tools() {
        for shell in SHELLS {
            let script = script(shell).expect("a known shell");
            let names = [
                "+B",
                "-od",
                "output-directory",
                "overwrite",
                "-xd",
                "+sd",
                "mammo",
            ];
            for name in names.into_iter().chain(tools()) {
                let name = if *shell == "fish" {
                    name.trim_start_matches('-')
                } else {
                    name
                };
                assert!(script.contains(name), "{shell}: {name}");
            }
        }
        assert_eq!(script("tcsh"), None);
    }

    #[test]
    fn links_are_completed_where_there_are_links() {
        let script = bash();
        for program in &PROGRAMS {
            let line = format!("complete -F _pdvault_{0} {0}\n", program.name);
            assert_eq!(script.contains(&line), program.has_link, "{}", program.name);
        }
    }

    #[test]
    fn zsh_sees_no_meaning_in_the_signs_of_a_name() {
        let entry = storescp::TOOL
            .entries()
            .find(|entry| entry.short == Some("+x="))
            .expect("in the table");
        assert!(zsh_spec(entry, "+x=").contains("'*+x\\=["));
    }
}
