//! Locks: who holds what, who waits for whom.

use kloom_diag::{
    Access, AccessKind, BadUnlock, Blocked, Event, Fault as Told, Held, LockEdge, Object, ObjectKind, Proof,
};
use kloom_kernel::fault::{DataRace, DepLock, Fault, LockOrder, OrderKind, RaceSide, Report};
use kloom_kernel::lock::Holder;
use kloom_kernel::lock::lockdep::DepKind;
use kloom_kernel::site::{ContextKind, RawEvent};
use kloom_kernel::task::{BlockedOn, LockClass, Task, TaskId};
use kloom_shim::Machine;

use super::Story;
use super::context::boundary;
use super::resolve::block_object;
use super::threads::blocked;

/// Tells faults of this theme; None for others.
pub(super) fn tell(story: &mut Story, machine: &Machine, report: &Report) -> Option<Told> {
    let at = &report.at;
    match &report.fault {
        Fault::Deadlock { cycle } => deadlock(story, machine, cycle),
        Fault::LockOrder(order) => Some(lock_order(story, machine, order)),
        Fault::DataRace(race) => Some(data_race(story, machine, race)),
        Fault::SpinDeadlock { lock, owner } => Some(spin_deadlock(story, machine, at, *lock, owner)),
        Fault::CallbackDeadlock { addr, lock, taken, spins } => {
            Some(callback_deadlock(story, machine, at, *addr, *lock, taken, spins))
        }
        Fault::LockHeldAtExit { class, name, taken, since_ns, place } => {
            let acquired = story.resolver.event_of(machine, *taken, at, *since_ns);
            let object = lock_by_name(story, machine, *class, name, &acquired);
            let at = story.resolver.event_at_return(machine, at);
            Some(Told::LockHeldAtExit { at, boundary: boundary(place), held: vec![Held { object, acquired }] })
        }
        Fault::BadUnlock { class, name, why, owner } => {
            let event = story.resolver.event(machine, at);
            let object = lock_by_name(story, machine, *class, name, &event);
            let why = match owner {
                Some(owner) if *why != "not locked" => {
                    BadUnlock::NotOwner { acquired: story.resolver.event(machine, owner) }
                }
                _ => BadUnlock::NotLocked { released: None },
            };
            Some(Told::BadUnlock { object, at: event, why })
        }
        _ => None,
    }
}

/// Locks in orders that can deadlock.
fn lock_order(story: &mut Story, machine: &Machine, order: &LockOrder) -> Told {
    let mut held = |lock: &DepLock, at: &RawEvent| {
        let acquired = story.resolver.event(machine, at);
        let object = match lock.kind {
            DepKind::Lock(class) => {
                let named = story.resolver.argument(&acquired);
                story.resolver.object(machine, lock.addr, kind_of(class), named)
            }
            DepKind::Work => story.resolver.object(machine, lock.addr, ObjectKind::Work, None),
            DepKind::Timer => story.resolver.object(machine, lock.addr, ObjectKind::Timer, None),
            DepKind::Thread => {
                let task = machine.kernel.tasks.iter().find(|task| task.addr == lock.addr);
                Object::new(ObjectKind::Task, task.map_or_else(String::new, Task::name), 0)
            }
        };
        Held { object, acquired }
    };
    let edges = order
        .edges
        .iter()
        .map(|edge| LockEdge { held: held(&edge.held, &edge.held_at), wanted: held(&edge.wanted, &edge.wanted_at) });
    let edges = edges.collect();
    let order = match order.kind {
        OrderKind::Circle => kloom_diag::OrderKind::Circle,
        OrderKind::Recursive => kloom_diag::OrderKind::Recursive,
        OrderKind::Inconsistent { hard } => kloom_diag::OrderKind::Inconsistent { hard },
        OrderKind::Inversion { hard } => kloom_diag::OrderKind::Inversion { hard },
    };
    Told::LockOrder { order, edges }
}

/// Two accesses without order.
fn data_race(story: &mut Story, machine: &Machine, race: &DataRace) -> Told {
    let addr = if race.second.frees { race.first.addr } else { race.first.addr.max(race.second.addr) };
    let object = match story.resolver.variable(machine, addr) {
        Some((object, _)) => object,
        None => match machine.arena.heap.block_at(addr) {
            Some(block) => {
                let mut object = block_object(&block);
                object.declared = story.resolver.event(machine, &block.allocated).site;
                object
            }
            None => Object::default(),
        },
    };
    let mut side = |side: &RaceSide| {
        let mut event = story.resolver.event(machine, &side.at);
        if !side.frees {
            event.call = String::new();
        }
        let kind = if side.frees {
            AccessKind::Call
        } else if side.write {
            AccessKind::Write
        } else {
            AccessKind::Read
        };
        let mut access = Access::new(event, kind, u64::from(side.size), side.addr);
        access.marked = side.marked;
        let locks = side.held.iter().filter(|(class, _)| !matches!(class, LockClass::Rcu | LockClass::Srcu));
        access.locks = locks.map(|&(class, addr)| story.resolver.object(machine, addr, kind_of(class), None)).collect();
        access
    };
    let (first, second) = (side(&race.first), side(&race.second));
    let ordered_by = race.ordered_by.map(|at| story.resolver.event(machine, &at)).filter(|event| event.site.is_some());
    Told::DataRace { object, first, second, ordered_by, threads: Vec::new(), steps: Vec::new() }
}

/// The kind of object a class of locks is.
fn kind_of(class: LockClass) -> ObjectKind {
    match class {
        LockClass::Spinlock => ObjectKind::Spinlock,
        LockClass::RwlockRead | LockClass::RwlockWrite => ObjectKind::Rwlock,
        LockClass::Mutex => ObjectKind::Mutex,
        LockClass::Semaphore => ObjectKind::Semaphore,
        LockClass::RwsemRead | LockClass::RwsemWrite => ObjectKind::RwSemaphore,
        LockClass::Rcu => ObjectKind::RcuReader,
        LockClass::Srcu => ObjectKind::SrcuReader,
    }
}

/// The address of the C object behind a handle.
fn address(machine: &Machine, class: LockClass, handle: u32) -> Option<u64> {
    let locks = &machine.kernel.locks;
    let index = (handle as usize).checked_sub(1)?;
    match kind_of(class) {
        ObjectKind::Mutex => locks.mutex.get(index).map(|lock| lock.addr),
        ObjectKind::Semaphore | ObjectKind::RwSemaphore => locks.semaphore.get(index).map(|lock| lock.addr),
        ObjectKind::Spinlock | ObjectKind::Rwlock => locks.spin.get(index).map(|lock| lock.addr),
        _ => None,
    }
}

/// The lock behind a handle; `event` is a call that names it.
fn lock_object(story: &mut Story, machine: &Machine, class: LockClass, handle: u32, event: &Event) -> Object {
    if class == LockClass::Rcu {
        return Object::new(ObjectKind::RcuReader, "", 0);
    }
    let named = story.resolver.argument(event);
    match address(machine, class, handle) {
        Some(addr) => story.resolver.object(machine, addr, kind_of(class), named),
        None => Object::new(kind_of(class), named.unwrap_or_else(|| machine.kernel.lock_name(class, handle)), 0),
    }
}

/// A lock of which a report carries only the name.
fn lock_by_name(story: &mut Story, machine: &Machine, class: LockClass, name: &str, event: &Event) -> Object {
    if class == LockClass::Rcu {
        return Object::new(ObjectKind::RcuReader, "", 0);
    }
    let locks = &machine.kernel.locks;
    let addr = match kind_of(class) {
        ObjectKind::Mutex => locks.mutex.iter().find(|(_, lock)| lock.name == name).map(|(_, lock)| lock.addr),
        ObjectKind::Semaphore | ObjectKind::RwSemaphore => {
            locks.semaphore.iter().find(|(_, lock)| lock.name == name).map(|(_, lock)| lock.addr)
        }
        ObjectKind::Spinlock | ObjectKind::Rwlock => {
            locks.spin.iter().find(|(_, lock)| lock.name == name).map(|(_, lock)| lock.addr)
        }
        _ => None,
    };
    let named = story.resolver.argument(event);
    match addr {
        Some(addr) => story.resolver.object(machine, addr, kind_of(class), named),
        None => Object::new(kind_of(class), name, 0),
    }
}

/// The locks a task holds.
pub(super) fn held_by(story: &mut Story, machine: &Machine, task: &Task) -> Vec<Held> {
    let at = RawEvent { task: task.id, pid: task.pid, comm: task.comm(), context: ContextKind::Task, ..task.slept_at };
    task.held
        .iter()
        .map(|lock| {
            let acquired = story.resolver.event_of(machine, lock.taken, &at, lock.time_ns);
            Held { object: lock_object(story, machine, lock.class, lock.handle, &acquired), acquired }
        })
        .collect()
}

/// What a task is blocked on, and who has it; `since` is the call it is blocked in.
pub(super) fn waits_for(
    story: &mut Story,
    machine: &Machine,
    task: &Task,
    since: &Event,
) -> (Option<Object>, Option<Event>) {
    let kernel = &machine.kernel;
    let named = story.resolver.argument(since);
    let holder_event =
        |story: &mut Story, holder: Option<Holder>| holder.map(|holder| story.resolver.event(machine, &holder.at));
    match task.blocked_on {
        BlockedOn::WaitQueue(handle) => {
            let object = kernel
                .waits
                .get(handle)
                .map(|queue| story.resolver.object(machine, queue.addr, ObjectKind::WaitQueue, named));
            (object, None)
        }
        BlockedOn::Completion(handle) => {
            let object = kernel
                .completions
                .get(handle)
                .map(|one| story.resolver.object(machine, one.addr, ObjectKind::Completion, named));
            (object, None)
        }
        BlockedOn::Mutex(handle) => {
            let owner = (handle as usize)
                .checked_sub(1)
                .and_then(|index| kernel.locks.mutex.get(index))
                .and_then(|lock| lock.owner);
            let object = lock_object(story, machine, LockClass::Mutex, handle, since);
            (Some(object), holder_event(story, owner))
        }
        BlockedOn::Semaphore(handle) | BlockedOn::RwsemRead(handle) | BlockedOn::RwsemWrite(handle) => {
            let lock = (handle as usize).checked_sub(1).and_then(|index| kernel.locks.semaphore.get(index));
            let owner =
                lock.and_then(|lock| lock.writer.or(lock.readers.first().copied()).or(lock.takers.last().copied()));
            let class = if matches!(task.blocked_on, BlockedOn::Semaphore(_)) {
                LockClass::Semaphore
            } else {
                LockClass::RwsemWrite
            };
            let object = lock_object(story, machine, class, handle, since);
            (Some(object), holder_event(story, owner))
        }
        BlockedOn::Spinlock(handle) | BlockedOn::Rwlock(handle) => {
            let lock = (handle as usize).checked_sub(1).and_then(|index| kernel.locks.spin.get(index));
            let owner = lock.and_then(|lock| lock.writer.or(lock.readers.first().copied()));
            let object = lock_object(story, machine, LockClass::Spinlock, handle, since);
            (Some(object), holder_event(story, owner))
        }
        BlockedOn::KthreadStop(target) | BlockedOn::KthreadPark(target) => {
            let who = super::resolve::who_task(machine, target);
            let created = kernel.tasks.get(target).map(|task| task.created);
            let owner = created.map(|created| Event { who: who.clone(), ..story.resolver.event(machine, &created) });
            (Some(Object::new(ObjectKind::Task, who.comm, 0)), owner)
        }
        BlockedOn::Work(work) => {
            let object = story.resolver.object(machine, work, ObjectKind::Work, named.map(|name| plain(&name)));
            let runner = kernel.workqueues.blockers_of(work).first().copied();
            (Some(object), runner.and_then(|worker| job_event(story, machine, worker)))
        }
        BlockedOn::Workqueue(handle) => {
            let name = named.or_else(|| kernel.workqueues.name_of(handle).map(str::to_string));
            let runner = kernel.workqueues.workers_in(handle).first().copied();
            let object = Object::new(ObjectKind::Workqueue, name.unwrap_or_default(), 0);
            (Some(object), runner.and_then(|worker| job_event(story, machine, worker)))
        }
        BlockedOn::GracePeriod => {
            let readers = kernel.rcu.readers_for(task.id);
            let reader = readers.iter().find(|&&reader| reader == task.id).or_else(|| readers.first());
            let owner = reader.and_then(|&reader| kernel.tasks.get(reader)).and_then(|reader| {
                let held = held_by(story, machine, reader);
                held.into_iter().find(|held| held.object.kind == ObjectKind::RcuReader).map(|held| held.acquired)
            });
            (Some(Object::new(ObjectKind::GracePeriod, "", 0)), owner)
        }
        BlockedOn::Srcu(addr) => {
            let object = story.resolver.object(machine, addr, ObjectKind::GracePeriod, named);
            let reader = kernel.rcu.srcu_readers(addr).next();
            (Some(object), reader.map(|at| story.resolver.event(machine, &at)))
        }
        BlockedOn::Tasklet(addr) => {
            let object = story.resolver.object(machine, addr, ObjectKind::Tasklet, named);
            let at = machine.scheduled_tasklets().into_iter().find(|(tasklet, ..)| *tasklet == addr).map(|(.., at)| at);
            (Some(object), at.map(|at| story.resolver.event(machine, &at)))
        }
        _ => (None, None),
    }
}

/// The queueing of the work a worker runs, told as the worker's doing.
fn job_event(story: &mut Story, machine: &Machine, worker: TaskId) -> Option<Event> {
    let (.., queued, _) = machine.kernel.workqueues.job_of(worker)?;
    let event = story.resolver.event(machine, &queued);
    Some(Event { who: super::resolve::who_task(machine, worker), ..event })
}

/// The name in an expression that takes its address.
fn plain(expression: &str) -> String {
    expression.trim_start_matches('&').to_string()
}

/// Tasks that wait for each other; one that waits for itself is a self-deadlock.
pub(super) fn deadlock(story: &mut Story, machine: &Machine, cycle: &[TaskId]) -> Option<Told> {
    let tasks: Vec<&Task> = cycle.iter().filter_map(|&id| machine.kernel.tasks.get(id)).collect();
    if let [task] = tasks.as_slice() {
        let blocked = blocked(story, machine, task);
        let acquired = blocked.owner?;
        return Some(Told::SelfDeadlock {
            object: blocked.on.unwrap_or_default(),
            acquired,
            again: blocked.since,
            from_interrupt: false,
        });
    }
    let tasks: Vec<Blocked> = tasks.into_iter().map(|task| blocked(story, machine, task)).collect();
    (!tasks.is_empty()).then_some(Told::Deadlock { tasks, proof: Proof::Proved })
}

/// `del_timer_sync()` under a lock that the timer's function wants.
fn callback_deadlock(
    story: &mut Story,
    machine: &Machine,
    at: &RawEvent,
    addr: u64,
    lock: u32,
    taken: &RawEvent,
    spins: &RawEvent,
) -> Told {
    let (since, acquired) = (story.resolver.event(machine, at), story.resolver.event(machine, taken));
    let wants = story.resolver.event(machine, spins);
    let named = story.resolver.argument(&since);
    let high = !machine.kernel.hrtimers.within(addr..addr + 1).is_empty();
    let timer = story.resolver.object(machine, addr, if high { ObjectKind::Hrtimer } else { ObjectKind::Timer }, named);
    let spinlock = lock_object(story, machine, LockClass::Spinlock, lock, &acquired);
    let held = Held { object: spinlock.clone(), acquired: acquired.clone() };
    let waiter = Blocked { since, state: 'R', on: Some(timer), owner: Some(wants.clone()), holds: vec![held] };
    let callback = Blocked { since: wants, state: 'R', on: Some(spinlock), owner: Some(acquired), holds: Vec::new() };
    Told::Deadlock { tasks: vec![callback, waiter], proof: Proof::Proved }
}

fn spin_deadlock(story: &mut Story, machine: &Machine, at: &RawEvent, lock: u32, owner: &RawEvent) -> Told {
    let again = story.resolver.event(machine, at);
    let acquired = story.resolver.event(machine, owner);
    let object = lock_object(story, machine, LockClass::Spinlock, lock, &again);
    let from_interrupt = at.context != ContextKind::Task && owner.context == ContextKind::Task;
    if owner.pid == at.pid || from_interrupt {
        return Told::SelfDeadlock { object, acquired, again, from_interrupt };
    }
    // Another task has it and cannot run: it was preempted on the only CPU, or is gone.
    let since = again;
    let blocked = Blocked { since, state: 'R', on: Some(object), owner: Some(acquired), holds: Vec::new() };
    Told::Deadlock { tasks: vec![blocked], proof: Proof::Proved }
}
