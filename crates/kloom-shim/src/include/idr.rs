//! C headers: include/linux/idr.h, include/linux/xarray.h: pointers by number.
//!
//! Entries are kept here, by the address of the C object; an object that is initialised again is empty.

use std::collections::BTreeMap;

use kloom_abi::Errno;
use kloom_kernel::fault::{Block, Fault};
use kloom_kernel::site::RawEvent;

use crate::Machine;
use crate::call::{call3, enter, might_sleep};
use crate::oops::or_oops;

/// Magic numbers of `include/kloom/object.h`.
const IDR: u32 = 0x4b4c_0041;
const IDA: u32 = 0x4b4c_0042;
const XARRAY: u32 = 0x4b4c_0043;
/// Marks of an xarray entry.
const MARKS: u32 = 3;
/// `XA_RETRY_ENTRY`: up to here entries are the array's own.
const RETRY_ENTRY: u64 = 256 << 2 | 2;
/// `XA_PRESENT`.
const PRESENT: u32 = 8;

/// Size of a `struct xa_node` (x86-64).
const NODE_SIZE: u64 = 576;
/// Numbers an ida keeps without memory of its own (`BITS_PER_XA_VALUE`).
const IDA_WITHOUT_MEMORY: u64 = 63;

/// One array.
#[derive(Clone, Debug, Default)]
struct Array {
    entries: BTreeMap<u64, (u64, u32)>,
    next: u64,
    /// Where the memory for its entries was first needed.
    grown: Option<RawEvent>,
}

impl Array {
    /// Whether Linux has memory for the entries: a first entry that is number 0 lies in the object itself.
    fn has_memory(&self, magic: u32) -> bool {
        let free = if magic == IDA { IDA_WITHOUT_MEMORY } else { 1 };
        self.entries.range(free..).next().is_some()
    }
}

/// What these shims keep.
#[derive(Clone, Debug, Default)]
pub struct State {
    arrays: BTreeMap<u64, Array>,
}

fn array(machine: &mut Machine, addr: u64, magic: u32) -> Result<&mut Array, Fault> {
    machine.check_access(addr, 8, true)?;
    if machine.peek_u32(addr + 4) == 0 {
        // First use since its initialiser ran.
        machine.poke_u32(addr, magic);
        machine.poke_u32(addr + 4, 1);
        machine.idrs.arrays.insert(addr, Array::default());
    }
    Ok(machine.idrs.arrays.entry(addr).or_default())
}

fn with<R>(addr: u64, magic: u32, f: impl FnOnce(&mut Array) -> R) -> R {
    or_oops(enter(|machine, _| {
        let now = machine.kernel.event_here();
        array(machine, addr, magic).map(|array| {
            let result = f(array);
            let grown = array.has_memory(magic);
            array.grown = if grown { array.grown.or(Some(now)) } else { None };
            result
        })
    }))
}

/// As [`with`] for what changes an idr: it has no lock, so its callers must not do that at the same time. Readers need none.
fn changing<R>(addr: u64, f: impl FnOnce(&mut Array) -> R) -> R {
    enter(|machine, _| {
        machine.note_access(addr, 8, false);
        machine.note_access(addr, 8, true);
        machine.kernel.release(addr);
    });
    with(addr, IDR, f)
}

impl Machine {
    /// Memory that arrays for which `mine` holds keep for their entries, as blocks of the arrays' addresses.
    pub fn array_memory(&self, mine: impl Fn(u64) -> bool) -> Vec<Block> {
        let grown = self.idrs.arrays.iter().filter(|(addr, _)| mine(**addr));
        grown
            .filter_map(|(&addr, array)| {
                let allocated = array.grown?;
                // Memory that was given back or loaded anew since is another object.
                let known = [IDR, IDA, XARRAY].contains(&self.peek_u32(addr)) && self.peek_u32(addr + 4) == 1;
                if !known {
                    return None;
                }
                Some(Block { addr, size: NODE_SIZE, kind: "radix_tree_node".into(), allocated, freed: None })
            })
            .collect()
    }
}

fn init(addr: u64, magic: u32) {
    or_oops(enter(|machine, _| {
        machine.put_u32(addr, magic)?;
        machine.put_u32(addr + 4, 0)
    }));
}

/// The lowest free number in `[min, max]`.
fn lowest_free(array: &Array, min: u64, max: u64) -> Option<u64> {
    let mut id = min;
    for &used in array.entries.range(min..).map(|(id, _)| id) {
        if used != id {
            break;
        }
        id += 1;
    }
    (id <= max).then_some(id)
}

/// `idr_init()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_idr_init(addr: u64) {
    init(addr, IDR);
}

/// `ida_init()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_ida_init(addr: u64) {
    init(addr, IDA);
}

/// `xa_init()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_xa_init(addr: u64, _flags: u32) {
    init(addr, XARRAY);
}

/// The inclusive bounds of an `idr_alloc()`.
fn bounds(start: i32, end: i32) -> Option<(u64, u64)> {
    let start = u64::try_from(start).ok()?;
    Some((start, if end <= 0 { i32::MAX as u64 } else { end as u64 - 1 }))
}

/// `idr_alloc()`: the number, `-EINVAL` or `-ENOSPC`.
///
/// # Context
/// Sleeps only where the flags allow it, and is a scheduling point then.
pub(crate) extern "C" fn idr_alloc(addr: u64, ptr: u64, start: i32, end: i32, gfp: u32) -> i32 {
    super::slab::may_block(gfp, "idr_alloc");
    let Some((min, max)) = bounds(start, end) else {
        enter(|machine, _| machine.warn_kernel_once("lib/idr.c", 85, "idr_alloc"));
        return -Errno::EINVAL.0;
    };
    changing(addr, |array| {
        let Some(id) = lowest_free(array, min, max) else { return -Errno::ENOSPC.0 };
        array.entries.insert(id, (ptr, 0));
        id as i32
    })
}

/// `idr_alloc_u32()`: stores at the lowest free number from `*next` to `max`, which it writes there; 0 or `-ENOSPC`.
///
/// # Context
/// As `kmalloc()` with the same flags.
pub(crate) extern "C" fn idr_alloc_u32(addr: u64, ptr: u64, next: u64, max: u64, gfp: u32) -> i32 {
    super::slab::may_block(gfp, "idr_alloc_u32");
    let min = or_oops(enter(|machine, _| machine.get_u32(next)));
    let id = changing(addr, |array| {
        let id = lowest_free(array, u64::from(min), max.min(u64::from(u32::MAX)))?;
        array.entries.insert(id, (ptr, 0));
        Some(id)
    });
    match id {
        Some(id) => {
            or_oops(enter(|machine, _| machine.put_u32(next, id as u32)));
            0
        }
        None => -Errno::ENOSPC.0,
    }
}

/// `idr_alloc_cyclic()`.
///
/// # Context
/// Sleeps only where the flags allow it, and is a scheduling point then.
pub(crate) extern "C" fn idr_alloc_cyclic(addr: u64, ptr: u64, start: i32, end: i32, gfp: u32) -> i32 {
    super::slab::may_block(gfp, "idr_alloc_cyclic");
    let Some((min, max)) = bounds(start, end) else { return -Errno::EINVAL.0 };
    changing(addr, |array| {
        let from = array.next.max(min);
        let id = lowest_free(array, from, max).or_else(|| lowest_free(array, min, max));
        let Some(id) = id else { return -Errno::ENOSPC.0 };
        array.entries.insert(id, (ptr, 0));
        array.next = id + 1;
        id as i32
    })
}

/// `idr_find()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn idr_find(addr: u64, id: u64) -> u64 {
    with(addr, IDR, |array| array.entries.get(&id).map_or(0, |entry| entry.0))
}

/// `idr_remove()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn idr_remove(addr: u64, id: u64) -> u64 {
    changing(addr, |array| array.entries.remove(&id).map_or(0, |entry| entry.0))
}

/// `idr_replace()`: the former pointer, or `ERR_PTR(-ENOENT)`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn idr_replace(addr: u64, ptr: u64, id: u64) -> u64 {
    changing(addr, |array| match array.entries.get_mut(&id) {
        Some(entry) => std::mem::replace(&mut entry.0, ptr),
        None => Errno::ENOENT.to_c() as u64,
    })
}

/// `idr_for_each()`: until the function answers something.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn idr_for_each(addr: u64, func: u64, data: u64) -> i32 {
    let mut from = Some(0);
    while let Some(start) = from {
        let next = with(addr, IDR, |array| array.entries.range(start..).next().map(|(&id, entry)| (id, entry.0)));
        let Some((id, ptr)) = next else { break };
        let ret = call3(func, id, ptr, data) as i32;
        if ret != 0 {
            return ret;
        }
        from = id.checked_add(1);
    }
    0
}

/// `idr_get_next()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn idr_get_next(addr: u64, next: u64) -> u64 {
    or_oops(enter(|machine, _| {
        let from = machine.get_u32(next)?;
        let found = array(machine, addr, IDR)?.entries.range(u64::from(from)..).find(|(_, entry)| entry.0 != 0);
        let found = found.map(|(&id, entry)| (id, entry.0));
        let Some((id, ptr)) = found else { return Ok(0) };
        machine.put_u32(next, id as u32)?;
        Ok(ptr)
    }))
}

/// `idr_destroy()` and `ida_destroy()` and `xa_destroy()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn idr_destroy(addr: u64) {
    with(addr, IDR, |array| *array = Array::default());
}

/// `idr_is_empty()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_idr_is_empty(addr: u64) -> bool {
    with(addr, IDR, |array| array.entries.is_empty())
}

/// `ida_alloc_range()`: the number, or `-ENOSPC`.
///
/// # Context
/// Sleeps only where the flags allow it, and is a scheduling point then.
pub(crate) extern "C" fn ida_alloc_range(addr: u64, min: u32, max: u32, gfp: u32) -> i32 {
    super::slab::may_block(gfp, "ida_alloc_range");
    if (min as i32) < 0 {
        return -Errno::ENOSPC.0;
    }
    let max = u64::from(max).min(i32::MAX as u64);
    with(addr, IDA, |array| {
        let Some(id) = lowest_free(array, u64::from(min), max) else { return -Errno::ENOSPC.0 };
        array.entries.insert(id, (1, 0));
        id as i32
    })
}

/// `ida_free()`: says so when the number is not in use.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn ida_free(addr: u64, id: u32) {
    let known = with(addr, IDA, |array| array.entries.remove(&u64::from(id)).is_some());
    if !known {
        let text = format!("ida_free called for id={id} which is not allocated.");
        enter(|machine, _| machine.warn_kernel_text(&text, "lib/idr.c", 525, "ida_free"));
    }
}

/// `xa_load()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn xa_load(addr: u64, index: u64) -> u64 {
    with(addr, XARRAY, |array| array.entries.get(&index).map_or(0, |entry| entry.0))
}

/// `xa_store()`: the former entry; NULL erases.
///
/// # Context
/// Sleeps only where the flags allow it, and is a scheduling point then.
pub(crate) extern "C" fn xa_store(addr: u64, index: u64, entry: u64, gfp: u32) -> u64 {
    super::slab::may_block(gfp, "xa_store");
    if entry & 3 == 2 && entry <= RETRY_ENTRY {
        enter(|machine, _| machine.warn_kernel_once("lib/xarray.c", 1547, "__xa_store"));
        return (Errno::EINVAL.to_c() as u64) << 2 | 2;
    }
    with(addr, XARRAY, |array| {
        let former = if entry == 0 { array.entries.remove(&index) } else { array.entries.insert(index, (entry, 0)) };
        former.map_or(0, |entry| entry.0)
    })
}

/// `xa_erase()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn xa_erase(addr: u64, index: u64) -> u64 {
    with(addr, XARRAY, |array| array.entries.remove(&index).map_or(0, |entry| entry.0))
}

/// `xa_insert()`: 0 or `-EBUSY`.
///
/// # Context
/// Sleeps only where the flags allow it, and is a scheduling point then.
pub(crate) extern "C" fn kloom_xa_insert(addr: u64, index: u64, entry: u64, gfp: u32) -> i32 {
    super::slab::may_block(gfp, "xa_insert");
    with(addr, XARRAY, |array| {
        if array.entries.contains_key(&index) {
            return -Errno::EBUSY.0;
        }
        array.entries.insert(index, (entry, 0));
        0
    })
}

/// `xa_alloc_cyclic()`: as `xa_alloc()` from `*next` on, then from `min`; 1 after the wrap.
///
/// # Context
/// As `kmalloc()` with the same flags.
pub(crate) extern "C" fn kloom_xa_alloc_cyclic(
    addr: u64,
    id: u64,
    entry: u64,
    bounds: u64,
    next: u64,
    gfp: u32,
) -> i32 {
    super::slab::may_block(gfp, "xa_alloc_cyclic");
    let (min, max) = (bounds & 0xffff_ffff, bounds >> 32);
    let from = or_oops(enter(|machine, _| machine.get_u32(next)));
    let found = with(addr, XARRAY, |array| {
        let upper = lowest_free(array, u64::from(from).max(min), max).map(|index| (index, 0));
        let (index, wrapped) = upper.or_else(|| lowest_free(array, min, max).map(|index| (index, 1)))?;
        array.entries.insert(index, (entry, 0));
        Some((index, wrapped))
    });
    let Some((index, wrapped)) = found else { return -Errno::EBUSY.0 };
    or_oops(enter(|machine, _| {
        machine.put_u32(id, index as u32)?;
        machine.put_u32(next, (index as u32).wrapping_add(1))
    }));
    wrapped
}

/// `xa_release()`: gives back an index that is reserved and has no entry.
///
/// # Context
/// Any.
pub(crate) extern "C" fn kloom_xa_release(addr: u64, index: u64) {
    with(addr, XARRAY, |array| {
        if array.entries.get(&index).is_some_and(|entry| entry.0 == 0) {
            array.entries.remove(&index);
        }
    });
}

/// `xa_alloc()`: 0 or `-EBUSY`.
///
/// # Context
/// Sleeps only where the flags allow it, and is a scheduling point then.
pub(crate) extern "C" fn kloom_xa_alloc(addr: u64, id: u64, entry: u64, min: u32, max: u32, gfp: u32) -> i32 {
    super::slab::may_block(gfp, "xa_alloc");
    let found = with(addr, XARRAY, |array| {
        let index = lowest_free(array, u64::from(min), u64::from(max))?;
        array.entries.insert(index, (entry, 0));
        Some(index)
    });
    let Some(index) = found else { return -Errno::EBUSY.0 };
    or_oops(enter(|machine, _| machine.put_u32(id, index as u32)));
    0
}

/// `xa_cmpxchg()`: the former entry.
///
/// # Context
/// Sleeps only where the flags allow it, and is a scheduling point then.
pub(crate) extern "C" fn kloom_xa_cmpxchg(addr: u64, index: u64, old: u64, entry: u64, gfp: u32) -> u64 {
    might_sleep_if(gfp);
    with(addr, XARRAY, |array| {
        let former = array.entries.get(&index).map_or(0, |entry| entry.0);
        if former == old {
            if entry == 0 {
                array.entries.remove(&index);
            } else {
                array.entries.insert(index, (entry, 0));
            }
        }
        former
    })
}

fn might_sleep_if(gfp: u32) {
    if gfp & 0x400 != 0 {
        might_sleep("xa_cmpxchg");
    }
}

fn find(addr: u64, index: u64, max: u64, filter: u32, after: bool) -> u64 {
    or_oops(enter(|machine, _| {
        let from = machine.get_u64(index)?;
        let Some(from) = (if after { from.checked_add(1) } else { Some(from) }) else { return Ok(0) };
        if from > max {
            return Ok(0);
        }
        let wanted = |marks: u32| filter >= MARKS || filter == PRESENT || marks & (1 << filter) != 0;
        let found = array(machine, addr, XARRAY)?
            .entries
            .range(from..=max)
            .find(|(_, entry)| entry.0 != 0 && wanted(entry.1))
            .map(|(&at, entry)| (at, entry.0));
        let Some((at, entry)) = found else { return Ok(0) };
        machine.put_u64(index, at)?;
        Ok(entry)
    }))
}

/// `xa_find()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn xa_find(addr: u64, index: u64, max: u64, filter: u32) -> u64 {
    find(addr, index, max, filter, false)
}

/// `xa_find_after()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn xa_find_after(addr: u64, index: u64, max: u64, filter: u32) -> u64 {
    find(addr, index, max, filter, true)
}

fn set_mark(addr: u64, index: u64, mark: u32, set: bool) {
    with(addr, XARRAY, |array| {
        if let Some(entry) = array.entries.get_mut(&index) {
            let bit = 1u32.checked_shl(mark).unwrap_or(0);
            entry.1 = if set { entry.1 | bit } else { entry.1 & !bit };
        }
    });
}

/// `xa_set_mark()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn xa_set_mark(addr: u64, index: u64, mark: u32) {
    set_mark(addr, index, mark, true);
}

/// `xa_clear_mark()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn xa_clear_mark(addr: u64, index: u64, mark: u32) {
    set_mark(addr, index, mark, false);
}

/// `xa_get_mark()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn xa_get_mark(addr: u64, index: u64, mark: u32) -> bool {
    with(addr, XARRAY, |array| {
        array.entries.get(&index).is_some_and(|entry| entry.1 & 1u32.checked_shl(mark).unwrap_or(0) != 0)
    })
}

crate::exports![
    plain: kloom_idr_init, kloom_ida_init, kloom_xa_init, idr_alloc, idr_alloc_u32, idr_alloc_cyclic, idr_find, idr_remove, idr_replace,
        idr_for_each, idr_get_next, idr_destroy, kloom_idr_is_empty, ida_alloc_range, ida_free, xa_load, xa_store, xa_erase,
        kloom_xa_insert, kloom_xa_alloc,
        kloom_xa_alloc_cyclic, kloom_xa_release, kloom_xa_cmpxchg, xa_find, xa_find_after, xa_set_mark, xa_clear_mark, xa_get_mark;
    variadic: ;
    named: "ida_destroy" => idr_destroy, "xa_destroy" => idr_destroy, "kloom_xa_empty" => kloom_idr_is_empty
];
