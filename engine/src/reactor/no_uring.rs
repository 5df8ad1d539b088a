//! In place of the backend over `io_uring`, where there is none.

#![forbid(unsafe_code)]

use super::driver::UringUnavailable;
use super::mio_backend::MioBackend;

/// Never made.
pub(super) type UringBackend = MioBackend;

pub(super) fn backends(_count: usize) -> Result<Vec<UringBackend>, UringUnavailable> {
    Err(UringUnavailable::Platform)
}
