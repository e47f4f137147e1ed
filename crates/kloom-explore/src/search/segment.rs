//! What is kept of an execution: its steps from the node on where it left the tree of those before it.

use std::sync::atomic::{AtomicU64, Ordering};

use super::wakeup::{Answer, Key};
use super::{Access, ThreadId};

/// One step of a [`Segment`], and the node before it. Ranges end where those of the next one begin.
#[derive(Clone, Copy, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub(super) struct Record {
    pub(super) thread: ThreadId,
    pub(super) guided: Key,
    pub(super) answers: u32,
    pub(super) accesses: u32,
    pub(super) sleepers: u32,
    pub(super) races: u32,
}

/// Where something of somebody asleep is in a segment's pool.
#[derive(Clone, Copy, Debug, PartialEq, serde::Serialize, serde::Deserialize)]
pub(super) struct Slept {
    pub(super) thread: ThreadId,
    pub(super) key: Key,
    pub(super) start: u32,
    pub(super) end: u32,
}

/// For each race of each step after which report its reversal was taken care of for all executions that begin so; 0: not yet.
#[derive(Debug, Default, serde::Serialize, serde::Deserialize)]
pub(super) struct Stamps(Vec<AtomicU64>);

impl PartialEq for Stamps {
    fn eq(&self, other: &Stamps) -> bool {
        let all = |stamps: &Stamps| stamps.0.iter().map(|stamp| stamp.load(Ordering::Relaxed)).collect::<Vec<_>>();
        all(self) == all(other)
    }
}

impl Stamps {
    pub(super) fn new(races: usize) -> Stamps {
        Stamps((0..races).map(|_| AtomicU64::new(0)).collect())
    }
}

/// What one execution did from the node on where it left the tree as it was: its steps, and who slept before each.
#[derive(Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
pub(super) struct Segment {
    /// Steps before it.
    pub(super) from: usize,
    pub(super) records: Vec<Record>,
    pub(super) answers: Vec<Answer>,
    pub(super) accesses: Vec<Access>,
    pub(super) sleepers: Vec<Slept>,
    pub(super) pool: Vec<Access>,
    pub(super) settled: Stamps,
}

impl Segment {
    fn range(&self, depth: usize, of: impl Fn(&Record) -> u32, all: usize) -> std::ops::Range<usize> {
        let at = depth - self.from;
        of(&self.records[at]) as usize..self.records.get(at + 1).map_or(all, |next| of(next) as usize)
    }

    pub(super) fn to(&self) -> usize {
        self.from + self.records.len()
    }

    pub(super) fn thread(&self, depth: usize) -> ThreadId {
        self.records[depth - self.from].thread
    }

    pub(super) fn guided(&self, depth: usize) -> Key {
        self.records[depth - self.from].guided
    }

    pub(super) fn answers(&self, depth: usize) -> &[Answer] {
        &self.answers[self.range(depth, |record| record.answers, self.answers.len())]
    }

    pub(super) fn accesses(&self, depth: usize) -> &[Access] {
        &self.accesses[self.range(depth, |record| record.accesses, self.accesses.len())]
    }

    pub(super) fn sleepers(&self, depth: usize) -> impl Iterator<Item = (ThreadId, &[Access], Key)> {
        self.sleepers[self.range(depth, |record| record.sleepers, self.sleepers.len())]
            .iter()
            .map(|sleeper| (sleeper.thread, &self.pool[sleeper.start as usize..sleeper.end as usize], sleeper.key))
    }

    /// Whether the reversal of a step's nth race was taken care of by report number `now`.
    pub(super) fn is_settled(&self, depth: usize, nth: usize, now: u64) -> bool {
        let at = self.records[depth - self.from].races as usize + nth;
        self.settled.0.get(at).is_some_and(|stamp| (1..=now).contains(&stamp.load(Ordering::Relaxed)))
    }

    pub(super) fn settle(&self, depth: usize, nth: usize, now: u64) {
        let at = self.records[depth - self.from].races as usize + nth;
        if let Some(stamp) = self.settled.0.get(at)
            && stamp.load(Ordering::Relaxed) == 0
        {
            stamp.store(now, Ordering::Relaxed);
        }
    }
}
