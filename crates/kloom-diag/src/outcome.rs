//! How a run ended: the four kinds of end that must never be mixed up, and what was measured on the way.
//!
//! A bug of the module is a [`Finding`]. What kloom lacks is [`Unsupported`], what ran out is [`Limit`], what kloom did
//! wrong is [`InternalBug`]: different types, different titles, different exit codes.

use serde::{Deserialize, Serialize};

use crate::exit_code::ExitCode;
use crate::finding::{Finding, Severity};
use crate::site::Site;

/// What sort of thing kloom does not support.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum UnsupportedKind {
    /// A header that kloom does not have.
    Header,
    /// A kernel function that kloom does not have.
    #[default]
    Function,
    /// A kernel variable that kloom does not have.
    Variable,
    /// A type, macro, constant or whatever else has a name.
    Name,
    /// A use of a known function that kloom does not model (flag, mode, argument).
    Use,
    /// A machine instruction that kloom does not run.
    Instruction,
    /// An object file for another architecture or of another kind.
    ObjectFile,
    /// A host that kloom does not run on yet.
    Host,
    /// A word of the scenario language.
    Command,
}

/// Something the module needs and kloom does not have. Says nothing about the module.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Unsupported {
    /// What sort of thing.
    pub what: UnsupportedKind,
    /// Its name, as the module writes it.
    pub name: String,
    /// Where the module uses it.
    pub site: Option<Site>,
    /// What can be done instead, if anything.
    pub hint: Option<String>,
}

/// Which limit was reached.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum LimitKind {
    /// Steps of the machine (`--max-steps`).
    #[default]
    Steps,
    /// Virtual time, in nanoseconds.
    VirtualTime,
    /// Memory of the machine, in bytes (`--mem`).
    Memory,
    /// Tasks alive at once.
    Tasks,
    /// Bytes of output.
    Output,
    /// Executions explored.
    Executions,
    /// Shares of a check that came to their end, where there are more.
    Shares,
    /// The patience of the user, who interrupted the run.
    Interrupted,
    /// Life: every task sleeps and nothing can wake one.
    Asleep,
}

/// A limit that ended the run before there was a verdict.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Limit {
    /// Which one.
    pub which: LimitKind,
    /// Its value, in the unit of [`LimitKind`].
    pub value: u64,
    /// What the machine was doing, one line for each live task.
    pub state: Vec<String>,
}

/// A broken promise of kloom's own code.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct InternalBug {
    /// What was found broken.
    pub message: String,
    /// Where in kloom's source.
    pub place: Option<String>,
    /// Token that replays the run up to there.
    pub replay: Option<String>,
}

/// Wrong input that is neither the module's fault nor kloom's: a bad flag, a missing file, a syntax error in a scenario.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct UsageError {
    /// What is wrong, in one line.
    pub message: String,
    /// Where, when it is in a file.
    pub site: Option<Site>,
    /// What to do about it.
    pub hint: Option<String>,
}

/// Why a run ended, apart from its findings.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
#[serde(tag = "end", rename_all = "kebab-case")]
pub enum End {
    /// The scenario ran to its end (whether or not there are findings).
    #[default]
    Completed,
    /// The module needs what kloom lacks.
    Unsupported(Unsupported),
    /// A limit was reached.
    Limit(Limit),
    /// The input is wrong.
    Usage(UsageError),
    /// kloom is wrong.
    Internal(InternalBug),
}

/// How many executions were looked at, and how.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Explored {
    /// Executions run.
    pub executions: u64,
    /// Name of the strategy with its bounds (`pct, depth 3`).
    pub strategy: String,
    /// Those of them that were samples.
    #[serde(default)]
    pub sampled: u64,
    /// Whether every execution within the bounds was run.
    pub exhaustive: bool,
    /// Whether the first failing execution was the last one.
    #[serde(default)]
    pub cut_short: bool,
    /// The bounds that left something out, in words; empty if nothing was.
    #[serde(default)]
    pub bounds: Vec<String>,
    /// Executions that were dropped because they could show nothing new.
    #[serde(default)]
    pub redundant: u64,
    /// About how many executions there are in all, if there is an idea of it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub estimate: Option<u64>,
}

/// Everything a run has to tell: the value that all renderings are made from.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Outcome {
    /// What was run, as the summary line names it (`heartbeat.ko`).
    pub subject: String,
    /// Findings, in the order of their discovery.
    pub findings: Vec<Finding>,
    /// Why the run ended.
    pub end: End,
    /// Host time in nanoseconds; `None` leaves it out, so that goldens stay byte-identical.
    pub wall_ns: Option<u64>,
    /// Virtual time in nanoseconds.
    pub virtual_ns: u64,
    /// Set when several executions were explored (`kloom check`).
    pub explored: Option<Explored>,
}

impl Outcome {
    /// Counts the findings of one severity.
    #[must_use]
    pub fn count(&self, severity: Severity) -> usize {
        self.findings.iter().filter(|finding| finding.severity == severity).count()
    }

    /// Returns the exit code: kloom's own bugs first, then certain bugs of the module, then what prevented a verdict.
    #[must_use]
    pub fn exit_code(&self) -> ExitCode {
        match &self.end {
            End::Internal(_) => ExitCode::Internal,
            End::Usage(_) => ExitCode::Usage,
            _ if self.count(Severity::Error) > 0 => ExitCode::ModuleBug,
            End::Unsupported(_) => ExitCode::NotSupported,
            End::Limit(_) => ExitCode::LimitReached,
            End::Completed => ExitCode::Clean,
        }
    }
}
