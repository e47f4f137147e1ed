//! The closing line of a run: what was run, what was found, what was covered.

use crate::finding::Severity;
use crate::outcome::{Explored, Outcome};
use crate::render::printable;
use crate::wording::phrase::plural;

/// Writes the closing line, with its line end.
#[must_use]
pub fn summary(outcome: &Outcome) -> String {
    let subject = printable(&outcome.subject);
    match &outcome.explored {
        Some(explored) => checked(&subject, outcome, explored),
        None => ran(&subject, outcome),
    }
}

/// Writes `heartbeat.ko: 1 error, 0 warnings (0.02 s, 12.3 s of virtual time)`.
fn ran(subject: &str, outcome: &Outcome) -> String {
    let count = |severity| outcome.count(severity) as u64;
    let virtual_time = format!("{} s of virtual time", seconds(outcome.virtual_ns));
    let times = match outcome.wall_ns {
        Some(wall_ns) => format!("{} s, {virtual_time}", seconds(wall_ns)),
        None => virtual_time,
    };
    format!(
        "{subject}: {}, {} ({times})\n",
        plural(count(Severity::Error), "error"),
        plural(count(Severity::Warning), "warning")
    )
}

/// Writes `    Checked counter.ko: 1 bug in 7 executions (dpor, exhaustive within bounds), 0.02s wall, 0.4s virtual`.
fn checked(subject: &str, outcome: &Outcome, explored: &Explored) -> String {
    let bugs = match outcome.count(Severity::Error) as u64 {
        0 => "no bug".to_owned(),
        bugs => plural(bugs, "bug"),
    };
    let bound = if explored.exhaustive { ", exhaustive within bounds" } else { "; NOT exhaustive" };
    let wall = outcome.wall_ns.map_or_else(String::new, |wall_ns| format!("{}s wall, ", seconds(wall_ns)));
    format!(
        "    Checked {subject}: {bugs} in {} ({}{bound}), {wall}{}s virtual\n",
        plural(explored.executions, "execution"),
        printable(&explored.strategy),
        seconds(outcome.virtual_ns)
    )
}

/// Writes seconds with as many digits as say something: `0.02`, `12.3`, `125`.
fn seconds(time_ns: u64) -> String {
    let (whole, nanos) = (time_ns / 1_000_000_000, time_ns % 1_000_000_000);
    match whole {
        0 => format!("0.{:02}", nanos / 10_000_000),
        1..100 => format!("{whole}.{}", nanos / 100_000_000),
        _ => whole.to_string(),
    }
}
