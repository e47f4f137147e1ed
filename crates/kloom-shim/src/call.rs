//! How a shim reaches the machine, waits, and calls back into module code.

use kloom_guest::ctx::{self, Ctx};
use kloom_guest::fiber::{self, Yield};
use kloom_kernel::fault::Fault;
use kloom_kernel::ops::{Op, Progress};
use kloom_kernel::site::ContextKind;
use kloom_kernel::task::TaskId;

use crate::Machine;

/// Virtual time every call into the kernel takes.
pub(crate) const CALL_COST_NS: u64 = 40;

/// The context of the machine that runs on this thread.
pub(crate) fn ctx() -> &'static Ctx {
    // SAFETY: shims run only inside `MachineHandle::run`, which set the context; it outlives every coroutine.
    unsafe { &*ctx::current() }
}

/// Runs `f` with the machine, on the host stack, as the current task.
///
/// `f` must not call module code and must not be nested.
pub fn enter<R>(f: impl FnOnce(&mut Machine, TaskId) -> R) -> R {
    on_machine(|machine| {
        machine.settle();
        machine.capture_here();
        machine.kernel.charge(CALL_COST_NS);
        let before_ns = machine.kernel.now();
        let current = machine.kernel.current();
        let result = f(machine, current);
        if !machine.kernel.lockdep.found.is_empty() {
            machine.report_lock_orders();
        }
        let cost_ns = machine.kernel.now().saturating_sub(before_ns) + CALL_COST_NS;
        machine.deduct(cost_ns);
        machine.publish_jiffies();
        result
    })
}

/// Runs `f` with the machine, on the host stack, without the kernel's noticing.
fn on_machine<R>(f: impl FnOnce(&mut Machine) -> R) -> R {
    let ctx = ctx();
    fiber::on_host(ctx, || {
        // SAFETY: module code and the session never hold a reference to the machine while module code runs, and
        // `on_host` bars nesting, so this is the only one.
        f(unsafe { &mut *ctx.machine.get().cast::<Machine>() })
    })
}

/// Gives up the CPU because the kernel said so.
pub fn yield_cpu() {
    fiber::suspend(ctx(), Yield::Schedule);
}

/// Ends this coroutine for ever; the kernel already knows why.
pub fn never_return() -> ! {
    loop {
        fiber::suspend(ctx(), Yield::Never);
    }
}

/// Where the module's call came from, kept over a suspension.
#[derive(Clone, Copy)]
pub(crate) struct CallSite {
    call_site: u64,
    sp: u64,
    fp: u64,
}

impl CallSite {
    pub(crate) fn save() -> CallSite {
        let ctx = ctx();
        CallSite { call_site: ctx.call_site.get(), sp: ctx.sp.get(), fp: ctx.fp.get() }
    }

    pub(crate) fn restore(self) {
        let ctx = ctx();
        ctx.call_site.set(self.call_site);
        ctx.sp.set(self.sp);
        ctx.fp.set(self.fp);
    }
}

/// Polls an operation of the current task until it is done, giving up the CPU in between.
///
/// # Errors
/// A fault of the module that ends the operation. [`Fault::Deadlock`] is reported and the wait goes on, as on Linux.
pub fn blocking<T>(
    mut poll: impl FnMut(&mut Machine, TaskId, &mut Progress) -> Result<Op<T>, Fault>,
) -> Result<T, Fault> {
    let site = CallSite::save();
    let mut progress = Progress::default();
    loop {
        let outcome = enter(|machine, current| {
            let outcome = poll(machine, current, &mut progress);
            match outcome {
                // An interrupt has nothing to switch to: it keeps the CPU until what it waits for comes.
                Ok(Op::Block) if machine.kernel.context_kind() != ContextKind::Task => {
                    machine.kernel.spin_step();
                    Ok(Op::Spin)
                }
                Ok(Op::Block) => {
                    machine.warn_switch_in_rcu(current);
                    machine.kernel.schedule(current);
                    Ok(Op::Block)
                }
                Err(fault @ Fault::Deadlock { .. }) => {
                    machine.kernel.report(fault);
                    machine.kernel.schedule(current);
                    Ok(Op::Block)
                }
                other => other,
            }
        });
        match outcome? {
            Op::Done(value) => return Ok(value),
            Op::Block | Op::Spin => yield_cpu(),
        }
        site.restore();
    }
}

/// As [`blocking`] for operations that cannot fault, after the check that the caller may sleep.
pub fn sleeping<T>(name: &'static str, mut poll: impl FnMut(&mut Machine, TaskId, &mut Progress) -> Op<T>) -> T {
    might_sleep(name);
    match blocking(|machine, current, progress| Ok(poll(machine, current, progress))) {
        Ok(value) => value,
        Err(_) => unreachable!("the poll returns no fault"),
    }
}

/// Runs an operation that may let interrupts or other tasks in (an unlock, `preempt_enable()`), then gives way to them.
pub fn releasing<T: Copy>(f: impl FnOnce(&mut Machine, TaskId) -> Result<T, Fault>) -> T {
    let site = CallSite::save();
    let (result, due) = enter(|machine, current| {
        let result = f(machine, current);
        (result, machine.must_give_way())
    });
    let value = crate::oops::or_oops(result);
    if due {
        yield_cpu();
        site.restore();
    }
    value
}

/// Reports a sleep in atomic context; the sleep happens all the same, as on Linux.
pub fn might_sleep(name: &'static str) {
    enter(|machine, _| machine.might_sleep(name, false));
}

/// Calls module code with one argument.
pub fn call1(func: u64, a: u64) -> u64 {
    call3(func, a, 0, 0)
}

/// Calls module code with three arguments.
pub fn call3(func: u64, a: u64, b: u64, c: u64) -> u64 {
    call4(func, [a, b, c, 0])
}

/// Calls module code with four arguments. A wrong address faults there, as a wrong call does.
pub fn call4(func: u64, args: [u64; 4]) -> u64 {
    let [a, b, c, d] = args;
    call6(func, [a, b, c, d, 0, 0])
}

/// Calls module code with six arguments. A wrong address faults there, as a wrong call does.
pub fn call6(func: u64, args: [u64; 6]) -> u64 {
    let site = CallSite::save();
    let marker = 0u8;
    let entry_sp = ctx().entry_sp.get();
    // A function of the kernel's own that stands in a table of operations runs on top of us, so that what it calls of the
    // module is entered as from here. Called back from module code, its frames are below us.
    let on_entry = std::ptr::from_ref(&marker) as u64 > entry_sp && !is_own(func);
    if ctx().open_code.get() {
        on_machine(Machine::shut_code);
    }
    let entered = ctx().entered.replace(true);
    // SAFETY: we are on a coroutine's stack; whatever lies at `func`, the host faults or the code runs instrumented.
    // Above `entry_sp` are only kloom's own frames, below it nothing is in use: see `call_on`.
    let result = unsafe { call_on(if on_entry { entry_sp } else { 0 }, func, args) };
    ctx().returned_at.set(ctx().call_site.get());
    ctx().entered.set(entered);
    site.restore();
    result
}

/// Whether an address is in kloom's own code.
fn is_own(func: u64) -> bool {
    unsafe extern "C" {
        static __executable_start: u8;
        static etext: u8;
    }
    (&raw const __executable_start as u64..&raw const etext as u64).contains(&func)
}

/// Calls `func` with the stack pointer at `sp`, or where it is if that is 0 or if our own frames reach down beyond `sp`: how
/// large they are depends on how kloom was built, and the callee must not write over them.
///
/// # Safety
/// `sp`, if not 0, is 16-byte aligned and lies on the current stack, and nothing below both it and the current frame is in use.
unsafe fn call_on(sp: u64, func: u64, args: [u64; 6]) -> u64 {
    let result;
    // SAFETY: the registers that a callee must preserve are saved on our stack, whose pointer is kept at the callee's
    // end of its stack, and put back after the call; all registers a call may change are declared. Frames stay above
    // `sp`, so the callee cannot overwrite them; the stack is aligned here, and is after the pushes. The registers are
    // zeroed, so that an oops shows nothing of kloom's own.
    unsafe {
        std::arch::asm!(
            "push rbx",
            "push rbp",
            "push r12",
            "push r13",
            "push r14",
            "push r15",
            "mov rax, rsp",
            "test r10, r10",
            "cmovz r10, rax",
            "cmp r10, rax",
            "cmova r10, rax",
            "mov rsp, r10",
            "push rax",
            "push rax",
            "xor eax, eax",
            "xor ebx, ebx",
            "xor ebp, ebp",
            "xor r10d, r10d",
            "xor r12d, r12d",
            "xor r13d, r13d",
            "xor r14d, r14d",
            "xor r15d, r15d",
            "call r11",
            "mov rsp, [rsp]",
            "pop r15",
            "pop r14",
            "pop r13",
            "pop r12",
            "pop rbp",
            "pop rbx",
            inout("r10") sp => _,
            inout("r11") func => _,
            inout("rdi") args[0] => _,
            inout("rsi") args[1] => _,
            inout("rdx") args[2] => _,
            inout("rcx") args[3] => _,
            inout("r8") args[4] => _,
            inout("r9") args[5] => _,
            lateout("rax") result,
            clobber_abi("C"),
        );
    }
    result
}
