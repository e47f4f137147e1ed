//! Tasks: who runs.

use std::panic::Location;

use kloom_kernel::task::TaskId;
use kloom_kernel::touch::Manner;
use kloom_shim::rust::{Gate, choice, control_of, op};

/// The calling task, as [`current!`](crate::current) names it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Task {
    id: TaskId,
    pid: i32,
    thread: u32,
}

/// The task that runs this.
///
/// ```
/// kloom_rust::run(|| assert_eq!(kloom_rust::current!().name(), "main"));
/// ```
#[macro_export]
macro_rules! current {
    () => {
        $crate::task::Task::current()
    };
}

impl Task {
    /// The calling task.
    #[track_caller]
    pub fn current() -> Task {
        op(Location::caller(), |machine, current| Task {
            id: current,
            pid: machine.kernel.tasks[current].pid,
            thread: machine.rust.thread(current).map_or(0, |thread| thread.id),
        })
        .unwrap_or(Task { id: TaskId(0), pid: 0, thread: 0 })
    }

    /// Its pid.
    pub fn pid(&self) -> i32 {
        self.pid
    }

    /// Its name.
    #[track_caller]
    pub fn name(&self) -> String {
        self.live(|machine, id| machine.kernel.tasks[id].name()).unwrap_or_default()
    }

    /// Whether a signal, or a request to stop, ends its interruptible waits.
    #[track_caller]
    pub fn signal_pending(&self) -> bool {
        choice(Location::caller(), "Task::signal_pending", Some((control_of(self.thread), Manner::Read)), Gate::Open);
        self.live(|machine, id| machine.kernel.signal_pending(id)).unwrap_or(false)
    }

    /// Makes it runnable if it sleeps.
    #[track_caller]
    pub fn wake_up(&self) {
        choice(Location::caller(), "Task::wake_up", Some((control_of(self.thread), Manner::Write)), Gate::Open);
        self.live(|machine, id| machine.kernel.wake_up_process(id));
    }

    /// Runs `f` if the task still is the one it was.
    #[track_caller]
    fn live<R>(&self, f: impl FnOnce(&mut kloom_shim::Machine, TaskId) -> R) -> Option<R> {
        op(Location::caller(), |machine, _| {
            let lives = machine.kernel.tasks.get(self.id).is_some_and(|task| task.pid == self.pid);
            lives.then(|| f(machine, self.id))
        })?
    }
}
