//! The host's clock, which only benches may read.

use std::time::{Duration, Instant};

/// How long `work` took.
pub fn time<R>(work: impl FnOnce() -> R) -> (Duration, R) {
    let start = now();
    let result = work();
    (start.elapsed(), result)
}

/// Now.
#[expect(clippy::disallowed_methods, reason = "benches measure host time")]
pub fn now() -> Instant {
    Instant::now()
}
