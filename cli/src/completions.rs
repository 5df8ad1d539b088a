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

/// The shells that are known.
pub(crate) const SHELLS: &[&str] = &["bash", "zsh", "fish"];

/// The text of `pdvault completions --help`.
pub(crate) const USAGE: &str = "\
usage: pdvault completions bash|zsh|fish

Prints completions for pdvault and for a link named storescp on standard output.
Where a shell looks for them:

  bash  pdvault completions bash > ~/.local/share/bash-completion/completions/pdvault
        ln -s pdvault ~/.local/share/bash-completion/completions/storescp
  zsh   pdvault completions zsh > DIRECTORY/_pdvault
        where DIRECTORY is one of those that `echo $fpath` shows
  fish  pdvault completions fish > ~/.config/fish/completions/pdvault.fish
        ln -s pdvault.fish ~/.config/fish/completions/storescp.fish

Make the directory first if it is missing (mkdir -p), and start a new shell afterwards.
";

/// The commands of `pdvault` itself.
pub(crate) const COMMANDS: &[(&str, &str)] = &[
    ("storescp", "receive DICOM objects"),
    ("completions", "print completions for a shell"),
    ("man", "print a manual page"),
];

/// The completions of `pdvault` and of a link to it named as the tool; `None` for a shell that is
/// not in [`SHELLS`].
pub(crate) fn script<T>(shell: &str, tool: &Tool<T>) -> Option<String> {
    match shell {
        "bash" => Some(bash(tool)),
        "zsh" => Some(zsh(tool)),
        "fish" => Some(fish(tool)),
        _ => None,
    }
}

fn working<T>(tool: &Tool<T>) -> impl Iterator<Item = &'static Entry<T>> {
    tool.entries().filter(|entry| entry.refusal().is_none())
}

fn names<T>(entry: &Entry<T>) -> impl Iterator<Item = &'static str> + use<T> {
    entry.short.into_iter().chain([entry.long])
}

fn command_names() -> String {
    COMMANDS
        .iter()
        .map(|(name, _)| *name)
        .collect::<Vec<_>>()
        .join(" ")
}

fn bash<T>(tool: &Tool<T>) -> String {
    let all: Vec<_> = working(tool).flat_map(names).collect();
    let cases: String = working(tool).filter_map(bash_case).collect();
    let (name, all, commands, shells) =
        (tool.name, all.join(" "), command_names(), SHELLS.join(" "));
    format!(
        r#"# Completions of pdvault for bash.

_pdvault_words() {{
    mapfile -t COMPREPLY < <(compgen -W "$1" -- "${{COMP_WORDS[COMP_CWORD]}}")
}}

_pdvault_{name}() {{
    local current="${{COMP_WORDS[COMP_CWORD]}}"
    case "${{COMP_WORDS[COMP_CWORD-1]}}" in
{cases}        *) _pdvault_words "{all}" ;;
    esac
}}

_pdvault() {{
    case "$COMP_CWORD:${{COMP_WORDS[1]}}" in
        1:*) _pdvault_words "{commands} --help --version" ;;
        *:{name}) _pdvault_{name} ;;
        2:completions) _pdvault_words "{shells}" ;;
        2:man) _pdvault_words "{name}" ;;
    esac
}}

complete -F _pdvault pdvault
complete -F _pdvault_{name} {name}
"#
    )
}

/// What may follow an option that takes a value.
fn bash_case<T>(entry: &'static Entry<T>) -> Option<String> {
    let argument = entry.arguments.first()?;
    let action = match argument.kind {
        Kind::Path => r#"mapfile -t COMPREPLY < <(compgen -d -- "$current")"#.to_owned(),
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

fn zsh<T>(tool: &Tool<T>) -> String {
    let name = tool.name;
    let specs: String = working(tool)
        .flat_map(|entry| names(entry).map(move |n| zsh_spec(entry, n)))
        .collect();
    let commands: String = COMMANDS
        .iter()
        .map(|(name, what)| format!(" '{name}:{what}'"))
        .collect();
    let shells = SHELLS.join(" ");
    format!(
        r#"#compdef pdvault {name}
# Completions of pdvault for zsh.

_pdvault_{name}() {{
    _arguments \
{specs}        '1:port:'
}}

_pdvault() {{
    if [[ $service == {name} ]]; then
        _pdvault_{name}
    elif (( CURRENT == 2 )); then
        local -a commands=({commands} )
        _describe command commands
    else
        case $words[2] in
            {name}) shift words; (( CURRENT-- )); _pdvault_{name} ;;
            completions) compadd {shells} ;;
            man) compadd {name} ;;
        esac
    fi
}}

if [[ $funcstack[1] == _pdvault ]]; then
    _pdvault "$@"
else
    compdef _pdvault pdvault {name}
fi
"#
    )
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
        Kind::Path => "_files -/".to_owned(),
        Kind::Choice(words) | Kind::LogLevel(words) => format!("({})", words.join(" ")),
        Kind::Text
        | Kind::Signed { .. }
        | Kind::Unsigned { .. }
        | Kind::Size { .. }
        | Kind::Rate => String::new(),
    };
    format!(":{}:{action}", argument.name)
}

fn fish<T>(tool: &Tool<T>) -> String {
    let name = tool.name;
    let commands: String = COMMANDS
        .iter()
        .map(|(name, what)| {
            format!("complete -c pdvault -f -n __fish_use_subcommand -a {name} -d '{what}'\n")
        })
        .collect();
    let rows: String = working(tool)
        .flat_map(|entry| {
            [
                fish_row(
                    &format!("pdvault -n '__fish_seen_subcommand_from {name}'"),
                    entry,
                ),
                fish_row(name, entry),
            ]
        })
        .collect();
    let shells = SHELLS.join(" ");
    format!(
        "# Completions of pdvault for fish.\n\n{commands}\
         complete -c pdvault -f -n '__fish_seen_subcommand_from completions' -a '{shells}'\n\
         complete -c pdvault -f -n '__fish_seen_subcommand_from man' -a '{name}'\n\
         complete -c {name} -f\n{rows}"
    )
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
        Some(Kind::Path) => " -r -a '(__fish_complete_directories)'".to_owned(),
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
    use crate::options::storescp::TOOL;

    #[test]
    fn every_working_name_is_offered_and_no_refused_one() {
        let script = bash(&TOOL);
        let (_, words) = script
            .split_once("*) _pdvault_words \"")
            .expect("the list of names");
        let (words, _) = words.split_once('"').expect("its end");
        let offered: Vec<_> = words.split(' ').collect();
        for entry in TOOL.entries() {
            for name in names(entry) {
                assert_eq!(offered.contains(&name), entry.refusal().is_none(), "{name}");
            }
        }
    }

    #[test]
    fn every_shell_gets_the_long_and_the_plus_names() {
        for shell in SHELLS {
            let script = script(shell, &TOOL).expect("a known shell");
            for name in ["+B", "-od", "output-directory", "overwrite"] {
                let name = if *shell == "fish" {
                    name.trim_start_matches('-')
                } else {
                    name
                };
                assert!(script.contains(name), "{shell}: {name}");
            }
        }
        assert_eq!(script("tcsh", &TOOL), None);
    }

    #[test]
    fn zsh_sees_no_meaning_in_the_signs_of_a_name() {
        let entry = TOOL
            .entries()
            .find(|entry| entry.short == Some("+x="))
            .expect("in the table");
        assert!(zsh_spec(entry, "+x=").contains("'*+x\\=["));
    }
}
