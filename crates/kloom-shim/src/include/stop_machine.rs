//! C header: include/linux/stop_machine.h.
//!
//! Behaviour follows Linux 6.1 kernel/stop_machine.c: `migration/N` of every CPU in use takes its CPU, all disable
//! interrupts, then those of the mask call the function, then all go on.

use kloom_abi::sched::{TASK_INTERRUPTIBLE, TASK_UNINTERRUPTIBLE};
use kloom_kernel::ops::Op;
use kloom_kernel::task::{BlockedOn, Service, TaskId};

use crate::call::{blocking, call1, enter, might_sleep, releasing, yield_cpu};
use crate::oops::or_oops;

/// A machine that is being stopped.
#[derive(Clone, Copy, Debug)]
struct Stop {
    func: u64,
    data: u64,
    /// CPUs that call the function, and all that take part.
    callers: u64,
    all: u64,
    /// CPUs whose thread has arrived, has interrupts off, has called, has left.
    arrived: u64,
    quiet: u64,
    called: u64,
    left: u64,
    result: i32,
    waiter: TaskId,
}

/// What the threads do.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    stop: Option<Stop>,
}

/// `stop_machine()`: the function's result (the last one that is not 0).
///
/// # Context
/// Process context; sleeps. The function runs with interrupts off on every CPU: it must not sleep.
pub(crate) extern "C" fn stop_machine(func: u64, data: u64, cpus: u64) -> i32 {
    might_sleep("stop_machine");
    super::cpu::cpus_read_lock();
    let asked = if cpus == 0 { 0 } else { or_oops(enter(|machine, _| machine.get_u64(cpus))) };
    // One at a time.
    or_oops(blocking(|machine, current, _| {
        if machine.irqs.stopper.stop.is_some() {
            machine.kernel.spin_step();
            return Ok(Op::Spin);
        }
        let all = machine.kernel.online_mask();
        let callers = if cpus == 0 { 1 << all.trailing_zeros() } else { asked & all };
        machine.irqs.stopper.stop = Some(Stop {
            func,
            data,
            callers,
            all,
            arrived: 0,
            quiet: 0,
            called: 0,
            left: 0,
            result: 0,
            waiter: current,
        });
        for cpu in (0..64).filter(|cpu| all >> cpu & 1 != 0) {
            if let Some(thread) = machine.kernel.service_thread(Service::Stopper, cpu) {
                machine.kernel.wake_service(thread);
            }
        }
        Ok(Op::Done(()))
    }));
    let result = or_oops(blocking(|machine, current, _| {
        if let Some(stop) = machine.irqs.stopper.stop
            && stop.left == stop.all
        {
            machine.irqs.stopper.stop = None;
            return Ok(Op::Done(stop.result));
        }
        machine.kernel.tasks[current].c.set_task_state(TASK_UNINTERRUPTIBLE);
        machine.kernel.block_on(current, BlockedOn::Other("stop_cpus"));
        Ok(Op::Block)
    }));
    super::cpu::cpus_read_unlock();
    result
}

/// Spins until all CPUs have set their bit in what `step` names.
fn all_reach(bit: u64, step: fn(&mut Stop) -> &mut u64) {
    or_oops(blocking(|machine, _, _| {
        let Some(stop) = machine.irqs.stopper.stop.as_mut() else { return Ok(Op::Done(())) };
        *step(stop) |= bit;
        if *step(stop) == stop.all {
            return Ok(Op::Done(()));
        }
        machine.kernel.spin_step();
        Ok(Op::Spin)
    }));
}

/// The body of `migration/N`.
pub(crate) fn migration_thread() -> i64 {
    loop {
        let job = enter(|machine, current| {
            let bit = 1u64 << machine.kernel.tasks[current].se.cpu;
            let job = machine.irqs.stopper.stop.filter(|stop| stop.all & bit != 0 && stop.left & bit == 0);
            if job.is_none() {
                machine.kernel.tasks[current].c.set_task_state(TASK_INTERRUPTIBLE);
                machine.kernel.block_on(current, BlockedOn::Other("smpboot_thread_fn"));
                machine.kernel.schedule(current);
            }
            job.map(|job| (job, bit))
        });
        let Some((job, bit)) = job else {
            yield_cpu();
            continue;
        };
        all_reach(bit, |stop| &mut stop.arrived);
        let flags = enter(|machine, _| machine.irq_save());
        all_reach(bit, |stop| &mut stop.quiet);
        if job.callers & bit != 0 {
            let result = call1(job.func, job.data) as i32;
            enter(|machine, _| {
                if let Some(stop) = machine.irqs.stopper.stop.as_mut()
                    && result != 0
                {
                    stop.result = result;
                }
            });
        }
        all_reach(bit, |stop| &mut stop.called);
        releasing(|machine, _| {
            machine.irq_restore(flags);
            if let Some(stop) = machine.irqs.stopper.stop.as_mut() {
                stop.left |= bit;
                if stop.left == stop.all {
                    let waiter = stop.waiter;
                    machine.kernel.try_to_wake_up(waiter, TASK_UNINTERRUPTIBLE);
                }
            }
            Ok(())
        });
    }
}

crate::exports![
    plain: stop_machine;
    variadic: ;
    named:
];
