//! Exit codes of the `kloom` command. They are a public interface: scripts and CI jobs rely on them.

use serde::{Deserialize, Serialize};

/// How a run ended, as the process tells its parent.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[serde(rename_all = "kebab-case")]
pub enum ExitCode {
    /// No bug found (warnings and notes allowed).
    Clean,
    /// The module has a bug; at least one finding is an error.
    ModuleBug,
    /// The command line, the scenario or an input file is wrong.
    Usage,
    /// The module needs something that kloom does not have; says nothing about the module.
    NotSupported,
    /// A limit was reached before there was a verdict.
    LimitReached,
    /// kloom itself is wrong.
    Internal,
}

impl ExitCode {
    /// All exit codes, in numerical order.
    pub const ALL: [Self; 6] =
        [Self::Clean, Self::ModuleBug, Self::Usage, Self::NotSupported, Self::LimitReached, Self::Internal];

    /// Returns the number given to the operating system.
    #[must_use]
    pub const fn number(self) -> u8 {
        match self {
            Self::Clean => 0,
            Self::ModuleBug => 1,
            Self::Usage => 2,
            Self::NotSupported => 3,
            Self::LimitReached => 4,
            Self::Internal => 101,
        }
    }

    /// Returns what the number means, for `--help` and the manual page.
    #[must_use]
    pub const fn meaning(self) -> &'static str {
        match self {
            Self::Clean => "no bug found",
            Self::ModuleBug => "the module has a bug",
            Self::Usage => "the command line, the scenario or an input file is wrong",
            Self::NotSupported => {
                "the module needs something kloom does not support; this does not indicate a bug in the module"
            }
            Self::LimitReached => "a limit was reached before there was a verdict",
            Self::Internal => "kloom itself has a bug",
        }
    }
}

impl From<ExitCode> for std::process::ExitCode {
    fn from(code: ExitCode) -> Self {
        Self::from(code.number())
    }
}
