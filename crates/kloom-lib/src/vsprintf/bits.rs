//! Bit sets: bitmaps (`%*pb`, `%*pbl`) and flags by name (`%pGg`, `%pGv`).

use super::Printer;
use super::decode::Spec;
use crate::at;

/// Hexadecimal with `0x`, as wide as needed.
const FLAG_SPEC: Spec = Spec { base: 16, flags: Spec::SPECIAL | Spec::SMALL, ..Spec::PLAIN };

/// GFP flags of 6.1, compound ones first. Source: include/trace/events/mmflags.h, include/linux/gfp_types.h.
const GFP_FLAGS: [(u64, &str); 36] = [
    (0x1C_24CA, "GFP_TRANSHUGE"),
    (0x1C_20CA, "GFP_TRANSHUGE_LIGHT"),
    (0x10_0CCA, "GFP_HIGHUSER_MOVABLE"),
    (0x10_0CC2, "GFP_HIGHUSER"),
    (0x10_0CC0, "GFP_USER"),
    (0x40_0CC0, "GFP_KERNEL_ACCOUNT"),
    (0x00_0CC0, "GFP_KERNEL"),
    (0x00_0C40, "GFP_NOFS"),
    (0x00_0A20, "GFP_ATOMIC"),
    (0x00_0C00, "GFP_NOIO"),
    (0x00_0800, "GFP_NOWAIT"),
    (0x00_0001, "GFP_DMA"),
    (0x00_0002, "__GFP_HIGHMEM"),
    (0x00_0004, "GFP_DMA32"),
    (0x00_0020, "__GFP_HIGH"),
    (0x00_0200, "__GFP_ATOMIC"),
    (0x00_0040, "__GFP_IO"),
    (0x00_0080, "__GFP_FS"),
    (0x00_2000, "__GFP_NOWARN"),
    (0x00_4000, "__GFP_RETRY_MAYFAIL"),
    (0x00_8000, "__GFP_NOFAIL"),
    (0x01_0000, "__GFP_NORETRY"),
    (0x04_0000, "__GFP_COMP"),
    (0x00_0100, "__GFP_ZERO"),
    (0x08_0000, "__GFP_NOMEMALLOC"),
    (0x02_0000, "__GFP_MEMALLOC"),
    (0x10_0000, "__GFP_HARDWALL"),
    (0x20_0000, "__GFP_THISNODE"),
    (0x00_0010, "__GFP_RECLAIMABLE"),
    (0x00_0008, "__GFP_MOVABLE"),
    (0x40_0000, "__GFP_ACCOUNT"),
    (0x00_1000, "__GFP_WRITE"),
    (0x00_0C00, "__GFP_RECLAIM"),
    (0x00_0400, "__GFP_DIRECT_RECLAIM"),
    (0x00_0800, "__GFP_KSWAPD_RECLAIM"),
    (0x80_0000, "__GFP_ZEROTAGS"),
];

/// VMA flags of 6.1. Source: include/trace/events/mmflags.h, include/linux/mm.h.
const VMA_FLAGS: [(u64, &str); 31] = [
    (0x0000_0001, "read"),
    (0x0000_0002, "write"),
    (0x0000_0004, "exec"),
    (0x0000_0008, "shared"),
    (0x0000_0010, "mayread"),
    (0x0000_0020, "maywrite"),
    (0x0000_0040, "mayexec"),
    (0x0000_0080, "mayshare"),
    (0x0000_0100, "growsdown"),
    (0x0000_0200, "uffd_missing"),
    (0x0000_0400, "pfnmap"),
    (0x0000_1000, "uffd_wp"),
    (0x0000_2000, "locked"),
    (0x0000_4000, "io"),
    (0x0000_8000, "seqread"),
    (0x0001_0000, "randread"),
    (0x0002_0000, "dontcopy"),
    (0x0004_0000, "dontexpand"),
    (0x0008_0000, "lockonfault"),
    (0x0010_0000, "account"),
    (0x0020_0000, "noreserve"),
    (0x0040_0000, "hugetlb"),
    (0x0080_0000, "sync"),
    (0x0100_0000, "pat"),
    (0x0200_0000, "wipeonfork"),
    (0x0400_0000, "dontdump"),
    (0x0800_0000, "softdirty"),
    (0x1000_0000, "mixedmap"),
    (0x2000_0000, "hugepage"),
    (0x4000_0000, "nohugepage"),
    (0x8000_0000, "mergeable"),
];

impl Printer<'_> {
    /// The words of a bitmap of as many bits as the width says; `None` when something else was printed.
    fn fetch_bitmap(&mut self, addr: u64, spec: Spec) -> Option<(Vec<u64>, usize)> {
        if !self.check_pointer(addr, spec) {
            return None;
        }
        let bits = usize::try_from(spec.width).unwrap_or(0);
        let mut bytes = vec![0; bits.div_ceil(64) * 8];
        if let Err(bad) = self.env.read(addr, &mut bytes) {
            self.bad_pointer(bad, spec, b'b');
            return None;
        }
        let words =
            bytes.chunks_exact(8).map(|word| u64::from_le_bytes(word.try_into().expect("eight bytes"))).collect();
        Some((words, bits))
    }

    /// `%*pb`: groups of 32 bits in hexadecimal, the highest first.
    pub(super) fn bitmap_string(&mut self, addr: u64, spec: Spec) {
        let Some((words, bits)) = self.fetch_bitmap(addr, spec) else {
            return;
        };
        for group in (0..bits.div_ceil(32)).rev() {
            let size = (bits - group * 32).min(32);
            let mask = (1 << size) - 1;
            let value = words[group / 2] >> (group % 2 * 32) & mask;
            let spec = Spec {
                width: i32::try_from(size.div_ceil(4)).expect("at most 8"),
                precision: 0,
                flags: Spec::SMALL | Spec::ZEROPAD,
                base: 16,
            };
            self.out.number(value, spec);
            if group > 0 {
                self.out.byte(b',');
            }
        }
    }

    /// `%*pbl`: the set bits as a list of ranges.
    pub(super) fn bitmap_list_string(&mut self, addr: u64, spec: Spec) {
        let Some((words, bits)) = self.fetch_bitmap(addr, spec) else {
            return;
        };
        let is_set = |bit: usize| bit < bits && words[bit / 64] >> (bit % 64) & 1 == 1;
        let mut first = true;
        let mut bit = 0;
        while bit < bits {
            if !is_set(bit) {
                // Empty words are skipped whole: bitmaps can have millions of bits.
                let rest = words[bit / 64] >> (bit % 64);
                bit += if rest == 0 { 64 - bit % 64 } else { rest.trailing_zeros() as usize };
                continue;
            }
            let start = bit;
            while is_set(bit + 1) {
                bit += 1;
            }
            if !first {
                self.out.byte(b',');
            }
            first = false;
            self.out.number(start as u64, Spec::PLAIN);
            if bit > start {
                self.out.byte(b'-');
                self.out.number(bit as u64, Spec::PLAIN);
            }
            bit += 1;
        }
    }

    /// `%pGp`, `%pGv`, `%pGg`: flags behind a pointer, by name.
    pub(super) fn flags_string(&mut self, suffix: &[u8], addr: u64, spec: Spec) {
        match at(suffix, 1) {
            b'g' => {
                if let Some(bytes) = self.fetch::<4>(addr, spec, b'G') {
                    self.flag_names(u64::from(u32::from_le_bytes(bytes)), &GFP_FLAGS);
                }
            }
            letter @ (b'v' | b'p') => {
                if let Some(bytes) = self.fetch::<8>(addr, spec, b'G') {
                    let names: &[(u64, &str)] = if letter == b'v' { &VMA_FLAGS } else { &[] };
                    self.flag_names(u64::from_le_bytes(bytes), names);
                }
            }
            _ => {
                if self.check_pointer(addr, spec) {
                    self.error_string(b"(%pG?)", spec);
                }
            }
        }
    }

    fn flag_names(&mut self, mut flags: u64, names: &[(u64, &str)]) {
        for &(mask, name) in names {
            if flags & mask != mask || flags == 0 {
                continue;
            }
            self.out.bytes(name.as_bytes());
            flags &= !mask;
            if flags != 0 {
                self.out.byte(b'|');
            }
        }
        if flags != 0 {
            self.out.number(flags, FLAG_SPEC);
        }
    }
}
