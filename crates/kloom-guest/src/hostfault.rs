//! Host faults in module code become guest faults: SIGSEGV, SIGBUS, SIGILL, SIGFPE, and the timer that notices a
//! loop without any hook.
//!
//! The handler decides by the program counter: in an image (or nowhere, after a jump through a bad pointer) it is the
//! module's fault, and the coroutine ends with it; anywhere else it is a bug of kloom's own, and the process dies.

use std::cell::Cell;
use std::sync::Once;
use std::sync::atomic::{AtomicPtr, Ordering};

use corosensei::trap::CoroutineTrapHandler;

use crate::ctx;
use crate::fiber::Exit;
use crate::layout::{ARENA_BASE, ARENA_SIZE, IMAGE_BASE, IMAGE_SIZE, SLOTS};

/// Registers in the order `rax rbx rcx rdx rsi rdi rbp rsp r8 … r15 rip eflags`.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
#[expect(missing_docs, reason = "register names")]
pub struct Registers {
    pub rax: u64,
    pub rbx: u64,
    pub rcx: u64,
    pub rdx: u64,
    pub rsi: u64,
    pub rdi: u64,
    pub rbp: u64,
    pub rsp: u64,
    pub r8: u64,
    pub r9: u64,
    pub r10: u64,
    pub r11: u64,
    pub r12: u64,
    pub r13: u64,
    pub r14: u64,
    pub r15: u64,
    pub rip: u64,
    pub eflags: u64,
}

/// How far below the stack pointer addresses are taken for those of frames that are gone.
const DEAD_FRAMES: u64 = 64 << 10;

impl Registers {
    /// The registers without what is left in them of kloom's own code: of those a call may change, only addresses of
    /// guest memory are kept, so that an oops is the same in every run and build. Below the stack pointer lie frames of
    /// kloom's functions that have returned.
    fn reproducible(mut self) -> Registers {
        let dead = self.rsp.saturating_sub(DEAD_FRAMES)..self.rsp;
        let guest = |value: u64| {
            let arena = ARENA_BASE..ARENA_BASE + ARENA_SIZE * SLOTS as u64;
            in_images(value) || arena.contains(&value) && !dead.contains(&value)
        };
        let scratch = [
            &mut self.rax,
            &mut self.rcx,
            &mut self.rdx,
            &mut self.rsi,
            &mut self.rdi,
            &mut self.r8,
            &mut self.r9,
            &mut self.r10,
            &mut self.r11,
        ];
        for register in scratch {
            if !guest(*register) {
                *register = 0;
            }
        }
        self
    }
}

/// What kind of fault.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum FaultKind {
    /// Bad address (page fault), `write` and `fetch` as the CPU says.
    Page {
        /// The address.
        addr: u64,
        /// A store.
        write: bool,
        /// An instruction fetch.
        fetch: bool,
    },
    /// Non-canonical address or a privileged instruction.
    GeneralProtection,
    /// Undefined instruction.
    InvalidOpcode,
    /// Division by zero or overflow.
    Divide,
    /// `int3`.
    Breakpoint,
    /// No hook was called for a long time.
    Lockup,
}

/// A fault in module code.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct HostFault {
    /// What happened.
    pub kind: FaultKind,
    /// Registers at that point.
    pub regs: Registers,
    /// Return addresses of the module's frames, innermost first.
    pub trace: [u64; 8],
}

type Trap = CoroutineTrapHandler<Exit>;

thread_local! {
    static TRAP: Cell<Option<Trap>> = const { Cell::new(None) };
    static STALL: Cell<(u64, i64, u32)> = const { Cell::new((0, 0, 0)) };
}

/// Called before a coroutine runs.
pub(crate) fn enter(trap: Trap) {
    TRAP.with(|cell| cell.set(Some(trap)));
}

/// Called after it ran.
pub(crate) fn leave() {
    TRAP.with(|cell| cell.set(None));
}

/// CPU time without a single hook call after which module code counts as locked up.
const STALL_TICKS: u32 = 20;
const TICK_NS: i64 = 20_000_000;

/// Installs the handlers (once per process) and this OS thread's signal stack and lockup timer.
pub fn install() -> std::io::Result<ThreadGuard> {
    static HANDLERS: Once = Once::new();
    HANDLERS.call_once(|| {
        for signal in [libc::SIGSEGV, libc::SIGBUS, libc::SIGILL, libc::SIGFPE, libc::SIGTRAP, libc::SIGVTALRM] {
            // SAFETY: a zeroed sigaction is valid; `handler` has the three-argument form that SA_SIGINFO asks for
            // and touches only thread-locals, the interrupted context and the interrupted coroutine's stack.
            unsafe {
                let mut action: libc::sigaction = std::mem::zeroed();
                action.sa_sigaction = handler as *const () as usize;
                action.sa_flags = libc::SA_SIGINFO | libc::SA_ONSTACK | libc::SA_NODEFER | libc::SA_RESTART;
                libc::sigemptyset(&mut action.sa_mask);
                libc::sigaction(signal, &action, std::ptr::null_mut());
            }
        }
    });
    ThreadGuard::new()
}

/// Keeps the signal stack and the timer of an OS thread alive.
#[derive(Debug)]
pub struct ThreadGuard {
    _stack: Vec<u8>,
    timer: libc::timer_t,
}

impl ThreadGuard {
    fn new() -> std::io::Result<ThreadGuard> {
        let mut stack = vec![0u8; 64 << 10];
        let alt = libc::stack_t { ss_sp: stack.as_mut_ptr().cast(), ss_flags: 0, ss_size: stack.len() };
        // SAFETY: the memory lives in the guard, which disables the alternate stack before it goes.
        if unsafe { libc::sigaltstack(&alt, std::ptr::null_mut()) } != 0 {
            return Err(std::io::Error::last_os_error());
        }
        let mut timer: libc::timer_t = std::ptr::null_mut();
        // SAFETY: zeroed sigevent and itimerspec are valid values; the thread id is this thread's own.
        unsafe {
            let mut event: libc::sigevent = std::mem::zeroed();
            event.sigev_notify = libc::SIGEV_THREAD_ID;
            event.sigev_signo = libc::SIGVTALRM;
            event.sigev_notify_thread_id = libc::gettid();
            if libc::timer_create(libc::CLOCK_THREAD_CPUTIME_ID, &mut event, &mut timer) != 0 {
                return Err(std::io::Error::last_os_error());
            }
            let period = libc::timespec { tv_sec: 0, tv_nsec: TICK_NS };
            let spec = libc::itimerspec { it_interval: period, it_value: period };
            libc::timer_settime(timer, 0, &spec, std::ptr::null_mut());
        }
        Ok(ThreadGuard { _stack: stack, timer })
    }
}

impl Drop for ThreadGuard {
    fn drop(&mut self) {
        // SAFETY: the timer is ours; after this no handler runs on the stack we are about to free.
        unsafe {
            libc::timer_delete(self.timer);
            let off = libc::stack_t { ss_sp: std::ptr::null_mut(), ss_flags: libc::SS_DISABLE, ss_size: 0 };
            libc::sigaltstack(&off, std::ptr::null_mut());
        }
    }
}

fn in_images(ip: u64) -> bool {
    (IMAGE_BASE..IMAGE_BASE + IMAGE_SIZE * SLOTS as u64).contains(&ip)
}

/// The signal handler; see the module docs.
extern "C" fn handler(signal: libc::c_int, info: *mut libc::siginfo_t, context: *mut libc::c_void) {
    // SAFETY: the kernel passes valid pointers to a handler installed with SA_SIGINFO.
    let (info, context) = unsafe { (&*info, &mut *context.cast::<libc::ucontext_t>()) };
    let regs = registers(context);
    if signal == libc::SIGVTALRM && !stalled(regs.rip) {
        return;
    }
    // Taken, not copied: whatever comes of this, the coroutine does not go on.
    let trap = TRAP.with(Cell::take);
    let page_addr = if signal == libc::SIGSEGV || signal == libc::SIGBUS {
        // SAFETY: si_addr is valid for these signals.
        unsafe { info.si_addr() as u64 }
    } else {
        0
    };
    let error = context.uc_mcontext.gregs[libc::REG_ERR as usize] as u64;
    // A jump through a bad pointer faults on the fetch: the fault address is the program counter itself.
    let fetch = signal == libc::SIGSEGV && (page_addr == regs.rip || error & 0x10 != 0);
    let guest =
        (in_images(regs.rip) || fetch) && trap.as_ref().is_some_and(|trap| trap.stack_ptr_in_bounds(regs.rsp as usize));
    // A push or call below the guard page faults in module code with the stack pointer still in bounds.
    let Some(trap) = trap.filter(|_| guest) else {
        die(signal, page_addr, &regs);
        return;
    };
    let kind = match signal {
        libc::SIGVTALRM => FaultKind::Lockup,
        libc::SIGILL => FaultKind::InvalidOpcode,
        libc::SIGFPE => FaultKind::Divide,
        libc::SIGTRAP => FaultKind::Breakpoint,
        // Trap 13: general protection. The kernel reports it as SI_KERNEL with no address.
        _ if context.uc_mcontext.gregs[libc::REG_TRAPNO as usize] == 13 => FaultKind::GeneralProtection,
        _ => FaultKind::Page { addr: page_addr, write: error & 2 != 0, fetch },
    };
    let fault = HostFault { kind, regs: regs.reproducible(), trace: trace(&regs, fetch) };
    // SAFETY:
    // 1. The stack pointer is within the coroutine (checked above) and the fault is in module code, which owns no
    //    Rust values; the frames of ours below it (the entry) own none either.
    // 2. The registers are updated as asked before the handler returns.
    let new = unsafe { trap.setup_trap_handler(move || Exit::Fault(Box::new(fault))) };
    let gregs = &mut context.uc_mcontext.gregs;
    gregs[libc::REG_RIP as usize] = new.rip as i64;
    gregs[libc::REG_RSP as usize] = new.rsp as i64;
    gregs[libc::REG_RBP as usize] = new.rbp as i64;
    gregs[libc::REG_RDI as usize] = new.rdi as i64;
    gregs[libc::REG_RSI as usize] = new.rsi as i64;
    // Module code may have left the direction or trap flag set.
    gregs[libc::REG_EFL as usize] &= !0x0000_0000_0004_0500;
}

/// Whether module code has made no hook call since long.
fn stalled(rip: u64) -> bool {
    let ctx = ctx::current();
    if ctx.is_null() || !in_images(rip) {
        STALL.with(|stall| stall.set((0, 0, 0)));
        return false;
    }
    // SAFETY: not null, so the machine's context, alive while the machine runs.
    let now = unsafe { ((*ctx).resumes.get(), (*ctx).budget.get()) };
    STALL.with(|stall| {
        let (resumes, budget, ticks) = stall.get();
        let ticks = if (resumes, budget) == now { ticks + 1 } else { 0 };
        stall.set((now.0, now.1, ticks));
        ticks >= STALL_TICKS
    })
}

fn registers(context: &libc::ucontext_t) -> Registers {
    let reg = |index: libc::c_int| context.uc_mcontext.gregs[index as usize] as u64;
    Registers {
        rax: reg(libc::REG_RAX),
        rbx: reg(libc::REG_RBX),
        rcx: reg(libc::REG_RCX),
        rdx: reg(libc::REG_RDX),
        rsi: reg(libc::REG_RSI),
        rdi: reg(libc::REG_RDI),
        rbp: reg(libc::REG_RBP),
        rsp: reg(libc::REG_RSP),
        r8: reg(libc::REG_R8),
        r9: reg(libc::REG_R9),
        r10: reg(libc::REG_R10),
        r11: reg(libc::REG_R11),
        r12: reg(libc::REG_R12),
        r13: reg(libc::REG_R13),
        r14: reg(libc::REG_R14),
        r15: reg(libc::REG_R15),
        rip: reg(libc::REG_RIP),
        eflags: reg(libc::REG_EFL),
    }
}

/// The module's frames at the fault.
fn trace(regs: &Registers, fetch: bool) -> [u64; 8] {
    let mut out = [0; 8];
    let ctx = ctx::current();
    if ctx.is_null() {
        return out;
    }
    // SAFETY: as in `stalled`.
    let ctx = unsafe { &*ctx };
    let (low, high) = (ctx.stack_floor.get().saturating_sub(crate::layout::STACK_SLOT / 2), ctx.stack_top.get());
    let site = if fetch && !in_images(regs.rip) && regs.rsp >= low && regs.rsp + 8 <= high && regs.rsp.is_multiple_of(8)
    {
        // The bad call pushed its return address.
        // SAFETY: in the current stack, aligned.
        unsafe { *(regs.rsp as *const u64) }
    } else {
        // One past, so that like a return address it lies after the instruction it stands for.
        regs.rip + 1
    };
    ctx.call_site.set(site);
    ctx.fp.set(regs.rbp);
    ctx.backtrace(&mut out);
    out
}

/// What is written to stdout when kloom dies.
static LAST_WORDS: AtomicPtr<Vec<u8>> = AtomicPtr::new(std::ptr::null_mut());

/// Sets what is written to stdout should kloom itself fault: who reads a document there gets one even then.
pub fn set_last_words(words: Vec<u8>) {
    // Leaked: the handler may be reading the old ones.
    LAST_WORDS.store(Box::into_raw(Box::new(words)), Ordering::Release);
}

/// A fault that is not the module's: says so and ends the process.
fn die(signal: libc::c_int, addr: u64, regs: &Registers) {
    let mut buffer = [0u8; 160];
    let mut at = 0;
    let mut put = |bytes: &[u8]| {
        let len = bytes.len().min(buffer.len() - at);
        buffer[at..at + len].copy_from_slice(&bytes[..len]);
        at += len;
    };
    put(b"kloom: internal error: signal ");
    put(&hex(signal as u64));
    put(b" at ");
    put(&hex(regs.rip));
    put(b", address ");
    put(&hex(addr));
    put(b"; this is a bug in kloom, not in the module\n");
    let len = at;
    let words = LAST_WORDS.load(Ordering::Acquire);
    // SAFETY: write(2) and _exit(2) are async-signal-safe; the buffer is ours, and last words, once set, are never freed.
    unsafe {
        libc::write(2, buffer.as_ptr().cast(), len);
        if let Some(words) = words.as_ref() {
            libc::write(1, words.as_ptr().cast(), words.len());
        }
        libc::_exit(101);
    }
}

fn hex(value: u64) -> [u8; 18] {
    let mut out = *b"0x0000000000000000";
    for (i, digit) in out[2..].iter_mut().rev().enumerate() {
        *digit = b"0123456789abcdef"[(value >> (4 * i) & 15) as usize];
    }
    out
}
