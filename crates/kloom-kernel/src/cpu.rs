//! CPUs that come and go, and what runs on their threads: `cpuhp/N` and `migration/N`.
//!
//! C header: include/linux/cpu.h, include/linux/stop_machine.h. Behaviour follows Linux 6.1 kernel/cpu.c,
//! kernel/stop_machine.c, kernel/sched/core.c (`select_fallback_rq()`, `balance_push()`) and kernel/time/ (timers move to
//! another CPU). The first CPU stays, as on x86.

use kloom_abi::Errno;
use kloom_abi::sched::TASK_INTERRUPTIBLE;

use crate::Kernel;
use crate::ops::Op;
use crate::printk::Level;
use crate::task::{Service, TaskId, TaskKind};

impl Kernel {
    /// Mask of the CPUs the machine was made with.
    pub fn possible_mask(&self) -> u64 {
        if self.cpus.len() == 64 { u64::MAX } else { (1 << self.cpus.len()) - 1 }
    }

    /// Mask of the CPUs in use.
    pub fn online_mask(&self) -> u64 {
        self.possible_mask() & !self.offline
    }

    /// Whether a CPU is in use.
    pub fn cpu_online(&self, cpu: u32) -> bool {
        cpu < 64 && self.online_mask() >> cpu & 1 != 0
    }

    /// `cpu` if it is in use, else the first that is: where its timers and interrupts go.
    pub(crate) fn live_cpu(&self, cpu: u32) -> u32 {
        if self.offline == 0 || self.cpu_online(cpu) { cpu } else { self.online_mask().trailing_zeros() }
    }

    /// The thread of the kernel's own that does `service` on a CPU.
    pub fn service_thread(&self, service: Service, cpu: u32) -> Option<TaskId> {
        let of = |task: &&crate::task::Task| task.service == Some(service) && task.se.allowed == 1 << cpu;
        self.tasks.iter().find(of).map(|task| task.id)
    }

    /// Wakes a service's thread, which sleeps interruptibly.
    pub fn wake_service(&mut self, thread: TaskId) {
        self.try_to_wake_up(thread, TASK_INTERRUPTIBLE);
    }

    /// Takes a CPU out of use: no task gets there any more, those that wait there go elsewhere; done when the one that
    /// runs there has left it. Polled; spins.
    ///
    /// # Context
    /// Process context of a task that is not on that CPU.
    ///
    /// # Errors
    /// `EBUSY` for the last CPU.
    pub fn cpu_vacate(&mut self, cpu: u32) -> Result<Op<()>, Errno> {
        let bit = 1u64 << cpu;
        if self.online_mask() == bit {
            return Err(Errno::EBUSY);
        }
        if self.offline & bit == 0 {
            self.offline |= bit;
            self.break_affinity(cpu);
        }
        let waiting: Vec<TaskId> =
            self.tasks.iter().filter(|task| task.se.cpu == cpu && task.se.on_rq).map(|task| task.id).collect();
        for task in waiting {
            if self.dequeue_if_queued(task) {
                // `enqueue` finds a CPU that is in use.
                self.requeue_if(task, true);
            }
        }
        let c = &self.cpus[cpu as usize];
        if c.current != c.idle {
            self.set_need_resched(cpu);
            self.cpus[cpu as usize].migrate_current = true;
            return Ok(Op::Spin);
        }
        if !c.irq_frames.is_empty() {
            return Ok(Op::Spin);
        }
        let c = &mut self.cpus[cpu as usize];
        let left: Vec<_> = c.pending.drain(..).chain(c.deferred.drain(..)).collect();
        c.need_resched = false;
        let heir = self.live_cpu(cpu);
        for callback in left {
            self.queue_callback(heir, callback);
        }
        Ok(Op::Done(()))
    }

    /// Tasks that may run nowhere else any more may run everywhere (`select_fallback_rq()`). The kernel's own threads of
    /// that CPU keep their place: they are parked.
    fn break_affinity(&mut self, cpu: u32) {
        let online = self.online_mask();
        let stranded = |task: &&crate::task::Task| {
            task.service.is_none() && task.pid != 0 && !task.has_exited() && task.se.allowed & online == 0
        };
        let tasks: Vec<(TaskId, bool)> =
            self.tasks.iter().filter(stranded).map(|task| (task.id, matches!(task.kind, TaskKind::User(_)))).collect();
        for (id, user) in tasks {
            let all = self.possible_mask();
            let task = &mut self.tasks[id];
            task.se.allowed = u64::MAX;
            task.c.cpus_mask.set(all);
            task.c.nr_cpus_allowed.set(all.count_ones() as i32);
            if user {
                let line = format!("process {} ({}) no longer affine to cpu{cpu}", task.pid, task.name());
                self.printk(Level::Info, line);
            }
        }
    }

    /// Puts a CPU to use again.
    pub fn cpu_revive(&mut self, cpu: u32) {
        self.offline &= !(1 << cpu);
        let now_ns = self.now();
        let c = &mut self.cpus[cpu as usize];
        c.clock_ns = c.clock_ns.max(now_ns);
    }
}

#[cfg(test)]
mod tests {
    use crate::ops::Op;
    use crate::sched::cpu::{Callback, CallbackSource};
    use crate::site::ContextKind;
    use crate::task::TaskKind;
    use crate::testing::machine;
    use crate::{Errno, NewTask};

    #[test]
    fn a_cpu_that_goes_leaves_its_tasks_and_interrupts_to_others() {
        let mut kernel = machine(2);
        let parent = kernel.kthreadd;
        let tasks: Vec<_> = (0..4)
            .map(|_| kernel.new_task(NewTask { name: b"task", parent, kind: TaskKind::System }).expect("room"))
            .collect();
        for &task in &tasks {
            kernel.tasks[task].se.allowed = 0b10;
            kernel.wake_up_new_task(task);
            assert_eq!(kernel.tasks[task].se.cpu, 1);
        }
        let callback = Callback { kind: ContextKind::Hardirq, func: 1, args: [0; 3], source: CallbackSource::Other(0) };
        kernel.queue_callback(1, callback);
        assert_eq!(kernel.cpu_vacate(1), Ok(Op::Done(())));
        assert_eq!(kernel.online_mask(), 0b01);
        for &task in &tasks {
            assert_eq!(kernel.tasks[task].se.cpu, 0);
            assert_eq!(kernel.tasks[task].se.allowed, u64::MAX);
        }
        assert_eq!(kernel.cpus[0].rq.nr_running(), 4);
        assert!(!kernel.cpus[1].has_work());
        assert_eq!(kernel.cpus[0].pending.len(), 1);
        assert_eq!(kernel.cpu_vacate(0), Err(Errno::EBUSY));
        kernel.queue_callback(1, callback);
        assert_eq!(kernel.cpus[0].pending.len(), 2, "an interrupt for a CPU that is gone goes to another");
        kernel.cpu_revive(1);
        assert_eq!(kernel.online_mask(), 0b11);
    }
}
