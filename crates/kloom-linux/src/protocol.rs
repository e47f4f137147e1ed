//! Reading what the guest wrote on its two serial lines.
//!
//! Line one is the kernel's console, line two carries what the scenario's commands print. On both
//! the guest writes the same marks: the byte 2, a word or two, a newline. A mark is short enough
//! to leave the serial port in one piece, so it never mixes with a kernel message, but it may
//! stand behind a line of output that has no newline of its own.
//!
//! Marks: `ready`, `case NAME`, `bN` and `eN STATUS` around command N, `done STATUS`, `hang bN`,
//! `stale WHY` (the rest needs a fresh boot), `off`.

use crate::outcome::{CommandOutcome, Ending, Outcome};
use crate::scenario;

/// One thing read from a serial line.
#[derive(Clone, Debug, PartialEq, Eq)]
enum Item<'a> {
    Mark(&'a str),
    Text(&'a str),
}

/// Cuts a serial line's content into marks and the text between them.
fn items(raw: &str) -> Vec<Item<'_>> {
    let mut items = Vec::new();
    let mut rest = raw;
    while let Some(at) = rest.find('\u{2}') {
        if at > 0 {
            items.push(Item::Text(&rest[..at]));
        }
        let mark = &rest[at + 1..];
        let end = mark.find('\n').unwrap_or(mark.len());
        items.push(Item::Mark(mark[..end].trim_end()));
        rest = mark.get(end + 1..).unwrap_or_default();
    }
    if !rest.is_empty() {
        items.push(Item::Text(rest));
    }
    items
}

/// What one boot showed.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Boot {
    /// The guest reached its first case.
    pub ready: bool,
    /// The guest ended by itself: powered off, or panicked.
    pub ended: bool,
    /// The cases that were started, in order, with their outcomes.
    pub cases: Vec<(String, Outcome)>,
    /// What the guest told of the tasks of a hanging command.
    pub hang_report: Vec<String>,
}

/// The text of an unfinished boot that tells whether it moves on: how many marks there are.
pub(crate) fn progress(channel: &str) -> usize {
    channel.matches('\u{2}').count()
}

/// Whether the kernel has panicked, after which the guest says nothing more.
pub(crate) fn has_panicked(console: &str) -> bool {
    console.contains("Kernel panic - not syncing")
}

/// Reads a boot from the raw content of its two lines.
///
/// `script_of` gives the scenario of a case by name.
pub fn read_boot<'s>(console: &str, channel: &str, script_of: impl Fn(&str) -> Option<&'s str>) -> Boot {
    let console = console.replace('\r', "");
    let mut boot = Boot::default();
    let mut reader = Reader::default();
    for item in items(&console) {
        match item {
            Item::Mark("ready") => boot.ready = true,
            Item::Mark("off") => boot.ended = true,
            Item::Mark(mark) => {
                if let Some(name) = mark.strip_prefix("case ") {
                    let commands = script_of(name).map(scenario::split).unwrap_or_default();
                    reader.start(&mut boot, name, commands);
                } else if mark.starts_with("hang ") {
                    boot.ended = true;
                    reader.hang = true;
                } else {
                    reader.mark(mark);
                }
            }
            Item::Text(text) => reader.kernel(text),
        }
    }
    reader.close(&mut boot);
    boot.ended |= has_panicked(&console);
    channel_output(channel, &mut boot);
    boot
}

/// The case being read from the console.
#[derive(Default)]
struct Reader {
    name: Option<String>,
    texts: Vec<String>,
    commands: Vec<CommandOutcome>,
    done: bool,
    hang: bool,
}

impl Reader {
    fn start(&mut self, boot: &mut Boot, name: &str, texts: Vec<String>) {
        self.close(boot);
        *self = Self { name: Some(name.to_owned()), texts, ..Self::default() };
    }

    fn mark(&mut self, mark: &str) {
        if let Some(number) = mark.strip_prefix('b').and_then(|n| n.parse::<usize>().ok()) {
            let text = self.texts.get(number - 1).cloned().unwrap_or_default();
            self.commands.push(CommandOutcome { text, ..CommandOutcome::default() });
        } else if let Some((_, status)) = end_mark(mark) {
            if let Some(last) = self.commands.last_mut() {
                last.status = Some(status);
            }
        } else if mark.starts_with("done ") {
            self.done = true;
        }
    }

    fn kernel(&mut self, text: &str) {
        if let Some(last) = self.commands.last_mut().filter(|_| !self.hang && !self.done) {
            last.dmesg.extend(text.lines().filter(|line| is_message(line)).map(str::to_owned));
        }
    }

    fn close(&mut self, boot: &mut Boot) {
        let Some(name) = self.name.take() else {
            return;
        };
        let commands = std::mem::take(&mut self.commands);
        let ending = ending_of(&commands, self.done);
        boot.cases.push((name, Outcome { ending, commands }));
    }
}

/// `eN STATUS` as numbers.
fn end_mark(mark: &str) -> Option<(usize, i32)> {
    let (number, status) = mark.strip_prefix('e')?.split_once(' ')?;
    Some((number.parse().ok()?, status.parse().ok()?))
}

/// How a scenario ended, worst first; `done` when its shell came to an end.
pub fn ending_of(commands: &[CommandOutcome], done: bool) -> Ending {
    let says = |test: fn(&str) -> bool| {
        let mut lines = commands.iter().flat_map(|command| &command.dmesg);
        lines.any(|line| test(line))
    };
    if says(has_panicked) {
        Ending::Panic
    } else if !done && commands.last().is_none_or(|last| last.status.is_none()) {
        Ending::Hang { command: commands.len() }
    } else if says(is_oops) {
        Ending::Oops
    } else {
        Ending::Ok
    }
}

/// Whether a console line is worth keeping: not empty, and not about the host. The clock's calibration comes a few seconds
/// after every boot; that a timer interrupt took long (kernel/time/hrtimer.c `hrtimer_interrupt`, 6.1) comes when the host has
/// other work to do.
pub fn is_message(line: &str) -> bool {
    const OF_THE_HOST: [&str; 3] = ["tsc: ", "clocksource: ", "hrtimer: interrupt took "];
    let text = line.split_once("] ").map_or(line, |(_, text)| text);
    !line.is_empty() && !OF_THE_HOST.iter().any(|start| text.starts_with(start))
}

/// Whether `line` heads the report of a dying task: `Oops: 0002 [#1] PREEMPT SMP NOPTI`,
/// `invalid opcode: 0000 [#1] …` (`__die_header`, arch/x86/kernel/dumpstack.c, 6.1).
fn is_oops(line: &str) -> bool {
    line.split_once(" [#")
        .and_then(|(_, rest)| rest.split_once(']'))
        .is_some_and(|(count, _)| !count.is_empty() && count.bytes().all(|b| b.is_ascii_digit()))
}

/// Gives the commands of `boot` what they printed, from the second line.
fn channel_output(channel: &str, boot: &mut Boot) {
    let mut case = None;
    let mut command = None;
    let mut hang = false;
    for item in items(channel) {
        match item {
            Item::Mark(mark) => {
                if mark.starts_with("case ") {
                    case = Some(case.map_or(0, |index: usize| index + 1));
                    command = None;
                } else if mark.starts_with("hang ") {
                    hang = true;
                } else if mark.starts_with("done ") {
                    command = None;
                } else if let Some(n) = mark.strip_prefix('b').and_then(|n| n.parse::<usize>().ok()) {
                    command = Some(n - 1);
                }
            }
            Item::Text(text) if hang => boot.hang_report.extend(text.lines().map(str::to_owned)),
            Item::Text(text) => {
                let slot = case
                    .and_then(|index| boot.cases.get_mut(index))
                    .zip(command)
                    .and_then(|((_, outcome), n)| outcome.commands.get_mut(n));
                if let Some(slot) = slot {
                    slot.stdout.push_str(text);
                }
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{Ending, Item, is_message, is_oops, items, read_boot};

    #[test]
    fn marks_are_found_behind_unfinished_lines() {
        assert_eq!(
            items("\u{2}b1\nabc\u{2}e1 0\r\nrest"),
            [Item::Mark("b1"), Item::Text("abc"), Item::Mark("e1 0"), Item::Text("rest")]
        );
        assert_eq!(items("\u{2}b1"), [Item::Mark("b1")]);
        assert!(items("").is_empty());
    }

    #[test]
    fn an_oops_is_told_from_a_warning() {
        assert!(is_oops("[    1.0] Oops: 0002 [#1] PREEMPT SMP NOPTI"));
        assert!(is_oops("[    1.0] invalid opcode: 0000 [#12] PREEMPT SMP NOPTI"));
        assert!(!is_oops("[    1.0] WARNING: CPU: 0 PID: 1 at m.c:3 f+0x1/0x2 [m]"));
        assert!(!is_oops("[    1.0] list [#x] of"));
    }

    #[test]
    fn what_a_slow_host_makes_linux_say_is_not_kept() {
        assert!(!is_message("[    4.116853] hrtimer: interrupt took 6853638 ns"));
        assert!(!is_message("[    5.2] clocksource: Switched to clocksource tsc"));
        assert!(!is_message(""));
        assert!(is_message("[    4.1] m: hrtimer: interrupt took 3 turns"));
    }

    fn script(_: &str) -> Option<&'static str> {
        Some("insmod m.ko\nrmmod m\n")
    }

    #[test]
    fn a_whole_boot_is_read() {
        let boot = read_boot(
            "[ 0.1] boot\n\u{2}ready\n\u{2}case a\n\u{2}b1\n[    1.0] in\r\n\u{2}e1 0\n\
             [    1.1] late\n\u{2}b2\n\u{2}e2 1\n\u{2}done 1\n\u{2}off\n",
            "\u{2}ready\n\u{2}case a\n\u{2}b1\nhello\n\u{2}e1 0\n\u{2}b2\nno\u{2}e2 1\n\u{2}done 1\n",
            script,
        );
        assert!(boot.ready && boot.ended);
        let (name, outcome) = &boot.cases[0];
        assert_eq!(name, "a");
        assert_eq!(outcome.ending, Ending::Ok);
        assert_eq!(outcome.commands[0].text, "insmod m.ko");
        assert_eq!(outcome.commands[0].dmesg, ["[    1.0] in", "[    1.1] late"]);
        assert_eq!(outcome.commands[0].stdout, "hello\n");
        assert_eq!(outcome.commands[1].stdout, "no");
        assert_eq!(outcome.commands[1].status, Some(1));
    }

    #[test]
    fn a_hang_ends_the_case_at_its_command() {
        let boot = read_boot(
            "\u{2}ready\n\u{2}case a\n\u{2}b1\n\u{2}e1 0\n\u{2}b2\n[ 9.0] INFO\n\u{2}hang b2\n[ 9.9] x\n",
            "\u{2}case a\n\u{2}hang b2\ntask: 7 (rmmod) D\n",
            script,
        );
        assert_eq!(boot.cases[0].1.ending, Ending::Hang { command: 2 });
        assert_eq!(boot.cases[0].1.commands[1].dmesg, ["[ 9.0] INFO"]);
        assert_eq!(boot.hang_report, ["task: 7 (rmmod) D"]);
    }

    #[test]
    fn a_panic_ends_the_boot() {
        let boot = read_boot(
            "\u{2}ready\n\u{2}case a\n\u{2}b1\n[ 2.0] Kernel panic - not syncing: x\n",
            "\u{2}case a\n\u{2}b1\n",
            script,
        );
        assert!(boot.ended);
        assert_eq!(boot.cases[0].1.ending, Ending::Panic);
        assert_eq!(boot.cases[0].1.commands[0].status, None);
    }

    #[test]
    fn a_boot_that_never_arrives_has_no_cases() {
        let boot = read_boot("[ 0.1] boot\n", "", script);
        assert!(!boot.ready && !boot.ended && boot.cases.is_empty());
    }
}
