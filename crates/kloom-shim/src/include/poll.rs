//! C header: include/linux/poll.h.

use crate::call::enter;
use crate::oops::or_oops;

/// `poll_wait()`: puts the poll in progress on a wait queue, too.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_poll_wait(_file: u64, queue: u64, poll_table: u64) {
    or_oops(enter(|machine, _| machine.poll_wait(queue, poll_table)));
}

crate::exports![plain: kloom_poll_wait; variadic: ; named:];
