//! What is done in which order.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Instant;

use rustix::process::Resource;
use signal_hook::consts::{SIGINT, SIGTERM};

use crate::bench::{Bench, has_drivers, rate_for};
use crate::figures::Figures;
use crate::host;
use crate::matrix::{Condition, Row};
use crate::options::Options;
use crate::problem::Problem;
use crate::progress::{Progress, guess};
use crate::report;
use crate::results::Results;
use crate::stage::{Stage, disk_bytes};
use crate::state::{Run, State, build_of};
use crate::system::{Driver, Kind, Programs, System};
use crate::targets;

/// Where receivers listen unless `PDVAULT_BENCH_PORT` says otherwise.
const PORT: u16 = 11_599;

/// A tenth of the free space stays free: a full disk is a slow disk.
const FREE_SHARE: (u64, u64) = (9, 10);

/// A run that is to be done.
#[derive(Clone, Copy, Debug)]
struct Step {
    row: Row,
    system: System,
    round: u32,
}

/// Does what the options ask for.
pub(crate) fn carry_out(options: &Options) -> Result<(), Problem> {
    let programs = programs(options)?;
    let drivers: &[Driver] = if programs.has_drivers {
        &[Driver::Mio, Driver::Uring]
    } else {
        &[Driver::Mio]
    };
    let steps = steps(options, drivers);
    if options.list {
        list(&options.chosen_rows(), &steps);
        return Ok(());
    }
    fs::create_dir_all(&options.out).map_err(Problem::at(&options.out))?;
    let commit = host::commit(&options.root);
    let build = build_of(&commit, &programs.pdvault, options.loop_mode.name())?;
    let mut state = State::open(options.out.join("runs.jsonl"), build);
    let facts = host::facts(options, &programs, rustix::process::geteuid().is_root());
    if options.anew {
        state.forget()?;
    }
    if !options.report {
        run_all(options, programs, &steps, &mut state)?;
    }
    let results = Results {
        runs: state.runs_of(&options.chosen_rows()),
        rows: options.chosen_rows(),
    };
    let verdicts = targets::judge(&results, drivers);
    let systems = systems(&results.rows, drivers);
    report::write(&options.out, &facts, &results, &verdicts, &systems)?;
    if options.write_docs {
        report::write_docs(&options.root, &facts, &results, &verdicts, &systems)?;
    }
    Ok(())
}

fn programs(options: &Options) -> Result<Programs, Problem> {
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let beside = |name| own.with_file_name(name);
    let target = own
        .parent()
        .and_then(Path::parent)
        .map_or_else(PathBuf::new, Path::to_owned);
    let pdvault = options.pdvault.clone().unwrap_or_else(|| beside("pdvault"));
    let programs = Programs {
        has_drivers: has_drivers(&pdvault),
        pdvault,
        bare: beside("bare"),
        peers: target.join("peers"),
        pynetdicom_script: options.root.join("tests/peers/receive.py"),
    };
    for path in [&programs.pdvault, &programs.bare] {
        fs::metadata(path).map_err(Problem::at(path))?;
    }
    Ok(programs)
}

/// Every system of a row once, then the next row, then the next round.
fn steps(options: &Options, drivers: &[Driver]) -> Vec<Step> {
    let rows = options.chosen_rows();
    let rounds = (1..=options.runs).flat_map(|round| {
        let of_row = |row: &Row| {
            let systems = row
                .kinds
                .iter()
                .flat_map(|kind| System::all_of(*kind, drivers));
            let systems = systems.filter(|system| options.wants(*system));
            let row = *row;
            systems
                .map(move |system| Step { row, system, round })
                .collect::<Vec<_>>()
        };
        rows.iter().flat_map(of_row).collect::<Vec<_>>()
    });
    rounds.collect()
}

/// Every system that is in a row, each once.
fn systems(rows: &[Row], drivers: &[Driver]) -> Vec<System> {
    let kinds = rows.iter().flat_map(|row| row.kinds);
    let mut systems: Vec<_> = kinds
        .flat_map(|kind| System::all_of(*kind, drivers))
        .collect();
    systems.sort();
    systems.dedup();
    systems
}

fn list(rows: &[Row], steps: &[Step]) {
    for row in rows {
        let systems = steps
            .iter()
            .filter(|step| step.round == 1 && step.row.id == row.id);
        let systems: Vec<_> = systems.map(|step| step.system.to_string()).collect();
        println!(
            "{:18} {}\n{:18} {}",
            row.id,
            row.title(),
            "",
            systems.join(" ")
        );
    }
    let runs = u32::try_from(steps.len()).unwrap_or(u32::MAX);
    println!("{runs} runs, {}", guess(runs));
}

fn run_all(
    options: &Options,
    programs: Programs,
    steps: &[Step],
    state: &mut State,
) -> Result<(), Problem> {
    let is_left = |step: &&Step| !state.has(&state.key(&step.row, step.system, step.round));
    let left: Vec<Step> = steps.iter().filter(is_left).copied().collect();
    if left.len() < steps.len() {
        eprintln!(
            "compare: {} of {} runs are finished already",
            steps.len() - left.len(),
            steps.len()
        );
    }
    if left.is_empty() {
        return Ok(());
    }
    let bench = bench(programs)?;
    let mut stage = Stage::new(options.directory.join("compare.work"), options.loop_mode)?;
    say_what_is_written(&stage, &left)?;
    let mut progress = Progress::new(u32::try_from(left.len()).unwrap_or(u32::MAX));
    for step in &left {
        let name = format!("{}, {}, round {}", step.row.id, step.system, step.round);
        progress.begin(&name);
        let start = Instant::now();
        let figures = run(&bench, &mut stage, state, step)?;
        let took = start.elapsed();
        progress.done(&name, &figures, took);
        let key = state.key(&step.row, step.system, step.round);
        state.add(Run {
            key,
            figures,
            took_s: took.as_secs_f64(),
        })?;
    }
    Ok(())
}

fn run(bench: &Bench, stage: &mut Stage, state: &State, step: &Step) -> Result<Figures, Problem> {
    if bench.interrupted.load(Ordering::Relaxed) {
        return Err(Problem::Interrupted);
    }
    let key = state.key(&step.row, step.system, step.round);
    match rate_for(state, &step.row, &key) {
        Ok(rate) => bench.run(stage, &step.row, step.system, rate, step.round == 1),
        Err(text) => Ok(Figures::of_failure(text)),
    }
}

fn bench(programs: Programs) -> Result<Bench, Problem> {
    let interrupted = Arc::new(AtomicBool::new(false));
    for signal in [SIGINT, SIGTERM] {
        signal_hook::flag::register(signal, Arc::clone(&interrupted))
            .map_err(|error| error.to_string())?;
    }
    allow_files();
    let own = std::env::current_exe().map_err(|error| error.to_string())?;
    let port = std::env::var("PDVAULT_BENCH_PORT")
        .ok()
        .and_then(|text| text.parse().ok());
    Ok(Bench {
        programs,
        sender: own.with_file_name("pdvault"),
        port: port.unwrap_or(PORT),
        interrupted,
    })
}

/// A thousand connections and as many files, in every program that is started.
fn allow_files() {
    let mut limit = rustix::process::getrlimit(Resource::Nofile);
    limit.current = limit.maximum;
    // What it is must do then; a system that needs more fails, and that is told.
    let _ = rustix::process::setrlimit(Resource::Nofile, limit);
}

fn say_what_is_written(stage: &Stage, left: &[Step]) -> Result<(), Problem> {
    let storing = || left.iter().filter(|step| step.system.kind.stores());
    let written: u64 = storing().map(|step| written_bytes(step)).sum();
    let most = storing()
        .map(|step| disk_bytes(&step.row.load, step.system.kind))
        .max();
    let (most, free) = (most.unwrap_or_default(), stage.free_bytes()?);
    let gb = |bytes: u64| bytes / 1_000_000_000;
    eprintln!(
        "compare: {} runs, {}; writes {} GB in {}, up to {} GB of it at a time, and removes it at the \
         end; {} GB are free",
        left.len(),
        guess(u32::try_from(left.len()).unwrap_or(u32::MAX)),
        gb(written),
        stage.work().display(),
        gb(most),
        gb(free)
    );
    if !stage.is_root() {
        eprintln!("compare: not root: every run has a new directory, no file system of its own");
    }
    if free / FREE_SHARE.1 * FREE_SHARE.0 < most {
        return Err("not enough free space; see --directory".to_owned().into());
    }
    let is_cold = left
        .iter()
        .any(|step| step.row.condition == Condition::Cold);
    if is_cold && !stage.is_root() {
        eprintln!("compare: not root: the page cache is not dropped, so cold rows are not cold");
    }
    Ok(())
}

fn written_bytes(step: &Step) -> u64 {
    let bytes = step.row.load.bytes(step.system.kind);
    if step.system.kind == Kind::Fio {
        bytes / 2
    } else {
        bytes
    }
}
