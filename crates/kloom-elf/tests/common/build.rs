//! A small ELF writer, to make modules that no compiler would.

/// A module under construction: sections, symbols, relocations.
#[derive(Clone)]
pub(crate) struct Builder {
    sections: Vec<(String, Header, Vec<u8>)>,
    symbols: Vec<u8>,
    strings: Vec<u8>,
}

/// The fields of a section header that matter.
#[derive(Clone, Copy, Default)]
pub(crate) struct Header {
    pub(crate) kind: u32,
    pub(crate) flags: u64,
    pub(crate) size: u64,
    pub(crate) link: u32,
    pub(crate) info: u32,
    pub(crate) align: u64,
}

pub(crate) const PROGBITS: u32 = 1;
pub(crate) const RELA: u32 = 4;
pub(crate) const NOBITS: u32 = 8;
pub(crate) const WRITE: u64 = 1;
pub(crate) const ALLOC: u64 = 2;
pub(crate) const EXEC: u64 = 4;
/// The section number of the symbol table that every module here has.
pub(crate) const SYMTAB: u32 = 1;

impl Builder {
    /// A module with `.gnu.linkonce.this_module` (section 3) and a name.
    pub(crate) fn new() -> Builder {
        let mut builder = Builder { sections: Vec::new(), symbols: vec![0; 24], strings: vec![0] };
        builder.section("", Header::default(), &[]);
        builder.section(".symtab", Header { kind: 2, link: 2, info: 1, align: 8, ..Header::default() }, &[]);
        builder.section(".strtab", Header { kind: 3, align: 1, ..Header::default() }, &[]);
        builder.progbits(".gnu.linkonce.this_module", WRITE, &[0; 256]);
        builder.progbits(".modinfo", 0, b"name=built\0license=GPL\0");
        builder
    }

    pub(crate) fn section(&mut self, name: &str, header: Header, data: &[u8]) -> u32 {
        let size = if header.kind == NOBITS { header.size } else { data.len() as u64 };
        self.sections.push((name.to_owned(), Header { size, ..header }, data.to_vec()));
        u32::try_from(self.sections.len() - 1).unwrap()
    }

    /// Adds a loaded section with bytes.
    pub(crate) fn progbits(&mut self, name: &str, flags: u64, data: &[u8]) -> u32 {
        let header = Header { kind: PROGBITS, flags: ALLOC | flags, align: 16, ..Header::default() };
        self.section(name, header, data)
    }

    /// Adds a symbol and returns its number. `info` is binding (high four bits) and type.
    pub(crate) fn symbol(&mut self, name: &str, info: u8, section: u16, value: u64, size: u64) -> u32 {
        let at = u32::try_from(self.strings.len()).unwrap();
        self.strings.extend_from_slice(name.as_bytes());
        self.strings.push(0);
        self.symbols.extend_from_slice(&at.to_le_bytes());
        self.symbols.extend_from_slice(&[info, 0]);
        self.symbols.extend_from_slice(&section.to_le_bytes());
        self.symbols.extend_from_slice(&value.to_le_bytes());
        self.symbols.extend_from_slice(&size.to_le_bytes());
        u32::try_from(self.symbols.len() / 24 - 1).unwrap()
    }

    /// Adds a relocation table for section `target`: offset, ELF type, symbol, addend.
    pub(crate) fn relocate(&mut self, target: u32, entries: &[(u64, u32, u32, i64)]) -> u32 {
        let mut data = Vec::new();
        for (offset, kind, symbol, addend) in entries {
            data.extend_from_slice(&offset.to_le_bytes());
            data.extend_from_slice(&(u64::from(*symbol) << 32 | u64::from(*kind)).to_le_bytes());
            data.extend_from_slice(&addend.to_le_bytes());
        }
        let header = Header { kind: RELA, link: SYMTAB, info: target, align: 8, ..Header::default() };
        self.section(".rela", header, &data)
    }

    /// Writes the file: header, contents, section headers.
    pub(crate) fn finish(&self) -> Vec<u8> {
        let mut sections = self.sections.clone();
        sections[1].2 = self.symbols.clone();
        sections[2].2 = self.strings.clone();
        sections.push((".shstrtab".to_owned(), Header { kind: 3, align: 1, ..Header::default() }, Vec::new()));
        let mut names = Vec::new();
        let mut name_at = Vec::new();
        for (name, _, _) in &sections {
            name_at.push(u32::try_from(names.len()).unwrap());
            names.extend_from_slice(name.as_bytes());
            names.push(0);
        }
        let last = sections.len() - 1;
        sections[last].2 = names;
        let mut file = vec![0; 64];
        let mut headers = Vec::new();
        for ((_, header, data), name) in sections.iter().zip(name_at) {
            file.resize(file.len().next_multiple_of(16), 0);
            let size = if header.kind == NOBITS { header.size } else { data.len() as u64 };
            headers.extend_from_slice(&name.to_le_bytes());
            headers.extend_from_slice(&header.kind.to_le_bytes());
            let offset = if header.kind == 0 { 0 } else { file.len() as u64 };
            for field in [header.flags, 0, offset, size] {
                headers.extend_from_slice(&field.to_le_bytes());
            }
            headers.extend_from_slice(&header.link.to_le_bytes());
            headers.extend_from_slice(&header.info.to_le_bytes());
            headers.extend_from_slice(&header.align.to_le_bytes());
            headers.extend_from_slice(&0u64.to_le_bytes());
            file.extend_from_slice(data);
        }
        file.resize(file.len().next_multiple_of(16), 0);
        let shoff = file.len() as u64;
        file.extend_from_slice(&headers);
        let count = u16::try_from(sections.len()).unwrap();
        file[..16].copy_from_slice(b"\x7fELF\x02\x01\x01\0\0\0\0\0\0\0\0\0");
        file[16..24].copy_from_slice(&[1, 0, 62, 0, 1, 0, 0, 0]);
        file[0x28..0x30].copy_from_slice(&shoff.to_le_bytes());
        file[0x34..0x36].copy_from_slice(&64u16.to_le_bytes());
        file[0x3a..0x3c].copy_from_slice(&64u16.to_le_bytes());
        file[0x3c..0x3e].copy_from_slice(&count.to_le_bytes());
        file[0x3e..0x40].copy_from_slice(&(count - 1).to_le_bytes());
        file
    }
}
