//! Going back: a machine that has run becomes the one that had just booted.
//!
//! Whoever runs thousands of short executions need not boot for each. State is copied back; code of modules stays where
//! it was loaded (see [`kloom_guest::image::Images::keep`]), as do addresses, stacks and the thread's signal stack.

use std::collections::VecDeque;

use kloom_guest::arena::Saved;
use kloom_guest::fiber::Fiber;
use kloom_kernel::Kernel;
use kloom_kernel::chooser::Chooser;

use crate::export::KernelData;
use crate::machine::{FailPlan, Machine, MachineHandle, OnUseAfterFree};

/// A machine on which no module code has run yet.
pub struct Checkpoint {
    kernel: Kernel,
    memory: Saved,
    kdata: KernelData,
    mem: crate::memory::State,
    files: crate::fileops::State,
    irqs: crate::include::interrupt::State,
    kworkers: crate::include::kthread_worker::State,
    pages: crate::include::mm::State,
    idrs: crate::include::idr::State,
    jiffies_shown: u64,
}

impl std::fmt::Debug for Checkpoint {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str("Checkpoint")
    }
}

impl MachineHandle {
    /// Remembers a machine that has just booted, and keeps the code of modules that are loaded from now on.
    pub fn checkpoint(&mut self) -> Checkpoint {
        let machine = self.get();
        assert!(machine.images.is_empty() && machine.fibers.is_empty(), "the machine has run");
        machine.placer.keep();
        Checkpoint {
            kernel: machine.kernel.clone(),
            memory: machine.arena.save(),
            kdata: machine.kdata.clone(),
            mem: machine.mem.clone(),
            files: machine.files.clone(),
            irqs: machine.irqs.clone(),
            kworkers: machine.kworkers.clone(),
            pages: machine.pages.clone(),
            idrs: machine.idrs.clone(),
            jiffies_shown: machine.jiffies_shown,
        }
    }

    /// Makes the machine what it was at its checkpoint, with another chooser. It does not explore.
    pub fn restore(&mut self, saved: &Checkpoint, chooser: Box<dyn Chooser>) {
        let machine = self.get();
        machine.drop_fibers();
        // All fields by name, so that a new one is not forgotten here.
        let Machine {
            kernel,
            arena,
            images,
            placer,
            kdata,
            on_use_after_free,
            coverage,
            err_ptrs,
            faults_seen,
            removed_noted,
            fail_after,
            mem,
            files,
            irqs,
            kworkers,
            pages,
            idrs,
            rust,
            pending,
            announced,
            ctx,
            fibers: _,
            irq_fibers: _,
            round,
            rounds,
            stack_pointers,
            granted,
            scale,
            jiffies_shown,
        } = machine;
        for (_, image) in images.iter_mut() {
            placer.unload(arena, image);
        }
        images.clear();
        placer.restore();
        kernel.clone_from(&saved.kernel);
        kernel.natural = chooser.is_natural();
        kernel.chooser = chooser;
        arena.restore(&saved.memory);
        kdata.clone_from(&saved.kdata);
        *on_use_after_free = OnUseAfterFree::default();
        *coverage = None;
        *err_ptrs = VecDeque::new();
        faults_seen.clear();
        removed_noted.clear();
        *fail_after = FailPlan::default();
        mem.clone_from(&saved.mem);
        files.clone_from(&saved.files);
        irqs.clone_from(&saved.irqs);
        kworkers.clone_from(&saved.kworkers);
        pages.clone_from(&saved.pages);
        idrs.clone_from(&saved.idrs);
        rust.clear();
        *pending = None;
        *round = None;
        *rounds = crate::cycle::Rounds::default();
        *announced = None;
        stack_pointers.clear();
        ctx.reset();
        ctx.open_code.set(placer.has_open_code());
        *granted = 0;
        *scale = 1;
        *jiffies_shown = saved.jiffies_shown;
    }
}

impl Machine {
    /// Ends every coroutine where it stands.
    pub(crate) fn drop_fibers(&mut self) {
        let fibers =
            self.fibers.drain(..).flatten().chain(self.irq_fibers.iter_mut().flat_map(|fibers| fibers.drain(..)));
        let fibers: Vec<Fiber> = fibers.collect();
        for fiber in fibers {
            self.retire(fiber);
        }
    }
}
