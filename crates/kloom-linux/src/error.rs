//! Why this engine could not do its work; what a module did is never one of these.

use std::fmt;
use std::path::{Path, PathBuf};

/// A failure of the engine or of its surroundings.
///
/// What the module under test did (a panic, a hang) is an [`crate::Ending`] instead.
#[derive(Debug)]
pub enum Error {
    /// Something on the host is not there, and [`crate::setup`] could not get it.
    Missing {
        /// What is missing, one entry per thing, each as a name a person can act on.
        parts: Vec<String>,
    },
    /// Reading or writing a file failed.
    Io {
        /// The file or directory.
        path: PathBuf,
        /// What the system said.
        source: std::io::Error,
    },
    /// A program could not be started or ended badly.
    Program {
        /// Its command line, shortened to the program and the arguments that matter.
        command: String,
        /// What it said, or what the system said.
        detail: String,
    },
    /// Kbuild did not accept the module.
    Build {
        /// The name of the job.
        job: String,
        /// The compiler's own words.
        log: String,
    },
    /// The user asked for the end.
    Interrupted,
    /// A phase took longer than its limit.
    Timeout {
        /// Which phase.
        phase: &'static str,
        /// Its limit.
        limit_s: u64,
    },
    /// A capture, case file or scenario is not well formed.
    Format {
        /// The file it was read from, or a name for it.
        file: String,
        /// One-based line.
        line: usize,
        /// What was expected there.
        expected: &'static str,
    },
}

impl Error {
    /// Adds the path to an I/O error.
    pub(crate) fn io(path: &Path) -> impl FnOnce(std::io::Error) -> Self + '_ {
        move |source| Self::Io { path: path.to_owned(), source }
    }
}

impl fmt::Display for Error {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Missing { parts } => write!(f, "missing on this machine: {}", parts.join(", ")),
            Self::Io { path, source } => write!(f, "{}: {source}", path.display()),
            Self::Program { command, detail } => write!(f, "`{command}` failed: {detail}"),
            Self::Build { job, log } => write!(f, "`{job}` does not build for Linux:\n{log}"),
            Self::Interrupted => f.write_str("interrupted; QEMU is ended"),
            Self::Timeout { phase, limit_s } => {
                write!(f, "{phase} did not end within {limit_s} s")
            }
            Self::Format { file, line, expected } => write!(f, "{file}:{line}: expected {expected}"),
        }
    }
}

impl std::error::Error for Error {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { source, .. } => Some(source),
            _ => None,
        }
    }
}
