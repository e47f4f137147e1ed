//! Spinlocks and rwlocks.
//!
//! C header: include/linux/spinlock.h, include/linux/rwlock.h. Taking one disables preemption; the `_irq` and `_bh`
//! forms are composed by the shims. A CPU that finds the lock taken spins: its clock runs, the others step.

use super::{Holder, object};
use crate::Kernel;
use crate::fault::Fault;
use crate::irq::PREEMPT_OFFSET;
use crate::ops::{Op, Progress};
use crate::site::ContextKind;
use crate::task::{BlockedOn, LockClass, TaskId};

impl Kernel {
    /// Takes a lock; `class` tells spinlock, or which side of an rwlock. Polled; [`Op::Spin`] while someone else has it.
    /// Preemption is off from the first poll on.
    ///
    /// # Context
    /// Any; no scheduling point.
    ///
    /// # Errors
    /// [`Fault::SpinDeadlock`] when the holder can never release it, [`Fault::Deadlock`] when spinning tasks hold each
    /// other's locks. Each once per call: polled on, it spins, as on Linux.
    pub fn spin_lock(
        &mut self,
        caller: TaskId,
        handle: u32,
        class: LockClass,
        p: &mut Progress,
    ) -> Result<Op<()>, Fault> {
        if p.first() {
            self.lockdep_acquire(class, handle, false);
            self.preempt_add(PREEMPT_OFFSET);
        }
        let lock = object(&mut self.locks.spin, handle);
        let write = class != LockClass::RwlockRead;
        let blocker = match lock.writer {
            Some(holder) => Some(holder),
            None if write => lock.readers.iter().find(|holder| holder.task == caller).or(lock.readers.first()).copied(),
            None => None,
        };
        let in_task = self.context_kind() == ContextKind::Task;
        let Some(holder) = blocker else {
            let holder = self.lock_taken(class, handle);
            let lock = object(&mut self.locks.spin, handle);
            if write {
                lock.writer = Some(holder)
            } else {
                lock.readers.push(holder)
            }
            if in_task && self.tasks[caller].blocked_on == BlockedOn::Spinlock(handle) {
                self.tasks[caller].blocked_on = BlockedOn::Nothing;
            }
            if let Some(frame) = self.cpus[self.this_cpu as usize].irq_frames.last_mut() {
                frame.spins_on = None;
            }
            return Ok(Op::Done(()));
        };
        if in_task {
            self.tasks[caller].blocked_on = BlockedOn::Spinlock(handle);
        }
        let at = self.event_here();
        if let Some(frame) = self.cpus[self.this_cpu as usize].irq_frames.last_mut() {
            frame.spins_on = Some((handle, at));
        }
        self.spin_step();
        if p.note == 0 && self.never_releases(holder) {
            p.note = 1;
            return Err(Fault::SpinDeadlock { lock: handle, owner: holder.at });
        }
        if p.note == 0
            && in_task
            && let Some(cycle) = self.spin_cycle(caller)
            && cycle.iter().min() == Some(&caller)
        {
            // Each of them finds the cycle; one tells of it.
            p.note = 1;
            return Err(Fault::Deadlock { cycle });
        }
        Ok(Op::Spin)
    }

    /// Whether a lock's holder cannot run again while this CPU spins: it is the code below on this CPU, or gone, or there
    /// is no other CPU.
    fn never_releases(&self, holder: Holder) -> bool {
        match self.tasks.get(holder.task) {
            Some(task) if !task.has_exited() => {}
            _ => return true,
        }
        self.cpus.len() == 1 || self.current() == holder.task
    }

    /// The tasks that spin for each other's locks, if `start` is one of them.
    fn spin_cycle(&self, start: TaskId) -> Option<Vec<TaskId>> {
        let mut chain = vec![start];
        let mut at = start;
        loop {
            let BlockedOn::Spinlock(handle) = self.tasks.get(at)?.blocked_on else { return None };
            let lock = self.locks.spin.get(handle as usize - 1)?;
            let holder = lock.writer.or(lock.readers.first().copied())?;
            if holder.at.context != ContextKind::Task {
                return None;
            }
            if holder.task == start {
                return (chain.len() > 1).then_some(chain);
            }
            if chain.contains(&holder.task) {
                return None;
            }
            chain.push(holder.task);
            at = holder.task;
        }
    }

    /// Lets the clock of a CPU that spins run, so that the others get their turn; never past the next event, and in
    /// larger steps the longer the same task has kept the CPU.
    pub fn spin_step(&mut self) {
        self.touched.spun = true;
        let me = self.this_cpu;
        let others = self.cpus.iter().filter(|cpu| cpu.id != me && cpu.has_work()).map(|cpu| cpu.clock_ns).min();
        let now_ns = self.now();
        let own = &self.cpus[me as usize];
        let spins =
            |task: TaskId| self.tasks.get(task).is_some_and(|task| matches!(task.blocked_on, BlockedOn::Spinlock(_)));
        let only_spinners = self
            .cpus
            .iter()
            .filter(|cpu| cpu.id != me && cpu.has_work())
            .all(|cpu| cpu.spun_at_ns == cpu.clock_ns || (cpu.irq_frames.is_empty() && spins(cpu.current)));
        let ahead_ns = others.map_or(now_ns, |other_ns| other_ns.max(now_ns));
        // Nobody who could release anything runs: nothing is missed by a larger step.
        let mut until_ns =
            if only_spinners { (ahead_ns + SPIN_NS * own.spin_scale).min(own.next_tick_ns) } else { ahead_ns };
        if let Some(event_ns) = self.events.next_time() {
            until_ns = until_ns.min(event_ns);
        }
        self.charge(until_ns.max(now_ns + SPIN_NS) - now_ns);
        let own = &mut self.cpus[me as usize];
        own.spun_at_ns = own.clock_ns;
    }

    /// Whether another CPU spins on the lock (`spin_is_contended()`).
    pub fn spin_is_contended(&self, handle: u32) -> bool {
        let spins =
            |task: TaskId| self.tasks.get(task).is_some_and(|task| task.blocked_on == BlockedOn::Spinlock(handle));
        self.cpus.iter().any(|cpu| cpu.id != self.this_cpu && spins(cpu.current))
    }

    /// Whether the code that runs now may release the lock (`lockdep_is_held()` for spinlocks).
    pub fn spin_held_by(&self, handle: u32, caller: TaskId) -> bool {
        let Some(lock) = self.locks.spin.get((handle as usize).wrapping_sub(1)) else { return false };
        lock.writer.iter().chain(&lock.readers).any(|holder| holder.task == caller)
    }

    /// Takes a lock if it is free (`spin_trylock()`).
    pub fn spin_trylock(&mut self, handle: u32, class: LockClass) -> bool {
        let lock = object(&mut self.locks.spin, handle);
        let write = class != LockClass::RwlockRead;
        if lock.writer.is_some() || (write && !lock.readers.is_empty()) {
            return false;
        }
        self.lockdep_acquire(class, handle, true);
        self.preempt_add(PREEMPT_OFFSET);
        let holder = self.lock_taken(class, handle);
        let lock = object(&mut self.locks.spin, handle);
        if write {
            lock.writer = Some(holder)
        } else {
            lock.readers.push(holder)
        }
        true
    }

    /// Gives a lock back.
    ///
    /// # Errors
    /// [`Fault::BadUnlock`] when it is not held, or held by another task.
    pub fn spin_unlock(&mut self, caller: TaskId, handle: u32, class: LockClass) -> Result<(), Fault> {
        let lock = object(&mut self.locks.spin, handle);
        let name = lock.name.clone();
        let bad = |why, owner| Fault::BadUnlock { class, name: name.clone(), why, owner };
        let holder = if class == LockClass::RwlockRead {
            let mine = lock.readers.iter().rposition(|holder| holder.task == caller);
            match mine {
                Some(at) => Some(lock.readers.remove(at)),
                None => lock.readers.pop(),
            }
        } else {
            lock.writer.take()
        };
        let Some(holder) = holder else { return Err(bad("not locked", None)) };
        self.preempt_sub(PREEMPT_OFFSET);
        self.lock_dropped(holder.task, class, handle);
        if holder.task != caller {
            return Err(bad("locked by another task", Some(holder.at)));
        }
        Ok(())
    }

    /// Whether anyone holds the lock (`spin_is_locked()`).
    pub fn spin_is_locked(&self, handle: u32) -> bool {
        self.locks
            .spin
            .get((handle as usize).wrapping_sub(1))
            .is_some_and(|lock| lock.writer.is_some() || !lock.readers.is_empty())
    }
}

/// One round of spinning.
const SPIN_NS: u64 = 200;

#[cfg(test)]
mod tests {
    use crate::fault::Fault;
    use crate::ops::{Op, Progress};
    use crate::task::{LockClass, TaskId, TaskKind};
    use crate::testing::machine;
    use crate::{Kernel, NewTask};

    /// A task that is current on a CPU.
    fn on_cpu(kernel: &mut Kernel, cpu: u32) -> TaskId {
        let parent = kernel.kthreadd;
        let id = kernel.new_task(NewTask { name: b"task", parent, kind: TaskKind::System }).expect("room for a task");
        kernel.tasks[id].se.cpu = cpu;
        kernel.tasks[id].c.set_task_state(0);
        kernel.cpus[cpu as usize].current = id;
        id
    }

    fn lock(
        kernel: &mut Kernel,
        task: TaskId,
        handle: u32,
        class: LockClass,
        p: &mut Progress,
    ) -> Result<Op<()>, Fault> {
        kernel.this_cpu = kernel.tasks[task].se.cpu;
        kernel.spin_lock(task, handle, class, p)
    }

    #[test]
    fn the_other_cpu_spins_until_the_unlock_and_preemption_counts_once() {
        let mut kernel = machine(2);
        let (one, two) = (on_cpu(&mut kernel, 0), on_cpu(&mut kernel, 1));
        let handle = kernel.locks.register_spin(0x10, "l".into());
        let mut waits = Progress::default();
        assert_eq!(
            lock(&mut kernel, one, handle, LockClass::Spinlock, &mut Progress::default()).unwrap(),
            Op::Done(())
        );
        for _ in 0..3 {
            let before_ns = kernel.cpus[1].clock_ns;
            assert_eq!(lock(&mut kernel, two, handle, LockClass::Spinlock, &mut waits).unwrap(), Op::Spin);
            assert!(kernel.cpus[1].clock_ns > before_ns);
        }
        assert_eq!(kernel.tasks[two].preempt_count, 1);
        kernel.this_cpu = 0;
        kernel.spin_unlock(one, handle, LockClass::Spinlock).unwrap();
        assert_eq!(kernel.tasks[one].preempt_count, 0);
        assert_eq!(lock(&mut kernel, two, handle, LockClass::Spinlock, &mut waits).unwrap(), Op::Done(()));
        assert_eq!(kernel.tasks[two].preempt_count, 1);
    }

    #[test]
    fn readers_share_and_shut_writers_out() {
        let mut kernel = machine(2);
        let (one, two) = (on_cpu(&mut kernel, 0), on_cpu(&mut kernel, 1));
        let handle = kernel.locks.register_spin(0x10, "rw".into());
        for task in [one, two] {
            assert_eq!(
                lock(&mut kernel, task, handle, LockClass::RwlockRead, &mut Progress::default()).unwrap(),
                Op::Done(())
            );
        }
        assert!(!kernel.spin_trylock(handle, LockClass::RwlockWrite));
        assert!(matches!(
            lock(&mut kernel, one, handle, LockClass::RwlockWrite, &mut Progress::default()),
            Err(Fault::SpinDeadlock { .. })
        ));
    }

    #[test]
    fn a_second_lock_on_the_same_cpu_is_told_once() {
        let mut kernel = machine(2);
        let one = on_cpu(&mut kernel, 0);
        let handle = kernel.locks.register_spin(0x10, "l".into());
        let mut p = Progress::default();
        assert_eq!(
            lock(&mut kernel, one, handle, LockClass::Spinlock, &mut Progress::default()).unwrap(),
            Op::Done(())
        );
        assert!(matches!(lock(&mut kernel, one, handle, LockClass::Spinlock, &mut p), Err(Fault::SpinDeadlock { .. })));
        assert_eq!(lock(&mut kernel, one, handle, LockClass::Spinlock, &mut p).unwrap(), Op::Spin);
    }

    #[test]
    fn crossed_locks_are_told_by_one_of_the_two() {
        let mut kernel = machine(2);
        let tasks = [on_cpu(&mut kernel, 0), on_cpu(&mut kernel, 1)];
        let locks = [kernel.locks.register_spin(0x10, "a".into()), kernel.locks.register_spin(0x20, "b".into())];
        for i in 0..2 {
            assert_eq!(
                lock(&mut kernel, tasks[i], locks[i], LockClass::Spinlock, &mut Progress::default()).unwrap(),
                Op::Done(())
            );
        }
        let mut waits = [Progress::default(); 2];
        let mut told = 0;
        for _ in 0..10 {
            for i in 0..2 {
                match lock(&mut kernel, tasks[i], locks[1 - i], LockClass::Spinlock, &mut waits[i]) {
                    Ok(op) => assert_eq!(op, Op::Spin),
                    Err(Fault::Deadlock { cycle }) => {
                        assert_eq!(cycle.len(), 2);
                        told += 1;
                    }
                    Err(other) => panic!("{other:?}"),
                }
            }
        }
        assert_eq!(told, 1);
    }
}
