//! Wakeup trees: sequences of steps that have to be run from a node of the exploration, so that a race is reversed.
//!
//! Trees live in one slab and their nodes are used again, so that none is allocated while a search is under way.

use super::trace::{NONE, Trace};
use super::{Access, ThreadId};

/// An internal choice: what was answered, of how many, and what was answered first (all are tried, going round).
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Answer {
    pub(super) value: u32,
    pub(super) options: u32,
    pub(super) first: u32,
}

/// One step that has to be run.
#[derive(Debug, Default)]
pub(super) struct Branch {
    pub(super) thread: ThreadId,
    /// What it touched when it was seen.
    pub(super) accesses: Vec<Access>,
    /// Its internal choices when it was seen; empty for the last of a sequence.
    pub(super) answers: Vec<Answer>,
    /// The first of what comes after it.
    pub(super) children: u32,
    /// Its next sibling.
    pub(super) next: u32,
}

/// All wakeup trees of a search.
#[derive(Debug, Default)]
pub(super) struct Forest {
    branches: Vec<Branch>,
    free: Vec<u32>,
}

/// How a thread's step stands to a sequence.
enum Initial {
    /// It is the element with this index, and nothing before it depends on it.
    At(usize),
    /// It is not in it and independent of all of it.
    Apart,
    /// The sequence cannot begin with it.
    No,
}

/// Whether the order of two steps of different threads can matter.
pub(super) fn dependent(a: &[Access], b: &[Access]) -> bool {
    a.iter().any(|&x| b.iter().any(|&y| x.depends(y)))
}

fn initial(thread: ThreadId, accesses: &[Access], sequence: &[u32], trace: &Trace) -> Initial {
    for (index, &step) in sequence.iter().enumerate() {
        if trace.thread(step as usize) == thread {
            return Initial::At(index);
        }
        if dependent(accesses, trace.accesses(step as usize)) {
            return Initial::No;
        }
    }
    Initial::Apart
}

/// Whether some continuation of `sequence` (steps of `trace`) is equivalent to one that begins with this step.
pub(super) fn weak_initial(thread: ThreadId, accesses: &[Access], sequence: &[u32], trace: &Trace) -> bool {
    !matches!(initial(thread, accesses, sequence, trace), Initial::No)
}

impl Forest {
    pub(super) fn get(&self, branch: u32) -> &Branch {
        &self.branches[branch as usize]
    }

    /// How many branches begin at one node.
    pub(super) fn len(&self, mut first: u32) -> usize {
        let mut count = 0;
        while first != NONE {
            count += 1;
            first = self.branches[first as usize].next;
        }
        count
    }

    /// Makes sure that the tree beginning with the branch `*first` leads to an execution that begins with `sequence`
    /// (steps of `trace`, with internal choices `answers`). Returns whether something had to be added.
    pub(super) fn insert<'a>(
        &mut self,
        first: &mut u32,
        sequence: &mut Vec<u32>,
        trace: &Trace,
        answers: impl Fn(u32) -> &'a [Answer],
    ) -> bool {
        let mut parent = NONE;
        loop {
            let mut last = NONE;
            let mut branch = if parent == NONE { *first } else { self.branches[parent as usize].children };
            if branch == NONE && parent != NONE {
                return false;
            }
            while branch != NONE {
                let entry = &self.branches[branch as usize];
                match initial(entry.thread, &entry.accesses, sequence, trace) {
                    Initial::At(index) => {
                        // With other internal choices the same step is explored from there on without any aim.
                        if answers(sequence[index]) != &entry.answers[..] {
                            return false;
                        }
                        sequence.remove(index);
                        break;
                    }
                    Initial::Apart => break,
                    Initial::No => {}
                }
                last = branch;
                branch = entry.next;
            }
            if branch != NONE {
                parent = branch;
                continue;
            }
            let chain = self.chain(sequence, trace, answers);
            match (last, parent) {
                (NONE, NONE) => *first = chain,
                (NONE, _) => self.branches[parent as usize].children = chain,
                _ => self.branches[last as usize].next = chain,
            }
            return true;
        }
    }

    fn chain<'a>(&mut self, sequence: &[u32], trace: &Trace, answers: impl Fn(u32) -> &'a [Answer]) -> u32 {
        let mut children = NONE;
        for &step in sequence.iter().rev() {
            let index = self.free.pop().unwrap_or_else(|| {
                self.branches.push(Branch::default());
                self.branches.len() as u32 - 1
            });
            let branch = &mut self.branches[index as usize];
            branch.thread = trace.thread(step as usize);
            branch.accesses.clear();
            branch.accesses.extend_from_slice(trace.accesses(step as usize));
            branch.answers.clear();
            branch.answers.extend_from_slice(answers(step));
            branch.children = children;
            branch.next = NONE;
            children = index;
        }
        children
    }

    /// Drops one branch, keeping what comes after it (its children) and beside it.
    pub(super) fn release(&mut self, branch: u32) {
        self.free.push(branch);
    }

    /// Drops a branch, its siblings and all below.
    pub(super) fn release_all(&mut self, first: u32) {
        let mut branch = first;
        while branch != NONE {
            let (children, next) = (self.branches[branch as usize].children, self.branches[branch as usize].next);
            self.release_all(children);
            self.free.push(branch);
            branch = next;
        }
    }
}
