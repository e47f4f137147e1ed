//! The compiler's hooks: what instrumented code calls before each memory access, at each basic block, and for atomics.
//!
//! Each hook counts the work down; when the budget is used up the CPU goes back to the machine. Plain accesses pass
//! the arena's check first, so nothing outside guest memory is ever touched.

use kloom_guest::ctx::Ctx;
use kloom_guest::fiber::{self, Yield};
use kloom_kernel::order::{Happened, How};

use crate::Machine;
use crate::call::CallSite;
use crate::choice::{marked_access, range_access};
use crate::oops::{self, After};

fn spend(ctx: &Ctx) {
    let left = ctx.budget.get() - 1;
    ctx.budget.set(left);
    if left < 0 {
        preempt(ctx);
    }
}

#[cold]
#[inline(never)]
fn preempt(ctx: &Ctx) {
    let site = CallSite::save();
    fiber::suspend(ctx, Yield::Preempt);
    site.restore();
}

#[inline(always)]
fn access(addr: u64, size: u64, write: bool, ctx: &Ctx) {
    spend(ctx);
    // SAFETY: the machine outlives its coroutines, and nobody holds a mutable reference while module code runs; the
    // reference ends before anything else can.
    let verdict = unsafe { (*ctx.machine.get().cast::<Machine>()).arena.check(addr, size, write) };
    if verdict.is_err() {
        bad_access(addr, size, write);
    }
}

/// Notes an access, for whoever looks for data races. What lies on a stack, in a `task_struct` or is the kernel's own is
/// not looked at.
#[cold]
#[inline(never)]
fn note_access(ctx: &Ctx, addr: u64, size: u64, how: How, ip: u64) {
    // SAFETY: as in `access`.
    let machine = unsafe { &mut *ctx.machine.get().cast::<Machine>() };
    if machine.kernel.order.on && machine.arena.is_shared(addr) {
        machine.kernel.order.access(addr, size, how, ip);
    }
}

#[inline(always)]
fn plain_access(addr: u64, size: u64, write: bool, ctx: &Ctx, ip: u64) {
    if ctx.exploring.get() {
        return explored_access(addr, size, write, ctx, ip);
    }
    access(addr, size, write, ctx);
}

/// A plain access while a search explores.
#[inline(never)]
fn explored_access(addr: u64, size: u64, write: bool, ctx: &Ctx, ip: u64) {
    if ctx.racy.get() {
        return volatile_access(addr, size, write, ctx, ip);
    }
    access(addr, size, write, ctx);
    if ctx.exploring.get() {
        note_access(ctx, addr, size, How { write, read: !write, ..How::default() }, ip);
    }
}

/// A volatile access. A read as wide as a pointer stands for the dependency that follows such reads.
#[inline]
fn volatile_access(addr: u64, size: u64, write: bool, ctx: &Ctx, ip: u64) {
    marked_access(ctx, addr, write);
    access(addr, size, write, ctx);
    if ctx.exploring.get() {
        let how = How { write, read: !write, marked: true, acquire: !write && size == 8, release: false };
        note_access(ctx, addr, size, how, ip);
    }
}

#[cold]
#[inline(never)]
fn bad_access(addr: u64, size: u64, write: bool) {
    let fatal = crate::call::enter(|machine, _| {
        let Err(bad) = machine.arena.check_range(addr, size, write) else { return None };
        let ip = machine.kernel.here.0[0];
        match machine.access_fault(bad, addr, size, write, ip) {
            (fault, After::GoOn) => {
                machine.report_once(fault);
                None
            }
            (fault, After::Die) => Some(fault),
        }
    });
    if let Some(fault) = fatal {
        oops::call_oops(fault);
    }
}

macro_rules! accesses {
    ($($read:ident $write:ident $size:literal;)*) => {$(
        pub(crate) extern "C" fn $read(addr: u64, ctx: &Ctx, ip: u64) {
            plain_access(addr, $size, false, ctx, ip);
        }
        pub(crate) extern "C" fn $write(addr: u64, ctx: &Ctx, ip: u64) {
            plain_access(addr, $size, true, ctx, ip);
        }
    )*};
}

macro_rules! marked_accesses {
    ($($read:ident $write:ident $size:literal;)*) => {$(
        pub(crate) extern "C" fn $read(addr: u64, ctx: &Ctx, ip: u64) {
            volatile_access(addr, $size, false, ctx, ip);
        }
        pub(crate) extern "C" fn $write(addr: u64, ctx: &Ctx, ip: u64) {
            volatile_access(addr, $size, true, ctx, ip);
        }
    )*};
}

marked_accesses! {
    volatile_read1 volatile_write1 1;
    volatile_read2 volatile_write2 2;
    volatile_read4 volatile_write4 4;
    volatile_read8 volatile_write8 8;
    volatile_read16 volatile_write16 16;
}

accesses! {
    read1 write1 1;
    read2 write2 2;
    read4 write4 4;
    read8 write8 8;
    read16 write16 16;
}

pub(crate) extern "C" fn read_range(addr: u64, size: u64, ctx: &Ctx, ip: u64) {
    range(addr, size, false, ctx, ip);
}

pub(crate) extern "C" fn write_range(addr: u64, size: u64, ctx: &Ctx, ip: u64) {
    range(addr, size, true, ctx, ip);
}

fn range(addr: u64, size: u64, write: bool, ctx: &Ctx, ip: u64) {
    if ctx.racy.get() && ctx.exploring.get() {
        let range = addr..addr.saturating_add(size);
        let (read, written) = if write { (None, Some(range)) } else { (Some(range), None) };
        range_access(ctx, read.into_iter(), written);
    }
    spend(ctx);
    // SAFETY: as in `access`.
    let verdict = unsafe { (*ctx.machine.get().cast::<Machine>()).arena.check_range(addr, size, write) };
    if verdict.is_err() {
        bad_access(addr, size, write);
    }
    if ctx.exploring.get() {
        note_access(ctx, addr, size, How { write, read: !write, marked: ctx.racy.get(), ..How::default() }, ip);
    }
}

pub(crate) extern "C" fn func_entry(_caller: u64, ctx: &Ctx, _ip: u64) {
    let sp = ctx.sp.get();
    if sp < ctx.lowest_sp.get() {
        ctx.lowest_sp.set(sp);
        if sp < ctx.stack_floor.get() {
            stack_overflow(ctx);
        }
    }
}

#[cold]
#[inline(never)]
fn stack_overflow(ctx: &Ctx) {
    use kloom_kernel::fault::Fault;
    let used = ctx.stack_top.get() - ctx.sp.get();
    oops::call_oops(Fault::StackOverflow { ip: ctx.call_site.get(), used });
}

pub(crate) extern "C" fn func_exit(_ctx: &Ctx, _ip: u64) {}

pub(crate) extern "C" fn nothing() {}

pub(crate) extern "C" fn trace_pc(ctx: &Ctx, ip: u64) {
    spend(ctx);
    // SAFETY: as in `access`; the coverage map is the hooks' own.
    unsafe {
        if let Some(coverage) = &mut (*ctx.machine.get().cast::<Machine>()).coverage {
            *coverage.entry(ip).or_default() += 1;
        }
    }
}

macro_rules! atomics {
    ($($ty:ty: $load:ident $store:ident $exchange:ident $add:ident $sub:ident $and:ident $or:ident $xor:ident $nand:ident $cas:ident $cas_weak:ident;)*) => {$(
        pub(crate) extern "C" fn $load(addr: u64, order: i32) -> $ty {
            atomic_access(addr, size_of::<$ty>() as u64, false);
            note_atomic(addr, size_of::<$ty>() as u64, true, false, order);
            // SAFETY: checked guest memory; the machine is one OS thread, so a plain access is atomic.
            unsafe { (addr as *const $ty).read_unaligned() }
        }
        pub(crate) extern "C" fn $store(addr: u64, value: $ty, order: i32) {
            atomic_access(addr, size_of::<$ty>() as u64, true);
            note_atomic(addr, size_of::<$ty>() as u64, false, true, order);
            // SAFETY: as above.
            unsafe { (addr as *mut $ty).write_unaligned(value) }
        }
        atomics!(@rmw $ty, $exchange, |_old, value| value);
        atomics!(@rmw $ty, $add, |old, value| old.wrapping_add(value));
        atomics!(@rmw $ty, $sub, |old, value| old.wrapping_sub(value));
        atomics!(@rmw $ty, $and, |old, value| old & value);
        atomics!(@rmw $ty, $or, |old, value| old | value);
        atomics!(@rmw $ty, $xor, |old, value| old ^ value);
        atomics!(@rmw $ty, $nand, |old, value| !(old & value));
        pub(crate) extern "C" fn $cas(addr: u64, expected: u64, desired: $ty, success: i32, failure: i32) -> i32 {
            let size = size_of::<$ty>() as u64;
            atomic_access(addr, size, true);
            access(expected, size, true, crate::call::ctx());
            // SAFETY: as above.
            unsafe {
                let old = (addr as *const $ty).read_unaligned();
                let same = old == (expected as *const $ty).read_unaligned();
                note_atomic(addr, size, true, same, if same { success } else { failure });
                if same {
                    (addr as *mut $ty).write_unaligned(desired);
                    1
                } else {
                    (expected as *mut $ty).write_unaligned(old);
                    0
                }
            }
        }
        pub(crate) extern "C" fn $cas_weak(addr: u64, expected: u64, desired: $ty, success: i32, failure: i32) -> i32 {
            $cas(addr, expected, desired, success, failure)
        }
    )*};
    (@rmw $ty:ty, $name:ident, $op:expr) => {
        pub(crate) extern "C" fn $name(addr: u64, value: $ty, order: i32) -> $ty {
            atomic_access(addr, size_of::<$ty>() as u64, true);
            note_atomic(addr, size_of::<$ty>() as u64, true, true, order);
            // SAFETY: checked guest memory; one OS thread.
            unsafe {
                let old = (addr as *const $ty).read_unaligned();
                let op: fn($ty, $ty) -> $ty = $op;
                (addr as *mut $ty).write_unaligned(op(old, value));
                old
            }
        }
    };
}

fn atomic_access(addr: u64, size: u64, write: bool) {
    let ctx = crate::call::ctx();
    marked_access(ctx, addr, write);
    access(addr, size, write, ctx);
}

/// The order of an atomic access, as the compiler numbers them: relaxed, consume, acquire, release, both, sequential.
#[inline]
fn note_atomic(addr: u64, size: u64, read: bool, write: bool, order: i32) {
    let ctx = crate::call::ctx();
    if ctx.exploring.get() {
        let how = How {
            write,
            read,
            marked: true,
            acquire: read && matches!(order, 1 | 2 | 4 | 5),
            release: write && matches!(order, 3..=5),
        };
        note_access(ctx, addr, size, how, ctx.call_site.get());
    }
}

atomics! {
    u8: load8 store8 exchange8 add8 sub8 and8 or8 xor8 nand8 cas8 cas_weak8;
    u16: load16 store16 exchange16 add16 sub16 and16 or16 xor16 nand16 cas16 cas_weak16;
    u32: load32 store32 exchange32 add32 sub32 and32 or32 xor32 nand32 cas32 cas_weak32;
    u64: load64 store64 exchange64 add64 sub64 and64 or64 xor64 nand64 cas64 cas_weak64;
}

/// gcc's library call for `__builtin_popcountl()`; the kernel has a function of its own behind it.
pub(crate) extern "C" fn popcount64(value: u64) -> i32 {
    value.count_ones() as i32
}

pub(crate) extern "C" fn fence(order: i32) {
    let ctx = crate::call::ctx();
    spend(ctx);
    if ctx.exploring.get() {
        crate::call::enter(|machine, _| machine.note_fence(matches!(order, 1 | 2 | 4 | 5), matches!(order, 3..=5)));
    }
}

impl Machine {
    /// Notes a memory barrier of the running code.
    pub(crate) fn note_fence(&mut self, acquire: bool, release: bool) {
        if self.kernel.order.on {
            self.kernel.order_actor();
            self.kernel.order.log.push(Happened::Fence { acquire, release });
        }
    }
}
