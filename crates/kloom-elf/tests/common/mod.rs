//! What the tests, the benches and the fuzz target share: a walk over everything that a module offers.

use kloom_elf::{Lines, Module, SectionId, SymbolPlace};

/// Checks the invariants of a plan and asks it everything that can be asked cheaply.
pub(crate) fn walk(module: &Module) {
    let mut image = 0u64;
    for section in &module.sections {
        assert!(section.align.is_power_of_two());
        assert!(section.align <= kloom_elf::MAX_ALIGN);
        assert!(section.data.is_empty() || section.data.len() as u64 == section.size);
        image = image.next_multiple_of(section.align) + section.size;
        assert!(image <= kloom_elf::MAX_IMAGE);
    }
    for symbol in module.symbols.iter() {
        if let SymbolPlace::Section(id) = symbol.place {
            assert!(id.index() < module.sections.len());
        }
    }
    for relocation in &module.relocations {
        let size = module.sections[relocation.section.index()].size;
        assert!(relocation.offset + relocation.kind.width() as u64 <= size);
        let symbol = &module.symbols[relocation.symbol.index()];
        assert!(!matches!(symbol.place, SymbolPlace::NotLoaded(_)));
    }
    let imports = module.imports();
    assert_eq!(imports.len(), module.undefined().count());
    let exports = module.exports();
    assert!(exports.len() <= module.relocations.len());
    let symbolizer = module.symbolizer();
    for (section, offset) in places(module) {
        if let Some(found) = symbolizer.resolve(section, offset) {
            assert!(found.offset <= found.size || found.offset <= module.sections[section.index()].size);
            assert!(!found.name.is_empty());
        }
    }
}

/// Asks for lines and variables at a handful of places of each section, and just outside.
pub(crate) fn look_up(lines: &Lines, module: &Module) -> usize {
    let mut found = 0;
    for (section, offset) in places(module) {
        found += lines.frames(section, offset).len();
        found += usize::from(lines.variable(section, offset).is_some());
    }
    let nowhere = SectionId(u32::try_from(module.sections.len()).unwrap());
    assert!(lines.frames(nowhere, 0).is_empty());
    assert!(lines.variable(nowhere, 0).is_none());
    found
}

/// Up to 32 offsets of each of the first 64 sections, the ends included.
fn places(module: &Module) -> impl Iterator<Item = (SectionId, u64)> {
    (0u32..64).zip(&module.sections).flat_map(|(index, section)| {
        let step = (section.size / 31).max(1);
        let inside = (0..=section.size).step_by(usize::try_from(step).unwrap()).take(32);
        inside.chain([section.size, u64::MAX]).map(move |offset| (SectionId(index), offset))
    })
}
