//! Locks: who waits for whom ([`deadlock`]), spinlocks and rwlocks ([`spin`]), mutexes ([`mutex`]), semaphores ([`semaphore`]).

pub mod deadlock;
pub mod lockdep;
pub mod mutex;
pub mod rtmutex;
pub mod semaphore;
pub mod spin;

use slab::Slab;

use crate::Kernel;
use crate::site::RawEvent;
use crate::task::{HeldLock, LockClass, TaskId};

/// Who holds a lock: a task in process context, or an interrupt frame of a CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Holder {
    /// The task that was current.
    pub task: TaskId,
    /// Where and when it was taken; also tells the context.
    pub at: RawEvent,
}

/// A spinlock or rwlock.
#[derive(Clone, Debug)]
pub struct SpinLock {
    /// Address of the C object.
    pub addr: u64,
    /// Key of its lock class: its own address, or its initialiser's.
    pub key: u64,
    /// Number of that class plus one; 0 before it is first taken.
    pub dep: u32,
    /// Name for reports.
    pub name: String,
    /// Writer, or the one holder of a spinlock.
    pub writer: Option<Holder>,
    /// Readers of an rwlock.
    pub readers: Vec<Holder>,
}

/// A mutex.
#[derive(Clone, Debug)]
pub struct Mutex {
    /// Address of the C object.
    pub addr: u64,
    /// Key of its lock class: its own address, or its initialiser's.
    pub key: u64,
    /// Number of that class plus one; 0 before it is first taken.
    pub dep: u32,
    /// Name for reports.
    pub name: String,
    /// Who holds it.
    pub owner: Option<Holder>,
    /// Who waits, in order.
    pub waiters: Vec<TaskId>,
    /// The first waiter lost the race for it once: the next unlock gives it to that one.
    pub handoff: bool,
    /// Nobody else may take it.
    pub pickup: Option<TaskId>,
    /// An rt_mutex: its holder has the priority of those that wait for it.
    pub inherits: bool,
}

/// A semaphore or rw_semaphore.
#[derive(Clone, Debug)]
pub struct Semaphore {
    /// Address of the C object.
    pub addr: u64,
    /// Key of its lock class: its own address, or its initialiser's.
    pub key: u64,
    /// Number of that class plus one; 0 before it is first taken.
    pub dep: u32,
    /// Name for reports.
    pub name: String,
    /// Free units (semaphore).
    pub count: i64,
    /// Free units it was initialised with.
    pub initial: i64,
    /// The last `up()`.
    pub last_up: Option<RawEvent>,
    /// Readers of an rw_semaphore.
    pub readers: Vec<Holder>,
    /// Its writer.
    pub writer: Option<Holder>,
    /// Who waits, in order, and whether to write.
    pub waiters: Vec<(TaskId, bool)>,
    /// Who took units and has not given them back, for reports.
    pub takers: Vec<Holder>,
}

/// All locks, by kind; handle 0 is never used.
#[derive(Clone, Debug, Default)]
pub struct Locks {
    /// Spinlocks and rwlocks.
    pub spin: Slab<SpinLock>,
    /// Mutexes.
    pub mutex: Slab<Mutex>,
    /// Semaphores and rw_semaphores.
    pub semaphore: Slab<Semaphore>,
}

/// The object behind a handle in one of the tables.
pub(crate) fn object<T>(table: &mut Slab<T>, handle: u32) -> &mut T {
    &mut table[handle as usize - 1]
}

impl Locks {
    /// Registers a C spinlock or rwlock.
    pub fn register_spin(&mut self, addr: u64, name: String) -> u32 {
        self.spin.insert(SpinLock { addr, key: addr, dep: 0, name, writer: None, readers: Vec::new() }) as u32 + 1
    }

    /// Registers a C mutex.
    pub fn register_mutex(&mut self, addr: u64, name: String) -> u32 {
        self.add_mutex(addr, name, false)
    }

    /// Registers a C rt_mutex; its handle is one of the mutexes'.
    pub fn register_rt_mutex(&mut self, addr: u64, name: String) -> u32 {
        self.add_mutex(addr, name, true)
    }

    fn add_mutex(&mut self, addr: u64, name: String, inherits: bool) -> u32 {
        self.mutex.insert(Mutex {
            addr,
            key: addr,
            dep: 0,
            name,
            owner: None,
            waiters: Vec::new(),
            handoff: false,
            pickup: None,
            inherits,
        }) as u32
            + 1
    }

    /// Registers a C semaphore with `count` free units.
    pub fn register_semaphore(&mut self, addr: u64, name: String, count: i64) -> u32 {
        let semaphore = Semaphore {
            addr,
            key: addr,
            dep: 0,
            name,
            count,
            initial: count,
            last_up: None,
            readers: Vec::new(),
            writer: None,
            waiters: Vec::new(),
            takers: Vec::new(),
        };
        self.semaphore.insert(semaphore) as u32 + 1
    }

    /// Where the object of the lock of `class` behind `handle` is.
    pub fn addr_of(&self, class: LockClass, handle: u32) -> Option<u64> {
        let index = (handle as usize).checked_sub(1)?;
        match class {
            LockClass::Spinlock | LockClass::RwlockRead | LockClass::RwlockWrite => {
                self.spin.get(index).map(|lock| lock.addr)
            }
            LockClass::Mutex => self.mutex.get(index).map(|lock| lock.addr),
            LockClass::Semaphore | LockClass::RwsemRead | LockClass::RwsemWrite => {
                self.semaphore.get(index).map(|lock| lock.addr)
            }
            LockClass::Rcu | LockClass::Srcu => None,
        }
    }

    /// Forgets the lock of `class` behind `handle` if it belongs to the object at `addr`, which is initialised anew.
    pub fn forget(&mut self, class: LockClass, handle: u32, addr: u64) {
        let Some(index) = (handle as usize).checked_sub(1) else { return };
        match class {
            LockClass::Spinlock | LockClass::RwlockRead | LockClass::RwlockWrite => {
                if self
                    .spin
                    .get(index)
                    .is_some_and(|lock| lock.addr == addr && lock.writer.is_none() && lock.readers.is_empty())
                {
                    self.spin.remove(index);
                }
            }
            LockClass::Mutex => {
                if self
                    .mutex
                    .get(index)
                    .is_some_and(|lock| lock.addr == addr && lock.owner.is_none() && lock.waiters.is_empty())
                {
                    self.mutex.remove(index);
                }
            }
            LockClass::Semaphore | LockClass::RwsemRead | LockClass::RwsemWrite => {
                let idle = |lock: &Semaphore| {
                    lock.addr == addr && lock.waiters.is_empty() && lock.writer.is_none() && lock.readers.is_empty()
                };
                if self.semaphore.get(index).is_some_and(idle) {
                    self.semaphore.remove(index);
                }
            }
            LockClass::Rcu | LockClass::Srcu => {}
        }
    }
}

impl Kernel {
    /// The name of a lock, for reports.
    pub fn lock_name(&self, class: LockClass, handle: u32) -> String {
        let index = (handle as usize).wrapping_sub(1);
        let name = match class {
            LockClass::Spinlock | LockClass::RwlockRead | LockClass::RwlockWrite => {
                self.locks.spin.get(index).map(|lock| &lock.name)
            }
            LockClass::Mutex => self.locks.mutex.get(index).map(|lock| &lock.name),
            LockClass::Semaphore | LockClass::RwsemRead | LockClass::RwsemWrite => {
                self.locks.semaphore.get(index).map(|lock| &lock.name)
            }
            LockClass::Rcu | LockClass::Srcu => return "rcu_read_lock".to_string(),
        };
        name.cloned().unwrap_or_default()
    }

    /// The class of a lock that was taken just now.
    fn held_dep(&mut self, class: LockClass, handle: u32) -> u32 {
        if !self.lockdep.nested.is_empty()
            && let Some(at) = self.lockdep.nested.iter().position(|&(c, h, _)| (c, h) == (class, handle))
        {
            return self.lockdep.nested.swap_remove(at).2;
        }
        let Some(index) = (handle as usize).checked_sub(1) else { return 0 };
        let dep = match class {
            LockClass::Spinlock | LockClass::RwlockRead | LockClass::RwlockWrite => {
                self.locks.spin.get(index).map(|lock| lock.dep)
            }
            LockClass::Mutex => self.locks.mutex.get(index).map(|lock| lock.dep),
            LockClass::RwsemRead | LockClass::RwsemWrite => self.locks.semaphore.get(index).map(|lock| lock.dep),
            LockClass::Semaphore | LockClass::Rcu | LockClass::Srcu => None,
        };
        dep.unwrap_or(0)
    }

    /// Notes that the running code took a lock.
    pub(crate) fn lock_taken(&mut self, class: LockClass, handle: u32) -> Holder {
        let dep = self.held_dep(class, handle);
        let at = self.event_here();
        let task = self.current();
        if self.cpus[self.this_cpu as usize].irq_frames.is_empty() {
            self.tasks[task].held.push(HeldLock { class, handle, taken: at.trace, time_ns: at.time_ns, dep });
        } else {
            let held = HeldLock { class, handle, taken: at.trace, time_ns: at.time_ns, dep };
            self.cpus[self.this_cpu as usize].irq_held.push(held);
        }
        self.order_lock(class, handle);
        Holder { task, at }
    }

    /// Notes that the running code gave a lock back.
    pub(crate) fn lock_dropped(&mut self, task: TaskId, class: LockClass, handle: u32) {
        self.order_unlock(class, handle);
        let cpu = &mut self.cpus[self.this_cpu as usize];
        if !cpu.irq_frames.is_empty()
            && let Some(at) = cpu.irq_held.iter().rposition(|lock| lock.class == class && lock.handle == handle)
        {
            cpu.irq_held.remove(at);
            return;
        }
        let Some(task) = self.tasks.get_mut(task) else { return };
        if let Some(at) = task.held.iter().rposition(|lock| lock.class == class && lock.handle == handle) {
            task.held.remove(at);
        }
    }
}
