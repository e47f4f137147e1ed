//! Wakeup trees: sequences of steps that have to be run from a node of the exploration, so that a race is reversed.
//!
//! Trees live in one slab and their nodes are used again, so that none is allocated while a search is under way.

use super::trace::NONE;
use super::{Access, ThreadId};

/// An internal choice: what was answered, of how many.
#[derive(Clone, Copy, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub(super) struct Answer {
    pub(super) value: u32,
    pub(super) options: u32,
    /// Part of a wakeup sequence: the alternatives are not to be tried here.
    pub(super) fixed: bool,
}

/// Which internal choices a step made, as one number.
pub(super) type Key = u64;

/// All that the step could make.
pub(super) const ALL: Key = 0;

/// The key of these choices; never [`ALL`].
pub(super) fn key(answers: &[Answer]) -> Key {
    answers.iter().fold(1, |key: u64, answer| (key ^ u64::from(answer.value) << 1).wrapping_mul(0x0100_0000_01b3) | 1)
}

/// What is run where these choices are asked for: all, if none is.
pub(super) fn asked_for(answers: &[Answer]) -> Key {
    if answers.is_empty() { ALL } else { key(answers) }
}

/// One step that has to be run.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub(super) struct Branch {
    pub(super) thread: ThreadId,
    /// What it touched when it was seen.
    pub(super) accesses: Vec<Access>,
    /// Its internal choices when it was seen: a step with others is another step, which excludes this one.
    pub(super) answers: Vec<Answer>,
    /// It was the second step of a race: that it comes first may change what it touches.
    unsure: bool,
    /// Some sequence that needs it could not go another way. What is left of the others can, if what is run before shows so.
    firm: bool,
    /// The first of what comes after it.
    pub(super) children: u32,
    /// Its next sibling.
    pub(super) next: u32,
}

/// All wakeup trees of a search.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
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

/// Why a sequence can begin with a step.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Why {
    /// It does, with this step of the trace or one that it does not depend on.
    Element(u32),
    /// It is independent of all of it.
    Apart,
}

/// Whether the order of two steps of different threads can matter.
pub(super) fn dependent(a: &[Access], b: &[Access]) -> bool {
    a.iter().any(|&x| b.iter().any(|&y| x.depends(y)))
}

/// How a step of some thread stands to a sequence of an execution's steps.
fn initial(steps: &impl Steps, thread: ThreadId, accesses: &[Access], wanted: Key, sequence: &[u32]) -> Initial {
    for (index, &step) in sequence.iter().enumerate() {
        if steps.thread(step) == thread {
            let same = wanted == ALL || wanted == key(steps.answers(step));
            return if same { Initial::At(index) } else { Initial::No };
        }
        if dependent(accesses, steps.accesses(step)) {
            return Initial::No;
        }
    }
    // With some of its choices it is not all that the thread can do after the sequence: what begins with the others is not
    // seen, and no race with this step leads there.
    if wanted == ALL { Initial::Apart } else { Initial::No }
}

/// Whether the element of a sequence with this index, by what it touches there, can come first. What the last one touches when
/// it does is known only if it is the first.
fn begins_with(steps: &impl Steps, sequence: &[u32], index: usize) -> bool {
    let own = steps.accesses(sequence[index]);
    let free = sequence[..index].iter().all(|&step| !dependent(own, steps.accesses(step)));
    index == 0 || index + 1 < sequence.len() && free
}

/// A sequence by itself.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub(super) struct Waiting(Vec<(ThreadId, Vec<Access>, Vec<Answer>)>);

impl Waiting {
    pub(super) fn new(steps: &impl Steps, sequence: &[u32]) -> Waiting {
        let step = |&step: &u32| (steps.thread(step), steps.accesses(step).to_vec(), steps.answers(step).to_vec());
        Waiting(sequence.iter().map(step).collect())
    }

    /// Its steps by number.
    pub(super) fn sequence(&self) -> Vec<u32> {
        (0..self.0.len() as u32).collect()
    }
}

impl Steps for Waiting {
    fn thread(&self, step: u32) -> ThreadId {
        self.0[step as usize].0
    }

    fn accesses(&self, step: u32) -> &[Access] {
        &self.0[step as usize].1
    }

    fn answers(&self, step: u32) -> &[Answer] {
        &self.0[step as usize].2
    }
}

/// The steps of an execution by number: who, what, and with which internal choices.
pub(super) trait Steps {
    fn thread(&self, step: u32) -> ThreadId;
    fn accesses(&self, step: u32) -> &[Access];
    fn answers(&self, step: u32) -> &[Answer];

    /// Whether some continuation of `sequence` is equivalent to one that begins with this step, and why.
    fn weak_initial(&self, thread: ThreadId, accesses: &[Access], key: Key, sequence: &[u32]) -> Option<Why>
    where
        Self: Sized,
    {
        match initial(self, thread, accesses, key, sequence) {
            Initial::At(index) => Some(Why::Element(sequence[index])),
            Initial::Apart => Some(Why::Apart),
            Initial::No => None,
        }
    }
}

/// Its branches.
impl Steps for Forest {
    fn thread(&self, branch: u32) -> ThreadId {
        self.get(branch).thread
    }

    fn accesses(&self, branch: u32) -> &[Access] {
        &self.get(branch).accesses
    }

    fn answers(&self, branch: u32) -> &[Answer] {
        &self.get(branch).answers
    }
}

impl Forest {
    pub(super) fn get(&self, branch: u32) -> &Branch {
        &self.branches[branch as usize]
    }

    pub(super) fn get_mut(&mut self, branch: u32) -> &mut Branch {
        &mut self.branches[branch as usize]
    }

    /// A branch and its next siblings.
    fn list(&self, first: u32) -> impl Iterator<Item = u32> {
        let some = |branch: u32| (branch != NONE).then_some(branch);
        std::iter::successors(some(first), move |&branch| some(self.get(branch).next))
    }

    /// How many branches begin at one node.
    pub(super) fn len(&self, first: u32) -> usize {
        self.list(first).count()
    }

    /// Makes sure that the tree beginning with the branch `*first` leads to an execution that begins with `sequence`, whose last
    /// step is one that may turn out to be another. Returns what the tree begins with that the sequence can begin with.
    ///
    /// A branch that may turn out to be another is no way for a sequence that can begin with it only as it seems to be. Until
    /// it is run, the sequence goes beside it, and is not [firm](Forest::doubtful).
    pub(super) fn insert(&mut self, first: &mut u32, sequence: &mut Vec<u32>, steps: &impl Steps) -> Why {
        let mut parent = NONE;
        let mut begins = None;
        let mut firm = true;
        while !sequence.is_empty() {
            let mut last = NONE;
            let mut branch = if parent == NONE { *first } else { self.branches[parent as usize].children };
            while branch != NONE {
                let entry = &mut self.branches[branch as usize];
                match initial(steps, entry.thread, &entry.accesses, asked_for(&entry.answers), sequence) {
                    Initial::At(index) if !entry.unsure || begins_with(steps, sequence, index) => {
                        let step = sequence.remove(index);
                        begins.get_or_insert(Why::Element(step));
                        if entry.unsure {
                            // It may do what it did here, or what it did there.
                            for access in steps.accesses(step) {
                                if !entry.accesses.contains(access) {
                                    entry.accesses.push(*access);
                                }
                            }
                        }
                        break;
                    }
                    Initial::Apart if !entry.unsure => {
                        begins.get_or_insert(Why::Apart);
                        break;
                    }
                    Initial::No => {}
                    _ => {
                        begins.get_or_insert(Why::Apart);
                        firm = false;
                    }
                }
                last = branch;
                branch = entry.next;
            }
            if branch != NONE {
                self.branches[branch as usize].firm |= firm;
                parent = branch;
                continue;
            }
            begins.get_or_insert(Why::Element(sequence[0]));
            let chain = self.chain(sequence, steps, firm);
            match (last, parent) {
                (NONE, NONE) => *first = chain,
                (NONE, _) => self.branches[parent as usize].children = chain,
                _ => self.branches[last as usize].next = chain,
            }
            break;
        }
        begins.unwrap_or(Why::Apart)
    }

    fn chain(&mut self, sequence: &[u32], steps: &impl Steps, firm: bool) -> u32 {
        let mut children = NONE;
        for &step in sequence.iter().rev() {
            let index = self.grow();
            let branch = &mut self.branches[index as usize];
            branch.thread = steps.thread(step);
            branch.accesses.clear();
            branch.accesses.extend_from_slice(steps.accesses(step));
            branch.answers.clear();
            branch.answers.extend(steps.answers(step).iter().map(|answer| Answer { fixed: true, ..*answer }));
            branch.unsure = children == NONE;
            branch.firm = firm;
            branch.children = children;
            branch.next = NONE;
            children = index;
        }
        children
    }

    /// Takes the sequences out of a tree that went beside branches which might have been others, to be inserted again.
    pub(super) fn doubtful(&mut self, first: &mut u32) -> Vec<Waiting> {
        let mut all = Vec::new();
        if self.has_doubts(*first) {
            for path in self.sequences(*first) {
                if path.last().is_some_and(|&last| !self.get(last).firm) {
                    all.push(Waiting::new(self, &path));
                }
            }
            *first = self.prune(*first);
        }
        all
    }

    fn has_doubts(&self, first: u32) -> bool {
        let mut lists = vec![first];
        while let Some(first) = lists.pop() {
            for branch in self.list(first) {
                if !self.get(branch).firm {
                    return true;
                }
                lists.push(self.get(branch).children);
            }
        }
        false
    }

    /// Drops what is not firm of a branch, its siblings and all below. Gives the first that is left.
    fn prune(&mut self, first: u32) -> u32 {
        let mut left = NONE;
        let mut lists = vec![(NONE, first)];
        while let Some((parent, first)) = lists.pop() {
            let (mut kept, mut branch) = (NONE, first);
            let mut first = NONE;
            while branch != NONE {
                let Branch { firm, children, next, .. } = self.branches[branch as usize];
                if firm {
                    match kept {
                        NONE => first = branch,
                        kept => self.get_mut(kept).next = branch,
                    }
                    kept = branch;
                    self.get_mut(kept).next = NONE;
                    lists.push((branch, children));
                } else {
                    self.release_all(children);
                    self.release(branch);
                }
                branch = next;
            }
            match parent {
                NONE => left = first,
                parent => self.get_mut(parent).children = first,
            }
        }
        left
    }

    fn grow(&mut self) -> u32 {
        self.free.pop().unwrap_or_else(|| {
            self.branches.push(Branch::default());
            self.branches.len() as u32 - 1
        })
    }

    /// A single branch with nothing after it.
    pub(super) fn plant(&mut self, thread: ThreadId, accesses: &[Access], answers: &[Answer]) -> u32 {
        let index = self.grow();
        let branch = &mut self.branches[index as usize];
        branch.thread = thread;
        branch.accesses.clear();
        branch.accesses.extend_from_slice(accesses);
        branch.answers.clear();
        branch.answers.extend_from_slice(answers);
        (branch.unsure, branch.firm) = (true, true);
        (branch.children, branch.next) = (NONE, NONE);
        index
    }

    /// Copies the branch `first` of another forest, its siblings and all below; gives the copy.
    pub(super) fn graft(&mut self, other: &Forest, first: u32) -> u32 {
        let mut copied = NONE;
        let mut lists = vec![(NONE, first)];
        while let Some((parent, first)) = lists.pop() {
            let mut last = NONE;
            for branch in other.list(first) {
                let from = other.get(branch);
                let copy = self.plant(from.thread, &from.accesses, &from.answers);
                let new = self.get_mut(copy);
                (new.unsure, new.firm) = (from.unsure, from.firm);
                match (last, parent) {
                    (NONE, NONE) => copied = copy,
                    (NONE, parent) => self.get_mut(parent).children = copy,
                    (last, _) => self.get_mut(last).next = copy,
                }
                last = copy;
                if from.children != NONE {
                    lists.push((copy, from.children));
                }
            }
        }
        copied
    }

    /// The sequences that a branch, its siblings and all below ask for, in order.
    pub(super) fn sequences(&self, first: u32) -> Vec<Vec<u32>> {
        let mut all = Vec::new();
        let mut path = vec![first];
        while let Some(&last) = path.last() {
            if last == NONE {
                // The siblings above come next; what has nothing behind it is an end.
                path.pop();
            } else if self.get(last).children == NONE
                || all.last().is_some_and(|known: &Vec<u32>| known.starts_with(&path))
            {
                if self.get(last).children == NONE {
                    all.push(path.clone());
                }
                path.pop();
                path.push(self.get(last).next);
            } else {
                path.push(self.get(last).children);
            }
        }
        all
    }

    /// Drops everything.
    pub(super) fn clear(&mut self) {
        self.free.clear();
        self.free.extend((0..self.branches.len() as u32).rev());
    }

    /// Drops one branch, keeping what comes after it (its children) and beside it.
    pub(super) fn release(&mut self, branch: u32) {
        self.free.push(branch);
    }

    /// Drops a branch, its siblings and all below.
    pub(super) fn release_all(&mut self, first: u32) {
        let mut lists = vec![first];
        while let Some(mut branch) = lists.pop() {
            while branch != NONE {
                let Branch { children, next, .. } = self.branches[branch as usize];
                if children != NONE {
                    lists.push(children);
                }
                self.free.push(branch);
                branch = next;
            }
        }
    }
}
