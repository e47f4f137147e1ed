//! Spans and instants of virtual time.

use std::panic::Location;

use kloom_shim::rust::op;

/// A span of time, with nanoseconds.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Delta {
    nanos: i64,
}

impl Delta {
    /// No time.
    pub const ZERO: Delta = Delta { nanos: 0 };

    /// Nanoseconds.
    pub const fn from_nanos(nanos: i64) -> Delta {
        Delta { nanos }
    }

    /// Microseconds; too many become the longest span.
    pub const fn from_micros(micros: i64) -> Delta {
        Delta { nanos: micros.saturating_mul(1_000) }
    }

    /// Milliseconds; too many become the longest span.
    pub const fn from_millis(millis: i64) -> Delta {
        Delta { nanos: millis.saturating_mul(1_000_000) }
    }

    /// Seconds; too many become the longest span.
    pub const fn from_secs(secs: i64) -> Delta {
        Delta { nanos: secs.saturating_mul(1_000_000_000) }
    }

    /// Whether it is no time.
    pub const fn is_zero(self) -> bool {
        self.nanos == 0
    }

    /// Whether it is less than no time.
    pub const fn is_negative(self) -> bool {
        self.nanos < 0
    }

    /// In nanoseconds.
    pub const fn as_nanos(self) -> i64 {
        self.nanos
    }

    /// In microseconds, rounded up.
    pub const fn as_micros_ceil(self) -> i64 {
        self.nanos.saturating_add(999) / 1_000
    }

    /// In whole milliseconds.
    pub const fn as_millis(self) -> i64 {
        self.nanos / 1_000_000
    }

    /// In jiffies, rounded up.
    pub(crate) fn jiffies(self) -> u64 {
        let nanos = u64::try_from(self.nanos).unwrap_or(0);
        nanos.div_ceil(1_000_000_000 / kloom_abi::time::HZ)
    }
}

/// An instant of the machine's monotonic clock.
///
/// ```
/// use kloom_rust::time::{Delta, Instant};
///
/// kloom_rust::run(|| {
///     let before = Instant::now();
///     for _ in 0..60 {
///         kloom_rust::delay::fsleep(Delta::from_secs(60));
///     }
///     assert!(before.elapsed() >= Delta::from_secs(3600), "an hour that takes no time");
/// });
/// ```
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Instant {
    nanos: i64,
}

impl Instant {
    /// Now.
    #[track_caller]
    pub fn now() -> Instant {
        Instant { nanos: op(Location::caller(), |machine, _| machine.kernel.now() as i64).unwrap_or(0) }
    }

    /// Since then.
    #[track_caller]
    pub fn elapsed(&self) -> Delta {
        Instant::now() - *self
    }
}

impl std::ops::Sub for Instant {
    type Output = Delta;

    fn sub(self, other: Instant) -> Delta {
        Delta::from_nanos(self.nanos - other.nanos)
    }
}
