//! Words for the ends of a run that are not findings: not supported, limit reached, wrong input, kloom's own bugs.

use crate::finding::Severity;
use crate::outcome::{End, InternalBug, Limit, LimitKind, Unsupported, UnsupportedKind, UsageError};
use crate::report::{Report, SourceLines};
use crate::wording::phrase::{bytes, duration, plural};
use crate::wording::story::Story;

/// Lines of the machine's state shown when a limit is reached.
const STATE_LINES_MAX: usize = 20;

/// Puts the end of a run into words; `None` when the scenario ran to its end.
#[must_use]
pub fn end_report(end: &End, lines: &dyn SourceLines) -> Option<Report> {
    match end {
        End::Completed => None,
        End::Unsupported(unsupported) => Some(not_supported(unsupported, lines)),
        End::Limit(limit) => Some(limit_reached(limit, lines)),
        End::Usage(usage) => Some(wrong_input(usage, lines)),
        End::Internal(bug) => Some(own_bug(bug, lines)),
    }
}

fn not_supported(unsupported: &Unsupported, lines: &dyn SourceLines) -> Report {
    let mut story = Story::about(Severity::Error, "unsupported", lines);
    let name = &unsupported.name;
    let what = match unsupported.what {
        UnsupportedKind::Header => format!("kloom does not have the header `<{name}>` yet"),
        UnsupportedKind::Function => format!("kloom does not have the function `{name}()` yet"),
        UnsupportedKind::Variable => {
            format!("kloom does not have the kernel variable `{name}` yet")
        }
        UnsupportedKind::Name => format!("kloom does not have `{name}` yet"),
        UnsupportedKind::Use => format!("kloom does not model this use: {name}"),
        UnsupportedKind::Instruction => format!("kloom does not run the instruction `{name}`"),
        UnsupportedKind::ObjectFile => format!("kloom cannot load this object file: {name}"),
        UnsupportedKind::Host => format!("kloom does not run on this host yet: {name}"),
        UnsupportedKind::Command => format!("the scenario language does not have `{name}`"),
    };
    story.title(format!("{what}; this does not indicate a bug in the module"));
    if let Some(site) = &unsupported.site {
        story.blame_site(site, name, "needed here");
    }
    story.note("docs/api-coverage.md lists what is supported");
    if let Some(hint) = &unsupported.hint {
        story.help(hint);
    }
    story.finish()
}

fn limit_reached(limit: &Limit, lines: &dyn SourceLines) -> Report {
    let mut story = Story::about(Severity::Warning, "limit", lines);
    let (what, flag) = match limit.which {
        LimitKind::Steps => (plural(limit.value, "step"), Some("--max-steps")),
        LimitKind::VirtualTime => (format!("{} of virtual time", duration(limit.value)), Some("--max-time")),
        LimitKind::Memory => (format!("{} of memory", bytes(limit.value)), Some("--mem")),
        LimitKind::Tasks => (format!("{} alive at once", plural(limit.value, "task")), Some("--max-tasks")),
        LimitKind::Output => (format!("{} of output", bytes(limit.value)), None),
        LimitKind::Executions => (plural(limit.value, "execution"), None),
        LimitKind::Shares => (plural(limit.value, "share"), None),
        LimitKind::Asleep => ("everything had gone to sleep for ever".to_string(), None),
        LimitKind::Interrupted => ("an interrupt".to_string(), None),
    };
    story.title(format!("stopped after {what}, without a verdict on the module"));
    for line in limit.state.iter().take(STATE_LINES_MAX) {
        story.note(line);
    }
    if limit.state.len() > STATE_LINES_MAX {
        let rest = limit.state.len() - STATE_LINES_MAX;
        story.note(format!("and {}", plural(rest as u64, "more task")));
    }
    if limit.which == LimitKind::Shares {
        story.help("give `kloom merge` the states of all shares, each of which has come to its end");
    }
    if let Some(flag) = flag {
        story.help(format!("raise the limit with `{flag}`, or make the scenario shorter"));
    }
    story.finish()
}

fn wrong_input(usage: &UsageError, lines: &dyn SourceLines) -> Report {
    let mut story = Story::about(Severity::Error, "error", lines);
    story.title(usage.message.as_str());
    if let Some(site) = &usage.site {
        story.blame_site(site, "", "");
    }
    if let Some(hint) = &usage.hint {
        story.help(hint);
    }
    story.finish()
}

fn own_bug(bug: &InternalBug, lines: &dyn SourceLines) -> Report {
    let mut story = Story::about(Severity::Error, "internal error", lines);
    story.title(format!("kloom itself went wrong: {}", bug.message));
    if let Some(place) = &bug.place {
        story.note(format!("at {place} in kloom's own source"));
    }
    story.note("this is a bug of kloom and says nothing about the module");
    story.help("please report it, with the module, the scenario and the replay line");
    story.replay(bug.replay.clone());
    story.finish()
}
