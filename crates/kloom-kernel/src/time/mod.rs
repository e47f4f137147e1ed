//! Time: jiffies, the timer wheel's rounding, timers.

pub mod hrtimer;
pub mod timer;

use kloom_abi::time::{INITIAL_JIFFIES, NSEC_PER_SEC, TICK_NSEC};

use crate::Kernel;

/// Buckets per wheel level, and how much coarser each level is (kernel/time/timer.c, 6.1: 64 buckets, factor 8).
const LEVEL_BITS: u32 = 6;
const LEVEL_SHIFT: u32 = 3;
const LEVELS: u32 = 9;

/// What the time of day is measured against.
#[derive(Clone, Copy, Debug)]
pub struct Clock {
    /// Time of day at boot, nanoseconds since 1970.
    pub boot_epoch_ns: i64,
    /// International atomic time minus UTC, in seconds; 0 until user space sets it.
    pub tai_offset_s: i64,
}

/// Midnight of 1 January 2024, UTC.
pub const BOOT_EPOCH_S: u64 = 1_704_067_200;

impl Default for Clock {
    fn default() -> Self {
        Clock { boot_epoch_ns: (BOOT_EPOCH_S * NSEC_PER_SEC) as i64, tai_offset_s: 0 }
    }
}

/// A clock a module can read (`clockid_t`).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum ClockId {
    /// `CLOCK_MONOTONIC`; `CLOCK_MONOTONIC_RAW` and `CLOCK_BOOTTIME` agree with it: nothing slews it, nothing suspends.
    Monotonic,
    /// `CLOCK_REALTIME`.
    Real,
    /// `CLOCK_TAI`.
    Tai,
}

impl Kernel {
    /// What a clock is ahead of the monotonic one, in nanoseconds.
    pub fn clock_offset_ns(&self, clock: ClockId) -> i64 {
        match clock {
            ClockId::Monotonic => 0,
            ClockId::Real => self.clock.boot_epoch_ns,
            ClockId::Tai => self.clock.boot_epoch_ns + self.clock.tai_offset_s * NSEC_PER_SEC as i64,
        }
    }

    /// A clock's time in nanoseconds.
    pub fn clock_ns(&self, clock: ClockId) -> i64 {
        self.now() as i64 + self.clock_offset_ns(clock)
    }

    /// A clock's time at the last tick (`ktime_get_coarse()` and its kin).
    pub fn clock_coarse_ns(&self, clock: ClockId) -> i64 {
        (self.now() / TICK_NSEC * TICK_NSEC) as i64 + self.clock_offset_ns(clock)
    }

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
            for (timeout, granularity) in
                [(1, 1), (62, 1), (63, 8), (251, 8), (503, 8), (504, 64), (1251, 64), (5000, 512)]
            {
                let late = late(now, timeout);
                assert!((1..=granularity).contains(&late), "now {now} timeout {timeout}: {late} late");
            }
        }
    }

    /// The wheel as Linux builds it, bucket by bucket: the level is the finest whose range reaches, the bucket the one
    /// after the expiry; a bucket goes off when the clock of its level comes to it.
    fn naive(now: u64, expires: u64) -> u64 {
        if (expires.wrapping_sub(now) as i64) < 0 {
            return now + 1;
        }
        let delta = expires - now;
        let mut granularity = 1;
        for level in 0..9u32 {
            granularity = 8u64.pow(level);
            if level == 8 || delta < 63 * granularity {
                break;
            }
        }
        let mut at = now + 1;
        while !at.is_multiple_of(granularity) || at <= expires {
            at = (at + 1).next_multiple_of(granularity);
        }
        at
    }

    #[test]
    fn the_wheel_agrees_with_a_naive_model() {
        let mut seed = 0x9e37_79b9_7f4a_7c15u64;
        let mut random = |below: u64| {
            seed ^= seed << 13;
            seed ^= seed >> 7;
            seed ^= seed << 17;
            seed % below
        };
        for round in 0..20_000 {
            let now = INITIAL_JIFFIES + random(1 << 24);
            let timeout = random(1 << (1 + round % 22));
            let expires = if round % 50 == 0 { now - timeout } else { now + timeout };
            let (ns, _) = wheel_expiry(now, expires);
            assert_eq!(jiffies_at(ns), naive(now, expires), "now {now} expires {expires}");
        }
    }

    #[test]
    fn a_timer_in_the_past_fires_at_the_next_tick() {
        let (ns, _) = wheel_expiry(INITIAL_JIFFIES + 100, INITIAL_JIFFIES + 50);
        assert_eq!(jiffies_at(ns), INITIAL_JIFFIES + 101);
    }
}
