//! The arena: all memory a machine's modules can name, and the check every access passes.

use std::cell::RefCell;
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};

use crate::heap::Heap;
use crate::layout::{
    ARENA_BASE, ARENA_SIZE, HEAP, HEAP_SIZE, IMAGE_BASE, IMAGE_SIZE, KDATA, KDATA_SIZE, SHADOW, SHADOW_SIZE, SLOTS,
    STACKS, STACKS_SIZE, TASK_STRIDE, TASKS, TASKS_SIZE, USER, USER_SIZE,
};
use crate::stack::StackPool;
use crate::taskmem::{ArenaTasks, TaskSlots};

/// Why an access is not allowed.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Bad {
    /// In the first page.
    Null,
    /// An error pointer, −4095 to −1.
    ErrPtr,
    /// Freed heap memory, a red zone, heap never handed out; the heap knows which.
    Heap,
    /// A released `task_struct` (slot number).
    Task(u32),
    /// The stack of a thread that has ended.
    Stack,
    /// Memory of an unloaded module, or of none.
    Image,
    /// Read-only data.
    ReadOnly,
    /// Memory of a user process.
    User,
    /// Anything else.
    Wild,
}

/// Per page of the image window.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
#[repr(u8)]
pub(crate) enum PagePerm {
    None,
    Read,
    ReadWrite,
}

/// Bytes of a page.
const PAGE_SIZE: u64 = 4096;

static TAKEN: [AtomicBool; SLOTS] = [const { AtomicBool::new(false) }; SLOTS];

/// See the module docs.
#[derive(Debug)]
pub struct Arena {
    slot: usize,
    base: u64,
    image_base: u64,
    /// Memory modules allocate.
    pub heap: Heap,
    /// Kernel stacks.
    pub stacks: StackPool,
    tasks: Rc<RefCell<TaskSlots>>,
    pub(crate) image_perms: Vec<PagePerm>,
    kdata_used: u64,
    user_used: u64,
    /// Most of the user's addresses ever in use.
    user_high: u64,
}

/// Guest memory at a time when no module was loaded and no code ran, for [`Arena::restore`].
#[derive(Debug)]
pub struct Saved {
    heap: Heap,
    heap_content: (Vec<u8>, Vec<u8>),
    tasks: TaskSlots,
    task_structs: Vec<u8>,
    kdata: Vec<u8>,
    kdata_perms: Vec<PagePerm>,
    user_used: u64,
}

/// Why an arena could not be made.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ArenaError {
    /// All machine slots of the process are in use.
    NoSlot,
    /// The host refused the addresses (errno).
    Map(i32),
}

impl std::fmt::Display for ArenaError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            ArenaError::NoSlot => write!(f, "{SLOTS} machines exist in this process already"),
            ArenaError::Map(errno) => {
                write!(f, "the host does not let kloom reserve its addresses (errno {errno}; is `ulimit -v` set?)")
            }
        }
    }
}

fn map(addr: u64, size: u64, prot: libc::c_int) -> Result<(), ArenaError> {
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | libc::MAP_NORESERVE | libc::MAP_FIXED_NOREPLACE;
    // SAFETY: MAP_FIXED_NOREPLACE never replaces an existing mapping.
    let got = unsafe { libc::mmap(addr as *mut libc::c_void, size as usize, prot, flags, -1, 0) };
    if got as u64 == addr {
        return Ok(());
    }
    let errno = std::io::Error::last_os_error().raw_os_error().unwrap_or(0);
    if got != libc::MAP_FAILED {
        // SAFETY: an old host kernel took the address as a hint only; this mapping is ours and unused.
        unsafe { libc::munmap(got, size as usize) };
    }
    Err(ArenaError::Map(errno))
}

impl Arena {
    /// Reserves a slot's addresses.
    ///
    /// # Errors
    /// No free slot, or the host refuses.
    pub fn new() -> Result<Arena, ArenaError> {
        let slot = (0..SLOTS).find(|&slot| !TAKEN[slot].swap(true, Ordering::AcqRel)).ok_or(ArenaError::NoSlot)?;
        let base = ARENA_BASE + slot as u64 * ARENA_SIZE;
        let image_base = IMAGE_BASE + slot as u64 * IMAGE_SIZE;
        let result = Arena::map_all(base, image_base);
        if let Err(error) = result {
            Arena::unmap_all(base, image_base);
            TAKEN[slot].store(false, Ordering::Release);
            return Err(error);
        }
        Ok(Arena {
            slot,
            base,
            image_base,
            heap: Heap::new(base + HEAP, base + SHADOW),
            stacks: StackPool::new(base),
            tasks: Rc::default(),
            image_perms: (0..IMAGE_SIZE >> 12)
                .map(|page| if page < KDATA >> 12 { PagePerm::None } else { PagePerm::Read })
                .collect(),
            kdata_used: 0,
            user_used: 0,
            user_high: 0,
        })
    }

    fn map_all(base: u64, image_base: u64) -> Result<(), ArenaError> {
        let rw = libc::PROT_READ | libc::PROT_WRITE;
        map(image_base, KDATA, libc::PROT_NONE)?;
        map(image_base + KDATA, KDATA_SIZE, rw)?;
        for (offset, size) in
            [(TASKS, TASKS_SIZE), (HEAP, HEAP_SIZE), (STACKS, STACKS_SIZE), (USER, USER_SIZE), (SHADOW, SHADOW_SIZE)]
        {
            map(base + offset, size, rw)?;
        }
        // Stacks are used from the top, a page or two each: huge pages would cost 2 MiB per thread.
        for (offset, size) in [(STACKS, STACKS_SIZE), (TASKS, TASKS_SIZE)] {
            // SAFETY: advice on our own mapping.
            unsafe { libc::madvise((base + offset) as *mut libc::c_void, size as usize, libc::MADV_NOHUGEPAGE) };
        }
        Ok(())
    }

    fn unmap_all(base: u64, image_base: u64) {
        // SAFETY: nothing but this slot's own mappings lies in its ranges (NOREPLACE made sure).
        unsafe {
            libc::munmap(image_base as *mut libc::c_void, IMAGE_SIZE as usize);
            libc::munmap(base as *mut libc::c_void, ARENA_SIZE as usize);
        }
    }

    /// Remembers the memory's content. No image may be loaded and no stack in use.
    pub fn save(&self) -> Saved {
        let tasks = self.tasks.borrow().clone();
        // SAFETY: both ranges are mapped as far as they are in use, and no module code runs.
        let copy =
            |addr: u64, len: u64| unsafe { std::slice::from_raw_parts(addr as *const u8, len as usize).to_vec() };
        Saved {
            heap: self.heap.clone(),
            heap_content: self.heap.content(),
            task_structs: copy(self.base + TASKS, tasks.live.len() as u64 * TASK_STRIDE),
            tasks,
            kdata: copy(self.image_base + KDATA, self.kdata_used),
            kdata_perms: self.image_perms[(KDATA / PAGE_SIZE) as usize..].to_vec(),
            user_used: self.user_used,
        }
    }

    /// Makes the memory what it was when `saved` was taken of this arena. No image may be loaded and no stack in use.
    pub fn restore(&mut self, saved: &Saved) {
        self.heap.restore(&saved.heap, &saved.heap_content);
        self.stacks.restore();
        self.tasks.borrow_mut().clone_from(&saved.tasks);
        let put = |addr: u64, bytes: &[u8]| {
            // SAFETY: the bytes were taken from there; no module code runs.
            unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), addr as *mut u8, bytes.len()) };
        };
        put(self.base + TASKS, &saved.task_structs);
        let kdata = self.image_base + KDATA;
        put(kdata, &saved.kdata);
        let new = self.kdata_used - saved.kdata.len() as u64;
        // SAFETY: the ranges are mapped and were handed out since; nothing else lies there.
        unsafe {
            std::ptr::write_bytes((kdata + saved.kdata.len() as u64) as *mut u8, 0, new as usize);
            let user = self.base + USER + 0x1000 + saved.user_used;
            std::ptr::write_bytes(user as *mut u8, 0, (self.user_high - saved.user_used) as usize);
        }
        self.kdata_used = saved.kdata.len() as u64;
        self.image_perms[(KDATA / PAGE_SIZE) as usize..].copy_from_slice(&saved.kdata_perms);
        self.user_used = saved.user_used;
        self.user_high = saved.user_used;
    }

    /// First address of the 1 TiB range.
    pub fn base(&self) -> u64 {
        self.base
    }

    /// First address of the image window.
    pub fn image_base(&self) -> u64 {
        self.image_base
    }

    /// The allocator of `task_struct`s for this machine's kernel.
    pub fn task_memory(&self) -> Box<ArenaTasks> {
        Box::new(ArenaTasks::new(self.base, Rc::clone(&self.tasks)))
    }

    /// What `signal` and `cred` of every new task point to.
    pub fn set_task_defaults(&mut self, signal: u64, cred: u64) {
        self.tasks.borrow_mut().defaults = (signal, cred);
    }

    /// The task slot an address is the first byte of, live or not.
    pub fn task_slot(&self, addr: u64) -> Option<u32> {
        let offset = addr.checked_sub(self.base + TASKS)?;
        (offset < TASKS_SIZE && offset.is_multiple_of(TASK_STRIDE)).then_some((offset / TASK_STRIDE) as u32)
    }

    /// The `task_struct` an address lies in.
    pub fn task_of(&self, addr: u64) -> Option<u64> {
        let offset = addr.checked_sub(self.base + TASKS)?;
        (offset < TASKS_SIZE).then(|| addr - offset % TASK_STRIDE)
    }

    /// Whether tasks can share what lies at an address: the heap and the images' data, not stacks, `task_struct`s or the
    /// kernel's own variables.
    pub fn is_shared(&self, addr: u64) -> bool {
        addr.wrapping_sub(self.base + HEAP) < HEAP_SIZE || addr.wrapping_sub(self.image_base) < KDATA
    }

    /// Whether an access is allowed. The common cases are decided inline; see `classify` for the rest.
    #[inline]
    pub fn check(&self, addr: u64, size: u64, write: bool) -> Result<(), Bad> {
        let offset = addr.wrapping_sub(self.base);
        if offset.wrapping_sub(HEAP) < HEAP_SIZE {
            return if self.heap.accessible(addr, size) { Ok(()) } else { Err(Bad::Heap) };
        }
        let stack = offset.wrapping_sub(STACKS);
        if stack < STACKS_SIZE {
            return if self.stacks.is_live(addr) == Some(true) { Ok(()) } else { Err(Bad::Stack) };
        }
        // Within a page of a module's data, as nearly always.
        let image = addr.wrapping_sub(self.image_base);
        if image < IMAGE_SIZE && (image & 4095) + size <= 4096 {
            match self.image_perms[(image >> 12) as usize] {
                PagePerm::ReadWrite => return Ok(()),
                PagePerm::Read if !write => return Ok(()),
                _ => {}
            }
        }
        self.classify(addr, size, write)
    }

    #[inline(never)]
    fn classify(&self, addr: u64, size: u64, write: bool) -> Result<(), Bad> {
        let image = addr.wrapping_sub(self.image_base);
        if image < IMAGE_SIZE && size <= IMAGE_SIZE - image {
            let pages = (image >> 12) as usize..=((image + size.max(1) - 1) >> 12) as usize;
            return match self.image_perms[pages].iter().copied().min_by_key(|&perm| perm as u8) {
                Some(PagePerm::ReadWrite) => Ok(()),
                Some(PagePerm::Read) if !write => Ok(()),
                Some(PagePerm::Read) => Err(Bad::ReadOnly),
                _ => Err(Bad::Image),
            };
        }
        let offset = addr.wrapping_sub(self.base);
        if offset.wrapping_sub(TASKS) < TASKS_SIZE {
            let slot = (offset - TASKS) / TASK_STRIDE;
            return match self.tasks.borrow().is_live(slot) {
                Some(true) => Ok(()),
                Some(false) => Err(Bad::Task(slot as u32)),
                None => Err(Bad::Wild),
            };
        }
        if offset.wrapping_sub(USER) < USER_SIZE {
            return Err(Bad::User);
        }
        if addr < 4096 {
            return Err(Bad::Null);
        }
        if addr > u64::MAX - 4096 {
            return Err(Bad::ErrPtr);
        }
        Err(Bad::Wild)
    }

    /// Says what module code may do with pages of the image window.
    pub(crate) fn set_image_perm(&mut self, addr: u64, len: u64, perm: PagePerm) {
        let first = ((addr - self.image_base) / PAGE_SIZE) as usize;
        self.image_perms[first..first + (len / PAGE_SIZE) as usize].fill(perm);
    }

    /// Copies guest memory out after checking it.
    ///
    /// # Errors
    /// What is wrong with the range.
    #[inline]
    pub fn read(&self, addr: u64, out: &mut [u8]) -> Result<(), Bad> {
        self.check_range(addr, out.len() as u64, false)?;
        // SAFETY: the range is mapped guest memory (checked); module code does not run meanwhile.
        unsafe { std::ptr::copy_nonoverlapping(addr as *const u8, out.as_mut_ptr(), out.len()) };
        Ok(())
    }

    /// Copies into guest memory after checking it.
    ///
    /// # Errors
    /// What is wrong with the range.
    pub fn write(&mut self, addr: u64, bytes: &[u8]) -> Result<(), Bad> {
        self.check_range(addr, bytes.len() as u64, true)?;
        // SAFETY: as in `read`.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), addr as *mut u8, bytes.len()) };
        Ok(())
    }

    /// A little-endian word of 8 bytes.
    ///
    /// # Errors
    /// What is wrong with the address.
    #[inline]
    pub fn read_u64(&self, addr: u64) -> Result<u64, Bad> {
        let mut bytes = [0; 8];
        self.read(addr, &mut bytes)?;
        Ok(u64::from_le_bytes(bytes))
    }

    /// A little-endian word of 4 bytes.
    ///
    /// # Errors
    /// What is wrong with the address.
    #[inline]
    pub fn read_u32(&self, addr: u64) -> Result<u32, Bad> {
        let mut bytes = [0; 4];
        self.read(addr, &mut bytes)?;
        Ok(u32::from_le_bytes(bytes))
    }

    /// Checks a range that may be long.
    ///
    /// # Errors
    /// What is wrong with it.
    #[inline]
    pub fn check_range(&self, addr: u64, size: u64, write: bool) -> Result<(), Bad> {
        if size == 0 {
            return Ok(());
        }
        if addr.checked_add(size).is_none() {
            return Err(Bad::Wild);
        }
        self.check(addr, size, write)?;
        // A stack is checked at its first byte only; of the other regions the whole range was.
        let within_a_word = size <= 8 && size.is_power_of_two() && addr & (size - 1) == 0;
        if within_a_word { Ok(()) } else { self.check(addr + size - 1, 1, write) }
    }

    /// A NUL-terminated string, at most `max` bytes.
    ///
    /// # Errors
    /// What is wrong with the first byte that cannot be read, with its address.
    pub fn read_cstr(&self, addr: u64, max: usize) -> Result<Vec<u8>, (u64, Bad)> {
        let mut out = Vec::new();
        let mut at = addr;
        while out.len() < max {
            // Within one 8-byte granule of the heap, or one page elsewhere, a check holds for all of it.
            self.check(at, 1, false).map_err(|bad| (at, bad))?;
            // SAFETY: one checked byte.
            let byte = unsafe { *(at as *const u8) };
            if byte == 0 {
                break;
            }
            out.push(byte);
            at = at.wrapping_add(1);
        }
        Ok(out)
    }

    /// Copies heap memory out although the module must not touch it (freed, red zone): what real hardware would read. False
    /// outside the heap.
    pub fn read_stale(&self, addr: u64, out: &mut [u8]) -> bool {
        let inside = self.in_heap(addr, out.len() as u64);
        if inside {
            // SAFETY: the whole heap region is mapped readable; module code does not run meanwhile.
            unsafe { std::ptr::copy_nonoverlapping(addr as *const u8, out.as_mut_ptr(), out.len()) };
        }
        inside
    }

    /// As [`Arena::read_stale`], writes.
    pub fn write_stale(&mut self, addr: u64, bytes: &[u8]) -> bool {
        let inside = self.in_heap(addr, bytes.len() as u64);
        if inside {
            // SAFETY: the whole heap region is mapped writable and holds nothing of kloom's own.
            unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), addr as *mut u8, bytes.len()) };
        }
        inside
    }

    fn in_heap(&self, addr: u64, size: u64) -> bool {
        let offset = addr.wrapping_sub(self.base + HEAP);
        offset < HEAP_SIZE && size <= HEAP_SIZE - offset
    }

    /// Room for an exported variable or another kernel object modules may read; zeroed, 16-byte aligned.
    ///
    /// # Panics
    /// When the region is full, which kloom's own tables cannot make happen.
    pub fn alloc_kdata(&mut self, size: u64) -> u64 {
        let addr = self.image_base + KDATA + self.kdata_used;
        self.kdata_used += size.next_multiple_of(16);
        assert!(self.kdata_used <= KDATA_SIZE, "kernel data region is full");
        addr
    }

    /// A page of kernel data that modules may write, too; zeroed. None when the region is full.
    pub fn alloc_kdata_page(&mut self) -> Option<u64> {
        let start = self.kdata_used.next_multiple_of(PAGE_SIZE);
        if start + PAGE_SIZE > KDATA_SIZE {
            return None;
        }
        self.kdata_used = start + PAGE_SIZE;
        self.image_perms[((KDATA + start) / PAGE_SIZE) as usize] = PagePerm::ReadWrite;
        Some(self.image_base + KDATA + start)
    }

    /// Writes into kernel data, which modules may only read.
    pub fn write_kdata(&mut self, addr: u64, bytes: &[u8]) {
        let offset = addr.wrapping_sub(self.image_base + KDATA);
        assert!(offset + bytes.len() as u64 <= KDATA_SIZE, "not kernel data");
        // SAFETY: inside the mapped kernel data region (asserted).
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), addr as *mut u8, bytes.len()) };
    }

    /// A buffer in user space of `size` bytes; freed all at once by [`Arena::reset_user`].
    pub fn alloc_user(&mut self, size: u64) -> Option<u64> {
        let addr = self.base + USER + 0x1000 + self.user_used;
        let size = size.next_multiple_of(4096) + 4096;
        if self.user_used + size > USER_SIZE - 0x2000 {
            return None;
        }
        self.user_used += size;
        self.user_high = self.user_high.max(self.user_used);
        Some(addr)
    }

    /// How much user address space is in use, for [`Arena::reset_user`].
    pub fn user_mark(&self) -> u64 {
        self.user_used
    }

    /// Frees the user buffers made since `mark` was taken.
    pub fn reset_user(&mut self, mark: u64) {
        self.user_used = mark;
    }

    /// Whether `[addr, addr+size)` lies in user space (`access_ok()` and mapped).
    pub fn is_user(&self, addr: u64, size: u64) -> bool {
        let offset = addr.wrapping_sub(self.base + USER);
        offset < USER_SIZE && size <= USER_SIZE - offset
    }

    /// Copies from user space.
    pub fn read_user(&self, addr: u64, out: &mut [u8]) -> bool {
        if !self.is_user(addr, out.len() as u64) {
            return false;
        }
        // SAFETY: inside the mapped user region (checked).
        unsafe { std::ptr::copy_nonoverlapping(addr as *const u8, out.as_mut_ptr(), out.len()) };
        true
    }

    /// Copies to user space.
    pub fn write_user(&mut self, addr: u64, bytes: &[u8]) -> bool {
        if !self.is_user(addr, bytes.len() as u64) {
            return false;
        }
        // SAFETY: as in `read_user`.
        unsafe { std::ptr::copy_nonoverlapping(bytes.as_ptr(), addr as *mut u8, bytes.len()) };
        true
    }
}

impl Drop for Arena {
    fn drop(&mut self) {
        Arena::unmap_all(self.base, self.image_base);
        TAKEN[self.slot].store(false, Ordering::Release);
    }
}
