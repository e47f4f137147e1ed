//! From the kernel's log of accesses and synchronisation to data races.
//!
//! Actors become threads of [`Races`]; locks held are kept for the report. One race is told for each word of memory and
//! each pair of instructions: what follows from it is the same bug.

use kloom_kernel::fault::{DataRace, RaceSide};
use kloom_kernel::order::{Actor, Happened, Segment};
use kloom_kernel::site::{RawEvent, Trace};
use kloom_kernel::task::LockClass;
use rustc_hash::{FxHashMap, FxHashSet};

use crate::race::{Access, Manner, Race, Races, Thread};

/// Most races told of one execution.
const RACES_MAX: usize = 32;

/// Where an access was: its instruction, its segment, the locks held.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
struct Place {
    ip: u64,
    segment: u32,
    held: u32,
    /// The section of a sequence count it was in, by number; 0 is none.
    section: u32,
}

/// A section of a sequence count.
#[derive(Clone, Copy, Debug)]
struct Section {
    count: u64,
    writer: bool,
    thread: Thread,
    fate: Fate,
}

/// What became of a reader's section.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Fate {
    Open,
    /// It asked whether to read again: what it read at the same time as a writer wrote is not used.
    Asked,
    /// It began another without having asked.
    Used,
}

/// Whether a race is to be told.
pub type Wanted<'w> = &'w dyn Fn(&DataRace) -> bool;

/// The detector, fed with the log.
#[derive(Debug)]
pub struct Ordered {
    races: Races<Place>,
    threads: FxHashMap<Actor, Thread>,
    segments: Vec<RawEvent>,
    held: FxHashMap<Thread, Vec<(LockClass, u64)>>,
    /// Sets of locks that were held during accesses; the first is empty.
    sets: Vec<Vec<(LockClass, u64)>>,
    present_set: u32,
    ignoring: FxHashMap<Thread, u32>,
    present: Option<(Thread, u32)>,
    words: FxHashSet<u64>,
    pairs: FxHashSet<(u64, u64)>,
    /// The first is none.
    sections: Vec<Section>,
    /// Sections that each thread is in, innermost last.
    inside: FxHashMap<Thread, Vec<u32>>,
    /// Races between a reader that may still ask and a writer.
    undecided: Vec<(u32, Race<Place>)>,
}

impl Default for Ordered {
    fn default() -> Self {
        Ordered::new()
    }
}

impl Ordered {
    /// A detector that has seen nothing.
    pub fn new() -> Ordered {
        Ordered {
            races: Races::new(),
            threads: FxHashMap::default(),
            segments: Vec::new(),
            held: FxHashMap::default(),
            sets: vec![Vec::new()],
            present_set: 0,
            ignoring: FxHashMap::default(),
            present: None,
            words: FxHashSet::default(),
            pairs: FxHashSet::default(),
            sections: vec![Section { count: 0, writer: false, thread: Thread(0), fate: Fate::Used }],
            inside: FxHashMap::default(),
            undecided: Vec::new(),
        }
    }

    /// Takes what the kernel logged since the last call; the races it completes that are wanted and were not told yet.
    pub fn feed(&mut self, log: &[Happened], segments: &[Segment], wanted: Wanted<'_>) -> Vec<DataRace> {
        let mut found = Vec::new();
        for &happened in log {
            if let Happened::Runs(index) = happened {
                if let Some(segment) = segments.get(index as usize) {
                    self.runs(segment);
                }
                continue;
            }
            let Some((thread, segment)) = self.present else { continue };
            let section = self.inside.get(&thread).and_then(|open| open.last()).copied().unwrap_or(0);
            let place = |ip, held| Place { ip, segment, held, section };
            match happened {
                Happened::Runs(_) => {}
                Happened::Access { addr, size, how, ip } => {
                    if self.ignoring.contains_key(&thread) {
                        continue;
                    }
                    let manner = Manner { write: how.write, marked: how.marked, forgivable: section != 0 };
                    let access = Access { thread, addr, size, manner, site: place(ip, self.present_set) };
                    let race = if how.marked {
                        self.races.marked(access, how.read, how.acquire, how.release)
                    } else {
                        self.races.access(access)
                    };
                    if let Some(race) = race {
                        match self.reader_of(&race) {
                            None => found.extend(self.tell(&race, wanted)),
                            Some(section) => match self.sections[section as usize].fate {
                                Fate::Open => self.undecided.push((section, race)),
                                Fate::Asked => {}
                                Fate::Used => found.extend(self.tell(&race, wanted)),
                            },
                        }
                    }
                }
                Happened::Free { addr, size, ip } => {
                    let manner = Manner { write: true, ..Manner::default() };
                    let site = place(ip, self.present_set);
                    let free = Access { thread, addr, size: u32::try_from(size).unwrap_or(u32::MAX), manner, site };
                    if let Some(race) = self.races.free(free, size)
                        && let Some(mut told) = self.tell(&race, wanted)
                    {
                        told.second.frees = true;
                        found.push(told);
                    }
                }
                Happened::Sequence { count, writer, begins } => {
                    found.extend(self.sequence(thread, (count, writer, begins), wanted))
                }
                Happened::Acquire(object) => self.races.acquire(thread, object),
                Happened::Release(object) => self.races.release(thread, object, place(0, 0)),
                Happened::Fence { acquire, release } => self.races.fence(thread, acquire, release, place(0, 0)),
                Happened::Locked(class, addr) => {
                    self.held.entry(thread).or_default().push((class, addr));
                    self.choose_set(thread);
                }
                Happened::Unlocked(class, addr) => {
                    if let Some(held) = self.held.get_mut(&thread)
                        && let Some(at) = held.iter().rposition(|&lock| lock == (class, addr))
                    {
                        held.remove(at);
                    }
                    self.choose_set(thread);
                }
                Happened::Forget { addr, size } => self.races.forget(addr, size),
                Happened::Ignore(true) => *self.ignoring.entry(thread).or_default() += 1,
                Happened::Ignore(false) => {
                    let left = self.ignoring.get(&thread).map_or(0, |count| count - 1);
                    if left == 0 {
                        self.ignoring.remove(&thread);
                    } else {
                        self.ignoring.insert(thread, left);
                    }
                }
            }
        }
        found
    }

    fn runs(&mut self, segment: &Segment) {
        let races = &mut self.races;
        let thread = *self.threads.entry(segment.actor).or_insert_with(|| races.thread());
        self.present = Some((thread, self.segments.len() as u32));
        self.segments.push(segment.at);
        self.choose_set(thread);
    }

    /// A section begins or ends; the races of a reader that did not ask.
    fn sequence(
        &mut self,
        thread: Thread,
        (count, writer, begins): (u64, bool, bool),
        wanted: Wanted<'_>,
    ) -> Vec<DataRace> {
        let open = self.inside.entry(thread).or_default();
        let sections = &self.sections;
        let same = |&index: &u32| sections[index as usize].count == count && sections[index as usize].writer == writer;
        let before = open.iter().rposition(same).map(|at| open.remove(at));
        if begins {
            open.push(self.sections.len() as u32);
            self.sections.push(Section { count, writer, thread, fate: Fate::Open });
        }
        let Some(before) = before else { return Vec::new() };
        self.sections[before as usize].fate = if begins { Fate::Used } else { Fate::Asked };
        let (decided, left) =
            std::mem::take(&mut self.undecided).into_iter().partition(|&(section, _)| section == before);
        self.undecided = left;
        if begins { self.tell_all(decided, wanted) } else { Vec::new() }
    }

    /// The execution is over: the races of readers that never asked whether to read again.
    pub fn finish(&mut self, wanted: Wanted<'_>) -> Vec<DataRace> {
        let undecided = std::mem::take(&mut self.undecided);
        self.tell_all(undecided, wanted)
    }

    fn tell_all(&mut self, races: Vec<(u32, Race<Place>)>, wanted: Wanted<'_>) -> Vec<DataRace> {
        races.into_iter().filter_map(|(_, race)| self.tell(&race, wanted)).collect()
    }

    /// The reader's section, if a race is one between a reader and a writer of the same sequence count.
    fn reader_of(&self, race: &Race<Place>) -> Option<u32> {
        let of = |access: &Access<Place>| {
            let section = self.sections[access.site.section as usize];
            (access.site.section != 0 && section.thread == access.thread).then_some((access.site.section, section))
        };
        let ((one, first), (other, second)) = (of(&race.first)?, of(&race.second)?);
        let reads = |access: &Access<Place>, section: &Section| !section.writer && !access.manner.write;
        if first.count != second.count {
            None
        } else if reads(&race.first, &first) && second.writer {
            Some(one)
        } else if reads(&race.second, &second) && first.writer {
            Some(other)
        } else {
            None
        }
    }

    fn choose_set(&mut self, thread: Thread) {
        let held = self.held.get(&thread).map_or(&[][..], Vec::as_slice);
        if self.sets[self.present_set as usize] == held {
            return;
        }
        let known = self.sets.iter().position(|set| set == held);
        self.present_set = known.unwrap_or_else(|| {
            self.sets.push(held.to_vec());
            self.sets.len() - 1
        }) as u32;
    }

    fn tell(&mut self, race: &Race<Place>, wanted: Wanted<'_>) -> Option<DataRace> {
        let (one, other) = (race.first.site.ip, race.second.site.ip);
        let (word, pair) = (race.second.addr & !7, (one.min(other), one.max(other)));
        if self.words.contains(&word) || self.pairs.contains(&pair) || self.words.len() > RACES_MAX {
            return None;
        }
        let told = DataRace {
            first: self.side(&race.first),
            second: self.side(&race.second),
            ordered_by: race.ordered_by.map(|place| self.segments[place.segment as usize]),
        };
        // What nobody wants to hear of must not hide what follows there.
        wanted(&told).then(|| {
            self.words.insert(word);
            self.pairs.insert(pair);
            told
        })
    }

    fn side(&self, access: &Access<Place>) -> RaceSide {
        let at = self.segments[access.site.segment as usize];
        RaceSide {
            at: RawEvent { trace: Trace::one(access.site.ip), ..at },
            addr: access.addr,
            size: access.size,
            write: access.manner.write,
            marked: access.manner.marked,
            frees: false,
            held: self.sets[access.site.held as usize].clone(),
        }
    }
}

#[cfg(test)]
mod tests {
    use kloom_kernel::order::How;
    use kloom_kernel::site::ContextKind;
    use kloom_kernel::task::TaskId;

    use super::*;

    fn segment(task: u32) -> Segment {
        let at = RawEvent {
            task: TaskId(task),
            pid: task as i32,
            comm: [0; 16],
            cpu: 0,
            context: ContextKind::Task,
            time_ns: 0,
            trace: Trace::default(),
        };
        Segment { actor: Actor::Task(TaskId(task), 0), at }
    }

    fn access(addr: u64, write: bool, ip: u64) -> Happened {
        Happened::Access { addr, size: 4, how: How { write, read: !write, ..How::default() }, ip }
    }

    #[test]
    fn a_race_is_told_once_with_the_locks_held() {
        let mut ordered = Ordered::new();
        let segments = [segment(1), segment(2)];
        let log = [
            Happened::Runs(0),
            Happened::Locked(LockClass::Mutex, 0x50),
            access(0x10, true, 0xa),
            Happened::Unlocked(LockClass::Mutex, 0x50),
            Happened::Runs(1),
            access(0x10, false, 0xb),
            access(0x10, false, 0xc),
        ];
        let found = ordered.feed(&log, &segments, &|_| true);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].first.held, [(LockClass::Mutex, 0x50)]);
        assert_eq!((found[0].first.at.pid, found[0].second.at.pid), (1, 2));
        assert_eq!(found[0].second.held, []);
    }

    #[test]
    fn what_is_read_again_does_not_race_with_the_writer_it_is_read_again_for() {
        let sequence = |writer, begins| Happened::Sequence { count: 0x80, writer, begins };
        let write = [Happened::Runs(0), sequence(true, true), access(0x10, true, 0xa), sequence(true, false)];
        let read = [Happened::Runs(1), sequence(false, true), access(0x10, false, 0xb)];
        let asks = [Happened::Runs(1), sequence(false, false)];
        let segments = [segment(1), segment(2)];
        // Whoever comes first, and also if the other comes between.
        for parts in [[&write[..], &read, &asks], [&read, &asks, &write], [&read, &write, &asks]] {
            let mut ordered = Ordered::new();
            assert_eq!(ordered.feed(&parts.concat(), &segments, &|_| true), []);
            assert_eq!(ordered.finish(&|_| true), []);
        }
        // One that does not ask is told at the end, or when it begins again.
        let mut ordered = Ordered::new();
        assert_eq!(ordered.feed(&[&write[..], &read].concat(), &segments, &|_| true), []);
        assert_eq!(ordered.feed(&read, &segments, &|_| true).len(), 1);
        let mut ordered = Ordered::new();
        assert_eq!(ordered.feed(&[&read[..], &write].concat(), &segments, &|_| true), []);
        assert_eq!(ordered.finish(&|_| true).len(), 1);
        // So is a writer that is in no section.
        let mut ordered = Ordered::new();
        let bare = [Happened::Runs(0), access(0x10, true, 0xa)];
        assert_eq!(ordered.feed(&[&bare[..], &read, &asks].concat(), &segments, &|_| true).len(), 1);
    }

    #[test]
    fn who_frees_what_another_reads_races_with_it() {
        let mut ordered = Ordered::new();
        let free = Happened::Free { addr: 0x10, size: 32, ip: 0xf };
        let log = [Happened::Runs(0), access(0x18, false, 0xa), Happened::Runs(1), free];
        let found = ordered.feed(&log, &[segment(1), segment(2)], &|_| true);
        assert_eq!(found.len(), 1);
        assert!(found[0].second.frees && !found[0].first.frees);
        assert_eq!(found[0].second.at.trace.0[0], 0xf);
    }

    #[test]
    fn what_is_not_wanted_does_not_hide_what_is() {
        let mut ordered = Ordered::new();
        let log = [Happened::Runs(0), access(0x10, true, 0xa), Happened::Runs(1), access(0x10, false, 0xb)];
        let segments = [segment(1), segment(2)];
        assert_eq!(ordered.feed(&log, &segments, &|race| race.second.write), []);
        assert_eq!(ordered.feed(&[access(0x10, false, 0xb)], &segments, &|_| true).len(), 1);
    }

    #[test]
    fn what_data_race_marks_does_not_count() {
        let mut ordered = Ordered::new();
        let log = [
            Happened::Runs(0),
            access(0x10, true, 0xa),
            Happened::Runs(1),
            Happened::Ignore(true),
            access(0x10, false, 0xb),
            Happened::Ignore(false),
        ];
        assert_eq!(ordered.feed(&log, &[segment(1), segment(2)], &|_| true), []);
        assert_eq!(ordered.feed(&[access(0x10, false, 0xb)], &[], &|_| true).len(), 1);
    }
}
