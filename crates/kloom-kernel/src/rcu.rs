//! Read-copy update: read sections, grace periods, callbacks.
//!
//! C headers: include/linux/rcupdate.h, include/linux/srcu.h. Behaviour follows Linux 6.1 kernel/rcu/tree.c with
//! `CONFIG_PREEMPT_RCU`: a grace period ends when every task that was inside a read section as it began has left it, and
//! not before the kernel got round to it, a few ticks later.

use std::collections::{BTreeMap, BTreeSet};

use kloom_abi::sched::TASK_UNINTERRUPTIBLE;
use kloom_abi::time::TICK_NSEC;

use crate::Kernel;
use crate::event::Event;
use crate::fault::Fault;
use crate::ops::{Op, Progress};
use crate::order;
use crate::sched::cpu::Callback;
use crate::site::{ContextKind, RawEvent};
use crate::task::{BlockedOn, LockClass, TaskId};

/// Ticks from the request of a grace period to its end on an idle machine; one when it is expedited.
const GRACE_TICKS: u64 = 4;

/// What a grace period is waited for.
#[derive(Clone, Copy, Debug)]
enum Then {
    Nothing,
    Wake(TaskId),
    Call { callback: Callback, cpu: u32 },
}

#[derive(Clone, Debug)]
struct GracePeriod {
    /// Its shortest time is over.
    ready: bool,
    begun_ns: u64,
    readers: BTreeSet<TaskId>,
    /// For `call_srcu()`: the structure, and the number of the first reader that it does not wait for.
    srcu: Option<(u64, u64)>,
    then: Then,
}

/// A reader inside a `struct srcu_struct`.
#[derive(Clone, Copy, Debug)]
struct SrcuReader {
    /// Counts the readers of the structure from the first.
    number: u64,
    index: usize,
    at: RawEvent,
}

/// Readers of one `struct srcu_struct`. Who waits, waits for those that were inside as it began, whatever their index.
#[derive(Clone, Debug, Default)]
struct Srcu {
    /// What the next reader is given: it changes with each grace period.
    index: usize,
    /// The number of the next reader.
    next: u64,
    /// The present readers, oldest first.
    readers: Vec<SrcuReader>,
    waiters: Vec<TaskId>,
}

impl Srcu {
    /// Whether a reader is inside that entered before the one numbered `before`.
    fn has_readers_before(&self, before: u64) -> bool {
        self.readers.iter().any(|reader| reader.number < before)
    }
}

/// A callback that has not returned.
#[derive(Clone, Copy, Debug)]
struct Pending {
    callback: Callback,
    /// Where it was asked for.
    at: RawEvent,
    /// The structure of a `call_srcu()`.
    srcu: Option<u64>,
}

/// Grace periods in progress.
#[derive(Clone, Debug, Default)]
pub struct Rcu {
    periods: BTreeMap<u64, GracePeriod>,
    last: u64,
    /// Callbacks that have not returned yet.
    callbacks: BTreeMap<u64, Pending>,
    barriers: Vec<TaskId>,
    srcu: BTreeMap<u64, Srcu>,
}

impl Rcu {
    /// Number of callbacks that still have to run.
    pub fn pending_callbacks(&self) -> usize {
        self.callbacks.len()
    }

    /// Callbacks that have not returned, with where they were asked for, oldest first.
    pub fn callbacks(&self) -> impl Iterator<Item = (Callback, RawEvent)> {
        self.callbacks.values().map(|pending| (pending.callback, pending.at))
    }

    /// Where the callback with this number was asked for, if it has not returned.
    pub fn asked_at(&self, id: u64) -> Option<RawEvent> {
        self.callbacks.get(&id).map(|pending| pending.at)
    }

    /// Readers that the grace periods which `task` waits for still wait for.
    pub fn readers_for(&self, task: TaskId) -> Vec<TaskId> {
        let mine = |period: &&GracePeriod| matches!(period.then, Then::Wake(waiter) if waiter == task);
        self.periods.values().filter(mine).flat_map(|period| period.readers.iter().copied()).collect()
    }

    /// Where the readers of the `struct srcu_struct` at `addr` that have not left entered it.
    pub fn srcu_readers(&self, addr: u64) -> impl Iterator<Item = RawEvent> {
        self.srcu.get(&addr).into_iter().flat_map(|srcu| srcu.readers.iter().map(|reader| reader.at))
    }

    /// Structures with readers.
    pub fn srcu_in_use(&self) -> impl Iterator<Item = u64> {
        self.srcu.iter().filter(|(_, srcu)| !srcu.readers.is_empty()).map(|(&addr, _)| addr)
    }
}

impl Kernel {
    /// `rcu_read_lock()`.
    pub fn rcu_read_lock(&mut self) {
        self.lock_taken(LockClass::Rcu, 0);
    }

    /// `rcu_read_unlock()`.
    ///
    /// # Errors
    /// The caller is in no read section.
    pub fn rcu_read_unlock(&mut self, caller: TaskId) -> Result<(), Fault> {
        if self.context_kind() != ContextKind::Task {
            return Ok(());
        }
        if !self.rcu_read_lock_held(caller) {
            let name = self.lock_name(LockClass::Rcu, 0);
            return Err(Fault::BadUnlock { class: LockClass::Rcu, name, why: "not locked", owner: None });
        }
        self.lock_dropped(caller, LockClass::Rcu, 0);
        self.look_at_readers();
        Ok(())
    }

    /// Whether a task is inside a read section.
    pub fn rcu_read_lock_held(&self, task: TaskId) -> bool {
        self.tasks[task].held.iter().any(|lock| lock.class == LockClass::Rcu)
    }

    fn begin_grace_period(&mut self, then: Then, expedited: bool, srcu: Option<(u64, u64)>) -> u64 {
        let begun_ns = self.now();
        let inside =
            |task: &&crate::task::Task| srcu.is_none() && task.held.iter().any(|lock| lock.class == LockClass::Rcu);
        let readers = self.tasks.iter().filter(inside).map(|task| task.id).collect();
        self.rcu.last += 1;
        let id = self.rcu.last;
        self.rcu.periods.insert(id, GracePeriod { ready: false, begun_ns, readers, srcu, then });
        let ticks = if expedited { 1 } else { GRACE_TICKS };
        self.events.add((begun_ns / TICK_NSEC + ticks) * TICK_NSEC, 0, Event::GracePeriod(id));
        id
    }

    /// The shortest time of a grace period is over.
    pub(crate) fn grace_period_due(&mut self, id: u64) {
        if let Some(period) = self.rcu.periods.get_mut(&id) {
            period.ready = true;
        }
        self.look_at_readers();
    }

    /// Ends the grace periods whose readers have all left.
    pub(crate) fn look_at_readers(&mut self) {
        if self.rcu.periods.is_empty() {
            return;
        }
        let tasks = &self.tasks;
        let inside = |id: TaskId, begun_ns: u64| {
            let holds = |task: &crate::task::Task| {
                task.held.iter().any(|lock| lock.class == LockClass::Rcu && lock.time_ns <= begun_ns)
            };
            tasks.get(id).is_some_and(|task| !task.has_exited() && holds(task))
        };
        let mut over = Vec::new();
        for (&id, period) in &mut self.rcu.periods {
            let begun_ns = period.begun_ns;
            period.readers.retain(|&reader| inside(reader, begun_ns));
            let srcu = period.srcu.and_then(|(addr, before)| Some((self.rcu.srcu.get(&addr)?, before)));
            let srcu = srcu.is_some_and(|(srcu, before)| srcu.has_readers_before(before));
            if period.ready && period.readers.is_empty() && !srcu {
                over.push((id, period.then));
            }
        }
        if self.stepwise {
            // Who has waited may have come to another CPU since, where no callback is in the way: only rcu_barrier() waits
            // for callbacks.
            over.sort_by_key(|(_, then)| matches!(then, Then::Call { .. }));
        }
        for (id, then) in over {
            self.rcu.periods.remove(&id);
            match then {
                Then::Nothing => {}
                Then::Wake(task) => {
                    self.try_to_wake_up(task, TASK_UNINTERRUPTIBLE);
                }
                Then::Call { callback, cpu } => {
                    let cpu = if self.stepwise { self.callback_cpu(cpu, callback.source) } else { cpu };
                    self.cpus[cpu as usize].counts.softirq(crate::sched::cpu::SoftirqKind::Rcu);
                    self.queue_callback(cpu, callback);
                }
            }
        }
    }

    /// Waits until every read section that has begun is over (`synchronize_rcu()`). Polled.
    ///
    /// # Context
    /// Process context; sleeps in state D. From inside a read section it never ends.
    ///
    /// # Errors
    /// The caller waits for its own read section; told once.
    pub fn synchronize_rcu(&mut self, caller: TaskId, expedited: bool, p: &mut Progress) -> Result<Op<()>, Fault> {
        let newly = p.first();
        if newly {
            self.release(crate::touch::RCU);
            p.until = self.begin_grace_period(Then::Wake(caller), expedited, None);
        } else if !self.rcu.periods.contains_key(&p.until) {
            self.acquire(order::RCU_READERS);
            return Ok(Op::Done(()));
        }
        self.tasks[caller].c.set_task_state(TASK_UNINTERRUPTIBLE);
        self.block_on(caller, BlockedOn::GracePeriod);
        if newly && let Some(cycle) = self.deadlock_from(caller) {
            return Err(Fault::Deadlock { cycle });
        }
        Ok(Op::Block)
    }

    /// Has `callback` made in softirq context after a grace period (`call_rcu()`); its third argument becomes the number
    /// to give to [`Kernel::rcu_callback_done`].
    pub fn call_rcu(&mut self, callback: Callback) {
        self.call_after(callback, None);
    }

    /// As [`Kernel::call_rcu`], after the present readers of the structure at `addr` have left it (`call_srcu()`).
    pub fn call_srcu(&mut self, addr: u64, callback: Callback) {
        let srcu = self.rcu.srcu.entry(addr).or_default();
        srcu.index ^= 1;
        let before = srcu.next;
        self.call_after(callback, Some((addr, before)));
    }

    fn call_after(&mut self, mut callback: Callback, srcu: Option<(u64, u64)>) {
        let cpu = self.this_cpu;
        self.release(callback.args[0]);
        callback.args[2] = self.rcu.last + 1;
        let id = self.begin_grace_period(Then::Call { callback, cpu }, false, srcu);
        let at = self.event_here();
        self.rcu.callbacks.insert(id, Pending { callback, at, srcu: srcu.map(|(addr, _)| addr) });
    }

    /// A callback has returned.
    pub fn rcu_callback_done(&mut self, id: u64) {
        self.release(order::side(crate::touch::RCU));
        self.rcu.callbacks.remove(&id);
        for waiter in std::mem::take(&mut self.rcu.barriers) {
            self.try_to_wake_up(waiter, TASK_UNINTERRUPTIBLE);
        }
    }

    /// Waits for every callback asked for so far with `call_rcu()` (`rcu_barrier()`), or with `call_srcu()` for the
    /// structure at `srcu` (`srcu_barrier()`). Polled.
    ///
    /// # Context
    /// Process context; sleeps in state D.
    pub fn rcu_barrier(&mut self, caller: TaskId, srcu: Option<u64>, p: &mut Progress) -> Op<()> {
        if p.first() {
            p.until = self.rcu.last;
        }
        if !self.rcu.callbacks.range(..=p.until).any(|(_, pending)| pending.srcu == srcu) {
            self.acquire(order::side(crate::touch::RCU));
            return Op::Done(());
        }
        self.rcu.barriers.push(caller);
        self.tasks[caller].c.set_task_state(TASK_UNINTERRUPTIBLE);
        self.block_on(caller, BlockedOn::Other(if srcu.is_some() { "srcu_barrier" } else { "rcu_barrier" }));
        Op::Block
    }

    /// A cookie for the grace period that begins now.
    pub fn rcu_cookie(&mut self) -> u64 {
        self.begin_grace_period(Then::Nothing, false, None)
    }

    /// Whether the grace period of a cookie has passed.
    pub fn rcu_cookie_passed(&self, cookie: u64) -> bool {
        cookie <= self.rcu.last && !self.rcu.periods.contains_key(&cookie)
    }

    /// `srcu_read_lock()` of the structure at `addr`: the index for its end.
    pub fn srcu_read_lock(&mut self, addr: u64) -> usize {
        let at = self.event_here();
        self.acquire(addr);
        let srcu = self.rcu.srcu.entry(addr).or_default();
        srcu.readers.push(SrcuReader { number: srcu.next, index: srcu.index, at });
        srcu.next += 1;
        srcu.index
    }

    /// `srcu_read_unlock()`; false if there is no such reader.
    pub fn srcu_read_unlock(&mut self, addr: u64, index: usize) -> bool {
        let current = self.current();
        let Some(srcu) = self.rcu.srcu.get_mut(&addr) else { return false };
        // Another task may leave for the one that entered.
        let entered = |mine: bool| {
            srcu.readers.iter().rposition(|reader| reader.index == index & 1 && (!mine || reader.at.task == current))
        };
        let Some(left) = entered(true).or_else(|| entered(false)) else { return false };
        let order = &mut self.order;
        if order.on {
            order.log.push(order::Happened::Release(order::side(addr)));
        }
        srcu.readers.remove(left);
        for waiter in std::mem::take(&mut srcu.waiters) {
            self.try_to_wake_up(waiter, TASK_UNINTERRUPTIBLE);
        }
        self.look_at_readers();
        true
    }

    /// Whether a structure has readers.
    pub fn srcu_has_readers(&self, addr: u64) -> bool {
        self.rcu.srcu.get(&addr).is_some_and(|srcu| !srcu.readers.is_empty())
    }

    /// Forgets a structure, at its initialisation and at its end.
    pub fn srcu_forget(&mut self, addr: u64) {
        self.rcu.srcu.remove(&addr);
    }

    /// Waits for the readers of the structure at `addr` (`synchronize_srcu()`). Polled.
    ///
    /// # Context
    /// Process context; sleeps in state D.
    pub fn synchronize_srcu(&mut self, caller: TaskId, addr: u64, p: &mut Progress) -> Op<()> {
        if !p.started {
            self.release(addr);
        }
        let srcu = self.rcu.srcu.entry(addr).or_default();
        if p.first() {
            p.note = srcu.next;
            srcu.index ^= 1;
        }
        if !srcu.has_readers_before(p.note) {
            self.acquire(order::side(addr));
            return Op::Done(());
        }
        srcu.waiters.push(caller);
        self.tasks[caller].c.set_task_state(TASK_UNINTERRUPTIBLE);
        self.block_on(caller, BlockedOn::Srcu(addr));
        Op::Block
    }
}

#[cfg(test)]
mod tests {
    use crate::fault::Fault;
    use crate::ops::{Op, Progress};
    use crate::sched::cpu::{Callback, CallbackSource};
    use crate::sched::{Context, Step};
    use crate::site::ContextKind;
    use crate::task::{TaskId, TaskKind};
    use crate::testing::machine;
    use crate::{Kernel, NewTask};

    fn task(kernel: &mut Kernel) -> TaskId {
        let parent = kernel.init;
        kernel.new_task(NewTask { name: b"task", parent, kind: TaskKind::System }).expect("room for a task")
    }

    /// Runs the machine until it rests; callbacks that were made.
    fn settle(kernel: &mut Kernel) -> Vec<Callback> {
        let mut made = Vec::new();
        loop {
            match kernel.next() {
                Step::Run { cpu, context: Context::Irq(_), .. } => {
                    made.extend(kernel.cpus[cpu as usize].irq_frames.last().map(|frame| frame.callback));
                    kernel.irq_finished(cpu, 0);
                }
                Step::Run { context: Context::Task(id), .. } => {
                    kernel.tasks[id].c.set_task_state(kloom_abi::sched::TASK_INTERRUPTIBLE);
                    kernel.schedule(id);
                }
                _ => return made,
            }
        }
    }

    fn callback(func: u64) -> Callback {
        Callback { kind: ContextKind::Softirq, func, args: [0; 3], source: CallbackSource::Other(func) }
    }

    #[test]
    fn a_grace_period_waits_for_the_readers_that_were_inside() {
        let mut kernel = machine(1);
        let waiter = task(&mut kernel);
        kernel.rcu_read_lock();
        let reader = kernel.current();
        assert!(kernel.rcu_read_lock_held(reader));
        let mut p = Progress::default();
        assert_eq!(kernel.synchronize_rcu(waiter, false, &mut p).unwrap(), Op::Block);
        settle(&mut kernel);
        assert_eq!(kernel.synchronize_rcu(waiter, false, &mut p).unwrap(), Op::Block, "the reader is still inside");
        kernel.rcu_read_unlock(reader).expect("it was inside");
        assert_eq!(kernel.synchronize_rcu(waiter, false, &mut p).unwrap(), Op::Done(()));
        assert!(matches!(kernel.rcu_read_unlock(reader), Err(Fault::BadUnlock { .. })));
    }

    #[test]
    fn callbacks_run_after_their_grace_period_and_a_barrier_waits_for_them() {
        let mut kernel = machine(1);
        let waiter = task(&mut kernel);
        kernel.call_rcu(callback(0x10));
        kernel.call_rcu(callback(0x20));
        let mut barrier = Progress::default();
        assert_eq!(kernel.rcu_barrier(waiter, None, &mut barrier), Op::Block);
        kernel.call_rcu(callback(0x30));
        let made = settle(&mut kernel);
        assert_eq!(made.iter().map(|callback| callback.func).collect::<Vec<_>>(), [0x10, 0x20, 0x30]);
        assert_eq!(kernel.rcu_barrier(waiter, None, &mut barrier), Op::Block, "they have not returned");
        for callback in &made[..2] {
            kernel.rcu_callback_done(callback.args[2]);
        }
        assert_eq!(kernel.rcu_barrier(waiter, None, &mut barrier), Op::Done(()), "the third came later");
        assert_eq!(kernel.rcu.pending_callbacks(), 1);
    }

    #[test]
    fn waiting_inside_a_read_section_is_told_and_a_dead_reader_is_not_waited_for() {
        let mut kernel = machine(1);
        kernel.rcu_read_lock();
        let reader = kernel.current();
        let mut own = Progress::default();
        assert!(matches!(kernel.synchronize_rcu(reader, false, &mut own), Err(Fault::Deadlock { .. })));
        assert_eq!(kernel.synchronize_rcu(reader, false, &mut own).unwrap(), Op::Block);
        kernel.tasks[reader].held.clear();
        let cookie = kernel.rcu_cookie();
        assert!(!kernel.rcu_cookie_passed(cookie));
        settle(&mut kernel);
        assert!(kernel.rcu_cookie_passed(cookie));
    }

    #[test]
    fn who_waits_for_srcu_waits_for_those_that_were_inside_and_no_others() {
        let mut kernel = machine(1);
        let (one, other) = (task(&mut kernel), task(&mut kernel));
        let old = kernel.srcu_read_lock(7);
        let (mut first, mut second) = (Progress::default(), Progress::default());
        assert_eq!(kernel.synchronize_srcu(one, 7, &mut first), Op::Block);
        let late = kernel.srcu_read_lock(7);
        assert_ne!(old, late, "the index has changed");
        // A second grace period gives the first index out again; the old reader still counts for both.
        assert_eq!(kernel.synchronize_srcu(other, 7, &mut second), Op::Block);
        let later = kernel.srcu_read_lock(7);
        kernel.call_srcu(7, callback(0x10));
        assert!(kernel.srcu_read_unlock(7, late));
        assert_eq!(kernel.synchronize_srcu(other, 7, &mut second), Op::Block);
        assert!(kernel.srcu_read_unlock(7, old));
        // Readers carry no names of their own here: it was the last one of this task that left.
        assert_eq!(kernel.synchronize_srcu(one, 7, &mut first), Op::Block);
        assert!(kernel.srcu_read_unlock(7, later));
        assert_eq!(kernel.synchronize_srcu(one, 7, &mut first), Op::Done(()));
        assert_eq!(kernel.synchronize_srcu(other, 7, &mut second), Op::Done(()));
        assert_eq!(kernel.rcu_barrier(one, None, &mut Progress::default()), Op::Done(()), "that is for call_rcu()");
        let mut barrier = Progress::default();
        assert_eq!(kernel.rcu_barrier(one, Some(7), &mut barrier), Op::Block);
        let inside = kernel.srcu_read_lock(7);
        kernel.call_srcu(7, callback(0x20));
        let made = settle(&mut kernel);
        assert_eq!(
            made.iter().map(|callback| callback.func).collect::<Vec<_>>(),
            [0x10],
            "a reader holds the other up"
        );
        kernel.rcu_callback_done(made[0].args[2]);
        assert_eq!(kernel.rcu_barrier(one, Some(7), &mut barrier), Op::Done(()));
        assert!(kernel.srcu_read_unlock(7, inside));
        let made = settle(&mut kernel);
        assert_eq!(made.iter().map(|callback| callback.func).collect::<Vec<_>>(), [0x20]);
        assert!(!kernel.srcu_read_unlock(7, inside), "nobody is left");
    }

    #[test]
    fn srcu_waits_for_the_readers_of_its_own_structure_only() {
        let mut kernel = machine(1);
        let waiter = task(&mut kernel);
        let index = kernel.srcu_read_lock(0x10);
        let mut p = Progress::default();
        assert_eq!(kernel.synchronize_srcu(waiter, 0x20, &mut Progress::default()), Op::Done(()));
        assert_eq!(kernel.synchronize_srcu(waiter, 0x10, &mut p), Op::Block);
        let later = kernel.srcu_read_lock(0x10);
        assert!(kernel.srcu_read_unlock(0x10, index));
        assert_eq!(kernel.synchronize_srcu(waiter, 0x10, &mut p), Op::Done(()), "the later reader does not count");
        assert!(kernel.srcu_has_readers(0x10) && kernel.srcu_read_unlock(0x10, later));
        assert!(!kernel.srcu_read_unlock(0x10, later), "no such reader");
    }
}
