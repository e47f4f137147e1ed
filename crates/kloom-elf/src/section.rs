//! Sections that a loader places: [`Section`], what it is for ([`SectionKind`]), and its bytes ([`Bytes`]).

use std::fmt;
use std::ops::{Deref, Range};
use std::sync::Arc;

/// The index of a section in [`crate::Module::sections`]; not the ELF section number ([`Section::elf_index`]).
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub struct SectionId(pub u32);

impl SectionId {
    /// Returns the index for [`crate::Module::sections`].
    pub fn index(self) -> usize {
        self.0 as usize
    }
}

/// What a loaded section is for.
///
/// `.modinfo`, `__versions` and debug sections are never loaded, so they have no kind: Linux 6.1 drops the first two
/// in `rewrite_section_headers` and the last are not allocated.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash)]
pub enum SectionKind {
    /// Code that stays: `.text` and friends.
    Text,
    /// Code that is freed after the init function returned (name starts with `.init`).
    InitText,
    /// Code for unloading (name starts with `.exit`).
    ExitText,
    /// Data that nobody writes.
    Rodata,
    /// Data.
    Data,
    /// Zeroed data without bytes in the file; also the section made up for common symbols.
    Bss,
    /// Data of any sort that is freed after the init function returned (name starts with `.init`).
    InitData,
    /// The template of per-CPU variables: `.data..percpu` and `.data..percpu..*`.
    PerCpu,
    /// `__param`, the array of `struct kernel_param`.
    Param,
    /// `__ksymtab`, symbols exported to everybody.
    Ksymtab,
    /// `__ksymtab_gpl`, symbols exported to GPL-compatible modules.
    KsymtabGpl,
    /// `.gnu.linkonce.this_module`, the `struct module`.
    ThisModule,
    /// Loaded, but of no type a module needs: notes, unwind tables, constructors.
    Other,
}

/// One section to load.
#[derive(Debug, Clone)]
pub struct Section {
    /// The name, such as `.text`.
    pub name: Box<str>,
    /// What it is for.
    pub kind: SectionKind,
    /// The alignment in bytes: a power of two, at most [`crate::MAX_ALIGN`].
    pub align: u64,
    /// The size in memory in bytes.
    pub size: u64,
    /// The bytes from the file: as many as [`Section::size`], or none for a zeroed section.
    pub data: Bytes,
    /// Whether the module may write to it.
    pub writable: bool,
    /// Whether it holds code.
    pub executable: bool,
    /// The number of the section in the ELF file; 0 for the section made up for common symbols.
    pub elf_index: u32,
}

impl Section {
    /// Tells whether Linux frees the section once the init function has returned.
    pub fn is_init(&self) -> bool {
        matches!(self.kind, SectionKind::InitText | SectionKind::InitData)
    }
}

/// Says what a section is for, from its name, type and flags.
pub(crate) fn classify(name: &str, nobits: bool, progbits: bool, write: bool, exec: bool) -> SectionKind {
    let percpu = name.strip_prefix(".data..percpu").is_some_and(|rest| rest.is_empty() || rest.starts_with(".."));
    match name {
        ".gnu.linkonce.this_module" => SectionKind::ThisModule,
        "__param" => SectionKind::Param,
        "__ksymtab" => SectionKind::Ksymtab,
        "__ksymtab_gpl" => SectionKind::KsymtabGpl,
        _ if percpu => SectionKind::PerCpu,
        // Linux 6.1 `module_init_section` and `module_exit_section` look at these prefixes and nothing else.
        _ if name.starts_with(".init") && exec => SectionKind::InitText,
        _ if name.starts_with(".init") && (nobits || progbits) => SectionKind::InitData,
        _ if name.starts_with(".exit") && exec => SectionKind::ExitText,
        _ if exec => SectionKind::Text,
        _ if nobits => SectionKind::Bss,
        _ if !progbits => SectionKind::Other,
        _ if write => SectionKind::Data,
        _ => SectionKind::Rodata,
    }
}

/// A part of the file that keeps the file alive; dereferences to the bytes.
#[derive(Clone)]
pub struct Bytes {
    file: Arc<[u8]>,
    range: Range<usize>,
}

impl Bytes {
    /// Takes `range` of `file`; an impossible range gives no bytes.
    pub(crate) fn new(file: &Arc<[u8]>, range: Range<usize>) -> Bytes {
        let range = if file.get(range.clone()).is_some() { range } else { 0..0 };
        Bytes { file: Arc::clone(file), range }
    }

    /// Returns where in the file the bytes stand.
    pub fn range(&self) -> Range<usize> {
        self.range.clone()
    }
}

impl Deref for Bytes {
    type Target = [u8];

    fn deref(&self) -> &[u8] {
        &self.file[self.range.clone()]
    }
}

impl fmt::Debug for Bytes {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "Bytes({:#x}..{:#x})", self.range.start, self.range.end)
    }
}

#[cfg(test)]
mod tests {
    use super::{SectionKind, classify};

    #[track_caller]
    fn check(name: &str, flags: &str, want: SectionKind) {
        let has = |c| flags.contains(c);
        assert_eq!(classify(name, has('0'), has('p'), has('w'), has('x')), want, "{name} {flags}");
    }

    #[test]
    fn kinds_follow_name_then_flags() {
        check(".text", "px", SectionKind::Text);
        check(".text.unlikely", "px", SectionKind::Text);
        check(".init.text", "px", SectionKind::InitText);
        check(".exit.text", "px", SectionKind::ExitText);
        check(".rodata.str1.1", "p", SectionKind::Rodata);
        check("__ksymtab_strings", "p", SectionKind::Rodata);
        check(".data..read_mostly", "pw", SectionKind::Data);
        check(".data..percpu", "pw", SectionKind::PerCpu);
        check(".data..percpu..read_mostly", "pw", SectionKind::PerCpu);
        check(".data..percpuish", "pw", SectionKind::Data);
        check(".bss", "0w", SectionKind::Bss);
        check(".init.data", "pw", SectionKind::InitData);
        check(".init.rodata", "p", SectionKind::InitData);
        check(".init.bss", "0w", SectionKind::InitData);
        check(".init_array", "w", SectionKind::Other);
        check(".exit.data", "pw", SectionKind::Data);
        check("__param", "p", SectionKind::Param);
        check("__ksymtab", "p", SectionKind::Ksymtab);
        check("__ksymtab_gpl", "p", SectionKind::KsymtabGpl);
        check(".gnu.linkonce.this_module", "pw", SectionKind::ThisModule);
        check(".note.Linux", "", SectionKind::Other);
    }
}
