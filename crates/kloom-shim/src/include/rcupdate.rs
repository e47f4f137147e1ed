//! C headers: include/linux/rcupdate.h, include/linux/srcu.h.

use kloom_kernel::fault::Fault;
use kloom_kernel::irq::PREEMPT_OFFSET;
use kloom_kernel::sched::cpu::{Callback, CallbackSource};
use kloom_kernel::site::ContextKind;
use kloom_kernel::touch::RCU;

use crate::Machine;
use crate::call::{blocking, call1, enter, might_sleep, releasing, sleeping};
use crate::object::Magic;
use crate::oops::or_oops;

/// Below this, the "function" given to `kvfree_call_rcu()` is the offset of the head in its block.
const OFFSET_MAX: u64 = 4096;
/// `struct rcu_head`: the function is at 8.
const HEAD_SIZE: u64 = 16;

impl Machine {
    /// What `rcu_note_context_switch()` says once when a task sleeps inside a read section.
    pub(crate) fn warn_switch_in_rcu(&mut self, task: kloom_kernel::task::TaskId) {
        const FILE: &str = "kernel/rcu/tree_plugin.h";
        if self.kernel.rcu_read_lock_held(task) && self.first_warning(FILE, 320) {
            let text = "Voluntary context switch within RCU read-side critical section!";
            self.warn_kernel_text(text, FILE, 320, "rcu_note_context_switch");
        }
    }
}

/// `rcu_read_lock()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn __rcu_read_lock() {
    enter(|machine, _| machine.kernel.rcu_read_lock());
}

/// `rcu_read_unlock()`.
///
/// # Context
/// Any; does not sleep, but gives way to what it lets run: a scheduling point.
pub(crate) extern "C" fn __rcu_read_unlock() {
    releasing(|machine, current| {
        if let Err(fault) = machine.kernel.rcu_read_unlock(current) {
            machine.kernel.report(fault);
        }
        Ok(())
    });
}

/// `rcu_read_lock_held()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn rcu_read_lock_held() -> i32 {
    enter(|machine, current| i32::from(machine.kernel.rcu_read_lock_held(current)))
}

/// `rcu_read_lock_sched()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_rcu_read_lock_sched() {
    enter(|machine, _| {
        machine.kernel.preempt_add(PREEMPT_OFFSET);
        machine.kernel.rcu_read_lock();
    });
}

/// `rcu_read_unlock_sched()`.
///
/// # Context
/// Any; does not sleep, but gives way to what it lets run: a scheduling point.
pub(crate) extern "C" fn kloom_rcu_read_unlock_sched() {
    releasing(|machine, current| {
        if let Err(fault) = machine.kernel.rcu_read_unlock(current) {
            machine.kernel.report(fault);
        }
        machine.preempt_sub(PREEMPT_OFFSET, "rcu_read_unlock_sched");
        Ok(())
    });
}

fn synchronize(expedited: bool, func: &'static str) {
    might_sleep(func);
    or_oops(blocking(|machine, current, progress| machine.kernel.synchronize_rcu(current, expedited, progress)));
}

/// `synchronize_rcu()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn synchronize_rcu() {
    synchronize(false, "synchronize_rcu");
}

/// `synchronize_rcu_expedited()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn synchronize_rcu_expedited() {
    synchronize(true, "synchronize_rcu_expedited");
}

fn request(head: u64, func: u64, srcu: Option<u64>) {
    or_oops(enter(|machine, _| {
        machine.check_access(head, HEAD_SIZE, true)?;
        machine.poke_u64(head, 0);
        machine.poke_u64(head + 8, func);
        let callback = Callback {
            kind: ContextKind::Softirq,
            func: rcu_callback as *const () as u64,
            args: [head, func, 0],
            source: CallbackSource::Other(head),
        };
        match srcu {
            Some(addr) => machine.kernel.call_srcu(addr, callback),
            None => machine.kernel.call_rcu(callback),
        }
        Ok(())
    }));
}

/// `call_rcu()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn call_rcu(head: u64, func: u64) {
    request(head, func, None);
}

/// `kvfree_call_rcu()`: `func` is the offset of the head in the block to free.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kvfree_call_rcu(head: u64, func: u64) {
    request(head, func, None);
}

/// What the softirq does when a grace period is over.
pub(crate) extern "C" fn rcu_callback(head: u64, func: u64, id: u64) {
    crate::call::ctx().call_site.set(0);
    crate::call::ctx().fp.set(0);
    if func < OFFSET_MAX {
        // Who asked for it frees, as far as anyone is told of it.
        let site = enter(|machine, _| machine.kernel.rcu.asked_at(id).map_or(0, |at| at.trace.0[0]));
        crate::call::ctx().call_site.set(site);
        super::slab::kvfree(head - func);
    } else {
        call1(func, head);
        crate::choice::ends(RCU);
    }
    enter(|machine, _| machine.kernel.rcu_callback_done(id));
}

/// `rcu_barrier()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn rcu_barrier() {
    sleeping("rcu_barrier", |machine, current, progress| machine.kernel.rcu_barrier(current, None, progress));
}

/// `get_state_synchronize_rcu()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn get_state_synchronize_rcu() -> u64 {
    enter(|machine, _| machine.kernel.rcu_cookie())
}

/// `poll_state_synchronize_rcu()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn poll_state_synchronize_rcu(cookie: u64) -> bool {
    enter(|machine, _| machine.kernel.rcu_cookie_passed(cookie))
}

/// `cond_synchronize_rcu()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn cond_synchronize_rcu(cookie: u64) {
    if !poll_state_synchronize_rcu(cookie) {
        synchronize_rcu();
    }
}

/// `rcu_is_watching()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn rcu_is_watching() -> bool {
    true
}

fn srcu(machine: &mut Machine, addr: u64, func: &'static str) -> Result<(), Fault> {
    machine.handle(addr, Magic::Srcu, func, |_, _| 1).map(|_| ())
}

/// `init_srcu_struct()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn __init_srcu_struct(addr: u64, _name: u64, _key: u64) -> i32 {
    or_oops(enter(|machine, _| {
        machine.kernel.srcu_forget(addr);
        machine.init_object(addr, Magic::Srcu, 1)?;
        Ok(0)
    }))
}

/// `cleanup_srcu_struct()`: warns while it has readers.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn cleanup_srcu_struct(addr: u64) {
    or_oops(enter(|machine, _| {
        srcu(machine, addr, "cleanup_srcu_struct")?;
        if machine.kernel.srcu_has_readers(addr) {
            machine.warn_kernel("kernel/rcu/srcutree.c", 600, "cleanup_srcu_struct");
            return Ok(());
        }
        machine.kernel.srcu_forget(addr);
        machine.poke_u32(addr, 0);
        Ok(())
    }));
}

/// `srcu_read_lock()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn __srcu_read_lock(addr: u64) -> i32 {
    or_oops(enter(|machine, _| {
        srcu(machine, addr, "srcu_read_lock")?;
        Ok(machine.kernel.srcu_read_lock(addr) as i32)
    }))
}

/// `srcu_read_unlock()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn __srcu_read_unlock(addr: u64, index: i32) {
    or_oops(enter(|machine, _| {
        srcu(machine, addr, "srcu_read_unlock")?;
        machine.kernel.srcu_read_unlock(addr, index as usize);
        Ok(())
    }));
}

/// `synchronize_srcu()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn synchronize_srcu(addr: u64) {
    might_sleep("synchronize_srcu");
    or_oops(enter(|machine, _| srcu(machine, addr, "synchronize_srcu")));
    or_oops(blocking(|machine, current, progress| Ok(machine.kernel.synchronize_srcu(current, addr, progress))));
}

/// `call_srcu()`: the callback comes after the present readers have left.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn call_srcu(addr: u64, head: u64, func: u64) {
    or_oops(enter(|machine, _| srcu(machine, addr, "call_srcu")));
    request(head, func, Some(addr));
}

/// `srcu_barrier()`: waits for the callbacks of this structure only.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn srcu_barrier(addr: u64) {
    might_sleep("srcu_barrier");
    or_oops(enter(|machine, _| srcu(machine, addr, "srcu_barrier")));
    or_oops(blocking(|machine, current, progress| Ok(machine.kernel.rcu_barrier(current, Some(addr), progress))));
}

crate::exports![
    plain: __rcu_read_lock, __rcu_read_unlock, rcu_read_lock_held, kloom_rcu_read_lock_sched, kloom_rcu_read_unlock_sched,
        synchronize_rcu, synchronize_rcu_expedited, call_rcu, kvfree_call_rcu, rcu_barrier, get_state_synchronize_rcu,
        poll_state_synchronize_rcu, cond_synchronize_rcu, rcu_is_watching, __init_srcu_struct, cleanup_srcu_struct,
        __srcu_read_lock, __srcu_read_unlock, synchronize_srcu, call_srcu, srcu_barrier;
    variadic: ;
    named: "start_poll_synchronize_rcu" => get_state_synchronize_rcu, "synchronize_srcu_expedited" => synchronize_srcu
];
