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
}

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
        }
    }

    /// Takes what the kernel logged since the last call; the races it completes that were not told yet.
    pub fn feed(&mut self, log: &[Happened], segments: &[Segment]) -> Vec<DataRace> {
        let mut found = Vec::new();
        for &happened in log {
            if let Happened::Runs(index) = happened {
                if let Some(segment) = segments.get(index as usize) {
                    self.runs(segment);
                }
                continue;
            }
            let Some((thread, segment)) = self.present else { continue };
            let place = |ip, held| Place { ip, segment, held };
            match happened {
                Happened::Runs(_) => {}
                Happened::Access { addr, size, how, ip } => {
                    if self.ignoring.contains_key(&thread) {
                        continue;
                    }
                    let manner = Manner { write: how.write, marked: how.marked };
                    let access = Access { thread, addr, size, manner, site: place(ip, self.present_set) };
                    let race = if how.marked {
                        self.races.marked(access, how.read, how.acquire, how.release)
                    } else {
                        self.races.access(access)
                    };
                    if let Some(race) = race
                        && let Some(told) = self.tell(&race)
                    {
                        found.push(told);
                    }
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

    fn tell(&mut self, race: &Race<Place>) -> Option<DataRace> {
        let (one, other) = (race.first.site.ip, race.second.site.ip);
        let new = self.words.insert(race.second.addr & !7) & self.pairs.insert((one.min(other), one.max(other)));
        if !new || self.words.len() > RACES_MAX {
            return None;
        }
        Some(DataRace {
            first: self.side(&race.first),
            second: self.side(&race.second),
            ordered_by: race.ordered_by.map(|place| self.segments[place.segment as usize]),
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
        let found = ordered.feed(&log, &segments);
        assert_eq!(found.len(), 1);
        assert_eq!(found[0].first.held, [(LockClass::Mutex, 0x50)]);
        assert_eq!((found[0].first.at.pid, found[0].second.at.pid), (1, 2));
        assert_eq!(found[0].second.held, []);
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
        assert_eq!(ordered.feed(&log, &[segment(1), segment(2)]), []);
        assert_eq!(ordered.feed(&[access(0x10, false, 0xb)], &[]).len(), 1);
    }
}
