//! The text that tells what a header is of: `key=value` lines in a pax `comment`, closed by a check
//! sum over the whole header and an empty line.
//!
//! It is a comment because GNU tar warns of every keyword that it does not know.

use super::digest::Digest;

/// The first word of every text, with the version of the format.
const VERSION: &str = "PDVAULT/1";

/// What stands for the check sum while it is computed, and its length.
const NO_CHECK: &str = "0000000000000000";

/// The line of the check sum.
const CHECK_KEY: &str = "check";

/// A text that is being written.
#[derive(Debug)]
pub(super) struct Text(String);

impl Text {
    /// Begins the text of a header of this kind.
    pub(super) fn new(kind: &str) -> Self {
        Self(format!("{VERSION} {kind}\n"))
    }

    /// Adds a line.
    pub(super) fn push(&mut self, key: &str, value: &[u8]) {
        self.0.push_str(key);
        self.0.push('=');
        for &byte in value {
            if (b' '..0x7f).contains(&byte) && byte != b'%' {
                self.0.push(char::from(byte));
            } else {
                self.0.push('%');
                for digit in [byte >> 4, byte & 0xf] {
                    let digit = char::from_digit(u32::from(digit), 16).expect("four bits");
                    self.0.push(digit.to_ascii_uppercase());
                }
            }
        }
        self.0.push('\n');
    }

    /// Puts the text at `at` of the header, whose every other byte is in place, and fills up to
    /// `end` with blanks. `false`: it does not fit.
    pub(super) fn seal(mut self, header: &mut [u8], at: usize, end: usize) -> bool {
        self.push(CHECK_KEY, NO_CHECK.as_bytes());
        let check_end = at + self.0.len() - 1;
        self.0.push('\n');
        let Some(room) = header
            .get_mut(at..end)
            .filter(|room| room.len() >= self.0.len())
        else {
            return false;
        };
        let (front, rest) = room.split_at_mut(self.0.len());
        front.copy_from_slice(self.0.as_bytes());
        rest.fill(b' ');
        let check = format!("{:016x}", Digest::of(header).short());
        header[check_end - NO_CHECK.len()..check_end].copy_from_slice(check.as_bytes());
        true
    }
}

/// Reads the lines of a text of this kind, in order; the check sum is left to whoever encodes the
/// header again. `None`: it is none.
pub(super) fn lines<'a>(text: &'a [u8], kind: &str) -> Option<Lines<'a>> {
    let rest = text.strip_prefix(VERSION.as_bytes())?.strip_prefix(b" ")?;
    let rest = rest.strip_prefix(kind.as_bytes())?.strip_prefix(b"\n")?;
    Some(Lines(rest))
}

/// The lines that are still to be read.
#[derive(Clone, Copy, Debug)]
pub(super) struct Lines<'a>(&'a [u8]);

impl Lines<'_> {
    /// The value of the next line, if it has this key.
    pub(super) fn take(&mut self, key: &str) -> Option<Vec<u8>> {
        let rest = self.0.strip_prefix(key.as_bytes())?.strip_prefix(b"=")?;
        let end = rest.iter().position(|&byte| byte == b'\n')?;
        let value = unescape(&rest[..end])?;
        self.0 = &rest[end + 1..];
        Some(value)
    }

    /// The next line's value, if it has this key, read by `FromStr`.
    pub(super) fn parse<T: std::str::FromStr>(&mut self, key: &str) -> Option<T> {
        std::str::from_utf8(&self.take(key)?).ok()?.parse().ok()
    }
}

fn unescape(text: &[u8]) -> Option<Vec<u8>> {
    let mut value = Vec::with_capacity(text.len());
    let mut rest = text;
    while let [first, tail @ ..] = rest {
        if *first == b'%' {
            let (digits, tail) = tail.split_at_checked(2)?;
            let digits = std::str::from_utf8(digits).ok()?;
            value.push(u8::from_str_radix(digits, 16).ok()?);
            rest = tail;
        } else {
            value.push(*first);
            rest = tail;
        }
    }
    Some(value)
}
