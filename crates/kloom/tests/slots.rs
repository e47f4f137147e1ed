//! A check does not depend on where its machine lies: with another machine alive in the process, which has the first
//! addresses, the same search makes the same executions, with the same schedules and verdicts.
//!
//! Every case below `tests/check` goes through every strategy, once on each of two machines that live side by side.

#![forbid(unsafe_code)]

mod support;

use std::fmt::Write as _;
use std::path::{Path, PathBuf};
use std::sync::{Arc, mpsc};

use kloom::check::{Subject, Worker};
use kloom::run::{Request, Script};
use kloom_explore::search::{Limits, Recorder, Search, Strategy};
use kloom_sim::explored::Bounds;
use libtest_mimic::{Arguments, Failed, Trial};
use serde::Deserialize;
use support::{cache_dir, difference};

/// Executions of the reduction.
const EXHAUSTIVE: u64 = 200;
/// Executions of each sampler.
const SAMPLED: u64 = 20;

/// What of `case.toml` makes the scenario; `detectors.rs` reads all of it.
#[derive(Debug, Deserialize)]
struct Settings {
    #[serde(default)]
    steps: Vec<String>,
    cpus: Option<u32>,
}

fn main() {
    let mut arguments = Arguments::from_args();
    // Else it would be left to chance which slots the two machines of a trial get.
    arguments.test_threads = Some(1);
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/check");
    let mut dirs: Vec<PathBuf> = std::fs::read_dir(root)
        .expect("tests/check is there")
        .map(|entry| entry.expect("an entry").path())
        .filter(|dir| dir.join("case.toml").exists())
        .collect();
    dirs.sort();
    let trials = dirs.into_iter().map(|dir| {
        let name = dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Trial::test(format!("slots {name}"), move || compare(&dir).map_err(Failed::from))
    });
    libtest_mimic::run(&arguments, trials.collect()).exit();
}

fn request(dir: &Path) -> Result<Request, String> {
    let text = std::fs::read_to_string(dir.join("case.toml")).map_err(|error| error.to_string())?;
    let settings: Settings = toml::from_str(&text).map_err(|error| error.to_string())?;
    let steps = settings.steps.join("\n") + "\n";
    Ok(Request {
        files: vec![dir.join("m.c")],
        params: Vec::new(),
        script: (!settings.steps.is_empty()).then(|| Script { name: "steps.sh".into(), text: steps.into_bytes() }),
        run_for_ns: 3_000_000_000,
        config: kloom_kernel::Config { cpus: settings.cpus.unwrap_or(2), ..Default::default() },
        strategy: kloom_explore::Strategy::Natural,
        limits: kloom_sim::Limits { max_steps: 200_000, ..Default::default() },
        on_use_after_free: Default::default(),
        fail: Vec::new(),
        stop: Arc::default(),
        cc: kloom_cc::Config::new(cache_dir().join("kloom")),
    })
}

fn compare(dir: &Path) -> Result<(), String> {
    let request = request(dir)?;
    let told = |error| format!("{error:?}");
    let built = kloom::run::build(&request, &mut |_| ()).map_err(told)?;
    let subject = Subject::new(&request, &built, Bounds::default()).map_err(told)?;
    let strategies = [
        (Strategy::Dpor(Limits::default()), EXHAUSTIVE),
        (Strategy::Random { seed: 1 }, SAMPLED),
        (Strategy::Pos { seed: 1 }, SAMPLED),
        (Strategy::Surw { seed: 1 }, SAMPLED),
        (Strategy::Pct { depth: 3, seed: 1 }, SAMPLED),
    ];
    let all = |worker: &mut Worker<'_>| {
        strategies.iter().map(|(strategy, most)| executions(worker, strategy, *most)).collect::<Result<Vec<_>, _>>()
    };
    std::thread::scope(|scope| {
        // An OS thread has one machine at a time. The first one is there until the second has done the same.
        let (tell, told_first) = mpsc::channel();
        let (go, wait) = mpsc::channel::<()>();
        let (subject, all) = (&subject, &all);
        scope.spawn(move || {
            let worker = Worker::new(subject).map_err(told);
            let done = worker.and_then(|(mut worker, _)| Ok((all(&mut worker)?, worker)));
            let (lines, _worker) = match done {
                Ok((lines, worker)) => (Ok(lines), Some(worker)),
                Err(error) => (Err(error), None),
            };
            let _ = tell.send(lines);
            // Ends when the other side has gone.
            let _ = wait.recv();
        });
        let here = told_first.recv().map_err(|error| error.to_string())??;
        let (mut worker, _) = Worker::new(subject).map_err(told)?;
        let there = all(&mut worker)?;
        drop(go);
        for (((strategy, _), here), there) in strategies.iter().zip(here).zip(there) {
            if here != there {
                let difference = difference(&here, &there);
                return Err(format!("{strategy:?}: the machine in the second slot goes other ways\n{difference}"));
            }
        }
        Ok(())
    })
}

/// One line per execution: its choices, how it went, what was found.
fn executions(worker: &mut Worker<'_>, strategy: &Strategy, most: u64) -> Result<String, String> {
    let mut search = Recorder::new(kloom_explore::search::make(strategy));
    let mut lines = String::new();
    for _ in 0..most {
        if search.begin().is_none() {
            let _ = writeln!(lines, "nothing is left");
            break;
        }
        let execution = worker.execute(&mut search, &mut |_| {}).map_err(|error| format!("{error:?}"))?;
        search.end(execution.ending);
        let schedule = search.schedule();
        let _ = write!(lines, "{schedule} {} steps {:?}", execution.explored.steps, execution.ending);
        for finding in execution.outcome.iter().flat_map(|outcome| &outcome.findings) {
            let _ = write!(lines, " {}", finding.fault.code().as_str());
        }
        lines.push('\n');
    }
    Ok(lines)
}
