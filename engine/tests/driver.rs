//! Which driver a receiver takes, and what happens where it cannot be had.

#![allow(unsafe_code)]

use pdvault_engine::receiver::{Driver, Receiver, ReceiverHandle, StartError, UringUnavailable};

fn start(driver: Driver) -> Result<ReceiverHandle, StartError> {
    Receiver::builder()
        .driver(driver)
        .listen(([127, 0, 0, 1], 0).into())
        .ignore(true)
        .landing_memory(1 << 20)
        .start()
}

/// The other tests take `io_uring` where it can be had. Where it cannot, they test mio twice, and this
/// says so. `tests/run` goes by the first words of the text.
#[test]
fn io_uring_can_be_had_where_these_tests_run() {
    if std::env::var_os("PDVAULT_TEST_WITHOUT_URING").is_some() {
        return;
    }
    match start(Driver::Uring) {
        Ok(_) => {}
        Err(StartError::Driver(why)) if is_the_system_s(&why) => panic!(
            "the system has no io_uring for us: {why}. To leave it out on purpose, set \
             PDVAULT_TEST_WITHOUT_URING=1"
        ),
        Err(error) => panic!("io_uring should be there, but: {error}"),
    }
}

/// Whether the system lacks or refuses it. One that is new enough and knows of it should have all that
/// we ask for, so that a ring it does not want may be our mistake.
fn is_the_system_s(why: &UringUnavailable) -> bool {
    match why {
        UringUnavailable::Platform
        | UringUnavailable::Disabled
        | UringUnavailable::Forbidden(_) => true,
        UringUnavailable::Kernel { missing } => {
            *missing == "io_uring itself" || linux_version() < (6, 1)
        }
        _ => false,
    }
}

/// `6.1.0-13-amd64` is (6, 1).
fn linux_version() -> (u32, u32) {
    let release = rustix::system::uname();
    let release = release.release().to_string_lossy();
    let mut numbers = release.split(|c: char| !c.is_ascii_digit());
    let mut number = || numbers.next().and_then(|digits| digits.parse().ok());
    (number().unwrap_or(0), number().unwrap_or(0))
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

/// As in a container whose seccomp filter knows nothing of `io_uring`.
#[cfg(target_os = "linux")]
#[test]
fn where_io_uring_is_forbidden_auto_takes_mio_and_says_why() {
    // A filter holds for the thread that sets it, and for those that it starts.
    let forbidden = std::thread::spawn(|| {
        seccomp::forbid_io_uring();
        let auto = start(Driver::Auto).expect("mio is everywhere");
        assert_eq!(auto.driver().driver(), Driver::Mio);
        let refusal = auto.driver().refusal().expect("there was a reason");
        assert!(refusal.contains("seccomp"), "{refusal}");
        let Err(error) = start(Driver::Uring) else {
            panic!("it was forbidden");
        };
        assert!(matches!(error, StartError::Driver(_)));
        assert!(
            error.to_string().contains("allow io_uring_setup"),
            "{error}"
        );
    });
    forbidden.join().expect("as asserted");
}

#[cfg(target_os = "linux")]
mod seccomp {
    use libc::{
        BPF_ABS, BPF_JEQ, BPF_JMP, BPF_K, BPF_LD, BPF_RET, BPF_W, EPERM, PR_SET_NO_NEW_PRIVS,
        PR_SET_SECCOMP, SECCOMP_MODE_FILTER, SECCOMP_RET_ALLOW, SECCOMP_RET_ERRNO, prctl,
        sock_filter, sock_fprog,
    };

    /// From now on `io_uring_setup` is answered by EPERM in this thread.
    pub(super) fn forbid_io_uring() {
        let step = |code: u32, jf, k| sock_filter {
            code: u16::try_from(code).expect("short"),
            jt: 0,
            jf,
            k,
        };
        let number = u32::try_from(libc::SYS_io_uring_setup).expect("small");
        let mut filter = [
            // The number of the system call stands first.
            step(BPF_LD | BPF_W | BPF_ABS, 0, 0),
            step(BPF_JMP | BPF_JEQ | BPF_K, 1, number),
            step(BPF_RET | BPF_K, 0, SECCOMP_RET_ERRNO | EPERM.unsigned_abs()),
            step(BPF_RET | BPF_K, 0, SECCOMP_RET_ALLOW),
        ];
        let program = sock_fprog {
            len: u16::try_from(filter.len()).expect("short"),
            filter: filter.as_mut_ptr(),
        };
        // SAFETY: takes no pointers.
        let done = unsafe { prctl(PR_SET_NO_NEW_PRIVS, 1, 0, 0, 0) };
        assert_eq!(done, 0, "{}", std::io::Error::last_os_error());
        // SAFETY: the program and its filter live longer than the call.
        let done = unsafe { prctl(PR_SET_SECCOMP, SECCOMP_MODE_FILTER, &raw const program) };
        assert_eq!(done, 0, "{}", std::io::Error::last_os_error());
    }
}
