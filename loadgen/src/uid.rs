//! Fresh UIDs of one length, and the way back from a UID to the object it was given to.
//!
//! They are UIDs made of a number, below `2.25` (PS3.5 B.2). The number has 39 digits and begins
//! with 1, so it is one that a UUID could have: `1`, 18 digits for the run, 1 for the kind and 19
//! for the count. All have 44 bytes, which is even, so one overwrites the other in place.

use std::time::{SystemTime, UNIX_EPOCH};

/// The length of every UID made here, in bytes.
pub const UID_BYTES: usize = 44;

/// The text of a UID.
pub type UidText = [u8; UID_BYTES];

/// What all of them begin with.
const ROOT: &[u8] = b"2.25.1";

/// Digits that tell runs apart.
const RUN_DIGITS: usize = 18;

/// Digits of the count.
const COUNT_DIGITS: usize = 19;

const _: () = assert!(ROOT.len() + RUN_DIGITS + 1 + COUNT_DIGITS == UID_BYTES);

/// What a UID names.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Kind {
    /// SOP Instance UID.
    Instance,
    /// Series Instance UID.
    Series,
    /// Study Instance UID.
    Study,
}

/// The UIDs of one run.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Uids {
    /// Everything in front of the kind.
    prefix: [u8; ROOT.len() + RUN_DIGITS],
}

impl Uids {
    /// UIDs that no other run has: from the clock, in nanoseconds, and chance.
    pub fn fresh() -> Self {
        let nanos = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .map_or(0, |time| time.as_nanos());
        // The low 64 bits of the clock turn over once in 584 years.
        let low = u64::try_from(nanos & u128::from(u64::MAX)).unwrap_or_default();
        Self::of_run(low ^ fastrand::u64(..))
    }

    /// The UIDs of the run of this number, modulo 10^18.
    pub fn of_run(run: u64) -> Self {
        let mut prefix = [b'0'; ROOT.len() + RUN_DIGITS];
        prefix[..ROOT.len()].copy_from_slice(ROOT);
        write_digits(&mut prefix[ROOT.len()..], run);
        Self { prefix }
    }

    /// UID number `count` of a kind; `count` is below 10^19.
    pub fn uid(&self, kind: Kind, count: u64) -> UidText {
        let mut text = [0; UID_BYTES];
        text[..self.prefix.len()].copy_from_slice(&self.prefix);
        text[self.prefix.len()] = digit(kind);
        write_digits(&mut text[self.prefix.len() + 1..], count);
        text
    }

    /// The count of an instance UID of this run; `None` for any other UID.
    pub fn count_of_instance(&self, uid: &[u8]) -> Option<u64> {
        let rest = uid.strip_prefix(&self.prefix)?;
        let count = rest.strip_prefix(&[digit(Kind::Instance)])?;
        if count.len() != COUNT_DIGITS || !count.iter().all(u8::is_ascii_digit) {
            return None;
        }
        std::str::from_utf8(count).ok()?.parse().ok()
    }
}

fn digit(kind: Kind) -> u8 {
    match kind {
        Kind::Instance => b'0',
        Kind::Series => b'1',
        Kind::Study => b'2',
    }
}

/// Fills `out` with the last digits of a number.
fn write_digits(out: &mut [u8], mut number: u64) {
    for place in out.iter_mut().rev() {
        *place = b'0' + u8::try_from(number % 10).unwrap_or_default();
        number /= 10;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_uid_tells_the_object_it_was_given_to() {
        let uids = Uids::fresh();
        for count in [0, 7, 9_999_999_999, u64::MAX / 2] {
            let uid = uids.uid(Kind::Instance, count);
            assert_eq!(uids.count_of_instance(&uid), Some(count));
            assert_eq!(uids.count_of_instance(&uids.uid(Kind::Study, count)), None);
            assert_eq!(uids.count_of_instance(&uid[..43]), None);
        }
        let other = Uids::of_run(1).uid(Kind::Instance, 7);
        assert_eq!(Uids::of_run(2).count_of_instance(&other), None);
    }

    #[test]
    fn the_number_of_a_uid_fits_a_uuid() {
        let uid = Uids::of_run(u64::MAX).uid(Kind::Study, u64::MAX / 2);
        let text = std::str::from_utf8(&uid).expect("ASCII");
        let number = text.strip_prefix("2.25.").expect("PS3.5 B.2");
        assert!(number.parse::<u128>().is_ok());
    }
}
