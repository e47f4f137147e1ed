//! C header: include/linux/notifier.h, and the chains of the kernel's own that modules can stand on (module, die,
//! reboot, panic; the keyboard's is in keyboard.rs).
//!
//! A chain is the C list from its head by falling priority, as in Linux 6.1 kernel/notifier.c, which also says what guards
//! it: a spinlock and RCU, a semaphore for readers and writers, a mutex and SRCU, or nothing. Of the kernel's own chains that
//! of panic is called.

use kloom_abi::Errno;
use kloom_kernel::fault::{Fault, Registration};
use kloom_kernel::site::RawEvent;
use kloom_kernel::touch::Manner;

use crate::Machine;
use crate::call::{call3, enter, might_sleep};
use crate::object::Magic;
use crate::oops::or_oops;

use super::mutex::{mutex_lock, mutex_unlock};
use super::rcupdate::{
    __rcu_read_lock, __rcu_read_unlock, __srcu_read_lock, __srcu_read_unlock, synchronize_rcu, synchronize_srcu,
};
use super::rwsem::{down_read, down_write, up_read, up_write};
use super::spinlock::{_raw_spin_lock_irqsave, _raw_spin_unlock_irqrestore};

/// Offsets in `struct notifier_block`.
const NEXT: u64 = 8;
const PRIORITY: u64 = 16;
const SIZE: u64 = 24;
/// `NOTIFY_STOP_MASK`.
const STOP: i32 = 0x8000;

/// Offsets of the first block in the heads.
pub(crate) const ATOMIC_FIRST: u64 = 16;
const BLOCKING_FIRST: u64 = 16;
const SRCU_FIRST: u64 = 32;
/// Offset of the lock in the heads that have one.
const LOCK: u64 = 8;
/// Offset of the `struct srcu_struct`.
const SRCU: u64 = 24;

/// What guards a chain.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Guard {
    /// The caller.
    Raw,
    /// A spinlock, and RCU for those who call.
    Atomic,
    /// A semaphore for readers and writers.
    Blocking,
    /// A mutex, and SRCU for those who call.
    Srcu,
}

impl Guard {
    /// Runs what changes the chain of `head`.
    fn changing(self, head: u64, change: impl FnOnce() -> i32) -> i32 {
        let flags = match self {
            Guard::Raw => return change(),
            Guard::Atomic => _raw_spin_lock_irqsave(head + LOCK),
            Guard::Blocking => {
                down_write(head + LOCK);
                0
            }
            Guard::Srcu => {
                mutex_lock(head + LOCK);
                0
            }
        };
        let ret = change();
        // Readers of the links need no lock: they see what was there before.
        enter(|machine, _| machine.kernel.release(head));
        match self {
            Guard::Raw => {}
            Guard::Atomic => _raw_spin_unlock_irqrestore(head + LOCK, flags),
            Guard::Blocking => up_write(head + LOCK),
            Guard::Srcu => mutex_unlock(head + LOCK),
        }
        ret
    }

    /// Runs what goes along the chain of `head`.
    fn reading(self, head: u64, read: impl FnOnce() -> i32) -> i32 {
        let mut index = 0;
        match self {
            Guard::Raw => return read(),
            Guard::Atomic => __rcu_read_lock(),
            Guard::Blocking => down_read(head + LOCK),
            Guard::Srcu => index = __srcu_read_lock(head + SRCU),
        }
        enter(|machine, _| machine.kernel.acquire(head));
        let ret = read();
        match self {
            Guard::Raw => {}
            Guard::Atomic => __rcu_read_unlock(),
            Guard::Blocking => up_read(head + LOCK),
            Guard::Srcu => __srcu_read_unlock(head + SRCU, index),
        }
        // For a search: who changes the chain can tell a caller that is still there from one that has left.
        enter(|machine, _| machine.kernel.touched.note(head, Manner::Read));
        ret
    }

    /// Waits until nobody can stand at a block that was taken out.
    fn wait_for_readers(self, head: u64) {
        match self {
            Guard::Raw | Guard::Blocking => {}
            Guard::Atomic => synchronize_rcu(),
            Guard::Srcu => synchronize_srcu(head + SRCU),
        }
    }

    /// Whether links are read and changed by plain accesses.
    fn is_plain(self) -> bool {
        matches!(self, Guard::Raw | Guard::Blocking)
    }
}

/// A link of a chain.
fn link(machine: &mut Machine, guard: Guard, place: u64) -> Result<u64, Fault> {
    if guard.is_plain() {
        return machine.get_u64(place);
    }
    machine.check_access(place, 8, false)?;
    Ok(machine.peek_u64(place))
}

/// What `notifier_chain_register()` says of a block that is on the chain already.
fn warn_registered(machine: &mut Machine, block: u64, first: Option<RawEvent>, func: &str) {
    let symbol = machine.symbolic(machine.peek_u64(block));
    let name = symbol.split('+').next().unwrap_or_default().to_string();
    let module = symbol.rfind(" [").map_or("", |at| &symbol[at..]);
    let text = format!("notifier callback {name}{module} already registered");
    machine.warn_kernel_text(&text, "kernel/notifier.c", 28, func);
    machine.report_once(Fault::DoubleRegistration { kind: Registration::Notifier, name, addr: block, first });
}

/// Writes the link at `place`; the heads of the kernel's own chains lie where modules cannot write.
fn set_next(machine: &mut Machine, guard: Guard, place: u64, value: u64) -> Result<(), Fault> {
    if machine.irqs.keyboard.is_head(place) || machine.irqs.hotplug.is_head(place) {
        machine.arena.write_kdata(place, &value.to_le_bytes());
        return Ok(());
    }
    if guard.is_plain() {
        return machine.put_u64(place, value);
    }
    machine.check_access(place, 8, true)?;
    machine.poke_u64(place, value);
    Ok(())
}

fn register(machine: &mut Machine, guard: Guard, first: u64, block: u64, func: &str) -> Result<i32, Fault> {
    machine.check_access(block, SIZE, true)?;
    let priority = machine.peek_u32(block + PRIORITY) as i32;
    let mut place = first;
    loop {
        let next = link(machine, guard, place)?;
        if next == block {
            warn_registered(machine, block, None, func);
            return Ok(-Errno::EEXIST.0);
        }
        if next == 0 {
            break;
        }
        machine.check_access(next, SIZE, true)?;
        if priority > machine.peek_u32(next + PRIORITY) as i32 {
            break;
        }
        place = next + NEXT;
    }
    let next = link(machine, guard, place)?;
    machine.poke_u64(block + NEXT, next);
    set_next(machine, guard, place, block)?;
    Ok(0)
}

fn unregister(machine: &mut Machine, guard: Guard, first: u64, block: u64) -> Result<i32, Fault> {
    let mut place = first;
    loop {
        let next = link(machine, guard, place)?;
        if next == 0 {
            return Ok(-Errno::ENOENT.0);
        }
        machine.check_access(next, SIZE, true)?;
        let after = machine.peek_u64(next + NEXT);
        if next == block {
            set_next(machine, guard, place, after)?;
            return Ok(0);
        }
        place = next + NEXT;
    }
}

/// Calls the blocks of a chain of the kernel's own until one stops it; what the last one answered.
pub(crate) fn call_chain(first: u64, value: u64, data: u64) -> i32 {
    call_blocks(Guard::Raw, first, value, data)
}

fn call_blocks(guard: Guard, first: u64, value: u64, data: u64) -> i32 {
    let mut ret = 0;
    let mut block = or_oops(enter(|machine, _| link(machine, guard, first)));
    while block != 0 {
        let (func, next) = or_oops(enter(|machine, _| {
            machine.check_access(block, SIZE, false)?;
            Ok((machine.peek_u64(block), machine.peek_u64(block + NEXT)))
        }));
        ret = call3(func, block, value, data) as i32;
        if ret & STOP != 0 {
            break;
        }
        block = next;
    }
    ret
}

/// Whether a head is that of a chain of the kernel's own (`panic_notifier_list`).
fn is_kernels(head: u64) -> bool {
    enter(|machine, _| machine.kdata.name_of(head).is_some())
}

/// Adds to a chain of the keyboard's, which only the kernel writes.
pub(crate) fn register_unguarded(head: u64, block: u64) -> i32 {
    or_oops(enter(|machine, _| {
        register(machine, Guard::Atomic, head + ATOMIC_FIRST, block, "atomic_notifier_chain_register")
    }))
}

/// Takes out of it.
pub(crate) fn unregister_unguarded(head: u64, block: u64) -> i32 {
    or_oops(enter(|machine, _| unregister(machine, Guard::Atomic, head + ATOMIC_FIRST, block)))
}

macro_rules! chain {
    ($register:ident $unregister:ident $call:ident $offset:expr, $guard:expr, $where:literal) => {
        /// Adds a block by falling priority: 0 or `-EEXIST`.
        pub(crate) extern "C" fn $register(head: u64, block: u64) -> i32 {
            if matches!($guard, Guard::Blocking | Guard::Srcu) {
                might_sleep(stringify!($register));
            }
            if is_kernels(head) {
                return own_of(head, block, true);
            }
            $guard.changing(head, || {
                or_oops(enter(|machine, _| register(machine, $guard, head + $offset, block, $where)))
            })
        }

        /// Takes a block out: 0 or `-ENOENT`.
        pub(crate) extern "C" fn $unregister(head: u64, block: u64) -> i32 {
            if matches!($guard, Guard::Blocking | Guard::Srcu) {
                might_sleep(stringify!($unregister));
            }
            if is_kernels(head) {
                return own_of(head, block, false);
            }
            let ret = $guard
                .changing(head, || or_oops(enter(|machine, _| unregister(machine, $guard, head + $offset, block))));
            $guard.wait_for_readers(head);
            ret
        }

        /// Calls each block until one stops the chain; what the last one answered.
        pub(crate) extern "C" fn $call(head: u64, value: u64, data: u64) -> i32 {
            if matches!($guard, Guard::Blocking | Guard::Srcu) {
                might_sleep(stringify!($call));
            }
            $guard.reading(head, || call_blocks($guard, head + $offset, value, data))
        }
    };
}

chain!(atomic_notifier_chain_register atomic_notifier_chain_unregister atomic_notifier_call_chain ATOMIC_FIRST,
    Guard::Atomic, "atomic_notifier_chain_register");
chain!(blocking_notifier_chain_register blocking_notifier_chain_unregister blocking_notifier_call_chain BLOCKING_FIRST,
    Guard::Blocking, "notifier_chain_register");
chain!(raw_notifier_chain_register raw_notifier_chain_unregister raw_notifier_call_chain 0, Guard::Raw,
    "raw_notifier_chain_register");
chain!(srcu_notifier_chain_register srcu_notifier_chain_unregister srcu_notifier_call_chain SRCU_FIRST, Guard::Srcu,
    "srcu_notifier_chain_register");

/// `srcu_init_notifier_head()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn srcu_init_notifier_head(head: u64) {
    or_oops(enter(|machine, _| {
        machine.put_u32(head, 0x4b4c_0044)?;
        machine.put_u64(head + LOCK, Magic::Mutex as u64)?;
        machine.put_u64(head + LOCK + 8, 0)?;
        machine.put_u64(head + SRCU, Magic::Srcu as u64)?;
        machine.put_u64(head + SRCU_FIRST, 0)
    }));
}

/// A block stands on a chain of the kernel's own that keeps its list in memory.
pub(crate) fn remember(block: u64, there: bool) {
    if there {
        enter(|machine, _| {
            let now = machine.kernel.event_here();
            machine.irqs.notifiers.push((block, now));
        });
    }
}

/// And does not any more.
pub(crate) fn forget(block: u64) {
    enter(|machine, _| machine.irqs.notifiers.retain(|&(other, _)| other != block));
}

/// A place on a chain of the kernel's own that modules know by its head.
fn own_of(head: u64, block: u64, there: bool) -> i32 {
    let ret = own(block, there);
    if ret == 0 {
        enter(|machine, _| {
            if machine.kdata.name_of(head) == Some("panic_notifier_list") {
                machine.irqs.on_panic.retain(|&other| other != block);
                if there {
                    machine.irqs.on_panic.push(block);
                }
            }
        });
    }
    ret
}

/// The machine panics: calls `panic_notifier_list` by falling priority.
pub(crate) fn call_panic_list(message: &str) {
    let (blocks, text) = enter(|machine, _| {
        let mut blocks = std::mem::take(&mut machine.irqs.on_panic);
        blocks.sort_by_key(|&block| -i64::from(machine.peek_u32(block + PRIORITY) as i32));
        let text = if blocks.is_empty() { 0 } else { machine.name_block(message.as_bytes()) };
        (blocks, text)
    });
    for block in blocks {
        let func = or_oops(enter(|machine, _| machine.get_u64(block)));
        if call3(func, block, 0, text) as i32 & STOP != 0 {
            return;
        }
    }
}

/// A place on a chain of the kernel's own.
fn own(block: u64, there: bool) -> i32 {
    or_oops(enter(|machine, _| {
        machine.check_access(block, SIZE, true)?;
        let now = machine.kernel.event_here();
        let blocks = &mut machine.irqs.notifiers;
        let at = blocks.iter().position(|&(other, _)| other == block);
        Ok(match (at, there) {
            (Some(at), true) => {
                let first = Some(blocks[at].1);
                warn_registered(machine, block, first, "notifier_chain_register");
                -Errno::EEXIST.0
            }
            (None, true) => {
                blocks.push((block, now));
                0
            }
            (Some(at), false) => {
                blocks.remove(at);
                0
            }
            (None, false) => -Errno::ENOENT.0,
        })
    }))
}

/// `register_module_notifier()` and its kin.
pub(crate) extern "C" fn register_own(block: u64) -> i32 {
    might_sleep("register_notifier");
    own(block, true)
}

/// `unregister_module_notifier()` and its kin.
pub(crate) extern "C" fn unregister_own(block: u64) -> i32 {
    might_sleep("unregister_notifier");
    own(block, false)
}

crate::exports![
    plain: atomic_notifier_chain_register, atomic_notifier_chain_unregister, atomic_notifier_call_chain,
        blocking_notifier_chain_register, blocking_notifier_chain_unregister, blocking_notifier_call_chain,
        raw_notifier_chain_register, raw_notifier_chain_unregister, raw_notifier_call_chain, srcu_notifier_chain_register,
        srcu_notifier_chain_unregister, srcu_notifier_call_chain, srcu_init_notifier_head;
    variadic: ;
    named: "register_module_notifier" => register_own, "unregister_module_notifier" => unregister_own,
        "register_die_notifier" => register_own, "unregister_die_notifier" => unregister_own,
        "register_reboot_notifier" => register_own, "unregister_reboot_notifier" => unregister_own
];
