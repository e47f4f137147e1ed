//! C header: include/linux/timer.h. `expires`, `function`, `flags` and `data` are read from the C object when they count:
//! at arming, and when the timer goes off.

use kloom_kernel::fault::Fault;
use kloom_kernel::ops::Op;
use kloom_kernel::sched::cpu::CallbackSource;

use crate::Machine;
use crate::call::{blocking, call1, ctx, enter};
use crate::object::Magic;
use crate::oops::{or_oops, or_oops_in};

/// Offsets in `struct timer_list`, and its size.
const ENTRY: u64 = 8;
pub(crate) const EXPIRES: u64 = 24;
const FUNCTION: u64 = 32;
const FLAGS: u64 = 40;
const DATA: u64 = 48;
const SIZE: u64 = 56;

/// `KLOOM_TIMER_DATA`: the function takes `data`.
const TAKES_DATA: u32 = 0x0100_0000;

pub(crate) fn object(machine: &mut Machine, addr: u64, func: &'static str) -> Result<u32, Fault> {
    machine.check_access(addr, SIZE, true)?;
    machine.handle(addr, Magic::Timer, func, |machine, _| {
        let at = machine.kernel.event_here();
        machine.kernel.timers.register(addr, at)
    })
}

pub(crate) fn init(machine: &mut Machine, addr: u64, function: u64, flags: u32, data: u64) -> Result<(), Fault> {
    machine.check_access(addr, SIZE, true)?;
    machine.report_reinit(addr, Magic::Timer);
    let old = machine.old_handle(addr, Magic::Timer);
    let idle = |timer: &kloom_kernel::time::timer::Timer| {
        timer.addr == addr && timer.pending.is_none() && !timer.queued && !timer.running
    };
    if machine.kernel.timers.get(old).is_some_and(idle) {
        machine.kernel.forget_timer(old);
    }
    let at = machine.kernel.event_here();
    let handle = machine.kernel.timers.register(addr, at);
    machine.init_object(addr, Magic::Timer, handle)?;
    machine.poke_u64(addr + ENTRY, 0);
    machine.poke_u64(addr + ENTRY + 8, 0);
    machine.poke_u64(addr + FUNCTION, function);
    machine.poke_u32(addr + FLAGS, flags);
    machine.poke_u64(addr + DATA, data);
    Ok(())
}

/// `timer_setup()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn init_timer_key(addr: u64, function: u64, flags: u32, _name: u64, _key: u64) {
    or_oops(enter(|machine, _| init(machine, addr, function, flags, 0)));
}

/// `init_timer()` and `setup_timer()`, dropped in 4.15.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_init_timer_data(addr: u64, function: u64, data: u64, _name: u64, _key: u64, api: u64) {
    or_oops(enter(|machine, _| {
        let api = machine.text_at(api);
        machine.note_removed(&api, "timer_setup()");
        init(machine, addr, function, TAKES_DATA, data)
    }));
}

pub(crate) fn arm(machine: &mut Machine, addr: u64, handle: u32, expires: u64, cpu: Option<u32>) -> Result<i32, Fault> {
    let function = machine.peek_u64(addr + FUNCTION);
    // A timer without function counts as shut down: it is not started, and nothing is said (seen on 6.1).
    if function == 0 {
        return Ok(0);
    }
    let flags = machine.peek_u32(addr + FLAGS);
    let arg = if flags & TAKES_DATA != 0 { machine.peek_u64(addr + DATA) } else { addr };
    machine.poke_u64(addr + EXPIRES, expires);
    Ok(machine.kernel.mod_timer(handle, function, arg, expires, cpu))
}

fn add(addr: u64, cpu: Option<u32>, line: u32, func: &'static str) {
    or_oops(enter(|machine, _| {
        let handle = object(machine, addr, func)?;
        if machine.kernel.timer_pending(handle) {
            let condition = "timer_pending(timer)".to_string();
            return Err(Fault::Bug {
                file: "kernel/time/timer.c".to_string(),
                line,
                function: func.to_string(),
                condition,
            });
        }
        let expires = machine.peek_u64(addr + EXPIRES);
        let cpu = cpu.filter(|&cpu| (cpu as usize) < machine.kernel.cpus.len());
        arm(machine, addr, handle, expires, cpu)
    }));
}

/// `add_timer()`: BUG when it is pending.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn add_timer(addr: u64) {
    add(addr, None, 1156, "add_timer");
}

/// `add_timer_on()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn add_timer_on(addr: u64, cpu: i32) {
    add(addr, Some(cpu as u32), 1176, "add_timer_on");
}

/// `mod_timer()`: 1 if it was pending.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn mod_timer(addr: u64, expires: u64) -> i32 {
    or_oops(enter(|machine, _| {
        let handle = object(machine, addr, "mod_timer")?;
        arm(machine, addr, handle, expires, None)
    }))
}

/// `mod_timer_pending()`: leaves a timer alone that is not pending.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn mod_timer_pending(addr: u64, expires: u64) -> i32 {
    or_oops(enter(|machine, _| {
        let handle = object(machine, addr, "mod_timer_pending")?;
        if machine.kernel.timer_pending(handle) { arm(machine, addr, handle, expires, None) } else { Ok(0) }
    }))
}

/// `timer_reduce()`: only ever brings the expiry forward.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn timer_reduce(addr: u64, expires: u64) -> i32 {
    or_oops(enter(|machine, _| {
        let handle = object(machine, addr, "timer_reduce")?;
        let before = machine.peek_u64(addr + EXPIRES).wrapping_sub(expires) as i64;
        if machine.kernel.timer_pending(handle) && before <= 0 {
            return Ok(1);
        }
        arm(machine, addr, handle, expires, None)
    }))
}

fn delete(addr: u64, shutdown: bool, func: &'static str) -> i32 {
    or_oops(enter(|machine, _| {
        let handle = object(machine, addr, func)?;
        if shutdown {
            machine.kernel.timer_shutdown(handle);
        }
        Ok(machine.kernel.del_timer(handle))
    }))
}

fn delete_sync(addr: u64, shutdown: bool, func: &'static str) -> i32 {
    let mut reported = false;
    or_oops(blocking(|machine, current, progress| {
        let handle = object(machine, addr, func)?;
        if !reported && machine.kernel.runs_in_callback(CallbackSource::Timer(handle)) {
            // It waits for the function that called it.
            reported = true;
            machine.kernel.report(Fault::Deadlock { cycle: vec![current] });
        }
        let outcome = machine.kernel.del_timer_sync(current, handle, shutdown, progress);
        if outcome == Op::Spin
            && !reported
            && let Some(fault) = machine.kernel.callback_deadlock(current, CallbackSource::Timer(handle), addr)
        {
            reported = true;
            machine.kernel.report(fault);
        }
        Ok(outcome)
    }))
}

/// `del_timer()`: 1 if it was pending.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn del_timer(addr: u64) -> i32 {
    delete(addr, false, "del_timer")
}

/// `del_timer_sync()`: and its function does not run any more.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn del_timer_sync(addr: u64) -> i32 {
    delete_sync(addr, false, "del_timer_sync")
}

/// `timer_shutdown()`: and it cannot be started again.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn timer_shutdown(addr: u64) -> i32 {
    delete(addr, true, "timer_shutdown")
}

/// `timer_shutdown_sync()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn timer_shutdown_sync(addr: u64) -> i32 {
    delete_sync(addr, true, "timer_shutdown_sync")
}

/// `try_to_del_timer_sync()`: -1 when its function runs.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn try_to_del_timer_sync(addr: u64) -> i32 {
    or_oops(enter(|machine, _| {
        let handle = object(machine, addr, "try_to_del_timer_sync")?;
        Ok(if machine.kernel.timer_running(handle) { -1 } else { machine.kernel.del_timer(handle) })
    }))
}

/// `timer_pending()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_timer_pending(addr: u64) -> i32 {
    or_oops(enter(|machine, _| {
        machine.check_access(addr, SIZE, false)?;
        let handle = machine.old_handle(addr, Magic::Timer);
        Ok(i32::from(machine.kernel.timer_pending(handle)))
    }))
}

/// The softirq's call of a timer that has gone off. Memory that is gone by now is seen here, as on Linux.
pub(crate) fn fire(addr: u64) -> i64 {
    if crate::rust::fire_timer(addr) {
        return 0;
    }
    ctx().call_site.set(0);
    ctx().fp.set(0);
    ctx().sp.set(ctx().entry_sp.get());
    let call = enter(|machine, _| {
        machine.check_access(addr, SIZE, true)?;
        if machine.report_dead_frame(addr, Magic::Timer, "timer_list") {
            // Linux would call whatever is there now.
            return Ok(None);
        }
        let takes_data = machine.peek_u32(addr + FLAGS) & TAKES_DATA != 0;
        let arg = if takes_data { machine.peek_u64(addr + DATA) } else { addr };
        Ok(Some((machine.peek_u64(addr + FUNCTION), arg)))
    });
    // The timer is gone: the kernel's own code stumbles over it as it takes it off its list (kernel/time/timer.c, 6.1).
    if let Some((function, arg)) = or_oops_in("__run_timers", call) {
        call1(function, arg);
    }
    0
}

crate::exports![
    plain: init_timer_key, kloom_init_timer_data, add_timer, add_timer_on, mod_timer, mod_timer_pending, timer_reduce, del_timer,
        del_timer_sync, timer_shutdown, timer_shutdown_sync, try_to_del_timer_sync, kloom_timer_pending;
    variadic: ;
    named: "timer_delete" => del_timer, "timer_delete_sync" => del_timer_sync
];
