//! What ended a run before there was a machine, as an outcome: every form of output can tell it.

use std::path::{Path, PathBuf};

use kloom_cc::{CcError, CompilerOutput, Diagnostic, KbuildError, Level, Missing, SourceNote};
use kloom_diag::{
    End, Fault, Finding, InternalBug, Limit, LimitKind, Outcome, Site, Unsupported, UnsupportedKind, UsageError,
};

use crate::run::RunError;
use crate::source::Sources;

/// No source file that is shown in a report is larger.
const SOURCE_BYTES_MAX: u64 = 32 << 20;

/// An outcome without a run.
#[derive(Debug, Default)]
pub struct Failure {
    /// What there is to tell.
    pub outcome: Outcome,
    /// The sources its places lie in.
    pub sources: Sources,
    /// What the compiler printed, as it printed it.
    pub compiler_text: String,
}

impl Failure {
    /// Wrong input that has no place in a file.
    #[must_use]
    pub fn usage(message: impl Into<String>) -> Failure {
        Failure::with_end(End::Usage(UsageError { message: message.into(), site: None, hint: None }))
    }

    /// The user interrupted the build.
    #[must_use]
    pub fn interrupted() -> Failure {
        Failure::with_end(End::Limit(Limit { which: LimitKind::Interrupted, ..Limit::default() }))
    }

    fn with_end(end: End) -> Failure {
        Failure { outcome: Outcome { end, ..Outcome::default() }, ..Failure::default() }
    }

    /// What an error means. `scenario` is the text of the scenario, when there is one.
    #[must_use]
    pub fn of(error: &RunError, scenario: &[u8]) -> Failure {
        match error {
            RunError::Build(error) => of_build(error),
            RunError::Scenario { name, error } => {
                let before: usize =
                    error.snippet.chars().take(error.column.saturating_sub(1)).map(char::len_utf8).sum();
                let site = Site::new(name.as_str(), error.line as u32, "", "").at_column(before as u32 + 1);
                let end = End::Usage(UsageError { message: error.message.clone(), site: Some(site), hint: None });
                let mut failure = Failure::with_end(end);
                failure.sources.add(name, &String::from_utf8_lossy(scenario));
                failure
            }
            RunError::Machine(error) => Failure::usage(format!("this host cannot hold the machine: {error}")),
        }
    }

    /// The same for people who have just read what the compiler printed: its messages are not told again.
    #[must_use]
    pub fn for_people(mut self) -> Failure {
        if self.compiler_text.is_empty() {
            return self;
        }
        if let End::Unsupported(unsupported) = &mut self.outcome.end {
            unsupported.site = None;
        }
        let hint = self.outcome.findings.first().and_then(|finding| match &finding.fault {
            Fault::CompileError { hint, .. } => hint.clone(),
            _ => None,
        });
        if !self.outcome.findings.is_empty() {
            let fault = Fault::CompileError { message: String::new(), site: None, hint };
            self.outcome.findings = vec![Finding::new(fault)];
        }
        self
    }
}

/// The findings among the notes of a build, and the notes that are none.
#[must_use]
pub fn findings_of_notes<'a>(notes: impl Iterator<Item = &'a SourceNote>) -> (Vec<Finding>, Vec<&'a SourceNote>) {
    let (mut findings, mut rest) = (Vec::new(), Vec::new());
    for note in notes {
        match note {
            SourceNote::NonBreakingSpaces { file, count, first_line, lines } => {
                let site = Site::new(file.as_str(), *first_line as u32, "", "");
                findings.push(Finding::new(Fault::Nbsp { site, count: *count as u64, lines: *lines as u64 }));
            }
            // The report of the run tells these.
            SourceNote::Removed { .. } => {}
            _ => rest.push(note),
        }
    }
    (findings, rest)
}

fn of_build(error: &CcError) -> Failure {
    let mut failure = match error {
        CcError::Compile(output) | CcError::Link { output, .. } => Failure {
            outcome: Outcome { findings: compile_errors(error, output), ..Outcome::default() },
            ..Failure::default()
        },
        CcError::Unsupported { missing, output } => Failure::with_end(End::Unsupported(unsupported(missing, output))),
        CcError::UnsupportedHost { arch } => Failure::with_end(End::Unsupported(Unsupported {
            what: UnsupportedKind::Host,
            name: (*arch).to_string(),
            site: None,
            hint: Some("run kloom on an x86-64 host".into()),
        })),
        CcError::ToolFailed { stderr, .. } => {
            let mut failure = internal(error);
            failure.compiler_text.clone_from(stderr);
            failure
        }
        CcError::BadObject { .. } => internal(error),
        CcError::Makefile { path, error: cause } => {
            let mut failure = Failure::usage(error.to_string());
            if let (End::Usage(usage), Some((line, message))) = (&mut failure.outcome.end, line_of(cause)) {
                usage.site = Some(Site::new(path.display().to_string(), line as u32, "", ""));
                usage.message = message;
            }
            failure.add_source(path);
            failure
        }
        _ => Failure::usage(error.to_string()),
    };
    if let Some(output) = error.output() {
        failure.compiler_text.clone_from(&output.stderr);
        let files: std::collections::BTreeSet<&str> = output.diagnostics.iter().map(|d| d.file.as_str()).collect();
        for file in files.into_iter().filter(|file| !file.is_empty()) {
            failure.add_source(Path::new(file));
        }
        let (notes, _) = findings_of_notes(output.notes.iter());
        failure.outcome.findings.extend(notes);
    }
    if !failure.compiler_text.is_empty() && !failure.compiler_text.ends_with('\n') {
        failure.compiler_text.push('\n');
    }
    failure
}

impl Failure {
    fn add_source(&mut self, path: &Path) {
        let small = std::fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.len() <= SOURCE_BYTES_MAX);
        if let Some(bytes) = small.then(|| std::fs::read(path).ok()).flatten() {
            self.sources.add(&path.display().to_string(), &String::from_utf8_lossy(&bytes));
        }
    }
}

fn internal(error: &CcError) -> Failure {
    Failure::with_end(End::Internal(InternalBug { message: error.to_string(), place: None, replay: None }))
}

/// Line of a Makefile's error, and the error without the place.
fn line_of(error: &KbuildError) -> Option<(usize, String)> {
    match error {
        KbuildError::UnbalancedConditional { line } => Some((*line, "conditional without its counterpart".into())),
        KbuildError::TooComplex { line } => Some((*line, "variable refers to itself or grows without bound".into())),
        KbuildError::Stopped { line, text } => Some((*line, text.clone())),
        KbuildError::NoModules | KbuildError::NoSubMakefile { .. } => None,
    }
}

fn site_of(diagnostic: &Diagnostic) -> Option<Site> {
    if diagnostic.file.is_empty() {
        return None;
    }
    let site = Site::new(diagnostic.file.as_str(), diagnostic.line, "", "");
    Some(if diagnostic.column > 0 { site.at_column(diagnostic.column) } else { site })
}

/// One finding for each error of the compiler, the hints with the first.
fn compile_errors(error: &CcError, output: &CompilerOutput) -> Vec<Finding> {
    let hints: Vec<String> = output.hints.iter().map(ToString::to_string).collect();
    let mut hint = (!hints.is_empty()).then(|| hints.join("; "));
    let errors = output.diagnostics.iter().filter(|diagnostic| diagnostic.level == Level::Error);
    let mut findings: Vec<Finding> = errors
        .map(|diagnostic| {
            let message = diagnostic.message.clone();
            Finding::new(Fault::CompileError { message, site: site_of(diagnostic), hint: hint.take() })
        })
        .collect();
    if findings.is_empty() {
        findings.push(Finding::new(Fault::CompileError { message: error.to_string(), site: None, hint }));
    }
    findings
}

fn unsupported(missing: &[Missing], output: &CompilerOutput) -> Unsupported {
    let (what, name) = match missing.first() {
        Some(Missing::Header(header)) => (UnsupportedKind::Header, header.clone()),
        Some(Missing::Name(name)) => (UnsupportedKind::Name, name.clone()),
        Some(other @ (Missing::Member { .. } | Missing::Language(_))) => (UnsupportedKind::Use, other.to_string()),
        None => (UnsupportedKind::Use, String::new()),
    };
    let word = match missing.first() {
        Some(Missing::Member { name, .. }) => name,
        _ => &name,
    };
    let named =
        |diagnostic: &&Diagnostic| diagnostic.level == Level::Error && diagnostic.message.contains(word.as_str());
    let site = output.diagnostics.iter().find(named).and_then(site_of);
    let mut hints: Vec<String> = output.hints.iter().map(ToString::to_string).collect();
    let others: Vec<String> = missing.iter().skip(1).map(ToString::to_string).collect();
    if !others.is_empty() {
        hints.insert(0, format!("also not supported yet: {}", others.join(", ")));
    }
    Unsupported { what, name, site, hint: (!hints.is_empty()).then(|| hints.join("; ")) }
}

/// How a report names what was to be run: the files, as the user typed them.
#[must_use]
pub fn subject_of(files: &[PathBuf]) -> String {
    files.iter().map(|file| file.display().to_string()).collect::<Vec<_>>().join(" ")
}
