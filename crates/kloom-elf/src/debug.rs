//! Debug information of an object that was not linked yet.
//!
//! In a relocatable object every section starts at address 0 and the DWARF refers to it by relocations. Here each loaded
//! section gets a made-up base address of its own, far enough from the others that the end of one is not the start of the
//! next, and the debug sections are patched for these addresses. Patches that make no sense are left out: Linux never
//! looks at debug sections, so damage in them must not keep a module from loading.

use std::ops::Range;
use std::sync::Arc;

use gimli::EndianArcSlice;
use object::LittleEndian as Le;
use object::elf;
use object::pod;

use crate::lines::DebugStatus;
use crate::raw::{Raw, Rela};
use crate::reloc::{Patch, RelocKind, Relocation};
use crate::section::{Section, SectionId};
use crate::symbol::{Symbol, SymbolPlace};

/// A view of debug bytes that owns them.
pub(crate) type Reader = EndianArcSlice<gimli::LittleEndian>;

/// No section starts below, so that address 0, which linkers write for code they dropped, hits none.
const FIRST_BASE: u64 = 0x10_0000;
/// The least distance between the end of a section and the next base.
const GAP: u64 = 0x1000;

/// The made-up base addresses.
#[derive(Debug, Clone)]
pub(crate) struct Bases(Vec<Range<u64>>);

impl Bases {
    pub(crate) fn new(sections: &[Section]) -> Bases {
        let mut next = FIRST_BASE;
        let place = |section: &Section| {
            let base = next.next_multiple_of(section.align);
            next = base + section.size + GAP;
            base..base + section.size
        };
        Bases(sections.iter().map(place).collect())
    }

    /// Returns the address of a place; its section's end is a place, too.
    pub(crate) fn address(&self, section: SectionId, offset: u64) -> Option<u64> {
        let range = self.0.get(section.index())?;
        (offset <= range.end - range.start).then(|| range.start + offset)
    }

    /// Returns the place of an address.
    pub(crate) fn place(&self, address: u64) -> Option<(SectionId, u64)> {
        let after = self.0.partition_point(|range| range.start <= address);
        let index = after.checked_sub(1)?;
        let range = &self.0[index];
        let id = SectionId(crate::raw::number(index));
        (address <= range.end).then(|| (id, address - range.start))
    }

    fn symbol_address(&self, symbol: &Symbol) -> u64 {
        match symbol.place {
            SymbolPlace::Section(id) => {
                let base = self.0.get(id.index()).map_or(0, |range| range.start);
                base.wrapping_add(symbol.value)
            }
            // Sections that are not loaded, such as `.debug_str`, refer to each other by offset: base 0.
            SymbolPlace::Absolute | SymbolPlace::NotLoaded(_) => symbol.value,
            SymbolPlace::Undefined => 0,
        }
    }
}

/// Reads the debug sections of `file`, patched for `bases`.
pub(crate) fn load(file: &Arc<[u8]>, bases: &Bases, symbols: &[Symbol]) -> (gimli::Dwarf<Reader>, DebugStatus) {
    let raw = Raw::parse(file).ok();
    let mut status = DebugStatus::Missing;
    let sections = gimli::DwarfSections::load(|id| {
        let (reader, found) = match &raw {
            Some(raw) => load_section(raw, file, id.name(), bases, symbols),
            None => (empty(), DebugStatus::Missing),
        };
        if id == gimli::SectionId::DebugInfo || found == DebugStatus::Compressed {
            status = found;
        }
        Ok::<Reader, std::convert::Infallible>(reader)
    });
    let Ok(sections) = sections;
    let dwarf = sections.borrow(Clone::clone);
    (dwarf, status)
}

fn load_section(
    raw: &Raw<'_>,
    file: &Arc<[u8]>,
    name: &str,
    bases: &Bases,
    symbols: &[Symbol],
) -> (Reader, DebugStatus) {
    let found = (1..raw.sections.len()).find(|index| !raw.is_alloc(*index) && raw.name_is(*index, name));
    let Some(index) = found else {
        return (empty(), DebugStatus::Missing);
    };
    if raw.sections[index].sh_flags.get(Le).0 & elf::SHF_COMPRESSED.0 != 0 {
        return (empty(), DebugStatus::Compressed);
    }
    let tables: Vec<&[u8]> = (1..raw.sections.len())
        .filter(|table| {
            let header = &raw.sections[*table];
            header.sh_type.get(Le) == elf::SHT_RELA && header.sh_info.get(Le) as usize == index
        })
        .map(|table| raw.data(table))
        .collect();
    if tables.is_empty() {
        let whole = Reader::new(Arc::clone(file), gimli::LittleEndian);
        return (whole.range(raw.range(index)), DebugStatus::Present);
    }
    let mut bytes = raw.data(index).to_vec();
    for table in tables {
        apply(&mut bytes, table, bases, symbols);
    }
    (Reader::new(Arc::from(bytes), gimli::LittleEndian), DebugStatus::Present)
}

fn apply(bytes: &mut [u8], table: &[u8], bases: &Bases, symbols: &[Symbol]) {
    let count = table.len() / size_of::<Rela>();
    let entries: &[Rela] = pod::slice_from_bytes(table, count).map_or(&[], |(entries, _)| entries);
    for entry in entries {
        let Some(patch) = patch(entry, bases, symbols) else {
            continue;
        };
        let Ok(offset) = usize::try_from(entry.r_offset.get(Le)) else {
            continue;
        };
        let place = bytes.get_mut(offset..).and_then(|rest| rest.get_mut(..patch.bytes().len()));
        if let Some(place) = place {
            place.copy_from_slice(patch.bytes());
        }
    }
}

fn patch(entry: &Rela, bases: &Bases, symbols: &[Symbol]) -> Option<Patch> {
    let kind = RelocKind::from_elf(entry.r_type(Le, false).0)?;
    let symbol = symbols.get(entry.r_sym(Le, false) as usize)?;
    let address = bases.symbol_address(symbol);
    Relocation::encode(kind, address, entry.r_addend.get(Le), entry.r_offset.get(Le)).ok()
}

fn empty() -> Reader {
    Reader::new(Arc::from([]), gimli::LittleEndian)
}
