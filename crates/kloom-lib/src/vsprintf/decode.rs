//! Reading one conversion of a format: flags, width, precision, qualifier, letter.

use super::{Args, Env, FormatWarning};
use crate::at;

/// The largest width a `*` may give.
const FIELD_WIDTH_MAX: i32 = (1 << 23) - 1;
/// The largest precision a `*` may give.
const PRECISION_MAX: i32 = (1 << 15) - 1;

/// How to print a value. Linux keeps the width in 24 bits and the precision in 16; so do the values here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) struct Spec {
    /// -1 for none.
    pub(super) width: i32,
    /// -1 for none.
    pub(super) precision: i32,
    pub(super) flags: u8,
    /// 8, 10 or 16.
    pub(super) base: u8,
}

impl Spec {
    pub(super) const SIGN: u8 = 1;
    pub(super) const LEFT: u8 = 2;
    pub(super) const PLUS: u8 = 4;
    pub(super) const SPACE: u8 = 8;
    pub(super) const ZEROPAD: u8 = 16;
    pub(super) const SMALL: u8 = 32;
    pub(super) const SPECIAL: u8 = 64;

    /// Neither width nor precision nor flags.
    pub(super) const PLAIN: Spec = Spec { width: -1, precision: -1, flags: 0, base: 10 };

    /// A decimal of at least `width` digits, zeros in front.
    pub(super) const fn zero_padded(width: i32) -> Spec {
        Spec { width, flags: Spec::ZEROPAD, ..Spec::PLAIN }
    }

    /// `0x` and all the hexadecimal digits of `size` bytes.
    pub(super) const fn special_hex(size: i32) -> Spec {
        Spec { width: 2 + 2 * size, precision: -1, flags: Spec::SPECIAL | Spec::SMALL | Spec::ZEROPAD, base: 16 }
    }

    pub(super) fn has(self, flag: u8) -> bool {
        self.flags & flag != 0
    }
}

/// The C type of an integer argument.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum IntKind {
    Char,
    Short,
    Int,
    /// `long`, `long long`, `size_t` and `ptrdiff_t` all have 64 bits.
    Long,
}

impl IntKind {
    /// The value a slot holds for this type, extended to 64 bits.
    pub(super) fn value(self, slot: u64, spec: Spec) -> u64 {
        let signed = spec.has(Spec::SIGN);
        match self {
            IntKind::Char if signed => i64::from(slot as i8).cast_unsigned(),
            IntKind::Char => u64::from(slot as u8),
            IntKind::Short if signed => i64::from(slot as i16).cast_unsigned(),
            IntKind::Short => u64::from(slot as u16),
            IntKind::Int if signed => i64::from(slot as i32).cast_unsigned(),
            IntKind::Int => u64::from(slot as u32),
            IntKind::Long => slot,
        }
    }
}

/// What a conversion asks for.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Conversion {
    Integer(IntKind),
    Char,
    Str,
    Pointer,
    Percent,
    /// Not a conversion: Linux cannot know which arguments it takes, so nothing after it is printed.
    Stop,
}

/// Reads a decimal number; wraps as Linux's `int` does in practice.
fn skip_atoi(fmt: &[u8], pos: &mut usize) -> i32 {
    let mut number = 0i32;
    while at(fmt, *pos).is_ascii_digit() {
        number = number.wrapping_mul(10).wrapping_add(i32::from(fmt[*pos] - b'0'));
        *pos += 1;
    }
    number
}

/// Keeps what Linux's 24-bit field keeps.
fn to_width(number: i32) -> i32 {
    number << 8 >> 8
}

/// Decodes the conversion that `fmt` starts with (a `%`); takes the arguments of `*` and returns the bytes used.
pub(super) fn decode(fmt: &[u8], args: &mut dyn Args, env: &dyn Env) -> (Conversion, Spec, usize) {
    let mut pos = 1;
    let mut spec = Spec::PLAIN;
    loop {
        spec.flags |= match at(fmt, pos) {
            b'-' => Spec::LEFT,
            b'+' => Spec::PLUS,
            b' ' => Spec::SPACE,
            b'#' => Spec::SPECIAL,
            b'0' => Spec::ZEROPAD,
            _ => break,
        };
        pos += 1;
    }

    if at(fmt, pos) == b'*' {
        pos += 1;
        let given = args.next() as i32;
        spec.width = to_width(given);
        if spec.width != given {
            env.warn(FormatWarning::WidthTooLarge(given));
            spec.width = given.clamp(-FIELD_WIDTH_MAX, FIELD_WIDTH_MAX);
        }
        if pos == fmt.len() {
            // The format ends at the star: Linux has fetched the argument and stops without a word.
            return (Conversion::Stop, spec, pos);
        }
        if spec.width < 0 {
            spec.width = to_width(-spec.width);
            spec.flags |= Spec::LEFT;
        }
    } else if at(fmt, pos).is_ascii_digit() {
        spec.width = to_width(skip_atoi(fmt, &mut pos));
    }

    if at(fmt, pos) == b'.' {
        pos += 1;
        if at(fmt, pos) == b'*' {
            pos += 1;
            let given = args.next() as i32;
            if i32::from(given as i16) == given {
                spec.precision = given.max(0);
            } else {
                env.warn(FormatWarning::PrecisionTooLarge(given));
                spec.precision = given.clamp(0, PRECISION_MAX);
            }
            if pos == fmt.len() {
                return (Conversion::Stop, spec, pos);
            }
        } else if at(fmt, pos).is_ascii_digit() {
            // Only 16 bits are kept, and what is negative then counts as 0.
            spec.precision = i32::from(skip_atoi(fmt, &mut pos) as i16).max(0);
        }
    }

    let kind = qualifier(fmt, &mut pos);
    let letter = at(fmt, pos);
    let conversion = match letter {
        b'c' => Conversion::Char,
        b's' => Conversion::Str,
        b'p' => Conversion::Pointer,
        b'%' => Conversion::Percent,
        b'd' | b'i' => {
            spec.flags |= Spec::SIGN;
            Conversion::Integer(kind)
        }
        b'u' => Conversion::Integer(kind),
        b'o' => {
            spec.base = 8;
            Conversion::Integer(kind)
        }
        b'x' | b'X' => {
            spec.base = 16;
            spec.flags |= if letter == b'x' { Spec::SMALL } else { 0 };
            Conversion::Integer(kind)
        }
        other => {
            env.warn(FormatWarning::UnsupportedConversion(other));
            return (Conversion::Stop, spec, pos);
        }
    };
    (conversion, spec, pos + 1)
}

/// Reads `h`, `hh`, `l`, `ll`, `L`, `z` or `t`. The `q` and `Z` of older kernels are gone in 6.1.
fn qualifier(fmt: &[u8], pos: &mut usize) -> IntKind {
    let first = at(fmt, *pos);
    let doubled = at(fmt, *pos + 1) == first;
    let (kind, len) = match first {
        b'h' if doubled => (IntKind::Char, 2),
        b'h' => (IntKind::Short, 1),
        b'l' if doubled => (IntKind::Long, 2),
        b'l' | b'L' | b'z' | b't' => (IntKind::Long, 1),
        _ => (IntKind::Int, 0),
    };
    *pos += len;
    kind
}
