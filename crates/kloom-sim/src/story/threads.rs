//! Starting, stopping, waking and unloading threads.

use kloom_diag::{Blocked, Event, Fault as Told, LoopSeen, Object, ObjectKind, Proof, TextUser, Who};
use kloom_kernel::fault::{Fault, Report};
use kloom_kernel::module::ModuleState;
use kloom_kernel::site::{ContextKind, RawEvent, Trace};
use kloom_kernel::task::{BlockedOn, Task, TaskId};
use kloom_shim::Machine;

use super::Story;
use super::resolve::{Address, who_of, who_task};
use super::source;

/// Tells faults of this theme; None for others, and for those that are no bug after all.
pub(super) fn tell(story: &mut Story, machine: &Machine, report: &Report) -> Option<Told> {
    match &report.fault {
        Fault::HungTask { victim, since_ns, .. } => hung(story, machine, *victim, *since_ns),
        Fault::SoftLockup { since_ns, hookless, .. } => {
            Some(soft_lockup(story, machine, &report.at, *since_ns, *hookless))
        }
        Fault::Livelock { victim, since_ns } => {
            let task = machine.kernel.tasks.get(*victim)?;
            let whole = machine.rounds.proved.is_some();
            let mut blocked = blocked(story, machine, task);
            if whole {
                blocked.since = story.resolver.event(machine, &report.at);
            }
            let busy_ns = machine.kernel.now().saturating_sub(*since_ns);
            let others: Vec<TaskId> = machine
                .kernel
                .tasks
                .iter()
                .filter(|other| other.kthread().is_some() && !other.has_exited() && !other.slept_at.trace.is_empty())
                .filter(|other| !whole || (!other.se.on_rq && other.timeout.is_none()))
                .filter(|other| machine.rounds.proved.iter().flatten().all(|call| call.0 != other.id))
                .map(|other| other.id)
                .collect();
            let asleep = others.into_iter().filter_map(|other| machine.kernel.tasks.get(other));
            let asleep = asleep.map(|other| self::blocked(story, machine, other)).collect();
            Some(Told::Livelock { tasks: vec![blocked], busy_ns, lasso: true, asleep, whole })
        }
        Fault::ModuleTextGone { ip, module, unloaded } => {
            Some(text_gone(story, machine, report, *ip, module, unloaded))
        }
        Fault::ThreadNeverWoken { target } => never_woken(story, machine, *target, Some(&report.at)),
        Fault::StopExited { target } => {
            let (created, exited) = birth_and_death(machine, *target)?;
            Some(Told::StopExitedThread {
                thread: who_task(machine, *target),
                created: story.resolver.event(machine, &created),
                exited: story.resolver.event_at_return(machine, &exited?),
                stopped: story.resolver.event(machine, &report.at),
            })
        }
        _ => None,
    }
}

/// When a task was created and when it exited, live or released.
pub(super) fn birth_and_death(machine: &Machine, id: TaskId) -> Option<(RawEvent, Option<RawEvent>)> {
    let tasks = &machine.kernel.tasks;
    if let Some(task) = tasks.get(id) {
        return Some((task.created, task.exited));
    }
    tasks.tombstone(id).map(|tombstone| (tombstone.created(), tombstone.exited()))
}

fn never_woken(story: &mut Story, machine: &Machine, target: TaskId, stopped: Option<&RawEvent>) -> Option<Told> {
    let (created, _) = birth_and_death(machine, target)?;
    // An init function that fails half way stops the threads it has created and not yet woken: that is how it is done.
    let module = machine.kernel.tasks.get(target).and_then(Task::kthread).and_then(|kthread| kthread.module);
    let coming =
        module.and_then(|id| machine.kernel.modules.get(id)).is_some_and(|module| module.state == ModuleState::Coming);
    if coming && stopped.is_some() {
        return None;
    }
    Some(Told::ThreadNeverWoken {
        thread: who_task(machine, target),
        created: story.resolver.event(machine, &created),
        stopped: stopped.map(|at| story.resolver.event(machine, at)),
    })
}

/// What only the end of the run shows: threads never woken, signals that had no effect.
pub(super) fn at_the_end(story: &mut Story, machine: &Machine) -> Vec<Told> {
    let mut told = Vec::new();
    let asleep: Vec<TaskId> = machine
        .kernel
        .tasks
        .iter()
        .filter(|task| task.kthread().is_some() && task.blocked_on == BlockedOn::NeverWoken)
        .map(|task| task.id)
        .collect();
    for target in asleep {
        told.extend(never_woken(story, machine, target, None));
    }
    for ignored in story.signals.list.clone() {
        // Threads of the kernel's own ignore signals for good reason.
        let Some(created) = module_thread(machine, ignored.target) else { continue };
        let sender = machine.kernel.tasks.get(ignored.sender);
        let at = RawEvent {
            task: ignored.sender,
            pid: sender.map_or_else(
                || machine.kernel.tasks.tombstone(ignored.sender).map_or(0, |tombstone| tombstone.pid()),
                |task| task.pid,
            ),
            comm: sender.map_or([0; 16], Task::comm),
            cpu: ignored.cpu,
            context: ContextKind::Task,
            time_ns: ignored.time_ns,
            trace: ignored.trace,
        };
        let mut sent = story.resolver.event(machine, &at);
        if sender.is_some_and(|task| task.user().is_some()) || sender.is_none() {
            // A user task's kill(2): no code of the module's.
            sent = Event { site: None, backtrace: Default::default(), call: "kill".into(), ..sent };
        }
        told.push(Told::SignalIgnored {
            thread: who_task(machine, ignored.target),
            signal: signal_name(ignored.signal),
            sent,
            created: Some(story.resolver.event(machine, &created)),
        });
    }
    told
}

fn module_thread(machine: &Machine, id: TaskId) -> Option<RawEvent> {
    match machine.kernel.tasks.get(id) {
        Some(task) => task.kthread().map(|_| task.created),
        None => machine
            .kernel
            .tasks
            .tombstone(id)
            .filter(kloom_kernel::task::Tombstone::is_module_thread)
            .map(|tombstone| tombstone.created()),
    }
}

fn signal_name(signal: i32) -> String {
    const NAMES: [&str; 31] = [
        "HUP", "INT", "QUIT", "ILL", "TRAP", "ABRT", "BUS", "FPE", "KILL", "USR1", "SEGV", "USR2", "PIPE", "ALRM",
        "TERM", "STKFLT", "CHLD", "CONT", "STOP", "TSTP", "TTIN", "TTOU", "URG", "XCPU", "XFSZ", "VTALRM", "PROF",
        "WINCH", "IO", "PWR", "SYS",
    ];
    match usize::try_from(signal - 1).ok().and_then(|index| NAMES.get(index)) {
        Some(name) => format!("SIG{name}"),
        None => format!("signal {signal}"),
    }
}

/// A task has slept in state D for too long: what for?
fn hung(story: &mut Story, machine: &Machine, victim: TaskId, since_ns: u64) -> Option<Told> {
    let kernel = &machine.kernel;
    let task = kernel.tasks.get(victim)?;
    if let Some(cycle) = kernel.deadlock_from(victim) {
        return super::locks::deadlock(story, machine, &cycle);
    }
    if task.blocked_on == BlockedOn::NeverWoken {
        return never_woken(story, machine, victim, None);
    }
    let proof = Proof::Bounded { limit_ns: kernel.config.hang_after_ns };
    if let BlockedOn::KthreadStop(target) = task.blocked_on
        && let Some(thread) = kernel.tasks.get(target)
    {
        return Some(stop_hang(story, machine, task, thread, proof));
    }
    let blocked = blocked(story, machine, task);
    Some(Told::HungTask { task: blocked, blocked_ns: kernel.now().saturating_sub(since_ns), proof })
}

/// What a task waits for, who has it, what it holds itself.
pub(super) fn blocked(story: &mut Story, machine: &Machine, task: &Task) -> Blocked {
    let since = story.resolver.event(machine, &task.slept_at);
    let (on, owner) = super::locks::waits_for(story, machine, task, &since);
    let holds = super::locks::held_by(story, machine, task);
    let spins = matches!(task.blocked_on, BlockedOn::Spinlock(_) | BlockedOn::Rwlock(_));
    let state = if spins { 'R' } else { kloom_abi::sched::state_letter(task.state(), task.c.exit_state.get() as u32) };
    Blocked { since, state, on, owner, holds }
}

/// `kthread_stop()` waits for a thread that does not return.
fn stop_hang(story: &mut Story, machine: &Machine, task: &Task, thread: &Task, proof: Proof) -> Told {
    let stopper = story.resolver.event(machine, &task.slept_at);
    let who = who_task(machine, thread.id);
    let created = Some(story.resolver.event(machine, &thread.created));
    let after = story.stops.of(thread.id).unwrap_or_default();
    let asleep = !thread.se.on_rq;
    let sleeps_for_good = asleep && thread.timeout.is_none();
    if sleeps_for_good
        && after.should_stop_calls == 0
        && matches!(
            thread.blocked_on,
            BlockedOn::WaitQueue(_)
                | BlockedOn::Completion(_)
                | BlockedOn::Semaphore(_)
                | BlockedOn::Schedule
                | BlockedOn::Timeout
        )
    {
        let wait = story.resolver.event(machine, &thread.slept_at);
        let (on, _) = super::locks::waits_for(story, machine, thread, &wait);
        return Told::KthreadStopLostWakeup { stopper, thread: who, created, wait, on, wakeups: after.wakeups, proof };
    }
    let now_at = if asleep {
        story.resolver.event(machine, &thread.slept_at)
    } else {
        let at = RawEvent { trace: running_at(thread), ..thread.slept_at };
        story.resolver.event(machine, &at)
    };
    let looping = loop_around(story, &now_at, after.wakeups);
    Told::KthreadStopHang {
        stopper,
        thread: who,
        created,
        looping,
        now_at: now_at.site.is_some().then_some(now_at),
        next_wake_ns: thread.timeout.filter(|_| asleep).map(|key| key.time_ns),
        should_stop_calls: after.should_stop_calls,
        seen_ns: machine.kernel.now(),
        proof,
    }
}

/// Where a task that is not asleep was last seen: where it lost the CPU, else where it last slept.
fn running_at(task: &Task) -> Trace {
    if task.seen_at != 0 { Trace::one(task.seen_at) } else { task.slept_at.trace }
}

/// The loop around an event, if the source shows one and it went round.
fn loop_around(story: &Story, event: &Event, rounds: u64) -> Option<LoopSeen> {
    // The innermost frame need not be the thread function: a helper may do the sleeping.
    event.backtrace.0.iter().find_map(|site| {
        let line = source::enclosing_loop(&*story.resolver.sources, &site.file, site.line)?;
        let site = kloom_diag::Site { line, column: None, ..site.clone() };
        (rounds > 0).then_some(LoopSeen { site, rounds })
    })
}

fn soft_lockup(story: &mut Story, machine: &Machine, at: &RawEvent, since_ns: u64, hookless: bool) -> Told {
    let address = if hookless { Address::Exact } else { Address::Return };
    let mut event = story.resolver.event_at(machine, at, address);
    event.call = String::new();
    if let Some(site) = &mut event.site
        && let Some(line) = source::enclosing_loop(&*story.resolver.sources, &site.file, site.line)
        && line != site.line
    {
        // The loop says more than the statement in it that the clock happened to hit.
        *site = kloom_diag::Site { line, column: None, ..site.clone() };
    }
    let preempt_disabled = machine.kernel.tasks.get(at.task).is_some_and(|task| task.preempt_count != 0);
    Told::SoftLockup { at: event, busy_ns: at.time_ns.saturating_sub(since_ns), looping: None, preempt_disabled }
}

/// Code of an unloaded module was about to run.
fn text_gone(
    story: &mut Story,
    machine: &Machine,
    report: &Report,
    ip: u64,
    module: &str,
    unloaded: &RawEvent,
) -> Told {
    let at = &report.at;
    let task = machine.kernel.tasks.get(at.task);
    let kthread = task.filter(|task| task.kthread().is_some() && at.context == ContextKind::Task);
    // A return address lies behind the call the thread slept in; a callback is called at its first byte.
    let starts_here = machine
        .locate(ip)
        .and_then(|(_, module, section, offset)| {
            module.symbolizer().resolve(section, offset).map(|symbol| symbol.offset == 0)
        })
        .unwrap_or(false);
    let address = if starts_here { Address::Exact } else { Address::Return };
    let mut trace = at.trace;
    trace.0[0] = ip;
    let used = story.resolver.event_at(machine, &RawEvent { trace, ..*at }, address);
    let unloaded_at = story.resolver.event_at_return(machine, unloaded);
    let (user, object, created) = match kthread {
        Some(task) => {
            let created = story.resolver.event(machine, &task.created);
            (TextUser::Thread, Object::new(ObjectKind::Task, task.name(), 0), Some(created))
        }
        None if at.context == ContextKind::Task
            && let Some((work, func, queued, _)) = machine.kernel.workqueues.job_of(at.task) =>
        {
            let queued = story.resolver.event(machine, &queued);
            let mut object = story.resolver.object(machine, work, ObjectKind::Work, story.resolver.argument(&queued));
            if object.name.is_empty() {
                object.name = machine.symbolic(func).split('+').next().unwrap_or("").to_string();
            }
            (TextUser::Work, object, Some(queued))
        }
        None if at.context == ContextKind::Softirq => {
            let timer = machine.kernel.timers.by_func(ip);
            let (object, armed) = match timer {
                Some(timer) => {
                    let object = story.resolver.object(machine, timer.addr, ObjectKind::Timer, None);
                    (object, Some(story.resolver.event(machine, &timer.armed)))
                }
                None => (Object::new(ObjectKind::Timer, "", 0), None),
            };
            (TextUser::Timer, object, armed)
        }
        None if machine.stub_calling(ip).is_some() => {
            let call = machine.stub_calling(ip).unwrap_or("");
            (TextUser::SystemCall, Object::new(ObjectKind::ModuleText, call, 0), None)
        }
        None => {
            let function = machine.symbolic(ip);
            let name = function.split('+').next().unwrap_or("").to_string();
            // In task context, what calls into a module that is gone is a file of its own.
            let user = if at.context == ContextKind::Task { TextUser::FileOperation } else { TextUser::Callback };
            (user, Object::new(ObjectKind::ModuleText, name, 0), None)
        }
    };
    Told::ModuleTextInUse { module: module.to_string(), user, object, created, unloaded: unloaded_at, used }
}

/// The unload of the module an event belongs to; for reports made while it goes.
pub(super) fn unloading(story: &mut Story, machine: &Machine, at: &RawEvent) -> Event {
    let mut event = story.resolver.event_at_return(machine, at);
    event.who = Who { ..who_of(machine, at) };
    event
}
