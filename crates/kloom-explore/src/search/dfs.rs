//! All interleavings, depth first: exponential, and right by its simplicity. It checks the others.
//!
//! With limits on preemptions or delays it sees every execution within them, which a reduction cannot promise.

use super::natural::{Count, fair, natural};
use super::{Access, Candidate, Ending, Limits, Pick, Search, Summary, ThreadId};

/// One point of choice on the current path.
#[derive(Clone, Copy, Debug)]
struct Node {
    /// What was taken, as the how-manieth of `options`.
    taken: u32,
    options: u32,
    /// The natural choice among them comes first, the others in their order.
    natural: u32,
    preemptions: u32,
    delays: u32,
    /// Of the program, not of the scheduler.
    internal: bool,
}

/// Depth-first search.
#[derive(Clone, Debug, Default)]
pub struct Dfs {
    limits: Limits,
    path: Vec<Node>,
    depth: usize,
    last: Option<ThreadId>,
    preemptions: u32,
    delays: u32,
    begun: bool,
    exhausted: bool,
    diverged: bool,
    count: Count,
}

impl Dfs {
    /// The search.
    pub fn new(limits: Limits) -> Dfs {
        Dfs { limits, ..Dfs::default() }
    }

    /// Puts the natural choice first.
    fn index(node: Node, taken: u32) -> u32 {
        match taken {
            0 => node.natural,
            nth if nth <= node.natural => nth - 1,
            nth => nth,
        }
    }

    /// Whether running this candidate is within the limits.
    fn allowed(&mut self, candidate: &Candidate, natural: bool) -> bool {
        let preemptions = candidate.preempts && self.limits.preemptions.is_some_and(|most| self.preemptions >= most);
        let delays = !natural && self.limits.delays.is_some_and(|most| self.delays >= most);
        self.count.bounds.preemptions |= preemptions;
        self.count.bounds.delays |= delays;
        !preemptions && !delays
    }

    fn take(&mut self, candidates: &[Candidate], node: Node) -> Option<Pick> {
        let nth = Dfs::index(node, node.taken) as usize;
        let index = fair(candidates).nth(nth)?;
        let candidate = &candidates[index];
        let natural = node.taken == 0;
        // What is natural is always allowed: otherwise an execution could not go on.
        if !natural && !self.allowed(candidate, natural) {
            return None;
        }
        self.preemptions += u32::from(candidate.preempts);
        self.delays += u32::from(!natural);
        Some(Pick::Run(index))
    }
}

impl Search for Dfs {
    fn begin(&mut self) -> Option<()> {
        if self.exhausted {
            return None;
        }
        if self.limits.executions.is_some_and(|most| self.count.spends(most)) {
            self.count.bounds.executions = true;
            return None;
        }
        if self.begun {
            loop {
                let Some(node) = self.path.last_mut() else {
                    self.exhausted = true;
                    return None;
                };
                node.taken += 1;
                if node.taken < node.options {
                    break;
                }
                self.path.pop();
            }
        }
        self.begun = true;
        (self.depth, self.last, self.preemptions, self.delays) = (0, None, 0, 0);
        Some(())
    }

    fn pick(&mut self, candidates: &[Candidate]) -> Pick {
        let options = fair(candidates).count() as u32;
        let natural_index = natural(candidates, self.last);
        let natural = fair(candidates).position(|index| index == natural_index).unwrap_or(0) as u32;
        if self.depth == self.path.len() {
            let (preemptions, delays) = (self.preemptions, self.delays);
            self.path.push(Node { taken: 0, options, natural, preemptions, delays, internal: false });
        }
        let again = self.path[self.depth];
        if again.internal || again.options != options || again.natural != natural {
            self.diverged = true;
            self.path.truncate(self.depth);
            return Pick::Abandon;
        }
        loop {
            let node = self.path[self.depth];
            (self.preemptions, self.delays) = (node.preemptions, node.delays);
            if let Some(pick) = self.take(candidates, node) {
                self.depth += 1;
                return pick;
            }
            if node.taken + 1 >= node.options {
                return Pick::Abandon;
            }
            self.path[self.depth].taken += 1;
        }
    }

    fn stepped(&mut self, thread: ThreadId, _: &[Access]) {
        self.last = Some(thread);
    }

    fn choose(&mut self, options: u32) -> u32 {
        if self.depth == self.path.len() {
            let (preemptions, delays) = (self.preemptions, self.delays);
            self.path.push(Node { taken: 0, options, natural: 0, preemptions, delays, internal: true });
        }
        let node = self.path[self.depth];
        if !node.internal || node.options != options {
            self.diverged = true;
            self.path.truncate(self.depth);
            return 0;
        }
        self.depth += 1;
        node.taken
    }

    fn end(&mut self, ending: Ending) {
        self.count.add(ending);
    }

    fn summary(&self) -> Summary {
        let estimate = (self.count.executions > 0).then(|| {
            let (mut done, mut weight) = (0.0, 1.0);
            for node in &self.path {
                weight /= f64::from(node.options);
                done += weight * f64::from(node.taken);
            }
            if self.exhausted { 1.0 } else { done + weight }
        });
        let executions = self.count.executions as f64;
        let estimate = estimate.map(|seen| executions / seen);
        Summary { exhausted: self.exhausted, estimate, diverged: self.diverged, ..self.count.summary(false) }
    }
}
