//! C header: include/linux/percpu-defs.h. Each image's per-CPU section lies once per CPU, `PERCPU_STRIDE` apart, so one
//! offset per CPU serves every variable.

use kloom_guest::layout::PERCPU_STRIDE;

use crate::call::{enter, might_sleep};
use crate::include::slab::Request;
use crate::oops::or_oops;

/// What to add to a per-CPU address for this CPU.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_this_cpu_offset() -> u64 {
    enter(|machine, _| u64::from(machine.kernel.this_cpu) * PERCPU_STRIDE)
}

/// What to add to a per-CPU address for `cpu`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_per_cpu_offset(cpu: u32) -> u64 {
    u64::from(cpu) * PERCPU_STRIDE
}

/// The kind of blocks that hold a variable for every CPU.
const KIND: &str = "percpu";
const GFP_KERNEL: u32 = 0xcc0;
const GFP_ZERO: u32 = 0x100;

/// `alloc_percpu_gfp()`: NULL without memory, or for more than one CPU's share holds.
///
/// # Context
/// Sleeps only where the flags allow it, and is a scheduling point then.
pub(crate) extern "C" fn __alloc_percpu_gfp(size: u64, align: u64, gfp: u32) -> u64 {
    might_sleep("alloc_percpu");
    enter(|machine, _| {
        if size == 0 || size > PERCPU_STRIDE || align > 4096 {
            let text = format!("illegal size ({size}) or align ({align}) for percpu allocation");
            machine.warn_kernel_text(&text, "mm/percpu.c", 1746, "pcpu_alloc");
            return 0;
        }
        if machine.fails("alloc_percpu") {
            return 0;
        }
        let others = machine.kernel.cpus.len() as u64 - 1;
        let request =
            Request { size: others * PERCPU_STRIDE + size, align: align.max(16), gfp: gfp | GFP_ZERO, kind: KIND };
        machine.allocate(request).unwrap_or(0)
    })
}

/// `alloc_percpu()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn __alloc_percpu(size: u64, align: u64) -> u64 {
    __alloc_percpu_gfp(size, align, GFP_KERNEL)
}

/// `free_percpu()`; NULL is allowed.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn free_percpu(addr: u64) {
    enter(|machine, _| machine.release(addr, "free_percpu", |kind| kind == KIND));
}

/// Offsets in `struct percpu_counter`: magic and handle, then the value. It is kept exact.
const COUNT: u64 = 8;

/// `percpu_counter_init()`.
///
/// # Context
/// Sleeps only where the flags allow it, and is a scheduling point then.
pub(crate) extern "C" fn __percpu_counter_init(addr: u64, amount: i64, _gfp: u32, _key: u64) -> i32 {
    percpu_counter_set(addr, amount);
    0
}

/// `percpu_counter_destroy()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn percpu_counter_destroy(_addr: u64) {}

/// `percpu_counter_set()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn percpu_counter_set(addr: u64, amount: i64) {
    or_oops(enter(|machine, _| {
        machine.init_object(addr, crate::object::Magic::PercpuCounter, 1)?;
        machine.put_u64(addr + COUNT, amount as u64)
    }));
}

/// `percpu_counter_add_batch()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn percpu_counter_add_batch(addr: u64, amount: i64, _batch: i32) {
    or_oops(enter(|machine, _| {
        // Each CPU adds to its own part, so adding races with nothing.
        machine.check_access(addr + COUNT, 8, true)?;
        let value = machine.peek_u64(addr + COUNT);
        machine.poke_u64(addr + COUNT, value.wrapping_add(amount as u64));
        Ok(())
    }));
}

/// `percpu_counter_sum()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn __percpu_counter_sum(addr: u64) -> i64 {
    or_oops(enter(|machine, _| {
        machine.check_access(addr + COUNT, 8, false)?;
        Ok(machine.peek_u64(addr + COUNT))
    })) as i64
}

/// `percpu_counter_compare()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn __percpu_counter_compare(addr: u64, rhs: i64, _batch: i32) -> i32 {
    __percpu_counter_sum(addr).cmp(&rhs) as i32
}

crate::exports![
    plain: kloom_this_cpu_offset, kloom_per_cpu_offset, __alloc_percpu_gfp, __alloc_percpu, free_percpu, __percpu_counter_init,
        percpu_counter_destroy, percpu_counter_set, percpu_counter_add_batch, __percpu_counter_sum, __percpu_counter_compare;
    variadic: ;
    named:
];
