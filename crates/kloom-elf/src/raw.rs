//! The ELF file as it stands: header, section headers, names. First stage of [`crate::parse`].
//!
//! The checks and their order are those of Linux 6.1 `elf_validity_check`, so that a file with several faults is
//! refused for the same one.

use std::ops::Range;

use object::LittleEndian as Le;
use object::elf;
use object::pod;

use crate::MAX_FILE;
use crate::error::{LoadError, LoadFault, Looks, Place};

pub(crate) type Ehdr = elf::FileHeader64<Le>;
pub(crate) type Shdr = elf::SectionHeader64<Le>;
pub(crate) type Sym = elf::Sym64<Le>;
pub(crate) type Rela = elf::Rela64<Le>;

/// A file whose header and section table were checked. Every section with bytes is inside of the file.
pub(crate) struct Raw<'a> {
    pub(crate) bytes: &'a [u8],
    pub(crate) sections: &'a [Shdr],
    names: &'a [u8],
    shoff: u64,
}

impl<'a> Raw<'a> {
    pub(crate) fn parse(bytes: &'a [u8]) -> Result<Raw<'a>, LoadError> {
        let header = check_header(bytes)?;
        let shnum = header.e_shnum.get(Le);
        let shoff = header.e_shoff.get(Le);
        let outside = at(LoadFault::SectionHeadersOutside { e_shoff: shoff, e_shnum: shnum }, 0x28);
        // Linux wants an offset below the length even if there are no sections at all.
        let table = usize::try_from(shoff).ok().filter(|at| *at < bytes.len());
        let sections = table
            .and_then(|at| bytes.get(at..))
            .and_then(|rest| pod::slice_from_bytes::<Shdr>(rest, shnum.into()).ok())
            .map(|(sections, _)| sections)
            .ok_or(outside)?;
        let names = check_names(bytes, header, sections)?;
        let raw = Raw { bytes, sections, names, shoff };
        raw.check_sections()?;
        Ok(raw)
    }

    fn check_sections(&self) -> Result<(), LoadError> {
        let zero = &self.sections[0];
        if zero.sh_type.get(Le) != elf::SHT_NULL || zero.sh_size.get(Le) != 0 || zero.sh_addr.get(Le) != 0 {
            return Err(at(LoadFault::SectionZero { sh_type: zero.sh_type.get(Le).0 }, self.shoff));
        }
        let count = self.count();
        for index in 1..self.sections.len() {
            let section = &self.sections[index];
            let sh_type = section.sh_type.get(Le);
            if sh_type == elf::SHT_NULL || sh_type == elf::SHT_NOBITS {
                continue;
            }
            let sh_link = section.sh_link.get(Le);
            if sh_type == elf::SHT_SYMTAB && (sh_link == 0 || sh_link >= u32::from(count)) {
                return Err(self.at_section(LoadFault::SymtabLink { sh_link, e_shnum: count }, index, 0x28));
            }
            if file_range(self.bytes, section).is_none() {
                let fault = LoadFault::SectionOutside {
                    section: number(index),
                    sh_type: sh_type.0,
                    sh_offset: section.sh_offset.get(Le),
                    sh_size: section.sh_size.get(Le),
                };
                return Err(self.at_section(fault, index, 0x18));
            }
            if self.is_alloc(index) && self.name_bytes(index).is_none() {
                let fault = LoadFault::SectionName { section: number(index), sh_type: sh_type.0 };
                return Err(self.at_section(fault, index, 0));
            }
        }
        Ok(())
    }

    /// Returns the number of sections, which the header keeps in 16 bits.
    pub(crate) fn count(&self) -> u16 {
        u16::try_from(self.sections.len()).unwrap_or(u16::MAX)
    }

    pub(crate) fn is_alloc(&self, index: usize) -> bool {
        self.sections[index].sh_flags.get(Le).0 & elf::SHF_ALLOC.0 != 0
    }

    fn name_bytes(&self, index: usize) -> Option<&'a [u8]> {
        let start = usize::try_from(self.sections[index].sh_name.get(Le)).ok()?;
        cstr(self.names, start)
    }

    /// Returns the name of a section, or nothing for one whose name is outside of the table (it is not loaded then).
    pub(crate) fn name(&self, index: usize) -> Box<str> {
        String::from_utf8_lossy(self.name_bytes(index).unwrap_or_default()).into()
    }

    pub(crate) fn name_is(&self, index: usize, name: &str) -> bool {
        self.name_bytes(index) == Some(name.as_bytes())
    }

    /// Returns the bytes of a section in the file: none for a zeroed one.
    pub(crate) fn range(&self, index: usize) -> Range<usize> {
        let section = &self.sections[index];
        let nobits = matches!(section.sh_type.get(Le), elf::SHT_NULL | elf::SHT_NOBITS);
        if nobits { 0..0 } else { file_range(self.bytes, section).unwrap_or(0..0) }
    }

    pub(crate) fn data(&self, index: usize) -> &'a [u8] {
        &self.bytes[self.range(index)]
    }

    /// Makes an error that lies `field` bytes into the header of section `index`.
    pub(crate) fn at_section(&self, fault: LoadFault, index: usize, field: u64) -> LoadError {
        let header = (index as u64).saturating_mul(size_of::<Shdr>() as u64);
        let offset = self.shoff.saturating_add(header).saturating_add(field);
        self.in_section(fault, index, offset)
    }

    /// Makes an error that lies at `offset` of the file and concerns section `index`.
    pub(crate) fn in_section(&self, fault: LoadFault, index: usize, offset: u64) -> LoadError {
        let place = Place { offset, section: Some((number(index), self.name(index))) };
        LoadError { fault, place, module: None }
    }
}

/// Makes an error at `offset` of the file.
pub(crate) fn at(fault: LoadFault, offset: u64) -> LoadError {
    LoadError { fault, place: Place { offset, section: None }, module: None }
}

/// Returns the string that starts at `start` of a table, without its NUL.
pub(crate) fn cstr(table: &[u8], start: usize) -> Option<&[u8]> {
    let rest = table.get(start..).filter(|rest| !rest.is_empty())?;
    let end = rest.iter().position(|byte| *byte == 0).unwrap_or(rest.len());
    Some(&rest[..end])
}

/// Section and symbol numbers come from 16- and 32-bit fields.
pub(crate) fn number(index: usize) -> u32 {
    u32::try_from(index).unwrap_or(u32::MAX)
}

fn file_range(bytes: &[u8], section: &Shdr) -> Option<Range<usize>> {
    let start = section.sh_offset.get(Le);
    let end = start.checked_add(section.sh_size.get(Le))?;
    let range = usize::try_from(start).ok()?..usize::try_from(end).ok()?;
    bytes.get(range.clone()).map(|_| range)
}

fn check_header(bytes: &[u8]) -> Result<&Ehdr, LoadError> {
    let len = bytes.len() as u64;
    if bytes.is_empty() {
        return Err(at(LoadFault::Empty, 0));
    }
    if bytes.len() > MAX_FILE {
        return Err(at(LoadFault::FileTooLarge { len, limit: MAX_FILE as u64 }, MAX_FILE as u64));
    }
    let Ok((header, _)) = pod::from_bytes::<Ehdr>(bytes) else {
        return Err(at(LoadFault::TooShort { len, looks: looks(bytes) }, len));
    };
    if header.e_ident.magic != elf::ELFMAG {
        return Err(at(LoadFault::NotElf { looks: looks(bytes) }, 0));
    }
    let ident = header.e_ident;
    let class32 = ident.class == elf::ELFCLASS32;
    let big_endian = ident.data == elf::ELFDATA2MSB;
    let e_type = header.e_type.get(Le);
    if e_type != elf::ET_REL {
        return Err(at(LoadFault::WrongType { e_type: e_type.0, big_endian, class32 }, 0x10));
    }
    let e_machine = header.e_machine.get(Le);
    if e_machine != elf::EM_X86_64 {
        return Err(at(LoadFault::WrongMachine { e_machine: e_machine.0, class32 }, 0x12));
    }
    let found = header.e_shentsize.get(Le);
    if usize::from(found) != size_of::<Shdr>() {
        return Err(at(LoadFault::SectionHeaderSize { found }, 0x3a));
    }
    if ident.class != elf::ELFCLASS64 || ident.data != elf::ELFDATA2LSB {
        return Err(at(LoadFault::WrongIdent { class: ident.class.0, data: ident.data.0 }, 4));
    }
    Ok(header)
}

fn check_names<'a>(bytes: &'a [u8], header: &Ehdr, sections: &[Shdr]) -> Result<&'a [u8], LoadError> {
    let e_shstrndx = header.e_shstrndx.get(Le).0;
    let e_shnum = header.e_shnum.get(Le);
    if e_shstrndx == 0 || e_shstrndx >= e_shnum {
        return Err(at(LoadFault::NameTableIndex { e_shstrndx, e_shnum }, 0x3e));
    }
    let section = &sections[usize::from(e_shstrndx)];
    let table = header.e_shoff.get(Le) + u64::from(e_shstrndx) * size_of::<Shdr>() as u64;
    let outside = LoadFault::NameTableOutside { sh_type: section.sh_type.get(Le).0 };
    let range = file_range(bytes, section).ok_or_else(|| at(outside, table + 0x18))?;
    let names = &bytes[range.clone()];
    match names.last() {
        None => Err(at(LoadFault::NameTableEmpty, table + 0x20)),
        Some(0) => Ok(names),
        Some(_) => Err(at(LoadFault::NameTableUnterminated, range.end as u64 - 1)),
    }
}

/// Guesses what a file is by how it starts.
fn looks(bytes: &[u8]) -> Looks {
    const MAGIC: [(&[u8], Looks); 7] = [
        (&elf::ELFMAG, Looks::Elf),
        (&[0x1f, 0x8b], Looks::Gzip),
        (b"\xfd7zXZ\0", Looks::Xz),
        (&[0x28, 0xb5, 0x2f, 0xfd], Looks::Zstd),
        (b"!<arch>\n", Looks::Archive),
        (b"BC\xc0\xde", Looks::Bitcode),
        (&[0xde, 0xc0, 0x17, 0x0b], Looks::Bitcode),
    ];
    if let Some((_, looks)) = MAGIC.iter().find(|(magic, _)| bytes.starts_with(magic)) {
        return *looks;
    }
    let start = &bytes[..bytes.len().min(512)];
    let printable = |byte: &u8| matches!(byte, b'\t' | b'\n' | b'\r' | 0x20..=0x7e | 0x80..);
    if start.iter().all(|byte| *byte == 0) {
        Looks::Zeros
    } else if start.iter().all(printable) {
        Looks::Text
    } else {
        Looks::Unknown
    }
}

/// Returns the usual name of the machines that people build modules for.
pub(crate) fn elf_machine_name(e_machine: u16) -> Option<&'static str> {
    Some(match e_machine {
        3 => "i386",
        8 => "mips",
        20 => "powerpc",
        21 => "powerpc64",
        22 => "s390x",
        40 => "arm",
        62 => "x86-64",
        183 => "aarch64",
        243 => "riscv",
        258 => "loongarch",
        _ => return None,
    })
}
