//! What may differ between two runs of the same scenario, as one short reviewed list.
//!
//! A rule here is an admission that something is not compared. [`message`] is for kernel
//! messages, [`output`] for what commands print. Both give `None` for a line that is not compared
//! at all.
//!
//! | rule | why |
//! | --- | --- |
//! | time stamp | virtual and real clocks differ |
//! | runs of 12 or more hex digits, unless below a page, and `(____ptrval____)` | the layout of memory is not part of the behaviour |
//! | `+0x1d/0x60` after a symbol, `.cold` before it | compiled differently |
//! | pids after `PID:`, `pid:`, `ppid:`, in `name:123 blocked`, `[name:123]`, `name[123]`, `name/123/0x` | given in order of creation |
//! | `kworker/0:2` | which of a pool's workers is idle is timing |
//! | pids and the time of day in a line of `ps`, `ps -e`, `ps -f` | given in order of creation; when it ran |
//! | `CPU: n`, `CPU#n`, `stuck for ns` | where and how long is the scheduler's choice |
//! | kernel release in `Tainted:`/`Not tainted` lines | kloom is not a Debian kernel |
//! | a task's thread flags in `flags:0x…` | bits of the processor's lazily switched state |
//! | directories of an absolute path | where the module's source lies |
//! | `Pid:`, `Tgid:` and other lines of pids in `/proc/PID/status`, `(123, #threads` in `sched` | given in order of creation |
//! | the size of a module in `lsmod` and `/proc/modules` | compiled differently |
//! | `---[ end Kernel panic …` | the guest reboots before it is printed |
//! | `Hardware name`, registers, `Code:`, `PGD`, `Kernel Offset` | describe the processor, not the module |
//! | `[last unloaded: …]` | what ran before in the same boot |
//! | call trace frames outside modules and those marked `?` | Linux' own functions between the module and the fault |
//! | line of source of the kernel's own WARNINGs and BUGs | moves with every stable release |
//! | the shell's name and line in its own errors | the guest runs a generated script |

/// How a kernel message is compared; `None` when it is not.
pub fn message(line: &str) -> Option<String> {
    let text = without_stamp(line);
    let bare = text.trim();
    if bare.is_empty() || bare.starts_with("---[ end Kernel panic") || is_machine_state(bare) || is_foreign_frame(text)
    {
        return None;
    }
    let text = without_release(text);
    let text = text.split_once(" [last unloaded: ").map_or(text, |(before, _)| before);
    let mut words = Vec::new();
    for word in text.split_whitespace() {
        let after_pid =
            words.last().is_some_and(|last: &String| matches!(last.as_str(), "PID:" | "CPU:" | "pid:" | "ppid:"));
        if after_pid && word.bytes().all(|b| b.is_ascii_digit()) {
            words.push("<n>".to_owned());
        } else {
            words.push(self::word(word));
        }
    }
    let mut text = words.join(" ");
    // `at kernel/kthread.c:658 kthread_park`, `kernel BUG at mm/slub.c:419!`
    if let Some(at) = text.find(" at ")
        && (text.starts_with("WARNING: ") || text.starts_with("kernel BUG "))
    {
        let place = at + 4..text[at + 4..].find([' ', '!']).map_or(text.len(), |n| at + 4 + n);
        if !text[place.clone()].starts_with('/') && text[place.clone()].contains('/') {
            text.replace_range(place, "<kernel source>");
        }
    }
    Some(text)
}

/// How a line printed by a command is compared; `None` when it is not.
pub fn output(line: &str) -> Option<String> {
    // ash: `./run.sh: line 20: nosuch: not found`, or `sh: write error` from a function of it.
    let text = match line.strip_prefix("./run.sh: line ") {
        Some(rest) => rest.split_once(": ").map_or(rest, |(_, text)| text),
        None => line.strip_prefix("sh: ").unwrap_or(line),
    };
    if let Some((name, _)) = text.split_once(":\t").filter(|(name, _)| PID_LINES.contains(name)) {
        return Some(format!("{name}:\t<pid>"));
    }
    if let Some(line) = process_line(text) {
        return Some(line);
    }
    let text = &without_module_size(text);
    let text = match text.split_once(" (").filter(|_| text.contains(", #threads: ")) {
        Some((name, rest)) => &format!("{name} (<pid>{}", rest.trim_start_matches(|c: char| c.is_ascii_digit())),
        None => text,
    };
    let mut shown = String::new();
    for (index, part) in text.trim_end().split(' ').enumerate() {
        if index > 0 {
            shown.push(' ');
        }
        shown.push_str(&word(part));
    }
    Some(shown)
}

/// A line of a bare `ps` or of `ps -f` without pids and the time of day: `95 ? 00:00:00 heartbeat`,
/// `root 95 2 0 10:12 ? 00:00:00 [heartbeat]`. The parent stays where it is a thread of the kernel.
fn process_line(text: &str) -> Option<String> {
    const FIRST_FREE_PID: u32 = 3;
    let words: Vec<&str> = text.split_whitespace().collect();
    let digits = |word: &str| !word.is_empty() && word.bytes().all(|b| b.is_ascii_digit());
    let time = |word: &str| word.split(':').count() == 3 && word.split(':').all(digits);
    match words.as_slice() {
        [pid, tty, used, name @ ..] if digits(pid) && time(used) && !name.is_empty() => {
            Some(format!("<pid> {tty} {used} {}", name.join(" ")))
        }
        [user, pid, parent, share, _start, tty, used, name @ ..]
            if digits(pid) && digits(parent) && digits(share) && time(used) && !name.is_empty() =>
        {
            let parent = if parent.parse().is_ok_and(|pid: u32| pid < FIRST_FREE_PID) { parent } else { "<pid>" };
            Some(format!("{user} <pid> {parent} {share} <time> {tty} {used} {}", name.join(" ")))
        }
        _ => None,
    }
}

/// Lines of `/proc/PID/status` that hold the task's own pid.
const PID_LINES: &[&str] = &["Tgid", "Pid", "NStgid", "NSpid"];

/// `m   16384  0` and `m 16384 0 - Live …` without the size: a name, whole pages, a count of references.
fn without_module_size(text: &str) -> String {
    const PAGE: u64 = 4096;
    let mut words = text.split_whitespace();
    let (_, Some(size), Some(count)) = (words.next(), words.next(), words.next()) else {
        return text.to_owned();
    };
    let pages = size.parse::<u64>().is_ok_and(|bytes| bytes > 0 && bytes.is_multiple_of(PAGE));
    if !pages || count.parse::<i32>().is_err() {
        return text.to_owned();
    }
    // Together with the padding before it: a longer number has less.
    text.split_once(size).map_or(text.to_owned(), |(before, after)| format!("{} <size>{after}", before.trim_end()))
}

/// The text behind `[    5.000123] `.
pub fn without_stamp(line: &str) -> &str {
    line.strip_prefix('[')
        .and_then(|rest| rest.split_once(']'))
        .filter(|(stamp, _)| {
            let stamp = stamp.trim_start();
            stamp.contains('.') && stamp.bytes().all(|b| b.is_ascii_digit() || b == b'.')
        })
        .map_or(line, |(_, text)| text.strip_prefix(' ').unwrap_or(text))
}

/// Registers and other lines that describe the processor.
fn is_machine_state(text: &str) -> bool {
    const HEADS: &[&str] = &[
        "Hardware name:",
        "Code:",
        "PGD ",
        "Kernel Offset:",
        "RIP: 0033:",
        "RSP:",
        "RAX:",
        "RDX:",
        "RBP:",
        "R10:",
        "R13:",
        "FS:",
        "CS:",
        "CR2:",
        "DR0:",
        "DR3:",
    ];
    HEADS.iter().any(|head| text.starts_with(head))
}

/// A line of a call trace that is uncertain or not in a module: ` kthread+0xda/0x100`.
fn is_foreign_frame(text: &str) -> bool {
    let Some(frame) = text.strip_prefix(' ') else {
        return false;
    };
    if frame.trim_start().starts_with("? ") {
        return true;
    }
    let frame = frame.trim_start_matches("[<0>] ");
    let mut words = frame.split(' ');
    let symbol = words.next().unwrap_or_default();
    offset_at(symbol).is_some() && words.next().is_none()
}

/// Cuts the release of the kernel off a `Tainted:` or `Not tainted` line.
fn without_release(text: &str) -> &str {
    if text.contains("ainted") {
        let found = text.split_once(" #1 ").map(|(before, _)| before).or_else(|| text.strip_suffix(" #1"));
        found.map_or(text, |before| before.rsplit_once(' ').map_or(before, |(head, _)| head))
    } else {
        text
    }
}

/// Where `+0x1d/0x60` begins in a symbol.
fn offset_at(word: &str) -> Option<usize> {
    let at = word.find("+0x")?;
    let (offset, size) = word[at + 3..].split_once("/0x")?;
    let hex = |text: &str| {
        let end = text.find(|c: char| !c.is_ascii_hexdigit());
        end != Some(0) && !text.is_empty()
    };
    (hex(offset) && hex(size)).then_some(at)
}

/// Replaces what a single word says of addresses and pids.
fn word(word: &str) -> String {
    if word.starts_with('/') && word.contains(".c:") {
        return word.rsplit('/').next().unwrap_or_default().to_owned();
    }
    if let Some(at) = offset_at(word) {
        return format!("{}+<offset>", word[..at].trim_end_matches(".cold"));
    }
    if let Some(text) = task_word(word) {
        return text;
    }
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    for head in ["CPU#", "pid:", "ppid:"] {
        if word.strip_prefix(head).is_some_and(digits) {
            return format!("{head}<n>");
        }
    }
    if word.starts_with("flags:0x") {
        return "flags:<n>".to_owned();
    }
    if word.strip_suffix("s!").is_some_and(digits) {
        return "<n>s!".to_owned();
    }
    addresses(word)
}

/// A word that carries a pid beside a task's name.
fn task_word(word: &str) -> Option<String> {
    let digits = |text: &str| !text.is_empty() && text.bytes().all(|b| b.is_ascii_digit());
    // `[spinner:103]`, `culprit[96]`, `culprit/96/0x00000002`, `rmmod:134`
    if let Some((name, pid)) =
        word.strip_prefix('[').and_then(|rest| rest.strip_suffix(']')).and_then(|rest| rest.rsplit_once(':'))
        && digits(pid)
    {
        return Some(format!("[{name}:<pid>]"));
    }
    if let Some((name, pid)) = word.strip_suffix(']').and_then(|rest| rest.rsplit_once('['))
        && digits(pid)
        && !name.is_empty()
    {
        return Some(format!("{}[<pid>]", task_word(name).unwrap_or_else(|| name.to_owned())));
    }
    if let Some((head, count)) = word.rsplit_once("/0x")
        && let Some((name, pid)) = head.rsplit_once('/')
        && digits(pid)
    {
        return Some(format!("{name}/<pid>/0x{count}"));
    }
    if let Some((name, pid)) = word.rsplit_once(':')
        && digits(pid)
        && name.starts_with(|c: char| c.is_ascii_alphabetic())
        && !name.contains('.')
        && !matches!(name, "stack" | "pid" | "ppid")
    {
        return Some(format!("{name}:<pid>"));
    }
    None
}

/// Shortest run of hexadecimal digits that is an address; values of registers and flags are
/// printed with eight.
const ADDRESS_DIGITS_MIN: usize = 12;

/// Replaces addresses, with their `0x`. One in the first page is a NULL pointer plus an offset,
/// which is behaviour, and stays.
fn addresses(word: &str) -> String {
    // What `%p` gives before Linux has collected randomness to hash it with.
    let word = word.replace("(____ptrval____)", "<addr>");
    if word.contains("<addr>") {
        return word;
    }
    let mut text = String::new();
    let mut rest = word.as_str();
    while !rest.is_empty() {
        let run = rest.find(|c: char| !c.is_ascii_hexdigit()).unwrap_or(rest.len());
        let digits = &rest[..run];
        let first_page = digits.trim_start_matches('0').len() <= 3;
        if run >= ADDRESS_DIGITS_MIN && !first_page {
            if text.ends_with("0x") {
                text.truncate(text.len() - 2);
            }
            text.push_str("<addr>");
        } else {
            text.push_str(digits);
        }
        rest = &rest[run..];
        let Some(next) = rest.chars().next() else {
            break;
        };
        text.push(next);
        rest = &rest[next.len_utf8()..];
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{message, output, without_stamp};

    #[track_caller]
    fn check(line: &str, expected: Option<&str>) {
        assert_eq!(message(line).as_deref(), expected, "line: {line:?}");
    }

    #[test]
    fn ordinary_messages_lose_only_their_stamp() {
        check("[    3.353225] Thread Running", Some("Thread Running"));
        check("[12345.000001] kthread_stop() gave -4", Some("kthread_stop() gave -4"));
        check("no stamp 42", Some("no stamp 42"));
        check("[ INFO ] kept", Some("[ INFO ] kept"));
        check("[    3.353225] ", None);
        assert_eq!(without_stamp("[    1.5]   indented"), "  indented");
    }

    #[test]
    fn pids_and_cpus_are_abstracted() {
        check(
            "[    1.0] INFO: task rmmod:134 blocked for more than 120 seconds.",
            Some("INFO: task rmmod:<pid> blocked for more than 120 seconds."),
        );
        check(
            "[    1.0] watchdog: BUG: soft lockup - CPU#1 stuck for 26s! [spinner:103]",
            Some("watchdog: BUG: soft lockup - CPU#<n> stuck for <n>s! [spinner:<pid>]"),
        );
        check(
            "[    1.0] BUG: scheduling while atomic: culprit/96/0x00000002",
            Some("BUG: scheduling while atomic: culprit/<pid>/0x00000002"),
        );
        check(
            "[    1.0] note: kworker/0:2[46] exited with irqs disabled",
            Some("note: kworker/0:<pid>[<pid>] exited with irqs disabled"),
        );
        check(
            "[    1.0] note: culprit[96] exited with irqs disabled",
            Some("note: culprit[<pid>] exited with irqs disabled"),
        );
        check(
            "[    1.0] CPU: 0 PID: 241 Comm: insmod Tainted: G           OE      6.1.0-56-cloud-amd64 #1  Debian 6.1.192-2",
            Some("CPU: <n> PID: <n> Comm: insmod Tainted: G OE"),
        );
        check(
            "[    1.0] task:waiter          state:D stack:0     pid:106   ppid:2      flags:0x00004000",
            Some("task:waiter state:D stack:0 pid:<n> ppid:<n> flags:<n>"),
        );
    }

    #[test]
    fn addresses_are_abstracted_but_null_is_kept_apart() {
        check(
            "[    1.0] BUG: unable to handle page fault for address: ffffc8ffdeadbee0",
            Some("BUG: unable to handle page fault for address: <addr>"),
        );
        check(
            "[    1.0] BUG: kernel NULL pointer dereference, address: 0000000000000000",
            Some("BUG: kernel NULL pointer dereference, address: 0000000000000000"),
        );
        check(
            "[    1.0] list_add double add: new=ffffffffc02033c0, prev=ffffffffc0203000.",
            Some("list_add double add: new=<addr>, prev=<addr>."),
        );
        check("[    1.0] 0x10 deadbeef 12345678 0x7f1821284b87", Some("0x10 deadbeef 12345678 <addr>"));
        check("[    1.0] feedfacexyz", Some("feedfacexyz"));
    }

    #[test]
    fn machine_state_and_foreign_frames_are_not_compared() {
        for line in [
            "[    1.0] RAX: ffffffffffffffda RBX: 1",
            "[    1.0] Code: 01 02",
            "[    1.0]  kthread+0xda/0x100",
            "[    1.0]  ? usleep_range_state+0x90/0x90",
            "[    1.0]  ? work+0x90/0x90 [m]",
            "[    1.0] PGD 0 P4D 0 ",
        ] {
            check(line, None);
        }
        check("[    1.0]  work+0x1b/0x4f [m]", Some("work+<offset> [m]"));
        check("[    1.0]  work.cold+0x1b/0x4f [m]", Some("work+<offset> [m]"));
        check("[    1.0]  <TASK>", Some("<TASK>"));
        check("[    1.0] Modules linked in: m(OE+) [last unloaded: m(OE)]", Some("Modules linked in: m(OE+)"));
        check("[    1.0] RIP: 0010:work+0x13/0xffb [m]", Some("RIP: 0010:work+<offset> [m]"));
    }

    #[test]
    fn places_in_the_kernel_are_abstracted_and_those_in_modules_are_not() {
        check(
            "[    1.0] WARNING: CPU: 0 PID: 95 at m.c:10 start+0x1d/0x1000 [m]",
            Some("WARNING: CPU: <n> PID: <n> at m.c:10 start+<offset> [m]"),
        );
        check(
            "[    1.0] WARNING: CPU: 0 PID: 95 at kernel/kthread.c:658 kthread_park+0x73/0x90",
            Some("WARNING: CPU: <n> PID: <n> at <kernel source> kthread_park+<offset>"),
        );
        check("[    1.0] kernel BUG at mm/slub.c:419!", Some("kernel BUG at <kernel source>!"));
        check("[    1.0] kernel BUG at m.c:11!", Some("kernel BUG at m.c:11!"));
        check("[    1.0] kernel BUG at /some/where/m.c:11!", Some("kernel BUG at m.c:11!"));
        check("[    1.0] x Tainted: G OE 6.1.0-kloom #1", Some("x Tainted: G OE"));
        check("[    1.0] ---[ end Kernel panic - not syncing: x ]---", None);
    }

    #[test]
    fn output_keeps_its_columns() {
        let of = |line: &str| output(line).expect("compared");
        assert_eq!(of("./run.sh: line 20: nosuch: not found"), "nosuch: not found");
        assert_eq!(of("sh: write error: Invalid argument"), "write error: Invalid argument");
        assert_eq!(of("m                      16384  0"), "m <size>  0");
        assert_eq!(of("m                       8192  1 b"), "m <size>  1 b");
        assert_eq!(of("m 16384 0 - Live 0xffffffffc0201000 (OE)"), "m <size> 0 - Live <addr> (OE)");
        assert_eq!(of("Pid:\t120"), "Pid:\t<pid>");
        assert_eq!(of("PPid:\t2"), "PPid:\t2");
        assert_eq!(of("name (120, #threads: 1)"), "name (<pid>, #threads: 1)");
        assert_eq!(of("m 16385 0"), "m 16385 0");
        assert_eq!(of("     95 ?        00:00:00 heartbeat"), "<pid> ? 00:00:00 heartbeat");
        assert_eq!(of("root  95   2  0 10:12 ?  00:00:00 [beat]"), "root <pid> 2 0 <time> ? 00:00:00 [beat]");
        assert_eq!(of("root  95  90  0 10:12 ?  00:00:00 sh -x"), "root <pid> <pid> 0 <time> ? 00:00:00 sh -x");
        assert_eq!(of("95 ? 00:00 x"), "95 ? 00:00 x");
        assert_eq!(of("m 4096 x"), "m 4096 x");
        assert_eq!(of("[<0>] msleep+0x29/0x40"), "[<0>] msleep+<offset>");
        assert_eq!(of("trailing  "), "trailing");
    }
}
