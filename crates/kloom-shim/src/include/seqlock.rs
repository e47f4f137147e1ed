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

/// The begin or end of a section, for who watches accesses: a scheduling point like any call.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_seq_read_begin(_addr: u64) {
    enter(|_, _| ());
}

crate::exports![
    plain: kloom_seqcount_init, kloom_seqlock_init, kloom_seq_read_begin;
    variadic: ;
    named: "kloom_seq_read_end" => kloom_seq_read_begin, "kloom_seq_write_begin" => kloom_seq_read_begin,
        "kloom_seq_write_end" => kloom_seq_read_begin
];
