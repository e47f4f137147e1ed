//! The event queue: everything that will happen at a known instant of virtual time.
//!
//! Order is total and deterministic: by instant, then by the order Linux would run same-instant events in
//! ([`EventKey::rank`]), then by insertion.

use std::collections::BTreeMap;

use crate::task::TaskId;

/// Identifies a queued event, for cancelling it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct EventKey {
    /// Instant in nanoseconds of virtual time.
    pub time_ns: u64,
    /// Order among events of one instant (see `time::timer` for timer-wheel timers).
    pub rank: u64,
}

/// What happens when an event is due.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Event {
    /// The timeout of a sleeping task.
    Timeout(TaskId),
    /// A module's timer on a CPU (index into the timer table).
    Timer {
        /// Index of the timer in [`crate::time::timer::Timers`].
        timer: u32,
        /// The CPU that runs its callback.
        cpu: u32,
    },
    /// A module's high-resolution timer.
    HrTimer {
        /// Index in the hrtimer table.
        timer: u32,
        /// The CPU that runs its callback.
        cpu: u32,
    },
    /// The shortest time of a grace period is over.
    GracePeriod(u64),
    /// The hung-task watchdog looks at every task.
    HungTaskCheck,
}

/// The queue itself.
#[derive(Clone, Debug, Default)]
pub struct EventQueue {
    queue: BTreeMap<EventKey, Event>,
    /// How many of them are the watchdog's own.
    watchdogs: usize,
    sequence: u64,
    /// Whether anything was added since somebody cleared this: what was done then depends on the time.
    pub armed: bool,
}

impl EventQueue {
    /// Adds an event; events of one instant run in order of `class` (small first), then as added.
    pub fn add(&mut self, time_ns: u64, class: u8, event: Event) -> EventKey {
        self.sequence += 1;
        self.armed = true;
        let key = EventKey { time_ns, rank: (u64::from(class) << 56) | self.sequence };
        self.insert(key, event);
        key
    }

    /// As [`EventQueue::add`], but among events of the same instant and class the last added runs first.
    pub fn add_lifo(&mut self, time_ns: u64, class: u8, event: Event) -> EventKey {
        self.sequence += 1;
        self.armed = true;
        let key = EventKey { time_ns, rank: (u64::from(class) << 56) | ((1 << 56) - 1 - self.sequence) };
        self.insert(key, event);
        key
    }

    fn insert(&mut self, key: EventKey, event: Event) {
        self.watchdogs += usize::from(event == Event::HungTaskCheck);
        self.queue.insert(key, event);
    }

    fn removed(&mut self, event: Event) {
        self.watchdogs -= usize::from(event == Event::HungTaskCheck);
    }

    /// Takes an event out before it is due; false if it already ran.
    pub fn cancel(&mut self, key: EventKey) -> bool {
        let event = self.queue.remove(&key);
        event.inspect(|&event| self.removed(event)).is_some()
    }

    /// The instant of the earliest event.
    pub fn next_time(&self) -> Option<u64> {
        self.queue.first_key_value().map(|(key, _)| key.time_ns)
    }

    /// Removes and returns the earliest event if it is due at `now_ns`.
    pub fn pop_due(&mut self, now_ns: u64) -> Option<(u64, Event)> {
        let entry = self.queue.first_entry()?;
        if entry.key().time_ns > now_ns {
            return None;
        }
        let (key, event) = entry.remove_entry();
        self.removed(event);
        Some((key.time_ns, event))
    }

    /// The earliest events of one instant that could run in either order.
    pub fn ties(&self) -> usize {
        let Some(first) = self.next_time() else { return 0 };
        self.queue.keys().take_while(|key| key.time_ns == first).count()
    }

    /// The events that happen when time passes to `now_ns`, or else to the earliest of them.
    pub fn due(&self, now_ns: u64) -> impl Iterator<Item = Event> + '_ {
        let until_ns = self.next_time().map_or(0, |first_ns| first_ns.max(now_ns));
        self.queue.iter().take_while(move |(key, _)| key.time_ns <= until_ns).map(|(_, event)| *event)
    }

    /// All events, in no promised order.
    pub fn all(&self) -> impl Iterator<Item = &Event> {
        self.queue.values()
    }

    /// All events, in their order.
    pub fn in_order(&self) -> impl Iterator<Item = (&EventKey, &Event)> {
        self.queue.iter()
    }

    /// Whether any event other than the watchdog's own is queued.
    pub fn has_work(&self) -> bool {
        self.queue.len() > self.watchdogs
    }

    /// Number of queued events.
    pub fn len(&self) -> usize {
        self.queue.len()
    }

    /// Whether nothing is queued.
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty()
    }
}
