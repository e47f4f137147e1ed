//! The main loop: asks the kernel what happens next, lets the guest or the user program do it, and tells the kernel.

use std::cell::RefCell;
use std::collections::{BTreeSet, VecDeque};
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};

use kloom_abi::sched::{TASK_NOLOAD, TASK_UNINTERRUPTIBLE, TASK_WAKEKILL};
use kloom_explore::{Recorder, Schedule, Strategy};
use kloom_guest::fiber::{Exit, Ran, Yield};
use kloom_guest::hostfault::FaultKind;
use kloom_kernel::chooser::{Chooser, Point};
use kloom_kernel::fault::Fault;
use kloom_kernel::printk::Record;
use kloom_kernel::sched::{Context, Step};
use kloom_kernel::task::{BlockedOn, TaskId, TaskKind};
use kloom_shell::sys::Mark;
use kloom_shim::checkpoint::Checkpoint;
use kloom_shim::choice::Announced;
use kloom_shim::export::Symbols;
use kloom_shim::machine::{MachineError, OnUseAfterFree};
use kloom_shim::{Machine, MachineHandle};

use crate::story::Story;
use crate::user::Users;

/// Trace events kept before the detectors take them.
const TRACE_BATCH: usize = 1024;

/// A module to put into the machine's file system.
#[derive(Clone, Debug)]
pub struct ModuleFile {
    /// Name of the file in the scenario's directory, `heartbeat.ko`.
    pub file_name: String,
    /// Its content.
    pub bytes: Arc<[u8]>,
}

/// What may be used up before the run ends without a verdict.
#[derive(Clone, Debug)]
pub struct Limits {
    /// Steps of the machine.
    pub max_steps: u64,
    /// Virtual time.
    pub max_time_ns: u64,
    /// Bytes of log and console output.
    pub max_output: u64,
}

impl Default for Limits {
    fn default() -> Self {
        Limits { max_steps: 200_000_000, max_time_ns: 48 * 3600 * 1_000_000_000, max_output: 256 << 20 }
    }
}

/// What machine to run a scenario on, and how.
#[derive(Clone, Debug)]
pub struct Options {
    /// The machine.
    pub config: kloom_kernel::Config,
    /// How choices are made.
    pub strategy: Strategy,
    /// Limits.
    pub limits: Limits,
    /// Stale task pointers.
    pub on_use_after_free: OnUseAfterFree,
    /// Functions to fail, with the calls that do (empty: all).
    pub fail: Vec<(String, Vec<u64>)>,
    /// Set from outside to end the run (Ctrl-C).
    pub stop: Arc<AtomicBool>,
}

/// What a run shows while it goes on.
#[derive(Clone, Debug)]
pub enum Output {
    /// A record of the kernel log.
    Log(Record),
    /// Bytes a command wrote to the console.
    Console(Vec<u8>),
    /// Nothing new, but the machine is at work: steps made, virtual time.
    Progress {
        /// Steps of the machine so far.
        steps: u64,
        /// Virtual time in nanoseconds.
        virtual_ns: u64,
    },
    /// Where in the scenario the console shell is.
    Mark(Mark),
}

/// Why the run ended.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Ended {
    /// The scenario's shell exited with this status.
    Done(i32),
    /// Nothing can ever happen again, but the shell still waits.
    Stuck,
    /// A task hangs that the shell waits for, and nobody else in user space has anything to do.
    Hung,
    /// The machine panicked.
    Panicked,
    /// Powered off by the scenario.
    PoweredOff,
    /// Out of steps.
    StepLimit,
    /// Out of virtual time.
    TimeLimit,
    /// Out of output.
    OutputLimit,
    /// The user asked for the end.
    Interrupted,
}

/// What the session and the syscalls of its tasks share.
#[derive(Debug, Default)]
pub struct Shared {
    /// Console bytes not yet shown.
    pub console: VecDeque<Vec<u8>>,
    /// Marks the shell made.
    pub marks: Vec<(u64, Mark)>,
    /// Programs of tasks forked since the session last looked.
    pub forked: Vec<(TaskId, Box<crate::user::UserProc>)>,
    /// The scenario asked for the end of the machine.
    pub power_off: bool,
    /// What the module files given export to each other.
    pub exports: BTreeSet<String>,
    /// Functions a module needed that kloom does not have: module, name.
    pub unsupported: Vec<(String, String)>,
}

/// A machine with its user space.
pub struct Session {
    handle: MachineHandle,
    /// If there is a way back.
    booted: Option<Booted>,
    users: Users,
    shared: Rc<RefCell<Shared>>,
    symbols: Rc<Symbols>,
    schedule: Rc<RefCell<Schedule>>,
    limits: Limits,
    stop: Arc<AtomicBool>,
    steps: u64,
    /// Of them, those at whose end code of a module would have gone on.
    preempted: u64,
    shown_seq: u64,
    shown_bytes: u64,
    shown_marks: usize,
    main: Option<TaskId>,
    main_status: Option<i32>,
    hang_seen: bool,
    natural: bool,
    story: Story,
}

impl std::fmt::Debug for Session {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Session").field("steps", &self.steps).finish_non_exhaustive()
    }
}

/// Steps in which a task that is woken for nothing must have got further.
const PROBE_STEPS: u32 = 2000;
/// After how many steps, and after how many of code that did not end its step itself, it is asked whether the machine goes round.
const ROUND_STEPS: u64 = 1 << 12;
const ROUND_PREEMPTIONS: u64 = 64;
/// Steps between two signs of life.
const PROGRESS_STEPS: u64 = 1 << 16;
/// Steps between two looks at the user's wish to end the run.
const INTERRUPT_STEPS: u64 = 1 << 10;
/// How long an unended line of the log waits for its continuation before it is shown.
const OPEN_RECORD_NS: u64 = 100_000_000;

#[derive(Clone)]
struct Choices(Recorder);

impl Chooser for Choices {
    fn choose(&mut self, _: Point, options: u32) -> u32 {
        self.0.choose(options)
    }

    fn is_natural(&self) -> bool {
        self.0.is_natural()
    }

    fn copied(&self) -> Box<dyn Chooser> {
        Box::new(self.clone())
    }
}

/// What machines of one thread have in common and need not make anew.
#[derive(Debug)]
pub struct Parts {
    symbols: Rc<Symbols>,
    announced: Option<Rc<Announced>>,
    idle: Option<Idle>,
}

/// A machine between two executions.
#[derive(Debug)]
struct Idle {
    handle: MachineHandle,
    booted: Booted,
}

/// What a machine was when it had booted, and from what.
#[derive(Debug)]
struct Booted {
    checkpoint: Checkpoint,
    config: kloom_kernel::Config,
    modules: Vec<Arc<[u8]>>,
    exports: BTreeSet<String>,
}

impl Parts {
    /// For machines that run in virtual time.
    pub fn new() -> Parts {
        Parts { symbols: Rc::new(Symbols::new()), announced: None, idle: None }
    }

    /// For machines whose every choice is a search's.
    ///
    /// # Errors
    /// The host refuses memory.
    pub fn explored() -> std::io::Result<Parts> {
        let symbols = Rc::new(Symbols::new());
        let announced = Announced::new(|name| symbols.function(name))?;
        Ok(Parts { symbols, announced: Some(Rc::new(announced)), idle: None })
    }
}

impl Parts {
    /// The next session boots a machine of its own.
    pub fn forget_machine(&mut self) {
        self.idle = None;
    }
}

impl Default for Parts {
    fn default() -> Self {
        Parts::new()
    }
}

impl Session {
    /// Boots a machine.
    ///
    /// # Errors
    /// The host refuses memory or timers.
    pub fn new(options: Options, modules: &[ModuleFile]) -> Result<Session, MachineError> {
        Session::with(&mut Parts::new(), options, modules)
    }

    /// A machine that has just booted, from parts that other machines of this thread use too.
    ///
    /// # Errors
    /// The host refuses memory or timers.
    pub fn with(parts: &mut Parts, options: Options, modules: &[ModuleFile]) -> Result<Session, MachineError> {
        let (recorder, schedule) = Recorder::new(options.strategy);
        let chooser = Box::new(Choices(recorder));
        let same = |idle: &Idle| {
            idle.booted.config == options.config
                && idle.booted.modules.len() == modules.len()
                && idle.booted.modules.iter().zip(modules).all(|(have, wanted)| Arc::ptr_eq(have, &wanted.bytes))
        };
        let (mut handle, booted, exports) = match parts.idle.take().filter(same) {
            Some(Idle { mut handle, booted }) => {
                handle.restore(&booted.checkpoint, chooser);
                let exports = booted.exports.clone();
                (handle, Some(booted), exports)
            }
            None => {
                let config = options.config.clone();
                let mut handle = MachineHandle::new(options.config, chooser)?;
                let exports = put_modules(handle.get(), modules);
                let booted = parts.announced.as_ref().map(|_| Booted {
                    checkpoint: handle.checkpoint(),
                    config,
                    modules: modules.iter().map(|module| Arc::clone(&module.bytes)).collect(),
                    exports: exports.clone(),
                });
                (handle, booted, exports)
            }
        };
        let machine = handle.get();
        machine.kernel.time_limit_ns = options.limits.max_time_ns;
        machine.on_use_after_free = options.on_use_after_free;
        for (name, calls) in options.fail {
            machine.fail_after.add(&name, calls);
        }
        let natural = machine.kernel.natural;
        if let Some(announced) = &parts.announced {
            machine.explore(Rc::clone(announced));
        }
        let story = Story::new();
        story.listen(machine);
        let shared = Rc::new(RefCell::new(Shared { exports, ..Shared::default() }));
        Ok(Session {
            handle,
            booted,
            users: Users::default(),
            shared,
            symbols: Rc::clone(&parts.symbols),
            schedule,
            limits: options.limits,
            stop: options.stop,
            steps: 0,
            preempted: 0,
            shown_seq: 0,
            shown_bytes: 0,
            shown_marks: 0,
            main: None,
            main_status: None,
            hang_seen: false,
            natural,
            story,
        })
    }

    /// Gives the machine back, for the next session with the same configuration and modules.
    pub fn give_back(self, parts: &mut Parts) {
        parts.idle = self.booted.map(|booted| Idle { handle: self.handle, booted });
    }

    /// The machine.
    pub fn machine(&mut self) -> &mut Machine {
        self.handle.get()
    }

    /// The choices made so far, as a token.
    pub fn token(&self) -> String {
        kloom_explore::token::format(&self.schedule.borrow())
    }

    /// Steps so far.
    pub fn steps(&self) -> u64 {
        self.steps
    }

    /// What the scenario's tasks told the session.
    pub fn shared(&self) -> &Rc<RefCell<Shared>> {
        &self.shared
    }

    /// One line per live task of modules and users: what it does now.
    pub fn state_lines(&mut self) -> Vec<String> {
        let kernel = &self.handle.get().kernel;
        let interesting =
            kernel.tasks.iter().filter(|task| matches!(task.kind, TaskKind::User(_) | TaskKind::Kthread(_)));
        interesting
            .map(|task| {
                let letter = kloom_abi::sched::state_letter(task.state(), task.c.exit_state.get() as u32);
                format!(
                    "{} (pid {}) {letter} {:?} on_rq {} cpu {}",
                    task.name(),
                    task.pid,
                    task.blocked_on,
                    task.se.on_rq,
                    task.se.cpu
                )
            })
            .collect()
    }

    /// The limits of the run.
    pub fn limits(&self) -> &Limits {
        &self.limits
    }

    /// Whether every choice was the natural one, so that a run repeats without a token.
    pub fn is_natural(&self) -> bool {
        self.natural
    }

    /// The machine, and what its story is made from.
    pub(crate) fn machine_and_story(&mut self) -> (&mut Machine, &mut Story) {
        (self.handle.get(), &mut self.story)
    }

    /// Gives the modules' sources, by which reports name calls and loops. Before [`Session::run`].
    pub fn set_sources(&mut self, sources: Rc<dyn kloom_diag::SourceLines>) {
        self.story.set_sources(sources);
    }

    /// Runs `script` as the machine's console shell until it ends or cannot go on. `show` gets everything that is
    /// printed, as it happens.
    pub fn run(&mut self, script: kloom_shell::Script, args: Vec<String>, show: &mut dyn FnMut(Output)) -> Ended {
        self.start_shell(script, args);
        self.run_to_end(show)
    }

    /// Starts the console's shell.
    pub(crate) fn start_shell(&mut self, script: kloom_shell::Script, args: Vec<String>) {
        let program = Box::new(kloom_shell::sh(script, args));
        let main = crate::user::spawn(self.handle.get(), &mut self.users, &self.shared, &self.symbols, "sh", program);
        self.main = Some(main);
    }

    /// Steps the machine until it is over.
    pub(crate) fn run_to_end(&mut self, show: &mut dyn FnMut(Output)) -> Ended {
        loop {
            if let Some(ended) = self.step() {
                self.flush(show, true);
                return ended;
            }
            self.flush(show, false);
            if self.steps.is_multiple_of(PROGRESS_STEPS) {
                let virtual_ns = self.handle.get().kernel.now();
                show(Output::Progress { steps: self.steps, virtual_ns });
            }
        }
    }

    /// One step of the machine; why the run is over, if it is.
    fn step(&mut self) -> Option<Ended> {
        if let Some(ended) = self.look_for_end() {
            return Some(ended);
        }
        self.steps += 1;
        let machine = self.handle.get();
        if std::mem::take(&mut machine.kernel.may_go_round) || self.steps.is_multiple_of(ROUND_STEPS) {
            machine.suspect();
        }
        let step = machine.kernel.next();
        self.after_step();
        match step {
            Step::Quiescent => return Some(self.look_for_end().unwrap_or(Ended::Stuck)),
            Step::TimeLimit => return Some(Ended::TimeLimit),
            Step::Reported => return None,
            Step::Run { cpu, context, budget_ns, scale } => {
                let why = self.run_context(cpu, context, budget_ns, scale);
                let machine = self.handle.get();
                if why == Some(Yield::Preempt) {
                    self.preempted += 1;
                    machine.kernel.may_go_round |= self.preempted.is_multiple_of(ROUND_PREEMPTIONS);
                }
                if machine.rounds.watches() {
                    machine.watch_machine(context);
                }
            }
        }
        self.after_step();
        None
    }

    /// After the end of a run: wakes a sleeping task once more, for nothing, and lets the machine go on for a moment.
    /// Whether the task then gets further than where it slept: its condition was true, or it did not look at one.
    pub(crate) fn wakes_for_good(&mut self, task: TaskId) -> bool {
        let kernel = &mut self.handle.get().kernel;
        let Some(slept_at) = kernel.tasks.get(task).map(|task| task.slept_at.trace) else { return false };
        kernel.try_to_wake_up(task, kloom_abi::sched::TASK_NORMAL);
        for _ in 0..PROBE_STEPS {
            let step = self.handle.get().kernel.next();
            self.after_step();
            let Step::Run { cpu, context, budget_ns, scale } = step else { return false };
            self.run_context(cpu, context, budget_ns, scale);
            self.after_step();
            let Some(task) = self.handle.get().kernel.tasks.get(task) else { return true };
            if task.has_exited() {
                return true;
            }
            if !task.se.on_rq && task.state() != 0 {
                return task.slept_at.trace != slept_at;
            }
        }
        false
    }

    /// Counts a step taken outside [`Session::run`].
    pub(crate) fn count_step(&mut self) {
        self.steps += 1;
    }

    pub(crate) fn look_for_end(&mut self) -> Option<Ended> {
        if let Some(status) = self.main_status
            && !self.fate_is_open()
        {
            return Some(Ended::Done(status));
        }
        if self.shared.borrow().power_off {
            return Some(Ended::PoweredOff);
        }
        if self.handle.get().kernel.panicked {
            return Some(Ended::Panicked);
        }
        if self.steps.is_multiple_of(INTERRUPT_STEPS) && self.stop.load(Ordering::Relaxed) {
            return Some(Ended::Interrupted);
        }
        if self.steps >= self.limits.max_steps {
            return Some(Ended::StepLimit);
        }
        if self.shown_bytes > self.limits.max_output {
            return Some(Ended::OutputLimit);
        }
        if self.hang_seen && !self.user_space_has_plans() {
            return Some(Ended::Hung);
        }
        None
    }

    /// Whether a task the scenario left in the background sleeps in state D: the machine goes on until it wakes up or counts
    /// as hung. Or a thread whose module is gone is going to run: it goes on until that one has crashed, so that a forgotten
    /// stop is told alike whether the scenario goes on or not.
    fn fate_is_open(&mut self) -> bool {
        let kernel = &self.handle.get().kernel;
        let gone = |kthread: &kloom_kernel::kthread::Kthread| {
            !kthread.leaving && kthread.module.is_some_and(|id| kernel.modules.get(id).is_none())
        };
        kernel.tasks.iter().any(|task| {
            if !task.has_exited() && task.kthread().is_some_and(gone) {
                return task.se.on_rq || task.timeout.is_some();
            }
            // A worker counts if it is inside a work.
            let subject = matches!(task.kind, TaskKind::User(_))
                || kernel.workqueues.job_of(task.id).is_some_and(|(_, func, ..)| func != 0);
            subject
                && !task.has_exited()
                && !task.hang_reported
                && task.timeout.is_none()
                && matches!(
                    task.blocked_on,
                    BlockedOn::KthreadStop(_)
                        | BlockedOn::KthreadPark(_)
                        | BlockedOn::Mutex(_)
                        | BlockedOn::Semaphore(_)
                        | BlockedOn::RwsemRead(_)
                        | BlockedOn::RwsemWrite(_)
                        | BlockedOn::Completion(_)
                        | BlockedOn::WaitQueue(_)
                        | BlockedOn::Work(_)
                        | BlockedOn::Workqueue(_)
                        | BlockedOn::GracePeriod
                        | BlockedOn::Srcu(_)
                        | BlockedOn::Tasklet(_)
                )
                && task.state() & (TASK_UNINTERRUPTIBLE | TASK_NOLOAD | TASK_WAKEKILL) == TASK_UNINTERRUPTIBLE
        })
    }

    /// Whether any user task runs (and has not kept its CPU for as long as counts as a hang), or sleeps with a timeout of
    /// its own.
    fn user_space_has_plans(&mut self) -> bool {
        let kernel = &self.handle.get().kernel;
        kernel.tasks.iter().any(|task| {
            // One that has exited tells its parent when it leaves its CPU.
            let leaving = task.has_exited() && kernel.cpus.iter().any(|cpu| cpu.current == task.id);
            matches!(task.kind, TaskKind::User(_))
                && task.id != kernel.init
                && (leaving
                    || !task.has_exited()
                        && kernel.lasso != Some(task.id)
                        && ((task.timeout.is_some() && !task.hang_reported)
                            || (task.se.on_rq && !keeps_cpu(kernel, task))))
        })
    }

    /// Lets a context run; why its code gave up the CPU, if it did.
    pub(crate) fn run_context(&mut self, cpu: u32, context: Context, budget_ns: u64, scale: u64) -> Option<Yield> {
        self.handle.get().kernel.order_resumes(context);
        if let Context::Task(task) = context
            && matches!(self.handle.get().kernel.tasks[task].kind, TaskKind::User(_))
            && !self.handle.has_fiber(task)
        {
            self.handle.get().user_step();
            self.users.step(&mut self.handle, &self.shared, &self.symbols, task);
            return None;
        }
        let Some(ran) = self.handle.run(context, budget_ns, scale) else {
            // Nothing to run there (a task without code, or one that spins for ever): its time passes.
            if let Context::Task(task) = context
                && !self.handle.has_fiber(task)
                && matches!(self.handle.get().kernel.tasks[task].kind, TaskKind::System)
            {
                let kernel = &mut self.handle.get().kernel;
                kernel.tasks[task].c.set_task_state(kloom_abi::sched::TASK_INTERRUPTIBLE);
                kernel.schedule(task);
            }
            return None;
        };
        let why = if let Ran::Yielded(why) = &ran { Some(*why) } else { None };
        match (ran, context) {
            (Ran::Ended(Exit::Returned(value)), Context::Task(task)) => self.task_returned(task, value),
            (Ran::Ended(Exit::Returned(value)), Context::Irq(_)) => {
                self.check_irq_balance(cpu);
                self.handle.get().kernel.irq_finished(cpu, value);
            }
            (Ran::Ended(Exit::Fault(fault)), Context::Task(task)) => {
                if fault.kind == FaultKind::Lockup {
                    self.handle.wedge(task);
                }
            }
            (Ran::Ended(Exit::Fault(_)) | Ran::Yielded(Yield::Never), Context::Irq(_)) => {
                self.handle.get().kernel.irq_finished(cpu, 0);
            }
            (Ran::Yielded(_), _) => {}
        }
        why
    }

    /// A kthread's function returned, or a system call of a user task is done.
    fn task_returned(&mut self, task: TaskId, value: i64) {
        let machine = self.handle.get();
        match machine.kernel.tasks[task].kind {
            TaskKind::Kthread(_) => {
                // The last `schedule()` of the thread complains; its own code is no longer on the stack.
                if machine.kernel.tasks[task].preempt_count != 0 {
                    machine.kernel.here = kloom_kernel::site::Trace::default();
                    machine.print_scheduling_while_atomic();
                }
                machine.kernel.here = kloom_kernel::site::Trace::default();
                machine.kernel.kthread_exit(task, value);
            }
            TaskKind::User(_) => self.users.syscall_done(machine, task),
            TaskKind::System | TaskKind::Idle => {}
        }
    }

    fn check_irq_balance(&mut self, cpu: u32) {
        let kernel = &mut self.handle.get().kernel;
        let Some(frame) = kernel.cpus[cpu as usize].irq_frames.last() else { return };
        let (preempt_count, irqs_off) = (frame.preempt_count, frame.irqs_off);
        if preempt_count != 0 || irqs_off {
            let since = kernel.here;
            kernel.report(Fault::UnbalancedPreempt { place: "return of the callback", preempt_count, irqs_off, since });
        }
    }

    pub(crate) fn after_step(&mut self) {
        if !self.shared.borrow().forked.is_empty() {
            let forked = std::mem::take(&mut self.shared.borrow_mut().forked);
            for (task, proc) in forked {
                self.users.insert(task, *proc);
            }
        }
        let machine = self.handle.get();
        if !machine.kernel.dead_tasks.is_empty() {
            for &(dead, status) in &machine.kernel.dead_tasks {
                if Some(dead) == self.main {
                    self.main_status =
                        Some(if status & 0x7f != 0 { 128 + (status & 0x7f) } else { status >> 8 & 0xff });
                }
                self.users.remove(dead);
            }
            machine.reap_fibers();
        }
        if !machine.kernel.order.log.is_empty() {
            self.story.look_for_races(machine);
        }
        if machine.kernel.poller.is_some() {
            machine.watch_poller();
        }
        self.hang_seen |= machine.kernel.locked_up;
        if !machine.kernel.reports.is_empty() {
            let reports = machine.take_reports();
            self.hang_seen |=
                reports.iter().any(|report| matches!(report.fault, Fault::HungTask { .. } | Fault::Livelock { .. }));
            self.story.observe(machine, &reports);
        } else if machine.kernel.trace.events.len() >= TRACE_BATCH {
            self.story.observe(machine, &[]);
        }
    }

    /// Shows what was printed since the last call.
    ///
    /// A record without a newline may still be continued, so it waits: for the next record, for a command that writes
    /// to the console, or for [`OPEN_RECORD_NS`].
    pub(crate) fn flush(&mut self, show: &mut dyn FnMut(Output), over: bool) {
        let kernel = &mut self.handle.get().kernel;
        if kernel.printk.next_seq > self.shown_seq {
            let now_ns = kernel.now();
            let console = !kernel.vfs.tty.output.is_empty();
            let first = kernel.printk.records.partition_point(|record| record.seq < self.shown_seq);
            for record in kernel.printk.records.range_mut(first..) {
                if record.open && !over && !console && now_ns < record.time_ns + OPEN_RECORD_NS {
                    break;
                }
                record.open = false;
                self.shown_seq = record.seq + 1;
                self.shown_bytes += record.text.len() as u64;
                show(Output::Log(record.clone()));
            }
        }
        if !kernel.vfs.tty.output.is_empty() {
            for bytes in kernel.take_console_output() {
                self.shown_bytes += bytes.bytes.len() as u64;
                show(Output::Console(bytes.bytes));
            }
        }
        // At most one mark comes per step, after everything that was printed before it.
        let shared = self.shared.borrow();
        for (_, mark) in &shared.marks[self.shown_marks..] {
            show(Output::Mark(mark.clone()));
        }
        self.shown_marks = shared.marks.len();
    }
}

/// Puts module files where the scenario finds them; what they export.
fn put_modules(machine: &mut Machine, modules: &[ModuleFile]) -> BTreeSet<String> {
    let mut exports = BTreeSet::new();
    for module in modules {
        if let Ok(object) = kloom_elf::parse(&module.bytes) {
            exports.extend(object.exports().into_iter().map(|export| export.name));
        }
        // A scenario that needs a file which did not fit says so itself.
        let _ = machine.kernel.write_file(&format!("/root/{}", module.file_name), &module.bytes);
    }
    exports
}

/// Whether a task inside the kernel, or an interrupt, has let nothing else run on the CPU of `task` for the time that counts
/// as a hang.
fn keeps_cpu(kernel: &kloom_kernel::Kernel, task: &kloom_kernel::task::Task) -> bool {
    let Some(cpu) = kernel.cpus.get(task.se.cpu as usize) else { return false };
    let in_kernel = task.user().is_some_and(|user| user.in_kernel);
    // Whoever waits behind it would have been moved to another CPU by now if there was one.
    (in_kernel || cpu.current != task.id)
        && cpu.clock_ns.saturating_sub(cpu.watchdog_since_ns) >= kernel.config.hang_after_ns
}
