//! A readable form of a module for golden files and for looking at.

use std::fmt::{self, Write};

use crate::module::Module;
use crate::symbol::{SymbolBinding, SymbolKind, SymbolPlace};

/// Writes everything that is in a load plan, one thing a line, stable from run to run.
pub fn dump(module: &Module) -> String {
    let mut out = String::new();
    // Writing to a String cannot fail.
    let written = write_module(&mut out, module);
    assert!(written.is_ok(), "a String takes everything");
    out
}

fn write_module(out: &mut String, module: &Module) -> fmt::Result {
    writeln!(out, "module {}", module.name().unwrap_or("?"))?;
    writeln!(out, "\nmodinfo:")?;
    for (key, value) in module.modinfo().iter() {
        writeln!(out, "  {key} = {}", value.escape_debug())?;
    }
    for param in module.params() {
        let (kind, text) = (param.type_name.unwrap_or("?"), param.description.unwrap_or(""));
        writeln!(out, "  param {}: {kind} \"{}\"", param.name, text.escape_debug())?;
    }
    write_sections(out, module)?;
    write_symbols(out, module)?;
    write_relocations(out, module)?;
    writeln!(out, "\nimports:")?;
    for import in module.imports() {
        write!(out, "  {}{}", import.name, if import.weak { " weak" } else { "" })?;
        match import.first_use {
            Some((section, offset)) => {
                writeln!(out, " from {}+{offset:#x}", module.sections[section.index()].name)?;
            }
            None => writeln!(out, " unused")?,
        }
    }
    writeln!(out, "\nexports:")?;
    for export in module.exports() {
        let symbol = &module.symbols[export.symbol.index()];
        let gpl = if export.gpl_only { " gpl" } else { "" };
        writeln!(out, "  {} = {}{}{gpl}", export.name, symbol.name.escape_debug(), Signed(export.addend))?;
    }
    Ok(())
}

fn write_sections(out: &mut String, module: &Module) -> fmt::Result {
    writeln!(out, "\nsections:")?;
    for (index, section) in module.sections.iter().enumerate() {
        let kind = format!("{:?}", section.kind);
        let write = if section.writable { 'w' } else { '-' };
        let exec = if section.executable { 'x' } else { '-' };
        writeln!(
            out,
            "  {index:3} {:28} {kind:12} {write}{exec} align {:<5} size {:<6} bytes {} crc {:08x}",
            section.name,
            section.align,
            section.size,
            section.data.len(),
            crc32(&section.data),
        )?;
    }
    Ok(())
}

fn write_symbols(out: &mut String, module: &Module) -> fmt::Result {
    writeln!(out, "\nsymbols:")?;
    for (index, symbol) in module.symbols.iter().enumerate() {
        let kind = match symbol.kind {
            SymbolKind::NoType => "notype",
            SymbolKind::Func => "func",
            SymbolKind::Object => "object",
            SymbolKind::Section => "section",
            SymbolKind::File => "file",
            SymbolKind::Other(_) => "other",
        };
        let binding = match symbol.binding {
            SymbolBinding::Local => "local",
            SymbolBinding::Global => "global",
            SymbolBinding::Weak => "weak",
            SymbolBinding::Other(_) => "other",
        };
        writeln!(
            out,
            "  {index:3} {binding:6} {kind:7} {}+{:#x} size {} {}",
            place(module, symbol.place),
            symbol.value,
            symbol.size,
            symbol.name.escape_debug()
        )?;
    }
    Ok(())
}

fn write_relocations(out: &mut String, module: &Module) -> fmt::Result {
    writeln!(out, "\nrelocations:")?;
    for relocation in &module.relocations {
        let symbol = &module.symbols[relocation.symbol.index()];
        let name = match &*symbol.name {
            "" => place(module, symbol.place),
            name => name.escape_debug().to_string(),
        };
        writeln!(
            out,
            "  {}+{:#x} {} {name}{}",
            module.sections[relocation.section.index()].name,
            relocation.offset,
            relocation.kind.name(),
            Signed(relocation.addend)
        )?;
    }
    Ok(())
}

fn place(module: &Module, place: SymbolPlace) -> String {
    match place {
        SymbolPlace::Section(id) => module.sections[id.index()].name.escape_debug().to_string(),
        SymbolPlace::Absolute => "*abs*".to_owned(),
        SymbolPlace::Undefined => "*undef*".to_owned(),
        SymbolPlace::NotLoaded(index) => format!("*section {index}*"),
    }
}

/// An addend in hexadecimal with its sign.
struct Signed(i64);

impl fmt::Display for Signed {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let sign = if self.0 < 0 { '-' } else { '+' };
        write!(f, "{sign}{:#x}", self.0.unsigned_abs())
    }
}

/// The usual CRC-32 (IEEE 802.3), so that a golden notices changed bytes without listing them.
fn crc32(bytes: &[u8]) -> u32 {
    let mut crc = u32::MAX;
    for byte in bytes {
        crc ^= u32::from(*byte);
        for _ in 0..8 {
            crc = (crc >> 1) ^ (0xedb8_8320 & (crc & 1).wrapping_neg());
        }
    }
    !crc
}

#[cfg(test)]
mod tests {
    use super::crc32;

    #[test]
    fn crc_of_the_check_string() {
        assert_eq!(crc32(b"123456789"), 0xcbf4_3926);
        assert_eq!(crc32(b""), 0);
    }
}
