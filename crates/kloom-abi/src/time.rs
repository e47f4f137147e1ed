//! Units of time.
#![expect(missing_docs, reason = "the names are Linux's own")]

pub const NSEC_PER_USEC: u64 = 1_000;
pub const NSEC_PER_MSEC: u64 = 1_000_000;
pub const NSEC_PER_SEC: u64 = 1_000_000_000;

/// Timer interrupts per second; `CONFIG_HZ` of Debian's kernels.
pub const HZ: u64 = 250;
/// Nanoseconds of one jiffy.
pub const TICK_NSEC: u64 = NSEC_PER_SEC / HZ;
/// What `jiffies` holds at boot: five minutes before it wraps in 32 bits (include/linux/jiffies.h, 6.1).
pub const INITIAL_JIFFIES: u64 = 0u32.wrapping_sub((300 * HZ) as u32) as u64;
/// `schedule_timeout()` with this never times out.
pub const MAX_SCHEDULE_TIMEOUT: i64 = i64::MAX;
/// `MAX_JIFFY_OFFSET`: the longest timeout msecs_to_jiffies() can give.
pub const MAX_JIFFY_OFFSET: u64 = (i64::MAX as u64 >> 1) - 1;

/// Milliseconds to jiffies, rounded up (HZ divides 1000).
pub const fn msecs_to_jiffies(msecs: u32) -> u64 {
    if (msecs as i32) < 0 {
        return MAX_JIFFY_OFFSET;
    }
    (msecs as u64).div_ceil(1000 / HZ)
}
