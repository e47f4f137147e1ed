//! What a module leaves behind: looked for when it is unloaded, before its memory goes.
//!
//! A module owns what its code made: threads that run its functions, timers with its callbacks or in its memory, blocks
//! its code allocated and did not free, /proc entries, references to finished threads. Handing a block to the kernel (a
//! name that is copied, a buffer that is consumed) frees it there, so it is not counted.

use std::ops::Range;

use kloom_kernel::fault::{Block, Fault};
use kloom_kernel::fs::ModuleNode;
use kloom_kernel::task::TaskId;
use kloom_shim::Machine;
use kloom_shim::memory::KERNEL_KINDS;

/// Reports everything of module `id` that is still there.
pub fn check(machine: &mut Machine, id: u32) {
    let Some((_, image)) = machine.images.iter().find(|(image_id, _)| *image_id == id) else { return };
    let ranges = [image.core.0..image.core.0 + image.core.1, image.init.0..image.init.0 + image.init.1];
    let own = |addr: u64| ranges.iter().any(|range| range.contains(&addr));
    let mut faults = Vec::new();
    threads(machine, id, &mut faults);
    let blocks = blocks(machine, &own);
    timers(machine, &own, &blocks, &mut faults);
    for (_, entry) in machine.kernel.proc_left_by(id) {
        let created = entry.created.unwrap_or_else(|| machine.kernel.event_here());
        faults.push(Fault::LeakProcEntry { path: entry.path.clone(), created });
    }
    open_files(machine, id, &own, &mut faults);
    if !blocks.is_empty() {
        let total = blocks.iter().map(|block| block.size).sum();
        faults.push(Fault::LeakMemory { blocks, total });
    }
    for fault in faults {
        machine.kernel.report(fault);
    }
}

/// Threads that run the module's functions, and finished ones it still holds.
fn threads(machine: &Machine, id: u32, faults: &mut Vec<Fault>) {
    let mine =
        machine.kernel.tasks.iter().filter(|task| task.kthread().is_some_and(|kthread| kthread.module == Some(id)));
    for task in mine {
        let target: TaskId = task.id;
        if !task.has_exited() {
            faults.push(Fault::LeakThread { target });
        } else if !task.refs_taken.is_empty() {
            faults.push(Fault::LeakTaskReference { target, taken: task.refs_taken.clone() });
        }
    }
}

/// Files whose operations are the module's and which did not keep it.
fn open_files(machine: &Machine, id: u32, own: &dyn Fn(u64) -> bool, faults: &mut Vec<Fault>) {
    let Some(module) = machine.kernel.modules.get(id).map(|module| module.name.clone()) else { return };
    for file in machine.kernel.vfs.files.values() {
        // Entries of /proc are safe by themselves: removing one ends the use of its operations.
        let Some(ModuleNode::CharDev { ops, .. } | ModuleNode::Attr { ops, .. }) = file.module else { continue };
        if own(ops) {
            faults.push(Fault::OpenFileLeft {
                module: module.clone(),
                path: file.path.clone(),
                opened: file.opened_at,
            });
        }
    }
}

/// Live blocks that the module's code allocated.
fn blocks(machine: &Machine, own: &dyn Fn(u64) -> bool) -> Vec<Block> {
    let allocated_by = |block: &Block| block.allocated.trace.ips().next().is_some_and(own);
    machine
        .arena
        .heap
        .live()
        .filter(|block| allocated_by(block) && !KERNEL_KINDS.contains(&block.kind.as_str()))
        .collect()
}

/// Armed timers whose callback or whose memory is the module's.
fn timers(machine: &Machine, own: &dyn Fn(u64) -> bool, blocks: &[Block], faults: &mut Vec<Fault>) {
    let in_blocks = |addr: u64| blocks.iter().any(|block| within(block.addr..block.addr + block.size, addr));
    for (_, timer) in machine.kernel.timers.armed() {
        if own(timer.func) || own(timer.addr) || in_blocks(timer.addr) {
            let expires_ns = timer.pending.map_or_else(|| machine.kernel.now(), |key| key.time_ns);
            faults.push(Fault::LeakTimer { addr: timer.addr, armed: timer.armed, expires_ns });
        }
    }
}

fn within(range: Range<u64>, addr: u64) -> bool {
    range.contains(&addr)
}
