//! Coroutines that run module code, and the two ways out of one: giving up the CPU, and borrowing the host stack.

use corosensei::{Coroutine, CoroutineResult, Yielder};

use crate::ctx::{self, Ctx};
use crate::hostfault::{self, HostFault};
use crate::layout::THREAD_SIZE;
use crate::stack::GuestStack;

/// Why a coroutine gave up the CPU.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Yield {
    /// Its budget is used up.
    Preempt,
    /// An operation of the kernel said so; the kernel knows the rest.
    Schedule,
    /// It is about to touch something other threads can see: a search may let one of them go first.
    Choice,
    /// It must never run again (the task exited, or was killed by an oops).
    Never,
}

/// How a coroutine ended.
#[derive(Clone, Debug)]
pub enum Exit {
    /// Its function returned this.
    Returned(i64),
    /// Module code faulted.
    Fault(Box<HostFault>),
}

/// Outcome of running a coroutine for a while.
#[derive(Clone, Debug)]
pub enum Ran {
    /// It can go on later.
    Yielded(Yield),
    /// It is over.
    Ended(Exit),
}

/// One coroutine with its stack.
pub struct Fiber {
    coroutine: Coroutine<(), Yield, Exit, GuestStack>,
    yielder: *const Yielder<(), Yield>,
    top: u64,
    entry: u64,
    lowest: u64,
    entered: bool,
}

impl std::fmt::Debug for Fiber {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Fiber").field("top", &self.top).finish_non_exhaustive()
    }
}

/// Bytes of a stack that kloom's own frames above the module's first may take, beside [`THREAD_SIZE`].
///
/// Module code is entered at a fixed distance from the stack's top, so that the addresses it sees do not depend on
/// how large those frames are in a particular build of kloom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Room {
    /// A thread function or a callback: the frames are few, and the stack's first page should hold it all.
    Thread,
    /// A system call.
    Syscall,
}

impl Room {
    const fn bytes(self) -> u64 {
        match self {
            Room::Thread => 1536,
            Room::Syscall => 24 << 10,
        }
    }
}

impl Fiber {
    /// A coroutine that will run `body` on `stack`.
    pub fn new(stack: GuestStack, room: Room, body: impl FnOnce() -> i64 + 'static) -> Fiber {
        let top = stack.top();
        let entry = top - room.bytes();
        let coroutine = Coroutine::with_stack(stack, move |yielder: &Yielder<(), Yield>, ()| {
            // SAFETY: the context was set by `resume`, which runs us; it is valid while its machine runs.
            let ctx = unsafe { &*ctx::current() };
            ctx.yielder.set(yielder);
            Exit::Returned(body())
        });
        Fiber { coroutine, yielder: std::ptr::null(), top, entry, lowest: entry, entered: false }
    }

    /// Where module code has its frames: the lowest address it may use, and the end.
    pub fn frames(&self) -> (u64, u64) {
        (self.entry - THREAD_SIZE, self.top)
    }

    /// Whether module code has frames on its stack, to which it would return.
    pub fn has_entered(&self) -> bool {
        self.entered
    }

    /// Runs until it yields or ends. `ctx.budget` says for how long.
    pub fn resume(&mut self, ctx: &Ctx) -> Ran {
        ctx.yielder.set(self.yielder);
        ctx.entry_sp.set(self.entry);
        ctx.stack_floor.set(self.entry - THREAD_SIZE);
        ctx.lowest_sp.set(self.lowest);
        ctx.entered.set(self.entered);
        ctx.stack_top.set(self.top);
        ctx.resumes.set(ctx.resumes.get() + 1);
        hostfault::enter(self.coroutine.trap_handler());
        let result = self.coroutine.resume(());
        hostfault::leave();
        self.lowest = ctx.lowest_sp.get();
        self.entered = ctx.entered.get();
        self.yielder = ctx.yielder.replace(std::ptr::null());
        match result {
            CoroutineResult::Yield(why) => Ran::Yielded(why),
            CoroutineResult::Return(exit) => Ran::Ended(exit),
        }
    }

    /// Gives the stack back, whatever state the coroutine is in.
    ///
    /// # Safety
    /// If it is suspended, no frame on its stack may need `Drop`: shims keep no owning values across a suspension.
    pub unsafe fn into_stack(mut self) -> GuestStack {
        // SAFETY: the caller's promise.
        unsafe { self.coroutine.force_reset() };
        let mut stack = self.coroutine.into_stack();
        stack.lowest = self.lowest;
        stack
    }
}

/// Gives up the CPU; returns when the machine runs this coroutine again.
///
/// # Panics
/// When called on the host stack.
pub fn suspend(ctx: &Ctx, why: Yield) {
    let yielder = ctx.yielder.get();
    assert!(!yielder.is_null(), "suspend outside a coroutine");
    // SAFETY: the yielder belongs to the running coroutine (set at entry and by every resume), which is alive.
    unsafe { (*yielder).suspend(why) };
    // `resume` has put this coroutine's own values back.
}

/// What [`on_host`] runs and where its result goes, both on the coroutine's stack: only the address crosses to the host stack.
struct Hop<F, R> {
    run: Option<F>,
    result: Option<R>,
}

struct AssertSend<T>(T);
// SAFETY: the closure runs on this very OS thread, only on another stack.
unsafe impl<T> Send for AssertSend<T> {}

impl<F: FnOnce() -> R, R> AssertSend<&mut Hop<F, R>> {
    fn call(self) {
        self.0.result = self.0.run.take().map(|run| run());
    }
}

/// Runs `f` on the host stack, which is deep, and returns what it returns. On the host stack already: just runs it.
pub fn on_host<R>(ctx: &Ctx, f: impl FnOnce() -> R) -> R {
    let yielder = ctx.yielder.get();
    if yielder.is_null() {
        return f();
    }
    let mut hop = Hop { run: Some(f), result: None };
    let there = AssertSend(&mut hop);
    // While on the host stack nobody may suspend or hop again.
    ctx.yielder.set(std::ptr::null());
    // SAFETY: as in `suspend`; the coroutine stays alive for the call, which returns before anything else runs.
    unsafe { (*yielder).on_parent_stack(move || there.call()) };
    ctx.yielder.set(yielder);
    hop.result.unwrap_or_else(|| unreachable!("the host stack ran it"))
}
