//! C header: include/linux/hrtimer.h, include/linux/hrtimer_types.h.

use kloom_kernel::fault::Fault;
use kloom_kernel::ops::Op;
use kloom_kernel::sched::cpu::CallbackSource;
use kloom_kernel::time::ClockId;
use kloom_kernel::time::hrtimer::forward;

use crate::Machine;
use crate::call::{blocking, call1, ctx, enter, might_sleep};
use crate::object::Magic;
use crate::oops::{or_oops, or_oops_in};

/// Offsets in `struct hrtimer`, and its size.
const EXPIRES: u64 = 32;
const SOFT_EXPIRES: u64 = 40;
const FUNCTION: u64 = 48;
const BASE: u64 = 56;
const STATE: u64 = 64;
const SIZE: u64 = 72;

/// `HRTIMER_MODE_REL`, `HRTIMER_MODE_SOFT`.
const MODE_REL: u32 = 1;
const MODE_SOFT: u32 = 4;

fn object(machine: &mut Machine, addr: u64, func: &'static str) -> Result<u32, Fault> {
    machine.check_access(addr, SIZE, true)?;
    machine.handle(addr, Magic::HrTimer, func, |machine, _| {
        let at = machine.kernel.event_here();
        machine.kernel.hrtimers.register(addr, at)
    })
}

impl Machine {
    fn hrtimer_clock(&self, addr: u64) -> ClockId {
        clock(self.peek_u32(self.peek_u64(addr + BASE)) as i32)
    }

    fn mirror_hrtimer(&mut self, addr: u64, handle: u32) {
        let state = u8::from(self.kernel.hrtimer_is_queued(handle));
        let _ = self.arena.write(addr + STATE, &[state]);
    }
}

/// The clock behind a `clockid_t`.
fn clock(id: i32) -> ClockId {
    match id {
        0 | 5 | 8 => ClockId::Real,
        11 => ClockId::Tai,
        _ => ClockId::Monotonic,
    }
}

fn init(addr: u64, function: Option<u64>, clock_id: i32) {
    or_oops(enter(|machine, _| {
        machine.check_access(addr, SIZE, true)?;
        machine.report_reinit(addr, Magic::HrTimer);
        let old = machine.old_handle(addr, Magic::HrTimer);
        if machine.kernel.hrtimers.get(old).is_some_and(|timer| timer.addr == addr)
            && !machine.kernel.hrtimer_active(old)
        {
            machine.kernel.forget_hrtimer(old);
        }
        let at = machine.kernel.event_here();
        let handle = machine.kernel.hrtimers.register(addr, at);
        let base = machine.kdata.clock_base(clock_id);
        let _ = machine.arena.write(addr, &[0; SIZE as usize]);
        machine.poke_u64(addr + FUNCTION, function.unwrap_or(0));
        machine.poke_u64(addr + BASE, base);
        machine.init_object(addr, Magic::HrTimer, handle)
    }));
}

/// `hrtimer_init()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn hrtimer_init(addr: u64, clock_id: i32, _mode: u32) {
    init(addr, None, clock_id);
}

/// `hrtimer_setup()` (6.13).
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn hrtimer_setup(addr: u64, function: u64, clock_id: i32, _mode: u32) {
    init(addr, Some(function), clock_id);
}

/// `hrtimer_start_range_ns()`: goes off between `time` and `time + range`, here at its end as a lone one does.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn hrtimer_start_range_ns(addr: u64, time: i64, range: u64, mode: u32) {
    or_oops(enter(|machine, _| {
        let handle = object(machine, addr, "hrtimer_start")?;
        let clock = machine.hrtimer_clock(addr);
        // A negative delay is taken for one that overflows (ktime_add_safe()).
        let after = |now: i64| if time < 0 { i64::MAX } else { time.saturating_add(now) };
        let soft_expires = if mode & MODE_REL != 0 { after(machine.kernel.clock_ns(clock)) } else { time };
        let expires = soft_expires.saturating_add_unsigned(range);
        machine.poke_u64(addr + SOFT_EXPIRES, soft_expires as u64);
        machine.poke_u64(addr + EXPIRES, expires as u64);
        let monotonic = expires.saturating_sub(machine.kernel.clock_offset_ns(clock)).max(0) as u64;
        machine.kernel.hrtimer_start(handle, monotonic, mode & MODE_SOFT != 0);
        machine.mirror_hrtimer(addr, handle);
        Ok(())
    }));
}

/// `hrtimer_cancel()`: 1 if it was active.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn hrtimer_cancel(addr: u64) -> i32 {
    let mut reported = false;
    or_oops(blocking(|machine, current, _| {
        let handle = object(machine, addr, "hrtimer_cancel")?;
        if !reported && machine.kernel.runs_in_callback(CallbackSource::HrTimer(handle)) {
            reported = true;
            machine.kernel.report(Fault::Deadlock { cycle: vec![current] });
        }
        let outcome = machine.kernel.hrtimer_cancel(handle);
        if matches!(outcome, Op::Done(_)) {
            machine.mirror_hrtimer(addr, handle);
        }
        Ok(outcome)
    }))
}

/// `hrtimer_try_to_cancel()`: 1 active, 0 not, -1 its function runs.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn hrtimer_try_to_cancel(addr: u64) -> i32 {
    or_oops(enter(|machine, _| {
        let handle = object(machine, addr, "hrtimer_try_to_cancel")?;
        let result = machine.kernel.hrtimer_try_to_cancel(handle);
        machine.mirror_hrtimer(addr, handle);
        Ok(result)
    }))
}

/// `hrtimer_active()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn hrtimer_active(addr: u64) -> bool {
    or_oops(enter(|machine, _| {
        machine.check_access(addr, SIZE, false)?;
        let handle = machine.old_handle(addr, Magic::HrTimer);
        Ok(machine.kernel.hrtimer_active(handle))
    }))
}

/// `hrtimer_forward()`: moves the expiry past `now` by whole intervals; how many. A queued timer is left alone.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn hrtimer_forward(addr: u64, now: i64, interval: i64) -> u64 {
    or_oops(enter(|machine, _| {
        let handle = object(machine, addr, "hrtimer_forward")?;
        let expires = machine.peek_u64(addr + EXPIRES) as i64;
        if now < expires {
            return Ok(0);
        }
        if machine.kernel.hrtimer_is_queued(handle) {
            machine.warn_kernel("kernel/time/hrtimer.c", 1050, "hrtimer_forward");
            return Ok(0);
        }
        let (next, overruns) = forward(expires, now, interval);
        let soft_expires = machine.peek_u64(addr + SOFT_EXPIRES) as i64;
        machine.poke_u64(addr + SOFT_EXPIRES, soft_expires.saturating_add(next - expires) as u64);
        machine.poke_u64(addr + EXPIRES, next as u64);
        Ok(overruns)
    }))
}

/// `__hrtimer_get_remaining()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn __hrtimer_get_remaining(addr: u64, _adjust: bool) -> i64 {
    or_oops(enter(|machine, _| {
        machine.check_access(addr, SIZE, false)?;
        let now = machine.kernel.clock_ns(machine.hrtimer_clock(addr));
        Ok((machine.peek_u64(addr + EXPIRES) as i64).wrapping_sub(now))
    }))
}

/// `schedule_hrtimeout_range()`: sleeps in the state set until the time; 0, or `-EINTR` when woken before.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn schedule_hrtimeout_range(expires: u64, delta: u64, mode: u32) -> i32 {
    might_sleep("schedule_hrtimeout");
    let deadline = or_oops(enter(|machine, _| {
        if expires == 0 {
            return Ok(None);
        }
        machine.check_access(expires, 8, false)?;
        let time = machine.peek_u64(expires) as i64;
        let now = machine.kernel.now() as i64;
        Ok(Some(match time {
            0 => 0,
            _ if mode & MODE_REL != 0 => now.saturating_add(time).saturating_add_unsigned(delta).max(0) as u64,
            _ => time.saturating_add_unsigned(delta).max(0) as u64,
        }))
    }));
    or_oops(blocking(|machine, current, progress| Ok(machine.kernel.schedule_hrtimeout(current, deadline, progress))))
}

/// `schedule_hrtimeout()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn schedule_hrtimeout(expires: u64, mode: u32) -> i32 {
    schedule_hrtimeout_range(expires, 0, mode)
}

/// The interrupt's call of a timer that has gone off; queues it again when its function asks for that.
pub(crate) fn fire(handle: u32, addr: u64) -> i64 {
    ctx().call_site.set(0);
    ctx().fp.set(0);
    let called = enter(|machine, _| {
        machine.check_access(addr, SIZE, true)?;
        machine.mirror_hrtimer(addr, handle);
        Ok(machine.peek_u64(addr + FUNCTION))
    });
    let function = or_oops_in("__hrtimer_run_queues", called);
    let restart = call1(function, addr) as i32;
    crate::choice::ends(addr);
    if restart != 0 {
        or_oops(enter(|machine, _| {
            machine.check_access(addr, SIZE, true)?;
            let clock = machine.hrtimer_clock(addr);
            let expires = machine.peek_u64(addr + EXPIRES) as i64;
            let monotonic = expires.saturating_sub(machine.kernel.clock_offset_ns(clock)).max(0) as u64;
            machine.kernel.hrtimer_restart(handle, monotonic);
            machine.mirror_hrtimer(addr, handle);
            Ok(())
        }));
    }
    i64::from(restart)
}

crate::exports![
    plain: hrtimer_init, hrtimer_setup, hrtimer_start_range_ns, hrtimer_cancel, hrtimer_try_to_cancel, hrtimer_active,
        hrtimer_forward, __hrtimer_get_remaining, schedule_hrtimeout_range, schedule_hrtimeout;
    variadic: ;
    named:
];
