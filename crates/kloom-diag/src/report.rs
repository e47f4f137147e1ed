//! [`Report`]: a finding in words, before it is drawn. Every rendering starts from it, so they all say the same.

use serde::{Deserialize, Serialize};

use crate::finding::Severity;
use crate::site::Site;

/// Access to the source text of modules, for carets. Answers `None` for what it does not have; never fails.
pub trait SourceLines {
    /// Returns line `line` (from 1) of `file`, with or without its line end.
    fn line_text(&self, file: &str, line: u32) -> Option<String>;
}

/// Knows no source at all; reports then point at lines without showing them.
#[derive(Debug, Clone, Copy, Default)]
pub struct NoSource;

impl SourceLines for NoSource {
    fn line_text(&self, _file: &str, _line: u32) -> Option<String> {
        None
    }
}

/// Sources kept in memory, by file name.
impl SourceLines for std::collections::BTreeMap<String, String> {
    fn line_text(&self, file: &str, line: u32) -> Option<String> {
        let index = usize::try_from(line).ok()?.checked_sub(1)?;
        self.get(file)?.lines().nth(index).map(str::to_owned)
    }
}

/// A stretch of one source line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Span {
    /// File.
    pub file: String,
    /// Line, from 1; 0 when not known.
    pub line: u32,
    /// First byte of the stretch within the line, from 0.
    pub start: usize,
    /// Byte after its end.
    pub end: usize,
    /// The line without its end; `None` when the source is not at hand.
    pub text: Option<String>,
    /// What is said about it; may be empty.
    pub label: String,
}

/// One numbered step of what happened.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Step {
    /// Number, from 1, in the order of time; 0 when the report has only one step.
    pub number: u32,
    /// What happened, in one line.
    pub text: String,
    /// Where, when that is in a module's source. The first one is the place itself, others help to understand it.
    pub spans: Vec<Span>,
}

/// Replacement of a stretch of one line.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Patch {
    /// What is replaced; its label is empty.
    pub span: Span,
    /// By what.
    pub replacement: String,
}

/// Advice.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Help {
    /// What to do.
    pub text: String,
    /// The change, when it is mechanical.
    pub patch: Option<Patch>,
}

/// A call chain to show.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Trace {
    /// Whose it is.
    pub title: String,
    /// All frames, innermost first, those of the kernel included.
    pub frames: Vec<Site>,
}

/// A finding in words.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Report {
    /// Stable code; empty for an end of the run that is no finding.
    pub code: String,
    /// How sure and how bad.
    pub severity: Severity,
    /// Word before the title: that of the severity, or the kind of end (`unsupported`).
    pub level: String,
    /// The whole story in one line.
    pub title: String,
    /// The blamed line.
    pub primary: Option<Span>,
    /// Other places of the same file shown with it.
    pub beside: Vec<Span>,
    /// What happened before and after, without the blamed line itself.
    pub history: Vec<Step>,
    /// Facts; may have several lines each.
    pub notes: Vec<String>,
    /// Advice.
    pub helps: Vec<Help>,
    /// Call chains.
    pub traces: Vec<Trace>,
    /// Among which executions it was found.
    pub coverage: Option<String>,
    /// Command that shows it again.
    pub replay: Option<String>,
    /// How often it was seen.
    pub repeats: u32,
}

impl Report {
    /// Returns the place to point at when there is room for only one: the blamed line or the first place of the history.
    #[must_use]
    pub fn anchor(&self) -> Option<&Span> {
        let later = self.history.iter().flat_map(|step| &step.spans);
        self.primary.iter().chain(later).find(|span| span.line > 0)
    }
}
