//! Exploring on many threads, or many hosts, with one verdict.
//!
//! On one host all threads work on one [`Tree`]: each has its own machine, made on its own thread, and takes the next job;
//! reports are taken in the order of the jobs. So any number of threads runs the same executions, one for each
//! Mazurkiewicz trace.
//!
//! Hosts that know nothing of each other share a tree that is cut into [`Part`]s, which depend on the program and the depth of
//! the cut only. Each explores some of them, one after the other, and results are put together in the order of the parts. Of several executions that
//! fail in the same way the simplest is kept, so that any number of jobs, any partition and any interruption give the same report.
//!
//! # What stays optimal
//! Within a part no two executions are equivalent and none is abandoned under way. An execution of one part can be equivalent
//! to one of an earlier part, if the parts begin with independent steps; it has to be run, since races in it lead to others,
//! but counts as abandoned, so that the executions counted are still one for each trace. The fewer parts, the less is run
//! twice.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};

use crate::search::{
    Beginning, Dpor, Ending, Job, Limits, Part, Recorder, Report, Sampler, Samplers, Schedule, Search, Summary, Tree,
};

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
    /// The cut is made as deep as needed for so many parts. One: there is no cut.
    pub parts: usize,
    /// And not deeper than this.
    pub max_depth: usize,
    /// Parts of more executions are cut further, until so many parts are that large, or none.
    pub small: u64,
    /// Only one hand, by its number, of so many that the parts are dealt to.
    pub partition: (usize, usize),
    /// Stops at the first failure.
    pub first_failure: bool,
    /// Executions that may be under way at once. What is run, and in which order, depends on it, so it is not the number
    /// of threads; but more threads than this have nothing to do.
    pub window: usize,
    /// Bits set by whoever runs executions when bounds of the program's own leave something out; go to [`State::left_out`].
    pub left_out: Arc<AtomicU32>,
}

/// Enough for threads that wait for the slowest, and not more of the tree at once than needed.
const WINDOW: usize = 32;

impl Default for Plan {
    fn default() -> Plan {
        Plan {
            limits: Limits::default(),
            parts: 1,
            max_depth: 12,
            small: 32,
            partition: (0, 1),
            first_failure: false,
            window: WINDOW,
            left_out: Arc::default(),
        }
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
    /// The form of what is saved: [`State::FORM`].
    pub form: u32,
    /// What is explored, as a number that whoever runs it sets: states of different programs do not mix.
    pub subject: u64,
    /// Bounds on preemptions and delays, within which it is explored.
    pub within: Limits,
    /// All parts.
    pub parts: Vec<Part>,
    /// Those that have most of the executions, as far as is known.
    pub large: BTreeSet<usize>,
    /// What came out of those that are done.
    pub done: BTreeMap<usize, Outcome>,
    /// Those that are not, but begun.
    pub open: BTreeMap<usize, Open>,
    /// Which bounds of the program's own left something out.
    pub left_out: u32,
}

/// Why two states cannot be merged.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct NotTheSame;

impl std::fmt::Display for NotTheSame {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("the states are not of the same program, the same cut and the same bounds")
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

/// The parts of a program's tree that is cut so deep, or deeper.
fn split(worker: &mut dyn Worker, depth: usize, deeper: BTreeSet<Beginning>) -> Vec<Part> {
    let mut search = Dpor::splitting(depth, deeper);
    while search.begin().is_some() {
        worker.execute(&mut search);
    }
    search.parts().to_vec()
}

/// Executions may part late: then most are in one of the parts. Cuts the large ones further; which are large in the end.
fn cut_further(worker: &mut dyn Worker, plan: &Plan, parts: &mut Vec<Part>) -> BTreeSet<usize> {
    let depth = parts.iter().map(|part| part.steps.len()).max().unwrap_or(0);
    let (mut known, mut deeper): (BTreeMap<Beginning, bool>, BTreeSet<Beginning>) = Default::default();
    loop {
        let size = |part: &Part| *known.entry(part.steps.clone()).or_insert_with(|| is_large(worker, part, plan.small));
        let sizes: Vec<bool> = parts.iter().map(size).collect();
        let large: BTreeSet<usize> = (0..parts.len()).filter(|&part| sizes[part]).collect();
        let before = deeper.len();
        if large.len() < plan.parts && parts.len() < plan.parts.saturating_mul(MOST_PARTS) {
            deeper.extend(large.iter().map(|&part| parts[part].steps.clone()));
        }
        if deeper.len() == before {
            return large;
        }
        *parts = split(worker, depth, deeper.clone());
    }
}

/// Whether a part has so many executions that are of no part before it.
fn is_large(worker: &mut dyn Worker, part: &Part, small: u64) -> bool {
    let mut search = Dpor::within(part.clone(), Limits { executions: Some(small), ..Limits::default() });
    while search.summary().abandoned < small && search.begin().is_some() {
        worker.execute(&mut search);
    }
    search.summary().executions >= small
}

/// Parts for each one that was asked for, at most.
const MOST_PARTS: usize = 4;

impl State {
    /// The form of saved states that this version reads and writes.
    pub const FORM: u32 = 4;

    /// The tree of a program, cut as the plan has it.
    pub fn new(worker: &mut dyn Worker, plan: &Plan) -> State {
        let mut parts = vec![Part::default()];
        for depth in 0..=plan.max_depth {
            if parts.len() >= plan.parts || parts.iter().all(|part| part.steps.len() + 1 < depth) {
                break;
            }
            parts = split(worker, depth, BTreeSet::new());
        }
        let large = if plan.parts > 1 { cut_further(worker, plan, &mut parts) } else { BTreeSet::new() };
        State { form: State::FORM, within: State::bounds(plan), parts, large, ..State::default() }
    }

    /// What a plan's limits leave out for good. Executions it does not run can be run later.
    fn bounds(plan: &Plan) -> Limits {
        Limits { executions: None, ..plan.limits }
    }

    /// Whether a plan goes on with what this is the state of.
    pub fn is_within(&self, plan: &Plan) -> bool {
        self.within == State::bounds(plan)
    }

    /// All that has come out so far; exhausted only if all parts are done and exhausted.
    pub fn outcome(&self) -> Outcome {
        let mut all = Outcome::default();
        all.summary.exhausted = self.done.len() == self.parts.len();
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

    /// Takes over what another has done.
    ///
    /// # Errors
    /// The other is not of the same program, cut and bounds.
    pub fn merge(&mut self, other: State) -> Result<(), NotTheSame> {
        if (&self.parts, self.subject, self.within) != (&other.parts, other.subject, other.within) {
            return Err(NotTheSame);
        }
        self.done.extend(other.done);
        self.open.extend(other.open);
        self.open.retain(|part, _| !self.done.contains_key(part));
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
        let Some(office) = self.office(plan, stop, keep, jobs.max(1)) else { return };
        if jobs <= 1 {
            office.work(make);
        } else {
            std::thread::scope(|scope| {
                for _ in 0..jobs {
                    scope.spawn(|| office.work(&make));
                }
            });
        }
    }

    /// As [`State::run_keeping`], on this thread and with a worker that is there.
    pub fn run_alone<W: Worker>(&mut self, plan: &Plan, worker: W, stop: &AtomicBool, keep: &(dyn Fn(&State) + Sync)) {
        if let Some(office) = self.office(plan, stop, keep, 1) {
            office.work(|| worker);
        }
    }

    fn office<'s>(
        &'s mut self,
        plan: &'s Plan,
        stop: &'s AtomicBool,
        keep: &'s (dyn Fn(&State) + Sync),
        workers: usize,
    ) -> Option<Office<'s>> {
        if plan.first_failure && self.done.values().any(|outcome| !outcome.failures.is_empty()) {
            return None;
        }
        let (nth, of) = plan.partition;
        // The large ones are dealt first, so that everyone gets as many.
        let small = (0..self.parts.len()).filter(|part| !self.large.contains(part));
        let dealt = self.large.iter().copied().chain(small).enumerate();
        let ours = dealt.filter(|(card, part)| card % of.max(1) == nth && !self.done.contains_key(part));
        let todo = ours.map(|(_, part)| part).collect();
        let (jobs, reports) = (VecDeque::new(), VecDeque::new());
        let mut desk = Desk { state: self, plan, todo, part: None, jobs, reports, oldest: 0, workers, waiting: 0 };
        desk.open_next();
        Some(Office { desk: Mutex::new(desk), changed: Condvar::new(), stop, keep })
    }
}

/// Where jobs are handed out and reports are taken.
struct Desk<'s> {
    state: &'s mut State,
    plan: &'s Plan,
    /// Parts that are not begun.
    todo: VecDeque<usize>,
    /// The one that is explored.
    part: Option<usize>,
    /// Jobs that nobody does yet, by number.
    jobs: VecDeque<(u64, Job)>,
    /// What came of those that are under way, the oldest first, and its number.
    reports: VecDeque<Option<Report>>,
    oldest: u64,
    /// Threads that do jobs, and those of them that wait for one.
    workers: usize,
    waiting: usize,
}

/// The desk, and those who stand before it.
struct Office<'s> {
    desk: Mutex<Desk<'s>>,
    changed: Condvar,
    stop: &'s AtomicBool,
    keep: &'s (dyn Fn(&State) + Sync),
}

impl Desk<'_> {
    /// Begins the next part, if there is one.
    fn open_next(&mut self) {
        self.part = self.todo.pop_front();
        let Some(part) = self.part else { return };
        // The large parts share what was asked for; the others need little.
        let large = self.state.large.contains(&part);
        let sharers = if large { self.state.large.len() } else { self.state.parts.len() };
        let share = |all: u64| all.div_ceil(sharers.max(1) as u64).max(1);
        let limits = Limits { executions: self.plan.limits.executions.map(share), ..self.plan.limits };
        let begins = self.state.parts[part].clone();
        let new = || Open { tree: Tree::new(begins, limits, self.plan.window), failures: BTreeMap::new() };
        let open = self.state.open.entry(part).or_insert_with(new);
        // It may be one that an earlier run left with less to spend.
        open.tree.allow(limits.executions);
        let under_way = open.tree.under_way();
        for job in under_way {
            self.hand_out(job);
        }
        self.fill();
    }

    fn hand_out(&mut self, job: Job) {
        self.jobs.push_back((self.oldest + self.reports.len() as u64, job));
        self.reports.push_back(None);
    }

    /// Hands out as many jobs as may be under way; goes on with the next part when there is none.
    fn fill(&mut self) {
        let Some(part) = self.part else { return };
        while let Some(job) = self.state.open.get_mut(&part).and_then(|open| open.tree.next_job()) {
            self.hand_out(job);
        }
        if self.reports.is_empty() {
            // Of what the budget ends, a run with a larger one finds where to go on.
            if self.state.open.get(&part).is_none_or(|open| open.tree.is_empty()) {
                self.close(part);
            }
            self.open_next();
        }
    }

    fn close(&mut self, part: usize) {
        if let Some(open) = self.state.open.remove(&part) {
            self.state.done.insert(part, open.outcome());
        }
    }

    /// Takes the reports that are next in order. Whether there were any.
    fn take_reports(&mut self) -> bool {
        let mut any = false;
        while let Some(Some(_)) = self.reports.front() {
            let (Some(Some(mut report)), Some(part)) = (self.reports.pop_front(), self.part) else { break };
            any = true;
            self.oldest += 1;
            let Some(open) = self.state.open.get_mut(&part) else { break };
            let failure = report.failure.take();
            open.tree.take_report(report);
            if let Some((signature, schedule)) = failure {
                failed(&mut open.failures, signature, schedule);
                if self.plan.first_failure {
                    self.close(part);
                    self.part = None;
                    self.todo.clear();
                    self.jobs.clear();
                    self.reports.clear();
                    break;
                }
            }
            self.fill();
        }
        any
    }
}

/// Lets the others go when one of them panics.
struct Leaving<'o, 's>(&'o Office<'s>);

impl Drop for Leaving<'_, '_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.lock().part = None;
        }
        self.0.changed.notify_all();
    }
}

impl<'s> Office<'s> {
    fn lock(&self) -> MutexGuard<'_, Desk<'s>> {
        // Whoever is at the desk is there for a shorter time than it takes to fall asleep and to be woken.
        for _ in 0..PATIENCE {
            if let Ok(desk) = self.desk.try_lock() {
                return desk;
            }
            std::hint::spin_loop();
        }
        self.desk.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Does jobs until there are no more.
    fn work<W: Worker>(&self, make: impl FnOnce() -> W) {
        let _leaving = Leaving(self);
        let (mut make, mut worker) = (Some(make), None);
        let (mut at, mut search) = (None, Recorder::new(Dpor::default()));
        let (mut jobs, mut reports) = (Vec::new(), Vec::new());
        let mut desk = self.lock();
        loop {
            while desk.jobs.is_empty() && desk.part.is_some() && !self.stop.load(Ordering::Relaxed) {
                desk.waiting += 1;
                desk = self.changed.wait(desk).unwrap_or_else(PoisonError::into_inner);
                desk.waiting -= 1;
            }
            let Some(part) = desk.part.filter(|_| !self.stop.load(Ordering::Relaxed)) else { return };
            // Several at once, for the way to the desk takes as long as a short execution; not so many that others have to wait.
            let most = (desk.jobs.len() / (2 * desk.workers)).clamp(1, AT_ONCE).min(desk.jobs.len());
            jobs.extend(desk.jobs.drain(..most));
            if at != Some(part) {
                let tree = &desk.state.open[&part].tree;
                search = Recorder::new(Dpor::helper(tree.part().clone(), tree.limits()));
                at = Some(part);
            }
            drop(desk);
            if let Some(make) = make.take() {
                worker = Some(make());
            }
            let Some(worker) = &mut worker else { return };
            for (number, job) in jobs.drain(..) {
                search.inner_mut().attend(job);
                let failure = match search.begin().map(|()| worker.execute(&mut search)) {
                    Some(Ending::Bug(signature)) if !search.inner().was_foreign() => {
                        Some((signature, search.schedule().clone()))
                    }
                    _ => None,
                };
                let report = search.inner_mut().report(failure);
                // Nothing that came after the user's wish to end counts: it may not have come to its own end.
                if self.stop.load(Ordering::Relaxed) {
                    break;
                }
                reports.push((number, report));
            }
            desk = self.lock();
            for (number, report) in reports.drain(..) {
                let nth = number.checked_sub(desk.oldest).filter(|_| desk.part == Some(part));
                if let Some(place) = nth.and_then(|nth| desk.reports.get_mut(nth as usize)) {
                    *place = Some(report);
                }
            }
            if desk.take_reports() {
                desk.state.left_out |= desk.plan.left_out.load(Ordering::Relaxed);
                (self.keep)(desk.state);
                if desk.waiting > 0 {
                    self.changed.notify_all();
                }
            }
        }
    }
}

/// Looks at a desk where somebody else is, before falling asleep.
const PATIENCE: u32 = 2000;
/// Jobs that a worker takes with it, at most.
const AT_ONCE: usize = 8;

/// Explores a tree (or the plan's partition of it), on so many threads.
pub fn run<W: Worker>(plan: &Plan, jobs: usize, make: impl Fn() -> W + Sync) -> State {
    let mut state = State::new(&mut make(), plan);
    state.run(plan, jobs, make, &AtomicBool::new(false));
    state
}

/// Executions between two times at which samplers learn from those before: few at first, when there is most to learn.
const LESSONS: u64 = 64;

/// Samples under way.
struct Sampled {
    samplers: Samplers,
    /// What was learned since.
    learned: Vec<Sampler>,
    /// The next number, and the first that has to wait until more is learned.
    next: u64,
    until: u64,
    /// Results up to this number are counted; others wait.
    counted: u64,
    waiting: BTreeMap<u64, (Sampler, Option<(u64, Schedule)>)>,
    outcome: Outcome,
    over: bool,
}

impl Sampled {
    /// Counts what comes next in order.
    fn count(&mut self, most: u64, first_failure: bool) {
        while let Some((sampler, failure)) = self.waiting.remove(&self.counted).filter(|_| !self.over) {
            let kind = self.samplers.turn(self.counted);
            self.counted += 1;
            self.outcome.summary.add(&sampler.summary());
            self.learned[kind].learn(&sampler);
            if let Some((signature, schedule)) = failure {
                failed(&mut self.outcome.failures, signature, schedule);
                self.over |= first_failure;
            }
            self.over |= self.counted == most;
            if self.counted == self.until {
                self.samplers.kinds.clone_from(&self.learned);
                self.until = (self.until + self.until.clamp(8, LESSONS)).min(most);
            }
        }
    }
}

/// Runs samples number 0 to `most`, or to the first that fails, on so many threads. What a sample does depends on its
/// number and on samples well before it only. `keep` is told how far it is.
pub fn sample<W: Worker>(
    samplers: &Samplers,
    (most, first_failure): (u64, bool),
    jobs: usize,
    make: impl Fn() -> W + Sync,
    stop: &AtomicBool,
    keep: &(dyn Fn(&Summary) + Sync),
) -> Outcome {
    let hall = Hall::new(samplers, most, first_failure, stop, keep);
    if jobs <= 1 {
        hall.work(make);
    } else {
        std::thread::scope(|scope| {
            for _ in 0..jobs {
                scope.spawn(|| hall.work(&make));
            }
        });
    }
    hall.close()
}

/// As [`sample`], on this thread and with a worker that is there.
pub fn sample_alone<W: Worker>(
    samplers: &Samplers,
    (most, first_failure): (u64, bool),
    worker: W,
    stop: &AtomicBool,
    keep: &(dyn Fn(&Summary) + Sync),
) -> Outcome {
    let hall = Hall::new(samplers, most, first_failure, stop, keep);
    hall.work(|| worker);
    hall.close()
}

/// Where samples are handed out and counted.
struct Hall<'h> {
    sampled: Mutex<Sampled>,
    changed: Condvar,
    most: u64,
    first_failure: bool,
    stop: &'h AtomicBool,
    keep: &'h (dyn Fn(&Summary) + Sync),
}

/// Lets the others go when one of them leaves.
struct LeavingHall<'o, 'h>(&'o Hall<'h>);

impl Drop for LeavingHall<'_, '_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.lock().over = true;
        }
        self.0.changed.notify_all();
    }
}

impl<'h> Hall<'h> {
    fn new(
        samplers: &Samplers,
        most: u64,
        first_failure: bool,
        stop: &'h AtomicBool,
        keep: &'h (dyn Fn(&Summary) + Sync),
    ) -> Hall<'h> {
        let sampled = Sampled {
            samplers: samplers.clone(),
            learned: samplers.kinds.clone(),
            next: 0,
            until: most.min(1),
            counted: 0,
            waiting: BTreeMap::new(),
            outcome: Outcome::default(),
            over: most == 0,
        };
        Hall { sampled: Mutex::new(sampled), changed: Condvar::new(), most, first_failure, stop, keep }
    }

    fn lock(&self) -> MutexGuard<'_, Sampled> {
        self.sampled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    fn work<W: Worker>(&self, make: impl FnOnce() -> W) {
        let _leaving = LeavingHall(self);
        let (mut make, mut worker) = (Some(make), None);
        loop {
            let mut sampled = self.lock();
            while sampled.next == sampled.until && !sampled.over && !self.stop.load(Ordering::Relaxed) {
                sampled = self.changed.wait(sampled).unwrap_or_else(PoisonError::into_inner);
            }
            if sampled.over || self.stop.load(Ordering::Relaxed) {
                return;
            }
            let number = sampled.next;
            sampled.next += 1;
            let mut search = Recorder::new(sampled.samplers.sampler(number));
            drop(sampled);
            if let Some(make) = make.take() {
                worker = Some(make());
            }
            let Some(worker) = &mut worker else { return };
            let failure = match search.begin().map(|()| worker.execute(&mut search)) {
                Some(Ending::Bug(signature)) => Some((signature, search.schedule().clone())),
                _ => None,
            };
            if self.stop.load(Ordering::Relaxed) {
                return;
            }
            let mut sampled = self.lock();
            sampled.waiting.insert(number, (search.into_inner(), failure));
            let before = sampled.counted;
            sampled.count(self.most, self.first_failure);
            if sampled.counted > before {
                (self.keep)(&sampled.outcome.summary);
                drop(sampled);
                self.changed.notify_all();
            }
        }
    }

    fn close(self) -> Outcome {
        let mut outcome = self.sampled.into_inner().unwrap_or_else(PoisonError::into_inner).outcome;
        outcome.summary.bounds.executions = true;
        outcome
    }
}
