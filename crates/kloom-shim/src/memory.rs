//! Guest memory as shims touch it on a module's behalf, and what is known about the memory that modules allocate.
//!
//! Every access goes through one check of the whole range. Misuse that KASAN would report and let pass is reported and
//! let pass, but only inside one region of guest memory: nothing a module passes can reach another thread's stack.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use kloom_guest::layout::{HEAP, HEAP_SIZE, STACK_SLOT, STACKS, STACKS_SIZE, TASK_STRIDE, TASKS, TASKS_SIZE};
use kloom_kernel::fault::{AccessKind, Fault};
use kloom_kernel::printk::Level;
use kloom_kernel::task::{LockClass, TaskId};

use crate::Machine;
use crate::oops::After;

/// Kinds of heap blocks that belong to the kernel itself: no leak of the module.
pub const KERNEL_KINDS: &[&str] = &["struct pid", "struct kmem_cache", "module parameters"];

/// Bytes of a string whose memory is bad already that are still read: enough to find the end of a freed name.
const BAD_STRING_MAX: usize = 4096;

/// A kmem_cache.
#[derive(Clone, Debug)]
pub struct Cache {
    /// Its name, which also is the kind of its objects in reports.
    pub name: &'static str,
    /// Bytes per object.
    pub size: u64,
    /// Alignment of objects.
    pub align: u64,
    /// Called for each new object; 0 if there is none.
    pub ctor: u64,
    /// Live objects.
    pub objects: BTreeSet<u64>,
}

/// A `struct pid` handed to a module.
#[derive(Clone, Copy, Debug)]
pub(crate) struct PidObject {
    pub(crate) addr: u64,
    pub(crate) nr: i32,
    pub(crate) task: TaskId,
    /// When the task was made: slots and numbers are used again.
    pub(crate) created_ns: u64,
}

/// What the shims of memory and its neighbours keep.
#[derive(Debug, Default)]
pub struct State {
    /// Caches by address of their `struct kmem_cache`.
    pub caches: BTreeMap<u64, Cache>,
    pub(crate) pids: Vec<PidObject>,
    /// State of the random numbers modules draw; set it to give a run another sequence.
    pub random: u64,
    /// Warnings of the kernel's own that were given already (file and line).
    pub(crate) warned: BTreeSet<(&'static str, u32)>,
    /// Whether kernel addresses pass as user addresses for a task (`set_fs(KERNEL_DS)` before 5.10).
    pub(crate) kernel_ds: BTreeSet<TaskId>,
}

impl State {
    /// The next random number (splitmix64).
    pub fn next_random(&mut self) -> u64 {
        self.random = self.random.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = self.random;
        mixed = (mixed ^ (mixed >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        mixed ^ (mixed >> 31)
    }
}

/// A text that lives as long as the process; equal texts are kept once.
pub(crate) fn intern(text: &str) -> &'static str {
    static TEXTS: Mutex<BTreeSet<&'static str>> = Mutex::new(BTreeSet::new());
    let mut texts = TEXTS.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
    if let Some(&known) = texts.get(text) {
        return known;
    }
    let kept: &'static str = Box::leak(text.to_string().into_boxed_str());
    texts.insert(kept);
    kept
}

impl Machine {
    /// Checks that `[addr, addr + len)` may be touched, as [`Machine::check_access`] does, and that it does not leave
    /// its region.
    ///
    /// # Errors
    /// The fault to oops with.
    pub(crate) fn mem_check(&mut self, addr: u64, len: u64, write: bool) -> Result<(), Fault> {
        if len == 0 {
            return Ok(());
        }
        self.check_access(addr, len, write)?;
        if self.stays_inside(addr, len) {
            return Ok(());
        }
        let access = if write { AccessKind::Write } else { AccessKind::Read };
        Err(Fault::WildAccess { addr, size: len, access, ip: self.kernel.here.0[0] })
    }

    /// Whether a range that passed the check lies in one region, one stack, one task.
    fn stays_inside(&self, addr: u64, len: u64) -> bool {
        let offset = addr.wrapping_sub(self.arena.base());
        let last = offset.wrapping_add(len - 1);
        if offset.wrapping_sub(STACKS) < STACKS_SIZE {
            let same = (offset - STACKS) / STACK_SLOT == last.wrapping_sub(STACKS) / STACK_SLOT;
            let top = self.ctx().stack_top.get();
            let mine = addr < top && top - addr <= STACK_SLOT;
            return same && (!mine || addr + len <= top);
        }
        if offset.wrapping_sub(HEAP) < HEAP_SIZE {
            return last.wrapping_sub(HEAP) < HEAP_SIZE;
        }
        if offset.wrapping_sub(TASKS) < TASKS_SIZE {
            return (offset - TASKS) / TASK_STRIDE == last.wrapping_sub(TASKS) / TASK_STRIDE;
        }
        true
    }

    /// The bytes at `addr`.
    ///
    /// # Errors
    /// The fault to oops with.
    pub(crate) fn load(&mut self, addr: u64, len: u64) -> Result<Vec<u8>, Fault> {
        self.mem_check(addr, len, false)?;
        let mut bytes = vec![0; len as usize];
        // SAFETY: the range passed the check, so it is mapped guest memory of one region; the vector is our own.
        unsafe { std::ptr::copy_nonoverlapping(addr as *const u8, bytes.as_mut_ptr(), bytes.len()) };
        Ok(bytes)
    }

    /// Writes `bytes` at `addr`.
    ///
    /// # Errors
    /// The fault to oops with.
    pub(crate) fn store(&mut self, addr: u64, bytes: &[u8]) -> Result<(), Fault> {
        self.mem_check(addr, bytes.len() as u64, true)?;
        // SAFETY: as in `load`, and writable by the check.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), addr as *mut u8, bytes.len()) };
        Ok(())
    }

    /// Writes `bytes` and a final zero at `addr`, in one access.
    ///
    /// # Errors
    /// The fault to oops with.
    pub(crate) fn store_cstr(&mut self, addr: u64, bytes: &[u8]) -> Result<(), Fault> {
        self.mem_check(addr, bytes.len() as u64 + 1, true)?;
        // SAFETY: as in `store`; the range includes the zero.
        unsafe {
            std::ptr::copy_nonoverlapping(bytes.as_ptr(), addr as *mut u8, bytes.len());
            *((addr + bytes.len() as u64) as *mut u8) = 0;
        }
        Ok(())
    }

    /// Fills `len` bytes.
    ///
    /// # Errors
    /// The fault to oops with.
    pub(crate) fn fill(&mut self, addr: u64, byte: u8, len: u64) -> Result<(), Fault> {
        self.mem_check(addr, len, true)?;
        if len > 0 {
            // SAFETY: as in `store`.
            unsafe { std::ptr::write_bytes(addr as *mut u8, byte, len as usize) };
        }
        Ok(())
    }

    /// Copies `len` bytes; the ranges may overlap.
    ///
    /// # Errors
    /// The fault to oops with.
    pub(crate) fn copy(&mut self, dst: u64, src: u64, len: u64) -> Result<(), Fault> {
        self.mem_check(src, len, false)?;
        self.mem_check(dst, len, true)?;
        if len > 0 {
            // SAFETY: both ranges passed the check; `copy` allows overlap.
            unsafe { std::ptr::copy(src as *const u8, dst as *mut u8, len as usize) };
        }
        Ok(())
    }

    /// The bytes from `addr` on, up to the first that `stop` takes (left out) or `max` of them; whether one was found.
    ///
    /// Nothing behind the byte found is looked at, so an unterminated buffer is no finding while its bytes suffice.
    ///
    /// # Errors
    /// The fault to oops with.
    pub(crate) fn scan(&mut self, addr: u64, max: u64, stop: impl Fn(u8) -> bool) -> Result<(Vec<u8>, bool), Fault> {
        let mut out = Vec::new();
        let mut at = addr;
        let mut bad = 0;
        while (out.len() as u64) < max {
            // A block of up to 64 bytes that does not cross a multiple of 64 stays inside its region.
            let len = (64 - at % 64).min(max - out.len() as u64);
            let whole = bad == 0 && self.arena.check_range(at, len, false).is_ok();
            let len = if whole { len } else { 1 };
            if !whole && let Err(denied) = self.arena.check(at, 1, false) {
                if bad == 0 {
                    self.mem_check(at, 1, false)?;
                } else if bad == BAD_STRING_MAX {
                    break;
                } else if let (fault, After::Die) = self.access_fault(denied, at, 1, false, self.kernel.here.0[0]) {
                    return Err(fault);
                }
                bad += 1;
            }
            // SAFETY: the bytes passed the check, or are mapped guest memory that a report lets pass.
            let bytes = unsafe { std::slice::from_raw_parts(at as *const u8, len as usize) };
            if let Some(end) = bytes.iter().position(|&byte| stop(byte)) {
                out.extend_from_slice(&bytes[..end]);
                return Ok((out, true));
            }
            out.extend_from_slice(bytes);
            at += len;
        }
        Ok((out, false))
    }

    /// The string at `addr` without its zero, at most `max` bytes.
    ///
    /// # Errors
    /// The fault to oops with.
    pub(crate) fn cstr(&mut self, addr: u64, max: u64) -> Result<Vec<u8>, Fault> {
        Ok(self.scan(addr, max, |byte| byte == 0)?.0)
    }

    /// Compares two strings or blocks byte by byte up to the first difference, the end of both, or `max` bytes: the
    /// difference. `fold` maps each byte first; `strings` says that a zero ends the comparison.
    ///
    /// # Errors
    /// The fault to oops with.
    pub(crate) fn compare(&mut self, a: u64, b: u64, max: u64, strings: bool, fold: fn(u8) -> u8) -> Result<i32, Fault> {
        let mut done = 0;
        while done < max {
            let (left, right) = (a.wrapping_add(done), b.wrapping_add(done));
            let chunk = (64 - left % 64).min(64 - right % 64).min(max - done);
            let whole = self.arena.check_range(left, chunk, false).is_ok() && self.arena.check_range(right, chunk, false).is_ok();
            let chunk = if whole { chunk } else { 1 };
            let (one, other) = (self.load(left, chunk)?, self.load(right, chunk)?);
            for (&x, &y) in one.iter().zip(&other) {
                let (x, y) = (fold(x), fold(y));
                if x != y {
                    return Ok(i32::from(x) - i32::from(y));
                }
                if strings && x == 0 {
                    return Ok(0);
                }
            }
            done += chunk;
        }
        Ok(0)
    }

    /// A whole string.
    ///
    /// # Errors
    /// The fault to oops with.
    pub(crate) fn text(&mut self, addr: u64) -> Result<Vec<u8>, Fault> {
        self.cstr(addr, u64::MAX)
    }

    /// A string for a report; what cannot be read is left out.
    pub(crate) fn text_or_empty(&self, addr: u64) -> String {
        String::from_utf8_lossy(&self.arena.read_cstr(addr, 4096).unwrap_or_default()).into_owned()
    }

    /// What a WARN_ON_ONCE of the kernel's own does: true the first time for a place.
    pub(crate) fn first_warning(&mut self, file: &'static str, line: u32) -> bool {
        self.mem.warned.insert((file, line))
    }

    /// Memory is about to be freed: looks for kernel objects in it that are still in use.
    ///
    /// Nothing is cancelled. An armed timer stays armed: its callback finds freed memory, which is the finding. A held
    /// lock is told now, because nobody can release it any more.
    pub(crate) fn memory_dies(&mut self, range: std::ops::Range<u64>) {
        if range.is_empty() {
            return;
        }
        let mut found = Vec::new();
        for task in self.kernel.tasks.iter().filter(|task| !task.held.is_empty()) {
            for lock in &task.held {
                if self.lock_addr(lock.class, lock.handle).is_some_and(|addr| range.contains(&addr)) {
                    found.push((task.pid, task.c.comm_text(), *lock));
                }
            }
        }
        for (pid, comm, lock) in found {
            let name = self.kernel.lock_name(lock.class, lock.handle);
            self.print(Level::Warning, "=========================".into());
            self.print(Level::Warning, "WARNING: held lock freed!".into());
            self.print(Level::Warning, "-------------------------".into());
            let (start, end) = (range.start, range.end - 1);
            self.print(Level::Warning, format!("{comm}/{pid} is freeing memory {start:016x}-{end:016x}, with a lock still held there!"));
            self.print(Level::Warning, format!(" ({name}), at: {}", self.symbolic(lock.taken.0[0].saturating_sub(1))));
            self.kernel.report(Fault::LockHeldAtExit { class: lock.class, name, taken: lock.taken, place: "kfree" });
        }
    }

    fn lock_addr(&self, class: LockClass, handle: u32) -> Option<u64> {
        let index = handle.checked_sub(1)? as usize;
        let locks = &self.kernel.locks;
        match class {
            LockClass::Spinlock | LockClass::RwlockRead | LockClass::RwlockWrite => locks.spin.get(index).map(|lock| lock.addr),
            LockClass::Mutex => locks.mutex.get(index).map(|lock| lock.addr),
            LockClass::Semaphore | LockClass::RwsemRead | LockClass::RwsemWrite => locks.semaphore.get(index).map(|lock| lock.addr),
            LockClass::Rcu | LockClass::Srcu => None,
        }
    }
}
