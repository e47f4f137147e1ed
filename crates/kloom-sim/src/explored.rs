//! One execution under a search: at every choice point the search says which thread goes next.
//!
//! [`Session::run_explored`] is [`Session::run`] with the kernel's stepwise scheduling: a step ends where its thread stands
//! at a choice point, sleeps or ends. When nothing is left to choose (everything waits for a watchdog, or code spins), the
//! rest of the execution follows virtual time as in a plain run, so that hangs are found and told in the same way.

use kloom_explore::search::{Access, Candidate, Kind, Pick, Search, ThreadId};
use kloom_guest::fiber::Yield;
use kloom_kernel::sched::Context;
use kloom_kernel::sched::stepwise::Mover;
use kloom_kernel::site::ContextKind;
use kloom_kernel::task::{BlockedOn, LockClass, TaskId, TaskKind};
use kloom_kernel::touch::{IRQ_LINES, Manner};
use kloom_shim::choice::Pending;
use rustc_hash::FxHashMap;

use crate::session::{Ended, Output, Session};

/// Gives threads the same number in every execution of a search that creates them in the same way.
#[derive(Debug, Default)]
pub struct Threads {
    known: FxHashMap<(Origin, u32), ThreadId>,
    settled: bool,
}

/// Where a thread comes from.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
enum Origin {
    /// Created by another thread; the number says the how-manieth.
    Child(ThreadId),
    /// Callbacks of a timer, by the address of its object.
    Callback(u64),
}

/// Threads that the first execution does not have.
const LATER: ThreadId = 1 << 24;

/// The clock's number.
pub const CLOCK_THREAD: ThreadId = 0;

impl Threads {
    /// Numbers from now on depend on where a thread comes from only, not on what was executed before it: every worker of a
    /// check, and every host, comes to the same.
    pub fn settle(&mut self) {
        self.settled = true;
    }

    fn number(&mut self, origin: Origin, nth: u32) -> ThreadId {
        if !self.settled {
            let next = self.known.len() as ThreadId + 1;
            return *self.known.entry((origin, nth)).or_insert(next);
        }
        self.known.get(&(origin, nth)).copied().unwrap_or_else(|| {
            use std::hash::BuildHasher;
            LATER | (rustc_hash::FxBuildHasher.hash_one((origin, nth)) >> 40) as ThreadId
        })
    }
}

/// Bounds of one execution.
#[derive(Clone, Debug)]
pub struct Bounds {
    /// Steps chosen by the search before the execution follows virtual time.
    pub max_steps: u32,
    /// How often time may pass to the next event although something could run.
    pub early_clock: u32,
    /// Plain accesses are choice points, too, and count as marked ones: what data races lead to is explored, they
    /// themselves are not told.
    pub racy: bool,
}

impl Bounds {
    /// Steps a thread takes before time passes.
    pub fn fair_steps(&self) -> u32 {
        (self.max_steps / FAIR_PART).max(FAIR_STEPS)
    }
}

impl Default for Bounds {
    fn default() -> Self {
        Bounds { max_steps: 4000, early_clock: 2, racy: false }
    }
}

/// How an explored execution went.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Explored {
    /// Why it ended; `None` when the search dropped it.
    pub ended: Option<Ended>,
    /// Steps the search chose.
    pub steps: u32,
    /// The step bound was reached.
    pub cut: bool,
    /// What it was bounded by beside that, as the bits of [`left_out`].
    pub left_out: u32,
}

/// Bounds of executions that are not a search's.
pub mod left_out {
    /// Time could have passed earlier still.
    pub const EARLIER: u32 = 1;
    /// A thread could have taken more steps before time passed.
    pub const LATER: u32 = 2;
    /// Virtual time decided, and the execution went on well.
    pub const NATURAL: u32 = 4;
}

/// What is known of a thread of this execution.
#[derive(Debug, Default)]
struct Thread {
    id: ThreadId,
    /// What it does next, if it stands at a choice point.
    pending: Option<Pending>,
    /// It may go for a lock that somebody else has: nothing else can happen.
    forced: bool,
    /// Children so far.
    children: u32,
    /// Read-only steps since anything it had looked at changed, each with the object's version then.
    looks: Vec<(u64, u64, u32)>,
    /// It does the same again and again: others go first.
    spins: bool,
    /// Steps since time last passed.
    steps: u32,
}

impl Thread {
    /// Whether it has taken so many steps since time last passed that others go first.
    fn gives_way(&self, bounds: &Bounds) -> bool {
        self.steps > bounds.fair_steps()
    }
}

/// How often a thread may look at the same unchanged object from the same place before others go first.
const SPIN_ROUNDS: usize = 3;
/// The part of an execution's steps that a thread takes before time passes and others go first: if it goes on for ever, that
/// would be so on a real machine.
const FAIR_PART: u32 = 20;
/// But so many it may always take.
const FAIR_STEPS: u32 = 200;
/// Rounds in which only spinning threads and the clock move, before virtual time decides.
const LAZY_ROUNDS: u32 = 400;
/// Budget of one uninterrupted piece of a step, and how many make the code a spinner.
const PIECE_NS: u64 = 1_000_000;
const PIECES: u32 = 200;

/// State of one explored execution.
#[derive(Debug, Default)]
struct Execution {
    /// The clock comes first.
    threads: Vec<Thread>,
    /// By task slot: the task's pid and its place among the threads.
    by_task: Vec<Option<(i32, usize)>>,
    callbacks: FxHashMap<ThreadId, usize>,
    versions: FxHashMap<u64, u32>,
    /// The place of the thread that took the last step.
    last: usize,
    early: u32,
    /// Since time last passed something has been put into the queue of events, or taken out.
    owed: bool,
    lazy_rounds: u32,
    movers: Vec<Mover>,
    listed: Vec<Listed>,
    candidates: Vec<Candidate>,
    accesses: Vec<Access>,
}

/// Who can take the next step, before a search hears of it.
#[derive(Clone, Copy, Debug)]
struct Listed {
    id: ThreadId,
    /// Its place among the threads.
    place: usize,
    mover: Mover,
    first: Option<Access>,
    lazy: bool,
}

/// The clock's place among the threads.
const CLOCK_PLACE: usize = 0;

/// What the next step is.
enum Next {
    Run(usize),
    Abandon,
    /// Virtual time decides from here on.
    HandOver,
}

impl Session {
    /// As [`Session::run`], with every choice the search's. The machine must have been told to explore.
    pub fn run_explored(
        &mut self,
        script: kloom_shell::Script,
        args: Vec<String>,
        search: &mut dyn Search,
        threads: &mut Threads,
        bounds: &Bounds,
        show: &mut dyn FnMut(Output),
    ) -> Explored {
        self.machine().explore_racy(bounds.racy);
        self.start_shell(script, args);
        let mut execution = Execution::new();
        let mut explored = Explored { ended: None, steps: 0, cut: false, left_out: 0 };
        loop {
            if let Some(ended) = self.look_for_end() {
                if !execution.pass_time(search) {
                    return explored;
                }
                explored.ended = Some(ended);
                break;
            }
            if explored.steps >= bounds.max_steps {
                explored.cut = true;
                explored.ended = Some(self.go_on_naturally(show));
                break;
            }
            match self.choose(&mut execution, search, threads, bounds, &mut explored) {
                Next::Run(index) => {
                    explored.steps += 1;
                    self.take_step(&mut execution, search, index);
                    self.flush(show, false);
                }
                Next::Abandon => return explored,
                Next::HandOver => {
                    if !execution.pass_time(search) {
                        return explored;
                    }
                    let ended = self.go_on_naturally(show);
                    if !execution.listed.is_empty() && matches!(ended, Ended::Done(_) | Ended::PoweredOff) {
                        explored.left_out |= left_out::NATURAL;
                    }
                    explored.ended = Some(ended);
                    break;
                }
            }
        }
        self.flush(show, true);
        explored
    }

    fn go_on_naturally(&mut self, show: &mut dyn FnMut(Output)) -> Ended {
        self.machine().stop_exploring();
        self.run_to_end(show)
    }

    /// Lists the candidates and asks the search.
    fn choose(
        &mut self,
        execution: &mut Execution,
        search: &mut dyn Search,
        threads: &mut Threads,
        bounds: &Bounds,
        explored: &mut Explored,
    ) -> Next {
        loop {
            let machine = self.machine();
            let mut movers = std::mem::take(&mut execution.movers);
            machine.kernel.movers(&mut movers);
            execution.name_new_tasks(machine, &movers, threads);
            execution.candidates.clear();
            execution.listed.clear();
            let (mut gated, mut spinning) = (0, 0);
            for &mover in &movers {
                let Some(place) = execution.place_of(machine, mover, threads) else { continue };
                let thread = &execution.threads[place];
                if let Mover::Task(task) = mover {
                    let wants = thread.pending.and_then(|pending| pending.lock);
                    if let Some(wanted) = wants
                        && !thread.forced
                        && !machine.lock_is_free(wanted, task)
                    {
                        gated += 1;
                        continue;
                    }
                    if let BlockedOn::Spinlock(handle) = machine.kernel.tasks[task].blocked_on
                        && !machine.kernel.lock_is_free(LockClass::Spinlock, handle, task)
                    {
                        spinning += 1;
                        continue;
                    }
                }
                let first = thread.pending.and_then(|pending| pending.touch).map(access);
                let unchanged =
                    |look: &(u64, u64, u32)| execution.versions.get(&look.1).copied().unwrap_or(0) == look.2;
                let lazy = thread.gives_way(bounds) || (thread.spins && thread.looks.iter().all(unchanged));
                execution.listed.push(Listed { id: thread.id, place, mover, first, lazy });
            }
            execution.movers = movers;
            let busy = execution.listed.iter().any(|entry| !entry.lazy);
            let real_work = !machine.kernel.only_watchdog_waits() && machine.kernel.clock_can_step();
            let clock = real_work || (!busy && machine.kernel.clock_can_step());
            if !busy && gated > 0 {
                // Only locks are in the way: whoever wants one now really waits for it.
                for thread in &mut execution.threads {
                    thread.forced = true;
                }
                continue;
            }
            if !busy && execution.somebody_gives_way(bounds) {
                if !real_work {
                    // There is nobody to give way to: another round begins, as if time passed.
                    execution.threads.iter_mut().for_each(|thread| thread.steps = 0);
                    continue;
                }
                explored.left_out |= left_out::LATER;
            }
            if !busy {
                execution.lazy_rounds += 1;
                let waits_for_watchdog = clock && !real_work;
                if execution.lazy_rounds > LAZY_ROUNDS
                    || (!clock && execution.listed.is_empty())
                    || waits_for_watchdog
                    || spinning > 0
                    || (!clock && execution.lazy_rounds > 8)
                {
                    return Next::HandOver;
                }
            } else {
                execution.lazy_rounds = 0;
            }
            let early = busy && real_work;
            if early && execution.early >= bounds.early_clock {
                explored.left_out |= left_out::EARLIER;
            } else if real_work {
                execution.listed.push(Listed {
                    id: CLOCK_THREAD,
                    place: CLOCK_PLACE,
                    mover: Mover::Clock,
                    first: Some(Access { object: kloom_kernel::touch::CLOCK, kind: Kind::Write }),
                    lazy: false,
                });
            }
            let Execution { listed, candidates, last, .. } = &mut *execution;
            listed.sort_unstable_by_key(|entry| entry.id);
            let goes_on = |entry: &Listed| entry.place == *last && entry.mover != Mover::Clock && !entry.lazy;
            let last_goes_on = listed.iter().any(goes_on);
            candidates.extend(listed.iter().map(|entry| Candidate {
                thread: entry.id,
                first: entry.first,
                preempts: entry.place != *last && (last_goes_on || (entry.mover == Mover::Clock && early)),
                lazy: entry.lazy,
            }));
            return match search.pick(&execution.candidates) {
                Pick::Run(index) => {
                    if execution.listed[index].mover == Mover::Clock && early {
                        execution.early += 1;
                    }
                    Next::Run(index)
                }
                Pick::Abandon => Next::Abandon,
            };
        }
    }

    /// Lets one thread go on to its next choice point.
    fn take_step(&mut self, execution: &mut Execution, search: &mut dyn Search, index: usize) {
        let Listed { id, place, mover, .. } = execution.listed[index];
        self.count_step();
        let machine = self.machine();
        machine.kernel.touched.list.clear();
        machine.kernel.touched.spun = false;
        machine.kernel.events.armed = false;
        let events = machine.kernel.events.len();
        let thread = &mut execution.threads[place];
        let pending = thread.pending.take();
        thread.forced = false;
        thread.steps += 1;
        match mover {
            Mover::Clock => {
                execution.threads.iter_mut().for_each(|thread| thread.steps = 0);
                machine.kernel.step_clock();
                self.after_step();
            }
            _ => {
                if pending.is_none() {
                    self.note_start(mover);
                }
                self.note_code(mover, pending);
                self.run_piecewise(&mut execution.threads[place], mover);
            }
        }
        execution.last = place;
        let kernel = &mut self.machine().kernel;
        // Whether a timeout comes before it is disarmed is a matter of order, too.
        kernel.events.armed |= kernel.events.len() != events;
        execution.owed = id != CLOCK_THREAD && (execution.owed || kernel.events.armed);
        self.end_step(execution, search, place, pending);
    }

    /// A step that does not begin at a choice point begins with having been woken, created or raised.
    fn note_start(&mut self, mover: Mover) {
        let machine = self.machine();
        let object = match mover {
            Mover::Task(task) => machine.kernel.tasks[task].addr,
            Mover::Irq(cpu) => match machine.kernel.irq_source(cpu) {
                Some(callback) if callback.kind == ContextKind::Hardirq && callback.args[0] < IRQ_LINES => {
                    IRQ_LINES + callback.args[0]
                }
                callback => callback.map_or(0, |callback| callback.args[0]),
            },
            Mover::Clock => return,
        };
        machine.kernel.touched.note(object, Manner::Read);
    }

    /// A step in a module's code needs that code: it does not commute with the module's unloading.
    fn note_code(&mut self, mover: Mover, pending: Option<Pending>) {
        let machine = self.machine();
        let entered = match mover {
            Mover::Task(task) => match &machine.kernel.tasks[task].kind {
                TaskKind::Kthread(kthread) if kthread.leaving => return,
                TaskKind::Kthread(kthread) => Some(kthread.func),
                _ => machine.kernel.workqueues.job_of(task).map(|(_, func, ..)| func),
            },
            Mover::Irq(cpu) => machine.kernel.irq_source(cpu).map(|callback| callback.func),
            Mover::Clock => None,
        };
        let code = entered.into_iter().chain(pending.map(|pending| pending.site));
        let text = code.filter_map(|addr| machine.module_of(addr)).map(|(_, image)| image.core.0).next();
        if let Some(text) = text {
            machine.kernel.touched.note(text, Manner::Read);
        }
    }

    fn run_piecewise(&mut self, thread: &mut Thread, mover: Mover) {
        for piece in 0.. {
            let Some((cpu, context)) = self.machine().kernel.give_cpu(mover) else { return };
            let ran = self.run_context(cpu, context, PIECE_NS, 1);
            let pending = self.machine().pending.take();
            self.after_step();
            match ran {
                // What a program computes, and asks of the kernel without touching what others can see, is no step of its own.
                None if piece < PIECES && self.goes_on_unseen(cpu, context) => {}
                Some(Yield::Choice) => {
                    thread.pending = pending;
                    return;
                }
                Some(Yield::Preempt) if piece < PIECES => {}
                Some(Yield::Preempt) => {
                    thread.spins = true;
                    return;
                }
                _ => return,
            }
        }
    }

    /// Whether a user task still has its CPU and has touched nothing that others can see in this step.
    fn goes_on_unseen(&mut self, cpu: u32, context: Context) -> bool {
        let Context::Task(task) = context else { return false };
        let kernel = &self.machine().kernel;
        let Some(task) = kernel.tasks.get(task).filter(|task| matches!(task.kind, TaskKind::User(_))) else {
            return false;
        };
        let own = |&(object, manner): &(u64, Manner)| object == task.addr && manner == Manner::Read;
        let c = &kernel.cpus[cpu as usize];
        kernel.context_of(cpu) == context
            && !c.schedule_called
            && c.pending.is_empty()
            && !task.has_exited()
            && !kernel.events.armed
            && kernel.touched.list.iter().all(own)
    }

    fn end_step(&mut self, execution: &mut Execution, search: &mut dyn Search, place: usize, pending: Option<Pending>) {
        let id = execution.threads[place].id;
        let machine = self.machine();
        execution.accesses.clear();
        execution.accesses.extend(machine.kernel.touched.list.iter().map(|&touch| access(touch)));
        let clock = Access { object: kloom_kernel::touch::CLOCK, kind: Kind::Read };
        if machine.kernel.events.armed && id != CLOCK_THREAD && !execution.accesses.contains(&clock) {
            execution.accesses.push(clock);
        }
        let mut wrote = false;
        for touch in &execution.accesses {
            if touch.kind != Kind::Read {
                wrote = true;
                *execution.versions.entry(touch.object).or_default() += 1;
            }
        }
        let thread = &mut execution.threads[place];
        match (wrote, pending) {
            (false, Some(Pending { touch: Some((object, _)), site, .. })) => {
                let object = home(object);
                let version = execution.versions.get(&object).copied().unwrap_or(0);
                if thread.looks.iter().any(|look| look.1 == object && look.2 != version) {
                    thread.looks.clear();
                }
                thread.looks.push((site, object, version));
                thread.spins =
                    thread.looks.iter().filter(|&&look| look == (site, object, version)).count() > SPIN_ROUNDS;
            }
            (false, _) => {}
            (true, _) => {
                thread.looks.clear();
                thread.spins = false;
            }
        }
        if machine.kernel.touched.spun {
            // It waits inside a call until something it has looked at changes.
            let version = |touch: &Access| execution.versions.get(&touch.object).copied().unwrap_or(0);
            thread.looks.clear();
            thread.looks.extend(execution.accesses.iter().map(|touch| (0, touch.object, version(touch))));
            thread.spins = true;
        }
        search.stepped(id, &execution.accesses);
    }
}

impl Execution {
    fn new() -> Execution {
        let clock = Thread { id: CLOCK_THREAD, ..Thread::default() };
        Execution { threads: vec![clock], ..Execution::default() }
    }

    /// Lets time pass once more although nothing is due: a search learns that a timeout could have come before the step that
    /// disarmed it only if time passes after that step. False if the search drops the execution.
    fn pass_time(&mut self, search: &mut dyn Search) -> bool {
        if !std::mem::take(&mut self.owed) {
            return true;
        }
        let clock = Access { object: kloom_kernel::touch::CLOCK, kind: Kind::Write };
        self.candidates.clear();
        self.candidates.push(Candidate { thread: CLOCK_THREAD, first: Some(clock), preempts: false, lazy: false });
        let goes_on = matches!(search.pick(&self.candidates), Pick::Run(_));
        if goes_on {
            search.stepped(CLOCK_THREAD, &[clock]);
        }
        goes_on
    }

    /// Whether a thread that could go on lets others go first only because it has taken so many steps.
    fn somebody_gives_way(&self, bounds: &Bounds) -> bool {
        let only_for_that = |thread: &Thread| thread.gives_way(bounds) && !thread.spins;
        self.listed.iter().any(|entry| only_for_that(&self.threads[entry.place]))
    }

    /// Numbers tasks that appeared in the last step: children of the thread that took it.
    fn name_new_tasks(&mut self, machine: &kloom_shim::Machine, movers: &[Mover], threads: &mut Threads) {
        let mut fresh: Vec<(i32, TaskId)> = Vec::new();
        for mover in movers {
            if let Mover::Task(task) = *mover {
                let pid = machine.kernel.tasks[task].pid;
                if self.known(task).is_none_or(|(known, _)| known != pid) {
                    fresh.push((pid, task));
                }
            }
        }
        fresh.sort_unstable();
        for (pid, task) in fresh {
            let parent = &mut self.threads[self.last];
            parent.children += 1;
            let kernel_service = matches!(machine.kernel.tasks[task].kind, TaskKind::System);
            // A service of the kernel is known by its pid: who wakes it first does not make it another one.
            let id = if kernel_service && pid < FIRST_FREE_PID {
                threads.number(Origin::Callback(pid as u64), 0)
            } else {
                threads.number(Origin::Child(parent.id), parent.children)
            };
            let slot = task.0 as usize;
            if self.by_task.len() <= slot {
                self.by_task.resize(slot + 1, None);
            }
            self.by_task[slot] = Some((pid, self.threads.len()));
            self.threads.push(Thread { id, ..Thread::default() });
        }
    }

    /// The pid and the place of the task that was last seen in a slot.
    fn known(&self, task: TaskId) -> Option<(i32, usize)> {
        self.by_task.get(task.0 as usize).copied().flatten()
    }

    fn place_of(&mut self, machine: &kloom_shim::Machine, mover: Mover, threads: &mut Threads) -> Option<usize> {
        match mover {
            Mover::Clock => Some(CLOCK_PLACE),
            Mover::Task(task) => self.known(task).map(|(_, place)| place),
            Mover::Irq(cpu) => {
                let callback = machine.kernel.irq_source(cpu)?;
                let id = threads.number(Origin::Callback(home(callback.args[0]) | 1 << 63), 0);
                Some(*self.callbacks.entry(id).or_insert_with(|| {
                    self.threads.push(Thread { id, ..Thread::default() });
                    self.threads.len() - 1
                }))
            }
        }
    }
}

/// Pids below belong to the kernel's own threads.
const FIRST_FREE_PID: i32 = 100;

fn access((object, manner): (u64, Manner)) -> Access {
    let kind = match manner {
        Manner::Read => Kind::Read,
        Manner::Write => Kind::Write,
        Manner::Acquire => Kind::Acquire,
        Manner::Release => Kind::Release,
        Manner::AcquireShared => Kind::AcquireShared,
        Manner::ReleaseShared => Kind::ReleaseShared,
    };
    Access { object: home(object), kind }
}

/// The address as it would be in the process's first machine: what a search hears must not depend on how many there are.
fn home(address: u64) -> u64 {
    use kloom_guest::layout::{ARENA_BASE, ARENA_SIZE, IMAGE_BASE, IMAGE_SIZE, SLOTS};
    let of = |base: u64, size: u64| {
        let offset = address.checked_sub(base).filter(|offset| offset / size < SLOTS as u64);
        offset.map(|offset| base + offset % size)
    };
    of(ARENA_BASE, ARENA_SIZE).or_else(|| of(IMAGE_BASE, IMAGE_SIZE)).unwrap_or(address)
}
