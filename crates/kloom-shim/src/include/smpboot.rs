//! C header: include/linux/smpboot.h: a thread for each CPU that is parked while its CPU is down.
//!
//! Behaviour follows Linux 6.1 kernel/smpboot.c.

use kloom_abi::sched::{PF_NO_SETAFFINITY, TASK_INTERRUPTIBLE};
use kloom_kernel::fault::Fault;
use kloom_kernel::ops::Op;
use kloom_kernel::task::{BlockedOn, TaskId};

use crate::Machine;
use crate::call::{blocking, call1, call3, enter, might_sleep, sleeping};
use crate::oops::or_oops;

/// Offsets in `struct smp_hotplug_thread`.
const STORE: u64 = 0;
const SHOULD_RUN: u64 = 24;
const THREAD_FN: u64 = 32;
const CREATE: u64 = 40;
const SETUP: u64 = 48;
const CLEANUP: u64 = 56;
const PARK: u64 = 64;
const UNPARK: u64 = 72;
const COMM: u64 = 88;
const SIZE: u64 = 96;

/// One thread.
#[derive(Clone, Copy, Debug)]
struct Thread {
    table: u64,
    cpu: u32,
    task: TaskId,
}

/// The threads of all tables.
#[derive(Clone, Debug, Default)]
pub(crate) struct State {
    threads: Vec<Thread>,
}

fn field(table: u64, offset: u64) -> u64 {
    or_oops(enter(|machine, _| {
        machine.check_access(table, SIZE, false)?;
        Ok(machine.peek_u64(table + offset))
    }))
}

/// Where the table keeps the thread of a CPU.
fn store_slot(machine: &mut Machine, table: u64, cpu: u32) -> Result<u64, Fault> {
    Ok(machine.get_u64(table + STORE)? + super::percpu::kloom_per_cpu_offset(cpu))
}

/// Makes the thread of a CPU, which waits parked.
fn create(table: u64, cpu: u32) -> i32 {
    let made = or_oops(enter(|machine, current| {
        let comm = machine.get_u64(table + COMM)?;
        let name = machine.name_at(comm)?.replace("%u", &cpu.to_string()).replace("%d", &cpu.to_string());
        let data = table << 8 | u64::from(cpu);
        let module = machine.caller_module();
        let body = thread_fn as *const () as u64;
        let id = match machine.kernel.kthread_create(current, body, data, name.as_bytes(), module) {
            Ok(id) => id,
            Err(errno) => return Ok(Err(errno)),
        };
        machine.kernel.get_task(id);
        machine.kernel.kthread_bind(id, 1 << cpu);
        let flags = &machine.kernel.tasks[id].c.flags;
        flags.set(flags.get() | PF_NO_SETAFFINITY);
        let slot = store_slot(machine, table, cpu)?;
        let addr = machine.kernel.tasks[id].addr;
        machine.put_u64(slot, addr)?;
        machine.irqs.smpboot.threads.push(Thread { table, cpu, task: id });
        Ok(Ok(id))
    }));
    let task = match made {
        Ok(task) => task,
        Err(errno) => return -errno.0,
    };
    park_task(task);
    let create = field(table, CREATE);
    if create != 0 {
        call1(create, u64::from(cpu));
    }
    0
}

fn park_task(task: TaskId) {
    or_oops(blocking(|machine, current, progress| machine.kernel.kthread_park(current, task, progress)));
}

/// `smpboot_thread_fn()`.
extern "C" fn thread_fn(data: u64) -> i32 {
    let (table, cpu) = (data >> 8, data & 0xff);
    #[derive(PartialEq)]
    enum Status {
        New,
        Active,
        Parked,
    }
    let mut status = Status::New;
    loop {
        let (stop, park) = enter(|machine, current| {
            (machine.kernel.kthread_should_stop(current), machine.kernel.kthread_should_park(current))
        });
        if stop {
            let cleanup = field(table, CLEANUP);
            if cleanup != 0 && status != Status::New {
                let online = enter(|machine, _| machine.kernel.cpu_online(cpu as u32));
                call3(cleanup, cpu, u64::from(online), 0);
            }
            return 0;
        }
        if park {
            let func = field(table, PARK);
            if status == Status::Active {
                if func != 0 {
                    call1(func, cpu);
                }
                status = Status::Parked;
            }
            sleeping("kthread_parkme", |machine, current, _| machine.kernel.kthread_parkme(current));
            continue;
        }
        let step = match status {
            Status::New => SETUP,
            Status::Parked => UNPARK,
            Status::Active => 0,
        };
        if step != 0 {
            let func = field(table, step);
            status = Status::Active;
            if func != 0 {
                call1(func, cpu);
            }
            continue;
        }
        if call1(field(table, SHOULD_RUN), cpu) as u32 != 0 {
            call1(field(table, THREAD_FN), cpu);
            continue;
        }
        let mut slept = false;
        or_oops(blocking(|machine, current, _| {
            let called = machine.kernel.kthread_should_stop(current) || machine.kernel.kthread_should_park(current);
            if called || std::mem::replace(&mut slept, true) {
                return Ok(Op::Done(()));
            }
            machine.kernel.tasks[current].c.set_task_state(TASK_INTERRUPTIBLE);
            machine.kernel.block_on(current, BlockedOn::Other("smpboot_thread_fn"));
            Ok(Op::Block)
        }));
    }
}

/// `smpboot_register_percpu_thread()`: 0, or a negative error after which there are no threads.
///
/// # Context
/// Process context; sleeps.
pub(crate) extern "C" fn smpboot_register_percpu_thread(table: u64) -> i32 {
    might_sleep("smpboot_register_percpu_thread");
    super::cpu::cpus_read_lock();
    let online = enter(|machine, _| machine.kernel.online_mask());
    let mut ret = 0;
    for cpu in (0..64).filter(|cpu| online >> cpu & 1 != 0) {
        ret = create(table, cpu);
        if ret != 0 {
            destroy(table);
            break;
        }
        let task = enter(|machine, _| machine.irqs.smpboot.threads.last().map(|thread| thread.task));
        if let Some(task) = task {
            enter(|machine, _| machine.kernel.kthread_unpark(task));
        }
    }
    super::cpu::cpus_read_unlock();
    ret
}

fn destroy(table: u64) {
    let threads: Vec<Thread> = enter(|machine, _| {
        let all = std::mem::take(&mut machine.irqs.smpboot.threads);
        let (mine, others) = all.into_iter().partition(|thread| thread.table == table);
        machine.irqs.smpboot.threads = others;
        mine
    });
    for thread in threads {
        or_oops(blocking(|machine, current, progress| machine.kernel.kthread_stop(current, thread.task, progress)));
        or_oops(enter(|machine, _| {
            let slot = store_slot(machine, table, thread.cpu)?;
            machine.put_u64(slot, 0)?;
            machine.kernel.put_task(thread.task);
            Ok(())
        }));
    }
}

/// `smpboot_unregister_percpu_thread()`: stops the threads and waits for them.
///
/// # Context
/// Process context; sleeps.
pub(crate) extern "C" fn smpboot_unregister_percpu_thread(table: u64) {
    might_sleep("smpboot_unregister_percpu_thread");
    super::cpu::cpus_read_lock();
    destroy(table);
    super::cpu::cpus_read_unlock();
}

fn threads_of(cpu: u32) -> Vec<Thread> {
    enter(|machine, _| machine.irqs.smpboot.threads.iter().filter(|thread| thread.cpu == cpu).copied().collect())
}

/// A CPU goes: its threads park.
pub(crate) fn park(cpu: u32) {
    for thread in threads_of(cpu).into_iter().rev() {
        park_task(thread.task);
    }
}

/// A CPU has come: its threads go on; those it never had are made. Whether there are any.
pub(crate) fn unpark(cpu: u32) -> bool {
    let tables: Vec<u64> = enter(|machine, _| {
        let mut tables: Vec<u64> = machine.irqs.smpboot.threads.iter().map(|thread| thread.table).collect();
        tables.dedup();
        tables.sort_unstable();
        tables.dedup();
        tables
    });
    for table in tables {
        if !threads_of(cpu).iter().any(|thread| thread.table == table) {
            create(table, cpu);
        }
    }
    for thread in threads_of(cpu) {
        enter(|machine, _| machine.kernel.kthread_unpark(thread.task));
    }
    !threads_of(cpu).is_empty()
}

crate::exports![
    plain: smpboot_register_percpu_thread, smpboot_unregister_percpu_thread;
    variadic: ;
    named:
];
