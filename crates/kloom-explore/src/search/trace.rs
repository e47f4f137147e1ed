//! The execution being explored: its steps, who happened before whom, and which pairs of steps raced.
//!
//! *Happens-before* is the smallest order that keeps each thread's steps and every pair of dependent steps in place; it
//! is kept as vector clocks. A *race* is a pair of steps of two threads that are ordered by their own dependence only, so
//! that the later one could have come first. An acquire races with the acquire before it; the release between the two
//! orders them but does not count as something in between, because the later acquire could not run before it. The same is
//! done for any step that was seen to enable the thread it races with (semaphores, wake-ups).
//!
//! Everything is kept in stacks, so that going back to a prefix costs no more than what is dropped, and running a prefix
//! again costs nothing.

use rustc_hash::FxHashMap;

use super::names::Names;
use super::{Access, Kind, ThreadId};

/// Threads that fit the masks of who could run.
const MASK: u32 = 64;

/// No step, epoch or member.
pub(super) const NONE: u32 = u32::MAX;

/// What has to be known of an object: its accesses in epochs of such that commute with each other. Members of adjacent
/// epochs are dependent, so an access depends directly on one epoch only.
#[derive(Clone, Copy, Debug)]
struct Object {
    epoch: u32,
    acquired: u32,
    wrote: u32,
}

const UNTOUCHED: Object = Object { epoch: NONE, acquired: NONE, wrote: NONE };

#[derive(Clone, Copy, Debug)]
struct Epoch {
    kind: Kind,
    members: u32,
    before: u32,
}

#[derive(Clone, Copy, Debug)]
struct Member {
    step: u32,
    kind: Kind,
    /// For a release: the steps that may have taken the lock.
    opened: [u32; 2],
    next: u32,
}

#[derive(Clone, Copy, Debug)]
struct Step {
    /// The index of its thread.
    thread: u32,
    /// The how-manieth of its thread, from 1.
    seq: u32,
    before: u32,
    accesses: u32,
    races: u32,
    undo: u32,
    epochs: u32,
    members: u32,
}

/// A race of the step that lists it.
#[derive(Clone, Copy, Debug)]
struct Race {
    first: u32,
    settled: bool,
}

#[derive(Clone, Copy, Debug)]
struct Undo {
    object: u32,
    state: Object,
    /// The member list of the object's epoch, which a commuting access grows in place.
    members: u32,
}

/// The steps of one execution.
#[derive(Debug, Default)]
pub(super) struct Trace {
    steps: Vec<Step>,
    accesses: Vec<Access>,
    /// `width` numbers for each step: how many steps of each thread happened before it, itself included.
    clocks: Vec<u32>,
    width: usize,
    names: Names,
    last: Vec<u32>,
    races: Vec<Race>,
    index: FxHashMap<u64, u32>,
    objects: Vec<Object>,
    epochs: Vec<Epoch>,
    members: Vec<Member>,
    undo: Vec<Undo>,
    enabled: Vec<u64>,
    ordering: Vec<u32>,
    direct: Vec<u32>,
    /// The newest step never came to run.
    blocked: bool,
}

fn acquires(kind: Kind) -> bool {
    matches!(kind, Kind::Acquire | Kind::AcquireShared)
}

fn releases(kind: Kind) -> bool {
    matches!(kind, Kind::Release | Kind::ReleaseShared)
}

impl Trace {
    /// How many steps there are.
    pub(super) fn len(&self) -> usize {
        self.steps.len()
    }

    pub(super) fn thread(&self, step: usize) -> ThreadId {
        self.names.name(self.steps[step].thread as usize)
    }

    pub(super) fn accesses(&self, step: usize) -> &[Access] {
        let end = self.steps.get(step + 1).map_or(self.accesses.len(), |next| next.accesses as usize);
        &self.accesses[self.steps[step].accesses as usize..end]
    }

    /// The earlier steps that raced with this one.
    pub(super) fn races(&self, step: usize) -> std::ops::Range<usize> {
        let end = self.steps.get(step + 1).map_or(self.races.len(), |next| next.races as usize);
        self.steps[step].races as usize..end
    }

    pub(super) fn race(&self, index: usize) -> usize {
        self.races[index].first as usize
    }

    /// Whether the reversal of a race is taken care of as long as both its steps stay.
    pub(super) fn is_settled(&self, index: usize) -> bool {
        self.races[index].settled
    }

    pub(super) fn settle_race(&mut self, index: usize) {
        self.races[index].settled = true;
    }

    /// Says of each race of a step whether it is settled.
    pub(super) fn settle_races(&mut self, step: usize, is_settled: impl Fn(usize) -> bool) {
        for (nth, race) in self.races(step).enumerate() {
            self.races[race].settled = is_settled(nth);
        }
    }

    /// Whether the first step is ordered before the second (or is it).
    pub(super) fn before(&self, first: usize, second: usize) -> bool {
        let Step { thread, seq, .. } = self.steps[first];
        self.clock(second, thread) >= seq
    }

    /// Whether `thread` could run at this depth, as far as that was noted.
    pub(super) fn could_run(&self, depth: usize, thread: ThreadId) -> bool {
        self.names.find(thread).is_none_or(|index| self.index_could_run(depth, index as u32))
    }

    fn index_could_run(&self, depth: usize, thread: u32) -> bool {
        thread >= MASK || self.enabled.get(depth).is_none_or(|mask| mask >> thread & 1 == 1)
    }

    /// Those that were noted to be able to run at this depth.
    pub(super) fn offered(&self, depth: usize) -> impl Iterator<Item = ThreadId> {
        let mask = self.enabled.get(depth).copied().unwrap_or(0);
        let known = self.names.len().min(MASK as usize);
        (0..known).filter(move |&index| mask >> index & 1 == 1).map(|index| self.names.name(index))
    }

    /// Notes who could run before the next step. Whether all could be noted.
    pub(super) fn offer(&mut self, threads: impl Iterator<Item = ThreadId>) -> bool {
        let mut mask = 0;
        let mut all = true;
        for thread in threads {
            let index = self.names.index(thread) as u32;
            if index < MASK {
                mask |= 1 << index;
            } else {
                all = false;
            }
        }
        self.note_offer(mask);
        all
    }

    /// Notes that nobody knows who could run before the next step.
    pub(super) fn offer_all(&mut self) {
        self.note_offer(u64::MAX);
    }

    fn note_offer(&mut self, mask: u64) {
        self.enabled.truncate(self.steps.len());
        self.enabled.push(mask);
    }

    /// Goes back to the first `len` steps.
    pub(super) fn truncate(&mut self, len: usize) {
        self.enabled.truncate(len + 1);
        if len >= self.steps.len() {
            return;
        }
        for step in self.steps[len..].iter().rev() {
            self.last[step.thread as usize] = step.before;
        }
        let first = self.steps[len];
        for undo in self.undo[first.undo as usize..].iter().rev() {
            self.objects[undo.object as usize] = undo.state;
            if undo.state.epoch != NONE {
                self.epochs[undo.state.epoch as usize].members = undo.members;
            }
        }
        self.undo.truncate(first.undo as usize);
        self.epochs.truncate(first.epochs as usize);
        self.members.truncate(first.members as usize);
        self.accesses.truncate(first.accesses as usize);
        self.races.truncate(first.races as usize);
        self.clocks.truncate(len * self.width);
        self.steps.truncate(len);
    }

    /// Adds a step.
    pub(super) fn push(&mut self, thread: ThreadId, accesses: &[Access]) {
        let thread = self.names.index(thread) as u32;
        self.make_room(thread);
        let step = self.steps.len() as u32;
        let before = self.last[thread as usize];
        let seq = if before == NONE { 1 } else { self.steps[before as usize].seq + 1 };
        self.steps.push(Step {
            thread,
            seq,
            before,
            accesses: self.accesses.len() as u32,
            races: self.races.len() as u32,
            undo: self.undo.len() as u32,
            epochs: self.epochs.len() as u32,
            members: self.members.len() as u32,
        });
        self.accesses.extend_from_slice(accesses);
        self.last[thread as usize] = step;
        if before == NONE {
            self.clocks.resize(self.clocks.len() + self.width, 0);
        } else {
            let start = before as usize * self.width;
            self.clocks.extend_from_within(start..start + self.width);
        }
        let own = step as usize * self.width + thread as usize;
        self.clocks[own] = seq;
        self.ordering.clear();
        self.direct.clear();
        for &access in accesses {
            self.touch(step, thread, before, access);
        }
        self.settle(step);
    }

    /// Adds a step that cannot come to run after the newest one.
    pub(super) fn push_blocked(&mut self, thread: ThreadId, accesses: &[Access]) {
        self.blocked = true;
        self.push(thread, accesses);
        self.blocked = false;
    }

    fn clock(&self, step: usize, thread: u32) -> u32 {
        self.clocks[step * self.width + thread as usize]
    }

    fn make_room(&mut self, thread: u32) {
        let needed = thread as usize + 1;
        if needed > self.last.len() {
            self.last.resize(needed, NONE);
        }
        if needed > self.width {
            let width = needed.next_multiple_of(8);
            let mut clocks = Vec::with_capacity(self.clocks.len() / self.width.max(1) * width);
            for old in self.clocks.chunks(self.width.max(1)) {
                clocks.extend_from_slice(old);
                clocks.resize(clocks.len() + width - old.len(), 0);
            }
            self.clocks = clocks;
            self.width = width;
        }
    }

    fn object(&mut self, object: u64) -> u32 {
        let next = self.objects.len() as u32;
        let index = *self.index.entry(object).or_insert(next);
        if index == next {
            self.objects.push(UNTOUCHED);
        }
        index
    }

    /// Enters one access of the newest step into the history of its object, and notes what it comes after.
    fn touch(&mut self, step: u32, thread: u32, before: u32, access: Access) {
        let index = self.object(access.object);
        let state = self.objects[index as usize];
        let current = if state.epoch == NONE { None } else { Some(self.epochs[state.epoch as usize]) };
        let joins = current.is_some_and(|epoch| epoch.kind.commutes(access.kind));
        let from = if joins { current.map_or(NONE, |epoch| epoch.before) } else { state.epoch };
        if from != NONE {
            self.follow(thread, before, from, access.kind);
        }
        let members = current.map_or(NONE, |epoch| epoch.members);
        let opened = match access.kind {
            Kind::Release => [state.acquired, state.wrote],
            Kind::ReleaseShared => [self.shared_by(thread, members), NONE],
            _ => [NONE; 2],
        };
        self.undo.push(Undo { object: index, state, members });
        let member = self.members.len() as u32;
        let next = if joins { members } else { NONE };
        self.members.push(Member { step, kind: access.kind, opened, next });
        if joins {
            self.epochs[state.epoch as usize].members = member;
        } else {
            let epoch = self.epochs.len() as u32;
            self.epochs.push(Epoch { kind: access.kind, members: member, before: state.epoch });
            self.objects[index as usize].epoch = epoch;
        }
        match access.kind {
            Kind::Acquire => self.objects[index as usize].acquired = step,
            Kind::Write => self.objects[index as usize].wrote = step,
            _ => {}
        }
    }

    fn shared_by(&self, thread: u32, mut member: u32) -> u32 {
        while member != NONE {
            let entry = self.members[member as usize];
            if entry.kind == Kind::AcquireShared && self.steps[entry.step as usize].thread == thread {
                return entry.step;
            }
            member = entry.next;
        }
        NONE
    }

    /// The newest step, of `thread`, comes after all members of an epoch.
    fn follow(&mut self, thread: u32, before: u32, epoch: u32, kind: Kind) {
        let mut member = self.epochs[epoch as usize].members;
        while member != NONE {
            let entry = self.members[member as usize];
            member = entry.next;
            if self.steps[entry.step as usize].thread == thread {
                continue;
            }
            if acquires(kind) && (acquires(entry.kind) || releases(entry.kind)) {
                self.ordering.push(entry.step);
                let takers = if releases(entry.kind) { entry.opened } else { [entry.step, NONE] };
                for taker in takers {
                    self.lock_race(thread, before, taker);
                }
                if takers == [NONE; 2] {
                    self.lock_race(thread, before, entry.step);
                }
            } else if (before == NONE || before < entry.step) && !self.index_could_run(entry.step as usize, thread) {
                // What this one could have overtaken lies further back, too.
                if self.index_could_run(entry.step as usize + 1, thread)
                    && !self.blocked
                    && !self.has_other_way(epoch, entry.step)
                {
                    // That step is what made this one possible. (If it is not, both can be dependent by another object.)
                    self.ordering.push(entry.step);
                } else {
                    self.direct.push(entry.step);
                }
                self.look_back(thread, before, self.epochs[epoch as usize].before);
            } else {
                self.direct.push(entry.step);
            }
        }
    }

    /// Whether some step of an epoch could have done what `first`, which came before it, did for those after both.
    fn has_other_way(&self, epoch: u32, first: u32) -> bool {
        let mut member = self.epochs[epoch as usize].members;
        while member != NONE {
            let entry = self.members[member as usize];
            if entry.step > first && !self.before(first as usize, entry.step as usize) {
                return true;
            }
            member = entry.next;
        }
        false
    }

    /// Finds the steps that, had this thread been first, it could have overtaken.
    fn look_back(&mut self, thread: u32, before: u32, mut epoch: u32) {
        while epoch != NONE {
            let mut open = false;
            let mut found = false;
            let mut member = self.epochs[epoch as usize].members;
            while member != NONE {
                let entry = self.members[member as usize];
                member = entry.next;
                if self.steps[entry.step as usize].thread == thread || self.ordered(before, entry.step) {
                    continue;
                }
                open = true;
                if before != NONE && before > entry.step || self.index_could_run(entry.step as usize, thread) {
                    found = true;
                    self.lock_race(thread, before, entry.step);
                }
            }
            if found || !open {
                return;
            }
            epoch = self.epochs[epoch as usize].before;
        }
    }

    /// Whether `step` happened before the thread's step before this one.
    fn ordered(&self, before: u32, step: u32) -> bool {
        before != NONE && self.before(step as usize, before as usize)
    }

    fn lock_race(&mut self, thread: u32, before: u32, taker: u32) {
        if taker == NONE || self.steps[taker as usize].thread == thread || self.ordered(before, taker) {
            return;
        }
        let own = self.steps.last().map_or(0, |step| step.races as usize);
        if !self.has_race(own, taker) {
            self.races.push(Race { first: taker, settled: false });
        }
    }

    fn has_race(&self, own: usize, first: u32) -> bool {
        self.races[own..].iter().any(|race| race.first == first)
    }

    /// Makes the newest step's clock from those of all that it comes after, and its races from those nothing lies between.
    fn settle(&mut self, step: u32) {
        let ordering = std::mem::take(&mut self.ordering);
        for &earlier in &ordering {
            self.join(step, earlier);
        }
        self.ordering = ordering;
        let direct = std::mem::take(&mut self.direct);
        let own = self.steps[step as usize].races as usize;
        for &earlier in &direct {
            let between = self.before(earlier as usize, step as usize)
                || direct.iter().any(|&other| other != earlier && self.before(earlier as usize, other as usize))
                || self.has_race(own, earlier);
            if !between {
                self.races.push(Race { first: earlier, settled: false });
            }
        }
        for &earlier in &direct {
            self.join(step, earlier);
        }
        self.direct = direct;
    }

    fn join(&mut self, step: u32, earlier: u32) {
        let (head, tail) = self.clocks.split_at_mut(step as usize * self.width);
        let from = earlier as usize * self.width;
        for (mine, &theirs) in tail.iter_mut().zip(&head[from..from + self.width]) {
            *mine = (*mine).max(theirs);
        }
    }
}
