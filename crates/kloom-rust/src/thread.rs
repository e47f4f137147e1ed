//! Kernel threads.
//!
//! C header: include/linux/kthread.h.

use std::ffi::CStr;
use std::marker::PhantomData;
use std::panic::Location;

use kloom_kernel::ops::Progress;
use kloom_kernel::task::TaskId;
use kloom_kernel::touch::Manner;
use kloom_shim::rust::{
    At, Gate, choice, control_of, create_thread, exit_of, exploring, might_sleep, note, op, this_thread, wait,
};

use crate::error::{Error, Result, code};

/// What a thread function may return, as the number `kthread_stop()` gives to who stops it.
pub trait ThreadResult {
    /// The number.
    fn to_int(self) -> i32;
}

impl ThreadResult for () {
    fn to_int(self) -> i32 {
        0
    }
}

impl ThreadResult for i32 {
    fn to_int(self) -> i32 {
        self
    }
}

impl<T: ThreadResult> ThreadResult for Result<T> {
    fn to_int(self) -> i32 {
        match self {
            Ok(value) => value.to_int(),
            Err(error) => error.to_errno(),
        }
    }
}

/// A kernel thread that was started. Dropping it lets the thread go on, as dropping a reference does.
#[derive(Debug)]
pub struct Thread {
    task: TaskId,
    id: u32,
    pid: i32,
}

/// A kernel thread that was created and not started. Dropping it stops it: its function never runs.
#[derive(Debug)]
#[must_use = "a thread that is not started is stopped at once"]
pub struct ThreadNew<F> {
    thread: Option<Thread>,
    function: PhantomData<fn() -> F>,
}

impl Thread {
    /// Creates a thread that will run `function` once it is [started](ThreadNew::start).
    ///
    /// ```
    /// use kloom_rust::prelude::*;
    ///
    /// kloom_rust::check(|| {
    ///     let created = Thread::new(c"never", || -> i32 { unreachable!("nobody starts it") })?;
    ///     drop(created);
    ///     Thread::new(c"bound", || ())?.bind(1).start();
    ///     Ok(())
    /// });
    /// ```
    ///
    /// # Errors
    /// `EAGAIN` at the machine's limit of threads, `ENOMEM` without memory.
    ///
    /// # Context
    /// Process context; sleeps.
    #[expect(
        clippy::new_ret_no_self,
        reason = "the name is the one proposed for Linux: what is new is not started yet"
    )]
    #[track_caller]
    pub fn new<F, R>(name: &CStr, function: F) -> Result<ThreadNew<F>>
    where
        F: FnOnce() -> R + Send + 'static,
        R: ThreadResult,
    {
        let at = Location::caller();
        op(at, |machine, _| might_sleep(machine, "kthread_create"));
        let task = match create_thread(at, name.to_bytes(), move || i64::from(function().to_int())) {
            Some(created) => created?,
            None => return Err(code::EINTR),
        };
        let known = op(at, |machine, _| {
            let id = machine.rust.thread(task).map_or(0, |thread| thread.id);
            (id, machine.kernel.tasks[task].pid)
        });
        let (id, pid) = known.unwrap_or_default();
        Ok(ThreadNew { thread: Some(Thread { task, id, pid }), function: PhantomData })
    }

    /// Creates a thread and starts it (`kthread_run()`).
    ///
    /// # Errors
    /// As [`Thread::new`].
    #[track_caller]
    pub fn spawn<F, R>(name: &CStr, function: F) -> Result<Thread>
    where
        F: FnOnce() -> R + Send + 'static,
        R: ThreadResult,
    {
        Ok(Thread::new(name, function)?.start())
    }

    /// Creates a thread that stays on one CPU, and starts it (`kthread_run_on_cpu()`).
    ///
    /// # Errors
    /// As [`Thread::new`].
    #[track_caller]
    pub fn spawn_on<F, R>(cpu: u32, name: &CStr, function: F) -> Result<Thread>
    where
        F: FnOnce() -> R + Send + 'static,
        R: ThreadResult,
    {
        Ok(Thread::new(name, function)?.bind(cpu).start())
    }

    /// Asks the thread to stop, wakes it, and waits until it has returned (`kthread_stop()`). What it returned: a negative
    /// number is an error.
    ///
    /// # Errors
    /// `EINTR` if its function never ran; what it returned.
    ///
    /// # Context
    /// Process context; sleeps in state D.
    #[track_caller]
    pub fn stop(self) -> Result<i32> {
        let result = self.stop_at(Location::caller());
        match i32::try_from(result) {
            Ok(number @ 0..) => Ok(number),
            Ok(number) => Err(Error::from_errno(number)),
            Err(_) => Err(code::EINVAL),
        }
    }

    fn stop_at(&self, at: At) -> i64 {
        const WHAT: &str = "Thread::stop";
        let target = self.task;
        choice(at, WHAT, Some((control_of(self.id), Manner::Write)), Gate::Open);
        let end = Some((exit_of(self.id), Manner::Read));
        let mut polls = 0;
        let result = wait(at, WHAT, end, Gate::Open, |machine, current, progress: &mut Progress| {
            polls += 1;
            if polls == 1 {
                might_sleep(machine, "kthread_stop");
            }
            machine.kernel.kthread_stop(current, target, progress)
        });
        if polls == 1 && exploring() {
            // The thread had returned already: seeing that is a step of its own, as it is when it has to be waited for.
            choice(at, WHAT, end, Gate::Open);
        }
        result.unwrap_or_else(|| code::EINTR.to_errno().into())
    }

    /// Whether somebody wants the calling thread to stop (`kthread_should_stop()`).
    #[track_caller]
    pub fn should_stop() -> bool {
        own_flag("Thread::should_stop", |machine, current| machine.kernel.kthread_should_stop(current))
    }

    /// Whether somebody wants the calling thread to park (`kthread_should_park()`).
    #[track_caller]
    pub fn should_park() -> bool {
        own_flag("Thread::should_park", |machine, current| machine.kernel.kthread_should_park(current))
    }

    /// Sleeps while the calling thread is to be parked (`kthread_parkme()`).
    ///
    /// # Context
    /// Process context; sleeps in state P.
    #[track_caller]
    pub fn park_me() {
        let at = Location::caller();
        let control = Some((control_of(this_thread()), Manner::Write));
        choice(at, "Thread::park_me", control, Gate::Open);
        wait(at, "Thread::park_me", control, Gate::Open, |machine, current, progress| {
            if progress.first() {
                might_sleep(machine, "kthread_parkme");
            }
            Ok(machine.kernel.kthread_parkme(current))
        });
    }

    /// Asks the thread to park and waits until it has (`kthread_park()`).
    ///
    /// # Errors
    /// `ENOSYS` if it has returned, `EBUSY` if it was asked already.
    ///
    /// # Context
    /// Process context; sleeps in state D.
    #[track_caller]
    pub fn park(&self) -> Result {
        let at = Location::caller();
        let target = self.task;
        let control = Some((control_of(self.id), Manner::Write));
        choice(at, "Thread::park", control, Gate::Open);
        note(exit_of(self.id), Manner::Read);
        let parked = wait(at, "Thread::park", control, Gate::Open, |machine, current, progress| {
            if !progress.started {
                might_sleep(machine, "kthread_park");
            }
            machine.kernel.kthread_park(current, target, progress)
        });
        match parked {
            Some(0) | None => Ok(()),
            Some(errno) => Err(Error::from_errno(errno)),
        }
    }

    /// Takes the request back and lets the thread go on (`kthread_unpark()`).
    #[track_caller]
    pub fn unpark(&self) {
        let at = Location::caller();
        choice(at, "Thread::unpark", Some((control_of(self.id), Manner::Write)), Gate::Open);
        op(at, |machine, _| machine.kernel.kthread_unpark(self.task));
    }

    /// Makes it runnable if it sleeps (`wake_up_process()`).
    #[track_caller]
    pub fn wake_up(&self) {
        let at = Location::caller();
        choice(at, "Thread::wake_up", Some((control_of(self.id), Manner::Write)), Gate::Open);
        op(at, |machine, _| machine.kernel.wake_kthread(self.task));
    }

    /// Its pid.
    pub fn pid(&self) -> i32 {
        self.pid
    }
}

#[track_caller]
fn own_flag(what: &'static str, f: impl FnOnce(&mut kloom_shim::Machine, TaskId) -> bool) -> bool {
    let at = Location::caller();
    if exploring() {
        choice(at, what, Some((control_of(this_thread()), Manner::Read)), Gate::Open);
    } else {
        choice(at, what, None, Gate::Open);
    }
    // A thread that is being cancelled is told to stop, so that its loop ends.
    op(at, f).unwrap_or(true)
}

impl Drop for Thread {
    fn drop(&mut self) {
        let task = self.task;
        op(Location::caller(), |machine, _| {
            let lives = machine.kernel.tasks.get(task).is_some_and(|live| live.pid == self.pid);
            if lives {
                machine.kernel.put_task(task);
            }
        });
    }
}

impl<F> ThreadNew<F> {
    /// Makes the thread stay on one CPU (`kthread_bind()`).
    #[track_caller]
    pub fn bind(self, cpu: u32) -> Self {
        if let Some(thread) = &self.thread {
            let task = thread.task;
            op(Location::caller(), |machine, _| machine.kernel.kthread_bind(task, 1u64.checked_shl(cpu).unwrap_or(0)));
        }
        self
    }

    /// Lets it run.
    #[track_caller]
    pub fn start(mut self) -> Thread {
        let Some(thread) = self.thread.take() else { unreachable!("taken only here and when dropped") };
        let task = thread.task;
        note(control_of(thread.id), Manner::Write);
        op(Location::caller(), |machine, _| machine.kernel.wake_kthread(task));
        thread
    }
}

impl<F> Drop for ThreadNew<F> {
    #[track_caller]
    fn drop(&mut self) {
        if let Some(thread) = self.thread.take() {
            thread.stop_at(Location::caller());
        }
    }
}
