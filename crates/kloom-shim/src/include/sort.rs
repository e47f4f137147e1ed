//! C headers: include/linux/sort.h, include/linux/jhash.h, include/linux/crc32.h, and the hex dumps of
//! include/linux/printk.h.
//!
//! The order of equal elements is that of Linux 6.1 lib/sort.c: a heap sort that walks down first and climbs back.

use kloom_kernel::fault::Fault;
use kloom_lib::hexdump::{self, DumpForm, DumpPrefix};
use kloom_lib::vsprintf::Env;

use super::printk::{FormatEnv, log_text};
use crate::call::{call4, enter};
use crate::oops::or_oops;

/// What a sort works on, by element number.
trait Elements {
    /// Whether element `i` is not below element `j`.
    fn ge(&mut self, i: u64, j: u64) -> bool;
    /// Exchanges two elements.
    fn swap(&mut self, i: u64, j: u64);
}

/// Lets the element at `root` sink into the heap of the first `end` elements: down to a leaf along the larger children,
/// up to where it fits, then there.
fn sift(elements: &mut impl Elements, root: u64, end: u64) {
    let mut at = root;
    while 2 * at + 2 < end {
        let (left, right) = (2 * at + 1, 2 * at + 2);
        at = if elements.ge(left, right) { left } else { right };
    }
    if 2 * at + 2 == end {
        at = 2 * at + 1;
    }
    while at != root && elements.ge(root, at) {
        at = (at - 1) / 2;
    }
    let place = at;
    while at != root {
        at = (at - 1) / 2;
        elements.swap(at, place);
    }
}

fn heap_sort(elements: &mut impl Elements, count: u64) {
    for root in (0..count / 2).rev() {
        sift(elements, root, count);
    }
    for end in (1..count).rev() {
        elements.swap(0, end);
        sift(elements, 0, end);
    }
}

/// An array in guest memory with the module's functions. Plain data: the functions may suspend.
struct Array {
    base: u64,
    size: u64,
    compare: u64,
    exchange: u64,
    private: u64,
}

impl Elements for Array {
    fn ge(&mut self, i: u64, j: u64) -> bool {
        call4(self.compare, [self.base + i * self.size, self.base + j * self.size, self.private, 0]) as i32 >= 0
    }

    fn swap(&mut self, i: u64, j: u64) {
        let (a, b) = (self.base + i * self.size, self.base + j * self.size);
        if self.exchange != 0 {
            call4(self.exchange, [a, b, self.size, self.private]);
            return;
        }
        or_oops(enter(|machine, _| {
            let (one, other) = (machine.load(a, self.size)?, machine.load(b, self.size)?);
            machine.store(a, &other)?;
            machine.store(b, &one)
        }));
    }
}

/// `sort_r()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn sort_r(base: u64, count: u64, size: u64, compare: u64, exchange: u64, private: u64) {
    if count < 2 || size == 0 {
        return;
    }
    heap_sort(&mut Array { base, size, compare, exchange, private }, count);
}

/// `sort()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn sort(base: u64, count: u64, size: u64, compare: u64, exchange: u64) {
    sort_r(base, count, size, compare, exchange, 0);
}

/// Bob Jenkins' lookup3 (public domain), as the kernel's jhash has it.
mod lookup3 {
    pub(super) const INIT: u32 = 0xdead_beef;

    pub(super) fn mix(state: &mut [u32; 3]) {
        let [a, b, c] = state;
        let round = |x: &mut u32, y: &mut u32, z: &mut u32, turn: u32| {
            *x = x.wrapping_sub(*z) ^ z.rotate_left(turn);
            *z = z.wrapping_add(*y);
        };
        round(a, b, c, 4);
        round(b, c, a, 6);
        round(c, a, b, 8);
        round(a, b, c, 16);
        round(b, c, a, 19);
        round(c, a, b, 4);
    }

    pub(super) fn finish(state: &mut [u32; 3]) -> u32 {
        let [a, b, c] = state;
        let round = |x: &mut u32, y: u32, turn: u32| *x = (*x ^ y).wrapping_sub(y.rotate_left(turn));
        round(c, *b, 14);
        round(a, *c, 11);
        round(b, *a, 25);
        round(c, *b, 16);
        round(a, *c, 4);
        round(b, *a, 14);
        round(c, *b, 24);
        *c
    }

    /// Hashes words that were made of bytes or are words; `seed` starts all three.
    pub(super) fn words(words: &[u32], seed: u32) -> u32 {
        let mut state = [seed; 3];
        let mut rest = words;
        while rest.len() > 3 {
            state.iter_mut().zip(rest).for_each(|(slot, word)| *slot = slot.wrapping_add(*word));
            mix(&mut state);
            rest = &rest[3..];
        }
        if rest.is_empty() {
            return state[2];
        }
        state.iter_mut().zip(rest).for_each(|(slot, word)| *slot = slot.wrapping_add(*word));
        finish(&mut state)
    }
}

fn little_words(bytes: &[u8]) -> Vec<u32> {
    let word = |chunk: &[u8]| chunk.iter().rev().fold(0u32, |word, &byte| word << 8 | u32::from(byte));
    bytes.chunks(4).map(word).collect()
}

fn hash_bytes(bytes: &[u8], initval: u32) -> u32 {
    lookup3::words(&little_words(bytes), lookup3::INIT.wrapping_add(bytes.len() as u32).wrapping_add(initval))
}

/// `jhash()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn jhash(key: u64, length: u32, initval: u32) -> u32 {
    or_oops(enter(|machine, _| Ok(hash_bytes(&machine.load(key, u64::from(length))?, initval))))
}

/// `jhash2()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn jhash2(key: u64, length: u32, initval: u32) -> u32 {
    or_oops(enter(|machine, _| Ok(hash_bytes(&machine.load(key, u64::from(length) * 4)?, initval))))
}

/// `jhash_3words()` and its kin.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_jhash_nwords(a: u32, b: u32, c: u32, initval: u32) -> u32 {
    lookup3::finish(&mut [a.wrapping_add(initval), b.wrapping_add(initval), c.wrapping_add(initval)])
}

fn crc_low(crc: u32, bytes: &[u8], poly: u32) -> u32 {
    bytes.iter().fold(crc, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte), |crc, _| crc >> 1 ^ if crc & 1 != 0 { poly } else { 0 })
    })
}

fn crc_high(crc: u32, bytes: &[u8], poly: u32) -> u32 {
    bytes.iter().fold(crc, |crc, &byte| {
        (0..8).fold(crc ^ u32::from(byte) << 24, |crc, _| crc << 1 ^ if crc >> 31 != 0 { poly } else { 0 })
    })
}

fn crc(crc: u32, addr: u64, len: u64, step: impl FnOnce(u32, &[u8]) -> u32) -> u32 {
    or_oops(enter(|machine, _| Ok::<u32, Fault>(step(crc, &machine.load(addr, len)?))))
}

/// `crc32_le()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn crc32_le(start: u32, addr: u64, len: u64) -> u32 {
    crc(start, addr, len, |start, bytes| crc_low(start, bytes, 0xedb8_8320))
}

/// `crc32_be()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn crc32_be(start: u32, addr: u64, len: u64) -> u32 {
    crc(start, addr, len, |start, bytes| crc_high(start, bytes, 0x04c1_1db7))
}

/// `__crc32c_le()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn __crc32c_le(start: u32, addr: u64, len: u64) -> u32 {
    crc(start, addr, len, |start, bytes| crc_low(start, bytes, 0x82f6_3b78))
}

fn form(rowsize: i32, groupsize: i32, ascii: bool) -> DumpForm {
    DumpForm { rowsize: rowsize as usize, groupsize: groupsize as usize, ascii }
}

/// `hex_dump_to_buffer()`: the length the line needs.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn hex_dump_to_buffer(
    buf: u64,
    len: u64,
    rowsize: i32,
    groupsize: i32,
    line: u64,
    linelen: u64,
    ascii: bool,
) -> i32 {
    or_oops(enter(|machine, _| {
        let row = if rowsize == 32 { 32 } else { 16 };
        let bytes = machine.load(buf, len.min(row))?;
        let (text, needed) = hexdump::hex_dump_to_buffer(&bytes, form(rowsize, groupsize, ascii), linelen as usize);
        if linelen > 0 {
            machine.store_cstr(line, &text)?;
        }
        Ok(needed as i32)
    }))
}

/// `print_hex_dump()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_print_hex_dump(
    level: u64,
    prefix: u64,
    kind: i32,
    rowsize: i32,
    groupsize: i32,
    buf: u64,
    len: u64,
    ascii: bool,
) {
    or_oops(enter(|machine, _| {
        let (level, prefix, bytes) = (machine.text(level)?, machine.text(prefix)?, machine.load(buf, len)?);
        let kind = match kind {
            1 => DumpPrefix::Address(buf),
            2 => DumpPrefix::Offset,
            _ => DumpPrefix::None,
        };
        let lines = {
            let env = FormatEnv::new(machine);
            hexdump::print_hex_dump(&prefix, kind, form(rowsize, groupsize, ascii), &bytes, |addr| {
                env.hash_pointer(addr)
            })
        };
        for line in lines {
            log_text(machine, &[&level[..], &line, b"\n"].concat());
        }
        Ok(())
    }));
}

crate::exports![
    plain: sort, sort_r, jhash, jhash2, kloom_jhash_nwords, crc32_le, crc32_be, __crc32c_le, hex_dump_to_buffer,
        kloom_print_hex_dump;
    variadic: ;
    named:
];

#[cfg(test)]
mod tests {
    use super::*;

    struct Pairs(Vec<(i32, usize)>);

    impl Elements for Pairs {
        fn ge(&mut self, i: u64, j: u64) -> bool {
            self.0[i as usize].0 >= self.0[j as usize].0
        }

        fn swap(&mut self, i: u64, j: u64) {
            self.0.swap(i as usize, j as usize);
        }
    }

    #[test]
    fn sorts_every_length_and_keeps_all_elements() {
        let mut random = crate::memory::State::default();
        for count in 0..70 {
            let values: Vec<(i32, usize)> =
                (0..count).map(|index| ((random.next_random() % 16) as i32, index)).collect();
            let mut sorted = Pairs(values.clone());
            heap_sort(&mut sorted, count as u64);
            assert!(sorted.0.windows(2).all(|pair| pair[0].0 <= pair[1].0), "{:?}", sorted.0);
            let mut indices: Vec<usize> = sorted.0.iter().map(|pair| pair.1).collect();
            indices.sort_unstable();
            assert_eq!(indices, (0..count).collect::<Vec<_>>());
        }
    }

    #[test]
    fn hashes_and_checksums_have_their_known_values() {
        assert_eq!(hash_bytes(b"", 0), 0xdead_beef);
        assert_eq!(hash_bytes(b"Four score and seven years ago", 0), 0x1777_0551);
        assert_eq!(hash_bytes(b"Four score and seven years ago", 1), 0xcd62_8161);
        assert_eq!(!crc_low(!0, b"123456789", 0xedb8_8320), 0xcbf4_3926);
        assert_eq!(!crc_low(!0, b"123456789", 0x82f6_3b78), 0xe306_9283);
        assert_eq!(!crc_high(!0, b"123456789", 0x04c1_1db7), 0xfc89_1918);
    }
}
