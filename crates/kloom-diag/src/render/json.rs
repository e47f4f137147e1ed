//! JSON, one object for a run. The schema is `kloom-report/1`: fields may be added, none changes its meaning.
//!
//! `schema/kloom-report-1.schema.json` next to this crate's sources describes it.

use serde::Serialize;

use crate::exit_code::ExitCode;
use crate::fault::Fault;
use crate::finding::Severity;
use crate::outcome::{End, Explored, Outcome};
use crate::render::Options;
use crate::render::human::draw;
use crate::render::summary::summary;
use crate::report::{Report, SourceLines};
use crate::wording::{end_report, report};

/// Name and version of the form.
const SCHEMA: &str = "kloom-report/1";

#[derive(Serialize)]
struct Document<'a> {
    schema: &'static str,
    subject: &'a str,
    exit_code: u8,
    meaning: &'static str,
    errors: usize,
    warnings: usize,
    notes: usize,
    virtual_ns: u64,
    #[serde(skip_serializing_if = "Option::is_none")]
    wall_ns: Option<u64>,
    #[serde(skip_serializing_if = "Option::is_none")]
    explored: Option<&'a Explored>,
    findings: Vec<Entry<'a>>,
    end: Ended<'a>,
    summary: String,
}

#[derive(Serialize)]
struct Entry<'a> {
    #[serde(flatten)]
    report: Report,
    data: &'a Fault,
    rendered: String,
}

#[derive(Serialize)]
struct Ended<'a> {
    #[serde(flatten)]
    end: &'a End,
    #[serde(skip_serializing_if = "Option::is_none")]
    title: Option<String>,
    #[serde(skip_serializing_if = "Option::is_none")]
    rendered: Option<String>,
}

/// Writes the whole outcome as one line of JSON with a line end.
#[must_use]
pub fn json(outcome: &Outcome, lines: &dyn SourceLines) -> String {
    let options = Options::default();
    let findings = outcome.findings.iter().map(|finding| {
        let report = report(finding, lines);
        let rendered = draw(&report, lines, &options);
        Entry { report, data: &finding.fault, rendered }
    });
    let end = end_report(&outcome.end, lines);
    let exit_code: ExitCode = outcome.exit_code();
    let document = Document {
        schema: SCHEMA,
        subject: &outcome.subject,
        exit_code: exit_code.number(),
        meaning: exit_code.meaning(),
        errors: outcome.count(Severity::Error),
        warnings: outcome.count(Severity::Warning),
        notes: outcome.count(Severity::Note),
        virtual_ns: outcome.virtual_ns,
        wall_ns: outcome.wall_ns,
        explored: outcome.explored.as_ref(),
        findings: findings.collect(),
        end: Ended {
            end: &outcome.end,
            title: end.as_ref().map(|end| end.title.clone()),
            rendered: end.as_ref().map(|end| draw(end, lines, &options)),
        },
        summary: summary(outcome),
    };
    // Every field is a string, a number, a list or a struct with string keys, so serialising cannot fail.
    let text = serde_json::to_string(&document);
    text.expect("plain data becomes JSON") + "\n"
}
