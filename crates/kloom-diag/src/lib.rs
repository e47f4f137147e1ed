//! Findings as plain data, their wording, and the ways to show them.
//!
//! Other crates fill in a [`Finding`] (a [`Fault`] with all its participants) and hand it over inside an [`Outcome`]. Every
//! word that people read is chosen here: a fault is turned into a `Report` (title, spans, history, notes, helps), and a
//! report into text, JSON, SARIF, JUnit XML or CI annotations. Nothing here does I/O.

#![forbid(unsafe_code)]

mod code;
mod event;
mod exit_code;
mod fault;
mod finding;
mod fold;
mod outcome;
mod render;
mod report;
pub mod rust_face;
mod site;
mod span;
mod wording;

/// How the condition of a BUG begins that a copy past the end of its destination is; the function's name follows.
pub const OVERFLOW_IN: &str = "detected buffer overflow in ";

pub use code::{Code, Explain, Row, codes, explain};
pub use event::{Access, AccessKind, Blocked, Context, Event, Held, Object, ObjectKind, Who};
pub use exit_code::ExitCode;
pub use fault::{
    AtomicCause, BadUnlock, Boundary, Fault, InvalidFree, LeakedBlocks, ListDamage, LockEdge, LoopSeen, OopsKind,
    OrderKind, Proof, RefcountMisuse, Step, TextUser, UseState, WorkLeft,
};
pub use finding::{Coverage, Finding, Severity};
pub use fold::{fold, identity};
pub use outcome::{End, Explored, InternalBug, Limit, LimitKind, Outcome, Unsupported, UnsupportedKind, UsageError};
pub use render::{
    BacktraceMode, Options, end_human, explain_human, github, human, human_outcome, json, junit, sarif, summary,
};
pub use report::{Help, NoSource, Patch, Report, SourceLines, Span, Step as ReportStep, Trace};
pub use site::{Backtrace, KERNEL_MODULE, Site};
pub use wording::{end_report, report};
