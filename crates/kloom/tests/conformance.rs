//! kloom against real Linux: every case below `tests/linux` runs here and must show what its capture shows.
//!
//! What may differ between any two runs is abstracted by `kloom_linux::abstraction`; what differs on purpose stands in
//! `known-differences.toml`, with its reason. An entry of that list that explains nothing any more is a failure, too.
//! No QEMU is needed: the captures are committed.

#![forbid(unsafe_code)]

mod support;

use std::sync::Arc;

use kloom::observe;
use kloom_linux::capture::Case;
use kloom_linux::judge::judge;
use kloom_linux::known::Known;
use libtest_mimic::{Arguments, Failed, Trial};

fn main() {
    let arguments = Arguments::from_args();
    let suite = support::workspace().join("tests/linux");
    let cases = Case::load_all(&suite).expect("the suite is well formed");
    let known = Arc::new(Known::load(&suite).expect("the list is well formed"));
    let mut trials: Vec<Trial> = Vec::new();
    let names: Vec<String> = cases.iter().map(|case| case.name.clone()).collect();
    for case in cases {
        let known = Arc::clone(&known);
        trials.push(Trial::test(case.name.clone(), move || check(&case, &known).map_err(Failed::from)));
    }
    trials.push(Trial::test("every entry names a case", move || {
        let lost: Vec<&str> =
            known.entries.iter().map(|e| e.case.as_str()).filter(|c| !names.iter().any(|n| n == c)).collect();
        if lost.is_empty() { Ok(()) } else { Err(Failed::from(format!("no such case: {}", lost.join(", ")))) }
    }));
    libtest_mimic::run(&arguments, trials).exit();
}

/// Random schedules tried for a case that can show more than one thing.
const SEEDS: u64 = 20;

fn check(case: &Case, known: &Known) -> Result<(), String> {
    let capture = case.capture().map_err(|error| error.to_string())?.ok_or("there is no capture")?;
    let mut cc = kloom_cc::Config::new(support::cache_dir().join("kloom"));
    cc.search_path = search_path();
    let request = observe::request_of(case, cc);
    let built = observe::build(&request).map_err(|error| format!("does not build: {error:?}"))?;
    let seeds = if case.settings.single_outcome { 0 } else { SEEDS };
    let found = judge(case, &capture, known, seeds, |seed| {
        let strategy = seed.map_or(kloom_explore::Strategy::Natural, |seed| kloom_explore::Strategy::Random { seed });
        let request = kloom::run::Request { strategy, ..request.clone() };
        observe::observe(&request, &built).map(|observed| observed.outcome).map_err(|error| format!("{error:?}"))
    })?;
    let mut problems: Vec<String> = found.unexplained.iter().map(ToString::to_string).collect();
    problems.extend(
        found.stale.iter().map(|entry| {
            format!("known-differences.toml: `{}` explains nothing any more ({})", entry.text, entry.reason)
        }),
    );
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
}

#[expect(clippy::disallowed_methods, reason = "the compiler is looked for where the user has it")]
fn search_path() -> Option<std::ffi::OsString> {
    std::env::var_os("PATH")
}
