//! Selectively uniform random walk: executions that differ in the order of interesting steps come out evenly.
//!
//! Zhao, Wolff, Mathur and Roychoudhury, "Selectively Uniform Concurrency Testing" (ASPLOS 2025). If each thread's number
//! of remaining events is known, picking threads with probability proportional to it samples all interleavings of these
//! events uniformly. The selective form does so for *interesting* events only: a thread that is to execute the next
//! interesting event is drawn with these weights, other threads run at will until they stand before interesting events of
//! their own, where they wait for their turn.
//!
//! Each execution draws which objects are interesting, from those that were seen to be touched by two threads, one of them
//! writing: mostly one object (the more threads touch it, the more often), sometimes all of them. Counts of remaining events are maxima over a first natural execution
//! and those since. If the turn is that of a thread that does not exist yet or is blocked, the others go on until they all
//! stand before interesting steps; then the turn is drawn among them. (The paper gives a thread's weight to its parent
//! until it is created, which comes to the same.) Whether a step is interesting is judged by the access it begins with.

use rustc_hash::FxHashMap;

use super::names::Names;
use super::natural::{Count, fair, natural};
use super::{Access, Candidate, Ending, Kind, Pick, Search, Summary, ThreadId};
use crate::rng::Rng;

/// One execution in so many takes all shared objects as interesting.
const ALL_OBJECTS: u64 = 8;

/// What is known of an object.
#[derive(Clone, Debug, Default, PartialEq)]
struct Object {
    /// Steps that begin with it, by thread: the most in an execution so far, and in this one.
    most: Vec<u32>,
    now: Vec<u32>,
    written: bool,
}

/// What walks know of the program.
#[derive(Clone, Debug, Default, PartialEq, serde::Serialize, serde::Deserialize)]
#[serde(try_from = "Written", into = "Written")]
pub(crate) struct Known {
    names: Names,
    index: FxHashMap<u64, usize>,
    objects: Vec<Object>,
    executions: u64,
}

/// The same as it is saved: in the order in which it was learned, which later walks depend on.
#[derive(serde::Serialize, serde::Deserialize)]
struct Written {
    executions: u64,
    threads: Vec<ThreadId>,
    /// Objects, whether they are written, and the most steps by thread.
    objects: Vec<(u64, bool, Vec<u32>)>,
}

impl From<Known> for Written {
    fn from(known: Known) -> Written {
        let threads = (0..known.names.len()).map(|index| known.names.name(index)).collect();
        let mut objects: Vec<_> = known.objects.into_iter().map(|object| (0, object.written, object.most)).collect();
        for (key, at) in known.index {
            objects[at].0 = key;
        }
        Written { executions: known.executions, threads, objects }
    }
}

impl TryFrom<Written> for Known {
    type Error = &'static str;

    fn try_from(written: Written) -> Result<Known, &'static str> {
        let mut known = Known { executions: written.executions, ..Known::default() };
        for (nth, &thread) in written.threads.iter().enumerate() {
            if known.names.index(thread) != nth {
                return Err("a thread is there twice");
            }
        }
        for (nth, (key, written, most)) in written.objects.into_iter().enumerate() {
            if known.object(key) != nth || most.len() > known.names.len() {
                return Err("an object is there twice, or is touched by a thread that is not there");
            }
            (known.objects[nth].written, known.objects[nth].most) = (written, most);
        }
        Ok(known)
    }
}

impl Known {
    fn object(&mut self, key: u64) -> usize {
        let next = self.objects.len();
        let at = *self.index.entry(key).or_insert(next);
        if at == next {
            self.objects.push(Object::default());
        }
        at
    }

    /// Takes over what a walk has counted.
    pub(super) fn learn(&mut self, other: &Known) {
        // In the other's order, so that it does not depend on anything else.
        let mut keys: Vec<(usize, u64)> = other.index.iter().map(|(&key, &at)| (at, key)).collect();
        keys.sort_unstable();
        for (theirs, key) in keys {
            let at = self.object(key);
            self.objects[at].written |= other.objects[theirs].written;
            for (thread, &most) in other.objects[theirs].most.iter().enumerate().filter(|(_, most)| **most > 0) {
                let thread = self.names.index(other.names.name(thread));
                let mine = raise(&mut self.objects[at].most, thread);
                *mine = most.max(*mine);
            }
        }
        self.executions = self.executions.max(other.executions);
    }
}

/// Which objects count in this execution.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Focus {
    /// Profiling: none.
    Nothing,
    One(usize),
    Shared,
}

/// Endless executions, sampled.
#[derive(Clone, Debug)]
pub struct Surw {
    pub(super) rng: Rng,
    pub(super) known: Known,
    focus: Focus,
    /// Interesting steps that each thread has still to do.
    left: Vec<u32>,
    /// Who is to do the next one.
    turn: Option<ThreadId>,
    last: Option<ThreadId>,
    /// What each thread was about to do when it was picked.
    first: Option<Access>,
    pub(super) count: Count,
}

fn raise(counts: &mut Vec<u32>, at: usize) -> &mut u32 {
    if at >= counts.len() {
        counts.resize(at + 1, 0);
    }
    &mut counts[at]
}

impl Surw {
    /// The strategy with a seed.
    pub fn new(seed: u64) -> Surw {
        Surw {
            rng: Rng::new(seed),
            known: Known::default(),
            focus: Focus::Nothing,
            left: Vec::new(),
            turn: None,
            last: None,
            first: None,
            count: Count::default(),
        }
    }

    fn is_shared(object: &Object) -> bool {
        Surw::weight(object) > 0
    }

    /// The more threads meet at an object, the more orders there are to see.
    fn weight(object: &Object) -> u64 {
        let threads = object.most.iter().filter(|&&count| count > 0).count() as u64;
        if object.written { threads.saturating_sub(1) } else { 0 }
    }

    fn draw_focus(&mut self) -> Focus {
        let total: u64 = self.known.objects.iter().map(Surw::weight).sum();
        if self.rng.below(ALL_OBJECTS) == 0 {
            return Focus::Shared;
        }
        let mut at = self.rng.below(total);
        for (index, object) in self.known.objects.iter().enumerate() {
            let weight = Surw::weight(object);
            if at < weight {
                return Focus::One(index);
            }
            at -= weight;
        }
        Focus::Shared
    }

    fn is_interesting(&self, first: Option<Access>) -> bool {
        let Some(at) = first.and_then(|access| self.known.index.get(&access.object)) else { return false };
        match self.focus {
            Focus::Nothing => false,
            Focus::One(object) => object == *at,
            Focus::Shared => Surw::is_shared(&self.known.objects[*at]),
        }
    }

    /// Draws who does the next interesting step: of all threads that have some left, or of those offered only.
    fn draw(&mut self, candidates: &[Candidate], offered_only: bool) {
        for index in fair(candidates) {
            let Candidate { thread, first, .. } = candidates[index];
            if self.is_interesting(first) {
                // It has at least that to do, whatever was counted.
                let left = raise(&mut self.left, self.known.names.index(thread));
                *left = (*left).max(1);
            }
        }
        let offered = |at: usize| fair(candidates).any(|index| candidates[index].thread == self.known.names.name(at));
        let weight = |thread: usize, left: u32| if offered_only && !offered(thread) { 0 } else { u64::from(left) };
        let total: u64 = self.left.iter().enumerate().map(|(thread, &left)| weight(thread, left)).sum();
        let mut at = self.rng.below(total);
        self.turn = None;
        for (thread, &left) in self.left.iter().enumerate() {
            let weight = weight(thread, left);
            if at < weight {
                self.turn = Some(self.known.names.name(thread));
                return;
            }
            at -= weight;
        }
    }

    /// Those who may run now: the one whose turn it is, and those who do nothing of interest.
    fn may(&self, candidates: &[Candidate]) -> impl Iterator<Item = usize> {
        fair(candidates).filter(move |&index| {
            Some(candidates[index].thread) == self.turn || !self.is_interesting(candidates[index].first)
        })
    }
}

impl Search for Surw {
    fn begin(&mut self) -> Option<()> {
        self.last = None;
        self.turn = None;
        for object in &mut self.known.objects {
            object.now.clear();
        }
        self.focus = Focus::Nothing;
        if self.known.executions > 0 {
            self.focus = self.draw_focus();
            self.left.clear();
            for (at, object) in self.known.objects.iter().enumerate() {
                if self.focus == Focus::One(at) || self.focus == Focus::Shared && Surw::is_shared(object) {
                    for (thread, &count) in object.most.iter().enumerate() {
                        *raise(&mut self.left, thread) += count;
                    }
                }
            }
        }
        Some(())
    }

    fn pick(&mut self, candidates: &[Candidate]) -> Pick {
        let index = if self.known.executions == 0 {
            natural(candidates, self.last)
        } else {
            if self.turn.is_none() {
                self.draw(candidates, false);
            }
            if self.may(candidates).next().is_none() {
                self.draw(candidates, true);
            }
            let count = self.may(candidates).count();
            let nth = self.rng.below(count as u64) as usize;
            self.may(candidates).nth(nth).unwrap_or_else(|| natural(candidates, self.last))
        };
        let Candidate { thread, first, .. } = candidates[index];
        self.first = first;
        if self.is_interesting(first) {
            let left = raise(&mut self.left, self.known.names.index(thread));
            *left = left.saturating_sub(1);
            self.turn = None;
        }
        Pick::Run(index)
    }

    fn stepped(&mut self, thread: ThreadId, accesses: &[Access]) {
        self.last = Some(thread);
        for access in accesses {
            if access.kind != Kind::Read {
                let at = self.known.object(access.object);
                self.known.objects[at].written = true;
            }
        }
        if let Some(first) = self.first {
            let at = self.known.object(first.object);
            *raise(&mut self.known.objects[at].now, self.known.names.index(thread)) += 1;
        }
    }

    fn choose(&mut self, options: u32) -> u32 {
        if self.known.executions == 0 { 0 } else { self.rng.below(u64::from(options)) as u32 }
    }

    fn end(&mut self, ending: Ending) {
        self.known.executions += 1;
        for object in &mut self.known.objects {
            for thread in 0..object.now.len() {
                let now = object.now[thread];
                let most = raise(&mut object.most, thread);
                *most = now.max(*most);
            }
        }
        self.count.add(ending);
    }

    fn summary(&self) -> Summary {
        self.count.summary(true)
    }
}
