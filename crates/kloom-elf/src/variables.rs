//! Variables: which global or static variable an offset of a section belongs to, and where it was declared.
//!
//! An index over all `DW_TAG_variable` entries whose location is one fixed address. The size is that of the ELF symbol at
//! the same address; a variable without a symbol has the size of its type.

use gimli::{AttributeValue, DebuggingInformationEntry, Reader as _, UnitOffset, UnitRef};

use crate::debug::Reader;
use crate::kallsyms::Symbolizer;
use crate::section::SectionId;

/// How many references from type to type, or from definition to declaration, are followed.
const MAX_REFERENCES: u32 = 16;

/// A variable of a module.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Variable {
    /// The name as in the source; that of the symbol if there is no debug information.
    pub name: String,
    /// How far into the variable the place asked for is.
    pub offset: u64,
    /// The size in bytes.
    pub size: u64,
    /// The file that declares it, written as in [`crate::Frame::file`].
    pub file: Option<String>,
    /// The line that declares it, counted from 1.
    pub line: Option<u32>,
}

/// All variables with a fixed address, sorted by place.
pub(crate) struct VariableIndex(Vec<(SectionId, u64, Variable)>);

impl VariableIndex {
    pub(crate) fn new(
        dwarf: &gimli::Dwarf<Reader>,
        place: impl Fn(u64) -> Option<(SectionId, u64)>,
        symbolizer: &Symbolizer,
    ) -> VariableIndex {
        let mut found = Vec::new();
        let mut units = dwarf.units();
        while let Ok(Some(header)) = units.next() {
            let Ok(unit) = dwarf.unit(header) else {
                continue;
            };
            let unit = UnitRef::new(dwarf, &unit);
            let mut entries = unit.entries();
            while let Ok(Some(entry)) = entries.next_dfs() {
                if entry.tag() != gimli::DW_TAG_variable {
                    continue;
                }
                let at = fixed_address(unit, entry).and_then(&place);
                let Some((section, start)) = at else { continue };
                if let Some(variable) = describe(unit, entry, section, start, symbolizer) {
                    found.push((section, start, variable));
                }
            }
        }
        // Of several descriptions of one place the first stays.
        found.sort_by_key(|(section, start, _)| (*section, *start));
        found.dedup_by_key(|(section, start, _)| (*section, *start));
        VariableIndex(found)
    }

    pub(crate) fn find(&self, section: SectionId, offset: u64) -> Option<Variable> {
        let after = self.0.partition_point(|(s, start, _)| (*s, *start) <= (section, offset));
        let (found, start, variable) = self.0.get(after.checked_sub(1)?)?;
        let inside = offset.checked_sub(*start)?;
        let covers = *found == section && (inside < variable.size || inside == 0);
        covers.then(|| Variable { offset: inside, ..variable.clone() })
    }
}

/// Returns the address of a variable that always lives at the same one.
fn fixed_address(unit: UnitRef<'_, Reader>, entry: &DebuggingInformationEntry<Reader>) -> Option<u64> {
    let AttributeValue::Exprloc(expression) = entry.attr_value(gimli::DW_AT_location)? else {
        return None;
    };
    let mut operations = expression.operations(unit.encoding());
    let address = match operations.next().ok()?? {
        gimli::Operation::Address { address } => address,
        gimli::Operation::AddressIndex { index } => unit.address(index).ok()?,
        _ => return None,
    };
    // Anything after the address computes something else from it.
    operations.next().ok()?.is_none().then_some(address)
}

fn describe(
    unit: UnitRef<'_, Reader>,
    entry: &DebuggingInformationEntry<Reader>,
    section: SectionId,
    start: u64,
    symbolizer: &Symbolizer,
) -> Option<Variable> {
    let name = follow(unit, entry, 0, &|entry| {
        let value = entry.attr_value(gimli::DW_AT_name)?;
        Some(unit.attr_string(value).ok()?.to_string_lossy().ok()?.into_owned())
    })?;
    let line = follow(unit, entry, 0, &|entry| entry.attr_value(gimli::DW_AT_decl_line)?.udata_value());
    let file = follow(unit, entry, 0, &|entry| match entry.attr_value(gimli::DW_AT_decl_file)? {
        AttributeValue::FileIndex(index) => Some(index),
        value => value.udata_value(),
    });
    let symbol = symbolizer.object(section, start).filter(|(_, inside)| *inside == 0);
    let size = symbol.map(|(symbol, _)| symbol.size).or_else(|| {
        let type_at = follow(unit, entry, 0, &|entry| entry.attr_value(gimli::DW_AT_type))?;
        type_size(unit, type_at, 0)
    });
    Some(Variable {
        name,
        offset: 0,
        size: size.unwrap_or(0),
        file: file.and_then(|index| file_path(unit, index)),
        line: line.and_then(|line| u32::try_from(line).ok()).filter(|line| *line != 0),
    })
}

/// Asks the entry, then the declaration it completes.
fn follow<T>(
    unit: UnitRef<'_, Reader>,
    entry: &DebuggingInformationEntry<Reader>,
    depth: u32,
    ask: &dyn Fn(&DebuggingInformationEntry<Reader>) -> Option<T>,
) -> Option<T> {
    if let Some(answer) = ask(entry) {
        return Some(answer);
    }
    let origin =
        entry.attr_value(gimli::DW_AT_specification).or_else(|| entry.attr_value(gimli::DW_AT_abstract_origin))?;
    let at = unit_offset(unit, &origin).filter(|_| depth < MAX_REFERENCES)?;
    follow(unit, &unit.entry(at).ok()?, depth + 1, ask)
}

fn unit_offset(unit: UnitRef<'_, Reader>, value: &AttributeValue<Reader>) -> Option<UnitOffset> {
    match value {
        AttributeValue::UnitRef(offset) => Some(*offset),
        AttributeValue::DebugInfoRef(offset) => offset.to_unit_offset(&unit.unit.header),
        _ => None,
    }
}

fn type_size(unit: UnitRef<'_, Reader>, at: AttributeValue<Reader>, depth: u32) -> Option<u64> {
    let at = unit_offset(unit, &at).filter(|_| depth < MAX_REFERENCES)?;
    let entry = unit.entry(at).ok()?;
    if let Some(size) = entry.attr_value(gimli::DW_AT_byte_size).and_then(|value| value.udata_value()) {
        return Some(size);
    }
    let inner = || type_size(unit, entry.attr_value(gimli::DW_AT_type)?, depth + 1);
    match entry.tag() {
        gimli::DW_TAG_pointer_type => Some(unit.encoding().address_size.into()),
        gimli::DW_TAG_array_type => inner()?.checked_mul(array_length(unit, at)?),
        gimli::DW_TAG_typedef | gimli::DW_TAG_const_type | gimli::DW_TAG_volatile_type | gimli::DW_TAG_atomic_type => {
            inner()
        }
        _ => None,
    }
}

/// Multiplies the lengths of all dimensions of an array.
fn array_length(unit: UnitRef<'_, Reader>, at: UnitOffset) -> Option<u64> {
    let mut tree = unit.entries_tree(Some(at)).ok()?;
    let mut dimensions = tree.root().ok()?.children();
    let mut length = 1u64;
    while let Ok(Some(node)) = dimensions.next() {
        let entry = node.entry();
        if entry.tag() != gimli::DW_TAG_subrange_type {
            continue;
        }
        let number = |name| entry.attr_value(name).and_then(|value| value.udata_value());
        let count = number(gimli::DW_AT_count)
            .or_else(|| number(gimli::DW_AT_upper_bound).and_then(|last| last.checked_add(1)))?;
        length = length.checked_mul(count)?;
    }
    Some(length)
}

/// Writes a path as `addr2line` does: the directory the compiler ran in, the directory of the file, the file.
fn file_path(unit: UnitRef<'_, Reader>, index: u64) -> Option<String> {
    let program = unit.line_program.as_ref()?;
    let header = program.header();
    let file = header.file(index)?;
    let mut path = match &unit.comp_dir {
        Some(directory) => directory.to_string_lossy().ok()?.into_owned(),
        None => String::new(),
    };
    if file.directory_index() != 0 {
        let directory = file.directory(header)?;
        push(&mut path, &unit.attr_string(directory).ok()?.to_string_lossy().ok()?);
    }
    push(&mut path, &unit.attr_string(file.path_name()).ok()?.to_string_lossy().ok()?);
    Some(path)
}

fn push(path: &mut String, part: &str) {
    if part.starts_with('/') {
        path.clear();
    } else if !path.is_empty() && !path.ends_with('/') {
        path.push('/');
    }
    path.push_str(part);
}
