//! C header: include/linux/percpu-defs.h. Each image's per-CPU section lies once per CPU, `PERCPU_STRIDE` apart, so one
//! offset per CPU serves every variable.

use kloom_guest::layout::PERCPU_STRIDE;

use crate::call::enter;

/// What to add to a per-CPU address for this CPU.
pub(crate) extern "C" fn kloom_this_cpu_offset() -> u64 {
    enter(|machine, _| u64::from(machine.kernel.this_cpu) * PERCPU_STRIDE)
}

/// What to add to a per-CPU address for `cpu`.
pub(crate) extern "C" fn kloom_per_cpu_offset(cpu: u32) -> u64 {
    u64::from(cpu) * PERCPU_STRIDE
}

crate::exports![
    plain: kloom_this_cpu_offset, kloom_per_cpu_offset;
    variadic: ;
    named:
];
