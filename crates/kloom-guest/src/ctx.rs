//! The context: the few words that module code's hooks and thunks touch on every call.
//!
//! One per machine, at a fixed heap address that the thunks of that machine's images carry as a constant.

use std::cell::Cell;

use corosensei::Yielder;

use crate::fiber::Yield;

/// See the module docs. The offsets of the first three fields are known to [`crate::thunk`].
#[repr(C)]
#[derive(Debug)]
pub struct Ctx {
    /// Return address of the module's last call out.
    pub call_site: Cell<u64>,
    /// Stack pointer at that call (it points at the return address).
    pub sp: Cell<u64>,
    /// Frame pointer at that call.
    pub fp: Cell<u64>,
    /// Guest work left before the machine wants the CPU back, in hook units; the hooks count it down.
    pub budget: Cell<i64>,
    /// Where the stack pointer is when module code is entered from kloom's own frames.
    pub entry_sp: Cell<u64>,
    /// Lowest stack address module code may use now.
    pub stack_floor: Cell<u64>,
    /// Lowest stack pointer at the entry of a function of module code since the coroutine began.
    pub lowest_sp: Cell<u64>,
    /// Highest address of the current stack.
    pub stack_top: Cell<u64>,
    /// The running coroutine's yielder, null on the host stack.
    pub yielder: Cell<*const Yielder<(), Yield>>,
    /// `current`.
    pub current: Cell<u64>,
    /// Return address of the last call out that the function of a module made which returned last.
    pub returned_at: Cell<u64>,
    /// The machine, as `kloom-shim` casts it.
    pub machine: Cell<*mut ()>,
    /// A search explores: shared accesses and synchronising calls are choice points.
    pub exploring: Cell<bool>,
    /// Plain accesses are choice points as well.
    pub racy: Cell<bool>,
    /// Coroutines that are resumed now are to unwind and end.
    pub cancelling: Cell<bool>,
    /// Module code has frames on the running coroutine's stack.
    pub entered: Cell<bool>,
    /// Code that was unloaded could still run: see `Images::shut`.
    pub open_code: Cell<bool>,
    /// Resumes so far; with `budget` it tells the lockup timer whether module code made any hook call.
    pub resumes: Cell<u64>,
}

impl Ctx {
    /// A context of no machine.
    pub fn new() -> Box<Ctx> {
        Box::new(Ctx {
            call_site: Cell::new(0),
            sp: Cell::new(0),
            fp: Cell::new(0),
            budget: Cell::new(0),
            entry_sp: Cell::new(0),
            stack_floor: Cell::new(0),
            lowest_sp: Cell::new(0),
            stack_top: Cell::new(0),
            yielder: Cell::new(std::ptr::null()),
            current: Cell::new(0),
            returned_at: Cell::new(0),
            machine: Cell::new(std::ptr::null_mut()),
            exploring: Cell::new(false),
            racy: Cell::new(false),
            cancelling: Cell::new(false),
            entered: Cell::new(false),
            open_code: Cell::new(false),
            resumes: Cell::new(0),
        })
    }

    /// As when it was made; the machine and its resumes stay.
    pub fn reset(&self) {
        for cell in [
            &self.call_site,
            &self.sp,
            &self.fp,
            &self.entry_sp,
            &self.stack_floor,
            &self.lowest_sp,
            &self.stack_top,
            &self.current,
            &self.returned_at,
        ] {
            cell.set(0);
        }
        self.budget.set(0);
        self.yielder.set(std::ptr::null());
        self.exploring.set(false);
        self.racy.set(false);
        self.cancelling.set(false);
        self.entered.set(false);
        self.open_code.set(false);
    }

    /// Return addresses of the module's frames at the last call out, innermost first, by walking frame pointers.
    pub fn backtrace(&self, out: &mut [u64; 8]) {
        let (low, high) = (self.stack_floor.get().saturating_sub(crate::layout::STACK_SLOT), self.stack_top.get());
        out[0] = self.call_site.get();
        let mut count = 1;
        let mut fp = self.fp.get();
        while count < out.len() && fp.is_multiple_of(8) && fp > low && fp + 16 <= high {
            // SAFETY: `fp` lies in the current stack's slot, which is mapped and readable up to its top, and is
            // aligned; the words there are plain data.
            let (next, ret) = unsafe { (*(fp as *const u64), *((fp + 8) as *const u64)) };
            if !(crate::layout::IMAGE_BASE
                ..crate::layout::IMAGE_BASE + crate::layout::IMAGE_SIZE * crate::layout::SLOTS as u64)
                .contains(&ret)
            {
                break;
            }
            out[count] = ret;
            count += 1;
            if next <= fp {
                break;
            }
            fp = next;
        }
    }
}

thread_local! {
    static CURRENT: Cell<*const Ctx> = const { Cell::new(std::ptr::null()) };
}

/// Makes `ctx` the one that [`current`] finds on this OS thread.
///
/// # Safety
/// `ctx` must stay valid until replaced or cleared (null).
pub unsafe fn set_current(ctx: *const Ctx) {
    CURRENT.with(|current| current.set(ctx));
}

/// The context of the machine that runs on this OS thread; null if none.
#[inline]
pub fn current() -> *const Ctx {
    CURRENT.with(Cell::get)
}
