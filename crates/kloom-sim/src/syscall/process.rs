//! System calls about tasks, signals, scheduling and time.

use kloom_abi::Errno;
use kloom_abi::sched::TASK_INTERRUPTIBLE;
use kloom_kernel::NewTask;
use kloom_kernel::ops::Op;
use kloom_kernel::signal::Action;
use kloom_kernel::task::{BlockedOn, TaskId, TaskKind, UserTask};
use kloom_shell::sys::{
    Clock, LogRecord, ProgramBuilder, SigAction, SysResult, SysValue, Syscall, SyslogOp, Utsname, WaitFor, WaitStatus,
};
use kloom_shim::Machine;
use kloom_shim::call::{self, blocking, enter};

use super::{Caller, unit};
use crate::user::UserProc;

/// Performs the system calls of this file; gives others back.
pub(super) fn perform(caller: &Caller, request: Syscall) -> Result<SysResult, Syscall> {
    Ok(match request {
        Syscall::Nanosleep { ns } => nanosleep(ns),
        Syscall::Fork { child } => fork(caller, child),
        Syscall::Exec { comm, argv } => exec(&comm, &argv),
        Syscall::Wait { which, nohang, timeout_ns } => wait(which, nohang, timeout_ns),
        Syscall::Kill { pid, signal } => unit(kill(pid, signal)),
        Syscall::Getpid => Ok(SysValue::Pid(enter(|machine, current| machine.kernel.tasks[current].pid))),
        Syscall::Getppid => Ok(SysValue::Pid(enter(|machine, current| {
            let parent = machine.kernel.tasks[current].parent;
            machine.kernel.tasks.get(parent).map_or(0, |task| task.pid)
        }))),
        Syscall::Setpgid { pid, pgid } => unit(setpgid(pid, pgid)),
        Syscall::Sigaction { signal, action } => unit(sigaction(signal, action)),
        Syscall::TakeSignals => Ok(SysValue::Signals(std::mem::take(&mut caller.caught.borrow_mut()))),
        Syscall::Uname => Ok(uname()),
        Syscall::ClockGettime { clock } => Ok(SysValue::Time(clock_gettime(clock))),
        Syscall::Yield => {
            enter(|machine, current| machine.kernel.schedule(current));
            call::yield_cpu();
            Ok(SysValue::Unit)
        }
        Syscall::SchedGetaffinity { pid } => with_pid(pid, |machine, id| {
            Ok(SysValue::Mask(machine.kernel.tasks[id].se.allowed & machine.kernel.online_mask()))
        }),
        Syscall::SchedSetaffinity { pid, mask } => with_pid(pid, |machine, id| {
            if machine.kernel.tasks[id].se.bound {
                return Err(Errno::EINVAL);
            }
            machine.kernel.set_cpus_allowed(id, mask).map(|()| SysValue::Unit)
        }),
        Syscall::SchedGetscheduler { pid } => with_pid(pid, |machine, id| {
            let se = &machine.kernel.tasks[id].se;
            Ok(SysValue::Sched { policy: se.policy, priority: se.rt_priority })
        }),
        Syscall::SchedSetscheduler { pid, policy, priority } => with_pid(pid, |machine, id| {
            machine.kernel.set_scheduler(id, policy, priority as i32).map(|()| SysValue::Unit)
        }),
        Syscall::Getpriority { pid } => {
            with_pid(pid, |machine, id| Ok(SysValue::Nice(machine.kernel.tasks[id].se.nice)))
        }
        Syscall::Setpriority { pid, nice } => with_pid(pid, |machine, id| {
            machine.kernel.set_user_nice(id, i64::from(nice.clamp(-20, 19)));
            Ok(SysValue::Unit)
        }),
        Syscall::Syslog { op } => syslog(op),
        Syscall::Sync => Ok(SysValue::Unit),
        other => return Err(other),
    })
}

fn with_pid(pid: i32, f: impl FnOnce(&mut Machine, TaskId) -> SysResult) -> SysResult {
    enter(|machine, current| {
        let id = if pid == 0 { Some(current) } else { machine.kernel.tasks.find(pid) };
        match id {
            Some(id) => f(machine, id),
            None => Err(Errno::ESRCH),
        }
    })
}

fn nanosleep(ns: u64) -> SysResult {
    let left = blocking(|machine, current, progress| {
        let outcome = machine.kernel.sleep_ns(current, ns, TASK_INTERRUPTIBLE, progress, false);
        if outcome == Op::Block {
            machine.kernel.tasks[current].blocked_on = BlockedOn::Nanosleep;
        }
        Ok(outcome)
    });
    match left {
        Ok(0) | Err(_) => Ok(SysValue::Unit),
        Ok(left) => Ok(SysValue::Remaining(left)),
    }
}

fn fork(caller: &Caller, child: ProgramBuilder) -> SysResult {
    let forked = enter(|machine, current| {
        let parent = &machine.kernel.tasks[current];
        let Some(user) = parent.user() else { return Err(Errno::EINVAL) };
        let copy = UserTask {
            cmdline: user.cmdline.clone(),
            cwd: user.cwd.clone(),
            pgid: user.pgid,
            umask: user.umask,
            ..UserTask::default()
        };
        let name = parent.c.comm_text();
        let signals = kloom_kernel::signal::Signals {
            ignored: parent.signals.ignored,
            handled: parent.signals.handled,
            blocked: parent.signals.blocked,
            ..Default::default()
        };
        let (nice, policy, priority, allowed) =
            (parent.se.nice, parent.se.policy, parent.se.rt_priority, parent.se.allowed);
        let new = NewTask { name: name.as_bytes(), parent: current, kind: TaskKind::User(Box::new(copy)) };
        let task = machine.kernel.new_task(new)?;
        machine.kernel.tasks[task].signals = signals;
        let se = &mut machine.kernel.tasks[task].se;
        (se.nice, se.policy, se.rt_priority, se.allowed) = (nice, policy, priority, allowed);
        machine.kernel.share_fds(current, task);
        machine.set_user_memory(task);
        machine.kernel.charge(FORK_COST_NS);
        machine.kernel.wake_up_new_task(task);
        Ok((task, machine.kernel.tasks[task].pid))
    });
    let (task, pid) = forked?;
    caller.shared.borrow_mut().forked.push((task, Box::new(UserProc::new(child))));
    Ok(SysValue::Pid(pid))
}

/// fork() with exec(): copying an address space and loading a program.
const FORK_COST_NS: u64 = 400_000;

fn exec(comm: &str, argv: &[String]) -> SysResult {
    enter(|machine, current| {
        let task = &mut machine.kernel.tasks[current];
        task.c.set_comm(comm.as_bytes());
        // Caught signals go back to their default; ignored ones stay.
        task.signals.handled = 0;
        if let Some(user) = task.user_mut() {
            user.cmdline = argv.iter().flat_map(|arg| arg.bytes().chain(std::iter::once(0))).collect();
        }
    });
    Ok(SysValue::Unit)
}

fn wait(which: WaitFor, nohang: bool, timeout_ns: Option<u64>) -> SysResult {
    let outcome = blocking(|machine, current, progress| {
        let kernel = &mut machine.kernel;
        let now_ns = kernel.now();
        if progress.first() {
            progress.until = timeout_ns.map_or(u64::MAX, |timeout| now_ns.saturating_add(timeout));
            kernel.tasks[current].timed_out = false;
        }
        kernel.cancel_timeout(current);
        let wanted = |pid: i32| match which {
            WaitFor::Any => true,
            WaitFor::Pid(wanted) => wanted == pid,
        };
        let found = kernel.tasks[current].user().and_then(|user| user.zombies.iter().position(|&(pid, _)| wanted(pid)));
        if let Some(at) = found {
            let Some(user) = kernel.tasks[current].user_mut() else { return Ok(Op::Done(Err(Errno::ECHILD))) };
            let (pid, status) = user.zombies.remove(at);
            kernel.acquire(kloom_kernel::touch::PROCESSES);
            if let Some(child) = kernel.tasks.find(pid) {
                kernel.reap(child);
            }
            kernel.tasks[current].c.set_task_state(0);
            return Ok(Op::Done(Ok(Some((pid, status)))));
        }
        let children = kernel
            .tasks
            .iter()
            .any(|task| task.parent == current && task.id != current && !task.has_exited() && wanted(task.pid));
        if !children {
            return Ok(Op::Done(Err(Errno::ECHILD)));
        }
        if nohang || now_ns >= progress.until {
            return Ok(Op::Done(Ok(None)));
        }
        // SIGCHLD with its default action does not end the wait.
        let handled = kernel.tasks[current].signals.handled;
        let fatal = kernel.tasks[current].signals.deliverable() & !kloom_abi::signal::bit(kloom_abi::signal::SIGCHLD);
        if fatal != 0 || kernel.tasks[current].signals.deliverable() & handled != 0 {
            return Ok(Op::Done(Err(Errno::EINTR)));
        }
        let pending_child = kloom_abi::signal::bit(kloom_abi::signal::SIGCHLD);
        kernel.tasks[current].signals.pending &= !pending_child;
        if progress.until != u64::MAX {
            kernel.arm_hr_timeout(current, progress.until);
        }
        kernel.tasks[current].c.set_task_state(TASK_INTERRUPTIBLE);
        kernel.block_on(current, BlockedOn::Child);
        Ok(Op::Block)
    });
    match outcome {
        Ok(Ok(Some((pid, status)))) => Ok(SysValue::Wait(Some((pid, decode(status))))),
        Ok(Ok(None)) => Ok(SysValue::Wait(None)),
        Ok(Err(errno)) => Err(errno),
        Err(_) => Err(Errno::EINTR),
    }
}

fn decode(status: i32) -> WaitStatus {
    match status & 0x7f {
        0 => WaitStatus::Exited(status >> 8 & 0xff),
        signal => WaitStatus::Signaled(signal),
    }
}

fn kill(pid: i32, signal: i32) -> Result<(), Errno> {
    enter(|machine, current| {
        let kernel = &mut machine.kernel;
        let own = kernel.tasks[current].user().map_or(0, |user| user.pgid);
        let group = |wanted: i32, kernel: &kloom_kernel::Kernel| -> Vec<TaskId> {
            kernel
                .tasks
                .by_pid()
                .into_iter()
                .map(|(_, id)| id)
                .filter(|&id| kernel.tasks[id].user().is_some_and(|user| user.pgid == wanted))
                .collect()
        };
        let targets: Vec<TaskId> = match pid {
            0 => group(own, kernel),
            -1 => {
                let all = kernel.tasks.by_pid().into_iter().map(|(_, id)| id);
                all.filter(|&id| id != current && kernel.tasks[id].pid > 1 && !kernel.tasks[id].is_kthread()).collect()
            }
            pid if pid < -1 => group(-pid, kernel),
            pid => kernel.tasks.find(pid).into_iter().collect(),
        };
        if targets.is_empty() {
            return Err(Errno::ESRCH);
        }
        let mut result = Err(Errno::ESRCH);
        for target in targets {
            match kernel.send_signal(target, signal) {
                Ok(()) => result = Ok(()),
                Err(errno) if result.is_err() => result = Err(errno),
                Err(_) => {}
            }
        }
        result
    })
}

fn setpgid(pid: i32, pgid: i32) -> Result<(), Errno> {
    enter(|machine, current| {
        let id = if pid == 0 { current } else { machine.kernel.tasks.find(pid).ok_or(Errno::ESRCH)? };
        let own = machine.kernel.tasks[id].pid;
        let user = machine.kernel.tasks[id].user_mut().ok_or(Errno::EPERM)?;
        user.pgid = if pgid == 0 { own } else { pgid };
        Ok(())
    })
}

fn sigaction(signal: i32, action: SigAction) -> Result<(), Errno> {
    if !(1..=kloom_abi::signal::NSIG).contains(&signal)
        || matches!(signal, kloom_abi::signal::SIGKILL | kloom_abi::signal::SIGSTOP)
    {
        return Err(Errno::EINVAL);
    }
    enter(|machine, current| {
        let action = match action {
            SigAction::Default => Action::Default,
            SigAction::Ignore => Action::Ignore,
            SigAction::Catch => Action::Handle,
        };
        machine.kernel.set_signal_action(current, signal, action);
    });
    Ok(())
}

fn uname() -> SysValue {
    let release = enter(|machine, _| machine.kernel.config.release.clone());
    SysValue::Uname(Utsname {
        sysname: "Linux".into(),
        nodename: "kloom".into(),
        release,
        version: "#1 SMP PREEMPT_DYNAMIC kloom".into(),
        machine: "x86_64".into(),
    })
}

fn clock_gettime(clock: Clock) -> u64 {
    enter(|machine, current| match clock {
        Clock::Monotonic => machine.kernel.now(),
        Clock::Realtime => machine.kernel.wall_ns(),
        Clock::ProcessCpu => machine.kernel.tasks[current].se.sum_exec_ns,
    })
}

fn syslog(op: SyslogOp) -> SysResult {
    let records = |machine: &Machine, from: u64| -> SysValue {
        let log = &machine.kernel.printk;
        // A record without its newline is not to be read yet, as the ring buffer of 6.1 has it.
        let records = log.records.iter().filter(|record| record.seq >= from && !record.open);
        let records = records
            .map(|record| LogRecord {
                time_ns: record.time_ns,
                level: record.level as u8,
                facility: 0,
                text: record.text.clone(),
            })
            .collect();
        SysValue::Log { records, next: log.next_seq }
    };
    match op {
        SyslogOp::ReadAll => enter(|machine, _| Ok(records(machine, machine.kernel.printk.clear_seq))),
        SyslogOp::ReadFrom(from) => {
            let waited = blocking(|machine, current, _| {
                if machine.kernel.printk.next_seq > from {
                    machine.kernel.tasks[current].c.set_task_state(0);
                    return Ok(Op::Done(true));
                }
                if machine.kernel.signal_pending(current) {
                    return Ok(Op::Done(false));
                }
                // dmesg -w looks again every 50 ms: the log has no wait queue of its own here.
                let until = machine.kernel.now() + 50_000_000;
                machine.kernel.arm_hr_timeout(current, until);
                machine.kernel.tasks[current].c.set_task_state(TASK_INTERRUPTIBLE);
                machine.kernel.block_on(current, BlockedOn::Other("do_syslog"));
                Ok(Op::Block)
            });
            match waited {
                Ok(true) => enter(|machine, _| Ok(records(machine, from))),
                _ => Err(Errno::EINTR),
            }
        }
        SyslogOp::Clear => enter(|machine, _| {
            machine.kernel.printk.clear_seq = machine.kernel.printk.next_seq;
            Ok(SysValue::Unit)
        }),
        SyslogOp::ConsoleLevel(level) => enter(|machine, _| {
            machine.kernel.printk.console_level = level;
            Ok(SysValue::Unit)
        }),
    }
}
