//! A peer that sends objects before it has the responses to earlier ones, over real sockets and real
//! files (PS3.7 D.3.3.3): each object is stored whole, and each has its own answer.

mod common;

/// The portable driver.
mod mio {
    use pdvault_engine::receiver::Driver;

    const DRIVER: Driver = Driver::Mio;

    include!("scenarios/pipelining.rs");
}

/// `io_uring`, where it can be had; `tests/driver.rs` says where it cannot.
mod auto {
    use pdvault_engine::receiver::Driver;

    const DRIVER: Driver = Driver::Auto;

    include!("scenarios/pipelining.rs");
}
