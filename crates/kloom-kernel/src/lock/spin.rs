//! Spinlocks and rwlocks.
//!
//! C header: include/linux/spinlock.h, include/linux/rwlock.h. Taking one disables preemption; the `_irq` and `_bh`
//! forms are composed by the shims. A CPU that finds the lock taken spins: its clock runs, the others step.

use super::object;
use crate::Kernel;
use crate::fault::Fault;
use crate::irq::PREEMPT_OFFSET;
use crate::ops::Op;
use crate::task::{BlockedOn, LockClass, TaskId};

impl Kernel {
    /// Takes a lock; `write` is false for the reader side of an rwlock. Polled; [`Op::Spin`] while another CPU has it.
    ///
    /// # Context
    /// Any; no scheduling point.
    ///
    /// # Errors
    /// [`Fault::SpinDeadlock`] when the holder is this very CPU: it can never be released.
    pub fn spin_lock(&mut self, caller: TaskId, handle: u32, class: LockClass) -> Result<Op<()>, Fault> {
        let this_cpu = self.this_cpu;
        let lock = object(&mut self.locks.spin, handle);
        let write = class != LockClass::RwlockRead;
        let blocker = match lock.writer {
            Some(holder) => Some(holder),
            None if write => lock.readers.first().copied(),
            None => None,
        };
        let Some(holder) = blocker else {
            self.preempt_add(PREEMPT_OFFSET);
            let holder = self.lock_taken(class, handle);
            let lock = object(&mut self.locks.spin, handle);
            if write { lock.writer = Some(holder) } else { lock.readers.push(holder) }
            self.tasks[caller].blocked_on = BlockedOn::Nothing;
            return Ok(Op::Done(()));
        };
        let running_on = self.tasks.get(holder.task).map(|task| task.se.cpu);
        let holder_runs = running_on.is_some_and(|cpu| self.cpus[cpu as usize].current == holder.task);
        if !holder_runs || running_on == Some(this_cpu) || self.cpus.len() == 1 {
            return Err(Fault::SpinDeadlock { lock: handle, owner: holder.at });
        }
        self.tasks[caller].blocked_on = BlockedOn::Spinlock(handle);
        self.spin_step();
        Ok(Op::Spin)
    }

    /// Lets the clock of a CPU that spins run, so that the others get their turn.
    pub fn spin_step(&mut self) {
        let me = self.this_cpu;
        let others = self.cpus.iter().filter(|cpu| cpu.id != me && cpu.has_work()).map(|cpu| cpu.clock_ns).min();
        let now_ns = self.now();
        let target = others.map_or(now_ns + SPIN_NS, |other| other.max(now_ns) + SPIN_NS);
        self.charge(target - now_ns);
    }

    /// Takes a lock if it is free (`spin_trylock()`).
    pub fn spin_trylock(&mut self, handle: u32, class: LockClass) -> bool {
        let lock = object(&mut self.locks.spin, handle);
        let write = class != LockClass::RwlockRead;
        if lock.writer.is_some() || (write && !lock.readers.is_empty()) {
            return false;
        }
        self.preempt_add(PREEMPT_OFFSET);
        let holder = self.lock_taken(class, handle);
        let lock = object(&mut self.locks.spin, handle);
        if write { lock.writer = Some(holder) } else { lock.readers.push(holder) }
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
        self.locks.spin.get(handle as usize - 1).is_some_and(|lock| lock.writer.is_some() || !lock.readers.is_empty())
    }
}

/// One round of spinning.
const SPIN_NS: u64 = 200;
