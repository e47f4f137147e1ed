//! C headers: include/linux/interrupt.h, include/linux/irq_work.h. Tasklets and softirqs; interrupt lines are
//! in `irq.rs`.
//!
//! Behaviour follows Linux 6.1 kernel/softirq.c. A disabled tasklet that is scheduled waits here
//! until it is enabled; Linux keeps ksoftirqd busy with it meanwhile.

use std::collections::BTreeMap;

use kloom_abi::sched::TASK_UNINTERRUPTIBLE;
use kloom_kernel::fault::Fault;
use kloom_kernel::ops::Op;
use kloom_kernel::order::side;
use kloom_kernel::printk::Level;
use kloom_kernel::sched::cpu::{Callback, CallbackSource};
use kloom_kernel::site::{ContextKind, RawEvent};
use kloom_kernel::task::{BlockedOn, TaskId};
use kloom_kernel::touch::Manner;

use crate::Machine;
use crate::call::{blocking, call1, ctx, enter, might_sleep, yield_cpu};
use crate::object::Magic;
use crate::oops::{or_oops, or_oops_in};

/// Offsets in `struct tasklet_struct`, and its size.
const STATE: u64 = 16;
const COUNT: u64 = 24;
const USE_CALLBACK: u64 = 28;
const FUNC: u64 = 32;
const DATA: u64 = 40;
const SIZE: u64 = 48;
/// `TASKLET_STATE_SCHED` and `TASKLET_STATE_RUN` as bits.
const SCHED: u64 = 1;
const RUN: u64 = 2;

/// Offsets in `struct irq_work`, and its size.
const IRQ_WORK_FLAGS: u64 = 8;
const IRQ_WORK_FUNC: u64 = 16;
const IRQ_WORK_SIZE: u64 = 24;

/// What these shims keep.
#[derive(Clone, Debug, Default)]
pub struct State {
    /// Tasks in `tasklet_kill()`, by tasklet.
    killers: BTreeMap<u64, Vec<TaskId>>,
    /// Tasklets that are scheduled and have not begun to run, with who scheduled them.
    pub(crate) tasklets: BTreeMap<u64, RawEvent>,
    /// Those of them whose turn came while they were disabled: enabling raises them again.
    parked: std::collections::BTreeSet<u64>,
    softirqs: BTreeMap<u32, u64>,
    /// Interrupt lines.
    pub(crate) lines: super::irq::State,
    /// CPUs that come and go.
    pub(crate) hotplug: super::cpu::State,
    /// `stop_machine()` in progress.
    pub(crate) stopper: super::stop_machine::State,
    /// Threads per CPU of modules.
    pub(crate) smpboot: super::smpboot::State,
    /// Claimed ports and device memory.
    pub(crate) ports: super::ioport::State,
    /// Threads that stand still.
    pub(crate) freezer: super::freezer::State,
    /// The keyboard.
    pub(crate) keyboard: super::keyboard::State,
    /// Blocks on chains of the kernel's own.
    pub(crate) notifiers: Vec<(u64, RawEvent)>,
    /// Those of `panic_notifier_list`.
    pub(crate) on_panic: Vec<u64>,
    /// Calls to other CPUs that have not returned.
    pub(crate) cross_calls: std::collections::BTreeSet<u64>,
    pub(crate) next_call: u64,
}

fn tasklet(machine: &mut Machine, addr: u64, func: &'static str) -> Result<(), Fault> {
    machine.check_access(addr, SIZE, true)?;
    machine.handle(addr, Magic::Tasklet, func, |_, _| 1).map(|_| ())
}

fn init(addr: u64, func: u64, use_callback: bool, data: u64) {
    or_oops(enter(|machine, _| {
        machine.check_access(addr, SIZE, true)?;
        machine.report_reinit(addr, Magic::Tasklet);
        machine.irqs.tasklets.remove(&addr);
        machine.irqs.parked.remove(&addr);
        machine.init_object(addr, Magic::Tasklet, 1)?;
        machine.poke_u64(addr + 8, 0);
        machine.poke_u64(addr + STATE, 0);
        machine.poke_u64(addr + COUNT, u64::from(use_callback) << 32);
        machine.poke_u64(addr + FUNC, func);
        machine.poke_u64(addr + DATA, data);
        Ok(())
    }));
}

/// `tasklet_init()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn tasklet_init(addr: u64, func: u64, data: u64) {
    init(addr, func, false, data);
}

/// `tasklet_setup()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn tasklet_setup(addr: u64, callback: u64) {
    init(addr, callback, true, 0);
}

fn softirq(func: u64, arg: u64) -> Callback {
    Callback { kind: ContextKind::Softirq, func, args: [arg, 0, 0], source: CallbackSource::Other(arg) }
}

fn raise_tasklet(machine: &mut Machine, addr: u64) {
    machine.kernel.raise_softirq(softirq(tasklet_action as *const () as u64, addr));
}

/// `tasklet_schedule()`: nothing if it is scheduled already.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn __tasklet_schedule(addr: u64) {
    or_oops(enter(|machine, _| {
        tasklet(machine, addr, "tasklet_schedule")?;
        let state = machine.peek_u64(addr + STATE);
        if state & SCHED == 0 {
            machine.poke_u64(addr + STATE, state | SCHED);
            let at = machine.kernel.event_here();
            machine.irqs.tasklets.insert(addr, at);
            raise_tasklet(machine, addr);
        }
        Ok(())
    }));
}

/// The softirq's call of a tasklet.
extern "C" fn tasklet_action(addr: u64) {
    ctx().call_site.set(0);
    ctx().fp.set(0);
    let Some((func, arg)) = tasklet_begins(addr) else { return };
    call1(func, arg);
    crate::choice::ends(addr);
    tasklet_ended(addr);
}

/// Marks a tasklet as running, unless it must wait: its function and argument. Apart, so that its frame is gone when they
/// are called.
#[inline(never)]
fn tasklet_begins(addr: u64) -> Option<(u64, u64)> {
    or_oops_in(
        "tasklet_action_common",
        enter(|machine, _| {
            machine.check_access(addr, SIZE, true)?;
            let state = machine.peek_u64(addr + STATE);
            if state & RUN != 0 {
                // It runs on another CPU: once more, later.
                raise_tasklet(machine, addr);
                return Ok(None);
            }
            if machine.peek_u32(addr + COUNT) != 0 {
                machine.irqs.parked.insert(addr);
                return Ok(None);
            }
            machine.poke_u64(addr + STATE, state & !SCHED | RUN);
            machine.irqs.tasklets.remove(&addr);
            wake_killers(machine, addr);
            let use_callback = machine.peek_u32(addr + USE_CALLBACK) & 0xff != 0;
            Ok(Some((machine.peek_u64(addr + FUNC), if use_callback { addr } else { machine.peek_u64(addr + DATA) })))
        }),
    )
}

/// Marks a tasklet as not running.
#[inline(never)]
fn tasklet_ended(addr: u64) {
    or_oops(enter(|machine, _| {
        machine.check_access(addr, SIZE, true)?;
        let state = machine.peek_u64(addr + STATE);
        machine.poke_u64(addr + STATE, state & !RUN);
        Ok(())
    }));
}

/// Waits until a tasklet does not run; from its own function that would be for ever, so it is told.
fn wait_while_running(addr: u64, func: &'static str) {
    or_oops(blocking(|machine, _, _| {
        tasklet(machine, addr, func)?;
        machine.kernel.touched.note(addr, Manner::Read);
        if machine.peek_u64(addr + STATE) & RUN == 0 {
            machine.kernel.acquire(side(addr));
            return Ok(Op::Done(()));
        }
        machine.kernel.spin_step();
        Ok(Op::Spin)
    }));
}

/// `tasklet_kill()`: waits until it neither is scheduled nor runs.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn tasklet_kill(addr: u64) {
    might_sleep("tasklet_kill");
    or_oops(enter(|machine, _| {
        if machine.kernel.preempt_count() & 0xf_ff00 != 0 {
            machine.print(Level::Notice, "Attempt to kill tasklet from interrupt".into());
        }
        tasklet(machine, addr, "tasklet_kill")
    }));
    or_oops(blocking(|machine, current, _| {
        tasklet(machine, addr, "tasklet_kill")?;
        let state = machine.peek_u64(addr + STATE);
        if state & SCHED == 0 {
            // From here on nobody can schedule it, least of all the tasklet itself (kernel/softirq.c, 6.1).
            machine.poke_u64(addr + STATE, state | SCHED);
            return Ok(Op::Done(()));
        }
        let killers = machine.irqs.killers.entry(addr).or_default();
        if !killers.contains(&current) {
            killers.push(current);
        }
        machine.kernel.tasks[current].c.set_task_state(TASK_UNINTERRUPTIBLE);
        machine.kernel.block_on(current, BlockedOn::Tasklet(addr));
        Ok(Op::Block)
    }));
    wait_while_running(addr, "tasklet_kill");
    or_oops(enter(|machine, _| {
        tasklet(machine, addr, "tasklet_kill")?;
        let state = machine.peek_u64(addr + STATE);
        machine.poke_u64(addr + STATE, state & !SCHED);
        wake_killers(machine, addr);
        Ok(())
    }));
}

/// It is not scheduled any more: whoever waits for that looks again.
fn wake_killers(machine: &mut Machine, addr: u64) {
    for killer in machine.irqs.killers.remove(&addr).unwrap_or_default() {
        machine.kernel.try_to_wake_up(killer, TASK_UNINTERRUPTIBLE);
    }
}

/// `tasklet_disable_nosync()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_tasklet_disable_nosync(addr: u64) {
    or_oops(enter(|machine, _| {
        tasklet(machine, addr, "tasklet_disable")?;
        let count = machine.peek_u32(addr + COUNT);
        machine.poke_u32(addr + COUNT, count.wrapping_add(1));
        Ok(())
    }));
}

/// `tasklet_disable()`: and waits until it does not run.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn kloom_tasklet_disable(addr: u64) {
    kloom_tasklet_disable_nosync(addr);
    wait_while_running(addr, "tasklet_disable");
}

/// `tasklet_enable()`: a scheduled one runs now.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_tasklet_enable(addr: u64) {
    or_oops(enter(|machine, _| {
        tasklet(machine, addr, "tasklet_enable")?;
        let count = machine.peek_u32(addr + COUNT).wrapping_sub(1);
        machine.poke_u32(addr + COUNT, count);
        // What was raised and has not looked yet will see that it is enabled.
        if count == 0 && machine.irqs.parked.remove(&addr) && machine.peek_u64(addr + STATE) & SCHED != 0 {
            raise_tasklet(machine, addr);
        }
        Ok(())
    }));
}

/// `open_softirq()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn open_softirq(nr: i32, action: u64) {
    enter(|machine, _| machine.irqs.softirqs.insert(nr as u32, action));
}

/// `raise_softirq()`: nothing for a softirq no module has a function for.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn raise_softirq(nr: u32) {
    enter(|machine, _| {
        if let Some(&action) = machine.irqs.softirqs.get(&nr) {
            machine.kernel.raise_softirq(softirq(action, 0));
        }
    });
}

/// `this_cpu_ksoftirqd()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_ksoftirqd() -> u64 {
    enter(|machine, _| {
        let id = machine.kernel.cpus[machine.kernel.this_cpu as usize].ksoftirqd;
        machine.kernel.tasks[id].addr
    })
}

/// The body of ksoftirqd.
pub(crate) fn ksoftirqd() -> i64 {
    loop {
        enter(|machine, current| machine.kernel.ksoftirqd_runs(current));
        yield_cpu();
    }
}

/// `init_irq_work()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_init_irq_work(addr: u64, func: u64) {
    or_oops(enter(|machine, _| {
        machine.check_access(addr, IRQ_WORK_SIZE, true)?;
        machine.init_object(addr, Magic::IrqWork, 1)?;
        machine.poke_u32(addr + IRQ_WORK_FLAGS, 0);
        machine.poke_u64(addr + IRQ_WORK_FUNC, func);
        Ok(())
    }));
}

fn irq_work(addr: u64, cpu: Option<u32>) -> bool {
    or_oops(enter(|machine, _| {
        machine.check_access(addr, IRQ_WORK_SIZE, true)?;
        machine.handle(addr, Magic::IrqWork, "irq_work_queue", |_, _| 1)?;
        if machine.peek_u32(addr + IRQ_WORK_FLAGS) & 1 != 0 {
            return Ok(false);
        }
        machine.poke_u32(addr + IRQ_WORK_FLAGS, 3);
        let func = irq_work_run as *const () as u64;
        let callback =
            Callback { kind: ContextKind::Hardirq, func, args: [addr, 0, 0], source: CallbackSource::Other(addr) };
        let cpu = cpu.unwrap_or(machine.kernel.this_cpu);
        machine.kernel.cpus[cpu as usize].counts.irq_work += 1;
        machine.kernel.queue_callback(cpu, callback);
        machine.end_budget();
        Ok(true)
    }))
}

extern "C" fn irq_work_run(addr: u64) {
    let func = or_oops(enter(|machine, _| {
        machine.check_access(addr, IRQ_WORK_SIZE, true)?;
        machine.poke_u32(addr + IRQ_WORK_FLAGS, 2);
        Ok(machine.peek_u64(addr + IRQ_WORK_FUNC))
    }));
    call1(func, addr);
    or_oops(enter(|machine, _| {
        machine.check_access(addr, IRQ_WORK_SIZE, true)?;
        let flags = machine.peek_u32(addr + IRQ_WORK_FLAGS);
        machine.poke_u32(addr + IRQ_WORK_FLAGS, flags & !2);
        Ok(())
    }));
}

/// `irq_work_queue()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn irq_work_queue(addr: u64) -> bool {
    irq_work(addr, None)
}

/// `irq_work_queue_on()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn irq_work_queue_on(addr: u64, cpu: i32) -> bool {
    irq_work(addr, Some(cpu as u32))
}

/// `irq_work_sync()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn irq_work_sync(addr: u64) {
    might_sleep("irq_work_sync");
    or_oops(blocking(|machine, _, _| {
        machine.check_access(addr, IRQ_WORK_SIZE, false)?;
        if machine.peek_u32(addr + IRQ_WORK_FLAGS) & 2 == 0 {
            return Ok(Op::Done(()));
        }
        machine.kernel.spin_step();
        Ok(Op::Spin)
    }));
}

crate::exports![
    plain: tasklet_init, tasklet_setup, __tasklet_schedule, tasklet_kill, kloom_tasklet_disable_nosync, kloom_tasklet_disable,
        kloom_tasklet_enable, open_softirq, raise_softirq, kloom_ksoftirqd, kloom_init_irq_work, irq_work_queue, irq_work_queue_on, irq_work_sync;
    variadic: ;
    named: "__tasklet_hi_schedule" => __tasklet_schedule, "raise_softirq_irqoff" => raise_softirq
];
