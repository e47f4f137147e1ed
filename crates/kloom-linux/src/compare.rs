//! Where an outcome of kloom's own engine differs from what Linux showed.
//!
//! A capture is one interleaving of many, so the question is membership: [`closest`] looks for
//! the capture among the outcomes kloom enumerates. [`compare`] is the comparison of two.
//! Messages are compared as one sequence over the whole scenario, because whether a thread's line
//! comes just before or just after a command returns is timing. The hung-task watchdog looks once
//! in two minutes, so where among the other messages its reports stand is timing as well: they are
//! compared as a sequence of their own. In a command that hangs, a message that repeats has no
//! natural end, so there the shorter side decides how far is compared.

use std::fmt;

use crate::abstraction;
use crate::capture::Capture;
use crate::outcome::{Ending, Outcome};

/// One difference; `linux` is always what real Linux showed.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Difference {
    /// The scenario ended in another way.
    Ending {
        /// On Linux.
        linux: Ending,
        /// In kloom.
        kloom: Ending,
    },
    /// Another number of commands was started.
    Commands {
        /// On Linux.
        linux: usize,
        /// In kloom.
        kloom: usize,
    },
    /// A command's exit status differs; commands count from one.
    Status {
        /// Which command.
        command: usize,
        /// Its text.
        text: String,
        /// On Linux.
        linux: Option<i32>,
        /// In kloom.
        kloom: Option<i32>,
    },
    /// A line printed by a command is on one side only.
    Output {
        /// Which command.
        command: usize,
        /// Its text.
        text: String,
        /// The line, and whose it is.
        line: Side,
    },
    /// A kernel message is on one side only.
    Message {
        /// The message, abstracted, and whose it is.
        line: Side,
    },
}

/// A line that only one side has.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Side {
    /// Linux showed it, kloom did not.
    Linux(String),
    /// kloom showed it, Linux did not.
    Kloom(String),
}

impl fmt::Display for Side {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Linux(line) => write!(f, "only Linux: {line}"),
            Self::Kloom(line) => write!(f, "only kloom: {line}"),
        }
    }
}

impl fmt::Display for Difference {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let status = |status: &Option<i32>| status.map_or_else(|| "no status".to_owned(), |s| s.to_string());
        match self {
            Self::Ending { linux, kloom } => write!(f, "ending: Linux {linux}, kloom {kloom}"),
            Self::Commands { linux, kloom } => {
                write!(f, "commands started: Linux {linux}, kloom {kloom}")
            }
            Self::Status { command, text, linux, kloom } => {
                write!(f, "status of command {command} `{text}`: Linux {}, kloom {}", status(linux), status(kloom))
            }
            Self::Output { command, text, line } => write!(f, "output of command {command} `{text}`: {line}"),
            Self::Message { line } => write!(f, "message: {line}"),
        }
    }
}

/// Where `kloom` differs from `linux`; empty when they agree.
pub fn compare(linux: &Capture, kloom: &Outcome) -> Vec<Difference> {
    let linux = &linux.outcome;
    let mut differences = Vec::new();
    if linux.ending != kloom.ending {
        differences.push(Difference::Ending { linux: linux.ending.clone(), kloom: kloom.ending.clone() });
    }
    if linux.commands.len() != kloom.commands.len() {
        differences.push(Difference::Commands { linux: linux.commands.len(), kloom: kloom.commands.len() });
    }
    for (index, (on_linux, in_kloom)) in linux.commands.iter().zip(&kloom.commands).enumerate() {
        if on_linux.status != in_kloom.status {
            differences.push(Difference::Status {
                command: index + 1,
                text: on_linux.text.clone(),
                linux: on_linux.status,
                kloom: in_kloom.status,
            });
        }
        let lines = |text: &str| text.lines().filter_map(abstraction::output).collect::<Vec<_>>();
        for line in one_sided(&lines(&on_linux.stdout), &lines(&in_kloom.stdout)) {
            differences.push(Difference::Output { command: index + 1, text: on_linux.text.clone(), line });
        }
    }
    for (on_linux, in_kloom) in message_pairs(linux, kloom).compared {
        for line in one_sided(&keys(&on_linux), &keys(&in_kloom)) {
            differences.push(Difference::Message { line });
        }
    }
    differences
}

/// The outcome of `kloom` that is closest to `linux`, with its differences.
///
/// No differences means that Linux showed something kloom enumerates. `None` when `kloom` is
/// empty.
pub fn closest<'o>(
    linux: &Capture,
    kloom: impl IntoIterator<Item = &'o Outcome>,
) -> Option<(&'o Outcome, Vec<Difference>)> {
    kloom.into_iter().map(|outcome| (outcome, compare(linux, outcome))).min_by_key(|(_, differences)| differences.len())
}

/// A message as it is compared, and as it is shown.
pub(crate) type Line = (String, String);

/// The kernel messages of two outcomes.
pub(crate) struct MessagePairs {
    /// What is compared: those of the hung-task watchdog are the second pair, all others the first.
    pub(crate) compared: [(Vec<Line>, Vec<Line>); 2],
    /// What came later in a command that hangs: how long the machine went on says nothing about the module.
    pub(crate) later: (Vec<Line>, Vec<Line>),
}

/// Pairs the messages of two outcomes.
pub(crate) fn message_pairs(linux: &Outcome, kloom: &Outcome) -> MessagePairs {
    let both_hang = matches!(linux.ending, Ending::Hang { .. }) && linux.ending == kloom.ending;
    let ([mut others, mut watchdog], [mut others_kloom, mut watchdog_kloom]) = (messages(linux), messages(kloom));
    let mut later = (Vec::new(), Vec::new());
    if both_hang {
        for (linux, kloom) in [(&mut others, &mut others_kloom), (&mut watchdog, &mut watchdog_kloom)] {
            let shorter = linux.len().min(kloom.len());
            later.0.extend(linux.drain(shorter..));
            later.1.extend(kloom.drain(shorter..));
        }
    }
    MessagePairs { compared: [(others, others_kloom), (watchdog, watchdog_kloom)], later }
}

/// The texts that are compared.
pub(crate) fn keys(lines: &[Line]) -> Vec<String> {
    lines.iter().map(|(key, _)| key.clone()).collect()
}

/// The messages of an outcome: all others, and those of the hung-task watchdog.
fn messages(outcome: &Outcome) -> [Vec<Line>; 2] {
    let (mut watchdog, mut others) = (Vec::new(), Vec::new());
    let mut inside = false;
    for line in outcome.dmesg() {
        let Some(message) = abstraction::message(line) else { continue };
        inside |= message.starts_with("INFO: task ") && message.contains(" blocked for more than ");
        let last = message == "</TASK>";
        let shown = abstraction::without_stamp(line).to_owned();
        if inside {
            watchdog.push((message, shown))
        } else {
            others.push((message, shown))
        }
        inside &= !last;
    }
    [others, watchdog]
}

/// Longest texts that are aligned line by line; longer ones are compared position by position.
const ALIGN_LINES_MAX: usize = 4000;

/// The lines that are in only one of two sequences.
fn one_sided(linux: &[String], kloom: &[String]) -> Vec<Side> {
    let side = |pair: (Option<usize>, Option<usize>)| match pair {
        (Some(index), None) => Some(Side::Linux(linux[index].clone())),
        (None, Some(index)) => Some(Side::Kloom(kloom[index].clone())),
        _ => None,
    };
    align(linux, kloom).into_iter().filter_map(side).collect()
}

/// Pairs the lines of two sequences by a longest common subsequence: the places of a common line, or of a line that only
/// one side has.
pub(crate) fn align(linux: &[String], kloom: &[String]) -> Vec<(Option<usize>, Option<usize>)> {
    let head = linux.iter().zip(kloom).take_while(|(a, b)| a == b).count();
    let mut pairs: Vec<_> = (0..head).map(|at| (Some(at), Some(at))).collect();
    let (linux, kloom) = (&linux[head..], &kloom[head..]);
    let tail = linux.iter().rev().zip(kloom.iter().rev()).take_while(|(a, b)| a == b).count();
    let linux = &linux[..linux.len() - tail];
    let kloom = &kloom[..kloom.len() - tail];
    let (rows, columns) = (linux.len(), kloom.len());
    let mut common = Vec::new();
    if rows.max(columns) <= ALIGN_LINES_MAX {
        common = vec![0_u32; (rows + 1) * (columns + 1)];
        for i in (0..rows).rev() {
            for j in (0..columns).rev() {
                common[i * (columns + 1) + j] = if linux[i] == kloom[j] {
                    common[(i + 1) * (columns + 1) + j + 1] + 1
                } else {
                    common[(i + 1) * (columns + 1) + j].max(common[i * (columns + 1) + j + 1])
                };
            }
        }
    }
    let length = |i: usize, j: usize| common.get(i * (columns + 1) + j).copied().unwrap_or(0);
    let (mut i, mut j) = (0, 0);
    while i < rows && j < columns {
        if linux[i] == kloom[j] {
            pairs.push((Some(head + i), Some(head + j)));
            (i, j) = (i + 1, j + 1);
        } else if length(i + 1, j) >= length(i, j + 1) {
            pairs.push((Some(head + i), None));
            i += 1;
        } else {
            pairs.push((None, Some(head + j)));
            j += 1;
        }
    }
    pairs.extend((i..rows).map(|at| (Some(head + at), None)));
    pairs.extend((j..columns).map(|at| (None, Some(head + at))));
    pairs.extend((0..tail).map(|at| (Some(head + rows + at), Some(head + columns + at))));
    pairs
}

#[cfg(test)]
mod tests {
    use super::{Difference, Side, closest, compare, one_sided};
    use crate::capture::Capture;
    use crate::outcome::{CommandOutcome, Ending, Outcome};

    fn outcome(ending: Ending, commands: &[(&str, i32, &[&str])]) -> Outcome {
        Outcome {
            ending,
            commands: commands
                .iter()
                .map(|(stdout, status, dmesg)| CommandOutcome {
                    text: "cmd".to_owned(),
                    stdout: (*stdout).to_owned(),
                    status: Some(*status),
                    dmesg: dmesg.iter().map(|line| (*line).to_owned()).collect(),
                })
                .collect(),
        }
    }

    fn capture(outcome: Outcome) -> Capture {
        Capture { provenance: Vec::new(), outcome }
    }

    #[test]
    fn times_and_section_borders_do_not_matter() {
        let linux = capture(outcome(Ending::Ok, &[("", 0, &["[    1.0] a"]), ("x\n", 0, &["[    2.0] b"])]));
        let kloom = outcome(Ending::Ok, &[("", 0, &["[    0.5] a", "[    0.6] b"]), ("x\n", 0, &[])]);
        assert_eq!(compare(&linux, &kloom), []);
    }

    #[test]
    fn every_kind_of_difference_is_told() {
        let linux = capture(outcome(Ending::Oops, &[("x\n", 0, &["[    1.0] a"])]));
        let kloom = outcome(Ending::Ok, &[("y\n", 1, &["[    1.0] b"]), ("", 0, &[])]);
        let told: Vec<String> = compare(&linux, &kloom).iter().map(ToString::to_string).collect();
        assert_eq!(
            told,
            [
                "ending: Linux oops, kloom ok",
                "commands started: Linux 1, kloom 2",
                "status of command 1 `cmd`: Linux 0, kloom 1",
                "output of command 1 `cmd`: only Linux: x",
                "output of command 1 `cmd`: only kloom: y",
                "message: only Linux: a",
                "message: only kloom: b",
            ]
        );
    }

    #[test]
    fn a_hang_is_compared_as_far_as_both_go() {
        let hang = Ending::Hang { command: 1 };
        let beat: &[&str] = &["[    1.0] beat", "[    2.0] beat", "[    3.0] beat"];
        let linux = capture(outcome(hang.clone(), &[("", 0, beat)]));
        assert_eq!(compare(&linux, &outcome(hang.clone(), &[("", 0, &beat[..1])])), []);
        let other = outcome(hang, &[("", 0, &["[    1.0] other"])]);
        assert_eq!(compare(&linux, &other).len(), 2);
    }

    #[test]
    fn when_the_watchdog_looks_does_not_matter() {
        let report = ["INFO: task a:1 blocked for more than 120 seconds.", "Call Trace:", " <TASK>", " </TASK>"];
        let early = [&report[..], &["x"]].concat();
        let late = [&["x"], &report[..]].concat();
        let linux = capture(outcome(Ending::Ok, &[("", 0, &early)]));
        assert_eq!(compare(&linux, &outcome(Ending::Ok, &[("", 0, &late)])), []);
        assert_eq!(compare(&linux, &outcome(Ending::Ok, &[("", 0, &["x"])])).len(), 4);
    }

    #[test]
    fn the_closest_outcome_is_found() {
        let linux = capture(outcome(Ending::Ok, &[("", 0, &["a", "b"])]));
        let all = [outcome(Ending::Ok, &[("", 0, &["b", "a"])]), outcome(Ending::Ok, &[("", 0, &["a", "b"])])];
        let (found, differences) = closest(&linux, &all).expect("two outcomes");
        assert!(differences.is_empty());
        assert_eq!(found, &all[1]);
        assert!(closest(&linux, []).is_none());
    }

    #[test]
    fn insertions_are_aligned() {
        let lines = |text: &str| text.split(' ').map(str::to_owned).collect::<Vec<_>>();
        assert_eq!(
            one_sided(&lines("a b c d"), &lines("a x c d")),
            [Side::Linux("b".to_owned()), Side::Kloom("x".to_owned())]
        );
        assert_eq!(
            one_sided(&lines("a b c d e"), &lines("a c e")),
            [Side::Linux("b".to_owned()), Side::Linux("d".to_owned())]
        );
        assert_eq!(one_sided(&[], &lines("a")), [Side::Kloom("a".to_owned())]);
    }

    #[test]
    fn long_texts_are_still_compared() {
        let linux: Vec<String> = (0..5000).map(|n| format!("l{n}")).collect();
        let kloom: Vec<String> = (0..5000).map(|n| format!("k{n}")).collect();
        assert_eq!(one_sided(&linux, &kloom).len(), 10_000);
        let difference = Difference::Message { line: Side::Kloom("k".to_owned()) };
        assert_eq!(difference.to_string(), "message: only kloom: k");
    }
}
