//! Where the executions of a reduction are handed out, and their reports taken in order.

use std::collections::{BTreeMap, VecDeque};
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::{Open, Plan, Reserve, State, Worker, failed};
use crate::search::{Dpor, Ending, Job, Limits, Recorder, Report, Search, Tree};

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
pub(super) struct Office<'s> {
    desk: Mutex<Desk<'s>>,
    changed: Condvar,
    stop: &'s AtomicBool,
    keep: &'s (dyn Fn(&State) + Sync),
}

impl State {
    /// Where the rest of the reduction is done, if something is left of it.
    pub(super) fn office<'s>(
        &'s mut self,
        plan: &'s Plan,
        stop: &'s AtomicBool,
        keep: &'s (dyn Fn(&State) + Sync),
        workers: usize,
    ) -> Option<Office<'s>> {
        if !plan.reduces() || plan.first_failure && self.has_failed() {
            return None;
        }
        let todo = self.parts_of(plan.partition).filter(|part| !self.done.contains_key(part)).collect();
        let (jobs, reports) = (VecDeque::new(), VecDeque::new());
        let mut desk = Desk { state: self, plan, todo, part: None, jobs, reports, oldest: 0, workers, waiting: 0 };
        desk.open_next();
        Some(Office { desk: Mutex::new(desk), changed: Condvar::new(), stop, keep })
    }
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
            self.close(part);
            self.open_next();
        }
    }

    /// Notes that a part is done, if it is. Of what a budget or a failure ends, a run that may do more finds where to go on.
    fn close(&mut self, part: usize) {
        if let Some(open) = self.state.open.remove(&part) {
            if open.tree.is_empty() {
                self.state.done.insert(part, open.outcome());
            } else {
                self.state.open.insert(part, open);
            }
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
            self.state.left_out |= report.left_out;
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
    pub(super) fn work<W: Worker, F: FnOnce() -> W>(&self, reserve: &mut Reserve<W, F>) {
        let _leaving = Leaving(self);
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
            let worker = reserve.worker();
            for (number, job) in jobs.drain(..) {
                search.inner_mut().attend(job);
                let failure = match search.begin().map(|()| worker.execute(&mut search)) {
                    Some(Ending::Bug(signature)) if !search.inner().was_foreign() => {
                        Some((signature, search.schedule().clone()))
                    }
                    _ => None,
                };
                let mut report = search.inner_mut().report(failure);
                report.left_out = worker.left_out();
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
