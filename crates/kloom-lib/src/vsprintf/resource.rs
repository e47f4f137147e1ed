//! `%pR` and `%pr`: a `struct resource`, decoded or raw.
//!
//! C header: include/linux/ioport.h.

use super::Printer;
use super::decode::Spec;
use super::output::Output;
use crate::at;

const IO: u64 = 0x100;
const MEM: u64 = 0x200;
const IRQ: u64 = 0x400;
const DMA: u64 = 0x800;
const BUS: u64 = 0x1000;
const PREFETCH: u64 = 0x2000;
const MEM_64: u64 = 0x10_0000;
const WINDOW: u64 = 0x20_0000;
const DISABLED: u64 = 0x1000_0000;
const UNSET: u64 = 0x2000_0000;

const IO_SPEC: Spec = Spec { width: 6, ..Spec::special_hex(2) };
const MEM_SPEC: Spec = Spec::special_hex(4);
const BUS_SPEC: Spec = Spec { width: 2, flags: Spec::SMALL | Spec::ZEROPAD, ..Spec::special_hex(1) };
const FLAG_SPEC: Spec = Spec { width: -1, flags: Spec::SPECIAL | Spec::SMALL, ..Spec::special_hex(8) };

/// The name of a resource's type, how its numbers look, and whether the type is known at all.
fn kind(flags: u64) -> (&'static [u8], Spec, bool) {
    match flags {
        _ if flags & IO != 0 => (b"io  ", IO_SPEC, true),
        _ if flags & MEM != 0 => (b"mem ", MEM_SPEC, true),
        _ if flags & IRQ != 0 => (b"irq ", Spec::PLAIN, true),
        _ if flags & DMA != 0 => (b"dma ", Spec::PLAIN, true),
        _ if flags & BUS != 0 => (b"bus ", BUS_SPEC, true),
        _ => (b"??? ", MEM_SPEC, false),
    }
}

impl Printer<'_> {
    /// Prints the resource whose `start`, `end`, `name` and `flags` stand at `addr`.
    pub(super) fn resource_string(&mut self, suffix: &[u8], addr: u64, spec: Spec) {
        let Some(bytes) = self.fetch::<32>(addr, spec, at(suffix, 0)) else {
            return;
        };
        let field = |index: usize| {
            let bytes = &bytes[index * 8..index * 8 + 8];
            u64::from_le_bytes(bytes.try_into().expect("eight bytes"))
        };
        let (start, end, flags) = (field(0), field(1), field(3));
        let (name, numbers, known) = kind(flags);
        let decode = at(suffix, 0) == b'R' && known;

        let mut text = Vec::with_capacity(64);
        let mut out = Output::new(&mut text, 128);
        out.byte(b'[');
        out.bytes(name);
        if decode && flags & UNSET != 0 {
            out.bytes(b"size ");
            out.number(end.wrapping_sub(start).wrapping_add(1), numbers);
        } else {
            out.number(start, numbers);
            if start != end {
                out.byte(b'-');
                out.number(end, numbers);
            }
        }
        if decode {
            let attributes: [(u64, &[u8]); 4] =
                [(MEM_64, b" 64bit"), (PREFETCH, b" pref"), (WINDOW, b" window"), (DISABLED, b" disabled")];
            for (flag, name) in attributes {
                if flags & flag != 0 {
                    out.bytes(name);
                }
            }
        } else {
            out.bytes(b" flags ");
            out.number(flags, FLAG_SPEC);
        }
        out.byte(b']');
        self.out.string(&text, spec);
    }
}
