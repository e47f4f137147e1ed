//! Lock dependencies: in which order locks are taken, and from which contexts.
//!
//! Behaviour follows Linux 6.1 kernel/locking/lockdep.c: locks are known by *class* (a static lock by itself, an
//! initialised one by the place that initialised it, each with nesting subclasses); taking one while holding another adds
//! an edge between their classes; an edge that closes a circle is reported although no deadlock happened. A class that is
//! taken in interrupts must never be taken with those interrupts enabled, nor depend on one that is.
//!
//! Beside locks, a work, a timer's callback and a kernel thread count as held while their function runs, and as taken by
//! whoever waits for its end (`flush_work()`, `del_timer_sync()`, `kthread_stop()`); 6.1 does that for works and timers,
//! by class, where kloom does it for each object.
//!
//! Circles of reads: a read that may nest inside others of its kind (`read_lock()` in interrupts) blocks nobody who holds
//! the lock for reading, see `Edge`. Every circle is told once.

use std::collections::BTreeMap;

use rustc_hash::FxHashSet;

use crate::Kernel;
use crate::fault::{DepLock, LockOrder, OrderEdge, OrderKind};
use crate::order::Actor;
use crate::site::{ContextKind, RawEvent};
use crate::task::{HeldLock, LockClass, TaskKind};

/// What a class is of.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum DepKind {
    /// A lock.
    Lock(LockClass),
    /// A work: held while it runs.
    Work,
    /// A timer: held while its function runs.
    Timer,
    /// A kernel thread: held while it lives.
    Thread,
}

/// How a class was used: bits of [`Class::used`].
const IN_HARDIRQ: u8 = 1;
const IN_SOFTIRQ: u8 = 1 << 1;
const HARDIRQS_ON: u8 = 1 << 2;
const SOFTIRQS_ON: u8 = 1 << 3;
/// The same for reads.
const READ_SHIFT: u32 = 4;

#[derive(Clone, Debug)]
struct Class {
    kind: DepKind,
    /// Address of the first lock seen of it.
    addr: u64,
    used: u8,
    /// When each bit was set.
    uses: [Option<RawEvent>; 8],
    edges: Vec<Edge>,
    /// Edges of other classes to this one.
    incoming: u32,
    /// The thread, work or timer that took it last, whose dependency is known; 0 for none.
    last_taker: u64,
}

/// While holding one class another was taken.
#[derive(Clone, Copy, Debug)]
struct Edge {
    to: u32,
    /// The first was held for reading.
    from_read: bool,
    /// The second was taken by a read that may nest in other reads.
    to_recursive: bool,
    held: RawEvent,
    taken: RawEvent,
}

impl Edge {
    fn flags(&self) -> u8 {
        Edge::flags_of(self.from_read, self.to_recursive)
    }

    /// What tells two edges between the same classes apart.
    fn flags_of(from_read: bool, to_recursive: bool) -> u8 {
        u8::from(from_read) | u8::from(to_recursive) << 1
    }
}

/// The dependencies seen.
#[derive(Clone, Debug, Default)]
pub struct Lockdep {
    /// Nothing is noted: for machines whose locks come and go with every execution, and whose deadlocks are looked for by a search.
    pub off: bool,
    classes: Vec<Class>,
    /// Numbers of classes that are gone.
    free: Vec<u32>,
    known: BTreeMap<(u64, u32), u32>,
    /// Edges that need no second look: from, to, and whether each is read.
    seen: FxHashSet<(u32, u32, u8)>,
    told: FxHashSet<(u32, u32)>,
    /// The nesting subclass of the lock that is taken next.
    pub subclass: u32,
    /// Locks that were taken with a subclass, until they are held.
    pub(crate) nested: Vec<(LockClass, u32, u32)>,
    /// Violations to be reported by who can name places.
    pub found: Vec<LockOrder>,
}

impl Lockdep {
    fn class(&mut self, key: u64, kind: DepKind, addr: u64) -> u32 {
        let subclass = std::mem::take(&mut self.subclass);
        if let Some(&class) = self.known.get(&(key, subclass)) {
            return class;
        }
        let class = Class { kind, addr, used: 0, uses: [None; 8], edges: Vec::new(), incoming: 0, last_taker: 0 };
        let number = match self.free.pop() {
            Some(number) => {
                self.classes[number as usize] = class;
                number
            }
            None => {
                self.classes.push(class);
                self.classes.len() as u32 - 1
            }
        };
        self.known.insert((key, subclass), number);
        number
    }

    /// Forgets locks and initialisers in memory that goes away.
    pub fn forget(&mut self, addr: u64, size: u64) {
        while let Some((&key, &class)) = self.known.range((addr, 0)..(addr.saturating_add(size), 0)).next() {
            self.known.remove(&key);
            self.let_go(key.0, class);
        }
    }

    /// The object behind `key` is gone. If nothing leads to its class nothing ever will, and its number is free again; locks
    /// remember theirs.
    fn let_go(&mut self, key: u64, class: u32) {
        for index in 0..self.classes[class as usize].edges.len() {
            let to = self.classes[class as usize].edges[index].to as usize;
            if self.classes[to].last_taker == key {
                self.classes[to].last_taker = 0;
            }
        }
        let gone = &mut self.classes[class as usize];
        if matches!(gone.kind, DepKind::Lock(_)) || gone.incoming > 0 {
            return;
        }
        for edge in std::mem::take(&mut gone.edges) {
            self.seen.remove(&(class, edge.to, edge.flags()));
            self.classes[edge.to as usize].incoming -= 1;
        }
        self.free.push(class);
    }

    /// The edges of a way from `from` to `to` on which every wait really blocks. `recursive` tells how `from` was reached.
    fn way(&self, from: u32, to: u32, recursive: bool, reached: &dyn Fn(u32) -> bool) -> Option<Vec<(u32, Edge)>> {
        let mut visited: FxHashSet<(u32, bool)> = FxHashSet::default();
        let mut way = Vec::new();
        self.walk(from, to, recursive, reached, &mut visited, &mut way).then_some(way)
    }

    fn walk(
        &self,
        at: u32,
        to: u32,
        recursive: bool,
        reached: &dyn Fn(u32) -> bool,
        visited: &mut FxHashSet<(u32, bool)>,
        way: &mut Vec<(u32, Edge)>,
    ) -> bool {
        if !visited.insert((at, recursive)) {
            return false;
        }
        for &edge in &self.classes[at as usize].edges {
            // Who holds a lock for reading does not block a read that may nest in it.
            if recursive && edge.from_read {
                continue;
            }
            way.push((at, edge));
            let there = if to == u32::MAX { reached(edge.to) } else { edge.to == to };
            if there || self.walk(edge.to, to, edge.to_recursive, reached, visited, way) {
                return true;
            }
            way.pop();
        }
        false
    }

    fn lock(&self, class: u32) -> DepLock {
        let class = &self.classes[class as usize];
        DepLock { kind: class.kind, addr: class.addr }
    }

    fn edges(&self, way: &[(u32, Edge)]) -> Vec<OrderEdge> {
        way.iter()
            .map(|(from, edge)| OrderEdge {
                held: self.lock(*from),
                held_at: edge.held,
                wanted: self.lock(edge.to),
                wanted_at: edge.taken,
            })
            .collect()
    }

    fn tell(&mut self, one: u32, other: u32, kind: OrderKind, edges: Vec<OrderEdge>) {
        if self.told.insert((one.min(other), one.max(other))) {
            self.found.push(LockOrder { kind, edges });
        }
    }

    /// A class that `of` reaches (or is) whose use has a bit of `bits`, with the way there.
    fn reaches(&self, of: u32, bits: u8) -> Option<(u32, Vec<(u32, Edge)>)> {
        let has = |class: u32| self.classes[class as usize].used & bits != 0;
        if has(of) {
            return Some((of, Vec::new()));
        }
        let way = self.way(of, u32::MAX, false, &has)?;
        Some((way.last()?.1.to, way))
    }

    /// A class that reaches `of` (or is it) whose use has a bit of `bits`, with the way.
    fn reached_by(&self, of: u32, bits: u8) -> Option<(u32, Vec<(u32, Edge)>)> {
        (0..self.classes.len() as u32).filter(|&class| self.classes[class as usize].used & bits != 0).find_map(
            |class| {
                if class == of {
                    return Some((class, Vec::new()));
                }
                Some((class, self.way(class, of, false, &|_| false)?))
            },
        )
    }

    /// The edge that `way` needs when it is empty: a use against a use.
    fn uses(&self, safe: u32, safe_bits: u8, unsafe_: u32, unsafe_bits: u8) -> Option<(RawEvent, RawEvent)> {
        let first = |class: u32, bits: u8| {
            let class = &self.classes[class as usize];
            (0..8).find_map(|bit| if bits & (1 << bit) != 0 { class.uses[bit] } else { None })
        };
        Some((first(unsafe_, unsafe_bits)?, first(safe, safe_bits)?))
    }

    /// Both halves of each rule, for writes and reads: taken in interrupts, taken with them enabled. Two reads do not block
    /// each other.
    fn check_use(&mut self, class: u32) {
        for (inside, enabled) in [(IN_HARDIRQ, HARDIRQS_ON), (IN_SOFTIRQ, SOFTIRQS_ON)] {
            let read = |bit: u8| bit << READ_SHIFT;
            for (safe, open) in [(inside | read(inside), enabled), (inside, enabled | read(enabled))] {
                let used = self.classes[class as usize].used;
                let found = if used & safe != 0 {
                    self.reaches(class, open).map(|(other, way)| (class, other, way))
                } else if used & open != 0 {
                    self.reached_by(class, safe).map(|(other, way)| (other, class, way))
                } else {
                    None
                };
                let Some((safe_class, open_class, way)) = found else { continue };
                let Some((open_at, safe_at)) = self.uses(safe_class, safe, open_class, open) else { continue };
                let hard = inside == IN_HARDIRQ;
                let kind =
                    if way.is_empty() { OrderKind::Inconsistent { hard } } else { OrderKind::Inversion { hard } };
                let mut edges = vec![OrderEdge {
                    held: self.lock(open_class),
                    held_at: open_at,
                    wanted: self.lock(safe_class),
                    wanted_at: safe_at,
                }];
                edges.extend(self.edges(&way));
                self.tell(safe_class, open_class, kind, edges);
            }
        }
    }
}

impl Kernel {
    /// The class of a lock; its key is kept with it.
    fn lock_class(&mut self, class: LockClass, handle: u32) -> Option<u32> {
        let index = (handle as usize).checked_sub(1)?;
        let locks = &mut self.locks;
        let (key, addr, dep) = match class {
            LockClass::Spinlock | LockClass::RwlockRead | LockClass::RwlockWrite => {
                let lock = locks.spin.get_mut(index)?;
                (lock.key, lock.addr, &mut lock.dep)
            }
            LockClass::Mutex => {
                let lock = locks.mutex.get_mut(index)?;
                (lock.key, lock.addr, &mut lock.dep)
            }
            LockClass::RwsemRead | LockClass::RwsemWrite => {
                let lock = locks.semaphore.get_mut(index)?;
                (lock.key, lock.addr, &mut lock.dep)
            }
            LockClass::Semaphore | LockClass::Rcu | LockClass::Srcu => return None,
        };
        if self.lockdep.subclass == 0 && *dep != 0 {
            return Some(*dep - 1);
        }
        let plain = self.lockdep.subclass == 0;
        let found = self.lockdep.class(key, DepKind::Lock(class), addr);
        if plain {
            *dep = found + 1;
        } else {
            self.lockdep.nested.push((class, handle, found + 1));
        }
        Some(found)
    }

    /// A lock is about to be taken (or was, by a trylock): checks the order, and remembers it. The class to hold.
    pub(crate) fn lockdep_acquire(&mut self, class: LockClass, handle: u32, trylock: bool) -> u32 {
        if self.lockdep.off {
            return 0;
        }
        let Some(dep) = self.lock_class(class, handle) else { return 0 };
        let read = matches!(class, LockClass::RwlockRead | LockClass::RwsemRead);
        let context = self.context_kind();
        let recursive = class == LockClass::RwlockRead && context != ContextKind::Task;
        self.note_use(dep, read, trylock, context);
        if !trylock {
            self.depends(dep, read, recursive, (class, handle));
        }
        dep + 1
    }

    fn note_use(&mut self, dep: u32, read: bool, trylock: bool, context: ContextKind) {
        // Nothing new can come of it: the common case.
        let all = (HARDIRQS_ON | SOFTIRQS_ON) << if read { READ_SHIFT } else { 0 };
        if context == ContextKind::Task && self.lockdep.classes[dep as usize].used & all == all {
            return;
        }
        let mut bits = match context {
            _ if trylock => 0,
            ContextKind::Hardirq => IN_HARDIRQ,
            ContextKind::Softirq => IN_SOFTIRQ,
            ContextKind::Task => 0,
        };
        if context != ContextKind::Hardirq && !self.irqs_disabled() {
            bits |= HARDIRQS_ON;
            if context == ContextKind::Task && self.preempt_count() & 0xff00 == 0 {
                bits |= SOFTIRQS_ON;
            }
        }
        if read {
            bits <<= READ_SHIFT;
        }
        let new = bits & !self.lockdep.classes[dep as usize].used;
        if new == 0 {
            return;
        }
        let at = self.event_here();
        let class = &mut self.lockdep.classes[dep as usize];
        class.used |= new;
        for bit in (0..8).filter(|bit| new & (1 << bit) != 0) {
            class.uses[bit] = Some(at);
        }
        self.lockdep.check_use(dep);
    }

    /// What the running code holds: its own execution, then its locks.
    fn depends(&mut self, dep: u32, read: bool, recursive: bool, of: (LockClass, u32)) {
        self.execution_depends(dep, recursive);
        let cpu = self.this_cpu as usize;
        let count = |kernel: &Kernel| {
            if kernel.cpus[cpu].irq_frames.is_empty() {
                kernel.tasks[kernel.cpus[cpu].current].held.len()
            } else {
                kernel.cpus[cpu].irq_held.len()
            }
        };
        let held_at = |kernel: &Kernel, index: usize| -> HeldLock {
            if kernel.cpus[cpu].irq_frames.is_empty() {
                kernel.tasks[kernel.cpus[cpu].current].held[index]
            } else {
                kernel.cpus[cpu].irq_held[index]
            }
        };
        for index in 0..count(self) {
            let held = held_at(self, index);
            let Some(from) = held.dep.checked_sub(1) else { continue };
            let held_read = matches!(held.class, LockClass::RwlockRead | LockClass::RwsemRead);
            if from == dep {
                // The same lock is a deadlock of its own, which is told when it happens.
                let same = held.handle == of.1 && held.class == of.0;
                let readers = held_read && (recursive || read && of.0 == LockClass::RwlockRead);
                // A writer that comes between two readings of one semaphore waits for the first, and the second for it.
                let again = same && of.0 == LockClass::RwsemRead;
                if again || (!same && !readers) {
                    let at = self.event_here();
                    let held_event = RawEvent { trace: held.taken, time_ns: held.time_ns, ..at };
                    let edge = OrderEdge {
                        held: self.dep_lock(held.class, held.handle),
                        held_at: held_event,
                        wanted: self.dep_lock(of.0, of.1),
                        wanted_at: at,
                    };
                    self.lockdep.tell(dep, dep, OrderKind::Recursive, vec![edge]);
                }
                continue;
            }
            if !self.lockdep.seen.insert((from, dep, Edge::flags_of(held_read, recursive))) {
                continue;
            }
            let at = self.event_here();
            let held_event = RawEvent { trace: held.taken, time_ns: held.time_ns, ..at };
            self.new_edge(from, dep, held_read, recursive, held_event);
        }
    }

    fn dep_lock(&self, class: LockClass, handle: u32) -> DepLock {
        DepLock { kind: DepKind::Lock(class), addr: self.locks.addr_of(class, handle).unwrap_or(0) }
    }

    fn new_edge(&mut self, from: u32, to: u32, from_read: bool, to_recursive: bool, held: RawEvent) {
        let taken = self.event_here();
        let edge = Edge { to, from_read, to_recursive, held, taken };
        if let Some(way) = self.lockdep.way(to, from, to_recursive, &|_| false) {
            // The circle closes: where it does, a nesting read must not meet a read either.
            let closes = !(way.last().is_some_and(|(_, last)| last.to_recursive) && from_read);
            if closes {
                let mut edges = self.lockdep.edges(&way);
                edges.extend(self.lockdep.edges(&[(from, edge)]));
                self.lockdep.tell(from, to, OrderKind::Circle, edges);
            }
        }
        self.lockdep.classes[from as usize].edges.push(edge);
        self.lockdep.classes[to as usize].incoming += 1;
        self.lockdep.check_use(from);
        self.lockdep.check_use(to);
    }

    /// The work, callback or thread whose function the running code is counts as held.
    fn execution_depends(&mut self, to: u32, recursive: bool) {
        let Some((key, kind)) = self.present_execution() else { return };
        if !recursive && std::mem::replace(&mut self.lockdep.classes[to as usize].last_taker, key) == key {
            return;
        }
        let subclass = std::mem::take(&mut self.lockdep.subclass);
        let from = self.lockdep.class(key, kind, key);
        self.lockdep.subclass = subclass;
        if from == to || !self.lockdep.seen.insert((from, to, Edge::flags_of(false, recursive))) {
            return;
        }
        let begun = match self.actor() {
            Actor::Task(task, _) => self.tasks[task].created,
            _ => self.event_here(),
        };
        self.new_edge(from, to, false, recursive, begun);
    }

    fn present_execution(&self) -> Option<(u64, DepKind)> {
        let cpu = &self.cpus[self.this_cpu as usize];
        if let Some(frame) = cpu.irq_frames.last() {
            let timer = matches!(frame.callback.source, crate::sched::cpu::CallbackSource::Timer(_));
            return timer.then_some((frame.callback.args[0], DepKind::Timer));
        }
        let task = &self.tasks[cpu.current];
        match task.kind {
            TaskKind::Kthread(_) => Some((task.addr, DepKind::Thread)),
            TaskKind::System => self.current_work(cpu.current).map(|work| (work, DepKind::Work)),
            _ => None,
        }
    }

    /// The running code is about to wait for the end of a work, callback or thread.
    pub fn lockdep_waits_for(&mut self, kind: DepKind, addr: u64) {
        if self.lockdep.off {
            return;
        }
        let key = addr;
        self.lockdep.subclass = 0;
        let class = self.lockdep.class(key, kind, addr);
        self.depends(class, false, false, (LockClass::Rcu, 0));
    }
}

#[cfg(test)]
mod tests {
    use crate::Kernel;
    use crate::fault::OrderKind;
    use crate::lock::lockdep::DepKind;
    use crate::task::{LockClass, TaskId};
    use crate::testing::machine;

    /// Takes locks in this order as `task` (all spinlocks unless told), then gives them back.
    fn nest(kernel: &mut Kernel, task: TaskId, locks: &[(LockClass, u32)]) {
        kernel.cpus[0].current = task;
        for &(class, handle) in locks {
            kernel.lockdep_acquire(class, handle, false);
            kernel.lock_taken(class, handle);
        }
        for &(class, handle) in locks.iter().rev() {
            kernel.lock_dropped(task, class, handle);
        }
    }

    fn spins<const N: usize>(kernel: &mut Kernel) -> [(LockClass, u32); N] {
        std::array::from_fn(|i| {
            let handle = kernel.locks.register_spin(0x1000 + i as u64 * 8, format!("l{i}"));
            (LockClass::Spinlock, handle)
        })
    }

    #[test]
    fn a_circle_of_three_is_told_once() {
        let mut kernel = machine(1);
        let task = kernel.init;
        let [a, b, c] = spins(&mut kernel);
        nest(&mut kernel, task, &[a, b]);
        nest(&mut kernel, task, &[b, c]);
        assert!(kernel.lockdep.found.is_empty());
        nest(&mut kernel, task, &[c, a]);
        nest(&mut kernel, task, &[c, a]);
        assert_eq!(kernel.lockdep.found.len(), 1);
        assert_eq!(kernel.lockdep.found[0].kind, OrderKind::Circle);
        assert_eq!(kernel.lockdep.found[0].edges.len(), 3);
    }

    #[test]
    fn threads_that_come_and_go_leave_no_classes_behind() {
        let mut kernel = machine(1);
        let [a] = spins(&mut kernel);
        for _ in 0..3 {
            let thread = kernel.kthread_create(kernel.init, 0, 0, b"t", None).expect("there is room");
            nest(&mut kernel, thread, &[(LockClass::Spinlock, a.1)]);
            let addr = kernel.tasks[thread].addr;
            kernel.lockdep.forget(addr, 1);
        }
        assert_eq!(kernel.lockdep.classes.len(), 2, "the lock, and one thread at a time");
        assert!(kernel.lockdep.seen.is_empty());
    }

    #[test]
    fn one_order_everywhere_is_silent() {
        let mut kernel = machine(1);
        let task = kernel.init;
        let [a, b, c] = spins(&mut kernel);
        for locks in [[a, b], [b, c], [a, c]] {
            nest(&mut kernel, task, &locks);
        }
        assert!(kernel.lockdep.found.is_empty());
    }

    #[test]
    fn two_locks_of_one_class_need_a_subclass() {
        let mut kernel = machine(1);
        let task = kernel.init;
        let [a, b] = spins(&mut kernel);
        kernel.locks.spin[a.1 as usize - 1].key = 0x77;
        kernel.locks.spin[b.1 as usize - 1].key = 0x77;
        kernel.cpus[0].current = task;
        let dep = kernel.lockdep_acquire(a.0, a.1, false);
        kernel.lock_taken(a.0, a.1);
        assert_eq!(kernel.tasks[task].held[0].dep, dep);
        assert_ne!(dep, 0);
        kernel.lockdep.subclass = 1;
        kernel.lockdep_acquire(b.0, b.1, false);
        assert!(kernel.lockdep.found.is_empty());
        kernel.lockdep_acquire(b.0, b.1, false);
        assert_eq!(kernel.lockdep.found[0].kind, OrderKind::Recursive);
    }

    #[test]
    fn waiting_for_a_thread_under_a_lock_that_it_takes_is_a_circle() {
        let mut kernel = machine(1);
        let init = kernel.init;
        let thread = kernel.kthread_create(init, 1, 0, b"t", None).expect("room");
        let [a] = spins(&mut kernel);
        nest(&mut kernel, thread, &[a]);
        kernel.cpus[0].current = init;
        kernel.lockdep_acquire(a.0, a.1, false);
        kernel.lock_taken(a.0, a.1);
        let addr = kernel.tasks[thread].addr;
        kernel.lockdep_waits_for(DepKind::Thread, addr);
        assert_eq!(kernel.lockdep.found.len(), 1);
    }

    #[test]
    fn a_lock_of_interrupts_must_not_be_taken_with_them_enabled() {
        use crate::sched::cpu::{Callback, CallbackSource, IrqFrame};
        use crate::site::ContextKind;
        let mut kernel = machine(1);
        let task = kernel.init;
        let [a, b] = spins(&mut kernel);
        let callback =
            Callback { kind: ContextKind::Softirq, func: 1, args: [2, 0, 0], source: CallbackSource::Other(2) };
        kernel.cpus[0].irq_frames.push(IrqFrame {
            callback,
            preempt_count: 0,
            irqs_off: false,
            since_ns: 0,
            spins_on: None,
        });
        kernel.lockdep_acquire(a.0, a.1, false);
        kernel.cpus[0].irq_frames.pop();
        nest(&mut kernel, task, &[b]);
        assert!(kernel.lockdep.found.is_empty());
        nest(&mut kernel, task, &[a]);
        assert_eq!(kernel.lockdep.found[0].kind, OrderKind::Inconsistent { hard: false });
    }
}
