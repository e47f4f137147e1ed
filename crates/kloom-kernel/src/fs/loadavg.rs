//! The load average, and who is counted as running.
//!
//! Behaviour follows Linux 6.1 kernel/sched/loadavg.c: every 5 s and a tick the number of active tasks goes into three
//! exponential averages in fixed point with 11 bits.

use kloom_abi::time::{HZ, TICK_NSEC};

use crate::Kernel;

const FSHIFT: u32 = 11;
const FIXED_1: u64 = 1 << FSHIFT;
/// exp(-5 s / 1, 5, 15 min) in fixed point.
const EXP: [u64; 3] = [1884, 2014, 2037];
/// Time between two samples.
const LOAD_FREQ_NS: u64 = (5 * HZ + 1) * TICK_NSEC;
/// Missed samples that are taken one by one; more are folded in closed form.
const EXACT_SAMPLES: u64 = 4096;

/// The averages.
#[derive(Clone, Debug)]
pub struct LoadAvg {
    /// Over 1, 5 and 15 minutes, in fixed point.
    pub avenrun: [u64; 3],
    /// When the next sample is due.
    pub next_ns: u64,
}

impl Default for LoadAvg {
    fn default() -> Self {
        LoadAvg { avenrun: [0; 3], next_ns: LOAD_FREQ_NS }
    }
}

fn calc_load(load: u64, exp: u64, active: u64) -> u64 {
    let active = active * FIXED_1;
    let mut next = load * exp + active * (FIXED_1 - exp);
    if active >= load {
        next += FIXED_1 - 1;
    }
    next / FIXED_1
}

/// `x` to the power `n` in fixed point, rounded.
fn fixed_power(mut x: u64, mut n: u64) -> u64 {
    let mut result = FIXED_1;
    while n > 0 {
        if n & 1 == 1 {
            result = (result * x + FIXED_1 / 2) >> FSHIFT;
        }
        n >>= 1;
        x = (x * x + FIXED_1 / 2) >> FSHIFT;
    }
    result
}

impl LoadAvg {
    /// Takes all samples due at `now_ns`, as if `active` tasks had been active at each.
    pub fn update(&mut self, now_ns: u64, active: u64) {
        if now_ns < self.next_ns {
            return;
        }
        let mut missed = (now_ns - self.next_ns) / LOAD_FREQ_NS + 1;
        self.next_ns += missed * LOAD_FREQ_NS;
        let exact = missed.min(EXACT_SAMPLES);
        for (load, exp) in self.avenrun.iter_mut().zip(EXP) {
            for _ in 0..exact {
                *load = calc_load(*load, exp, active);
            }
        }
        missed -= exact;
        if missed > 0 {
            for (load, exp) in self.avenrun.iter_mut().zip(EXP) {
                *load = calc_load(*load, fixed_power(exp, missed), active);
            }
        }
    }

    /// The averages as /proc/loadavg shows them.
    pub fn text(&self) -> String {
        let shown = self.avenrun.map(|load| {
            let load = load + FIXED_1 / 200;
            format!("{}.{:02}", load >> FSHIFT, ((load & (FIXED_1 - 1)) * 100) >> FSHIFT)
        });
        shown.join(" ")
    }
}

impl Kernel {
    /// Brings the load averages up to now.
    pub fn loadavg_update(&mut self) {
        self.loadavg_update_to(self.now());
    }

    /// Takes the samples that are due by `now_ns`, before anything happens then.
    ///
    /// The number of active tasks is taken once for all of them: it does not change while the machine idles over a jump
    /// of the clock, and each tick of a busy CPU calls this.
    pub(crate) fn loadavg_update_to(&mut self, now_ns: u64) {
        if now_ns >= self.vfs.load.next_ns {
            let active = self.nr_active();
            self.vfs.load.update(now_ns, active);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::{LOAD_FREQ_NS, LoadAvg};

    #[test]
    fn one_busy_task_pulls_the_averages_to_one() {
        let mut load = LoadAvg::default();
        load.update(LOAD_FREQ_NS - 1, 1);
        assert_eq!(load.text(), "0.00 0.00 0.00");
        // The first samples of a machine that gets busy, as Linux shows them.
        load.update(LOAD_FREQ_NS, 1);
        assert_eq!(load.text(), "0.08 0.02 0.01");
        load.update(2 * LOAD_FREQ_NS, 1);
        assert_eq!(load.text(), "0.15 0.03 0.01");
        load.update(20_000 * LOAD_FREQ_NS, 1);
        assert_eq!(load.text(), "1.00 1.00 1.00");
    }

    #[test]
    fn catching_up_in_closed_form_is_near_the_samples_one_by_one() {
        for active in [0, 1, 7] {
            for samples in [1, 64, 720, 4096, 4097, 4200, 17_000] {
                let mut slow = LoadAvg { avenrun: [3 * 2048; 3], ..LoadAvg::default() };
                let mut fast = slow.clone();
                for n in 1..=samples {
                    slow.update(n * LOAD_FREQ_NS, active);
                }
                fast.update(samples * LOAD_FREQ_NS, active);
                assert_eq!(slow.next_ns, fast.next_ns);
                for (slow, fast) in slow.avenrun.iter().zip(fast.avenrun) {
                    assert!(slow.abs_diff(fast) <= 16, "active {active} samples {samples}: {slow} {fast}");
                }
            }
        }
    }
}
