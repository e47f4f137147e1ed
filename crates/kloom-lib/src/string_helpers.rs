//! Escaping and unescaping of strings, sizes in human units.
//!
//! C header: include/linux/string_helpers.h. Behaviour follows Linux 6.1 lib/string_helpers.c.

use std::ops::BitOr;

use crate::at;
use crate::ctype::isprint;
use crate::hexdump::{hex_byte, hex_to_bin};

/// Which bytes to escape, and how; the bits are Linux's `ESCAPE_*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Escape(pub u32);

impl Escape {
    /// `\f \n \r \t \v`
    pub const SPACE: Escape = Escape(1);
    /// `\" \\ \a \e`
    pub const SPECIAL: Escape = Escape(2);
    /// `\0`
    pub const NULL: Escape = Escape(4);
    /// Any byte as `\NNN`.
    pub const OCTAL: Escape = Escape(8);
    /// All of the above.
    pub const ANY: Escape = Escape(15);
    /// Printable bytes pass.
    pub const NP: Escape = Escape(16);
    /// [`Escape::ANY`] of what is not printable.
    pub const ANY_NP: Escape = Escape(31);
    /// Any byte as `\xHH`; without effect beside [`Escape::OCTAL`].
    pub const HEX: Escape = Escape(32);
    /// ASCII bytes pass.
    pub const NA: Escape = Escape(64);
    /// Printable ASCII bytes pass.
    pub const NAP: Escape = Escape(128);
    /// The dictionary adds bytes to escape instead of limiting them.
    pub const APPEND: Escape = Escape(256);

    fn has(self, flag: Escape) -> bool {
        self.0 & flag.0 != 0
    }
}

impl BitOr for Escape {
    type Output = Escape;

    fn bitor(self, other: Escape) -> Escape {
        Escape(self.0 | other.0)
    }
}

/// No bytes singled out.
pub const NO_DICTIONARY: &[u8] = b"";

/// Escapes one byte; returns up to four bytes and their number. `only` is Linux's dictionary of that name: when it is
/// not empty, bytes that are not in it pass.
#[must_use]
pub fn escape_byte(c: u8, flags: Escape, only: &[u8]) -> ([u8; 4], usize) {
    let has_dictionary = !only.is_empty();
    // Linux searches with strchr, which finds a NUL in every string.
    let in_dictionary = has_dictionary && (c == 0 || only.contains(&c));
    let append = flags.has(Escape::APPEND);
    let forced = append && in_dictionary;
    let passes = (has_dictionary && !append && !in_dictionary)
        || (!forced
            && ((flags.has(Escape::NAP) && c.is_ascii() && isprint(c))
                || (flags.has(Escape::NP) && isprint(c))
                || (flags.has(Escape::NA) && c.is_ascii())));
    if passes {
        return ([c, 0, 0, 0], 1);
    }
    let letter = match c {
        b'\n' if flags.has(Escape::SPACE) => b'n',
        b'\r' if flags.has(Escape::SPACE) => b'r',
        b'\t' if flags.has(Escape::SPACE) => b't',
        0x0B if flags.has(Escape::SPACE) => b'v',
        0x0C if flags.has(Escape::SPACE) => b'f',
        b'\\' | b'"' if flags.has(Escape::SPECIAL) => c,
        0x07 if flags.has(Escape::SPECIAL) => b'a',
        0x1B if flags.has(Escape::SPECIAL) => b'e',
        0 if flags.has(Escape::NULL) => b'0',
        _ if flags.has(Escape::OCTAL) => {
            let digit = |shift: u32| b'0' + (c >> shift & 7);
            return ([b'\\', digit(6), digit(3), digit(0)], 4);
        }
        _ if flags.has(Escape::HEX) => {
            let [high, low] = hex_byte(c);
            return ([b'\\', b'x', high, low], 4);
        }
        _ => return ([c, 0, 0, 0], 1),
    };
    ([b'\\', letter, 0, 0], 2)
}

/// Escapes a whole buffer, as `string_escape_mem` into a buffer that is large enough.
#[must_use]
pub fn string_escape_mem(src: &[u8], flags: Escape, only: &[u8]) -> Vec<u8> {
    let mut text = Vec::with_capacity(src.len());
    for &c in src {
        let (escaped, len) = escape_byte(c, flags, only);
        text.extend_from_slice(&escaped[..len]);
    }
    text
}

/// Which escapes to undo; the bits are Linux's `UNESCAPE_*`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Unescape(pub u32);

impl Unescape {
    /// `\f \n \r \t \v`
    pub const SPACE: Unescape = Unescape(1);
    /// One to three octal digits.
    pub const OCTAL: Unescape = Unescape(2);
    /// `\x` and one or two hexadecimal digits.
    pub const HEX: Unescape = Unescape(4);
    /// `\" \\ \a \e`
    pub const SPECIAL: Unescape = Unescape(8);
    /// All of the above.
    pub const ANY: Unescape = Unescape(15);

    fn has(self, flag: Unescape) -> bool {
        self.0 & flag.0 != 0
    }
}

/// The byte an escape stands for and the length of what follows the backslash.
fn unescape(rest: &[u8], flags: Unescape) -> Option<(u8, usize)> {
    let c = at(rest, 0);
    let simple = match c {
        b'n' if flags.has(Unescape::SPACE) => Some(b'\n'),
        b'r' if flags.has(Unescape::SPACE) => Some(b'\r'),
        b't' if flags.has(Unescape::SPACE) => Some(b'\t'),
        b'v' if flags.has(Unescape::SPACE) => Some(0x0B),
        b'f' if flags.has(Unescape::SPACE) => Some(0x0C),
        b'"' | b'\\' if flags.has(Unescape::SPECIAL) => Some(c),
        b'a' if flags.has(Unescape::SPECIAL) => Some(0x07),
        b'e' if flags.has(Unescape::SPECIAL) => Some(0x1B),
        _ => None,
    };
    if let Some(byte) = simple {
        return Some((byte, 1));
    }
    if flags.has(Unescape::OCTAL) && matches!(c, b'0'..=b'7') {
        let mut value = c & 7;
        let mut len = 1;
        // Three digits only as long as they fit a byte: \400 is \40 and a 0.
        while value < 32 && len < 3 && matches!(at(rest, len), b'0'..=b'7') {
            value = value << 3 | (rest[len] & 7);
            len += 1;
        }
        return Some((value, len));
    }
    if flags.has(Unescape::HEX) && c == b'x' {
        let high = hex_to_bin(at(rest, 1))?;
        return Some(match hex_to_bin(at(rest, 2)) {
            Some(low) => (high << 4 | low, 3),
            None => (high, 2),
        });
    }
    None
}

/// Undoes escapes, as `string_unescape` with a destination of `size` bytes (0: no limit). The result never has more
/// than `size - 1` bytes; unknown escapes stay as they are.
#[must_use]
pub fn string_unescape(src: &[u8], size: usize, flags: Unescape) -> Vec<u8> {
    let src = crate::c_str(src);
    let mut left = if size == 0 { usize::MAX } else { size };
    let mut out = Vec::new();
    let mut pos = 0;
    while pos < src.len() {
        left -= 1;
        if left == 0 {
            break;
        }
        if src[pos] == b'\\' && pos + 1 < src.len() && left > 1 {
            pos += 1;
            left -= 1;
            if let Some((byte, len)) = unescape(&src[pos..], flags) {
                out.push(byte);
                pos += len;
                continue;
            }
            out.push(b'\\');
        }
        out.push(src[pos]);
        pos += 1;
    }
    out
}

/// Powers of what a size is expressed in.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum SizeUnits {
    /// 1000: `kB`, `MB` …
    Units10,
    /// 1024: `KiB`, `MiB` …
    Units2,
}

/// A size of `size` blocks of `blk_size` bytes with three significant digits: `1.50 GiB`.
#[must_use]
pub fn string_get_size(mut size: u64, mut blk_size: u64, units: SizeUnits) -> String {
    const NAMES_10: [&str; 9] = ["B", "kB", "MB", "GB", "TB", "PB", "EB", "ZB", "YB"];
    const NAMES_2: [&str; 9] = ["B", "KiB", "MiB", "GiB", "TiB", "PiB", "EiB", "ZiB", "YiB"];
    let (names, divisor) = match units {
        SizeUnits::Units10 => (&NAMES_10, 1000),
        SizeUnits::Units2 => (&NAMES_2, 1024),
    };
    let mut power = 0;
    let mut fraction = String::new();
    if blk_size == 0 {
        size = 0;
    }
    if size != 0 {
        // Both factors are brought under 32 bits first, so that their product fits.
        for factor in [&mut blk_size, &mut size] {
            while *factor >> 32 != 0 {
                *factor /= divisor;
                power += 1;
            }
        }
        size *= blk_size;
        let mut remainder = 0;
        while size >= divisor {
            remainder = size % divisor;
            size /= divisor;
            power += 1;
        }
        let digits = match size {
            0..10 => 2,
            10..100 => 1,
            _ => 0,
        };
        if units == SizeUnits::Units2 {
            remainder = (remainder * 1000) >> 10;
        }
        remainder += [500, 50, 5][digits];
        if remainder >= 1000 {
            remainder -= 1000;
            size += 1;
        }
        if digits > 0 {
            fraction = format!(".{remainder:03}");
            fraction.truncate(digits + 1);
        }
    }
    let name = names.get(power).copied().unwrap_or("UNK");
    format!("{size}{fraction} {name}")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn escapes_by_class() {
        type Bytes = &'static [u8];
        let cases: [(Bytes, Escape, Bytes, Bytes); 12] = [
            (b"a\n\0\x01\xe9", Escape::ANY_NP, b"", b"a\\n\\0\\001\xe9"),
            (b"a\n", Escape::ANY, b"", b"\\141\\n"),
            (b"a\n", Escape::HEX, b"", b"\\x61\\x0a"),
            (b"a\n\x01", Escape(Escape::HEX.0 | Escape::NP.0), b"", b"a\\x0a\\x01"),
            (b"\\\"\x07\x1b", Escape::SPECIAL, b"", b"\\\\\\\"\\a\\e"),
            (b"a\n\x0b\x0c\r\t ", Escape::SPACE, b"", b"a\\n\\v\\f\\r\\t "),
            (b"\xe9a", Escape(Escape::HEX.0 | Escape::NA.0), b"", b"\\xe9a"),
            (b"\xe9a\x01", Escape(Escape::HEX.0 | Escape::NAP.0), b"", b"\\xe9a\\x01"),
            (b"abc", Escape::HEX, b"b", b"a\\x62c"),
            (b"abc", Escape(Escape::HEX.0 | Escape::NP.0 | Escape::APPEND.0), b"b", b"a\\x62c"),
            (b"a", Escape(Escape::OCTAL.0 | Escape::HEX.0), b"", b"\\141"),
            (b"a", Escape(0), b"", b"a"),
        ];
        for (src, flags, only, expect) in cases {
            assert_eq!(string_escape_mem(src, flags, only), expect, "{src:?} {flags:?}");
        }
    }

    #[test]
    fn unescapes_what_is_asked_for() {
        let cases: [(&[u8], usize, Unescape, &[u8]); 10] = [
            (b"a\\nb", 0, Unescape::ANY, b"a\nb"),
            (b"a\\nb", 0, Unescape::HEX, b"a\\nb"),
            (b"\\101\\x4a\\xZ\\7", 0, Unescape::ANY, b"AJ\\xZ\x07"),
            (b"\\400", 0, Unescape::ANY, b"\x200"),
            (b"\\377", 0, Unescape::ANY, b"\xff"),
            (b"\\\\\\\"\\e\\a", 0, Unescape::ANY, b"\\\"\x1b\x07"),
            (b"end\\", 0, Unescape::ANY, b"end\\"),
            (b"abcdef", 4, Unescape::ANY, b"abc"),
            (b"abcdef", 1, Unescape::ANY, b""),
            (b"ab\0cd", 0, Unescape::ANY, b"ab"),
        ];
        for (src, size, flags, expect) in cases {
            assert_eq!(string_unescape(src, size, flags), expect, "{:?}", String::from_utf8_lossy(src));
        }
    }

    #[test]
    fn escaping_can_be_undone() {
        let all: Vec<u8> = (1..=255).collect();
        for flags in [Escape::ANY, Escape::HEX, Escape(Escape::ANY_NP.0)] {
            // Under NP a backslash passes as printable: the one byte that makes the text ambiguous.
            let src: Vec<u8> = all.iter().copied().filter(|&c| c != b'\\').collect();
            assert_eq!(string_unescape(&string_escape_mem(&src, flags, b""), 0, Unescape::ANY), src);
        }
    }

    #[test]
    fn sizes_in_units() {
        // The cases of Linux's own test of this function, lib/test-string_helpers.c, and the ends.
        let cases = [
            (0, 512, "0 B", "0 B"),
            (1, 512, "512 B", "512 B"),
            (1100, 1, "1.10 kB", "1.07 KiB"),
            (16384, 8192, "134 MB", "128 MiB"),
            (500_118_192, 512, "256 GB", "238 GiB"),
            (8_192, 4096, "33.6 MB", "32.0 MiB"),
            (1999, 1, "2.00 kB", "1.95 KiB"),
            (1, 0, "0 B", "0 B"),
        ];
        for (size, block, in_10, in_2) in cases {
            assert_eq!(string_get_size(size, block, SizeUnits::Units10), in_10, "{size} x {block}");
            assert_eq!(string_get_size(size, block, SizeUnits::Units2), in_2, "{size} x {block}");
        }
        assert!(string_get_size(u64::MAX, u64::MAX, SizeUnits::Units10).ends_with(" UNK"));
    }
}
