//! Where things lie in a segment. All places are bytes from its start.

/// Members, fillers and the end of a segment begin on multiples of this many bytes, so that no two
/// objects share a block of direct I/O: the largest logical block of common disks, and a page.
pub const BLOCK_BYTES: usize = 4096;

/// A record of tar.
pub const TAR_BLOCK_BYTES: usize = 512;

/// The two blocks of zeroes that end an archive, filled up to a block of ours.
pub const END_BYTES: usize = BLOCK_BYTES;

/// The longest data of a member, in bytes: far beyond any disk, and sums of such lengths do not
/// overflow.
pub const DATA_BYTES_MAX: u64 = 1 << 56;

/// The bytes behind data of this length up to the next block: fewer than [`BLOCK_BYTES`].
pub fn tail_bytes(data_len: u64) -> usize {
    let over = data_len % BLOCK_BYTES as u64;
    let over = usize::try_from(over).expect("less than a block");
    (BLOCK_BYTES - over) % BLOCK_BYTES
}

/// What a member with data of this length takes, header and tail included; `None` beyond
/// [`DATA_BYTES_MAX`].
pub fn member_bytes(data_len: u64) -> Option<u64> {
    let fits = data_len <= DATA_BYTES_MAX;
    fits.then(|| BLOCK_BYTES as u64 + data_len + tail_bytes(data_len) as u64)
}
