//! Exploring on many threads, or many hosts, with one verdict.
//!
//! A [`State`] is what is known of one program: first its tree is reduced, up to a budget; if that does not see everything,
//! samplers go on. Either can be left out.
//!
//! On one host all threads work on one [`Tree`]: each has its own machine, made on its own thread, and takes the next job;
//! reports are taken in the order of the jobs. So any number of threads runs the same executions, one for each
//! Mazurkiewicz trace. Samples have numbers, and are counted in the order of these.
//!
//! Hosts that know nothing of each other share a tree that is cut into [`Part`]s, which depend on the program and the depth of
//! the cut only. Each explores some of them, one after the other, and results are put together in the order of the parts. Of
//! the samples each runs those whose numbers are its own, and learns from these only. Of several executions that
//! fail in the same way the simplest is kept, so that any number of jobs, any partition and any interruption give the same report.
//!
//! # What stays optimal
//! Within a part no two executions are equivalent and none is abandoned under way. An execution of one part can be equivalent
//! to one of an earlier part, if the parts begin with independent steps; it has to be run, since races in it lead to others,
//! but counts as abandoned, so that the executions counted are still one for each trace. The fewer parts, the less is run
//! twice.

mod desk;
mod samples;

use std::collections::{BTreeMap, BTreeSet};
use std::sync::atomic::{AtomicBool, Ordering};

use crate::search::{Beginning, Dpor, Ending, Limits, Part, Samplers, Schedule, Search, Strategy, Summary, Tree};

pub use samples::Samples;

/// Runs executions of one program. Made and used on one thread.
pub trait Worker {
    /// Runs one execution under a search that has been told to begin, up to and with [`Search::end`].
    fn execute(&mut self, search: &mut dyn Search) -> Ending;

    /// What bounds of the program's own left out of the last execution, as bits whose meaning is the program's.
    fn left_out(&self) -> u32 {
        0
    }
}

impl<F: FnMut(&mut dyn Search) -> Ending> Worker for F {
    fn execute(&mut self, search: &mut dyn Search) -> Ending {
        self(search)
    }
}

/// What is to be done.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Limits of the reduction; executions are shared out evenly among the parts. If there are none to be run, nothing is reduced.
    pub limits: Limits,
    /// Who goes on if the reduction does not see everything, or sees it within bounds on preemptions or delays only, which
    /// samplers do not keep.
    pub samplers: Option<Samplers>,
    /// Executions after which samplers end, those of the reduction included.
    pub executions: u64,
    /// The cut is made as deep as needed for so many parts. One: there is no cut.
    pub parts: usize,
    /// And not deeper than this.
    pub max_depth: usize,
    /// Parts of more executions are cut further, until so many parts are that large, or none.
    pub small: u64,
    /// Only one hand, by its number, of so many that parts, samples and executions are dealt to.
    pub partition: (usize, usize),
    /// Stops at the first failure.
    pub first_failure: bool,
    /// Executions that may be under way at once. What is run, and in which order, depends on it, so it is not the number
    /// of threads; but more threads than this have nothing to do.
    pub window: usize,
}

/// Enough for threads that wait for the slowest, and not more of the tree at once than needed.
const WINDOW: usize = 32;

impl Default for Plan {
    fn default() -> Plan {
        Plan {
            limits: Limits::default(),
            samplers: None,
            executions: 0,
            parts: 1,
            max_depth: 12,
            small: 32,
            partition: (0, 1),
            first_failure: false,
            window: WINDOW,
        }
    }
}

impl Plan {
    /// So many executions of a strategy, within no bounds beside its own; `None` if each of its executions follows from the
    /// one before.
    pub fn of(strategy: &Strategy, executions: u64) -> Option<Plan> {
        let limits = match *strategy {
            Strategy::Dpor(limits) => {
                let most = limits.executions.map_or(executions, |most| most.min(executions));
                Limits { executions: Some(most), ..limits }
            }
            // Something is left for the samplers, however small the budget is.
            Strategy::Portfolio { executions: most, .. } => {
                Limits { executions: Some(most.min(executions.div_ceil(2))), ..Limits::default() }
            }
            Strategy::Random { .. } | Strategy::Pct { .. } | Strategy::Pos { .. } | Strategy::Surw { .. } => {
                Limits { executions: Some(0), ..Limits::default() }
            }
            Strategy::Dfs(_) | Strategy::Natural | Strategy::Replay(_) => return None,
        };
        Some(Plan { limits, samplers: Samplers::of(strategy), executions, ..Plan::default() })
    }

    fn reduces(&self) -> bool {
        self.limits.executions != Some(0)
    }
}

/// How many of the numbers below `all` are one hand's, if they are dealt to `of`.
pub fn dealt(all: u64, (nth, of): (usize, usize)) -> u64 {
    let (nth, of) = (nth as u64, of.max(1) as u64);
    all / of + u64::from(nth < all % of)
}

/// The executions that failed in one way.
#[derive(Clone, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Failure {
    /// The simplest of them.
    pub schedule: Schedule,
    /// How many there were.
    pub count: u64,
}

/// What came out of a part, or of all together.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Outcome {
    /// Added up.
    pub summary: Summary,
    /// By signature.
    pub failures: BTreeMap<u64, Failure>,
}

/// A part that is being explored.
#[derive(Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Open {
    tree: Tree,
    failures: BTreeMap<u64, Failure>,
}

impl Open {
    /// Executions so far.
    pub fn executions(&self) -> u64 {
        self.tree.executions()
    }

    /// How many pieces of the tree are kept.
    pub fn segments(&self) -> usize {
        self.tree.segments()
    }

    fn outcome(&self) -> Outcome {
        Outcome { summary: self.tree.summary(), failures: self.failures.clone() }
    }
}

/// The state of an exploration: can be saved, gone on with, and merged with those of other partitions.
#[derive(Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct State {
    /// What came of an execution that the caller ran before all others.
    pub beforehand: Option<Outcome>,
    /// All parts of the tree. Empty: it is not cut yet, or not to be reduced.
    pub parts: Vec<Part>,
    /// Those that have most of the executions, as far as is known.
    pub large: BTreeSet<usize>,
    /// What came out of those that are done.
    pub done: BTreeMap<usize, Outcome>,
    /// Those that are not, but begun.
    pub open: BTreeMap<usize, Open>,
    /// Samples, by the hand they were dealt to.
    pub samples: BTreeMap<usize, Samples>,
    /// What bounds of the program's own left out of the executions that are counted.
    pub left_out: u32,
}

/// Why two states cannot be merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotTheSame;

impl std::fmt::Display for NotTheSame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the states are not of the same program and the same cut")
    }
}

impl std::error::Error for NotTheSame {}

impl Outcome {
    /// Notes an execution that failed.
    pub fn failed(&mut self, signature: u64, schedule: Schedule) {
        failed(&mut self.failures, signature, schedule);
    }

    /// Adds another part's.
    pub fn add(&mut self, other: &Outcome) {
        self.summary.add(&other.summary);
        for (&signature, failure) in &other.failures {
            match self.failures.get_mut(&signature) {
                None => {
                    self.failures.insert(signature, failure.clone());
                }
                Some(known) => {
                    known.count += failure.count;
                    if failure.schedule.is_simpler_than(&known.schedule) {
                        known.schedule.clone_from(&failure.schedule);
                    }
                }
            }
        }
    }
}

fn failed(failures: &mut BTreeMap<u64, Failure>, signature: u64, schedule: Schedule) {
    match failures.get_mut(&signature) {
        None => {
            failures.insert(signature, Failure { schedule, count: 1 });
        }
        Some(known) => {
            known.count += 1;
            if schedule.is_simpler_than(&known.schedule) {
                known.schedule = schedule;
            }
        }
    }
}

/// The parts of a program's tree that is cut so deep, or deeper. None when it was to stop.
fn split(worker: &mut dyn Worker, depth: usize, deeper: BTreeSet<Beginning>, stop: &AtomicBool) -> Vec<Part> {
    let mut search = Dpor::splitting(depth, deeper);
    while search.begin().is_some() {
        worker.execute(&mut search);
        if stop.load(Ordering::Relaxed) {
            return Vec::new();
        }
    }
    search.parts().to_vec()
}

/// Executions may part late: then most are in one of the parts. Cuts the large ones further; which are large in the end.
fn cut_further(worker: &mut dyn Worker, plan: &Plan, parts: &mut Vec<Part>, stop: &AtomicBool) -> BTreeSet<usize> {
    let depth = parts.iter().map(|part| part.steps.len()).max().unwrap_or(0);
    let (mut known, mut deeper): (BTreeMap<Beginning, bool>, BTreeSet<Beginning>) = Default::default();
    loop {
        let size =
            |part: &Part| *known.entry(part.steps.clone()).or_insert_with(|| is_large(worker, part, plan.small, stop));
        let sizes: Vec<bool> = parts.iter().map(size).collect();
        let large: BTreeSet<usize> = (0..parts.len()).filter(|&part| sizes[part]).collect();
        let before = deeper.len();
        if large.len() < plan.parts && parts.len() < plan.parts.saturating_mul(MOST_PARTS) {
            deeper.extend(large.iter().map(|&part| parts[part].steps.clone()));
        }
        if deeper.len() == before {
            return large;
        }
        *parts = split(worker, depth, deeper.clone(), stop);
    }
}

/// Whether a part has so many executions that are of no part before it.
fn is_large(worker: &mut dyn Worker, part: &Part, small: u64, stop: &AtomicBool) -> bool {
    let mut search = Dpor::within(part.clone(), Limits { executions: Some(small), ..Limits::default() });
    while search.summary().abandoned < small && !stop.load(Ordering::Relaxed) && search.begin().is_some() {
        worker.execute(&mut search);
    }
    search.summary().executions >= small
}

/// Parts for each one that was asked for, at most.
const MOST_PARTS: usize = 4;

impl State {
    /// The tree of a program, cut as the plan has it.
    pub fn new(worker: &mut dyn Worker, plan: &Plan) -> State {
        let mut state = State::default();
        if plan.reduces() {
            state.cut(worker, plan, &AtomicBool::new(false));
        }
        state
    }

    /// Whether the tree has to be cut before this plan can be followed.
    pub fn wants_cut(&self, plan: &Plan) -> bool {
        self.parts.is_empty() && plan.reduces()
    }

    /// Cuts the tree as the plan has it; not at all if `stop` is set meanwhile.
    pub fn cut(&mut self, worker: &mut dyn Worker, plan: &Plan, stop: &AtomicBool) {
        let (mut parts, mut large) = (vec![Part::default()], BTreeSet::new());
        for depth in 0..=plan.max_depth {
            if parts.len() >= plan.parts || parts.iter().all(|part| part.steps.len() + 1 < depth) {
                break;
            }
            parts = split(worker, depth, BTreeSet::new(), stop);
        }
        if plan.parts > 1 {
            large = cut_further(worker, plan, &mut parts, stop);
        }
        if !stop.load(Ordering::Relaxed) {
            (self.parts, self.large) = (parts, large);
        }
    }

    /// What has come out of the reduction so far; exhausted only if all parts are done and exhausted.
    pub fn reduced(&self) -> Outcome {
        let mut all = Outcome::default();
        all.summary.exhausted = !self.parts.is_empty() && self.done.len() == self.parts.len();
        all.summary.estimate = Some(0.0);
        let open = self.open.values().map(Open::outcome).collect::<Vec<_>>();
        for outcome in self.done.values().chain(&open) {
            all.add(outcome);
        }
        let begun = self.done.len() + self.open.len();
        if begun == 0 {
            all.summary.estimate = None;
        } else if begun < self.parts.len() {
            let share = self.parts.len() as f64 / begun as f64;
            all.summary.estimate = all.summary.estimate.map(|estimate| estimate * share);
        }
        all
    }

    /// All that has come out so far, but for what came out beforehand. Whether all is seen, and how much there is, only
    /// the reduction knows.
    pub fn outcome(&self) -> Outcome {
        let mut all = self.reduced();
        let Summary { exhausted, estimate, .. } = all.summary;
        for samples in self.samples.values() {
            all.add(samples.outcome());
        }
        (all.summary.exhausted, all.summary.estimate) = (exhausted, estimate);
        all.summary.bounds.executions &= !exhausted;
        all
    }

    /// Executions that were samples.
    pub fn sampled(&self) -> u64 {
        self.samples.values().map(|samples| samples.outcome().summary.executions).sum()
    }

    /// Whether an execution has failed, other than one beforehand.
    pub fn has_failed(&self) -> bool {
        let failed = |failures: &BTreeMap<u64, Failure>| !failures.is_empty();
        self.done.values().any(|outcome| failed(&outcome.failures))
            || self.open.values().any(|open| failed(&open.failures))
            || self.samples.values().any(|samples| failed(&samples.outcome().failures))
    }

    /// Keeps what came out, but not what it would take to go on with a larger budget.
    pub fn settle(&mut self) {
        let open = std::mem::take(&mut self.open);
        self.done.extend(open.into_iter().map(|(part, open)| (part, open.outcome())));
    }

    /// Takes over what another has done. Of what both have, that which is further.
    ///
    /// # Errors
    /// The other is not of the same program and cut.
    pub fn merge(&mut self, other: State) -> Result<(), NotTheSame> {
        if self.parts.is_empty() {
            (self.parts, self.large) = (other.parts, other.large);
        } else if !other.parts.is_empty() && self.parts != other.parts {
            return Err(NotTheSame);
        }
        self.done.extend(other.done);
        further(&mut self.open, other.open, |open| open.tree.reports());
        self.open.retain(|part, _| !self.done.contains_key(part));
        further(&mut self.samples, other.samples, Samples::counted);
        self.beforehand = self.beforehand.take().or(other.beforehand);
        self.left_out |= other.left_out;
        Ok(())
    }

    /// Explores what is not done yet, on so many threads, until all is done or `stop` is set. Executions that are under way
    /// then will be done again.
    pub fn run<W: Worker>(&mut self, plan: &Plan, jobs: usize, make: impl Fn() -> W + Sync, stop: &AtomicBool) {
        self.run_keeping(plan, jobs, make, stop, &|_| {});
    }

    /// As [`State::run`]; `keep` gets the state after each execution, to save it or to show how far it is.
    pub fn run_keeping<W: Worker>(
        &mut self,
        plan: &Plan,
        jobs: usize,
        make: impl Fn() -> W + Sync,
        stop: &AtomicBool,
        keep: &(dyn Fn(&State) + Sync),
    ) {
        let jobs = jobs.max(1);
        if let Some(office) = self.office(plan, stop, keep, jobs) {
            on_threads(jobs, &make, |reserve| office.work(reserve));
        }
        if let Some(hall) = self.hall(plan, stop, keep) {
            on_threads(jobs, &make, |reserve| hall.work(reserve));
        }
    }

    /// As [`State::run_keeping`], on this thread and with a worker that is there.
    pub fn run_alone<W: Worker>(&mut self, plan: &Plan, worker: W, stop: &AtomicBool, keep: &(dyn Fn(&State) + Sync)) {
        let mut reserve = Reserve { make: None::<fn() -> W>, worker: Some(worker) };
        if let Some(office) = self.office(plan, stop, keep, 1) {
            office.work(&mut reserve);
        }
        if let Some(hall) = self.hall(plan, stop, keep) {
            hall.work(&mut reserve);
        }
    }

    /// The parts that are a hand's. The large ones are dealt first, so that everyone gets as many.
    fn parts_of(&self, (nth, of): (usize, usize)) -> impl Iterator<Item = usize> {
        let small = (0..self.parts.len()).filter(|part| !self.large.contains(part));
        let ours = move |&(card, _): &(usize, usize)| card % of.max(1) == nth;
        self.large.iter().copied().chain(small).enumerate().filter(ours).map(|(_, part)| part)
    }
}

/// Takes over from others what is further than one's own.
fn further<T>(own: &mut BTreeMap<usize, T>, others: BTreeMap<usize, T>, far: impl Fn(&T) -> u64) {
    for (at, other) in others {
        if own.get(&at).is_none_or(|own| far(own) < far(&other)) {
            own.insert(at, other);
        }
    }
}

/// A worker that is made when there is something to do.
struct Reserve<W, F> {
    make: Option<F>,
    worker: Option<W>,
}

impl<W: Worker, F: FnOnce() -> W> Reserve<W, F> {
    fn worker(&mut self) -> &mut W {
        let make = &mut self.make;
        self.worker.get_or_insert_with(|| make.take().expect("there is a worker or a way to make it")())
    }
}

/// Lets so many threads work, each with a worker of its own.
fn on_threads<W: Worker, F: Fn() -> W + Sync>(jobs: usize, make: &F, work: impl Fn(&mut Reserve<W, &F>) + Sync) {
    let work = || work(&mut Reserve { make: Some(make), worker: None });
    if jobs <= 1 {
        return work();
    }
    std::thread::scope(|scope| {
        for _ in 0..jobs {
            scope.spawn(work);
        }
    });
}

/// Explores a tree (or the plan's partition of it), on so many threads.
pub fn run<W: Worker>(plan: &Plan, jobs: usize, make: impl Fn() -> W + Sync) -> State {
    let mut state = State::new(&mut make(), plan);
    state.run(plan, jobs, make, &AtomicBool::new(false));
    state
}
