//! Bytes as text without loss.
//!
//! The programs here work on `String`s, but what they read from files may be anything. A byte that is no UTF-8 becomes the
//! private character U+F780 + (byte − 0x80), and back again on the way out; the characters that this scheme needs for itself
//! (U+F780..=U+F7FF and the shell's quoting mark U+10FFFF) are taken apart into their bytes likewise, so that
//! `encode(decode(b)) == b` for every `b`.

const RAW: u32 = 0xF780;

/// Marks the next character of an expanded word as quoted; never part of decoded text.
pub(crate) const ESC: char = '\u{10FFFF}';

fn push_raw(out: &mut String, bytes: &[u8]) {
    for &b in bytes {
        match char::from_u32(RAW + u32::from(b) - 0x80) {
            Some(c) if b >= 0x80 => out.push(c),
            _ => out.push(char::from(b)),
        }
    }
}

fn is_raw(c: char) -> bool {
    (RAW..RAW + 0x80).contains(&u32::from(c))
}

/// Any bytes as text.
pub fn decode(bytes: &[u8]) -> String {
    if bytes.is_ascii() {
        return String::from_utf8_lossy(bytes).into_owned();
    }
    let mut out = String::with_capacity(bytes.len());
    for chunk in bytes.utf8_chunks() {
        for c in chunk.valid().chars() {
            if is_raw(c) || c == ESC {
                push_raw(&mut out, c.encode_utf8(&mut [0; 4]).as_bytes());
            } else {
                out.push(c);
            }
        }
        push_raw(&mut out, chunk.invalid());
    }
    out
}

/// The bytes that [`decode`] made this text of.
pub fn encode(text: &str) -> Vec<u8> {
    if text.is_ascii() {
        return text.as_bytes().to_vec();
    }
    let mut out = Vec::with_capacity(text.len());
    for c in text.chars() {
        if is_raw(c) {
            out.push((u32::from(c) - RAW + 0x80) as u8);
        } else {
            out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
    out
}

/// One byte as a character of decoded text.
pub(crate) fn byte_char(b: u8) -> char {
    if b < 0x80 { char::from(b) } else { char::from_u32(RAW + u32::from(b) - 0x80).unwrap_or('?') }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn bytes_survive() {
        let all: Vec<u8> = (0..=255).collect();
        let text = "plain \u{e9}\u{F785}\u{10FFFF}\u{1F600}".as_bytes();
        for bytes in [&all[..], text, b"", b"\xff\xfe", b"a\xc3"] {
            let decoded = decode(bytes);
            assert_eq!(encode(&decoded), bytes);
            assert!(!decoded.contains(ESC));
        }
    }
}
