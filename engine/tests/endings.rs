//! Peers and receivers that end at any time, and as many of them as there may be: nothing hangs, and
//! all memory comes back.

mod common;

use rustix::process::{Resource, Rlimit, getrlimit, setrlimit};

/// How many descriptors this process may have, as many as it is allowed to allow itself.
fn descriptors() -> usize {
    let limit = getrlimit(Resource::Nofile);
    let raised = Rlimit {
        current: limit.maximum,
        maximum: limit.maximum,
    };
    // If not, the tests are smaller.
    let _ = setrlimit(Resource::Nofile, raised);
    let current = getrlimit(Resource::Nofile).current;
    current.map_or(usize::MAX, |limit| {
        usize::try_from(limit).unwrap_or(usize::MAX)
    })
}

/// The portable driver.
mod mio {
    use pdvault_engine::receiver::Driver;

    const DRIVER: Driver = Driver::Mio;

    include!("scenarios/endings.rs");
}

/// `io_uring`, where it can be had; `tests/driver.rs` says where it cannot.
mod auto {
    use pdvault_engine::receiver::Driver;

    const DRIVER: Driver = Driver::Auto;

    include!("scenarios/endings.rs");
}
