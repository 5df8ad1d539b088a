//! Wildcards for the names that a directory scan finds, as a shell has them.

/// Matches whole names: `*` any bytes, `?` one byte, `[a-c]` and `[!a-c]` one byte of a set, `\` takes
/// the next byte literally. A leading dot is nothing special.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Pattern {
    parts: Vec<Part>,
}

#[derive(Clone, Debug, PartialEq, Eq)]
enum Part {
    Any,
    One,
    Byte(u8),
    Set {
        ranges: Vec<(u8, u8)>,
        is_negated: bool,
    },
}

impl Pattern {
    /// The pattern of this text. A `[` that is never closed stands for itself.
    pub(super) fn new(text: &[u8]) -> Self {
        let mut parts = Vec::new();
        let mut rest = text;
        while let Some((&first, behind)) = rest.split_first() {
            let (part, behind) = match first {
                b'*' => (Part::Any, behind),
                b'?' => (Part::One, behind),
                b'[' => set(behind).unwrap_or((Part::Byte(b'['), behind)),
                b'\\' if !behind.is_empty() => (Part::Byte(behind[0]), &behind[1..]),
                byte => (Part::Byte(byte), behind),
            };
            parts.push(part);
            rest = behind;
        }
        Self { parts }
    }

    /// Whether the whole of `name` is matched. Takes time in proportion to the product of the two
    /// lengths at most: only the last `*` is ever tried again.
    pub(super) fn matches(&self, name: &[u8]) -> bool {
        let (mut part, mut at) = (0, 0);
        // Where to go on when the last `*` must take one byte more.
        let mut retry = None;
        while at < name.len() {
            match self.parts.get(part) {
                Some(Part::Any) => {
                    retry = Some((part, at));
                    part += 1;
                    continue;
                }
                Some(other) if other.takes(name[at]) => {
                    part += 1;
                    at += 1;
                    continue;
                }
                _ => {}
            }
            let Some((star, taken)) = retry else {
                return false;
            };
            retry = Some((star, taken + 1));
            (part, at) = (star + 1, taken + 1);
        }
        self.parts[part..].iter().all(|part| *part == Part::Any)
    }
}

impl Part {
    fn takes(&self, byte: u8) -> bool {
        match self {
            Self::Any => false,
            Self::One => true,
            Self::Byte(own) => *own == byte,
            Self::Set { ranges, is_negated } => {
                let is_in = ranges.iter().any(|&(a, b)| (a..=b).contains(&byte));
                is_in != *is_negated
            }
        }
    }
}

/// The set that begins behind a `[`, and what follows its `]`.
fn set(text: &[u8]) -> Option<(Part, &[u8])> {
    let is_negated = matches!(text.first(), Some(b'!' | b'^'));
    let members = &text[usize::from(is_negated)..];
    // A `]` in first place is a member.
    let end = 1 + members.iter().skip(1).position(|&byte| byte == b']')?;
    let mut ranges = Vec::new();
    let mut rest = &members[..end];
    while let Some((&first, behind)) = rest.split_first() {
        if let [b'-', last, behind @ ..] = behind {
            ranges.push((first, *last));
            rest = behind;
        } else {
            ranges.push((first, first));
            rest = behind;
        }
    }
    Some((Part::Set { ranges, is_negated }, &members[end + 1..]))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn matches(pattern: &str, name: &str) -> bool {
        Pattern::new(pattern.as_bytes()).matches(name.as_bytes())
    }

    #[test]
    fn a_pattern_matches_whole_names() {
        for (pattern, name) in [
            ("*.dcm", "a.dcm"),
            ("*.dcm", ".dcm"),
            ("*", ".hidden"),
            ("a*b*c", "axxbyybzzc"),
            ("?", "x"),
            ("IM[0-9]?", "IM5x"),
            ("[!a]b", "xb"),
            ("[]x]", "]"),
            ("[a-]", "-"),
            ("\\*", "*"),
            ("[a", "[a"),
            ("a**", "a"),
        ] {
            assert!(matches(pattern, name), "{pattern} {name}");
        }
        for (pattern, name) in [
            ("*.dcm", "a.dcm.done"),
            ("*.dcm", "dcm"),
            ("?", ""),
            ("?", "xy"),
            ("IM[0-9]", "IMx"),
            ("[!a]b", "ab"),
            ("\\*", "x"),
            ("a*b*c", "axxbyy"),
            ("", "a"),
        ] {
            assert!(!matches(pattern, name), "{pattern} {name}");
        }
    }

    #[test]
    fn many_stars_cost_no_more_than_one() {
        assert!(!matches(&"*a".repeat(200), &"a".repeat(199)));
        assert!(matches(&"*a".repeat(200), &"a".repeat(4000)));
    }
}
