//! Relocations: which bytes to write where ([`Relocation`]) and how they are computed ([`Relocation::encode`]).
//!
//! The kinds are those of Linux 6.1 `arch/x86/kernel/module.c`; any other type makes Linux, and so [`crate::parse`],
//! refuse the module. kloom is stricter in one point: Linux cuts a 32-bit relative value that does not fit, here it is
//! an error, too.

use std::fmt;

use crate::error::DmesgLine;
use crate::section::SectionId;
use crate::symbol::SymbolId;

/// How the value of a relocation is computed from symbol `S`, addend `A` and place `P`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum RelocKind {
    /// `R_X86_64_64`: S + A, 8 bytes.
    Abs64,
    /// `R_X86_64_PC64`: S + A - P, 8 bytes.
    Pc64,
    /// `R_X86_64_32`: S + A, 4 bytes, zero-extended by the processor.
    Abs32,
    /// `R_X86_64_32S`: S + A, 4 bytes, sign-extended by the processor.
    Abs32S,
    /// `R_X86_64_PC32`: S + A - P, 4 bytes.
    Pc32,
    /// `R_X86_64_PLT32`: as [`RelocKind::Pc32`], since there is no procedure linkage table.
    Plt32,
}

impl RelocKind {
    /// Decodes an ELF relocation type; `None` if Linux 6.1 does not know it in modules.
    pub fn from_elf(r_type: u32) -> Option<RelocKind> {
        Some(match r_type {
            1 => RelocKind::Abs64,
            2 => RelocKind::Pc32,
            4 => RelocKind::Plt32,
            10 => RelocKind::Abs32,
            11 => RelocKind::Abs32S,
            24 => RelocKind::Pc64,
            _ => return None,
        })
    }

    /// Returns the ELF relocation type.
    pub fn to_elf(self) -> u32 {
        match self {
            RelocKind::Abs64 => 1,
            RelocKind::Pc32 => 2,
            RelocKind::Plt32 => 4,
            RelocKind::Abs32 => 10,
            RelocKind::Abs32S => 11,
            RelocKind::Pc64 => 24,
        }
    }

    /// Returns how many bytes are written.
    pub fn width(self) -> usize {
        match self {
            RelocKind::Abs64 | RelocKind::Pc64 => 8,
            RelocKind::Abs32 | RelocKind::Abs32S | RelocKind::Pc32 | RelocKind::Plt32 => 4,
        }
    }

    /// Returns the ELF name, such as `R_X86_64_PC32`.
    pub fn name(self) -> &'static str {
        elf_name(self.to_elf()).unwrap_or("R_X86_64_?")
    }
}

/// Returns the name of any x86-64 relocation type that compilers emit, for messages about unsupported ones.
pub(crate) fn elf_name(r_type: u32) -> Option<&'static str> {
    Some(match r_type {
        0 => "R_X86_64_NONE",
        1 => "R_X86_64_64",
        2 => "R_X86_64_PC32",
        3 => "R_X86_64_GOT32",
        4 => "R_X86_64_PLT32",
        5 => "R_X86_64_COPY",
        6 => "R_X86_64_GLOB_DAT",
        7 => "R_X86_64_JUMP_SLOT",
        8 => "R_X86_64_RELATIVE",
        9 => "R_X86_64_GOTPCREL",
        10 => "R_X86_64_32",
        11 => "R_X86_64_32S",
        12 => "R_X86_64_16",
        13 => "R_X86_64_PC16",
        14 => "R_X86_64_8",
        15 => "R_X86_64_PC8",
        16 => "R_X86_64_DTPMOD64",
        17 => "R_X86_64_DTPOFF64",
        18 => "R_X86_64_TPOFF64",
        19 => "R_X86_64_TLSGD",
        20 => "R_X86_64_TLSLD",
        21 => "R_X86_64_DTPOFF32",
        22 => "R_X86_64_GOTTPOFF",
        23 => "R_X86_64_TPOFF32",
        24 => "R_X86_64_PC64",
        25 => "R_X86_64_GOTOFF64",
        26 => "R_X86_64_GOTPC32",
        32 => "R_X86_64_SIZE32",
        33 => "R_X86_64_SIZE64",
        37 => "R_X86_64_IRELATIVE",
        41 => "R_X86_64_GOTPCRELX",
        42 => "R_X86_64_REX_GOTPCRELX",
        _ => return None,
    })
}

/// One patch to a loaded section. `offset + kind.width()` is inside the section: [`crate::parse`] saw to it.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Relocation {
    /// The section to patch.
    pub section: SectionId,
    /// Where in it, in bytes.
    pub offset: u64,
    /// How.
    pub kind: RelocKind,
    /// The symbol whose address is `S`. Symbol 0 stands for address 0.
    pub symbol: SymbolId,
    /// The constant `A`.
    pub addend: i64,
}

impl Relocation {
    /// Computes the bytes to write for symbol address `s`, addend `a` and place `p` (the address patched).
    ///
    /// # Errors
    /// [`RelocError::Overflow`] if the value does not fit.
    pub fn encode(kind: RelocKind, s: u64, a: i64, p: u64) -> Result<Patch, RelocError> {
        let absolute = s.wrapping_add_signed(a);
        let value = match kind {
            RelocKind::Pc64 | RelocKind::Pc32 | RelocKind::Plt32 => absolute.wrapping_sub(p),
            RelocKind::Abs64 | RelocKind::Abs32 | RelocKind::Abs32S => absolute,
        };
        let fits = match kind {
            RelocKind::Abs64 | RelocKind::Pc64 => true,
            RelocKind::Abs32 => u32::try_from(value).is_ok(),
            RelocKind::Abs32S | RelocKind::Pc32 | RelocKind::Plt32 => i32::try_from(value.cast_signed()).is_ok(),
        };
        if !fits {
            return Err(RelocError::Overflow { kind, value });
        }
        Ok(Patch { bytes: value.to_le_bytes(), width: kind.width() })
    }

    /// Computes the bytes to write over `existing`, the current content of the patched place.
    ///
    /// # Errors
    /// [`RelocError::TargetNonzero`] if `existing` is not all zero, as x86-64 keeps addends outside the code;
    /// [`RelocError::Overflow`] as [`Relocation::encode`]. Linux tests in the other order: overflow comes first.
    pub fn patch(&self, existing: &[u8], s: u64, p: u64) -> Result<Patch, RelocError> {
        let patch = Relocation::encode(self.kind, s, self.addend, p)?;
        if existing.iter().any(|byte| *byte != 0) {
            let value = u64::from_le_bytes(patch.bytes);
            return Err(RelocError::TargetNonzero { kind: self.kind, value });
        }
        Ok(patch)
    }
}

/// Bytes to write.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Patch {
    bytes: [u8; 8],
    width: usize,
}

impl Patch {
    /// Returns the bytes: four or eight of them.
    pub fn bytes(&self) -> &[u8] {
        &self.bytes[..self.width]
    }
}

/// Why a relocation cannot be applied. `insmod` gets `ENOEXEC`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum RelocError {
    /// The value has more bits than the place.
    Overflow {
        /// The kind of relocation.
        kind: RelocKind,
        /// The value that does not fit.
        value: u64,
    },
    /// The place is not zero beforehand: the file was relocated already or is damaged.
    TargetNonzero {
        /// The kind of relocation.
        kind: RelocKind,
        /// The value that would have been written.
        value: u64,
    },
}

impl RelocError {
    /// Returns what Linux 6.1 prints, for module `module` and the place `address` (as `%p` shows it to the reader).
    ///
    /// Nothing for a relative value that does not fit: Linux cuts it and goes on.
    pub fn dmesg(&self, module: &str, address: &str) -> Vec<DmesgLine> {
        match *self {
            RelocError::Overflow { kind: RelocKind::Pc32 | RelocKind::Plt32, .. } => Vec::new(),
            RelocError::Overflow { kind, value } => vec![
                DmesgLine::err(format!("module: overflow in relocation type {} val {value:x}", kind.to_elf())),
                DmesgLine::err(format!("module: `{module}' likely not compiled with -mcmodel=kernel")),
            ],
            RelocError::TargetNonzero { kind, value } => vec![DmesgLine::err(format!(
                "module: x86/modules: Invalid relocation target, existing value is nonzero for type {}, loc {address}, \
                 val {value:x}",
                kind.to_elf()
            ))],
        }
    }
}

impl fmt::Display for RelocError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let (what, kind, value) = match self {
            RelocError::Overflow { kind, value } => ("reloc-overflow", kind, value),
            RelocError::TargetNonzero { kind, value } => ("reloc-target-nonzero", kind, value),
        };
        write!(f, "{what} {} value={value:#x}", kind.name())
    }
}

impl std::error::Error for RelocError {}

#[cfg(test)]
mod tests {
    use super::{RelocError, RelocKind, Relocation};
    use crate::section::SectionId;
    use crate::symbol::SymbolId;

    const KINDS: [RelocKind; 6] =
        [RelocKind::Abs64, RelocKind::Pc64, RelocKind::Abs32, RelocKind::Abs32S, RelocKind::Pc32, RelocKind::Plt32];

    #[track_caller]
    fn check(kind: RelocKind, s: u64, a: i64, p: u64, want: Option<&[u8]>) {
        let got = Relocation::encode(kind, s, a, p);
        match (got, want) {
            (Ok(patch), Some(bytes)) => assert_eq!(patch.bytes(), bytes),
            (Err(RelocError::Overflow { .. }), None) => {}
            (got, want) => panic!("{kind:?} {s:#x} {a} {p:#x}: {got:?}, expected {want:?}"),
        }
    }

    #[test]
    fn elf_types_round_trip() {
        for kind in KINDS {
            assert_eq!(RelocKind::from_elf(kind.to_elf()), Some(kind));
            assert!(kind.name().starts_with("R_X86_64_"), "{kind:?}");
        }
        assert_eq!(RelocKind::from_elf(0), None);
        assert_eq!(RelocKind::from_elf(9), None, "GOTPCREL is for user space");
    }

    #[test]
    fn limits_of_each_kind() {
        use RelocKind::{Abs32, Abs32S, Abs64, Pc32, Pc64, Plt32};
        check(Abs64, u64::MAX, 1, 5, Some(&[0; 8]));
        check(Abs64, 0x1122_3344_5566_7788, -8, 0, Some(&[0x80, 0x77, 0x66, 0x55, 0x44, 0x33, 0x22, 0x11]));
        check(Pc64, 0, 0, 1, Some(&[0xff; 8]));
        check(Abs32, 0xffff_ffff, 0, 9, Some(&[0xff; 4]));
        check(Abs32, 0xffff_ffff, 1, 9, None);
        check(Abs32, 0, -1, 9, None);
        check(Abs32S, 0x7fff_ffff, 0, 9, Some(&[0xff, 0xff, 0xff, 0x7f]));
        check(Abs32S, 0x8000_0000, 0, 9, None);
        check(Abs32S, 0xffff_ffff_8000_0000, 0, 9, Some(&[0, 0, 0, 0x80]));
        check(Abs32S, 0xffff_ffff_8000_0000, -1, 9, None);
        for kind in [Pc32, Plt32] {
            check(kind, 0x1000, -4, 0x2000, Some(&[0xfc, 0xef, 0xff, 0xff]));
            check(kind, 0x8000_0000, -1, 0, Some(&[0xff, 0xff, 0xff, 0x7f]));
            check(kind, 0x8000_0000, 0, 0, None);
            check(kind, 0, 0, 0x8000_0000, Some(&[0, 0, 0, 0x80]));
            check(kind, 0, -1, 0x8000_0000, None);
        }
    }

    #[test]
    fn nonzero_target_is_refused_and_worded_as_linux_does() {
        let reloc =
            Relocation { section: SectionId(0), offset: 0, kind: RelocKind::Abs32S, symbol: SymbolId(1), addend: 2 };
        assert_eq!(reloc.patch(&[0; 4], 0x10, 0).unwrap().bytes(), [0x12, 0, 0, 0]);
        let error = reloc.patch(&[0, 0, 1, 0], 0x10, 0).unwrap_err();
        assert_eq!(
            error.dmesg("m", "00000000deadbeef")[0].text,
            "module: x86/modules: Invalid relocation target, existing value is nonzero for type 11, \
             loc 00000000deadbeef, val 12"
        );
        let error = reloc.patch(&[0, 0, 1, 0], 1 << 40, 0).unwrap_err();
        let lines = error.dmesg("m", "");
        assert_eq!(lines[0].text, "module: overflow in relocation type 11 val 10000000002");
        assert_eq!(lines[1].text, "module: `m' likely not compiled with -mcmodel=kernel");
    }
}
