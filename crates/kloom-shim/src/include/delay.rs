//! C header: include/linux/delay.h.

use kloom_abi::time::{NSEC_PER_SEC, NSEC_PER_USEC};

use crate::call::{blocking, sleeping};
use crate::oops::or_oops;

/// `msleep()`: at least `msecs`, in state D; neither signals nor stop requests shorten it.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn msleep(msecs: u32) {
    sleeping("msleep", |machine, current, progress| machine.kernel.msleep(current, msecs, progress));
}

/// `msleep_interruptible()`: milliseconds left when a signal ended it.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn msleep_interruptible(msecs: u32) -> u64 {
    sleeping("msleep_interruptible", |machine, current, progress| {
        machine.kernel.msleep_interruptible(current, msecs, progress)
    })
}

/// `usleep_range_state()`: between `min` and `max` microseconds by hrtimer.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn usleep_range_state(min: u64, max: u64, state: u32) {
    sleeping("usleep_range", |machine, current, progress| {
        machine.kernel.usleep_range(current, min, max, state, progress)
    });
}

fn burn(ns: u64) {
    or_oops(blocking(|machine, _, progress| Ok(machine.kernel.burn(ns, progress))));
}

/// `udelay()`: burns the CPU.
pub(crate) extern "C" fn udelay(usecs: u64) {
    burn(usecs.saturating_mul(NSEC_PER_USEC).min(3600 * NSEC_PER_SEC));
}

/// `ndelay()`.
pub(crate) extern "C" fn ndelay(nsecs: u64) {
    burn(nsecs);
}

/// `mdelay()`.
pub(crate) extern "C" fn mdelay(msecs: u64) {
    burn(msecs.saturating_mul(1_000_000).min(3600 * NSEC_PER_SEC));
}

crate::exports![
    plain: msleep, msleep_interruptible, usleep_range_state, udelay, ndelay, mdelay;
    variadic: ;
    named: "__udelay" => udelay, "__ndelay" => ndelay, "__const_udelay" => udelay, "kloom_mdelay" => mdelay
];
