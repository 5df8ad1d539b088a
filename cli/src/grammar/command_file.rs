//! `@file`: an argument that stands for the words of a file.

use std::ffi::OsString;
use std::fs;
use std::os::unix::ffi::{OsStrExt, OsStringExt};

use super::{Stage, UsageError};

/// Replaces every `@file` by the words of that file. What a file holds is not expanded again, and
/// a lone `@` is an ordinary word.
pub(super) fn expand(words: Vec<OsString>) -> Result<Vec<OsString>, UsageError> {
    let mut expanded = Vec::with_capacity(words.len());
    for word in words {
        match word.as_bytes() {
            [b'@', name @ ..] if !name.is_empty() => {
                let path = OsString::from_vec(name.to_vec());
                let content = fs::read(&path).map_err(|error| {
                    let name = path.to_string_lossy();
                    let text = format!("Cannot open command file '{name}' ({error})");
                    UsageError::new(Stage::Reading, text)
                })?;
                expanded.extend(split(&content).into_iter().map(OsString::from_vec));
            }
            _ => expanded.push(word),
        }
    }
    Ok(expanded)
}

/// Splits at blanks, tabs and line ends. A quote, also in mid-word, groups everything up to its
/// partner (or the end of the file), and there the word ends; there are no escapes.
fn split(content: &[u8]) -> Vec<Vec<u8>> {
    let is_separator = |byte: u8| matches!(byte, b' ' | b'\t' | b'\r' | b'\n');
    let mut words = Vec::new();
    let mut rest = content;
    while let Some(start) = rest.iter().position(|&byte| !is_separator(byte)) {
        rest = &rest[start..];
        let stop = |byte: u8| is_separator(byte) || matches!(byte, b'"' | b'\'');
        let bare = rest
            .iter()
            .position(|&byte| stop(byte))
            .unwrap_or(rest.len());
        let mut word = rest[..bare].to_vec();
        rest = &rest[bare..];
        if let [quote @ (b'"' | b'\''), quoted @ ..] = rest {
            let end = quoted
                .iter()
                .position(|byte| byte == quote)
                .unwrap_or(quoted.len());
            word.extend_from_slice(&quoted[..end]);
            rest = quoted.get(end + 1..).unwrap_or_default();
        }
        words.push(word);
    }
    words
}

#[cfg(test)]
mod tests {
    use super::*;

    fn words(content: &str) -> Vec<String> {
        split(content.as_bytes())
            .into_iter()
            .map(|w| String::from_utf8(w).expect("text"))
            .collect()
    }

    #[test]
    fn a_command_file_is_split_at_blanks_tabs_and_line_ends() {
        assert_eq!(
            words(" -v\t-od  dir\r\n11112\n"),
            ["-v", "-od", "dir", "11112"]
        );
        assert!(words(" \r\n").is_empty());
    }

    #[test]
    fn quotes_group_words_and_may_give_an_empty_one() {
        assert_eq!(words("-aet 'A B' \"it's\" ''"), ["-aet", "A B", "it's", ""]);
    }

    #[test]
    fn a_quote_in_mid_word_opens_a_group_whose_end_ends_the_word() {
        assert_eq!(words("A'B C'D"), ["AB C", "D"]);
        assert_eq!(words("'A'-fe x"), ["A", "-fe", "x"]);
    }

    #[test]
    fn an_unclosed_quote_reaches_to_the_end() {
        assert_eq!(words("'A B "), ["A B "]);
        assert_eq!(words("A'"), ["A"]);
    }

    #[test]
    fn an_inner_at_sign_and_a_lone_one_stay_as_they_are() {
        assert_eq!(words("@x"), ["@x"]);
        assert_eq!(expand(vec!["@".into()]), Ok(vec!["@".into()]));
    }
}
