//! From the name of a host to addresses.

use std::fmt;
use std::io;
use std::net::{SocketAddr, ToSocketAddrs};

/// Which versions of the Internet protocol may be used.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum AddressFamily {
    /// Whatever the name resolves to, in the order that the system prefers.
    #[default]
    Any,
    /// IPv4 only.
    V4,
    /// IPv6 only.
    V6,
}

/// Why a host has no address.
#[derive(Debug, thiserror::Error)]
#[non_exhaustive]
pub enum ResolveError {
    /// The name is not known, or the name service does not answer.
    #[error("cannot resolve host name {host:?}: {source}; check its spelling and the name service")]
    Unknown {
        /// The name.
        host: String,
        /// What the system says.
        source: io::Error,
    },
    /// It has addresses, but none that may be used.
    #[error("host {host:?} has no {family} address; try another IP version")]
    NoAddress {
        /// The name.
        host: String,
        /// What was asked for.
        family: AddressFamily,
    },
}

impl fmt::Display for AddressFamily {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(match self {
            Self::Any => "IP",
            Self::V4 => "IPv4",
            Self::V6 => "IPv6",
        })
    }
}

impl AddressFamily {
    fn includes(self, address: &SocketAddr) -> bool {
        match self {
            Self::Any => true,
            Self::V4 => address.is_ipv4(),
            Self::V6 => address.is_ipv6(),
        }
    }
}

/// The addresses of a host, at least one, the best first. The host is a name or an address; it may
/// take as long as the system's name service does.
pub fn resolve(
    host: &str,
    port: u16,
    family: AddressFamily,
) -> Result<Vec<SocketAddr>, ResolveError> {
    let all = (host, port)
        .to_socket_addrs()
        .map_err(|source| ResolveError::Unknown {
            host: host.to_owned(),
            source,
        })?;
    let addresses: Vec<_> = all.filter(|address| family.includes(address)).collect();
    if addresses.is_empty() {
        return Err(ResolveError::NoAddress {
            host: host.to_owned(),
            family,
        });
    }
    Ok(addresses)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn addresses_are_those_of_the_family_asked_for() {
        let v4 = resolve("127.0.0.1", 104, AddressFamily::V4).expect("an address");
        assert_eq!(v4, [([127, 0, 0, 1], 104).into()]);
        let v6 = resolve("::1", 104, AddressFamily::Any).expect("an address");
        assert!(v6.iter().all(SocketAddr::is_ipv6));
        let none = resolve("127.0.0.1", 104, AddressFamily::V6).expect_err("no such address");
        assert_eq!(
            none.to_string(),
            "host \"127.0.0.1\" has no IPv6 address; try another IP version"
        );
    }

    #[test]
    fn a_name_that_cannot_be_is_not_known() {
        let error = resolve("no such host", 104, AddressFamily::Any).expect_err("no host");
        assert!(matches!(error, ResolveError::Unknown { .. }), "{error}");
    }
}
