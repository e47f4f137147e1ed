//! Kernel threads and works whose code is a Rust closure: the way of the Rust face into the machine.
//!
//! Nothing here knows what a mutex is. An operation of the face announces itself ([`choice`]), asks the kernel ([`op`]) and
//! sleeps if told to ([`wait`]), as shims do for C; what it touches it says itself ([`note`]), in objects that are numbered by
//! who made them, so that they are the same in every execution of a search.
//!
//! # Ends
//! A panic of a thread ends its coroutine and is kept in [`State::panic`]. Threads that still sleep when an execution is over
//! are *cancelled* ([`MachineHandle::cancel_rust`]): their stacks unwind, so that what they own is dropped, and every
//! operation they reach on the way does nothing. While a thread unwinds no operation gives up the CPU, because the host
//! counts panics per OS thread, not per coroutine.

use std::any::Any;
use std::panic::{AssertUnwindSafe, Location, catch_unwind, resume_unwind};
use std::rc::Rc;

use kloom_abi::Errno;
use kloom_guest::ctx::{self, Ctx};
use kloom_guest::fiber::{self, Fiber, Ran, Yield};
use kloom_kernel::fault::Fault;
use kloom_kernel::ops::{Op, Progress};
use kloom_kernel::site::Trace;
use kloom_kernel::task::{LockClass, TaskId};
use kloom_kernel::touch::Manner;
use rustc_hash::FxHashMap;

use crate::{Machine, MachineHandle};

/// A line of Rust code.
pub type At = &'static Location<'static>;

/// What keeps a thread from going on although it is runnable.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum Gate {
    /// Nothing.
    #[default]
    Open,
    /// This lock, while another task has it.
    Lock(LockClass, u32),
    /// This task, until it has exited.
    Exited(TaskId),
    /// The callback of this timer, while it runs.
    Timer(u32),
}

/// What a thread that stands at a choice point, or sleeps, does next.
#[derive(Clone, Copy, Debug)]
pub struct Pending {
    /// Object and manner, if another thread can notice.
    pub touch: Option<(u64, Manner)>,
    /// What it has to wait for.
    pub gate: Gate,
    /// The operation, as people call it.
    pub what: &'static str,
    /// Where.
    pub at: At,
}

/// What is known of a task that runs Rust code.
#[derive(Clone, Copy, Debug)]
pub struct Thread {
    /// Its number in the search.
    pub id: u32,
    /// The pid it was noted for: slots are used again.
    pub pid: i32,
    /// Objects made by it.
    objects: u32,
    /// Threads made by it.
    children: u32,
    /// What it does next.
    pub pending: Option<Pending>,
    /// Where it was made.
    pub created: Option<At>,
    /// A thread of the face, not a worker of the kernel's.
    pub own: bool,
    /// The module whose code it runs, 0 for none.
    module: u32,
}

/// A panic that nobody caught.
#[derive(Clone, Debug)]
pub struct Panic {
    /// The thread.
    pub task: TaskId,
    /// Its number.
    pub thread: u32,
    /// Its name.
    pub name: String,
    /// What it said.
    pub message: String,
    /// Where; `None` if no hook saw it.
    pub place: Option<(String, u32, u32)>,
}

type Body = Box<dyn FnOnce() -> i64>;

/// The Rust side of a machine.
#[derive(Default)]
pub struct State {
    bodies: Vec<Option<Body>>,
    /// By task slot.
    pub threads: Vec<Option<Thread>>,
    works: FxHashMap<u64, Work>,
    /// What the present step has touched.
    pub touched: Vec<(u64, Manner)>,
    /// What the thread that stopped last does next.
    pub pending: Option<Pending>,
    /// The first panic of the execution.
    pub panic: Option<Panic>,
    /// A module went away while a thread of it lived: module, thread, where it was created.
    pub left_behind: Option<(&'static str, String, Option<At>)>,
    modules: u32,
    /// Kernel objects of the face that exist now.
    pub objects: u32,
    /// Threads of the face that have not exited.
    pub live: u32,
}

struct Work {
    run: Rc<dyn Fn()>,
    timer: u32,
    queue: u32,
}

impl std::fmt::Debug for State {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("State").field("threads", &self.threads).finish_non_exhaustive()
    }
}

/// Bit of objects of the face, so that they are no addresses.
const OBJECT: u64 = 1 << 62;
/// Bit of the objects that belong to a thread.
const OF_THREAD: u64 = 1 << 63;
/// All pools of workers together.
pub const POOLS: u64 = 0x100;

/// A thread's stop and park requests, and its sleep.
pub fn control_of(thread: u32) -> u64 {
    OF_THREAD | u64::from(thread) << 1
}

/// A thread's end.
pub fn exit_of(thread: u32) -> u64 {
    OF_THREAD | u64::from(thread) << 1 | 1
}

/// The number of `main`.
const MAIN: u32 = 1;
/// Threads of the kernel's are numbered by their pids below this; then come those that `main` makes.
const CHILDREN: u32 = 256;
/// All others.
const OTHERS: u32 = 1 << 24;

/// The number of a thread, which follows from where it comes from: what was executed before does not matter.
fn number(maker: u32, nth: u32) -> u32 {
    match maker {
        0 if nth < CHILDREN => return nth,
        MAIN if nth < CHILDREN => return CHILDREN + nth,
        _ => {}
    }
    use std::hash::BuildHasher;
    OTHERS | (rustc_hash::FxBuildHasher.hash_one((maker, nth)) >> 40) as u32
}

impl State {
    /// The thread in a slot.
    pub fn thread(&self, task: TaskId) -> Option<&Thread> {
        self.threads.get(task.0 as usize)?.as_ref()
    }

    /// The thread in a slot.
    pub fn thread_mut(&mut self, task: TaskId) -> Option<&mut Thread> {
        self.threads.get_mut(task.0 as usize)?.as_mut()
    }

    /// Gives a task that `parent` made the number it has in every execution.
    pub fn add_thread(
        &mut self,
        parent: Option<TaskId>,
        task: TaskId,
        pid: i32,
        created: Option<At>,
        own: bool,
    ) -> u32 {
        let (maker, nth, module) = match parent.and_then(|parent| self.thread_mut(parent)) {
            Some(parent) => {
                parent.children += 1;
                (parent.id, parent.children, parent.module)
            }
            None => (0, if own { MAIN } else { pid as u32 + MAIN }, 0),
        };
        let id = number(maker, nth);
        let slot = task.0 as usize;
        if self.threads.len() <= slot {
            self.threads.resize(slot + 1, None);
        }
        self.threads[slot] = Some(Thread { id, pid, objects: 0, children: 0, pending: None, created, own, module });
        id
    }

    /// The number, as a thread, of the callbacks of a timer.
    pub fn callback_number(&self, timer: u64) -> u32 {
        number((timer >> 32) as u32, timer as u32)
    }

    /// Notes a touch; each pair once a step.
    pub fn note(&mut self, object: u64, manner: Manner) {
        if !self.touched.contains(&(object, manner)) {
            self.touched.push((object, manner));
        }
    }

    /// Whether a work of the face has this number.
    pub(crate) fn has_work(&self, work: u64) -> bool {
        !self.works.is_empty() && self.works.contains_key(&work)
    }

    /// Forgets the execution that is over; the numbers of threads stay.
    pub fn clear(&mut self) {
        for thread in &mut self.threads {
            *thread = None;
        }
        self.touched.clear();
        self.pending = None;
        self.panic = None;
        self.left_behind = None;
        self.modules = 0;
    }
}

/// What a cancelled thread unwinds with.
struct Cancelled;

fn context() -> Option<&'static Ctx> {
    let ctx = ctx::current();
    // SAFETY: set only by a machine of this OS thread, which clears it when it goes.
    if ctx.is_null() { None } else { Some(unsafe { &*ctx }) }
}

#[cold]
#[inline(never)]
fn outside(at: At) -> ! {
    panic!("{at}: kernel operations work only inside `kloom::check()`, `kloom::run()` and `kloom::replay()`")
}

/// Whether the caller is a thread of a machine.
pub fn inside() -> bool {
    context().is_some_and(|ctx| ctx.cancelling.get() || !ctx.yielder.get().is_null())
}

/// Whether the caller is being unwound because its execution is over: nothing it does has an effect any more.
pub fn cancelling() -> bool {
    context().is_some_and(|ctx| ctx.cancelling.get())
}

/// Virtual time an operation takes.
const OP_COST_NS: u64 = 40;

/// Runs `f` with the machine as the current task; `None` while the caller is cancelled.
///
/// `f` must not run or drop code of the face's user.
///
/// # Panics
/// When the caller is no thread of a machine.
pub fn op<R>(at: At, f: impl FnOnce(&mut Machine, TaskId) -> R) -> Option<R> {
    let Some(ctx) = context() else { outside(at) };
    if ctx.cancelling.get() {
        return None;
    }
    if ctx.yielder.get().is_null() {
        outside(at);
    }
    let result = fiber::on_host(ctx, || {
        // SAFETY: as in `call::enter`: while a coroutine runs nobody else refers to the machine, and operations do not nest,
        // for inside one there is no yielder.
        let machine = unsafe { &mut *ctx.machine.get().cast::<Machine>() };
        machine.kernel.here = Trace::one(std::ptr::from_ref(at) as u64);
        machine.kernel.charge(OP_COST_NS);
        let current = machine.kernel.current();
        f(machine, current)
    });
    if !ctx.exploring.get() {
        ctx.budget.set(ctx.budget.get() - (OP_COST_NS / 2) as i64);
    }
    Some(result)
}

/// Gives up the CPU; returns when it is this thread's turn again.
fn give_up(ctx: &Ctx, why: Yield) {
    fiber::suspend(ctx, why);
    if ctx.cancelling.get() {
        resume_unwind(Box::new(Cancelled));
    }
}

/// Whether the caller may give up its CPU: it is on a coroutine and does not unwind.
fn may_suspend(ctx: &Ctx) -> bool {
    !ctx.cancelling.get() && !ctx.yielder.get().is_null() && !std::thread::panicking()
}

/// The caller is about to do `what`: lets a search decide who goes next. Returns when it is this thread's turn.
pub fn choice(at: At, what: &'static str, touch: Option<(u64, Manner)>, gate: Gate) {
    let Some(ctx) = context() else { outside(at) };
    if !may_suspend(ctx) {
        return;
    }
    if !ctx.exploring.get() {
        if ctx.budget.get() <= 0 {
            give_up(ctx, Yield::Preempt);
        }
        return;
    }
    let pending = Pending { touch, gate, what, at };
    // SAFETY: the machine outlives its coroutines, and nobody holds a reference to it while they run.
    unsafe { (*ctx.machine.get().cast::<Machine>()).rust.pending = Some(pending) };
    give_up(ctx, Yield::Choice);
    if let Some((object, manner)) = touch {
        note(object, manner);
    }
}

/// Notes what the present step touches.
pub fn note(object: u64, manner: Manner) {
    if let Some(ctx) = context()
        && ctx.exploring.get()
        && !ctx.cancelling.get()
    {
        // SAFETY: as in `choice`.
        unsafe { (*ctx.machine.get().cast::<Machine>()).rust.note(object, manner) };
    }
}

/// Polls an operation until it is done, sleeping in between; `None` when it cannot sleep (cancelled or unwinding). A fault
/// that ends it is reported, and the answer is `None`, too.
///
/// `touch` is what each poll touches after a sleep.
pub fn wait<T>(
    at: At,
    what: &'static str,
    touch: Option<(u64, Manner)>,
    gate: Gate,
    mut poll: impl FnMut(&mut Machine, TaskId, &mut Progress) -> Result<Op<T>, Fault>,
) -> Option<T> {
    let mut progress = Progress::default();
    loop {
        // Faults are large, and are reported where they are, so that none is carried from stack to stack.
        let outcome = op(at, |machine, current| match poll(machine, current, &mut progress) {
            Ok(Op::Block) => {
                machine.kernel.schedule(current);
                Some(Op::Block)
            }
            Ok(other) => Some(other),
            Err(fault) => {
                let deadlock = matches!(fault, Fault::Deadlock { .. });
                machine.kernel.report(fault);
                if !deadlock {
                    return None;
                }
                machine.kernel.schedule(current);
                Some(Op::Block)
            }
        })?;
        match outcome? {
            Op::Done(value) => return Some(value),
            Op::Block | Op::Spin => {}
        }
        let Some(ctx) = context().filter(|ctx| may_suspend(ctx)) else {
            // The sleep that was prepared does not happen.
            op(at, |machine, current| machine.kernel.stay_awake(current));
            return None;
        };
        // SAFETY: as in `choice`.
        unsafe { (*ctx.machine.get().cast::<Machine>()).rust.pending = Some(Pending { touch, gate, what, at }) };
        give_up(ctx, Yield::Schedule);
        if let Some((object, manner)) = touch {
            note(object, manner);
        }
    }
}

/// As [`op`] for operations after which others may have to run (an unlock, `preempt_enable()`).
pub fn releasing<R>(at: At, f: impl FnOnce(&mut Machine, TaskId) -> R) -> Option<R> {
    let (result, due) = op(at, |machine, current| {
        let result = f(machine, current);
        (result, machine.must_give_way())
    })?;
    if due
        && let Some(ctx) = context()
        && may_suspend(ctx)
    {
        give_up(ctx, Yield::Schedule);
    }
    Some(result)
}

/// A number for a new object of the calling thread.
pub fn new_object(at: At) -> Option<u64> {
    op(at, |machine, current| {
        machine.rust.objects += 1;
        machine.rust.object_number(current)
    })
}

impl State {
    /// A number for a new object of a thread.
    pub fn object_number(&mut self, current: TaskId) -> u64 {
        let Some(thread) = self.thread_mut(current) else { return OBJECT };
        thread.objects += 1;
        OBJECT | u64::from(thread.id) << 32 | u64::from(thread.objects) << 2
    }
}

/// Makes a thread that will run `body`, asleep until it is woken. The caller has a reference to it.
///
/// # Errors
/// As `kthread_create()`.
pub fn create_thread(at: At, name: &[u8], body: impl FnOnce() -> i64 + 'static) -> Option<Result<TaskId, Errno>> {
    let created = op(at, |machine, current| {
        if machine.fails("kthread_create") {
            return Err(Errno::ENOMEM);
        }
        let child = machine.kernel.kthread_create(current, 0, 0, name, None)?;
        machine.kernel.get_task(child);
        let pid = machine.kernel.tasks[child].pid;
        machine.rust.add_thread(Some(current), child, pid, Some(at), true);
        Ok(child)
    })?;
    let child = match created {
        Ok(child) => child,
        Err(errno) => return Some(Err(errno)),
    };
    let mut body: Option<Body> = Some(Box::new(body));
    op(at, |machine, _| machine.rust.put_body(child, body.take()));
    Some(Ok(child))
}

impl State {
    fn put_body(&mut self, task: TaskId, body: Option<Body>) {
        let slot = task.0 as usize;
        if self.bodies.len() <= slot {
            self.bodies.resize_with(slot + 1, || None);
        }
        self.live += 1;
        self.bodies[slot] = body;
    }

    /// The code of a thread that first runs.
    pub(crate) fn take_body(&mut self, task: TaskId) -> Option<Body> {
        self.bodies.get_mut(task.0 as usize)?.take()
    }
}

/// The life of a thread of the face, on its coroutine.
pub(crate) fn run_thread(body: Body) -> i64 {
    let at = Location::caller();
    let entered = op(at, |machine, current| {
        if let Some(thread) = machine.rust.thread(current) {
            let control = control_of(thread.id);
            machine.rust.note(control, Manner::Read);
        }
        machine.kernel.kthread_may_enter(current)
    });
    let result = match entered {
        Some(true) => guarded(body),
        _ => {
            guarded(move || {
                drop(body);
                0
            });
            Errno::EINTR.to_c()
        }
    };
    op(at, |machine, current| {
        machine.rust.live -= 1;
        if let Some(thread) = machine.rust.thread(current) {
            let exit = exit_of(thread.id);
            machine.rust.note(exit, Manner::Write);
        }
    });
    result
}

/// Runs code of the face's user; keeps its panic.
fn guarded(body: impl FnOnce() -> i64) -> i64 {
    match catch_unwind(AssertUnwindSafe(body)) {
        Ok(value) => value,
        Err(payload) => {
            keep_panic(payload);
            0
        }
    }
}

fn keep_panic(payload: Box<dyn Any + Send>) {
    if payload.is::<Cancelled>() {
        return;
    }
    let seen = hook::take();
    let message = match (payload.downcast_ref::<&str>(), payload.downcast_ref::<String>()) {
        (Some(text), _) => (*text).to_string(),
        (None, Some(text)) => text.clone(),
        (None, None) => "a panic without a message".to_string(),
    };
    // What a panic carries may be the user's: its drop runs here, on the coroutine, and its own panic goes nowhere.
    let _ = catch_unwind(AssertUnwindSafe(move || drop(payload)));
    op(Location::caller(), |machine, current| {
        let thread = machine.rust.thread(current).map_or(0, |thread| thread.id);
        let name = machine.kernel.tasks[current].name();
        let panic = Panic { task: current, thread, name, message, place: seen };
        machine.rust.panic.get_or_insert(panic);
    });
}

/// Remembers where threads of a machine panic, instead of printing it; other panics take their usual course.
mod hook {
    use std::cell::RefCell;
    use std::sync::Once;

    thread_local! {
        static SEEN: RefCell<Option<(String, u32, u32)>> = const { RefCell::new(None) };
    }

    pub(super) fn install() {
        static HOOK: Once = Once::new();
        HOOK.call_once(|| {
            let before = std::panic::take_hook();
            std::panic::set_hook(Box::new(move |info| {
                if super::inside() {
                    let place = info.location().map(|at| (at.file().to_string(), at.line(), at.column()));
                    SEEN.with(|seen| *seen.borrow_mut() = place);
                } else {
                    before(info);
                }
            }));
        });
    }

    pub(super) fn take() -> Option<(String, u32, u32)> {
        SEEN.with(|seen| seen.borrow_mut().take())
    }
}

/// From now on panics of threads are kept instead of printed.
pub fn catch_panics() {
    hook::install();
}

/// The calling thread begins to run code of a new module; its number.
pub fn enter_module(at: At) -> Option<u32> {
    op(at, |machine, current| {
        machine.rust.modules += 1;
        let module = machine.rust.modules;
        set_module(machine, current, module);
        module
    })
}

fn set_module(machine: &mut Machine, current: TaskId, module: u32) -> u32 {
    machine.rust.thread_mut(current).map_or(0, |thread| std::mem::replace(&mut thread.module, module))
}

/// The calling thread runs code of `module` from now on; what it ran before.
pub fn switch_module(at: At, module: u32) -> Option<u32> {
    op(at, |machine, current| set_module(machine, current, module))
}

/// A module is gone: no thread of it may live.
pub fn module_gone(at: At, module: u32, name: &'static str) {
    op(at, |machine, _| {
        for (slot, thread) in (0u32..).zip(&machine.rust.threads) {
            if let Some(thread) = thread
                && thread.module == module
                && let Some(task) = machine.kernel.tasks.get(TaskId(slot))
                && task.pid == thread.pid
                && !task.has_exited()
            {
                machine.rust.left_behind.get_or_insert((name, task.name(), thread.created));
                return;
            }
        }
    });
}

/// Reports a sleep in atomic context.
pub fn might_sleep(machine: &mut Machine, func: &'static str) {
    if !machine.kernel.is_atomic() {
        return;
    }
    let (preempt_count, irqs_off) = (machine.kernel.preempt_count(), machine.kernel.irqs_disabled());
    let task = &machine.kernel.tasks[machine.kernel.current()];
    let (since, held) = (task.preempt_site, task.held.clone());
    machine.kernel.report(Fault::SleepInAtomic { func, preempt_count, irqs_off, since, held, scheduling: false });
}

/// The calling thread's number.
pub fn this_thread() -> u32 {
    op(Location::caller(), |machine, current| machine.rust.thread(current).map_or(0, |thread| thread.id)).unwrap_or(0)
}

/// Whether a search explores.
pub fn exploring() -> bool {
    context().is_some_and(|ctx| ctx.exploring.get())
}

/// Makes a work that runs `run`; its number.
pub fn create_work(at: At, run: Rc<dyn Fn()>) -> Option<u64> {
    let mut run = Some(run);
    op(at, |machine, current| {
        let work = machine.rust.object_number(current);
        machine.rust.objects += 1;
        if let Some(run) = run.take() {
            machine.rust.works.insert(work, Work { run, timer: 0, queue: 0 });
        }
        work
    })
}

/// Forgets a work that is not pending; its code is given back, to be dropped outside of the machine.
pub fn forget_work(at: At, work: u64) -> Option<Rc<dyn Fn()>> {
    op(at, |machine, _| {
        let work = machine.rust.works.remove(&work)?;
        machine.rust.objects -= 1;
        machine.kernel.forget_timer(work.timer);
        Some(work.run)
    })?
}

/// Arms the timer of a delayed work; false if it was pending already.
pub fn queue_delayed(at: At, queue: u32, work: u64, jiffies: u64) -> Option<bool> {
    op(at, |machine, _| {
        if machine.kernel.work_pending(work) {
            return false;
        }
        let event = machine.kernel.event_here();
        let Some(entry) = machine.rust.works.get_mut(&work) else { return false };
        if entry.timer == 0 {
            entry.timer = machine.kernel.timers.register(work, event);
        }
        entry.queue = queue;
        let timer = entry.timer;
        let expires = machine.kernel.jiffies().wrapping_add(jiffies.max(1));
        machine.kernel.mod_timer(timer, 0, work, expires, None);
        machine.kernel.work_timer_armed(queue, work);
        true
    })
}

/// The callback of a delayed work's timer, as a gate for who wants to be sure that it does not run.
pub fn timer_gate(at: At, work: u64) -> Gate {
    let timer = op(at, |machine, _| machine.rust.works.get(&work).map_or(0, |work| work.timer));
    match timer {
        None | Some(0) => Gate::Open,
        Some(timer) => Gate::Timer(timer),
    }
}

/// Stops the timer of a delayed work and waits until its callback does not run: whether it was armed.
pub fn stop_delayed(at: At, work: u64) -> Option<bool> {
    let Gate::Timer(timer) = timer_gate(at, work) else { return Some(false) };
    let stopped =
        wait(at, "del_timer_sync", Some((work, Manner::Write)), Gate::Timer(timer), |machine, current, p| {
            Ok(machine.kernel.del_timer_sync(current, timer, false, p))
        })?;
    Some(stopped == 1)
}

/// The timer of a delayed work has gone off; false if `addr` is none of ours.
pub(crate) fn fire_timer(addr: u64) -> bool {
    let Some(ctx) = context() else { return false };
    // SAFETY: as in `choice`.
    if !unsafe { (*ctx.machine.get().cast::<Machine>()).rust.has_work(addr) } {
        return false;
    }
    op(Location::caller(), |machine, _| {
        machine.rust.note(addr, Manner::Write);
        machine.rust.note(POOLS, Manner::Write);
        if let Some(entry) = machine.rust.works.get(&addr) {
            let queue = entry.queue;
            machine.kernel.work_timer_due(None, queue, addr);
        }
    });
    true
}

/// A worker of the kernel runs a work: `None` if it is none of ours, else whether the worker goes on.
pub(crate) fn run_work(work: u64) -> Option<bool> {
    let ctx = context()?;
    // SAFETY: as in `choice`.
    let run = unsafe { Rc::clone(&(*ctx.machine.get().cast::<Machine>()).rust.works.get(&work)?.run) };
    let at = Location::caller();
    note(work, Manner::Write);
    note(POOLS, Manner::Write);
    guarded(move || {
        run();
        drop(run);
        0
    });
    let resched = op(at, |machine, current| {
        machine.rust.note(work, Manner::Write);
        machine.rust.note(POOLS, Manner::Write);
        machine.kernel.check_exit_balance(current, "return of the work function");
        machine.kernel.worker_done(current);
        machine.kernel.name_worker(current);
        machine.kernel.cond_resched(current)
    });
    if resched == Some(true) {
        fiber::suspend(ctx, Yield::Schedule);
    }
    Some(!ctx.cancelling.get())
}

/// The line a trace of the face stands for.
pub fn place_of(trace: &Trace) -> Option<At> {
    let addr = trace.0[0];
    // A shim's own notes are module addresses; the face's are those of a `Location`, which lie in the host's image.
    let guest = kloom_guest::layout::IMAGE_BASE
        ..kloom_guest::layout::IMAGE_BASE + kloom_guest::layout::IMAGE_SIZE * kloom_guest::layout::SLOTS as u64;
    if addr == 0 || guest.contains(&addr) {
        return None;
    }
    // SAFETY: in a machine of the face no module is loaded, so every trace that is not empty was made by `op` from a
    // `&'static Location`.
    Some(unsafe { &*(addr as *const Location<'static>) })
}

impl MachineHandle {
    /// Makes the task that runs `body`, runnable at once.
    ///
    /// # Errors
    /// As `kthread_create()`.
    pub fn spawn_rust(&mut self, name: &[u8], body: impl FnOnce() -> i64 + 'static) -> Result<TaskId, Errno> {
        let machine = self.get();
        let parent = machine.kernel.kthreadd;
        machine.kernel.here = Trace::default();
        let task = machine.kernel.kthread_create(parent, 0, 0, name, None)?;
        let pid = machine.kernel.tasks[task].pid;
        machine.rust.add_thread(None, task, pid, None, true);
        machine.rust.put_body(task, Some(Box::new(body)));
        machine.kernel.wake_kthread(task);
        Ok(task)
    }

    /// Makes the operations of the face choice points; the C side stays as it is.
    pub fn explore_rust(&mut self) {
        let machine = self.get();
        machine.kernel.start_stepwise();
        machine.kernel.lockdep.off = true;
        // The face says itself what it touches.
        machine.kernel.touched.on = false;
        machine.ctx().exploring.set(true);
    }

    /// Ends every coroutine of the face that has not come to its end, holders of locks first.
    pub fn cancel_rust(&mut self) {
        let machine = self.get();
        let ctx: *const Ctx = machine.ctx();
        // SAFETY: boxed, and lives as long as the machine.
        let ctx = unsafe { &*ctx };
        ctx.cancelling.set(true);
        // SAFETY: valid for the machine's life.
        unsafe { ctx::set_current(ctx) };
        let mut slots: Vec<(bool, u32)> = Vec::new();
        for (slot, thread) in (0u32..).zip(&machine.rust.threads) {
            if thread.is_some() && machine.has_fiber_in(slot) {
                let holds = machine.kernel.tasks.get(TaskId(slot)).is_some_and(|task| !task.held.is_empty());
                slots.push((!holds, slot));
            }
        }
        slots.sort_unstable();
        for (_, slot) in slots {
            let Some(fiber) = self.get().take_fiber(slot) else { continue };
            self.unwind(ctx, fiber);
        }
        let rust = &mut self.get().rust;
        let (bodies, works) = (std::mem::take(&mut rust.bodies), std::mem::take(&mut rust.works));
        rust.live = 0;
        let _ = catch_unwind(AssertUnwindSafe(move || drop((bodies, works))));
        ctx.cancelling.set(false);
    }

    fn unwind(&mut self, ctx: &Ctx, mut fiber: Fiber) {
        // A worker between two works owns nothing, and goes to sleep again.
        match fiber.resume(ctx) {
            Ran::Ended(_) | Ran::Yielded(_) => self.get().retire(fiber),
        }
    }
}
