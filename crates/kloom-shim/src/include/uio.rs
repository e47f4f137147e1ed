//! C header: include/linux/uio.h: copies from and to the buffers of a `read_iter()` or `write_iter()`.
//!
//! Behaviour follows Linux 6.1 lib/iov_iter.c. The iterator is moved on by what was copied.

use super::uaccess::{_copy_from_user, _copy_to_user};
use crate::call::enter;
use crate::oops::or_oops;

/// Offsets in `struct iov_iter`, and its size.
const OFFSET: u64 = 8;
const COUNT: u64 = 16;
const VECTOR: u64 = 24;
const SEGMENTS: u64 = 32;
const SIZE: u64 = 40;
/// `ITER_IOVEC`: buffers of user space.
const USER: u32 = 0;

/// Copies `bytes` between `addr` and the buffers; how many were.
fn copy(addr: u64, bytes: u64, iter: u64, to_iter: bool) -> u64 {
    let mut copied = 0;
    loop {
        let (kind, offset, count, vector, segments) = or_oops(enter(|machine, _| {
            machine.mem_check(iter, SIZE, true)?;
            let word = |offset| machine.peek_u64(iter + offset);
            Ok((machine.peek_u32(iter) & 0xff, word(OFFSET), word(COUNT), word(VECTOR), word(SEGMENTS)))
        }));
        let left = (bytes - copied).min(count);
        if left == 0 || segments == 0 {
            return copied;
        }
        let (base, length) = or_oops(enter(|machine, _| Ok((machine.get_u64(vector)?, machine.get_u64(vector + 8)?))));
        let here = left.min(length.saturating_sub(offset));
        let (inside, outside) = (addr + copied, base + offset);
        let missed = match (kind == USER, to_iter) {
            _ if here == 0 => 0,
            (true, true) => _copy_to_user(outside, inside, here),
            (true, false) => _copy_from_user(inside, outside, here),
            (false, true) => or_oops(enter(|machine, _| machine.copy(outside, inside, here).map(|()| 0))),
            (false, false) => or_oops(enter(|machine, _| machine.copy(inside, outside, here).map(|()| 0))),
        };
        let done = here - missed;
        copied += done;
        enter(|machine, _| {
            machine.poke_u64(iter + COUNT, count - done);
            if offset + done >= length {
                machine.poke_u64(iter + OFFSET, 0);
                machine.poke_u64(iter + VECTOR, vector + 16);
                machine.poke_u64(iter + SEGMENTS, segments - 1);
            } else {
                machine.poke_u64(iter + OFFSET, offset + done);
            }
        });
        if missed > 0 {
            return copied;
        }
    }
}

/// `copy_to_iter()`: bytes copied.
///
/// # Context
/// Process context; may sleep.
pub(crate) extern "C" fn _copy_to_iter(addr: u64, bytes: u64, iter: u64) -> u64 {
    copy(addr, bytes, iter, true)
}

/// `copy_from_iter()`: bytes copied.
///
/// # Context
/// Process context; may sleep.
pub(crate) extern "C" fn _copy_from_iter(addr: u64, bytes: u64, iter: u64) -> u64 {
    copy(addr, bytes, iter, false)
}

crate::exports![
    plain: _copy_to_iter, _copy_from_iter;
    variadic: ;
    named:
];
