//! Everything that can be wrong with a module file.
//!
//! A [`LoadError`] is data: a [`LoadFault`] (closed enum), the place in the file, and the name the module gave itself if
//! that was known by then. It knows the facts about Linux 6.1 (what is printed, which errno comes back, whether Linux
//! looks at all); the wording for kloom's own reports is made elsewhere.

use std::fmt;

use crate::raw::elf_machine_name;
use crate::reloc::elf_name;

const ENOEXEC: i32 = 8;
const ENOMEM: i32 = 12;
const EINVAL: i32 = 22;
const EFBIG: i32 = 27;

/// A file that is not a loadable module, and where it is not.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct LoadError {
    /// What is wrong.
    pub fault: LoadFault,
    /// Where in the file.
    pub place: Place,
    /// The `name` of `.modinfo`, if it had been read when the fault was found.
    pub module: Option<Box<str>>,
}

/// A place in the file.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Place {
    /// Byte offset of the offending field or table.
    pub offset: u64,
    /// ELF number and name of the section concerned, if it is about one.
    pub section: Option<(u32, Box<str>)>,
}

/// What Linux 6.1 does with such a file.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum LinuxAnswer {
    /// Refuses it with [`LoadError::errno`] and prints [`LoadError::dmesg`].
    Refuses,
    /// Does not check this: it reads or writes past the end of something.
    Unchecked,
    /// Loads it; the limit is kloom's own.
    Accepts,
}

/// What a file that is not ELF looks like.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Looks {
    /// Compressed by gzip (`.ko.gz`).
    Gzip,
    /// Compressed by xz (`.ko.xz`).
    Xz,
    /// Compressed by zstd (`.ko.zst`).
    Zstd,
    /// An archive of objects (`.a`).
    Archive,
    /// LLVM bitcode, from a link-time optimised build.
    Bitcode,
    /// Nothing but zero bytes, as a crash leaves them.
    Zeros,
    /// Text, perhaps the source.
    Text,
    /// Starts as ELF does (only in [`LoadFault::TooShort`]).
    Elf,
    /// Anything else.
    Unknown,
}

/// What is wrong. Closed: a new variant needs its Linux answer below.
#[derive(Debug, Clone, PartialEq, Eq)]
#[expect(missing_docs, reason = "the fields are ELF's own and named like it")]
pub enum LoadFault {
    /// No bytes at all.
    Empty,
    /// More than [`crate::MAX_FILE`] bytes.
    FileTooLarge { len: u64, limit: u64 },
    /// Fewer bytes than an ELF header.
    TooShort { len: u64, looks: Looks },
    /// The magic number is missing.
    NotElf { looks: Looks },
    /// Not a relocatable object, or not little-endian: `e_type` is the field read as little-endian.
    WrongType { e_type: u16, big_endian: bool, class32: bool },
    /// Not for x86-64.
    WrongMachine { e_machine: u16, class32: bool },
    /// 32-bit or big-endian by its identification, although the rest fits.
    WrongIdent { class: u8, data: u8 },
    /// `e_shentsize` is not 64.
    SectionHeaderSize { found: u16 },
    /// The section header table does not fit in the file.
    SectionHeadersOutside { e_shoff: u64, e_shnum: u16 },
    /// `e_shstrndx` is no section.
    NameTableIndex { e_shstrndx: u16, e_shnum: u16 },
    /// The table of section names does not fit in the file.
    NameTableOutside { sh_type: u32 },
    /// The table of section names is empty.
    NameTableEmpty,
    /// The table of section names lacks its last NUL.
    NameTableUnterminated,
    /// Section 0 is in use.
    SectionZero { sh_type: u32 },
    /// The symbol table names no string table.
    SymtabLink { sh_link: u32, e_shnum: u16 },
    /// A section does not fit in the file, or offset and size overflow.
    SectionOutside { section: u32, sh_type: u32, sh_offset: u64, sh_size: u64 },
    /// The name of a loaded section is outside of the table of names.
    SectionName { section: u32, sh_type: u32 },
    /// No symbol table.
    NoSymbols,
    /// No `.gnu.linkonce.this_module`: not built as a module.
    NoThisModule,
    /// `.gnu.linkonce.this_module` has no bytes.
    ThisModuleEmpty,
    /// The string table of the symbols is empty or lacks its last NUL.
    StringTableUnterminated,
    /// A symbol's name is outside of the string table.
    SymbolName { symbol: u32, st_name: u32 },
    /// A symbol's section does not exist.
    SymbolSection { symbol: u32, st_shndx: u16 },
    /// `SHT_REL` relocations, which x86-64 does not use.
    RelUnsupported,
    /// A relocation type that the module loader does not know.
    UnknownRelocation { r_type: u32 },
    /// A relocation's symbol does not exist.
    RelocationSymbol { symbol: u32, count: u32 },
    /// A relocation patches bytes outside of its section.
    RelocationOffset { r_offset: u64, width: u8, sh_size: u64 },
    /// A relocation of a loaded section needs the address of one that is not loaded.
    RelocationToUnloaded { symbol: u32 },
    /// An alignment that is no power of two or exceeds [`crate::MAX_ALIGN`].
    Alignment { align: u64, limit: u64 },
    /// The loaded sections exceed [`crate::MAX_IMAGE`].
    ImageTooLarge { size: u64, limit: u64 },
    /// More symbols than [`crate::MAX_SYMBOLS`].
    TooManySymbols { count: u64, limit: u64 },
    /// More relocations than [`crate::MAX_RELOCATIONS`].
    TooManyRelocations { count: u64, limit: u64 },
}

/// One line of the kernel log.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct DmesgLine {
    /// The log level: 3 is `KERN_ERR`, 4 is `KERN_WARNING`.
    pub level: u8,
    /// The text without the newline.
    pub text: String,
}

impl DmesgLine {
    pub(crate) fn err(text: impl Into<String>) -> DmesgLine {
        DmesgLine { level: 3, text: text.into() }
    }

    pub(crate) fn warn(text: impl Into<String>) -> DmesgLine {
        DmesgLine { level: 4, text: text.into() }
    }
}

impl LoadError {
    /// Returns the errno that `insmod` gets, as a positive number.
    pub fn errno(&self) -> i32 {
        match self.fault {
            // Linux 6.1 fs/kernel_read_file.c, before the module loader sees a byte.
            LoadFault::Empty => EINVAL,
            LoadFault::FileTooLarge { .. } => EFBIG,
            LoadFault::ImageTooLarge { .. }
            | LoadFault::TooManySymbols { .. }
            | LoadFault::TooManyRelocations { .. } => ENOMEM,
            _ => ENOEXEC,
        }
    }

    /// Says what Linux 6.1 does with such a file.
    pub fn linux(&self) -> LinuxAnswer {
        match self.fault {
            LoadFault::FileTooLarge { .. }
            | LoadFault::WrongIdent { .. }
            | LoadFault::Alignment { .. }
            | LoadFault::ImageTooLarge { .. }
            | LoadFault::TooManySymbols { .. }
            | LoadFault::TooManyRelocations { .. } => LinuxAnswer::Accepts,
            LoadFault::ThisModuleEmpty
            | LoadFault::StringTableUnterminated
            | LoadFault::SymbolName { .. }
            | LoadFault::SymbolSection { .. }
            | LoadFault::RelocationSymbol { .. }
            | LoadFault::RelocationOffset { .. }
            | LoadFault::RelocationToUnloaded { .. } => LinuxAnswer::Unchecked,
            _ => LinuxAnswer::Refuses,
        }
    }

    /// Returns what Linux 6.1 prints. Empty if it prints nothing ([`LoadFault::Empty`]) or does not refuse.
    pub fn dmesg(&self) -> Vec<DmesgLine> {
        let name = self.module.as_deref().unwrap_or("(missing .modinfo section or name field)");
        let line = match &self.fault {
            LoadFault::TooShort { len, .. } => DmesgLine::err(format!("Invalid ELF header len {len}")),
            LoadFault::NotElf { .. } => DmesgLine::err("Invalid ELF header magic: != \x7fELF"),
            LoadFault::WrongType { e_type, .. } => DmesgLine::err(format!("Invalid ELF header type: {e_type} != 1")),
            LoadFault::WrongMachine { e_machine, .. } => {
                DmesgLine::err(format!("Invalid architecture in ELF header: {e_machine}"))
            }
            LoadFault::SectionHeaderSize { .. } => DmesgLine::err("Invalid ELF section header size"),
            LoadFault::SectionHeadersOutside { .. } => DmesgLine::err("Invalid ELF section header overflow"),
            LoadFault::NameTableIndex { e_shstrndx: index, e_shnum } => DmesgLine::err(format!(
                "Invalid ELF section name index: {index} || e_shstrndx ({index}) >= e_shnum ({e_shnum})"
            )),
            LoadFault::NameTableOutside { sh_type } => {
                DmesgLine::err(format!("Invalid ELF section hdr(type {sh_type})"))
            }
            LoadFault::NameTableEmpty => DmesgLine::err("empty section name table"),
            LoadFault::NameTableUnterminated => {
                DmesgLine::err("ELF Spec violation: section name table isn't null terminated")
            }
            LoadFault::SectionZero { sh_type } => DmesgLine::err(format!(
                "ELF Spec violation: section 0 type({})!=SH_NULL or non-zero len or addr",
                sh_type.cast_signed()
            )),
            LoadFault::SymtabLink { sh_link, e_shnum } => {
                let link = sh_link.cast_signed();
                DmesgLine::err(format!(
                    "Invalid ELF sh_link!=SHN_UNDEF({link}) or (sh_link({link}) >= hdr->e_shnum({e_shnum})"
                ))
            }
            LoadFault::SectionOutside { section, sh_type, .. } => {
                DmesgLine::err(format!("Invalid ELF section in module (section {section} type {sh_type})"))
            }
            LoadFault::SectionName { section, sh_type } => {
                DmesgLine::err(format!("Invalid ELF section name in module (section {section} type {sh_type})"))
            }
            LoadFault::NoSymbols => DmesgLine::warn(format!("{name}: module has no symbols (stripped?)")),
            LoadFault::NoThisModule => DmesgLine::warn(format!("{name}: No module found in object")),
            LoadFault::RelUnsupported => DmesgLine::err(format!("module {name}: REL relocation unsupported")),
            LoadFault::UnknownRelocation { r_type } => {
                DmesgLine::err(format!("module: {name}: Unknown rela relocation: {r_type}"))
            }
            _ => return Vec::new(),
        };
        vec![line]
    }

    /// Returns the stable name of the fault, such as `not-elf`.
    pub fn code(&self) -> &'static str {
        match self.fault {
            LoadFault::Empty => "empty",
            LoadFault::FileTooLarge { .. } => "file-too-large",
            LoadFault::TooShort { .. } => "too-short",
            LoadFault::NotElf { .. } => "not-elf",
            LoadFault::WrongType { .. } => "wrong-type",
            LoadFault::WrongMachine { .. } => "wrong-machine",
            LoadFault::WrongIdent { .. } => "wrong-ident",
            LoadFault::SectionHeaderSize { .. } => "section-header-size",
            LoadFault::SectionHeadersOutside { .. } => "section-headers-outside",
            LoadFault::NameTableIndex { .. } => "name-table-index",
            LoadFault::NameTableOutside { .. } => "name-table-outside",
            LoadFault::NameTableEmpty => "name-table-empty",
            LoadFault::NameTableUnterminated => "name-table-unterminated",
            LoadFault::SectionZero { .. } => "section-zero",
            LoadFault::SymtabLink { .. } => "symtab-link",
            LoadFault::SectionOutside { .. } => "section-outside",
            LoadFault::SectionName { .. } => "section-name",
            LoadFault::NoSymbols => "no-symbols",
            LoadFault::NoThisModule => "no-this-module",
            LoadFault::ThisModuleEmpty => "this-module-empty",
            LoadFault::StringTableUnterminated => "string-table-unterminated",
            LoadFault::SymbolName { .. } => "symbol-name",
            LoadFault::SymbolSection { .. } => "symbol-section",
            LoadFault::RelUnsupported => "rel-unsupported",
            LoadFault::UnknownRelocation { .. } => "unknown-relocation",
            LoadFault::RelocationSymbol { .. } => "relocation-symbol",
            LoadFault::RelocationOffset { .. } => "relocation-offset",
            LoadFault::RelocationToUnloaded { .. } => "relocation-to-unloaded",
            LoadFault::Alignment { .. } => "alignment",
            LoadFault::ImageTooLarge { .. } => "image-too-large",
            LoadFault::TooManySymbols { .. } => "too-many-symbols",
            LoadFault::TooManyRelocations { .. } => "too-many-relocations",
        }
    }

    /// Returns ELF's name for the number that the fault is about, if there is one: the machine (`aarch64`) or the
    /// relocation type (`R_X86_64_GOTPCREL`).
    pub fn elf_name(&self) -> Option<&'static str> {
        match self.fault {
            LoadFault::WrongMachine { e_machine, .. } => elf_machine_name(e_machine),
            LoadFault::UnknownRelocation { r_type } => elf_name(r_type),
            _ => None,
        }
    }
}

impl fmt::Display for LoadError {
    /// Writes code, numbers and place on one line, for logs and goldens.
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} at {:#x}", self.fault, self.place.offset)?;
        if let Some((index, name)) = &self.place.section {
            write!(f, " in section {index} `{name}`")?;
        }
        Ok(())
    }
}

impl std::error::Error for LoadError {}
