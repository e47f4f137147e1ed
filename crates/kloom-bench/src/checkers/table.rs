//! The tables of explorers: executions per second, executions to exhaustion, and what it takes to find a bug.

use std::time::Duration;

use kloom_rust::Strategy;

use super::shuttle::Scheduler;
use super::{End, Limit, Program, Seen, kloom, loom, shuttle};

/// Limits and repetitions.
#[derive(Clone, Copy, Debug)]
pub struct Effort {
    /// For searches that end by themselves.
    pub limit: Limit,
    /// Executions of a sample.
    pub samples: u64,
    /// Repetitions of everything; the fastest counts.
    pub rounds: u32,
    /// Seeds of a sampler, over which is averaged.
    pub seeds: u64,
}

impl Effort {
    /// As much as the figures need, or a tenth.
    pub fn new(quick: bool) -> Effort {
        if quick {
            let limit = Limit { executions: 20_000, wall: Duration::from_secs(2) };
            Effort { limit, samples: 5000, rounds: 3, seeds: 10 }
        } else {
            let limit = Limit { executions: 1_000_000, wall: Duration::from_secs(30) };
            Effort { limit, samples: 20_000, rounds: 3, seeds: 20 }
        }
    }
}

/// Executions per second of a search that is repeated until it lasts.
fn rate(effort: &Effort, mut explore: impl FnMut() -> Seen) -> f64 {
    let mut best: f64 = 0.0;
    for _ in 0..effort.rounds {
        let (mut executions, mut time) = (0, Duration::ZERO);
        while executions < effort.samples && time < effort.limit.wall {
            let seen = explore();
            executions += seen.executions;
            time += seen.time;
        }
        best = best.max(executions as f64 / time.as_secs_f64());
    }
    best
}

fn thousands(rate: f64) -> String {
    if rate >= 99_500.0 { format!("{:.0} k", rate / 1e3) } else { format!("{:.1} k", rate / 1e3) }
}

fn time(time: Duration) -> String {
    let us = time.as_secs_f64() * 1e6;
    match us {
        v if v < 1e3 => format!("{us:.0} µs"),
        v if v < 1e6 => format!("{:.1} ms", v / 1e3),
        _ => format!("{:.1} s", us / 1e6),
    }
}

fn counted(seen: Seen) -> String {
    match seen.end {
        End::Exhausted => seen.executions.to_string(),
        End::Failed => format!("failed at {}", seen.executions),
        End::Limit => format!("> {}", seen.executions),
    }
}

fn found(seen: Seen) -> String {
    match seen.end {
        End::Failed => format!("{} / {}", seen.executions, time(seen.time)),
        End::Exhausted => "no bug".into(),
        End::Limit => format!("not in {} / {}", seen.executions, time(seen.time)),
    }
}

/// The mean of a sampler over seeds; what a seed did not find counts with its limit, and is said.
fn sampled(effort: &Effort, mut explore: impl FnMut(u64) -> Seen) -> String {
    let (mut executions, mut spent, mut missed) = (0, Duration::ZERO, 0);
    for seed in 1..=effort.seeds {
        let seen = explore(seed);
        executions += seen.executions;
        spent += seen.time;
        missed += u64::from(seen.end != End::Failed);
    }
    let mean = format!("{:.1} / {}", executions as f64 / effort.seeds as f64, time(spent.div_f64(effort.seeds as f64)));
    if missed == 0 { mean } else { format!("≥ {mean} (missed by {missed} of {} seeds)", effort.seeds) }
}

/// Executions per second and to exhaustion, as lines of a Markdown table.
pub fn speed(effort: &Effort) -> Vec<String> {
    let sample = Limit { executions: effort.samples, ..effort.limit };
    let mut lines = vec![
        "| executions per second | kloom dpor | kloom random | loom | shuttle random | shuttle pct 3 |".to_string(),
        "|---|---:|---:|---:|---:|---:|".to_string(),
    ];
    let mut all = vec![
        "| executions to exhaustion | kloom dpor | loom | shuttle dfs |".to_string(),
        "|---|---:|---:|---:|".to_string(),
    ];
    let programs = kloom::programs::RIGHT.iter().zip(loom::programs::RIGHT).zip(shuttle::programs::RIGHT);
    for ((&(name, ours), &(_, looms)), &(_, shuttles)) in programs {
        let dpor = kloom::explore(ours, Strategy::default(), effort.limit);
        let exhaustive = loom::explore(looms, effort.limit);
        let dfs = shuttle::explore(shuttles, Scheduler::Dfs, effort.limit);
        let rates = [
            rate(effort, || kloom::explore(ours, Strategy::default(), sample)),
            rate(effort, || kloom::explore(ours, Strategy::Random { seed: 1 }, sample)),
            rate(effort, || loom::explore(looms, sample)),
            rate(effort, || shuttle::explore(shuttles, Scheduler::Random { seed: 1 }, sample)),
            rate(effort, || shuttle::explore(shuttles, Scheduler::Pct { seed: 1 }, sample)),
        ];
        lines.push(format!("| {name} | {} |", rates.map(thousands).join(" | ")));
        all.push(format!("| {name} | {} |", [dpor, exhaustive, dfs].map(counted).join(" | ")));
    }
    let kthread = kloom::kthread_handshake as Program;
    let own = kloom::explore(kthread, Strategy::default(), effort.limit);
    let rates = [
        rate(effort, || kloom::explore(kthread, Strategy::default(), sample)),
        rate(effort, || kloom::explore(kthread, Strategy::Random { seed: 1 }, sample)),
    ];
    let cannot = "no kthreads";
    lines.push(format!(
        "| `kthread_park/unpark/stop` | {} | {cannot} | {cannot} | {cannot} |",
        rates.map(thousands).join(" | ")
    ));
    all.push(format!("| `kthread_park/unpark/stop` | {} | {cannot} | {cannot} |", counted(own)));
    lines.push(String::new());
    lines.extend(all);
    lines
}

/// What a second core brings, as lines of a Markdown table.
pub fn cores(effort: &Effort) -> Vec<String> {
    let mut lines =
        vec!["| executions per second on cores | 1 | 2 | ratio |".to_string(), "|---|---:|---:|---:|".to_string()];
    for (name, program) in kloom::programs::LARGE {
        let mut best = [f64::MIN; 2];
        for _ in 0..effort.rounds {
            for (jobs, best) in (1..).zip(&mut best) {
                let seen = kloom::explore_on(*program, jobs, effort.limit);
                *best = best.max(seen.executions as f64 / seen.time.as_secs_f64());
            }
        }
        let [one, two] = best;
        lines.push(format!("| {name} | {} | {} | {:.2} |", thousands(one), thousands(two), two / one));
    }
    lines
}

/// Executions and time to the first bug, as lines of a Markdown table.
pub fn bugs(effort: &Effort) -> Vec<String> {
    let mut lines = vec![
        "| executions / time to the bug | kloom dpor | kloom surw | loom | shuttle random | shuttle pct 3 |"
            .to_string(),
        "|---|---:|---:|---:|---:|---:|".to_string(),
    ];
    let limit = Limit { executions: effort.limit.executions / 10, ..effort.limit };
    let programs = kloom::programs::WRONG.iter().zip(loom::programs::WRONG).zip(shuttle::programs::WRONG);
    for ((&(name, ours), &(_, looms)), &(_, shuttles)) in programs {
        let cells = [
            found(fastest(effort, || kloom::explore(ours, Strategy::default(), effort.limit))),
            sampled(effort, |seed| kloom::explore(ours, Strategy::Surw { seed }, limit)),
            found(fastest(effort, || loom::explore(looms, effort.limit))),
            sampled(effort, |seed| shuttle::explore(shuttles, Scheduler::Random { seed }, limit)),
            sampled(effort, |seed| shuttle::explore(shuttles, Scheduler::Pct { seed }, limit)),
        ];
        lines.push(format!("| {name} | {} |", cells.join(" | ")));
    }
    lines
}

fn fastest(effort: &Effort, mut explore: impl FnMut() -> Seen) -> Seen {
    let mut best = explore();
    for _ in 1..effort.rounds {
        let seen = explore();
        if seen.time < best.time {
            best = seen;
        }
    }
    best
}
