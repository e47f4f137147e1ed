//! The symbol table: every function and variable a module can name.

use std::rc::Rc;

use kloom_guest::arena::Arena;
use kloom_guest::image::Resolved;
use kloom_guest::thunk::{Call, Target};
use kloom_kernel::Kernel;
use rustc_hash::FxHashMap;

use crate::{hooks, include};

/// One function modules can call.
#[derive(Clone, Copy)]
pub struct Export {
    /// Its name in C.
    pub name: &'static str,
    /// The Rust function.
    pub function: *const (),
    /// How it is called.
    pub call: Call,
}

// SAFETY: a function's address is the same on every thread and never changes.
unsafe impl Sync for Export {}

impl std::fmt::Debug for Export {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(self.name)
    }
}

/// Builds a header's table: `exports![plain: a, b; variadic: c; named: "yield" => yield_]`.
#[macro_export]
macro_rules! exports {
    (plain: $($plain:ident),* ; variadic: $($variadic:ident),* ; named: $($cname:literal => $function:ident),* $(,)?) => {
        /// The functions of this header.
        pub static EXPORTS: &[$crate::export::Export] = &[
            $($crate::export::Export { name: stringify!($plain), function: $plain as *const (), call: kloom_guest::thunk::Call::Plain },)*
            $($crate::export::Export { name: stringify!($variadic), function: $variadic as *const (), call: kloom_guest::thunk::Call::Variadic },)*
            $($crate::export::Export { name: $cname, function: $function as *const (), call: kloom_guest::thunk::Call::Plain },)*
        ];
    };
}

macro_rules! hook_table {
    ($($name:literal $function:ident $call:expr;)*) => {
        static HOOKS: &[Export] = &[$(Export { name: $name, function: hooks::$function as *const (), call: $call },)*];
    };
}

hook_table! {
    "__tsan_init" nothing Call::Plain;
    "__tsan_func_entry" func_entry Call::Hook(1);
    "__tsan_func_exit" func_exit Call::Hook(0);
    "__sanitizer_cov_trace_pc" trace_pc Call::Hook(0);
    "__tsan_read1" read1 Call::Hook(1);
    "__tsan_read2" read2 Call::Hook(1);
    "__tsan_read4" read4 Call::Hook(1);
    "__tsan_read8" read8 Call::Hook(1);
    "__tsan_read16" read16 Call::Hook(1);
    "__tsan_write1" write1 Call::Hook(1);
    "__tsan_write2" write2 Call::Hook(1);
    "__tsan_write4" write4 Call::Hook(1);
    "__tsan_write8" write8 Call::Hook(1);
    "__tsan_write16" write16 Call::Hook(1);
    "__tsan_volatile_read1" volatile_read1 Call::Hook(1);
    "__tsan_volatile_read2" volatile_read2 Call::Hook(1);
    "__tsan_volatile_read4" volatile_read4 Call::Hook(1);
    "__tsan_volatile_read8" volatile_read8 Call::Hook(1);
    "__tsan_volatile_read16" volatile_read16 Call::Hook(1);
    "__tsan_volatile_write1" volatile_write1 Call::Hook(1);
    "__tsan_volatile_write2" volatile_write2 Call::Hook(1);
    "__tsan_volatile_write4" volatile_write4 Call::Hook(1);
    "__tsan_volatile_write8" volatile_write8 Call::Hook(1);
    "__tsan_volatile_write16" volatile_write16 Call::Hook(1);
    "__tsan_unaligned_read2" read2 Call::Hook(1);
    "__tsan_unaligned_read4" read4 Call::Hook(1);
    "__tsan_unaligned_read8" read8 Call::Hook(1);
    "__tsan_unaligned_read16" read16 Call::Hook(1);
    "__tsan_unaligned_write2" write2 Call::Hook(1);
    "__tsan_unaligned_write4" write4 Call::Hook(1);
    "__tsan_unaligned_write8" write8 Call::Hook(1);
    "__tsan_unaligned_write16" write16 Call::Hook(1);
    "__tsan_unaligned_volatile_read2" volatile_read2 Call::Hook(1);
    "__tsan_unaligned_volatile_read4" volatile_read4 Call::Hook(1);
    "__tsan_unaligned_volatile_read8" volatile_read8 Call::Hook(1);
    "__tsan_unaligned_volatile_write2" volatile_write2 Call::Hook(1);
    "__tsan_unaligned_volatile_write4" volatile_write4 Call::Hook(1);
    "__tsan_unaligned_volatile_write8" volatile_write8 Call::Hook(1);
    "__tsan_read_write1" write1 Call::Hook(1);
    "__tsan_read_write2" write2 Call::Hook(1);
    "__tsan_read_write4" write4 Call::Hook(1);
    "__tsan_read_write8" write8 Call::Hook(1);
    "__tsan_vptr_read" read8 Call::Hook(1);
    "__tsan_read_range" read_range Call::Hook(2);
    "__tsan_write_range" write_range Call::Hook(2);
    "__popcountdi2" popcount64 Call::Plain;
    "__tsan_atomic_thread_fence" fence Call::Plain;
    "__tsan_atomic_signal_fence" fence Call::Plain;
    "__tsan_atomic8_load" load8 Call::Plain;
    "__tsan_atomic16_load" load16 Call::Plain;
    "__tsan_atomic32_load" load32 Call::Plain;
    "__tsan_atomic64_load" load64 Call::Plain;
    "__tsan_atomic8_store" store8 Call::Plain;
    "__tsan_atomic16_store" store16 Call::Plain;
    "__tsan_atomic32_store" store32 Call::Plain;
    "__tsan_atomic64_store" store64 Call::Plain;
    "__tsan_atomic8_exchange" exchange8 Call::Plain;
    "__tsan_atomic16_exchange" exchange16 Call::Plain;
    "__tsan_atomic32_exchange" exchange32 Call::Plain;
    "__tsan_atomic64_exchange" exchange64 Call::Plain;
    "__tsan_atomic8_fetch_add" add8 Call::Plain;
    "__tsan_atomic16_fetch_add" add16 Call::Plain;
    "__tsan_atomic32_fetch_add" add32 Call::Plain;
    "__tsan_atomic64_fetch_add" add64 Call::Plain;
    "__tsan_atomic8_fetch_sub" sub8 Call::Plain;
    "__tsan_atomic16_fetch_sub" sub16 Call::Plain;
    "__tsan_atomic32_fetch_sub" sub32 Call::Plain;
    "__tsan_atomic64_fetch_sub" sub64 Call::Plain;
    "__tsan_atomic8_fetch_and" and8 Call::Plain;
    "__tsan_atomic16_fetch_and" and16 Call::Plain;
    "__tsan_atomic32_fetch_and" and32 Call::Plain;
    "__tsan_atomic64_fetch_and" and64 Call::Plain;
    "__tsan_atomic8_fetch_or" or8 Call::Plain;
    "__tsan_atomic16_fetch_or" or16 Call::Plain;
    "__tsan_atomic32_fetch_or" or32 Call::Plain;
    "__tsan_atomic64_fetch_or" or64 Call::Plain;
    "__tsan_atomic8_fetch_xor" xor8 Call::Plain;
    "__tsan_atomic16_fetch_xor" xor16 Call::Plain;
    "__tsan_atomic32_fetch_xor" xor32 Call::Plain;
    "__tsan_atomic64_fetch_xor" xor64 Call::Plain;
    "__tsan_atomic8_fetch_nand" nand8 Call::Plain;
    "__tsan_atomic16_fetch_nand" nand16 Call::Plain;
    "__tsan_atomic32_fetch_nand" nand32 Call::Plain;
    "__tsan_atomic64_fetch_nand" nand64 Call::Plain;
    "__tsan_atomic8_compare_exchange_strong" cas8 Call::Plain;
    "__tsan_atomic16_compare_exchange_strong" cas16 Call::Plain;
    "__tsan_atomic32_compare_exchange_strong" cas32 Call::Plain;
    "__tsan_atomic64_compare_exchange_strong" cas64 Call::Plain;
    "__tsan_atomic8_compare_exchange_weak" cas_weak8 Call::Plain;
    "__tsan_atomic16_compare_exchange_weak" cas_weak16 Call::Plain;
    "__tsan_atomic32_compare_exchange_weak" cas_weak32 Call::Plain;
    "__tsan_atomic64_compare_exchange_weak" cas_weak64 Call::Plain;
}

/// Finds functions by name.
#[derive(Debug)]
pub struct Symbols {
    by_name: FxHashMap<&'static str, Target>,
    hooks: FxHashMap<&'static str, Target>,
}

impl Symbols {
    /// The table of all headers.
    pub fn new() -> Symbols {
        let target = |export: &Export| (export.name, Target { addr: export.function as u64, call: export.call });
        Symbols {
            by_name: include::ALL.iter().flat_map(|table| table.iter()).map(target).collect(),
            hooks: HOOKS.iter().map(target).collect(),
        }
    }

    /// A function by its C name, or a compiler hook.
    pub fn function(&self, name: &str) -> Option<Target> {
        self.by_name.get(name).or_else(|| self.hooks.get(name)).copied()
    }

    /// Names of all exported functions (hooks are no exports), sorted.
    pub fn names(&self) -> Vec<&'static str> {
        let mut names: Vec<&'static str> = self.by_name.keys().copied().collect();
        names.sort_unstable();
        names
    }
}

impl Default for Symbols {
    fn default() -> Self {
        Symbols::new()
    }
}

/// `SYSTEM_RUNNING` of `enum system_states`.
const SYSTEM_RUNNING: u32 = 3;

/// Queues in the table of `__var_waitqueue()`, and the size of each.
pub(crate) const WAIT_TABLE_QUEUES: u64 = 256;
const WAIT_QUEUE_SIZE: u64 = 32;

/// Variables of the kernel that modules can name.
#[derive(Clone, Debug, Default)]
pub struct KernelData {
    /// Address of `jiffies`.
    pub jiffies: u64,
    /// The `mm_struct` all user tasks share: modules only ask whether there is one.
    pub user_mm: u64,
    /// Address of the queues of `__var_waitqueue()`, and their handles.
    pub(crate) wait_table: u64,
    pub(crate) wait_handles: Vec<u32>,
    /// Addresses of `struct hrtimer_clock_base`, by clock.
    clock_bases: Vec<(i32, u64)>,
    by_name: Rc<FxHashMap<String, u64>>,
}

/// What the stack protector puts below return addresses.
const STACK_CANARY: u64 = 0x6b6c_6f6f_6d21_0a00;
/// Room for `struct mm_struct`, `cred` and `signal_struct` (include/layout_probe.c prints their sizes).
const MM_SIZE: usize = 512;
const CRED_SIZE: usize = 256;
const SIGNAL_SIZE: usize = 1024;
/// Offset of `nr_threads` in `signal_struct`.
const NR_THREADS: u64 = 8;

/// `struct new_utsname`: what `uname` prints, 65 bytes each.
fn uts_names(release: &str) -> Vec<u8> {
    const FIELD: usize = 65;
    let mut bytes = Vec::new();
    for text in ["Linux", "kloom", release, "#1 SMP PREEMPT_DYNAMIC kloom", "x86_64", "(none)"] {
        bytes.extend(text.bytes().take(FIELD - 1));
        bytes.resize(bytes.len().next_multiple_of(FIELD), 0);
    }
    bytes
}

impl KernelData {
    pub(crate) fn new(arena: &mut Arena, kernel: &Kernel) -> KernelData {
        let mut data = KernelData {
            jiffies: arena.alloc_kdata(8),
            user_mm: 0,
            wait_table: arena.alloc_kdata(WAIT_TABLE_QUEUES * WAIT_QUEUE_SIZE),
            wait_handles: vec![0; WAIT_TABLE_QUEUES as usize],
            clock_bases: Vec::new(),
            by_name: Rc::default(),
        };
        data.add_clock_bases(arena);
        let online = kernel.online_mask().to_le_bytes();
        for name in ["__cpu_possible_mask", "__cpu_online_mask", "__cpu_present_mask", "__cpu_active_mask"] {
            data.add(arena, name, &online);
        }
        data.add(arena, "nr_cpu_ids", &(kernel.cpus.len() as u32).to_le_bytes());
        data.add(arena, "sys_tz", &[0; 8]);
        include::workqueue::add_system_queues(&mut data, arena);
        for (name, size) in [
            ("init_user_ns", 256),
            ("init_pid_ns", 128),
            ("init_mm", MM_SIZE),
            ("avenrun", 24),
            ("panic_notifier_list", 32),
        ] {
            data.add(arena, name, &vec![0; size]);
        }
        data.add(arena, "init_uts_ns", &uts_names(&kernel.config.release));
        data.add(arena, "console_printk", &[7, 0, 0, 0, 4, 0, 0, 0, 1, 0, 0, 0, 7, 0, 0, 0]);
        Rc::make_mut(&mut data.by_name).insert("jiffies".into(), data.jiffies);
        Rc::make_mut(&mut data.by_name).insert("jiffies_64".into(), data.jiffies);
        data.add(arena, "kloom_init_task", &kernel.tasks[kernel.cpus[0].idle].addr.to_le_bytes());
        data.add(arena, "__stack_chk_guard", &STACK_CANARY.to_le_bytes());
        data.user_mm = data.add(arena, "kloom_user_mm", &[0; MM_SIZE]);
        // Root's credentials are all zero; every process has one thread.
        let cred = data.add(arena, "kloom_cred", &[0; CRED_SIZE]);
        let signal = data.add(arena, "kloom_signal", &[0; SIGNAL_SIZE]);
        arena.write_kdata(signal + NR_THREADS, &1u32.to_le_bytes());
        arena.set_task_defaults(signal, cred);
        for task in kernel.tasks.iter() {
            task.c.signal.set(signal);
            task.c.cred.set(cred);
            task.c.real_cred.set(cred);
        }
        crate::params::add_ops(&mut data, arena);
        data.add(arena, "hex_asc", b"0123456789abcdef\0");
        data.add(arena, "hex_asc_upper", b"0123456789ABCDEF\0");
        data.add(arena, "system_state", &SYSTEM_RUNNING.to_le_bytes());
        data
    }

    /// Makes a variable.
    pub fn add(&mut self, arena: &mut Arena, name: &str, bytes: &[u8]) -> u64 {
        let addr = arena.alloc_kdata(bytes.len().max(8) as u64);
        arena.write_kdata(addr, bytes);
        Rc::make_mut(&mut self.by_name).insert(name.to_string(), addr);
        addr
    }

    /// A `struct hrtimer_clock_base` for each clock; modules call `base->get_time()`.
    fn add_clock_bases(&mut self, arena: &mut Arena) {
        use include::ktime::{ktime_get, ktime_get_clocktai, ktime_get_real};
        let clocks: [(i32, extern "C" fn() -> i64); 4] =
            [(0, ktime_get_real), (1, ktime_get), (7, ktime_get), (11, ktime_get_clocktai)];
        for (clock, get_time) in clocks {
            let addr = arena.alloc_kdata(16);
            arena.write_kdata(addr, &clock.to_le_bytes());
            arena.write_kdata(addr + 8, &(get_time as *const () as u64).to_le_bytes());
            self.clock_bases.push((clock, addr));
        }
    }

    /// The clock base of a `clockid_t`; an unknown one gets the monotonic clock's.
    pub(crate) fn clock_base(&self, clock: i32) -> u64 {
        let of = |clock| self.clock_bases.iter().find(|base| base.0 == clock).map(|base| base.1);
        of(clock).or_else(|| of(1)).unwrap_or(0)
    }

    /// The address of a variable.
    pub fn get(&self, name: &str) -> Option<u64> {
        self.by_name.get(name).copied()
    }

    /// The name of the variable at an address.
    pub fn name_of(&self, addr: u64) -> Option<&str> {
        self.by_name.iter().find(|(_, value)| **value == addr).map(|(name, _)| name.as_str())
    }

    /// As an image resolves it.
    pub fn resolve(&self, name: &str) -> Option<Resolved> {
        self.get(name).map(Resolved::Address)
    }
}
