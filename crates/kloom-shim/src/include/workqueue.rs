//! C header: include/linux/workqueue.h. What waits and what runs is the kernel's; here are the C objects, the timers of
//! delayed works, and the body of worker threads.

use kloom_guest::thunk::VaFrame;
use kloom_kernel::fault::Fault;
use kloom_kernel::ops::Op;
use kloom_kernel::printk::Level;
use kloom_kernel::sched::cpu::{Callback, CallbackSource};
use kloom_kernel::site::{ContextKind, Trace};
use kloom_kernel::task::TaskId;
use kloom_kernel::workqueue::{Queued, SYSTEM_QUEUES};

use super::printk::{VarArgs, format_short};
use super::timer;
use crate::Machine;
use crate::call::{CALL_COST_NS, blocking, call1, ctx, enter, might_sleep, never_return, yield_cpu};
use crate::export::KernelData;
use crate::object::Magic;
use crate::oops::{enter_or_oops, or_oops};

/// Offsets in `struct work_struct`, and its size.
const DATA: u64 = 8;
const ENTRY: u64 = 16;
pub(crate) const FUNC: u64 = 32;
const SIZE: u64 = 40;
/// Offsets in `struct delayed_work`, and its size.
pub(crate) const TIMER: u64 = 40;
const DELAYED_WQ: u64 = 96;
const DELAYED_CPU: u64 = 104;
const DELAYED_SIZE: u64 = 112;
/// Offsets in `struct rcu_work`.
const RCU_HEAD: u64 = 40;
const RCU_WQ: u64 = 56;

/// `WORK_CPU_UNBOUND`.
const CPU_UNBOUND: i32 = 64;
/// `TIMER_IRQSAFE`.
const TIMER_IRQSAFE: u32 = 0x0020_0000;

/// `WORK_STRUCT_PWQ`: the rest of `data`, without its flags, is an address.
const DATA_IS_PWQ: u64 = 4;
const DATA_FLAGS: u64 = 0xff;
/// A work of the years before 2.6.20, whose function takes what `data` holds.
const OLD_MAGIC: u32 = 0x4b4c_0036;

/// What a `struct workqueue_struct` holds, so that a stale pointer is told from a live one.
const QUEUE_MAGIC: u32 = 0x4b4c_0030;
const QUEUE_KIND: &str = "struct workqueue_struct";
const QUEUE_SIZE: u64 = 320;

/// The variables `system_wq` and its kin.
pub(crate) fn add_system_queues(data: &mut KernelData, arena: &mut kloom_guest::arena::Arena) {
    for (handle, (variable, _, _)) in (1u32..).zip(SYSTEM_QUEUES) {
        let object = arena.alloc_kdata(16);
        arena.write_kdata(object, &QUEUE_MAGIC.to_le_bytes());
        arena.write_kdata(object + 4, &handle.to_le_bytes());
        data.add(arena, variable, &object.to_le_bytes());
    }
}

/// The queue a pointer names. A stale one is reported; 0 if it names none.
fn queue(machine: &mut Machine, wq: u64) -> Result<u32, Fault> {
    machine.check_access(wq, 8, false)?;
    Ok(if machine.peek_u32(wq) == QUEUE_MAGIC { machine.peek_u32(wq + 4) } else { 0 })
}

/// Looks at a work before it is used: its memory, and whether it was initialised.
fn check_work(machine: &mut Machine, work: u64, func: &'static str) -> Result<(), Fault> {
    machine.check_access(work, SIZE, true)?;
    machine.kernel.touched.note_changed(work);
    let kinds = [Magic::Work, Magic::DelayedWork, Magic::RcuWork];
    let found = machine.peek_u32(work);
    let data = machine.peek_u64(work + DATA);
    if found != OLD_MAGIC && data & DATA_IS_PWQ != 0 {
        // The module wrote there: Linux takes it for the address of a pool's share of a queue, and reads from that.
        machine.check_access(data & !DATA_FLAGS, 8, false)?;
    }
    if found != OLD_MAGIC && !kinds.iter().any(|&kind| kind as u32 == found) {
        machine.kernel.report(Fault::UninitObject { kind: Magic::Work.type_name(), addr: work, func });
        machine.poke_u32(work, Magic::Work as u32);
    }
    Ok(())
}

fn init(machine: &mut Machine, work: u64, magic: Magic, func: u64, data: u64) -> Result<(), Fault> {
    machine.check_access(work, SIZE, true)?;
    machine.report_reinit(work, magic);
    machine.kernel.unqueue_work(work);
    machine.init_object(work, magic, 0)?;
    machine.poke_u64(work + DATA, data);
    machine.poke_u64(work + ENTRY, work + ENTRY);
    machine.poke_u64(work + ENTRY + 8, work + ENTRY);
    machine.poke_u64(work + FUNC, func);
    Ok(())
}

/// `INIT_WORK()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_init_work(work: u64, func: u64, _onstack: i32, _name: u64, _key: u64) {
    or_oops(enter(|machine, _| init(machine, work, Magic::Work, func, 0)));
}

/// `INIT_WORK()` of the years before 2.6.20: the function takes a pointer of the caller's choice, kept in `data`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_old_work(work: u64, func: u64, data: u64, _name: u64, _key: u64) {
    or_oops(enter(|machine, _| {
        machine.note_removed("INIT_WORK() with three arguments", "INIT_WORK(work, func) and container_of()");
        init(machine, work, Magic::Work, func, data)?;
        machine.poke_u32(work, OLD_MAGIC);
        Ok(())
    }));
}

/// `INIT_DELAYED_WORK()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_init_delayed_work(
    work: u64,
    func: u64,
    flags: u32,
    _onstack: i32,
    _name: u64,
    _key: u64,
) {
    or_oops(enter(|machine, _| {
        machine.check_access(work, DELAYED_SIZE, true)?;
        init(machine, work, Magic::DelayedWork, func, 0)?;
        timer::init(machine, work + TIMER, delayed_work_timer_fn as *const () as u64, flags | TIMER_IRQSAFE, 0)
    }));
}

/// `INIT_RCU_WORK()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_init_rcu_work(work: u64, func: u64, _name: u64, _key: u64) {
    or_oops(enter(|machine, _| init(machine, work, Magic::RcuWork, func, 0)));
}

/// `alloc_workqueue()`.
///
/// # Context
/// Process context; may sleep.
pub(crate) extern "C" fn alloc_workqueue(frame: &VaFrame) -> u64 {
    might_sleep("alloc_workqueue");
    enter(|machine, _| {
        let name = format_short(machine, frame.regs[0], &mut VarArgs::after(frame, 3));
        if machine.fails("alloc_workqueue") {
            return 0;
        }
        let Some(object) = machine.kernel_block(QUEUE_SIZE, QUEUE_KIND) else { return 0 };
        let name = String::from_utf8_lossy(&name).into_owned();
        let Some(handle) = machine.kernel.alloc_workqueue(name, frame.regs[1] as u32, frame.regs[2] as i32) else {
            machine.kernel_free(object);
            return 0;
        };
        machine.poke_u32(object, QUEUE_MAGIC);
        machine.poke_u32(object + 4, handle);
        object
    })
}

/// `destroy_workqueue()`: drains, then frees.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn destroy_workqueue(wq: u64) {
    drain(wq, "destroy_workqueue");
    or_oops(enter(|machine, _| {
        let handle = queue(machine, wq)?;
        machine.kernel.free_workqueue(handle);
        machine.poke_u32(wq, 0);
        machine.kernel_free(wq);
        Ok(())
    }));
}

fn drain(wq: u64, func: &'static str) {
    might_sleep(func);
    or_oops(blocking(|machine, current, progress| {
        let handle = queue(machine, wq)?;
        machine.kernel.drain_workqueue(current, handle, progress)
    }));
}

/// `drain_workqueue()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn drain_workqueue(wq: u64) {
    drain(wq, "drain_workqueue");
}

/// `flush_workqueue()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn __flush_workqueue(wq: u64) {
    might_sleep("flush_workqueue");
    or_oops(blocking(|machine, current, progress| {
        let handle = queue(machine, wq)?;
        machine.kernel.flush_workqueue(current, handle, progress)
    }));
}

fn on_cpu(cpu: i32) -> Option<u32> {
    (cpu != CPU_UNBOUND).then_some(cpu as u32)
}

/// Whether a request to queue changed anything; a queue that is being drained warns and looks as if it had.
fn answer(machine: &mut Machine, queued: Queued) -> bool {
    if queued == Queued::Draining {
        machine.warn_kernel_once("kernel/workqueue.c", 1444, "__queue_work");
    }
    queued != Queued::WasPending
}

/// `queue_work_on()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn queue_work_on(cpu: i32, wq: u64, work: u64) -> bool {
    enter_or_oops(|machine, _| {
        check_work(machine, work, "queue_work")?;
        if machine.kernel.work_pending(work) {
            return Ok(false);
        }
        let handle = queue(machine, wq)?;
        let queued = machine.kernel.insert_work(on_cpu(cpu), handle, work);
        Ok(answer(machine, queued))
    })
}

/// `queue_work_node()`: there is one node.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn queue_work_node(_node: i32, wq: u64, work: u64) -> bool {
    queue_work_on(CPU_UNBOUND, wq, work)
}

/// Queues a delayed work that is not pending, at once or when its timer goes off.
fn start_delayed(machine: &mut Machine, cpu: i32, wq: u64, work: u64, delay: u64) -> Result<bool, Fault> {
    if delay == 0 {
        let handle = queue(machine, wq)?;
        let queued = machine.kernel.queue_work(on_cpu(cpu), handle, work);
        return Ok(answer(machine, queued));
    }
    let handle = queue(machine, wq)?;
    machine.poke_u64(work + DELAYED_WQ, wq);
    machine.poke_u32(work + DELAYED_CPU, cpu as u32);
    let timer = timer::object(machine, work + TIMER, "queue_delayed_work")?;
    let expires = machine.kernel.jiffies().wrapping_add(delay);
    let on = on_cpu(cpu).filter(|&cpu| (cpu as usize) < machine.kernel.cpus.len());
    timer::arm(machine, work + TIMER, timer, expires, on)?;
    machine.kernel.work_timer_armed(handle, work);
    Ok(true)
}

/// `queue_delayed_work_on()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn queue_delayed_work_on(cpu: i32, wq: u64, work: u64, delay: u64) -> bool {
    or_oops(enter(|machine, _| {
        machine.check_access(work, DELAYED_SIZE, true)?;
        check_work(machine, work, "queue_delayed_work")?;
        if machine.kernel.work_pending(work) {
            return Ok(false);
        }
        start_delayed(machine, cpu, wq, work, delay)
    }))
}

/// Waits while the timer's function of a delayed work has begun and has not queued the work yet: on Linux, whoever takes a
/// work off tries until that is done (kernel/workqueue.c, `try_to_grab_pending()`, 6.1).
fn let_timer_queue(work: u64) -> Result<(), Fault> {
    blocking(|machine, _, _| {
        machine.check_access(work, DELAYED_SIZE, true)?;
        let timer = machine.old_handle(work + TIMER, Magic::Timer);
        let kernel = &mut machine.kernel;
        if timer != 0
            && kernel.workqueues.waits_for_timer(work)
            && kernel.cpus.iter().any(|cpu| cpu.id != kernel.this_cpu && cpu.runs_callback_of(timer))
        {
            kernel.spin_step();
            return Ok(Op::Spin);
        }
        Ok(Op::Done(()))
    })
}

/// Stops the timer of a delayed work and takes it off its list: whether it was pending.
fn grab_delayed(machine: &mut Machine, work: u64) -> Result<bool, Fault> {
    machine.check_access(work, DELAYED_SIZE, true)?;
    let timer = machine.old_handle(work + TIMER, Magic::Timer);
    let timer_ran = timer != 0 && machine.kernel.del_timer(timer) == 1;
    Ok(machine.kernel.unqueue_work(work) | timer_ran)
}

/// `mod_delayed_work_on()`: true if it was pending.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn mod_delayed_work_on(cpu: i32, wq: u64, work: u64, delay: u64) -> bool {
    or_oops(let_timer_queue(work));
    or_oops(enter(|machine, _| {
        check_work(machine, work, "mod_delayed_work")?;
        let was_pending = grab_delayed(machine, work)?;
        if !machine.kernel.work_pending(work) {
            start_delayed(machine, cpu, wq, work, delay)?;
        }
        Ok(was_pending)
    }))
}

/// The function of a delayed work's timer.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn delayed_work_timer_fn(timer: u64) {
    or_oops(enter(|machine, _| {
        let work = timer - TIMER;
        machine.check_access(work, DELAYED_SIZE, true)?;
        let handle = queue(machine, machine.peek_u64(work + DELAYED_WQ))?;
        let cpu = machine.peek_u32(work + DELAYED_CPU) as i32;
        let queued = machine.kernel.work_timer_due(on_cpu(cpu), handle, work);
        answer(machine, queued);
        Ok(())
    }));
}

/// `queue_rcu_work()`: queued when a grace period is over.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn queue_rcu_work(wq: u64, work: u64) -> bool {
    or_oops(enter(|machine, _| {
        check_work(machine, work, "queue_rcu_work")?;
        if machine.kernel.work_pending(work) {
            return Ok(false);
        }
        let handle = queue(machine, wq)?;
        machine.check_access(work + RCU_WQ, 8, true)?;
        machine.poke_u64(work + RCU_WQ, wq);
        machine.kernel.work_timer_armed(handle, work);
        let callback = Callback {
            kind: ContextKind::Softirq,
            func: super::rcupdate::rcu_callback as *const () as u64,
            args: [work + RCU_HEAD, rcu_work_due as *const () as u64, 0],
            source: CallbackSource::Other(work),
        };
        machine.kernel.call_rcu(callback);
        Ok(true)
    }))
}

extern "C" fn rcu_work_due(head: u64) {
    or_oops(enter(|machine, _| {
        let work = head - RCU_HEAD;
        machine.check_access(work, RCU_WQ + 8, true)?;
        let handle = queue(machine, machine.peek_u64(work + RCU_WQ))?;
        let queued = machine.kernel.work_timer_due(None, handle, work);
        answer(machine, queued);
        Ok(())
    }));
}

fn flush(work: u64, func: &'static str) -> bool {
    might_sleep(func);
    let proceed = or_oops(enter(|machine, _| {
        machine.check_access(work, SIZE, true)?;
        // WARN_ON(!work->func) of __flush_work().
        if machine.peek_u64(work + FUNC) == 0 {
            machine.warn_kernel("kernel/workqueue.c", 3066, "__flush_work");
            return Ok(false);
        }
        check_work(machine, work, func)?;
        Ok(true)
    }));
    proceed && or_oops(blocking(|machine, current, progress| machine.kernel.flush_work(current, work, progress)))
}

/// `flush_work()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn flush_work(work: u64) -> bool {
    flush(work, "flush_work")
}

/// `flush_delayed_work()`: queues it at once if its timer runs.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn flush_delayed_work(work: u64) -> bool {
    or_oops(enter(|machine, _| {
        machine.check_access(work, DELAYED_SIZE, true)?;
        let timer = machine.old_handle(work + TIMER, Magic::Timer);
        if timer != 0 && machine.kernel.del_timer(timer) == 1 {
            let handle = queue(machine, machine.peek_u64(work + DELAYED_WQ))?;
            let cpu = machine.peek_u32(work + DELAYED_CPU) as i32;
            machine.kernel.work_timer_due(on_cpu(cpu), handle, work);
        }
        Ok(())
    }));
    flush(work, "flush_delayed_work")
}

/// `flush_rcu_work()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn flush_rcu_work(work: u64) -> bool {
    let pending = enter(|machine, _| machine.kernel.work_pending(work));
    if pending {
        super::rcupdate::rcu_barrier();
    }
    flush(work, "flush_rcu_work") || pending
}

/// `cancel_work()`: true if it was pending.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn cancel_work(work: u64) -> bool {
    or_oops(enter(|machine, _| {
        check_work(machine, work, "cancel_work")?;
        Ok(machine.kernel.unqueue_work(work))
    }))
}

/// `cancel_delayed_work()`: true if it was pending.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn cancel_delayed_work(work: u64) -> bool {
    or_oops(let_timer_queue(work));
    or_oops(enter(|machine, _| {
        check_work(machine, work, "cancel_delayed_work")?;
        grab_delayed(machine, work)
    }))
}

fn cancel_sync(work: u64, delayed: bool, func: &'static str) -> bool {
    might_sleep(func);
    if delayed {
        or_oops(let_timer_queue(work));
    }
    let (initialised, timer_ran) = or_oops(enter(|machine, _| {
        let size = if delayed { DELAYED_SIZE } else { SIZE };
        machine.check_access(work, size, true)?;
        let initialised = machine.peek_u64(work + FUNC) != 0;
        if !initialised {
            machine.warn_kernel("kernel/workqueue.c", 3066, "__flush_work");
            return Ok((false, false));
        }
        check_work(machine, work, func)?;
        let timer = if delayed { machine.old_handle(work + TIMER, Magic::Timer) } else { 0 };
        Ok((true, timer != 0 && machine.kernel.del_timer(timer) == 1))
    }));
    let cancelled = initialised
        && or_oops(blocking(|machine, current, progress| machine.kernel.cancel_work_sync(current, work, progress)));
    cancelled || timer_ran
}

/// `cancel_work_sync()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn cancel_work_sync(work: u64) -> bool {
    cancel_sync(work, false, "cancel_work_sync")
}

/// `cancel_delayed_work_sync()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn cancel_delayed_work_sync(work: u64) -> bool {
    cancel_sync(work, true, "cancel_delayed_work_sync")
}

/// `workqueue_set_max_active()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn workqueue_set_max_active(wq: u64, max_active: i32) {
    might_sleep("workqueue_set_max_active");
    or_oops(enter(|machine, _| {
        let handle = queue(machine, wq)?;
        machine.kernel.workqueue_set_max_active(handle, max_active);
        Ok(())
    }));
}

/// `current_work()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn current_work() -> u64 {
    enter(|machine, current| machine.kernel.current_work(current).unwrap_or(0))
}

/// `current_is_workqueue_rescuer()`: rescuers never have to help here.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn current_is_workqueue_rescuer() -> bool {
    false
}

/// `workqueue_congested()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn workqueue_congested(cpu: i32, wq: u64) -> bool {
    or_oops(enter(|machine, _| {
        let handle = queue(machine, wq)?;
        Ok(machine.kernel.workqueue_congested(handle, on_cpu(cpu)))
    }))
}

/// `work_busy()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn work_busy(work: u64) -> u32 {
    or_oops(enter(|machine, _| {
        machine.check_access(work, SIZE, false)?;
        Ok(machine.kernel.work_busy(work))
    }))
}

/// `work_pending()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_work_pending(work: u64) -> i32 {
    or_oops(enter(|machine, _| {
        machine.check_access(work, SIZE, false)?;
        Ok(i32::from(machine.kernel.work_pending(work)))
    }))
}

/// `set_worker_desc()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn set_worker_desc(frame: &VaFrame) {
    enter(|machine, current| {
        let desc = format_short(machine, frame.regs[0], &mut VarArgs::after(frame, 1));
        machine.kernel.set_worker_desc(current, &String::from_utf8_lossy(&desc));
    });
}

const ATTRS_KIND: &str = "struct workqueue_attrs";

/// `alloc_workqueue_attrs()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn alloc_workqueue_attrs() -> u64 {
    might_sleep("alloc_workqueue_attrs");
    enter(|machine, _| {
        let Some(attrs) = machine.kernel_block(32, ATTRS_KIND) else { return 0 };
        let all = machine.kernel.online_mask();
        machine.poke_u64(attrs + 24, all);
        machine.poke_u64(attrs + 8, attrs + 24);
        attrs
    })
}

/// `free_workqueue_attrs()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn free_workqueue_attrs(attrs: u64) {
    enter(|machine, _| machine.kernel_free(attrs));
}

/// `apply_workqueue_attrs()`: accepted; workers keep their own niceness.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn apply_workqueue_attrs(wq: u64, attrs: u64) -> i32 {
    might_sleep("apply_workqueue_attrs");
    or_oops(enter(|machine, _| {
        queue(machine, wq)?;
        machine.check_access(attrs, 24, false)?;
        Ok(0)
    }))
}

/// A work of the kernel's own on `cpu`, for a caller that waits for it.
const OWN_KIND: &str = "struct work_for_cpu";
const OWN_FN: u64 = SIZE;
const OWN_ARG: u64 = SIZE + 8;
const OWN_RET: u64 = SIZE + 16;

fn own_work(cpu: u32, work_fn: u64, func: u64, arg: u64) -> u64 {
    or_oops(enter(|machine, _| {
        let Some(work) = machine.kernel_block(SIZE + 24, OWN_KIND) else { return Ok(0) };
        init(machine, work, Magic::Work, work_fn, 0)?;
        machine.poke_u64(work + OWN_FN, func);
        machine.poke_u64(work + OWN_ARG, arg);
        machine.kernel.queue_work(Some(cpu), 1, work);
        Ok(work)
    }))
}

/// `schedule_on_each_cpu()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn schedule_on_each_cpu(func: u64) -> i32 {
    might_sleep("schedule_on_each_cpu");
    let cpus = enter(|machine, _| machine.kernel.cpus.len() as u32);
    let mut works = [0; 64];
    for (cpu, work) in (0..cpus).zip(&mut works) {
        *work = own_work(cpu, func, 0, 0);
    }
    for &work in works.iter().filter(|&&work| work != 0) {
        flush(work, "schedule_on_each_cpu");
        enter(|machine, _| machine.kernel_free(work));
    }
    0
}

extern "C" fn work_for_cpu(work: u64) {
    let (func, arg) = enter(|machine, _| (machine.peek_u64(work + OWN_FN), machine.peek_u64(work + OWN_ARG)));
    let ret = call1(func, arg);
    enter(|machine, _| machine.poke_u64(work + OWN_RET, ret));
}

/// `work_on_cpu()`: what `func` returned there.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn work_on_cpu(cpu: i32, func: u64, arg: u64) -> i64 {
    might_sleep("work_on_cpu");
    let work = own_work(cpu as u32, work_for_cpu as *const () as u64, func, arg);
    if work == 0 {
        return kloom_abi::Errno::ENOMEM.to_c();
    }
    flush(work, "work_on_cpu");
    enter(|machine, _| {
        let ret = machine.peek_u64(work + OWN_RET);
        machine.kernel_free(work);
        ret as i64
    })
}

/// `execute_in_process_context()`: 1 if it had to be queued.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn execute_in_process_context(func: u64, work: u64) -> i32 {
    let interrupt = or_oops(enter(|machine, _| {
        let interrupt = machine.kernel.context_kind() != ContextKind::Task;
        if interrupt {
            init(machine, work, Magic::Work, func, 0)?;
            machine.kernel.queue_work(None, 1, work);
        }
        Ok(interrupt)
    }));
    if !interrupt {
        call1(func, work);
    }
    i32::from(interrupt)
}

/// What a worker does next.
enum Turn {
    /// It gives up the CPU: nothing is left to do, or somebody else has waited long enough.
    GiveWay,
    /// It calls a function of the module.
    Call { work: u64, func: u64, arg: u64 },
    /// The work lies in a stack frame that is gone: Linux would call whatever is there now.
    Dead,
    /// It runs a closure of Rust code.
    Rust(u64),
}

/// The body of a kworker.
///
/// Finishing a work and taking the next one are one visit of the kernel, whose parts cost virtual time as the visits
/// that they stand for.
pub(crate) fn worker_thread() -> i64 {
    let mut turn = enter_or_oops(next_work);
    loop {
        turn = match turn {
            Turn::GiveWay => {
                yield_cpu();
                if crate::rust::cancelling() {
                    return 0;
                }
                enter_or_oops(next_work)
            }
            Turn::Call { work, func, arg } => {
                ctx().call_site.set(0);
                ctx().fp.set(0);
                call1(func, arg);
                crate::choice::ends(work);
                enter_or_oops(|machine, current| work_returned(machine, current, func))
            }
            Turn::Dead => enter_or_oops(|machine, current| work_returned(machine, current, 0)),
            Turn::Rust(work) => {
                let gave_way = crate::rust::run_work(work);
                if gave_way == Some(false) || crate::rust::cancelling() {
                    return 0;
                }
                enter_or_oops(next_work)
            }
        };
    }
}

/// Takes the next work of the calling worker.
fn next_work(machine: &mut Machine, current: TaskId) -> Result<Turn, Fault> {
    let Some(work) = machine.kernel.worker_next(current) else { return Ok(Turn::GiveWay) };
    if machine.rust.has_work(work) {
        return Ok(Turn::Rust(work));
    }
    machine.kernel.here = Trace::default();
    machine.kernel.charge(CALL_COST_NS);
    machine.check_access(work, SIZE, true)?;
    let dead = machine.report_dead_frame(work, Magic::Work, "work_struct");
    let func = machine.peek_u64(work + FUNC);
    machine.kernel.worker_calls(current, func);
    let arg = if machine.peek_u32(work) == OLD_MAGIC { machine.peek_u64(work + DATA) } else { work };
    Ok(if dead { Turn::Dead } else { Turn::Call { work, func, arg } })
}

/// The function of the calling worker's work returned; the work's memory may be gone by now.
fn work_returned(machine: &mut Machine, current: TaskId, func: u64) -> Result<Turn, Fault> {
    let task = &machine.kernel.tasks[current];
    if task.preempt_count != 0 || !task.held.is_empty() {
        let (pid, comm, count) = (task.pid, task.c.comm_text(), task.preempt_count);
        machine.print(Level::Err, format!("BUG: workqueue leaked lock or atomic: {comm}/0x{count:08x}/{pid}"));
        let last = machine.symbolic(func);
        machine.print(Level::Err, format!("     last function: {}", last.split('+').next().unwrap_or_default()));
        machine.kernel.check_exit_balance(current, "return of the work function");
    }
    machine.kernel.worker_done(current);
    if machine.kernel.cond_resched(current) {
        machine.kernel.name_worker(current);
        return Ok(Turn::GiveWay);
    }
    machine.kernel.charge(CALL_COST_NS);
    next_work(machine, current)
}

/// The body of a queue's rescuer: it sleeps until the queue is destroyed.
pub(crate) fn rescuer_thread() -> i64 {
    while !enter(|machine, current| machine.kernel.rescuer_should_exit(current)) {
        yield_cpu();
    }
    enter(|machine, current| machine.kernel.do_exit(current, 0));
    never_return();
}

crate::exports![
    plain: kloom_init_work, kloom_old_work, kloom_init_delayed_work, kloom_init_rcu_work, destroy_workqueue, drain_workqueue,
        __flush_workqueue, queue_work_on, queue_work_node, queue_delayed_work_on, mod_delayed_work_on, delayed_work_timer_fn,
        queue_rcu_work, flush_work, flush_delayed_work, flush_rcu_work, cancel_work, cancel_delayed_work, cancel_work_sync,
        cancel_delayed_work_sync, workqueue_set_max_active, current_work, current_is_workqueue_rescuer, workqueue_congested,
        work_busy, kloom_work_pending, alloc_workqueue_attrs, free_workqueue_attrs, apply_workqueue_attrs, schedule_on_each_cpu,
        work_on_cpu, execute_in_process_context;
    variadic: alloc_workqueue, set_worker_desc;
    named:
];
