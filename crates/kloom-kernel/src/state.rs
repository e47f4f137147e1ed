//! The state of the kernel as one number, for seeing that a machine comes back to an earlier one.
//!
//! Taken is what decides what happens next: tasks and what they wait for, locks, queues, works, timers. Instants count
//! relative to the present one. Left out is what grows for ever and only says which of several runnable tasks is next or
//! what was (accounting, run queues, logs, numbers of events): another order is an order that a machine may have, too.

use std::hash::{Hash, Hasher};

use rustc_hash::FxHasher;

use crate::Kernel;
use crate::event::Event;
use crate::lock::Holder;
use crate::task::{Task, TaskId, TaskKind};

impl Kernel {
    /// The state, as two machines in the same one have it and others (but for luck) do not. None if something is going on that
    /// it does not cover: an interrupt, a grace period.
    pub fn digest(&self) -> Option<u64> {
        if self.cpus.iter().any(|cpu| !cpu.irq_frames.is_empty() || !cpu.pending.is_empty() || !cpu.deferred.is_empty())
        {
            return None;
        }
        let mut hasher = FxHasher::default();
        let now_ns = self.now();
        for (key, event) in self.events.in_order() {
            match event {
                Event::HungTaskCheck => continue,
                Event::GracePeriod(_) => return None,
                Event::Timeout(task) => (0, task.0).hash(&mut hasher),
                Event::Timer { timer, .. } => (1, timer).hash(&mut hasher),
                Event::HrTimer { timer, .. } => (2, timer).hash(&mut hasher),
            }
            key.time_ns.wrapping_sub(now_ns).hash(&mut hasher);
        }
        for task in self.tasks.iter().filter(|task| !matches!(task.kind, TaskKind::Idle)) {
            digest_task(task, &mut hasher);
        }
        for (handle, queue) in self.waits.iter() {
            handle.hash(&mut hasher);
            for entry in &queue.entries {
                (entry.addr, entry.task.map(|task| task.0), entry.flags).hash(&mut hasher);
            }
        }
        for (handle, completion) in self.completions.iter() {
            (handle, completion.done).hash(&mut hasher);
            ids(completion.waiters(), &mut hasher);
        }
        self.digest_locks(&mut hasher);
        self.timers.digest(&mut hasher);
        self.hrtimers.digest(&mut hasher);
        self.workqueues.digest(&mut hasher);
        Some(hasher.finish())
    }

    fn digest_locks(&self, hasher: &mut FxHasher) {
        let holder = |holder: &Holder| holder.task.0;
        for (handle, lock) in &self.locks.spin {
            (handle, lock.writer.as_ref().map(holder)).hash(hasher);
            lock.readers.iter().for_each(|reader| holder(reader).hash(hasher));
        }
        for (handle, lock) in &self.locks.mutex {
            let pickup = lock.pickup.map(|task| task.0);
            (handle, lock.owner.as_ref().map(holder), lock.handoff, pickup).hash(hasher);
            ids(&lock.waiters, hasher);
        }
        for (handle, lock) in &self.locks.semaphore {
            (handle, lock.count, lock.writer.as_ref().map(holder)).hash(hasher);
            lock.readers.iter().for_each(|reader| holder(reader).hash(hasher));
            lock.waiters.iter().for_each(|(task, writes)| (task.0, writes).hash(hasher));
        }
    }
}

/// Hashes who they are, and how many.
pub(crate) fn ids(tasks: &[TaskId], hasher: &mut FxHasher) {
    tasks.len().hash(hasher);
    tasks.iter().for_each(|task| task.0.hash(hasher));
}

fn digest_task(task: &Task, hasher: &mut FxHasher) {
    (task.id.0, task.serial, task.state(), task.se.on_rq, task.se.cpu, task.has_exited()).hash(hasher);
    (task.preempt_count, task.irqs_off, task.timed_out, task.timeout.is_some()).hash(hasher);
    (std::mem::discriminant(&task.blocked_on), task.refs_taken.len(), task.slept_at.trace.0).hash(hasher);
    let signals = &task.signals;
    (signals.ignored, signals.handled, signals.blocked, signals.pending, signals.notify).hash(hasher);
    for held in &task.held {
        (held.class, held.handle).hash(hasher);
    }
    match &task.kind {
        TaskKind::Kthread(kthread) => {
            (kthread.should_stop, kthread.should_park, kthread.parked, kthread.entered, kthread.collected).hash(hasher);
            ids(&kthread.waiters, hasher);
        }
        TaskKind::User(user) => (user.in_kernel, user.zombies.len()).hash(hasher),
        TaskKind::Idle | TaskKind::System => {}
    }
}
