//! Objects the kernel still uses when their memory goes away, is initialised anew, or never was more than a stack frame.
//!
//! What Linux finds with `CONFIG_DEBUG_OBJECTS_FREE` (lib/debugobjects.c), and more: an object in module memory says
//! by its magic number what it is, and the kernel's tables say whether it is armed, queued, waited for or held. Only the
//! memory that is freed is looked at, so nothing has to be kept in order of addresses.

use std::ops::Range;

use kloom_guest::layout::{STACK_SLOT, STACKS, STACKS_SIZE};
use kloom_kernel::fault::{Block, Fault, InUse};
use kloom_kernel::site::RawEvent;

use crate::Machine;
use crate::object::Magic;

/// Words of a block that are looked at: nobody keeps a lock behind the first megabyte of a buffer.
const SCAN_BYTES: u64 = 1 << 20;

/// What is looked at at once, in bytes.
const SCAN_CHUNK: u64 = 512;

/// The kinds looked for.
const KINDS: [Magic; 13] = [
    Magic::Timer,
    Magic::HrTimer,
    Magic::Work,
    Magic::DelayedWork,
    Magic::RcuWork,
    Magic::Tasklet,
    Magic::WaitQueueHead,
    Magic::Completion,
    Magic::Semaphore,
    Magic::Rwsem,
    Magic::Mutex,
    Magic::Spinlock,
    Magic::Rwlock,
];

impl Machine {
    /// What the kernel still does with the object of kind `magic` at `addr`, and since when. Locks are left out, which
    /// have a report of their own.
    pub(crate) fn in_use(&self, addr: u64, magic: Magic) -> Option<(InUse, RawEvent)> {
        let handle = self.old_handle(addr, magic);
        match magic {
            Magic::Timer => {
                let timer = self.kernel.timers.get(handle).filter(|timer| timer.addr == addr)?;
                let armed = timer.pending.is_some() || timer.queued;
                let state = if armed { InUse::Armed } else { InUse::Running };
                (armed || timer.running).then_some((state, timer.armed))
            }
            Magic::HrTimer => {
                let timer = self.kernel.hrtimers.get(handle).filter(|timer| timer.addr == addr)?;
                let armed = timer.pending.is_some() || timer.queued;
                let state = if armed { InUse::Armed } else { InUse::Running };
                (armed || timer.running).then_some((state, timer.armed))
            }
            // A work may free itself, so one that only runs is no misuse.
            Magic::Work | Magic::DelayedWork | Magic::RcuWork => {
                self.kernel.workqueues.pending_at(addr).map(|at| (InUse::Queued, at))
            }
            Magic::Tasklet => self.irqs.tasklets.get(&addr).map(|&at| (InUse::Queued, at)),
            Magic::WaitQueueHead => {
                let queue = self.kernel.waits.get(handle).filter(|queue| queue.addr == addr)?;
                queue.entries.front().map(|entry| (InUse::Waited, entry.queued))
            }
            Magic::Completion => {
                let one = self.kernel.completions.get(handle).filter(|one| one.addr == addr)?;
                let waiter = self.kernel.tasks.get(one.first_waiter()?)?;
                Some((InUse::Waited, waiter.slept_at))
            }
            Magic::Semaphore => {
                let one = self.kernel.locks.semaphore.get(handle as usize - usize::from(handle != 0))?;
                let &(waiter, _) = (handle != 0 && one.addr == addr).then(|| one.waiters.first()).flatten()?;
                Some((InUse::Waited, self.kernel.tasks.get(waiter)?.slept_at))
            }
            Magic::Mutex => {
                let lock = self.kernel.locks.mutex.get((handle as usize).checked_sub(1)?)?;
                lock.owner.filter(|_| lock.addr == addr).map(|holder| (InUse::Held, holder.at))
            }
            Magic::Spinlock | Magic::Rwlock => {
                let lock = self.kernel.locks.spin.get((handle as usize).checked_sub(1)?)?;
                let holder = lock.writer.or(lock.readers.first().copied());
                holder.filter(|_| lock.addr == addr).map(|holder| (InUse::Held, holder.at))
            }
            _ => None,
        }
    }

    /// Objects of the kernel in `range`, by address: what has been initialised there, in use or not.
    pub(crate) fn kernel_objects(&self, range: Range<u64>) -> Vec<(u64, Magic)> {
        let mut found = Vec::new();
        let mut chunk = [0; SCAN_CHUNK as usize];
        let mut addr = range.start.next_multiple_of(8);
        let end = range.end.min(range.start.saturating_add(SCAN_BYTES));
        while addr + 8 <= end {
            let len = (SCAN_CHUNK - addr % SCAN_CHUNK).min((end - addr) & !7);
            let bytes = &mut chunk[..len as usize];
            if self.arena.read(addr, bytes).is_err() {
                // Some of it cannot be read: look at what can.
                for (at, word) in (addr..).step_by(8).zip(bytes.chunks_exact_mut(8)) {
                    word[..4].copy_from_slice(&self.arena.read_u32(at).unwrap_or(0).to_le_bytes());
                }
            }
            for (at, word) in (addr..).step_by(8).zip(bytes.chunks_exact(8)) {
                let word = u32::from_le_bytes([word[0], word[1], word[2], word[3]]);
                if word & !0xff == Magic::Spinlock as u32 & !0xff
                    && let Some(&magic) = KINDS.iter().find(|&&kind| kind as u32 == word)
                {
                    found.push((at, magic));
                }
            }
            addr += len;
        }
        found
    }

    /// Reports objects that are in use in memory that is being freed, the first of a block: a work holds a timer, a
    /// completion a lock.
    pub(crate) fn report_freed_in_use(&mut self, block: &Block) {
        for (addr, magic) in self.kernel_objects(block.addr..block.addr + block.size) {
            if let Some((state, since)) = self.in_use(addr, magic).filter(|(state, _)| *state != InUse::Held) {
                let kind = magic.type_name();
                self.report_once(Fault::FreedInUse { kind, addr, state, since, block: block.clone() });
                return;
            }
        }
    }

    /// Reports an object that is in use and is about to be initialised anew.
    pub(crate) fn report_reinit(&mut self, addr: u64, magic: Magic) {
        if let Some((state, since)) = self.in_use(addr, magic) {
            self.report_once(Fault::ReinitInUse { kind: magic.type_name(), addr, state, since });
        }
    }

    /// Notes where a coroutine's module code left its stack pointer as it gave the CPU up.
    pub(crate) fn note_stack_pointer(&mut self) {
        let sp = self.ctx().sp.get();
        let offset = sp.wrapping_sub(self.arena.base() + STACKS);
        if offset < STACKS_SIZE {
            let slot = (offset / STACK_SLOT) as usize;
            if self.stack_pointers.len() <= slot {
                self.stack_pointers.resize(slot + 1, 0);
            }
            self.stack_pointers[slot] = sp;
        }
    }

    /// Where module code on the stack that `addr` is in left its stack pointer as it gave up the CPU.
    pub(crate) fn stack_pointer_in(&self, addr: u64) -> Option<u64> {
        let offset = addr.wrapping_sub(self.arena.base() + STACKS);
        self.stack_pointers.get((offset / STACK_SLOT) as usize).copied().filter(|_| offset < STACKS_SIZE)
    }

    /// Whether `addr` lies in a stack frame whose function has returned: below the stack pointer of that stack.
    pub(crate) fn in_dead_frame(&self, addr: u64) -> bool {
        let stacks = self.arena.base() + STACKS;
        let offset = addr.wrapping_sub(stacks);
        if offset >= STACKS_SIZE {
            return false;
        }
        let slot = offset / STACK_SLOT;
        let sp = self.ctx().sp.get();
        let here = sp.wrapping_sub(stacks);
        if here < STACKS_SIZE && here / STACK_SLOT == slot {
            return addr < sp;
        }
        self.stack_pointers.get(slot as usize).is_some_and(|&sp| addr < sp)
    }

    /// Reports an object in a stack frame that is gone.
    pub(crate) fn report_dead_frame(&mut self, addr: u64, magic: Magic, func: &'static str) -> bool {
        let dead = self.in_dead_frame(addr) || self.was_on_stack(addr, magic);
        if dead {
            self.report_once(Fault::DeadFrameObject { kind: magic.type_name(), addr, func });
        }
        dead
    }

    /// Whether an object of this kind was once at an address of a stack where something else is now.
    fn was_on_stack(&self, addr: u64, magic: Magic) -> bool {
        if addr.wrapping_sub(self.arena.base() + STACKS) >= STACKS_SIZE || self.peek_u32(addr) == magic as u32 {
            return false;
        }
        match magic {
            Magic::Completion => self.kernel.completions.is_known(addr),
            Magic::WaitQueueHead => self.kernel.waits.iter().any(|(_, queue)| queue.addr == addr),
            Magic::Timer => !self.kernel.timers.within(addr..addr + 1).is_empty(),
            Magic::HrTimer => !self.kernel.hrtimers.within(addr..addr + 1).is_empty(),
            _ => false,
        }
    }

    /// Tasklets that are scheduled: the object, its function, who scheduled it.
    pub fn scheduled_tasklets(&self) -> Vec<(u64, u64, RawEvent)> {
        let of = |(&addr, &at): (&u64, &RawEvent)| (addr, self.peek_u64(addr + TASKLET_FUNC), at);
        self.irqs.tasklets.iter().map(of).collect()
    }

    /// Forgets the scheduling of a tasklet.
    pub fn forget_tasklet(&mut self, addr: u64) {
        self.irqs.tasklets.remove(&addr);
    }

    /// Blocks on notifier chains of the kernel's own: the block, its function, who registered it.
    pub fn notifiers(&self) -> Vec<(u64, u64, RawEvent)> {
        self.irqs.notifiers.iter().map(|&(addr, at)| (addr, self.peek_u64(addr), at)).collect()
    }

    /// Functions on interrupt lines: the line, its name, the functions, who requested it.
    pub fn interrupt_actions(&self) -> Vec<(u32, String, [u64; 2], RawEvent)> {
        self.irqs.lines.actions().map(|(line, name, functions, at)| (line, name.to_string(), functions, at)).collect()
    }

    /// The function of a work.
    pub fn work_function(&self, work: u64) -> u64 {
        self.peek_u64(work + crate::include::workqueue::FUNC)
    }

    /// When the timer of a delayed work goes off.
    pub fn delayed_work_expires(&self, work: u64) -> Option<u64> {
        let timer = self.old_handle(work + crate::include::workqueue::TIMER, Magic::Timer);
        self.kernel.timers.get(timer)?.pending.map(|key| key.time_ns)
    }

    /// Callbacks of `call_rcu()` that have not run: the head, the function, who asked for it.
    pub fn rcu_callbacks(&self) -> Vec<(u64, u64, RawEvent)> {
        self.kernel.rcu.callbacks().map(|(callback, at)| (callback.args[0], callback.args[1], at)).collect()
    }
}

/// Offset of `func` in `struct tasklet_struct`.
const TASKLET_FUNC: u64 = 32;
