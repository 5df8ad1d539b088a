//! From what is asked for to what is told.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use rustix::process::Resource;
use serde::Serialize;
use serde::de::DeserializeOwned;
use signal_hook::consts::{SIGINT, SIGTERM};

use crate::bench::{Bench, has_drivers};
use crate::endurance;
use crate::host::{self, Facts};
use crate::options::{Action, Options};
use crate::plan::{self, Plan};
use crate::problem::Problem;
use crate::report::Report;
use crate::results::Results;
use crate::stage::Stage;
use crate::state::{State, build_of};
use crate::system::{Driver, Kind, Programs, System};
use crate::targets;
use crate::turns;

/// Where receivers listen unless `PDVAULT_BENCH_PORT` says otherwise.
const PORT: u16 = 11_599;

/// The results of the long run, in the directory of results.
const ENDURANCE: &str = "endurance.json";

/// Does what the options ask for.
pub(crate) fn carry_out(options: &Options) -> Result<(), Problem> {
    let programs = programs(options)?;
    let drivers: &[Driver] = if programs.has_drivers {
        &[Driver::Mio, Driver::Uring]
    } else {
        &[Driver::Mio]
    };
    let plan = Plan::new(options, drivers);
    match options.action {
        Action::List => {
            plan.list();
            return Ok(());
        }
        Action::Endure(minutes) => return endure(options, programs, drivers, minutes),
        Action::Compare | Action::Report => {}
    }
    let mut finished = finished(options, &programs)?;
    let facts = facts(options, &programs)?;
    let left = plan.left(&finished);
    if options.action == Action::Compare && !left.is_empty() {
        let bench = bench(programs)?;
        let mut stage = stage(options, &bench)?;
        plan::say_what_is_written(&stage, &left)?;
        turns::take(&bench, &mut stage, &left, &mut finished)?;
    }
    report(options, drivers, &facts, &finished)
}

/// The runs that are there already.
fn finished(options: &Options, programs: &Programs) -> Result<State, Problem> {
    fs::create_dir_all(&options.out).map_err(Problem::at(&options.out))?;
    let build = build_of(&programs.pdvault, options.loop_mode.name())?;
    let mut finished = State::open(options.out.join("runs.jsonl"), build);
    if options.anew {
        finished.forget()?;
    }
    Ok(finished)
}

fn report(
    options: &Options,
    drivers: &[Driver],
    facts: &Facts,
    finished: &State,
) -> Result<(), Problem> {
    let rows = options.chosen_rows();
    let results = Results {
        runs: finished.runs_of(&rows),
        rows,
    };
    let report = Report {
        facts,
        verdicts: &targets::judge(&results, drivers),
        systems: &plan::systems(&results.rows, drivers),
        endurance: read_json(&options.out.join(ENDURANCE)),
        results: &results,
    };
    report.write(&options.out)?;
    if options.write_docs {
        report.write_docs(&options.root)?;
    }
    Ok(())
}

fn stage(options: &Options, bench: &Bench) -> Result<Stage, Problem> {
    let interrupted = Arc::clone(&bench.interrupted);
    let work = options.directory.join("compare.work");
    Stage::new(work, options.loop_mode, interrupted)
}

/// What was true when the runs were made: a report alone must not tell of another day.
fn facts(options: &Options, programs: &Programs) -> Result<Facts, Problem> {
    let path = options.out.join("facts.json");
    if let (true, Some(facts)) = (options.action == Action::Report, read_json(&path)) {
        return Ok(facts);
    }
    let facts = host::facts(options, programs, rustix::process::geteuid().is_root());
    write_json(&path, &facts)?;
    Ok(facts)
}

fn read_json<T: DeserializeOwned>(path: &Path) -> Option<T> {
    serde_json::from_str(&fs::read_to_string(path).ok()?).ok()
}

fn write_json(path: &Path, value: &impl Serialize) -> Result<(), Problem> {
    let text = serde_json::to_string_pretty(value).map_err(|error| error.to_string())?;
    fs::write(path, text).map_err(Problem::at(path))
}

/// The long run of the first of our systems that is asked for, under the driver that is the default.
fn endure(
    options: &Options,
    programs: Programs,
    drivers: &[Driver],
    minutes: u32,
) -> Result<(), Problem> {
    let systems = [Kind::Object, Kind::None].map(|kind| System::all_of(kind, drivers));
    let mut systems = systems.iter().flat_map(|drivers| drivers.iter().rev());
    let system = systems.find(|system| options.wants(**system));
    let system = system.ok_or_else(|| "no such system of ours".to_owned())?;
    fs::create_dir_all(&options.out).map_err(Problem::at(&options.out))?;
    let bench = bench(programs)?;
    let mut stage = stage(options, &bench)?;
    let endurance = endurance::run(&bench, &mut stage, *system, minutes)?;
    write_json(&options.out.join(ENDURANCE), &endurance)?;
    print!("{}", endurance.text());
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
