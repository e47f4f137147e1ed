//! Places in the module author's source: [`Site`] and [`Backtrace`].
//!
//! Sites arrive resolved (file and line already looked up in DWARF). A frame of the simulated kernel has no file of the
//! author's to point at; it is kept as [`Site::kernel`] so that a full call trace can be shown, and hidden otherwise.

use std::fmt;

use serde::{Deserialize, Serialize};

/// Name that [`Site::module`] carries for frames of the simulated kernel.
pub const KERNEL_MODULE: &str = "kernel";

/// A place in the source of a module (or a frame of the kernel, see [`Site::kernel`]).
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
pub struct Site {
    /// Path as the compiler saw it, relative to where the user is.
    pub file: String,
    /// Line, from 1; 0 when not known.
    pub line: u32,
    /// Column in bytes, from 1, when DWARF tells it.
    pub column: Option<u32>,
    /// Function that contains the place; may be empty.
    pub function: String,
    /// Module that contains the place, without `.ko`.
    pub module: String,
}

impl Site {
    /// Returns the place `file:line` in `function` of `module`, without a column.
    #[must_use]
    pub fn new(file: impl Into<String>, line: u32, function: impl Into<String>, module: impl Into<String>) -> Self {
        Self { file: file.into(), line, column: None, function: function.into(), module: module.into() }
    }

    /// Returns the same place with a column (in bytes, from 1).
    #[must_use]
    pub fn at_column(mut self, column: u32) -> Self {
        self.column = Some(column);
        self
    }

    /// Returns a frame of the simulated kernel, which has a function name but no line to show.
    #[must_use]
    pub fn kernel(function: impl Into<String>) -> Self {
        Self::new("", 0, function, KERNEL_MODULE)
    }

    /// Tells whether this is a frame of the simulated kernel, hidden unless a full backtrace is asked for.
    #[must_use]
    pub fn is_kernel(&self) -> bool {
        self.module == KERNEL_MODULE
    }
}

/// Writes `file:line`, or what is known of it.
impl fmt::Display for Site {
    fn fmt(&self, out: &mut fmt::Formatter<'_>) -> fmt::Result {
        match (self.file.as_str(), self.line) {
            ("", _) if self.function.is_empty() => out.write_str("(unknown place)"),
            ("", _) => write!(out, "{}()", self.function),
            (file, 0) => out.write_str(file),
            (file, line) => write!(out, "{file}:{line}"),
        }
    }
}

/// Call chain, innermost frame first.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(transparent)]
pub struct Backtrace(pub Vec<Site>);

impl Backtrace {
    /// Returns the frames that belong to modules, innermost first.
    pub fn module_frames(&self) -> impl Iterator<Item = &Site> {
        self.0.iter().filter(|site| !site.is_kernel())
    }

    /// Returns how many frames [`Backtrace::module_frames`] leaves out.
    #[must_use]
    pub fn hidden(&self) -> usize {
        self.0.iter().filter(|site| site.is_kernel()).count()
    }
}
