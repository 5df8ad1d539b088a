//! The headers and records of a pax archive (POSIX.1-2017, pax, "ustar Interchange Format" and "pax
//! Extended Header"), as far as segments have them.

use super::layout::TAR_BLOCK_BYTES;

/// The names that tar is told for what is not an object.
pub(super) const OBJECT_HEADER_NAME: &str = ".pdvault/object";
pub(super) const FILLER_NAME: &str = ".pdvault/filler";
pub(super) const SEGMENT_NAME: &str = ".pdvault/segment";
pub(super) const DIRECTORY_NAME: &str = ".pdvault/";

/// The longest name that a ustar header holds without a prefix, in bytes.
pub(super) const SHORT_NAME_BYTES_MAX: usize = 100;

/// The largest size that a ustar header holds, in bytes: eleven octal digits.
pub(super) const SHORT_SIZE_MAX: u64 = 0o777_7777_7777;

/// What a header is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum TypeFlag {
    File,
    Directory,
    /// A pax header for the next file.
    Extended,
    /// A pax header for all that follows.
    Global,
}

impl TypeFlag {
    fn letter(self) -> u8 {
        match self {
            Self::File => b'0',
            Self::Directory => b'5',
            Self::Extended => b'x',
            Self::Global => b'g',
        }
    }
}

/// A ustar header. What does not fit its fields is cut: a pax record says it then.
pub(super) fn ustar(name: &str, size: u64, mtime: u64, flag: TypeFlag) -> [u8; TAR_BLOCK_BYTES] {
    let mode = if flag == TypeFlag::Directory {
        0o755
    } else {
        0o644
    };
    let mut block = [0; TAR_BLOCK_BYTES];
    let mut end = name.len().min(SHORT_NAME_BYTES_MAX);
    while !name.is_char_boundary(end) {
        end -= 1;
    }
    block[..end].copy_from_slice(&name.as_bytes()[..end]);
    octal(&mut block[100..107], mode);
    octal(&mut block[108..115], 0);
    octal(&mut block[116..123], 0);
    octal(&mut block[124..135], size.min(SHORT_SIZE_MAX));
    octal(&mut block[136..147], mtime.min(SHORT_SIZE_MAX));
    block[156] = flag.letter();
    block[257..265].copy_from_slice(b"ustar\x0000");
    // The check sum counts its own field as blanks.
    block[148..156].fill(b' ');
    let sum = block.iter().map(|&byte| u64::from(byte)).sum();
    octal(&mut block[148..154], sum);
    block[154] = 0;
    block
}

/// Writes a number in as many octal digits as there is room for.
fn octal(field: &mut [u8], mut number: u64) {
    for digit in field.iter_mut().rev() {
        *digit = b'0' + u8::try_from(number & 7).expect("three bits");
        number >>= 3;
    }
}

/// The name in a ustar header; `None` if it is no UTF-8.
pub(super) fn short_name(block: &[u8]) -> Option<&str> {
    let field = block.get(..SHORT_NAME_BYTES_MAX)?;
    let end = field.iter().position(|&byte| byte == 0);
    std::str::from_utf8(&field[..end.unwrap_or(field.len())]).ok()
}

/// Appends a pax record: its length in decimal, the keyword, the value.
pub(super) fn push_record(out: &mut Vec<u8>, keyword: &str, value: &[u8]) {
    let rest = 1 + keyword.len() + 1 + value.len() + 1;
    let mut length = rest + 1;
    while length != rest + decimal_digits(length) {
        length = rest + decimal_digits(length);
    }
    out.extend(length.to_string().bytes());
    out.push(b' ');
    out.extend(keyword.bytes());
    out.push(b'=');
    out.extend(value);
    out.push(b'\n');
}

/// What stands in front of the value in a record of `length` bytes.
pub(super) fn record_front(length: usize, keyword: &str) -> String {
    format!("{length} {keyword}=")
}

fn decimal_digits(number: usize) -> usize {
    number.to_string().len()
}

/// A pax record.
pub(super) struct Record<'a> {
    pub(super) keyword: &'a [u8],
    pub(super) value: &'a [u8],
}

/// Splits the first record off; `None` if it is none.
pub(super) fn split_record(bytes: &[u8]) -> Option<(Record<'_>, &[u8])> {
    let blank = bytes.iter().take(20).position(|&byte| byte == b' ')?;
    let length: usize = std::str::from_utf8(&bytes[..blank]).ok()?.parse().ok()?;
    let (record, rest) = bytes.split_at_checked(length)?;
    let body = record.get(blank + 1..)?.strip_suffix(b"\n")?;
    let equals = body.iter().position(|&byte| byte == b'=')?;
    let (keyword, value) = (&body[..equals], &body[equals + 1..]);
    Some((Record { keyword, value }, rest))
}
