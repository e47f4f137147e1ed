//! Words for the module's own assertions and for refused instructions.

use crate::event::Event;
use crate::fault::{Fault, OopsKind};
use crate::wording::phrase::{actor, by, duration, name, plural, time, who};
use crate::wording::story::Story;

/// Tells faults of this group; `false` for others.
pub(super) fn tell(story: &mut Story<'_>, fault: &Fault) -> bool {
    match fault {
        Fault::Oops { kind, at, address } => oops(story, *kind, at, *address),
        Fault::BugOn { at, condition: Some(condition) } if condition.starts_with(crate::OVERFLOW_IN) => {
            let copying = condition.trim_start_matches(crate::OVERFLOW_IN);
            story.title(format!("`{copying}()` would write past the end of its destination in {}", actor_of(at)));
            story.blame(at, format!("called {}", by(at)));
            story.note("the compiler knows how large the destination is (CONFIG_FORTIFY_SOURCE)");
            story.linux(format!(
                "\"{condition}\" and \"kernel BUG at lib/string_helpers.c:1027!\", an oops that kills the task"
            ));
            story.help("make the destination larger, or copy with `strscpy()` and the destination's size");
        }
        Fault::BugOn { at, condition } => {
            story.title(match condition {
                Some(condition) => format!("`BUG_ON({condition})` fired in {}", actor_of(at)),
                None => format!("`BUG()` was reached in {}", actor_of(at)),
            });
            story.blame(at, format!("fired {}", by(at)));
            story.linux(format!("\"kernel BUG at {}!\", an oops that kills the task", place(at)));
            story.help("find out why the condition holds; where the code can go on, `WARN_ON()` and an error return are kinder to the machine");
        }
        Fault::WarnOn { at, condition, message } => {
            let warn = if message.is_some() { "WARN" } else { "WARN_ON" };
            story.title(match (condition, message) {
                (_, Some(message)) => format!("`WARN()` fired in {}: {message}", actor_of(at)),
                (Some(condition), None) => {
                    format!("`WARN_ON({condition})` fired in {}", actor_of(at))
                }
                (None, None) => format!("`WARN_ON()` fired in {}", actor_of(at)),
            });
            story.blame(at, format!("fired {}", by(at)));
            if let (Some(condition), Some(_)) = (condition, message) {
                story.note(format!("the condition was `{condition}`"));
            }
            story.linux(format!(
                "\"WARNING: CPU: {} PID: {} at {}\" with a call trace; with panic_on_warn the machine stops",
                at.who.cpu,
                at.who.pid,
                place(at)
            ));
            story.help(format!(
                "`{warn}()` is for what cannot happen: find out why it did, or use `pr_warn()` for what can"
            ));
        }
        Fault::Panic { at, message } => {
            story.title(format!("{} stopped the whole machine with `panic()`", actor_of(at)));
            story.blame(at, format!("called {}", by(at)));
            story.linux(format!("\"Kernel panic - not syncing: {message}\"; only a reboot helps"));
            story.help("return an error instead; a driver has no business stopping the machine");
        }
        Fault::SoftLockup { at, busy_ns, looping, preempt_disabled } => {
            story.title(format!(
                "{} has kept cpu{} busy for {} without letting anything else run",
                who(&at.who),
                at.who.cpu,
                duration(*busy_ns)
            ));
            match looping {
                Some(seen) => story.blame_site(
                    &seen.site,
                    "",
                    format!("in this loop, {} so far, t={}", plural(seen.rounds, "round"), time(at.time_ns)),
                ),
                None => story.blame(at, format!("busy here at t={}", time(at.time_ns))),
            }
            story.note(if *preempt_disabled {
                "preemption is off, so not even a task of higher priority gets the CPU"
            } else {
                "on a kernel without full preemption, only `schedule()` or a sleep gives the CPU away in kernel code"
            });
            story.linux(format!(
                "\"watchdog: BUG: soft lockup - CPU#{} stuck for {}s! [{}:{}]\"",
                at.who.cpu,
                (busy_ns / 1_000_000_000).max(20),
                at.who.comm,
                at.who.pid
            ));
            story.help("sleep while there is nothing to do (`wait_event()`, `msleep()`); in long computations call `cond_resched()`");
        }
        _ => return false,
    }
    true
}

/// Names the function, not the call (`BUG_ON` itself), that an event is in.
fn actor_of(at: &Event) -> String {
    match &at.site {
        Some(site) if !site.function.is_empty() => format!("`{}()`", site.function),
        _ => name(&at.who.comm),
    }
}

/// Writes file and line, or dots.
fn place(at: &Event) -> String {
    at.site.as_ref().map_or_else(|| "…".to_owned(), ToString::to_string)
}

fn oops(story: &mut Story<'_>, kind: OopsKind, at: &Event, address: Option<u64>) {
    let address = address.unwrap_or(0);
    let (title, linux, advice) = match kind {
        OopsKind::DivideError => (
            format!("{} divides by zero", actor(at)),
            "\"divide error: 0000 [#1]\"".to_owned(),
            "test the divisor first; also `INT_MIN / -1` raises this fault",
        ),
        OopsKind::InvalidOpcode => (
            format!("{} ran into an instruction that does not exist", actor(at)),
            "\"invalid opcode: 0000 [#1]\"".to_owned(),
            "the compiler puts such an instruction where code cannot be reached: look for a missing `return` or undefined behaviour",
        ),
        OopsKind::GeneralProtection => (
            format!("{} did something the processor refuses", actor(at)),
            "\"general protection fault\"".to_owned(),
            "most often a pointer that was overwritten with garbage, or a privileged instruction in inline assembly",
        ),
        OopsKind::JumpToNowhere => (
            format!("{} jumped to address {address:#x}, where there is no code", actor(at)),
            format!(
                "\"BUG: unable to handle page fault for address: {address:016x}\" with \"#PF: supervisor instruction fetch in kernel mode\""
            ),
            "a function pointer was never set, or the structure that holds it was freed or overwritten",
        ),
        OopsKind::Trap => (
            format!("{} hit a breakpoint or debug trap", actor(at)),
            "\"int3: 0000 [#1]\"".to_owned(),
            "remove the breakpoint instruction",
        ),
    };
    story.title(title);
    story.blame(at, format!("run {}", by(at)));
    story.linux(format!("{linux}, an oops that kills the task; locks it held stay locked"));
    story.help(advice);
}
