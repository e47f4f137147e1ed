//! C headers: include/linux/interrupt.h, include/linux/irq_work.h. Tasklets and softirqs; interrupt lines, of which no
//! device ever raises one.
//!
//! Behaviour follows Linux 6.1 kernel/softirq.c and kernel/irq/manage.c. A disabled tasklet that is scheduled waits here
//! until it is enabled; Linux keeps ksoftirqd busy with it meanwhile.

use std::collections::BTreeMap;

use kloom_abi::Errno;
use kloom_abi::sched::{SCHED_FIFO, TASK_INTERRUPTIBLE, TASK_UNINTERRUPTIBLE};
use kloom_kernel::fault::Fault;
use kloom_kernel::ops::Op;
use kloom_kernel::printk::Level;
use kloom_kernel::sched::cpu::{Callback, CallbackSource};
use kloom_kernel::site::{ContextKind, RawEvent};
use kloom_kernel::task::{BlockedOn, TaskId};

use crate::Machine;
use crate::call::{blocking, call1, call3, ctx, enter, might_sleep, yield_cpu};
use crate::object::Magic;
use crate::oops::or_oops;

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

/// Lines of the machine: 16 of the PIC, the rest of one IO-APIC.
const LINES: u32 = 24;
/// `IRQF_SHARED`.
const SHARED: u64 = 0x80;
/// Lines that the machine's own devices took, not shared: timer, keyboard, cascade, clock, mouse.
const TAKEN: [(u32, &str); 5] = [(0, "timer"), (1, "i8042"), (2, "cascade"), (8, "rtc0"), (12, "i8042")];

/// A function on an interrupt line.
#[derive(Clone, Debug)]
struct Action {
    name: String,
    name_addr: u64,
    dev: u64,
    handler: u64,
    requested: RawEvent,
    shared: bool,
    thread: Option<TaskId>,
    thread_fn: u64,
    wanted: bool,
}

/// What these shims keep.
#[derive(Debug, Default)]
pub struct State {
    /// Tasks in `tasklet_kill()`, by tasklet.
    killers: BTreeMap<u64, Vec<TaskId>>,
    /// Tasklets that are scheduled and have not begun to run, with who scheduled them.
    pub(crate) tasklets: BTreeMap<u64, RawEvent>,
    lines: BTreeMap<u32, Vec<Action>>,
    disabled: BTreeMap<u32, u32>,
    softirqs: BTreeMap<u32, u64>,
    /// Blocks on chains of the kernel's own.
    pub(crate) notifiers: Vec<(u64, RawEvent)>,
    /// Calls to other CPUs that have not returned.
    pub(crate) cross_calls: std::collections::BTreeSet<u64>,
    pub(crate) next_call: u64,
}

impl State {
    /// Functions on interrupt lines: line, name, handler, thread function, where it was requested.
    pub(crate) fn actions(&self) -> impl Iterator<Item = (u32, &str, [u64; 2], RawEvent)> {
        let of = |action: &'_ Action| ([action.handler, action.thread_fn], action.requested);
        self.lines.iter().flat_map(move |(&line, actions)| {
            actions.iter().map(move |action| {
                let (functions, at) = of(action);
                (line, action.name.as_str(), functions, at)
            })
        })
    }
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
pub(crate) extern "C" fn tasklet_init(addr: u64, func: u64, data: u64) {
    init(addr, func, false, data);
}

/// `tasklet_setup()`.
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
    let call = or_oops(enter(|machine, _| {
        machine.check_access(addr, SIZE, true)?;
        let state = machine.peek_u64(addr + STATE);
        if state & RUN != 0 {
            // It runs on another CPU: once more, later.
            raise_tasklet(machine, addr);
            return Ok(None);
        }
        if machine.peek_u32(addr + COUNT) != 0 {
            return Ok(None);
        }
        machine.poke_u64(addr + STATE, state & !SCHED | RUN);
        machine.irqs.tasklets.remove(&addr);
        for killer in machine.irqs.killers.remove(&addr).unwrap_or_default() {
            machine.kernel.try_to_wake_up(killer, TASK_UNINTERRUPTIBLE);
        }
        let use_callback = machine.peek_u32(addr + USE_CALLBACK) & 0xff != 0;
        Ok(Some((machine.peek_u64(addr + FUNC), if use_callback { addr } else { machine.peek_u64(addr + DATA) })))
    }));
    let Some((func, arg)) = call else { return };
    call1(func, arg);
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
        if machine.peek_u64(addr + STATE) & RUN == 0 {
            return Ok(Op::Done(()));
        }
        machine.kernel.spin_step();
        Ok(Op::Spin)
    }));
}

/// `tasklet_kill()`: waits until it neither is scheduled nor runs.
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
        if machine.peek_u64(addr + STATE) & SCHED == 0 {
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
}

/// `tasklet_disable_nosync()`.
pub(crate) extern "C" fn kloom_tasklet_disable_nosync(addr: u64) {
    or_oops(enter(|machine, _| {
        tasklet(machine, addr, "tasklet_disable")?;
        let count = machine.peek_u32(addr + COUNT);
        machine.poke_u32(addr + COUNT, count.wrapping_add(1));
        Ok(())
    }));
}

/// `tasklet_disable()`: and waits until it does not run.
pub(crate) extern "C" fn kloom_tasklet_disable(addr: u64) {
    kloom_tasklet_disable_nosync(addr);
    wait_while_running(addr, "tasklet_disable");
}

/// `tasklet_enable()`: a scheduled one runs now.
pub(crate) extern "C" fn kloom_tasklet_enable(addr: u64) {
    or_oops(enter(|machine, _| {
        tasklet(machine, addr, "tasklet_enable")?;
        let count = machine.peek_u32(addr + COUNT).wrapping_sub(1);
        machine.poke_u32(addr + COUNT, count);
        let queued = machine.kernel.cpus.iter().any(|cpu| {
            let mine = |callback: &Callback| callback.source == CallbackSource::Other(addr);
            cpu.pending.iter().any(mine) || cpu.deferred.iter().any(mine)
        });
        if count == 0 && machine.peek_u64(addr + STATE) & SCHED != 0 && !queued {
            raise_tasklet(machine, addr);
        }
        Ok(())
    }));
}

/// `open_softirq()`.
pub(crate) extern "C" fn open_softirq(nr: i32, action: u64) {
    enter(|machine, _| machine.irqs.softirqs.insert(nr as u32, action));
}

/// `raise_softirq()`: nothing for a softirq no module has a function for.
pub(crate) extern "C" fn raise_softirq(nr: u32) {
    enter(|machine, _| {
        if let Some(&action) = machine.irqs.softirqs.get(&nr) {
            machine.kernel.raise_softirq(softirq(action, 0));
        }
    });
}

/// `this_cpu_ksoftirqd()`.
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

/// `request_threaded_irq()`: 0, `-EINVAL` for a line there is not, `-EBUSY` if it is taken.
///
/// # Context
/// Process context; may sleep.
pub(crate) extern "C" fn request_threaded_irq(
    irq: u32,
    handler: u64,
    thread_fn: u64,
    flags: u64,
    name: u64,
    dev: u64,
) -> i32 {
    might_sleep("request_threaded_irq");
    or_oops(enter(|machine, current| {
        let shared = flags & SHARED != 0;
        if (shared && dev == 0) || irq >= LINES || (handler == 0 && thread_fn == 0) {
            return Ok(-Errno::EINVAL.0);
        }
        let text = if name == 0 { String::new() } else { machine.name_at(name)? };
        let other = machine
            .irqs
            .lines
            .get(&irq)
            .and_then(|actions| actions.first())
            .map(|action| (action.shared, action.name.clone()));
        let own = TAKEN.iter().find(|(line, _)| *line == irq).map(|(_, name)| (false, (*name).to_string()));
        if let Some((other_shared, other_name)) = own.or(other)
            && !(shared && other_shared)
        {
            let theirs = if other_shared { SHARED } else { 0 };
            machine.print(
                Level::Err,
                format!("genirq: Flags mismatch irq {irq}. {flags:08x} ({text}) vs. {theirs:08x} ({other_name})"),
            );
            return Ok(-Errno::EBUSY.0);
        }
        let mut thread = None;
        if thread_fn != 0 {
            let full = format!("irq/{irq}-{text}");
            let data = u64::from(irq) << 32 | machine.irqs.lines.get(&irq).map_or(0, Vec::len) as u64;
            let Ok(id) =
                machine.kernel.kthread_create(current, irq_thread as *const () as u64, data, full.as_bytes(), None)
            else {
                return Ok(-Errno::ENOMEM.0);
            };
            let _ = machine.kernel.set_scheduler(id, SCHED_FIFO, 50);
            machine.kernel.get_task(id);
            machine.kernel.wake_kthread(id);
            thread = Some(id);
        }
        let requested = machine.kernel.event_here();
        let action =
            Action { name: text, name_addr: name, dev, handler, requested, shared, thread, thread_fn, wanted: false };
        machine.irqs.lines.entry(irq).or_default().push(action);
        Ok(0)
    }))
}

/// `request_any_context_irq()`: `IRQC_IS_HARDIRQ` or an error.
pub(crate) extern "C" fn request_any_context_irq(irq: u32, handler: u64, flags: u64, name: u64, dev: u64) -> i32 {
    request_threaded_irq(irq, handler, 0, flags, name, dev)
}

/// The thread of an interrupt line.
extern "C" fn irq_thread(data: u64) -> i32 {
    let irq = (data >> 32) as u32;
    loop {
        let next = or_oops(blocking(|machine, current, _| {
            if machine.kernel.kthread_should_stop(current) {
                return Ok(Op::Done(None));
            }
            let action = machine
                .irqs
                .lines
                .get_mut(&irq)
                .and_then(|line| line.iter_mut().find(|action| action.thread == Some(current)));
            if let Some(action) = action
                && std::mem::take(&mut action.wanted)
            {
                return Ok(Op::Done(Some((action.thread_fn, action.dev))));
            }
            machine.kernel.tasks[current].c.set_task_state(TASK_INTERRUPTIBLE);
            machine.kernel.block_on(current, BlockedOn::Other("irq_thread"));
            Ok(Op::Block)
        }));
        let Some((func, dev)) = next else { return 0 };
        call3(func, u64::from(irq), dev, 0);
    }
}

/// `free_irq()`: the name given, NULL if there is no such function on the line.
///
/// # Context
/// Process context; may sleep.
pub(crate) extern "C" fn free_irq(irq: u32, dev: u64) -> u64 {
    might_sleep("free_irq");
    let (name, thread) = enter(|machine, _| {
        let actions = machine.irqs.lines.entry(irq).or_default();
        let Some(at) = actions.iter().position(|action| action.dev == dev) else {
            if irq < LINES {
                machine.warn_kernel_text(
                    &format!("Trying to free already-free IRQ {irq}"),
                    "kernel/irq/manage.c",
                    1895,
                    "free_irq",
                );
            }
            return (0, None);
        };
        let action = actions.remove(at);
        (action.name_addr, action.thread)
    });
    if let Some(thread) = thread {
        or_oops(blocking(|machine, current, progress| machine.kernel.kthread_stop(current, thread, progress)));
        enter(|machine, _| machine.kernel.put_task(thread));
    }
    name
}

/// `disable_irq()` and `disable_irq_nosync()`.
pub(crate) extern "C" fn disable_irq(irq: u32) {
    enter(|machine, _| *machine.irqs.disabled.entry(irq).or_default() += 1);
}

/// `enable_irq()`: warns when it is enabled.
pub(crate) extern "C" fn enable_irq(irq: u32) {
    enter(|machine, _| match machine.irqs.disabled.get_mut(&irq) {
        Some(depth) if *depth > 0 => *depth -= 1,
        _ => machine.warn_kernel_text(
            &format!("Unbalanced enable for IRQ {irq}"),
            "kernel/irq/manage.c",
            774,
            "__enable_irq",
        ),
    });
}

/// `synchronize_irq()`: no handler ever runs.
pub(crate) extern "C" fn synchronize_irq(_irq: u32) {
    might_sleep("synchronize_irq");
}

/// `irq_wake_thread()`.
pub(crate) extern "C" fn irq_wake_thread(irq: u32, dev: u64) {
    enter(|machine, _| {
        let action = machine.irqs.lines.get_mut(&irq).and_then(|line| line.iter_mut().find(|action| action.dev == dev));
        if let Some(action) = action
            && let Some(thread) = action.thread
        {
            action.wanted = true;
            machine.kernel.wake_up_process(thread);
        }
    });
}

/// `irq_set_affinity_hint()`.
pub(crate) extern "C" fn irq_set_affinity_hint_kloom(_irq: u32, _mask: u64) -> i32 {
    0
}

/// `irq_set_irq_type()`.
pub(crate) extern "C" fn irq_set_irq_type(irq: u32, _kind: u32) -> i32 {
    if irq < LINES { 0 } else { -Errno::EINVAL.0 }
}

/// `init_irq_work()`.
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
pub(crate) extern "C" fn irq_work_queue(addr: u64) -> bool {
    irq_work(addr, None)
}

/// `irq_work_queue_on()`.
pub(crate) extern "C" fn irq_work_queue_on(addr: u64, cpu: i32) -> bool {
    irq_work(addr, Some(cpu as u32))
}

/// `irq_work_sync()`.
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
        kloom_tasklet_enable, open_softirq, raise_softirq, kloom_ksoftirqd, request_threaded_irq, request_any_context_irq, free_irq,
        disable_irq, enable_irq, synchronize_irq, irq_wake_thread, irq_set_affinity_hint_kloom, irq_set_irq_type,
        kloom_init_irq_work, irq_work_queue, irq_work_queue_on, irq_work_sync;
    variadic: ;
    named: "__tasklet_hi_schedule" => __tasklet_schedule, "raise_softirq_irqoff" => raise_softirq, "disable_irq_nosync" => disable_irq
];
