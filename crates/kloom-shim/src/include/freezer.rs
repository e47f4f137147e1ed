//! C header: include/linux/freezer.h: threads that stand still while the machine is suspended.
//!
//! Behaviour follows Linux 6.1 kernel/freezer.c and kernel/power/process.c. `echo freeze > /sys/power/state` asks every
//! freezable thread to freeze, suspends for a moment, and thaws them. A kernel thread is freezable once it called
//! `set_freezable()`. One that does not come to the freezer within 20 seconds makes the suspend fail with `EBUSY`.

use std::collections::BTreeSet;

use kloom_abi::Errno;
use kloom_abi::sched::{PF_NOFREEZE, TASK_INTERRUPTIBLE, TASK_RUNNING, TASK_UNINTERRUPTIBLE};
use kloom_kernel::fs::kernfs::{Attr, KernKind, SYSFS};
use kloom_kernel::ops::Op;
use kloom_kernel::printk::Level;
use kloom_kernel::task::{BlockedOn, TaskId};

use crate::Machine;
use crate::call::{blocking, enter, might_sleep};
use crate::control::Control;
use crate::fileops::AttrNode;
use crate::oops::or_oops;

/// A sleep in which a task may be frozen where it is.
const TASK_FREEZABLE: u32 = 0x2000;
/// How long the tasks have (`freeze_timeout_msecs`).
const TIMEOUT_NS: u64 = 20_000_000_000;

/// The freezer.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    freezing: bool,
    frozen: BTreeSet<TaskId>,
}

/// Makes `/sys/power/state`.
pub(crate) fn boot(machine: &mut Machine) {
    let dir = machine.kernel.vfs.kern.make_dirs(SYSFS, "power", 0o755);
    let file = KernKind::File(Attr::Ops { ops: 0, object: 0, data: 1 });
    if let Ok(id) = machine.kernel.vfs.kern.add(dir, "state", file, 0o644, None, None) {
        machine.files.attrs.insert(id, AttrNode::Control(Control::PowerState));
    }
}

impl Machine {
    fn is_freezing(&self, task: TaskId) -> bool {
        let freezable = |task: &kloom_kernel::task::Task| task.c.flags.get() & PF_NOFREEZE == 0;
        self.irqs.freezer.freezing && self.kernel.tasks.get(task).is_some_and(freezable)
    }

    /// Kernel threads that have still to come to the freezer.
    fn not_frozen(&self) -> Vec<TaskId> {
        let waits = |task: &&kloom_kernel::task::Task| {
            task.is_kthread()
                && task.kthread().is_some()
                && !task.has_exited()
                && task.c.flags.get() & PF_NOFREEZE == 0
                && !self.irqs.freezer.frozen.contains(&task.id)
                && task.state() & TASK_FREEZABLE == 0
        };
        self.kernel.tasks.iter().filter(waits).map(|task| task.id).collect()
    }
}

/// `set_freezable()`: the calling kernel thread can be frozen from now on; true if it just was.
///
/// # Context
/// Process context of the thread; may sleep.
pub(crate) extern "C" fn set_freezable() -> bool {
    might_sleep("set_freezable");
    enter(|machine, current| {
        let flags = &machine.kernel.tasks[current].c.flags;
        flags.set(flags.get() & !PF_NOFREEZE);
    });
    refrigerator(false)
}

/// `freezing()`: whether a task is asked to freeze.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_freezing(task: u64) -> bool {
    or_oops(enter(|machine, _| machine.task_from(task, "freezing").map(|id| machine.is_freezing(id))))
}

/// `frozen()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn frozen(task: u64) -> bool {
    or_oops(enter(|machine, _| {
        let id = machine.task_from(task, "frozen")?;
        Ok(machine.irqs.freezer.frozen.contains(&id))
    }))
}

/// `try_to_freeze()`: true if the caller was frozen.
///
/// # Context
/// Process context; sleeps when asked to freeze.
pub(crate) extern "C" fn kloom_try_to_freeze() -> bool {
    might_sleep("try_to_freeze");
    refrigerator(false)
}

/// `__refrigerator()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn __refrigerator(check_kthr_stop: bool) -> bool {
    might_sleep("__refrigerator");
    refrigerator(check_kthr_stop)
}

/// Sleeps while the caller is asked to freeze (and, if that is to be looked at, not to stop); whether it did.
pub(crate) fn refrigerator(check_stop: bool) -> bool {
    let mut slept = false;
    or_oops(blocking(|machine, current, _| {
        let stop = check_stop && machine.kernel.tasks[current].kthread().is_some_and(|kthread| kthread.should_stop);
        if !machine.is_freezing(current) || stop {
            if slept {
                machine.irqs.freezer.frozen.remove(&current);
                machine.kernel.tasks[current].c.set_task_state(TASK_RUNNING);
            }
            return Ok(Op::Done(slept));
        }
        slept = true;
        machine.irqs.freezer.frozen.insert(current);
        machine.kernel.tasks[current].c.set_task_state(TASK_UNINTERRUPTIBLE);
        machine.kernel.block_on(current, BlockedOn::Other("__refrigerator"));
        Ok(Op::Block)
    }))
}

/// Suspends and comes back.
///
/// # Errors
/// `EBUSY` when a task does not freeze.
pub(crate) fn suspend(kind: &str) -> Result<(), Errno> {
    let print = |level: Level, text: String| enter(|machine, _| machine.print(level, text));
    print(Level::Info, format!("PM: suspend entry ({kind})"));
    print(Level::Info, "Freezing user space processes ... (elapsed 0.001 seconds) done.".into());
    print(Level::Info, "OOM killer disabled.".into());
    let began_ns = enter(|machine, _| {
        machine.irqs.freezer.freezing = true;
        machine.kernel.now()
    });
    // Each round wakes those that sleep interruptibly and looks again after a millisecond.
    let failed = loop {
        let left = enter(|machine, _| {
            let left = machine.not_frozen();
            for &task in &left {
                machine.kernel.try_to_wake_up(task, TASK_INTERRUPTIBLE);
            }
            left
        });
        let elapsed_ns = enter(|machine, _| machine.kernel.now()) - began_ns;
        if left.is_empty() || elapsed_ns > TIMEOUT_NS {
            break (left, elapsed_ns / 1_000_000);
        }
        or_oops(blocking(|machine, current, progress| {
            Ok(match machine.kernel.sleep_ns(current, 1_000_000, TASK_UNINTERRUPTIBLE, progress, false) {
                Op::Done(_) => Op::Done(()),
                Op::Block => Op::Block,
                Op::Spin => Op::Spin,
            })
        }));
    };
    let (left, ms) = failed;
    let elapsed = format!("{}.{:03} seconds", ms / 1000, ms % 1000);
    if left.is_empty() {
        print(Level::Info, format!("Freezing remaining freezable tasks ... (elapsed {elapsed}) done."));
    } else {
        print(Level::Info, "Freezing remaining freezable tasks ... ".into());
        let count = left.len();
        print(
            Level::Err,
            format!("Freezing of tasks failed after {elapsed} ({count} tasks refusing to freeze, wq_busy=0):"),
        );
        for task in &left {
            enter(|machine, _| {
                let task = &machine.kernel.tasks[*task];
                let state = if task.state() == TASK_RUNNING { 'R' } else { 'D' };
                let line = format!("task:{:<15.15} state:{state} stack:0     pid:{:<5} ppid:2", task.name(), task.pid);
                machine.print(Level::Info, line);
            });
        }
    }
    enter(|machine, _| {
        machine.irqs.freezer.freezing = false;
        for task in machine.irqs.freezer.frozen.clone() {
            machine.kernel.try_to_wake_up(task, TASK_UNINTERRUPTIBLE);
        }
    });
    print(Level::Info, "OOM killer enabled.".into());
    print(Level::Info, "Restarting tasks ... done.".into());
    print(Level::Info, "PM: suspend exit".into());
    if left.is_empty() { Ok(()) } else { Err(Errno::EBUSY) }
}

crate::exports![
    plain: set_freezable, kloom_freezing, frozen, kloom_try_to_freeze, __refrigerator;
    variadic: ;
    named:
];
