//! The table: what is measured, the design's figure, the peers, the ratio.

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::Command;
use std::time::Duration;

use crate::checkers;
use crate::checkers::table::Effort;
use crate::children::{self, crowd};
use crate::module::{Module, Setup};
use crate::peers;
use crate::rate::{Contestant, fastest, per_unit};

/// A line of the table.
#[derive(Clone, Debug)]
pub struct Row {
    /// What is measured.
    pub what: String,
    /// What kloom takes.
    pub ours: f64,
    /// What the design asks for, if it says anything.
    pub design: Option<f64>,
    /// The unit of both.
    pub unit: &'static str,
    /// The peers, with what they take.
    pub peers: Vec<(String, f64)>,
}

/// What every part of the table needs.
#[derive(Debug)]
struct Bench {
    cache: PathBuf,
    rounds: u32,
    /// Divides how often the operations are done.
    divide: u64,
}

/// A part of what is printed.
enum Part {
    /// Rows of the table.
    Rows(fn(&Bench) -> Result<Vec<Row>, String>),
    /// A table of its own.
    Table(fn(&Effort) -> Vec<String>),
}

const PARTS: &[(&str, Part)] = &[
    ("switch", Part::Rows(switch)),
    ("create", Part::Rows(create)),
    ("wakeup", Part::Rows(wakeup)),
    ("work", Part::Rows(work)),
    ("crowd", Part::Rows(crowds)),
    ("first-line", Part::Rows(first_line)),
    ("time", Part::Rows(virtual_time)),
    ("hooks", Part::Rows(hooks)),
    ("check", Part::Rows(check)),
    ("explore", Part::Table(checkers::table::speed)),
    ("bugs", Part::Table(checkers::table::bugs)),
    ("cores", Part::Table(checkers::table::cores)),
];

/// Names of the parts.
pub fn parts() -> impl Iterator<Item = &'static str> {
    PARTS.iter().map(|part| part.0)
}

/// Measures the parts named (none: all) and writes their rows as they come.
///
/// # Errors
/// An unknown part, or something that does not run.
pub fn print(names: &[String], quick: bool, out: &mut dyn Write) -> Result<(), String> {
    if let Some(name) = names.iter().find(|name| !PARTS.iter().any(|part| part.0 == **name)) {
        return Err(format!("there is no part `{name}`; there are: {}", parts().collect::<Vec<_>>().join(", ")));
    }
    let cache = std::env::temp_dir().join(format!("kloom-bench-{}", std::process::id()));
    let bench = if quick { Bench { cache, rounds: 3, divide: 10 } } else { Bench { cache, rounds: 9, divide: 1 } };
    let mut write = |line: String| {
        let _ = writeln!(out, "{line}");
        let _ = out.flush();
    };
    write(format!("{:<46} {:>12} {:>12} {:>7}  peers (ratio: theirs / kloom's)", "what", "kloom", "design", "of it"));
    let mut result = Ok(());
    for (name, part) in PARTS {
        if !names.is_empty() && !names.iter().any(|wanted| wanted == name) {
            continue;
        }
        match part {
            Part::Rows(rows) => match rows(&bench) {
                Ok(rows) => rows.iter().for_each(|row| write(line(row))),
                Err(error) => result = Err(format!("{name}: {error}")),
            },
            Part::Table(table) => {
                write(String::new());
                quietly(|| table(&Effort::new(quick))).into_iter().for_each(&mut write);
            }
        }
    }
    let _ = std::fs::remove_dir_all(&bench.cache);
    result
}

/// The bugs that the explorers look for are panics, of which nobody wants to read, and whose printing would count.
fn quietly<R>(run: impl FnOnce() -> R) -> R {
    // shuttle puts its hook before all others when it first runs, and not again.
    checkers::shuttle::start();
    let hook = std::panic::take_hook();
    std::panic::set_hook(Box::new(|_| ()));
    let result = run();
    std::panic::set_hook(hook);
    result
}

fn line(row: &Row) -> String {
    let number = |value: f64| format!("{} {}", short(value), row.unit);
    let design = row.design.map_or_else(|| "-".into(), |design| format!("≤ {}", number(design)));
    let of_it = row.design.map_or_else(|| "-".into(), |design| format!("{:.0} %", 100.0 * row.ours / design));
    let peers: Vec<String> = row
        .peers
        .iter()
        .map(|(name, value)| format!("{name} {} ({}×)", number(*value), short(value / row.ours)))
        .collect();
    format!("{:<46} {:>12} {design:>12} {of_it:>7}  {}", row.what, number(row.ours), peers.join(", "))
        .trim_end()
        .to_string()
}

/// Three digits that matter.
fn short(value: f64) -> String {
    let digits = match value.abs() {
        v if v >= 99.95 => 0,
        v if v >= 9.995 => 1,
        v if v >= 0.9995 => 2,
        _ => 3,
    };
    format!("{value:.digits$}")
}

impl Bench {
    fn module(&self, name: &str) -> Result<Module, String> {
        Module::build(name, &self.cache)
    }

    fn long(&self, n: u64) -> u64 {
        n / self.divide
    }

    /// Measures contestants in turn: the first rows' names with kloom's cost, then the peers'.
    fn race(&self, mut contestants: Vec<Contestant<'_>>) -> Vec<f64> {
        per_unit(&mut contestants, self.rounds)
    }
}

fn named(names: &[&str], costs: &[f64]) -> Vec<(String, f64)> {
    names.iter().map(|name| name.to_string()).zip(costs.iter().copied()).collect()
}

fn switch(bench: &Bench) -> Result<Vec<Row>, String> {
    let module = bench.module("switch")?;
    let n = bench.long(1_000_000);
    let setup = |n: u64| Setup { params: format!("n={n}"), ..Setup::default() };
    // Each of the two threads calls schedule() n times; the kernel's own counter says how many switches that was.
    let switches = |n: u64| module.run(&setup(n), &mut |_| ()).switches;
    let real = (switches(2000) - switches(1000)) as f64 / 1000.0;
    let costs = bench.race(vec![
        Contestant::new(n, |n| module.run(&setup(n), &mut |_| ()).time),
        Contestant::new(4 * n, peers::coroutine_switches),
        Contestant::new(bench.long(40_000), peers::thread_round_trips),
        Contestant::new(n, peers::tokio_switches),
    ]);
    let peers = [costs[1], costs[2] / 2.0, costs[3]];
    Ok(vec![Row {
        what: "switch between two kthreads, with scheduler".into(),
        ours: costs[0] / real,
        design: Some(40.0),
        unit: "ns",
        peers: named(&["bare coroutine", "std::thread park/unpark", "tokio yield_now"], &peers),
    }])
}

fn check(bench: &Bench) -> Result<Vec<Row>, String> {
    let module = bench.module("pair")?;
    let n = bench.long(20_000);
    let costs = bench.race(vec![
        Contestant::new(n, |n| module.explore(n, false)),
        Contestant::new(n / 10, |n| module.explore(n, true)),
    ]);
    Ok(vec![Row {
        what: "execution of a check: insmod, 2 kthreads, rmmod".into(),
        ours: costs[0] / 1000.0,
        design: Some(6.67),
        unit: "µs",
        peers: vec![("booted anew".into(), costs[1] / 1000.0)],
    }])
}

fn create(bench: &Bench) -> Result<Vec<Row>, String> {
    let module = bench.module("create")?;
    let n = bench.long(100_000);
    let costs = bench.race(vec![
        Contestant::new(n, |n| module.time(&format!("n={n} returns=1"))),
        Contestant::new(n, |n| module.time(&format!("n={n} returns=0"))),
        Contestant::new(10 * n, peers::coroutine_creations),
        Contestant::new(n / 20, peers::thread_creations),
        Contestant::new(n, peers::tokio_creations),
    ]);
    let peers = named(&["bare coroutine", "std::thread spawn+join", "tokio spawn+await"], &costs[2..]);
    let row = |what: &str, ours, peers| Row { what: what.into(), ours, design: Some(300.0), unit: "ns", peers };
    Ok(vec![
        row("create + run + exit + stop of a kthread", costs[0], peers),
        row("  … whose function waits for should_stop", costs[1], Vec::new()),
    ])
}

fn wakeup(bench: &Bench) -> Result<Vec<Row>, String> {
    let module = bench.module("wakeup")?;
    let n = bench.long(300_000);
    let ours = |by: u32, cpus: u32| {
        let module = &module;
        Contestant::new(n, move |n| module.time(&format!("n={n} by={by} cpus={cpus}")))
    };
    let costs = bench.race(vec![
        ours(0, 1),
        ours(1, 1),
        ours(0, 2),
        ours(1, 2),
        Contestant::new(n / 10, peers::thread_round_trips),
        Contestant::new(n, peers::tokio_round_trips),
    ]);
    let row = |what: &str, ours, peers| Row { what: what.into(), ours, design: Some(100.0), unit: "ns", peers };
    Ok(vec![
        row(
            "wake-up round trip, wake_up_process, one CPU",
            costs[0],
            named(&["std::thread park/unpark", "tokio Notify"], &costs[4..]),
        ),
        row("  … by completions", costs[1], Vec::new()),
        row("wake-up round trip, wake_up_process, two CPUs", costs[2], Vec::new()),
        row("  … by completions", costs[3], Vec::new()),
    ])
}

fn work(bench: &Bench) -> Result<Vec<Row>, String> {
    let module = bench.module("work")?;
    let n = bench.long(1_000_000);
    let ours = |how: u32, divide: u64| {
        let module = &module;
        Contestant::new(n / divide, move |n| module.time(&format!("n={n} how={how}")))
    };
    let costs = bench.race(vec![
        ours(0, 1),
        ours(1, 4),
        Contestant::new(n, peers::rayon_batches),
        Contestant::new(n, peers::tokio_batches),
        Contestant::new(n / 4, peers::rayon_one_by_one),
        Contestant::new(n / 4, peers::tokio_creations),
    ]);
    let names = ["rayon spawn, one worker", "tokio spawn"];
    let row = |what: &str, ours, design, peers| Row { what: what.into(), ours, design, unit: "ns", peers };
    Ok(vec![
        row("queue_work, run by a kworker, batches of 1024", costs[0], Some(150.0), named(&names, &costs[2..4])),
        row("  … each waited for with flush_work", costs[1], None, named(&names, &costs[4..6])),
    ])
}

fn crowds(bench: &Bench) -> Result<Vec<Row>, String> {
    let n = bench.long(1_000_000);
    let ours = crowd("kloom", n, &bench.cache)?;
    let threads = crowd("thread", bench.long(8000), &bench.cache)?;
    let tokio = crowd("tokio", n, &bench.cache)?;
    let names = [format!("std::thread × {}", threads.alive), format!("tokio × {}", tokio.alive)];
    let names: Vec<&str> = names.iter().map(String::as_str).collect();
    let kib = |crowd: &children::Crowd| crowd.bytes_each / 1024.0;
    let ns = |crowd: &children::Crowd| crowd.time.as_secs_f64() * 1e9 / crowd.alive as f64;
    Ok(vec![
        Row {
            what: format!("memory of one of {} live kthreads", ours.alive),
            ours: kib(&ours),
            design: Some(5.0),
            unit: "KiB",
            peers: named(&names, &[kib(&threads), kib(&tokio)]),
        },
        Row {
            what: "  … time until it lives and sleeps".into(),
            ours: ns(&ours),
            design: None,
            unit: "ns",
            peers: named(&names, &[ns(&threads), ns(&tokio)]),
        },
    ])
}

fn first_line(bench: &Bench) -> Result<Vec<Row>, String> {
    let rounds = bench.rounds;
    let fresh = |cache: &Path| {
        let _ = std::fs::remove_dir_all(cache);
    };
    let cache = bench.cache.join("first-line");
    let measure = |what: &str, command: &dyn Fn(&Path) -> Result<Command, String>| {
        let run = || children::first_line(command(&cache)?);
        let (mut cold, mut built) = (Duration::MAX, Duration::MAX);
        for _ in 0..rounds {
            fresh(&cache);
            cold = cold.min(run()?);
            built = built.min(run()?);
        }
        let row = |what, time: Duration, design| Row {
            what,
            ours: time.as_secs_f64() * 1e3,
            design: Some(design),
            unit: "ms",
            peers: Vec::new(),
        };
        Ok::<_, String>(vec![
            row(format!("source to first line, cold, {what}"), cold, 100.0),
            row(format!("  … built, {what}"), built, 10.0),
        ])
    };
    let mut rows = measure("library", &|cache| children::library_command("second", cache))?;
    match binary() {
        Some(kloom) => {
            let source = crate::module::sources().join("second.c");
            rows.extend(measure("`kloom run`", &|cache| {
                let mut command = Command::new(&kloom);
                command.arg("run").arg(&source).args(["--for", "1s", "--cache-dir"]).arg(cache);
                Ok(command)
            })?);
        }
        None => rows.push(Row {
            what: "  (no `kloom` beside this program to measure)".into(),
            ours: f64::NAN,
            design: None,
            unit: "",
            peers: Vec::new(),
        }),
    }
    Ok(rows)
}

/// The `kloom` command, if it was built with the same profile.
fn binary() -> Option<PathBuf> {
    let here = std::env::current_exe().ok()?;
    let kloom = here.ancestors().skip(1).take(2).map(|dir| dir.join("kloom")).find(|path| path.is_file())?;
    Some(kloom)
}

fn virtual_time(bench: &Bench) -> Result<Vec<Row>, String> {
    let module = bench.module("second")?;
    let run = |say: u32, sleep_s: u64| {
        let setup = Setup { params: format!("say={say}"), sleep_s, ..Setup::default() };
        fastest(bench.rounds, || module.run(&setup, &mut |_| ()).time).as_secs_f64() * 1e3
    };
    let row =
        |what: &str, ours, design| Row { what: what.into(), ours, design: Some(design), unit: "ms", peers: Vec::new() };
    Ok(vec![
        row("a virtual day of \"print every second\"", run(1, 86_400), 200.0),
        row("a virtual hour of msleep(1000)", run(0, 3600), 10.0),
    ])
}

fn hooks(bench: &Bench) -> Result<Vec<Row>, String> {
    let module = bench.module("hooks")?;
    let n = bench.long(2_000_000);
    let setup = |n: u64, count_blocks| Setup { params: format!("n={n} what=0"), count_blocks, ..Setup::default() };
    let blocks = |n: u64| module.run(&setup(n, true), &mut |_| ()).blocks;
    let blocks_per_turn = (blocks(4096 * 20) - blocks(4096 * 10)) as f64 / (4096.0 * 10.0);
    let kinds = [
        "heap read",
        "heap write",
        "read of module data",
        "read of the stack",
        "atomic_inc()",
        "kthread_should_stop()",
        "current->pid",
    ];
    let mut contestants = Vec::new();
    for what in 0..=kinds.len() {
        let module = &module;
        // Calls are slower than accesses by far.
        let n = if what >= 6 { n / 10 } else { n };
        contestants.push(Contestant::new(n, move |n| module.time(&format!("n={n} what={what}"))));
    }
    let costs = bench.race(contestants);
    let row = |what: String, ours| Row { what, ours, design: None, unit: "ns", peers: Vec::new() };
    let mut rows = vec![row("hook: basic block".into(), costs[0] / blocks_per_turn)];
    rows.extend(
        kinds.iter().zip(&costs[1..]).map(|(kind, cost)| row(format!("hook: {kind}"), (cost - costs[0]) / 8.0)),
    );
    Ok(rows)
}

#[cfg(test)]
mod tests {
    use super::{Row, line, short};

    #[test]
    fn numbers_have_three_digits_that_matter() {
        assert_eq!([0.0123, 1.0, 12.345, 999.6].map(short), ["0.012", "1.00", "12.3", "1000"]);
    }

    #[test]
    fn a_row_says_how_far_from_the_design_it_is() {
        let row = Row {
            what: "switch".into(),
            ours: 80.0,
            design: Some(40.0),
            unit: "ns",
            peers: vec![("tokio".into(), 120.0)],
        };
        let text = line(&row);
        assert!(
            text.contains("80.0 ns")
                && text.contains("≤ 40.0 ns")
                && text.contains("200 %")
                && text.contains("tokio 120 ns (1.50×)"),
            "{text}"
        );
    }
}
