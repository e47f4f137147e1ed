//! Runs every case below `tests/check` under many interleavings and looks for the bug it is about.
//!
//! A case is a directory with `m.c` and `case.toml`: `code` names the finding that some interleaving must show; without it
//! no interleaving may show an error. `KLOOM_SHOW=1` prints the report of the first failing execution.
//!
//! The search is kept small: the natural interleaving, then random ones, then a bounded partial-order reduction for
//! modules that are to be clean.

#![forbid(unsafe_code)]

use std::fs;
use std::path::{Path, PathBuf};

use kloom::check::{Subject, Worker};
use kloom::run::{Request, Script, build};
use kloom_diag::{Finding, Severity};
use kloom_explore::Strategy;
use kloom_explore::search::{Dpor, Ending, Limits, Natural, Random, Search};
use kloom_sim::explored::Bounds;
use libtest_mimic::{Arguments, Failed, Trial};
use serde::Deserialize;

/// `case.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
struct Settings {
    /// What the case is about.
    about: String,
    /// Lines of the scenario; without them kloom's default one runs.
    #[serde(default)]
    steps: Vec<String>,
    /// The code that is to be found; none for a module without a bug.
    code: Option<String>,
    /// Other codes that come with it.
    #[serde(default)]
    also: Vec<String>,
    /// The natural interleaving, which `kloom run` shows, has no finding.
    #[serde(default)]
    hidden: bool,
    /// Executions tried.
    #[serde(default = "usual_executions")]
    executions: u64,
    /// CPUs of the machine.
    #[serde(default = "usual_cpus")]
    cpus: u32,
}

fn usual_executions() -> u64 {
    150
}

fn usual_cpus() -> u32 {
    2
}

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/check")
}

fn main() {
    let arguments = Arguments::from_args();
    let mut dirs: Vec<PathBuf> = fs::read_dir(root())
        .expect("tests/check is there")
        .map(|entry| entry.expect("an entry").path())
        .filter(|dir| dir.join("case.toml").exists())
        .collect();
    dirs.sort();
    let trials = dirs.into_iter().map(|dir| {
        let name = dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
        Trial::test(name, move || check(&dir).map_err(Failed::from))
    });
    libtest_mimic::run(&arguments, trials.collect()).exit();
}

fn request(dir: &Path, settings: &Settings) -> Request {
    let script = (!settings.steps.is_empty())
        .then(|| Script { name: "steps.sh".into(), text: (settings.steps.join("\n") + "\n").into_bytes() });
    let cache = std::env::temp_dir().join("kloom-test-cache");
    let mut cc = kloom_cc::Config::new(cache);
    #[expect(clippy::disallowed_methods, reason = "the compiler is found as the command finds it")]
    let path = std::env::var_os("PATH");
    cc.search_path = path;
    Request {
        files: vec![dir.join("m.c")],
        params: Vec::new(),
        script,
        run_for_ns: 3_000_000_000,
        config: kloom_kernel::Config { cpus: settings.cpus, ..kloom_kernel::Config::default() },
        strategy: Strategy::Natural,
        limits: kloom_sim::Limits { max_time_ns: 1800 * 1_000_000_000, ..kloom_sim::Limits::default() },
        on_use_after_free: Default::default(),
        fail: Vec::new(),
        stop: Default::default(),
        cc,
    }
}

fn check(dir: &Path) -> Result<(), String> {
    let text = fs::read_to_string(dir.join("case.toml")).map_err(|error| error.to_string())?;
    let settings: Settings = toml::from_str(&text).map_err(|error| error.to_string())?;
    assert!(!settings.about.is_empty(), "a case says what it is about");
    let request = request(dir, &settings);
    let built = build(&request, &mut |_| ()).map_err(|error| format!("{error:?}"))?;
    let subject = Subject::new(&request, &built, Bounds::default()).map_err(|error| format!("{error:?}"))?;
    let (mut worker, _) = Worker::new(&subject).map_err(|error| format!("{error:?}"))?;
    let mut ran = 0;
    let mut others: Vec<String> = Vec::new();
    let random = settings.executions * 2 / 3;
    let searches: [(Box<dyn Search>, u64); 3] = [
        (Box::new(Natural::new()), 1),
        (Box::new(Random::new(1)), random),
        (Box::new(Dpor::new(Limits { preemptions: Some(2), ..Limits::default() })), settings.executions - random),
    ];
    for (mut search, most) in searches {
        for _ in 0..most {
            if search.begin().is_none() {
                break;
            }
            let execution = worker.execute(&mut *search, &mut |_| ()).map_err(|error| format!("{error:?}"))?;
            ran += 1;
            let outcome = execution.outcome;
            search.end(if outcome.is_some() { Ending::Ok } else { Ending::Abandoned });
            let Some(outcome) = outcome else { continue };
            let bad: Vec<&Finding> =
                outcome.findings.iter().filter(|finding| finding.severity != Severity::Note).collect();
            let codes: Vec<&str> = bad.iter().map(|finding| finding.fault.code().as_str()).collect();
            let report = || {
                let options = kloom_diag::Options::default();
                kloom_diag::human_outcome(&outcome, subject.sources(), &options)
            };
            if settings.hidden && ran == 1 && !codes.is_empty() {
                return Err(format!("the natural interleaving does not hide it:\n{}", report()));
            }
            match &settings.code {
                Some(code) if codes.contains(&code.as_str()) => {
                    let strange: Vec<_> = codes
                        .iter()
                        .filter(|&&one| one != code && !settings.also.iter().any(|also| also == one))
                        .collect();
                    show(ran, &report());
                    return if strange.is_empty() {
                        Ok(())
                    } else {
                        Err(format!("also found: {strange:?}\n{}", report()))
                    };
                }
                Some(_) => {
                    for one in codes.iter().filter(|&&one| !settings.also.iter().any(|also| also == one)) {
                        let one = (*one).to_string();
                        if !others.contains(&one) {
                            others.push(one);
                            show(ran, &report());
                        }
                    }
                }
                None if codes.is_empty() => {}
                None => return Err(format!("execution {ran} of a module without a bug:\n{}", report())),
            }
        }
    }
    match &settings.code {
        None => Ok(()),
        Some(code) => Err(format!("{code} was not found in {ran} executions; others: {others:?}")),
    }
}

#[expect(clippy::disallowed_methods, clippy::print_stderr, reason = "for whoever writes a case")]
fn show(ran: u64, report: &str) {
    if std::env::var_os("KLOOM_SHOW").is_some() {
        eprintln!("execution {ran}:\n{report}");
    }
}
