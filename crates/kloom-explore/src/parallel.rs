//! Exploring on many threads, or many hosts, with one verdict.
//!
//! The tree of all executions is cut into [`Part`]s, which depend on the program and the depth of the cut only, not on how
//! many work on them. Each worker has its own machine, made on its own thread; whoever is free takes the next part. Results
//! are put together in the order of the parts, and of several executions that fail in the same way the simplest is kept, so
//! that any number of jobs, any partition and any interruption give the same report.
//!
//! # What stays optimal
//! Within a part no two executions are equivalent and none is abandoned under way. An execution of one part can be equivalent
//! to one of an earlier part, if the parts begin with independent steps; it has to be run, since races in it lead to others,
//! but counts as abandoned, so that the executions counted are still one for each trace. The fewer parts, the less is run
//! twice.

use std::collections::BTreeMap;
use std::sync::Mutex;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use crate::search::{Dpor, Ending, Limits, Part, Recorder, Schedule, Search, Summary};

/// Runs executions of one program. Made and used on one thread.
pub trait Worker {
    /// Runs one execution under a search that has been told to begin, up to and with [`Search::end`].
    fn execute(&mut self, search: &mut dyn Search) -> Ending;
}

impl<F: FnMut(&mut dyn Search) -> Ending> Worker for F {
    fn execute(&mut self, search: &mut dyn Search) -> Ending {
        self(search)
    }
}

/// What is to be done.
#[derive(Clone, Debug)]
pub struct Plan {
    /// Limits of the search; executions are shared out evenly among the parts.
    pub limits: Limits,
    /// The cut is made as deep as needed for so many parts.
    pub parts: usize,
    /// And not deeper than this.
    pub max_depth: usize,
    /// Only the parts whose number leaves the first when divided by the second.
    pub partition: (usize, usize),
    /// Stops at the first part with a failure, and there at the first failure.
    pub first_failure: bool,
}

impl Default for Plan {
    fn default() -> Plan {
        Plan { limits: Limits::default(), parts: 64, max_depth: 12, partition: (0, 1), first_failure: false }
    }
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

/// The state of an exploration: can be saved, gone on with, and merged with those of other partitions.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct State {
    /// All parts.
    pub parts: Vec<Part>,
    /// What came out of those that are done.
    pub done: BTreeMap<usize, Outcome>,
    /// The program had bounds of its own that left something out; for whoever runs it to set.
    #[serde(default)]
    pub bounded: bool,
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

    fn failed(&mut self, signature: u64, schedule: &Schedule) {
        let failure = Failure { schedule: schedule.clone(), count: 1 };
        match self.failures.get_mut(&signature) {
            None => {
                self.failures.insert(signature, failure);
            }
            Some(known) => {
                known.count += 1;
                if schedule.is_simpler_than(&known.schedule) {
                    known.schedule.clone_from(schedule);
                }
            }
        }
    }
}

impl State {
    /// Cuts the tree of a program.
    pub fn new(worker: &mut dyn Worker, plan: &Plan) -> State {
        let mut parts: Vec<Part> = Vec::new();
        for depth in 0..=plan.max_depth {
            let mut search = Dpor::splitting(depth);
            while search.begin().is_some() {
                worker.execute(&mut search);
            }
            parts = search.parts().to_vec();
            let whole = parts.iter().all(|part| part.steps.len() < depth);
            if parts.len() >= plan.parts || whole {
                break;
            }
        }
        State { parts, ..State::default() }
    }

    /// All that has come out so far; exhausted only if all parts are done and exhausted.
    pub fn outcome(&self) -> Outcome {
        let mut all = Outcome::default();
        all.summary.exhausted = self.done.len() == self.parts.len();
        all.summary.estimate = Some(0.0);
        for outcome in self.done.values() {
            all.add(outcome);
        }
        if !self.done.is_empty() && self.done.len() < self.parts.len() {
            let share = self.parts.len() as f64 / self.done.len() as f64;
            all.summary.estimate = all.summary.estimate.map(|estimate| estimate * share);
        }
        all
    }

    /// Takes over what another has done.
    ///
    /// # Errors
    /// The other is not of the same program and cut.
    pub fn merge(&mut self, other: State) -> Result<(), NotTheSame> {
        if self.parts != other.parts {
            return Err(NotTheSame);
        }
        self.done.extend(other.done);
        self.bounded |= other.bounded;
        Ok(())
    }

    /// Explores what is not done yet, on so many threads, until all is done or `stop` is set. Parts that are under way
    /// then will be done again.
    pub fn run<W: Worker>(&mut self, plan: &Plan, jobs: usize, make: impl Fn() -> W + Sync, stop: &AtomicBool) {
        self.run_keeping(plan, jobs, make, stop, &|_| {});
    }

    /// As [`State::run`]; `keep` gets the state after each part that is done, to save it.
    pub fn run_keeping<W: Worker>(
        &mut self,
        plan: &Plan,
        jobs: usize,
        make: impl Fn() -> W + Sync,
        stop: &AtomicBool,
        keep: &(dyn Fn(&State) + Sync),
    ) {
        let (nth, of) = plan.partition;
        let open: Vec<usize> =
            (0..self.parts.len()).filter(|part| part % of.max(1) == nth && !self.done.contains_key(part)).collect();
        let share = plan.limits.executions.map(|all| all.div_ceil(self.parts.len().max(1) as u64).max(1));
        let limits = Limits { executions: share, ..plan.limits };
        let known = self.done.iter().find(|(_, outcome)| plan.first_failure && !outcome.failures.is_empty());
        let known = known.map_or(usize::MAX, |(&part, _)| part);
        let (next, failed) = (AtomicUsize::new(0), AtomicUsize::new(known));
        let parts = self.parts.clone();
        let state = Mutex::new(&mut *self);
        let work = || {
            let mut worker = None;
            loop {
                let Some(&part) = open.get(next.fetch_add(1, Ordering::Relaxed)) else { return };
                if part > failed.load(Ordering::Relaxed) || stop.load(Ordering::Relaxed) {
                    return;
                }
                let worker = worker.get_or_insert_with(&make);
                let search = Dpor::within(parts[part].clone(), limits);
                let Some(outcome) = explore(worker, search, plan.first_failure, stop) else { return };
                if plan.first_failure && !outcome.failures.is_empty() {
                    failed.fetch_min(part, Ordering::Relaxed);
                }
                let mut state = state.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
                state.done.insert(part, outcome);
                keep(&state);
            }
        };
        if jobs <= 1 {
            work();
        } else {
            std::thread::scope(|scope| {
                for _ in 0..jobs {
                    scope.spawn(work);
                }
            });
        }
        // Parts behind the first that failed may or may not have been done: that depends on the jobs.
        let failed = failed.into_inner();
        self.done.retain(|&part, _| part <= failed);
    }
}

/// Explores one part. `None` if it was stopped.
fn explore(worker: &mut dyn Worker, search: Dpor, first_failure: bool, stop: &AtomicBool) -> Option<Outcome> {
    let mut outcome = Outcome::default();
    let mut search = Recorder::new(search);
    while search.begin().is_some() {
        if stop.load(Ordering::Relaxed) {
            return None;
        }
        if let Ending::Bug(signature) = worker.execute(&mut search)
            && !search.inner().was_foreign()
        {
            outcome.failed(signature, search.schedule());
            if first_failure {
                break;
            }
        }
    }
    outcome.summary = search.summary();
    Some(outcome)
}

/// Cuts the tree and explores it (or the plan's partition of it), on so many threads.
pub fn run<W: Worker>(plan: &Plan, jobs: usize, make: impl Fn() -> W + Sync) -> State {
    let mut state = State::new(&mut make(), plan);
    state.run(plan, jobs, make, &AtomicBool::new(false));
    state
}
