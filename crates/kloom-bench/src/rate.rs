//! From times of whole runs to the cost of one operation.

use std::time::Duration;

/// Something that can do an operation `n` times.
pub struct Contestant<'a> {
    /// How often in a short and in a long run.
    pub counts: (u64, u64),
    /// Does it so often; returns what it took.
    pub run: Box<dyn FnMut(u64) -> Duration + 'a>,
}

impl<'a> Contestant<'a> {
    /// A contestant whose long run does the operation `long` times.
    pub fn new(long: u64, run: impl FnMut(u64) -> Duration + 'a) -> Contestant<'a> {
        Contestant { counts: (long / 10, long), run: Box::new(run) }
    }
}

impl std::fmt::Debug for Contestant<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Contestant").field("counts", &self.counts).finish_non_exhaustive()
    }
}

/// Nanoseconds of one operation for each contestant: they run in turn for `rounds` rounds, and the fastest short and
/// long runs of each count.
pub fn per_unit(contestants: &mut [Contestant<'_>], rounds: u32) -> Vec<f64> {
    let mut best = vec![(Duration::MAX, Duration::MAX); contestants.len()];
    for _ in 0..rounds {
        for (contestant, (short, long)) in contestants.iter_mut().zip(&mut best) {
            *short = (*short).min((contestant.run)(contestant.counts.0));
            *long = (*long).min((contestant.run)(contestant.counts.1));
        }
    }
    let cost = |(contestant, (short, long)): (&Contestant<'_>, (Duration, Duration))| {
        let turns = contestant.counts.1 - contestant.counts.0;
        (long.as_secs_f64() - short.as_secs_f64()) * 1e9 / turns as f64
    };
    contestants.iter().zip(best).map(cost).collect()
}

/// The shortest of `rounds` times.
pub fn fastest(rounds: u32, mut run: impl FnMut() -> Duration) -> Duration {
    (0..rounds).map(|_| run()).min().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::{Contestant, fastest, per_unit};
    use std::time::Duration;

    #[test]
    fn start_up_and_slow_rounds_cancel_out() {
        let mut calls = 0;
        let noisy = move |n: u64| {
            calls += 1;
            Duration::from_nanos(1_000_000 + 40 * n + if calls < 4 { 77_000 * calls } else { 0 })
        };
        let mut contestants = [Contestant::new(10_000, noisy), Contestant::new(1000, |n| Duration::from_nanos(7 * n))];
        let costs = per_unit(&mut contestants, 5);
        assert!((costs[0] - 40.0).abs() < 0.01 && (costs[1] - 7.0).abs() < 0.01, "{costs:?}");
    }

    #[test]
    fn the_fastest_round_counts() {
        let mut times = [9, 3, 5].into_iter();
        assert_eq!(fastest(3, || Duration::from_secs(times.next().unwrap_or(0))), Duration::from_secs(3));
    }
}
