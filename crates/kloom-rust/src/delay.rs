//! Sleeping for a time.

use std::panic::Location;

use kloom_abi::sched::TASK_UNINTERRUPTIBLE;
use kloom_kernel::touch::{CLOCK, Manner};
use kloom_shim::rust::{Gate, choice, might_sleep, wait};

use crate::time::Delta;

/// Sleeps for at least `delta`, in the way that suits its length. Neither a wake-up nor a request to stop shortens it.
///
/// # Context
/// Process context; sleeps in state D, so that a sleep of more than two minutes counts as a hang, as on Linux.
#[track_caller]
pub fn fsleep(delta: Delta) {
    let at = Location::caller();
    let touch = Some((CLOCK, Manner::Read));
    let micros = u64::try_from(delta.as_micros_ceil()).unwrap_or(0);
    choice(at, "fsleep", touch, Gate::Open);
    wait(at, "fsleep", touch, Gate::Open, |machine, current, progress| {
        if !progress.started {
            might_sleep(machine, "fsleep");
        }
        // include/linux/delay.h, 6.1: 10 µs are spun, 20 ms are an hrtimer's, more are the wheel's.
        Ok(match micros {
            0..=10 => machine.kernel.burn(micros * 1000, progress),
            11..=20_000 => machine.kernel.usleep_range(current, micros, 2 * micros, TASK_UNINTERRUPTIBLE, progress),
            _ => machine.kernel.msleep(current, micros.div_ceil(1000).min(u64::from(u32::MAX)) as u32, progress),
        })
    });
}
