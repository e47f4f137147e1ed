//! [`Finding`]: one bug of a module with how it was found. The bug itself is a [`Fault`].

use serde::{Deserialize, Serialize};

use crate::code::Code;
use crate::event::Event;
use crate::fault::Fault;

/// How sure and how bad.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum Severity {
    /// A bug that this execution shows.
    Error,
    /// This execution got away with it.
    Warning,
    /// Something worth knowing; no bug.
    Note,
}

impl Severity {
    /// Returns the word used in titles.
    #[must_use]
    pub const fn as_str(self) -> &'static str {
        match self {
            Self::Error => "error",
            Self::Warning => "warning",
            Self::Note => "note",
        }
    }
}

/// Among which executions a finding was made.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Coverage {
    /// Number of the execution that showed it, from 1.
    pub execution: u64,
    /// How many were run in all.
    pub executions: u64,
    /// Name of the strategy with its bounds (`natural`, `random, seed 7`, `pct, depth 3`).
    pub strategy: String,
    /// Whether all executions within the bounds were run.
    pub exhaustive: bool,
}

/// One bug, ready to be told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Finding {
    /// What is wrong, with all participants.
    pub fault: Fault,
    /// How sure and how bad; [`Code::severity`] unless the finder knows better.
    pub severity: Severity,
    /// Where in the search it was found; `None` for a single plain run.
    pub coverage: Option<Coverage>,
    /// Command line that shows it again.
    pub replay: Option<String>,
    /// How often it was seen, the first time included.
    pub repeats: u32,
    /// The machine goes round: what was called in one round, in order.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub round: Vec<Event>,
}

impl Finding {
    /// Returns a finding with the default severity of its code, seen once.
    #[must_use]
    pub fn new(fault: Fault) -> Self {
        let severity = fault.code().severity();
        Self { fault, severity, coverage: None, replay: None, repeats: 1, round: Vec::new() }
    }

    /// Returns the stable code of the finding.
    #[must_use]
    pub fn code(&self) -> Code {
        self.fault.code()
    }
}
