//! C headers: include/linux/mm.h, include/linux/gfp.h's pages, include/asm/page.h, include/asm/io.h.
//!
//! A `struct page` is made when a module first asks for that of an address. A physical address is the distance from the
//! begin of the machine's memory; there is no device memory and no mapping to user space.

use std::collections::BTreeMap;

use kloom_abi::Errno;
use kloom_kernel::fault::Fault;

use super::slab;
use crate::Machine;
use crate::call::{enter, might_sleep};
use crate::memory::intern;
use crate::oops::or_oops;

const PAGE: u64 = 4096;
/// Offsets in `struct page`, and its size.
const REFCOUNT: u64 = 52;
const VIRTUAL: u64 = 56;
const SIZE: u64 = 64;
/// The kind of the blocks that hold them.
const KIND: &str = "struct page";

/// What these shims keep: pages by address.
#[derive(Clone, Debug, Default)]
pub struct State {
    pages: BTreeMap<u64, u64>,
    /// Arrays of `struct page`, one per allocation of several pages: the first, and how many.
    runs: BTreeMap<u64, u64>,
}

impl Machine {
    fn page_of(&mut self, addr: u64) -> u64 {
        let addr = addr & !(PAGE - 1);
        if let Some(&page) = self.pages.pages.get(&addr) {
            return page;
        }
        let Some(page) = self.kernel_block(SIZE, intern(KIND)) else { return 0 };
        self.poke_u32(page + REFCOUNT, 1);
        self.poke_u64(page + VIRTUAL, addr);
        self.pages.pages.insert(addr, page);
        page
    }

    /// The `struct page`s of an allocation of several pages, one after the other as in Linux's memory map; the first.
    fn pages_of(&mut self, addr: u64, count: u64) -> u64 {
        if count == 1 {
            return self.page_of(addr);
        }
        let Some(first) = self.kernel_block(SIZE * count, intern(KIND)) else { return 0 };
        for index in 0..count {
            let (page, addr) = (first + index * SIZE, addr + index * PAGE);
            // Only the first has a reference: Linux 6.1 mm/page_alloc.c.
            self.poke_u32(page + REFCOUNT, u32::from(index == 0));
            self.poke_u64(page + VIRTUAL, addr);
            self.pages.pages.insert(addr, page);
        }
        self.pages.runs.insert(first, count);
        first
    }

    fn address_of(&mut self, page: u64) -> Result<u64, Fault> {
        self.check_access(page, SIZE, false)?;
        Ok(self.peek_u64(page + VIRTUAL))
    }

    fn forget_page(&mut self, page: u64) -> Result<u64, Fault> {
        let addr = self.address_of(page)?;
        let count = self.pages.runs.remove(&page).unwrap_or(1);
        let known = (0..count).filter(|index| self.pages.pages.remove(&(addr + index * PAGE)).is_some()).count();
        if known > 0 && !self.in_run(page) {
            self.kernel_free(page);
        }
        Ok(addr)
    }
}

impl Machine {
    /// Whether a page lies inside an array of several, which is freed with its first.
    fn in_run(&self, page: u64) -> bool {
        let before = self.pages.runs.range(..=page).next_back();
        before.is_some_and(|(first, count)| page < first + count * SIZE)
    }
}

/// `alloc_pages()`.
///
/// # Context
/// Sleeps only where the flags allow it, and is a scheduling point then.
pub(crate) extern "C" fn __alloc_pages(gfp: u32, order: u32, _node: i32, _mask: u64) -> u64 {
    let addr = slab::__get_free_pages(gfp, order);
    if addr == 0 { 0 } else { enter(|machine, _| machine.pages_of(addr, 1 << order.min(10))) }
}

/// `__free_pages()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn __free_pages(page: u64, order: u32) {
    let addr = or_oops(enter(|machine, _| machine.forget_page(page)));
    slab::free_pages(addr, order);
}

/// `page_address()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_page_address(page: u64) -> u64 {
    or_oops(enter(|machine, _| machine.address_of(page)))
}

/// `get_page()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_get_page(page: u64) {
    or_oops(enter(|machine, _| {
        let count = machine.get_u32(page + REFCOUNT)?;
        machine.put_u32(page + REFCOUNT, count.wrapping_add(1))
    }));
}

/// `put_page()`: the last reference frees.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_put_page(page: u64) {
    let last = or_oops(enter(|machine, _| {
        let count = machine.get_u32(page + REFCOUNT)?.wrapping_sub(1);
        machine.put_u32(page + REFCOUNT, count)?;
        Ok(count == 0)
    }));
    if last {
        __free_pages(page, 0);
    }
}

/// `virt_to_page()`: NULL for an address that is no memory.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_virt_to_page(addr: u64) -> u64 {
    enter(|machine, _| if machine.arena.check_range(addr, 1, false).is_ok() { machine.page_of(addr) } else { 0 })
}

/// `virt_to_phys()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_virt_to_phys(addr: u64) -> u64 {
    enter(|machine, _| addr.wrapping_sub(machine.arena.base()))
}

/// `phys_to_virt()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_phys_to_virt(addr: u64) -> u64 {
    enter(|machine, _| addr.wrapping_add(machine.arena.base()))
}

/// `page_to_pfn()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_page_to_pfn(page: u64) -> u64 {
    kloom_virt_to_phys(kloom_page_address(page)) / PAGE
}

/// `pfn_to_page()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_pfn_to_page(pfn: u64) -> u64 {
    kloom_virt_to_page(kloom_phys_to_virt(pfn.wrapping_mul(PAGE)))
}

/// `pfn_valid()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_pfn_valid(pfn: u64) -> i32 {
    let addr = kloom_phys_to_virt(pfn.wrapping_mul(PAGE));
    enter(|machine, _| i32::from(machine.arena.check_range(addr, 1, false).is_ok()))
}

/// `vmalloc_to_pfn()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn vmalloc_to_pfn(addr: u64) -> u64 {
    kloom_virt_to_phys(addr) / PAGE
}

/// `remap_pfn_range()`, `vm_insert_page()`, `remap_vmalloc_range()`: user tasks have no mappings.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn remap_pfn_range(_vma: u64, _addr: u64, _pfn: u64, _size: u64, _prot: u64) -> i32 {
    might_sleep("remap_pfn_range");
    -Errno::ENODEV.0
}

/// `find_vma()`: none.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn find_vma(_mm: u64, _addr: u64) -> u64 {
    0
}

/// `ioremap()`: there is no device memory.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn ioremap(_addr: u64, _size: u64) -> u64 {
    might_sleep("ioremap");
    0
}

/// `iounmap()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn iounmap(_addr: u64) {
    might_sleep("iounmap");
}

/// `inb()` and its kin: a bus without devices answers all ones.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_in(port: u16, size: i32) -> u32 {
    match (port, size) {
        (0x60, 1) => enter(|machine, _| machine.irqs.keyboard.scan_code()),
        (_, 1) => 0xff,
        (_, 2) => 0xffff,
        _ => u32::MAX,
    }
}

/// `outb()` and its kin.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_out(_value: u32, _port: u16, _size: i32) {}

/// `register_shrinker()`: memory never gets so tight that it is called.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn kloom_register_shrinker(_shrinker: u64) -> i32 {
    0
}

/// `unregister_shrinker()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn unregister_shrinker(_shrinker: u64) {}

/// Credentials that modules made.
const CRED_KIND: &str = "struct cred";
/// `struct cred` is not larger.
const CRED_SIZE: u64 = 256;

fn new_cred(from: u64) -> u64 {
    or_oops(enter(|machine, _| {
        let Some(cred) = machine.kernel_block(CRED_SIZE, intern(CRED_KIND)) else { return Ok(0) };
        if from != 0 {
            let bytes = machine.load(from, CRED_COPY)?;
            machine.store(cred, &bytes)?;
        }
        machine.poke_u32(cred, 1);
        Ok(cred)
    }))
}

/// `sizeof(struct cred)`.
const CRED_COPY: u64 = 104;

/// `prepare_creds()`: a copy of current's.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn prepare_creds() -> u64 {
    might_sleep("prepare_creds");
    let from = enter(|machine, current| machine.kernel.tasks[current].c.cred.get());
    new_cred(from)
}

/// `prepare_kernel_cred()`: root's.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn prepare_kernel_cred(_daemon: u64) -> u64 {
    might_sleep("prepare_kernel_cred");
    new_cred(0)
}

/// `commit_creds()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn commit_creds(cred: u64) -> i32 {
    or_oops(enter(|machine, current| {
        machine.check_access(cred, CRED_COPY, true)?;
        let c = machine.kernel.tasks[current].c;
        c.cred.set(cred);
        c.real_cred.set(cred);
        Ok(0)
    }))
}

/// `override_creds()`: the former credentials.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn override_creds(cred: u64) -> u64 {
    or_oops(enter(|machine, current| {
        machine.check_access(cred, CRED_COPY, true)?;
        let c = machine.kernel.tasks[current].c;
        let old = c.cred.get();
        c.cred.set(cred);
        Ok(old)
    }))
}

/// `revert_creds()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn revert_creds(old: u64) {
    enter(|machine, current| machine.kernel.tasks[current].c.cred.set(old));
}

/// `abort_creds()`, and the last `put_cred()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn abort_creds(cred: u64) {
    enter(|machine, _| machine.kernel_free(cred));
}

/// `si_meminfo()`: pages of memory, and how many are free.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn si_meminfo(info: u64) {
    or_oops(enter(|machine, _| {
        let total = machine.kernel.config.mem_bytes / PAGE;
        let used = machine.arena.heap.used.div_ceil(PAGE);
        machine.put_u64(info + 32, total)?;
        machine.put_u64(info + 40, total.saturating_sub(used))?;
        machine.put_u64(info + 48, 0)?;
        machine.put_u64(info + 56, 0)?;
        machine.put_u64(info + 88, 0)?;
        machine.put_u64(info + 96, 0)?;
        machine.put_u32(info + 104, PAGE as u32)
    }));
}

/// `task_active_pid_ns()`: there is one.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn task_active_pid_ns(task: u64) -> u64 {
    or_oops(enter(|machine, _| {
        machine.task_from(task, "task_active_pid_ns")?;
        Ok(machine.kdata.get("init_pid_ns").unwrap_or(0))
    }))
}

/// Makes the variables.
pub(crate) fn boot(machine: &mut Machine) {
    let pages = machine.kernel.config.mem_bytes / PAGE;
    let Machine { kdata, arena, .. } = machine;
    kdata.add(arena, "totalram_pages_kloom", &pages.to_le_bytes());
    kdata.add(arena, "loops_per_jiffy", &LOOPS_PER_JIFFY.to_le_bytes());
}

/// What a processor of 2 GHz has.
const LOOPS_PER_JIFFY: u64 = 8_000_000;

crate::exports![
    plain: si_meminfo, task_active_pid_ns, __alloc_pages, __free_pages, kloom_page_address, kloom_get_page, kloom_put_page, kloom_virt_to_page,
        kloom_virt_to_phys, kloom_phys_to_virt, kloom_page_to_pfn, kloom_pfn_to_page, kloom_pfn_valid, vmalloc_to_pfn,
        remap_pfn_range, find_vma, ioremap, iounmap, kloom_in, kloom_out, kloom_register_shrinker, unregister_shrinker,
        prepare_creds, prepare_kernel_cred, commit_creds, override_creds, revert_creds, abort_creds;
    variadic: ;
    named: "vm_insert_page" => remap_pfn_range, "remap_vmalloc_range" => remap_pfn_range, "vmalloc_to_page" => kloom_virt_to_page,
        "__put_cred" => abort_creds
];
