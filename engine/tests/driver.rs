//! Which driver a receiver takes, and what happens where it cannot be had.

use pdvault_engine::receiver::{Driver, Receiver, ReceiverHandle, StartError};

fn start(driver: Driver) -> Result<ReceiverHandle, StartError> {
    Receiver::builder()
        .driver(driver)
        .listen(([127, 0, 0, 1], 0).into())
        .ignore(true)
        .landing_memory(1 << 20)
        .start()
}

/// The other tests take `io_uring` where it can be had. Where it cannot, they test mio twice, and this
/// says so.
#[test]
fn io_uring_can_be_had_where_these_tests_run() {
    if std::env::var_os("PDVAULT_TEST_WITHOUT_URING").is_some() {
        return;
    }
    if let Err(error) = start(Driver::Uring) {
        panic!(
            "io_uring is not tested here: {error}. To leave it out on purpose, set \
             PDVAULT_TEST_WITHOUT_URING=1"
        );
    }
}

#[test]
fn a_receiver_tells_which_driver_it_took() {
    let mio = start(Driver::Mio).expect("mio is everywhere");
    assert_eq!(mio.driver().driver(), Driver::Mio);
    assert_eq!(mio.driver().refusal(), None);

    let auto = start(Driver::Auto).expect("one of them is there");
    match start(Driver::Uring) {
        Ok(uring) => {
            assert_eq!(uring.driver().driver(), Driver::Uring);
            assert_eq!(auto.driver().driver(), Driver::Uring);
            assert_eq!(auto.driver().refusal(), None);
        }
        Err(StartError::Driver(why)) => {
            assert_eq!(auto.driver().driver(), Driver::Mio);
            assert_eq!(auto.driver().refusal(), Some(why.to_string().as_str()));
        }
        Err(other) => panic!("{other}"),
    }
}
