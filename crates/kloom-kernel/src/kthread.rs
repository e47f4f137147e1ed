//! Kernel threads: creation, stop and park requests, exit.
//!
//! C header: include/linux/kthread.h. Behaviour follows Linux 6.1 kernel/kthread.c. [`Kthread`] is the state behind
//! a kthread's `task_struct`; sleeping and waking live in [`crate::sched`], the stack of the thread in `kloom-guest`.

use kloom_abi::Errno;
use kloom_abi::sched::{PF_NO_SETAFFINITY, TASK_PARKED, TASK_UNINTERRUPTIBLE};

use crate::fault::Fault;
use crate::lock::lockdep::DepKind;
use crate::ops::{Op, Progress};
use crate::order;
use crate::signal::Signals;
use crate::task::{BlockedOn, TaskId, TaskKind};
use crate::trace::TraceKind;
use crate::{Kernel, NewTask};

/// What only a module's kthread has.
#[derive(Clone, Debug, Default)]
pub struct Kthread {
    /// Address of the thread function.
    pub func: u64,
    /// Its argument.
    pub data: u64,
    /// `KTHREAD_SHOULD_STOP`.
    pub should_stop: bool,
    /// `KTHREAD_SHOULD_PARK`.
    pub should_park: bool,
    /// `KTHREAD_IS_PARKED`.
    pub parked: bool,
    /// `KTHREAD_IS_PER_CPU`: bound to this CPU, re-bound on unpark.
    pub per_cpu: Option<u32>,
    /// Whether anyone has woken it since it was created.
    pub woken: bool,
    /// It has left its module's code for good, and is about to exit.
    pub leaving: bool,
    /// Whether its function was entered.
    pub entered: bool,
    /// What the function returned, or `kthread_exit()` was given.
    pub result: i64,
    /// Whether a `kthread_stop()` has had its end.
    pub collected: bool,
    /// Calls of `kthread_should_stop()` it has made, for the report about one that never looks.
    pub should_stop_calls: u64,
    /// Calls of `signal_pending()` it has made.
    pub signal_pending_calls: u64,
    /// The module whose code it runs.
    pub module: Option<u32>,
    /// Completion to signal at exit (`kthread_complete_and_exit()`).
    pub exit_completion: u32,
    /// Tasks in `kthread_stop()` or `kthread_park()` of this one.
    pub waiters: Vec<TaskId>,
}

impl Kernel {
    /// Creates a kthread, asleep until woken (`kthread_create_on_node()`).
    ///
    /// # Context
    /// Process context; sleeps on Linux (kthreadd does the work).
    ///
    /// # Errors
    /// `EAGAIN` at the machine's limit of threads, `ENOMEM` without memory, `EINTR` if the caller was killed.
    pub fn kthread_create(
        &mut self,
        caller: TaskId,
        func: u64,
        data: u64,
        name: &[u8],
        module: Option<u32>,
    ) -> Result<TaskId, Errno> {
        self.charge(KTHREAD_CREATE_COST_NS);
        if self.fatal_signal_pending(caller) {
            return Err(Errno::EINTR);
        }
        let kthread = Kthread { func, data, module, ..Kthread::default() };
        let kthreadd = self.kthreadd;
        let child = self.new_task(NewTask { name, parent: kthreadd, kind: TaskKind::Kthread(Box::new(kthread)) })?;
        let at = self.event_here();
        let task = &mut self.tasks[child];
        task.signals = Signals::all_ignored();
        task.c.set_task_state(TASK_UNINTERRUPTIBLE);
        task.blocked_on = BlockedOn::NeverWoken;
        task.slept_at = at;
        self.emit(TraceKind::SchedProcessFork { child });
        Ok(child)
    }

    /// Fixes the CPU of a kthread that has not run yet (`kthread_bind()`).
    ///
    /// On Linux a thread that has left its creation sleep makes this warn and do nothing; so here, false is returned.
    pub fn kthread_bind(&mut self, target: TaskId, mask: u64) -> bool {
        let task = &self.tasks[target];
        if task.se.on_rq || task.blocked_on != BlockedOn::NeverWoken {
            return false;
        }
        let online = self.online_mask();
        let task = &mut self.tasks[target];
        task.se.allowed = mask;
        task.se.bound = true;
        task.c.flags.set(task.c.flags.get() | PF_NO_SETAFFINITY);
        task.c.cpus_mask.set(mask);
        task.c.nr_cpus_allowed.set(mask.count_ones() as i32);
        if mask & online != 0 {
            task.se.cpu = (mask & online).trailing_zeros();
        }
        true
    }

    /// `kthread_should_stop()` of the current thread.
    pub fn kthread_should_stop(&mut self, caller: TaskId) -> bool {
        let Some(kthread) = self.tasks[caller].kthread_mut() else { return false };
        kthread.should_stop_calls += 1;
        let ret = kthread.should_stop;
        if ret {
            // On Linux the wake-up of the stop orders the two, unless the thread never slept meanwhile.
            self.acquire(self.tasks[caller].addr);
        }
        self.emit(TraceKind::KthreadShouldStop { ret });
        ret
    }

    /// `kthread_should_park()` of the current thread.
    pub fn kthread_should_park(&self, caller: TaskId) -> bool {
        self.tasks[caller].kthread().is_some_and(|kthread| kthread.should_park)
    }

    /// Asks `target` to return from its thread function and waits until it has (`kthread_stop()`). Polled.
    /// Done with the function's result, or `-EINTR` if the function never ran.
    ///
    /// The caller holds a reference on the task for the time of the call, as Linux does.
    ///
    /// # Context
    /// Process context; sleeps in state D.
    pub fn kthread_stop(&mut self, caller: TaskId, target: TaskId, p: &mut Progress) -> Result<Op<i64>, Fault> {
        if p.first() {
            if self.tasks[target].kthread().is_none() {
                return Err(Fault::NotAKthread { target });
            }
            self.get_task(target);
            self.lockdep_waits_for(DepKind::Thread, self.tasks[target].addr);
            self.release(self.tasks[target].addr);
            self.emit(TraceKind::SchedKthreadStop { target });
            if let Some(kthread) = self.tasks[target].kthread_mut() {
                kthread.should_stop = true;
            }
            self.kthread_unpark(target);
            // Seen on 6.1: a stop ends interruptible waits, whether or not their condition asks for it.
            self.tasks[target].signals.notify = true;
            self.publish_pending(target);
            self.wake_kthread(target);
        }
        let task = &self.tasks[target];
        // The end of a thread completes once: a second stop waits for another end that never comes (seen on 6.1).
        let collected = task.kthread().is_some_and(|kthread| kthread.collected);
        if task.has_exited() && !collected {
            let result = task.kthread().map_or(0, |kthread| kthread.result);
            if let Some(kthread) = self.tasks[target].kthread_mut() {
                kthread.collected = true;
            }
            self.acquire(order::side(self.tasks[target].addr));
            self.put_task(target);
            self.emit(TraceKind::SchedKthreadStopRet { ret: result });
            return Ok(Op::Done(result));
        }
        self.wait_for_kthread(caller, target, BlockedOn::KthreadStop(target));
        Ok(Op::Block)
    }

    /// Wakes a kthread as `wake_up_process()` does, remembering that somebody did.
    pub fn wake_kthread(&mut self, target: TaskId) -> i32 {
        if let Some(kthread) = self.tasks[target].kthread_mut() {
            kthread.woken = true;
        }
        if self.tasks[target].blocked_on == BlockedOn::NeverWoken {
            self.wake_up_new_task(target);
            return 1;
        }
        self.wake_up_process(target)
    }

    /// What a woken kthread does first: false if it was asked to stop before it ever ran, in which case its
    /// function must not be called and its result is `-EINTR`.
    pub fn kthread_may_enter(&mut self, caller: TaskId) -> bool {
        let Some(kthread) = self.tasks[caller].kthread_mut() else { return false };
        if kthread.should_stop {
            kthread.result = Errno::EINTR.to_c();
            return false;
        }
        kthread.entered = true;
        true
    }

    /// Asks a kthread to park and waits until it has (`kthread_park()`). Polled; done with 0, or
    /// `-ENOSYS` if it has exited before, `-EBUSY` if a park request stands already.
    ///
    /// Only parking ends the wait: if the thread exits instead, the caller sleeps for ever (kernel/kthread.c, 6.1: the
    /// end of a thread completes `exited`, never `parked`).
    ///
    /// # Context
    /// Process context; sleeps.
    pub fn kthread_park(&mut self, caller: TaskId, target: TaskId, p: &mut Progress) -> Result<Op<i32>, Fault> {
        if p.first() {
            let exited = self.tasks[target].has_exited();
            let Some(kthread) = self.tasks[target].kthread_mut() else { return Err(Fault::NotAKthread { target }) };
            if exited {
                return Ok(Op::Done(-Errno::ENOSYS.0));
            }
            if kthread.should_park {
                return Ok(Op::Done(-Errno::EBUSY.0));
            }
            kthread.should_park = true;
            if target == caller {
                return Ok(Op::Done(0));
            }
            self.wake_kthread(target);
        }
        // The caller needs no reference to the thread, so there may be none left to ask.
        let kthread = self.tasks.get(target).and_then(|task| task.kthread());
        if kthread.is_some_and(|kthread| kthread.parked) {
            return Ok(Op::Done(0));
        }
        self.wait_for_kthread(caller, target, BlockedOn::KthreadPark(target));
        Ok(Op::Block)
    }

    /// Takes the park request back and lets a parked kthread go on (`kthread_unpark()`).
    pub fn kthread_unpark(&mut self, target: TaskId) {
        let Some(kthread) = self.tasks[target].kthread_mut() else { return };
        kthread.should_park = false;
        // The next request waits until it has parked anew.
        kthread.parked = false;
        if let Some(cpu) = kthread.per_cpu {
            self.tasks[target].se.allowed = 1 << cpu;
        }
        self.try_to_wake_up(target, TASK_PARKED);
    }

    /// Sleeps in state P until the park request is taken back (`kthread_parkme()`). Polled.
    pub fn kthread_parkme(&mut self, caller: TaskId) -> Op<()> {
        let Some(kthread) = self.tasks[caller].kthread_mut() else { return Op::Done(()) };
        if !kthread.should_park {
            kthread.parked = false;
            return Op::Done(());
        }
        kthread.parked = true;
        self.tasks[caller].c.set_task_state(TASK_PARKED);
        self.block_on(caller, BlockedOn::Parked);
        self.wake_waiters(caller);
        Op::Block
    }

    /// The thread function returned, or the thread called `kthread_exit()`/`do_exit()`: ends the current task.
    pub fn kthread_exit(&mut self, caller: TaskId, result: i64) {
        if let Some(kthread) = self.tasks[caller].kthread_mut() {
            kthread.result = result;
        }
        self.do_exit(caller, 0);
        self.wake_waiters(caller);
    }

    /// Wakes those who wait for `target` to exit or park.
    fn wake_waiters(&mut self, target: TaskId) {
        let Some(kthread) = self.tasks[target].kthread_mut() else { return };
        for waiter in std::mem::take(&mut kthread.waiters) {
            self.try_to_wake_up(waiter, TASK_UNINTERRUPTIBLE);
        }
    }

    /// Puts `caller` to sleep until `target` exits or parks.
    fn wait_for_kthread(&mut self, caller: TaskId, target: TaskId, why: BlockedOn) {
        if let Some(kthread) = self.tasks.get_mut(target).and_then(|task| task.kthread_mut())
            && !kthread.waiters.contains(&caller)
        {
            kthread.waiters.push(caller);
        }
        self.tasks[caller].c.set_task_state(TASK_UNINTERRUPTIBLE);
        self.block_on(caller, why);
    }
}

/// Creating a thread through kthreadd: two switches and a fork.
const KTHREAD_CREATE_COST_NS: u64 = 25_000;
