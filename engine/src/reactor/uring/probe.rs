//! Whether the system lets us use `io_uring`.

#![forbid(unsafe_code)]

use std::io;
use std::time::Duration;

use io_uring::{Probe, opcode};

use crate::reactor::driver::UringUnavailable;

use super::ring::{Ring, Sizes};

/// As little as there can be.
const SIZES: Sizes = Sizes {
    submissions: 1,
    completions: 2,
};

/// What is asked of the kernel. Features of these (several completions for one accept, for instance) came
/// before Linux 6.1, without which a ring of our kind cannot be made.
const OPERATIONS: [(u8, &str); 6] = [
    (opcode::AcceptMulti::CODE, "accept"),
    (opcode::PollAdd::CODE, "poll"),
    (opcode::Recv::CODE, "recv"),
    (opcode::RecvMsg::CODE, "recvmsg"),
    (opcode::Send::CODE, "send"),
    (opcode::AsyncCancel2::CODE, "cancel"),
];

/// Sets up a ring as the loops have it, and uses it.
pub(super) fn probe() -> Result<(), UringUnavailable> {
    let mut ring = Ring::new(SIZES).map_err(|error| reason(error, sysctl().as_deref()))?;
    let params = ring.io().params();
    if !params.is_feature_nodrop() || !params.is_feature_ext_arg() {
        return Err(UringUnavailable::Kernel {
            missing: "a feature of the ring",
        });
    }
    let mut probe = Probe::new();
    let submitter = ring.io().submitter();
    submitter
        .register_probe(&mut probe)
        .map_err(UringUnavailable::System)?;
    let unknown = OPERATIONS
        .iter()
        .find(|(code, _)| !probe.is_supported(*code));
    if let Some((_, missing)) = unknown {
        return Err(UringUnavailable::Kernel { missing });
    }
    ring.enable()
        .and_then(|()| ring.wait(Some(Duration::ZERO)))
        .map_err(|error| reason(error, sysctl().as_deref()))
}

/// `kernel.io_uring_disabled`, where there is such a thing (Linux 6.6): 0 allows it, 1 some, 2 nobody.
fn sysctl() -> Option<String> {
    std::fs::read_to_string("/proc/sys/kernel/io_uring_disabled").ok()
}

/// What an error of the set-up means.
pub(super) fn reason(error: io::Error, sysctl: Option<&str>) -> UringUnavailable {
    match error.raw_os_error() {
        Some(libc::ENOSYS) => UringUnavailable::Kernel {
            missing: "io_uring itself",
        },
        Some(libc::EINVAL) => UringUnavailable::Kernel {
            missing: "a ring with deferred work",
        },
        Some(libc::EPERM) if sysctl.is_some_and(|value| value.trim() != "0") => {
            UringUnavailable::Disabled
        }
        Some(libc::EPERM | libc::EACCES) => UringUnavailable::Forbidden(error),
        Some(libc::ENOMEM) => UringUnavailable::Memory(error),
        _ => UringUnavailable::System(error),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_way_of_refusing_is_told_by_what_to_do_about_it() {
        let told = |errno, sysctl| reason(io::Error::from_raw_os_error(errno), sysctl).to_string();
        assert!(told(libc::ENOSYS, None).contains("Linux 6.1"));
        assert!(told(libc::EINVAL, None).contains("a newer kernel"));
        assert!(told(libc::EPERM, Some("2\n")).contains("kernel.io_uring_disabled"));
        assert!(told(libc::EPERM, Some("0\n")).contains("seccomp"));
        assert!(told(libc::EPERM, None).contains("seccomp"));
        assert!(told(libc::EACCES, Some("0\n")).contains("security policy"));
        assert!(told(libc::ENOMEM, None).contains("ulimit -l"));
        assert!(told(libc::EMFILE, None).contains("cannot be set up"));
    }
}
