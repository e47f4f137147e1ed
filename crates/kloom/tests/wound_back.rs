//! An execution on a machine that was wound back is, byte for byte, the one on a machine that has just booted.
//!
//! Every ui case whose scenario `kloom check` can run goes through the natural and some random schedules, all on one
//! machine, one after the other; each is then repeated on a machine of its own.

#![forbid(unsafe_code)]

mod support;

use kloom::check::{Failure, Subject, Worker};
use kloom_explore::search::{Recorder, Schedule, Search, Strategy};
use kloom_sim::Output;
use kloom_sim::explored::Bounds;
use libtest_mimic::{Arguments, Failed, Trial};
use support::case::Case;
use support::difference;

/// Random schedules of each case.
const SEEDS: u64 = 3;

fn main() {
    let mut arguments = Arguments::from_args();
    // Machines that exist at the same time have other addresses, and an oops shows them.
    arguments.test_threads = Some(1);
    let trials = Case::all()
        .into_iter()
        .filter(Case::is_plain)
        .map(|case| Trial::test(format!("wound back {}", case.name), move || returns(&case).map_err(Failed::from)));
    libtest_mimic::run(&arguments, trials.collect()).exit();
}

fn returns(case: &Case) -> Result<(), String> {
    let request = case.request();
    let Ok(built) = kloom::run::build(&request, &mut |_| ()) else { return Ok(()) };
    let bounds = Bounds { max_steps: 1000, ..Bounds::default() };
    let subject = Subject::new(&request, &built, bounds).map_err(|error| format!("{error:?}"))?;
    let (mut used, _) = Worker::new(&subject).map_err(|error| format!("{error:?}"))?;
    let mut schedules = vec![Schedule::default()];
    for seed in 1..=SEEDS {
        let mut search = Recorder::new(kloom_explore::search::make(&Strategy::Random { seed }));
        search.begin();
        let execution = used.execute(&mut search, &mut |_| {}).map_err(|error| format!("{error:?}"))?;
        search.end(execution.ending);
        schedules.push(search.schedule().clone());
    }
    for schedule in schedules {
        let again = used.replay(schedule.clone()).map_err(|error| format!("{error:?}"))?;
        used.boot_anew();
        let fresh = used.replay(schedule.clone()).map_err(|error| format!("{error:?}"))?;
        let (again, fresh) = (text(&again), text(&fresh));
        if again != fresh {
            return Err(format!("schedule {schedule}:\n{}", difference(&fresh, &again)));
        }
    }
    Ok(())
}

fn text(failure: &Failure) -> String {
    let mut text = String::new();
    for shown in &failure.shown {
        match shown {
            Output::Log(record) => {
                let line = String::from_utf8_lossy(&record.text);
                text.push_str(&format!("{} {:?} {}: {line}\n", record.time_ns, record.level, record.caller.0));
            }
            Output::Console(bytes) => text.push_str(&String::from_utf8_lossy(bytes)),
            other => text.push_str(&format!("{other:?}\n")),
        }
    }
    format!("{text}{:#?}\ndiverged: {}", failure.outcome, failure.diverged)
}
