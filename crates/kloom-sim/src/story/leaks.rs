//! What a module leaves behind.

use std::collections::BTreeMap;

use kloom_diag::{Fault as Told, LeakedBlocks, Object, ObjectKind};
use kloom_kernel::fault::{Block, Fault, Report};
use kloom_kernel::site::RawEvent;
use kloom_shim::Machine;

use super::Story;
use super::resolve::{block_object, who_task};
use super::threads::{birth_and_death, unloading};

/// Tells faults of this theme; None for others.
pub(super) fn tell(story: &mut Story, machine: &Machine, report: &Report) -> Option<Told> {
    let at = &report.at;
    Some(match &report.fault {
        Fault::LeakThread { target } => {
            let (created, _) = birth_and_death(machine, *target)?;
            Told::LeakThread {
                thread: who_task(machine, *target),
                created: story.resolver.event(machine, &created),
                unloaded: unloading(story, machine, at),
            }
        }
        Fault::LeakMemory { blocks, .. } => {
            let blocks = by_site(story, machine, blocks);
            Told::LeakMemory { blocks, unloaded: unloading(story, machine, at) }
        }
        Fault::LeakProcEntry { path, created } => Told::LeakProcEntry {
            path: path.clone(),
            created: story.resolver.event(machine, created),
            unloaded: unloading(story, machine, at),
        },
        Fault::LeakTimer { addr, armed, expires_ns } => {
            let armed = story.resolver.event(machine, armed);
            let named = story.resolver.argument(&armed);
            Told::LeakTimer {
                object: story.resolver.object(machine, *addr, ObjectKind::Timer, named),
                armed,
                expires_ns: *expires_ns,
                unloaded: unloading(story, machine, at),
            }
        }
        Fault::LeakTaskReference { target, taken } => Told::LeakReference {
            object: Object::new(ObjectKind::Task, who_task(machine, *target).comm, 0),
            taken: story.resolver.event(machine, taken.last()?),
            count: taken.len() as u64,
            unloaded: unloading(story, machine, at),
        },
        Fault::LeakReference { what } => Told::LeakReference {
            object: Object::new(ObjectKind::Other, what.clone(), 0),
            taken: story.resolver.event(machine, at),
            count: 1,
            unloaded: unloading(story, machine, at),
        },
        Fault::ModuleStuck { module } => {
            Told::ModuleStuck { module: module.clone(), state: "going".into(), cause: story.resolver.event(machine, at) }
        }
        _ => return None,
    })
}

/// Blocks of one allocation site together, in the order of the first allocation.
fn by_site(story: &mut Story, machine: &Machine, blocks: &[Block]) -> Vec<LeakedBlocks> {
    let mut sites: BTreeMap<(u64, u64), (RawEvent, LeakedBlocks)> = BTreeMap::new();
    let mut first_seen: BTreeMap<u64, u64> = BTreeMap::new();
    for block in blocks {
        let place = block.allocated.trace.0[0];
        let first = first_seen.entry(place).or_insert(block.allocated.time_ns);
        *first = (*first).min(block.allocated.time_ns);
    }
    for block in blocks {
        let place = block.allocated.trace.0[0];
        let key = (first_seen.get(&place).copied().unwrap_or(0), place);
        let (earliest, site) =
            sites.entry(key).or_insert_with(|| (block.allocated, LeakedBlocks { object: block_object(block), ..LeakedBlocks::default() }));
        if block.allocated.time_ns < earliest.time_ns {
            *earliest = block.allocated;
        }
        site.count += 1;
        site.bytes += block.size;
    }
    sites.into_values().map(|(earliest, site)| LeakedBlocks { created: story.resolver.event(machine, &earliest), ..site }).collect()
}
