//! C header: include/linux/notifier.h, and the chains of the kernel's own that modules can stand on (module, die,
//! reboot, panic; the keyboard's is in keyboard.rs).
//!
//! A chain is the C list from its head by falling priority, as in Linux 6.1 kernel/notifier.c. Of the kernel's own chains
//! that of panic is called.

use kloom_abi::Errno;
use kloom_kernel::fault::{Fault, Registration};
use kloom_kernel::site::RawEvent;

use crate::Machine;
use crate::call::{call3, enter, might_sleep};
use crate::oops::or_oops;

/// Offsets in `struct notifier_block`.
const NEXT: u64 = 8;
const PRIORITY: u64 = 16;
const SIZE: u64 = 24;
/// `NOTIFY_STOP_MASK`.
const STOP: i32 = 0x8000;

/// Offsets of the first block in the heads.
pub(crate) const ATOMIC_FIRST: u64 = 16;
const BLOCKING_FIRST: u64 = 16;
const SRCU_FIRST: u64 = 24;

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
fn set_next(machine: &mut Machine, place: u64, value: u64) -> Result<(), Fault> {
    if machine.irqs.keyboard.is_head(place) || machine.irqs.hotplug.is_head(place) {
        machine.arena.write_kdata(place, &value.to_le_bytes());
        return Ok(());
    }
    machine.put_u64(place, value)
}

fn register(machine: &mut Machine, first: u64, block: u64, func: &str) -> Result<i32, Fault> {
    machine.check_access(block, SIZE, true)?;
    let priority = machine.peek_u32(block + PRIORITY) as i32;
    let mut place = first;
    loop {
        let next = machine.get_u64(place)?;
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
    let next = machine.get_u64(place)?;
    machine.poke_u64(block + NEXT, next);
    set_next(machine, place, block)?;
    Ok(0)
}

fn unregister(machine: &mut Machine, first: u64, block: u64) -> Result<i32, Fault> {
    let mut place = first;
    loop {
        let next = machine.get_u64(place)?;
        if next == 0 {
            return Ok(-Errno::ENOENT.0);
        }
        machine.check_access(next, SIZE, true)?;
        let after = machine.peek_u64(next + NEXT);
        if next == block {
            set_next(machine, place, after)?;
            return Ok(0);
        }
        place = next + NEXT;
    }
}

pub(crate) fn call_chain(first: u64, value: u64, data: u64) -> i32 {
    let mut ret = 0;
    let mut block = or_oops(enter(|machine, _| machine.get_u64(first)));
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

macro_rules! chain {
    ($register:ident $unregister:ident $call:ident $offset:expr, $sleeps:expr, $where:literal) => {
        /// Adds a block by falling priority: 0 or `-EEXIST`.
        pub(crate) extern "C" fn $register(head: u64, block: u64) -> i32 {
            if $sleeps {
                might_sleep(stringify!($register));
            }
            if is_kernels(head) {
                return own_of(head, block, true);
            }
            or_oops(enter(|machine, _| register(machine, head + $offset, block, $where)))
        }

        /// Takes a block out: 0 or `-ENOENT`.
        pub(crate) extern "C" fn $unregister(head: u64, block: u64) -> i32 {
            if $sleeps {
                might_sleep(stringify!($unregister));
            }
            if is_kernels(head) {
                return own_of(head, block, false);
            }
            or_oops(enter(|machine, _| unregister(machine, head + $offset, block)))
        }

        /// Calls each block until one stops the chain; what the last one answered.
        pub(crate) extern "C" fn $call(head: u64, value: u64, data: u64) -> i32 {
            if $sleeps {
                might_sleep(stringify!($call));
            }
            call_chain(head + $offset, value, data)
        }
    };
}

chain!(atomic_notifier_chain_register atomic_notifier_chain_unregister atomic_notifier_call_chain ATOMIC_FIRST, false,
    "atomic_notifier_chain_register");
chain!(blocking_notifier_chain_register blocking_notifier_chain_unregister blocking_notifier_call_chain BLOCKING_FIRST, true,
    "notifier_chain_register");
chain!(raw_notifier_chain_register raw_notifier_chain_unregister raw_notifier_call_chain 0, false, "raw_notifier_chain_register");
chain!(srcu_notifier_chain_register srcu_notifier_chain_unregister srcu_notifier_call_chain SRCU_FIRST, true,
    "srcu_notifier_chain_register");

/// `srcu_init_notifier_head()`.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn srcu_init_notifier_head(head: u64) {
    or_oops(enter(|machine, _| {
        machine.put_u32(head, 0x4b4c_0044)?;
        machine.put_u32(head + 8, crate::object::Magic::Mutex as u32)?;
        machine.put_u32(head + 12, 0)?;
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
