//! Reads what a build needs to know out of object files: what they define, want, export and say of themselves.

use std::collections::BTreeSet;

use object::{Object, ObjectSection, ObjectSymbol};

/// Facts about an object file or module.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Facts {
    pub(crate) has_init: bool,
    pub(crate) has_exit: bool,
    pub(crate) has_license: bool,
    pub(crate) imports: BTreeSet<String>,
    pub(crate) exports: BTreeSet<String>,
    defined: BTreeSet<String>,
}

impl Facts {
    pub(crate) fn read(bytes: &[u8]) -> Result<Self, String> {
        let file = object::File::parse(bytes).map_err(|error| error.to_string())?;
        let mut facts = Facts::default();
        for symbol in file.symbols() {
            let Ok(name) = symbol.name() else { continue };
            if name.is_empty() {
                continue;
            }
            if symbol.is_undefined() {
                if !symbol.is_weak() {
                    facts.imports.insert(name.to_owned());
                }
                continue;
            }
            if let Some(exported) = name.strip_prefix("__ksymtab_") {
                facts.exports.insert(exported.to_owned());
            }
            if symbol.is_global() {
                facts.has_init |= name == "init_module";
                facts.has_exit |= name == "cleanup_module";
                facts.defined.insert(name.to_owned());
            }
        }
        if let Some(data) = file.section_by_name(".modinfo").and_then(|section| section.data().ok()) {
            facts.has_license = data.split(|&byte| byte == 0).any(|entry| entry.starts_with(b"license="));
        }
        Ok(facts)
    }

    /// Adds another object of the same module.
    pub(crate) fn merge(&mut self, other: Facts) {
        self.has_init |= other.has_init;
        self.has_exit |= other.has_exit;
        self.has_license |= other.has_license;
        self.imports.extend(other.imports);
        self.exports.extend(other.exports);
        self.defined.extend(other.defined);
        let defined = &self.defined;
        self.imports.retain(|name| !defined.contains(name));
    }

    /// Compiler helpers for floating point among the imports.
    pub(crate) fn float_helpers(&self) -> Vec<String> {
        let is_float = |name: &&String| {
            name.strip_prefix("__").is_some_and(|rest| {
                [
                    "sf2", "df2", "sf3", "df3", "sfdi", "sfsi", "dfdi", "dfsi", "sidf", "didf", "sisf", "disf",
                    "dfsf2", "sfdf2", "unsidf", "undidf", "unssidf",
                ]
                .iter()
                .any(|suffix| rest.ends_with(suffix))
            })
        };
        self.imports.iter().filter(is_float).cloned().collect()
    }
}

/// Symbols that a `.ko` wants from the kernel or other modules, sorted; instrumentation hooks included.
///
/// Weak references are left out: they may stay unresolved.
pub fn imports(ko: &[u8]) -> Result<Vec<String>, String> {
    Ok(Facts::read(ko)?.imports.into_iter().collect())
}

/// Symbols that a `.ko` exports to other modules (`EXPORT_SYMBOL`), sorted.
pub fn exports(ko: &[u8]) -> Result<Vec<String>, String> {
    Ok(Facts::read(ko)?.exports.into_iter().collect())
}
