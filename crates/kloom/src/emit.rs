//! Prints an outcome in the form that was asked for. In a machine form there is one document on stdout, whatever happens.

use std::sync::Mutex;

use clap::ValueEnum;
use kloom::failure::Failure;
use kloom::source::Sources;
use kloom_diag::{End, ExitCode, InternalBug, Outcome};

use crate::output;

/// How reports are printed.
#[derive(Clone, Copy, Debug, Default, ValueEnum, PartialEq, Eq)]
pub(crate) enum Format {
    /// Text on stderr.
    #[default]
    Human,
    /// `kloom-report/1`.
    Json,
    /// SARIF 2.1.0.
    Sarif,
    /// JUnit XML.
    Junit,
    /// Annotations of GitHub's runners.
    Github,
}

/// What a document is made from.
#[derive(Debug)]
pub(crate) struct Document<'a> {
    pub(crate) outcome: &'a Outcome,
    pub(crate) sources: &'a Sources,
    /// What the run printed.
    pub(crate) transcript: &'a [u8],
    /// What the compiler printed.
    pub(crate) compiler_text: &'a str,
    /// The schedule, when something ran.
    pub(crate) token: Option<&'a str>,
}

/// The text of a machine form; empty for people.
pub(crate) fn text(format: Format, document: &Document<'_>) -> String {
    let Document { outcome, sources, transcript, compiler_text, token } = document;
    match format {
        Format::Human => String::new(),
        Format::Json => {
            let text = kloom_diag::json(outcome, *sources);
            let mut value: serde_json::Value = serde_json::from_str(&text).unwrap_or_default();
            value["output"] = String::from_utf8_lossy(transcript).into();
            if !compiler_text.is_empty() {
                value["compiler_output"] = (*compiler_text).into();
            }
            if let Some(token) = token {
                value["token"] = (*token).into();
            }
            format!("{value:#}\n")
        }
        Format::Sarif => kloom_diag::sarif(outcome, *sources),
        Format::Junit => kloom_diag::junit(std::slice::from_ref(*outcome), *sources),
        Format::Github => kloom_diag::github(outcome, *sources),
    }
}

/// Prints an outcome that no run came to.
pub(crate) fn failure(format: Format, options: &kloom_diag::Options, failure: Failure) -> ExitCode {
    let code = failure.outcome.exit_code();
    output::talk(&failure.compiler_text);
    if format == Format::Human {
        let Failure { outcome, sources, .. } = failure.for_people();
        let mut parts: Vec<String> =
            outcome.findings.iter().map(|finding| kloom_diag::human(finding, &sources, options)).collect();
        parts.push(kloom_diag::end_human(&outcome.end, &sources, options));
        parts.retain(|part| !part.is_empty());
        output::talk(&parts.join("\n"));
    } else {
        let Failure { outcome, sources, compiler_text } = &failure;
        let document = Document { outcome, sources, transcript: &[], compiler_text, token: None };
        output::data(text(format, &document).as_bytes());
    }
    code
}

/// The form of the document that is owed, and what it is about.
static OWED: Mutex<(Format, String)> = Mutex::new((Format::Human, String::new()));

/// Promises a document about `subject` in `format`, even if kloom breaks on the way to it.
pub(crate) fn promise(format: Format, subject: &str) {
    if let Ok(mut owed) = OWED.lock() {
        *owed = (format, subject.to_string());
    }
    let words = match format {
        Format::Human => Vec::new(),
        _ => broken("a fault of the host in kloom's own code", None).0.into_bytes(),
    };
    kloom_shim::machine::set_last_words(words);
    std::panic::set_hook(Box::new(|info| {
        let place = info.location().map(ToString::to_string);
        let message = info.payload_as_str().unwrap_or("panic without a message");
        let (document, report) = broken(message, place);
        output::talk(&report);
        output::data(document.as_bytes());
        std::process::exit(i32::from(ExitCode::Internal.number()));
    }));
}

/// The document and the report about a bug of kloom.
fn broken(message: &str, place: Option<String>) -> (String, String) {
    let (format, subject) = OWED.lock().map(|owed| owed.clone()).unwrap_or_default();
    let replay = std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect::<Vec<_>>().join(" ");
    let bug = InternalBug { message: message.to_string(), place, replay: Some(replay) };
    let outcome = Outcome { subject, end: End::Internal(bug), ..Outcome::default() };
    let sources = Sources::default();
    let document = Document { outcome: &outcome, sources: &sources, transcript: &[], compiler_text: "", token: None };
    let report = kloom_diag::end_human(&outcome.end, &sources, &kloom_diag::Options::default());
    (text(format, &document), report)
}
