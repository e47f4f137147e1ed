//! The end of a task: exit, zombies, release.
//!
//! Behaviour follows Linux 6.1 kernel/exit.c. A kthread is reaped at once (nobody waits for it), so its
//! `task_struct` is gone as soon as the last reference is, which is why `kthread_stop()` on a thread that returned
//! by itself is a use after free unless the module took a reference.

use kloom_abi::sched::{EXIT_DEAD, EXIT_ZOMBIE, PF_EXITING, TASK_DEAD, TASK_INTERRUPTIBLE};
use kloom_abi::signal::SIGCHLD;

use crate::Kernel;
use crate::fault::Fault;
use crate::order;
use crate::task::{BlockedOn, TaskId, TaskKind};
use crate::trace::TraceKind;

impl Kernel {
    /// Ends the current task; `code` is its wait status. The caller must give up the CPU and never run again.
    pub fn do_exit(&mut self, caller: TaskId, code: i32) {
        if matches!(self.tasks[caller].kind, TaskKind::User(_)) {
            self.touched.note_changed(crate::touch::PROCESSES);
            self.acquire_release(crate::touch::PROCESSES);
        }
        self.check_exit_balance(caller, "exit of the thread");
        let at = self.event_here();
        self.release(order::side(self.tasks[caller].addr));
        let task = &mut self.tasks[caller];
        task.exited = Some(at);
        task.c.exit_code.set(code);
        task.c.flags.set(task.c.flags.get() | PF_EXITING);
        task.c.set_task_state(TASK_DEAD);
        task.blocked_on = BlockedOn::Nothing;
        task.signals.pending = 0;
        let result = task.kthread().map_or(i64::from(code), |kthread| kthread.result);
        self.cancel_timeout(caller);
        self.emit(TraceKind::SchedProcessExit { target: caller, code: result });
        let cpu = self.tasks[caller].se.cpu;
        if self.cpus[cpu as usize].current == caller {
            self.cpus[cpu as usize].schedule_called = true;
        }
    }

    /// Reports locks held and preemption disabled where neither may be, and repairs the counts.
    pub fn check_exit_balance(&mut self, id: TaskId, place: &'static str) {
        let task = &mut self.tasks[id];
        let held = std::mem::take(&mut task.held);
        let (count, irqs_off, since) = (task.preempt_count, task.irqs_off, task.preempt_site);
        task.preempt_count = 0;
        task.irqs_off = false;
        let mut locked = false;
        for lock in held {
            locked |= matches!(
                lock.class,
                crate::task::LockClass::Spinlock
                    | crate::task::LockClass::RwlockRead
                    | crate::task::LockClass::RwlockWrite
                    | crate::task::LockClass::Rcu
            );
            let name = self.lock_name(lock.class, lock.handle);
            self.report(Fault::LockHeldAtExit {
                class: lock.class,
                name,
                taken: lock.taken,
                since_ns: lock.time_ns,
                place,
            });
        }
        if !locked && (count & 0xffff != 0 || irqs_off) {
            self.report(Fault::UnbalancedPreempt { place, preempt_count: count, irqs_off, since });
        }
    }

    /// A dead task has left its CPU for good: unhash it, tell its parent, drop its own reference.
    pub(crate) fn finish_dead_task(&mut self, id: TaskId) {
        self.dead_tasks.push((id, self.tasks[id].c.exit_code.get()));
        self.look_at_readers();
        if matches!(self.tasks[id].kind, TaskKind::User(_)) {
            self.become_zombie(id);
        } else {
            self.tasks[id].c.exit_state.set(EXIT_DEAD as i32);
            self.tasks.unhash(id);
            self.put_task(id);
        }
    }

    fn become_zombie(&mut self, id: TaskId) {
        let (pid, status, parent) = (self.tasks[id].pid, self.tasks[id].c.exit_code.get(), self.tasks[id].parent);
        self.tasks[id].c.exit_state.set(EXIT_ZOMBIE as i32);
        let children: Vec<TaskId> = self.tasks.iter().filter(|task| task.parent == id).map(|task| task.id).collect();
        for child in children {
            self.tasks[child].parent = self.init;
            self.tasks[child].c.parent.set(self.tasks[self.init].addr);
            self.tasks[child].c.real_parent.set(self.tasks[self.init].addr);
            if self.tasks[child].c.exit_state.get() as u32 & EXIT_ZOMBIE != 0 {
                self.reap(child);
            }
        }
        let init = self.init;
        match self.tasks.get_mut(parent) {
            Some(task) if parent != init && !task.has_exited() && task.user().is_some() => {
                if let Some(user) = task.user_mut() {
                    user.zombies.push((pid, status));
                }
                let waiting = task.blocked_on == BlockedOn::Child;
                let _ = self.send_signal(parent, SIGCHLD);
                if waiting {
                    self.try_to_wake_up(parent, TASK_INTERRUPTIBLE);
                }
            }
            // init, or nobody, waits for it: gone at once.
            _ => self.reap(id),
        }
    }

    /// Lets go of a zombie whose status was taken (`release_task()`).
    pub fn reap(&mut self, id: TaskId) {
        self.tasks[id].c.exit_state.set(EXIT_DEAD as i32);
        self.tasks.unhash(id);
        self.put_task(id);
    }
}
