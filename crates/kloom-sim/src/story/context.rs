//! Context rules: sleeping, preemption, interrupts.

use kloom_diag::{AtomicCause, Boundary, Event, Fault as Told, Held, Object, ObjectKind};
use kloom_kernel::fault::{Fault, Report};
use kloom_kernel::site::{ContextKind, RawEvent, Trace};
use kloom_kernel::task::{HeldLock, LockClass};
use kloom_shim::Machine;

use super::Story;

/// The part of `preempt_count()` that counts `preempt_disable()`.
const PREEMPT_MASK: u32 = 0xff;
/// The part that counts softirqs and `local_bh_disable()`.
const SOFTIRQ_MASK: u32 = 0xff00;

/// Tells faults of this theme; None for others.
pub(super) fn tell(story: &mut Story, machine: &Machine, report: &Report) -> Option<Told> {
    let at = &report.at;
    match &report.fault {
        Fault::SleepInAtomic { func, preempt_count, irqs_off, since, held, scheduling } => {
            let mut slept = story.resolver.event(machine, at);
            if slept.call.is_empty() {
                slept.call = (*func).to_string();
            }
            let why = cause(story, machine, at, *preempt_count, *irqs_off, *since, held);
            Some(Told::SleepInAtomic { slept, why, really: *scheduling })
        }
        Fault::UserCopyInAtomic { func } => {
            let mut copied = story.resolver.event(machine, at);
            if copied.call.is_empty() {
                copied.call = (*func).to_string();
            }
            let task = machine.kernel.tasks.get(at.task);
            let (count, irqs_off, since) = task
                .map_or((0, false, Trace::default()), |task| (task.preempt_count, task.irqs_off, task.preempt_site));
            let held = task.map(|task| task.held.clone()).unwrap_or_default();
            let why = cause(story, machine, at, count, irqs_off, since, &held);
            Some(Told::UserCopyInAtomic { copied, why })
        }
        Fault::UnbalancedPreempt { place, preempt_count, irqs_off, since } => {
            let (missing, depth) = if *preempt_count & PREEMPT_MASK != 0 {
                ("preemption", (preempt_count & PREEMPT_MASK) as i32)
            } else if *preempt_count & SOFTIRQ_MASK != 0 {
                ("bottom halves", ((preempt_count & SOFTIRQ_MASK) >> 9) as i32)
            } else {
                ("interrupts", i32::from(*irqs_off))
            };
            let disabled = began(story, machine, at, *since);
            Some(Told::UnbalancedPreempt {
                at: story.resolver.event_at_return(machine, at),
                boundary: boundary(place),
                missing: missing.to_string(),
                depth,
                disabled,
            })
        }
        _ => None,
    }
}

/// Which boundary a check of the kernel's stands at.
pub(super) fn boundary(place: &str) -> Boundary {
    match place {
        "return of the init function" => Boundary::InitReturn,
        "return of the exit function" => Boundary::ExitReturn,
        "return to user space" => Boundary::UserReturn,
        "return of the callback" => Boundary::TimerReturn,
        _ => Boundary::ThreadExit,
    }
}

/// The call that began an atomic section, if it was recorded.
fn began(story: &mut Story, machine: &Machine, at: &RawEvent, since: Trace) -> Option<Event> {
    let event = story.resolver.event_of(machine, since, at, at.time_ns);
    event.site.is_some().then_some(event)
}

/// Why code must not sleep.
fn cause(
    story: &mut Story,
    machine: &Machine,
    at: &RawEvent,
    count: u32,
    irqs_off: bool,
    since: Trace,
    held: &[HeldLock],
) -> AtomicCause {
    let spinning =
        |lock: &&HeldLock| matches!(lock.class, LockClass::Spinlock | LockClass::RwlockRead | LockClass::RwlockWrite);
    let locks: Vec<HeldLock> = held.iter().filter(spinning).copied().collect();
    match at.context {
        ContextKind::Hardirq => return AtomicCause::Hardirq,
        ContextKind::Softirq => return AtomicCause::Softirq,
        ContextKind::Task => {}
    }
    if !locks.is_empty() {
        let held = locks
            .iter()
            .map(|lock| {
                let acquired = story.resolver.event_of(machine, lock.taken, at, lock.time_ns);
                let named = story.resolver.argument(&acquired);
                let kind = if lock.class == LockClass::Spinlock { ObjectKind::Spinlock } else { ObjectKind::Rwlock };
                let addr = machine.kernel.locks.spin.get((lock.handle as usize).wrapping_sub(1)).map(|lock| lock.addr);
                let object = match addr {
                    Some(addr) => story.resolver.object(machine, addr, kind, named),
                    None => Object::new(kind, named.unwrap_or_default(), 0),
                };
                Held { object, acquired }
            })
            .collect();
        return AtomicCause::Spinlock { held };
    }
    if let Some(lock) = held.iter().find(|lock| lock.class == LockClass::Rcu) {
        return AtomicCause::RcuRead { entered: Some(story.resolver.event_of(machine, lock.taken, at, lock.time_ns)) };
    }
    let disabled = began(story, machine, at, since);
    if count & PREEMPT_MASK != 0 {
        AtomicCause::PreemptDisabled { disabled }
    } else if count & SOFTIRQ_MASK != 0 {
        AtomicCause::BhDisabled { disabled }
    } else if irqs_off {
        AtomicCause::IrqsDisabled { disabled: None }
    } else {
        AtomicCause::PreemptDisabled { disabled }
    }
}
