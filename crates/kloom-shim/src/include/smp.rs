//! C headers: include/asm/processor.h, include/asm/barrier.h, include/linux/capability.h.

use kloom_kernel::ops::Op;

use crate::call::{blocking, enter};
use crate::oops::or_oops;

/// `cpu_relax()`: one round of a spin loop; the other CPUs get their turn.
pub(crate) extern "C" fn kloom_cpu_relax() {
    or_oops(blocking(|machine, _, progress| {
        if progress.first() {
            machine.kernel.spin_step();
            return Ok(Op::Spin);
        }
        Ok(Op::Done(()))
    }));
}

/// A memory barrier. The machine is sequentially consistent, so it orders nothing; it takes its time.
pub(crate) extern "C" fn kloom_barrier(_kind: u32) {
    enter(|_, _| ());
}

/// `capable()`: who has the user id 0 may do everything, and so may kernel threads.
pub(crate) extern "C" fn capable(_capability: i32) -> bool {
    true
}

/// `has_capability()`.
pub(crate) extern "C" fn has_capability(task: u64, _capability: i32) -> bool {
    or_oops(enter(|machine, _| machine.task_from(task, "has_capability").map(|_| true)))
}

crate::exports![
    plain: kloom_cpu_relax, kloom_barrier, capable, has_capability;
    variadic: ;
    named:
];
