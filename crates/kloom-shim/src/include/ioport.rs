//! C header: include/linux/ioport.h: who has which ports and which device memory.
//!
//! Behaviour follows Linux 6.1 kernel/resource.c. There is nothing behind the addresses.

use kloom_kernel::printk::Level;

use crate::call::{enter, might_sleep};
use crate::oops::or_oops;

/// Kind of a `struct resource` of the kernel's own, and its size.
const KIND: &str = "struct resource";
const SIZE: u64 = 56;
const IO: u64 = 0x100;
const MEMORY: u64 = 0x200;
const BUSY: u64 = 0x8000_0000;

/// Ports that the machine's own devices have: interrupt controllers, timer, keyboard, clock, serial line.
const TAKEN: [(u64, u64); 7] =
    [(0x20, 0x21), (0x40, 0x43), (0x60, 0x60), (0x64, 0x64), (0x70, 0x77), (0xa0, 0xa1), (0x3f8, 0x3ff)];

/// A region that a module claimed.
#[derive(Clone, Copy, Debug)]
struct Region {
    start: u64,
    end: u64,
    memory: bool,
    resource: u64,
}

/// What is claimed.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    regions: Vec<Region>,
}

/// `request_region()`, `request_mem_region()`: the resource, or NULL when somebody has any of it.
///
/// # Context
/// Process context; may sleep.
pub(crate) extern "C" fn kloom_request_region(start: u64, count: u64, name: u64, memory: i32) -> u64 {
    might_sleep("request_region");
    or_oops(enter(|machine, _| {
        let (end, memory) = (start.wrapping_add(count).wrapping_sub(1), memory != 0);
        let mine = machine
            .irqs
            .ports
            .regions
            .iter()
            .any(|region| region.memory == memory && region.start <= end && start <= region.end);
        let own = !memory && TAKEN.iter().any(|&(first, last)| first <= end && start <= last);
        if mine || own || count == 0 || end < start {
            return Ok(0);
        }
        let Some(resource) = machine.kernel_block(SIZE, KIND) else { return Ok(0) };
        let flags = if memory { MEMORY } else { IO } | BUSY;
        for (offset, value) in [(0, start), (8, end), (16, name), (24, flags)] {
            machine.poke_u64(resource + offset, value);
        }
        machine.irqs.ports.regions.push(Region { start, end, memory, resource });
        Ok(resource)
    }))
}

/// `release_region()`, `release_mem_region()`: says when it was not claimed like that.
///
/// # Context
/// Any.
pub(crate) extern "C" fn kloom_release_region(start: u64, count: u64, memory: i32) {
    enter(|machine, _| {
        let (end, memory) = (start.wrapping_add(count).wrapping_sub(1), memory != 0);
        let regions = &mut machine.irqs.ports.regions;
        match regions.iter().position(|r| (r.start, r.end, r.memory) == (start, end, memory)) {
            Some(at) => {
                let region = regions.remove(at);
                machine.kernel_free(region.resource);
            }
            None => machine.print(
                Level::Warning,
                format!("resource: Trying to free nonexistent resource <{start:016x}-{end:016x}>"),
            ),
        }
    });
}

crate::exports![
    plain: kloom_request_region, kloom_release_region;
    variadic: ;
    named:
];
