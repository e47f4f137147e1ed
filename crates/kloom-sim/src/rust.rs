//! Executions of Rust code: a machine whose kernel threads are closures, under a search or in virtual time.
//!
//! The rules are those of [`crate::explored`]; what differs is that the code says itself what it touches, that nothing is
//! loaded, and that a machine which an execution has left clean is wound back instead of booted anew.

use kloom_diag::rust_face::{Choice, Failure, Place, ThreadState, Wrong};
use kloom_explore::search::{Access, Candidate, Kind, Pick, Search};
use kloom_guest::fiber::{Exit, Ran, Yield};
use kloom_kernel::Config;
use kloom_kernel::chooser::{Chooser, Natural};
use kloom_kernel::event::Event;
use kloom_kernel::fault::{Fault, Report};
use kloom_kernel::sched::stepwise::{Mark, Mover};
use kloom_kernel::sched::{Context, Step};
use kloom_kernel::site::Trace;
use kloom_kernel::task::{BlockedOn, LockClass, TaskId, TaskKind};
use kloom_kernel::touch::{CLOCK, Manner};
use kloom_shim::machine::MachineError;
use kloom_shim::rust::{At, Gate, POOLS, Pending, control_of, place_of};
use kloom_shim::{Machine, MachineHandle};

use crate::explored::Bounds;

/// A machine for Rust code, used for one execution after the other.
pub struct RustMachine {
    config: Config,
    handle: Option<MachineHandle>,
    mark: Option<Mark>,
    scratch: Scratch,
    /// Machines booted so far.
    pub boots: u64,
}

impl std::fmt::Debug for RustMachine {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("RustMachine").field("boots", &self.boots).finish_non_exhaustive()
    }
}

/// How an execution went.
#[derive(Debug)]
pub enum End {
    /// Nothing wrong.
    Ok,
    /// The search dropped it.
    Abandoned,
    /// A finding.
    Failed(Box<Failure>),
    /// The bound on steps was reached.
    Cut,
}

/// What happens in an execution, kept from one to the next.
#[derive(Default)]
struct Scratch {
    movers: Vec<Mover>,
    candidates: Vec<Candidate>,
    who: Vec<Mover>,
    accesses: Vec<Access>,
    history: Vec<Went>,
    /// By task slot: what a thread that only looks has looked at.
    looks: Vec<Vec<(usize, u64, u32)>>,
    /// Versions of what somebody has looked at twice or more.
    version: u32,
    last: u32,
    early: u32,
    lazy_rounds: u32,
    main_over: bool,
    late_clock: u32,
    /// Since time last passed something has been taken out of the queue of events (see [`Scratch::choose`]).
    owed: bool,
}

/// One step of the schedule.
#[derive(Clone, Copy)]
struct Went {
    mover: Mover,
    thread: u32,
    pending: Option<Pending>,
}

/// The clock's number.
const CLOCK_THREAD: u32 = 0;
/// How often a thread may look at the same unchanged object from the same line before others go first.
const SPIN_ROUNDS: usize = 3;
/// Rounds in which only spinning threads move, after which nothing else will happen.
const LAZY_ROUNDS: u32 = 64;
/// Budget of one uninterrupted piece of a step.
const PIECE_NS: u64 = 1_000_000;
/// Steps of the clock after the end of `main`, before what is left counts as left behind.
const LATE_CLOCK: u32 = 200;
/// Longest virtual time of an execution.
const TIME_LIMIT_NS: u64 = 48 * 3600 * 1_000_000_000;

impl RustMachine {
    /// A machine that is booted when first needed.
    pub fn new(config: Config) -> RustMachine {
        kloom_shim::rust::catch_panics();
        RustMachine { config, handle: None, mark: None, scratch: Scratch::default(), boots: 0 }
    }

    /// A clean machine: the one there is, wound back, or a new one.
    fn ready(&mut self, chooser: Option<Box<dyn Chooser>>, explore: bool) -> Result<&mut MachineHandle, MachineError> {
        let fresh = chooser.is_none() && explore;
        if let (Some(handle), Some(mark), true) = (&mut self.handle, &self.mark, fresh) {
            let machine = handle.get();
            if machine.rust.live == 0 && machine.rust.objects == 0 && machine.kernel.rewind(mark) {
                machine.rust.clear();
            } else {
                self.drop_machine();
            }
        } else {
            self.drop_machine();
        }
        if self.handle.is_none() {
            // One machine at a time has an OS thread's signal stack: the old one is gone by now.
            let mut handle = MachineHandle::new(self.config.clone(), chooser.unwrap_or_else(|| Box::new(Natural)))?;
            self.boots += 1;
            if explore {
                handle.explore_rust();
            }
            let machine = handle.get();
            machine.kernel.time_limit_ns = TIME_LIMIT_NS;
            machine.kernel.tasks.quarantine = 0;
            self.mark = Some(machine.kernel.mark());
            self.handle = Some(handle);
        }
        match &mut self.handle {
            Some(handle) => Ok(handle),
            None => unreachable!("it was just made"),
        }
    }

    fn drop_machine(&mut self) {
        if let Some(mut handle) = self.handle.take() {
            handle.cancel_rust();
        }
    }

    /// Runs `main` once, with every choice the search's.
    ///
    /// # Errors
    /// There is no machine.
    pub fn execute(
        &mut self,
        main: impl FnOnce() -> i64 + 'static,
        search: &mut dyn Search,
        bounds: &Bounds,
    ) -> Result<End, MachineError> {
        self.ready(None, true)?;
        let Some(handle) = &mut self.handle else { unreachable!("it is ready") };
        let scratch = &mut self.scratch;
        scratch.reset();
        let Ok(main) = handle.spawn_rust(b"main", main) else { unreachable!("an empty machine has room for a task") };
        let wrong = loop {
            if scratch.history.len() >= bounds.max_steps as usize {
                break None;
            }
            match scratch.choose(handle, search, bounds, main) {
                Next::Run(index) => {
                    if let Some(wrong) = scratch.take_step(handle, search, index) {
                        break Some(wrong);
                    }
                }
                Next::Abandon => {
                    // Its natural end leaves a clean machine, which costs less than to boot another.
                    if !scratch.finish(handle, bounds, main) {
                        self.drop_machine();
                    }
                    return Ok(End::Abandoned);
                }
                Next::Over(None) => return Ok(End::Ok),
                Next::Over(Some(wrong)) => break Some(wrong),
            }
        };
        let Some(wrong) = wrong else {
            self.drop_machine();
            return Ok(End::Cut);
        };
        let failure = scratch.failure(handle.get(), wrong, main);
        self.drop_machine();
        Ok(End::Failed(Box::new(failure)))
    }

    /// Runs `main` once in virtual time, its choices made by `chooser`.
    ///
    /// # Errors
    /// There is no machine.
    pub fn run(
        &mut self,
        main: impl FnOnce() -> i64 + 'static,
        chooser: Box<dyn Chooser>,
        max_steps: u64,
    ) -> Result<End, MachineError> {
        self.ready(Some(chooser), false)?;
        let Some(handle) = &mut self.handle else { unreachable!("it is ready") };
        let scratch = &mut self.scratch;
        scratch.reset();
        let Ok(main) = handle.spawn_rust(b"main", main) else { unreachable!("an empty machine has room for a task") };
        let mut steps = 0;
        let mut over_ns = None;
        let wrong = loop {
            steps += 1;
            if steps > max_steps {
                break Some(Wrong::TooLong { steps: steps as u32 });
            }
            let step = handle.get().kernel.next();
            let wrong = match step {
                Step::Quiescent => break scratch.verdict(handle.get(), main),
                Step::TimeLimit => break scratch.verdict(handle.get(), main).or(Some(Wrong::Livelock)),
                Step::Reported => scratch.trouble(handle.get()),
                Step::Run { cpu, context, budget_ns, scale } => {
                    run_context(handle, cpu, context, budget_ns, scale);
                    let machine = handle.get();
                    machine.reap_fibers();
                    if let Context::Task(task) = context {
                        let pending = machine.rust.pending.take();
                        if let Some(thread) = machine.rust.thread_mut(task) {
                            thread.pending = pending;
                        }
                    }
                    scratch.trouble(machine)
                }
            };
            if wrong.is_some() {
                break wrong;
            }
            let machine = handle.get();
            if machine.rust.live == 0 && !machine.kernel.cpus.iter().any(kloom_kernel::sched::cpu::Cpu::has_work) {
                break None;
            }
            if gone(machine, main) {
                // What `main` has left gets its time to end.
                let since_ns = *over_ns.get_or_insert(machine.kernel.now());
                if machine.kernel.now() > since_ns + machine.kernel.config.hang_after_ns {
                    break Some(Wrong::ThreadLeak);
                }
            }
        };
        let end = match wrong {
            None => End::Ok,
            Some(wrong) => End::Failed(Box::new(scratch.failure(handle.get(), wrong, main))),
        };
        self.drop_machine();
        Ok(end)
    }

    /// Steps of the execution that ran last.
    pub fn steps(&self) -> usize {
        self.scratch.history.len()
    }
}

impl Drop for RustMachine {
    fn drop(&mut self) {
        self.drop_machine();
    }
}

/// What the next step is.
enum Next {
    Run(usize),
    Abandon,
    /// Nothing is left to do.
    Over(Option<Wrong>),
}

/// Lets a context run; why its code gave up the CPU, if it did.
fn run_context(handle: &mut MachineHandle, cpu: u32, context: Context, budget_ns: u64, scale: u64) -> Option<Yield> {
    let Some(ran) = handle.run(context, budget_ns, scale) else {
        if let Context::Task(task) = context {
            let kernel = &mut handle.get().kernel;
            if matches!(kernel.tasks[task].kind, TaskKind::System) {
                kernel.tasks[task].c.set_task_state(kloom_abi::sched::TASK_INTERRUPTIBLE);
                kernel.schedule(task);
            }
        }
        return None;
    };
    let machine = handle.get();
    match (ran, context) {
        (Ran::Yielded(why), Context::Task(_)) => return Some(why),
        (Ran::Ended(Exit::Returned(value)), Context::Task(task)) => {
            if matches!(machine.kernel.tasks[task].kind, TaskKind::Kthread(_)) {
                machine.kernel.here = Trace::default();
                machine.kernel.kthread_exit(task, value);
            }
        }
        (Ran::Ended(Exit::Returned(value)), Context::Irq(_)) => {
            machine.kernel.irq_finished(cpu, value);
        }
        (Ran::Ended(Exit::Fault(_)) | Ran::Yielded(Yield::Never), Context::Irq(_)) => {
            machine.kernel.irq_finished(cpu, 0);
        }
        (Ran::Ended(Exit::Fault(_)) | Ran::Yielded(_), _) => {}
    }
    None
}

fn gone(machine: &Machine, task: TaskId) -> bool {
    machine.kernel.tasks.get(task).is_none_or(|task| task.has_exited())
}

impl Scratch {
    fn reset(&mut self) {
        self.history.clear();
        self.looks.iter_mut().for_each(Vec::clear);
        self.version = 0;
        self.last = CLOCK_THREAD;
        self.early = 0;
        self.lazy_rounds = 0;
        self.main_over = false;
        self.late_clock = 0;
        self.owed = false;
    }

    /// Lists who can go and asks the search.
    fn choose(&mut self, handle: &mut MachineHandle, search: &mut dyn Search, bounds: &Bounds, main: TaskId) -> Next {
        let machine = handle.get();
        machine.kernel.movers(&mut self.movers);
        if !machine.kernel.dead_tasks.is_empty() {
            machine.reap_fibers();
        }
        self.candidates.clear();
        self.who.clear();
        let mut busy = false;
        for index in 0..self.movers.len() {
            let mover = self.movers[index];
            let (thread, first, lazy) = match mover {
                Mover::Task(task) => {
                    let slot = task.0 as usize;
                    let pid = machine.kernel.tasks[task].pid;
                    if machine.rust.thread(task).is_none_or(|thread| thread.pid != pid) {
                        // A worker of the kernel's: known by its pid as long as it was there at boot.
                        machine.rust.add_thread(None, task, pid, None, false);
                    }
                    let Some(thread) = machine.rust.thread(task) else { continue };
                    let first = match &thread.pending {
                        Some(pending) => {
                            match pending.gate {
                                Gate::Open => {}
                                Gate::Lock(class, lock) if !machine.kernel.lock_is_free(class, lock, task) => continue,
                                Gate::Exited(target) if !gone(machine, target) => continue,
                                Gate::Timer(timer) if machine.kernel.timer_running(timer) => continue,
                                Gate::Lock(..) | Gate::Exited(_) | Gate::Timer(_) => {}
                            }
                            pending.touch
                        }
                        None if thread.own => Some((control_of(thread.id), Manner::Read)),
                        None => Some((POOLS, Manner::Write)),
                    };
                    (thread.id, first, self.spins(slot))
                }
                Mover::Irq(cpu) => {
                    let Some(callback) = machine.kernel.irq_source(cpu) else { continue };
                    let thread = machine.rust.callback_number(callback.args[0]);
                    (thread, Some((callback.args[0], Manner::Write)), false)
                }
                Mover::Clock => continue,
            };
            busy |= !lazy;
            let candidate = Candidate { thread, first: first.map(access), preempts: false, lazy };
            // Few enough that putting each in its place is the cheapest way to sort them.
            let place = self.candidates.iter().position(|other| other.thread > thread).unwrap_or(self.candidates.len());
            self.candidates.insert(place, candidate);
            self.who.insert(place, mover);
        }
        let clock = !machine.kernel.only_watchdog_waits() && machine.kernel.clock_can_step();
        if clock {
            let live = machine.rust.live > 0 || busy;
            let early = busy;
            self.main_over = self.main_over || gone(machine, main);
            if live && !(early && self.early >= bounds.early_clock) {
                let first = Some(Access { object: CLOCK, kind: Kind::Write });
                self.candidates.insert(0, Candidate { thread: CLOCK_THREAD, first, preempts: early, lazy: false });
                self.who.insert(0, Mover::Clock);
            }
        } else if self.owed {
            // A search learns that a timeout could have come before the step that disarmed it only if time passes after
            // that step: so it does, although nothing is due.
            let first = Some(Access { object: CLOCK, kind: Kind::Write });
            self.candidates.insert(0, Candidate { thread: CLOCK_THREAD, first, preempts: false, lazy: false });
            self.who.insert(0, Mover::Clock);
        }
        if self.candidates.is_empty() {
            return Next::Over(self.verdict(machine, main));
        }
        if busy || clock {
            self.lazy_rounds = 0;
        } else {
            self.lazy_rounds += 1;
            if self.lazy_rounds > LAZY_ROUNDS {
                return Next::Over(Some(Wrong::Livelock));
            }
        }
        if self.main_over && !busy && self.late_clock > LATE_CLOCK {
            return Next::Over(Some(Wrong::ThreadLeak));
        }
        let last = self.last;
        if self.candidates.iter().any(|other| other.thread == last && other.thread != CLOCK_THREAD && !other.lazy) {
            for other in &mut self.candidates {
                other.preempts |= other.thread != last;
            }
        }
        match search.pick(&self.candidates) {
            Pick::Run(index) => {
                if self.who[index] == Mover::Clock && clock {
                    self.early += u32::from(busy);
                    self.late_clock += u32::from(self.main_over);
                }
                Next::Run(index)
            }
            Pick::Abandon => Next::Abandon,
        }
    }

    /// Whether a thread looks at the same again and again.
    fn spins(&self, slot: usize) -> bool {
        let Some(looks) = self.looks.get(slot) else { return false };
        let Some(last) = looks.last() else { return false };
        last.2 == self.version && looks.iter().filter(|look| *look == last).count() > SPIN_ROUNDS
    }

    /// Lets one thread go on to its next choice point; what is wrong afterwards.
    fn take_step(&mut self, handle: &mut MachineHandle, search: &mut dyn Search, index: usize) -> Option<Wrong> {
        let (thread, mover) = (self.candidates[index].thread, self.who[index]);
        let machine = handle.get();
        machine.rust.touched.clear();
        machine.kernel.events.armed = false;
        let events = machine.kernel.events.len();
        let mut pending = None;
        match mover {
            Mover::Clock => {
                if !machine.kernel.only_watchdog_waits() {
                    // Who else could have ended the sleep, or stopped the timer, was in time or was not.
                    for event in machine.kernel.due_events() {
                        let object = match event {
                            Event::Timeout(task) => machine
                                .rust
                                .thread(task)
                                .and_then(|thread| thread.pending)
                                .and_then(|pending| pending.touch)
                                .map(|touch| touch.0),
                            Event::Timer { timer, .. } => machine.kernel.timers.get(timer).map(|timer| timer.addr),
                            _ => None,
                        };
                        if let Some(object) = object {
                            machine.rust.note(object, Manner::Write);
                        }
                    }
                    machine.kernel.step_clock();
                }
                self.owed = false;
                machine.rust.note(CLOCK, Manner::Write);
            }
            _ => {
                if let Mover::Task(task) = mover
                    && let Some(thread) = machine.rust.thread_mut(task)
                {
                    pending = thread.pending.take();
                    if pending.is_none() && !thread.own {
                        machine.rust.note(POOLS, Manner::Write);
                    }
                }
                if let Mover::Irq(cpu) = mover
                    && let Some(callback) = machine.kernel.irq_source(cpu)
                {
                    machine.rust.note(callback.args[0], Manner::Write);
                }
                while let Some((cpu, context)) = handle.get().kernel.give_cpu(mover) {
                    let why = run_context(handle, cpu, context, PIECE_NS, 1);
                    if why != Some(Yield::Preempt) {
                        break;
                    }
                }
                let machine = handle.get();
                let next = machine.rust.pending.take();
                if let Mover::Task(task) = mover
                    && let Some(thread) = machine.rust.thread_mut(task)
                {
                    thread.pending = next;
                }
            }
        }
        self.history.push(Went { mover, thread, pending });
        self.last = thread;
        let machine = handle.get();
        self.accesses.clear();
        let mut wrote = false;
        for &touch in &machine.rust.touched {
            wrote |= touch.1 != Manner::Read;
            self.accesses.push(access(touch));
        }
        if (machine.kernel.events.armed || machine.kernel.events.len() != events) && mover != Mover::Clock {
            self.owed = true;
            let clock = Access { object: CLOCK, kind: Kind::Read };
            if !self.accesses.contains(&clock) {
                self.accesses.push(clock);
            }
        }
        if wrote {
            self.version += 1;
        } else if let (Mover::Task(task), Some(Pending { touch: Some((object, _)), at, .. })) = (mover, pending) {
            self.look(task.0 as usize, at, object);
        }
        search.stepped(thread, &self.accesses);
        self.trouble(handle.get())
    }

    fn look(&mut self, slot: usize, at: At, object: u64) {
        if self.looks.len() <= slot {
            self.looks.resize_with(slot + 1, Vec::new);
        }
        let looks = &mut self.looks[slot];
        if looks.last().is_some_and(|last| last.2 != self.version) {
            looks.clear();
        }
        looks.push((std::ptr::from_ref(at) as usize, object, self.version));
    }

    /// Brings an execution to its end that no search wants any more. Whether nothing went wrong.
    fn finish(&mut self, handle: &mut MachineHandle, bounds: &Bounds, main: TaskId) -> bool {
        let mut natural = kloom_explore::search::Natural::new();
        if natural.begin().is_none() {
            return false;
        }
        while self.history.len() < bounds.max_steps as usize {
            match self.choose(handle, &mut natural, bounds, main) {
                Next::Run(index) if self.take_step(handle, &mut natural, index).is_none() => {}
                Next::Over(None) => return true,
                Next::Run(_) | Next::Abandon | Next::Over(Some(_)) => return false,
            }
        }
        false
    }

    /// What has gone wrong by now.
    fn trouble(&mut self, machine: &mut Machine) -> Option<Wrong> {
        if let Some((module, thread, created)) = machine.rust.left_behind.take() {
            return Some(Wrong::ModuleInUse { module: module.to_string(), thread, created: created.map(place) });
        }
        if let Some(panic) = machine.rust.panic.take() {
            let place = panic.place.map(|(file, line, column)| Place { file, line, column });
            return Some(Wrong::Panic { thread: panic.name, message: panic.message, place });
        }
        if machine.kernel.reports.is_empty() {
            return None;
        }
        let reports = machine.take_reports();
        reports.iter().find_map(|report| wrong(machine, report))
    }

    /// What is wrong with an execution in which nothing can happen any more.
    fn verdict(&self, machine: &Machine, main: TaskId) -> Option<Wrong> {
        if machine.rust.live == 0 {
            return None;
        }
        // Those that wait for each other are no leftovers, even if `main` does not wait for them.
        let leak = gone(machine, main) && !somebody_waits_in_a_circle(machine);
        Some(if leak { Wrong::ThreadLeak } else { Wrong::Deadlock })
    }

    fn failure(&self, machine: &mut Machine, wrong: Wrong, main: TaskId) -> Failure {
        let mut threads = Vec::new();
        for slot in 0..machine.rust.threads.len() {
            let task = TaskId(slot as u32);
            if let Some(thread) = machine.rust.thread(task).copied()
                && thread.own
                && let Some(kernel_task) = machine.kernel.tasks.get(task).filter(|task| !task.has_exited())
            {
                let never_started = kernel_task.blocked_on == BlockedOn::NeverWoken;
                let holder = thread.pending.and_then(|pending| holder(machine, task, pending.gate));
                let asleep = kernel_task.state() != 0;
                let gated = thread.pending.is_some_and(|pending| match pending.gate {
                    Gate::Open => false,
                    Gate::Lock(class, lock) => !machine.kernel.lock_is_free(class, lock, task),
                    Gate::Exited(target) => !gone(machine, target),
                    Gate::Timer(timer) => machine.kernel.timer_running(timer),
                });
                threads.push((
                    task != main,
                    ThreadState {
                        name: kernel_task.name(),
                        pid: kernel_task.pid,
                        created: thread.created.map(place),
                        operation: thread.pending.map(|pending| pending.what.to_string()),
                        place: thread.pending.map(|pending| place(pending.at)),
                        waits: asleep || gated,
                        holder,
                        never_started,
                    },
                ));
            }
        }
        threads.sort_by_key(|thread| thread.0);
        let choices = self.history.iter().map(|went| step_of(machine, went)).collect();
        let log = machine
            .kernel
            .printk
            .records
            .iter()
            .map(|record| {
                format!(
                    "[{:5}.{:06}] {}",
                    record.time_ns / 1_000_000_000,
                    record.time_ns / 1000 % 1_000_000,
                    String::from_utf8_lossy(&record.text)
                )
            })
            .collect();
        Failure {
            wrong,
            threads: threads.into_iter().map(|thread| thread.1).collect(),
            choices,
            log,
            search: String::new(),
            execution: 0,
            token: String::new(),
        }
    }
}

/// The task that has what a gate waits for.
fn holding(machine: &Machine, gate: Gate) -> Option<TaskId> {
    let Gate::Lock(class, lock) = gate else { return None };
    let index = (lock as usize).checked_sub(1)?;
    match class {
        LockClass::Mutex => Some(machine.kernel.locks.mutex.get(index)?.owner?.task),
        LockClass::Spinlock => Some(machine.kernel.locks.spin.get(index)?.writer?.task),
        _ => None,
    }
}

/// Whether a thread waits for one that waits for it, directly or through others.
fn somebody_waits_in_a_circle(machine: &Machine) -> bool {
    let waits_for = |task: TaskId| match machine.rust.thread(task)?.pending?.gate {
        Gate::Exited(target) => Some(target).filter(|&target| !gone(machine, target)),
        gate => holding(machine, gate),
    };
    let all = machine.rust.threads.len() as u32;
    (0..all).map(TaskId).filter(|&task| !gone(machine, task)).any(|first| {
        let mut next = waits_for(first);
        for _ in 0..all {
            match next {
                Some(task) if task == first => return true,
                Some(task) => next = waits_for(task),
                None => return false,
            }
        }
        false
    })
}

/// Who has what a thread waits for.
fn holder(machine: &Machine, task: TaskId, gate: Gate) -> Option<String> {
    let holder = holding(machine, gate)?;
    if holder == task {
        return Some(format!("{}, itself", machine.kernel.tasks.get(holder)?.name()));
    }
    Some(machine.kernel.tasks.get(holder)?.name())
}

fn place(at: At) -> Place {
    Place { file: at.file().to_string(), line: at.line(), column: at.column() }
}

fn step_of(machine: &Machine, went: &Went) -> Choice {
    let thread = match went.mover {
        Mover::Clock => "(clock)".to_string(),
        Mover::Irq(cpu) => format!("(interrupt on cpu{cpu})"),
        Mover::Task(task) => {
            let live = machine.kernel.tasks.get(task).filter(|live| {
                machine.rust.thread(task).is_some_and(|thread| thread.pid == live.pid && thread.id == went.thread)
            });
            match live {
                Some(live) => live.name(),
                None => machine
                    .kernel
                    .tasks
                    .tombstone(task)
                    .map_or_else(|| format!("thread {}", went.thread), |dead| dead.name()),
            }
        }
    };
    let operation = match (went.mover, went.pending) {
        (Mover::Clock, _) => "time passes".to_string(),
        (_, Some(pending)) => pending.what.to_string(),
        (_, None) => "starts".to_string(),
    };
    Choice { thread, operation, place: went.pending.map(|pending| place(pending.at)) }
}

/// What the kernel reported, in the face's terms; `None` for what is no bug.
fn wrong(machine: &Machine, report: &Report) -> Option<Wrong> {
    let at = |trace: &Trace| place_of(trace).map(place);
    let here = at(&report.at.trace);
    Some(match &report.fault {
        Fault::Deadlock { .. } | Fault::SpinDeadlock { .. } => Wrong::Deadlock,
        Fault::HungTask { victim, since_ns, .. } => Wrong::Hang {
            thread: machine.kernel.tasks.get(*victim).map_or_else(String::new, |task| task.name()),
            seconds: machine.kernel.now().saturating_sub(*since_ns) / 1_000_000_000,
        },
        Fault::LockHeldAtExit { name, taken, place, .. } => {
            Wrong::LockHeld { lock: name.clone(), place: (*place).to_string(), taken: at(taken) }
        }
        Fault::SleepInAtomic { func, since, held, .. } => Wrong::SleepInAtomic {
            operation: (*func).to_string(),
            place: here,
            since: held.last().and_then(|lock| at(&lock.taken)).or_else(|| at(since)),
        },
        Fault::BadUnlock { name, why, .. } => {
            Wrong::Misuse { text: format!("lock `{name}` is given back, but {why}"), place: here }
        }
        Fault::SoftLockup { .. } => Wrong::Livelock,
        other => Wrong::Misuse { text: format!("{other:?}"), place: here },
    })
}

fn access((object, manner): (u64, Manner)) -> Access {
    let kind = match manner {
        Manner::Read => Kind::Read,
        Manner::Write => Kind::Write,
        Manner::Acquire => Kind::Acquire,
        Manner::Release => Kind::Release,
        Manner::AcquireShared => Kind::AcquireShared,
        Manner::ReleaseShared => Kind::ReleaseShared,
    };
    Access { object, kind }
}
