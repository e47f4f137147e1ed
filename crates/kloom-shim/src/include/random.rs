//! C headers: include/linux/random.h, include/linux/uuid.h.
//!
//! Numbers come from the machine's own generator, so the same run draws the same.

use kloom_abi::Errno;
use kloom_lib::hexdump::hex_to_bin;

use crate::Machine;
use crate::call::enter;
use crate::oops::or_oops;

fn draw(machine: &mut Machine, len: u64) -> Vec<u8> {
    let mut bytes = Vec::with_capacity(len as usize + 8);
    while (bytes.len() as u64) < len {
        bytes.extend(machine.mem.next_random().to_le_bytes());
    }
    bytes.truncate(len as usize);
    bytes
}

/// `get_random_bytes()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn get_random_bytes(buf: u64, len: u64) {
    or_oops(enter(|machine, _| {
        machine.mem_check(buf, len, true)?;
        let bytes = draw(machine, len);
        machine.store(buf, &bytes)
    }));
}

/// `get_random_u64()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn get_random_u64() -> u64 {
    enter(|machine, _| machine.mem.next_random())
}

/// `get_random_u32()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn get_random_u32() -> u32 {
    (get_random_u64() >> 32) as u32
}

/// `get_random_u16()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn get_random_u16() -> u16 {
    (get_random_u64() >> 48) as u16
}

/// `get_random_u8()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn get_random_u8() -> u8 {
    (get_random_u64() >> 56) as u8
}

/// `get_random_u32_below()`; a bound of 0 gives any number, as in 6.1.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kloom_get_random_u32_below(ceil: u32) -> u32 {
    let drawn = get_random_u32();
    if ceil == 0 { drawn } else { ((u64::from(drawn) * u64::from(ceil)) >> 32) as u32 }
}

/// `prandom_u32()`, removed in 6.1.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn prandom_u32() -> u32 {
    enter(|machine, _| machine.note_removed("prandom_u32", "get_random_u32()"));
    get_random_u32()
}

/// `add_device_randomness()`: accepted; the generator stays deterministic.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn add_device_randomness(buf: u64, len: u64) {
    or_oops(enter(|machine, _| machine.mem_check(buf, len, false)));
}

/// `generate_random_uuid()`, `uuid_gen()`: version 4, variant 1.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn generate_random_uuid(uuid: u64) {
    or_oops(enter(|machine, _| {
        machine.mem_check(uuid, 16, true)?;
        let mut bytes = draw(machine, 16);
        bytes[6] = bytes[6] & 0x0f | 0x40;
        bytes[8] = bytes[8] & 0x3f | 0x80;
        machine.store(uuid, &bytes)
    }));
}

/// The bytes of `xxxxxxxx-xxxx-xxxx-xxxx-xxxxxxxxxxxx`; what follows is not looked at.
fn parse_uuid(text: &[u8]) -> Option<Vec<u8>> {
    let mut bytes = Vec::with_capacity(16);
    let mut at = 0;
    while bytes.len() < 16 {
        if matches!(at, 8 | 13 | 18 | 23) {
            (text.get(at) == Some(&b'-')).then_some(())?;
            at += 1;
        }
        let (high, low) = (hex_to_bin(*text.get(at)?)?, hex_to_bin(*text.get(at + 1)?)?);
        bytes.push(high << 4 | low);
        at += 2;
    }
    Some(bytes)
}

/// `uuid_parse()`: 0 or `-EINVAL`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn uuid_parse(text: u64, uuid: u64) -> i32 {
    or_oops(enter(|machine, _| match parse_uuid(&machine.cstr(text, 36)?) {
        Some(bytes) => machine.store(uuid, &bytes).map(|()| 0),
        None => Ok(-Errno::EINVAL.0),
    }))
}

crate::exports![
    plain: get_random_bytes, get_random_u64, get_random_u32, get_random_u16, get_random_u8, kloom_get_random_u32_below,
        prandom_u32, add_device_randomness, generate_random_uuid, uuid_parse;
    variadic: ;
    named: "uuid_gen" => generate_random_uuid
];

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn uuids_are_parsed_exactly() {
        let bytes: Vec<u8> = (0..16).map(|index| index * 17).collect();
        assert_eq!(parse_uuid(b"00112233-4455-6677-8899-aabbccddeeff"), Some(bytes.clone()));
        assert_eq!(parse_uuid(b"00112233-4455-6677-8899-AABBCCDDEEFF tail"), Some(bytes));
        assert_eq!(parse_uuid(b"00112233445566778899aabbccddeeff"), None);
        assert_eq!(parse_uuid(b"00112233-4455-6677-8899-aabbccddeef"), None);
        assert_eq!(parse_uuid(b""), None);
    }

    #[test]
    fn the_same_seed_draws_the_same() {
        let mut one = crate::memory::State::default();
        let mut other = crate::memory::State { random: 1, ..crate::memory::State::default() };
        let first: Vec<u64> = (0..4).map(|_| one.next_random()).collect();
        assert_ne!(first, (0..4).map(|_| other.next_random()).collect::<Vec<u64>>());
        one.random = 0;
        assert_eq!(first, (0..4).map(|_| one.next_random()).collect::<Vec<u64>>());
    }
}
