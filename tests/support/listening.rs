//! Ports: free ones, and who listens on them.

use std::net::{Ipv4Addr, Ipv6Addr, SocketAddrV6, TcpListener};
use std::path::PathBuf;
use std::sync::Mutex;
use std::{fs, io};

use rustix::net::{AddressFamily, SocketType, bind, socket, sockopt};

/// A port that was free a moment ago, by IPv4 and by IPv6, and that nobody else in this process got.
/// Most programs cannot listen on port 0 and tell what they got.
pub fn free_port() -> u16 {
    static GIVEN: Mutex<Vec<u16>> = Mutex::new(Vec::new());
    let mut given = GIVEN.lock().expect("no holder panics");
    loop {
        let probe = bound_to_both()
            // This machine may have no IPv6.
            .or_else(|_| TcpListener::bind((Ipv4Addr::UNSPECIFIED, 0)))
            .expect("a free port");
        let address = probe.local_addr().expect("a bound socket has an address");
        if !given.contains(&address.port()) {
            given.push(address.port());
            return address.port();
        }
    }
}

/// A socket at a free port of every IPv4 and IPv6 address.
fn bound_to_both() -> io::Result<TcpListener> {
    let probe = socket(AddressFamily::INET6, SocketType::STREAM, None)?;
    sockopt::set_ipv6_v6only(&probe, false)?;
    bind(&probe, &SocketAddrV6::new(Ipv6Addr::UNSPECIFIED, 0, 0, 0))?;
    Ok(probe.into())
}

/// Whether a listening socket on the port belongs to the process. A trial connection would leave its
/// mark in logs and counts.
pub fn listens(process: u32, port: u16) -> bool {
    let Ok(descriptors) = fs::read_dir(format!("/proc/{process}/fd")) else {
        return false;
    };
    let open: Vec<PathBuf> = descriptors
        .flatten()
        .filter_map(|entry| fs::read_link(entry.path()).ok())
        .collect();
    listening_inodes(port)
        .iter()
        .any(|inode| open.contains(&PathBuf::from(format!("socket:[{inode}]"))))
}

/// Inodes of the sockets in state LISTEN (0A) on a port, from /proc/net/tcp and tcp6.
fn listening_inodes(port: u16) -> Vec<String> {
    let suffix = format!(":{port:04X}");
    let mut inodes = Vec::new();
    for table in ["/proc/net/tcp", "/proc/net/tcp6"] {
        let text = fs::read_to_string(table).unwrap_or_default();
        for line in text.lines().skip(1) {
            let fields: Vec<_> = line.split_whitespace().collect();
            if fields[1].ends_with(&suffix) && fields[3] == "0A" {
                inodes.push(fields[9].to_owned());
            }
        }
    }
    inodes
}
