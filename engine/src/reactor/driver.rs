//! Which way of moving bytes a receiver takes.

#![forbid(unsafe_code)]

use std::fmt;
use std::io;

/// How bytes are moved between sockets and memory.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, Hash)]
pub enum Driver {
    /// [`Driver::Uring`] where the system allows it, else [`Driver::Mio`].
    #[default]
    Auto,
    /// Readiness (epoll on Linux) and a system call for each read and write. Runs everywhere.
    Mio,
    /// `io_uring`: one system call for many reads and writes. Linux 6.1 or newer, unless forbidden
    /// there.
    Uring,
}

impl fmt::Display for Driver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Auto => "auto",
            Self::Mio => "mio",
            Self::Uring => "io_uring",
        })
    }
}

/// Which driver a receiver runs with, and why.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct ChosenDriver {
    driver: Driver,
    refusal: Option<String>,
}

impl ChosenDriver {
    /// [`Driver::Mio`] or [`Driver::Uring`].
    pub fn driver(&self) -> Driver {
        self.driver
    }

    /// Why it is not `io_uring`, where that was to be taken if possible.
    pub fn refusal(&self) -> Option<&str> {
        self.refusal.as_deref()
    }
}

impl fmt::Display for ChosenDriver {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match &self.refusal {
            None => write!(f, "{}", self.driver),
            Some(refusal) => write!(f, "{}, because {refusal}", self.driver),
        }
    }
}

/// Why `io_uring` cannot be used. Each says what to do about it.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum UringUnavailable {
    /// Not Linux, or a kind of processor that the bindings do not know.
    #[error("io_uring is there on Linux only, on usual processors")]
    Platform,
    /// The kernel is too old, or was built without it.
    #[error(
        "io_uring as needed is there from Linux 6.1 on ({missing} is missing); a newer kernel has it"
    )]
    Kernel {
        /// What it does not know.
        missing: &'static str,
    },
    /// The administrator has switched it off.
    #[error("io_uring is switched off; set the sysctl kernel.io_uring_disabled to 0 to allow it")]
    Disabled,
    /// Something else forbids it.
    #[error(
        "io_uring is forbidden, by a seccomp filter or a security policy ({0}); allow io_uring_setup, \
         io_uring_enter and io_uring_register there, which container engines do not by default"
    )]
    Forbidden(io::Error),
    /// There is no memory for it.
    #[error(
        "there is no memory for io_uring ({0}); raise the limit of locked memory (ulimit -l) or of the \
         container"
    )]
    Memory(io::Error),
    /// Something else went wrong.
    #[error("io_uring cannot be set up: {0}")]
    System(io::Error),
}

/// Decides, and makes what is decided on: by `uring` or by `mio`.
pub(super) fn choose<T>(
    driver: Driver,
    uring: impl FnOnce() -> Result<T, UringUnavailable>,
    mio: impl FnOnce() -> io::Result<T>,
) -> Result<(ChosenDriver, T), NoDriver> {
    let chosen = |driver, refusal| ChosenDriver { driver, refusal };
    let refusal = match driver {
        Driver::Mio => None,
        Driver::Auto | Driver::Uring => match uring() {
            Ok(made) => return Ok((chosen(Driver::Uring, None), made)),
            Err(error) if driver == Driver::Uring => return Err(error.into()),
            Err(error) => Some(error.to_string()),
        },
    };
    Ok((chosen(Driver::Mio, refusal), mio()?))
}

/// Why there are no event loops.
#[derive(Debug, thiserror::Error)]
pub(crate) enum NoDriver {
    #[error(transparent)]
    Uring(#[from] UringUnavailable),
    #[error(transparent)]
    EventLoop(#[from] io::Error),
}

#[cfg(test)]
mod tests {
    use super::*;

    fn choice(
        driver: Driver,
        uring: Result<Driver, UringUnavailable>,
    ) -> Result<(ChosenDriver, Driver), NoDriver> {
        choose(driver, || uring, || Ok(Driver::Mio))
    }

    #[test]
    fn auto_takes_io_uring_where_it_can_and_says_why_not_where_it_cannot() {
        let (chosen, made) = choice(Driver::Auto, Ok(Driver::Uring)).expect("a driver");
        assert_eq!((chosen.driver(), made), (Driver::Uring, Driver::Uring));
        assert_eq!(chosen.to_string(), "io_uring");

        let refused = Err(UringUnavailable::Disabled);
        let (chosen, made) = choice(Driver::Auto, refused).expect("a driver");
        assert_eq!((chosen.driver(), made), (Driver::Mio, Driver::Mio));
        let refusal = chosen.refusal().expect("there was one");
        assert!(refusal.contains("kernel.io_uring_disabled"), "{refusal}");
        assert_eq!(chosen.to_string(), format!("mio, because {refusal}"));
    }

    #[test]
    fn io_uring_asked_for_by_name_is_had_or_is_an_error() {
        let (chosen, made) = choice(Driver::Uring, Ok(Driver::Uring)).expect("a driver");
        assert_eq!((chosen.driver(), made), (Driver::Uring, Driver::Uring));
        let refused = choice(Driver::Uring, Err(UringUnavailable::Platform));
        assert!(matches!(refused, Err(NoDriver::Uring(_))));
    }

    #[test]
    fn mio_asked_for_by_name_does_not_even_try_io_uring() {
        let uring = || unreachable!("nobody asked for it");
        let (chosen, ()) = choose(Driver::Mio, uring, || Ok(())).expect("a driver");
        assert_eq!((chosen.driver(), chosen.refusal()), (Driver::Mio, None));
    }
}
