//! Kernel module objects: `.ko` bytes to a checked load plan.
//!
//! [`parse`] turns the bytes of an x86-64 relocatable object into a [`Module`]: the sections to load, the symbols,
//! the relocations, and what `.modinfo` says. Everything in a `Module` has been checked, so whoever applies it can index
//! without looking again:
//!
//! 1. every [`Relocation`] lies inside its section, and its width with it;
//! 2. every [`SymbolId`] and [`SectionId`] in the plan is valid for [`Module::symbols`] and [`Module::sections`];
//! 3. every alignment is a power of two and at most [`MAX_ALIGN`];
//! 4. all sections together, aligned one after the other, take at most [`MAX_IMAGE`] bytes.
//!
//! What is wrong with a file is a [`LoadError`]: a closed set of [`LoadFault`]s which know what Linux 6.1 prints for
//! them, what errno `insmod` gets, and at which byte of which section the fault lies.
//!
//! [`Lines`] answers "which source line is this" and "which variable is this" from DWARF, [`Symbolizer`] does what
//! `%pS` of printk does. [`dump`] prints a module for golden files.
//!
//! Behaviour follows Linux 6.1 `kernel/module/main.c` (`elf_validity_check`, `setup_load_info`, `simplify_symbols`,
//! `apply_relocations`), `kernel/module/kallsyms.c` and `arch/x86/kernel/module.c`. What is not there: x86-64 is the
//! only architecture, `SHT_REL` and compressed debug sections are not read, and a file with more than 65 279 sections
//! is refused (by Linux, too).
#![forbid(unsafe_code)]

mod debug;
mod dump;
mod error;
mod kallsyms;
mod lines;
mod modinfo;
mod module;
mod plan;
mod raw;
mod reloc;
mod section;
mod symbol;
mod variables;

pub use dump::dump;
pub use error::{DmesgLine, LinuxAnswer, LoadError, LoadFault, Looks, Place};
pub use kallsyms::{Resolved, Symbolizer};
pub use lines::{DebugStatus, Frame, Lines};
pub use modinfo::{Modinfo, Param};
pub use module::{Export, Import, Module};
pub use plan::{parse, parse_shared};
pub use reloc::{Patch, RelocError, RelocKind, Relocation};
pub use section::{Bytes, Section, SectionId, SectionKind};
pub use symbol::{Symbol, SymbolBinding, SymbolId, SymbolKind, SymbolPlace};
pub use variables::Variable;

/// The most bytes that the loaded sections of one module may take, padding included (64 MiB).
pub const MAX_IMAGE: u64 = 64 << 20;
/// The strictest alignment that a section or a common symbol may ask for (1 MiB).
pub const MAX_ALIGN: u64 = 1 << 20;
/// The most symbols in one module.
pub const MAX_SYMBOLS: usize = 1 << 20;
/// The most relocations of loaded sections in one module.
pub const MAX_RELOCATIONS: usize = 1 << 22;
/// The largest file that is looked at (256 MiB, debug information included).
pub const MAX_FILE: usize = 256 << 20;
