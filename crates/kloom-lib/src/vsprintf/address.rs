//! Addresses of networks and machines, and identifiers: `%pM`, `%pI`, `%pU`, `%p4cc`, `%pa`, `%pN`.

use super::Printer;
use super::decode::Spec;
use super::output::Output;
use crate::at;
use crate::ctype::{isalpha, isprint};
use crate::hexdump::hex_byte;

const AF_INET: u16 = 2;
const AF_INET6: u16 = 10;
/// The flow label and traffic class bits of a `sockaddr_in6`'s flowinfo.
const IPV6_FLOWINFO_MASK: u32 = 0x0FFF_FFFF;

/// The options of a `%pIS`.
#[derive(Default)]
struct SockaddrOptions {
    port: bool,
    flow: bool,
    scope: bool,
    compressed: bool,
    /// Byte order letter of an IPv4 address, 0 for none.
    order: u8,
}

impl SockaddrOptions {
    fn parse(suffix: &[u8]) -> Self {
        let mut options = SockaddrOptions::default();
        for &letter in suffix.iter().skip(2).take_while(|&&c| isalpha(c)) {
            match letter {
                b'p' => options.port = true,
                b'f' => options.flow = true,
                b's' => options.scope = true,
                b'c' => options.compressed = true,
                b'h' | b'l' | b'n' | b'b' => options.order = letter,
                _ => {}
            }
        }
        options
    }
}

/// A dotted quad; `raw` (`%pi4`) has three digits in each part. `order` `h` and `l` start from the last byte.
fn ip4(text: &mut Vec<u8>, addr: [u8; 4], raw: bool, order: u8) {
    let mut addr = addr;
    if matches!(order, b'h' | b'l') {
        addr.reverse();
    }
    for (index, part) in addr.iter().enumerate() {
        let part = if raw { format!("{part:03}") } else { part.to_string() };
        if index > 0 {
            text.push(b'.');
        }
        text.extend_from_slice(part.as_bytes());
    }
}

/// All 32 digits; `raw` (`%pi6`) has no colons.
fn ip6(text: &mut Vec<u8>, addr: [u8; 16], raw: bool) {
    for (index, pair) in addr.chunks_exact(2).enumerate() {
        if index > 0 && !raw {
            text.push(b':');
        }
        text.extend(pair.iter().flat_map(|&byte| hex_byte(byte)));
    }
}

/// The first longest run of at least two zero words: start and length.
fn longest_zero_run(words: &[u16]) -> Option<(usize, usize)> {
    let mut best: Option<(usize, usize)> = None;
    for start in 0..words.len() {
        let len = words[start..].iter().take_while(|&&word| word == 0).count();
        if len >= best.map_or(2, |(_, longest)| longest + 1) {
            best = Some((start, len));
        }
    }
    best
}

/// The short form of RFC 5952; IPv4-mapped and ISATAP addresses end in a dotted quad.
fn ip6_compressed(text: &mut Vec<u8>, addr: [u8; 16]) {
    let mapped = addr[..10] == [0; 10] && addr[10..12] == [0xFF, 0xFF];
    // ISATAP: 0000:5efe or 0200:5efe before the IPv4 part.
    let isatap = addr[8] & !0x02 == 0 && addr[9..12] == [0, 0x5E, 0xFE];
    let words: Vec<u16> = addr
        .chunks_exact(2)
        .take(if mapped || isatap { 6 } else { 8 })
        .map(|pair| u16::from_be_bytes([pair[0], pair[1]]))
        .collect();
    let run = longest_zero_run(&words);
    let mut need_colon = false;
    let mut index = 0;
    while index < words.len() {
        if let Some((start, len)) = run
            && start == index
        {
            text.extend_from_slice(if need_colon || index == 0 { b"::" } else { b":" });
            need_colon = false;
            index += len;
            continue;
        }
        if need_colon {
            text.push(b':');
        }
        text.extend_from_slice(format!("{:x}", words[index]).as_bytes());
        need_colon = true;
        index += 1;
    }
    if mapped || isatap {
        if need_colon {
            text.push(b':');
        }
        ip4(text, [addr[12], addr[13], addr[14], addr[15]], false, 0);
    }
}

/// Prints a number under the format's own spec into a part of a longer text.
fn number(text: &mut Vec<u8>, num: u64, spec: Spec) {
    // Linux's buffers for these texts hold less than this; a huge width is cut there too.
    Output::new(text, 64).number(num, spec);
}

impl Printer<'_> {
    /// `%pM`, `%pm` with `F` (dashes) and `R` (reversed).
    pub(super) fn mac_address_string(&mut self, suffix: &[u8], addr: u64, spec: Spec) {
        let Some(mut mac) = self.fetch::<6>(addr, spec, at(suffix, 0)) else {
            return;
        };
        let separator = if at(suffix, 1) == b'F' { b'-' } else { b':' };
        if at(suffix, 1) == b'R' {
            mac.reverse();
        }
        let mut text = Vec::with_capacity(17);
        for (index, &byte) in mac.iter().enumerate() {
            if index > 0 && at(suffix, 0) == b'M' {
                text.push(separator);
            }
            text.extend_from_slice(&hex_byte(byte));
        }
        self.out.string(&text, spec);
    }

    /// `%pI4`, `%pI6`, `%pIS` and their raw forms with `i`.
    pub(super) fn ip_addr_string(&mut self, suffix: &[u8], addr: u64, spec: Spec) {
        let raw = at(suffix, 0) == b'i';
        let mut text = Vec::with_capacity(48);
        match at(suffix, 1) {
            b'4' => {
                let Some(quad) = self.fetch::<4>(addr, spec, b'I') else {
                    return;
                };
                ip4(&mut text, quad, raw, at(suffix, 2));
            }
            b'6' => {
                let Some(words) = self.fetch::<16>(addr, spec, b'I') else {
                    return;
                };
                if !raw && at(suffix, 2) == b'c' {
                    ip6_compressed(&mut text, words);
                } else {
                    ip6(&mut text, words, raw);
                }
            }
            b'S' => return self.sockaddr_string(suffix, addr, spec),
            _ => {
                if self.check_pointer(addr, spec) {
                    self.error_string(if raw { b"(%pi?)" } else { b"(%pI?)" }, spec);
                }
                return;
            }
        }
        self.out.string(&text, spec);
    }

    /// `%pIS`: a `struct sockaddr` of either family. The numbers in it are printed under the format's own width, too.
    fn sockaddr_string(&mut self, suffix: &[u8], addr: u64, spec: Spec) {
        let raw = at(suffix, 0) == b'i';
        let options = SockaddrOptions::parse(suffix);
        let Some(family) = self.fetch::<2>(addr, spec, b'I').map(u16::from_ne_bytes) else {
            return;
        };
        let mut text = Vec::with_capacity(80);
        match family {
            AF_INET => {
                let Some([_, _, p0, p1, a0, a1, a2, a3]) = self.fetch::<8>(addr, spec, b'I') else {
                    return;
                };
                ip4(&mut text, [a0, a1, a2, a3], raw, options.order);
                if options.port {
                    text.push(b':');
                    number(&mut text, u64::from(u16::from_be_bytes([p0, p1])), spec);
                }
            }
            AF_INET6 => {
                let Some(sockaddr) = self.fetch::<28>(addr, spec, b'I') else {
                    return;
                };
                sockaddr_in6(&mut text, &sockaddr, raw, &options, spec);
            }
            _ => return self.error_string(b"(einval)", spec),
        }
        self.out.string(&text, spec);
    }

    /// `%pU` with `b`, `B`, `l`, `L`.
    pub(super) fn uuid_string(&mut self, suffix: &[u8], addr: u64, spec: Spec) {
        let Some(uuid) = self.fetch::<16>(addr, spec, b'U') else {
            return;
        };
        let order: [usize; 16] = match at(suffix, 1) {
            b'l' | b'L' => [3, 2, 1, 0, 5, 4, 7, 6, 8, 9, 10, 11, 12, 13, 14, 15],
            _ => [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
        };
        let mut text = Vec::with_capacity(36);
        for (position, &index) in order.iter().enumerate() {
            if matches!(position, 4 | 6 | 8 | 10) {
                text.push(b'-');
            }
            text.extend_from_slice(&hex_byte(uuid[index]));
        }
        if matches!(at(suffix, 1), b'B' | b'L') {
            text.make_ascii_uppercase();
        }
        self.out.string(&text, spec);
    }

    /// `%p4cc`: a V4L2 or DRM pixel format.
    pub(super) fn fourcc_string(&mut self, suffix: &[u8], addr: u64, spec: Spec) {
        if !suffix.starts_with(b"4cc") {
            return self.error_string(b"(%p4?)", spec);
        }
        let Some(bytes) = self.fetch::<4>(addr, spec, b'4') else {
            return;
        };
        let code = u32::from_le_bytes(bytes);
        // The highest bit says the byte order and is not part of the last letter.
        let letters = (code & 0x7FFF_FFFF).to_le_bytes();
        let mut text: Vec<u8> = letters.iter().map(|&c| if c.is_ascii() && isprint(c) { c } else { b'.' }).collect();
        let order = if code >> 31 == 1 { "big" } else { "little" };
        text.extend_from_slice(format!(" {order}-endian ({code:#010x})").as_bytes());
        self.out.string(&text, spec);
    }

    /// `%pa`, `%pap`, `%pad`: a physical or DMA address behind a pointer. Width and flags are the format's business only
    /// when the pointer is bad.
    pub(super) fn address_val(&mut self, addr: u64, spec: Spec) {
        if let Some(bytes) = self.fetch::<8>(addr, spec, b'a') {
            self.out.number(u64::from_le_bytes(bytes), Spec::special_hex(8));
        }
    }

    /// `%pNF`: feature bits of a network device.
    pub(super) fn netdev_bits(&mut self, suffix: &[u8], addr: u64, spec: Spec) {
        if at(suffix, 1) != b'F' {
            if self.check_pointer(addr, spec) {
                self.error_string(b"(%pN?)", spec);
            }
        } else if let Some(bytes) = self.fetch::<8>(addr, spec, b'N') {
            self.out.number(u64::from_le_bytes(bytes), Spec::special_hex(8));
        }
    }
}

fn sockaddr_in6(text: &mut Vec<u8>, sockaddr: &[u8; 28], raw: bool, options: &SockaddrOptions, spec: Spec) {
    let word = |start: usize| -> [u8; 4] { sockaddr[start..start + 4].try_into().expect("four bytes") };
    let addr: [u8; 16] = sockaddr[8..24].try_into().expect("sixteen bytes");
    let bracketed = options.port || options.flow || options.scope;
    if bracketed {
        text.push(b'[');
    }
    if options.compressed && !raw {
        ip6_compressed(text, addr);
    } else {
        ip6(text, addr, raw);
    }
    if bracketed {
        text.push(b']');
    }
    if options.port {
        text.push(b':');
        number(text, u64::from(u16::from_be_bytes([sockaddr[2], sockaddr[3]])), spec);
    }
    if options.flow {
        text.push(b'/');
        number(text, u64::from(u32::from_be_bytes(word(4)) & IPV6_FLOWINFO_MASK), spec);
    }
    if options.scope {
        text.push(b'%');
        number(text, u64::from(u32::from_le_bytes(word(24))), spec);
    }
}
