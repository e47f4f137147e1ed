//! Words for faults in starting, stopping, waking and unloading threads.

use crate::event::{Blocked, Context, Event, Object, ObjectKind, Who};
use crate::fault::{Fault, LoopSeen, Proof, TextUser};
use crate::wording::patch;
use crate::wording::phrase::{
    actor, at, by, call, duration, init_failed, name, object, plural, proof, time, undo_where, who,
};
use crate::wording::story::Story;

/// Tells faults of this group; `false` for others.
pub(super) fn tell(story: &mut Story<'_>, fault: &Fault) -> bool {
    match fault {
        Fault::KthreadStopHang { .. } => stop_hang(story, fault),
        Fault::KthreadStopLostWakeup { stopper, thread, created, wait, on, wakeups, proof: sure } => {
            let sleep = call(wait, "a wait");
            story.title(format!(
                "{} cannot finish: kthread {} sleeps in {sleep} on a condition that a stop request does not make true",
                name(&stopper.who.comm),
                name(&thread.comm)
            ));
            let waits_for = on.as_ref().map_or_else(String::new, |on| format!(" on {}", object(on)));
            let birth = created_at(created.as_ref());
            story.step(wait, format!("{} sleeps here{waits_for}{}", who(thread), birth.trim_end_matches(',')));
            story.blame(stopper, stopper_label(stopper));
            story.note(format!(
                "`kthread_stop()` wakes the thread once; the condition was false, so it went back to sleep ({} in all)",
                plural(*wakeups, "wake-up")
            ));
            if !wait.call.contains("interruptible") {
                story.note(
                    "since Linux 6.1 a stop request also ends interruptible waits (-ERESTARTSYS); this wait is not one",
                );
            }
            story.note(proof(*sure, "the condition did not become true"));
            story.linux(hung_line(&stopper.who));
            story.help(match on.as_ref().map(|on| on.kind) {
                Some(ObjectKind::Completion) => {
                    "complete it before the thread is stopped: `complete()` lets one waiter go, `complete_all()` all of them; or wait with `wait_for_completion_interruptible()`, which a stop request ends"
                }
                Some(ObjectKind::Mutex | ObjectKind::Semaphore | ObjectKind::RwSemaphore) => {
                    "give it back on every path of whoever took it, before the thread is stopped"
                }
                _ => "add `|| kthread_should_stop()` to the condition, and test it again after the wait",
            });
        }
        Fault::ModuleTextInUse { module, user, object: used_by, created, unloaded, used } => {
            text_in_use(story, module, *user, used_by, created.as_ref(), unloaded, used)
        }
        Fault::ThreadNeverWoken { thread, created, stopped } => {
            story.title(format!(
                "kthread {} was created but never woken, so its function never ran",
                name(&thread.comm)
            ));
            story.blame(created, format!("created asleep {}", by(created)));
            story.step_if(stopped.as_ref(), |event| {
                format!("stopped {}; it returned -4 (EINTR) and the thread function was never called", by(event))
            });
            story.note("`kthread_create()` makes a thread that waits for its first `wake_up_process()`");
            story.linux(if stopped.is_some() {
                "silence: the thread goes away without having run"
            } else {
                "the thread stays in state D; after 120 seconds the hung-task detector may name it"
            });
            story.help("call `wake_up_process()` on it, or create it with `kthread_run()`, which does both");
        }
        Fault::StopExitedThread { thread, created, exited, stopped } => {
            story.title(format!(
                "`kthread_stop()` on kthread {}, which had exited already; only luck kept its `task_struct` alive",
                name(&thread.comm)
            ));
            story.step(created, "created here; the module kept a pointer but took no reference");
            story.step(exited, format!("the thread ended here at t={}", time(exited.time_ns)));
            story.blame(stopped, format!("stopped here {}", by(stopped)));
            story.note(
                "a finished thread is freed when its last reference goes, which may be at any moment after its exit",
            );
            story.linux(
                "mostly silence; \"refcount_t: addition on 0; use-after-free.\" when the memory is gone already",
            );
            keep_task_alive(story);
        }
        Fault::MissedWakeup { tested, waker, state_set, sleeper, proof: sure } => {
            let task = name(&sleeper.since.who.comm);
            story.title(format!(
                "{task} sleeps for ever: it set its state after testing the condition, and the wake-up came in between"
            ));
            story.step_if(tested.as_ref(), |event| {
                format!("{task} tested the condition at t={}: not yet true", time(event.time_ns))
            });
            story.step(waker, format!("woken {}; it was still TASK_RUNNING, so nothing happened", by(waker)));
            story.blame(state_set, format!("{task} declares itself asleep at t={}, too late", time(state_set.time_ns)));
            story.step(&sleeper.since, format!("and sleeps here in state {}", state(sleeper)));
            story.note(proof(*sure, "no further wake-up came"));
            story.linux("the thread hangs now and then, on some machines only; after 120 seconds in state D \"INFO: task … blocked\"");
            story.help("call `set_current_state()` first, then test the condition, then `schedule()`; or use `wait_event()`, which does it in that order");
        }
        Fault::LostWakeup { waker, sleeper, proof: sure } => {
            let on = sleeper.on.as_ref().map_or_else(|| "it".to_owned(), object);
            story.title(format!("{} waits for a wake-up of {on} that came too early", who(&sleeper.since.who)));
            story.step(waker, format!("{} {}: nobody was waiting", call(waker, "woken"), by(waker)));
            story.blame(
                &sleeper.since,
                format!("{} sleeps here since t={}", who(&sleeper.since.who), time(sleeper.since.time_ns)),
            );
            story.note(proof(*sure, "no further wake-up came"));
            story.linux("the task hangs now and then; nothing is printed unless it sleeps in state D for 120 seconds");
            story.help("record the event before waking (a flag, a counter) and wait with `wait_event(queue, flag)`, or use a `struct completion`, which remembers");
        }
        Fault::SignalIgnored { thread, signal, sent, created } => {
            story.title(format!("{signal} had no effect: kthread {} ignores every signal", name(&thread.comm)));
            story.step_if(created.as_ref(), |_| format!("{} was created here", who(thread)));
            story.blame(sent, format!("{signal} sent {}", by(sent)));
            story.note("kernel threads ignore all signals, SIGKILL too, until they call `allow_signal()` themselves");
            story.linux("the same: `kill -9` returns 0 and nothing happens");
            story.help(format!(
                "call `allow_signal({signal})` in the thread and test `signal_pending(current)` in its loop, or stop it with `kthread_stop()`"
            ));
        }
        _ => return false,
    }
    true
}

/// `kthread_stop()` waits for a thread that never looks.
fn stop_hang(story: &mut Story<'_>, fault: &Fault) {
    let Fault::KthreadStopHang {
        stopper,
        thread,
        created,
        looping,
        now_at,
        next_wake_ns,
        should_stop_calls,
        seen_ns,
        proof: sure,
    } = fault
    else {
        return;
    };
    let task = name(&thread.comm);
    let claim = if *should_stop_calls == 0 {
        "never looks at `kthread_should_stop()`"
    } else {
        "sees `kthread_should_stop()` but does not return"
    };
    story.title(format!("{} cannot finish: kthread {task} {claim}", name(&stopper.who.comm)));
    thread_part(story, thread, created.as_ref(), looping.as_ref(), *seen_ns);
    if let Some(now_at) = now_at {
        let label = match next_wake_ns {
            Some(wake) => format!("asleep here, next wake-up at t={}", time(*wake)),
            None => "it is here".to_owned(),
        };
        match (&now_at.site, looping) {
            (Some(site), Some(_)) => story.also(site, &now_at.call, label),
            (Some(_), None) => story.step_label(now_at, format!("{task} (pid {})", thread.pid), label),
            (None, _) => {}
        }
    }
    story.blame(stopper, stopper_label(stopper));
    story.note(format!(
        "{task} called `kthread_should_stop()` {}; `kthread_stop()` sets a flag, wakes the thread and waits for it to return",
        plural(*should_stop_calls, "time")
    ));
    story.note(proof(*sure, "the thread did not return"));
    if let Proof::Bounded { limit_ns } = sure {
        story.note(format!("`--hang-after {}` is the limit after which a stop counts as hung", duration(*limit_ns)));
    }
    story.linux(format!("{}, and the module can never be unloaded", hung_line(&stopper.who)));
    let patch = looping.as_ref().and_then(|seen| patch::endless_loop(story.lines, &seen.site));
    story.help_patch("let the loop end when it is asked to", patch);
}

/// The step about the thread itself: its loop, or only its creation.
fn thread_part(story: &mut Story<'_>, thread: &Who, created: Option<&Event>, looping: Option<&LoopSeen>, seen_ns: u64) {
    let birth = created_at(created);
    match looping {
        Some(LoopSeen { site, rounds }) => {
            let event = Event::new(thread.clone(), seen_ns, Some(site.clone()), "");
            story.step_label(
                &event,
                format!("this loop of {}{birth} has no way out", who(thread)),
                format!(
                    "still looping at t={}, {} after it was asked to stop",
                    time(seen_ns),
                    plural(*rounds, "round")
                ),
            );
        }
        None => {
            if let Some(created) = created {
                story.step(created, format!("{} was created here", who(thread)));
            }
        }
    }
}

/// A module went away under something that runs its code.
fn text_in_use(
    story: &mut Story<'_>,
    module: &str,
    user: TextUser,
    used_by: &Object,
    created: Option<&Event>,
    unloaded: &Event,
    used: &Event,
) {
    let (subject, made, again, advice) = match user {
        TextUser::Thread => (
            format!("kthread {}", name(&used_by.name)),
            "created",
            "would go on here",
            "call `kthread_stop()` in the exit function, and let the thread test `kthread_should_stop()`",
        ),
        TextUser::Timer => (
            object(used_by),
            "armed",
            "fires here",
            "call `del_timer_sync()` (`timer_delete_sync()` in newer kernels) in the exit function",
        ),
        TextUser::Work => (
            object(used_by),
            "queued",
            "runs here",
            "call `cancel_work_sync()` or `destroy_workqueue()` in the exit function",
        ),
        TextUser::Tasklet => (object(used_by), "scheduled", "runs here", "call `tasklet_kill()` in the exit function"),
        TextUser::FileOperation => (
            object(used_by),
            "created",
            "is called here",
            "remove the file (`proc_remove()`, `misc_deregister()`, …) first thing in the exit function",
        ),
        TextUser::IrqHandler => {
            (object(used_by), "requested", "is handled here", "call `free_irq()` in the exit function")
        }
        TextUser::SystemCall => (
            format!("system call {}", name(&used_by.name)),
            "set",
            "is called here",
            "set the pointer back to NULL in the exit function",
        ),
        TextUser::Callback => {
            (object(used_by), "registered", "is called here", "unregister the callback in the exit function")
        }
    };
    if user == TextUser::FileOperation && used_by.kind == ObjectKind::ModuleText {
        let who = name(&used.who.comm);
        story.title(format!("{who} runs `{}()` of `{module}.ko`, which was unloaded", used_by.name));
    } else {
        story.title(format!("{subject} runs code of `{module}.ko`, which was unloaded"));
    }
    story.step_if(created, |event| format!("{made} {}", by(event)));
    let failed = if init_failed(unloaded) { ", because its init failed" } else { "" };
    story.step(unloaded, format!("`{module}.ko` was unloaded {}{failed}; its code and data are gone", by(unloaded)));
    story.blame(used, format!("{subject} {again} at t={}", time(used.time_ns)));
    story.note(if init_failed(unloaded) {
        "when init returns an error the exit function is not called: init itself has to stop what it started"
    } else {
        "unloading a module does not stop what it started: that is the job of its exit function"
    });
    story.linux(if matches!(user, TextUser::Thread | TextUser::Work | TextUser::FileOperation | TextUser::SystemCall) {
        "\"BUG: unable to handle page fault for address: ffffffffc0…\" the next time it runs, with \"[last unloaded: …]\""
    } else {
        "\"BUG: unable to handle page fault\" in interrupt context, hence \"Kernel panic - not syncing: Fatal exception in interrupt\""
    });
    story.help(undo_where(advice, unloaded));
}

/// Writes what the stopping task does.
fn stopper_label(stopper: &Event) -> String {
    format!("{} sleeps here in state D since t={}", who(&stopper.who), time(stopper.time_ns))
}

/// Writes `, created at f.c:22,` or nothing.
fn created_at(created: Option<&Event>) -> String {
    match created {
        Some(event) if event.site.is_some() => format!(", created{},", at(event)),
        _ => String::new(),
    }
}

/// Writes the line of Linux's hung-task detector.
pub(super) fn hung_line(task: &Who) -> String {
    format!("\"INFO: task {}:{} blocked for more than 120 seconds.\"", task.comm, task.pid)
}

/// Writes the state letter of a blocked task.
pub(super) fn state(blocked: &Blocked) -> char {
    if blocked.state.is_ascii_alphabetic() { blocked.state } else { '?' }
}

/// Advice for every use of a finished thread's `task_struct`.
pub(super) fn keep_task_alive(story: &mut Story<'_>) {
    story.help(
        "keep the task alive: `kthread_create()`, `get_task_struct()`, then `wake_up_process()`; after `kthread_stop()` call `put_task_struct()` (a reference taken after `kthread_run()` comes too late: the thread may be gone already)",
    );
    story.help("or let the thread function wait for `kthread_should_stop()` before it returns");
}

/// Words a use of a task that is gone: title and advice depend on the call.
pub(super) fn task_title(target: &Object, used: &Event) -> Option<String> {
    (target.kind == ObjectKind::Task && used.who.context == Context::Task)
        .then(|| format!("{} got a `task_struct` that was already freed (kthread {})", actor(used), name(&target.name)))
}
