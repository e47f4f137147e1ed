//! Kernel stacks: slots of one region, pooled; a guard page below each.

use corosensei::stack::{Stack, StackPointer};

use crate::layout::{STACK_SLOT, STACKS, STACKS_SIZE};

/// `MADV_GUARD_INSTALL` (Linux 6.13): a guard without a mapping of its own.
const MADV_GUARD_INSTALL: libc::c_int = 102;

/// A stack on loan from the pool.
#[derive(Debug)]
pub struct GuestStack {
    base: u64,
    slot: u32,
    /// How far down frames of module code have been.
    pub(crate) lowest: u64,
}

impl GuestStack {
    /// Highest address (exclusive).
    pub fn top(&self) -> u64 {
        self.base
    }

    /// Number in the pool.
    pub fn slot(&self) -> u32 {
        self.slot
    }
}

// SAFETY:
// 1. The slot is `STACK_SLOT` bytes of mapped, writable memory (the arena maps the whole region) with a guard page at
//    its low end, and belongs to this value alone until it is given back to the pool.
// 2. Both ends are multiples of `STACK_SLOT`, so aligned.
unsafe impl Stack for GuestStack {
    fn base(&self) -> StackPointer {
        StackPointer::new(self.base as usize).unwrap_or_else(|| unreachable!("stack at address 0"))
    }

    fn limit(&self) -> StackPointer {
        StackPointer::new((self.base - STACK_SLOT) as usize).unwrap_or_else(|| unreachable!("stack at address 0"))
    }
}

/// The pool of stacks of one machine.
#[derive(Debug)]
pub struct StackPool {
    region: u64,
    next: u32,
    free: Vec<u32>,
    live: Vec<bool>,
    /// Slots that have their guard page.
    guarded: u32,
    /// By slot: how far down frames of module code have been.
    lowest: Vec<u64>,
    guard: Guard,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Guard {
    /// Cheap guards in the page table.
    Madvise,
    /// One mapping split per guard: only for the first [`MPROTECT_GUARDS`] stacks.
    Mprotect,
}

/// What is cleared below a module's lowest frame, for what functions of the kernel that it called have left there.
const CALLEES: u64 = 4096;

/// The host allows about 65 000 mappings per process; two per guard.
const MPROTECT_GUARDS: u32 = 16_000;

impl StackPool {
    /// The pool over the stack region of the arena at `base`.
    pub(crate) fn new(base: u64) -> StackPool {
        StackPool {
            region: base + STACKS,
            next: 0,
            free: Vec::new(),
            live: Vec::new(),
            guarded: 0,
            lowest: Vec::new(),
            guard: Guard::Madvise,
        }
    }

    /// A stack; the last one given back first, for its pages are warm. None when all addresses are in use.
    pub fn take(&mut self) -> Option<GuestStack> {
        let slot = match self.free.pop() {
            Some(slot) => slot,
            None => {
                let slot = self.next;
                if u64::from(slot) * STACK_SLOT + STACK_SLOT > STACKS_SIZE {
                    return None;
                }
                self.next += 1;
                self.live.push(false);
                if slot == self.guarded {
                    self.guarded += 1;
                    self.lowest.push(u64::MAX);
                    self.install_guard(slot);
                }
                slot
            }
        };
        self.live[slot as usize] = true;
        let base = self.region + (u64::from(slot) + 1) * STACK_SLOT;
        Some(GuestStack { base, slot, lowest: base })
    }

    /// Takes a stack back.
    pub fn give_back(&mut self, stack: GuestStack) {
        self.live[stack.slot as usize] = false;
        let lowest = &mut self.lowest[stack.slot as usize];
        *lowest = stack.lowest.min(*lowest);
        self.free.push(stack.slot);
    }

    /// Whether the stack that `addr` lies in is in use; None if `addr` is in no stack ever used.
    #[inline]
    pub fn is_live(&self, addr: u64) -> Option<bool> {
        let slot = addr.checked_sub(self.region)? / STACK_SLOT;
        self.live.get(usize::try_from(slot).ok()?).copied()
    }

    /// Makes the pool look as new. No stack may be on loan.
    pub(crate) fn restore(&mut self) {
        for (slot, lowest) in (0..self.next).zip(&mut self.lowest) {
            let floor = self.region + u64::from(slot) * STACK_SLOT + 4096;
            let top = floor - 4096 + STACK_SLOT;
            let low = std::mem::replace(lowest, u64::MAX).saturating_sub(CALLEES).clamp(floor, top);
            // SAFETY: part of a slot above its guard page, mapped and on loan to nobody.
            unsafe { std::ptr::write_bytes(low as *mut u8, 0, (top - low) as usize) };
        }
        self.next = 0;
        self.free.clear();
        self.live.clear();
    }

    fn install_guard(&mut self, slot: u32) {
        let addr = (self.region + u64::from(slot) * STACK_SLOT) as *mut libc::c_void;
        if self.guard == Guard::Madvise {
            // SAFETY: the page belongs to a slot that was never handed out; nothing is stored there.
            if unsafe { libc::madvise(addr, 4096, MADV_GUARD_INSTALL) } == 0 {
                return;
            }
            self.guard = Guard::Mprotect;
        }
        if slot < MPROTECT_GUARDS {
            // SAFETY: as above. Should it fail, the hooks' stack check still stands.
            unsafe { libc::mprotect(addr, 4096, libc::PROT_NONE) };
        }
    }
}
