//! The level a printk message begins with.
//!
//! C header: include/linux/kern_levels.h. Behaviour follows Linux 6.1 kernel/printk/printk.c: one or more pairs of
//! `\001` and a letter stand in front of the text.

use crate::at;

/// How urgent a message is; the numbers are Linux's.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Level {
    /// `KERN_EMERG`
    Emerg = 0,
    /// `KERN_ALERT`
    Alert = 1,
    /// `KERN_CRIT`
    Crit = 2,
    /// `KERN_ERR`
    Err = 3,
    /// `KERN_WARNING`
    Warning = 4,
    /// `KERN_NOTICE`
    Notice = 5,
    /// `KERN_INFO`
    Info = 6,
    /// `KERN_DEBUG`
    Debug = 7,
}

impl Level {
    /// The level with this number.
    #[must_use]
    pub fn from_number(number: u8) -> Option<Level> {
        Some(match number {
            0 => Level::Emerg,
            1 => Level::Alert,
            2 => Level::Crit,
            3 => Level::Err,
            4 => Level::Warning,
            5 => Level::Notice,
            6 => Level::Info,
            7 => Level::Debug,
            _ => return None,
        })
    }
}

/// What stood before the text of a message.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct PrintkPrefix {
    /// The first level given; `None` means the default.
    pub level: Option<Level>,
    /// `KERN_CONT`: the text continues the line before.
    pub cont: bool,
}

/// Takes the prefixes off a message; the first level counts, all are removed.
#[must_use]
pub fn printk_level(text: &[u8]) -> (PrintkPrefix, &[u8]) {
    let mut prefix = PrintkPrefix::default();
    let mut rest = text;
    while at(rest, 0) == 1 {
        match at(rest, 1) {
            digit @ b'0'..=b'7' => prefix.level = prefix.level.or(Level::from_number(digit - b'0')),
            b'c' => prefix.cont = true,
            _ => break,
        }
        rest = &rest[2..];
    }
    (prefix, rest)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn prefixes() {
        type Bytes = &'static [u8];
        let cases: [(Bytes, Option<Level>, bool, Bytes); 8] = [
            (b"plain", None, false, b"plain"),
            (b"\x013error", Some(Level::Err), false, b"error"),
            (b"\x01cmore", None, true, b"more"),
            (b"\x016\x01ctext", Some(Level::Info), true, b"text"),
            (b"\x014\x017text", Some(Level::Warning), false, b"text"),
            (b"\x018text", None, false, b"\x018text"),
            (b"\x01", None, false, b"\x01"),
            (b"", None, false, b""),
        ];
        for (text, level, cont, rest) in cases {
            assert_eq!(printk_level(text), (PrintkPrefix { level, cont }, rest));
        }
        assert!(Level::Emerg < Level::Debug);
    }
}
