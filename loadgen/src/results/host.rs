//! The machine that sent.

use std::fs;

use serde::{Deserialize, Serialize};

/// What figures depend on.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Host {
    /// Its name.
    pub name: String,
    /// The operating system and its version.
    pub kernel: String,
    /// The CPU's model; empty where the system does not say.
    pub cpu: String,
    /// How many CPUs this process may use.
    pub cpus: usize,
}

impl Host {
    /// The machine that this runs on.
    pub fn this() -> Self {
        let system = rustix::system::uname();
        Self {
            name: system.nodename().to_string_lossy().into_owned(),
            kernel: format!(
                "{} {} {}",
                system.sysname().to_string_lossy(),
                system.release().to_string_lossy(),
                system.machine().to_string_lossy()
            ),
            cpu: cpu_model().unwrap_or_default(),
            cpus: std::thread::available_parallelism().map_or(1, usize::from),
        }
    }
}

fn cpu_model() -> Option<String> {
    let text = fs::read_to_string("/proc/cpuinfo").ok()?;
    let line = text.lines().find(|line| line.starts_with("model name"))?;
    let (_, model) = line.split_once(':')?;
    Some(model.trim().to_owned())
}
