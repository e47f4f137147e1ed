//! The `%p` extensions: which letters after `%p` mean what.

use super::decode::Spec;
use super::{FormatWarning, KptrRestrict, ObjectName, Printer, VA_FORMAT_COUNT_MAX, VA_FORMAT_DEPTH_MAX, is_err};
use crate::at;
use crate::errname::errname;
use crate::string_helpers::{self, Escape, escape_byte};

/// Bytes of guest memory read at once by `%pE`.
const CHUNK: usize = 4096;

impl Printer<'_> {
    /// Prints `addr` as the letters after `%p` say. `suffix` is the rest of the format, those letters first.
    pub(super) fn pointer(&mut self, suffix: &[u8], addr: u64, spec: Spec) {
        match at(suffix, 0) {
            b'S' | b's' | b'B' => self.symbol_string(suffix, addr, spec),
            b'R' | b'r' => self.resource_string(suffix, addr, spec),
            b'h' => self.hex_string(suffix, addr, spec),
            b'b' if at(suffix, 1) == b'l' => self.bitmap_list_string(addr, spec),
            b'b' => self.bitmap_string(addr, spec),
            b'M' | b'm' => self.mac_address_string(suffix, addr, spec),
            b'I' | b'i' => self.ip_addr_string(suffix, addr, spec),
            b'E' => self.escaped_string(suffix, addr, spec),
            b'U' => self.uuid_string(suffix, addr, spec),
            b'V' => self.va_format(addr, spec),
            b'K' => self.restricted_pointer(addr, spec),
            b'N' => self.netdev_bits(suffix, addr, spec),
            b'4' => self.fourcc_string(suffix, addr, spec),
            b'a' => self.address_val(addr, spec),
            b'd' | b'D' => self.dentry_name(suffix, addr, spec),
            b't' => self.time_and_date(suffix, addr, spec),
            b'C' => self.object_name(ObjectName::Clock, addr, spec, b'C'),
            b'g' => self.object_name(ObjectName::BlockDevice, addr, spec, b'g'),
            b'G' => self.flags_string(suffix, addr, spec),
            // There is no device tree and no firmware node here.
            b'O' if at(suffix, 1) == b'F' => self.error_string(b"(%pOF?)", spec),
            b'O' => self.error_string(b"(%pO?)", spec),
            b'f' if at(suffix, 1) == b'w' => {
                if self.check_pointer(addr, spec) {
                    self.error_string(b"(%pfw?)", spec);
                }
            }
            b'f' => self.error_string(b"(%pf?)", spec),
            b'A' => {
                self.env.warn(FormatWarning::RustOnly);
                self.error_string(b"(%pA?)", spec);
            }
            b'x' => self.pointer_string(addr, spec),
            b'e' if is_err(addr) => self.err_ptr(addr, spec),
            b'u' | b'k' if at(suffix, 1) == b's' => self.guest_string(addr, spec, at(suffix, 0)),
            b'u' | b'k' => self.error_string(b"(einval)", spec),
            _ => self.ptr_to_id(addr, spec),
        }
    }

    /// The address itself: 16 digits unless a width is given.
    fn pointer_string(&mut self, addr: u64, spec: Spec) {
        let mut spec = Spec { base: 16, flags: spec.flags | Spec::SMALL, ..spec };
        if spec.width == -1 {
            spec.width = 16;
            spec.flags |= Spec::ZEROPAD;
        }
        self.out.number(addr, spec);
    }

    /// Plain `%p`: hashed, but null and error pointers tell nothing and stay readable.
    fn ptr_to_id(&mut self, addr: u64, spec: Spec) {
        let shown = if addr == 0 || is_err(addr) { addr } else { self.env.hash_pointer(addr) };
        self.pointer_string(shown, spec);
    }

    fn restricted_pointer(&mut self, addr: u64, spec: Spec) {
        match self.env.kptr_restrict() {
            KptrRestrict::Hashed => self.ptr_to_id(addr, spec),
            KptrRestrict::Shown => self.pointer_string(addr, spec),
            KptrRestrict::Zeroed => self.pointer_string(0, spec),
            KptrRestrict::InInterrupt => {
                let width = if spec.width == -1 { 16 } else { spec.width };
                self.error_string(b"pK-error", Spec { width, ..spec });
            }
        }
    }

    /// `%pe` of an error pointer: its name, or the number when it has none.
    fn err_ptr(&mut self, addr: u64, spec: Spec) {
        let err = addr.cast_signed();
        match errname(err) {
            Some(name) => {
                let mut text = vec![b'-'];
                text.extend_from_slice(name.as_bytes());
                self.out.string(&text, spec);
            }
            None => self.out.number(addr, Spec { flags: spec.flags | Spec::SIGN, base: 10, ..spec }),
        }
    }

    /// `%pS`, `%ps`, `%pB` with `R` and `b`. `R` undoes what some machines do to return addresses; x86 does nothing.
    fn symbol_string(&mut self, suffix: &[u8], addr: u64, spec: Spec) {
        let kind = at(suffix, 0);
        let build_id = match kind {
            b'S' if at(suffix, 1) == b'R' => at(suffix, 2) == b'b',
            b'S' | b'B' => at(suffix, 1) == b'b',
            _ => false,
        };
        // A return address can be the first byte after a function that never returns: look at the call before it.
        let back = u64::from(kind == b'B');
        let text = match self.env.symbol(addr.wrapping_sub(back)) {
            None => format!("{addr:#x}"),
            Some(symbol) => {
                let mut text = symbol.name;
                if kind != b's' {
                    // C's `%#lx` of 0 in the kernel is "0x0", as Rust's.
                    text.push_str(&format!("+{:#x}/{:#x}", symbol.offset.wrapping_add(back), symbol.size));
                }
                if let Some(module) = symbol.module {
                    text.push_str(" [");
                    text.push_str(&module);
                    if let Some(id) = symbol.build_id.filter(|_| build_id) {
                        text.push(' ');
                        text.extend(id.iter().flat_map(|&byte| crate::hexdump::hex_byte(byte)).map(char::from));
                    }
                    text.push(']');
                }
                text
            }
        };
        self.out.string(text.as_bytes(), spec);
    }

    /// `%ph`: up to 64 bytes, their number in the width.
    fn hex_string(&mut self, suffix: &[u8], addr: u64, spec: Spec) {
        if spec.width == 0 || !self.check_pointer(addr, spec) {
            return;
        }
        let separator = match at(suffix, 1) {
            b'C' => Some(b':'),
            b'D' => Some(b'-'),
            b'N' => None,
            _ => Some(b' '),
        };
        let len = usize::try_from(spec.width).map_or(1, |width| width.min(64));
        let mut bytes = [0; 64];
        if let Err(bad) = self.env.read(addr, &mut bytes[..len]) {
            return self.bad_pointer(bad, spec, b'h');
        }
        for (index, &byte) in bytes[..len].iter().enumerate() {
            if let Some(separator) = separator.filter(|_| index > 0) {
                self.out.byte(separator);
            }
            self.out.hex_byte(byte);
        }
    }

    /// `%pE`: escaped bytes, their number in the width.
    fn escaped_string(&mut self, suffix: &[u8], addr: u64, spec: Spec) {
        if spec.width == 0 || !self.check_pointer(addr, spec) {
            return;
        }
        let mut flags = Escape(0);
        for &letter in &suffix[1..] {
            flags = flags
                | match letter {
                    b'a' => Escape::ANY,
                    b'c' => Escape::SPECIAL,
                    b'h' => Escape::HEX,
                    b'n' => Escape::NULL,
                    b'o' => Escape::OCTAL,
                    b'p' => Escape::NP,
                    b's' => Escape::SPACE,
                    _ => break,
                };
        }
        if flags == Escape(0) {
            flags = Escape::ANY_NP;
        }
        let len = usize::try_from(spec.width).unwrap_or(1);
        let mut chunk = [0; CHUNK];
        for start in (0..len).step_by(CHUNK) {
            let chunk = &mut chunk[..CHUNK.min(len - start)];
            if let Err(bad) = self.env.read(addr.wrapping_add(start as u64), chunk) {
                return self.bad_pointer(bad, Spec::PLAIN, b'E');
            }
            for &byte in &*chunk {
                let (escaped, used) = escape_byte(byte, flags, string_helpers::NO_DICTIONARY);
                self.out.bytes(&escaped[..used]);
            }
        }
    }

    /// `%pV`: a format and its arguments inside this one.
    fn va_format(&mut self, addr: u64, spec: Spec) {
        if !self.check_pointer(addr, spec) {
            return;
        }
        if self.va_depth == VA_FORMAT_DEPTH_MAX || self.va_formats == VA_FORMAT_COUNT_MAX {
            self.env.warn(FormatWarning::VaFormatLoop);
            return self.error_string(b"(efault)", spec);
        }
        let env = self.env;
        let Some(mut inner) = env.va_format(addr) else {
            return self.bad_pointer(crate::BadAddress { addr }, spec, b'V');
        };
        self.va_formats += 1;
        self.va_depth += 1;
        self.format(&inner.fmt, inner.args.as_mut());
        self.va_depth -= 1;
    }

    fn dentry_name(&mut self, suffix: &[u8], addr: u64, spec: Spec) {
        let components = match at(suffix, 1) {
            digit @ b'2'..=b'4' => digit - b'0',
            _ => 1,
        };
        let kind = match at(suffix, 0) {
            b'd' => ObjectName::Dentry { components },
            _ => ObjectName::File { components },
        };
        self.object_name(kind, addr, spec, at(suffix, 0));
    }

    fn object_name(&mut self, kind: ObjectName, addr: u64, spec: Spec, conversion: u8) {
        if !self.check_pointer(addr, spec) {
            return;
        }
        match self.env.object_name(kind, addr) {
            Some(name) => self.out.string(&name, spec),
            None => self.bad_pointer(crate::BadAddress { addr }, spec, conversion),
        }
    }
}
