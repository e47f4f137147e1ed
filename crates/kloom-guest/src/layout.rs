//! The address map of a machine. Addresses are fixed, so what a module prints of them is the same in every run.
//!
//! Images lie below 2 GiB, where the 32-bit relocations of `-mcmodel=kernel` reach. The rest is one range of 1 TiB.
//! A second machine in the same process gets the next slot of both.

/// Most machines at once in one process.
pub const SLOTS: usize = 24;

/// First image address of slot 0.
pub const IMAGE_BASE: u64 = 0x1000_0000;
/// Bytes of images per machine.
pub const IMAGE_SIZE: u64 = 0x0400_0000;

/// First address of slot 0's arena.
pub const ARENA_BASE: u64 = 0x2000_0000_0000;
/// Bytes of arena per machine.
pub const ARENA_SIZE: u64 = 0x0100_0000_0000;

const GIB: u64 = 1 << 30;

/// `task_struct`s: offset, bytes, and bytes per slot.
pub const TASKS: u64 = 0;
/// Bytes of the task region.
pub const TASKS_SIZE: u64 = 4 * GIB;
/// Bytes from one `task_struct` to the next.
pub const TASK_STRIDE: u64 = 1024;

/// Bytes from a per-CPU variable of one CPU to that of the next; no image's per-CPU section is larger.
pub const PERCPU_STRIDE: u64 = 32 << 10;

/// Exported variables of the kernel (`jiffies`, …): the end of the image window, for modules reach them by the same
/// 32-bit relocations.
pub const KDATA: u64 = IMAGE_SIZE - KDATA_SIZE;
/// Bytes of exported variables and other kernel objects modules read.
pub const KDATA_SIZE: u64 = 1 << 20;

/// Memory modules allocate.
pub const HEAP: u64 = 32 * GIB;
/// Bytes of heap addresses.
pub const HEAP_SIZE: u64 = 64 * GIB;

/// Kernel stacks.
pub const STACKS: u64 = 128 * GIB;
/// Bytes of stack addresses.
pub const STACKS_SIZE: u64 = 128 * GIB;
/// Bytes of addresses per stack.
pub const STACK_SLOT: u64 = 64 << 10;
/// What module code may use of a stack: Linux's THREAD_SIZE.
pub const THREAD_SIZE: u64 = 16 << 10;

/// Buffers of user tasks.
pub const USER: u64 = 512 * GIB;
/// Bytes of user addresses.
pub const USER_SIZE: u64 = 16 * GIB;

/// One shadow byte per 8 bytes of heap.
pub const SHADOW: u64 = 640 * GIB;
/// Bytes of shadow.
pub const SHADOW_SIZE: u64 = HEAP_SIZE / 8;
