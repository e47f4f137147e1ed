//! When a search says that nothing is left, nothing is: what partial-order reduction exhausts without a bug has none that
//! random schedules can find.
//!
//! Over all ui cases that are short enough. What the two share (choice points, bounds) is not tried here.

#![forbid(unsafe_code)]

mod support;

use std::sync::atomic::{AtomicU32, Ordering};

use kloom::check::{Subject, Worker};
use kloom_explore::search::{BoundsHit, DROPS_PER_EXECUTION, Ending, Limits, Recorder, Search, Strategy};
use kloom_sim::explored::Bounds;
use libtest_mimic::{Arguments, Failed, Trial};
use support::case::Case;

/// Executions after which a case is left alone.
const EXECUTIONS: u64 = 400;
/// Random schedules beside it.
const SAMPLES: u64 = 60;

fn main() {
    let arguments = Arguments::from_args();
    let trials = Case::all()
        .into_iter()
        .filter(Case::is_plain)
        .map(|case| Trial::test(format!("exhausted {}", case.name), move || agrees(&case).map_err(Failed::from)));
    let everything = arguments.filter.is_none() && !arguments.list;
    let conclusion = libtest_mimic::run(&arguments, trials.collect());
    let exhausted = EXHAUSTED.load(Ordering::Relaxed);
    assert!(
        !everything || exhausted >= EXHAUSTED_MIN,
        "only {exhausted} cases were exhausted: too few to say anything"
    );
    conclusion.exit();
}

/// Cases that reduction exhausted without a bug.
static EXHAUSTED: AtomicU32 = AtomicU32::new(0);
/// Below so many of them this test would say nothing.
const EXHAUSTED_MIN: u32 = 60;

fn agrees(case: &Case) -> Result<(), String> {
    let request = case.request();
    let Ok(built) = kloom::run::build(&request, &mut |_| ()) else { return Ok(()) };
    let bounds = Bounds { max_steps: 1000, ..Bounds::default() };
    let subject = Subject::new(&request, &built, bounds).map_err(|error| format!("{error:?}"))?;
    let (mut worker, natural) = Worker::new(&subject).map_err(|error| format!("{error:?}"))?;
    if natural.ending != Ending::Ok {
        return Ok(());
    }
    let limits = Limits { executions: Some(EXECUTIONS), early: subject.early(), ..Limits::default() };
    let (exhausted, bug) = search(&mut worker, &Strategy::Dpor(limits), EXECUTIONS)?;
    let Some(executions) = exhausted.filter(|_| bug.is_none()) else { return Ok(()) };
    // Not to ask for what the bound on the clock forbids leaves out nothing else.
    let unaware = Strategy::Dpor(Limits { early: None, ..limits });
    if let (Some(wanted), None) = search(&mut worker, &unaware, EXECUTIONS * DROPS_PER_EXECUTION)?
        && wanted != executions
    {
        return Err(format!("{executions} executions, but {wanted} if the search does not know the clock's bound"));
    }
    EXHAUSTED.fetch_add(1, Ordering::Relaxed);
    match search(&mut worker, &Strategy::Random { seed: 1 }, SAMPLES)? {
        (_, Some(token)) => Err(format!("dpor has nothing left, but {token} ends in a bug")),
        (_, None) => Ok(()),
    }
}

/// The executions if the search came to its end without a bound but the clock's, which all keep, and the token of the first bug.
fn search(
    worker: &mut Worker<'_>,
    strategy: &Strategy,
    executions: u64,
) -> Result<(Option<u64>, Option<String>), String> {
    let mut search = Recorder::new(kloom_explore::search::make(strategy));
    for _ in 0..executions {
        if search.begin().is_none() {
            break;
        }
        let execution = worker.execute(&mut search, &mut |_| {}).map_err(|error| format!("{error:?}"))?;
        search.end(execution.ending);
        if let Ending::Bug(_) = execution.ending {
            return Ok((None, Some(search.schedule().to_string())));
        }
    }
    let summary = search.summary();
    let bounds = BoundsHit { early: false, ..summary.bounds };
    Ok(((summary.exhausted && !bounds.any()).then_some(summary.executions), None))
}
