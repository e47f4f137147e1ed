//! C headers: include/linux/crc8.h, include/linux/crc16.h. Sums as Linux 6.1 lib/crc8.c and lib/crc16.c compute them.

use crate::call::enter;
use crate::oops::or_oops;

/// `crc16()`: polynomial x^16 + x^15 + x^2 + 1, reflected (0xa001).
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn crc16(crc: u16, buffer: u64, length: u64) -> u16 {
    let bytes = or_oops(enter(|machine, _| machine.load(buffer, length)));
    bytes.iter().fold(crc, |crc, &byte| {
        (0..8).fold(crc ^ u16::from(byte), |crc, _| if crc & 1 != 0 { crc >> 1 ^ 0xa001 } else { crc >> 1 })
    })
}

/// `crc8()` with a table that the module filled.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn crc8(table: u64, data: u64, length: u64, crc: u8) -> u8 {
    or_oops(enter(|machine, _| {
        let table = machine.load(table, 256)?;
        let bytes = machine.load(data, length)?;
        Ok(bytes.iter().fold(crc, |crc, &byte| table[usize::from(crc ^ byte)]))
    }))
}

/// Fills a table of 256 bytes.
fn fill(table: u64, next: impl Fn(u8) -> u8) {
    let values: Vec<u8> = (0..=255).map(|index| (0..8).fold(index, |value, _| next(value))).collect();
    or_oops(enter(|machine, _| machine.store(table, &values)));
}

/// `crc8_populate_msb()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn crc8_populate_msb(table: u64, polynomial: u8) {
    fill(table, |value| if value & 0x80 != 0 { value << 1 ^ polynomial } else { value << 1 });
}

/// `crc8_populate_lsb()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn crc8_populate_lsb(table: u64, polynomial: u8) {
    fill(table, |value| if value & 1 != 0 { value >> 1 ^ polynomial } else { value >> 1 });
}

crate::exports![
    plain: crc16, crc8, crc8_populate_msb, crc8_populate_lsb;
    variadic: ;
    named:
];
