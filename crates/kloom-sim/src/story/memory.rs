//! Memory: freed, foreign, broken.

use std::rc::Rc;

use kloom_diag::{
    Access, AccessKind as How, Event, Fault as Told, InvalidFree, ListDamage, Object, ObjectKind, OopsKind,
    RefcountMisuse, Site,
};
use kloom_kernel::fault::{AccessKind, Block, Fault, Report};
use kloom_kernel::site::RawEvent;
use kloom_shim::Machine;

use super::Story;
use super::resolve::{Address, block_object};
use super::source;
use super::threads::birth_and_death;

/// Frames of a stack overflow looked at.
const FRAMES_MAX: usize = 8;

/// Tells faults of this theme; None for others.
pub(super) fn tell(story: &mut Story, machine: &Machine, report: &Report) -> Option<Told> {
    let at = &report.at;
    Some(match &report.fault {
        Fault::HeapUseAfterFree { addr, size, access, block } => Told::UseAfterFree {
            object: block_object(block),
            created: Some(story.resolver.event(machine, &block.allocated)),
            freed: story.resolver.event(machine, block.freed.as_ref()?),
            used: used(story, machine, at, how(*access), *size, *addr),
            offset: addr.saturating_sub(block.addr),
            references_taken: 0,
        },
        Fault::HeapOutOfBounds { addr, size, access, block } => Told::OutOfBounds {
            object: block_object(block),
            created: Some(story.resolver.event(machine, &block.allocated)),
            used: used(story, machine, at, how(*access), *size, *addr),
            offset: addr.wrapping_sub(block.addr) as i64,
        },
        Fault::DoubleFree { block } => Told::DoubleFree {
            object: block_object(block),
            created: Some(story.resolver.event(machine, &block.allocated)),
            freed: story.resolver.event(machine, block.freed.as_ref()?),
            again: story.resolver.event(machine, at),
        },
        Fault::InvalidFree { addr, block } => invalid_free(story, machine, at, *addr, block.as_ref()),
        Fault::TaskUseAfterFree { target, func } => {
            let tombstone = machine.kernel.tasks.tombstone(*target);
            let (created, exited) = birth_and_death(machine, *target)?;
            let freed = exited.or(tombstone.and_then(|tombstone| tombstone.freed())).unwrap_or(*at);
            let name = super::resolve::who_task(machine, *target).comm;
            let how = if func.is_empty() { How::Read } else { How::Call };
            Told::UseAfterFree {
                object: Object::new(ObjectKind::Task, name, 0),
                created: Some(story.resolver.event(machine, &created)),
                freed: story.resolver.event_at_return(machine, &freed),
                used: used(story, machine, at, how, 0, 0),
                offset: 0,
                references_taken: 0,
            }
        }
        Fault::StackUseAfterFree { addr, access } => Told::UseAfterFree {
            object: Object::new(ObjectKind::Stack, "", 0),
            created: None,
            freed: story.resolver.event_of(machine, Default::default(), at, at.time_ns),
            used: used(story, machine, at, how(*access), 0, *addr),
            offset: 0,
            references_taken: 0,
        },
        Fault::ModuleDataUseAfterFree { addr, access, module, init } => {
            module_data(story, machine, report, *addr, *access, module, *init)
        }
        Fault::UninitObject { kind, addr, .. } => {
            let event = story.resolver.event(machine, at);
            let named = story.resolver.argument(&event);
            let object = story.resolver.object(machine, *addr, object_kind(kind), named);
            Told::UninitObject { object, used: event }
        }
        Fault::NullDeref { addr, size, access, .. } => {
            if let Some(told) = member_of_err_ptr(story, machine, at, *addr) {
                return Some(told);
            }
            let used = used(story, machine, at, how(*access), *size, *addr);
            Told::NullDeref { pointer: pointer_text(story, &used.event, *access), used, returned: None }
        }
        Fault::ErrPtrDeref { value, func, .. } => err_ptr(story, machine, at, *value, *func),
        Fault::WildAccess { addr, size, access: AccessKind::Execute, .. } => {
            let _ = size;
            Told::Oops { kind: OopsKind::JumpToNowhere, at: story.resolver.event(machine, at), address: Some(*addr) }
        }
        Fault::WildAccess { addr, size, access, .. } => {
            Told::WildAccess { used: used(story, machine, at, how(*access), *size, *addr) }
        }
        Fault::ReadOnlyWrite { addr, .. } => Told::WildAccess { used: used(story, machine, at, How::Write, 0, *addr) },
        Fault::UserAccess { addr, access, .. } => {
            let used = used(story, machine, at, how(*access), 0, *addr);
            Told::UserAccess { pointer: pointer_text(story, &used.event, *access), used }
        }
        Fault::StackOverflow { .. } => stack_overflow(story, machine, at),
        Fault::StackSmashed { .. } => {
            // Who calls `__stack_chk_fail()` is the compiler; the story is about the function it guards.
            let at = Event { call: String::new(), ..story.resolver.event(machine, at) };
            Told::StackSmashed { at, written: None }
        }
        Fault::BadList { why } => {
            let event = story.resolver.event(machine, at);
            let named = story.resolver.argument(&event);
            Told::BadList {
                damage: damage(why),
                object: named.map(|name| Object::new(ObjectKind::List, name, 0)),
                at: event,
                earlier: None,
            }
        }
        Fault::RefcountMisuse { why, addr } => {
            let event = story.resolver.event(machine, at);
            let named = story.resolver.argument(&event);
            let misuse = match *why {
                why if why.starts_with("addition") => RefcountMisuse::AddOnZero,
                why if why.starts_with("saturated") => RefcountMisuse::Saturated,
                _ => RefcountMisuse::Underflow,
            };
            Told::RefcountMisuse {
                object: story.resolver.object(machine, *addr, ObjectKind::Refcount, named),
                misuse,
                at: event,
                earlier: None,
            }
        }
        _ => return None,
    })
}

fn how(access: AccessKind) -> How {
    match access {
        AccessKind::Read => How::Read,
        AccessKind::Write => How::Write,
        AccessKind::Execute => How::Execute,
    }
}

fn used(story: &mut Story, machine: &Machine, at: &RawEvent, how: How, size: u64, addr: u64) -> Access {
    Access::new(story.resolver.event(machine, at), how, size, addr)
}

/// The kind of a C type, as the shims name it.
pub(super) fn object_kind(type_name: &str) -> ObjectKind {
    match type_name {
        "spinlock_t" => ObjectKind::Spinlock,
        "rwlock_t" => ObjectKind::Rwlock,
        "struct mutex" => ObjectKind::Mutex,
        "struct semaphore" => ObjectKind::Semaphore,
        "struct rw_semaphore" => ObjectKind::RwSemaphore,
        "wait_queue_head_t" | "struct wait_queue_entry" => ObjectKind::WaitQueue,
        "struct completion" => ObjectKind::Completion,
        "struct timer_list" => ObjectKind::Timer,
        "struct hrtimer" => ObjectKind::Hrtimer,
        "struct work_struct" | "struct delayed_work" | "struct rcu_work" => ObjectKind::Work,
        "struct tasklet_struct" => ObjectKind::Tasklet,
        _ => ObjectKind::Other,
    }
}

/// The pointer an access goes through, when the line says so plainly: `*p`, `p->x` at the access's column.
fn pointer_text(story: &Story, event: &Event, access: AccessKind) -> Option<String> {
    let site = event.site.as_ref()?;
    if access == AccessKind::Execute || !event.call.is_empty() {
        return None;
    }
    let text = story.resolver.sources.line_text(&site.file, site.line)?;
    source::dereferenced(&text, site.column?)
}

fn invalid_free(story: &mut Story, machine: &Machine, at: &RawEvent, addr: u64, block: Option<&Block>) -> Told {
    let freed = story.resolver.event(machine, at);
    let why = match block {
        Some(block) if block.addr == addr => InvalidFree::WrongFunction {
            object: block_object(block),
            created: story.resolver.event(machine, &block.allocated),
        },
        Some(block) => InvalidFree::Inside {
            object: block_object(block),
            offset: addr.saturating_sub(block.addr),
            created: story.resolver.event(machine, &block.allocated),
        },
        None => InvalidFree::NotHeap { object: story.resolver.variable(machine, addr).map(|(object, _)| object) },
    };
    Told::InvalidFree { freed, address: addr, why }
}

fn module_data(
    story: &mut Story,
    machine: &Machine,
    report: &Report,
    addr: u64,
    access: AccessKind,
    module: &str,
    init: bool,
) -> Told {
    let at = &report.at;
    let object = story.resolver.variable(machine, addr).map(|(object, _)| object);
    let unloaded = machine.kernel.modules.unloaded.iter().rev().find(|gone| gone.name == module).map(|gone| gone.at);
    let loaded = machine.kernel.modules.find(module).map(|module| module.loaded);
    let gone = if init { loaded.or(unloaded) } else { unloaded };
    Told::UseAfterFree {
        object: object.unwrap_or_else(|| Object::new(ObjectKind::ModuleData, module, 0)),
        created: None,
        freed: story.resolver.event_at_return(machine, gone.as_ref().unwrap_or(at)),
        used: used(story, machine, at, how(access), 0, addr),
        offset: 0,
        references_taken: 0,
    }
}

/// An error pointer was used: which call returned it, and was it compared with `NULL`?
fn err_ptr(story: &mut Story, machine: &Machine, at: &RawEvent, value: i64, func: Option<&str>) -> Told {
    let mut event = story.resolver.event(machine, at);
    if let Some(func) = func
        && event.call.is_empty()
    {
        event.call = func.to_string();
    }
    // A member of an error pointer lies a little above it; the last one returned that fits is the one.
    let known = machine.err_ptrs.iter().rev().find(|(error, _, _)| *error <= value && value - error < 1024);
    let (errno, returned) = match known {
        Some((error, _, from)) => (-error, story.resolver.event(machine, from)),
        None => (-value, Event { site: None, ..event.clone() }),
    };
    let null_check = returned.site.as_ref().and_then(|site| null_check(story, site));
    Told::ErrPtrMisuse { returned, errno: errno as i32, used: event, null_check }
}

/// An error pointer is so near the end of the address space that a member's address wraps round to the first page: an
/// access there through the variable that got an error is no NULL pointer's.
fn member_of_err_ptr(story: &mut Story, machine: &Machine, at: &RawEvent, addr: u64) -> Option<Told> {
    let &(value, func, from) = machine.err_ptrs.back()?;
    if addr >= 4096 {
        return None;
    }
    let returned = story.resolver.event(machine, &from).site?;
    let used = story.resolver.event(machine, at).site?;
    let sources = Rc::clone(&story.resolver.sources);
    let variable = source::assigned(&sources.line_text(&returned.file, returned.line)?)?;
    let text = sources.line_text(&used.file, used.line)?;
    // Either `file->f_pos`, or `kernel_read(file, …)`, which reads such a member itself.
    let mut words = text.split(|c: char| !(c.is_alphanumeric() || c == '_'));
    words.any(|word| word == variable).then(|| err_ptr(story, machine, at, value, Some(func).filter(|_| false)))
}

/// Where the result of the call at `site` is compared with `NULL`.
fn null_check(story: &Story, site: &Site) -> Option<Site> {
    let sources = &*story.resolver.sources;
    let variable = source::assigned(&sources.line_text(&site.file, site.line)?)?;
    let line = source::null_check(sources, &site.file, site.line, &variable)?;
    Some(Site { line, column: None, ..site.clone() })
}

fn stack_overflow(story: &mut Story, machine: &Machine, at: &RawEvent) -> Told {
    let event = story.resolver.event(machine, at);
    let functions: Vec<String> = event.backtrace.0.iter().take(FRAMES_MAX).map(|site| site.function.clone()).collect();
    let innermost = functions.first().cloned().unwrap_or_default();
    let calls = functions.iter().filter(|name| **name == innermost).count();
    // The trace ends after a few frames; a recursion that fits into it is told by its depth.
    let recursion = (!innermost.is_empty() && (3..FRAMES_MAX).contains(&calls)).then_some(calls as u64);
    Told::KernelStackOverflow { at: event, size_bytes: kloom_guest::layout::THREAD_SIZE, frames: Vec::new(), recursion }
}

fn damage(why: &str) -> ListDamage {
    if why.contains("LIST_POISON") {
        ListDamage::AlreadyDeleted
    } else if why.contains("is NULL") {
        ListDamage::NeverAdded
    } else if why.contains("double add") {
        ListDamage::AlreadyAdded
    } else {
        ListDamage::Neighbours
    }
}

/// Processor faults that have no theme of their own; the instruction itself is known.
pub(super) fn refused(story: &mut Story, machine: &Machine, report: &Report) -> Option<Told> {
    let kind = match report.fault {
        Fault::DivideError { .. } => OopsKind::DivideError,
        Fault::InvalidOpcode { .. } => OopsKind::InvalidOpcode,
        Fault::GeneralProtection { .. } => OopsKind::GeneralProtection,
        _ => return None,
    };
    let mut at = story.resolver.event_at(machine, &report.at, Address::Exact);
    at.call = String::new();
    Some(Told::Oops { kind, at, address: None })
}
