//! The ways to show an [`Outcome`](crate::Outcome): text for people, JSON, SARIF, JUnit XML, annotations for CI.
//!
//! All of them return text and never fail, whatever names, paths and sources the finding carries.

mod github;
mod human;
mod json;
mod junit;
mod sarif;
mod summary;

pub use github::github;
pub use human::{end_human, explain_human, human, human_outcome};
pub use json::json;
pub use junit::junit;
pub use sarif::sarif;
pub use summary::summary;

/// How much of call chains to show.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub enum BacktraceMode {
    /// Frames of modules, when there is more than the one that is underlined.
    #[default]
    Module,
    /// All frames, those of the kernel included (`--backtrace full`).
    Full,
}

/// How to draw text for people.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Options {
    /// Whether to use ANSI colours.
    pub color: bool,
    /// Columns to fill.
    pub width: usize,
    /// How much of call chains to show.
    pub backtrace: BacktraceMode,
}

impl Default for Options {
    fn default() -> Self {
        Self { color: false, width: 110, backtrace: BacktraceMode::Module }
    }
}

/// Replaces what would disturb a terminal: control characters (tabs stay) and characters that reverse the direction of text.
pub(crate) fn printable(text: &str) -> String {
    text.chars()
        .map(|c| match c {
            '\t' => c,
            '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}' | '\u{2028}' | '\u{2029}' => '\u{fffd}',
            c if c.is_control() => '\u{fffd}',
            c => c,
        })
        .collect()
}

/// Escapes text for XML, attributes included; characters that XML 1.0 cannot carry are replaced.
pub(crate) fn xml(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for c in text.chars() {
        match c {
            '&' => out.push_str("&amp;"),
            '<' => out.push_str("&lt;"),
            '>' => out.push_str("&gt;"),
            '"' => out.push_str("&quot;"),
            '\'' => out.push_str("&apos;"),
            '\n' => out.push_str("&#10;"),
            '\t' => out.push_str("&#9;"),
            '\u{fffe}' | '\u{ffff}' => out.push('\u{fffd}'),
            c if c.is_control() => out.push('\u{fffd}'),
            c => out.push(c),
        }
    }
    out
}
