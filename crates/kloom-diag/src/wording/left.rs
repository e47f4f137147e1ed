//! Words for objects the kernel still uses when their memory goes, and for what a module leaves registered.

use crate::event::{Blocked, Event, Object, ObjectKind};
use crate::fault::{Fault, LeakedBlocks, UseState, WorkLeft};
use crate::wording::phrase::{actor, by, bytes, call, gone, name, object, plural, time, undo_where, who};
use crate::wording::story::Story;
use crate::wording::threads::state;

/// Tells faults of this group; `false` for others.
pub(super) fn tell(story: &mut Story<'_>, fault: &Fault) -> bool {
    match fault {
        Fault::LeakWork { object: work, function, queued, state, unloaded } => {
            leak_work(story, work, function, queued, *state, unloaded)
        }
        Fault::LeakCallback { object: callback, function, queued, unloaded } => {
            leak_callback(story, callback, function, queued, unloaded)
        }
        Fault::LeakRegistration { object: target, created, unloaded } => {
            leak_registration(story, target, created, unloaded)
        }
        Fault::WaitEntryLeft { queue, queued, at, frame_gone } => wait_entry(story, queue, queued, at, *frame_gone),
        Fault::FreedInUse { block, created, object: inner, state, since, freed } => {
            story.title(format!(
                "{} frees {} while {} in it {}",
                actor(freed),
                object(block),
                object(inner),
                doing(*state)
            ));
            story.step(created, format!("allocated {}", by(created)));
            story.step(since, format!("{} {}", began(*state), by(since)));
            story.blame(freed, format!("freed {}", by(freed)));
            story.note("the kernel keeps the address of the object: it goes on to read and write the freed memory");
            story.linux("with CONFIG_DEBUG_OBJECTS_FREE \"ODEBUG: free active\"; without, a KASAN report, a crash in a list, or silent corruption");
            story.help(end_use(inner.kind, *state, "free"));
        }
        Fault::ReinitInUse { object: target, state, since, again } => {
            story.title(format!("{} is initialised anew while it {}", object(target), doing(*state)));
            story.step(since, format!("{} {}", began(*state), by(since)));
            story.blame(again, format!("initialised anew {}", by(again)));
            story.note(
                "initialising an object only writes to it; what still points to it follows what was there before",
            );
            story.linux(
                "with CONFIG_DEBUG_OBJECTS \"ODEBUG: init active\"; without, corrupted lists and a crash later on",
            );
            story.help("initialise it once, where its memory is made (in init, or right after the allocation)");
            story.help(end_use(target.kind, *state, "initialise"));
        }
        Fault::UseAfterReturn { object: target, used } => {
            story.title(format!(
                "{} uses {} in the stack frame of a function that has returned",
                call(used, "the kernel"),
                object(target)
            ));
            story.blame(used, format!("used {}", by(used)));
            story.note("a local variable lives until its function returns; what is there now belongs to other calls");
            story.linux("whatever those bytes mean by then: a hang, \"BUG: spinlock bad magic\", a jump to nowhere, or nothing visible");
            story.help(match target.kind {
                ObjectKind::Completion => "wait until the other side has called `complete()`, also after a timeout; or keep the completion in memory that both sides hold a reference to",
                ObjectKind::Timer => "call `del_timer_sync()` and `destroy_timer_on_stack()` before the function returns",
                ObjectKind::Work => "call `flush_work()` and `destroy_work_on_stack()` before the function returns",
                _ => "make it static or allocate it, so that it lives as long as somebody may use it",
            });
        }
        Fault::CacheObjectsLeft { cache, blocks, destroyed } => cache_left(story, cache, blocks, destroyed),
        Fault::DoubleRegistration { object: target, first, again } => {
            story.title(format!("{} is registered a second time", object(target)));
            story.step_if(first.as_ref(), |event| format!("registered {}", by(event)));
            story.blame(again, format!("registered again {}", by(again)));
            story.linux(match target.kind {
                ObjectKind::Notifier => "\"notifier callback … already registered\" and -EEXIST",
                ObjectKind::MiscDevice => {
                    "-EBUSY, and the list of misc devices is broken: the next open of one may loop for ever"
                }
                _ => "two entries that share one object; removing one leaves the other pointing to it",
            });
            story.help(
                "register it once, and look at what the call returns; unregister it before it is registered again",
            );
        }
        Fault::SemaphoreImbalance { object: target, initial, count, last, unloaded } => {
            semaphore(story, target, *initial, *count, last.as_ref(), unloaded)
        }
        Fault::SleepsForever { task } => sleeps_forever(story, task),
        _ => return false,
    }
    true
}

fn leak_work(story: &mut Story<'_>, work: &Object, function: &str, queued: &Event, state: WorkLeft, unloaded: &Event) {
    let how = match state {
        WorkLeft::Queued => "is still queued",
        WorkLeft::Delayed { .. } => "still waits for its time",
        WorkLeft::Running => "still runs",
    };
    story.title(format!("{} {how} after its module was unloaded", object(work)));
    story.blame(queued, format!("queued {}", by(queued)));
    story.step(unloaded, gone(unloaded));
    let calls = if function.is_empty() { "its function".to_owned() } else { format!("`{function}()`") };
    story.note(match state {
        WorkLeft::Queued => format!("a kworker calls {calls} as soon as it gets to it, and the code is gone"),
        WorkLeft::Delayed { expires_ns } => {
            format!("at t={} a kworker calls {calls}, and the code is gone", time(expires_ns))
        }
        WorkLeft::Running => format!("a kworker is inside {calls}, and crashes when it goes on there"),
    });
    story.linux(
        "\"BUG: unable to handle page fault\" in a kworker, or in the timer interrupt when the work was delayed",
    );
    let advice = match state {
        WorkLeft::Delayed { .. } => {
            "call `cancel_delayed_work_sync()` in the exit function; it also copes with a work that queues itself again"
        }
        _ => {
            "call `cancel_work_sync()` in the exit function (or `destroy_workqueue()` on a queue of your own); `cancel_work()` does not wait for a work that runs"
        }
    };
    story.help(undo_where(advice, unloaded));
}

fn leak_callback(story: &mut Story<'_>, callback: &Object, function: &str, queued: &Event, unloaded: &Event) {
    let calls = if function.is_empty() { "its function".to_owned() } else { format!("`{function}()`") };
    story.title(format!("{} is still to be called after its module was unloaded", object(callback)));
    story.blame(queued, format!("asked for {}", by(queued)));
    story.step(unloaded, gone(unloaded));
    story.note(format!("a softirq will call {calls}, and the code is gone"));
    story.linux("\"BUG: unable to handle page fault\", in interrupt context, hence \"Kernel panic - not syncing: Fatal exception in interrupt\"");
    let advice = match callback.kind {
        ObjectKind::RcuCallback if queued.call == "call_srcu" => {
            "call `srcu_barrier()` on the structure at the end of the exit function: it waits for its callbacks; `rcu_barrier()` waits for those of `call_rcu()` only"
        }
        ObjectKind::RcuCallback => {
            "call `rcu_barrier()` at the end of the exit function: it waits for all callbacks; `synchronize_rcu()` waits for readers only"
        }
        ObjectKind::Tasklet => {
            "call `tasklet_kill()` in the exit function, after whatever schedules the tasklet has been stopped"
        }
        _ => "wait for it in the exit function",
    };
    story.help(undo_where(advice, unloaded));
}

/// The call that undoes a registration.
fn undo(kind: ObjectKind) -> &'static str {
    match kind {
        ObjectKind::MiscDevice => "`misc_deregister()`",
        ObjectKind::CharDevice => "`cdev_del()` (after `register_chrdev()`: `unregister_chrdev()`)",
        ObjectKind::DeviceNumbers => "`unregister_chrdev_region()`",
        ObjectKind::Class => "`class_destroy()`",
        ObjectKind::Device => "`device_destroy()`",
        ObjectKind::DebugfsEntry => "`debugfs_remove()`",
        ObjectKind::Kobject => "`kobject_put()`",
        ObjectKind::Notifier => "`unregister_…_notifier()`",
        ObjectKind::Irq => "`free_irq()`",
        ObjectKind::Workqueue => "`destroy_workqueue()`",
        ObjectKind::KmemCache => "`kmem_cache_destroy()`",
        _ => "the matching unregister function",
    }
}

fn leak_registration(story: &mut Story<'_>, target: &Object, created: &Event, unloaded: &Event) {
    story.title(format!("{} stays registered after its module was unloaded", object(target)));
    story.blame(created, format!("registered {}", by(created)));
    story.step(unloaded, gone(unloaded));
    match target.kind {
        ObjectKind::MiscDevice | ObjectKind::CharDevice | ObjectKind::DebugfsEntry | ObjectKind::Kobject => {
            story.note("the next access to it calls operations that are gone");
            story.linux("silence until somebody opens or lists it, then \"BUG: unable to handle page fault\"");
        }
        ObjectKind::Notifier | ObjectKind::Irq => {
            story.note("the next event calls a function that is gone");
            story.linux("silence until the next event, then \"BUG: unable to handle page fault\", which in an interrupt stops the machine");
        }
        ObjectKind::KmemCache => {
            story.linux("silence; inserting the module again prints \"kmem_cache_create… already exists\", and /proc/slabinfo shows a cache whose name is gone");
        }
        ObjectKind::Workqueue => {
            story.note("its memory is never freed, and with WQ_MEM_RECLAIM its rescuer thread stays for ever");
            story.linux("silence; `ps` shows the rescuer");
        }
        _ => {
            story.note("the name stays taken");
            story.linux(
                "silence; inserting the module again fails with -EBUSY or -EEXIST, or warns of a duplicate name",
            );
        }
    }
    story.help(format!("call {} in the exit function, and on the error paths of init", undo(target.kind)));
}

fn wait_entry(story: &mut Story<'_>, queue: &Object, queued: &Event, at: &Event, frame_gone: bool) {
    let (how, when) = if frame_gone {
        ("after its function returned", format!("found {}", by(at)))
    } else {
        ("after its module was unloaded", gone(at))
    };
    story.title(format!("a wait queue entry stays in {} {how}", object(queue)));
    if frame_gone {
        story.blame(queued, format!("put there {}", by(queued)));
        story.step(at, when);
        story.note("the entry was a local variable (`DEFINE_WAIT()`): the queue now links through a dead stack frame");
    } else {
        story.blame(queued, format!("put there {}", by(queued)));
        story.step(at, when);
        story.note("the next wake-up or wait on the queue follows a pointer into memory that is gone");
    }
    story.linux(
        "a crash or a hang in `__wake_up_common()`, often much later; with CONFIG_DEBUG_LIST \"list_add corruption\"",
    );
    story.help("call `finish_wait()` (or `remove_wait_queue()`) on every path out of the wait, early returns included");
    story.help("or let `wait_event_interruptible()` and its kin do all of it");
}

/// What is still done with an object, as a verb.
fn doing(state: UseState) -> &'static str {
    match state {
        UseState::Armed => "is still armed",
        UseState::Running => "still runs",
        UseState::Queued => "is still queued",
        UseState::Waited => "still has a waiter",
        UseState::Held => "is still held",
    }
}

/// How that began.
fn began(state: UseState) -> &'static str {
    match state {
        UseState::Armed | UseState::Running => "armed",
        UseState::Queued => "queued",
        UseState::Waited => "waited for",
        UseState::Held => "taken",
    }
}

fn end_use(kind: ObjectKind, state: UseState, before: &str) -> String {
    let call = match (kind, state) {
        (ObjectKind::Timer, _) => "call `del_timer_sync()`",
        (ObjectKind::Hrtimer, _) => "call `hrtimer_cancel()`",
        (ObjectKind::Work, _) => "call `cancel_work_sync()` (`cancel_delayed_work_sync()` for a delayed one)",
        (ObjectKind::Tasklet, _) => "call `tasklet_kill()`",
        (_, UseState::Held) => "release it",
        _ => "wake who waits on it and wait until they have left (`kthread_stop()`, a reference count)",
    };
    format!("{call} before you {before} it")
}

fn cache_left(story: &mut Story<'_>, cache: &Object, blocks: &[LeakedBlocks], destroyed: &Event) {
    let count: u64 = blocks.iter().map(|site| site.count).sum();
    story.title(format!(
        "{} is destroyed while {} of it {} live",
        object(cache),
        plural(count, "object"),
        if count == 1 { "is" } else { "are" }
    ));
    for site in blocks.iter().take(8) {
        story.step(
            &site.created,
            format!(
                "{} ({}) allocated by {}; the first {}",
                plural(site.count, "object"),
                bytes(site.bytes),
                call(&site.created, "this"),
                by(&site.created)
            ),
        );
    }
    story.blame(destroyed, format!("destroyed {}", by(destroyed)));
    story.note("the cache is kept, with its objects, and its name points into a module that may go");
    story.linux(format!(
        "\"BUG {0}: Objects remaining in {0} on __kmem_cache_shutdown()\" and a warning from `kmem_cache_destroy()`",
        cache.name
    ));
    story.help("give every object back with `kmem_cache_free()` first; after `kfree_rcu()` or `call_rcu()` wait with `rcu_barrier()`");
}

fn semaphore(story: &mut Story<'_>, target: &Object, initial: i64, count: i64, last: Option<&Event>, unloaded: &Event) {
    if count < initial {
        story.title(format!("{} was taken and not given back", object(target)));
    } else {
        story.title(format!("{} was given back more often than it was taken", object(target)));
    }
    match last {
        Some(last) if count < initial => story.blame(last, format!("taken {}, never given back", by(last))),
        Some(last) => story.blame(last, format!("given {}", by(last))),
        None => {}
    }
    match last {
        Some(_) => story.step(unloaded, gone(unloaded)),
        None => story.blame(unloaded, gone(unloaded)),
    }
    story.note(format!("its count was {initial} at first and is {count} now"));
    story.linux(if count < initial {
        "silence; whoever calls `down()` next sleeps for ever"
    } else {
        "silence; from now on two tasks get past `down()` at once"
    });
    story.help("pair each `down()` with exactly one `up()` on every path; `down_interruptible()` and `down_trylock()` have taken nothing when they fail");
}

fn sleeps_forever(story: &mut Story<'_>, task: &Blocked) {
    let event = &task.since;
    let on = task.on.as_ref().map_or_else(|| "a wake-up".to_owned(), object);
    story.title(format!(
        "{} waits in {} for what nobody can bring about",
        name(&event.who.comm),
        call(event, "the module")
    ));
    if let Some(owner) = &task.owner {
        story.step(owner, format!("what it waits for was taken {}", by(owner)));
    }
    story.blame(
        event,
        format!(
            "{} sleeps here in state {} since t={}, waiting for {on}",
            who(&event.who),
            state(task),
            time(event.time_ns)
        ),
    );
    for held in super::locks::named(&task.holds) {
        story.note(format!("it holds {}, so whoever wants that hangs too", object(&held.object)));
    }
    story.note("verdict is proved: every other task sleeps too, and no timer or work is left that could wake one");
    story.linux("silence: the command hangs; being interruptible it ends with Ctrl-C, and the hung-task detector does not look at it");
    story.help(
        "make sure that someone makes the condition true and wakes the queue; wait with a timeout where that may fail",
    );
}
