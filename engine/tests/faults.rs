//! A disk that fails, under the whole receiver: what the peer is told, what is left on disk, and that
//! service goes on.

mod common;

/// The portable driver.
mod mio {
    use pdvault_engine::receiver::Driver;

    const DRIVER: Driver = Driver::Mio;

    include!("scenarios/faults.rs");
}

/// `io_uring`, where it can be had; `tests/driver.rs` says where it cannot.
mod auto {
    use pdvault_engine::receiver::Driver;

    const DRIVER: Driver = Driver::Auto;

    include!("scenarios/faults.rs");
}
