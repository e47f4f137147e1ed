//! Data races: two accesses of the same memory by different threads, one a write, one plain, neither before the other.
//!
//! Vector clocks as in FastTrack (Flanagan, Freund: PLDI 2009): each thread counts its releases; an access is known by its
//! thread's count (its epoch); it happened before the present if the present thread's clock has reached that epoch. Per
//! eight bytes of memory the accesses are kept that no later one stands for: a plain write stands for everything before
//! it, a marked write for marked accesses, a read for reads of its kind.
//!
//! # What counts as a race
//! Accesses are *plain* or *marked* (`READ_ONCE()`, `WRITE_ONCE()`, volatile, atomics), as in Linux's memory model
//! (tools/memory-model/Documentation/access-marking.txt, 6.1). Two marked ones never race. With
//! [`Races::plain_writes_atomic`], the default, a plain write of one aligned machine word or less counts as marked, as
//! KCSAN's default configuration has it (`CONFIG_KCSAN_ASSUME_PLAIN_WRITES_ATOMIC`): a plain *read* of what
//! another thread writes is a race, two such plain writes are none.
//!
//! # Order
//! Locks, wake-ups, works, timers and grace periods are [`Races::acquire`] and [`Races::release`] of objects. Atomics with
//! acquire or release order act on the word they access; relaxed ones give no order, except through fences
//! ([`Races::fence`]). A release sequence is kept by read-modify-write operations and ended by a relaxed store. A
//! marked read of a pointer-sized word counts as acquire: it stands for the address dependency that such reads are
//! followed by (`rcu_dereference()`), so a wrong use of a *flag* of that size is missed. Control dependencies give no
//! order.
//!
//! # Sound and complete
//! For the order as given: an access is reported exactly if an earlier access of the same bytes by another thread conflicts
//! with it and did not happen before it; of several one is named. Memory whose life begins anew ([`Races::forget`]) starts
//! without history.

use std::collections::BTreeMap;

use rustc_hash::FxHashMap;

/// A thread, as [`Races::thread`] numbers them.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct Thread(pub u32);

/// How memory is accessed.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub struct Manner {
    /// It changes the memory.
    pub write: bool,
    /// It is marked as shared.
    pub marked: bool,
    /// Its user may forgive a race with it: no access stands for one that is not so.
    pub forgivable: bool,
}

/// One access, with where its user says it was.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Access<S> {
    /// By whom.
    pub thread: Thread,
    /// First byte.
    pub addr: u64,
    /// Bytes.
    pub size: u32,
    /// How.
    pub manner: Manner,
    /// Where.
    pub site: S,
}

/// A race: the earlier access in this execution, and the later one.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Race<S> {
    /// The earlier.
    pub first: Access<S>,
    /// The later.
    pub second: Access<S>,
    /// The last release that both threads were behind, if there was any.
    pub ordered_by: Option<S>,
}

/// Counts of releases by thread.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
struct Clock(Vec<u32>);

impl Clock {
    fn get(&self, thread: Thread) -> u32 {
        self.0.get(thread.0 as usize).copied().unwrap_or(0)
    }

    fn join(&mut self, other: &Clock) -> bool {
        if self.0.len() < other.0.len() {
            self.0.resize(other.0.len(), 0);
        }
        let mut changed = false;
        for (mine, theirs) in self.0.iter_mut().zip(&other.0) {
            if *mine < *theirs {
                *mine = *theirs;
                changed = true;
            }
        }
        changed
    }

    fn set(&mut self, thread: Thread, value: u32) {
        let index = thread.0 as usize;
        if self.0.len() <= index {
            self.0.resize(index + 1, 0);
        }
        self.0[index] = value;
    }
}

#[derive(Clone, Debug)]
struct State<S> {
    clock: Clock,
    /// What relaxed reads since the last fence read from.
    seen: Clock,
    /// The clock at the last release fence.
    fenced: Option<Clock>,
    /// Where each epoch ended, with a number that orders all releases.
    released: Vec<(u64, S)>,
    /// Its epoch when it last learnt something.
    learnt: u32,
}

/// An access that is remembered.
#[derive(Clone, Copy, Debug)]
struct Kept<S> {
    thread: Thread,
    epoch: u32,
    /// Bytes of the eight.
    bytes: u8,
    manner: Manner,
    /// As the program wrote it.
    written: Manner,
    addr: u64,
    size: u32,
    site: S,
}

/// The detector; see the module docs. `S` is what its user tells places with.
#[derive(Clone, Debug)]
pub struct Races<S> {
    /// Aligned plain writes up to a word count as marked.
    pub plain_writes_atomic: bool,
    threads: Vec<State<S>>,
    objects: FxHashMap<u64, Clock>,
    /// By page, so that a range can be forgotten quickly; then by word in it.
    shadow: BTreeMap<u64, FxHashMap<u64, Vec<Kept<S>>>>,
    releases: u64,
}

const PAGE_SHIFT: u32 = 12;

impl<S: Copy> Default for Races<S> {
    fn default() -> Self {
        Races::new()
    }
}

impl<S: Copy> Races<S> {
    /// A detector that knows nothing yet.
    pub fn new() -> Races<S> {
        Races {
            plain_writes_atomic: true,
            threads: Vec::new(),
            objects: FxHashMap::default(),
            shadow: BTreeMap::new(),
            releases: 0,
        }
    }

    /// A thread of which nothing is known yet, after nobody.
    pub fn thread(&mut self) -> Thread {
        let thread = Thread(self.threads.len() as u32);
        let mut clock = Clock::default();
        clock.set(thread, 1);
        self.threads.push(State { clock, seen: Clock::default(), fenced: None, released: Vec::new(), learnt: 0 });
        thread
    }

    fn state(&mut self, thread: Thread) -> &mut State<S> {
        &mut self.threads[thread.0 as usize]
    }

    /// What was released into `object` happens before what `thread` does from now on.
    pub fn acquire(&mut self, thread: Thread, object: u64) {
        if let Some(clock) = self.objects.get(&object) {
            let state = &mut self.threads[thread.0 as usize];
            if state.clock.join(clock) {
                state.learnt = state.clock.get(thread);
            }
        }
    }

    /// What `thread` did happens before whoever acquires `object` from now on.
    pub fn release(&mut self, thread: Thread, object: u64, site: S) {
        let state = &mut self.threads[thread.0 as usize];
        self.objects.entry(object).or_default().join(&state.clock);
        self.next_epoch(thread, site);
    }

    fn next_epoch(&mut self, thread: Thread, site: S) {
        self.releases += 1;
        let number = self.releases;
        let state = self.state(thread);
        let epoch = state.clock.get(thread);
        state.clock.set(thread, epoch + 1);
        state.released.push((number, site));
    }

    /// A fence: relaxed reads before it become acquires, relaxed writes after it releases.
    pub fn fence(&mut self, thread: Thread, acquire: bool, release: bool, site: S) {
        let state = self.state(thread);
        if acquire {
            let seen = std::mem::take(&mut state.seen);
            if state.clock.join(&seen) {
                state.learnt = state.clock.get(thread);
            }
        }
        if release {
            state.fenced = Some(state.clock.clone());
            self.next_epoch(thread, site);
        }
    }

    /// A marked access and the order it gives. The word is known by its first address.
    pub fn marked(&mut self, access: Access<S>, read: bool, acquire: bool, release: bool) -> Option<Race<S>> {
        let race = self.access(access);
        let Access { thread, addr, site, .. } = access;
        let word = addr ^ 1 << 62;
        if read {
            if acquire {
                self.acquire(thread, word);
            } else if let Some(clock) = self.objects.get(&word) {
                self.threads[thread.0 as usize].seen.join(clock);
            }
        }
        if access.manner.write {
            if !read {
                self.objects.remove(&word);
            }
            if release {
                self.release(thread, word, site);
            } else if let Some(fenced) = self.threads[thread.0 as usize].fenced.clone() {
                self.objects.entry(word).or_default().join(&fenced);
            }
        }
        race
    }

    /// An access; the race it completes, if any.
    pub fn access(&mut self, access: Access<S>) -> Option<Race<S>> {
        let mut found: Option<Kept<S>> = None;
        let size = u64::from(access.size);
        let aligned = size <= 8 && size.is_power_of_two() && access.addr.is_multiple_of(size);
        let mut manner = access.manner;
        manner.marked |= manner.write && aligned && self.plain_writes_atomic;
        let clock = &self.threads[access.thread.0 as usize].clock;
        let epoch = clock.get(access.thread);
        let end = access.addr.saturating_add(size);
        let mut word = access.addr & !7;
        while word < end {
            let from = access.addr.max(word) - word;
            let to = end.min(word + 8) - word;
            let bytes = ((1u16 << to) - (1u16 << from)) as u8;
            let page = self.shadow.entry(word >> PAGE_SHIFT).or_default();
            let kept = page.entry(word).or_default();
            kept.retain_mut(|old| {
                if old.bytes & bytes == 0 {
                    return true;
                }
                let before = old.thread == access.thread || clock.get(old.thread) >= old.epoch;
                if !before {
                    let conflict = (old.manner.write || manner.write) && !(old.manner.marked && manner.marked);
                    if conflict && found.is_none_or(|best| worse(&best, old)) {
                        found = Some(*old);
                    }
                    return true;
                }
                if stands_for(manner, old.manner) {
                    old.bytes &= !bytes;
                }
                old.bytes != 0
            });
            kept.push(Kept {
                thread: access.thread,
                epoch,
                bytes,
                manner,
                written: access.manner,
                addr: access.addr,
                size: access.size,
                site: access.site,
            });
            word += 8;
        }
        found.map(|first| self.race(first, access))
    }

    /// The race of an access with one that was kept.
    fn race(&self, first: Kept<S>, second: Access<S>) -> Race<S> {
        let ordered_by = self.ordered_by(&first, second.thread);
        let Kept { thread, addr, size, written: manner, site, .. } = first;
        Race { first: Access { thread, addr, size, manner, site }, second, ordered_by }
    }

    /// The memory ends its life: the race with an access that did not happen before, marked or not. To free is to write,
    /// so it comes after what the thread had read by relaxed reads when it decided to (`wait_event(wq, !atomic_read(&users))`).
    pub fn free(&mut self, free: Access<S>, size: u64) -> Option<Race<S>> {
        let state = &self.threads[free.thread.0 as usize];
        let end = free.addr.saturating_add(size);
        let pages = free.addr >> PAGE_SHIFT..=end.saturating_sub(1) >> PAGE_SHIFT;
        let unordered = |old: &&Kept<S>| {
            old.thread != free.thread
                && state.clock.get(old.thread) < old.epoch
                && state.seen.get(old.thread) < old.epoch
                && old.addr < end
                && free.addr < old.addr.saturating_add(u64::from(old.size))
        };
        // Of several the one at the lowest address, there the earliest: the shadow's own order is no order.
        let first = self
            .shadow
            .range(pages)
            .flat_map(|(_, words)| words.iter())
            .filter_map(|(&word, kept)| Some((word, kept.iter().find(unordered)?)))
            .min_by_key(|&(word, _)| word)
            .map(|(_, old)| *old);
        let race = first.map(|first| self.race(first, free));
        self.forget(free.addr, size);
        race
    }

    /// The last release that `first` and what `second` does now are both behind.
    fn ordered_by(&self, first: &Kept<S>, second: Thread) -> Option<S> {
        let (one, other) = (&self.threads[first.thread.0 as usize], &self.threads[second.0 as usize]);
        let mut last: Option<(u64, S)> = None;
        for index in 0..self.threads.len() as u32 {
            let thread = Thread(index);
            // What the first thread has learnt since is no part of its history at that access.
            let known = if thread == first.thread {
                first.epoch.saturating_sub(1)
            } else if first.epoch >= one.learnt {
                one.clock.get(thread)
            } else {
                0
            };
            let epoch = known.min(other.clock.get(thread));
            let at = (epoch as usize).checked_sub(1).and_then(|at| self.threads[index as usize].released.get(at));
            if let Some(&(number, site)) = at
                && last.is_none_or(|(best, _)| number > best)
            {
                last = Some((number, site));
            }
        }
        last.map(|(_, site)| site)
    }

    /// The bytes begin a new life.
    pub fn forget(&mut self, addr: u64, size: u64) {
        let end = addr.saturating_add(size);
        let pages = addr >> PAGE_SHIFT..=end.saturating_sub(1) >> PAGE_SHIFT;
        self.shadow.retain(|&page, words| {
            if pages.contains(&page) {
                words.retain(|&word, _| word + 8 <= addr || word >= end);
            }
            !words.is_empty()
        });
    }
}

/// Of two accesses to blame the write, then the later one.
fn worse<S>(best: &Kept<S>, other: &Kept<S>) -> bool {
    !best.manner.write && other.manner.write
}

/// Whether whatever races with `old` later also races with `new`, which comes after it.
fn stands_for(new: Manner, old: Manner) -> bool {
    (new.write || !old.write) && (!new.marked || old.marked) && (!new.forgivable || old.forgivable)
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    fn access(thread: Thread, addr: u64, size: u32, write: bool, marked: bool, site: usize) -> Access<usize> {
        Access { thread, addr, size, manner: Manner { write, marked, forgivable: false }, site }
    }

    #[test]
    fn unordered_plain_read_of_a_write_races_and_a_lock_orders_them() {
        let mut races = Races::new();
        let (a, b) = (races.thread(), races.thread());
        assert_eq!(races.access(access(a, 0x10, 4, true, false, 1)), None);
        let race = races.access(access(b, 0x10, 4, false, false, 2)).expect("a race");
        assert_eq!((race.first.site, race.second.site), (1, 2));
        races.release(a, 7, 3);
        races.acquire(b, 7);
        assert_eq!(races.access(access(b, 0x10, 4, false, false, 4)), None);
    }

    #[test]
    fn plain_aligned_writes_count_as_marked_unless_told_otherwise() {
        for (atomic, size, races_expected) in [(true, 4, false), (false, 4, true), (true, 3, true)] {
            let mut races = Races::new();
            races.plain_writes_atomic = atomic;
            let (a, b) = (races.thread(), races.thread());
            assert_eq!(races.access(access(a, 0x10, size, true, false, 1)), None);
            assert_eq!(
                races.access(access(b, 0x10, size, true, false, 2)).is_some(),
                races_expected,
                "{atomic} {size}"
            );
        }
    }

    #[test]
    fn other_bytes_of_the_same_word_do_not_race() {
        let mut races = Races::new();
        let (a, b) = (races.thread(), races.thread());
        assert_eq!(races.access(access(a, 0x10, 4, true, false, 1)), None);
        assert_eq!(races.access(access(b, 0x14, 4, false, false, 2)), None);
        assert!(races.access(access(b, 0x12, 4, false, false, 3)).is_some());
    }

    #[test]
    fn message_passing_needs_release_and_acquire_or_fences() {
        // (release store, acquire load, write fence, read fence) -> ordered
        for (release, acquire, wmb, rmb, ordered) in [
            (true, true, false, false, true),
            (false, false, true, true, true),
            (true, false, false, true, true),
            (false, true, true, false, true),
            (false, true, false, false, false),
            (true, false, false, false, false),
            (false, false, true, false, false),
            (false, false, false, true, false),
        ] {
            let mut races = Races::new();
            let (a, b) = (races.thread(), races.thread());
            races.access(access(a, 0x100, 8, true, false, 1));
            if wmb {
                races.fence(a, false, true, 2);
            }
            races.marked(access(a, 0x200, 4, true, true, 3), false, false, release);
            races.marked(access(b, 0x200, 4, false, true, 4), true, acquire, false);
            if rmb {
                races.fence(b, true, false, 5);
            }
            let race = races.access(access(b, 0x100, 8, false, false, 6));
            assert_eq!(race.is_none(), ordered, "{release} {acquire} {wmb} {rmb}");
        }
    }

    #[test]
    fn forgotten_memory_has_no_history() {
        let mut races = Races::new();
        let (a, b) = (races.thread(), races.thread());
        races.access(access(a, 0x1ff8, 16, true, false, 1));
        races.forget(0x1000, 0x2000);
        assert_eq!(races.access(access(b, 0x1ff8, 16, false, false, 2)), None);
    }

    #[test]
    fn a_free_comes_after_accesses_that_happened_before_and_what_relaxed_reads_saw() {
        // (release by a store or by an object, relaxed read before the free) -> race
        for (releases, looks, races_expected) in
            [(false, false, true), (false, true, true), (true, false, true), (true, true, false)]
        {
            let mut races = Races::new();
            let (a, b) = (races.thread(), races.thread());
            races.access(access(a, 0x108, 4, false, true, 1));
            races.marked(access(a, 0x200, 4, true, true, 2), false, false, releases);
            if looks {
                races.marked(access(b, 0x200, 4, false, true, 3), true, false, false);
            }
            let race = races.free(access(b, 0x100, 16, true, false, 4), 16);
            assert_eq!(race.map(|race| race.first.site), races_expected.then_some(1), "{releases} {looks}");
            assert_eq!(races.access(access(a, 0x108, 4, true, false, 5)), None, "it has no history");
        }
    }

    #[test]
    fn what_may_be_forgiven_does_not_stand_for_what_may_not() {
        let mut races = Races::new();
        let (a, b) = (races.thread(), races.thread());
        races.access(access(a, 0x10, 8, false, false, 1));
        let mut again = access(a, 0x10, 8, false, false, 2);
        again.manner.forgivable = true;
        races.access(again);
        let race = races.access(access(b, 0x10, 8, true, false, 3)).expect("a race");
        assert_eq!(race.first.site, 1);
    }

    #[test]
    fn the_last_common_release_is_named() {
        let mut races = Races::new();
        let (parent, a, b) = (races.thread(), races.thread(), races.thread());
        races.release(parent, 1, 10);
        races.release(parent, 2, 20);
        races.acquire(a, 1);
        races.acquire(b, 2);
        races.access(access(a, 0x10, 4, true, false, 1));
        let race = races.access(access(b, 0x10, 4, false, false, 2)).expect("a race");
        assert_eq!(race.ordered_by, Some(10));
    }

    /// An operation of a random trace.
    #[derive(Clone, Copy, Debug)]
    enum Op {
        Access { addr: u64, size: u32, write: bool, marked: bool },
        Acquire(u64),
        Release(u64),
    }

    fn op() -> impl Strategy<Value = Op> {
        let access = (0u64..20, prop::sample::select(vec![1u32, 2, 4, 8, 12]), any::<bool>(), any::<bool>())
            .prop_map(|(addr, size, write, marked)| Op::Access { addr, size, write, marked });
        prop_oneof![4 => access, 1 => (0u64..3).prop_map(Op::Acquire), 1 => (0u64..3).prop_map(Op::Release)]
    }

    /// Happens-before of a trace, by the transitive closure of its definition.
    fn closure(trace: &[(u32, Op)]) -> Vec<Vec<bool>> {
        let n = trace.len();
        let mut before = vec![vec![false; n]; n];
        for j in 0..n {
            for i in 0..j {
                let released = matches!((trace[i].1, trace[j].1), (Op::Release(a), Op::Acquire(b)) if a == b);
                before[i][j] = trace[i].0 == trace[j].0 || released;
            }
        }
        for k in 0..n {
            let after_k = before[k].clone();
            for row in before.iter_mut().filter(|row| row[k]) {
                row.iter_mut().zip(&after_k).for_each(|(mine, theirs)| *mine |= theirs);
            }
        }
        before
    }

    proptest! {
        #![proptest_config(ProptestConfig::with_cases(2000))]
        #[test]
        fn agrees_with_the_closure(trace in prop::collection::vec((0u32..4, op()), 0..60), atomic in any::<bool>()) {
            let mut races = Races::new();
            races.plain_writes_atomic = atomic;
            let threads: Vec<Thread> = (0..4).map(|_| races.thread()).collect();
            let before = closure(&trace);
            for (j, &(thread, op)) in trace.iter().enumerate() {
                let thread = threads[thread as usize];
                match op {
                    Op::Acquire(object) => races.acquire(thread, object),
                    Op::Release(object) => races.release(thread, object, j),
                    Op::Access { addr, size, write, marked } => {
                        let counts = |addr: u64, size: u32, write: bool, marked: bool| {
                            let word = size <= 8 && size.is_power_of_two() && addr.is_multiple_of(u64::from(size));
                            marked || (write && word && atomic)
                        };
                        let racing: Vec<usize> = (0..j)
                            .filter(|&i| {
                                let Op::Access { addr: a, size: s, write: w, marked: m } = trace[i].1 else { return false };
                                !before[i][j]
                                    && a < addr + u64::from(size)
                                    && addr < a + u64::from(s)
                                    && (w || write)
                                    && !(counts(a, s, w, m) && counts(addr, size, write, marked))
                            })
                            .collect();
                        let race = races.access(access(thread, addr, size, write, marked, j));
                        prop_assert_eq!(race.is_some(), !racing.is_empty(), "access {} of {:?}", j, trace);
                        if let Some(race) = race {
                            prop_assert!(racing.contains(&race.first.site));
                        }
                    }
                }
            }
        }
    }
}
