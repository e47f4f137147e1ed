//! C header: include/linux/kthread.h (all but the worker half).

use kloom_abi::Errno;
use kloom_guest::thunk::VaFrame;
use kloom_kernel::fault::Fault;
use kloom_kernel::task::TaskId;

use super::printk::{VarArgs, format_short};
use crate::Machine;
use crate::call::{blocking, enter, might_sleep, never_return, sleeping};
use crate::machine::OnUseAfterFree;
use crate::oops::{call_oops, or_oops};

fn create(machine: &mut Machine, current: TaskId, func: u64, data: u64, name: &[u8]) -> Result<TaskId, Errno> {
    if machine.fails("kthread_create") {
        return Err(Errno::ENOMEM);
    }
    let module = machine.module_of(func).map(|(id, _)| id);
    machine.kernel.kthread_create(current, func, data, name, module)
}

fn task_or_err(machine: &mut Machine, result: Result<TaskId, Errno>) -> u64 {
    match result {
        Ok(id) => machine.kernel.tasks[id].addr,
        Err(errno) => {
            machine.note_err_ptr(errno, "kthread_create");
            errno.to_c() as u64
        }
    }
}

/// `kthread_create_on_node(fn, data, node, fmt, …)`: a thread asleep until first woken, or an error pointer.
///
/// # Context
/// Process context; may sleep.
pub(crate) extern "C" fn kthread_create_on_node(frame: &VaFrame) -> u64 {
    might_sleep("kthread_create");
    enter(|machine, current| {
        let name = format_short(machine, frame.regs[3], &mut VarArgs::after(frame, 4));
        let result = create(machine, current, frame.regs[0], frame.regs[1], &name);
        task_or_err(machine, result)
    })
}

/// `kthread_create_on_cpu(fn, data, cpu, fmt)`: bound to a CPU; the name may hold one `%u` for it.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn kthread_create_on_cpu(func: u64, data: u64, cpu: u32, fmt: u64) -> u64 {
    might_sleep("kthread_create_on_cpu");
    enter(|machine, current| {
        let number = [u64::from(cpu)];
        let mut args = kloom_lib::vsprintf::SliceArgs::new(&number);
        let name = format_short(machine, fmt, &mut args);
        let result = create(machine, current, func, data, &name);
        if let Ok(id) = result {
            machine.kernel.kthread_bind(id, 1u64.checked_shl(cpu).unwrap_or(0));
            if let Some(kthread) = machine.kernel.tasks[id].kthread_mut() {
                kthread.per_cpu = Some(cpu);
            }
        }
        task_or_err(machine, result)
    })
}

/// `kthread_bind()`: fixes the CPU of a thread that never ran; warns otherwise.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn kthread_bind(k: u64, cpu: u32) {
    let result = enter(|machine, _| {
        let id = machine.task_from(k, "kthread_bind")?;
        if !machine.kernel.kthread_bind(id, 1u64.checked_shl(cpu).unwrap_or(0)) {
            machine.warn_kernel("kernel/kthread.c", 515, "__kthread_bind_mask");
        }
        Ok(())
    });
    or_oops::<()>(result);
}

/// `kthread_bind_mask()`: as `kthread_bind()` to a set of CPUs.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn kthread_bind_mask(k: u64, mask: u64) {
    or_oops(enter(|machine, _| {
        let id = machine.task_from(k, "kthread_bind_mask")?;
        machine.check_access(mask, 8, false)?;
        let mask = machine.peek_u64(mask);
        if !machine.kernel.kthread_bind(id, mask) {
            machine.warn_kernel("kernel/kthread.c", 515, "__kthread_bind_mask");
        }
        Ok(())
    }));
}

/// `kthread_stop()`: sets the flag, wakes the thread, waits for its end. Its result, or `-EINTR` if it never ran.
///
/// # Context
/// Process context; sleeps in state D.
pub(crate) extern "C" fn kthread_stop(k: u64) -> i32 {
    might_sleep("kthread_stop");
    stop(k, "kthread_stop")
}

fn stop(k: u64, func: &'static str) -> i32 {
    let target = match enter(|machine, _| machine.task_from(k, func)) {
        Ok(target) => target,
        Err(fault @ Fault::TaskUseAfterFree { .. }) => return stop_freed(fault),
        Err(fault) => call_oops(fault),
    };
    enter(|machine, _| {
        let task = &machine.kernel.tasks[target];
        let never_woken = task.kthread().is_some_and(|kthread| !kthread.woken && !kthread.should_stop);
        // With a reference of the module's own this is correct use (6.1, kthread_stop()'s contract).
        if task.has_exited() && task.refs_taken.is_empty() {
            machine.kernel.report(Fault::StopExited { target });
        } else if never_woken {
            machine.kernel.report(Fault::ThreadNeverWoken { target });
        }
    });
    or_oops(blocking(|machine, current, progress| machine.kernel.kthread_stop(current, target, progress))) as i32
}

/// `kthread_stop()` of a task that was released: as KASAN, reports and goes on with what the freed memory says; or as
/// Linux 6.1 was seen to do, a refcount warning and a NULL oops.
fn stop_freed(fault: Fault) -> i32 {
    let oops = enter(|machine, _| {
        if machine.on_use_after_free == OnUseAfterFree::Oops {
            machine.warn_kernel_text(
                "refcount_t: addition on 0; use-after-free.",
                "lib/refcount.c",
                25,
                "refcount_warn_saturate",
            );
            machine.kernel.report(fault.clone());
            return true;
        }
        machine.report_once(fault.clone());
        false
    });
    if oops {
        enter(|machine, _| {
            let ip = machine.kernel.here.0[0];
            let fault = Fault::NullDeref { addr: 0, size: 8, access: kloom_kernel::fault::AccessKind::Read, ip };
            machine.oops_in(fault, None, Some("kthread_stop"));
        });
        crate::call::never_return();
    }
    0
}

/// `kthread_stop_put()`: `kthread_stop()`, then drops one reference.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn kthread_stop_put(k: u64) -> i32 {
    might_sleep("kthread_stop_put");
    let result = stop(k, "kthread_stop_put");
    enter(|machine, _| {
        if let Ok(id) = machine.task_from(k, "kthread_stop_put") {
            machine.kernel.tasks[id].refs_taken.pop();
            machine.kernel.put_task(id);
        }
    });
    result
}

/// `kthread_should_stop()` of the caller.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kthread_should_stop() -> bool {
    enter(|machine, current| machine.kernel.kthread_should_stop(current))
}

/// `kthread_should_park()` of the caller.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kthread_should_park() -> bool {
    enter(|machine, current| machine.kernel.kthread_should_park(current))
}

/// `kthread_should_stop_or_park()` of the caller.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kthread_should_stop_or_park() -> bool {
    enter(|machine, current| machine.kernel.kthread_should_stop(current) || machine.kernel.kthread_should_park(current))
}

/// `__kthread_should_park()` of another thread.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn __kthread_should_park(k: u64) -> bool {
    or_oops(enter(|machine, _| {
        machine.task_from(k, "__kthread_should_park").map(|id| machine.kernel.kthread_should_park(id))
    }))
}

/// `kthread_freezable_should_stop()`: freezes first if asked to; whether it did is told in `was_frozen`.
///
/// # Context
/// Process context of the thread; may sleep.
pub(crate) extern "C" fn kthread_freezable_should_stop(was_frozen: u64) -> bool {
    might_sleep("kthread_freezable_should_stop");
    let froze = super::freezer::refrigerator(true);
    or_oops(enter(|machine, current| {
        if was_frozen != 0 {
            machine.check_access(was_frozen, 1, true)?;
            let _ = machine.arena.write(was_frozen, &[u8::from(froze)]);
        }
        Ok(machine.kernel.kthread_should_stop(current))
    }))
}

/// `kthread_func()`: the thread function, NULL if it is no kthread.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kthread_func(k: u64) -> u64 {
    or_oops(enter(|machine, _| {
        let id = machine.task_from(k, "kthread_func")?;
        Ok(machine.kernel.tasks[id].kthread().map_or(0, |kthread| kthread.func))
    }))
}

/// `kthread_data()`: the pointer given at creation.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kthread_data(k: u64) -> u64 {
    or_oops(enter(|machine, _| {
        let id = machine.task_from(k, "kthread_data")?;
        match machine.kernel.tasks[id].kthread() {
            Some(kthread) => Ok(kthread.data),
            None => Err(Fault::NotAKthread { target: id }),
        }
    }))
}

/// `kthread_probe_data()`: as `kthread_data()`, NULL if it is no kthread.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kthread_probe_data(k: u64) -> u64 {
    or_oops(enter(|machine, _| {
        let id = machine.task_from(k, "kthread_probe_data")?;
        Ok(machine.kernel.tasks[id].kthread().map_or(0, |kthread| kthread.data))
    }))
}

/// `kthread_park()`: asks the thread to park and waits until it did.
///
/// # Context
/// Process context; sleeps.
pub(crate) extern "C" fn kthread_park(k: u64) -> i32 {
    might_sleep("kthread_park");
    let target = or_oops(enter(|machine, _| machine.task_from(k, "kthread_park")));
    enter(|machine, _| {
        let task = &machine.kernel.tasks[target];
        let line = match task.kthread() {
            Some(_) if task.has_exited() => 658,
            Some(kthread) if kthread.should_park => 661,
            _ => return,
        };
        machine.warn_kernel("kernel/kthread.c", line, "kthread_park");
    });
    or_oops(blocking(|machine, current, progress| machine.kernel.kthread_park(current, target, progress)))
}

/// `kthread_unpark()`: lets a parked thread go on.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kthread_unpark(k: u64) {
    or_oops(enter(|machine, _| {
        let target = machine.task_from(k, "kthread_unpark")?;
        machine.kernel.kthread_unpark(target);
        Ok(())
    }));
}

/// `kthread_parkme()`: parks the caller if it was asked to.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn kthread_parkme() {
    sleeping("kthread_parkme", |machine, current, _| machine.kernel.kthread_parkme(current));
}

/// `kthread_exit()`: ends the calling kthread.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn kthread_exit(result: i64) {
    enter(|machine, current| machine.kernel.kthread_exit(current, result));
    never_return();
}

/// `do_exit()`, which modules could call before 5.17: ends the calling thread.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn do_exit(code: i64) {
    enter(|machine, current| {
        machine.note_removed("do_exit", "kthread_exit(), or return from the thread function");
        end_thread(machine, current, code);
    });
    never_return();
}

/// `kthread_complete_and_exit()`: completes, then ends the calling kthread.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn kthread_complete_and_exit(completion: u64, code: i64) {
    finish(completion, code, None);
}

/// `complete_and_exit()`, its name before 5.17.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn complete_and_exit(completion: u64, code: i64) {
    finish(completion, code, Some("complete_and_exit"));
}

fn finish(completion: u64, code: i64, old: Option<&'static str>) -> ! {
    let result = enter(|machine, _| {
        if let Some(old) = old {
            machine.note_removed(old, "kthread_complete_and_exit()");
        }
        if completion != 0 {
            super::completion::complete_object(machine, completion, "kthread_complete_and_exit")?;
        }
        Ok(())
    });
    or_oops::<()>(result);
    crate::choice::before_exit();
    enter(|machine, current| end_thread(machine, current, code));
    never_return();
}

/// A kthread ends with `code` as its result; a user task in a module's function ends as `exit()` would.
pub(super) fn end_thread(machine: &mut Machine, current: TaskId, code: i64) {
    if machine.kernel.tasks[current].kthread().is_some() {
        machine.kernel.kthread_exit(current, code);
    } else {
        machine.kernel.do_exit(current, ((code & 0xff) << 8) as i32);
    }
}

/// `kthread_use_mm()`: the kthread can reach user memory until it gives it back.
///
/// # Context
/// A kthread, in process context.
pub(crate) extern "C" fn kthread_use_mm(mm: u64) {
    might_sleep("kthread_use_mm");
    enter(|machine, current| {
        let c = machine.kernel.tasks[current].c;
        if !machine.kernel.tasks[current].is_kthread() || c.mm.get() != 0 {
            machine.warn_kernel_once("kernel/kthread.c", 1415, "kthread_use_mm");
        }
        c.mm.set(mm);
        c.active_mm.set(mm);
    });
}

/// `kthread_unuse_mm()`.
///
/// # Context
/// The kthread that used it.
pub(crate) extern "C" fn kthread_unuse_mm(_mm: u64) {
    might_sleep("kthread_unuse_mm");
    enter(|machine, current| {
        let c = machine.kernel.tasks[current].c;
        if !machine.kernel.tasks[current].is_kthread() || c.mm.get() == 0 {
            machine.warn_kernel_once("kernel/kthread.c", 1457, "kthread_unuse_mm");
        }
        c.mm.set(0);
    });
}

crate::exports![
    plain: kthread_create_on_cpu, kthread_bind, kthread_bind_mask, kthread_stop, kthread_stop_put, kthread_should_stop, kthread_should_park,
        kthread_should_stop_or_park, __kthread_should_park, kthread_freezable_should_stop, kthread_func, kthread_data,
        kthread_probe_data, kthread_park, kthread_unpark, kthread_parkme, kthread_exit, do_exit, kthread_complete_and_exit,
        complete_and_exit, kthread_use_mm, kthread_unuse_mm;
    variadic: kthread_create_on_node;
    named:
];
