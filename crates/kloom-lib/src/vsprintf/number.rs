//! Integers in octal, decimal and hexadecimal.

use super::decode::Spec;
use super::output::Output;

/// The two digits of every number below 100.
const PAIRS: &[u8; 200] = b"0001020304050607080910111213141516171819\
2021222324252627282930313233343536373839\
4041424344454647484950515253545556575859\
6061626364656667686970717273747576777879\
8081828384858687888990919293949596979899";

/// Room for 64 bits in octal.
type Digits = [u8; 24];

/// Writes `num` in decimal to the end of `buf`.
#[inline]
fn decimal(mut num: u64, buf: &mut Digits) -> &[u8] {
    let mut start = buf.len();
    while num >= 100 {
        let pair = (num % 100) as usize * 2;
        num /= 100;
        start -= 2;
        buf[start..start + 2].copy_from_slice(&PAIRS[pair..pair + 2]);
    }
    if num >= 10 {
        let pair = num as usize * 2;
        start -= 2;
        buf[start..start + 2].copy_from_slice(&PAIRS[pair..pair + 2]);
    } else {
        start -= 1;
        buf[start] = b'0' + num as u8;
    }
    &buf[start..]
}

/// Writes `num` in base 8 or 16 to the end of `buf`.
fn power_of_two(mut num: u64, base: u8, small: bool, buf: &mut Digits) -> &[u8] {
    let digits: &[u8; 16] = if small { b"0123456789abcdef" } else { b"0123456789ABCDEF" };
    let (shift, mask) = (base.trailing_zeros(), u64::from(base - 1));
    let mut start = buf.len();
    loop {
        start -= 1;
        buf[start] = digits[(num & mask) as usize];
        num >>= shift;
        if num == 0 {
            break;
        }
    }
    &buf[start..]
}

impl Output<'_> {
    /// Prints `num` under `spec`; with [`Spec::SIGN`] it is an `i64`.
    ///
    /// Differs from C in ways that show: the zero flag works beside a precision, a zero precision prints the digit 0,
    /// `#` puts `0x` before a zero too, and its octal 0 does not count towards the precision.
    pub(super) fn number(&mut self, num: u64, spec: Spec) {
        let negative = spec.has(Spec::SIGN) && num.cast_signed() < 0;
        let magnitude = if negative { num.wrapping_neg() } else { num };
        let sign = match () {
            () if !spec.has(Spec::SIGN) => None,
            () if negative => Some(b'-'),
            () if spec.has(Spec::PLUS) => Some(b'+'),
            () if spec.has(Spec::SPACE) => Some(b' '),
            () => None,
        };
        let mut buf = [0; 24];
        let digits = match spec.base {
            10 => decimal(magnitude, &mut buf),
            base => power_of_two(magnitude, base, spec.has(Spec::SMALL), &mut buf),
        };
        if spec.width <= 1 && spec.precision <= 1 && !spec.has(Spec::SPECIAL) {
            // The common `%d`: nothing to pad.
            if let Some(sign) = sign {
                self.byte(sign);
            }
            self.bytes(digits);
            return;
        }
        let prefix: &[u8] = match spec.base {
            16 if spec.has(Spec::SPECIAL) && spec.has(Spec::SMALL) => b"0x",
            16 if spec.has(Spec::SPECIAL) => b"0X",
            8 if spec.has(Spec::SPECIAL) && num != 0 => b"0",
            _ => b"",
        };
        let zeros = usize::try_from(spec.precision).unwrap_or(0).saturating_sub(digits.len());
        let taken = usize::from(sign.is_some()) + prefix.len() + zeros + digits.len();
        let pad = usize::try_from(spec.width).unwrap_or(0).saturating_sub(taken);
        let left = spec.has(Spec::LEFT);
        let zeropad = spec.has(Spec::ZEROPAD) && !left;
        if !left && !zeropad {
            self.fill(b' ', pad);
        }
        if let Some(sign) = sign {
            self.byte(sign);
        }
        self.bytes(prefix);
        self.fill(b'0', zeros + if zeropad { pad } else { 0 });
        self.bytes(digits);
        if left {
            self.fill(b' ', pad);
        }
    }

    /// Two lower-case hexadecimal digits.
    pub(super) fn hex_byte(&mut self, byte: u8) {
        self.bytes(&crate::hexdump::hex_byte(byte));
    }
}

/// Prints `num` in decimal, right-aligned in `width`; `None` when that needs more than `size` bytes. What `seq_file`
/// builds on.
#[must_use]
pub fn num_to_str(num: u64, size: usize, width: usize) -> Option<Vec<u8>> {
    let mut buf = [0; 24];
    let digits = decimal(num, &mut buf);
    if digits.len() > size || width > size {
        return None;
    }
    let mut text = vec![b' '; width.saturating_sub(digits.len())];
    text.extend_from_slice(digits);
    Some(text)
}
