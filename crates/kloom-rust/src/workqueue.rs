//! Work queues.
//!
//! C header: include/linux/workqueue.h. Works run on the kernel's own workers.

use std::ffi::CStr;
use std::panic::Location;
use std::rc::Rc;

use kloom_kernel::touch::Manner;
use kloom_kernel::workqueue::SYSTEM_QUEUES;
use kloom_shim::rust::{
    At, Gate, POOLS, choice, create_work, forget_work, inside, might_sleep, note, op, queue_delayed, stop_delayed,
    timer_gate, wait,
};

use crate::error::{Result, code};
use crate::time::Delta;

/// A work queue.
#[derive(Debug)]
pub struct Queue {
    handle: u32,
    own: bool,
}

/// The queue for short works (`system_wq`).
///
/// ```
/// use kloom_rust::prelude::*;
/// use kloom_rust::workqueue::{self, Work};
///
/// kloom_rust::check(|| {
///     let done = Arc::new(Completion::new(), GFP_KERNEL)?;
///     let theirs = done.clone();
///     let work = Work::new(move || theirs.complete());
///     assert!(workqueue::system().enqueue(&work));
///     done.wait_for_completion();
///     work.flush();
///     Ok(())
/// });
/// ```
pub fn system() -> &'static Queue {
    static SYSTEM: Queue = Queue { handle: 1, own: false };
    const { assert!(SYSTEM_QUEUES[0].0.len() == "system_wq".len()) };
    &SYSTEM
}

/// The queue for works that are tied to no CPU (`system_unbound_wq`).
pub fn system_unbound() -> &'static Queue {
    static UNBOUND: Queue = Queue { handle: 4, own: false };
    &UNBOUND
}

impl Queue {
    /// Makes a queue (`alloc_workqueue()`) that runs at most `max_active` works at once on a CPU (0: the default).
    ///
    /// # Errors
    /// `ENOMEM`.
    #[track_caller]
    pub fn new(name: &CStr, max_active: i32) -> Result<Queue> {
        let name = name.to_string_lossy().into_owned();
        let made = op(Location::caller(), |machine, _| {
            might_sleep(machine, "alloc_workqueue");
            machine.rust.objects += 1;
            machine.kernel.alloc_workqueue(name, 0, max_active)
        });
        made.flatten().map(|handle| Queue { handle, own: true }).ok_or(code::ENOMEM)
    }

    /// Queues a work (`queue_work()`); false if it was pending already.
    #[track_caller]
    pub fn enqueue(&self, work: &Work) -> bool {
        let at = Location::caller();
        choice(at, "Queue::enqueue", Some((work.number, Manner::Write)), Gate::Open);
        note(POOLS, Manner::Write);
        let (queue, work) = (self.handle, work.number);
        op(at, |machine, _| {
            let queued = machine.kernel.queue_work(None, queue, work);
            queued != kloom_kernel::workqueue::Queued::WasPending
        })
        .unwrap_or(false)
    }

    /// Queues a work when `delay` is over (`queue_delayed_work()`); false if it was pending already.
    #[track_caller]
    pub fn enqueue_delayed(&self, work: &DelayedWork, delay: Delta) -> bool {
        if delay.jiffies() == 0 {
            return self.enqueue(&work.work);
        }
        let at = Location::caller();
        choice(at, "Queue::enqueue_delayed", Some((work.work.number, Manner::Write)), Gate::Open);
        queue_delayed(at, self.handle, work.work.number, delay.jiffies()).unwrap_or(false)
    }

    /// Waits until everything queued so far is done (`flush_workqueue()`).
    #[track_caller]
    pub fn flush(&self) {
        self.empty(Location::caller(), "Queue::flush", false);
    }

    fn empty(&self, at: At, what: &'static str, drain: bool) {
        let queue = self.handle;
        choice(at, what, Some((POOLS, Manner::Write)), Gate::Open);
        wait(at, what, Some((POOLS, Manner::Write)), Gate::Open, |machine, current, progress| {
            if !progress.started {
                might_sleep(machine, "flush_workqueue");
            }
            if drain {
                machine.kernel.drain_workqueue(current, queue, progress)
            } else {
                machine.kernel.flush_workqueue(current, queue, progress)
            }
        });
    }
}

impl Drop for Queue {
    /// Waits until its works are done, then ends it (`destroy_workqueue()`).
    #[track_caller]
    fn drop(&mut self) {
        if self.own && inside() {
            let at = Location::caller();
            self.empty(at, "Queue::drop", true);
            let queue = self.handle;
            op(at, |machine, _| {
                machine.kernel.free_workqueue(queue);
                machine.rust.objects = machine.rust.objects.saturating_sub(1);
            });
        }
    }
}

/// Something to be done by a worker (`struct work_struct`). Dropping it takes it off its queue, and waits for its end if it
/// runs.
#[derive(Debug)]
pub struct Work {
    number: u64,
}

impl Work {
    /// A work that runs `function` each time it was queued.
    #[track_caller]
    pub fn new(function: impl Fn() + Send + Sync + 'static) -> Work {
        Work { number: create_work(Location::caller(), Rc::new(function)).unwrap_or(0) }
    }

    /// Whether it is queued (`work_pending()`).
    #[track_caller]
    pub fn is_pending(&self) -> bool {
        let at = Location::caller();
        choice(at, "Work::is_pending", Some((self.number, Manner::Read)), Gate::Open);
        op(at, |machine, _| machine.kernel.work_pending(self.number)).unwrap_or(false)
    }

    /// Waits until it is done, if it is queued or runs (`flush_work()`); whether it was.
    ///
    /// # Context
    /// Process context; sleeps in state D.
    #[track_caller]
    pub fn flush(&self) -> bool {
        let (at, work) = (Location::caller(), self.number);
        let touch = Some((work, Manner::Write));
        choice(at, "Work::flush", touch, Gate::Open);
        wait(at, "Work::flush", touch, Gate::Open, |machine, current, progress| {
            if !progress.started {
                might_sleep(machine, "flush_work");
            }
            machine.kernel.flush_work(current, work, progress)
        })
        .unwrap_or(false)
    }

    /// Takes it off its queue (`cancel_work()`); whether it was queued.
    #[track_caller]
    pub fn cancel(&self) -> bool {
        let at = Location::caller();
        choice(at, "Work::cancel", Some((self.number, Manner::Write)), Gate::Open);
        note(POOLS, Manner::Write);
        op(at, |machine, _| machine.kernel.unqueue_work(self.number)).unwrap_or(false)
    }

    /// Takes it off its queue and waits until it does not run (`cancel_work_sync()`); whether it was queued.
    ///
    /// # Context
    /// Process context; sleeps in state D.
    #[track_caller]
    pub fn cancel_sync(&self) -> bool {
        self.cancel_at(Location::caller(), "Work::cancel_sync")
    }

    fn cancel_at(&self, at: At, what: &'static str) -> bool {
        let work = self.number;
        let touch = Some((work, Manner::Write));
        choice(at, what, touch, timer_gate(at, work));
        // A worker that then finds nothing to do has seen that it was taken off.
        note(POOLS, Manner::Write);
        let timer_ran = stop_delayed(at, work).unwrap_or(false);
        let queued = wait(at, what, touch, Gate::Open, |machine, current, progress| {
            if !progress.started {
                might_sleep(machine, "cancel_work_sync");
            }
            machine.kernel.cancel_work_sync(current, work, progress)
        });
        timer_ran | queued.unwrap_or(false)
    }
}

impl Drop for Work {
    #[track_caller]
    fn drop(&mut self) {
        if inside() {
            let at = Location::caller();
            self.cancel_at(at, "Work::drop");
            drop(forget_work(at, self.number));
        }
    }
}

/// A work that waits for a time before it is queued (`struct delayed_work`).
///
/// ```
/// use kloom_rust::prelude::*;
/// use kloom_rust::time::{Delta, Instant};
/// use kloom_rust::workqueue::{self, DelayedWork};
///
/// kloom_rust::check(|| {
///     let done = Arc::new(Completion::new(), GFP_KERNEL)?;
///     let theirs = done.clone();
///     let work = DelayedWork::new(move || theirs.complete());
///     let before = Instant::now();
///     workqueue::system().enqueue_delayed(&work, Delta::from_millis(100));
///     done.wait_for_completion();
///     assert!(before.elapsed() >= Delta::from_millis(96), "a jiffy's part may be gone already");
///     Ok(())
/// });
/// ```
#[derive(Debug)]
pub struct DelayedWork {
    work: Work,
}

impl DelayedWork {
    /// A work that runs `function` each time its delay is over.
    #[track_caller]
    pub fn new(function: impl Fn() + Send + Sync + 'static) -> DelayedWork {
        DelayedWork { work: Work::new(function) }
    }

    /// Whether it is queued or its time runs.
    #[track_caller]
    pub fn is_pending(&self) -> bool {
        self.work.is_pending()
    }

    /// Stops its time, takes it off its queue, and waits until it does not run (`cancel_delayed_work_sync()`); whether it
    /// was pending.
    ///
    /// # Context
    /// Process context; sleeps in state D.
    #[track_caller]
    pub fn cancel_sync(&self) -> bool {
        self.work.cancel_at(Location::caller(), "DelayedWork::cancel_sync")
    }
}
