//! What a module leaves behind.

use std::collections::BTreeMap;

use kloom_diag::{Event, Fault as Told, LeakedBlocks, Object, ObjectKind, Site, UseState, WorkLeft};
use kloom_kernel::fault::{Block, Fault, InUse, Registration, Report, WaitEntryPlace, WorkState};
use kloom_kernel::site::RawEvent;
use kloom_shim::Machine;

use super::Story;
use super::memory::object_kind;
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
            let high = !machine.kernel.hrtimers.within(*addr..*addr + 1).is_empty();
            let kind = if high { ObjectKind::Hrtimer } else { ObjectKind::Timer };
            Told::LeakTimer {
                object: story.resolver.object(machine, *addr, kind, named),
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
        Fault::LeakWork { addr, func, queued, state } => {
            let queued = story.resolver.event(machine, queued);
            let object = used_object(story, machine, *addr, ObjectKind::Work, &queued);
            let state = match state {
                WorkState::Queued => WorkLeft::Queued,
                WorkState::Timer(expires_ns) => WorkLeft::Delayed { expires_ns: *expires_ns },
                WorkState::Running(_) => WorkLeft::Running,
            };
            let function = function_name(machine, *func);
            Told::LeakWork { object, function, queued, state, unloaded: unloading(story, machine, at) }
        }
        Fault::LeakCallback { kind, addr, func, queued } => {
            let queued = story.resolver.event(machine, queued);
            let function = function_name(machine, *func);
            let object = match *kind {
                "tasklet" => used_object(story, machine, *addr, ObjectKind::Tasklet, &queued),
                _ => Object::new(ObjectKind::RcuCallback, function.clone(), 0),
            };
            Told::LeakCallback { object, function, queued, unloaded: unloading(story, machine, at) }
        }
        Fault::LeakRegistration { kind, name, created } => Told::LeakRegistration {
            object: Object::new(registered(*kind), name.clone(), 0),
            created: story.resolver.event(machine, created),
            unloaded: unloading(story, machine, at),
        },
        Fault::WaitEntryLeft { queue, queued, place, .. } => {
            let queued = story.resolver.event(machine, queued);
            let named = story.resolver.argument(&queued);
            let frame_gone = *place == WaitEntryPlace::DeadFrame;
            Told::WaitEntryLeft {
                queue: story.resolver.object(machine, *queue, ObjectKind::WaitQueue, named),
                queued,
                at: if frame_gone { story.resolver.event(machine, at) } else { unloading(story, machine, at) },
                frame_gone,
            }
        }
        Fault::FreedInUse { kind, addr, state, since, block } => {
            let since = story.resolver.event(machine, since);
            Told::FreedInUse {
                block: block_object(block),
                created: story.resolver.event(machine, &block.allocated),
                object: used_object(story, machine, *addr, object_kind(kind), &since),
                state: use_state(*state),
                since,
                freed: story.resolver.event(machine, at),
            }
        }
        Fault::ReinitInUse { kind, addr, state, since } => {
            let since = story.resolver.event(machine, since);
            Told::ReinitInUse {
                object: used_object(story, machine, *addr, object_kind(kind), &since),
                state: use_state(*state),
                since,
                again: story.resolver.event(machine, at),
            }
        }
        Fault::DeadFrameObject { kind, addr, func } => {
            let mut used = story.resolver.event(machine, at);
            if used.call.is_empty() && used.site.is_some() {
                used.call = (*func).to_string();
            }
            let named = story.resolver.argument(&used);
            Told::UseAfterReturn { object: story.resolver.object(machine, *addr, object_kind(kind), named), used }
        }
        Fault::CacheObjectsLeft { cache, objects } => Told::CacheObjectsLeft {
            cache: Object::new(ObjectKind::KmemCache, cache.clone(), 0),
            blocks: by_site(story, machine, objects),
            destroyed: story.resolver.event(machine, at),
        },
        Fault::DoubleRegistration { kind, name, first, .. } => Told::DoubleRegistration {
            object: Object::new(registered(*kind), name.clone(), 0),
            first: first.as_ref().map(|first| story.resolver.event(machine, first)),
            again: story.resolver.event(machine, at),
        },
        Fault::SemaphoreImbalance { addr, name, initial, count, last } => {
            let last = last.as_ref().map(|last| story.resolver.event(machine, last));
            let named = last.as_ref().and_then(|last| story.resolver.argument(last));
            let mut object = story.resolver.object(machine, *addr, ObjectKind::Semaphore, named);
            if object.name.is_empty() {
                object.name.clone_from(name);
            }
            let unloaded = unloading(story, machine, at);
            Told::SemaphoreImbalance { object, initial: *initial, count: *count, last, unloaded }
        }
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

/// An object that the call of `event` names by its first argument, or by the one that is an address of something.
fn used_object(story: &mut Story, machine: &Machine, addr: u64, kind: ObjectKind, event: &Event) -> Object {
    let named = match event.call.as_str() {
        // These have the queue first.
        "queue_work" | "queue_delayed_work" | "mod_delayed_work" | "queue_work_on" | "queue_delayed_work_on" => None,
        _ => story.resolver.argument(event),
    };
    story.resolver.object(machine, addr, kind, named)
}

/// A function of a module by name.
fn function_name(machine: &Machine, func: u64) -> String {
    match machine.locate(func) {
        Some(_) => machine.symbolic(func).split('+').next().unwrap_or_default().to_string(),
        None => String::new(),
    }
}

fn use_state(state: InUse) -> UseState {
    match state {
        InUse::Armed => UseState::Armed,
        InUse::Running => UseState::Running,
        InUse::Queued => UseState::Queued,
        InUse::Waited => UseState::Waited,
        InUse::Held => UseState::Held,
    }
}

fn registered(kind: Registration) -> ObjectKind {
    match kind {
        Registration::MiscDevice => ObjectKind::MiscDevice,
        Registration::CharDevice => ObjectKind::CharDevice,
        Registration::CharDeviceRegion => ObjectKind::DeviceNumbers,
        Registration::Class => ObjectKind::Class,
        Registration::Device => ObjectKind::Device,
        Registration::Debugfs => ObjectKind::DebugfsEntry,
        Registration::Kobject => ObjectKind::Kobject,
        Registration::Notifier => ObjectKind::Notifier,
        Registration::Irq => ObjectKind::Irq,
        Registration::Workqueue => ObjectKind::Workqueue,
        Registration::Cache => ObjectKind::KmemCache,
    }
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
