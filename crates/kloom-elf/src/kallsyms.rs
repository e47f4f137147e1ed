//! `%pS`: the symbol that an address belongs to.
//!
//! Behaviour follows Linux 6.1 `find_kallsyms_symbol` in `kernel/module/kallsyms.c`: the nearest symbol at or before the
//! address, the first of the table if several share an address, and its size is the way to the next symbol (ELF sizes are
//! not used). Linux measures the last symbol to the end of the module's text; here it ends with its section.

use std::sync::Arc;

use crate::module::Module;
use crate::section::SectionId;
use crate::symbol::{Symbol, SymbolId, SymbolPlace};

/// Finds symbols by address. Owns its data.
#[derive(Debug, Clone)]
pub struct Symbolizer {
    symbols: Arc<[Symbol]>,
    /// By section: its size and its symbols, sorted by offset, one for each offset.
    sections: Vec<(u64, Vec<(u64, SymbolId)>)>,
}

/// A symbol and an offset in it, to be printed as `name+0xoffset/0xsize`.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Resolved<'a> {
    /// The name of the symbol.
    pub name: &'a str,
    /// The number of the symbol.
    pub symbol: SymbolId,
    /// How far into it the address is.
    pub offset: u64,
    /// How far it is from the symbol to the next one or to the end of the section.
    pub size: u64,
}

impl Symbolizer {
    pub(crate) fn new(module: &Module) -> Symbolizer {
        let symbols = Arc::clone(&module.symbols);
        let mut sections: Vec<_> = module.sections.iter().map(|section| (section.size, Vec::new())).collect();
        for (index, symbol) in (0u32..).zip(symbols.iter()) {
            let SymbolPlace::Section(section) = symbol.place else {
                continue;
            };
            if !symbol.name.is_empty() && !is_mapping_symbol(&symbol.name) {
                sections[section.index()].1.push((symbol.value, SymbolId(index)));
            }
        }
        for (_, list) in &mut sections {
            list.sort_unstable();
            list.dedup_by_key(|(value, _)| *value);
        }
        Symbolizer { symbols, sections }
    }

    /// Finds the symbol at `offset` of `section`. The end of the section counts as inside, since a return address may
    /// stand there.
    pub fn resolve(&self, section: SectionId, offset: u64) -> Option<Resolved<'_>> {
        let (size, list) = self.sections.get(section.index())?;
        if offset > *size {
            return None;
        }
        let after = list.partition_point(|(value, _)| *value <= offset);
        let (value, symbol) = *list.get(after.checked_sub(1)?)?;
        let next = list.get(after).map_or(*size, |(next, _)| *next);
        Some(Resolved { name: &self.symbols[symbol.index()].name, symbol, offset: offset - value, size: next - value })
    }

    /// Returns the symbol whose number is `id`.
    pub fn symbol(&self, id: SymbolId) -> Option<&Symbol> {
        self.symbols.get(id.index())
    }

    /// Finds the variable (an ELF object of known size) that covers `offset` of `section`.
    pub(crate) fn object(&self, section: SectionId, offset: u64) -> Option<(&Symbol, u64)> {
        let found = self.resolve(section, offset)?;
        let symbol = &self.symbols[found.symbol.index()];
        (found.offset < symbol.size).then_some((symbol, found.offset))
    }
}

/// Tells labels that toolchains leave behind from symbols (Linux 6.1 `is_arm_mapping_symbol`).
fn is_mapping_symbol(name: &str) -> bool {
    let bytes = name.as_bytes();
    bytes.starts_with(b".L")
        || matches!(bytes, [b'$', b'a' | b'x' | b't' | b'd'] | [b'$', b'a' | b'x' | b't' | b'd', b'.', ..])
}

#[cfg(test)]
mod tests {
    use super::is_mapping_symbol;

    #[test]
    fn mapping_symbols() {
        assert!(is_mapping_symbol(".LC0"));
        assert!(is_mapping_symbol("$x"));
        assert!(is_mapping_symbol("$d.17"));
        assert!(!is_mapping_symbol("$data"));
        assert!(!is_mapping_symbol("L0"));
        assert!(!is_mapping_symbol("init_module"));
    }
}
