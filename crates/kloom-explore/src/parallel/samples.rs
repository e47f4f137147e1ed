//! Samples: executions whose choices follow from a number, and from what was learned of those well before.

use std::collections::BTreeMap;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard, PoisonError};

use super::{Outcome, Plan, Reserve, State, Worker, dealt};
use crate::search::{Ending, Lesson, Recorder, Sampler, Samplers, Schedule, Search};

/// Executions between two times at which samplers learn from those before: few at first, when there is most to learn.
const LESSON: u64 = 64;

/// The samples of one hand: the nth of so many has numbers nth, nth + so many, and so on.
#[derive(Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub struct Samples {
    /// How many are counted.
    counted: u64,
    /// How many go by what is taught at present.
    until: u64,
    /// What is taught to each kind of sampler.
    taught: Vec<Lesson>,
    /// What was learned since, to be taught next.
    learned: Vec<Lesson>,
    outcome: Outcome,
}

impl Samples {
    fn new(samplers: &Samplers) -> Samples {
        let lessons = samplers.lessons();
        Samples { until: 1, taught: lessons.clone(), learned: lessons, ..Samples::default() }
    }

    /// How many are counted.
    pub fn counted(&self) -> u64 {
        self.counted
    }

    /// What has come out of them.
    pub fn outcome(&self) -> &Outcome {
        &self.outcome
    }
}

/// What came of a sample.
struct Sample {
    sampler: Sampler,
    failure: Option<(u64, Schedule)>,
    left_out: u32,
}

/// Samples under way.
struct Sampled<'s> {
    state: &'s mut State,
    plan: &'s Plan,
    samplers: &'s Samplers,
    /// How many are wanted.
    most: u64,
    /// The next one to be run.
    next: u64,
    /// Those that wait for others before them to be counted.
    waiting: BTreeMap<u64, Sample>,
    over: bool,
}

/// Where samples are handed out and counted.
pub(super) struct Hall<'s> {
    sampled: Mutex<Sampled<'s>>,
    changed: Condvar,
    stop: &'s AtomicBool,
    keep: &'s (dyn Fn(&State) + Sync),
}

impl State {
    /// Where the rest of the samples is run, if there is something to sample, and somebody who does.
    pub(super) fn hall<'s>(
        &'s mut self,
        plan: &'s Plan,
        stop: &'s AtomicBool,
        keep: &'s (dyn Fn(&State) + Sync),
    ) -> Option<Hall<'s>> {
        let samplers = plan.samplers.as_ref()?;
        if stop.load(Ordering::Relaxed) || plan.first_failure && self.has_failed() || self.has_seen_all(plan) {
            return None;
        }
        let most = dealt(plan.executions, plan.partition).saturating_sub(self.reduced().summary.executions);
        let samples = self.samples.entry(plan.partition.0).or_insert_with(|| Samples::new(samplers));
        let next = samples.counted;
        let over = next >= most;
        let sampled = Sampled { state: self, plan, samplers, most, next, waiting: BTreeMap::new(), over };
        Some(Hall { sampled: Mutex::new(sampled), changed: Condvar::new(), stop, keep })
    }

    /// Whether samples of what is dealt to this hand could show nothing new.
    fn has_seen_all(&self, plan: &Plan) -> bool {
        let is_seen = |part| {
            let summary = self.done.get(&part).map(|outcome: &Outcome| &outcome.summary);
            summary.is_some_and(|seen| seen.exhausted && !seen.bounds.preemptions && !seen.bounds.delays)
        };
        !self.parts.is_empty() && self.parts_of(plan.partition).all(is_seen)
    }
}

impl Sampled<'_> {
    fn samples(&mut self) -> &mut Samples {
        let samplers = self.samplers;
        self.state.samples.entry(self.plan.partition.0).or_insert_with(|| Samples::new(samplers))
    }

    /// Whether the next one has to wait until more is learned, or there is none.
    fn has_to_wait(&mut self) -> bool {
        self.next >= self.most || self.next >= self.samples().until
    }

    fn sampler(&mut self, nth: u64) -> Sampler {
        let (hand, hands) = self.plan.partition;
        let number = nth.wrapping_mul(hands as u64).wrapping_add(hand as u64);
        let (samplers, kind) = (self.samplers, self.samplers.turn(nth));
        samplers.sampler(kind, number, &self.samples().taught[kind])
    }

    /// Counts what comes next in order. Whether there was anything.
    fn count(&mut self) -> bool {
        let mut any = false;
        while !self.over {
            let nth = self.samples().counted;
            let Some(sample) = self.waiting.remove(&nth) else { break };
            any = true;
            self.state.left_out |= sample.left_out;
            let kind = self.samplers.turn(nth);
            let samples = self.samples();
            samples.counted += 1;
            samples.outcome.summary.add(&sample.sampler.summary());
            samples.learned[kind].learn(&sample.sampler);
            if samples.counted == samples.until {
                samples.taught.clone_from(&samples.learned);
                samples.until += samples.until.clamp(8, LESSON);
            }
            if let Some((signature, schedule)) = sample.failure {
                samples.outcome.failed(signature, schedule);
                self.over |= self.plan.first_failure;
            }
            self.over |= self.samples().counted >= self.most;
        }
        any
    }
}

/// Lets the others go when one of them leaves.
struct Leaving<'o, 's>(&'o Hall<'s>);

impl Drop for Leaving<'_, '_> {
    fn drop(&mut self) {
        if std::thread::panicking() {
            self.0.lock().over = true;
        }
        self.0.changed.notify_all();
    }
}

impl<'s> Hall<'s> {
    fn lock(&self) -> MutexGuard<'_, Sampled<'s>> {
        self.sampled.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Runs samples until there are enough.
    pub(super) fn work<W: Worker, F: FnOnce() -> W>(&self, reserve: &mut Reserve<W, F>) {
        let _leaving = Leaving(self);
        loop {
            let mut sampled = self.lock();
            while sampled.has_to_wait() && !sampled.over && !self.stop.load(Ordering::Relaxed) {
                sampled = self.changed.wait(sampled).unwrap_or_else(PoisonError::into_inner);
            }
            if sampled.over || self.stop.load(Ordering::Relaxed) {
                return;
            }
            let nth = sampled.next;
            sampled.next += 1;
            let mut search = Recorder::new(sampled.sampler(nth));
            drop(sampled);
            let worker = reserve.worker();
            let failure = match search.begin().map(|()| worker.execute(&mut search)) {
                Some(Ending::Bug(signature)) => Some((signature, search.schedule().clone())),
                _ => None,
            };
            // Nothing that came after the user's wish to end counts: it may not have come to its own end.
            if self.stop.load(Ordering::Relaxed) {
                return;
            }
            let sample = Sample { failure, left_out: worker.left_out(), sampler: search.into_inner() };
            let mut sampled = self.lock();
            sampled.waiting.insert(nth, sample);
            if sampled.count() {
                (self.keep)(sampled.state);
                drop(sampled);
                self.changed.notify_all();
            }
        }
    }
}
