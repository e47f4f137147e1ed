//! C header: include/linux/preempt.h, include/linux/irqflags.h, include/linux/bottom_half.h, CPU numbers of
//! include/linux/smp.h.

use kloom_kernel::fault::Fault;
use kloom_kernel::irq::{PREEMPT_OFFSET, SOFTIRQ_DISABLE_OFFSET};
use kloom_kernel::sched::Preempt;
use kloom_kernel::site::ContextKind;

use crate::Machine;
use crate::call::{enter, releasing};

/// The interrupt bit of x86's flags register: what `local_irq_save()` returns while interrupts are on.
pub(crate) const FLAGS_IF: u64 = 0x200;

impl Machine {
    /// Whether interrupts wait that can be taken now, or a preemption is due.
    pub(crate) fn must_give_way(&self) -> bool {
        if self.kernel.irqs_disabled() {
            return false;
        }
        let count = self.kernel.preempt_count();
        let cpu = &self.kernel.cpus[self.kernel.this_cpu as usize];
        let in_softirq = count & 0xf_ff00 != 0;
        cpu.pending.iter().any(|callback| callback.kind == ContextKind::Hardirq || !in_softirq)
            || (cpu.need_resched && count == 0 && self.kernel.config.preempt == Preempt::Full)
    }

    /// Disables interrupts; the flags before.
    pub(crate) fn irq_save(&mut self) -> u64 {
        if self.kernel.set_irqs_off(true) { 0 } else { FLAGS_IF }
    }

    /// Restores what `irq_save` returned.
    pub(crate) fn irq_restore(&mut self, flags: u64) {
        self.kernel.set_irqs_off(flags & FLAGS_IF == 0);
    }

    /// Takes from `preempt_count()`; reports when it is not that high.
    pub(crate) fn preempt_sub(&mut self, value: u32, place: &'static str) {
        if !self.kernel.preempt_sub(value) {
            let current = self.kernel.current();
            let (preempt_count, irqs_off) = (self.kernel.preempt_count(), self.kernel.irqs_disabled());
            let since = self.kernel.tasks[current].preempt_site;
            self.report_once(Fault::UnbalancedPreempt { place, preempt_count, irqs_off, since });
        }
    }
}

/// `preempt_count()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_preempt_count() -> i32 {
    enter(|machine, _| machine.kernel.preempt_count() as i32)
}

/// `preempt_disable()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_preempt_disable() {
    enter(|machine, _| machine.kernel.preempt_add(PREEMPT_OFFSET));
}

/// `preempt_enable()`: a scheduling point where kernel code is preemptible.
///
/// # Context
/// Any; does not sleep, but gives way to what it lets run: a scheduling point.
pub(crate) extern "C" fn kloom_preempt_enable() {
    releasing(|machine, _| {
        machine.preempt_sub(PREEMPT_OFFSET, "preempt_enable");
        Ok(())
    });
}

/// `preempt_enable_no_resched()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_preempt_enable_no_resched() {
    enter(|machine, _| machine.preempt_sub(PREEMPT_OFFSET, "preempt_enable_no_resched"));
}

/// `migrate_disable()`: keeps the task on its CPU.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_migrate_disable() {
    enter(|machine, current| machine.kernel.migrate_disable(current));
}

/// `migrate_enable()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_migrate_enable() {
    enter(|machine, current| {
        if !machine.kernel.migrate_enable(current) {
            machine.warn_kernel("kernel/sched/core.c", 2309, "migrate_enable");
        }
    });
}

/// `local_irq_disable()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_local_irq_disable() {
    enter(|machine, _| {
        machine.irq_save();
    });
}

/// `local_irq_enable()`: interrupts that wait are taken now.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_local_irq_enable() {
    kloom_local_irq_restore(FLAGS_IF);
}

/// `local_irq_save()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_local_irq_save() -> u64 {
    enter(|machine, _| machine.irq_save())
}

/// `local_irq_restore()`.
///
/// # Context
/// Any; does not sleep, but gives way to what it lets run: a scheduling point.
pub(crate) extern "C" fn kloom_local_irq_restore(flags: u64) {
    releasing(|machine, _| {
        machine.irq_restore(flags);
        Ok(())
    });
}

/// `irqs_disabled()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_irqs_disabled() -> i32 {
    enter(|machine, _| i32::from(machine.kernel.irqs_disabled()))
}

/// `local_bh_disable()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_local_bh_disable() {
    enter(|machine, _| machine.kernel.preempt_add(SOFTIRQ_DISABLE_OFFSET));
}

/// `local_bh_enable()`: softirqs that wait run now.
///
/// # Context
/// Any; does not sleep, but gives way to what it lets run: a scheduling point.
pub(crate) extern "C" fn kloom_local_bh_enable() {
    releasing(|machine, _| {
        if machine.kernel.context_kind() == ContextKind::Hardirq {
            machine.warn_kernel("kernel/softirq.c", 376, "__local_bh_enable_ip");
        }
        machine.preempt_sub(SOFTIRQ_DISABLE_OFFSET, "local_bh_enable");
        Ok(())
    });
}

/// `raw_smp_processor_id()`.
///
/// `smp_processor_id()` is the same: Debian's kernels are built without `CONFIG_DEBUG_PREEMPT`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_raw_smp_processor_id() -> u32 {
    enter(|machine, _| machine.kernel.this_cpu)
}

crate::exports![
    plain: kloom_preempt_count, kloom_preempt_disable, kloom_preempt_enable, kloom_preempt_enable_no_resched,
        kloom_migrate_disable, kloom_migrate_enable, kloom_local_irq_disable, kloom_local_irq_enable, kloom_local_irq_save,
        kloom_local_irq_restore, kloom_irqs_disabled, kloom_local_bh_disable, kloom_local_bh_enable, kloom_raw_smp_processor_id;
    variadic: ;
    named: "kloom_smp_processor_id" => kloom_raw_smp_processor_id
];
