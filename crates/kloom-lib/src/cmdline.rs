//! Splitting of command lines and module parameter strings, and the numbers in them.
//!
//! Behaviour follows Linux 6.1 lib/cmdline.c, and kernel/params.c for comparing names ([`parameq`]) and walking a
//! whole line ([`parse_args`]).

use crate::at;
use crate::ctype::{isspace, skip_spaces};
use crate::kstrtox::{simple_strtoll, simple_strtoull};

/// One `name` or `name=value` of a parameter line.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Arg<'a> {
    /// What stands before the first `=`, or the whole word.
    pub param: &'a [u8],
    /// What stands after it without its outer quotes; `None` when there is no `=`.
    pub val: Option<&'a [u8]>,
}

/// Takes the first word off `args`; returns it and the rest without leading white space.
///
/// Double quotes keep white space inside a word and cannot be escaped. Quotes around the whole word or around the value
/// are dropped; others stay. A `=` as the first character does not end a name.
#[must_use]
pub fn next_arg(args: &[u8]) -> (Arg<'_>, &[u8]) {
    let quoted = at(args, 0) == b'"';
    let args = &args[usize::from(quoted)..];
    let mut in_quote = quoted;
    let mut equals = 0;
    let mut end = 0;
    while let Some(&c) = args.get(end) {
        if isspace(c) && !in_quote {
            break;
        }
        if equals == 0 && c == b'=' {
            equals = end;
        }
        if c == b'"' {
            in_quote = !in_quote;
        }
        end += 1;
    }
    let value_quoted = equals != 0 && equals + 1 < end && args[equals + 1] == b'"';
    let closing = (quoted || value_quoted) && end > 0 && args[end - 1] == b'"';
    let word = &args[..end - usize::from(closing)];
    let arg = if equals == 0 {
        Arg { param: word, val: None }
    } else {
        // `a="` opens and closes with the same quote: the value is empty.
        let start = equals + 1 + usize::from(value_quoted);
        Arg { param: &word[..equals], val: Some(word.get(start..).unwrap_or_default()) }
    };
    (arg, skip_spaces(&args[(end + 1).min(args.len())..]))
}

/// The words of a parameter line in order, as Linux's `parse_args` meets them. Stops at the line's first NUL.
///
/// A bare `--` ends the parameters there; it is yielded like any other word, and the caller decides.
#[derive(Debug, Clone)]
pub struct ParseArgs<'a> {
    rest: &'a [u8],
}

impl<'a> ParseArgs<'a> {
    /// What has not been split yet.
    #[must_use]
    pub fn rest(&self) -> &'a [u8] {
        self.rest
    }
}

impl<'a> Iterator for ParseArgs<'a> {
    type Item = Arg<'a>;

    fn next(&mut self) -> Option<Arg<'a>> {
        if self.rest.is_empty() {
            return None;
        }
        let (arg, rest) = next_arg(self.rest);
        self.rest = rest;
        Some(arg)
    }
}

/// Splits a whole parameter line.
#[must_use]
pub fn parse_args(line: &[u8]) -> ParseArgs<'_> {
    ParseArgs { rest: skip_spaces(crate::c_str(line)) }
}

/// Whether two parameter names are the same; `-` and `_` are equivalent.
#[must_use]
pub fn parameq(a: &[u8], b: &[u8]) -> bool {
    let fold = |c: &u8| if *c == b'-' { b'_' } else { *c };
    a.iter().map(fold).eq(b.iter().map(fold))
}

/// How [`get_option`] ended.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum OptionEnd {
    /// There was no number (Linux: 0).
    NoInt,
    /// A number, then something that is neither comma nor hyphen (Linux: 1).
    Int,
    /// A number and the comma after it, which is consumed (Linux: 2).
    Comma,
    /// A number, then the hyphen of a range, which is not consumed (Linux: 3).
    Range,
}

impl OptionEnd {
    /// The number `get_option` returns for it.
    #[must_use]
    pub fn code(self) -> i32 {
        self as i32
    }
}

/// What [`get_option`] found.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct OptionInt {
    /// How it ended.
    pub end: OptionEnd,
    /// What Linux stores as the value; 0 when there was no number. `None` when the string was empty: nothing is stored.
    pub value: Option<i32>,
    /// Bytes consumed.
    pub used: usize,
}

/// Reads one integer off an option string, with the comma after it.
#[must_use]
pub fn get_option(s: &[u8]) -> OptionInt {
    if at(s, 0) == 0 {
        return OptionInt { end: OptionEnd::NoInt, value: None, used: 0 };
    }
    // A leading hyphen is consumed even when no number follows it.
    let sign = usize::from(s[0] == b'-');
    let (magnitude, digits) = simple_strtoull(&s[sign..], 0);
    let wide = if sign == 1 { magnitude.wrapping_neg() } else { magnitude };
    let used = sign + digits;
    let (end, comma) = match at(s, used) {
        _ if digits == 0 => (OptionEnd::NoInt, 0),
        b',' => (OptionEnd::Comma, 1),
        b'-' => (OptionEnd::Range, 0),
        _ => (OptionEnd::Int, 0),
    };
    OptionInt { end, value: Some(truncate(wide)), used: used + comma }
}

/// What [`get_options`] found.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct OptionInts {
    /// The numbers, at most as many as there was room for.
    pub ints: Vec<i32>,
    /// How many numbers were counted (Linux's `ints[0]`). A range that did not fit counts in full.
    pub count: i32,
    /// Bytes consumed: where the parse ended.
    pub used: usize,
}

/// Reads a list of integers such as `1,4-6,9`. `nints` is the size of Linux's array with the count in front, so
/// `nints - 1` numbers are stored at most; with 0 the string is only checked and counted.
#[must_use]
pub fn get_options(s: &[u8], nints: usize) -> OptionInts {
    let validate = nints == 0;
    let room = nints.saturating_sub(1);
    let mut found = OptionInts { ints: Vec::new(), count: 0, used: 0 };
    while validate || found.ints.len() < room {
        let option = get_option(&s[found.used..]);
        found.used += option.used;
        let Some(value) = option.value.filter(|_| option.end != OptionEnd::NoInt) else {
            break;
        };
        if option.end == OptionEnd::Range {
            // The hyphen goes; the upper number is left for the next round, which stores it.
            found.used += 1;
            let upper = truncate(simple_strtoll(&s[found.used..], 0).0.cast_unsigned());
            let Some(span) = upper.checked_sub(value).filter(|span| *span >= 0) else {
                break;
            };
            if !validate {
                let free = i32::try_from(room - found.ints.len()).unwrap_or(i32::MAX);
                found.ints.extend((0..span.min(free)).map(|step| value + step));
            }
            found.count = found.count.saturating_add(span);
        } else {
            if !validate {
                found.ints.push(value);
            }
            found.count = found.count.saturating_add(1);
            if option.end == OptionEnd::Int {
                break;
            }
        }
    }
    found
}

/// Reads a number with an optional size suffix `K`, `M`, `G`, `T`, `P` or `E` (powers of 1024, either case); returns it
/// and the bytes used. Overflow is lost.
#[must_use]
pub fn memparse(s: &[u8]) -> (u64, usize) {
    let (value, used) = simple_strtoull(s, 0);
    let shift = match at(s, used).to_ascii_uppercase() {
        b'K' => 10,
        b'M' => 20,
        b'G' => 30,
        b'T' => 40,
        b'P' => 50,
        b'E' => 60,
        _ => return (value, used),
    };
    (value << shift, used + 1)
}

/// Whether `option` is one of the comma-separated words of `s`.
#[must_use]
pub fn parse_option_str(s: &[u8], option: &[u8]) -> bool {
    crate::c_str(s).split(|&c| c == b',').any(|word| word == option && !s.is_empty())
}

/// The low 32 bits, as an assignment to a C `int` keeps them.
fn truncate(wide: u64) -> i32 {
    (wide as u32).cast_signed()
}

#[cfg(test)]
mod tests {
    use super::*;

    type Word = (&'static str, Option<&'static str>);

    #[track_caller]
    fn check(line: &str, expect: &[Word]) {
        let found: Vec<(String, Option<String>)> = parse_args(line.as_bytes())
            .map(|arg| {
                let text = |bytes: &[u8]| String::from_utf8(bytes.to_vec()).expect("input is UTF-8");
                (text(arg.param), arg.val.map(text))
            })
            .collect();
        let expect: Vec<(String, Option<String>)> =
            expect.iter().map(|(param, val)| ((*param).to_owned(), val.map(str::to_owned))).collect();
        assert_eq!(found, expect, "{line:?}");
    }

    #[test]
    fn splits_as_linux_does() {
        check("", &[]);
        check("  \n ", &[]);
        check("n=3", &[("n", Some("3"))]);
        check("  n=3\tverbose  name=eth0\n", &[("n", Some("3")), ("verbose", None), ("name", Some("eth0"))]);
        check("s=\"two words\" t=1", &[("s", Some("two words")), ("t", Some("1"))]);
        check("\"s=two words\" t=1", &[("s", Some("two words")), ("t", Some("1"))]);
        check("\"bare words\"", &[("bare words", None)]);
        check("s=a\"b c\"d", &[("s", Some("a\"b c\"d"))]);
        check("s=\"a\"b", &[("s", Some("a\"b"))]);
        check("s=", &[("s", Some(""))]);
        check("s=\"\"", &[("s", Some(""))]);
        check("s=\"", &[("s", Some(""))]);
        check("\"", &[("", None)]);
        check("s=\"unclosed to the end", &[("s", Some("unclosed to the end"))]);
        check("=x y", &[("=x", None), ("y", None)]);
        check("a=b=c", &[("a", Some("b=c"))]);
        check("n=3 -- init", &[("n", Some("3")), ("--", None), ("init", None)]);
        check("a=1\0b=2", &[("a", Some("1"))]);
    }

    #[test]
    fn dash_and_underscore_name_the_same_parameter() {
        assert!(parameq(b"max-threads", b"max_threads"));
        assert!(!parameq(b"max", b"max_threads"));
        assert!(!parameq(b"Max", b"max"));
    }

    #[test]
    fn options_one_by_one() {
        let cases: [(&str, i32, Option<i32>, usize); 11] = [
            ("", 0, None, 0),
            ("5", 1, Some(5), 1),
            ("5,6", 2, Some(5), 2),
            ("5-9", 3, Some(5), 1),
            ("-7,", 2, Some(-7), 3),
            ("0x10 ", 1, Some(16), 4),
            ("010", 1, Some(8), 3),
            ("abc", 0, Some(0), 0),
            ("-", 0, Some(0), 1),
            ("4294967297", 1, Some(1), 10),
            (",", 0, Some(0), 0),
        ];
        for (s, code, value, used) in cases {
            let option = get_option(s.as_bytes());
            assert_eq!((option.end.code(), option.value, option.used), (code, value, used), "{s:?}");
        }
    }

    #[test]
    fn option_lists_and_ranges() {
        let cases: [(&str, usize, &[i32], i32, usize); 9] = [
            ("1,2,3", 8, &[1, 2, 3], 3, 5),
            ("1,4-6,9", 8, &[1, 4, 5, 6, 9], 5, 7),
            ("4-6", 8, &[4, 5, 6], 3, 3),
            ("1,2,3", 3, &[1, 2], 2, 4),
            ("1,4-6,9", 0, &[], 5, 7),
            ("x", 8, &[], 0, 0),
            ("3,", 8, &[3], 1, 2),
            ("5-5", 8, &[5], 1, 3),
            // A falling range stops the parse after its hyphen.
            ("6-4", 8, &[], 0, 2),
        ];
        for (s, nints, ints, count, used) in cases {
            let found = get_options(s.as_bytes(), nints);
            assert_eq!((found.ints.as_slice(), found.count, found.used), (ints, count, used), "{s:?}");
        }
        // A range of two thousand million numbers costs no more than the room there is.
        assert_eq!(get_options(b"0-2147483647", 4).ints, [0, 1, 2]);
        assert_eq!(get_options(b"0-2147483647", 0).count, i32::MAX);
    }

    #[test]
    fn sizes_with_suffix() {
        let cases = [
            ("64", 64, 2),
            ("64k", 65536, 3),
            ("1M", 1 << 20, 2),
            ("0x10G,", 16 << 30, 5),
            ("1t", 1 << 40, 2),
            ("2P", 2 << 50, 2),
            // The e is a suffix in base 10 and a digit in base 16.
            ("1e", 1 << 60, 2),
            ("0x1e", 30, 4),
            ("x", 0, 0),
            ("16E", 0, 3),
        ];
        for (s, value, used) in cases {
            assert_eq!(memparse(s.as_bytes()), (value, used), "{s:?}");
        }
    }

    #[test]
    fn option_words() {
        assert!(parse_option_str(b"a=b,c", b"c") && parse_option_str(b"a=b,c", b"a=b"));
        assert!(!parse_option_str(b"a=b,c", b"a") && !parse_option_str(b"", b"a") && !parse_option_str(b"cc", b"c"));
    }
}
