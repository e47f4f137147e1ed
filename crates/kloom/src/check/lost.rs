//! What only some executions of a check leave behind.
//!
//! Memory that a module never frees is a warning in a run. What the natural execution without failing calls frees and another
//! one does not is lost on a path that somebody has forgotten, and that is what a check is asked to find.

use std::collections::BTreeSet;

use kloom_diag::{Fault, Finding, Outcome, Severity, Site};

/// Where things came from that an execution left behind.
#[derive(Debug, Default)]
pub(super) struct Lost(BTreeSet<(&'static str, String, u32)>);

impl Lost {
    /// What an execution left behind.
    pub(super) fn of(outcome: &Outcome) -> Lost {
        Lost(outcome.findings.iter().flat_map(places).collect())
    }

    /// Makes errors of what an execution left behind that this one did not. Beside another error it is more likely a
    /// consequence, and stays a warning.
    pub(super) fn raise(&self, outcome: &mut Outcome) {
        if outcome.count(Severity::Error) > 0 {
            return;
        }
        for finding in &mut outcome.findings {
            if finding.severity == Severity::Warning && places(finding).iter().any(|place| !self.0.contains(place)) {
                finding.severity = Severity::Error;
            }
        }
    }
}

/// Where the things came from that a finding says are left behind; none if it is about something else.
fn places(finding: &Finding) -> Vec<(&'static str, String, u32)> {
    let place = |site: Option<&Site>| {
        let (file, line) = site.map_or_else(Default::default, |site| (site.file.clone(), site.line));
        (finding.code().as_str(), file, line)
    };
    match &finding.fault {
        Fault::LeakMemory { blocks, .. } => blocks.iter().map(|blocks| place(blocks.created.site.as_ref())).collect(),
        Fault::LeakReference { taken, .. } => vec![place(taken.site.as_ref())],
        Fault::SemaphoreImbalance { last, .. } => {
            vec![place(last.as_ref().and_then(|last| last.site.as_ref()))]
        }
        _ => Vec::new(),
    }
}
