//! Turns findings into words. One function, [`report`]; one file per group of faults.

mod crash;
mod end;
mod leaks;
mod left;
mod locks;
mod memory;
mod notes;
mod patch;
pub(crate) mod phrase;
mod story;
mod threads;

use crate::event::Event;
use crate::fault::Fault;
use crate::finding::{Coverage, Finding};
use crate::report::{Report, SourceLines};
pub use end::end_report;
use story::Story;

/// Puts a finding into words, with the source lines it talks about.
#[must_use]
pub fn report(finding: &Finding, lines: &dyn SourceLines) -> Report {
    let mut story = Story::new(finding, lines);
    tell(&mut story, &finding.fault);
    one_round(&mut story, &finding.round);
    story.finish()
}

/// Lists what is called in one round of a machine that goes round.
fn one_round(story: &mut Story<'_>, round: &[Event]) {
    if round.is_empty() {
        return;
    }
    let place = |event: &Event| {
        let call = if event.call.is_empty() { String::new() } else { format!(" `{}()`", event.call) };
        format!("`{}`{call}{}", event.who.comm, phrase::at(event))
    };
    let mut places: Vec<String> = round.iter().take(PLACES).map(place).collect();
    if round.len() > PLACES {
        places.push("…".to_owned());
    }
    story.note(format!("one round: {}", places.join(", ")));
}

/// Places of a round that are listed.
const PLACES: usize = 12;

/// Sends each fault to the file that words it.
fn tell(story: &mut Story<'_>, fault: &Fault) {
    let told = threads::tell(story, fault)
        || memory::tell(story, fault)
        || crash::tell(story, fault)
        || locks::tell(story, fault)
        || leaks::tell(story, fault)
        || left::tell(story, fault)
        || notes::tell(story, fault);
    assert!(told, "every fault has words: {}", fault.code());
}

/// Says among which executions a finding was made.
pub(crate) fn coverage(coverage: &Coverage) -> String {
    let Coverage { execution, executions, strategy, exhaustive } = coverage;
    let bound = if *exhaustive { "exhaustive within its bounds" } else { "not exhaustive" };
    format!("found in execution {execution} of {executions} ({strategy}; {bound})")
}
