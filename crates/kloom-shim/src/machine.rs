//! A machine: one kernel, one guest, and the coroutines that run module code.

use std::rc::Rc;

use kloom_guest::arena::{Arena, ArenaError};
use kloom_guest::ctx::{self, Ctx};
use kloom_guest::fiber::{Exit, Fiber, Ran, Room, Yield};
pub use kloom_guest::hostfault::set_last_words;
use kloom_guest::hostfault::{self, ThreadGuard};
use kloom_guest::image::{Image, Images};
use kloom_guest::thunk::Target;
use kloom_kernel::chooser::Chooser;
use kloom_kernel::fault::Report;
use kloom_kernel::sched::Context;
use kloom_kernel::sched::cpu::CallbackSource;
use kloom_kernel::site::{RawEvent, Trace};
use kloom_kernel::task::{Service, TaskId};
use kloom_kernel::{Config, Kernel};
use rustc_hash::FxHashMap;

use crate::call;
use crate::choice::{Announced, Pending};
use crate::export::KernelData;

/// Machines that can exist in one process at a time.
pub const MACHINES_MAX: usize = kloom_guest::layout::SLOTS;

/// What happens when a module hands kloom a pointer to a released task.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
pub enum OnUseAfterFree {
    /// Report it as KASAN would, and go on as if the object were still there.
    #[default]
    Report,
    /// Do what Linux 6.1 without KASAN was seen to do.
    Oops,
}

/// What a machine is made of; see the module docs.
pub struct Machine {
    /// The kernel.
    pub kernel: Kernel,
    /// Guest memory.
    pub arena: Arena,
    /// Loaded images by module number; unloaded ones stay, so that addresses in them can be told.
    pub images: Vec<(u32, Image)>,
    /// Places images.
    pub placer: Images,
    /// Variables of the kernel that modules can name.
    pub kdata: KernelData,
    /// What to do about stale task pointers.
    pub on_use_after_free: OnUseAfterFree,
    /// Instructions (return addresses of `trace_pc`) that ran, for coverage; empty when off.
    pub coverage: Option<FxHashMap<u64, u64>>,
    /// The last error pointers handed to the module, newest last: the value, the function, where.
    pub err_ptrs: std::collections::VecDeque<(i64, &'static str, RawEvent)>,
    /// Faults whose text is in the log already: kind and place.
    pub(crate) faults_seen: rustc_hash::FxHashSet<(std::mem::Discriminant<kloom_kernel::fault::Fault>, u64)>,
    /// Names of calls Linux has dropped that were noted already.
    pub removed_noted: Vec<String>,
    /// Per-task bookkeeping of the shims: what `kmalloc` failures to inject, …
    pub fail_after: FailPlan,
    /// Caches, pids, random numbers: what the shims of memory keep.
    pub mem: crate::memory::State,
    /// Files, entries, devices: what the shims of files keep.
    pub files: crate::fileops::State,
    /// Tasklets, interrupt lines, calls between CPUs.
    pub(crate) irqs: crate::include::interrupt::State,
    /// Workers that modules made.
    pub(crate) kworkers: crate::include::kthread_worker::State,
    /// `struct page`s.
    pub(crate) pages: crate::include::mm::State,
    /// Pointers by number.
    pub(crate) idrs: crate::include::idr::State,
    /// Threads and works whose code is Rust.
    pub rust: crate::rust::State,
    /// What the thread that stopped at a choice point does next.
    pub pending: Option<Pending>,
    pub(crate) announced: Option<Rc<Announced>>,
    pub(crate) ctx: Box<Ctx>,
    pub(crate) fibers: Vec<Option<Fiber>>,
    /// The round of a polling task that is being watched.
    pub(crate) round: Option<crate::lasso::Round>,
    /// Whether the whole machine goes round.
    pub rounds: crate::cycle::Rounds,
    pub(crate) irq_fibers: Vec<Vec<Fiber>>,
    /// Where module code's stack pointer was on each stack when its coroutine last gave up the CPU.
    pub(crate) stack_pointers: Vec<u64>,
    pub(crate) granted: i64,
    pub(crate) scale: i64,
    pub(crate) jiffies_shown: u64,
}

/// Which operations are to fail.
#[derive(Clone, Debug, Default)]
pub struct FailPlan {
    /// Names of functions that fail (`kthread_create`, `kmalloc`, …), each with the calls that do; empty: all.
    pub rules: Vec<(String, Vec<u64>)>,
    counts: Vec<u64>,
}

impl FailPlan {
    /// Adds a rule.
    pub fn add(&mut self, name: &str, calls: Vec<u64>) {
        self.rules.push((name.to_string(), calls));
        self.counts.push(0);
    }

    /// How often each function with a rule was called.
    pub fn calls(&self) -> impl Iterator<Item = (&str, u64)> {
        self.rules.iter().zip(&self.counts).map(|((name, _), &count)| (name.as_str(), count))
    }

    /// Counts a call of `name`; whether it is to fail, if there is a rule for it.
    fn count(&mut self, name: &str) -> Option<bool> {
        let index = self.rules.iter().position(|(rule, _)| rule == name)?;
        self.counts[index] += 1;
        let calls = &self.rules[index].1;
        Some(calls.is_empty() || calls.contains(&self.counts[index]))
    }
}

/// How many error pointers are remembered.
const ERR_PTRS: usize = 16;

/// Virtual nanoseconds one unit of guest work takes (a basic block or a memory access).
const UNIT_NS: i64 = 2;

/// Owns a machine. All access goes through it, so that nobody holds a reference while module code runs.
pub struct MachineHandle {
    machine: *mut Machine,
    _thread: ThreadGuard,
}

impl std::fmt::Debug for MachineHandle {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("MachineHandle")
    }
}

/// Why a machine could not be made.
#[derive(Debug)]
pub enum MachineError {
    /// No addresses.
    Arena(ArenaError),
    /// No signal stack or timer.
    Host(std::io::Error),
}

impl std::fmt::Display for MachineError {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        match self {
            MachineError::Arena(error) => error.fmt(f),
            MachineError::Host(error) => write!(f, "the host refuses a signal stack or timer: {error}"),
        }
    }
}

impl MachineHandle {
    /// Boots a machine on this OS thread. One machine runs on a thread at a time.
    ///
    /// # Errors
    /// The host refuses memory or timers.
    pub fn new(config: Config, chooser: Box<dyn Chooser>) -> Result<MachineHandle, MachineError> {
        let thread = hostfault::install().map_err(MachineError::Host)?;
        let mut arena = Arena::new().map_err(MachineError::Arena)?;
        arena.heap.limit = config.mem_bytes;
        let cpus = config.cpus as usize;
        let memory = arena.task_memory();
        let kernel = Kernel::new(config, memory, chooser);
        let kdata = KernelData::new(&mut arena, &kernel);
        let ctx = Ctx::new();
        let machine = Box::into_raw(Box::new(Machine {
            kernel,
            arena,
            images: Vec::new(),
            placer: Images::default(),
            kdata,
            on_use_after_free: OnUseAfterFree::default(),
            coverage: None,
            err_ptrs: Default::default(),
            faults_seen: Default::default(),
            removed_noted: Vec::new(),
            fail_after: FailPlan::default(),
            mem: crate::memory::State::default(),
            files: crate::fileops::State::default(),
            irqs: Default::default(),
            kworkers: Default::default(),
            pages: Default::default(),
            idrs: Default::default(),
            rust: Default::default(),
            pending: None,
            announced: None,
            ctx,
            fibers: Vec::new(),
            round: None,
            rounds: Default::default(),
            irq_fibers: (0..cpus).map(|_| Vec::new()).collect(),
            stack_pointers: Vec::new(),
            granted: 0,
            scale: 1,
            jiffies_shown: 0,
        }));
        // SAFETY: the machine was just made; the context is boxed, so its address stays.
        unsafe {
            (*machine).ctx.machine.set(machine.cast());
            ctx::set_current(&*(*machine).ctx);
        }
        let mut handle = MachineHandle { machine, _thread: thread };
        crate::include::kobject::boot(handle.get());
        crate::include::irq::boot(handle.get());
        crate::include::cpu::boot(handle.get());
        crate::include::sysctl::boot(handle.get());
        crate::include::driver::boot(handle.get());
        crate::include::mm::boot(handle.get());
        crate::include::freezer::boot(handle.get());
        crate::include::keyboard::boot(handle.get());
        let machine = handle.get();
        let init = machine.kernel.init;
        machine.set_user_memory(init);
        machine.publish_jiffies();
        Ok(handle)
    }

    /// The machine, while no module code runs.
    pub fn get(&mut self) -> &mut Machine {
        // SAFETY: the pointer is valid until drop; `&mut self` makes this the only reference, and module code runs
        // only inside `run`, which takes `&mut self` too.
        unsafe { &mut *self.machine }
    }

    /// Gives `task` something to run on its kernel stack.
    pub fn start(&mut self, task: TaskId, body: impl FnOnce() -> i64 + 'static) -> bool {
        let machine = self.get();
        let Some(stack) = machine.arena.stacks.take() else { return false };
        machine.put_fiber(task, Fiber::new(stack, Room::Syscall, body));
        true
    }

    /// Whether a task has a coroutine.
    pub fn has_fiber(&mut self, task: TaskId) -> bool {
        self.get().fibers.get(task.0 as usize).is_some_and(Option::is_some)
    }

    /// Runs the context a [`kloom_kernel::sched::Step::Run`] names for its budget. None if it had nothing to run (the
    /// caller then lets the budget pass).
    pub fn run(&mut self, context: Context, budget_ns: u64, scale: u64) -> Option<Ran> {
        let machine = self.get();
        machine.scale = scale as i64;
        let units = (budget_ns / (UNIT_NS as u64 * scale)).clamp(1, i64::MAX as u64 / 4) as i64;
        let mut fiber = match context {
            Context::Task(task) => {
                if machine.kernel.hookless.contains(&task) {
                    machine.kernel.charge(budget_ns);
                    return None;
                }
                machine.ensure_kthread_fiber(task);
                machine.fibers.get_mut(task.0 as usize)?.take()?
            }
            Context::Irq(cpu) => {
                machine.ensure_irq_fiber(cpu);
                machine.irq_fibers[cpu as usize].pop()?
            }
        };
        if fiber.has_entered() {
            machine.shut_code();
        }
        machine.publish_jiffies();
        let current = machine.kernel.current();
        let ctx: *const Ctx = &*machine.ctx;
        // SAFETY: the context is boxed and lives as long as the machine; all its fields are cells.
        let ctx = unsafe { &*ctx };
        ctx.current.set(machine.kernel.tasks[current].addr);
        ctx.budget.set(units);
        machine.granted = units;
        // SAFETY: valid for the machine's life; another machine of this thread may have run in between.
        unsafe { ctx::set_current(ctx) };
        let ran = fiber.resume(ctx);
        let machine = self.get();
        machine.settle();
        machine.note_stack_pointer();
        if let (Ran::Yielded(Yield::Preempt), Context::Task(task)) = (&ran, context) {
            machine.kernel.tasks[task].seen_at = ctx.call_site.get();
        }
        match (&ran, context) {
            (Ran::Yielded(Yield::Never) | Ran::Ended(_), _) => machine.retire(fiber),
            (Ran::Yielded(_), Context::Task(task)) => machine.put_fiber(task, fiber),
            (Ran::Yielded(_), Context::Irq(cpu)) => machine.irq_fibers[cpu as usize].push(fiber),
        }
        if let Ran::Ended(Exit::Fault(fault)) = &ran {
            self.get().host_fault(fault);
        }
        Some(ran)
    }

    /// Makes a task keep its CPU for ever without running: it spins in code without hooks.
    pub fn wedge(&mut self, task: TaskId) {
        self.get().kernel.hookless.push(task);
    }
}

impl Drop for MachineHandle {
    fn drop(&mut self) {
        // SAFETY: made by `Box::into_raw` in `new`; nothing refers to it any more. Fibers are reset, not unwound: the
        // shims keep nothing on a coroutine's stack that needs Drop.
        unsafe {
            ctx::set_current(std::ptr::null());
            let mut machine = Box::from_raw(self.machine);
            machine.drop_fibers();
        }
    }
}

impl Machine {
    /// Makes synchronising calls and marked accesses choice points, in modules that are loaded from now on.
    pub fn explore(&mut self, announced: Rc<Announced>) {
        self.kernel.start_stepwise();
        self.kernel.order.on = true;
        self.ctx.exploring.set(true);
        self.announced = Some(announced);
    }

    /// Where the frames of a task's module code are.
    pub(crate) fn fiber_frames(&self, task: TaskId) -> Option<(u64, u64)> {
        self.fibers.get(task.0 as usize)?.as_ref().map(Fiber::frames)
    }

    /// Makes plain accesses of explored code choice points, too.
    pub fn explore_racy(&mut self, racy: bool) {
        self.ctx.racy.set(racy);
    }

    /// No more choice points: virtual time decides again.
    pub fn stop_exploring(&mut self) {
        self.kernel.end_stepwise();
        self.ctx.exploring.set(false);
    }

    /// An exported function as modules of this machine are to call it.
    pub fn call_target(&self, target: Target) -> Target {
        self.announced.as_ref().map_or(target, |announced| announced.target(target))
    }

    /// Unmaps the init memory of a module.
    pub fn free_init(&mut self, module: u32) {
        let Machine { images, arena, placer, .. } = self;
        if let Some((_, image)) = images.iter_mut().find(|(id, _)| *id == module) {
            placer.free_init(arena, image);
        }
        self.ctx.open_code.set(self.placer.has_open_code());
    }

    /// Unmaps a module.
    pub fn unload(&mut self, module: u32) {
        let Machine { images, arena, placer, .. } = self;
        if let Some((_, image)) = images.iter_mut().find(|(id, _)| *id == module) {
            placer.unload(arena, image);
        }
        self.ctx.open_code.set(self.placer.has_open_code());
    }

    /// Lets the host fault who runs code that was unloaded: some is about to run that could.
    pub(crate) fn shut_code(&mut self) {
        if self.placer.has_open_code() {
            self.placer.shut(&mut self.arena);
        }
        self.ctx.open_code.set(false);
    }

    /// Charges the guest work done since the last call to the CPU's clock.
    pub(crate) fn settle(&mut self) {
        let used = self.granted - self.ctx.budget.get();
        self.granted = self.ctx.budget.get();
        self.kernel.charge((used * UNIT_NS * self.scale).max(0) as u64);
    }

    /// Takes what an operation cost off the budget of the code that called it.
    pub(crate) fn deduct(&mut self, cost_ns: u64) {
        let units = cost_ns as i64 / (UNIT_NS * self.scale);
        self.ctx.budget.set(self.ctx.budget.get() - units);
        self.granted = self.ctx.budget.get();
    }

    /// Ends the running code's budget, so that the machine looks for something else at the next hook.
    pub fn end_budget(&mut self) {
        self.settle();
        self.ctx.budget.set(0);
        self.granted = 0;
    }

    /// Writes `jiffies` where modules read it.
    pub(crate) fn publish_jiffies(&mut self) {
        let jiffies = self.kernel.jiffies();
        if jiffies != self.jiffies_shown {
            self.jiffies_shown = jiffies;
            self.arena.write_kdata(self.kdata.jiffies, &jiffies.to_le_bytes());
        }
    }

    /// The call chain of the module code that called out.
    pub(crate) fn capture_here(&mut self) {
        let mut frames = [0; 8];
        self.ctx.backtrace(&mut frames);
        // A kernel function that is a file operation was called by kloom itself, whose addresses differ in every run.
        let image = frames[0].wrapping_sub(self.arena.image_base());
        if frames[0] != 0 && image >= kloom_guest::layout::IMAGE_SIZE {
            frames = [0; 8];
            frames[0] = self.files.called_as(self.kernel.current());
        }
        self.kernel.here = Trace(frames);
        if self.kernel.calls.is_some() {
            let current = self.kernel.current();
            if let Some(calls) = &mut self.kernel.calls {
                calls.note(current, frames[0]);
            }
        }
    }

    /// Whether this call of `name` is to fail.
    pub(crate) fn fails(&mut self, name: &str) -> bool {
        debug_assert!(FAILABLE.contains(&name), "--fail {name} would be refused");
        let Some(fails) = self.fail_after.count(name) else { return false };
        // Who calls first gets the failure.
        self.kernel.touched.note(kloom_kernel::touch::FAILURES, kloom_kernel::touch::Manner::Write);
        fails
    }

    /// Remembers an error pointer a function returned, for the report if it is used.
    pub(crate) fn note_err_ptr(&mut self, errno: kloom_abi::Errno, func: &'static str) {
        if self.err_ptrs.len() == ERR_PTRS {
            self.err_ptrs.pop_front();
        }
        let at = self.kernel.event_here();
        self.err_ptrs.push_back((errno.to_c(), func, at));
    }

    /// Gives a user task an address space: a value that is not NULL, as modules test `task->mm`.
    pub fn set_user_memory(&mut self, task: TaskId) {
        let mm = self.kdata.user_mm;
        let c = self.kernel.tasks[task].c;
        c.mm.set(mm);
        c.active_mm.set(mm);
    }

    fn put_fiber(&mut self, task: TaskId, fiber: Fiber) {
        let index = task.0 as usize;
        if self.fibers.len() <= index {
            self.fibers.resize_with(index + 1, || None);
        }
        self.fibers[index] = Some(fiber);
    }

    pub(crate) fn retire(&mut self, fiber: Fiber) {
        // SAFETY: shims keep no owning values across a suspension (see the crate's docs).
        let stack = unsafe { fiber.into_stack() };
        self.arena.stacks.give_back(stack);
    }

    /// A kthread gets its coroutine when it first runs.
    fn ensure_kthread_fiber(&mut self, task: TaskId) {
        let index = task.0 as usize;
        if self.fibers.get(index).is_some_and(Option::is_some) {
            return;
        }
        if let Some(service) = self.kernel.tasks[task].service {
            let body = match service {
                Service::Worker => crate::include::workqueue::worker_thread,
                Service::Rescuer => crate::include::workqueue::rescuer_thread,
                Service::Softirq => crate::include::interrupt::ksoftirqd,
                Service::Stopper => crate::include::stop_machine::migration_thread,
                Service::Hotplug => crate::include::cpu::hotplug_thread,
            };
            if let Some(stack) = self.arena.stacks.take() {
                self.put_fiber(task, Fiber::new(stack, Room::Thread, body));
            }
            return;
        }
        if let Some(body) = self.rust.take_body(task) {
            let Some(stack) = self.arena.stacks.take() else { return };
            self.put_fiber(task, Fiber::new(stack, Room::Thread, move || crate::rust::run_thread(body)));
            return;
        }
        let Some(kthread) = self.kernel.tasks[task].kthread() else { return };
        let (func, data) = (kthread.func, kthread.data);
        let Some(stack) = self.arena.stacks.take() else { return };
        self.put_fiber(
            task,
            Fiber::new(stack, Room::Thread, move || {
                let (may_enter, should_park) = call::enter(|machine, current| {
                    let kernel = &mut machine.kernel;
                    (kernel.kthread_may_enter(current), kernel.kthread_should_park(current))
                });
                if may_enter {
                    if should_park {
                        park_before_first_run();
                    }
                    let result = call::call1(func, data) as i32 as i64;
                    crate::choice::thread_ends();
                    result
                } else {
                    kloom_abi::Errno::EINTR.to_c()
                }
            }),
        );
    }

    fn ensure_irq_fiber(&mut self, cpu: u32) {
        let frames = &self.kernel.cpus[cpu as usize].irq_frames;
        if self.irq_fibers[cpu as usize].len() >= frames.len() {
            return;
        }
        let Some(callback) = frames.last().map(|frame| frame.callback) else { return };
        let Some(stack) = self.arena.stacks.take() else { return };
        let [a, b, c] = callback.args;
        self.irq_fibers[cpu as usize].push(Fiber::new(stack, Room::Thread, move || match callback.source {
            CallbackSource::Timer(_) => {
                let ret = crate::include::timer::fire(a);
                crate::choice::ends(a);
                ret
            }
            CallbackSource::HrTimer(handle) => crate::include::hrtimer::fire(handle, a),
            CallbackSource::Other(_) => call::call3(callback.func, a, b, c) as i64,
        }));
    }

    /// Whether a task slot has a coroutine.
    pub(crate) fn has_fiber_in(&self, slot: u32) -> bool {
        self.fibers.get(slot as usize).is_some_and(Option::is_some)
    }

    /// Takes the coroutine out of a task slot.
    pub(crate) fn take_fiber(&mut self, slot: u32) -> Option<Fiber> {
        self.fibers.get_mut(slot as usize)?.take()
    }

    /// Whether `addr` is code of a loaded module; its module's name.
    pub fn module_of(&self, addr: u64) -> Option<(u32, &Image)> {
        self.images.iter().rev().find(|(_, image)| image.contains(addr)).map(|(id, image)| (*id, image))
    }

    /// The plan of the image an address lies in, with section and offset.
    pub fn locate(&self, addr: u64) -> Option<(u32, Rc<kloom_elf::Module>, kloom_elf::SectionId, u64)> {
        let (id, image) = self.module_of(addr)?;
        let (section, offset) = image.locate(addr)?;
        Some((id, Rc::clone(&image.module), section, offset))
    }

    /// Drops coroutines of tasks that are gone.
    pub fn reap_fibers(&mut self) {
        for (task, _) in std::mem::take(&mut self.kernel.dead_tasks) {
            if let Some(fiber) = self.fibers.get_mut(task.0 as usize).and_then(Option::take) {
                self.retire(fiber);
            }
            self.kernel.hookless.retain(|&spinning| spinning != task);
        }
    }

    /// Drops the coroutine of the topmost interrupt frame of a CPU.
    pub fn drop_irq_fiber(&mut self, cpu: u32) {
        if let Some(fiber) = self.irq_fibers[cpu as usize].pop() {
            self.retire(fiber);
        }
    }

    /// Takes the reports made since the last call, the same fault at the same place folded.
    pub fn take_reports(&mut self) -> Vec<Report> {
        std::mem::take(&mut self.kernel.reports)
    }

    /// The context module code runs with.
    pub(crate) fn ctx(&self) -> &Ctx {
        &self.ctx
    }

    /// Address of the context, for thunks.
    pub fn ctx_addr(&self) -> u64 {
        std::ptr::from_ref::<Ctx>(&self.ctx) as u64
    }
}

/// Functions that `--fail` can make fail.
pub const FAILABLE: &[&str] = &[
    "alloc_chrdev_region",
    "alloc_pages",
    "alloc_percpu",
    "alloc_workqueue",
    "cdev_add",
    "class_create",
    "copy_from_user",
    "copy_to_user",
    "debugfs_create_blob",
    "debugfs_create_dir",
    "debugfs_create_file",
    "debugfs_create_symlink",
    "device_create",
    "kmalloc",
    "kmem_cache_alloc",
    "kmem_cache_create",
    "kobject_create_and_add",
    "kthread_create",
    "misc_register",
    "percpu_init_rwsem",
    "proc_create",
    "register_chrdev",
    "register_chrdev_region",
    "vmalloc",
];

/// A thread that was asked to park before it ever ran parks before its function is called (kernel/kthread.c, 6.1).
fn park_before_first_run() {
    let ctx = call::ctx();
    ctx.call_site.set(0);
    ctx.fp.set(0);
    ctx.sp.set(ctx.entry_sp.get());
    call::sleeping("kthread_parkme", |machine, current, _| machine.kernel.kthread_parkme(current));
}
