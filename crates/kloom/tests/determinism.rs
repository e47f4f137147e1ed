//! Same input, same choices: the same output, whatever surrounds the run.
//!
//! Every ui case runs twice with another environment, another directory (a copy at a longer path), another cache of
//! built modules and, as the host has it, other addresses, while other cases run beside it; and some cases run under
//! twenty random schedules each, whose tokens are then replayed.

#![forbid(unsafe_code)]

mod support;

use std::process::Command;

use libtest_mimic::{Arguments, Failed, Trial};
use support::case::{Case, document};
use support::{Done, difference, fresh_dir, run};

/// Cases whose threads really compete, for random schedules.
const SEEDED: &[&str] = &[
    "kthread/create-wake-stop",
    "kthread/kthread-stop-hang",
    "locking/deadlock",
    "memory/use-after-free",
    "procfs/elevator",
    "procfs/hub-events",
    "sched/two-threads-2cpu",
    "signal/text-allow-signal",
];

/// The cache of the second runs, empty at the start.
const OTHER_CACHE: &str = "determinism-cache";

/// Random schedules tried of each.
const SEEDS: u64 = 20;

fn main() {
    let arguments = Arguments::from_args();
    if !arguments.list {
        fresh_dir(OTHER_CACHE);
    }
    let mut trials = Vec::new();
    for case in Case::all() {
        if SEEDED.contains(&case.name.as_str()) {
            let seeded = case.clone();
            trials.push(Trial::test(format!("replay {}", case.name), move || replays(&seeded).map_err(Failed::from)));
        }
        trials.push(Trial::test(format!("twice {}", case.name), move || {
            runs_the_same_twice(&case).map_err(Failed::from)
        }));
    }
    libtest_mimic::run(&arguments, trials).exit();
}

fn runs_the_same_twice(case: &Case) -> Result<(), String> {
    let plain = fresh_dir(&format!("determinism/{}", case.name));
    let other = fresh_dir(&format!("determinism-elsewhere/a rather longer path, with blanks/{}", case.name));
    case.copy_to(&plain)?;
    case.copy_to(&other)?;
    let first = run(&mut case.command(&plain))?;
    let mut changed = case.command(&other);
    changed.args(["--cache-dir", &format!("{}/{OTHER_CACHE}", env!("CARGO_TARGET_TMPDIR"))]);
    disturb(&mut changed);
    let second = run(&mut changed)?;
    same("the second run", &first, &second)
}

/// Changes what must not matter.
fn disturb(command: &mut Command) {
    command.env("LANG", "tr_TR.UTF-8").env("LC_ALL", "C").env("TZ", "Pacific/Chatham").env("COLUMNS", "37");
    command.env("RUST_BACKTRACE", "1").env("KLOOM_NOTHING", "x".repeat(10_000)).env("TERM", "xterm-256color");
    command.env("USER", "somebody").env("HOSTNAME", "elsewhere").env("SOURCE_DATE_EPOCH", "1");
}

fn same(what: &str, first: &Done, second: &Done) -> Result<(), String> {
    same_output(what, first, second).map_err(|error| {
        // What one of the two said of its own is often the whole explanation.
        format!("{error}\nfirst: {}\n{}\n{what}: {}\n{}", first.status, first.err(), second.status, second.err())
    })
}

fn same_output(what: &str, first: &Done, second: &Done) -> Result<(), String> {
    if first.out() != second.out() {
        return Err(format!("{what} printed something else:\n{}", difference(&first.out(), &second.out())));
    }
    if first.err() != second.err() {
        return Err(format!("{what} reported something else:\n{}", difference(&first.err(), &second.err())));
    }
    if first.status != second.status {
        return Err(format!("{what} ended with {}, not {}", second.status, first.status));
    }
    Ok(())
}

fn replays(case: &Case) -> Result<(), String> {
    let dir = fresh_dir(&format!("determinism-replay/{}", case.name));
    case.copy_to(&dir)?;
    for seed in 1..=SEEDS {
        let json = |flags: &[&str]| run(case.command(&dir).args(["--message-format", "json"]).args(flags));
        let first = json(&["--seed", &seed.to_string()])?;
        let mut original = document(&first)?;
        let token = original["token"].as_str().map(str::to_string).ok_or("the JSON form has no token")?;
        let second = json(&["--replay", &token])?;
        let mut replayed = document(&second)?;
        if second.status != first.status {
            return Err(format!("seed {seed}: the replay ended with {}, not {}", second.status, first.status));
        }
        for document in [&mut original, &mut replayed] {
            // The command to repeat a seeded run names its seed, that of a replay its token.
            for finding in document["findings"].as_array_mut().into_iter().flatten() {
                finding["replay"] = serde_json::Value::Null;
                finding["rendered"] = serde_json::Value::Null;
            }
            document["token"] = serde_json::Value::Null;
        }
        if original != replayed {
            let (old, new) = (format!("{original:#}"), format!("{replayed:#}"));
            return Err(format!("seed {seed}: the replay of {token} differs\n{}", difference(&old, &new)));
        }
    }
    Ok(())
}
