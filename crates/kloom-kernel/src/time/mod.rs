//! Time: jiffies, the timer wheel's rounding, timers.

pub mod timer;

use kloom_abi::time::{INITIAL_JIFFIES, TICK_NSEC};

use crate::Kernel;

/// Buckets per wheel level, and how much coarser each level is (kernel/time/timer.c, 6.1: 64 buckets, factor 8).
const LEVEL_BITS: u32 = 6;
const LEVEL_SHIFT: u32 = 3;
const LEVELS: u32 = 9;

impl Kernel {
    /// The `jiffies` counter.
    pub fn jiffies(&self) -> u64 {
        jiffies_at(self.now())
    }
}

/// `jiffies` at an instant.
pub fn jiffies_at(ns: u64) -> u64 {
    INITIAL_JIFFIES + ns / TICK_NSEC
}

/// The instant a jiffy begins.
pub fn jiffy_start_ns(jiffies: u64) -> u64 {
    jiffies.saturating_sub(INITIAL_JIFFIES).saturating_mul(TICK_NSEC)
}

/// When a wheel timer armed at `now` for `expires` (both in jiffies) goes off, and its order among timers of that
/// instant: coarse levels first, as `__run_timers()` walks them.
///
/// The wheel never fires early: the expiry is rounded up to the next bucket of its level, so a timeout of more
/// than 63 jiffies has 8 jiffies of granularity, more than 504 have 64, and so on.
pub fn wheel_expiry(now: u64, expires: u64) -> (u64, u8) {
    let delta = expires.wrapping_sub(now) as i64;
    let (level, expires) = if delta < 0 {
        (0, now)
    } else {
        let mut level = 0;
        while level + 1 < LEVELS && delta as u64 >= level_start(level + 1) {
            level += 1;
        }
        (level, expires.min(now + level_start(LEVELS) - 1))
    };
    let shift = level * LEVEL_SHIFT;
    let bucket = (expires >> shift) + 1;
    (jiffy_start_ns(bucket << shift), crate::sched::sleep::CLASS_WHEEL + (LEVELS - level) as u8)
}

/// The first distance in jiffies that a level serves.
fn level_start(level: u32) -> u64 {
    if level == 0 { 0 } else { ((1u64 << LEVEL_BITS) - 1) << ((level - 1) * LEVEL_SHIFT) }
}

#[cfg(test)]
mod tests {
    use super::{INITIAL_JIFFIES, jiffies_at, wheel_expiry};

    fn late(now: u64, timeout: u64) -> u64 {
        let (ns, _) = wheel_expiry(INITIAL_JIFFIES + now, INITIAL_JIFFIES + now + timeout);
        jiffies_at(ns) - (INITIAL_JIFFIES + now + timeout)
    }

    #[test]
    fn a_timer_is_never_early_and_late_by_at_most_its_level() {
        for now in [0, 1, 7, 63, 1000, 123_456] {
            for (timeout, granularity) in [(1, 1), (62, 1), (63, 8), (251, 8), (503, 8), (504, 64), (1251, 64), (5000, 512)] {
                let late = late(now, timeout);
                assert!((1..=granularity).contains(&late), "now {now} timeout {timeout}: {late} late");
            }
        }
    }

    #[test]
    fn a_timer_in_the_past_fires_at_the_next_tick() {
        let (ns, _) = wheel_expiry(INITIAL_JIFFIES + 100, INITIAL_JIFFIES + 50);
        assert_eq!(jiffies_at(ns), INITIAL_JIFFIES + 101);
    }
}
