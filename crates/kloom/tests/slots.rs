//! A check does not depend on where its machine lies: with another machine alive in the process, which has the first
//! addresses, the same search makes the same executions, with the same schedules and verdicts.
//!
//! Every case below `tests/check` goes through every strategy, once on each of two machines that live side by side.

#![forbid(unsafe_code)]

mod support;

use std::fmt::Write as _;
use std::sync::mpsc;

use kloom::check::{Subject, Worker};
use kloom_explore::search::{Limits, Recorder, Search, Strategy};
use kloom_sim::explored::Bounds;
use libtest_mimic::{Arguments, Failed, Trial};
use support::bug::Bug;
use support::difference;

/// Executions of the reduction.
const EXHAUSTIVE: u64 = 200;
/// Executions of each sampler.
const SAMPLED: u64 = 20;

fn main() {
    let mut arguments = Arguments::from_args();
    // Else it would be left to chance which slots the two machines of a trial get.
    arguments.test_threads = Some(1);
    let trials = Bug::all()
        .into_iter()
        .map(|case| Trial::test(format!("slots {}", case.name), move || compare(&case).map_err(Failed::from)));
    libtest_mimic::run(&arguments, trials.collect()).exit();
}

fn compare(case: &Bug) -> Result<(), String> {
    let request = case.request(kloom_sim::Limits { max_steps: 200_000, ..Default::default() });
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
