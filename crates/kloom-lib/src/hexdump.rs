//! Hexadecimal text: single digits, whole buffers, and dumps in lines.
//!
//! C header: include/linux/printk.h, include/linux/kernel.h. Behaviour follows Linux 6.1 lib/hexdump.c.

use crate::at;

const LOWER: &[u8; 16] = b"0123456789abcdef";

/// The two lower-case digits of a byte.
#[must_use]
pub fn hex_byte(byte: u8) -> [u8; 2] {
    [LOWER[usize::from(byte >> 4)], LOWER[usize::from(byte & 15)]]
}

/// The value of a hexadecimal digit; `None` for anything else (Linux: -1).
#[must_use]
pub fn hex_to_bin(c: u8) -> Option<u8> {
    match c {
        b'0'..=b'9' => Some(c - b'0'),
        b'a'..=b'f' => Some(c - b'a' + 10),
        b'A'..=b'F' => Some(c - b'A' + 10),
        _ => None,
    }
}

/// Reads `count` bytes from twice as many digits; `None` when one of them is no digit (Linux: `-EINVAL`).
#[must_use]
pub fn hex2bin(src: &[u8], count: usize) -> Option<Vec<u8>> {
    (0..count)
        .map(|index| {
            let high = hex_to_bin(at(src, 2 * index))?;
            Some(high << 4 | hex_to_bin(at(src, 2 * index + 1))?)
        })
        .collect()
}

/// The lower-case digits of `src`.
#[must_use]
pub fn bin2hex(src: &[u8]) -> Vec<u8> {
    src.iter().flat_map(|&byte| hex_byte(byte)).collect()
}

/// The form of a dump.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct DumpForm {
    /// Bytes in a line: 16 or 32; anything else means 16.
    pub rowsize: usize,
    /// Bytes printed as one number: 1, 2, 4 or 8; anything else means 1.
    pub groupsize: usize,
    /// Whether the bytes follow as text.
    pub ascii: bool,
}

impl DumpForm {
    fn rowsize(self) -> usize {
        if self.rowsize == 32 { 32 } else { 16 }
    }

    /// The group size for a line of `len` bytes: groups are never of mixed size.
    fn groupsize(self, len: usize) -> usize {
        match self.groupsize {
            size @ (2 | 4 | 8) if len.is_multiple_of(size) => size,
            _ => 1,
        }
    }
}

/// One line of a dump, untruncated.
fn line(buf: &[u8], form: DumpForm) -> Vec<u8> {
    let rowsize = form.rowsize();
    let buf = &buf[..buf.len().min(rowsize)];
    let group = form.groupsize(buf.len());
    let mut text = Vec::with_capacity(32 * 3 + 2 + 32);
    for (index, bytes) in buf.chunks_exact(group).enumerate() {
        if index > 0 {
            text.push(b' ');
        }
        // Numbers have the machine's byte order: the last byte of a group comes first.
        text.extend(bytes.iter().rev().flat_map(|&byte| hex_byte(byte)));
    }
    if form.ascii && !buf.is_empty() {
        text.resize(ascii_column(rowsize, group), b' ');
        text.extend(buf.iter().map(|&c| if matches!(c, 0x20..=0x7E) { c } else { b'.' }));
    }
    text
}

/// Where the text begins: two columns behind a full row's numbers.
fn ascii_column(rowsize: usize, group: usize) -> usize {
    rowsize * 2 + rowsize / group + 1
}

/// Dumps one line of at most `rowsize` bytes into a buffer of `linebuflen` bytes.
///
/// Returns what the buffer holds before its NUL, and the length the line needs. A buffer that is too short holds as much
/// as fits; a needed length does not tell a short line from a full one then.
#[must_use]
pub fn hex_dump_to_buffer(buf: &[u8], form: DumpForm, linebuflen: usize) -> (Vec<u8>, usize) {
    let mut text = line(buf, form);
    let len = buf.len().min(form.rowsize());
    let group = form.groupsize(len);
    if text.len() < linebuflen {
        let needed = text.len();
        return (text, needed);
    }
    let needed = if form.ascii {
        ascii_column(form.rowsize(), group) + len
    } else {
        ((group * 2 + 1) * (len / group)).saturating_sub(1)
    };
    text.truncate(linebuflen.saturating_sub(1));
    (text, needed)
}

/// What stands in front of each line of a dump.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum DumpPrefix {
    /// `DUMP_PREFIX_NONE`
    None,
    /// `DUMP_PREFIX_ADDRESS`: the address as `%p` prints it; the value is that of the first byte.
    Address(u64),
    /// `DUMP_PREFIX_OFFSET`: eight digits from 0.
    Offset,
}

/// The lines `print_hex_dump` prints for `buf`, without level and line end. `pointer` gives the digits of `%p` for an
/// address.
#[must_use]
pub fn print_hex_dump(
    prefix: &[u8],
    prefix_type: DumpPrefix,
    form: DumpForm,
    buf: &[u8],
    mut pointer: impl FnMut(u64) -> u64,
) -> Vec<Vec<u8>> {
    let rowsize = form.rowsize();
    buf.chunks(rowsize)
        .enumerate()
        .map(|(row, bytes)| {
            let offset = row * rowsize;
            let mut text = prefix.to_vec();
            let start = match prefix_type {
                DumpPrefix::None => String::new(),
                DumpPrefix::Offset => format!("{offset:08x}: "),
                DumpPrefix::Address(addr) => {
                    format!("{:016x}: ", pointer(addr.wrapping_add(offset as u64)))
                }
            };
            text.extend_from_slice(start.as_bytes());
            text.extend_from_slice(&line(bytes, form));
            text
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn form(rowsize: usize, groupsize: usize, ascii: bool) -> DumpForm {
        DumpForm { rowsize, groupsize, ascii }
    }

    fn dump(buf: &[u8], form: DumpForm) -> String {
        String::from_utf8(line(buf, form)).expect("dumps are ASCII")
    }

    #[test]
    fn lines() {
        let bytes: Vec<u8> = (0x40..0x50).collect();
        let digits = "40 41 42 43 44 45 46 47 48 49 4a 4b 4c 4d 4e 4f";
        assert_eq!(dump(&bytes, form(16, 1, false)), digits);
        assert_eq!(dump(&bytes, form(16, 1, true)), format!("{digits}  @ABCDEFGHIJKLMNO"));
        assert_eq!(dump(&bytes, form(7, 3, true)), format!("{digits}  @ABCDEFGHIJKLMNO"));
        assert_eq!(dump(&bytes, form(16, 4, true)), "43424140 47464544 4b4a4948 4f4e4d4c  @ABCDEFGHIJKLMNO");
        assert_eq!(dump(&bytes, form(16, 8, false)), "4746454443424140 4f4e4d4c4b4a4948");
        // Three bytes are no multiple of two: single bytes, and the text still in the column of a full row.
        assert_eq!(dump(&[0, 0x7F, b'a'], form(16, 2, true)), format!("00 7f 61{}..a", " ".repeat(41)));
        assert_eq!(dump(&[], form(16, 1, true)), "");
        assert_eq!(dump(&[0xE9; 40], form(32, 1, true)).len(), 32 * 3 + 1 + 32);
    }

    #[test]
    fn short_buffers_say_what_they_need() {
        let bytes = [0x61; 16];
        let cases = [
            (form(16, 1, false), 48, "61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 61", 47),
            (form(16, 1, false), 47, "61 61 61 61 61 61 61 61 61 61 61 61 61 61 61 6", 47),
            (form(16, 1, false), 6, "61 61", 47),
            (form(16, 1, true), 5, "61 6", 65),
            (form(16, 8, false), 20, "6161616161616161 61", 33),
            (form(16, 1, false), 0, "", 47),
            (form(16, 1, true), 1, "", 65),
        ];
        for (form, size, text, needed) in cases {
            let found = hex_dump_to_buffer(&bytes, form, size);
            assert_eq!(found, (text.as_bytes().to_vec(), needed), "{form:?} in {size}");
        }
        assert_eq!(hex_dump_to_buffer(&[], form(16, 1, true), 10), (Vec::new(), 0));
        assert_eq!(hex_dump_to_buffer(&[], form(16, 1, false), 0), (Vec::new(), 0));
    }

    #[test]
    fn dumps_with_prefixes() {
        let bytes = [0u8; 20];
        let lines = print_hex_dump(b"raw: ", DumpPrefix::Offset, form(16, 4, false), &bytes, |addr| addr);
        assert_eq!(lines, [&b"raw: 00000000: 00000000 00000000 00000000 00000000"[..], b"raw: 00000010: 00000000"]);
        let lines = print_hex_dump(b"", DumpPrefix::Address(0x1000), form(32, 4, false), &bytes[..4], |a| a + 1);
        assert_eq!(lines, [b"0000000000001001: 00000000"]);
        let lines = print_hex_dump(b"> ", DumpPrefix::None, form(16, 1, true), b"a", |a| a);
        assert_eq!(lines, [format!("> 61{}a", " ".repeat(47)).into_bytes()]);
        assert!(print_hex_dump(b"", DumpPrefix::None, form(16, 1, true), b"", |a| a).is_empty());
    }

    #[test]
    fn digits_to_bytes_and_back() {
        assert_eq!(hex2bin(b"00fFa5", 3), Some(vec![0, 0xFF, 0xA5]));
        assert_eq!(hex2bin(b"00f", 2), None);
        assert_eq!(hex2bin(b"0g", 1), None);
        let all: Vec<u8> = (0..=255).collect();
        assert_eq!(hex2bin(&bin2hex(&all), 256), Some(all));
    }
}
