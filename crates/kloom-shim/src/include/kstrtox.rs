//! C header: include/linux/kstrtox.h, and the text helpers of include/linux/kernel.h.
//!
//! Behaviour follows Linux 6.1 lib/kstrtox.c, lib/cmdline.c and lib/hexdump.c; the parsers are in `kloom-lib`.

use kloom_abi::Errno;
use kloom_lib::kstrtox::{self as parse, ParseError};
use kloom_lib::{cmdline, hexdump};

use super::uaccess;
use crate::call::enter;
use crate::oops::or_oops;

/// A value as its bytes in memory.
trait Bytes {
    fn bytes(self) -> Vec<u8>;
}

macro_rules! bytes {
    ($($ty:ty),*) => {$(impl Bytes for $ty {
        fn bytes(self) -> Vec<u8> {
            self.to_le_bytes().to_vec()
        }
    })*};
}
bytes!(u64, i64, u32, i32, u16, i16, u8, i8);

impl Bytes for bool {
    fn bytes(self) -> Vec<u8> {
        vec![u8::from(self)]
    }
}

/// Parses the string at `s` into `res`; 0 or `-errno`.
fn strict<T: Bytes>(s: u64, res: u64, parser: impl FnOnce(&[u8]) -> Result<T, ParseError>) -> i32 {
    or_oops(enter(|machine, _| {
        let text = machine.text(s)?;
        match parser(&text) {
            Ok(value) => machine.store(res, &value.bytes()).map(|()| 0),
            Err(error) => Ok(-error.errno()),
        }
    }))
}

/// As `strict` from user memory: at most `max` characters are looked at.
fn from_user<T: Bytes>(
    s: u64,
    count: u64,
    max: u64,
    res: u64,
    parser: impl FnOnce(&[u8]) -> Result<T, ParseError>,
) -> i32 {
    uaccess::user_copy("copy_from_user");
    or_oops(enter(|machine, _| {
        let Some(text) = uaccess::fetch(machine, s, count.min(max)) else { return Ok(-Errno::EFAULT.0) };
        match parser(&text) {
            Ok(value) => machine.store(res, &value.bytes()).map(|()| 0),
            Err(error) => Ok(-error.errno()),
        }
    }))
}

/// Digits of a binary number of `bits`, a sign, a newline.
const fn digits(bits: u64) -> u64 {
    bits + 2
}

macro_rules! family {
    ($($name:ident $from_user:ident $bits:literal;)*) => {$(
        #[doc = concat!("`", stringify!($name), "()`: 0, `-EINVAL` or `-ERANGE`.")]
        pub(crate) extern "C" fn $name(s: u64, base: u32, res: u64) -> i32 {
            strict(s, res, |text| parse::$name(text, base))
        }

        #[doc = concat!("`", stringify!($from_user), "()`: also `-EFAULT`.")]
        pub(crate) extern "C" fn $from_user(s: u64, count: u64, base: u32, res: u64) -> i32 {
            from_user(s, count, digits($bits), res, |text| parse::$name(text, base))
        }
    )*};
}

family! {
    kstrtoull kstrtoull_from_user 64;
    kstrtoll kstrtoll_from_user 64;
    kstrtouint kstrtouint_from_user 32;
    kstrtoint kstrtoint_from_user 32;
    kstrtou16 kstrtou16_from_user 16;
    kstrtos16 kstrtos16_from_user 16;
    kstrtou8 kstrtou8_from_user 8;
    kstrtos8 kstrtos8_from_user 8;
}

/// `kstrtobool()`: NULL is `-EINVAL`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn kstrtobool(s: u64, res: u64) -> i32 {
    if s == 0 {
        return -Errno::EINVAL.0;
    }
    strict(s, res, parse::kstrtobool)
}

/// `kstrtobool_from_user()`: three characters are enough.
///
/// # Context
/// Process context; may sleep: a scheduling point.
pub(crate) extern "C" fn kstrtobool_from_user(s: u64, count: u64, res: u64) -> i32 {
    from_user(s, count, 3, res, parse::kstrtobool)
}

fn simple(s: u64, end: u64, parser: impl FnOnce(&[u8]) -> (u64, usize)) -> u64 {
    or_oops(enter(|machine, _| {
        let (value, used) = parser(&machine.text(s)?);
        if end != 0 {
            machine.store(end, &(s + used as u64).to_le_bytes())?;
        }
        Ok(value)
    }))
}

/// `simple_strtoul()`, `simple_strtoull()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn simple_strtoull(s: u64, end: u64, base: u32) -> u64 {
    simple(s, end, |text| parse::simple_strtoull(text, base))
}

/// `simple_strtol()`, `simple_strtoll()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn simple_strtoll(s: u64, end: u64, base: u32) -> i64 {
    simple(s, end, |text| {
        let (value, used) = parse::simple_strtoll(text, base);
        (value as u64, used)
    }) as i64
}

/// `get_option()`: moves `*str` behind the number; 0 to 3 as `enum` of lib/cmdline.c says.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn get_option(cursor: u64, value: u64) -> i32 {
    or_oops(enter(|machine, _| {
        machine.check_access(cursor, 8, true)?;
        let at = machine.peek_u64(cursor);
        if at == 0 {
            return Ok(0);
        }
        let text = machine.text(at)?;
        if text.is_empty() {
            return Ok(0);
        }
        let found = cmdline::get_option(&text);
        machine.poke_u64(cursor, at + found.used as u64);
        if value != 0
            && let Some(number) = found.value
        {
            machine.store(value, &number.to_le_bytes())?;
        }
        Ok(found.end.code())
    }))
}

/// `get_options()`: numbers and ranges into `ints`, whose first element is their count; the rest of the string.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn get_options(s: u64, nints: i32, ints: u64) -> u64 {
    or_oops(enter(|machine, _| {
        let text = machine.text(s)?;
        let found = cmdline::get_options(&text, nints.max(0) as usize);
        if nints > 0 {
            machine.store(ints, &found.count.to_le_bytes())?;
        }
        for (slot, value) in (1u64..).zip(&found.ints) {
            machine.store(ints + slot * 4, &value.to_le_bytes())?;
        }
        Ok(s + found.used as u64)
    }))
}

/// `memparse()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn memparse(s: u64, end: u64) -> u64 {
    simple(s, end, cmdline::memparse)
}

/// `parse_option_str()`.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn parse_option_str(s: u64, option: u64) -> bool {
    or_oops(enter(|machine, _| {
        let (text, option) = (machine.text(s)?, machine.text(option)?);
        Ok(cmdline::parse_option_str(&text, &option))
    }))
}

/// `hex_to_bin()`: the value of a digit, or -1.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn hex_to_bin(digit: u8) -> i32 {
    hexdump::hex_to_bin(digit).map_or(-1, i32::from)
}

/// `hex2bin()`: 0 or `-EINVAL`; the digits before a wrong one are stored.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn hex2bin(dst: u64, src: u64, count: u64) -> i32 {
    or_oops(enter(|machine, _| {
        for index in 0..count {
            let pair = machine.load(src + index * 2, 2)?;
            let (Some(high), Some(low)) = (hexdump::hex_to_bin(pair[0]), hexdump::hex_to_bin(pair[1])) else {
                return Ok(-Errno::EINVAL.0);
            };
            machine.store(dst + index, &[high << 4 | low])?;
        }
        Ok(0)
    }))
}

/// `bin2hex()`: the end of what was written.
///
/// # Context
/// Any; does not sleep and is no scheduling point.
pub(crate) extern "C" fn bin2hex(dst: u64, src: u64, count: u64) -> u64 {
    or_oops(enter(|machine, _| {
        let digits = hexdump::bin2hex(&machine.load(src, count)?);
        machine.store(dst, &digits)?;
        Ok(dst + digits.len() as u64)
    }))
}

crate::exports![
    plain: kstrtoull, kstrtoll, kstrtouint, kstrtoint, kstrtou16, kstrtos16, kstrtou8, kstrtos8, kstrtobool,
        kstrtoull_from_user, kstrtoll_from_user, kstrtouint_from_user, kstrtoint_from_user, kstrtou16_from_user,
        kstrtos16_from_user, kstrtou8_from_user, kstrtos8_from_user, kstrtobool_from_user, simple_strtoull, simple_strtoll,
        get_option, get_options, memparse, parse_option_str, hex_to_bin, hex2bin, bin2hex;
    variadic: ;
    named: "simple_strtoul" => simple_strtoull, "simple_strtol" => simple_strtoll
];
