//! Strings to numbers: the strict `kstrto*` family and the obsolete `simple_strto*` one.
//!
//! C header: include/linux/kstrtox.h. Behaviour follows Linux 6.1 lib/kstrtox.c and lib/vsprintf.c. Strings are byte
//! slices that end at their first NUL or at their end.

use crate::at;
use crate::ctype::isxdigit;

/// Why a string is not the number that was asked for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum ParseError {
    /// Not a number, or something follows it (`-EINVAL`).
    Inval,
    /// A number that does not fit the type (`-ERANGE`).
    Range,
}

impl ParseError {
    /// The positive error number Linux answers with.
    #[must_use]
    pub fn errno(self) -> i32 {
        match self {
            ParseError::Inval => 22,
            ParseError::Range => 34,
        }
    }
}

/// Settles base 0 by the prefix and skips a `0x`; returns the base and the bytes to skip.
pub(crate) fn fixup_radix(s: &[u8], base: u32) -> (u32, usize) {
    // Setting bit 5 is how Linux compares with 'x' here.
    let has_x = at(s, 0) == b'0' && at(s, 1) | 0x20 == b'x';
    let base = match base {
        0 if has_x && isxdigit(at(s, 2)) => 16,
        0 if at(s, 0) == b'0' => 8,
        0 => 10,
        given => given,
    };
    (base, if base == 16 && has_x { 2 } else { 0 })
}

/// The digits at the start of a string, read as a number.
struct Digits {
    value: u64,
    count: usize,
    overflow: bool,
}

/// Reads at most `max` digits. The value wraps on overflow, as Linux's does.
fn parse_integer(s: &[u8], base: u32, max: usize) -> Digits {
    let mut digits = Digits { value: 0, count: 0, overflow: false };
    for &c in s.iter().take(max) {
        let value = match c {
            b'0'..=b'9' => c - b'0',
            _ => match c | 0x20 {
                lower @ b'a'..=b'f' => lower - b'a' + 10,
                _ => break,
            },
        };
        if u32::from(value) >= base {
            break;
        }
        let next = u128::from(digits.value) * u128::from(base) + u128::from(value);
        digits.overflow |= next > u128::from(u64::MAX);
        digits.value = digits.value.wrapping_mul(u64::from(base)).wrapping_add(u64::from(value));
        digits.count += 1;
    }
    digits
}

fn parse_unsigned(s: &[u8], base: u32) -> Result<u64, ParseError> {
    let (base, skip) = fixup_radix(s, base);
    let s = &s[skip..];
    let digits = parse_integer(s, base, usize::MAX);
    if digits.overflow {
        return Err(ParseError::Range);
    }
    if digits.count == 0 {
        return Err(ParseError::Inval);
    }
    // One newline may end the string: `echo 1 > file` writes one.
    let newline = usize::from(at(s, digits.count) == b'\n');
    match at(s, digits.count + newline) {
        0 => Ok(digits.value),
        _ => Err(ParseError::Inval),
    }
}

/// Parses an unsigned 64-bit number in `base` (0: by prefix; at most 16), with an optional `+` and final newline.
///
/// # Errors
/// [`ParseError::Inval`] when it is no number (a `-` is none), [`ParseError::Range`] when it does not fit.
pub fn kstrtoull(s: &[u8], base: u32) -> Result<u64, ParseError> {
    parse_unsigned(s.strip_prefix(b"+").unwrap_or(s), base)
}

/// Parses a signed 64-bit number, as [`kstrtoull`] with an optional `-`.
///
/// # Errors
/// As [`kstrtoull`].
pub fn kstrtoll(s: &[u8], base: u32) -> Result<i64, ParseError> {
    match s.strip_prefix(b"-") {
        Some(rest) => {
            let negative = parse_unsigned(rest, base)?.wrapping_neg().cast_signed();
            if negative > 0 { Err(ParseError::Range) } else { Ok(negative) }
        }
        None => i64::try_from(kstrtoull(s, base)?).map_err(|_| ParseError::Range),
    }
}

/// Defines a function that parses with a wider one and checks that the result fits.
macro_rules! narrowed {
    ($($name:ident -> $type:ty, by $wide:ident;)*) => {$(
        #[doc = concat!("Parses a `", stringify!($type), "`, as [`", stringify!($wide), "`].")]
        ///
        /// # Errors
        /// As the wider function; [`ParseError::Range`] also when the number does not fit this type.
        pub fn $name(s: &[u8], base: u32) -> Result<$type, ParseError> {
            <$type>::try_from($wide(s, base)?).map_err(|_| ParseError::Range)
        }
    )*};
}

narrowed! {
    kstrtoul -> u64, by kstrtoull;
    kstrtol -> i64, by kstrtoll;
    kstrtouint -> u32, by kstrtoull;
    kstrtoint -> i32, by kstrtoll;
    kstrtou16 -> u16, by kstrtoull;
    kstrtos16 -> i16, by kstrtoll;
    kstrtou8 -> u8, by kstrtoull;
    kstrtos8 -> i8, by kstrtoll;
}

/// Parses what people write for a boolean: the first letter of y/n/t/f, 1/0, or on/off. What follows is not looked at.
///
/// # Errors
/// [`ParseError::Inval`] for anything else.
pub fn kstrtobool(s: &[u8]) -> Result<bool, ParseError> {
    match (at(s, 0), at(s, 1)) {
        (b'y' | b'Y' | b't' | b'T' | b'1', _) | (b'o' | b'O', b'n' | b'N') => Ok(true),
        (b'n' | b'N' | b'f' | b'F' | b'0', _) | (b'o' | b'O', b'f' | b'F') => Ok(false),
        _ => Err(ParseError::Inval),
    }
}

/// Reads a number from the first `max_chars` bytes; returns it and how far it got. Behind `vsscanf`'s field widths.
pub(crate) fn simple_strntoull(s: &[u8], max_chars: usize, base: u32) -> (u64, usize) {
    let (base, skip) = fixup_radix(s, base);
    if skip >= max_chars {
        // The field holds no more than the prefix: it is passed over and counts as 0.
        return (0, max_chars);
    }
    let digits = parse_integer(&s[skip..], base, max_chars - skip);
    (digits.value, skip + digits.count)
}

/// Signed form of [`simple_strntoull`].
pub(crate) fn simple_strntoll(s: &[u8], max_chars: usize, base: u32) -> (i64, usize) {
    if max_chars > 0 && at(s, 0) == b'-' {
        let (value, used) = simple_strntoull(&s[1..], max_chars - 1, base);
        return (value.wrapping_neg().cast_signed(), used + 1);
    }
    let (value, used) = simple_strntoull(s, max_chars, base);
    (value.cast_signed(), used)
}

/// Reads the number at the start of `s`; returns it and the bytes used. Overflow wraps and is not reported.
#[must_use]
pub fn simple_strtoull(s: &[u8], base: u32) -> (u64, usize) {
    simple_strntoull(s, usize::MAX, base)
}

/// As [`simple_strtoull`] for `unsigned long`, which has the same 64 bits.
#[must_use]
pub fn simple_strtoul(s: &[u8], base: u32) -> (u64, usize) {
    simple_strtoull(s, base)
}

/// Reads the number at the start of `s`, which may have a `-`; returns it and the bytes used.
#[must_use]
pub fn simple_strtoll(s: &[u8], base: u32) -> (i64, usize) {
    simple_strntoll(s, usize::MAX, base)
}

/// As [`simple_strtoll`] for `long`, which has the same 64 bits.
#[must_use]
pub fn simple_strtol(s: &[u8], base: u32) -> (i64, usize) {
    simple_strtoll(s, base)
}

#[cfg(test)]
mod tests {
    use super::ParseError::{Inval, Range};
    use super::*;

    #[test]
    fn unsigned_numbers() {
        let cases: [(&[u8], u32, Result<u64, ParseError>); 24] = [
            (b"0", 10, Ok(0)),
            (b"42\n", 0, Ok(42)),
            (b"+42", 0, Ok(42)),
            (b"0x1F", 0, Ok(31)),
            (b"0X1f\n", 16, Ok(31)),
            (b"1f", 16, Ok(31)),
            (b"017", 0, Ok(15)),
            (b"42\0junk", 0, Ok(42)),
            (b"101", 2, Ok(5)),
            (b"18446744073709551615", 10, Ok(u64::MAX)),
            (b"0xffffffffffffffff", 0, Ok(u64::MAX)),
            (b"18446744073709551616", 10, Err(Range)),
            (b"99999999999999999999x", 10, Err(Range)),
            (b"", 10, Err(Inval)),
            (b"\n", 10, Err(Inval)),
            (b"-1", 10, Err(Inval)),
            (b"++1", 10, Err(Inval)),
            (b" 1", 10, Err(Inval)),
            (b"1 ", 10, Err(Inval)),
            (b"1\n\n", 10, Err(Inval)),
            (b"0x", 16, Err(Inval)),
            // Without a digit after it the x is no prefix: octal 0, then junk.
            (b"0x", 0, Err(Inval)),
            (b"08", 0, Err(Inval)),
            (b"12", 2, Err(Inval)),
        ];
        for (s, base, expect) in cases {
            assert_eq!(kstrtoull(s, base), expect, "{:?} in base {base}", String::from_utf8_lossy(s));
        }
    }

    #[test]
    fn signed_numbers_and_their_edges() {
        assert_eq!(kstrtoll(b"-9223372036854775808", 10), Ok(i64::MIN));
        assert_eq!(kstrtoll(b"-9223372036854775809", 10), Err(Range));
        assert_eq!(kstrtoll(b"9223372036854775807", 10), Ok(i64::MAX));
        assert_eq!(kstrtoll(b"9223372036854775808", 10), Err(Range));
        assert_eq!(kstrtoll(b"-0", 10), Ok(0));
        assert_eq!(kstrtoll(b"-+5", 10), Err(Inval));
        assert_eq!(kstrtoll(b"-0x10", 0), Ok(-16));
        assert_eq!(kstrtoint(b"-2147483648", 10), Ok(i32::MIN));
        assert_eq!(kstrtoint(b"2147483648", 10), Err(Range));
        assert_eq!(kstrtouint(b"4294967295", 10), Ok(u32::MAX));
        assert_eq!(kstrtouint(b"4294967296", 10), Err(Range));
        assert_eq!(kstrtou16(b"65536", 10), Err(Range));
        assert_eq!(kstrtos16(b"-32768", 10), Ok(i16::MIN));
        assert_eq!(kstrtou8(b"0xff", 0), Ok(255));
        assert_eq!(kstrtos8(b"128", 0), Err(Range));
        assert_eq!((Inval.errno(), Range.errno()), (22, 34));
    }

    #[test]
    fn booleans_look_at_the_first_letters() {
        for s in ["y", "Yes", "1", "1000", "t", "True", "on", "ONE", "oN"] {
            assert_eq!(kstrtobool(s.as_bytes()), Ok(true), "{s}");
        }
        for s in ["n", "No", "0", "01", "f", "FALSE", "off", "of"] {
            assert_eq!(kstrtobool(s.as_bytes()), Ok(false), "{s}");
        }
        for s in ["", "2", "o", "oh", "-1", " y"] {
            assert_eq!(kstrtobool(s.as_bytes()), Err(Inval), "{s}");
        }
    }

    #[test]
    fn simple_forms_stop_where_the_number_stops() {
        assert_eq!(simple_strtoull(b"12abc", 10), (12, 2));
        assert_eq!(simple_strtoull(b"abc", 10), (0, 0));
        assert_eq!(simple_strtoull(b"0x", 16), (0, 2));
        assert_eq!(simple_strtoull(b"0xg", 0), (0, 1));
        assert_eq!(simple_strtoull(b"-1", 10), (0, 0));
        assert_eq!(simple_strtoll(b"-12,", 0), (-12, 3));
        assert_eq!(simple_strtoull(b"18446744073709551617", 10), (1, 20));
        assert_eq!(simple_strntoull(b"0x12", 2, 0), (0, 2));
        assert_eq!(simple_strntoull(b"0x12", 3, 0), (1, 3));
        assert_eq!(simple_strntoll(b"-12", 1, 10), (0, 1));
    }
}
