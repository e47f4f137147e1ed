//! What a module leaves behind: looked for when it is unloaded, before its memory goes.
//!
//! A module owns what its code made: threads that run its functions, timers, works and callbacks of its functions or in its
//! memory, blocks its code allocated and did not free, what it registered (/proc entries, devices, notifiers, …),
//! references to finished threads. Handing a block to the kernel (a
//! name that is copied, a buffer that is consumed) frees it there, so it is not counted.

use std::collections::BTreeSet;

use kloom_kernel::fault::{Block, Fault, Registration, WaitEntryPlace, WorkState};
use kloom_kernel::fs::ModuleNode;
use kloom_kernel::fs::kernfs::{DEBUGFS, KernKind, SYSFS};
use kloom_kernel::site::RawEvent;
use kloom_kernel::task::{BlockedOn, LockClass, TaskId};
use kloom_shim::Machine;
use kloom_shim::memory::KERNEL_KINDS;

/// Reports everything of module `id` that is still there.
pub fn check(machine: &mut Machine, id: u32) {
    let Some((_, image)) = machine.images.iter().find(|(image_id, _)| *image_id == id) else { return };
    let ranges = [image.core.0..image.core.0 + image.core.1, image.init.0..image.init.0 + image.init.1];
    let own = |addr: u64| ranges.iter().any(|range| range.contains(&addr));
    let mut faults = Vec::new();
    threads(machine, id, &mut faults);
    let threads_left = !faults.is_empty();
    let mut blocks = blocks(machine, &own);
    let mine = Mine { own: &own, blocks: blocks.clone() };
    let works = works(machine, &mine, &mut faults);
    timers(machine, &mine, &works, &mut faults);
    callbacks(machine, &mine, &mut faults);
    for (_, entry) in machine.kernel.proc_left_by(id) {
        let created = entry.created.unwrap_or_else(|| machine.kernel.event_here());
        faults.push(Fault::LeakProcEntry { path: entry.path.clone(), created });
    }
    registrations(machine, id, &mine, &mut blocks, &mut faults);
    open_files(machine, id, &own, &mut faults);
    if !threads_left {
        // Threads that are left would do it themselves.
        wait_entries(machine, &mine, &mut faults);
        semaphores(machine, &mine, &mut faults);
        srcu_readers(machine, &mine, &mut faults);
    }
    // What idr_destroy() and its kin give back is the kernel's memory, but the module's to ask for.
    blocks.extend(machine.array_memory(|addr| mine.has(addr)));
    if !blocks.is_empty() {
        let total = blocks.iter().map(|block| block.size).sum();
        faults.push(Fault::LeakMemory { blocks, total });
    }
    for fault in faults {
        machine.kernel.report(fault);
    }
}

/// What belongs to the module: its image, and the blocks its code allocated.
struct Mine<'a> {
    own: &'a dyn Fn(u64) -> bool,
    /// By address.
    blocks: Vec<Block>,
}

impl Mine<'_> {
    fn has(&self, addr: u64) -> bool {
        let next = self.blocks.partition_point(|block| block.addr <= addr);
        (self.own)(addr) || next.checked_sub(1).is_some_and(|at| addr < self.blocks[at].addr + self.blocks[at].size)
    }

    /// Whether a function is the module's, or its argument's memory.
    fn uses(&self, func: u64, addr: u64) -> bool {
        (self.own)(func) || self.has(addr)
    }
}

/// Threads that run the module's functions, and finished ones it still holds.
fn threads(machine: &Machine, id: u32, faults: &mut Vec<Fault>) {
    let mine =
        machine.kernel.tasks.iter().filter(|task| task.kthread().is_some_and(|kthread| kthread.module == Some(id)));
    for task in mine {
        let target: TaskId = task.id;
        if task.kthread().is_some_and(|kthread| kthread.leaving) {
            continue;
        }
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

/// Works that are queued, have their timer running, or run; their addresses.
fn works(machine: &Machine, mine: &Mine<'_>, faults: &mut Vec<Fault>) -> BTreeSet<u64> {
    let mut found = BTreeSet::new();
    let queues = &machine.kernel.workqueues;
    for (addr, queued) in queues.pending() {
        let func = machine.work_function(addr);
        if mine.uses(func, addr) {
            found.insert(addr);
            let state = match machine.delayed_work_expires(addr) {
                Some(expires_ns) if queues.waits_for_timer(addr) => WorkState::Timer(expires_ns),
                _ => WorkState::Queued,
            };
            faults.push(Fault::LeakWork { addr, func, queued, state });
        }
    }
    for (worker, addr, func) in queues.running() {
        // One that waits for itself or its waiter is told as that.
        if (mine.own)(func)
            && machine.kernel.deadlock_from(worker).is_none()
            && found.insert(addr)
            && let Some((_, _, queued, _)) = queues.job_of(worker)
        {
            faults.push(Fault::LeakWork { addr, func, queued, state: WorkState::Running(worker) });
        }
    }
    found
}

/// Armed timers whose callback or whose memory is the module's; those of delayed works go with their work.
fn timers(machine: &Machine, mine: &Mine<'_>, works: &BTreeSet<u64>, faults: &mut Vec<Fault>) {
    let of_work = |timer: u64| works.range(..=timer).next_back().is_some_and(|&work| timer - work < DELAYED_WORK_SIZE);
    for (_, timer) in machine.kernel.timers.armed() {
        if mine.uses(timer.func, timer.addr) && !of_work(timer.addr) {
            let expires_ns = timer.pending.map_or_else(|| machine.kernel.now(), |key| key.time_ns);
            faults.push(Fault::LeakTimer { addr: timer.addr, armed: timer.armed, expires_ns });
        }
    }
    for (_, timer) in machine.kernel.hrtimers.armed() {
        if mine.has(timer.addr) {
            let expires_ns = timer.pending.map_or_else(|| machine.kernel.now(), |key| key.time_ns);
            faults.push(Fault::LeakTimer { addr: timer.addr, armed: timer.armed, expires_ns });
        }
    }
}

/// Tasklets and RCU callbacks that are still to be called.
fn callbacks(machine: &mut Machine, mine: &Mine<'_>, faults: &mut Vec<Fault>) {
    for (addr, func, queued) in machine.scheduled_tasklets() {
        if mine.uses(func, addr) {
            machine.forget_tasklet(addr);
            faults.push(Fault::LeakCallback { kind: "tasklet", addr, func, queued });
        }
    }
    // One report for a function: a thousand heads that wait for it are one forgotten rcu_barrier().
    let mut told = BTreeSet::new();
    for (addr, func, queued) in machine.rcu_callbacks() {
        if (mine.own)(func) && told.insert(func) {
            faults.push(Fault::LeakCallback { kind: "rcu", addr, func, queued });
        }
    }
}

/// Devices, classes, notifiers and their like. Blocks that are one are taken out of `blocks`.
fn registrations(machine: &Machine, id: u32, mine: &Mine<'_>, blocks: &mut Vec<Block>, faults: &mut Vec<Fault>) {
    let now = machine.kernel.event_here();
    let mut push = |kind, name: String, created: Option<RawEvent>| {
        faults.push(Fault::LeakRegistration { kind, name, created: created.unwrap_or(now) });
    };
    let devs = &machine.kernel.vfs.devs;
    for misc in devs.misc.iter().filter(|misc| misc.module == Some(id)) {
        push(Registration::MiscDevice, misc.name.clone(), misc.created);
    }
    let region_name = |major: u32, minor: u32| {
        let of = |(&(other, base), region): (&(u32, u32), &kloom_kernel::fs::devfs::Region)| {
            (other == major && minor >= base && minor - base < region.count).then(|| region.name.clone())
        };
        devs.regions.iter().find_map(of).unwrap_or_else(|| format!("{major}:{minor}"))
    };
    let mut whole_majors = BTreeSet::new();
    for cdev in devs.cdevs.iter().filter(|cdev| cdev.module == Some(id)) {
        if cdev.cdev == 0 {
            whole_majors.insert(cdev.dev.major);
        }
        push(Registration::CharDevice, region_name(cdev.dev.major, cdev.dev.minor), cdev.created);
    }
    for (&(major, _), region) in devs.regions.iter().filter(|(_, region)| region.owner == Some(id)) {
        if !whole_majors.contains(&major) {
            push(Registration::CharDeviceRegion, region.name.clone(), region.created);
        }
    }
    let misc_left = devs.misc.iter().any(|misc| misc.module == Some(id));
    nodes(machine, id, misc_left, &mut push);
    for (addr, func, at) in machine.notifiers() {
        if mine.uses(func, addr) {
            push(Registration::Notifier, function_name(machine, func), Some(at));
        }
    }
    for (line, name, functions, at) in machine.interrupt_actions() {
        if functions.iter().any(|&func| (mine.own)(func)) {
            push(Registration::Irq, format!("{line} ({name})"), Some(at));
        }
    }
    let mut names = BTreeSet::new();
    for (&addr, cache) in &machine.mem.caches {
        let made = machine.arena.heap.block_at(addr).filter(|block| block.addr == addr);
        let by_me = |block: &Block| block.allocated.trace.ips().next().is_some_and(|ip| (mine.own)(ip));
        if let Some(block) = made.filter(by_me) {
            names.extend(machine.arena.read_u64(addr));
            // Those it was destroyed with were told there; the cache stays for their sake.
            if cache.objects.is_empty() {
                push(Registration::Cache, cache.name.to_string(), Some(block.allocated));
            }
        }
    }
    for block in blocks.iter().filter(|block| block.kind == WORKQUEUE) {
        let handle = machine.arena.read_u32(block.addr + 4).unwrap_or(0);
        if machine.kernel.workqueues.is_draining(handle) {
            // Somebody tries to, and that hang is the bug.
            continue;
        }
        let name = machine.kernel.workqueues.name_of(handle).unwrap_or_default().to_string();
        push(Registration::Workqueue, name, Some(block.allocated));
    }
    let object = |fault: &Fault| matches!(fault, Fault::LeakRegistration { kind: Registration::Kobject, .. });
    let object_left = faults.iter().any(object);
    blocks.retain(|block| !(object_left && block.kind == "struct kobject"));
    blocks.retain(|block| !REGISTERED.contains(&block.kind.as_str()) && !names.contains(&block.addr));
}

/// What a module made in sysfs and debugfs: the topmost nodes only, for what is below goes with them.
fn nodes(machine: &Machine, id: u32, misc_left: bool, push: &mut dyn FnMut(Registration, String, Option<RawEvent>)) {
    let kern = &machine.kernel.vfs.kern;
    for node_id in kern.made_by(id) {
        let Some(node) = kern.get(node_id) else { continue };
        if kern.get(node.parent).is_some_and(|parent| parent.owner == Some(id))
            || matches!(node.kind, KernKind::Link(_))
        {
            continue;
        }
        let mut parts = vec![node.name.clone()];
        let mut at = node;
        let mut root = node_id;
        while let Some(parent) = kern.get(at.parent).filter(|_| at.parent != root) {
            root = at.parent;
            if parent.parent == root {
                break;
            }
            parts.push(parent.name.clone());
            at = parent;
        }
        parts.reverse();
        let path = parts.join("/");
        let kind = match parts.first().map(String::as_str) {
            _ if root == DEBUGFS => Registration::Debugfs,
            Some("class") => Registration::Class,
            Some("devices") if misc_left && path.contains("/misc/") => continue,
            Some("devices") => Registration::Device,
            // Files of the module itself go with it.
            Some("module") => continue,
            _ if root == SYSFS => Registration::Kobject,
            _ => continue,
        };
        let name = match kind {
            Registration::Debugfs => format!("/sys/kernel/debug/{path}"),
            Registration::Kobject => format!("/sys/{path}"),
            _ => node.name.clone(),
        };
        push(kind, name, node.created);
    }
}

/// Entries in queues of the module's, and entries of the module's in any queue, of tasks that do not wait any more.
fn wait_entries(machine: &Machine, mine: &Mine<'_>, faults: &mut Vec<Fault>) {
    for (handle, queue) in machine.kernel.waits.iter() {
        let queue_is_mine = mine.has(queue.addr);
        for entry in &queue.entries {
            let waits = entry
                .task
                .and_then(|task| machine.kernel.tasks.get(task))
                .is_some_and(|task| task.blocked_on == BlockedOn::WaitQueue(handle));
            if (queue_is_mine || mine.has(entry.addr)) && !waits {
                let place = WaitEntryPlace::Unload;
                let (queue, queued) = (queue.addr, entry.queued);
                faults.push(Fault::WaitEntryLeft { queue, entry: entry.addr, queued, place });
            }
        }
    }
}

/// Semaphores used as locks (initialised to one) that are not free, or freer than that.
fn semaphores(machine: &Machine, mine: &Mine<'_>, faults: &mut Vec<Fault>) {
    for (_, semaphore) in &machine.kernel.locks.semaphore {
        let (initial, count) = (semaphore.initial, semaphore.count);
        if initial != 1 || count == initial || !semaphore.waiters.is_empty() || !mine.has(semaphore.addr) {
            continue;
        }
        let last = if count < initial { semaphore.takers.last().map(|holder| holder.at) } else { semaphore.last_up };
        faults.push(Fault::SemaphoreImbalance {
            addr: semaphore.addr,
            name: semaphore.name.clone(),
            initial,
            count,
            last,
        });
    }
}

/// Read sections of SRCU structures of the module's that nobody left.
fn srcu_readers(machine: &Machine, mine: &Mine<'_>, faults: &mut Vec<Fault>) {
    for addr in machine.kernel.rcu.srcu_in_use().filter(|&addr| mine.has(addr)) {
        for reader in machine.kernel.rcu.srcu_readers(addr).take(1) {
            faults.push(Fault::LockHeldAtExit {
                class: LockClass::Srcu,
                name: machine.object_name(addr),
                taken: reader.trace,
                since_ns: reader.time_ns,
                place: "return of the exit function",
            });
        }
    }
}

fn function_name(machine: &Machine, func: u64) -> String {
    machine.symbolic(func).split('+').next().unwrap_or_default().to_string()
}

/// `sizeof(struct delayed_work)`, or more: its timer is inside.
const DELAYED_WORK_SIZE: u64 = 128;
/// Kind of the block behind a `struct workqueue_struct`.
const WORKQUEUE: &str = "struct workqueue_struct";
/// Kinds of blocks that are told as registrations.
const REGISTERED: &[&str] = &[WORKQUEUE, "struct class", "struct device"];
