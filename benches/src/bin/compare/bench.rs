//! One run: a place is made, a receiver started, a load sent, everything measured, all cleared up.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::thread;
use std::time::{Duration, Instant};

use pdvault_loadgen::results::Results;

use crate::figures::Figures;
use crate::matrix::{Condition, Load};
use crate::memory;
use crate::plan::Step;
use crate::problem::Problem;
use crate::receiver::{Receiver, last_lines};
use crate::stage::{Stage, disk_bytes};
use crate::system::{Kind, PDU_BYTES, Programs, System, orthanc_configuration};
use crate::tools;
use crate::warmth::Cold;

/// A load that is not through after this is ended, and what was sent until then counts, in seconds.
pub(crate) const LOAD_LIMIT_S: u64 = 8;

/// The same where a tenth of the load is enough.
pub(crate) const SLOW_LOAD_LIMIT_S: u64 = 3;

/// How long a load in an open loop is at most, in seconds; it ends before when all of it is sent.
pub(crate) const OPEN_LOOP_S: u64 = 10;

/// The sender waits so long for what is on its way; after that, and this, it is killed.
const SENDER_LIMIT: Duration = Duration::from_secs(120);

/// How often it is looked whether a program has ended, and how much memory a receiver has.
const EVERY: Duration = Duration::from_millis(20);
const MEMORY_EVERY: Duration = Duration::from_millis(250);

/// What runs need.
#[derive(Debug)]
pub(crate) struct Bench {
    pub(crate) programs: Programs,
    /// The tree's own pdvault, which sends.
    pub(crate) sender: PathBuf,
    pub(crate) port: u16,
    /// Set by SIGINT and SIGTERM.
    pub(crate) interrupted: Arc<AtomicBool>,
}

/// What is sent to a receiver.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Sending<'a> {
    pub(crate) load: &'a Load,
    pub(crate) kind: Kind,
    /// Objects a second, in an open loop.
    pub(crate) rate: Option<u64>,
    /// Whether to compare what is on disk, where that can be done.
    pub(crate) verify: bool,
}

impl Bench {
    /// Does a run. A system that fails has figures that say so; a problem is with the bench.
    pub(crate) fn run(
        &self,
        stage: &mut Stage,
        step: &Step,
        rate: Option<u64>,
    ) -> Result<Figures, Problem> {
        let Step { row, system, .. } = step;
        let bytes = row.load.bytes(system.kind);
        let disk = if system.kind.stores() {
            disk_bytes(&row.load, system.kind)
        } else {
            0
        };
        let output = if system.kind.stores() {
            stage.prepare(row.condition, disk)?
        } else {
            stage.work().to_owned()
        };
        let measured = if system.kind == Kind::Fio {
            let _memory = stage.set_memory(row, system.kind)?;
            self.write_with_fio(&output, bytes)
        } else {
            self.receive(stage, step, &output, rate)
        };
        if system.kind.stores() {
            stage.clear_up()?;
        }
        measured
    }

    fn receive(
        &self,
        stage: &mut Stage,
        step: &Step,
        output: &Path,
        rate: Option<u64>,
    ) -> Result<Figures, Problem> {
        let &Step {
            row,
            system,
            verify,
            ..
        } = step;
        let receiver = match self.start(stage.work(), system, output) {
            Ok(receiver) => receiver,
            Err(problem) => return Ok(Figures::of_failure(problem.to_string())),
        };
        let memory = if system.kind.stores() {
            stage.set_memory(&row, system.kind)?
        } else {
            Cold::default()
        };
        let sending = Sending {
            load: &row.load,
            kind: system.kind,
            rate,
            verify,
        };
        let mut figures = self.load(&sending, &receiver, output, stage.work())?;
        figures.cold_bytes = (row.condition == Condition::Cold).then_some(memory.bytes);
        Ok(figures)
    }

    /// Starts a receiver that writes to `output`; its log and the like go to `home`.
    pub(crate) fn start(
        &self,
        home: &Path,
        system: System,
        output: &Path,
    ) -> Result<Receiver, Problem> {
        if system.kind == Kind::Orthanc {
            let path = home.join("orthanc.json");
            let text = orthanc_configuration(self.port, output);
            fs::write(&path, text).map_err(Problem::at(&path))?;
        }
        let command = system.command(&self.programs, self.port, output, home);
        let command = command.ok_or_else(|| format!("{system} is no receiver"))?;
        Receiver::start(command, self.port, &home.join("receiver.log"))
    }

    /// Sends a load to a receiver and measures.
    pub(crate) fn load(
        &self,
        sending: &Sending<'_>,
        receiver: &Receiver,
        output: &Path,
        home: &Path,
    ) -> Result<Figures, Problem> {
        let (json, log) = (home.join("loadgen.json"), home.join("loadgen.log"));
        // What is there from before must not be taken for the result of this one.
        let _ = fs::remove_file(&json);
        let mut sender = self.sender(sending);
        sender.arg("--receiver-pid").arg(receiver.pid().to_string());
        sender.arg("--json").arg(&json);
        if sending.kind.stores() {
            sender.arg("--sync").arg(output);
        }
        if sending.verify && sending.kind.keeps_every_bit() {
            sender.arg("--verify").arg(output);
        }
        sender.arg("127.0.0.1").arg(self.port.to_string());
        let peak_bytes = self.watch(&mut sender, &log, receiver.pid())?;
        Ok(match Results::read(&json) {
            Ok(results) => Figures::of_load(&results, sending.kind.stores(), peak_bytes),
            Err(error) => {
                let (sender, receiver) = (last_lines(&log), receiver.log());
                Figures::of_failure(format!("{error}; sender: {sender}; receiver: {receiver}"))
            }
        })
    }

    fn sender(&self, sending: &Sending<'_>) -> Command {
        let Sending { load, kind, .. } = sending;
        let mut sender = Command::new(&self.sender);
        sender
            .args(["loadgen", "--max-send-pdu"])
            .arg(PDU_BYTES.to_string());
        sender.arg("--size").arg(load.object_bytes.to_string());
        sender
            .arg("--associations")
            .arg(load.associations.to_string());
        if load.window > 1 {
            sender.arg("--async-ops").arg(load.window.to_string());
        }
        if load.per_object {
            sender.arg("--per-object");
        }
        let limit = if let Some(rate) = sending.rate {
            sender.arg("--arrival-rate").arg(rate.to_string());
            OPEN_LOOP_S
        } else if kind.is_slow() {
            SLOW_LOAD_LIMIT_S
        } else {
            LOAD_LIMIT_S
        };
        sender.arg("--duration").arg(limit.to_string());
        sender.arg("--count").arg(load.objects(*kind).to_string());
        sender
    }

    /// Runs the sender to its end, and returns the peak of the receiver's memory, in bytes.
    fn watch(&self, sender: &mut Command, log: &Path, receiver: u32) -> Result<u64, Problem> {
        let file = fs::File::create(log).map_err(Problem::at(log))?;
        let twin = file.try_clone().map_err(Problem::at(log))?;
        let sender = sender.stdin(Stdio::null()).stdout(file).stderr(twin);
        let child = sender
            .spawn()
            .map_err(|error| format!("cannot run the sender: {error}"))?;
        let (mut peak, mut looked) = (0, None);
        self.wait(child, || {
            if looked.is_none_or(|at: Instant| at.elapsed() > MEMORY_EVERY) {
                peak = peak.max(memory::peak_of_tree(receiver));
                looked = Some(Instant::now());
            }
        })?;
        Ok(peak)
    }

    /// Waits for a program to end; it is killed when the comparison is interrupted, and when it takes
    /// too long.
    fn wait(&self, mut child: Child, mut meanwhile: impl FnMut()) -> Result<(), Problem> {
        let start = Instant::now();
        while matches!(child.try_wait(), Ok(None)) {
            let is_interrupted = self.interrupted.load(Ordering::Relaxed);
            if is_interrupted || start.elapsed() > SENDER_LIMIT {
                let _ = child.kill();
                let _ = child.wait();
            }
            if is_interrupted {
                return Err(Problem::Interrupted);
            }
            meanwhile();
            thread::sleep(EVERY);
        }
        Ok(())
    }

    /// What the disk does alone.
    fn write_with_fio(&self, output: &Path, bytes: u64) -> Result<Figures, Problem> {
        let json = output.with_extension("fio.json");
        let mut fio = Command::new("fio");
        fio.args([
            "--name=limit",
            "--direct=1",
            "--ioengine=io_uring",
            "--rw=write",
            "--bs=512k",
        ]);
        fio.args(["--iodepth=8", "--end_fsync=1", "--output-format=json"]);
        fio.arg(format!("--size={bytes}"))
            .arg(format!("--directory={}", output.display()));
        fio.arg(format!("--output={}", json.display()));
        let fio = fio
            .stdin(Stdio::null())
            .stdout(Stdio::null())
            .stderr(Stdio::null());
        let child = fio
            .spawn()
            .map_err(|error| format!("cannot run fio: {error}"))?;
        self.wait(child, || ())?;
        let text = fs::read_to_string(&json).map_err(Problem::at(&json))?;
        let _ = fs::remove_file(&json);
        Ok(Figures::of_fio(&text).unwrap_or_else(|| Figures::of_failure("fio failed".to_owned())))
    }
}

/// Whether `pdvault storescp` can be told which driver to take.
pub(crate) fn has_drivers(pdvault: &Path) -> bool {
    let help = tools::run(Command::new(pdvault).args(["storescp", "--help"]));
    help.is_ok_and(|text| text.contains("--driver"))
}
