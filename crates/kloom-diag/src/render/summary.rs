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

/// Writes `    Checked counter.ko: no bug in 7 executions (dpor: exhausted), 0.02s wall, 0.4s virtual`, and on a second
/// line what the bounds left out.
fn checked(subject: &str, outcome: &Outcome, explored: &Explored) -> String {
    let bugs = match outcome.count(Severity::Error) as u64 {
        0 => "no bug".to_owned(),
        bugs => plural(bugs, "bug"),
    };
    let wall = outcome.wall_ns.map_or_else(String::new, |wall_ns| format!("{}s wall, ", seconds(wall_ns)));
    let mut text = format!(
        "    Checked {subject}: {bugs} in {} ({}: {}), {wall}{}s virtual\n",
        plural(explored.executions, "execution"),
        printable(&explored.strategy),
        coverage(explored),
        seconds(outcome.virtual_ns)
    );
    if !explored.bounds.is_empty() {
        text.push_str(&format!("    Bounds that left something out: {}\n", explored.bounds.join("; ")));
    }
    text
}

/// How much of all executions that is, or why it is not more.
fn coverage(explored: &Explored) -> String {
    if explored.exhaustive {
        let seen = if explored.bounds.is_empty() { "exhausted" } else { "exhausted within bounds" };
        return match explored.sampled {
            0 => seen.to_owned(),
            sampled => format!("{seen}, and sampled {sampled}"),
        };
    }
    let seen = if explored.cut_short {
        "ended at the first that failed".to_owned()
    } else {
        format!("sampled {}, NOT exhausted", explored.executions)
    };
    match explored.estimate {
        Some(estimate) if estimate > explored.executions => format!("{seen}; about {} in all", rounded(estimate)),
        _ => seen,
    }
}

/// A large number in its magnitude: `740`, `12 thousand`, `3 million`, `10^14`.
fn rounded(number: u64) -> String {
    match number {
        0..10_000 => number.to_string(),
        10_000..1_000_000 => format!("{} thousand", number / 1000),
        1_000_000..1_000_000_000 => format!("{} million", number / 1_000_000),
        _ => format!("10^{}", number.ilog10()),
    }
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
