//! Optimal dynamic partial-order reduction: one execution for each Mazurkiewicz trace, and nothing run twice.
//!
//! Follows Abdulla, Aronis, Jonsson and Sagonas, "Source Sets: A Foundation for Optimal Dynamic Partial Order Reduction"
//! (J. ACM 64(4), 2017): after each execution every race in it is turned into the sequence that reverses it (what did not
//! happen after the first step, then the second step), and that sequence is added to the wakeup tree of the node before
//! the first step, unless a sleeping thread shows that it was seen.
//!
//! # Where this differs
//! - Steps have many accesses, and what a step does may depend on what it reads. The second step of a reversed race is
//!   entered with the accesses it had when it was second. If they turn out to be others, executions may be run that turn
//!   out to be redundant; they are dropped when everybody sleeps, and counted as abandoned. A sequence that seems to begin
//!   with such a step goes beside it until it was run ([`Forest::insert`]), and who depends on what it did is awake after it.
//! - A sequence that comes to the end of a wakeup tree is added behind it, although all that follows is explored there: a
//!   sleeper may count as seen what is seen only because of that sequence, if its last step turns out to be another.
//! - Still, a race is not looked at again in executions that begin as one in which its reversal was taken care of, and what
//!   is taken care of depends on what that last step does: with steps that turn out to be others traces can be missed.
//! - Steps of one thread with different internal choices ([`Search::choose`]) are different steps that exclude each
//!   other. All are run where a thread is run freely; a wakeup sequence asks for one.
//! - A wanted step whose thread is not offered there ends the wakeup sequence. What it races with further back is reversed
//!   instead, and the search goes on freely from that point, which is sound and at worst redundant.
//! - An execution that ends in a bug ends for all: what other threads would have done is not explored *from there*.
//! - With [`Limits`] on preemptions or delays whatever exceeds them is left out. The executions left are within them, but
//!   not all such are seen: an equivalent of a missing one may have been dropped for its own preemptions. [`super::Dfs`]
//!   with the same limits sees all.

use std::collections::BTreeSet;
use std::sync::Arc;

use super::job::{Job, Order, Report, Reversal, UNREAL, settles};
use super::natural::{Count, natural};
use super::segment::{Record, Segment, Slept, Stamps};
use super::trace::{NONE, Trace};
use super::wakeup::{ALL, Answer, Forest, Key, Steps, Why, asked_for, dependent};
use super::{Access, Candidate, Ending, Limits, Pick, Schedule, Search, Summary, ThreadId};

/// No thread.
const NOBODY: ThreadId = ThreadId::MAX;

/// A thread whose next step need not be run here, because all that begins with it was seen.
#[derive(Clone, Copy, Debug)]
struct Sleeper {
    thread: ThreadId,
    /// Where its step's accesses are in the pool.
    start: u32,
    end: u32,
    /// With which internal choices it was run.
    key: Key,
}

/// One point of the current path.
#[derive(Debug)]
struct Node {
    /// Who runs here now.
    thread: ThreadId,
    answers: Vec<Answer>,
    /// The key of the first answers, if they were made by a wakeup sequence.
    guided: Key,
    /// What the step touched where the wakeup sequence that asked for it was seen.
    wanted: Vec<Access>,
    /// Those who slept on arrival, then those who were run here and are done.
    sleepers: Vec<Sleeper>,
    arrived: u32,
    /// Threads asleep from the cut on: if one of them sleeps to the end, or runs asleep, the execution is another part's.
    outside: Vec<Sleeper>,
    foreign: bool,
    /// What else has to be run here.
    wakeup: u32,
    /// Where the accesses of the running thread's alternatives begin in the pool, and where the pool ends for this node.
    union: u32,
    pool: u32,
    preemptions: u32,
    delays: u32,
    /// How often the thread of [`Limits::early`] went early up to here, this step included.
    early: u32,
    /// The step's thread had nothing better to do than others.
    lazy: bool,
}

impl Default for Node {
    fn default() -> Node {
        Node {
            thread: NOBODY,
            answers: Vec::new(),
            guided: ALL,
            wanted: Vec::new(),
            sleepers: Vec::new(),
            arrived: 0,
            outside: Vec::new(),
            foreign: false,
            wakeup: NONE,
            union: 0,
            pool: 0,
            preemptions: 0,
            delays: 0,
            early: 0,
            lazy: false,
        }
    }
}

/// The first steps of an execution: who, and the answers to its internal choices with how many there were.
pub type Beginning = Vec<(ThreadId, Vec<(u32, u32)>)>;

/// A part of the tree of all executions: those that begin with certain steps.
#[derive(Clone, Debug, Default, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Part {
    /// The steps.
    pub steps: Beginning,
    /// What parts before it go on with from some point on; executions that could do so too are theirs.
    pub sleeping: Vec<Sleeping>,
}

/// A thread all of whose executions from a point on are in another part.
#[derive(Clone, Debug, PartialEq, Eq, serde::Serialize, serde::Deserialize)]
pub struct Sleeping {
    /// The thread.
    pub thread: ThreadId,
    /// What its step touches there.
    pub accesses: Vec<Access>,
}

/// How a search splits the tree.
#[derive(Debug, Default)]
struct Split {
    depth: usize,
    /// Beginnings that are cut [`DEEPER`] steps further on instead.
    deeper: BTreeSet<Beginning>,
    parts: Vec<Part>,
    /// Where the present execution was cut.
    cut: Option<usize>,
}

/// Steps from one possible cut to the next.
const DEEPER: usize = 3;

/// What a search knows of the tree that it runs single executions of.
#[derive(Debug, Default)]
struct Helper {
    order: Arc<Order>,
    /// Of which segment of the way each node before the branch is, and each step.
    way: Vec<(Arc<Segment>, usize)>,
    report: Report,
    /// Where the pool ends that belongs to the part.
    base: u32,
    attended: bool,
}

impl Helper {
    /// The segment of the way that a step is of.
    fn segment(&self, depth: usize) -> Option<&Arc<Segment>> {
        let nth = self.way.partition_point(|&(_, to)| to <= depth);
        self.way.get(nth).map(|(segment, _)| segment).filter(|segment| segment.from <= depth)
    }
}

/// The steps of the running execution. Those that never came to run have no node.
struct Own<'d> {
    trace: &'d Trace,
    path: &'d [Node],
}

impl Steps for Own<'_> {
    fn thread(&self, step: u32) -> ThreadId {
        self.trace.thread(step as usize)
    }

    fn accesses(&self, step: u32) -> &[Access] {
        self.trace.accesses(step as usize)
    }

    fn answers(&self, step: u32) -> &[Answer] {
        self.path.get(step as usize).map_or(&[], |node| &node.answers)
    }
}

/// The search.
#[derive(Debug, Default)]
pub struct Dpor {
    limits: Limits,
    trace: Trace,
    forest: Forest,
    /// The path; those after `len` are kept for their buffers.
    nodes: Vec<Node>,
    len: usize,
    pool: Vec<Access>,
    /// Steps so far in this execution.
    depth: usize,
    /// Where this execution leaves the one before.
    fresh: usize,
    /// What has to be run after the newest step.
    subtree: u32,
    /// Internal choices so far in the running step.
    asked: usize,
    sequence: Vec<u32>,
    blocked: Vec<(ThreadId, Access)>,
    /// Only what begins so is explored.
    part: Part,
    /// Where the tree is split, and the parts so far.
    split: Option<Split>,
    /// Works for a tree that others work for, too.
    helper: Option<Box<Helper>>,
    /// The nodes before this depth are not its own: they are the tree's, or other parts'.
    own: usize,
    foreign: bool,
    /// The branch of the tree could not be taken, and another has to be: there was no execution.
    passed: bool,
    begun: bool,
    exhausted: bool,
    diverged: bool,
    count: Count,
}

impl Dpor {
    /// The search.
    pub fn new(limits: Limits) -> Dpor {
        Dpor { limits, subtree: NONE, ..Dpor::default() }
    }

    /// The search of one part. It is optimal for the executions that begin so; those of them that are equivalent to one
    /// that begins like a part before are run too (the races in them matter) and counted as abandoned, so that all parts
    /// together count every trace once.
    pub fn within(part: Part, limits: Limits) -> Dpor {
        Dpor { own: part.steps.len(), part, ..Dpor::new(limits) }
    }

    /// A search that runs one execution of a tree at a time, each after a [`Dpor::attend`].
    pub fn helper(part: Part, limits: Limits) -> Dpor {
        Dpor { helper: Some(Box::default()), ..Dpor::within(part, Limits { executions: None, ..limits }) }
    }

    /// Prepares the execution of a job.
    pub fn attend(&mut self, job: Job) {
        let Some(mut helper) = self.helper.take() else { return };
        // As far as it begins like the execution before, what is known of that stays.
        let mut common = 0;
        for ((segment, to), (known, known_to)) in job.way.iter().zip(&helper.way) {
            if !Arc::ptr_eq(segment, known) {
                break;
            }
            common = *to.min(known_to);
            if to != known_to {
                break;
            }
        }
        let common = common.min(self.trace.len());
        self.trace.truncate(common);
        self.len = common;
        self.pool.truncate(if common > self.part.steps.len() { helper.base as usize } else { 0 });
        self.forest.clear();
        self.subtree = NONE;
        (self.count, self.diverged, self.foreign) = (Count::default(), false, false);
        (self.exhausted, self.begun) = (false, false);
        self.fresh = job.order.at;
        self.own = job.order.at + usize::from(job.order.branch.is_some());
        (helper.order, helper.way) = (job.order, job.way);
        helper.report = Report::default();
        helper.attended = true;
        for depth in self.part.steps.len()..common {
            settle_known(&mut self.trace, &helper, depth);
        }
        self.helper = Some(helper);
    }

    /// What came of the job, whose execution is over. `failure`: how it failed.
    pub fn report(&mut self, failure: Option<(u64, Schedule)>) -> Report {
        let Some(mut helper) = self.helper.take() else { return Report::default() };
        let mut report = std::mem::take(&mut helper.report);
        (report.count, report.diverged, report.failure) = (self.count, self.diverged, failure);
        let at = helper.order.at;
        if self.depth > at && self.depth == self.trace.len() {
            let segment = Arc::new(self.leave(at, &mut report));
            helper.way.push((Arc::clone(&segment), segment.to()));
            report.segment = Some(segment);
        }
        self.helper = Some(helper);
        report
    }

    /// What was run from a node on, with what it leaves to be done.
    fn leave(&mut self, at: usize, report: &mut Report) -> Segment {
        let mut segment = Segment { from: at, ..Segment::default() };
        let mut races = 0;
        for depth in at..self.depth {
            let node = &mut self.nodes[depth];
            segment.records.push(Record {
                thread: node.thread,
                guided: node.guided,
                answers: segment.answers.len() as u32,
                accesses: segment.accesses.len() as u32,
                sleepers: segment.sleepers.len() as u32,
                races: races as u32,
            });
            segment.answers.extend_from_slice(&node.answers);
            segment.accesses.extend_from_slice(self.trace.accesses(depth));
            races += self.trace.races(depth).len();
            let slept = |s: &Sleeper| Slept { thread: s.thread, key: s.key, start: s.start, end: s.end };
            segment.sleepers.extend(node.sleepers.iter().map(slept));
            if depth >= self.own {
                let wakeup = std::mem::replace(&mut node.wakeup, NONE);
                if wakeup != NONE {
                    report.wakeups.push((depth, wakeup));
                }
            }
        }
        if !segment.sleepers.is_empty() {
            segment.pool.extend_from_slice(&self.pool);
        }
        if !report.wakeups.is_empty() {
            std::mem::swap(&mut report.forest, &mut self.forest);
        }
        segment.settled = Stamps::new(races);
        segment
    }

    /// A search that abandons every execution after `depth` steps, or some more if it begins as one of `deeper`, and only finds
    /// out the parts, for [`Dpor::parts`].
    pub fn splitting(depth: usize, deeper: BTreeSet<Beginning>) -> Dpor {
        Dpor { split: Some(Split { depth, deeper, ..Split::default() }), ..Dpor::new(Limits::default()) }
    }

    /// The parts of the tree, when a splitting search is over. They depend on the program and the cut only.
    pub fn parts(&self) -> &[Part] {
        self.split.as_ref().map_or(&[], |split| &split.parts)
    }

    fn steps_so_far(&self) -> Beginning {
        let step = |node: &Node| (node.thread, node.answers.iter().map(|a| (a.value, a.options)).collect());
        self.nodes[..self.depth].iter().map(step).collect()
    }

    /// Whether the tree is cut at the present node.
    fn is_cut(&self) -> bool {
        let Some(split) = &self.split else { return false };
        self.depth >= split.depth
            && (self.depth - split.depth).is_multiple_of(DEEPER)
            && !(split.deeper.iter().any(|steps| steps.len() == self.depth)
                && split.deeper.contains(&self.steps_so_far()))
    }

    /// Notes the part that begins with the steps so far.
    fn note_part(&mut self, sleepers: &[Sleeper]) {
        let sleeping = |sleeper: &Sleeper| Sleeping {
            thread: sleeper.thread,
            accesses: self.pool[sleeper.start as usize..sleeper.end as usize].to_vec(),
        };
        let part = Part { steps: self.steps_so_far(), sleeping: sleepers.iter().map(sleeping).collect() };
        if let Some(split) = &mut self.split {
            split.parts.push(part);
        }
    }

    /// Whether the last execution is one of another part too: it counts there, and as abandoned here.
    pub fn was_foreign(&self) -> bool {
        self.foreign
    }

    fn is_foreign(&self) -> bool {
        let Some(node) = self.depth.checked_sub(1).and_then(|at| self.nodes.get(at)) else { return false };
        let step = self.trace.accesses(self.depth - 1);
        let sleeps = |sleeper: &Sleeper| {
            sleeper.thread == node.thread || !dependent(step, &self.pool[sleeper.start as usize..sleeper.end as usize])
        };
        node.foreign || node.outside.iter().any(sleeps)
    }

    /// Whether a splitting search has somebody left to run at this node.
    fn has_others(&self, at: usize) -> bool {
        let Some(split) = &self.split else { return false };
        let asleep = |thread| self.nodes[at].sleepers.iter().any(|sleeper| sleeper.thread == thread);
        split.cut != Some(at) && self.trace.offered(at).any(|thread| !asleep(thread))
    }

    fn last_thread(&self) -> Option<ThreadId> {
        (self.depth > 0).then(|| self.trace.thread(self.depth - 1))
    }

    /// Goes back to the deepest node where something is left to do, and prepares to do it. Returns whether there is one.
    fn backtrack(&mut self) -> bool {
        while self.len > self.own {
            let at = self.len - 1;
            let node = &mut self.nodes[at];
            self.pool.truncate(node.pool as usize);
            if node.thread != NOBODY && self.trace.len() > at {
                self.pool.extend_from_slice(self.trace.accesses(at));
                node.pool = self.pool.len() as u32;
                self.trace.truncate(at);
                // The alternatives of a guided step are wanted elsewhere, if at all.
                if next_answers(&mut node.answers) {
                    self.subtree = NONE;
                    self.fresh = at;
                    return true;
                }
                node.sleepers.push(Sleeper {
                    thread: node.thread,
                    start: node.union,
                    end: node.pool,
                    key: node.guided,
                });
                node.union = node.pool;
            }
            self.trace.truncate(at);
            node.thread = NOBODY;
            node.answers.clear();
            node.wanted.clear();
            // What was run last is known now.
            for doubtful in self.forest.doubtful(&mut node.wakeup) {
                let mut sequence = doubtful.sequence();
                if slept(&self.pool, &node.sleepers, &doubtful, &sequence).is_none() {
                    self.forest.insert(&mut node.wakeup, &mut sequence, &doubtful);
                }
            }
            if node.wakeup != NONE || self.has_others(at) {
                self.fresh = at;
                return true;
            }
            self.len -= 1;
        }
        false
    }

    /// Arrives at a new node.
    fn arrive(&mut self) {
        if self.len == self.nodes.len() {
            self.nodes.push(Node::default());
        }
        let (path, rest) = self.nodes.split_at_mut(self.len);
        let node = &mut rest[0];
        node.thread = NOBODY;
        node.answers.clear();
        node.wanted.clear();
        node.sleepers.clear();
        node.wakeup = std::mem::replace(&mut self.subtree, NONE);
        node.union = self.pool.len() as u32;
        node.pool = node.union;
        (node.preemptions, node.delays) = (0, 0);
        node.outside.clear();
        node.foreign = false;
        if let Some(parent) = path.last() {
            node.foreign = parent.foreign;
            for &sleeper in &parent.outside {
                if sleeper.thread == parent.thread {
                    node.foreign = true;
                } else if !dependent(
                    self.trace.accesses(self.depth - 1),
                    &self.pool[sleeper.start as usize..sleeper.end as usize],
                ) {
                    node.outside.push(sleeper);
                }
            }
            let step = self.trace.accesses(self.depth - 1);
            // Who sleeps on the way to a branch of a tree is known to the tree.
            let slept = if self.depth < self.own { &[][..] } else { &parent.sleepers };
            for &sleeper in slept {
                let accesses = &self.pool[sleeper.start as usize..sleeper.end as usize];
                // A branch is there because of what its step did where it was seen, not because of what it does here. Who
                // depends on that counts as awake, and so does who did not make all its choices.
                if sleeper.thread != parent.thread
                    && sleeper.key == ALL
                    && !dependent(step, accesses)
                    && !dependent(&parent.wanted, accesses)
                {
                    node.sleepers.push(sleeper);
                }
            }
            (node.preemptions, node.delays) = (parent.preemptions, parent.delays);
        }
        if self.depth == self.part.steps.len() {
            for sleeping in &self.part.sleeping {
                let start = self.pool.len() as u32;
                self.pool.extend_from_slice(&sleeping.accesses);
                let end = self.pool.len() as u32;
                node.outside.push(Sleeper { thread: sleeping.thread, start, end, key: ALL });
                (node.union, node.pool) = (end, end);
            }
        }
        if let Some(helper) = &mut self.helper {
            if self.depth == self.part.steps.len() {
                helper.base = self.pool.len() as u32;
            }
            if self.depth == helper.order.at {
                for asleep in &helper.order.sleepers {
                    let start = self.pool.len() as u32;
                    self.pool.extend_from_slice(&asleep.accesses);
                    let end = self.pool.len() as u32;
                    node.sleepers.push(Sleeper { thread: asleep.thread, start, end, key: asleep.key });
                    (node.union, node.pool) = (end, end);
                }
                node.wakeup =
                    helper.order.branch.map_or(NONE, |branch| self.forest.graft(&helper.order.forest, branch));
            }
        }
        node.arrived = node.sleepers.len() as u32;
        self.len += 1;
    }

    /// Whether the limits let this candidate run at the newest node.
    fn allowed(&mut self, candidates: &[Candidate], index: usize) -> bool {
        let before = self.depth.checked_sub(1).map(|at| &self.nodes[at]);
        let [preemptions, delays, early] = before.map_or([0; 3], |node| [node.preemptions, node.delays, node.early]);
        let preempts = candidates[index].preempts;
        let delayed = self.limits.delays.is_some() && index != natural(candidates, self.last_thread());
        let beyond = |limit: Option<u32>, so_far: u32, more: bool| more && limit.is_some_and(|most| so_far >= most);
        let too_many = beyond(self.limits.preemptions, preemptions, preempts);
        let too_late = beyond(self.limits.delays, delays, delayed);
        self.count.bounds.preemptions |= too_many;
        self.count.bounds.delays |= too_late;
        if too_many || too_late {
            return false;
        }
        let node = &mut self.nodes[self.depth];
        node.preemptions = preemptions + u32::from(preempts);
        node.delays = delays + u32::from(delayed);
        let is_clock = |thread| self.limits.early.is_some_and(|(clock, _)| clock == thread);
        let is_early =
            is_clock(candidates[index].thread) && candidates.iter().any(|other| !other.lazy && !is_clock(other.thread));
        node.early = early + u32::from(is_early);
        node.lazy = candidates[index].lazy;
        true
    }

    /// Takes the next branch of the newest node's wakeup tree whose thread can run here.
    fn pick_wanted(&mut self, candidates: &[Candidate], all_lazy: bool) -> Option<usize> {
        loop {
            let wanted = self.nodes[self.depth].wakeup;
            if wanted == NONE {
                return None;
            }
            let branch = self.forest.get(wanted);
            let (thread, children) = (branch.thread, branch.children);
            self.nodes[self.depth].wakeup = branch.next;
            let found = candidates
                .binary_search_by_key(&thread, |candidate| candidate.thread)
                .ok()
                .filter(|&index| all_lazy || !candidates[index].lazy);
            if found.is_none() {
                self.count.bounds.fairness = true;
                // What it would have done is not possible here, but perhaps earlier.
                let accesses = std::mem::take(&mut self.forest.get_mut(wanted).accesses);
                self.reverse_races_of_blocked(thread, &accesses);
                self.forest.get_mut(wanted).accesses = accesses;
            }
            if let Some(index) = found.filter(|&index| self.allowed(candidates, index)) {
                let node = &mut self.nodes[self.depth];
                node.thread = thread;
                node.answers.clear();
                node.answers.extend_from_slice(&self.forest.get(wanted).answers);
                node.wanted.clear();
                node.wanted.extend_from_slice(&self.forest.get(wanted).accesses);
                node.guided = asked_for(&node.answers);
                self.subtree = children;
                self.forest.release(wanted);
                return Some(index);
            }
            self.forest.release_all(children);
            self.forest.release(wanted);
        }
    }

    /// Takes the next step of the part.
    fn pick_given(&mut self, candidates: &[Candidate], thread: ThreadId) -> Pick {
        self.trace.offer_all();
        match candidates.binary_search_by_key(&thread, |candidate| candidate.thread) {
            Ok(index) if self.allowed(candidates, index) => {
                let node = &mut self.nodes[self.depth];
                node.thread = thread;
                let answers = &self.part.steps[self.depth].1;
                let fixed = |&(value, options): &(u32, u32)| Answer { value, options, fixed: true };
                node.answers.extend(answers.iter().map(fixed));
                Pick::Run(index)
            }
            Ok(_) => Pick::Abandon,
            Err(_) => {
                self.diverged = true;
                Pick::Abandon
            }
        }
    }

    /// Takes the next step on the way to a branch of the tree.
    fn pick_on_the_way(&mut self, candidates: &[Candidate]) -> Pick {
        let Some(helper) = &self.helper else { return Pick::Abandon };
        let Some(segment) = helper.segment(self.depth) else { return Pick::Abandon };
        let thread = segment.thread(self.depth);
        let found = candidates.binary_search_by_key(&thread, |candidate| candidate.thread);
        if let Ok(index) = found {
            let answers = segment.answers(self.depth).iter().map(|&answer| Answer { fixed: true, ..answer });
            let node = &mut self.nodes[self.depth];
            node.thread = thread;
            node.answers.extend(answers);
            if self.allowed(candidates, index) {
                return Pick::Run(index);
            }
        }
        self.diverged = true;
        Pick::Abandon
    }

    /// Takes any thread that does not sleep, the natural one first.
    fn pick_freely(&mut self, candidates: &[Candidate], all_lazy: bool) -> Option<usize> {
        let first = natural(candidates, self.last_thread());
        for nth in 0..=candidates.len() {
            let index = if nth == 0 { first } else { nth - 1 };
            let candidate = candidates[index];
            let sleeps = |sleeper: &Sleeper| sleeper.thread == candidate.thread && sleeper.key == ALL;
            let awake = !self.nodes[self.depth].sleepers.iter().any(sleeps);
            if awake && (all_lazy || !candidate.lazy) && self.allowed(candidates, index) {
                self.nodes[self.depth].thread = candidate.thread;
                let node = &mut self.nodes[self.depth];
                node.guided = ALL;
                self.subtree = NONE;
                return Some(index);
            }
        }
        None
    }

    /// Makes sure that an execution is run in which step `second` comes before step `first`. Returns whether that holds for
    /// all executions that begin as this one does up to `second`, whatever comes after it. `race` says the how-manieth of the
    /// second step's races it is, if that step came to run.
    fn reverse(&mut self, first: usize, second: usize, race: Option<usize>) -> bool {
        if first < self.part.steps.len() {
            // Other parts begin so.
            return true;
        }
        let mut sequence = std::mem::take(&mut self.sequence);
        sequence.clear();
        sequence.extend(
            (first + 1..self.trace.len())
                .filter(|&step| step != second && !self.trace.before(first, step))
                .map(|step| step as u32),
        );
        sequence.push(second as u32);
        if self.is_too_early(first, second, &sequence) {
            self.count.bounds.early = true;
            self.sequence = sequence;
            return true;
        }
        let node = &self.nodes[first];
        let possible = sequence.len() > 1 || self.trace.could_run(first, self.trace.thread(second));
        let steps = Own { trace: &self.trace, path: &self.nodes[..self.len.min(self.depth)] };
        let asks = sequence.iter().any(|&step| step as usize > second && !steps.answers(step).is_empty());
        let of_tree = self.helper.as_deref().filter(|_| first < self.own);
        let seen = match of_tree {
            Some(helper) if first < helper.order.at => helper.seen(first, &steps, &sequence),
            _ => slept(&self.pool, &node.sleepers, &steps, &sequence),
        };
        let begins = match seen {
            None if possible && of_tree.is_some() => {
                self.tell(first, second, race, &mut sequence, asks);
                None
            }
            None if possible => {
                let mut wakeup = node.wakeup;
                let begins = self.forest.insert(&mut wakeup, &mut sequence, &steps);
                self.nodes[first].wakeup = wakeup;
                Some(begins)
            }
            seen => seen,
        };
        self.sequence = sequence;
        begins.is_some_and(|begins| settles(begins, second, asks))
    }

    /// Whether the thread of [`Limits::early`] would go early more often than it is offered if the steps of a sequence, whose last
    /// is `second`, came before `first`, in this execution or any that begins as it does up to `second`. While `first` waits
    /// somebody could go on: all steps of that thread before it are early.
    fn is_too_early(&self, first: usize, second: usize, sequence: &[u32]) -> bool {
        let Some((clock, most)) = self.limits.early else { return false };
        let known = self.len.min(self.depth);
        if first >= known || self.nodes[first].lazy || self.trace.thread(first) == clock {
            return false;
        }
        let before = first.checked_sub(1).map_or(0, |at| self.nodes[at].early);
        let is_clock = |&&step: &&u32| step as usize <= second && self.trace.thread(step as usize) == clock;
        before + sequence.iter().filter(is_clock).count() as u32 > most
    }

    /// Leaves a reversal to the tree.
    fn tell(&mut self, first: usize, second: usize, race: Option<usize>, sequence: &mut [u32], asks: bool) {
        let Some(helper) = &mut self.helper else { return };
        let report = &mut helper.report;
        if race.is_none() {
            if let Some(last) = sequence.last_mut() {
                *last = UNREAL + report.unreal.len() as u32;
            }
            report.unreal.push((self.trace.thread(second), self.trace.accesses(second).to_vec()));
        }
        report.sequences.extend_from_slice(sequence);
        let end = report.sequences.len() as u32;
        report.reversals.push(Reversal { first, second: race.map(|nth| (second, nth)), end, asks });
    }

    fn reverse_races_of(&mut self, step: usize) {
        for (nth, race) in self.trace.races(step).enumerate() {
            let first = self.trace.race(race);
            if !self.trace.is_settled(race) && self.reverse(first, step, Some(nth)) {
                self.trace.settle_race(race);
                if let Some(helper) = &mut self.helper
                    && first >= self.part.steps.len()
                {
                    helper.report.settled.push((step, nth));
                }
            }
        }
    }

    /// The same for a step that cannot come to run after the newest one.
    fn reverse_races_of_blocked(&mut self, thread: ThreadId, accesses: &[Access]) {
        let len = self.trace.len();
        self.trace.push_blocked(thread, accesses);
        for race in self.trace.races(len) {
            self.reverse(self.trace.race(race), len, None);
        }
        self.trace.truncate(len);
    }

    /// Which part of the tree, as known now, lies behind.
    fn seen(&self) -> f64 {
        let (mut seen, mut weight) = (0.0, 1.0);
        for node in &self.nodes[..self.len] {
            if node.thread == NOBODY {
                break;
            }
            let done = node.sleepers.len() as f64 - f64::from(node.arrived);
            weight /= done + 1.0 + self.forest.len(node.wakeup) as f64;
            seen += weight * done;
        }
        seen + weight
    }
}

impl Helper {
    /// Whether somebody who sleeps at a node on the way shows that a sequence is seen before.
    fn seen(&self, at: usize, steps: &impl Steps, sequence: &[u32]) -> Option<Why> {
        let mut slept = self.segment(at).into_iter().flat_map(|segment| segment.sleepers(at));
        slept.find_map(|(thread, accesses, key)| steps.weak_initial(thread, accesses, key, sequence))
    }
}

/// Whether somebody who sleeps shows that a sequence is seen before.
fn slept(pool: &[Access], sleepers: &[Sleeper], steps: &impl Steps, sequence: &[u32]) -> Option<Why> {
    sleepers.iter().find_map(|sleeper| {
        let accesses = &pool[sleeper.start as usize..sleeper.end as usize];
        steps.weak_initial(sleeper.thread, accesses, sleeper.key, sequence)
    })
}

/// Settles those races of a step on the way that the tree knew to be settled when the job was handed out.
fn settle_known(trace: &mut Trace, helper: &Helper, depth: usize) {
    if let Some(segment) = helper.segment(depth) {
        trace.settle_races(depth, |nth| segment.is_settled(depth, nth, helper.order.now));
    }
}

/// The next combination of internal choices; `false` if there is none left.
fn next_answers(answers: &mut Vec<Answer>) -> bool {
    while let Some(answer) = answers.last_mut() {
        if !answer.fixed && answer.value + 1 < answer.options {
            answer.value += 1;
            return true;
        }
        answers.pop();
    }
    false
}

impl Search for Dpor {
    fn begin(&mut self) -> Option<()> {
        let attends = self.helper.as_mut().is_none_or(|helper| std::mem::take(&mut helper.attended));
        if self.exhausted || !attends {
            return None;
        }
        (self.passed, self.foreign) = (false, false);
        if self.limits.executions.is_some_and(|most| self.count.spends(most)) {
            self.count.bounds.executions = true;
            return None;
        }
        if std::mem::replace(&mut self.begun, true) && !self.backtrack() {
            self.exhausted = true;
            return None;
        }
        if let Some(split) = &mut self.split {
            split.cut = None;
        }
        self.depth = 0;
        self.blocked.clear();
        Some(())
    }

    fn pick(&mut self, candidates: &[Candidate]) -> Pick {
        self.asked = 0;
        if self.depth < self.len {
            let thread = self.nodes[self.depth].thread;
            if thread != NOBODY {
                return match candidates.binary_search_by_key(&thread, |candidate| candidate.thread) {
                    Ok(index) => Pick::Run(index),
                    Err(_) => {
                        self.diverged = true;
                        Pick::Abandon
                    }
                };
            }
        } else {
            self.arrive();
        }
        let all_lazy = candidates.iter().all(|candidate| candidate.lazy);
        if let Some(step) = self.part.steps.get(self.depth) {
            return self.pick_given(candidates, step.0);
        }
        let offered = candidates.iter().filter(|candidate| all_lazy || !candidate.lazy);
        // Threads that cannot be noted could be forgotten: the part ends before them.
        let unknown = !self.trace.offer(offered.map(|candidate| candidate.thread));
        if self.split.is_some() && (unknown || self.is_cut()) {
            let sleepers = std::mem::take(&mut self.nodes[self.depth].sleepers);
            self.note_part(&sleepers);
            self.nodes[self.depth].sleepers = sleepers;
            if let Some(split) = &mut self.split {
                split.cut = Some(self.depth);
            }
            return Pick::Abandon;
        }
        let mut freely = true;
        if let Some(helper) = &self.helper {
            if self.depth < helper.order.at {
                return self.pick_on_the_way(candidates);
            }
            freely = self.depth > helper.order.at || helper.order.branch.is_none() || helper.order.or_freely;
        }
        if let Some(index) = self.pick_wanted(candidates, all_lazy) {
            return Pick::Run(index);
        }
        // If there is another branch, that one is taken next.
        self.passed = !freely;
        match if freely { self.pick_freely(candidates, all_lazy) } else { None } {
            Some(index) => Pick::Run(index),
            None => Pick::Abandon,
        }
    }

    fn stepped(&mut self, thread: ThreadId, accesses: &[Access]) {
        if self.depth < self.trace.len() {
            self.diverged |= self.trace.thread(self.depth) != thread || self.trace.accesses(self.depth) != accesses;
        } else {
            self.trace.push(thread, accesses);
            if let Some(helper) = &self.helper
                && self.depth < helper.order.at
                && let Some(segment) = helper.segment(self.depth)
            {
                self.diverged |= segment.accesses(self.depth) != accesses;
                settle_known(&mut self.trace, helper, self.depth);
            }
        }
        if let Some(node) = self.nodes.get_mut(self.depth) {
            node.answers.truncate(self.asked);
            // Choices that were asked for and not made, or among others, are not what was run.
            if self.depth >= self.fresh && !node.answers.iter().any(|answer| answer.fixed) {
                node.guided = ALL;
            }
        }
        self.depth += 1;
    }

    fn choose(&mut self, options: u32) -> u32 {
        let Some(node) = self.nodes.get_mut(self.depth) else { return 0 };
        let options = options.max(1);
        let asked = self.asked;
        self.asked += 1;
        if let Some(answer) = node.answers.get_mut(asked) {
            if answer.options == options {
                return answer.value;
            }
            self.diverged |= self.depth < self.fresh;
            node.answers.truncate(asked);
        }
        node.answers.push(Answer { value: 0, options, fixed: false });
        0
    }

    fn blocked(&mut self, thread: ThreadId, wants: Access) {
        self.blocked.push((thread, wants));
    }

    fn end(&mut self, ending: Ending) {
        self.foreign = self.depth == self.trace.len() && self.is_foreign();
        if !self.passed {
            self.count.add(if self.foreign { Ending::Abandoned } else { ending });
        }
        let len = self.trace.len();
        if self.split.is_some() {
            if ending != Ending::Abandoned {
                self.note_part(&[]);
            }
        } else if self.depth == len {
            // Races of the old prefix too, unless they are settled: what does not happen after their first steps has changed.
            for step in 0..len {
                self.reverse_races_of(step);
            }
            for nth in 0..self.blocked.len() {
                let (thread, wants) = self.blocked[nth];
                self.reverse_races_of_blocked(thread, &[wants]);
            }
        }
    }

    fn summary(&self) -> Summary {
        let executions = self.count.executions as f64;
        let estimate = match self.count.executions {
            0 => None,
            _ if self.exhausted => Some(executions),
            _ => Some(executions / self.seen()),
        };
        Summary { exhausted: self.exhausted, estimate, diverged: self.diverged, ..self.count.summary(false) }
    }
}
