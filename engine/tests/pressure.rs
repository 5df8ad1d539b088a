//! Many peers that are slow, stalled or hostile: memory stays within its bounds, loops sleep when there
//! is nothing to do, time-outs strike, and a normal sender is served.

mod common;

use std::sync::{Mutex, MutexGuard, PoisonError};

/// The tests look at the memory and the CPU time of the whole process: one at a time.
static ALONE: Mutex<()> = Mutex::new(());

pub(crate) fn alone() -> MutexGuard<'static, ()> {
    ALONE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The portable driver.
mod mio {
    use pdvault_engine::receiver::Driver;

    const DRIVER: Driver = Driver::Mio;

    include!("scenarios/pressure.rs");
}

/// `io_uring`, where it can be had; `tests/driver.rs` says where it cannot.
mod auto {
    use pdvault_engine::receiver::Driver;

    const DRIVER: Driver = Driver::Auto;

    include!("scenarios/pressure.rs");
}
