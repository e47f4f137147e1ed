//! The symbol table of a module: [`Symbol`], one for each ELF entry and under the same number.

use crate::section::SectionId;

/// The index of a symbol in [`crate::Module::symbols`], equal to its number in the ELF symbol table.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SymbolId(pub u32);

impl SymbolId {
    /// Returns the index for [`crate::Module::symbols`].
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// Where a symbol lives.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SymbolPlace {
    /// In a loaded section; [`Symbol::value`] is the offset in it (not checked to be inside).
    Section(SectionId),
    /// Nowhere: the value is the address. Symbol 0, too, which stands for "no symbol".
    Absolute,
    /// To be found among the exported symbols.
    Undefined,
    /// In a section that is not loaded (debug information, `.modinfo`), by its ELF number.
    /// No relocation of a loaded section refers to such a symbol.
    NotLoaded(u32),
}

/// What a symbol names.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SymbolKind {
    /// Not said, as for most labels in assembler and for undefined symbols.
    NoType,
    /// A function.
    Func,
    /// A variable.
    Object,
    /// A section.
    Section,
    /// A source file.
    File,
    /// Any other ELF type, such as thread-local storage.
    Other(u8),
}

/// Who sees a symbol.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SymbolBinding {
    /// Only this module.
    Local,
    /// Everybody.
    Global,
    /// Everybody, and it may stay undefined (its address is 0 then).
    Weak,
    /// Any other ELF binding.
    Other(u8),
}

/// One symbol.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Symbol {
    /// The name; empty for section symbols and symbol 0. Bytes that are not UTF-8 are replaced.
    pub name: Box<str>,
    /// Where it lives.
    pub place: SymbolPlace,
    /// Offset or address, see [`SymbolPlace`].
    pub value: u64,
    /// The size in bytes; 0 if unknown.
    pub size: u64,
    /// What it names.
    pub kind: SymbolKind,
    /// Who sees it.
    pub binding: SymbolBinding,
}
