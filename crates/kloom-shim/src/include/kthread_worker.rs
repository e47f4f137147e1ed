//! C header: include/linux/kthread.h, the worker half: a kthread that serves a queue of works.
//!
//! Behaviour follows Linux 6.1 kernel/kthread.c. The lists are kept here, by the addresses of worker and work; the
//! thread's function is `kthread_worker_fn()` itself.

use std::collections::{BTreeMap, VecDeque};

use kloom_abi::Errno;
use kloom_abi::sched::{TASK_INTERRUPTIBLE, TASK_UNINTERRUPTIBLE};
use kloom_guest::thunk::VaFrame;
use kloom_kernel::fault::Fault;
use kloom_kernel::ops::{Op, Progress};
use kloom_kernel::task::{BlockedOn, TaskId};

use super::printk::{VarArgs, format_short};
use super::timer;
use crate::Machine;
use crate::call::{blocking, call1, enter, might_sleep};
use crate::object::Magic;
use crate::oops::or_oops;

/// Offsets in `struct kthread_worker`, and its size.
const FLAGS: u64 = 8;
const LOCK: u64 = 12;
const TASK: u64 = 56;
const CURRENT: u64 = 64;
const WORKER_SIZE: u64 = 72;
/// Offsets in `struct kthread_work`, and its size.
const FUNC: u64 = 24;
const WORKER: u64 = 32;
const WORK_SIZE: u64 = 48;
/// Offset in `struct kthread_delayed_work`, and its size.
const TIMER: u64 = 48;
const DELAYED_SIZE: u64 = 104;

/// Kind of a worker made by `kthread_create_worker()`.
const KIND: &str = "struct kthread_worker";

/// A worker.
#[derive(Clone, Debug, Default)]
struct Worker {
    works: VecDeque<(u64, u64)>,
    running: Option<(u64, u64)>,
    task: Option<TaskId>,
    waiters: Vec<TaskId>,
}

/// What these shims keep.
#[derive(Clone, Debug, Default)]
pub struct State {
    workers: BTreeMap<u64, Worker>,
    /// Delayed works whose timer runs.
    delayed: std::collections::BTreeSet<u64>,
    cancelling: BTreeMap<u64, u32>,
    seq: u64,
}

impl State {
    /// Whether works up to `seq` of a worker are not done.
    fn busy(&self, worker: u64, seq: u64) -> bool {
        self.workers
            .get(&worker)
            .is_some_and(|worker| worker.works.iter().chain(&worker.running).any(|&(_, other)| other <= seq))
    }

    fn queued(&self, work: u64) -> bool {
        self.delayed.contains(&work)
            || self.workers.values().any(|worker| worker.works.iter().any(|&(other, _)| other == work))
    }

    /// The worker that has or runs a work, with the number of the run that comes last.
    fn last_run(&self, work: u64) -> Option<(u64, u64)> {
        self.workers.iter().find_map(|(&addr, worker)| {
            let mine = |&&(other, _): &&(u64, u64)| other == work;
            worker.works.iter().find(mine).or_else(|| worker.running.iter().find(mine)).map(|&(_, seq)| (addr, seq))
        })
    }
}

fn check_worker(machine: &mut Machine, worker: u64, func: &'static str) -> Result<(), Fault> {
    machine.check_access(worker, WORKER_SIZE, true)?;
    machine.handle(worker, Magic::KthreadWorker, func, |_, _| 1)?;
    machine.kworkers.workers.entry(worker).or_default();
    Ok(())
}

fn check_work(machine: &mut Machine, work: u64, func: &'static str) -> Result<(), Fault> {
    machine.check_access(work, WORK_SIZE, true)?;
    if machine.peek_u32(work) != Magic::KthreadDelayedWork as u32 {
        machine.handle(work, Magic::KthreadWork, func, |_, _| 1)?;
    }
    Ok(())
}

/// `kthread_init_worker()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn __kthread_init_worker(worker: u64, name: u64, key: u64) {
    or_oops(enter(|machine, _| {
        machine.check_access(worker, WORKER_SIZE, true)?;
        let zero = [0; WORKER_SIZE as usize];
        machine.store(worker, &zero)?;
        machine.init_object(worker, Magic::KthreadWorker, 1)?;
        machine.kworkers.workers.insert(worker, Worker::default());
        Ok(())
    }));
    super::spinlock::__raw_spin_lock_init(worker + LOCK, name, key, 0);
}

fn init_work(machine: &mut Machine, work: u64, magic: Magic, func: u64) -> Result<(), Fault> {
    let zero = [0; WORK_SIZE as usize];
    machine.store(work, &zero)?;
    machine.init_object(work, magic, 1)?;
    machine.poke_u64(work + 8, work + 8);
    machine.poke_u64(work + 16, work + 8);
    machine.poke_u64(work + FUNC, func);
    Ok(())
}

/// `kthread_init_work()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_kthread_init_work(work: u64, func: u64, _name: u64, _key: u64) {
    or_oops(enter(|machine, _| init_work(machine, work, Magic::KthreadWork, func)));
}

/// `kthread_init_delayed_work()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_kthread_init_delayed_work(work: u64, func: u64, _name: u64, _key: u64) {
    or_oops(enter(|machine, _| {
        machine.check_access(work, DELAYED_SIZE, true)?;
        init_work(machine, work, Magic::KthreadDelayedWork, func)?;
        timer::init(machine, work + TIMER, kthread_delayed_work_timer_fn as *const () as u64, 0, 0)
    }));
}

/// `kthread_worker_fn()`: serves a worker until the thread is asked to stop.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn kthread_worker_fn(worker: u64) -> i32 {
    or_oops(enter(|machine, current| {
        check_worker(machine, worker, "kthread_worker_fn")?;
        let addr = machine.kernel.tasks[current].addr;
        machine.poke_u64(worker + TASK, addr);
        machine.kworkers.workers.entry(worker).or_default().task = Some(current);
        Ok(())
    }));
    while let Some(work) = next_work(worker) {
        let func = or_oops(enter(|machine, _| {
            machine.check_access(work, WORK_SIZE, true)?;
            Ok(machine.peek_u64(work + FUNC))
        }));
        call1(func, work);
        crate::choice::ends(work);
        // The work's memory may be gone by now.
        or_oops(enter(|machine, _| {
            check_worker(machine, worker, "kthread_worker_fn")?;
            machine.poke_u64(worker + CURRENT, 0);
            machine.kernel.release(kloom_kernel::order::side(work));
            if let Some(state) = machine.kworkers.workers.get_mut(&worker) {
                state.running = None;
                for waiter in std::mem::take(&mut state.waiters) {
                    machine.kernel.try_to_wake_up(waiter, TASK_UNINTERRUPTIBLE);
                }
            }
            Ok(())
        }));
        super::sched::__cond_resched();
    }
    0
}

/// The next work of the calling worker; None when it is to stop.
fn next_work(worker: u64) -> Option<u64> {
    or_oops(blocking(|machine, current, _| {
        if machine.kernel.kthread_should_stop(current) {
            machine.poke_u64(worker + TASK, 0);
            machine.kworkers.workers.entry(worker).or_default().task = None;
            return Ok(Op::Done(None));
        }
        check_worker(machine, worker, "kthread_worker_fn")?;
        let state = machine.kworkers.workers.entry(worker).or_default();
        if let Some(next) = state.works.pop_front() {
            state.running = Some(next);
            machine.poke_u64(worker + CURRENT, next.0);
            machine.kernel.acquire(next.0);
            return Ok(Op::Done(Some(next.0)));
        }
        machine.kernel.tasks[current].c.set_task_state(TASK_INTERRUPTIBLE);
        machine.kernel.block_on(current, BlockedOn::Other("kthread_worker_fn"));
        Ok(Op::Block)
    }))
}

fn create(cpu: Option<u32>, flags: u32, fmt: u64, args: &mut VarArgs<'_>) -> u64 {
    might_sleep("kthread_create_worker");
    enter(|machine, current| {
        let name = format_short(machine, fmt, args);
        let Some(worker) = machine.kernel_block(WORKER_SIZE, KIND) else { return Errno::ENOMEM.to_c() as u64 };
        machine.poke_u32(worker, Magic::KthreadWorker as u32);
        machine.poke_u32(worker + 4, 1);
        machine.poke_u32(worker + FLAGS, flags);
        machine.poke_u32(worker + LOCK, Magic::Spinlock as u32);
        let func = kthread_worker_fn as *const () as u64;
        let made = if machine.fails("kthread_create") {
            Err(Errno::ENOMEM)
        } else {
            machine.kernel.kthread_create(current, func, worker, &name, None)
        };
        match made {
            Ok(id) => {
                if let Some(cpu) = cpu {
                    machine.kernel.kthread_bind(id, 1u64.checked_shl(cpu).unwrap_or(0));
                }
                let module = machine.caller_module();
                if let Some(kthread) = machine.kernel.tasks[id].kthread_mut() {
                    kthread.module = module;
                }
                machine.poke_u64(worker + TASK, machine.kernel.tasks[id].addr);
                machine.kworkers.workers.insert(worker, Worker { task: Some(id), ..Worker::default() });
                machine.kernel.wake_kthread(id);
                worker
            }
            Err(errno) => {
                machine.kernel_free(worker);
                machine.note_err_ptr(errno, "kthread_create_worker");
                errno.to_c() as u64
            }
        }
    })
}

/// `kthread_create_worker()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn kthread_create_worker(frame: &VaFrame) -> u64 {
    create(None, frame.regs[0] as u32, frame.regs[1], &mut VarArgs::after(frame, 2))
}

/// `kthread_create_worker_on_cpu()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn kthread_create_worker_on_cpu(frame: &VaFrame) -> u64 {
    create(Some(frame.regs[0] as u32), frame.regs[1] as u32, frame.regs[2], &mut VarArgs::after(frame, 3))
}

/// Puts a work on a worker's list.
fn insert(machine: &mut Machine, worker: u64, work: u64) {
    machine.kworkers.seq += 1;
    let seq = machine.kworkers.seq;
    machine.poke_u64(work + WORKER, worker);
    let state = machine.kworkers.workers.entry(worker).or_default();
    state.works.push_back((work, seq));
    if state.running.is_none()
        && let Some(task) = state.task
    {
        machine.kernel.wake_up_process(task);
    }
}

/// `kthread_queue_work()`: false if it was queued already.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kthread_queue_work(worker: u64, work: u64) -> bool {
    or_oops(enter(|machine, _| {
        check_worker(machine, worker, "kthread_queue_work")?;
        check_work(machine, work, "kthread_queue_work")?;
        if machine.kworkers.queued(work) || machine.kworkers.cancelling.contains_key(&work) {
            return Ok(false);
        }
        insert(machine, worker, work);
        Ok(true)
    }))
}

/// The function of a delayed work's timer.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kthread_delayed_work_timer_fn(timer: u64) {
    or_oops(enter(|machine, _| {
        let work = timer - TIMER;
        machine.check_access(work, DELAYED_SIZE, true)?;
        let worker = machine.peek_u64(work + WORKER);
        check_worker(machine, worker, "kthread_delayed_work_timer_fn")?;
        if machine.kworkers.delayed.remove(&work) {
            insert(machine, worker, work);
        }
        Ok(())
    }));
}

fn start_delayed(machine: &mut Machine, worker: u64, work: u64, delay: u64) -> Result<(), Fault> {
    if delay == 0 {
        insert(machine, worker, work);
        return Ok(());
    }
    machine.poke_u64(work + WORKER, worker);
    let handle = timer::object(machine, work + TIMER, "kthread_queue_delayed_work")?;
    let expires = machine.kernel.jiffies().wrapping_add(delay);
    timer::arm(machine, work + TIMER, handle, expires, None)?;
    machine.kworkers.delayed.insert(work);
    Ok(())
}

/// `kthread_queue_delayed_work()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kthread_queue_delayed_work(worker: u64, work: u64, delay: u64) -> bool {
    or_oops(enter(|machine, _| {
        check_worker(machine, worker, "kthread_queue_delayed_work")?;
        machine.check_access(work, DELAYED_SIZE, true)?;
        check_work(machine, work, "kthread_queue_delayed_work")?;
        if machine.kworkers.queued(work) || machine.kworkers.cancelling.contains_key(&work) {
            return Ok(false);
        }
        start_delayed(machine, worker, work, delay)?;
        Ok(true)
    }))
}

/// Takes a work off its list and stops its timer; whether it was pending.
fn grab(machine: &mut Machine, work: u64, delayed: bool) -> Result<bool, Fault> {
    let mut was_pending = machine.kworkers.delayed.remove(&work);
    if delayed {
        machine.check_access(work, DELAYED_SIZE, true)?;
        let timer = machine.old_handle(work + TIMER, Magic::Timer);
        if timer != 0 {
            machine.kernel.del_timer(timer);
        }
    }
    for worker in machine.kworkers.workers.values_mut() {
        let before = worker.works.len();
        worker.works.retain(|&(other, _)| other != work);
        was_pending |= worker.works.len() != before;
    }
    Ok(was_pending)
}

/// `kthread_mod_delayed_work()`: true if it was pending.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kthread_mod_delayed_work(worker: u64, work: u64, delay: u64) -> bool {
    or_oops(enter(|machine, _| {
        check_worker(machine, worker, "kthread_mod_delayed_work")?;
        check_work(machine, work, "kthread_mod_delayed_work")?;
        let was_pending = grab(machine, work, true)?;
        if !machine.kworkers.cancelling.contains_key(&work) {
            start_delayed(machine, worker, work, delay)?;
        }
        Ok(was_pending)
    }))
}

/// Polls until the runs of `worker` up to number `p.until` are done.
fn wait_until_done(
    machine: &mut Machine,
    current: TaskId,
    worker: u64,
    p: &Progress,
    newly: bool,
) -> Result<Op<()>, Fault> {
    if !machine.kworkers.busy(worker, p.until) {
        return Ok(Op::Done(()));
    }
    let state = machine.kworkers.workers.entry(worker).or_default();
    if !state.waiters.contains(&current) {
        state.waiters.push(current);
    }
    let own = state.task == Some(current);
    machine.kernel.tasks[current].c.set_task_state(TASK_UNINTERRUPTIBLE);
    machine.kernel.block_on(current, BlockedOn::Other("kthread_flush_work"));
    if newly && own {
        return Err(Fault::Deadlock { cycle: vec![current] });
    }
    Ok(Op::Block)
}

fn flush(work: u64) {
    let Some((worker, _)) = enter(|machine, _| machine.kworkers.last_run(work)) else { return };
    or_oops(blocking(|machine, current, progress| {
        let newly = progress.first();
        if newly {
            progress.until = machine.kworkers.last_run(work).map_or(0, |(_, seq)| seq);
        }
        wait_until_done(machine, current, worker, progress, newly)
    }));
}

/// `kthread_flush_work()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn kthread_flush_work(work: u64) {
    might_sleep("kthread_flush_work");
    or_oops(enter(|machine, _| check_work(machine, work, "kthread_flush_work")));
    flush(work);
}

/// `kthread_flush_worker()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn kthread_flush_worker(worker: u64) {
    might_sleep("kthread_flush_worker");
    or_oops(blocking(|machine, current, progress| {
        let newly = progress.first();
        if newly {
            check_worker(machine, worker, "kthread_flush_worker")?;
            progress.until = machine.kworkers.seq;
        }
        wait_until_done(machine, current, worker, progress, newly)
    }));
}

fn cancel(work: u64, delayed: bool, func: &'static str) -> bool {
    might_sleep(func);
    let was_pending = or_oops(enter(|machine, _| {
        check_work(machine, work, func)?;
        let was_pending = grab(machine, work, delayed)?;
        *machine.kworkers.cancelling.entry(work).or_default() += 1;
        Ok(was_pending)
    }));
    flush(work);
    enter(|machine, _| {
        if let Some(depth) = machine.kworkers.cancelling.get_mut(&work) {
            *depth -= 1;
            if *depth == 0 {
                machine.kworkers.cancelling.remove(&work);
            }
        }
    });
    was_pending
}

/// `kthread_cancel_work_sync()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn kthread_cancel_work_sync(work: u64) -> bool {
    cancel(work, false, "kthread_cancel_work_sync")
}

/// `kthread_cancel_delayed_work_sync()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn kthread_cancel_delayed_work_sync(work: u64) -> bool {
    cancel(work, true, "kthread_cancel_delayed_work_sync")
}

/// `kthread_destroy_worker()`: flushes, stops and frees.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn kthread_destroy_worker(worker: u64) {
    kthread_flush_worker(worker);
    let task = enter(|machine, _| machine.peek_u64(worker + TASK));
    if task == 0 {
        enter(|machine, _| machine.warn_kernel("kernel/kthread.c", 1408, "kthread_destroy_worker"));
        return;
    }
    super::kthread::kthread_stop(task);
    enter(|machine, _| {
        machine.kworkers.workers.remove(&worker);
        machine.kernel_free(worker);
    });
}

crate::exports![
    plain: __kthread_init_worker, kloom_kthread_init_work, kloom_kthread_init_delayed_work, kthread_worker_fn, kthread_queue_work,
        kthread_delayed_work_timer_fn, kthread_queue_delayed_work, kthread_mod_delayed_work, kthread_flush_work,
        kthread_flush_worker, kthread_cancel_work_sync, kthread_cancel_delayed_work_sync, kthread_destroy_worker;
    variadic: kthread_create_worker, kthread_create_worker_on_cpu;
    named:
];
