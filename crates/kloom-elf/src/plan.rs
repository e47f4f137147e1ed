//! From a checked file to a checked plan: sections, symbols, relocations. Second stage of parsing.

use std::sync::Arc;

use object::LittleEndian as Le;
use object::elf;
use object::pod;

use crate::error::{LoadError, LoadFault};
use crate::modinfo::Modinfo;
use crate::module::Module;
use crate::raw::{Raw, Rela, Shdr, Sym, cstr, number};
use crate::reloc::{RelocKind, Relocation};
use crate::section::{Bytes, Section, SectionId, SectionKind, classify};
use crate::symbol::{Symbol, SymbolBinding, SymbolId, SymbolKind, SymbolPlace};
use crate::{MAX_ALIGN, MAX_IMAGE, MAX_RELOCATIONS, MAX_SYMBOLS};

/// Checks the bytes of a `.ko` file and makes the plan to load it. Copies the bytes; see [`parse_shared`].
///
/// # Errors
/// The first fault, in the order in which Linux 6.1 looks.
pub fn parse(bytes: &[u8]) -> Result<Module, LoadError> {
    parse_shared(Arc::from(bytes))
}

/// As [`parse`], without copying: the module keeps a reference to the file.
///
/// # Errors
/// The first fault, in the order in which Linux 6.1 looks.
pub fn parse_shared(file: Arc<[u8]>) -> Result<Module, LoadError> {
    let raw = Raw::parse(&file)?;
    let modinfo_at = find_loaded(&raw, ".modinfo");
    let modinfo = Modinfo::parse(modinfo_at.map_or(&[], |index| raw.data(index)));
    let plan = Planner::new(&raw, &file, modinfo_at).and_then(|planner| planner.finish());
    match plan {
        Ok(plan) => Ok(Module {
            sections: plan.sections,
            symbols: Arc::from(plan.symbols),
            relocations: plan.relocations,
            commons: plan.commons,
            modinfo,
            file,
        }),
        Err(error) => Err(LoadError { module: modinfo.name().map(Box::from), ..error }),
    }
}

struct Planner<'a> {
    raw: &'a Raw<'a>,
    file: &'a Arc<[u8]>,
    symtab: usize,
    /// By ELF section number.
    loaded: Vec<Option<SectionId>>,
    sections: Vec<Section>,
    symbols: Vec<Symbol>,
    relocations: Vec<Relocation>,
    commons: Vec<SymbolId>,
    /// The end of the image if all sections so far stand one after the other.
    image_size: u64,
}

impl<'a> Planner<'a> {
    fn new(raw: &'a Raw<'a>, file: &'a Arc<[u8]>, modinfo_at: Option<usize>) -> Result<Planner<'a>, LoadError> {
        let symtab = (1..raw.sections.len())
            .find(|index| raw.sections[*index].sh_type.get(Le) == elf::SHT_SYMTAB)
            .ok_or_else(|| crate::raw::at(LoadFault::NoSymbols, 0x28))?;
        let this_module = find_loaded(raw, ".gnu.linkonce.this_module")
            .ok_or_else(|| crate::raw::at(LoadFault::NoThisModule, 0x28))?;
        if raw.data(this_module).is_empty() {
            return Err(raw.at_section(LoadFault::ThisModuleEmpty, this_module, 0x20));
        }
        let mut planner = Planner {
            raw,
            file,
            symtab,
            loaded: vec![None; raw.sections.len()],
            sections: Vec::new(),
            symbols: Vec::new(),
            relocations: Vec::new(),
            commons: Vec::new(),
            image_size: 0,
        };
        let versions_at = find_loaded(raw, "__versions");
        for index in 1..raw.sections.len() {
            let dropped = Some(index) == modinfo_at || Some(index) == versions_at;
            if raw.is_alloc(index) && !dropped {
                planner.add_section(index, index == this_module)?;
            }
        }
        Ok(planner)
    }

    fn finish(mut self) -> Result<Planner<'a>, LoadError> {
        self.add_symbols()?;
        self.add_relocations()?;
        Ok(self)
    }

    fn add_section(&mut self, index: usize, is_this_module: bool) -> Result<(), LoadError> {
        let header: &Shdr = &self.raw.sections[index];
        let sh_type = header.sh_type.get(Le);
        if sh_type == elf::SHT_NULL {
            return Ok(());
        }
        let flags = header.sh_flags.get(Le).0;
        let (writable, executable) = (flags & elf::SHF_WRITE.0 != 0, flags & elf::SHF_EXECINSTR.0 != 0);
        let (nobits, progbits) = (sh_type == elf::SHT_NOBITS, sh_type == elf::SHT_PROGBITS);
        let name = self.raw.name(index);
        let kind = match classify(&name, nobits, progbits, writable, executable) {
            // Linux takes the first of several and treats the others as data.
            SectionKind::ThisModule if !is_this_module => SectionKind::Data,
            kind => kind,
        };
        let align = header.sh_addralign.get(Le).max(1);
        let size = header.sh_size.get(Le);
        self.grow_image(align, size, index)?;
        let id = SectionId(number(self.sections.len()));
        self.loaded[index] = Some(id);
        let data = Bytes::new(self.file, self.raw.range(index));
        assert!(nobits || data.len() as u64 == size, "section bytes were checked to be in the file");
        let elf_index = number(index);
        self.sections.push(Section { name, kind, align, size, data, writable, executable, elf_index });
        Ok(())
    }

    /// Accounts for `size` bytes at `align`; `index` is the ELF section to blame.
    fn grow_image(&mut self, align: u64, size: u64, index: usize) -> Result<(), LoadError> {
        if !align.is_power_of_two() || align > MAX_ALIGN {
            let fault = LoadFault::Alignment { align, limit: MAX_ALIGN };
            return Err(self.raw.at_section(fault, index, 0x30));
        }
        // Cannot overflow: the left side is at most MAX_IMAGE, the alignment at most MAX_ALIGN.
        let end = self.image_size.next_multiple_of(align).saturating_add(size);
        if end > MAX_IMAGE {
            let fault = LoadFault::ImageTooLarge { size: end, limit: MAX_IMAGE };
            return Err(self.raw.at_section(fault, index, 0x20));
        }
        self.image_size = end;
        Ok(())
    }

    fn add_symbols(&mut self) -> Result<(), LoadError> {
        let table = self.raw.data(self.symtab);
        let count = table.len() / size_of::<Sym>();
        if count > MAX_SYMBOLS {
            let fault = LoadFault::TooManySymbols { count: count as u64, limit: MAX_SYMBOLS as u64 };
            return Err(self.raw.at_section(fault, self.symtab, 0x20));
        }
        let link = self.raw.sections[self.symtab].sh_link.get(Le) as usize;
        let strings = self.raw.data(link);
        if strings.last() != Some(&0) {
            let end = self.raw.range(link).end as u64;
            return Err(self.raw.in_section(LoadFault::StringTableUnterminated, link, end));
        }
        let entries: &[Sym] = pod::slice_from_bytes(table, count).map_or(&[], |(entries, _)| entries);
        self.symbols.reserve(count);
        let mut common = Common::default();
        for (index, entry) in entries.iter().enumerate() {
            let symbol = self.read_symbol(index, entry, strings, &mut common)?;
            self.symbols.push(symbol);
        }
        self.add_common_section(common)
    }

    fn read_symbol(
        &mut self,
        index: usize,
        entry: &Sym,
        strings: &[u8],
        common: &mut Common,
    ) -> Result<Symbol, LoadError> {
        let st_name = entry.st_name.get(Le);
        let name = cstr(strings, st_name as usize)
            .ok_or_else(|| self.symbol_error(LoadFault::SymbolName { symbol: number(index), st_name }, index, 0))?;
        let st_shndx = entry.st_shndx.get(Le);
        let (value, size) = (entry.st_value.get(Le), entry.st_size.get(Le));
        let (place, value) = match st_shndx {
            // Linux never resolves symbol 0, so its value is the 0 of the file.
            _ if index == 0 => (SymbolPlace::Absolute, 0),
            elf::SHN_UNDEF => (SymbolPlace::Undefined, 0),
            elf::SHN_ABS => (SymbolPlace::Absolute, value),
            elf::SHN_COMMON => {
                self.commons.push(SymbolId(number(index)));
                let offset = self.place_common(common, value, size, index)?;
                (SymbolPlace::Section(SectionId(number(self.sections.len()))), offset)
            }
            section => match self.loaded.get(usize::from(section.0)) {
                Some(Some(id)) => (SymbolPlace::Section(*id), value),
                Some(None) => (SymbolPlace::NotLoaded(section.0.into()), value),
                None => {
                    let fault = LoadFault::SymbolSection { symbol: number(index), st_shndx: section.0 };
                    return Err(self.symbol_error(fault, index, 6));
                }
            },
        };
        Ok(Symbol {
            name: String::from_utf8_lossy(name).into(),
            place,
            value,
            size,
            kind: match entry.st_info.st_type() {
                elf::STT_NOTYPE => SymbolKind::NoType,
                elf::STT_OBJECT => SymbolKind::Object,
                elf::STT_FUNC => SymbolKind::Func,
                elf::STT_SECTION => SymbolKind::Section,
                elf::STT_FILE => SymbolKind::File,
                other => SymbolKind::Other(other.0),
            },
            binding: match entry.st_info.st_bind() {
                elf::STB_LOCAL => SymbolBinding::Local,
                elf::STB_GLOBAL => SymbolBinding::Global,
                elf::STB_WEAK => SymbolBinding::Weak,
                other => SymbolBinding::Other(other.0),
            },
        })
    }

    /// Gives a common symbol its offset in the section made up for them; `align` is what its value field says.
    fn place_common(&self, common: &mut Common, align: u64, size: u64, index: usize) -> Result<u64, LoadError> {
        let align = align.max(1);
        if !align.is_power_of_two() || align > MAX_ALIGN {
            return Err(self.symbol_error(LoadFault::Alignment { align, limit: MAX_ALIGN }, index, 8));
        }
        let offset = common.size.next_multiple_of(align);
        let end = offset.saturating_add(size);
        if end > MAX_IMAGE {
            let fault = LoadFault::ImageTooLarge { size: end, limit: MAX_IMAGE };
            return Err(self.symbol_error(fault, index, 16));
        }
        *common = Common { size: end, align: common.align.max(align) };
        Ok(offset)
    }

    fn add_common_section(&mut self, common: Common) -> Result<(), LoadError> {
        if self.commons.is_empty() {
            return Ok(());
        }
        let align = common.align.max(1);
        self.grow_image(align, common.size, self.symtab)?;
        self.sections.push(Section {
            name: Box::from("COMMON"),
            kind: SectionKind::Bss,
            align,
            size: common.size,
            data: Bytes::new(self.file, 0..0),
            writable: true,
            executable: false,
            elf_index: 0,
        });
        Ok(())
    }

    fn add_relocations(&mut self) -> Result<(), LoadError> {
        for index in 1..self.raw.sections.len() {
            let header: &Shdr = &self.raw.sections[index];
            // Linux 6.1 `apply_relocations`: what does not target a loaded section is skipped in silence.
            let target = self.loaded.get(header.sh_info.get(Le) as usize).copied().flatten();
            let Some(target) = target else { continue };
            match header.sh_type.get(Le) {
                elf::SHT_REL => {
                    return Err(self.raw.at_section(LoadFault::RelUnsupported, index, 4));
                }
                elf::SHT_RELA => self.add_relocation_table(index, target)?,
                _ => {}
            }
        }
        Ok(())
    }

    fn add_relocation_table(&mut self, index: usize, target: SectionId) -> Result<(), LoadError> {
        let table = self.raw.data(index);
        let count = table.len() / size_of::<Rela>();
        let total = self.relocations.len() + count;
        if total > MAX_RELOCATIONS {
            let limit = MAX_RELOCATIONS as u64;
            let fault = LoadFault::TooManyRelocations { count: total as u64, limit };
            return Err(self.raw.at_section(fault, index, 0x20));
        }
        let entries: &[Rela] = pod::slice_from_bytes(table, count).map_or(&[], |(entries, _)| entries);
        self.relocations.reserve(count);
        for (nth, entry) in entries.iter().enumerate() {
            let field = |fault, field: u64| {
                let at = self.raw.range(index).start + nth * size_of::<Rela>();
                self.raw.in_section(fault, index, at as u64 + field)
            };
            let r_type = entry.r_type(Le, false);
            if r_type == elf::R_X86_64_NONE {
                continue;
            }
            let kind = RelocKind::from_elf(r_type.0)
                .ok_or_else(|| field(LoadFault::UnknownRelocation { r_type: r_type.0 }, 8))?;
            let symbol = entry.r_sym(Le, false);
            let count = number(self.symbols.len());
            let place = self.symbols.get(symbol as usize).map(|symbol| symbol.place);
            match place {
                None => return Err(field(LoadFault::RelocationSymbol { symbol, count }, 12)),
                Some(SymbolPlace::NotLoaded(_)) => {
                    return Err(field(LoadFault::RelocationToUnloaded { symbol }, 12));
                }
                Some(_) => {}
            }
            let offset = entry.r_offset.get(Le);
            let width = kind.width() as u64;
            let sh_size = self.sections[target.index()].size;
            if offset.checked_add(width).is_none_or(|end| end > sh_size) {
                let width = u8::try_from(width).unwrap_or(u8::MAX);
                return Err(field(LoadFault::RelocationOffset { r_offset: offset, width, sh_size }, 0));
            }
            let addend = entry.r_addend.get(Le);
            let symbol = SymbolId(symbol);
            self.relocations.push(Relocation { section: target, offset, kind, symbol, addend });
        }
        Ok(())
    }

    fn symbol_error(&self, fault: LoadFault, index: usize, field: usize) -> LoadError {
        let at = self.raw.range(self.symtab).start + index * size_of::<Sym>() + field;
        self.raw.in_section(fault, self.symtab, at as u64)
    }
}

/// The section made up for common symbols, while it grows.
#[derive(Debug, Default, Clone, Copy)]
struct Common {
    size: u64,
    align: u64,
}

/// Finds the first loaded section of a name, as Linux 6.1 `find_sec` does.
fn find_loaded(raw: &Raw<'_>, name: &str) -> Option<usize> {
    (1..raw.sections.len()).find(|index| raw.is_alloc(*index) && raw.name_is(*index, name))
}
