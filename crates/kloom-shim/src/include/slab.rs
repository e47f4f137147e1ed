//! C headers: include/linux/slab.h, include/linux/vmalloc.h, include/linux/gfp.h, include/linux/mempool.h,
//! include/linux/bitmap.h (its allocations).
//!
//! Behaviour follows Linux 6.1 mm/slub.c, mm/slab_common.c, mm/vmalloc.c and mm/page_alloc.c: limits, special pointers,
//! what is printed. Blocks come from the arena's heap, which knows who allocated and freed them.

use std::collections::BTreeSet;

use kloom_abi::Errno;
use kloom_guest::heap::FreeError;
use kloom_kernel::fault::Fault;
use kloom_kernel::printk::Level;

use crate::Machine;
use crate::call::{call1, call3, enter, might_sleep};
use crate::memory::{Cache, intern};
use crate::oops::or_oops;

/// What `kmalloc(0)` gives.
const ZERO_SIZE_PTR: u64 = 16;
/// `KMALLOC_MAX_SIZE`.
const KMALLOC_MAX: u64 = 1 << 22;
const PAGE: u64 = 4096;
/// Largest order of a page allocation (`MAX_ORDER` - 1).
const ORDER_MAX: u32 = 10;

const GFP_ZERO: u32 = 0x100;
const GFP_DIRECT_RECLAIM: u32 = 0x400;
const GFP_NOWARN: u32 = 0x2000;
const GFP_KERNEL: u32 = 0xcc0;

/// `%pGg` of the flags that modules use; others by number.
fn gfp_text(gfp: u32) -> String {
    let shown = gfp & !GFP_NOWARN & !GFP_ZERO;
    let base = match shown {
        0xcc0 => "GFP_KERNEL",
        0xa20 => "GFP_ATOMIC",
        0x800 => "GFP_NOWAIT",
        0xc00 => "GFP_NOIO",
        0xc40 => "GFP_NOFS",
        0x10_0cc0 => "GFP_USER",
        0x10_0cc2 => "GFP_HIGHUSER",
        _ => "",
    };
    let mut text = if base.is_empty() { format!("{shown:#x}") } else { base.to_string() };
    if gfp & GFP_NOWARN != 0 {
        text.push_str("|__GFP_NOWARN");
    }
    if gfp & GFP_ZERO != 0 {
        text.push_str("|__GFP_ZERO");
    }
    text
}

/// Reports a sleep in atomic context if the flags allow sleeping.
pub(crate) fn may_block(gfp: u32, func: &'static str) {
    if gfp & GFP_DIRECT_RECLAIM != 0 {
        might_sleep(func);
    }
}

/// What an allocation is told about itself.
#[derive(Clone, Copy)]
pub(crate) struct Request {
    pub(crate) size: u64,
    pub(crate) align: u64,
    pub(crate) gfp: u32,
    pub(crate) kind: &'static str,
}

impl Machine {
    /// Takes a block from the heap; None without memory, which is said in the log.
    pub(crate) fn allocate(&mut self, request: Request) -> Option<u64> {
        let at = self.kernel.event_here();
        let zero = request.gfp & GFP_ZERO != 0;
        let addr = self.arena.heap.alloc(request.size, request.align, zero, request.kind, at);
        if let Some(addr) = addr {
            self.kernel.order.forget(addr, request.size);
        }
        if addr.is_none() && request.gfp & GFP_NOWARN == 0 {
            self.allocation_failure(request);
        }
        addr
    }

    fn allocation_failure(&mut self, request: Request) {
        let current = self.kernel.current();
        let comm = self.kernel.tasks[current].c.comm_text();
        let (gfp, flags) = (request.gfp, gfp_text(request.gfp));
        if request.kind == "vmalloc" {
            let pages = request.size;
            self.print(Level::Warning, format!("{comm}: vmalloc error: size {pages}, failed to allocate pages, mode:{gfp:#x}({flags}), nodemask=(null),cpuset=/,mems_allowed=0"));
        } else {
            let order = request.size.div_ceil(PAGE).max(1).next_power_of_two().trailing_zeros();
            self.print(Level::Warning, format!("{comm}: page allocation failure: order:{order}, mode:{gfp:#x}({flags}), nodemask=(null),cpuset=/,mems_allowed=0"));
        }
        self.print_stack();
    }

    /// `kmalloc()` after the check for sleeping.
    pub(crate) fn kmalloc(&mut self, size: u64, gfp: u32) -> u64 {
        if self.fails("kmalloc") {
            return 0;
        }
        if size == 0 {
            return ZERO_SIZE_PTR;
        }
        if size > KMALLOC_MAX {
            if gfp & GFP_NOWARN == 0 {
                self.warn_kernel_once("mm/page_alloc.c", 5534, "__alloc_pages");
            }
            return 0;
        }
        self.allocate(Request { size, align: 16, gfp, kind: "kmalloc" }).unwrap_or(0)
    }

    /// `kfree()` and its relatives: reports what is no live block and goes on.
    pub(crate) fn release(&mut self, addr: u64, func: &'static str, wanted: fn(&str) -> bool) {
        if self.retire_block(addr, func, wanted) {
            self.arena.heap.bury(addr);
        }
    }

    /// As [`Machine::release`], but nothing else is put there. False if it was no live block.
    fn retire_block(&mut self, addr: u64, func: &'static str, wanted: fn(&str) -> bool) -> bool {
        if addr <= ZERO_SIZE_PTR {
            return false;
        }
        let at = self.kernel.event_here();
        if let Some(size) = self.arena.heap.size_of(addr) {
            let block = self.arena.heap.block_at(addr).filter(|block| block.addr == addr);
            if let Some(block) = block {
                if !wanted(&block.kind) {
                    self.report_free(Fault::InvalidFree { addr, block: Some(block) }, func);
                    return false;
                }
                self.memory_dies(addr..addr + size);
                self.report_freed_in_use(&block);
            }
        }
        if self.kernel.order.on
            && let Some(block) = self.arena.heap.block_at(addr)
            && block.freed.is_none()
        {
            self.kernel.order_free(block.addr, block.size);
        }
        match self.arena.heap.retire(addr, at) {
            Ok(()) => return true,
            Err(FreeError::Double(block)) => self.report_free(Fault::DoubleFree { block }, func),
            Err(FreeError::Inside(block)) => self.report_free(Fault::InvalidFree { addr, block: Some(block) }, func),
            Err(FreeError::NotABlock) => self.report_free(Fault::InvalidFree { addr, block: None }, func),
        }
        false
    }

    /// KASAN's text and the report, once per place.
    fn report_free(&mut self, fault: Fault, _func: &'static str) {
        let here = self.kernel.here.0[0];
        let same = |other: &Fault| std::mem::discriminant(other) == std::mem::discriminant(&fault);
        if let Some(report) =
            self.kernel.reports.iter_mut().rev().find(|report| report.at.trace.0[0] == here && same(&report.fault))
        {
            report.repeats += 1;
            return;
        }
        let (what, addr) = match &fault {
            Fault::DoubleFree { block } => ("double-free", block.addr),
            Fault::InvalidFree { addr, .. } => ("invalid-free", *addr),
            _ => ("bad-free", 0),
        };
        let place = self.symbolic(here.saturating_sub(1));
        let current = self.kernel.current();
        let (comm, pid) = (self.kernel.tasks[current].c.comm_text(), self.kernel.tasks[current].pid);
        self.print(Level::Err, "==================================================================".into());
        self.print(Level::Err, format!("BUG: KASAN: {what} in {place}"));
        self.print(Level::Err, format!("Free of addr {addr:016x} by task {comm}/{pid}"));
        self.print(Level::Err, "==================================================================".into());
        self.kernel.tainted |= 1 << 5;
        self.kernel.report(fault);
    }

    /// The bytes a block was asked for; 0 when it is none.
    fn block_size(&self, addr: u64) -> u64 {
        self.arena.heap.size_of(addr).unwrap_or(0)
    }

    /// A copy of `bytes` made by `kmalloc`, with a final zero if `terminate`.
    pub(crate) fn duplicate(&mut self, bytes: &[u8], terminate: bool, gfp: u32) -> Result<u64, Fault> {
        let addr = self.kmalloc(bytes.len() as u64 + u64::from(terminate), gfp & !GFP_ZERO);
        if addr > ZERO_SIZE_PTR {
            if terminate {
                self.store_cstr(addr, bytes)?;
            } else {
                self.store(addr, bytes)?;
            }
        }
        Ok(addr)
    }
}

/// Kinds `kfree()` takes: everything but memory that is not the slab's.
fn slab_kind(kind: &str) -> bool {
    !matches!(kind, "vmalloc" | "pages")
}

fn vmalloc_kind(kind: &str) -> bool {
    kind == "vmalloc"
}

fn kvmalloc_kind(kind: &str) -> bool {
    kind != "pages"
}

fn page_kind(kind: &str) -> bool {
    kind == "pages"
}

/// `kmalloc()`.
///
/// # Context
/// Sleeps only where the flags allow it, and is a scheduling point then.
pub(crate) extern "C" fn __kmalloc(size: u64, gfp: u32) -> u64 {
    may_block(gfp, "kmalloc");
    enter(|machine, _| machine.kmalloc(size, gfp))
}

/// `kmalloc_array()`, `kcalloc()`: NULL when the product overflows.
///
/// # Context
/// Sleeps only where the flags allow it, and is a scheduling point then.
pub(crate) extern "C" fn kloom_kmalloc_array(n: u64, size: u64, gfp: u32) -> u64 {
    match n.checked_mul(size) {
        Some(bytes) => __kmalloc(bytes, gfp),
        None => 0,
    }
}

/// `kfree()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kfree(addr: u64) {
    enter(|machine, _| machine.release(addr, "kfree", slab_kind));
}

/// `kfree_sensitive()`: clears, then frees.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kfree_sensitive(addr: u64) {
    enter(|machine, _| {
        let size = machine.block_size(addr);
        if size > 0 {
            let _ = machine.fill(addr, 0, size);
        }
        machine.release(addr, "kfree_sensitive", slab_kind);
    });
}

/// `kfree_const()`: only what the kernel's own constants are is left alone; a module's are not known to it.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kfree_const(addr: u64) {
    enter(|machine, _| machine.release(addr, "kfree_const", slab_kind));
}

fn resize(old: u64, old_size: Option<u64>, new_size: u64, gfp: u32, virtually: bool) -> u64 {
    or_oops(enter(|machine, _| {
        let free: fn(&str) -> bool = if virtually { kvmalloc_kind } else { slab_kind };
        if new_size == 0 {
            machine.release(old, "krealloc", free);
            return Ok(ZERO_SIZE_PTR);
        }
        let had = if old <= ZERO_SIZE_PTR { 0 } else { machine.block_size(old) };
        if old > ZERO_SIZE_PTR && had == 0 {
            // Reports what is wrong with the old block; there is nothing to keep.
            machine.check_access(old, 1, true)?;
        }
        let fresh = if virtually { machine.kvmalloc(new_size, gfp) } else { machine.kmalloc(new_size, gfp) };
        if fresh == 0 {
            return Ok(0);
        }
        let keep = had.min(new_size).min(old_size.unwrap_or(u64::MAX));
        machine.copy(fresh, old, keep)?;
        machine.release(old, "krealloc", free);
        Ok(fresh)
    }))
}

/// `krealloc()`: always moves, so that old pointers are seen.
///
/// # Context
/// Sleeps only where the flags allow it, and is a scheduling point then.
pub(crate) extern "C" fn krealloc(addr: u64, new_size: u64, gfp: u32) -> u64 {
    may_block(gfp, "krealloc");
    resize(addr, None, new_size, gfp, false)
}

/// `ksize()`: what was asked for, which is all a caller may use.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn ksize(addr: u64) -> u64 {
    or_oops(enter(|machine, _| {
        if addr <= ZERO_SIZE_PTR {
            return Ok(0);
        }
        machine.check_access(addr, 1, false)?;
        Ok(machine.block_size(addr))
    }))
}

impl Machine {
    fn vmalloc(&mut self, size: u64, gfp: u32) -> u64 {
        if self.fails("vmalloc") {
            return 0;
        }
        let total = self.kernel.config.mem_bytes;
        if size == 0 || size > total {
            if gfp & GFP_NOWARN == 0 && size != 0 {
                let current = self.kernel.current();
                let comm = self.kernel.tasks[current].c.comm_text();
                let flags = gfp_text(gfp);
                self.print(Level::Warning, format!("{comm}: vmalloc error: size {size}, exceeds total pages, mode:{gfp:#x}({flags}), nodemask=(null),cpuset=/,mems_allowed=0"));
                self.print_stack();
            } else if size == 0 {
                self.warn_kernel_once("mm/vmalloc.c", 3227, "__vmalloc_node_range");
            }
            return 0;
        }
        self.allocate(Request { size, align: PAGE, gfp, kind: "vmalloc" }).unwrap_or(0)
    }

    fn kvmalloc(&mut self, size: u64, gfp: u32) -> u64 {
        if size <= KMALLOC_MAX {
            let first = self.kmalloc(size, if size > PAGE { gfp | GFP_NOWARN } else { gfp });
            if first != 0 || size <= PAGE {
                return first;
            }
        }
        self.vmalloc(size, gfp)
    }

    fn pages(&mut self, size: u64, order: u32, gfp: u32) -> u64 {
        if self.fails("alloc_pages") {
            return 0;
        }
        if order > ORDER_MAX {
            if gfp & GFP_NOWARN == 0 {
                self.warn_kernel_once("mm/page_alloc.c", 5534, "__alloc_pages");
            }
            return 0;
        }
        self.allocate(Request { size, align: PAGE, gfp, kind: "pages" }).unwrap_or(0)
    }
}

/// `kvmalloc_node()`.
///
/// # Context
/// Sleeps only where the flags allow it, and is a scheduling point then.
pub(crate) extern "C" fn kvmalloc_node(size: u64, gfp: u32, _node: i32) -> u64 {
    may_block(gfp, "kvmalloc");
    enter(|machine, _| machine.kvmalloc(size, gfp))
}

/// `kvfree()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn kvfree(addr: u64) {
    enter(|machine, _| machine.release(addr, "kvfree", kvmalloc_kind));
}

/// `kvfree_sensitive()`: clears, then frees.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn kvfree_sensitive(addr: u64, len: u64) {
    or_oops(enter(|machine, _| {
        if addr > ZERO_SIZE_PTR {
            machine.fill(addr, 0, len)?;
        }
        machine.release(addr, "kvfree_sensitive", kvmalloc_kind);
        Ok(())
    }));
}

/// `kvrealloc()`.
///
/// # Context
/// Sleeps only where the flags allow it, and is a scheduling point then.
pub(crate) extern "C" fn kvrealloc(addr: u64, old_size: u64, new_size: u64, gfp: u32) -> u64 {
    may_block(gfp, "kvrealloc");
    if old_size >= new_size {
        return addr;
    }
    resize(addr, Some(old_size), new_size, gfp, true)
}

fn vmalloc_with(size: u64, gfp: u32) -> u64 {
    might_sleep("vmalloc");
    enter(|machine, _| machine.vmalloc(size, gfp))
}

/// `vmalloc()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn vmalloc(size: u64) -> u64 {
    vmalloc_with(size, GFP_KERNEL)
}

/// `vzalloc()`, `vmalloc_user()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn vzalloc(size: u64) -> u64 {
    vmalloc_with(size, GFP_KERNEL | GFP_ZERO)
}

/// `__vmalloc()`.
///
/// # Context
/// Sleeps only where the flags allow it, and is a scheduling point then.
pub(crate) extern "C" fn __vmalloc(size: u64, gfp: u32) -> u64 {
    vmalloc_with(size, gfp)
}

/// `vfree()`: may be called in an interrupt, where it is deferred.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn vfree(addr: u64) {
    enter(|machine, _| machine.release(addr, "vfree", vmalloc_kind));
}

/// `is_vmalloc_addr()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn is_vmalloc_addr(addr: u64) -> bool {
    enter(|machine, _| {
        machine.arena.heap.block_at(addr).is_some_and(|block| block.kind == "vmalloc" && block.freed.is_none())
    })
}

/// `__get_free_pages()`.
///
/// # Context
/// Sleeps only where the flags allow it, and is a scheduling point then.
pub(crate) extern "C" fn __get_free_pages(gfp: u32, order: u32) -> u64 {
    may_block(gfp, "__get_free_pages");
    enter(|machine, _| machine.pages(PAGE << order.min(ORDER_MAX + 1), order, gfp))
}

/// `get_zeroed_page()`.
///
/// # Context
/// Sleeps only where the flags allow it, and is a scheduling point then.
pub(crate) extern "C" fn get_zeroed_page(gfp: u32) -> u64 {
    __get_free_pages(gfp | GFP_ZERO, 0)
}

/// `free_pages()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn free_pages(addr: u64, _order: u32) {
    enter(|machine, _| machine.release(addr, "free_pages", page_kind));
}

/// `alloc_pages_exact()`.
///
/// # Context
/// Sleeps only where the flags allow it, and is a scheduling point then.
pub(crate) extern "C" fn alloc_pages_exact(size: u64, gfp: u32) -> u64 {
    may_block(gfp, "alloc_pages_exact");
    enter(|machine, _| {
        let whole = size.max(1).checked_next_multiple_of(PAGE).unwrap_or(u64::MAX);
        let order = (whole / PAGE).checked_next_power_of_two().map_or(u32::MAX, u64::trailing_zeros);
        machine.pages(whole, order, gfp)
    })
}

/// `free_pages_exact()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn free_pages_exact(addr: u64, _size: u64) {
    free_pages(addr, 0);
}

/// `kmem_cache_create()`: the `struct kmem_cache` itself is a small block whose first word is the name.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn kmem_cache_create(name: u64, size: u32, align: u32, flags: u32, ctor: u64) -> u64 {
    might_sleep("kmem_cache_create");
    const SLAB_PANIC: u32 = 0x0004_0000;
    or_oops(enter(|machine, _| {
        let text = machine.text(name)?;
        let text = String::from_utf8_lossy(&text).into_owned();
        if machine.fails("kmem_cache_create") || size == 0 || u64::from(size) > KMALLOC_MAX || text.is_empty() {
            return cache_failure(machine, &text, flags & SLAB_PANIC != 0);
        }
        let kept = machine.duplicate(text.as_bytes(), true, GFP_KERNEL)?;
        let at = machine.kernel.event_here();
        let Some(addr) = machine.arena.heap.alloc(16, 16, true, "struct kmem_cache", at) else {
            return cache_failure(machine, &text, flags & SLAB_PANIC != 0);
        };
        machine.poke_u64(addr, kept);
        let size = u64::from(size);
        let align = u64::from(align).max(8).next_power_of_two();
        let per_slab = objects_per_slab(stride(size, align, flags), machine.kernel.cpus.len());
        let (slabs, spare) = (Vec::new(), Vec::new());
        let cache = Cache { name: intern(&text), size, align, ctor, per_slab, slabs, spare, objects: BTreeSet::new() };
        machine.mem.caches.insert(addr, cache);
        Ok(addr)
    }))
}

/// Bytes from one object of a slab to the next, in a cache with constructor: the link to the next free object lies behind
/// the object, whose content has to stay (`calculate_sizes()` and `calculate_alignment()`, mm/slub.c and mm/slab_common.c,
/// 6.1).
fn stride(size: u64, align: u64, flags: u32) -> u64 {
    const SLAB_HWCACHE_ALIGN: u32 = 0x2000;
    const LINK: u64 = 8;
    const CACHE_LINE: u64 = 64;
    let mut line = CACHE_LINE;
    while line > 8 && size <= line / 2 {
        line /= 2;
    }
    let align = if flags & SLAB_HWCACHE_ALIGN != 0 { align.max(line) } else { align };
    (size.next_multiple_of(8) + LINK).next_multiple_of(align)
}

/// How many objects SLUB puts into a slab: so many pages that at least a few fit, and that little is left over
/// (`calculate_order()`, mm/slub.c, 6.1).
fn objects_per_slab(stride: u64, cpus: usize) -> u64 {
    const MAX_ORDER_WANTED: u32 = 3;
    const MAX_ORDER: u32 = 11;
    const MAX_OBJECTS: u64 = 32767;
    let order_of = |bytes: u64| bytes.div_ceil(PAGE).next_power_of_two().trailing_zeros();
    let fitting = |least: u64, orders: u32, fraction: u64| {
        (order_of(least * stride)..=orders).find(|&order| {
            let bytes = PAGE << order;
            bytes % stride <= bytes / fraction
        })
    };
    let count = |order: u32| ((PAGE << order) / stride).clamp(1, MAX_OBJECTS);
    let wanted = 4 * (u64::from(usize::BITS - cpus.leading_zeros()) + 1);
    for least in (2..=wanted.min((PAGE << MAX_ORDER_WANTED) / stride)).rev() {
        if let Some(order) = [16, 8, 4].iter().find_map(|&fraction| fitting(least, MAX_ORDER_WANTED, fraction)) {
            return count(order);
        }
    }
    fitting(1, MAX_ORDER - 1, 1).map_or(1, count)
}

fn cache_failure(machine: &mut Machine, name: &str, panics: bool) -> Result<u64, Fault> {
    let errno = -Errno::EINVAL.0;
    if panics {
        let message = format!("kmem_cache_create: Failed to create slab '{name}'. Error {errno}");
        machine.kernel.report(Fault::Panic { message: message.clone() });
        machine.kernel.panic(&message);
    } else {
        machine.print(Level::Warning, format!("kmem_cache_create({name}) failed with error {errno}"));
        machine.print_stack();
    }
    Ok(0)
}

/// `kmem_cache_create_usercopy()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn kmem_cache_create_usercopy(
    name: u64,
    size: u32,
    align: u32,
    flags: u32,
    _offset: u32,
    _usersize: u32,
    ctor: u64,
) -> u64 {
    kmem_cache_create(name, size, align, flags, ctor)
}

/// `kmem_cache_destroy()`: complains about objects left.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn kmem_cache_destroy(cache: u64) {
    if cache == 0 {
        return;
    }
    might_sleep("kmem_cache_destroy");
    or_oops(enter(|machine, _| {
        let left = cache_of(machine, cache)?.objects.len();
        let name = cache_of(machine, cache)?.name;
        if left > 0 {
            let dashes = "=".repeat(77);
            machine.print(Level::Err, dashes);
            machine.print(
                Level::Err,
                format!(
                    "BUG {name} ({}): Objects remaining in {name} on __kmem_cache_shutdown()",
                    machine.kernel.taint_text()
                ),
            );
            machine.print(Level::Err, "-".repeat(77));
            let text = format!(
                "kmem_cache_destroy {name}: Slab cache still has objects when called from {}",
                machine.symbolic(machine.kernel.here.0[0])
            );
            machine.warn_kernel_text(&text, "mm/slab_common.c", 497, "kmem_cache_destroy");
            let live: Vec<u64> =
                machine.mem.caches.get(&cache).map_or(Vec::new(), |c| c.objects.iter().copied().collect());
            let objects = live.iter().filter_map(|&object| machine.arena.heap.block_at(object)).collect();
            machine.kernel.report(Fault::CacheObjectsLeft { cache: name.to_string(), objects });
        } else {
            let slabs = machine.mem.caches.remove(&cache).map_or(Vec::new(), |gone| gone.slabs);
            slabs.iter().flatten().for_each(|&object| machine.arena.heap.bury(object));
            let kept = machine.peek_u64(cache);
            machine.release(kept, "kmem_cache_destroy", slab_kind);
            machine.release(cache, "kmem_cache_destroy", slab_kind);
        }
        Ok(())
    }));
}

fn cache_of(machine: &mut Machine, cache: u64) -> Result<&Cache, Fault> {
    machine.check_access(cache, 8, false)?;
    let ip = machine.kernel.here.0[0];
    let wild = Fault::WildAccess { addr: cache, size: 8, access: kloom_kernel::fault::AccessKind::Read, ip };
    machine.mem.caches.get(&cache).ok_or(wild)
}

/// `kmem_cache_shrink()`: gives slabs back that hold no object in use.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn kmem_cache_shrink(cache: u64) -> i32 {
    or_oops(enter(|machine, _| {
        cache_of(machine, cache)?;
        let Some(found) = machine.mem.caches.get_mut(&cache) else { return Ok(0) };
        let unused = |slab: &mut Vec<u64>| !slab.iter().any(|object| found.objects.contains(object));
        let gone: Vec<u64> = found.slabs.extract_if(.., unused).flatten().collect();
        found.spare.retain(|object| !gone.contains(object));
        gone.iter().for_each(|&object| machine.arena.heap.bury(object));
        Ok(0)
    }))
}

/// What an allocation from a cache is made of.
enum Taken {
    /// The object, or 0.
    Object(u64),
    /// A slab whose objects have to be constructed.
    Slab { ctor: u64, objects: Vec<u64> },
}

fn cache_alloc(cache: u64, gfp: u32) -> u64 {
    let taken = or_oops(enter(|machine, _| {
        let (size, align, name, ctor, per_slab) = {
            let found = cache_of(machine, cache)?;
            (found.size, found.align, found.name, found.ctor, found.per_slab)
        };
        if machine.fails("kmem_cache_alloc") {
            return Ok(Taken::Object(0));
        }
        if ctor == 0 {
            let addr = machine.allocate(Request { size, align, gfp, kind: name }).unwrap_or(0);
            machine.cache_object(cache, addr);
            return Ok(Taken::Object(addr));
        }
        if let Some(addr) = machine.spare_object(cache, gfp) {
            return Ok(Taken::Object(addr));
        }
        // Only the first has to be had: where memory is short, the slab is smaller.
        let Some(first) = machine.allocate(Request { size, align, gfp: gfp & !GFP_ZERO, kind: name }) else {
            return Ok(Taken::Object(0));
        };
        let request = Request { size, align, gfp: gfp & !GFP_ZERO | GFP_NOWARN, kind: name };
        let rest = (1..per_slab).map_while(|_| machine.allocate(request));
        Ok(Taken::Slab { ctor, objects: std::iter::once(first).chain(rest).collect() })
    }));
    let (ctor, objects) = match taken {
        Taken::Object(addr) => return addr,
        Taken::Slab { ctor, objects } => (ctor, objects),
    };
    for &object in &objects {
        call1(ctor, object);
    }
    enter(|machine, _| {
        let at = machine.kernel.event_here();
        // They are retired in this order, so that the first is given out first.
        for &object in objects.iter().rev() {
            let _ = machine.arena.heap.retire(object, at);
        }
        if let Some(found) = machine.mem.caches.get_mut(&cache) {
            found.spare.extend(objects.iter().rev());
            found.slabs.push(objects);
        }
        machine.spare_object(cache, gfp).unwrap_or(0)
    })
}

impl Machine {
    /// Notes an object as taken from its cache.
    fn cache_object(&mut self, cache: u64, addr: u64) {
        if addr != 0
            && let Some(found) = self.mem.caches.get_mut(&cache)
        {
            found.objects.insert(addr);
        }
    }

    /// A constructed object that is free, as its last user left it.
    fn spare_object(&mut self, cache: u64, gfp: u32) -> Option<u64> {
        let found = self.mem.caches.get_mut(&cache)?;
        let (addr, size) = (found.spare.pop()?, found.size);
        let at = self.kernel.event_here();
        self.arena.heap.revive(addr, at);
        self.kernel.order.forget(addr, size);
        if gfp & GFP_ZERO != 0 {
            let _ = self.arena.write(addr, &vec![0; size as usize]);
        }
        self.cache_object(cache, addr);
        Some(addr)
    }
}

/// `kmem_cache_alloc()`.
///
/// # Context
/// Sleeps only where the flags allow it, and is a scheduling point then.
pub(crate) extern "C" fn kmem_cache_alloc(cache: u64, gfp: u32) -> u64 {
    may_block(gfp, "kmem_cache_alloc");
    cache_alloc(cache, gfp)
}

/// `kmem_cache_alloc_node()`.
///
/// # Context
/// Sleeps only where the flags allow it, and is a scheduling point then.
pub(crate) extern "C" fn kmem_cache_alloc_node(cache: u64, gfp: u32, _node: i32) -> u64 {
    kmem_cache_alloc(cache, gfp)
}

/// `kmem_cache_free()`: an object of another cache is told and left alone.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kmem_cache_free(cache: u64, object: u64) {
    or_oops(enter(|machine, _| {
        let name = cache_of(machine, cache)?.name;
        let mine = machine.mem.caches.get_mut(&cache).is_some_and(|found| found.objects.remove(&object));
        if !mine
            && machine.arena.heap.size_of(object).is_some()
            && let Some(block) = machine.arena.heap.block_at(object)
        {
            let text = format!("cache_from_obj: Wrong slab cache. {name} but object is from {}", block.kind);
            machine.warn_kernel_text(&text, "mm/slab.h", 730, "cache_from_obj");
            machine.report_free(Fault::InvalidFree { addr: object, block: Some(block) }, "kmem_cache_free");
            return Ok(());
        }
        // A constructed object stays one: the next user finds it as this one left it.
        let constructed = machine.mem.caches.get(&cache).is_some_and(|found| mine && found.ctor != 0);
        if !constructed {
            machine.release(object, "kmem_cache_free", slab_kind);
        } else if machine.retire_block(object, "kmem_cache_free", slab_kind)
            && let Some(found) = machine.mem.caches.get_mut(&cache)
        {
            found.spare.push(object);
        }
        Ok(())
    }));
}

/// `kmem_cache_alloc_bulk()`: all or none.
///
/// # Context
/// Sleeps only where the flags allow it, and is a scheduling point then.
pub(crate) extern "C" fn kmem_cache_alloc_bulk(cache: u64, gfp: u32, count: u64, array: u64) -> i32 {
    may_block(gfp, "kmem_cache_alloc_bulk");
    for index in 0..count {
        let object = cache_alloc(cache, gfp);
        if object == 0 {
            kmem_cache_free_bulk(cache, index, array);
            return 0;
        }
        or_oops(enter(|machine, _| machine.store(array + index * 8, &object.to_le_bytes())));
    }
    count as i32
}

/// `kmem_cache_free_bulk()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kmem_cache_free_bulk(cache: u64, count: u64, array: u64) {
    for index in 0..count {
        let object = or_oops(enter(|machine, _| {
            machine.check_access(array + index * 8, 8, false)?;
            Ok(machine.peek_u64(array + index * 8))
        }));
        kmem_cache_free(cache, object);
    }
}

/// `kmem_cache_size()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kmem_cache_size(cache: u64) -> u32 {
    or_oops(enter(|machine, _| cache_of(machine, cache).map(|found| found.size as u32)))
}

/// `kmem_cache_name()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_kmem_cache_name(cache: u64) -> u64 {
    or_oops(enter(|machine, _| {
        cache_of(machine, cache)?;
        Ok(machine.peek_u64(cache))
    }))
}

/// `bitmap_alloc()`.
///
/// # Context
/// Sleeps only where the flags allow it, and is a scheduling point then.
pub(crate) extern "C" fn bitmap_alloc(bits: u32, gfp: u32) -> u64 {
    kloom_kmalloc_array(u64::from(bits).div_ceil(64), 8, gfp)
}

/// `bitmap_zalloc()`.
///
/// # Context
/// Sleeps only where the flags allow it, and is a scheduling point then.
pub(crate) extern "C" fn bitmap_zalloc(bits: u32, gfp: u32) -> u64 {
    bitmap_alloc(bits, gfp | GFP_ZERO)
}

/// `mempool_alloc_slab()`.
///
/// # Context
/// Sleeps only where the flags allow it, and is a scheduling point then.
pub(crate) extern "C" fn mempool_alloc_slab(gfp: u32, cache: u64) -> u64 {
    kmem_cache_alloc(cache, gfp)
}

/// `mempool_free_slab()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn mempool_free_slab(object: u64, cache: u64) {
    kmem_cache_free(cache, object);
}

/// `mempool_kmalloc()`.
///
/// # Context
/// Sleeps only where the flags allow it, and is a scheduling point then.
pub(crate) extern "C" fn mempool_kmalloc(gfp: u32, size: u64) -> u64 {
    __kmalloc(size, gfp)
}

/// `mempool_kfree()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn mempool_kfree(object: u64, _data: u64) {
    kfree(object);
}

/// Offsets in `mempool_t`, after its spinlock (`include/linux/mempool.h`).
mod pool {
    pub(super) const MIN_NR: u64 = 8;
    pub(super) const CURR_NR: u64 = 12;
    pub(super) const ELEMENTS: u64 = 16;
    pub(super) const DATA: u64 = 24;
    pub(super) const ALLOC: u64 = 32;
    pub(super) const FREE: u64 = 40;
    /// With room for any lock and wait queue head.
    pub(super) const SIZE: u64 = 192;
}

/// `mempool_create()`: fills the reserve at once.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn mempool_create(min_nr: i32, alloc: u64, free: u64, data: u64) -> u64 {
    might_sleep("mempool_create");
    let min = min_nr.max(0) as u64;
    let pool = or_oops(enter(|machine, _| {
        let (size, gfp) = (pool::SIZE, GFP_KERNEL | GFP_ZERO);
        let Some(addr) = machine.allocate(Request { size, align: 16, gfp, kind: "mempool" }) else { return Ok(0) };
        let elements = machine.kmalloc(min.max(1) * 8, gfp);
        if elements == 0 {
            machine.release(addr, "mempool_create", slab_kind);
            return Ok(0);
        }
        machine.poke_u32(addr + pool::MIN_NR, min as u32);
        machine.poke_u64(addr + pool::ELEMENTS, elements);
        machine.poke_u64(addr + pool::DATA, data);
        machine.poke_u64(addr + pool::ALLOC, alloc);
        machine.poke_u64(addr + pool::FREE, free);
        Ok(addr)
    }));
    if pool == 0 {
        return 0;
    }
    for _ in 0..min {
        let element = call3(alloc, u64::from(GFP_KERNEL), data, 0);
        if element == 0 {
            mempool_destroy(pool);
            return 0;
        }
        enter(|machine, _| pool_push(machine, pool, element));
    }
    pool
}

fn pool_push(machine: &mut Machine, pool: u64, element: u64) {
    let have = machine.peek_u32(pool + pool::CURR_NR);
    let elements = machine.peek_u64(pool + pool::ELEMENTS);
    machine.poke_u64(elements + u64::from(have) * 8, element);
    machine.poke_u32(pool + pool::CURR_NR, have + 1);
}

fn pool_pop(machine: &mut Machine, pool: u64) -> u64 {
    let have = machine.peek_u32(pool + pool::CURR_NR);
    if have == 0 {
        return 0;
    }
    let elements = machine.peek_u64(pool + pool::ELEMENTS);
    machine.poke_u32(pool + pool::CURR_NR, have - 1);
    machine.peek_u64(elements + u64::from(have - 1) * 8)
}

/// What a pool calls: allocation, freeing, their argument.
fn pool_calls(pool: u64) -> (u64, u64, u64) {
    or_oops(enter(|machine, _| {
        machine.check_access(pool, pool::SIZE, true)?;
        Ok((
            machine.peek_u64(pool + pool::ALLOC),
            machine.peek_u64(pool + pool::FREE),
            machine.peek_u64(pool + pool::DATA),
        ))
    }))
}

/// `mempool_resize()`: keeps `new_min` elements in reserve from now on; 0, `-ENOMEM`, or `-EINVAL` for none.
///
/// # Context
/// Process context; may sleep.
pub(crate) extern "C" fn mempool_resize(pool: u64, new_min: i32) -> i32 {
    might_sleep("mempool_resize");
    if new_min <= 0 {
        return -Errno::EINVAL.0;
    }
    let (alloc, free, data) = pool_calls(pool);
    let wanted = new_min as u32;
    loop {
        let extra = enter(
            |machine, _| {
                if machine.peek_u32(pool + pool::CURR_NR) > wanted { pool_pop(machine, pool) } else { 0 }
            },
        );
        if extra == 0 {
            break;
        }
        call3(free, extra, data, 0);
    }
    let fits = enter(|machine, _| {
        let fresh = machine.kmalloc(u64::from(wanted) * 8, GFP_KERNEL | GFP_ZERO);
        if fresh == 0 {
            return false;
        }
        let (old, have) = (machine.peek_u64(pool + pool::ELEMENTS), machine.peek_u32(pool + pool::CURR_NR));
        for index in 0..u64::from(have) {
            let element = machine.peek_u64(old + index * 8);
            machine.poke_u64(fresh + index * 8, element);
        }
        machine.release(old, "mempool_resize", slab_kind);
        machine.poke_u64(pool + pool::ELEMENTS, fresh);
        machine.poke_u32(pool + pool::MIN_NR, wanted);
        true
    });
    if !fits {
        return -Errno::ENOMEM.0;
    }
    while enter(|machine, _| machine.peek_u32(pool + pool::CURR_NR)) < wanted {
        let element = call3(alloc, u64::from(GFP_KERNEL), data, 0);
        if element == 0 {
            return -Errno::ENOMEM.0;
        }
        enter(|machine, _| pool_push(machine, pool, element));
    }
    0
}

/// `mempool_destroy()`: frees the reserve and the pool.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn mempool_destroy(pool: u64) {
    if pool == 0 {
        return;
    }
    let (_, free, data) = pool_calls(pool);
    loop {
        let element = enter(|machine, _| pool_pop(machine, pool));
        if element == 0 {
            break;
        }
        call3(free, element, data, 0);
    }
    enter(|machine, _| {
        let elements = machine.peek_u64(pool + pool::ELEMENTS);
        machine.release(elements, "mempool_destroy", slab_kind);
        machine.release(pool, "mempool_destroy", slab_kind);
    });
}

/// `mempool_alloc()`: fresh memory first, then the reserve; waits five seconds at a time if it may sleep.
///
/// # Context
/// Sleeps only where the flags allow it, and is a scheduling point then.
pub(crate) extern "C" fn mempool_alloc(pool: u64, gfp: u32) -> u64 {
    may_block(gfp, "mempool_alloc");
    let (alloc, _, data) = pool_calls(pool);
    loop {
        let element = call3(alloc, u64::from(gfp | GFP_NOWARN), data, 0);
        if element != 0 {
            return element;
        }
        let element = enter(|machine, _| pool_pop(machine, pool));
        if element != 0 || gfp & GFP_DIRECT_RECLAIM == 0 {
            return element;
        }
        super::sched::schedule_timeout_uninterruptible(5 * kloom_abi::time::HZ as i64);
    }
}

/// `mempool_free()`: refills the reserve first.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn mempool_free(element: u64, pool: u64) {
    if element == 0 {
        return;
    }
    let (_, free, data) = pool_calls(pool);
    let kept = enter(|machine, _| {
        let short = machine.peek_u32(pool + pool::CURR_NR) < machine.peek_u32(pool + pool::MIN_NR);
        if short {
            pool_push(machine, pool, element);
        }
        short
    });
    if !kept {
        call3(free, element, data, 0);
    }
}

crate::exports![
    plain: __kmalloc, kloom_kmalloc_array, kfree, kfree_sensitive, kfree_const, krealloc, ksize, kvmalloc_node, kvfree,
        kvfree_sensitive, kvrealloc, vmalloc, vzalloc, __vmalloc, vfree, is_vmalloc_addr, __get_free_pages, get_zeroed_page,
        free_pages, alloc_pages_exact, free_pages_exact, kmem_cache_create, kmem_cache_create_usercopy, kmem_cache_destroy,
        kmem_cache_shrink, kmem_cache_alloc, kmem_cache_alloc_node, kmem_cache_free, kmem_cache_alloc_bulk,
        kmem_cache_free_bulk, kmem_cache_size, kloom_kmem_cache_name, bitmap_alloc, bitmap_zalloc, mempool_create,
        mempool_destroy, mempool_resize, mempool_alloc, mempool_free, mempool_alloc_slab, mempool_free_slab, mempool_kmalloc, mempool_kfree;
    variadic: ;
    named: "vmalloc_user" => vzalloc, "vmalloc_node" => vmalloc, "vzalloc_node" => vzalloc, "vmalloc_32" => vmalloc,
        "bitmap_free" => kfree
];

#[cfg(test)]
mod tests {
    use super::{objects_per_slab, stride};

    #[test]
    fn slabs_are_as_large_as_linux_makes_them() {
        // Size, alignment, SLAB_HWCACHE_ALIGN, objects: seen on 6.1 with one CPU (tests/linux/slab-constructor).
        let seen = [
            (8, 8, false, 256),
            (24, 8, false, 128),
            (100, 8, false, 36),
            (100, 8, true, 32),
            (100, 256, false, 16),
            (120, 8, false, 32),
            (700, 8, false, 11),
            (2000, 8, false, 8),
            (5000, 8, false, 6),
            (40_000, 8, false, 1),
        ];
        for (size, align, line, objects) in seen {
            let stride = stride(size, align, if line { 0x2000 } else { 0 });
            assert_eq!(objects_per_slab(stride, 1), objects, "{size} bytes");
        }
        // More CPUs, larger slabs; what fits nowhere still has its object.
        assert_eq!(objects_per_slab(stride(700, 8, 0), 4), 23);
        assert_eq!(objects_per_slab(64 << 20, 1), 1);
    }
}
