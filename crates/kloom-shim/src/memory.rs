//! Guest memory as shims touch it on a module's behalf, and what is known about the memory that modules allocate.
//!
//! Every access goes through one check of the whole range. Misuse that KASAN would report and let pass is reported and
//! let pass, but only inside one region of guest memory: nothing a module passes can reach another thread's stack.

use std::collections::{BTreeMap, BTreeSet};
use std::sync::Mutex;

use kloom_guest::layout::{HEAP, HEAP_SIZE, STACK_SLOT, STACKS, STACKS_SIZE, TASK_STRIDE, TASKS, TASKS_SIZE};
use kloom_kernel::fault::{AccessKind, Fault};
use kloom_kernel::order::How;
use kloom_kernel::printk::Level;
use kloom_kernel::task::TaskId;

use crate::Machine;
use crate::oops::After;

/// Kinds of heap blocks that belong to the kernel itself: no leak of the module.
pub const KERNEL_KINDS: &[&str] = &[
    "struct pid",
    "struct kmem_cache",
    "module parameters",
    "struct file",
    "struct inode",
    "struct dentry",
    "struct proc_dir_entry",
    "struct poll_table_entry",
    "struct fasync_struct",
    "struct ctl_table_header",
    "struct resource",
    "file buffer",
    "seq_file buffer",
    "kobject name",
    "struct work_for_cpu",
    "struct page",
    "struct cred",
];

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
    /// Called for each object of a new slab; 0 if there is none.
    pub ctor: u64,
    /// Objects of a slab, with a constructor.
    pub per_slab: u64,
    /// With a constructor: the slabs, each the addresses of its objects.
    pub slabs: Vec<Vec<u64>>,
    /// Constructed objects that are free, the next to be given out last.
    pub spare: Vec<u64>,
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
    /// The task's own reference is not dropped yet.
    pub(crate) held: bool,
}

/// What the shims of memory and its neighbours keep.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// Caches by address of their `struct kmem_cache`.
    pub caches: BTreeMap<u64, Cache>,
    pub(crate) pids: Vec<PidObject>,
    /// Texts the kernel made for `charp` parameters, and parameter lines.
    pub(crate) param_strings: BTreeSet<u64>,
    /// State of the random numbers modules draw; set it to give a run another sequence.
    pub random: u64,
    /// Warnings of the kernel's own that were given already (file and line).
    pub(crate) warned: BTreeSet<(&'static str, u32)>,
    /// What `printk_ratelimit()` counts.
    pub(crate) printk_limit: crate::include::ratelimit::Limit,
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
        self.note_access(addr, len, write);
        if self.stays_inside(addr, len) {
            return Ok(());
        }
        let access = if write { AccessKind::Write } else { AccessKind::Read };
        Err(Fault::WildAccess { addr, size: len, access, ip: self.kernel.here.0[0] })
    }

    /// Tells the race detector of a marked access to a word.
    pub(crate) fn marked_access(&mut self, addr: u64, how: How) {
        if self.kernel.order.on && self.arena.is_shared(addr) {
            let ip = self.kernel.here.0[0];
            self.kernel.order.access(addr, 8, how, ip);
        }
    }

    /// Tells the race detector of a plain access.
    pub(crate) fn note_access(&mut self, addr: u64, len: u64, write: bool) {
        if self.kernel.order.on && self.arena.is_shared(addr) {
            let how = How { write, read: !write, marked: self.ctx().racy.get(), ..How::default() };
            let ip = self.kernel.here.0[0];
            self.kernel.order.access(addr, len, how, ip);
        }
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
                self.note_access(at, end as u64 + 1, false);
                return Ok((out, true));
            }
            out.extend_from_slice(bytes);
            if bad == 0 {
                self.note_access(at, len, false);
            }
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
    pub(crate) fn compare(
        &mut self,
        a: u64,
        b: u64,
        max: u64,
        strings: bool,
        fold: fn(u8) -> u8,
    ) -> Result<i32, Fault> {
        let mut done = 0;
        while done < max {
            let (left, right) = (a.wrapping_add(done), b.wrapping_add(done));
            let chunk = (64 - left % 64).min(64 - right % 64).min(max - done);
            let whole = self.arena.check_range(left, chunk, false).is_ok()
                && self.arena.check_range(right, chunk, false).is_ok();
            if !whole {
                self.mem_check(left, 1, false)?;
                self.mem_check(right, 1, false)?;
            }
            let chunk = if whole { chunk } else { 1 };
            let bytes = |at: u64| {
                // SAFETY: the bytes passed the check, or are mapped guest memory that a report lets pass.
                unsafe { std::slice::from_raw_parts(at as *const u8, chunk as usize) }
            };
            let pairs = bytes(left).iter().zip(bytes(right)).map(|(&x, &y)| (fold(x), fold(y)));
            let end = pairs.enumerate().find(|&(_, (x, y))| x != y || (strings && x == 0));
            // What lies behind the end is not looked at, and may be anybody's.
            let looked = end.map_or(chunk, |(at, _)| at as u64 + 1);
            self.note_access(left, looked, false);
            self.note_access(right, looked, false);
            if let Some((_, (x, y))) = end {
                return Ok(i32::from(x) - i32::from(y));
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
    pub fn memory_dies(&mut self, range: std::ops::Range<u64>) {
        // Of all the memory that is freed, little has a lock in it, and of all the tasks few hold one.
        if !self.kernel_objects(range.clone()).iter().any(|(_, magic)| magic.is_lock()) {
            return;
        }
        self.kernel.lockdep.forget(range.start, range.end - range.start);
        let mut found = Vec::new();
        for task in self.kernel.tasks.iter().filter(|task| !task.held.is_empty()) {
            for lock in &task.held {
                if self.kernel.locks.addr_of(lock.class, lock.handle).is_some_and(|addr| range.contains(&addr)) {
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
            self.print(
                Level::Warning,
                format!("{comm}/{pid} is freeing memory {start:016x}-{end:016x}, with a lock still held there!"),
            );
            self.print(Level::Warning, format!(" ({name}), at: {}", self.symbolic(lock.taken.0[0].saturating_sub(1))));
            self.kernel.report(Fault::LockHeldAtExit {
                class: lock.class,
                name,
                taken: lock.taken,
                since_ns: lock.time_ns,
                place: "kfree",
            });
        }
    }
}

#[cfg(test)]
mod tests {
    use kloom_kernel::Config;
    use kloom_kernel::chooser::Natural;

    use super::*;
    use crate::MachineHandle;
    use crate::include::{pid, slab, string, uaccess};

    fn machine() -> MachineHandle {
        MachineHandle::new(Config::default(), Box::new(Natural)).expect("a machine")
    }

    const GFP_KERNEL: u32 = 0xcc0;

    fn block(handle: &mut MachineHandle, bytes: &[u8]) -> u64 {
        let addr = slab::__kmalloc(bytes.len() as u64, GFP_KERNEL);
        handle.get().store(addr, bytes).expect("fresh memory");
        addr
    }

    fn kinds(handle: &mut MachineHandle) -> Vec<Fault> {
        handle.get().take_reports().into_iter().map(|report| report.fault).collect()
    }

    #[test]
    fn special_pointers_and_limits_of_kmalloc() {
        let mut handle = machine();
        assert_eq!(slab::__kmalloc(0, GFP_KERNEL), 16);
        slab::kfree(16);
        slab::kfree(0);
        assert_eq!(slab::__kmalloc((1 << 22) + 1, GFP_KERNEL), 0, "above KMALLOC_MAX_SIZE");
        assert_eq!(slab::kloom_kmalloc_array(u64::MAX, 2, GFP_KERNEL), 0, "the product overflows");
        assert!(matches!(kinds(&mut handle)[..], [Fault::Warn { .. }]), "Linux warns once of the order");
        assert_eq!(slab::__kmalloc(u64::MAX, GFP_KERNEL), 0);
        assert!(kinds(&mut handle).is_empty());
        let zeroed = slab::__kmalloc(24, GFP_KERNEL | 0x100);
        assert_eq!(handle.get().load(zeroed, 24).expect("readable"), vec![0; 24]);
        handle.get().fail_after.add("kmalloc", vec![1]);
        assert_eq!(slab::__kmalloc(8, GFP_KERNEL), 0, "the first call was to fail");
        assert_ne!(slab::__kmalloc(8, GFP_KERNEL), 0);
    }

    #[test]
    fn no_memory_gives_null_and_says_so() {
        let config = Config { mem_bytes: 1 << 20, ..Config::default() };
        let mut handle = MachineHandle::new(config, Box::new(Natural)).expect("a machine");
        assert_eq!(slab::__kmalloc(2 << 20, GFP_KERNEL), 0);
        let text: Vec<u8> = handle.get().kernel.printk.records.iter().flat_map(|record| record.text.clone()).collect();
        let text = String::from_utf8_lossy(&text).into_owned();
        assert!(
            text.contains(
                ": page allocation failure: order:9, mode:0xcc0(GFP_KERNEL), nodemask=(null),cpuset=/,mems_allowed=0"
            ),
            "{text}"
        );
    }

    #[test]
    fn wrong_frees_are_reported_and_survived() {
        let mut handle = machine();
        let addr = block(&mut handle, b"12345678");
        slab::kfree(addr + 4);
        assert!(matches!(kinds(&mut handle)[..], [Fault::InvalidFree { block: Some(_), .. }]));
        slab::kfree(addr);
        slab::kfree(addr);
        assert!(matches!(kinds(&mut handle)[..], [Fault::DoubleFree { .. }]));
        slab::kfree(0x1000_0000);
        assert!(matches!(kinds(&mut handle)[..], [Fault::InvalidFree { block: None, .. }]));
        let pages = slab::vmalloc(8192);
        assert!(pages.is_multiple_of(4096) && slab::is_vmalloc_addr(pages + 8191));
        slab::kfree(pages);
        assert!(
            matches!(kinds(&mut handle)[..], [Fault::InvalidFree { block: Some(_), .. }]),
            "vmalloc memory is no slab's"
        );
        slab::kvfree(pages);
        assert!(kinds(&mut handle).is_empty());
    }

    #[test]
    fn krealloc_keeps_the_content_and_ends_the_old_block() {
        let mut handle = machine();
        let old = block(&mut handle, b"abcdefgh");
        let new = slab::krealloc(old, 4, GFP_KERNEL);
        assert_eq!(handle.get().load(new, 4).expect("readable"), b"abcd");
        assert_eq!(slab::ksize(new), 4);
        let larger = slab::krealloc(new, 64, GFP_KERNEL);
        assert_eq!(handle.get().load(larger, 4).expect("readable"), b"abcd");
        assert!(kinds(&mut handle).is_empty());
        assert_eq!(string::strnlen(old, 2), 2);
        assert!(matches!(kinds(&mut handle)[..], [Fault::HeapUseAfterFree { .. }]));
        assert_eq!(slab::krealloc(larger, 0, GFP_KERNEL), 16);
    }

    #[test]
    fn caches_know_their_objects() {
        let mut handle = machine();
        let name = block(&mut handle, b"things\0");
        let (one, other) = (slab::kmem_cache_create(name, 40, 0, 0, 0), slab::kmem_cache_create(name, 24, 64, 0, 0));
        let object = slab::kmem_cache_alloc(one, GFP_KERNEL);
        assert_eq!(handle.get().arena.heap.block_at(object).expect("a block").kind, "things");
        assert!(slab::kmem_cache_alloc(other, GFP_KERNEL).is_multiple_of(64));
        slab::kmem_cache_free(other, object);
        assert!(matches!(kinds(&mut handle)[..], [Fault::InvalidFree { .. }]), "an object of another cache");
        slab::kmem_cache_destroy(other);
        assert!(matches!(kinds(&mut handle)[..], [Fault::CacheObjectsLeft { .. }]), "an object is left");
        slab::kmem_cache_free(one, object);
        slab::kmem_cache_destroy(one);
        assert!(kinds(&mut handle).is_empty());
    }

    #[test]
    fn strings_are_read_no_further_than_needed() {
        let mut handle = machine();
        // No end within the block: 8 bytes.
        let open = block(&mut handle, b"key=val;");
        let other = block(&mut handle, b"kez\0");
        assert_eq!(string::strcmp(open, other), -1);
        assert_eq!(string::strncmp(open, other, 2), 0);
        assert_eq!(string::strchr(open, i32::from(b'=')), open + 3);
        assert_eq!(string::memchr(open, i32::from(b';'), 100), open + 7);
        assert_eq!(string::memcmp(open, other, 3), -1);
        assert!(kinds(&mut handle).is_empty());
        assert!(string::strlen(open) >= 8);
        assert!(matches!(kinds(&mut handle)[..], [Fault::HeapOutOfBounds { .. }]));
    }

    #[test]
    fn copies_check_both_ends() {
        let mut handle = machine();
        let (small, text) = (block(&mut handle, &[0; 4]), block(&mut handle, b"four\0"));
        assert_eq!(string::strscpy(small, text, 4), -7);
        assert_eq!(handle.get().text(small).expect("readable"), b"fou");
        assert!(kinds(&mut handle).is_empty());
        string::strcpy(small, text);
        assert!(matches!(kinds(&mut handle)[..], [Fault::HeapOutOfBounds { addr, size: 5, .. }] if addr == small));
        let room = block(&mut handle, &[b'x'; 16]);
        string::strncpy(room, text, 16);
        assert_eq!(handle.get().load(room, 16).expect("readable"), b"four\0\0\0\0\0\0\0\0\0\0\0\0");
        assert_eq!(string::strscpy(room, text, 0), -7);
        assert_eq!(string::strlcat(room, text, 7), 8);
        assert_eq!(handle.get().text(room).expect("readable"), b"fourfo");
        assert_eq!(string::strncat(room, text, 2), room);
        assert_eq!(handle.get().text(room).expect("readable"), b"fourfofo");
        assert!(kinds(&mut handle).is_empty());
        let machine = handle.get();
        assert!(matches!(machine.copy(room, text, u64::MAX), Err(Fault::WildAccess { .. })));
        assert!(matches!(machine.store(0, b"x"), Err(Fault::NullDeref { .. })));
        assert!(machine.fill(0, 0, 0).is_ok(), "no byte is touched");
    }

    #[test]
    fn words_are_split_and_cut() {
        let mut handle = machine();
        let line = block(&mut handle, b" a,b,,c \n\0");
        let cursor = block(&mut handle, &line.to_le_bytes());
        let comma = block(&mut handle, b",\0");
        assert_eq!(string::strim(line), line + 1);
        assert_eq!(string::strcspn(line + 1, comma), 1);
        let mut words = Vec::new();
        loop {
            let word = string::strsep(cursor, comma);
            if word == 0 {
                break;
            }
            words.push(handle.get().text(word).expect("readable"));
        }
        assert_eq!(words, [&b" a"[..], b"b", b"", b"c"]);
        let text = block(&mut handle, b"  three  little words\0");
        let count = block(&mut handle, &[0; 4]);
        let argv = string::argv_split(GFP_KERNEL, text, count);
        assert_eq!(handle.get().peek_u32(count), 3);
        let third = handle.get().peek_u64(argv + 16);
        assert_eq!(handle.get().text(third).expect("readable"), b"words");
        assert_eq!(handle.get().peek_u64(argv + 24), 0);
        string::argv_free(argv);
        assert!(kinds(&mut handle).is_empty());
    }

    #[test]
    fn user_copies_fail_whole_at_bad_addresses() {
        let mut handle = machine();
        let kernel = block(&mut handle, &[b'k'; 8]);
        let user = {
            let machine = handle.get();
            let user = machine.arena.alloc_user(16).expect("addresses");
            assert!(machine.arena.write_user(user, b"user\0"));
            // Only a process has user memory; make init the caller.
            machine.kernel.cpus[0].current = machine.kernel.init;
            user
        };
        assert_eq!(uaccess::_copy_from_user(kernel, user, 5), 0);
        assert_eq!(handle.get().text(kernel).expect("readable"), b"user");
        assert_eq!(uaccess::_copy_from_user(kernel, 0, 8), 8, "NULL");
        assert_eq!(handle.get().load(kernel, 8).expect("readable"), [0; 8], "what was not copied is zeroed");
        assert_eq!(uaccess::_copy_from_user(kernel, kernel, 8), 8, "a kernel address is no user address");
        assert_eq!(uaccess::_copy_to_user(user, kernel, 4), 0);
        assert_eq!(uaccess::_copy_to_user(kernel, kernel, 4), 4);
        assert_eq!(uaccess::kloom_clear_user(0x40, 4), 4);
        assert!(handle.get().arena.write_user(user, b"user\0"));
        assert_eq!(uaccess::strncpy_from_user(kernel, user, 8), 4);
        assert_eq!(uaccess::strncpy_from_user(kernel, user, 2), 2);
        assert_eq!(uaccess::strncpy_from_user(kernel, 8, 2), -14);
        assert_eq!(uaccess::strnlen_user(user, 100), 5);
        assert_eq!(uaccess::strnlen_user(user, 3), 4);
        assert_eq!(uaccess::strnlen_user(kernel, 3), 0);
        let copy = string::strndup_user(user, 100);
        assert_eq!(handle.get().text(copy).expect("readable"), b"user");
        assert_eq!(string::strndup_user(user, 3) as i64, -22);
        assert_eq!(string::memdup_user(kernel, 3) as i64, -14);
        assert!(kinds(&mut handle).is_empty());
        assert_eq!(uaccess::_copy_to_user(user, kernel, 9), 0);
        assert!(
            matches!(kinds(&mut handle)[..], [Fault::HeapOutOfBounds { .. }]),
            "the kernel side is the module's own"
        );
        handle.get().kernel.preempt_add(1);
        assert_eq!(uaccess::_copy_from_user(kernel, user, 1), 0);
        assert!(matches!(kinds(&mut handle)[..], [Fault::UserCopyInAtomic { .. }]));
    }

    #[test]
    fn a_pid_outlives_its_task_only_by_references() {
        let mut handle = machine();
        let pid = pid::find_get_pid(1);
        assert_eq!(pid, pid::find_vpid(1));
        assert_eq!(pid::pid_vnr(pid), 1);
        let init = handle.get().kernel.init;
        assert_eq!(pid::pid_task(pid, 0), handle.get().kernel.tasks[init].addr);
        assert_eq!(pid::find_vpid(31_000), 0);
        assert_eq!(pid::find_ge_pid(2, 0), pid::find_vpid(2));
        assert_eq!(pid::kill_pid(0, 9, 1), -3);
        pid::put_pid(pid);
        assert_eq!(handle.get().peek_u32(pid), 1, "the task's own reference");
        handle.get().kernel.tasks.unhash(init);
        assert_eq!(pid::pid_task(pid, 0), 0);
        pid::put_pid(0);
        assert_eq!(pid::find_vpid(1), 0);
    }
}
