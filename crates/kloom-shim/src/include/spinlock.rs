//! C header: include/linux/spinlock.h (spinlocks, rwlocks, `atomic_dec_and_lock()`), the held-lock assertion of
//! include/linux/lockdep.h.

use kloom_kernel::fault::Fault;
use kloom_kernel::irq::SOFTIRQ_DISABLE_OFFSET;
use kloom_kernel::ops::Op;
use kloom_kernel::task::LockClass;

use super::preempt::FLAGS_IF;
use crate::Machine;
use crate::call::{blocking, enter, releasing};
use crate::object::Magic;
use crate::oops::or_oops;

/// What is kept from running on this CPU while the lock is held, beside other tasks.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Off {
    Nothing,
    Softirqs,
    Interrupts,
}

/// What an unlock lets run again.
#[derive(Clone, Copy)]
enum On {
    Nothing,
    Softirqs,
    Flags(u64),
}

fn object(machine: &mut Machine, addr: u64, class: LockClass, func: &'static str) -> Result<u32, Fault> {
    let magic = if class == LockClass::Spinlock { Magic::Spinlock } else { Magic::Rwlock };
    machine.handle(addr, magic, func, |machine, name| machine.kernel.locks.register_spin(addr, name))
}

fn lock(addr: u64, class: LockClass, off: Off, func: &'static str) -> u64 {
    lock_nested(addr, 0, class, off, func)
}

fn lock_nested(addr: u64, subclass: u32, class: LockClass, off: Off, func: &'static str) -> u64 {
    let mut flags = 0;
    or_oops(blocking(|machine, current, progress| {
        let handle = object(machine, addr, class, func)?;
        if !progress.started {
            match off {
                Off::Nothing => {}
                Off::Softirqs => machine.kernel.preempt_add(SOFTIRQ_DISABLE_OFFSET),
                Off::Interrupts => flags = machine.irq_save(),
            }
        }
        machine.kernel.lockdep.subclass = subclass;
        let outcome = machine.kernel.spin_lock(current, handle, class, progress);
        machine.kernel.lockdep.subclass = 0;
        match outcome {
            // Reported once; then the CPU spins for ever, as on Linux, and the soft-lockup watchdog sees it.
            Err(fault @ (Fault::SpinDeadlock { .. } | Fault::Deadlock { .. })) => {
                machine.kernel.report(fault);
                Ok(Op::Spin)
            }
            other => other,
        }
    }));
    flags
}

fn trylock(addr: u64, class: LockClass, off: Off, func: &'static str) -> i32 {
    or_oops(enter(|machine, _| {
        let handle = object(machine, addr, class, func)?;
        let taken = machine.kernel.spin_trylock(handle, class);
        if taken && off == Off::Softirqs {
            machine.kernel.preempt_add(SOFTIRQ_DISABLE_OFFSET);
        }
        Ok(i32::from(taken))
    }))
}

fn unlock(addr: u64, class: LockClass, on: On, func: &'static str) {
    releasing(|machine, current| {
        let handle = object(machine, addr, class, func)?;
        if let Err(fault) = machine.kernel.spin_unlock(current, handle, class) {
            machine.report_once(fault);
        }
        match on {
            On::Nothing => {}
            On::Softirqs => machine.preempt_sub(SOFTIRQ_DISABLE_OFFSET, func),
            On::Flags(flags) => machine.irq_restore(flags),
        }
        Ok(())
    });
}

/// `spin_lock_irqsave()` of a lock inside another object.
pub(crate) fn lock_irqsave(addr: u64, func: &'static str) -> u64 {
    lock(addr, LockClass::Spinlock, Off::Interrupts, func)
}

/// `spin_unlock_irqrestore()` of a lock inside another object.
pub(crate) fn unlock_irqrestore(addr: u64, flags: u64, func: &'static str) {
    unlock(addr, LockClass::Spinlock, On::Flags(flags), func);
}

fn init(addr: u64, magic: Magic, class: LockClass, name: u64, key: u64) {
    or_oops(enter(|machine, _| {
        machine.check_access(addr, 8, true)?;
        let old = machine.old_handle(addr, magic);
        machine.kernel.locks.forget(class, old, addr);
        let name = machine.init_name(addr, name);
        let handle = machine.kernel.locks.register_spin(addr, name);
        machine.kernel.locks.spin[handle as usize - 1].key = if key != 0 { key } else { addr };
        machine.init_object(addr, magic, handle)
    }));
}

/// `spin_lock_init()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn __raw_spin_lock_init(addr: u64, name: u64, key: u64, _inner: i16) {
    init(addr, Magic::Spinlock, LockClass::Spinlock, name, key);
}

/// `rwlock_init()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn __rwlock_init(addr: u64, name: u64, key: u64) {
    init(addr, Magic::Rwlock, LockClass::RwlockWrite, name, key);
}

macro_rules! locks {
    ($class:ident: $lock:ident $lock_name:literal, $lock_bh:ident, $lock_irq:ident, $lock_irqsave:ident, $trylock:ident,
     $unlock:ident $unlock_name:literal, $unlock_bh:ident, $unlock_irq:ident, $unlock_irqrestore:ident) => {
        #[doc = concat!("`", $lock_name, "()`.")]
        pub(crate) extern "C" fn $lock(addr: u64) {
            lock(addr, LockClass::$class, Off::Nothing, $lock_name);
        }
        #[doc = concat!("`", $lock_name, "_bh()`.")]
        pub(crate) extern "C" fn $lock_bh(addr: u64) {
            lock(addr, LockClass::$class, Off::Softirqs, concat!($lock_name, "_bh"));
        }
        #[doc = concat!("`", $lock_name, "_irq()`.")]
        pub(crate) extern "C" fn $lock_irq(addr: u64) {
            lock(addr, LockClass::$class, Off::Interrupts, concat!($lock_name, "_irq"));
        }
        #[doc = concat!("`", $lock_name, "_irqsave()`: the former flags.")]
        pub(crate) extern "C" fn $lock_irqsave(addr: u64) -> u64 {
            lock(addr, LockClass::$class, Off::Interrupts, concat!($lock_name, "_irqsave"))
        }
        #[doc = concat!("The trylock of `", $lock_name, "()`.")]
        pub(crate) extern "C" fn $trylock(addr: u64) -> i32 {
            trylock(addr, LockClass::$class, Off::Nothing, stringify!($trylock))
        }
        #[doc = concat!("`", $unlock_name, "()`.")]
        pub(crate) extern "C" fn $unlock(addr: u64) {
            unlock(addr, LockClass::$class, On::Nothing, $unlock_name);
        }
        #[doc = concat!("`", $unlock_name, "_bh()`.")]
        pub(crate) extern "C" fn $unlock_bh(addr: u64) {
            unlock(addr, LockClass::$class, On::Softirqs, concat!($unlock_name, "_bh"));
        }
        #[doc = concat!("`", $unlock_name, "_irq()`.")]
        pub(crate) extern "C" fn $unlock_irq(addr: u64) {
            unlock(addr, LockClass::$class, On::Flags(FLAGS_IF), concat!($unlock_name, "_irq"));
        }
        #[doc = concat!("`", $unlock_name, "_irqrestore()`.")]
        pub(crate) extern "C" fn $unlock_irqrestore(addr: u64, flags: u64) {
            unlock(addr, LockClass::$class, On::Flags(flags), concat!($unlock_name, "_irqrestore"));
        }
    };
}

locks!(Spinlock: _raw_spin_lock "spin_lock", _raw_spin_lock_bh, _raw_spin_lock_irq, _raw_spin_lock_irqsave, _raw_spin_trylock,
    _raw_spin_unlock "spin_unlock", _raw_spin_unlock_bh, _raw_spin_unlock_irq, _raw_spin_unlock_irqrestore);
locks!(RwlockRead: _raw_read_lock "read_lock", _raw_read_lock_bh, _raw_read_lock_irq, _raw_read_lock_irqsave, _raw_read_trylock,
    _raw_read_unlock "read_unlock", _raw_read_unlock_bh, _raw_read_unlock_irq, _raw_read_unlock_irqrestore);
locks!(RwlockWrite: _raw_write_lock "write_lock", _raw_write_lock_bh, _raw_write_lock_irq, _raw_write_lock_irqsave, _raw_write_trylock,
    _raw_write_unlock "write_unlock", _raw_write_unlock_bh, _raw_write_unlock_irq, _raw_write_unlock_irqrestore);

/// `spin_lock_nested()`: in a subclass of its class.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn _raw_spin_lock_nested(addr: u64, subclass: i32) {
    lock_nested(addr, subclass as u32, LockClass::Spinlock, Off::Nothing, "spin_lock_nested");
}

/// `spin_trylock_bh()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn _raw_spin_trylock_bh(addr: u64) -> i32 {
    trylock(addr, LockClass::Spinlock, Off::Softirqs, "spin_trylock_bh")
}

/// `spin_is_locked()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_spin_is_locked(addr: u64) -> i32 {
    or_oops(enter(|machine, _| {
        let handle = object(machine, addr, LockClass::Spinlock, "spin_is_locked")?;
        Ok(i32::from(machine.kernel.spin_is_locked(handle)))
    }))
}

/// `spin_is_contended()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_spin_is_contended(addr: u64) -> i32 {
    or_oops(enter(|machine, _| {
        let handle = object(machine, addr, LockClass::Spinlock, "spin_is_contended")?;
        Ok(i32::from(machine.kernel.spin_is_contended(handle)))
    }))
}

/// `assert_spin_locked()`: BUG when nobody holds it.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_assert_spin_locked(addr: u64, file: u64, line: i32) {
    or_oops(enter(|machine, _| {
        let handle = object(machine, addr, LockClass::Spinlock, "assert_spin_locked")?;
        if machine.kernel.spin_is_locked(handle) {
            return Ok(());
        }
        let file = machine.text_at(file);
        Err(Fault::Bug {
            file,
            line: line as u32,
            function: String::new(),
            condition: "!raw_spin_is_locked(lock)".to_string(),
        })
    }));
}

impl Machine {
    /// A short C string, empty when it cannot be read.
    pub(crate) fn text_at(&self, addr: u64) -> String {
        self.arena.read_cstr(addr, 256).map(|text| String::from_utf8_lossy(&text).into_owned()).unwrap_or_default()
    }

    /// Whether the running code holds the lock at `addr`, of whatever kind; true for what is no lock.
    fn holds_lock(&self, addr: u64) -> bool {
        let (magic, handle) = (self.peek_u32(addr), self.peek_u32(addr + 4));
        let current = self.kernel.current();
        let held = |classes: &[LockClass]| {
            self.kernel.tasks[current].held.iter().any(|lock| lock.handle == handle && classes.contains(&lock.class))
        };
        if magic == Magic::Spinlock as u32 || magic == Magic::Rwlock as u32 {
            self.kernel.spin_held_by(handle, current)
        } else if magic == Magic::Mutex as u32 {
            held(&[LockClass::Mutex])
        } else if magic == Magic::Rwsem as u32 {
            held(&[LockClass::RwsemRead, LockClass::RwsemWrite])
        } else {
            true
        }
    }
}

/// `lockdep_assert_held()`: warns when the running code does not hold the lock.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_lockdep_assert_held(addr: u64, file: u64, line: i32) {
    or_oops(enter(|machine, _| {
        machine.check_access(addr, 8, false)?;
        if !machine.holds_lock(addr) {
            let file = machine.text_at(file);
            machine.warn_block(None, &file, line as u32, "lockdep_assert_held");
            let message = "debug_locks && !(lock_is_held(lock) != 0)".to_string();
            machine.report_once(Fault::Warn {
                file,
                line: line as u32,
                function: "lockdep_assert_held".to_string(),
                message,
            });
        }
        Ok(())
    }));
}

/// `atomic_dec_and_lock()`: decrements; 1 with the lock held when that reaches 0.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn _atomic_dec_and_lock(atomic: u64, addr: u64) -> i32 {
    if dec_unless_one(atomic) {
        return 0;
    }
    _raw_spin_lock(addr);
    if dec_to_zero(atomic) {
        return 1;
    }
    _raw_spin_unlock(addr);
    0
}

/// Decrements the `atomic_t` at `addr` unless that would reach 0; whether it did.
pub(crate) fn dec_unless_one(addr: u64) -> bool {
    or_oops(enter(|machine, _| {
        machine.check_access(addr, 4, true)?;
        let value = machine.peek_u32(addr);
        if value != 1 {
            machine.poke_u32(addr, value.wrapping_sub(1));
        }
        Ok(value != 1)
    }))
}

/// Decrements the `atomic_t` at `addr`; whether it reached 0.
pub(crate) fn dec_to_zero(addr: u64) -> bool {
    or_oops(enter(|machine, _| {
        machine.check_access(addr, 4, true)?;
        let value = machine.peek_u32(addr).wrapping_sub(1);
        machine.poke_u32(addr, value);
        Ok(value == 0)
    }))
}

crate::exports![
    plain: __raw_spin_lock_init, __rwlock_init, _raw_spin_lock, _raw_spin_lock_bh, _raw_spin_lock_irq, _raw_spin_lock_irqsave,
        _raw_spin_trylock, _raw_spin_trylock_bh, _raw_spin_unlock, _raw_spin_unlock_bh, _raw_spin_unlock_irq,
        _raw_spin_unlock_irqrestore, _raw_read_lock, _raw_read_lock_bh, _raw_read_lock_irq, _raw_read_lock_irqsave,
        _raw_read_trylock, _raw_read_unlock, _raw_read_unlock_bh, _raw_read_unlock_irq, _raw_read_unlock_irqrestore,
        _raw_write_lock, _raw_write_lock_bh, _raw_write_lock_irq, _raw_write_lock_irqsave, _raw_write_trylock,
        _raw_write_unlock, _raw_write_unlock_bh, _raw_write_unlock_irq, _raw_write_unlock_irqrestore, kloom_spin_is_locked,
        kloom_spin_is_contended, kloom_assert_spin_locked, kloom_lockdep_assert_held, _atomic_dec_and_lock;
    variadic: ;
    named: "_raw_spin_lock_nested" => _raw_spin_lock, "refcount_dec_and_lock" => _atomic_dec_and_lock
];
