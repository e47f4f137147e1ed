//! Character classes as the kernel sees them: ASCII, and Latin-1 above it.
//!
//! C header: include/linux/ctype.h. Behaviour follows Linux 6.1 lib/ctype.c, whose table classifies the bytes from
//! 0xA0 as Latin-1 (the C locale of user space does not). This shows: `%pE` passes 0xE9 through as printable.

/// Whether `c` is white space, the no-break space 0xA0 included.
#[must_use]
pub fn isspace(c: u8) -> bool {
    matches!(c, 9..=13 | b' ' | 0xA0)
}

/// Whether `c` is a decimal digit.
#[must_use]
pub fn isdigit(c: u8) -> bool {
    c.is_ascii_digit()
}

/// Whether `c` is a hexadecimal digit.
#[must_use]
pub fn isxdigit(c: u8) -> bool {
    c.is_ascii_hexdigit()
}

/// Whether `c` is an upper-case letter.
#[must_use]
pub fn isupper(c: u8) -> bool {
    c.is_ascii_uppercase() || matches!(c, 0xC0..=0xD6 | 0xD8..=0xDE)
}

/// Whether `c` is a lower-case letter.
#[must_use]
pub fn islower(c: u8) -> bool {
    c.is_ascii_lowercase() || matches!(c, 0xDF..=0xF6 | 0xF8..=0xFF)
}

/// Whether `c` is a letter.
#[must_use]
pub fn isalpha(c: u8) -> bool {
    isupper(c) || islower(c)
}

/// Whether `c` is a letter or a digit.
#[must_use]
pub fn isalnum(c: u8) -> bool {
    isalpha(c) || isdigit(c)
}

/// Whether `c` can be printed; the space counts.
#[must_use]
pub fn isprint(c: u8) -> bool {
    matches!(c, 0x20..=0x7E | 0xA0..=0xFF)
}

/// Whether `c` is a control character.
#[must_use]
pub fn iscntrl(c: u8) -> bool {
    c.is_ascii_control()
}

/// Whether `c` is punctuation.
#[must_use]
pub fn ispunct(c: u8) -> bool {
    c.is_ascii_punctuation() || matches!(c, 0xA1..=0xBF | 0xD7 | 0xF7)
}

/// The lower-case form of `c`, Latin-1 letters included.
#[must_use]
pub fn tolower(c: u8) -> u8 {
    if isupper(c) { c + 32 } else { c }
}

/// The upper-case form of `c`, Latin-1 letters included. The table has no capital for 0xDF and 0xFF; Linux
/// subtracts 32 regardless.
#[must_use]
pub fn toupper(c: u8) -> u8 {
    if islower(c) { c - 32 } else { c }
}

/// `s` without the white space it begins with.
#[must_use]
pub fn skip_spaces(s: &[u8]) -> &[u8] {
    let start = s.iter().position(|&c| !isspace(c)).unwrap_or(s.len());
    &s[start..]
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn agrees_with_ascii_below_128() {
        for c in 0..128u8 {
            assert_eq!(isspace(c), c.is_ascii_whitespace() || c == 11, "{c}");
            assert_eq!(isalpha(c), c.is_ascii_alphabetic(), "{c}");
            assert_eq!(isprint(c), c == b' ' || c.is_ascii_graphic(), "{c}");
            assert_eq!(tolower(c), c.to_ascii_lowercase(), "{c}");
            assert_eq!(toupper(c), c.to_ascii_uppercase(), "{c}");
        }
    }

    #[test]
    fn bytes_from_0xa0_are_latin_1() {
        assert!(isspace(0xA0) && isprint(0xA0) && !isprint(0x9F));
        assert!(isalpha(0xE9) && isupper(0xC9) && tolower(0xC9) == 0xE9);
        assert!(ispunct(0xD7) && !isalnum(0xD7) && !isalnum(0xF7));
        for c in 0x80..0xA0 {
            assert!(!isprint(c) && !isspace(c) && !isalnum(c) && !ispunct(c));
        }
    }

    #[test]
    fn every_printable_byte_has_one_class() {
        for c in 0..=255u8 {
            let classes = [isalpha(c), isdigit(c), ispunct(c), c == b' ' || c == 0xA0];
            assert_eq!(classes.iter().filter(|&&b| b).count(), usize::from(isprint(c)), "{c:#x}");
        }
    }
}
