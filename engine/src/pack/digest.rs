//! The digest of an object's bytes: BLAKE3, 256 bits.
//!
//! Chosen by measurement (bench `pack`): more than three times as fast as SHA-256 by the CPU's own
//! instructions for it (AVX-512 and SHA-NI, one core, busy machine; see `docs/performance.md`).

use std::fmt;
use std::str::FromStr;

/// The length of a digest, in bytes.
pub const DIGEST_BYTES: usize = 32;

/// What names the algorithm in a header.
const ALGORITHM: &str = "blake3:";

/// The BLAKE3 digest of some bytes.
#[derive(Clone, Copy, PartialEq, Eq, Hash)]
pub struct Digest([u8; DIGEST_BYTES]);

impl Digest {
    /// The digest of `bytes`.
    pub fn of(bytes: &[u8]) -> Self {
        Self(blake3::hash(bytes).into())
    }

    /// The bytes of the digest.
    pub fn as_bytes(&self) -> &[u8; DIGEST_BYTES] {
        &self.0
    }

    /// The first eight bytes, little endian: what a hash table or a check sum takes.
    pub(super) fn short(&self) -> u64 {
        let (first, _) = self.0.split_first_chunk().expect("longer than eight bytes");
        u64::from_le_bytes(*first)
    }
}

impl From<[u8; DIGEST_BYTES]> for Digest {
    fn from(bytes: [u8; DIGEST_BYTES]) -> Self {
        Self(bytes)
    }
}

impl fmt::Display for Digest {
    /// `blake3:` and 64 hexadecimal digits.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(
            f,
            "{ALGORITHM}{}",
            blake3::Hash::from_bytes(self.0).to_hex()
        )
    }
}

impl fmt::Debug for Digest {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Digest({self})")
    }
}

/// A text that is no digest, or one by an algorithm that is not known.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[error("`blake3:` and 64 hexadecimal digits expected")]
pub struct NoDigest;

impl FromStr for Digest {
    type Err = NoDigest;

    fn from_str(text: &str) -> Result<Self, NoDigest> {
        let hex = text.strip_prefix(ALGORITHM).ok_or(NoDigest)?;
        let hash = blake3::Hash::from_hex(hex).map_err(|_| NoDigest)?;
        Ok(Self(hash.into()))
    }
}

/// Makes a digest of bytes that come in pieces.
#[derive(Clone, Debug, Default)]
pub struct Hasher(blake3::Hasher);

impl Hasher {
    /// Begins with nothing.
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes the next bytes.
    pub fn update(&mut self, bytes: &[u8]) {
        self.0.update(bytes);
    }

    /// The digest of all bytes taken.
    pub fn finish(&self) -> Digest {
        Digest(self.0.finalize().into())
    }
}
