//! `cargo xtask ci`: every check, in one place. CI runs this and nothing else.
//!
//! All steps run even when one fails, so that one run shows everything; a step that could not run has failed. The
//! build directory is shared: tests, examples and generated documents use one development build of the workspace.

use std::time::{Duration, Instant};

use crate::{conformance, docs, exports, say, sh, tidy, tools};

type Step = (&'static str, fn() -> Result<(), String>);

/// The steps, cheap ones first.
const STEPS: &[Step] = &[
    ("tools", tools::ensure),
    ("fmt", || sh::cargo(&["fmt", "--all", "--check"]).run()),
    ("clippy", || sh::cargo(&["clippy", "--workspace", "--all-targets", "--", "-D", "warnings"]).run()),
    ("test", || sh::cargo(&[README_TEST, TO_THE_END].concat()).run()),
    ("examples", examples),
    ("doc", || sh::cargo(&["doc", "--workspace", "--no-deps"]).env("RUSTDOCFLAGS", "-Dwarnings").run()),
    ("tidy", tidy::run),
    ("exports", exports::check),
    ("docs", docs::check),
    ("linux", conformance::sample),
];

/// The second command of the README, without `cargo`.
const README_TEST: &[&str] = &["test", "--workspace"];
/// Whoever reads the log wants to know of all that fails.
const TO_THE_END: &[&str] = &["--no-fail-fast"];

/// The examples, their arguments, and the exit code that the README promises.
const EXAMPLES: &[(&[&str], i32)] = &[
    (&["run", "examples/heartbeat.c"], 0),
    (&["run", "examples/heartbeat_hang.c", "--script", "examples/heartbeat_hang.sh"], 1),
    (&["run", "examples/proc_counter.c", "--script", "examples/proc_counter.sh"], 0),
    (&["run", "examples/counter.c"], 0),
    (&["check", "examples/counter.c"], 1),
];

/// Runs all steps, or those named in `only`, and prints a table.
///
/// # Errors
/// A step failed, or there is none of that name.
pub(crate) fn run(only: &[&str]) -> Result<(), String> {
    if let Some(unknown) = only.iter().find(|name| STEPS.iter().all(|step| step.0 != **name)) {
        let names: Vec<&str> = STEPS.iter().map(|step| step.0).collect();
        return Err(format!("there is no step `{unknown}`; there are {}", names.join(", ")));
    }
    let mut rows = Vec::new();
    for (name, step) in STEPS.iter().filter(|step| only.is_empty() || only.contains(&step.0)) {
        say::out(&format!("==> {name}\n"));
        let clock = Stopwatch::start();
        let result = step();
        let took = clock.elapsed();
        match &result {
            Ok(()) => say::out(&format!("<== {name}: ok in {:.1} s\n\n", took.as_secs_f64())),
            Err(text) => say::out(&format!("<== {name}: FAILED in {:.1} s: {text}\n\n", took.as_secs_f64())),
        }
        rows.push((*name, result, took));
    }
    let total: Duration = rows.iter().map(|row| row.2).sum();
    for (name, result, took) in &rows {
        let word = if result.is_ok() { "ok" } else { "FAILED" };
        say::out(&format!("{name:<16} {word:<8} {:>7.1} s\n", took.as_secs_f64()));
    }
    let failed: Vec<&str> = rows.iter().filter(|row| row.1.is_err()).map(|row| row.0).collect();
    let word = if failed.is_empty() { "ok" } else { "FAILED" };
    let scope = if only.is_empty() { "all" } else { "these" };
    say::out(&format!("{scope:<16} {word:<8} {:>7.1} s\n", total.as_secs_f64()));
    if failed.is_empty() { Ok(()) } else { Err(format!("failed: {}", failed.join(", "))) }
}

/// Runs the examples as the README shows them.
fn examples() -> Result<(), String> {
    let mut wrong = Vec::new();
    for (args, expected) in EXAMPLES {
        let shown = args.join(" ");
        let run = sh::cargo(&["run", "--quiet", "--package", "kloom", "--"]).args(args);
        let output = run.output()?;
        let code = output.status.code();
        say::out(&format!("kloom {shown}: exit code {code:?}\n"));
        if code != Some(*expected) {
            let report = String::from_utf8_lossy(&output.stderr);
            wrong.push(format!("`kloom {shown}` gave {code:?}, not {expected}:\n{report}"));
        }
    }
    if wrong.is_empty() { Ok(()) } else { Err(wrong.join("\n")) }
}

/// Host time, for the table.
struct Stopwatch(Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "how long a step took is told to people, never to a machine")]
    fn start() -> Stopwatch {
        Stopwatch(Instant::now())
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
