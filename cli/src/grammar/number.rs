//! Numbers as DCMTK reads them: the leading number counts, text after it is ignored.
//!
//! Numbers beyond the type saturate, so that a range check calls them overflow or underflow.

use crate::options::Rate;

/// What an unsigned number's text begins with.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Leading {
    /// A number of zero or more.
    Number(i64),
    /// A minus sign and a number.
    Negative,
    /// No number.
    Nothing,
}

/// The unsigned decimal number at the front of `text`; blanks and a plus sign may come first.
pub(super) fn leading_unsigned(text: &str) -> Leading {
    let (is_negative, digits) = split_sign(text);
    match leading_digits(digits, 10) {
        None => Leading::Nothing,
        Some(_) if is_negative => Leading::Negative,
        Some(number) => Leading::Number(number),
    }
}

/// The signed number at the front of `text`: decimal, `0x` hexadecimal or `0` octal.
pub(super) fn leading_signed(text: &str) -> Option<i64> {
    let (is_negative, digits) = split_sign(text);
    let magnitude = match digits.as_bytes() {
        // A lone `0x` still reads as the zero in front of it.
        [b'0', b'x' | b'X', ..] => leading_digits(&digits[2..], 16).unwrap_or(0),
        [b'0', ..] => leading_digits(digits, 8)?,
        _ => leading_digits(digits, 10)?,
    };
    // The magnitude saturates at i64::MAX, whose negative exists.
    Some(if is_negative { -magnitude } else { magnitude })
}

/// A number of bytes: decimal digits and optionally K, M or G (powers of 1024), nothing else.
pub(super) fn size(text: &str) -> Option<i64> {
    let (digits, unit) = match text.as_bytes().last()? {
        b'K' | b'k' => (&text[..text.len() - 1], 1 << 10),
        b'M' | b'm' => (&text[..text.len() - 1], 1 << 20),
        b'G' | b'g' => (&text[..text.len() - 1], 1 << 30),
        _ => (text, 1),
    };
    let only_digits = !digits.is_empty() && digits.bytes().all(|byte| byte.is_ascii_digit());
    only_digits
        .then(|| leading_digits(digits, 10))?
        .map(|number| number.saturating_mul(unit))
}

/// How much per second: a [size] for bytes, digits and `objects` for objects. Zero is none.
pub(super) fn rate(text: &str) -> Option<Rate> {
    let positive = |number: Option<i64>| u64::try_from(number?).ok().filter(|n| *n > 0);
    match text.strip_suffix("objects") {
        None => positive(size(text)).map(Rate::Bytes),
        Some(digits) if digits.bytes().all(|byte| byte.is_ascii_digit()) => {
            positive(leading_digits(digits, 10)).map(Rate::Objects)
        }
        Some(_) => None,
    }
}

/// The size that was meant by one with a unit such as `MB` or `MiB`.
pub(super) fn size_meant(text: &str) -> Option<String> {
    let text = text.trim();
    let short = text.strip_suffix(['B', 'b']).unwrap_or(text);
    let short = short.strip_suffix('i').unwrap_or(short).trim_end();
    size(short).map(|_| short.to_owned())
}

fn split_sign(text: &str) -> (bool, &str) {
    let text = text.trim_start_matches([' ', '\t', '\n', '\r', '\x0b', '\x0c']);
    match text.as_bytes().first() {
        Some(b'-') => (true, &text[1..]),
        Some(b'+') => (false, &text[1..]),
        _ => (false, text),
    }
}

fn leading_digits(text: &str, radix: u32) -> Option<i64> {
    let mut digits = text.chars().map_while(|c| c.to_digit(radix)).peekable();
    digits.peek()?;
    Some(digits.fold(0_i64, |number, digit| {
        number
            .saturating_mul(i64::from(radix))
            .saturating_add(i64::from(digit))
    }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn signed_numbers_know_hexadecimal_and_octal() {
        for (text, number) in [
            ("5x", Some(5)),
            (" 5", Some(5)),
            ("+7", Some(7)),
            ("-5", Some(-5)),
            ("0x10", Some(16)),
            ("-0x10", Some(-16)),
            ("010", Some(8)),
            ("099", Some(0)),
            ("0x", Some(0)),
            ("99999999999999999999", Some(i64::MAX)),
            ("", None),
            ("abc", None),
            ("-", None),
        ] {
            assert_eq!(leading_signed(text), number, "{text:?}");
        }
    }

    #[test]
    fn unsigned_numbers_are_decimal_and_refuse_a_minus_sign() {
        for (text, leading) in [
            ("8192x", Leading::Number(8192)),
            ("+8192", Leading::Number(8192)),
            (" 8192", Leading::Number(8192)),
            ("018000", Leading::Number(18000)),
            ("0x2000", Leading::Number(0)),
            ("-1", Leading::Negative),
            ("x", Leading::Nothing),
            ("", Leading::Nothing),
        ] {
            assert_eq!(leading_unsigned(text), leading, "{text:?}");
        }
    }

    #[test]
    fn sizes_take_a_unit_and_nothing_else() {
        for (text, bytes) in [
            ("0", Some(0)),
            ("4096", Some(4096)),
            ("64K", Some(64 << 10)),
            ("64m", Some(64 << 20)),
            ("2G", Some(2 << 30)),
            ("99999999999G", Some(i64::MAX)),
            ("", None),
            ("M", None),
            ("64MB", None),
            ("-1", None),
            ("1.5G", None),
        ] {
            assert_eq!(size(text), bytes, "{text:?}");
        }
    }

    #[test]
    fn rates_are_of_bytes_or_objects() {
        for (text, expected) in [
            ("20M", Some(Rate::Bytes(20 << 20))),
            ("1000", Some(Rate::Bytes(1000))),
            ("50objects", Some(Rate::Objects(50))),
            ("0", None),
            ("0objects", None),
            ("objects", None),
            ("1Kobjects", None),
            ("-5objects", None),
            ("50 objects", None),
            ("", None),
        ] {
            assert_eq!(rate(text), expected, "{text:?}");
        }
    }

    #[test]
    fn usual_units_are_known_for_what_they_mean() {
        for (text, meant) in [
            ("64MB", Some("64M")),
            ("64mib", Some("64m")),
            ("512b", Some("512")),
            (" 2G ", Some("2G")),
            ("1.5G", None),
            ("64X", None),
            ("B", None),
            ("", None),
        ] {
            assert_eq!(size_meant(text).as_deref(), meant, "{text:?}");
        }
    }
}
