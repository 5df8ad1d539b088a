//! File names: from a UID that a peer chose to a name that is safe and free.

use std::path::Path;

use super::failure::StoreFailure;
use super::{ObjectHead, StoreConfig};

/// The longest file name, in bytes: the limit of Linux file systems.
pub const NAME_BYTES_MAX: usize = 255;

/// The highest number of a numbered name (`NAME_9999`): the bound of the search for a free one.
pub const KEEP_NUMBER_MAX: u32 = 9_999;

/// `_` and four digits.
const NUMBER_BYTES: usize = 5;

/// The name of an object: `STEM[.ext]` or, when that is taken and both are kept,
/// `STEM_0001[.ext]` and on.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Name {
    stem: String,
    extension: String,
    is_shared: bool,
}

impl Name {
    /// The name for an object: `PREFIX.UID` with the UID made safe, or `PREFIX.X.` and a new UID
    /// where unique names are asked for.
    pub(super) fn of(config: &StoreConfig, head: &ObjectHead) -> Result<Self, StoreFailure> {
        let uid = head.sop_instance.as_str();
        let (stem, is_shared) = if config.unique_filenames {
            // PS3.5 B.2: a UID made from a UUID.
            let unique = uuid::Uuid::new_v4().as_u128();
            (format!("{}.X.2.25.{unique}", head.prefix), true)
        } else {
            let safe = sanitise(uid);
            let is_shared = safe != uid;
            if is_shared {
                let sent = &head.sop_instance;
                tracing::warn!(
                    "Sanitized unusual characters in SOP Instance UID, converted from {sent} to {safe}"
                );
            }
            (format!("{}.{safe}", head.prefix), is_shared)
        };
        let name = Self {
            stem,
            extension: config.filename_extension.clone(),
            is_shared,
        };
        if uid.is_empty() || !name.is_usable() {
            return Err(StoreFailure::UnusableName {
                sop_instance: head.sop_instance.to_string(),
            });
        }
        Ok(name)
    }

    /// Whether another object may rightly have the same name: the UID was changed to make it safe,
    /// and another UID may become the same. Such a name never replaces a file. (So it is with
    /// unique names, which nobody else has.)
    pub(super) fn is_shared(&self) -> bool {
        self.is_shared
    }

    /// The name without a number.
    pub(super) fn plain(&self) -> String {
        format!("{}{}", self.stem, self.extension)
    }

    /// The name with a number, 1 to [`KEEP_NUMBER_MAX`].
    pub(super) fn numbered(&self, number: u32) -> String {
        format!("{}_{number:04}{}", self.stem, self.extension)
    }

    /// A bad name can only come from a bad UID: prefixes and the extension are ours. This holds
    /// whatever they are.
    fn is_usable(&self) -> bool {
        let bytes = self.stem.len() + NUMBER_BYTES + self.extension.len();
        // Hidden names are for part files; `.` and `..` are among them.
        bytes <= NAME_BYTES_MAX
            && !self.stem.starts_with('.')
            && !self.plain().contains(['/', '\0'])
    }
}

/// The UID with every byte replaced by `_` that is not a letter, a digit, a blank or one of
/// `- . : @ _`. A UID's characters are the bytes of the wire.
fn sanitise(uid: &str) -> String {
    let is_safe = |c: char| c.is_ascii_alphanumeric() || " -.:@_".contains(c);
    uid.chars()
        .map(|c| if is_safe(c) { c } else { '_' })
        .collect()
}

/// The hidden name of a file that is being written, or about to replace another:
/// `.NAME.<number>.part`, the name cut where it would be too long.
pub(super) fn part_name(name: &str, number: u64) -> String {
    // `.`, `.`, up to 20 digits, `.part`.
    const AROUND_BYTES: usize = 1 + 1 + 20 + 5;
    let mut end = name.len().min(NAME_BYTES_MAX - AROUND_BYTES);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    format!(".{}.{number}.part", &name[..end])
}

/// Whether this is a name that [`part_name`] makes.
pub(super) fn is_part_name(name: &Path) -> bool {
    let Some(inner) = name
        .to_str()
        .and_then(|name| name.strip_prefix('.'))
        .and_then(|name| name.strip_suffix(".part"))
    else {
        return false;
    };
    inner.rsplit_once('.').is_some_and(|(stem, number)| {
        !stem.is_empty() && !number.is_empty() && number.bytes().all(|byte| byte.is_ascii_digit())
    })
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::value::Uid;

    fn head(uid: Uid) -> ObjectHead {
        ObjectHead {
            sop_class: Uid::from("1.2.840.10008.5.1.4.1.1.2"),
            sop_instance: uid,
            transfer_syntax: Uid::from("1.2.840.10008.1.2.1"),
            prefix: "CT",
            header_len: 0,
        }
    }

    fn name(uid: &[u8]) -> Result<Name, StoreFailure> {
        Name::of(&StoreConfig::new("out"), &head(Uid::from_wire(uid)))
    }

    #[test]
    fn a_plain_uid_becomes_prefix_and_uid() {
        let name = name(b"1.2.3\0").expect("usable");
        assert_eq!(name.plain(), "CT.1.2.3");
        assert_eq!(name.numbered(1), "CT.1.2.3_0001");
        assert_eq!(name.numbered(KEEP_NUMBER_MAX), "CT.1.2.3_9999");
        assert!(!name.is_shared());
    }

    #[test]
    fn the_extension_comes_last() {
        let config = StoreConfig {
            filename_extension: ".dcm".to_owned(),
            ..StoreConfig::new("out")
        };
        let name = Name::of(&config, &head(Uid::from("1.2"))).expect("usable");
        assert_eq!(
            (name.plain(), name.numbered(12)),
            ("CT.1.2.dcm".into(), "CT.1.2_0012.dcm".into())
        );
    }

    #[test]
    fn bytes_that_are_not_safe_become_underscores_and_the_name_counts_as_shared() {
        for (uid, safe) in [
            (&b"../../etc/passwd"[..], "CT..._.._etc_passwd"),
            (b"1.2\xff3", "CT.1.2_3"),
            (b"a\nb\0c", "CT.a_b_c"),
        ] {
            let name = name(uid).expect("usable");
            assert_eq!(name.plain(), safe);
            assert!(name.is_shared(), "{safe}");
        }
        let kept = name(b"aZ09 -.:@_").expect("usable");
        assert_eq!(
            (kept.plain().as_str(), kept.is_shared()),
            ("CT.aZ09 -.:@_", false)
        );
    }

    #[test]
    fn a_uid_that_is_empty_or_too_long_gives_no_name() {
        assert!(matches!(name(b""), Err(StoreFailure::UnusableName { .. })));
        let longest = NAME_BYTES_MAX - NUMBER_BYTES - "CT.".len();
        assert!(name(&vec![b'1'; longest]).is_ok());
        assert!(matches!(
            name(&vec![b'1'; longest + 1]),
            Err(StoreFailure::UnusableName { .. })
        ));
    }

    #[test]
    fn a_prefix_that_would_hide_the_file_is_refused() {
        for prefix in ["", ".", "a/b"] {
            let head = ObjectHead {
                prefix,
                ..head(Uid::from("."))
            };
            assert!(
                Name::of(&StoreConfig::new("out"), &head).is_err(),
                "{prefix:?}"
            );
        }
    }

    #[test]
    fn unique_names_differ_for_the_same_uid() {
        let config = StoreConfig {
            unique_filenames: true,
            ..StoreConfig::new("out")
        };
        let unique = || {
            Name::of(&config, &head(Uid::from("1.2")))
                .expect("usable")
                .plain()
        };
        let (first, second) = (unique(), unique());
        assert!(first.starts_with("CT.X.2.25."), "{first}");
        assert_ne!(first, second);
    }

    #[test]
    fn part_names_are_hidden_short_enough_and_known_again() {
        for stem in ["CT.1.2", &"é".repeat(127), &"1".repeat(NAME_BYTES_MAX)] {
            let part = part_name(stem, u64::MAX);
            assert!(part.len() <= NAME_BYTES_MAX, "{part}");
            assert!(
                part.starts_with('.') && is_part_name(Path::new(&part)),
                "{part}"
            );
        }
        for other in [
            "CT.1.part",
            ".part",
            ".1.part",
            ".CT.x.part",
            ".CT.1.par",
            "..part",
        ] {
            assert!(!is_part_name(Path::new(other)), "{other}");
        }
    }

    proptest! {
        #[test]
        fn no_uid_gives_a_name_that_leaves_the_directory(
            uid in proptest::collection::vec(any::<u8>(), 0..300),
        ) {
            if let Ok(name) = name(&uid) {
                for name in [name.plain(), name.numbered(1)] {
                    prop_assert!(name.len() <= NAME_BYTES_MAX);
                    prop_assert!(name.starts_with("CT."));
                    prop_assert!(name.is_ascii());
                    prop_assert!(!name.contains(['/', '\0']));
                }
            }
        }
    }
}
