//! Makes a failing schedule simpler: fewest preemptions first, then fewest choices.
//!
//! Works like delta debugging (Zeller and Hildebrandt, 2002) on the choices that are not natural: leaves out many, then
//! few, keeping whatever still leads to the same bug; then moves single ones. What it finds cannot be made simpler by one
//! more such change, if the tries sufficed; a quite different, simpler execution of the bug may exist.

use super::schedule::{Choice, Schedule};

/// What came out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Minimised {
    /// The simplest failing schedule found, as it was executed.
    pub schedule: Schedule,
    /// Executions spent.
    pub tries: u32,
    /// No change left to try would make it simpler. `false`: the tries were spent before.
    pub complete: bool,
    /// The first schedule failed again when it was run again.
    pub confirmed: bool,
}

struct Work<'o> {
    oracle: &'o mut dyn FnMut(&Schedule) -> Option<(u64, Schedule)>,
    signature: u64,
    best: Schedule,
    tries: u32,
    most: u32,
}

/// Makes `schedule`, which fails with `signature`, simpler in at most `most` executions. The oracle replays a schedule
/// and says how it failed and what was really executed; `None` if it did not.
pub fn minimise(
    schedule: Schedule,
    signature: u64,
    most: u32,
    oracle: &mut dyn FnMut(&Schedule) -> Option<(u64, Schedule)>,
) -> Minimised {
    let mut work = Work { oracle, signature, best: schedule, tries: 0, most };
    let original = work.best.clone();
    let confirmed = match (work.oracle)(&original) {
        Some((again, executed)) if again == signature => {
            work.best = executed;
            true
        }
        _ => false,
    };
    work.tries = 1;
    let complete = confirmed && work.improve();
    Minimised { schedule: work.best, tries: work.tries, complete, confirmed }
}

impl Work<'_> {
    /// Whether this fails in the same way and is simpler; keeps it then. `None`: no tries left.
    fn attempt(&mut self, choices: Vec<Choice>) -> Option<bool> {
        if self.tries >= self.most {
            return None;
        }
        self.tries += 1;
        let Some((signature, executed)) = (self.oracle)(&Schedule { choices }) else { return Some(false) };
        let better = signature == self.signature && executed.is_simpler_than(&self.best);
        if better {
            self.best = executed;
        }
        Some(better)
    }

    fn improve(&mut self) -> bool {
        loop {
            match (self.leave_out(), self.shift()) {
                (Some(false), Some(false)) => return true,
                (Some(_), Some(_)) => {}
                _ => return false,
            }
        }
    }

    fn deviations(&self) -> Vec<usize> {
        let unnatural = |at: &usize| self.best.choices[*at] != Choice::Natural;
        (0..self.best.choices.len()).filter(unnatural).collect()
    }

    /// Makes some choices natural, and leaves some out altogether.
    fn leave_out(&mut self) -> Option<bool> {
        let mut any = false;
        let mut size = self.deviations().len();
        while size > 0 {
            let mut start = 0;
            loop {
                let deviations = self.deviations();
                let Some(group) = deviations.get(start..deviations.len().min(start + size)).filter(|g| !g.is_empty())
                else {
                    break;
                };
                let mut natural = self.best.choices.clone();
                for &at in group {
                    natural[at] = Choice::Natural;
                }
                let mut shorter = self.best.choices.clone();
                for &at in group.iter().rev() {
                    shorter.remove(at);
                }
                if self.attempt(natural)? || self.attempt(shorter)? {
                    any = true;
                } else {
                    start += size;
                }
            }
            size /= 2;
        }
        Some(any)
    }

    /// Lets single deviations come earlier or later, or last longer, and takes out single natural choices beside them.
    fn shift(&mut self) -> Option<bool> {
        let mut any = false;
        let mut nth = 0;
        while let Some(&at) = self.deviations().get(nth) {
            let mut changed = false;
            let len = self.best.choices.len();
            let mut tries: Vec<Vec<Choice>> = Vec::new();
            for to in [at.checked_sub(1), Some(at + 1), Some(at + 2), Some(at + 4)].into_iter().flatten() {
                if to < len && self.best.choices[to] == Choice::Natural {
                    let mut moved = self.best.choices.clone();
                    let choice = moved.remove(at);
                    moved.insert(to, choice);
                    tries.push(moved);
                }
            }
            for natural in [at.checked_sub(1), Some(at + 1)].into_iter().flatten() {
                if natural < len && self.best.choices[natural] == Choice::Natural {
                    let mut shorter = self.best.choices.clone();
                    shorter.remove(natural);
                    tries.push(shorter);
                }
            }
            for attempt in tries {
                if self.attempt(attempt)? {
                    changed = true;
                    break;
                }
            }
            any |= changed;
            nth += usize::from(!changed);
        }
        Some(any)
    }
}
