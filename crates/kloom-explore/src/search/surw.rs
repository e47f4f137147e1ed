//! Selectively uniform random walk: executions that differ in the order of interesting steps come out evenly.
//!
//! Zhao, Wolff, Mathur and Roychoudhury, "Selectively Uniform Concurrency Testing" (ASPLOS 2025). If each thread's number
//! of remaining events is known, picking threads with probability proportional to it samples all interleavings of these
//! events uniformly. The selective form does so for *interesting* events only: a thread that is to execute the next
//! interesting event is drawn with these weights, other threads run at will until they stand before interesting events of
//! their own, where they wait for their turn.
//!
//! Each execution draws which objects are interesting, from those that were seen to be touched by two threads, one of them
//! writing: mostly one object, sometimes all of them. Counts of remaining events are maxima over a first natural execution
//! and those since. A thread that was not offered yet gives its weight to nobody, as its parent is not known here; one that
//! blocks gives up its turn. Whether a step is interesting is judged by the access it begins with.

use rustc_hash::FxHashMap;

use super::natural::{Count, fair, natural};
use super::{Access, Candidate, Ending, Kind, Pick, Search, Summary, ThreadId};
use crate::rng::Rng;

/// What is known of an object.
#[derive(Clone, Debug, Default)]
struct Object {
    /// Steps that begin with it, by thread: the most in an execution so far, and in this one.
    most: Vec<u32>,
    now: Vec<u32>,
    written: bool,
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
    rng: Rng,
    index: FxHashMap<u64, usize>,
    objects: Vec<Object>,
    focus: Focus,
    /// Interesting steps that each thread has still to do.
    left: Vec<u32>,
    /// Who is to do the next one.
    turn: Option<ThreadId>,
    last: Option<ThreadId>,
    /// What each thread was about to do when it was picked.
    first: Option<Access>,
    executions: u64,
    count: Count,
}

fn raise(counts: &mut Vec<u32>, thread: ThreadId) -> &mut u32 {
    let at = thread as usize;
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
            index: FxHashMap::default(),
            objects: Vec::new(),
            focus: Focus::Nothing,
            left: Vec::new(),
            turn: None,
            last: None,
            first: None,
            executions: 0,
            count: Count::default(),
        }
    }

    fn object(&mut self, key: u64) -> usize {
        let next = self.objects.len();
        let at = *self.index.entry(key).or_insert(next);
        if at == next {
            self.objects.push(Object::default());
        }
        at
    }

    fn is_shared(object: &Object) -> bool {
        object.written && object.most.iter().filter(|&&count| count > 0).count() > 1
    }

    fn is_interesting(&self, first: Option<Access>) -> bool {
        let Some(at) = first.and_then(|access| self.index.get(&access.object)) else { return false };
        match self.focus {
            Focus::Nothing => false,
            Focus::One(object) => object == *at,
            Focus::Shared => Surw::is_shared(&self.objects[*at]),
        }
    }

    /// Draws who does the next interesting step.
    fn draw(&mut self, candidates: &[Candidate]) {
        let weight = |surw: &Surw, index: usize| {
            let thread = candidates[index].thread;
            let left = surw.left.get(thread as usize).copied().unwrap_or(0);
            // One that stands before an interesting step has at least that to do, whatever was counted.
            u64::from(left.max(u32::from(surw.is_interesting(candidates[index].first))))
        };
        let total: u64 = fair(candidates).map(|index| weight(self, index)).sum();
        let mut at = self.rng.below(total);
        self.turn = None;
        for index in fair(candidates) {
            let weight = weight(self, index);
            if at < weight {
                self.turn = Some(candidates[index].thread);
                return;
            }
            at -= weight;
        }
    }
}

impl Search for Surw {
    fn begin(&mut self) -> Option<()> {
        self.last = None;
        self.turn = None;
        for object in &mut self.objects {
            object.now.clear();
        }
        self.focus = Focus::Nothing;
        if self.executions > 0 {
            let shared: Vec<usize> = (0..self.objects.len()).filter(|&at| Surw::is_shared(&self.objects[at])).collect();
            let drawn = self.rng.below(shared.len() as u64 + 1) as usize;
            self.focus = shared.get(drawn).map_or(Focus::Shared, |&object| Focus::One(object));
            self.left.clear();
            for (at, object) in self.objects.iter().enumerate() {
                if self.focus == Focus::One(at) || self.focus == Focus::Shared && Surw::is_shared(object) {
                    for (thread, &count) in object.most.iter().enumerate() {
                        *raise(&mut self.left, thread as ThreadId) += count;
                    }
                }
            }
        }
        Some(())
    }

    fn pick(&mut self, candidates: &[Candidate]) -> Pick {
        let index = if self.executions == 0 {
            natural(candidates, self.last)
        } else {
            let offered = self.turn.is_some_and(|turn| fair(candidates).any(|index| candidates[index].thread == turn));
            if !offered {
                self.draw(candidates);
            }
            let turn = self.turn;
            let may = |surw: &Surw, index: &usize| {
                let candidate = &candidates[*index];
                Some(candidate.thread) == turn || !surw.is_interesting(candidate.first)
            };
            let count = fair(candidates).filter(|index| may(self, index)).count();
            let nth = self.rng.below(count as u64) as usize;
            fair(candidates).filter(|index| may(self, index)).nth(nth).unwrap_or_else(|| natural(candidates, self.last))
        };
        let Candidate { thread, first, .. } = candidates[index];
        self.first = first;
        if self.is_interesting(first) {
            let left = raise(&mut self.left, thread);
            *left = left.saturating_sub(1);
            self.turn = None;
        }
        Pick::Run(index)
    }

    fn stepped(&mut self, thread: ThreadId, accesses: &[Access]) {
        self.last = Some(thread);
        for access in accesses {
            if access.kind != Kind::Read {
                let at = self.object(access.object);
                self.objects[at].written = true;
            }
        }
        if let Some(first) = self.first {
            let at = self.object(first.object);
            *raise(&mut self.objects[at].now, thread) += 1;
        }
    }

    fn choose(&mut self, options: u32) -> u32 {
        if self.executions == 0 { 0 } else { self.rng.below(u64::from(options)) as u32 }
    }

    fn end(&mut self, ending: Ending) {
        self.executions += 1;
        for object in &mut self.objects {
            for thread in 0..object.now.len() {
                let now = object.now[thread];
                let most = raise(&mut object.most, thread as ThreadId);
                *most = now.max(*most);
            }
        }
        self.count.add(ending);
    }

    fn summary(&self) -> Summary {
        self.count.summary(true)
    }
}
