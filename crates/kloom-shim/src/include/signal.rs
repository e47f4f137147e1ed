//! C header: include/linux/signal.h, include/linux/sched/signal.h.

use kloom_abi::Errno;
use kloom_kernel::fault::Fault;

use crate::Machine;
use crate::call::enter;
use crate::oops::or_oops;

/// `allow_signal()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn kloom_allow_signal(signal: i32) {
    enter(|machine, current| machine.kernel.allow_signal(current, signal));
}

/// `disallow_signal()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn kloom_disallow_signal(signal: i32) {
    enter(|machine, current| machine.kernel.disallow_signal(current, signal));
}

fn count_look(machine: &mut Machine, task: kloom_kernel::task::TaskId) {
    if let Some(kthread) = machine.kernel.tasks[task].kthread_mut() {
        kthread.signal_pending_calls += 1;
    }
}

/// `signal_pending()`.
pub(crate) extern "C" fn kloom_signal_pending(task: u64) -> i32 {
    or_oops(enter(|machine, _| {
        let id = machine.task_from(task, "signal_pending")?;
        count_look(machine, id);
        Ok(i32::from(machine.kernel.signal_pending(id)))
    }))
}

/// `fatal_signal_pending()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_fatal_signal_pending(task: u64) -> i32 {
    or_oops(enter(|machine, _| {
        let id = machine.task_from(task, "fatal_signal_pending")?;
        count_look(machine, id);
        Ok(i32::from(machine.kernel.fatal_signal_pending(id)))
    }))
}

/// `flush_signals()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn flush_signals(task: u64) {
    or_oops(enter(|machine, _| {
        let id = machine.task_from(task, "flush_signals")?;
        machine.kernel.flush_signals(id);
        Ok(())
    }));
}

/// `kernel_dequeue_signal()`: the next pending signal, or 0.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn kloom_kernel_dequeue_signal(info: u64) -> i32 {
    or_oops(enter(|machine, current| {
        let signal = machine.kernel.dequeue_signal(current);
        if info != 0 && signal != 0 {
            machine.check_access(info, 4, true)?;
            machine.poke_u32(info, signal as u32);
        }
        Ok(signal)
    }))
}

fn send(task: u64, signal: i32, func: &'static str) -> Result<i32, Fault> {
    enter(|machine, _| {
        let id = machine.task_from(task, func)?;
        Ok(machine.kernel.send_signal(id, signal).map_or_else(|errno| -errno.0, |()| 0))
    })
}

/// `send_sig()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn send_sig(signal: i32, task: u64, _privileged: i32) -> i32 {
    or_oops(send(task, signal, "send_sig"))
}

/// `send_sig_info()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn send_sig_info(signal: i32, _info: u64, task: u64) -> i32 {
    or_oops(send(task, signal, "send_sig_info"))
}

/// `force_sig()` on current.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn force_sig(signal: i32) {
    enter(|machine, current| {
        let _ = machine.kernel.force_signal(current, signal);
    });
}

/// `recalc_sigpending()`: whether a signal is pending is computed when asked.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn recalc_sigpending() {}

/// The two-argument `force_sig()` of the years before 5.3.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn force_sig_compat(signal: i32, task: u64) -> i32 {
    or_oops(enter(|machine, _| {
        machine.note_removed("force_sig with two arguments", "send_sig()");
        let id = machine.task_from(task, "force_sig")?;
        Ok(machine.kernel.force_signal(id, signal).map_or_else(|errno| -errno.0, |()| 0))
    }))
}

/// `sigprocmask()`: adds to, takes from or replaces the signals that current blocks; 0 or `-EINVAL`.
///
/// # Context
/// Process context.
pub(crate) extern "C" fn sigprocmask(how: i32, set: u64, old: u64) -> i32 {
    or_oops(enter(|machine, current| {
        let before = machine.kernel.tasks[current].signals.blocked;
        let asked = if set == 0 { 0 } else { machine.get_u64(set)? };
        let after = match how {
            0 => before | asked,
            1 => before & !asked,
            2 => asked,
            _ => return Ok(-Errno::EINVAL.0),
        };
        if old != 0 {
            machine.put_u64(old, before)?;
        }
        if set != 0 {
            machine.kernel.set_blocked(current, after);
        }
        Ok(0)
    }))
}

crate::exports![
    plain: kloom_allow_signal, kloom_disallow_signal, kloom_signal_pending, kloom_fatal_signal_pending, flush_signals,
        kloom_kernel_dequeue_signal, send_sig, send_sig_info, force_sig, force_sig_compat, sigprocmask, recalc_sigpending;
    variadic: ;
    named:
];
