//! C headers: include/asm/processor.h, include/asm/barrier.h, include/linux/capability.h, include/linux/smp.h.
//!
//! Calls to other CPUs follow Linux 6.1 kernel/smp.c: the function runs there in an interrupt, here with interrupts off.

use kloom_abi::Errno;
use kloom_kernel::ops::Op;
use kloom_kernel::sched::cpu::{Callback, CallbackSource};
use kloom_kernel::site::ContextKind;

use crate::Machine;
use crate::call::{blocking, call1, call3, enter, releasing};
use crate::oops::or_oops;

/// `cpu_relax()`: one round of a spin loop; the other CPUs get their turn.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_cpu_relax() {
    or_oops(blocking(|machine, _, progress| {
        if progress.first() {
            machine.kernel.spin_step();
            return Ok(Op::Spin);
        }
        Ok(Op::Done(()))
    }));
}

/// A memory barrier. The machine is sequentially consistent, so it orders nothing; it takes its time.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_barrier(kind: u32) {
    enter(|machine, _| {
        let (acquire, release) = match kind {
            1 | 4 => (true, false),
            2 | 5 => (false, true),
            _ => (true, true),
        };
        machine.note_fence(acquire, release);
    });
}

/// `data_race()` begins (1) or ends (0): what the task accesses meanwhile is meant to race.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_data_race(begins: i32) {
    enter(|machine, _| {
        if machine.kernel.order.on {
            machine.kernel.order_actor();
            machine.kernel.order.log.push(kloom_kernel::order::Happened::Ignore(begins != 0));
        }
    });
}

/// `capable()`: who has the user id 0 may do everything, and so may kernel threads.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn capable(_capability: i32) -> bool {
    true
}

/// `has_capability()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn has_capability(task: u64, _capability: i32) -> bool {
    or_oops(enter(|machine, _| machine.task_from(task, "has_capability").map(|_| true)))
}

/// Has `func(info)` called in an interrupt on another CPU; the number to wait for.
fn send(machine: &mut Machine, cpu: u32, func: u64, info: u64) -> u64 {
    machine.irqs.next_call += 1;
    let id = machine.irqs.next_call;
    machine.irqs.cross_calls.insert(id);
    let run = cross_call as *const () as u64;
    let callback =
        Callback { kind: ContextKind::Hardirq, func: run, args: [func, info, id], source: CallbackSource::Other(id) };
    machine.kernel.cpus[cpu as usize].counts.call += 1;
    machine.kernel.queue_callback(cpu, callback);
    id
}

extern "C" fn cross_call(func: u64, info: u64, id: u64) {
    crate::call::ctx().call_site.set(0);
    crate::call::ctx().fp.set(0);
    call1(func, info);
    enter(|machine, _| {
        machine.kernel.release(call_object(id));
        machine.irqs.cross_calls.remove(&id)
    });
}

/// What a call of a number releases when it returns.
fn call_object(id: u64) -> u64 {
    0x2000_0000 + id
}

/// Spins until the calls numbered `first` to `last` have returned.
fn wait_for_calls(first: u64, last: u64) {
    or_oops(blocking(|machine, _, _| {
        if machine.irqs.cross_calls.range(first..=last).next().is_none() {
            for id in first..=last {
                machine.kernel.acquire(call_object(id));
            }
            return Ok(Op::Done(()));
        }
        machine.kernel.spin_step();
        Ok(Op::Spin)
    }));
}

fn call_here(func: u64, info: u64) {
    let flags = enter(|machine, _| machine.irq_save());
    call1(func, info);
    releasing(|machine, _| {
        machine.irq_restore(flags);
        Ok(())
    });
}

/// Calls `func` on the CPUs of `mask` for which `wanted` holds.
fn call_on(mask: u64, wanted: u64, func: u64, info: u64, wait: bool) {
    let (this, mask) = enter(|machine, _| {
        machine.kernel.preempt_add(kloom_kernel::irq::PREEMPT_OFFSET);
        if wait && machine.kernel.irqs_disabled() {
            machine.warn_kernel_once("kernel/smp.c", 912, "smp_call_function_many_cond");
        }
        (machine.kernel.this_cpu, mask & machine.kernel.online_mask())
    });
    let (mut first, mut last) = (u64::MAX, 0);
    for cpu in (0..64).filter(|cpu| mask & (1 << cpu) != 0 && *cpu != this) {
        if wanted == 0 || call3(wanted, u64::from(cpu), info, 0) & 0xff != 0 {
            last = enter(|machine, _| send(machine, cpu, func, info));
            first = first.min(last);
        }
    }
    if mask & (1 << this) != 0 && (wanted == 0 || call3(wanted, u64::from(this), info, 0) & 0xff != 0) {
        call_here(func, info);
    }
    if wait && last != 0 {
        wait_for_calls(first, last);
    }
    releasing(|machine, _| {
        machine.preempt_sub(kloom_kernel::irq::PREEMPT_OFFSET, "put_cpu");
        Ok(())
    });
}

/// `smp_call_function_single()`: 0 or `-ENXIO`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn smp_call_function_single(cpu: i32, func: u64, info: u64, wait: i32) -> i32 {
    let valid = enter(|machine, _| (0..machine.kernel.cpus.len() as i32).contains(&cpu));
    if !valid {
        return -Errno::ENXIO.0;
    }
    call_on(1 << cpu, 0, func, info, wait != 0);
    0
}

/// `smp_call_function_single_async()`: the structure holds a list of 16 bytes, then function and argument.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn smp_call_function_single_async(cpu: i32, csd: u64) -> i32 {
    let (func, info) = or_oops(enter(|machine, _| {
        machine.check_access(csd, 32, true)?;
        Ok((machine.peek_u64(csd + 16), machine.peek_u64(csd + 24)))
    }));
    smp_call_function_single(cpu, func, info, 0)
}

/// `smp_call_function()`: every other CPU.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_smp_call_function(func: u64, info: u64, wait: i32) {
    let others = enter(|machine, _| machine.kernel.online_mask() & !(1 << machine.kernel.this_cpu));
    call_on(others, 0, func, info, wait != 0);
}

fn mask_at(mask: u64) -> u64 {
    or_oops(enter(|machine, _| {
        machine.check_access(mask, 8, false)?;
        Ok(machine.peek_u64(mask))
    }))
}

/// `smp_call_function_many()`: the other CPUs of the mask.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn smp_call_function_many(mask: u64, func: u64, info: u64, wait: bool) {
    let mask = mask_at(mask);
    let this = enter(|machine, _| machine.kernel.this_cpu);
    call_on(mask & !(1 << this), 0, func, info, wait);
}

/// `smp_call_function_any()`: this CPU if it is in the mask, else the first that is.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn smp_call_function_any(mask: u64, func: u64, info: u64, wait: i32) -> i32 {
    let mask = mask_at(mask);
    let this = enter(|machine, _| machine.kernel.this_cpu);
    let cpu = if mask & (1 << this) != 0 { this } else { mask.trailing_zeros() };
    smp_call_function_single(cpu as i32, func, info, wait)
}

/// `on_each_cpu_cond_mask()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn on_each_cpu_cond_mask(wanted: u64, func: u64, info: u64, wait: bool, mask: u64) {
    call_on(mask_at(mask), wanted, func, info, wait);
}

/// `smp_call_on_cpu()`: in task context; what `func` returned.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn smp_call_on_cpu(cpu: u32, func: u64, arg: u64, _phys: bool) -> i32 {
    let valid = enter(|machine, _| (cpu as usize) < machine.kernel.cpus.len());
    if valid { super::workqueue::work_on_cpu(cpu as i32, func, arg) as i32 } else { -Errno::ENXIO.0 }
}

extern "C" fn nothing(_info: u64) {}

/// `kick_all_cpus_sync()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn kick_all_cpus_sync() {
    kloom_smp_call_function(nothing as *const () as u64, 0, 1);
}

/// `wake_up_all_idle_cpus()`: they look at once anyway.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn wake_up_all_idle_cpus() {}

crate::exports![
    plain: kloom_cpu_relax, kloom_barrier, kloom_data_race, capable, has_capability, smp_call_function_single, smp_call_function_single_async,
        kloom_smp_call_function, smp_call_function_many, smp_call_function_any, on_each_cpu_cond_mask, smp_call_on_cpu,
        kick_all_cpus_sync, wake_up_all_idle_cpus;
    variadic: ;
    named:
];
