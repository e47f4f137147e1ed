//! C headers: include/linux/ratelimit.h, include/linux/ratelimit_types.h, and `printk_ratelimit()`.
//!
//! Behaviour follows Linux 6.1 lib/ratelimit.c and kernel/printk/printk.c.

use kloom_kernel::fault::Fault;
use kloom_kernel::printk::Level;

use crate::Machine;
use crate::call::enter;
use crate::oops::or_oops;

/// Offsets in `struct ratelimit_state`.
mod offset {
    pub(super) const INTERVAL: u64 = 8;
    pub(super) const BURST: u64 = 12;
    pub(super) const PRINTED: u64 = 16;
    pub(super) const MISSED: u64 = 20;
    pub(super) const BEGIN: u64 = 24;
    pub(super) const FLAGS: u64 = 32;
    pub(super) const SIZE: u64 = 40;
}

/// `RATELIMIT_MSG_ON_RELEASE`.
const MSG_ON_RELEASE: u64 = 1;

/// The counters of one limit.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Limit {
    printed: i32,
    missed: i32,
    begin: u64,
}

impl Limit {
    /// Counts an event: whether it may be reported, and how many were suppressed in an interval that is over.
    pub(crate) fn count(&mut self, now: u64, interval: i32, burst: i32, tell: bool) -> (bool, i32) {
        let mut suppressed = 0;
        if self.begin == 0 {
            self.begin = now;
        }
        let end = self.begin.wrapping_add(interval as u64);
        if (end.wrapping_sub(now) as i64) < 0 {
            if tell {
                suppressed = std::mem::take(&mut self.missed);
            }
            self.begin = now;
            self.printed = 0;
        }
        let allowed = burst > self.printed;
        if allowed {
            self.printed += 1;
        } else {
            self.missed += 1;
        }
        (allowed, suppressed)
    }
}

fn tell(machine: &mut Machine, func: u64, suppressed: i32) {
    if suppressed > 0 {
        let func = machine.text_or_empty(func);
        machine.print(Level::Warning, format!("{func}: {suppressed} callbacks suppressed"));
    }
}

fn ratelimit(machine: &mut Machine, state: u64, func: u64) -> Result<i32, Fault> {
    machine.check_access(state, offset::SIZE, true)?;
    let interval = machine.peek_u32(state + offset::INTERVAL) as i32;
    if interval == 0 {
        return Ok(1);
    }
    let burst = machine.peek_u32(state + offset::BURST) as i32;
    let mut limit = Limit {
        printed: machine.peek_u32(state + offset::PRINTED) as i32,
        missed: machine.peek_u32(state + offset::MISSED) as i32,
        begin: machine.peek_u64(state + offset::BEGIN),
    };
    let at_release = machine.peek_u64(state + offset::FLAGS) & MSG_ON_RELEASE != 0;
    let (allowed, suppressed) = limit.count(machine.kernel.jiffies(), interval, burst, !at_release);
    machine.poke_u32(state + offset::PRINTED, limit.printed as u32);
    machine.poke_u32(state + offset::MISSED, limit.missed as u32);
    machine.poke_u64(state + offset::BEGIN, limit.begin);
    tell(machine, func, suppressed);
    Ok(i32::from(allowed))
}

/// `___ratelimit()`: 1 if the event may be reported.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn ___ratelimit(state: u64, func: u64) -> i32 {
    or_oops(enter(|machine, _| ratelimit(machine, state, func)))
}

/// `printk_ratelimit()`: ten messages in five seconds for the whole kernel.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn __printk_ratelimit(func: u64) -> i32 {
    enter(|machine, _| {
        let now = machine.kernel.jiffies();
        let (allowed, suppressed) = machine.mem.printk_limit.count(now, 5 * kloom_abi::time::HZ as i32, 10, true);
        tell(machine, func, suppressed);
        i32::from(allowed)
    })
}

/// `printk_timed_ratelimit()`: true at most once per interval.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn printk_timed_ratelimit(last: u64, interval_ms: u32) -> bool {
    or_oops(enter(|machine, _| {
        machine.check_access(last, 8, true)?;
        let (now, before) = (machine.kernel.jiffies(), machine.peek_u64(last));
        let interval = kloom_abi::time::msecs_to_jiffies(interval_ms) as u64;
        if before != 0 && now.wrapping_sub(before) <= interval {
            return Ok(false);
        }
        machine.poke_u64(last, now);
        Ok(true)
    }))
}

crate::exports![
    plain: ___ratelimit, __printk_ratelimit, printk_timed_ratelimit;
    variadic: ;
    named:
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_burst_then_silence_then_the_count() {
        let mut limit = Limit::default();
        let mut allowed = 0;
        for now in 100..120 {
            let (may, suppressed) = limit.count(now, 50, 10, true);
            allowed += u32::from(may);
            assert_eq!(suppressed, 0);
        }
        assert_eq!(allowed, 10);
        assert_eq!(limit.count(150, 50, 10, true), (false, 0), "the interval's last instant belongs to it");
        assert_eq!(limit.count(151, 50, 10, true), (true, 11));
        assert_eq!(limit.count(152, 50, 10, true), (true, 0));
    }

    #[test]
    fn a_limit_of_nothing_reports_nothing() {
        let mut limit = Limit::default();
        assert_eq!(limit.count(5, 10, 0, true), (false, 0));
        assert_eq!(limit.count(5, 10, 0, false), (false, 0));
        assert_eq!(limit.count(16, 10, 0, false), (false, 0), "told at release, not now");
        assert_eq!(limit.count(27, 10, 0, true), (false, 3));
    }

    #[test]
    fn the_interval_ends_after_jiffies_wrap() {
        let mut limit = Limit::default();
        assert!(limit.count(u64::MAX - 2, 10, 1, true).0);
        assert!(!limit.count(3, 10, 1, true).0);
        assert_eq!(limit.count(8, 10, 1, true), (true, 1));
    }
}
