//! Annotations in the form that GitHub's runners read from the output of a job.

use crate::finding::Severity;
use crate::outcome::Outcome;
use crate::report::{Report, SourceLines};
use crate::wording::{end_report, report};

/// Writes one annotation line for each finding, and one for an end that is no finding.
#[must_use]
pub fn github(outcome: &Outcome, lines: &dyn SourceLines) -> String {
    let findings = outcome.findings.iter().map(|finding| report(finding, lines));
    let end = end_report(&outcome.end, lines);
    findings.chain(end).map(|told| annotation(&told)).collect()
}

fn annotation(told: &Report) -> String {
    let command = match told.severity {
        Severity::Error => "error",
        Severity::Warning => "warning",
        Severity::Note => "notice",
    };
    let mut properties = Vec::new();
    if let Some(span) = told.anchor() {
        properties.push(format!("file={}", property(&span.file)));
        properties.push(format!("line={}", span.line));
        if let Some(text) = &span.text {
            properties.push(format!("col={}", text[..span.start].chars().count() + 1));
        }
    }
    let title = if told.code.is_empty() { &told.level } else { &told.code };
    properties.push(format!("title={}", property(title)));
    let mut text = told.title.clone();
    for help in &told.helps {
        text.push_str("\nhelp: ");
        text.push_str(&help.text);
    }
    format!("::{command} {}::{}\n", properties.join(","), data(&text))
}

/// Escapes the message of an annotation.
fn data(text: &str) -> String {
    text.replace('%', "%25").replace('\r', "%0D").replace('\n', "%0A")
}

/// Escapes a property of an annotation.
fn property(text: &str) -> String {
    data(text).replace(':', "%3A").replace(',', "%2C")
}
