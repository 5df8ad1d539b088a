//! The whole engine in one process, over real sockets and real files: whatever the sizes of
//! fragments and writes, what lands on disk is what was sent.

mod common;

/// The portable driver.
mod mio {
    use pdvault_engine::receiver::Driver;

    const DRIVER: Driver = Driver::Mio;

    include!("scenarios/receive.rs");
}

/// `io_uring`, where it can be had; `tests/driver.rs` says where it cannot.
mod auto {
    use pdvault_engine::receiver::Driver;

    const DRIVER: Driver = Driver::Auto;

    include!("scenarios/receive.rs");
}
