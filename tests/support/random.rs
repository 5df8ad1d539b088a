//! Reproducible bytes and numbers. Not for secrets.

use std::time::{SystemTime, UNIX_EPOCH};

/// A sequence of numbers from one seed (SplitMix64).
#[derive(Clone, Debug)]
pub struct Random(u64);

impl Random {
    /// A sequence from a seed of the clock, which is printed so that a failure can be repeated by
    /// setting `PDVAULT_TEST_SEED`.
    pub fn from_clock() -> Self {
        let seed = std::env::var("PDVAULT_TEST_SEED").map_or_else(
            |_| {
                let now = SystemTime::now()
                    .duration_since(UNIX_EPOCH)
                    .expect("after 1970");
                now.as_secs() ^ u64::from(now.subsec_nanos()) << 32
            },
            |text| text.parse().expect("PDVAULT_TEST_SEED is a number"),
        );
        println!("PDVAULT_TEST_SEED={seed}");
        Self(seed)
    }

    /// A sequence of its own, for another thread.
    #[must_use]
    pub fn fork(&mut self) -> Self {
        Self(self.next_number())
    }

    /// One of the values given.
    pub fn pick<T: Copy>(&mut self, values: &[T]) -> T {
        let index = usize::try_from(self.below(values.len() as u64)).expect("below a length");
        values[index]
    }

    /// The next number.
    pub fn next_number(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(GOLDEN);
        mix(self.0)
    }

    /// A number below `bound`, which is not 0.
    pub fn below(&mut self, bound: u64) -> u64 {
        self.next_number() % bound
    }
}

/// An endless string of bytes in which any place can be computed on its own.
#[derive(Clone, Copy, Debug)]
pub struct Pattern(u64);

impl Pattern {
    /// The pattern that belongs to a name and a variant.
    pub fn named(name: &str, variant: u64) -> Self {
        // FNV-1a: any hash will do that tells names apart.
        let hash = name.bytes().fold(0xcbf2_9ce4_8422_2325, |hash, byte| {
            (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3)
        });
        Self(hash ^ mix(variant))
    }

    /// Fills `out` with the bytes from `offset` on, which must be a multiple of 8.
    pub fn fill(self, offset: u64, out: &mut [u8]) {
        assert!(
            offset.is_multiple_of(8),
            "the pattern is made of words of 8 bytes"
        );
        for (word, index) in out.chunks_mut(8).zip(offset / 8..) {
            let value = mix(self.0.wrapping_add(index.wrapping_mul(GOLDEN))).to_le_bytes();
            word.copy_from_slice(&value[..word.len()]);
        }
    }
}

const GOLDEN: u64 = 0x9E37_79B9_7F4A_7C15;

fn mix(mut z: u64) -> u64 {
    z = (z ^ (z >> 30)).wrapping_mul(0xBF58_476D_1CE4_E5B9);
    z = (z ^ (z >> 27)).wrapping_mul(0x94D0_49BB_1331_11EB);
    z ^ (z >> 31)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_pattern_is_the_same_from_any_offset() {
        let pattern = Pattern::named("x", 0);
        let mut whole = [0; 100];
        pattern.fill(0, &mut whole);
        let mut part = [0; 60];
        pattern.fill(40, &mut part);
        assert_eq!(part, whole[40..]);
    }
}
