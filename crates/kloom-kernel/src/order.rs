//! What happened in which order: memory accesses and synchronisation, for whoever computes what happened before what.
//!
//! The log is one list, in the order of the machine's steps: plain and marked accesses of module code, written by the
//! compiler's hooks, between the synchronising operations of the kernel. It is kept only while [`Order::on`] is set; off,
//! each operation costs a branch. `kloom-detect` reads it and finds data races.
//!
//! Who acts is an [`Actor`]. Work items and callbacks are actors of their own, though a worker thread or the code below an
//! interrupt lends them its CPU: that two works ran on one worker is no order that a module may rely on.
//!
//! Objects are addresses of guest memory (a lock, a task, a work); [`side`] gives an object a second list.

use crate::Kernel;
use crate::site::{ContextKind, RawEvent};
use crate::task::{LockClass, TaskId};

/// Who does something.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub enum Actor {
    /// A task; the number tells a slot's tenants apart.
    Task(TaskId, u64),
    /// The callback of the timer, tasklet or other object at this address.
    Callback(u64),
    /// The work at this address, whichever worker runs it.
    Work(u64),
    /// The machine itself: events that are due.
    Machine,
}

/// How memory is accessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct How {
    /// It changes the memory.
    pub write: bool,
    /// It reads it (both, for an atomic update).
    pub read: bool,
    /// Marked as shared: volatile or atomic.
    pub marked: bool,
    /// Later accesses of the actor stay behind it.
    pub acquire: bool,
    /// Earlier accesses of the actor stay before it.
    pub release: bool,
}

/// One entry of the log.
#[derive(Clone, Copy, Debug, PartialEq)]
pub enum Happened {
    /// What follows is done by the actor of this [`Segment`].
    Runs(u32),
    /// Memory was accessed by the instruction before `ip`.
    Access {
        /// First byte.
        addr: u64,
        /// Bytes.
        size: u32,
        /// How.
        how: How,
        /// Return address of the hook.
        ip: u64,
    },
    /// What others released into this object happens before what follows.
    Acquire(u64),
    /// What came before happens before whoever acquires this object from now on.
    Release(u64),
    /// A fence: orders marked accesses before and after it.
    Fence {
        /// Reads before it stay before.
        acquire: bool,
        /// Writes after it stay after.
        release: bool,
    },
    /// A lock is held from here on, by its address.
    Locked(LockClass, u64),
    /// Not any more.
    Unlocked(LockClass, u64),
    /// Memory that begins or ends a life: what was known about it no longer counts.
    Forget {
        /// First byte.
        addr: u64,
        /// Bytes.
        size: u64,
    },
    /// Memory ends its life by a call of the running code: a conflict with every access that did not happen before.
    Free {
        /// First byte.
        addr: u64,
        /// Bytes.
        size: u64,
        /// Where the call was made.
        ip: u64,
    },
    /// A section of a sequence count begins or ends: what a reader reads in it is read again if a writer was there.
    Sequence {
        /// The count.
        count: u64,
        /// Which side.
        writer: bool,
        /// The begin, or the end.
        begins: bool,
    },
    /// `data_race()`: accesses of the actor do not count until as many `false` as `true` were seen.
    Ignore(bool),
}

/// Consecutive entries of one actor.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Segment {
    /// Who.
    pub actor: Actor,
    /// The task, CPU, context and instant, and where the module called out, if it did.
    pub at: RawEvent,
}

/// The log.
#[derive(Clone, Debug, Default)]
pub struct Order {
    /// Whether anyone wants to know.
    pub on: bool,
    /// Entries since the last [`Order::take`].
    pub log: Vec<Happened>,
    /// What [`Happened::Runs`] refers to.
    pub segments: Vec<Segment>,
}

/// A second object at an address: what was *finished* there, beside what was asked for.
pub const fn side(object: u64) -> u64 {
    object ^ 1 << 63
}

/// What read-side critical sections release when they end, and grace periods acquire.
pub const RCU_READERS: u64 = side(crate::touch::RCU);
/// What calls of file operations release when they return, and removing the files acquires.
pub const FILE_CALLS: u64 = side(crate::touch::NAMES);

impl Order {
    /// Appends an access of the running code.
    pub fn access(&mut self, addr: u64, size: u64, how: How, ip: u64) {
        self.log.push(Happened::Access { addr, size: size as u32, how, ip });
    }

    /// Memory begins or ends a life.
    pub fn forget(&mut self, addr: u64, size: u64) {
        if self.on {
            self.log.push(Happened::Forget { addr, size });
        }
    }

    /// A section of a sequence count begins or ends.
    pub fn sequence(&mut self, count: u64, writer: bool, begins: bool) {
        if self.on {
            self.log.push(Happened::Sequence { count, writer, begins });
        }
    }

    /// Gives the memory of taken entries back, for the next ones.
    pub fn put_back(&mut self, mut log: Vec<Happened>, mut segments: Vec<Segment>) {
        if self.log.is_empty() && self.segments.is_empty() {
            log.clear();
            segments.clear();
            (self.log, self.segments) = (log, segments);
        }
    }

    /// Takes the entries. The numbers of segments start anew.
    pub fn take(&mut self) -> (Vec<Happened>, Vec<Segment>) {
        (std::mem::take(&mut self.log), std::mem::take(&mut self.segments))
    }
}

impl Kernel {
    /// Who executes on the stepping CPU.
    pub fn actor(&self) -> Actor {
        let cpu = &self.cpus[self.this_cpu as usize];
        if let Some(frame) = cpu.irq_frames.last() {
            return Actor::Callback(frame.callback.args[0]);
        }
        if self.tasks[cpu.current].service.is_some()
            && let Some(work) = self.current_work(cpu.current)
        {
            return Actor::Work(work);
        }
        Actor::Task(cpu.current, self.tasks[cpu.current].serial)
    }

    /// Notes that what follows is done by the code that executes on the stepping CPU.
    pub fn order_actor(&mut self) {
        if !self.order.on {
            return;
        }
        let at = self.event_here();
        let segment = Segment { actor: self.actor(), at };
        if self.order.segments.last() != Some(&segment) {
            self.order.segments.push(segment);
            self.order.log.push(Happened::Runs(self.order.segments.len() as u32 - 1));
        }
    }

    /// A context goes on: what woke it happened before.
    pub fn order_resumes(&mut self, context: crate::sched::Context) {
        if !self.order.on {
            return;
        }
        match context {
            crate::sched::Context::Task(task) => self.acquire(self.tasks[task].addr),
            crate::sched::Context::Irq(_) => self.order_actor(),
        }
    }

    /// Notes that what follows is done by the machine itself.
    pub fn order_machine(&mut self) {
        if self.order.on {
            let at = self.event_here();
            self.order.segments.push(Segment { actor: Actor::Machine, at });
            self.order.log.push(Happened::Runs(self.order.segments.len() as u32 - 1));
        }
    }

    /// What others released into `object` happens before what the running code does from now on.
    pub fn acquire(&mut self, object: u64) {
        if self.order.on {
            self.order_actor();
            self.order.log.push(Happened::Acquire(object));
        }
    }

    /// What the running code did happens before what whoever acquires `object` does then.
    pub fn release(&mut self, object: u64) {
        if self.order.on {
            self.order_actor();
            self.order.log.push(Happened::Release(object));
        }
    }

    /// An operation on an object that Linux guards with a lock of its own.
    pub fn acquire_release(&mut self, object: u64) {
        self.acquire(object);
        self.release(object);
    }

    /// The running code frees memory.
    pub fn order_free(&mut self, addr: u64, size: u64) {
        if self.order.on {
            self.order_actor();
            self.order.log.push(Happened::Free { addr, size, ip: self.here.0[0] });
        }
    }

    /// A lock was taken. Readers come after writers, not after each other.
    pub(crate) fn order_lock(&mut self, class: LockClass, handle: u32) {
        if !self.order.on {
            return;
        }
        let addr = self.locks.addr_of(class, handle).unwrap_or(0);
        match class {
            LockClass::Rcu | LockClass::Srcu => self.acquire(crate::touch::RCU),
            LockClass::RwlockRead | LockClass::RwsemRead => self.acquire(addr),
            _ => {
                self.acquire(addr);
                self.acquire(side(addr));
            }
        }
        self.order.log.push(Happened::Locked(class, addr));
    }

    /// A lock was given back.
    pub(crate) fn order_unlock(&mut self, class: LockClass, handle: u32) {
        if !self.order.on {
            return;
        }
        let addr = self.locks.addr_of(class, handle).unwrap_or(0);
        match class {
            LockClass::Rcu | LockClass::Srcu => self.release(RCU_READERS),
            LockClass::RwlockRead | LockClass::RwsemRead => self.release(side(addr)),
            _ => self.release(addr),
        }
        self.order.log.push(Happened::Unlocked(class, addr));
    }

    /// A callback begins: after whoever asked for it, after its own earlier runs, and after the grace period it may have
    /// waited for.
    pub(crate) fn order_callback_starts(&mut self, object: u64) {
        if self.order.on {
            self.acquire(object);
            self.acquire(RCU_READERS);
        }
    }

    /// A callback is over.
    pub(crate) fn order_callback_ends(&mut self, object: u64) {
        self.release(side(object));
    }

    /// Whether the running code is a callback; in which case it is no task's.
    pub fn in_callback(&self) -> bool {
        self.context_kind() != ContextKind::Task
    }
}
