//! A checked module: [`Module`] and what can be asked of it.

use std::sync::Arc;

use crate::kallsyms::Symbolizer;
use crate::lines::Lines;
use crate::modinfo::{Modinfo, Param};
use crate::reloc::{RelocKind, Relocation};
use crate::section::{Section, SectionId, SectionKind};
use crate::symbol::{Symbol, SymbolBinding, SymbolId, SymbolPlace};

/// A module that can be loaded without further checks. Made by [`crate::parse`].
///
/// # Invariants
/// Those in the crate documentation. The fields are public to read; whoever changes one answers for them.
#[derive(Debug, Clone)]
pub struct Module {
    /// The sections to load, in file order; the section for common symbols, if any, is last.
    pub sections: Vec<Section>,
    /// The symbol table. Symbol 0 is ELF's empty symbol.
    pub symbols: Arc<[Symbol]>,
    /// The patches to loaded sections, in the order in which Linux applies them.
    pub relocations: Vec<Relocation>,
    /// The common symbols. They have a place here, but Linux 6.1 refuses a module that has any: it prints
    /// `NAME: please compile with -fno-common` once for each and answers `ENOEXEC`.
    pub commons: Vec<SymbolId>,
    pub(crate) modinfo: Modinfo,
    pub(crate) file: Arc<[u8]>,
}

/// A symbol that a module needs from elsewhere.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Import<'a> {
    /// Its name.
    pub name: &'a str,
    /// Its number.
    pub symbol: SymbolId,
    /// Whether it may stay undefined.
    pub weak: bool,
    /// The first patch that uses it, as section and offset; `None` if nothing does.
    pub first_use: Option<(SectionId, u64)>,
}

/// A symbol that a module offers to others.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Export {
    /// Its name.
    pub name: String,
    /// The symbol that `__ksymtab` points to.
    pub symbol: SymbolId,
    /// What to add to the address of the symbol.
    pub addend: i64,
    /// Whether only GPL-compatible modules may use it.
    pub gpl_only: bool,
}

impl Module {
    /// Returns the undefined symbols in the order in which the code first uses them; unused ones last.
    pub fn imports(&self) -> Vec<Import<'_>> {
        let mut first_use = vec![None; self.symbols.len()];
        let mut order = Vec::new();
        for relocation in &self.relocations {
            let index = relocation.symbol.index();
            if self.symbols[index].place == SymbolPlace::Undefined && first_use[index].is_none() {
                first_use[index] = Some((relocation.section, relocation.offset));
                order.push(relocation.symbol);
            }
        }
        let unused = self.undefined().filter(|id| first_use[id.index()].is_none());
        order.extend(unused);
        order
            .into_iter()
            .map(|symbol| Import {
                name: &self.symbols[symbol.index()].name,
                symbol,
                weak: self.symbols[symbol.index()].binding == SymbolBinding::Weak,
                first_use: first_use[symbol.index()],
            })
            .collect()
    }

    /// Returns the undefined symbols in the order of the symbol table, in which Linux 6.1 `simplify_symbols` resolves
    /// them and prints `Unknown symbol`.
    pub fn undefined(&self) -> impl Iterator<Item = SymbolId> {
        (0u32..)
            .zip(self.symbols.iter())
            .filter(|(_, symbol)| symbol.place == SymbolPlace::Undefined)
            .map(|(index, _)| SymbolId(index))
    }

    /// Returns the exported symbols: what the relocations of `__ksymtab` and `__ksymtab_gpl` say.
    ///
    /// An entry is two pointers of eight bytes, address and name. Entries without both are left out.
    pub fn exports(&self) -> Vec<Export> {
        let mut exports = Vec::new();
        for (section, kind) in (0u32..).zip(self.sections.iter().map(|section| section.kind)) {
            let gpl_only = match kind {
                SectionKind::Ksymtab => false,
                SectionKind::KsymtabGpl => true,
                _ => continue,
            };
            let mut pointers: Vec<&Relocation> = self
                .relocations
                .iter()
                .filter(|r| r.section == SectionId(section) && r.kind == RelocKind::Abs64)
                .collect();
            pointers.sort_by_key(|relocation| relocation.offset);
            for pair in pointers.windows(2) {
                let [address, name] = pair else { continue };
                if address.offset % 16 != 0 || name.offset != address.offset + 8 {
                    continue;
                }
                if let Some(name) = self.string_at(name) {
                    let (symbol, addend) = (address.symbol, address.addend);
                    exports.push(Export { name, symbol, addend, gpl_only });
                }
            }
        }
        exports
    }

    /// Reads the string that a relocation points to.
    fn string_at(&self, relocation: &Relocation) -> Option<String> {
        let symbol = &self.symbols[relocation.symbol.index()];
        let SymbolPlace::Section(section) = symbol.place else {
            return None;
        };
        let start = symbol.value.checked_add_signed(relocation.addend)?;
        let table = &self.sections[section.index()].data;
        let name = crate::raw::cstr(table, usize::try_from(start).ok()?)?;
        Some(String::from_utf8_lossy(name).into_owned())
    }

    /// Returns the first section of a kind.
    pub fn section_of(&self, kind: SectionKind) -> Option<SectionId> {
        let index = self.sections.iter().position(|section| section.kind == kind)?;
        Some(SectionId(crate::raw::number(index)))
    }

    /// Finds a symbol that the module defines; a global one wins over a local one.
    pub fn symbol(&self, name: &str) -> Option<SymbolId> {
        let defined = (0u32..).zip(self.symbols.iter()).filter(|(_, symbol)| {
            &*symbol.name == name && matches!(symbol.place, SymbolPlace::Section(_) | SymbolPlace::Absolute)
        });
        let best = defined.min_by_key(|(_, symbol)| symbol.binding == SymbolBinding::Local)?;
        Some(SymbolId(best.0))
    }

    /// Returns the strings of `.modinfo`.
    pub fn modinfo(&self) -> &Modinfo {
        &self.modinfo
    }

    /// Returns the licence of the module.
    pub fn license(&self) -> Option<&str> {
        self.modinfo.license()
    }

    /// Returns the kernel version and configuration that the module was built for.
    pub fn vermagic(&self) -> Option<&str> {
        self.modinfo.vermagic()
    }

    /// Returns the name in `.modinfo`. Without one Linux takes that in `struct module`.
    pub fn name(&self) -> Option<&str> {
        self.modinfo.name()
    }

    /// Returns the parameters that `.modinfo` describes.
    pub fn params(&self) -> Vec<Param<'_>> {
        self.modinfo.params()
    }

    /// Returns the file that the module was made from.
    pub fn file(&self) -> &Arc<[u8]> {
        &self.file
    }

    /// Makes the source line table; nothing is read before the first question.
    pub fn lines(&self) -> Lines {
        Lines::new(self)
    }

    /// Makes the table that answers `%pS`.
    pub fn symbolizer(&self) -> Symbolizer {
        Symbolizer::new(self)
    }
}
