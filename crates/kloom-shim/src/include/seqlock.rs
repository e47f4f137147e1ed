//! C header: include/linux/seqlock.h. Counting and retrying is C code of the header.

use crate::call::enter;
use crate::object::Magic;
use crate::oops::or_oops;

/// Offsets in `seqcount_t` and `seqlock_t`.
const SEQUENCE: u64 = 8;
const SEQLOCK_COUNT: u64 = 8;
const SEQLOCK_LOCK: u64 = 20;

/// `seqcount_init()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_seqcount_init(addr: u64, _name: u64, _key: u64) {
    or_oops(enter(|machine, _| {
        machine.check_access(addr, SEQUENCE + 4, true)?;
        machine.init_object(addr, Magic::Seqcount, 0)?;
        machine.poke_u32(addr + SEQUENCE, 0);
        Ok(())
    }));
}

/// `seqlock_init()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_seqlock_init(addr: u64, name: u64, key: u64) {
    or_oops(enter(|machine, _| machine.init_object(addr, Magic::Seqlock, 0)));
    kloom_seqcount_init(addr + SEQLOCK_COUNT, name, key);
    super::spinlock::__raw_spin_lock_init(addr + SEQLOCK_LOCK, name, key, 0);
}

fn section(count: u64, writer: bool, begins: bool) {
    enter(|machine, _| {
        if machine.kernel.order.on {
            machine.kernel.order_actor();
            machine.kernel.order.sequence(count, writer, begins);
        }
    });
}

/// A reader begins, for who watches accesses.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_seq_read_begin(count: u64) {
    section(count, false, true);
}

/// A reader asks whether it has to read again.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_seq_read_end(count: u64) {
    section(count, false, false);
}

/// A writer begins.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_seq_write_begin(count: u64) {
    section(count, true, true);
}

/// A writer is done.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_seq_write_end(count: u64) {
    section(count, true, false);
}

crate::exports![
    plain: kloom_seqcount_init, kloom_seqlock_init, kloom_seq_read_begin, kloom_seq_read_end, kloom_seq_write_begin,
        kloom_seq_write_end;
    variadic: ;
    named:
];
