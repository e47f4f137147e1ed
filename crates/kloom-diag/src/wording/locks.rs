//! Words for faults of locking, of atomic context and of data shared without order.

use crate::event::{Access, Blocked, Context, Event, Held, Object, ObjectKind};
use crate::fault::{AtomicCause, BadUnlock, Boundary, Fault, LockEdge, OrderKind, Proof, Step};
use crate::wording::patch;
use crate::wording::phrase::{
    access, actor, an_object, atomic, boundary, by, call, duration, name, object, plural, proof, time, who,
};
use crate::wording::story::Story;
use crate::wording::threads::{hung_line, state};

/// Tells faults of this group; `false` for others.
pub(super) fn tell(story: &mut Story<'_>, fault: &Fault) -> bool {
    match fault {
        Fault::HungTask { task, blocked_ns, proof: sure } => hung(story, task, *blocked_ns, *sure),
        Fault::Deadlock { tasks, proof: sure } => deadlock(story, tasks, *sure),
        Fault::SelfDeadlock { object: lock, acquired, again, from_interrupt } => {
            self_deadlock(story, lock, acquired, again, *from_interrupt)
        }
        Fault::LockOrder { order: OrderKind::Circle, edges } => lock_order(story, edges),
        Fault::LockOrder { order: OrderKind::Recursive, edges } => same_class(story, edges),
        Fault::LockOrder { order: OrderKind::Inconsistent { hard } | OrderKind::Inversion { hard }, edges } => {
            inversion(story, edges, *hard);
        }
        Fault::SleepInAtomic { slept, why, really } => sleep_in_atomic(story, slept, why, *really),
        Fault::UserCopyInAtomic { copied, why } => {
            story.title(format!("{} copies user memory {}, and may have to sleep for it", actor(copied), atomic(why)));
            cause_steps(story, why);
            story.blame(copied, format!("called {}", by(copied)));
            story.note("the user page may have to be read from disk first, which sleeps");
            story.linux("\"BUG: sleeping function called from invalid context\" from `might_fault()`, or a deadlock when the page really is absent");
            story
                .help("copy into a local buffer or `kmalloc()` memory before taking the lock, or hold a mutex instead");
        }
        Fault::UnbalancedPreempt { at, boundary: edge, missing, depth, disabled } => {
            unbalanced(story, at, *edge, missing, *depth, disabled.as_ref())
        }
        Fault::LockHeldAtExit { at, boundary: edge, held } => held_at_exit(story, at, *edge, held),
        Fault::BadUnlock { object: lock, at, why } => bad_unlock(story, lock, at, why),
        Fault::DataRace { object: target, first, second, ordered_by, .. }
            if second.kind == crate::event::AccessKind::Call =>
        {
            freed_unordered(story, target, first, second, ordered_by.as_ref());
        }
        Fault::DataRace { object: target, first, second, ordered_by, threads, steps } => {
            data_race(story, target, first, second, ordered_by.as_ref());
            drawing(story, threads, steps);
            story.help(race_help(target, first, second));
        }
        Fault::Livelock { tasks, busy_ns, lasso, asleep, whole } => match tasks.as_slice() {
            [task] if *whole => goes_round(story, task, asleep),
            [task] if *lasso => polls_for_ever(story, task, *busy_ns, asleep),
            _ => livelock(story, tasks, *busy_ns),
        },
        _ => return false,
    }
    true
}

/// One task whose rounds are all the same.
fn polls_for_ever(story: &mut Story<'_>, task: &Blocked, busy_ns: u64, asleep: &[Blocked]) {
    let comm = name(&task.since.who.comm);
    story.title(format!("{comm} never terminates: it polls for something that nobody is left to do"));
    story.blame(
        &task.since,
        format!("{} sleeps here, wakes up, finds everything as it was, and sleeps again", who(&task.since.who)),
    );
    for other in asleep {
        let text = format!("{} sleeps here in state {}, and nobody wakes it", who(&other.since.who), state(other));
        story.step(&other.since, text);
    }
    story.note("verdict is proved: two rounds of the loop begin in the same state (its stack, the modules' variables, the heap), it does not look at the time, and no other thread, timer, work or interrupt can run any more; so all rounds are the same".to_owned());
    story.note(format!("it had gone round for {} when this was seen", duration(busy_ns)));
    story.linux("silence: the command never returns, and can be killed only if it sleeps interruptibly");
    story.help("find out who is to make the condition true, and see to it before waiting: stop or wake that thread first; or let the wait end after a time");
}

/// A task runs again and again through the same states of the whole machine.
fn goes_round(story: &mut Story<'_>, task: &Blocked, asleep: &[Blocked]) {
    let comm = name(&task.since.who.comm);
    story.title(format!("{comm} never terminates: it goes round in a loop, and nothing that can run ends it"));
    story.blame(&task.since, format!("{} comes by here in every round", who(&task.since.who)));
    for other in asleep {
        let text = format!("{} sleeps here in state {}, and nobody wakes it", who(&other.since.who), state(other));
        story.step(&other.since, text);
    }
    story.note("verdict is proved: the machine comes back to the same state (the modules' variables, the heap, all stacks, what everybody waits for, when timers go off), it does not look at the time, and everyone who can run did run in between; so the same can happen for ever".to_owned());
    story.linux("silence, a busy CPU if the loop never sleeps, `watchdog: BUG: soft lockup` if it never gives the CPU away; the command never returns");
    story.help("find out who is to make the condition true, and see to it before waiting: stop or wake that thread first; or let the wait end after a time");
}

/// Several tasks that keep each other from getting on.
fn livelock(story: &mut Story<'_>, tasks: &[Blocked], busy_ns: u64) {
    story.title(format!(
        "{} kept running for {} and none of them got anywhere",
        plural(tasks.len() as u64, "task"),
        duration(busy_ns)
    ));
    for (index, task) in tasks.iter().enumerate() {
        let text = format!("{} goes round here", who(&task.since.who));
        if index == 0 {
            story.blame(&task.since, text);
        } else {
            story.step(&task.since, text);
        }
    }
    story.linux("a busy machine and silence, or a soft lockup when no task ever schedules");
    story.help("when a trylock fails, sleep or back off for different times, or take the locks in one fixed order without trylock");
}

/// Writes `` mutex `b`, held by `y` (pid 2) since b.c:4 ``.
fn waits_for(task: &Blocked) -> String {
    let Some(on) = &task.on else {
        return "a wake-up".to_owned();
    };
    match &task.owner {
        Some(owner) if matches!(on.kind, ObjectKind::Timer | ObjectKind::Hrtimer) => {
            format!("the function of {}, run by {}", object(on), party(owner))
        }
        Some(owner) if on.kind == ObjectKind::Task => format!("{} to return", who(&owner.who)),
        Some(owner) if matches!(on.kind, ObjectKind::Work | ObjectKind::Workqueue) => {
            format!("{}, run by {}", object(on), who(&owner.who))
        }
        Some(owner) if on.kind == ObjectKind::GracePeriod => {
            format!("{} that {} holds up", object(on), who(&owner.who))
        }
        Some(owner) => format!("{}, held by {}", object(on), who(&owner.who)),
        None => object(on),
    }
}

/// The locks that the reader can find: those of the kernel's own (a file's, a directory's) have no name.
pub(super) fn named(holds: &[Held]) -> impl Iterator<Item = &Held> {
    holds.iter().filter(|held| !held.object.name.is_empty() || held.object.size > 0)
}

fn hung(story: &mut Story<'_>, task: &Blocked, blocked_ns: u64, sure: Proof) {
    let event = &task.since;
    story.title(format!(
        "{} has been asleep in {} for {} and no signal can wake it",
        who(&event.who),
        call(event, "state D"),
        duration(blocked_ns)
    ));
    if let Some(owner) = &task.owner {
        story.step(owner, what_owner_did(task, owner));
    }
    story.blame(
        event,
        format!(
            "sleeps here in state {} since t={}, waiting for {}",
            state(task),
            time(event.time_ns),
            waits_for(task)
        ),
    );
    for held in named(&task.holds) {
        story.note(format!("it holds {}, so whoever wants that hangs too", object(&held.object)));
    }
    story.note(proof(sure, "nothing woke it"));
    story.linux(hung_line(&event.who));
    story.help("make sure that someone wakes it on every path; wait interruptibly (`wait_event_interruptible()`, `mutex_lock_killable()`) where a user may lose patience");
}

/// Who takes part in a deadlock: a task, or the interrupt that runs on its CPU.
fn party(event: &Event) -> String {
    match event.who.context {
        Context::Softirq => format!("a softirq on cpu{}", event.who.cpu),
        Context::Hardirq => format!("an interrupt on cpu{}", event.who.cpu),
        _ => name(&event.who.comm),
    }
}

/// The step that says how what a task waits for came about.
fn what_owner_did(task: &Blocked, owner: &Event) -> String {
    match task.on.as_ref().map(|on| on.kind) {
        Some(ObjectKind::Work | ObjectKind::Workqueue) => {
            format!("{} runs the work; it was queued at t={}", who(&owner.who), time(owner.time_ns))
        }
        Some(ObjectKind::GracePeriod) => format!("the reader it waits for entered {}", by(owner)),
        Some(ObjectKind::Tasklet) => format!("the tasklet was scheduled {}", by(owner)),
        Some(ObjectKind::Task) => format!("{} was created at t={}", who(&owner.who), time(owner.time_ns)),
        _ => format!("what it waits for was taken {}", by(owner)),
    }
}

fn deadlock(story: &mut Story<'_>, tasks: &[Blocked], sure: Proof) {
    let names: Vec<_> = tasks.iter().map(|task| party(&task.since)).collect();
    let circle = match names.as_slice() {
        [one, other] => format!("{one} and {other} wait for each other"),
        _ => format!("{} wait for each other in a circle", names.join(", ")),
    };
    story.title(format!("{circle}, for ever"));
    for (index, task) in tasks.iter().enumerate() {
        for held in &task.holds {
            story.step(
                &held.acquired,
                format!("{} took {} at t={}", who(&task.since.who), object(&held.object), time(held.acquired.time_ns)),
            );
        }
        let text = format!("{} waits here for {}", who(&task.since.who), waits_for(task));
        if index + 1 == tasks.len() {
            story.blame(&task.since, text);
        } else {
            story.step(&task.since, text);
        }
    }
    for task in tasks {
        if let Some(on) = &task.on {
            let holder = task.owner.as_ref().map_or_else(|| "?".to_owned(), party);
            story.note(format!("{} -> {} -> {holder}", party(&task.since), object(on)));
        }
    }
    story.note(proof(sure, "none of them can go on"));
    let lockdep = "with lockdep \"WARNING: possible circular locking dependency detected\"";
    if tasks.iter().all(|task| task.state == 'R') {
        story.linux(format!("the CPUs spin for ever: \"watchdog: BUG: soft lockup\"; {lockdep}"));
    } else {
        let first = tasks.first().map(|task| hung_line(&task.since.who)).unwrap_or_default();
        story.linux(format!("{first} for each of them; {lockdep}"));
    }
    let waits = |kind: ObjectKind| tasks.iter().any(|task| task.on.as_ref().is_some_and(|on| on.kind == kind));
    if waits(ObjectKind::Work) || waits(ObjectKind::Workqueue) {
        story.help("do not flush, cancel with `_sync` or destroy a queue while holding a lock that the work takes: release the lock first");
    } else if waits(ObjectKind::Timer) || waits(ObjectKind::Hrtimer) {
        story.help("do not call `del_timer_sync()` or `hrtimer_cancel()` while holding a lock that the timer's function takes: release the lock first");
    } else if waits(ObjectKind::Task) {
        story.help("do not call `kthread_stop()` while holding a lock that the thread takes: release the lock first");
    } else if waits(ObjectKind::GracePeriod) {
        story.help("do not wait for a grace period while holding what a reader waits for inside its read section");
    } else {
        story.help("take the locks in the same order everywhere");
    }
}

fn self_deadlock(story: &mut Story<'_>, lock: &Object, acquired: &Event, again: &Event, from_interrupt: bool) {
    let lock_name = object(lock);
    if matches!(lock.kind, ObjectKind::Work | ObjectKind::Workqueue | ObjectKind::GracePeriod | ObjectKind::Timer) {
        return waits_for_itself(story, lock, acquired, again);
    }
    if from_interrupt {
        story.title(format!(
            "an interrupt on cpu{} waits for {lock_name}, which the code it interrupted holds",
            again.who.cpu
        ));
    } else {
        story.title(format!("{} waits for {lock_name}, which it holds itself", name(&again.who.comm)));
    }
    story.step(acquired, format!("taken {}", by(acquired)));
    story.blame(again, format!("wanted again {}", by(again)));
    story.note("Linux's mutexes and spinlocks are not recursive");
    story.linux(if from_interrupt {
        "the CPU spins for ever (\"watchdog: BUG: soft lockup\" or a hard lockup); with lockdep \"WARNING: inconsistent lock state\""
    } else if lock.kind == ObjectKind::Spinlock || lock.kind == ObjectKind::Rwlock {
        "the CPU spins for ever: \"watchdog: BUG: soft lockup\"; with lockdep \"WARNING: possible recursive locking detected\""
    } else {
        "the task sleeps for ever: \"INFO: task … blocked for more than 120 seconds.\"; with lockdep \"WARNING: possible recursive locking detected\""
    });
    story.help(if from_interrupt {
        "take the lock with `spin_lock_irqsave()` (`spin_lock_bh()` against softirqs and timers) everywhere outside the interrupt"
    } else {
        "release it first, or split the function into one that takes the lock and one that expects it to be held"
    });
}

/// Somebody waits for the end of what only he can end.
fn waits_for_itself(story: &mut Story<'_>, target: &Object, began: &Event, again: &Event) {
    let task = name(&again.who.comm);
    match target.kind {
        ObjectKind::GracePeriod => {
            story.title(format!("{task} waits for a grace period inside a read section of its own"));
            story.step(began, format!("the section was entered {}", by(began)));
            story.blame(again, format!("waits here {}", by(again)));
            story.note("a grace period ends when everybody has left the read sections that had begun, the waiter too");
            story.linux("the task sleeps for ever: \"INFO: task … blocked for more than 120 seconds.\"; with CONFIG_PROVE_RCU \"Illegal synchronize_rcu() in RCU read-side critical section!\"");
            story.help(
                "leave the read section first; inside one, free with `kfree_rcu()` or `call_rcu()`, which do not wait",
            );
        }
        ObjectKind::Timer => {
            story.title(format!("the function of {} waits for its own end", object(target)));
            story.step(began, format!("armed {}", by(began)));
            story.blame(again, format!("waits here {}", by(again)));
            story.linux("the CPU spins for ever: \"watchdog: BUG: soft lockup\"");
            story.help("a timer's function just does not arm it again; `del_timer()` does not wait");
        }
        _ => {
            story.title(format!("{task} waits for {}, which it runs itself", object(target)));
            story.step(began, format!("the work it runs was queued {}", by(began)));
            story.blame(again, format!("waits for it here {}", by(again)));
            story.note(
                "flushing, cancelling with `_sync` and destroying a queue wait until the work function has returned",
            );
            story.linux("the kworker sleeps for ever: \"INFO: task kworker/… blocked for more than 120 seconds.\"; with lockdep \"WARNING: possible recursive locking detected\"");
            story.help("a work that is to end just does not queue itself again; use `cancel_work()` there, which does not wait, and flush from somewhere else");
        }
    }
}

/// Whether something is waited for instead of being taken.
fn is_waited_for(object: &Object) -> bool {
    matches!(object.kind, ObjectKind::Work | ObjectKind::Timer | ObjectKind::Task)
}

/// Writes how an object is held.
fn holding(object_: &Object) -> String {
    match object_.kind {
        ObjectKind::Work => format!("as {}", object(object_)),
        ObjectKind::Timer => format!("as the function of {}", object(object_)),
        ObjectKind::Task => format!("as thread {}", name(&object_.name)),
        _ => format!("while holding {}", object(object_)),
    }
}

fn lock_order(story: &mut Story<'_>, edges: &[LockEdge]) {
    let mut names: Vec<_> = edges.iter().map(|edge| name(&edge.held.object.name)).collect();
    names.dedup();
    let waits = edges.iter().any(|edge| is_waited_for(&edge.wanted.object));
    if waits {
        story.title(format!("{} can wait for each other for ever", names.join(" and ")));
    } else {
        story.title(format!("locks {} are taken in contradictory orders, which can deadlock", names.join(" and ")));
    }
    for (index, edge) in edges.iter().enumerate() {
        let event = &edge.wanted.acquired;
        let verb = if is_waited_for(&edge.wanted.object) { "waited for" } else { "took" };
        let wanted = object(&edge.wanted.object);
        let text = format!("{} {verb} {wanted} {}", who(&event.who), holding(&edge.held.object));
        let taken_here =
            (!is_waited_for(&edge.held.object)).then(|| format!("{} taken here", object(&edge.held.object)));
        if index + 1 == edges.len() {
            story.blame(event, text);
            if let (Some(site), Some(label)) = (&edge.held.acquired.site, taken_here) {
                story.beside(site, &edge.held.acquired.call, label);
            }
        } else {
            story.step(event, text);
            if let (Some(site), Some(label)) = (&edge.held.acquired.site, taken_here) {
                story.also(site, &edge.held.acquired.call, label);
            }
        }
    }
    story.note("no deadlock happened in this execution: it needs the two orders at the same time");
    story.linux("with lockdep (CONFIG_PROVE_LOCKING): \"WARNING: possible circular locking dependency detected\"; without, a hang once in a while");
    story.help(if waits {
        "do not wait for a work, timer or thread while holding a lock that it takes: give the lock back first"
    } else {
        "choose one order for these locks, write it down where they are declared, and keep to it everywhere"
    });
}

/// Two locks that the same line initialised are held at once.
fn same_class(story: &mut Story<'_>, edges: &[LockEdge]) {
    let Some(edge) = edges.first() else { return };
    let wanted = object(&edge.wanted.object);
    if edge.held.object == edge.wanted.object && edge.wanted.object.kind == ObjectKind::RwSemaphore {
        story.title(format!(
            "{} takes {wanted} for reading while it holds it for reading already",
            actor(&edge.wanted.acquired)
        ));
        story.step(&edge.held.acquired, format!("taken {}", by(&edge.held.acquired)));
        story.blame(&edge.wanted.acquired, format!("taken again {}", by(&edge.wanted.acquired)));
        story.note("a writer that comes between the two waits for the first reader, and the second reader waits behind the writer: nobody goes on");
        story.linux("with lockdep (CONFIG_PROVE_LOCKING): \"WARNING: possible recursive locking detected\"; without, a hang once in a while");
        story.help("take it once, and give the functions that are called meanwhile a form that expects it to be held");
        return;
    }
    story.title(format!(
        "{} takes {wanted} while holding another lock of the same kind, in no order that anybody can see",
        actor(&edge.wanted.acquired)
    ));
    story.step(&edge.held.acquired, format!("{} taken {}", object(&edge.held.object), by(&edge.held.acquired)));
    story.blame(&edge.wanted.acquired, format!("{wanted} taken {}", by(&edge.wanted.acquired)));
    story.note("both locks come from one initialiser; another task may take the two the other way round");
    story.linux("with lockdep (CONFIG_PROVE_LOCKING): \"WARNING: possible recursive locking detected\"");
    story.help("order such locks by something fixed (their address, parent before child), and say so with `mutex_lock_nested()` or `spin_lock_nested()`");
}

/// A lock of interrupts is taken where an interrupt can come in between.
fn inversion(story: &mut Story<'_>, edges: &[LockEdge], hard: bool) {
    let Some((uses, way)) = edges.split_first() else { return };
    let (inside, form) = if hard {
        ("an interrupt handler", "`spin_lock_irqsave()`")
    } else {
        ("a softirq or timer callback", "`spin_lock_bh()`")
    };
    let (open, safe) = (object(&uses.held.object), object(&uses.wanted.object));
    if way.is_empty() {
        story.title(format!("{safe} is taken in {inside}, and elsewhere while such interrupts are enabled"));
    } else {
        story.title(format!(
            "{safe} is taken in {inside} but depends on {open}, which is taken while such interrupts are enabled"
        ));
    }
    story.step(&uses.wanted.acquired, format!("taken in {inside} {}", by(&uses.wanted.acquired)));
    for edge in way {
        let event = &edge.wanted.acquired;
        story.step(
            event,
            format!("{} took {} {}", who(&event.who), object(&edge.wanted.object), holding(&edge.held.object)),
        );
    }
    story.blame(&uses.held.acquired, format!("taken {} with interrupts enabled", by(&uses.held.acquired)));
    story.note("when the interrupt comes between this lock and its unlock, on the same CPU, it waits for ever for the code it interrupted");
    story.linux(if way.is_empty() {
        "with lockdep (CONFIG_PROVE_LOCKING): \"WARNING: inconsistent lock state\"; without, a CPU that spins for ever, once in a while"
    } else {
        "with lockdep (CONFIG_PROVE_LOCKING): \"WARNING: possible irq lock inversion dependency detected\""
    });
    story.help(format!("take the lock with {form} everywhere outside {inside}"));
}

/// Tells where an atomic section began.
fn cause_steps(story: &mut Story<'_>, why: &AtomicCause) {
    match why {
        AtomicCause::Spinlock { held } => {
            for held in held {
                story.step(
                    &held.acquired,
                    format!("{} was taken here at t={}", object(&held.object), time(held.acquired.time_ns)),
                );
            }
        }
        AtomicCause::PreemptDisabled { disabled: began }
        | AtomicCause::IrqsDisabled { disabled: began }
        | AtomicCause::BhDisabled { disabled: began }
        | AtomicCause::RcuRead { entered: began } => {
            story.step_if(began.as_ref(), |event| format!("entered with {} {}", call(event, "this"), by(event)));
        }
        AtomicCause::Softirq | AtomicCause::Hardirq => {}
    }
}

/// Calls that sleep whenever they are made.
const ALWAYS_SLEEP: &[&str] =
    &["fsleep", "msleep", "msleep_interruptible", "rcu_barrier", "ssleep", "synchronize_rcu", "usleep_range"];

fn sleep_in_atomic(story: &mut Story<'_>, slept: &Event, why: &AtomicCause, really: bool) {
    let verb = if really { "sleeps" } else { "may sleep" };
    story.title(format!("{} {verb} {}", actor(slept), atomic(why)));
    cause_steps(story, why);
    story.blame(slept, format!("called {}", by(slept)));
    story.note(if really {
        "this time it really went to sleep"
    } else if ALWAYS_SLEEP.contains(&slept.call.as_str()) {
        "this call always sleeps"
    } else {
        "this time it did not have to sleep, but it may at any time"
    });
    story.linux(if really {
        // The count Linux prints includes the one level that `schedule()` itself adds.
        let count = match why {
            AtomicCause::Softirq => "0x00000101",
            AtomicCause::Hardirq => "0x00010001",
            _ => "0x00000002",
        };
        format!("\"BUG: scheduling while atomic: {}/{}/{count}\"", slept.who.comm, slept.who.pid)
    } else {
        "with CONFIG_DEBUG_ATOMIC_SLEEP: \"BUG: sleeping function called from invalid context\"; without, a rare deadlock".to_owned()
    });
    let gfp = slept.site.as_ref().and_then(|site| patch::word(story.lines, site, "GFP_KERNEL", "GFP_ATOMIC"));
    if gfp.is_some() {
        story.help_patch("allocate without sleeping, and expect it to fail more often", gfp);
        story.help("or allocate before the section begins");
        return;
    }
    story.help(match why {
        AtomicCause::Spinlock { .. } => "release the spinlock before sleeping, or use a mutex, whose holder may sleep",
        AtomicCause::Softirq | AtomicCause::Hardirq => "hand the work to a context that may sleep: a work item, a threaded interrupt handler, or a kthread that you wake",
        AtomicCause::RcuRead { .. } => "leave the read-side section first (take a reference), or use SRCU, whose readers may sleep",
        _ => "leave the section before sleeping; for short waits `udelay()` does not sleep",
    });
}

fn unbalanced(story: &mut Story<'_>, at: &Event, edge: Boundary, missing: &str, depth: i32, disabled: Option<&Event>) {
    let (state, how) = match missing {
        "interrupts" => ("interrupts", "`local_irq_enable()`/`local_irq_restore()`"),
        "bottom halves" => ("bottom halves", "`local_bh_enable()`"),
        _ => ("preemption", "`preempt_enable()`"),
    };
    let what = if depth < 0 {
        format!("enabled {state} once too often")
    } else {
        format!("left {state} disabled {}", boundary(edge))
    };
    story.title(format!("{} {what}", name(&at.who.comm)));
    story.step_if(disabled, |event| format!("disabled with {} {}", call(event, "this"), by(event)));
    story.blame(at, format!("noticed here at t={}", time(at.time_ns)));
    if depth != 0 {
        story.note(format!("the count is off by {depth:+}"));
    }
    story.linux(match edge {
        Boundary::InitReturn => {
            "\"initcall … returned with preemption imbalance\" or \"… with disabled interrupts\", and a WARNING"
        }
        Boundary::TimerReturn => "\"timer: … preempt leak\", a WARNING",
        Boundary::WorkReturn => "\"BUG: workqueue leaked lock or atomic\"",
        _ => "\"BUG: scheduling while atomic\" at the next sleep, far away from the cause",
    });
    story.help(format!("pair each disable with {how} on every path, early returns included"));
}

fn held_at_exit(story: &mut Story<'_>, at: &Event, edge: Boundary, held: &[Held]) {
    let locks: Vec<_> = held.iter().map(|held| object(&held.object)).collect();
    let section = |kind: ObjectKind| matches!(kind, ObjectKind::RcuReader | ObjectKind::SrcuReader);
    let inside = !held.is_empty() && held.iter().all(|held| section(held.object.kind));
    let verb = if inside { "was still inside an" } else { "still held" };
    story.title(format!("{} {verb} {} {}", name(&at.who.comm), locks.join(" and "), boundary(edge)));
    for held in held {
        let verb = if section(held.object.kind) { "entered" } else { "taken" };
        story.step(&held.acquired, format!("{} was {verb} {}", object(&held.object), by(&held.acquired)));
    }
    story.blame(at, format!("left here at t={}", time(at.time_ns)));
    if inside {
        story
            .note("grace periods wait for it for ever: `synchronize_rcu()`, `kfree_rcu()` and their like never finish");
        story.linux("\"rcu: INFO: rcu_preempt detected stalls\", and everybody in `synchronize_rcu()` hangs; with lockdep a warning that a lock is still held");
        story.help("leave the section on every path, early returns and error paths included");
        return;
    }
    story.note("nobody is left to release it: the next one who wants it waits for ever");
    story.linux(match edge {
        Boundary::UserReturn => "with lockdep: \"WARNING: lock held when returning to user space!\"",
        Boundary::ThreadExit => "with lockdep: \"WARNING: …/… still has locks held!\"",
        Boundary::WorkReturn => "with lockdep: \"BUG: workqueue leaked lock or atomic\"",
        _ => "silence, until somebody waits for it for ever",
    });
    story.help("release it on every path, early returns and error paths included");
}

fn bad_unlock(story: &mut Story<'_>, lock: &Object, at: &Event, why: &BadUnlock) {
    let lock_name = object(lock);
    match why {
        BadUnlock::NotLocked { released } => {
            if lock.kind == ObjectKind::RcuReader {
                story.title(format!("{} leaves an {lock_name} that it is not inside", actor(at)));
            } else {
                story.title(format!("{} releases {lock_name}, which is not locked", actor(at)));
            }
            story.step_if(released.as_ref(), |event| format!("released before {}", by(event)));
            story.blame(at, format!("released {}", by(at)));
            story.help("each unlock needs its own lock: look for a path that unlocks twice or jumps over the lock");
        }
        BadUnlock::NotOwner { acquired } => {
            story.title(format!("{} releases {lock_name}, which {} holds", actor(at), who(&acquired.who)));
            story.step(acquired, format!("taken {}", by(acquired)));
            story.blame(at, format!("released {}", by(at)));
            story.help("the task that locks a mutex must unlock it; to signal another task use a `struct completion` or a semaphore");
        }
        BadUnlock::WrongForm { acquired } => {
            story.title(format!(
                "{} releases {lock_name}, which was taken with {}",
                actor(at),
                call(acquired, "another form")
            ));
            story.step(acquired, format!("taken {}", by(acquired)));
            story.blame(at, format!("released {}", by(at)));
            story.help("release a lock with the form that matches: `read_lock()`/`read_unlock()`, `spin_lock_irqsave()`/`spin_unlock_irqrestore()`");
        }
    }
    story.linux("with lockdep: \"WARNING: bad unlock balance detected!\"; without, mutual exclusion is silently lost");
}

/// Writes one access of a race: ``plain write of 4 bytes by `inc/1` (pid 211, cpu1); locks held: none``.
fn side(access_: &Access) -> String {
    let marked = if access_.marked { "marked" } else { "plain" };
    format!("{marked} {} by {}", access(access_), who_holds(access_))
}

/// Writes who did it, and with which locks: `` `inc/1` (pid 211, cpu1); locks held: none``.
fn who_holds(access: &Access) -> String {
    let locks: Vec<_> = access.locks.iter().map(object).collect();
    let locks = if locks.is_empty() { "none".to_owned() } else { locks.join(", ") };
    let actor = &access.event.who;
    let place = match actor.context {
        Context::Softirq | Context::Hardirq => String::new(),
        _ => format!(" on cpu{}", actor.cpu),
    };
    format!("{}{place}; locks held: {locks}", who(actor))
}

/// Tells where what two race for comes from, and what ordered the two last.
fn race_notes(story: &mut Story<'_>, target: &Object, ordered_by: Option<&Event>) {
    if let Some(declared) = &target.declared {
        story.note(match target.name.as_str() {
            "" => format!("the {} was allocated at {declared}", object(target)),
            _ => format!("{} is declared at {declared}", object(target)),
        });
    }
    if let Some(event) = ordered_by {
        story.note(format!("the last event that ordered the two was {} {}", call(event, "an event"), by(event)));
    }
}

/// Writes the function of an access as Linux's tools name it.
fn function(access: &Access) -> &str {
    access.event.site.as_ref().map_or("…", |site| site.function.as_str())
}

/// Writes who raced, for a title: a task by its name.
fn racer(event: &Event) -> String {
    match event.who.context {
        Context::Softirq => "a softirq".to_owned(),
        Context::Hardirq => "an interrupt".to_owned(),
        _ => name(&event.who.comm),
    }
}

fn data_race(story: &mut Story<'_>, target: &Object, first: &Access, second: &Access, ordered_by: Option<&Event>) {
    let marked = |access: &Access| if access.marked { "marked" } else { "plain" };
    story.title(format!(
        "{} {} and {} {} of {} race between {} and {}",
        marked(second),
        verb(second),
        marked(first),
        verb(first),
        if target.name.is_empty() { an_object(target) } else { name(&target.name) },
        racer(&second.event),
        racer(&first.event)
    ));
    story.step_label(&first.event, "conflicting access, not ordered before the other", side(first));
    story.blame(&second.event, side(second));
    race_notes(story, target, ordered_by);
    story.linux(format!("with CONFIG_KCSAN: \"BUG: KCSAN: data-race in {} / {}\"", function(first), function(second)));
}

/// One task frees what another accesses, after it by luck.
fn freed_unordered(
    story: &mut Story<'_>,
    target: &Object,
    first: &Access,
    second: &Access,
    ordered_by: Option<&Event>,
) {
    story.title(format!(
        "{} frees memory that {} {} without waiting for it",
        racer(&second.event),
        racer(&first.event),
        crate::wording::phrase::acts(first)
    ));
    story.step_label(&first.event, "this access may as well come after the free", side(first));
    story.blame(&second.event, format!("freed here by {}", who_holds(second)));
    race_notes(story, target, ordered_by);
    story.note("in this execution the free came last; nothing made it so");
    story.linux(format!(
        "nothing most of the time; with CONFIG_KASAN, when the access comes late: \"BUG: KASAN: slab-use-after-free in {}\"",
        function(first)
    ));
    story.help("let who frees wait until the other has done its last access (`complete()` or the wake-up after it, not before; `kthread_stop()`, `flush_work()`, `del_timer_sync()`), or let the last of both free it (`kref_put()`); memory that is read under `rcu_read_lock()` is read only before `rcu_read_unlock()`");
}

/// What to do about a race, by what is accessed: a word can be read and written at once, more than that cannot.
fn race_help(target: &Object, first: &Access, second: &Access) -> &'static str {
    let word = |access: &Access| matches!(access.size, 1 | 2 | 4 | 8);
    let whole = target.size <= 8 && !target.name.is_empty();
    let writes = |access: &Access| access.kind != crate::event::AccessKind::Read;
    if !(whole && word(first) && word(second)) {
        "guard both accesses with one lock: what is more than one word (a list, a structure, a buffer) cannot be read or changed at once, and neither `atomic_t` nor `READ_ONCE()`/`WRITE_ONCE()` help there; a counter or a flag that stands for itself can be an `atomic_t`"
    } else if (writes(first) && writes(second)) || first.event.site == second.event.site {
        "guard both accesses with one lock, or, if the new value comes from the old one (a counter), make the variable an `atomic_t`; `READ_ONCE()`/`WRITE_ONCE()` silence the race but still lose updates"
    } else {
        "guard both accesses with one lock, or make the variable an `atomic_t` if it counts; if one side only sets it and the other only looks, `WRITE_ONCE()` and `READ_ONCE()` are enough, but they still lose updates of `x++` and order nothing else"
    }
}

/// Writes the bare verb of an access.
fn verb(access: &Access) -> &'static str {
    match access.kind {
        crate::event::AccessKind::Write => "write",
        crate::event::AccessKind::Atomic => "update",
        _ => "read",
    }
}

/// Draws an interleaving as a table with one column for each thread.
fn drawing(story: &mut Story<'_>, threads: &[String], steps: &[Step]) {
    if steps.is_empty() || threads.is_empty() {
        return;
    }
    let wide = |texts: &mut dyn Iterator<Item = &str>| texts.map(|text| text.chars().count()).max().unwrap_or(0);
    let width =
        wide(&mut threads.iter().map(String::as_str).chain(steps.iter().map(|step| step.what.as_str()))).min(40) + 3;
    let mut lines = vec!["shortest interleaving:".to_owned()];
    let mut head = "step   ".to_owned();
    for thread in threads {
        head.push_str(&format!("{thread:width$}"));
    }
    lines.push(head);
    for (index, step) in steps.iter().enumerate() {
        let column = usize::try_from(step.thread).unwrap_or(0).min(threads.len() - 1);
        let mut line = format!("{:>4}   {}", index + 1, " ".repeat(column * width));
        let rest = (threads.len() - column) * width;
        line.push_str(&format!("{:rest$}{}", step.what, step.remark));
        lines.push(line);
    }
    let lines: Vec<_> = lines.iter().map(|line| line.trim_end()).collect();
    story.note(lines.join("\n"));
}
