//! `sscanf` as the kernel has it.
//!
//! C header: include/linux/sprintf.h. Behaviour follows Linux 6.1 lib/vsprintf.c (`vsscanf`). It is stricter and smaller
//! than user space's: no floating point, no `%p`, `%[` needs a width and knows no ranges, `%*` skips a whole word, and
//! numbers wrap instead of saturating.

use crate::ctype::{isdigit, isspace, isxdigit, skip_spaces};
use crate::kstrtox::{simple_strntoll, simple_strntoull};
use crate::vsprintf::Args;
use crate::{BadAddress, at, c_str};

/// Where the results go: memory of the caller.
pub trait Store {
    /// Writes `bytes` to `addr`.
    ///
    /// # Errors
    /// [`BadAddress`] when not all of it can be written.
    fn store(&mut self, addr: u64, bytes: &[u8]) -> Result<(), BadAddress>;
}

/// The size of an integer's destination.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Size {
    Char = 1,
    Short = 2,
    Int = 4,
    Long = 8,
}

/// Whether to go on after a conversion.
enum Step {
    /// Linux's `continue`.
    Next,
    /// The input or the format does not match: scanning is over.
    Done,
}

/// Parses `buf` by `fmt`, stores what it finds where `args` point, and returns the number of values stored (`%n` does
/// not count). Both strings end at their first NUL.
///
/// # Errors
/// [`BadAddress`] when a result cannot be stored; what was found before is stored.
pub fn vsscanf(buf: &[u8], fmt: &[u8], args: &mut dyn Args, memory: &mut dyn Store) -> Result<i32, BadAddress> {
    let buf = c_str(buf);
    let mut scan = Scan { fmt: c_str(fmt), rest: buf, len: buf.len(), found: 0, args, memory };
    while !scan.fmt.is_empty() {
        if let Step::Done = scan.step()? {
            break;
        }
    }
    Ok(scan.found)
}

struct Scan<'a> {
    fmt: &'a [u8],
    rest: &'a [u8],
    len: usize,
    found: i32,
    args: &'a mut dyn Args,
    memory: &'a mut dyn Store,
}

impl Scan<'_> {
    /// Handles white space, one literal byte or one conversion.
    fn step(&mut self) -> Result<Step, BadAddress> {
        if isspace(self.fmt[0]) {
            // White space matches any amount of it, none included.
            self.fmt = skip_spaces(self.fmt);
            self.rest = skip_spaces(self.rest);
        }
        match at(self.fmt, 0) {
            0 => return Ok(Step::Done),
            b'%' => self.fmt = &self.fmt[1..],
            literal => {
                if at(self.rest, 0) != literal {
                    return Ok(Step::Done);
                }
                self.fmt = &self.fmt[1..];
                self.rest = &self.rest[1..];
                return Ok(Step::Next);
            }
        }
        if at(self.fmt, 0) == b'*' {
            return Ok(self.skip_word());
        }
        let Some(width) = self.width() else {
            return Ok(Step::Done);
        };
        let size = self.qualifier();
        match at(self.fmt, 0) {
            0 => Ok(Step::Done),
            b'n' => {
                self.fmt = &self.fmt[1..];
                let used = (self.len - self.rest.len()) as u32;
                self.store(&used.to_le_bytes())?;
                Ok(Step::Next)
            }
            _ if self.rest.is_empty() => Ok(Step::Done),
            letter => {
                self.fmt = &self.fmt[1..];
                self.conversion(letter, width, size)
            }
        }
    }

    fn conversion(&mut self, letter: u8, width: Option<usize>, size: Size) -> Result<Step, BadAddress> {
        match letter {
            b'c' => {
                let len = width.unwrap_or(1).min(self.rest.len());
                let (bytes, rest) = self.rest.split_at(len);
                self.rest = rest;
                self.found(bytes)
            }
            b's' => {
                self.rest = skip_spaces(self.rest);
                let max = width.unwrap_or(i16::MAX as usize);
                self.text(max, |c| !isspace(c))
            }
            b'[' => self.scan_set(width),
            b'%' => {
                if at(self.rest, 0) != b'%' {
                    return Ok(Step::Done);
                }
                self.rest = &self.rest[1..];
                Ok(Step::Next)
            }
            b'd' => self.integer(10, true, width, size),
            b'i' => self.integer(0, true, width, size),
            b'u' => self.integer(10, false, width, size),
            b'o' => self.integer(8, false, width, size),
            b'x' | b'X' => self.integer(16, false, width, size),
            _ => Ok(Step::Done),
        }
    }

    /// `%*`: passes over the format up to white space or `%`, and over the input up to white space.
    fn skip_word(&mut self) -> Step {
        if self.rest.is_empty() {
            return Step::Done;
        }
        while let Some(&c) = self.fmt.first() {
            if isspace(c) || c == b'%' {
                break;
            }
            if c == b'[' {
                return Step::Done;
            }
            self.fmt = &self.fmt[1..];
        }
        let word = self.rest.iter().position(|&c| isspace(c));
        self.rest = &self.rest[word.unwrap_or(self.rest.len())..];
        Step::Next
    }

    /// The field width; the outer `None` means one that is not positive. Linux keeps 16 bits of it.
    #[expect(clippy::option_option, reason = "no width and a bad width are different things")]
    fn width(&mut self) -> Option<Option<usize>> {
        if !isdigit(at(self.fmt, 0)) {
            return Some(None);
        }
        let mut width = 0i32;
        while isdigit(at(self.fmt, 0)) {
            width = width.wrapping_mul(10).wrapping_add(i32::from(self.fmt[0] - b'0'));
            self.fmt = &self.fmt[1..];
        }
        let width = usize::try_from(width as i16).ok()?;
        (width > 0).then_some(Some(width))
    }

    fn qualifier(&mut self) -> Size {
        let doubled = at(self.fmt, 0) == at(self.fmt, 1);
        let (size, len) = match at(self.fmt, 0) {
            b'h' if doubled => (Size::Char, 2),
            b'h' => (Size::Short, 1),
            b'l' if doubled => (Size::Long, 2),
            b'l' | b'L' | b'z' => (Size::Long, 1),
            _ => (Size::Int, 0),
        };
        self.fmt = &self.fmt[len..];
        size
    }

    /// `%[set]` and `%[^set]`: without a width Linux gives up.
    fn scan_set(&mut self, width: Option<usize>) -> Result<Step, BadAddress> {
        let Some(width) = width else {
            self.args.next();
            return Ok(Step::Done);
        };
        let negate = at(self.fmt, 0) == b'^';
        let set = &self.fmt[usize::from(negate)..];
        let Some(len) = set.iter().position(|&c| c == b']').filter(|&len| len > 0) else {
            return Ok(Step::Done);
        };
        self.fmt = &set[len + 1..];
        let set = &set[..len];
        if set.contains(&at(self.rest, 0)) == negate {
            return Ok(Step::Done);
        }
        self.text(width, |c| set.contains(&c) != negate)
    }

    /// Stores the longest start of the input that `matches`, at most `max` bytes, with a NUL behind it.
    fn text(&mut self, max: usize, matches: impl Fn(u8) -> bool) -> Result<Step, BadAddress> {
        let len = self.rest.iter().take(max).take_while(|&&c| matches(c)).count();
        let mut bytes = self.rest[..len].to_vec();
        bytes.push(0);
        self.rest = &self.rest[len..];
        self.found(&bytes)
    }

    fn integer(&mut self, base: u32, signed: bool, width: Option<usize>, size: Size) -> Result<Step, BadAddress> {
        self.rest = skip_spaces(self.rest);
        let minus = signed && at(self.rest, 0) == b'-';
        let digit = at(self.rest, usize::from(minus));
        let fits = match base {
            16 => isxdigit(digit),
            8 => isdigit(digit) && digit <= b'7',
            _ => isdigit(digit),
        };
        if !fits {
            return Ok(Step::Done);
        }
        let max = width.unwrap_or(i32::MAX as usize);
        let (value, used) = if signed {
            let (value, used) = simple_strntoll(self.rest, max, base);
            (value.cast_unsigned(), used)
        } else {
            simple_strntoull(self.rest, max, base)
        };
        self.rest = &self.rest[used..];
        self.found(&value.to_le_bytes()[..size as usize])
    }

    fn found(&mut self, bytes: &[u8]) -> Result<Step, BadAddress> {
        self.store(bytes)?;
        self.found += 1;
        Ok(Step::Next)
    }

    fn store(&mut self, bytes: &[u8]) -> Result<(), BadAddress> {
        let addr = self.args.next();
        self.memory.store(addr, bytes)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::vsprintf::SliceArgs;
    use proptest::prelude::*;

    /// 16 destinations of 32 bytes each; the address is the number of the destination times 32.
    struct Memory(Vec<u8>);

    impl Store for Memory {
        fn store(&mut self, addr: u64, bytes: &[u8]) -> Result<(), BadAddress> {
            let bad = BadAddress { addr };
            let start = usize::try_from(addr).map_err(|_| bad)?;
            let end = start.checked_add(bytes.len()).ok_or(bad)?;
            self.0.get_mut(start..end).ok_or(bad)?.copy_from_slice(bytes);
            Ok(())
        }
    }

    fn scan(buf: &str, fmt: &str) -> (i32, Memory) {
        let slots: Vec<u64> = (0..16).map(|index| index * 32).collect();
        let mut memory = Memory(vec![0xAA; 512]);
        let found = vsscanf(buf.as_bytes(), fmt.as_bytes(), &mut SliceArgs::new(&slots), &mut memory);
        (found.expect("the destinations are there"), memory)
    }

    /// Compares the number of values, and the values as integers of 64 bits after the `%l` formats.
    #[track_caller]
    fn check(buf: &str, fmt: &str, found: i32, values: &[i64]) {
        let (count, memory) = scan(buf, fmt);
        let stored: Vec<i64> = (0..values.len())
            .map(|index| i64::from_le_bytes(memory.0[index * 32..index * 32 + 8].try_into().expect("eight")))
            .collect();
        assert_eq!((count, stored.as_slice()), (found, values), "{buf:?} by {fmt:?}");
    }

    #[track_caller]
    fn check_text(buf: &str, fmt: &str, found: i32, texts: &[&str]) {
        let (count, memory) = scan(buf, fmt);
        let stored: Vec<String> = (0..texts.len())
            .map(|index| String::from_utf8_lossy(c_str(&memory.0[index * 32..])).into_owned())
            .collect();
        assert_eq!((count, stored), (found, texts.iter().map(|&t| t.to_owned()).collect()), "{buf:?} by {fmt:?}");
    }

    #[test]
    fn integers() {
        check("12 -34", "%ld %ld", 2, &[12, -34]);
        check("12,-34", "%ld,%ld", 2, &[12, -34]);
        check("  12\n\t34", "%ld%ld", 2, &[12, 34]);
        check("0x1f 017 9", "%li %li %li", 3, &[31, 15, 9]);
        check("ff 0xFF", "%lx %lX", 2, &[255, 255]);
        check("777", "%lo", 1, &[0o777]);
        check("18446744073709551615", "%lu", 1, &[-1]);
        check("123456", "%3ld%3ld", 2, &[123, 456]);
        check("-123", "%2ld%ld", 2, &[-1, 23]);
        // The prefix alone fills the field: it is eaten and counts as zero.
        check("0x12", "%2lx%ld", 2, &[0, 12]);
        check("x5", "x%ld", 1, &[5]);
        check("y5", "x%ld", 0, &[]);
        check("", "%ld", 0, &[]);
        check("abc", "%ld", 0, &[]);
        check("-", "%ld", 0, &[]);
        check("-5", "%lu", 0, &[]);
        check("+5", "%ld", 0, &[]);
        check("8", "%lo", 0, &[]);
        check("50%", "%ld%%%ln", 1, &[50, 0xAAAA_AAAA_0000_0003u64.cast_signed()]);
    }

    #[test]
    fn narrow_integers_touch_only_their_bytes() {
        let (found, memory) = scan("-1 -2 -3 300", "%d %hd %hhd %hhu");
        assert_eq!(found, 4);
        assert_eq!(memory.0[..5], [0xFF, 0xFF, 0xFF, 0xFF, 0xAA]);
        assert_eq!(memory.0[32..35], [0xFE, 0xFF, 0xAA]);
        assert_eq!(memory.0[64..66], [0xFD, 0xAA]);
        assert_eq!(memory.0[96..98], [44, 0xAA]);
    }

    #[test]
    fn strings_and_sets() {
        check_text("  one two", "%s %s", 2, &["one", "two"]);
        check_text("onetwo", "%3s%s", 2, &["one", "two"]);
        check_text("00:0a:95", "%2[^:]:%2[^:]:%2[^:]", 3, &["00", "0a", "95"]);
        check_text("abc123", "%8[abc]%s", 2, &["abc", "123"]);
        check_text("abc", "%[abc]", 0, &[]);
        check_text("xyz", "%8[abc]", 0, &[]);
        check_text("a-b", "%8[a-c]", 1, &["a-"]);
        check_text("abc", "%8[abc", 0, &[]);
        check_text("skip me", "%*s %s", 1, &["me"]);
        check_text("12 x", "%*d %s", 1, &["x"]);
        check_text("ab", "%*[a]%s", 0, &[]);
        let (found, memory) = scan("a b", "%c%c%c");
        assert_eq!((found, memory.0[0], memory.0[32], memory.0[64]), (3, b'a', b' ', b'b'));
        let (found, memory) = scan("abcd", "%3c");
        assert_eq!((found, &memory.0[..4]), (1, &b"abc\xAA"[..]));
    }

    #[test]
    fn formats_that_end_the_scan() {
        for fmt in ["%", "%l", "%q", "%5", "%0d", "%65536d", "%f", "%*"] {
            assert_eq!(scan("5", fmt).0, 0, "{fmt}");
        }
        let mut memory = Memory(Vec::new());
        let bad = vsscanf(b"5", b"%d", &mut SliceArgs::new(&[7]), &mut memory);
        assert_eq!(bad, Err(BadAddress { addr: 7 }));
    }

    proptest! {
        #[test]
        fn any_input_is_survived(buf in "[-0-9a-fx %:\\PC]{0,40}", fmt in "([%*0-9hlzdiuxosc\\[\\]^n :]|%d|%s|%3\\[\\^a\\]){0,20}") {
            let (found, _) = scan_any(buf.as_bytes(), fmt.as_bytes());
            prop_assert!(found as usize <= fmt.matches('%').count());
        }

        #[test]
        fn any_bytes_are_survived(buf in any::<Vec<u8>>(), fmt in any::<Vec<u8>>()) {
            scan_any(&buf, &fmt);
        }

        #[test]
        fn what_is_printed_is_read_back(values in prop::collection::vec(any::<i64>(), 1..8)) {
            let text = values.iter().map(i64::to_string).collect::<Vec<_>>().join(" ");
            let fmt = vec!["%ld"; values.len()].join(" ");
            check(&text, &fmt, i32::try_from(values.len()).expect("few"), &values);
        }
    }

    fn scan_any(buf: &[u8], fmt: &[u8]) -> (i32, u64) {
        /// Takes everything and counts the bytes.
        struct Sink(u64);
        impl Store for Sink {
            fn store(&mut self, _: u64, bytes: &[u8]) -> Result<(), BadAddress> {
                self.0 += bytes.len() as u64;
                Ok(())
            }
        }
        let mut sink = Sink(0);
        let found = vsscanf(buf, fmt, &mut SliceArgs::new(&[]), &mut sink).expect("the sink takes everything");
        (found, sink.0)
    }
}
