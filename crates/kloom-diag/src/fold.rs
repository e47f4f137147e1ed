//! One root cause, one report: findings that say the same are counted, consequences of others are dropped.

use std::collections::{BTreeMap, BTreeSet};

use crate::event::ObjectKind;
use crate::fault::{Fault, TextUser};
use crate::finding::Finding;
use crate::report::NoSource;
use crate::wording::report;

/// What two findings must share to be one: the code and all places they talk about (or their words, without places).
type Key = (crate::code::Code, BTreeSet<(String, u32)>, String);

/// Folds repeated findings into the first of each kind, and drops those that only follow from another one.
///
/// The order of first appearance is kept. A `hung-task` follows from a hang that is explained by a stop, a deadlock or a
/// missed wake-up of the same task; a `leak-thread` follows from a `module-text-in-use` of the same thread.
#[must_use]
pub fn fold(findings: Vec<Finding>) -> Vec<Finding> {
    let mut explained = BTreeSet::new();
    let mut crashed = BTreeSet::new();
    for finding in &findings {
        stuck_pids(&finding.fault, &mut explained);
        if let Fault::ModuleTextInUse { user: TextUser::Thread, object, .. } = &finding.fault
            && matches!(object.kind, ObjectKind::Task | ObjectKind::ModuleText)
        {
            crashed.insert(object.name.clone());
        }
    }
    let mut kept: Vec<Finding> = Vec::new();
    let mut seen: BTreeMap<Key, usize> = BTreeMap::new();
    for finding in findings {
        let follows = match &finding.fault {
            Fault::HungTask { task, .. } => explained.contains(&task.since.who.pid),
            Fault::LeakThread { thread, .. } => crashed.contains(&thread.comm),
            _ => false,
        };
        if follows {
            continue;
        }
        match seen.entry(key(&finding)) {
            std::collections::btree_map::Entry::Occupied(first) => {
                let first = &mut kept[*first.get()];
                first.repeats = first.repeats.saturating_add(finding.repeats);
            }
            std::collections::btree_map::Entry::Vacant(free) => {
                free.insert(kept.len());
                kept.push(finding);
            }
        }
    }
    kept
}

/// What tells one bug from another among the executions of a check: the code and the line that is blamed, whatever led there.
/// Of a race or a deadlock it is all lines, for which side comes last is chance.
#[must_use]
pub fn identity(finding: &Finding) -> (crate::code::Code, BTreeSet<(String, u32)>) {
    if matches!(finding.fault, Fault::DataRace { .. } | Fault::Deadlock { .. }) {
        let (code, places, _) = key(finding);
        return (code, places);
    }
    let told = report(finding, &NoSource);
    let blamed = told.anchor().map(|span| (span.file.clone(), span.line));
    (finding.code(), blamed.into_iter().collect())
}

/// Collects the tasks whose hang a fault explains.
fn stuck_pids(fault: &Fault, pids: &mut BTreeSet<i32>) {
    match fault {
        Fault::KthreadStopHang { stopper, .. } | Fault::KthreadStopLostWakeup { stopper, .. } => {
            pids.insert(stopper.who.pid);
        }
        Fault::MissedWakeup { sleeper, .. } | Fault::LostWakeup { sleeper, .. } => {
            pids.insert(sleeper.since.who.pid);
        }
        Fault::Deadlock { tasks, .. } => {
            pids.extend(tasks.iter().map(|task| task.since.who.pid));
        }
        Fault::SelfDeadlock { again, .. } => {
            pids.insert(again.who.pid);
        }
        _ => {}
    }
}

/// Computes the identity of a finding.
fn key(finding: &Finding) -> Key {
    let told = report(finding, &NoSource);
    let spans = told.history.iter().flat_map(|step| &step.spans);
    let places: BTreeSet<_> = told.primary.iter().chain(spans).map(|span| (span.file.clone(), span.line)).collect();
    let words = if places.is_empty() { told.title } else { String::new() };
    (finding.code(), places, words)
}
