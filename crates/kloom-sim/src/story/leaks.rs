//! What a module leaves behind.

use std::collections::BTreeMap;

use kloom_diag::{Event, Fault as Told, LeakedBlocks, Object, ObjectKind, Site};
use kloom_kernel::fault::{Block, Fault, Report};
use kloom_kernel::site::RawEvent;
use kloom_shim::Machine;

use super::Story;
use super::resolve::{Address, block_object, who_task};
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
        Fault::ModuleInUse { module, references, holders } => Told::ModuleInUse {
            module: module.clone(),
            tried: story.resolver.event(machine, at),
            references: *references,
            holders: holders.iter().map(|holder| outside(story, machine, holder)).collect(),
        },
        Fault::OpenFileLeft { module, path, opened } => Told::ModuleUnloadWithOpenFile {
            module: module.clone(),
            path: path.clone(),
            opened: Event { call: "open".into(), ..outside(story, machine, opened) },
            unloaded: unloading(story, machine, at),
        },
        Fault::ModuleStuck { module } => Told::ModuleStuck {
            module: module.clone(),
            state: "going".into(),
            cause: story.resolver.event(machine, at),
        },
        _ => return None,
    })
}

/// Something a system call may have done without any code of the module's.
fn outside(story: &mut Story, machine: &Machine, at: &RawEvent) -> Event {
    let event = story.resolver.event(machine, at);
    if event.call.is_empty() {
        Event { site: None, backtrace: Default::default(), call: "open".into(), ..event }
    } else {
        event
    }
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
        let (earliest, site) = sites.entry(key).or_insert_with(|| {
            (block.allocated, LeakedBlocks { object: block_object(block), ..LeakedBlocks::default() })
        });
        if block.allocated.time_ns < earliest.time_ns {
            *earliest = block.allocated;
        }
        site.count += 1;
        site.bytes += block.size;
    }
    sites
        .into_values()
        .map(|(earliest, site)| LeakedBlocks { created: story.resolver.event(machine, &earliest), ..site })
        .collect()
}

/// Modules whose licence taints the kernel.
pub(super) fn licences(story: &mut Story, machine: &Machine) -> Vec<Told> {
    let mut told = Vec::new();
    for (id, image) in &machine.images {
        let license = image.module.license();
        if crate::insmod::is_gpl_compatible(license.unwrap_or(""))
            || machine.images.iter().any(|(other, one)| other < id && one.module.name() == image.module.name())
        {
            continue;
        }
        // The macro makes no code: its line is looked for in the file of the init function.
        let init = image.symbol_addr("init_module").and_then(|addr| story.resolver.site(machine, addr, Address::Exact));
        let site = init.filter(|_| license.is_some()).and_then(|site| {
            let has = |line: &u32| {
                story
                    .resolver
                    .sources
                    .line_text(&site.file, *line)
                    .is_some_and(|text| text.trim_start().starts_with("MODULE_LICENSE"))
            };
            (1..LICENCE_LINES)
                .take_while(|line| story.resolver.sources.line_text(&site.file, *line).is_some())
                .find(has)
                .map(|line| Site { line, column: None, function: String::new(), ..site.clone() })
        });
        let module = image.module.name().unwrap_or("").to_string();
        told.push(Told::MissingLicense { module, license: license.map(str::to_string), site });
    }
    told
}

/// Lines of a file in which `MODULE_LICENSE` is looked for.
const LICENCE_LINES: u32 = 100_000;
