//! C headers: include/linux/cpu.h, include/linux/cpuhotplug.h: CPUs that are taken down and up, and who is told.
//!
//! Behaviour follows Linux 6.1 kernel/cpu.c. `/sys/devices/system/cpu/cpuN/online` does it (the command `cpu N up|down`
//! writes there), and so do `add_cpu()` and `remove_cpu()`. Callbacks of the prepare states run in the task that asked, those
//! of the online states on the CPU itself, in `cpuhp/N`. The first CPU cannot be taken down, as on x86.

use std::collections::BTreeMap;

use kloom_abi::Errno;
use kloom_abi::sched::{TASK_INTERRUPTIBLE, TASK_UNINTERRUPTIBLE};
use kloom_kernel::fs::kernfs::{Attr, KernKind, SYSFS};
use kloom_kernel::ops::Op;
use kloom_kernel::printk::Level;
use kloom_kernel::task::{BlockedOn, Service, TaskId};

use super::notifier::{call_chain, forget, raw_notifier_chain_register, raw_notifier_chain_unregister, remember};
use crate::Machine;
use crate::call::{blocking, call1, enter, might_sleep, yield_cpu};
use crate::control::{Control, CpuMask};
use crate::fileops::AttrNode;
use crate::oops::or_oops;

/// Numbers of `enum cpuhp_state`.
const PREPARE_DYN: std::ops::Range<i32> = 60..80;
const ONLINE: i32 = 140;
const ONLINE_DYN: std::ops::Range<i32> = 180..210;
const LAST: i32 = 240;

/// What `CPU_…` notifiers are told.
const CPU_ONLINE: u64 = 2;
const CPU_UP_PREPARE: u64 = 3;
const CPU_UP_CANCELED: u64 = 4;
const CPU_DOWN_PREPARE: u64 = 5;
const CPU_DOWN_FAILED: u64 = 6;
const CPU_DEAD: u64 = 7;
/// `NOTIFY_BAD` without `NOTIFY_STOP_MASK`: errno in the low bits.
const NOTIFY_STOP_MASK: i32 = 0x8000;

/// The callbacks of a state.
#[derive(Clone, Copy, Debug)]
struct Step {
    startup: u64,
    teardown: u64,
}

/// A call that `cpuhp/N` is to make for a task.
#[derive(Clone, Copy, Debug)]
struct Job {
    func: u64,
    cpu: u32,
    caller: TaskId,
}

/// CPUs that come and go.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    steps: BTreeMap<i32, Step>,
    /// What `cpuhp/N` is to do, and what came of it.
    jobs: BTreeMap<TaskId, Job>,
    results: BTreeMap<TaskId, i32>,
    /// Somebody changes CPUs or callbacks (`cpu_hotplug_lock`).
    owner: Option<TaskId>,
    /// Readers: tasks in `cpus_read_lock()`.
    readers: u32,
    /// Chain of the years before 4.10.
    chain: u64,
}

impl State {
    /// Whether a link is the first of the old chain.
    pub(crate) fn is_head(&self, place: u64) -> bool {
        place == self.chain
    }
}

/// Makes the files.
pub(crate) fn boot(machine: &mut Machine) {
    machine.irqs.hotplug.chain = machine.arena.alloc_kdata(16);
    let top = machine.kernel.vfs.kern.make_dirs(SYSFS, "devices/system/cpu", 0o755);
    let mut add = |dir, name: &str, mode, control| {
        let file = KernKind::File(Attr::Ops { ops: 0, object: 0, data: 1 });
        if let Ok(id) = machine.kernel.vfs.kern.add(dir, name, file, mode, None, None) {
            machine.files.attrs.insert(id, AttrNode::Control(control));
        }
    };
    for (name, mask) in [
        ("online", CpuMask::Online),
        ("offline", CpuMask::Offline),
        ("possible", CpuMask::Possible),
        ("present", CpuMask::Possible),
    ] {
        add(top, name, 0o444, Control::CpuMask(mask));
    }
    for cpu in 0..machine.kernel.cpus.len() as u32 {
        let dir = machine.kernel.vfs.kern.make_dirs(top, &format!("cpu{cpu}"), 0o755);
        if cpu == 0 {
            continue;
        }
        let file = KernKind::File(Attr::Ops { ops: 0, object: 0, data: 1 });
        if let Ok(id) = machine.kernel.vfs.kern.add(dir, "online", file, 0o644, None, None) {
            machine.files.attrs.insert(id, AttrNode::Control(Control::CpuOnline(cpu)));
        }
    }
}

/// The body of `cpuhp/N`.
pub(crate) fn hotplug_thread() -> i64 {
    loop {
        let job = enter(|machine, current| {
            let job = machine.irqs.hotplug.jobs.get(&current).copied();
            if job.is_none() {
                machine.kernel.tasks[current].c.set_task_state(TASK_INTERRUPTIBLE);
                machine.kernel.block_on(current, BlockedOn::Other("smpboot_thread_fn"));
                machine.kernel.schedule(current);
            }
            job
        });
        let Some(job) = job else {
            yield_cpu();
            continue;
        };
        let result = call1(job.func, u64::from(job.cpu)) as i32;
        enter(|machine, current| {
            machine.irqs.hotplug.jobs.remove(&current);
            machine.irqs.hotplug.results.insert(current, result);
            machine.kernel.try_to_wake_up(job.caller, TASK_UNINTERRUPTIBLE);
        });
    }
}

/// Has `func(cpu)` called in `cpuhp/cpu`; its result.
fn on_hotplug_thread(cpu: u32, func: u64) -> i32 {
    let thread = enter(|machine, current| {
        let thread = machine.kernel.service_thread(Service::Hotplug, cpu)?;
        machine.irqs.hotplug.jobs.insert(thread, Job { func, cpu, caller: current });
        machine.kernel.wake_service(thread);
        Some(thread)
    });
    let Some(thread) = thread else { return call1(func, u64::from(cpu)) as i32 };
    or_oops(blocking(|machine, current, _| {
        if let Some(result) = machine.irqs.hotplug.results.remove(&thread) {
            return Ok(Op::Done(result));
        }
        machine.kernel.tasks[current].c.set_task_state(TASK_UNINTERRUPTIBLE);
        machine.kernel.block_on(current, BlockedOn::Other("cpuhp_kick_ap"));
        Ok(Op::Block)
    }))
}

/// Calls a state's function for a CPU.
fn issue(state: i32, cpu: u32, startup: bool) -> i32 {
    let step = enter(|machine, _| machine.irqs.hotplug.steps.get(&state).copied());
    let func = step.map_or(0, |step| if startup { step.startup } else { step.teardown });
    match func {
        0 => 0,
        func if state >= ONLINE => on_hotplug_thread(cpu, func),
        func => call1(func, u64::from(cpu)) as i32,
    }
}

/// `cpus_write_lock()`: waits for readers and other writers.
fn write_lock() {
    or_oops(blocking(|machine, current, _| {
        let hotplug = &mut machine.irqs.hotplug;
        if hotplug.owner.is_none() && hotplug.readers == 0 {
            hotplug.owner = Some(current);
            return Ok(Op::Done(()));
        }
        machine.kernel.spin_step();
        Ok(Op::Spin)
    }));
}

fn write_unlock() {
    enter(|machine, _| machine.irqs.hotplug.owner = None);
}

/// `cpus_read_lock()`: keeps CPUs from coming and going.
///
/// # Context
/// Process context; waits while they do. Nests.
pub(crate) extern "C" fn cpus_read_lock() {
    might_sleep("cpus_read_lock");
    or_oops(blocking(|machine, current, _| {
        let hotplug = &mut machine.irqs.hotplug;
        // Callbacks run under the lock of the one that changes CPUs.
        let caller = hotplug.jobs.get(&current).map_or(current, |job| job.caller);
        if hotplug.owner.is_none_or(|owner| owner == current || owner == caller) {
            hotplug.readers += 1;
            return Ok(Op::Done(()));
        }
        machine.kernel.spin_step();
        Ok(Op::Spin)
    }));
}

/// `cpus_read_unlock()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn cpus_read_unlock() {
    enter(|machine, _| {
        let readers = &mut machine.irqs.hotplug.readers;
        *readers = readers.saturating_sub(1);
    });
}

/// `cpus_read_trylock()`: 1 if taken.
///
/// # Context
/// Any.
pub(crate) extern "C" fn cpus_read_trylock() -> i32 {
    enter(|machine, _| {
        let hotplug = &mut machine.irqs.hotplug;
        let free = hotplug.owner.is_none();
        hotplug.readers += u32::from(free);
        i32::from(free)
    })
}

/// `cpuhp_setup_state()` and its kin: callbacks for CPUs that come and go.
///
/// With `invoke`, `startup` is called for each CPU that is up first. 0, the number of a dynamic state, or a negative
/// error: `-EINVAL` for a state there is not, `-EBUSY` for one that is taken, `-ENOSPC` when there are no more dynamic ones, or
/// what `startup` said; then `teardown` was called for the CPUs before.
///
/// # Context
/// Process context; sleeps.
pub(crate) extern "C" fn __cpuhp_setup_state(
    state: i32,
    name: u64,
    invoke: bool,
    startup: u64,
    teardown: u64,
    _multi: bool,
) -> i32 {
    might_sleep("cpuhp_setup_state");
    if !(0..LAST).contains(&state) || name == 0 {
        return -Errno::EINVAL.0;
    }
    write_lock();
    let dynamic = [PREPARE_DYN, ONLINE_DYN].into_iter().find(|range| range.start == state);
    let is_dynamic = dynamic.is_some();
    let slot: Result<i32, Errno> = enter(|machine, _| {
        let steps = &mut machine.irqs.hotplug.steps;
        let slot = match dynamic {
            Some(mut range) => range.find(|slot| !steps.contains_key(slot)).ok_or(Errno::ENOSPC),
            None if steps.contains_key(&state) => Err(Errno::EBUSY),
            None => Ok(state),
        };
        if slot == Err(Errno::ENOSPC) {
            machine.warn_kernel_text(
                "No more dynamic states available for CPU hotplug",
                "kernel/cpu.c",
                2036,
                "cpuhp_reserve_state",
            );
        }
        let slot = slot?;
        machine.irqs.hotplug.steps.insert(slot, Step { startup, teardown });
        Ok(slot)
    });
    let slot = match slot {
        Ok(slot) => slot,
        Err(errno) => {
            write_unlock();
            return -errno.0;
        }
    };
    if invoke && startup != 0 {
        let online = enter(|machine, _| machine.kernel.online_mask());
        for cpu in (0..64).filter(|cpu| online >> cpu & 1 != 0) {
            let ret = issue(slot, cpu, true);
            if ret != 0 {
                for done in (0..cpu).filter(|done| online >> done & 1 != 0) {
                    issue(slot, done, false);
                }
                enter(|machine, _| machine.irqs.hotplug.steps.remove(&slot));
                write_unlock();
                return ret;
            }
        }
    }
    write_unlock();
    if is_dynamic { slot } else { 0 }
}

/// `cpuhp_remove_state()`: takes the callbacks back; with `invoke`, `teardown` is called for each CPU that is up first.
///
/// # Context
/// Process context; sleeps.
pub(crate) extern "C" fn __cpuhp_remove_state(state: i32, invoke: bool) {
    might_sleep("cpuhp_remove_state");
    write_lock();
    let known = enter(|machine, _| machine.irqs.hotplug.steps.contains_key(&state));
    if known && invoke {
        let online = enter(|machine, _| machine.kernel.online_mask());
        for cpu in (0..64).filter(|cpu| online >> cpu & 1 != 0) {
            issue(state, cpu, false);
        }
    }
    enter(|machine, _| {
        if machine.irqs.hotplug.steps.remove(&state).is_none() {
            machine.warn_kernel_text(
                &format!("Error: Removing state {state} which has instances left."),
                "kernel/cpu.c",
                2283,
                "__cpuhp_remove_state_cpuslocked",
            );
        }
    });
    write_unlock();
}

/// States with callbacks: those of the prepare or of the online section, upwards.
fn states(online: bool) -> Vec<i32> {
    enter(|machine, _| {
        machine.irqs.hotplug.steps.keys().copied().filter(|&state| (state >= ONLINE) == online).collect()
    })
}

/// Tells the notifiers of the years before 4.10; the error one of them gave.
fn notify(event: u64, cpu: u32) -> i32 {
    let chain = enter(|machine, _| machine.irqs.hotplug.chain);
    let ret = call_chain(chain, event, u64::from(cpu));
    // notifier_to_errno()
    let low = ret & !NOTIFY_STOP_MASK;
    if low > 1 { 1 - low } else { 0 }
}

/// Shows modules which CPUs are in use.
fn publish(machine: &mut Machine) {
    let online = machine.kernel.online_mask().to_le_bytes();
    for name in ["__cpu_online_mask", "__cpu_active_mask"] {
        if let Some(addr) = machine.kdata.get(name) {
            machine.arena.write_kdata(addr, &online);
        }
    }
}

/// Takes a CPU down: 0 (also if it is down), or a negative error. Callbacks that were called before one refused are
/// undone.
pub(crate) fn down(cpu: u32) -> i32 {
    let ask = enter(|machine, _| {
        if cpu >= machine.kernel.cpus.len() as u32 {
            return -Errno::EINVAL.0;
        }
        if cpu == 0 { -Errno::EBUSY.0 } else { i32::from(machine.kernel.cpu_online(cpu)) }
    });
    if ask <= 0 {
        return ask;
    }
    write_lock();
    let refused = take_down(cpu);
    write_unlock();
    refused
}

fn take_down(cpu: u32) -> i32 {
    let ret = notify(CPU_DOWN_PREPARE, cpu);
    if ret != 0 {
        notify(CPU_DOWN_FAILED, cpu);
        return ret;
    }
    let steps = states(true);
    for (index, &state) in steps.iter().enumerate().rev() {
        let ret = issue(state, cpu, false);
        if ret != 0 {
            for &done in &steps[index + 1..] {
                issue(done, cpu, true);
            }
            notify(CPU_DOWN_FAILED, cpu);
            return ret;
        }
    }
    super::smpboot::park(cpu);
    leave(cpu);
    let ret = or_oops(blocking(|machine, _, _| {
        Ok(match machine.kernel.cpu_vacate(cpu) {
            Ok(Op::Done(())) => Op::Done(0),
            Ok(_) => {
                machine.kernel.spin_step();
                Op::Spin
            }
            Err(errno) => Op::Done(-errno.0),
        })
    }));
    enter(|machine, _| {
        publish(machine);
        machine.print(Level::Info, format!("smpboot: CPU {cpu} is now offline"));
    });
    for state in states(false).into_iter().rev() {
        issue(state, cpu, false);
    }
    notify(CPU_DEAD, cpu);
    ret
}

/// The calling task leaves a CPU that is about to go.
fn leave(cpu: u32) {
    let moved = enter(|machine, current| {
        let task = &mut machine.kernel.tasks[current];
        if task.se.cpu != cpu {
            return None;
        }
        let allowed = task.se.allowed;
        task.se.allowed = allowed & !(1 << cpu);
        if task.se.allowed == 0 {
            task.se.allowed = !(1 << cpu);
        }
        machine.kernel.schedule(current);
        Some(allowed)
    });
    let Some(allowed) = moved else { return };
    yield_cpu();
    enter(|machine, current| machine.kernel.tasks[current].se.allowed = allowed);
}

/// Takes a CPU up: 0 (also if it is up), or a negative error.
pub(crate) fn up(cpu: u32) -> i32 {
    let ask = enter(|machine, _| {
        if cpu >= machine.kernel.cpus.len() as u32 {
            return -Errno::EINVAL.0;
        }
        i32::from(!machine.kernel.cpu_online(cpu))
    });
    if ask <= 0 {
        return ask;
    }
    write_lock();
    let refused = take_up(cpu);
    write_unlock();
    refused
}

fn take_up(cpu: u32) -> i32 {
    let prepare = states(false);
    let undo_prepare = |count: usize| {
        for &state in prepare[..count].iter().rev() {
            issue(state, cpu, false);
        }
    };
    for (index, &state) in prepare.iter().enumerate() {
        let ret = issue(state, cpu, true);
        if ret != 0 {
            undo_prepare(index);
            return ret;
        }
    }
    let ret = notify(CPU_UP_PREPARE, cpu);
    if ret != 0 {
        notify(CPU_UP_CANCELED, cpu);
        undo_prepare(prepare.len());
        return ret;
    }
    enter(|machine, _| {
        if cpu == 1 {
            machine.print(Level::Info, "x86: Booting SMP configuration:".to_string());
        }
        machine.print(Level::Info, format!("smpboot: Booting Node 0 Processor {cpu} APIC 0x{cpu:x}"));
        machine.kernel.cpu_revive(cpu);
        publish(machine);
    });
    if super::smpboot::unpark(cpu) {
        // On Linux the states that come next wait for the new CPU, on which these threads run meanwhile.
        super::delay::msleep(1);
    }
    let online = states(true);
    for (index, &state) in online.iter().enumerate() {
        let ret = issue(state, cpu, true);
        if ret != 0 {
            for &done in online[..index].iter().rev() {
                issue(done, cpu, false);
            }
            super::smpboot::park(cpu);
            leave(cpu);
            or_oops(blocking(|machine, _, _| {
                Ok(match machine.kernel.cpu_vacate(cpu) {
                    Ok(Op::Spin) => {
                        machine.kernel.spin_step();
                        Op::Spin
                    }
                    _ => Op::Done(()),
                })
            }));
            enter(|machine, _| publish(machine));
            undo_prepare(prepare.len());
            notify(CPU_UP_CANCELED, cpu);
            return ret;
        }
    }
    notify(CPU_ONLINE, cpu);
    0
}

/// `add_cpu()`, and `cpu_up()` of the years before 5.7.
///
/// # Context
/// Process context; sleeps.
pub(crate) extern "C" fn add_cpu(cpu: u32) -> i32 {
    might_sleep("add_cpu");
    up(cpu)
}

/// `remove_cpu()`, and `cpu_down()` of the years before 5.7.
///
/// # Context
/// Process context; sleeps.
pub(crate) extern "C" fn remove_cpu(cpu: u32) -> i32 {
    might_sleep("remove_cpu");
    down(cpu)
}

/// `register_cpu_notifier()`, gone since 4.10: noted, and it works. 0 or `-EEXIST`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn kloom_register_cpu_notifier(block: u64) -> i32 {
    might_sleep("register_cpu_notifier");
    enter(|machine, _| machine.note_removed("register_cpu_notifier", "cpuhp_setup_state"));
    let ret = raw_notifier_chain_register(enter(|machine, _| machine.irqs.hotplug.chain), block);
    remember(block, ret == 0);
    ret
}

/// `unregister_cpu_notifier()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn kloom_unregister_cpu_notifier(block: u64) {
    might_sleep("unregister_cpu_notifier");
    raw_notifier_chain_unregister(enter(|machine, _| machine.irqs.hotplug.chain), block);
    forget(block);
}

crate::exports![
    plain: cpus_read_lock, cpus_read_unlock, cpus_read_trylock, __cpuhp_setup_state, __cpuhp_remove_state, add_cpu, remove_cpu,
        kloom_register_cpu_notifier, kloom_unregister_cpu_notifier;
    variadic: ;
    named: "cpu_up" => add_cpu, "cpu_down" => remove_cpu
];
