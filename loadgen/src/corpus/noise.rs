//! Pixels: bytes without a pattern, so that nothing on the way can compress them or find them twice.

/// The length of the noise that all objects take their pixels from, in bytes: it stays in the
/// caches of a CPU, so a sender measures the receiver and not its own memory.
pub(super) const NOISE_BYTES: usize = 1 << 20;

/// Where the pixels of objects may begin: at multiples of a cache line.
const ALIGNMENT: usize = 64;

/// Numbers that follow each other lie far apart: the odd number next to 2^64 divided by the golden
/// ratio.
const STRIDE: u64 = 0x9E37_79B9_7F4A_7C15;

/// The noise, the same each time (xorshift).
pub(super) fn bytes() -> Box<[u8]> {
    let mut state = STRIDE;
    let words = std::iter::repeat_with(move || {
        state ^= state << 13;
        state ^= state >> 7;
        state ^= state << 17;
        state.to_le_bytes()
    });
    words.flatten().take(NOISE_BYTES).collect()
}

/// Where in the noise the pixels of object `number` begin.
pub(super) fn start_of(number: u64) -> usize {
    let places = (NOISE_BYTES / ALIGNMENT) as u64;
    let place = number.wrapping_mul(STRIDE) >> 32;
    usize::try_from(place % places).unwrap_or_default() * ALIGNMENT
}
