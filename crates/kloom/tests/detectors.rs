//! Runs every case below `tests/check` under many interleavings and looks for the bug it is about.
//!
//! A case is a directory with `m.c` and `case.toml`: `code` names the finding that some interleaving must show; without it
//! no interleaving may show an error. `KLOOM_SHOW=1` prints the report of the first failing execution.
//!
//! The search is kept small: the natural interleaving, then random ones, then a bounded partial-order reduction for
//! modules that are to be clean.

#![forbid(unsafe_code)]

mod support;

use kloom::check::{Subject, Worker};
use kloom::run::build;
use kloom_diag::{Finding, Severity};
use kloom_explore::search::{self, Dpor, Ending, Natural, Random, Search};
use kloom_sim::Limits;
use kloom_sim::explored::Bounds;
use libtest_mimic::{Arguments, Failed, Trial};
use support::bug::Bug;

fn main() {
    let arguments = Arguments::from_args();
    let trials =
        Bug::all().into_iter().map(|case| Trial::test(case.name.clone(), move || check(&case).map_err(Failed::from)));
    libtest_mimic::run(&arguments, trials.collect()).exit();
}

fn check(case: &Bug) -> Result<(), String> {
    let settings = &case.settings;
    let request = case.request(Limits { max_time_ns: 1800 * 1_000_000_000, ..Limits::default() });
    let built = build(&request, &mut |_| ()).map_err(|error| format!("{error:?}"))?;
    let subject = Subject::new(&request, &built, Bounds::default()).map_err(|error| format!("{error:?}"))?;
    let (mut worker, _) = Worker::new(&subject).map_err(|error| format!("{error:?}"))?;
    let mut ran = 0;
    let mut others: Vec<String> = Vec::new();
    let random = settings.executions * 2 / 3;
    let searches: [(Box<dyn Search>, u64); 3] = [
        (Box::new(Natural::new()), 1),
        (Box::new(Random::new(1)), random),
        (
            Box::new(Dpor::new(search::Limits { preemptions: Some(2), ..Default::default() })),
            settings.executions - random,
        ),
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
