//! C header: include/linux/sched.h, include/linux/preempt.h's scheduling side, include/asm/current.h.

use kloom_abi::sched::{SCHED_FIFO, SCHED_NORMAL, TASK_IDLE, TASK_INTERRUPTIBLE, TASK_KILLABLE, TASK_UNINTERRUPTIBLE};
use kloom_kernel::task::BlockedOn;

use crate::call::{CallSite, blocking, ctx, enter, might_sleep, yield_cpu};
use crate::oops::or_oops;

/// `current`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_current() -> u64 {
    ctx().current.get()
}

/// `schedule()`: gives the CPU away; the task stays off it while its state says so.
///
/// # Context
/// Process context; the scheduling point.
pub(crate) extern "C" fn schedule() {
    let site = CallSite::save();
    enter(|machine, current| {
        machine.might_sleep("schedule", true);
        if machine.kernel.tasks[current].state() != 0 && machine.kernel.tasks[current].blocked_on == BlockedOn::Nothing
        {
            machine.kernel.block_on(current, BlockedOn::Schedule);
        }
        machine.kernel.schedule(current);
    });
    yield_cpu();
    site.restore();
}

/// `schedule_timeout()`: sleeps in the state already set; jiffies left.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn schedule_timeout(timeout: i64) -> i64 {
    enter(|machine, _| {
        if timeout < 0 {
            machine.print(
                kloom_kernel::printk::Level::Err,
                format!("schedule_timeout: wrong timeout value {:x}", timeout as u64),
            );
        }
        machine.might_sleep("schedule_timeout", true);
    });
    or_oops(blocking(|machine, current, progress| Ok(machine.kernel.schedule_timeout(current, timeout, progress))))
}

fn timeout_in(state: u32, timeout: i64) -> i64 {
    enter(|machine, current| machine.kernel.tasks[current].c.set_task_state(state));
    schedule_timeout(timeout)
}

/// `schedule_timeout_interruptible()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn schedule_timeout_interruptible(timeout: i64) -> i64 {
    timeout_in(TASK_INTERRUPTIBLE, timeout)
}

/// `schedule_timeout_killable()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn schedule_timeout_killable(timeout: i64) -> i64 {
    timeout_in(TASK_KILLABLE, timeout)
}

/// `schedule_timeout_uninterruptible()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn schedule_timeout_uninterruptible(timeout: i64) -> i64 {
    timeout_in(TASK_UNINTERRUPTIBLE, timeout)
}

/// `schedule_timeout_idle()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn schedule_timeout_idle(timeout: i64) -> i64 {
    timeout_in(TASK_IDLE, timeout)
}

/// `yield()`: moves the caller behind the other runnable tasks of its CPU.
pub(crate) extern "C" fn yield_() {
    let site = CallSite::save();
    enter(|machine, current| {
        machine.might_sleep("yield", true);
        machine.kernel.tasks[current].c.set_task_state(0);
        machine.kernel.schedule(current);
    });
    yield_cpu();
    site.restore();
}

/// `wake_up_process()`: 1 if it was woken, 0 if it already ran.
///
/// # Context
/// Any; no scheduling point for the caller.
pub(crate) extern "C" fn wake_up_process(task: u64) -> i32 {
    or_oops(enter(|machine, _| {
        let id = machine.task_from(task, "wake_up_process")?;
        Ok(machine.kernel.wake_kthread(id))
    }))
}

/// `wake_up_state()`: as `wake_up_process()` for the states given.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn wake_up_state(task: u64, state: u32) -> i32 {
    or_oops(enter(|machine, _| {
        let id = machine.task_from(task, "wake_up_state")?;
        if machine.kernel.tasks[id].blocked_on == BlockedOn::NeverWoken {
            return Ok(if state & TASK_UNINTERRUPTIBLE != 0 { machine.kernel.wake_kthread(id) } else { 0 });
        }
        Ok(i32::from(machine.kernel.try_to_wake_up(id, state)))
    }))
}

/// `set_current_state()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_set_current_state(state: u32) {
    enter(|machine, current| {
        machine.kernel.tasks[current].c.set_task_state(state);
        if machine.kernel.order.on && state != 0 {
            let at = machine.kernel.event_here();
            machine.kernel.tasks[current].state_set = Some(at);
        }
    });
}

/// `need_resched()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_need_resched() -> i32 {
    enter(|machine, _| i32::from(machine.kernel.cpus[machine.kernel.this_cpu as usize].need_resched))
}

/// `__cond_resched()`: gives way if a reschedule is due; 1 if it did.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn __cond_resched() -> i32 {
    let site = CallSite::save();
    if !enter(|machine, current| machine.kernel.cond_resched(current)) {
        return 0;
    }
    yield_cpu();
    site.restore();
    1
}

/// `__might_sleep()`: reports a sleep in atomic context; otherwise a voluntary scheduling point.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn __might_sleep(_file: u64, _line: i32) {
    might_sleep("might_sleep");
}

/// `set_user_nice()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn set_user_nice(task: u64, nice: i64) {
    or_oops(enter(|machine, _| {
        let id = machine.task_from(task, "set_user_nice")?;
        machine.kernel.set_user_nice(id, nice);
        Ok(())
    }));
}

/// `sched_setscheduler_nocheck()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn sched_setscheduler_nocheck(task: u64, policy: i32, param: u64) -> i32 {
    or_oops(enter(|machine, _| {
        let id = machine.task_from(task, "sched_setscheduler")?;
        machine.check_access(param, 4, false)?;
        let priority = machine.peek_u32(param) as i32;
        Ok(match machine.kernel.set_scheduler(id, policy as u32, priority) {
            Ok(()) => 0,
            Err(errno) => -errno.0,
        })
    }))
}

fn set_policy(task: u64, policy: u32, priority: i32, nice: Option<i32>) {
    or_oops(enter(|machine, _| {
        let id = machine.task_from(task, "sched_set_fifo")?;
        let _ = machine.kernel.set_scheduler(id, policy, priority);
        if let Some(nice) = nice {
            machine.kernel.set_user_nice(id, i64::from(nice));
        }
        Ok(())
    }));
}

/// `sched_set_fifo()`: SCHED_FIFO at priority 50.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn sched_set_fifo(task: u64) {
    set_policy(task, SCHED_FIFO, 50, None);
}

/// `sched_set_fifo_low()`: SCHED_FIFO at priority 1.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn sched_set_fifo_low(task: u64) {
    set_policy(task, SCHED_FIFO, 1, None);
}

/// `sched_set_normal()`: SCHED_NORMAL with the nice value.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn sched_set_normal(task: u64, nice: i32) {
    set_policy(task, SCHED_NORMAL, 0, Some(nice));
}

/// `set_cpus_allowed_ptr()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn set_cpus_allowed_ptr(task: u64, mask: u64) -> i32 {
    or_oops(enter(|machine, _| {
        let id = machine.task_from(task, "set_cpus_allowed_ptr")?;
        machine.check_access(mask, 8, false)?;
        let mask = machine.peek_u64(mask);
        Ok(machine.kernel.set_cpus_allowed(id, mask).map_or_else(|errno| -errno.0, |()| 0))
    }))
}

/// `sched_clock()` and its relatives: nanoseconds since boot.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn sched_clock() -> u64 {
    enter(|machine, _| machine.kernel.now())
}

/// `get_task_struct()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_get_task_struct(task: u64) {
    or_oops(enter(|machine, _| {
        let id = machine.task_from(task, "get_task_struct")?;
        machine.kernel.get_task(id);
        let at = machine.kernel.event_here();
        machine.kernel.tasks[id].refs_taken.push(at);
        Ok(())
    }));
}

/// `put_task_struct()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_put_task_struct(task: u64) {
    or_oops(enter(|machine, _| {
        let id = machine.task_from(task, "put_task_struct")?;
        machine.kernel.tasks[id].refs_taken.pop();
        machine.kernel.put_task(id);
        Ok(())
    }));
}

/// `find_task_by_vpid()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn find_task_by_vpid(pid: i32) -> u64 {
    enter(|machine, _| machine.kernel.tasks.find(pid).map_or(0, |id| machine.kernel.tasks[id].addr))
}

/// `__get_task_comm()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn __get_task_comm(buf: u64, size: u64, task: u64) -> u64 {
    or_oops(enter(|machine, _| {
        let id = machine.task_from(task, "get_task_comm")?;
        let comm = machine.kernel.tasks[id].comm();
        let len = comm.len().min(size as usize);
        machine.check_access(buf, len as u64, true)?;
        let _ = machine.arena.write(buf, &comm[..len]);
        Ok(buf)
    }))
}

/// `io_schedule_timeout()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn io_schedule_timeout(timeout: i64) -> i64 {
    schedule_timeout(timeout)
}

/// `sched_show_task()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn sched_show_task(task: u64) {
    or_oops(enter(|machine, _| {
        let id = machine.task_from(task, "sched_show_task")?;
        machine.kernel.show_task(id, kloom_kernel::printk::Level::Info);
        Ok(())
    }));
}

/// `show_state()`: every task.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn show_state() {
    enter(|machine, _| {
        let ids: Vec<_> = machine.kernel.tasks.iter().map(|task| task.id).collect();
        for id in ids {
            machine.kernel.show_task(id, kloom_kernel::printk::Level::Info);
        }
    });
}

const STATE_LETTERS: &[u8] = b"RSDTtXZPI";

/// `task_state_to_char()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_task_state_to_char(task: u64) -> u8 {
    or_oops(enter(|machine, _| {
        let id = machine.task_from(task, "task_state_to_char")?;
        let c = machine.kernel.tasks[id].c;
        Ok(kloom_abi::sched::state_letter(c.task_state(), c.exit_state.get() as u32) as u8)
    }))
}

/// `task_state_index()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_task_state_index(task: u64) -> u32 {
    let letter = kloom_task_state_to_char(task);
    STATE_LETTERS.iter().position(|&other| other == letter).unwrap_or(0) as u32
}

/// `can_nice()`: modules run with every right.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn can_nice(_task: u64, _nice: i32) -> i32 {
    1
}

/// `sched_setattr()`: policy, nice value and priority of `struct sched_attr`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn sched_setattr(task: u64, attr: u64) -> i32 {
    or_oops(enter(|machine, _| {
        let id = machine.task_from(task, "sched_setattr")?;
        machine.check_access(attr, 24, false)?;
        let (policy, nice, priority) =
            (machine.peek_u32(attr + 4), machine.peek_u32(attr + 16) as i32, machine.peek_u32(attr + 20) as i32);
        if let Err(errno) = machine.kernel.set_scheduler(id, policy, priority) {
            return Ok(-errno.0);
        }
        if priority == 0 {
            machine.kernel.set_user_nice(id, i64::from(nice));
        }
        Ok(0)
    }))
}

/// `idle_cpu()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn idle_cpu(cpu: u32) -> i32 {
    enter(|machine, _| {
        let idle = |cpu: &kloom_kernel::sched::cpu::Cpu| cpu.current == cpu.idle && cpu.rq.nr_running() == 0;
        i32::from(machine.kernel.cpus.get(cpu as usize).is_some_and(idle))
    })
}

/// `idle_task()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn idle_task(cpu: u32) -> u64 {
    enter(|machine, _| machine.kernel.cpus.get(cpu as usize).map_or(0, |cpu| machine.kernel.tasks[cpu.idle].addr))
}

/// `task_curr()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_task_curr(task: u64) -> i32 {
    or_oops(enter(|machine, _| {
        let id = machine.task_from(task, "task_curr")?;
        Ok(i32::from(machine.kernel.cpus.iter().any(|cpu| cpu.current == id)))
    }))
}

/// `task_sched_runtime()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn task_sched_runtime(task: u64) -> u64 {
    or_oops(enter(|machine, _| {
        let id = machine.task_from(task, "task_sched_runtime")?;
        Ok(machine.kernel.tasks[id].se.sum_exec_ns)
    }))
}

/// `nr_context_switches()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn nr_context_switches() -> u64 {
    enter(|machine, _| machine.kernel.cpus.iter().map(|cpu| cpu.switches).sum())
}

/// `nr_running()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn nr_running() -> u32 {
    enter(|machine, _| {
        machine.kernel.cpus.iter().map(|cpu| cpu.rq.nr_running() as u32 + u32::from(cpu.current != cpu.idle)).sum()
    })
}

/// `__set_task_comm()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn __set_task_comm(task: u64, name: u64, _exec: bool) {
    or_oops(enter(|machine, _| {
        let id = machine.task_from(task, "__set_task_comm")?;
        let name = machine.text(name)?;
        machine.kernel.tasks[id].c.set_comm(&name);
        machine.kernel.tasks[id].full_name = None;
        Ok(())
    }));
}

/// `find_task_by_pid()`, dropped in 2.6.31.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn find_task_by_pid(pid: i32) -> u64 {
    enter(|machine, _| machine.note_removed("find_task_by_pid", "pid_task(find_vpid(nr), PIDTYPE_PID)"));
    find_task_by_vpid(pid)
}

/// `find_task_by_pid_ns()`: there is one namespace.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn find_task_by_pid_ns(pid: i32, _ns: u64) -> u64 {
    find_task_by_vpid(pid)
}

/// `find_get_task_by_vpid()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn find_get_task_by_vpid(pid: i32) -> u64 {
    let task = find_task_by_vpid(pid);
    if task != 0 {
        kloom_get_task_struct(task);
    }
    task
}

/// `daemonize()`, dropped in 3.8: names the caller and lets it ignore signals.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn daemonize(frame: &kloom_guest::thunk::VaFrame) {
    enter(|machine, current| {
        machine.note_removed("daemonize", "kthread_run(): a kthread is born detached");
        let name = super::printk::format_short(machine, frame.regs[0], &mut super::printk::VarArgs::after(frame, 1));
        let task = &mut machine.kernel.tasks[current];
        task.c.set_comm(&name);
        task.full_name = None;
        task.signals = kloom_kernel::signal::Signals::all_ignored();
    });
}

/// `kernel_thread()`, which modules could call before 3.7: the pid of a thread that runs `func`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn kernel_thread(func: u64, arg: u64, _flags: u64) -> i32 {
    might_sleep("kernel_thread");
    enter(|machine, current| {
        machine.note_removed("kernel_thread", "kthread_run()");
        let module = machine.module_of(func).map(|(id, _)| id);
        let name = machine.kernel.tasks[current].c.comm_text();
        match machine.kernel.kthread_create(current, func, arg, name.as_bytes(), module) {
            Ok(id) => {
                machine.kernel.wake_kthread(id);
                machine.kernel.tasks[id].pid
            }
            Err(errno) => -errno.0,
        }
    })
}

/// `reparent_to_kthreadd()`: kthreads are its children anyway.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn reparent_to_kthreadd() {}

/// `get_task_mm()`: NULL for kernel threads.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn get_task_mm(task: u64) -> u64 {
    or_oops(enter(|machine, _| {
        let id = machine.task_from(task, "get_task_mm")?;
        let task = &machine.kernel.tasks[id];
        Ok(if task.is_kthread() { 0 } else { task.c.mm.get() })
    }))
}

/// `mmput()`: user tasks keep theirs as long as they live.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn mmput(_mm: u64) {}

/// `touch_softlockup_watchdog()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn touch_softlockup_watchdog() {
    enter(|machine, _| {
        let cpu = machine.kernel.this_cpu;
        machine.kernel.watchdog_touch(cpu);
    });
}

/// `int_sqrt()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn int_sqrt(value: u64) -> u64 {
    value.isqrt()
}

/// `task_lock()`: a spinlock as far as sleeping goes; nobody contends for it.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_task_lock(task: u64) {
    or_oops(enter(|machine, _| {
        machine.task_from(task, "task_lock")?;
        machine.kernel.preempt_add(kloom_kernel::irq::PREEMPT_OFFSET);
        Ok(())
    }));
}

/// `task_unlock()`.
///
/// # Context
/// Any; does not sleep, but gives way to what it lets run: a scheduling point.
pub(crate) extern "C" fn kloom_task_unlock(_task: u64) {
    crate::call::releasing(|machine, _| {
        machine.preempt_sub(kloom_kernel::irq::PREEMPT_OFFSET, "task_unlock");
        Ok(())
    });
}

crate::exports![
    plain: kloom_current, schedule, schedule_timeout, schedule_timeout_interruptible, schedule_timeout_killable,
        schedule_timeout_uninterruptible, schedule_timeout_idle, wake_up_process, wake_up_state, kloom_set_current_state,
        kloom_need_resched, __cond_resched, __might_sleep, set_user_nice, sched_setscheduler_nocheck, sched_set_fifo,
        sched_set_fifo_low, sched_set_normal, set_cpus_allowed_ptr, sched_clock, kloom_get_task_struct, kloom_put_task_struct,
        find_task_by_vpid, __get_task_comm, io_schedule_timeout, sched_show_task, show_state, kloom_task_state_to_char,
        kloom_task_state_index, can_nice, sched_setattr, idle_cpu, idle_task, kloom_task_curr, task_sched_runtime,
        nr_context_switches, nr_running, __set_task_comm, find_task_by_pid, find_task_by_pid_ns, find_get_task_by_vpid,
        kernel_thread, reparent_to_kthreadd, get_task_mm, mmput, touch_softlockup_watchdog,  int_sqrt, kloom_task_lock, kloom_task_unlock;
    variadic: daemonize;
    named: "yield" => yield_, "io_schedule" => schedule, "kloom_set_current_state_plain" => kloom_set_current_state,
        "sched_setscheduler" => sched_setscheduler_nocheck, "local_clock" => sched_clock, "__put_task_struct" => kloom_put_task_struct,
        "cpu_clock" => sched_clock, "sched_setattr_nocheck" => sched_setattr, "__mmdrop" => mmput
];
