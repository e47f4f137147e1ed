//! SARIF 2.1.0, for code-scanning pages and editors.

use serde_json::{Value, json};

use crate::code::codes;
use crate::finding::{Finding, Severity};
use crate::outcome::Outcome;
use crate::render::Options;
use crate::render::human::draw;
use crate::report::{SourceLines, Span};
use crate::wording::{end_report, report};

/// Writes the outcome as a SARIF log with one run.
#[must_use]
pub fn sarif(outcome: &Outcome, lines: &dyn SourceLines) -> String {
    let used = |name: &str| outcome.findings.iter().any(|finding| finding.code().as_str() == name);
    let rows: Vec<_> = codes().iter().filter(|row| used(row.name)).collect();
    let rules: Vec<Value> = rows
        .iter()
        .map(|row| {
            json!({
                "id": row.name,
                "shortDescription": { "text": row.summary },
                "help": { "text": row.text, "markdown": row.text },
                "defaultConfiguration": { "level": row.severity.as_str() },
            })
        })
        .collect();
    let results: Vec<Value> = outcome
        .findings
        .iter()
        .map(|finding| {
            let index = rows.iter().position(|row| row.code == finding.code());
            result(finding, index.unwrap_or_default(), lines)
        })
        .collect();
    let mut invocation = json!({
        "executionSuccessful": outcome.exit_code().number() <= 1,
        "exitCode": outcome.exit_code().number(),
        "exitCodeDescription": outcome.exit_code().meaning(),
    });
    if let Some(end) = end_report(&outcome.end, lines) {
        invocation["toolExecutionNotifications"] = json!([{
            "level": end.severity.as_str(),
            "message": { "text": format!("{}: {}", end.level, end.title) },
        }]);
    }
    let log = json!({
        "$schema": "https://json.schemastore.org/sarif-2.1.0.json",
        "version": "2.1.0",
        "runs": [{
            "tool": { "driver": {
                "name": "kloom",
                "semanticVersion": env!("CARGO_PKG_VERSION"),
                "rules": rules,
            }},
            "columnKind": "unicodeCodePoints",
            "invocations": [invocation],
            "results": results,
        }],
    });
    format!("{log:#}\n")
}

/// Writes one finding.
fn result(finding: &Finding, rule: usize, lines: &dyn SourceLines) -> Value {
    let told = report(finding, lines);
    let anchor = told.anchor().cloned();
    let mut related = Vec::new();
    for step in &told.history {
        for span in step.spans.iter().filter(|span| span.line > 0) {
            let mut location = location(span);
            location["message"] = json!({ "text": step.text });
            location["id"] = json!(related.len());
            related.push(location);
        }
    }
    let mut value = json!({
        "ruleId": told.code,
        "ruleIndex": rule,
        "level": match finding.severity {
            Severity::Error => "error",
            Severity::Warning => "warning",
            Severity::Note => "note",
        },
        "message": { "text": told.title },
        "occurrenceCount": told.repeats.max(1),
        "properties": { "rendered": draw(&told, lines, &Options::default()), "replay": told.replay },
    });
    if let Some(span) = anchor {
        value["locations"] = json!([location(&span)]);
    }
    if !related.is_empty() {
        value["relatedLocations"] = Value::Array(related);
    }
    value
}

/// Writes a place. Columns count characters from 1, the end is exclusive.
fn location(span: &Span) -> Value {
    let mut region = json!({ "startLine": span.line });
    if let Some(text) = &span.text {
        let column = |index: usize| text[..index].chars().count() + 1;
        region["startColumn"] = json!(column(span.start));
        region["endColumn"] = json!(column(span.end));
    }
    json!({ "physicalLocation": {
        "artifactLocation": { "uri": uri(&span.file) },
        "region": region,
    }})
}

/// Writes a path as a relative URI reference.
fn uri(path: &str) -> String {
    let mut out = String::with_capacity(path.len());
    for byte in path.bytes() {
        match byte {
            b'a'..=b'z' | b'A'..=b'Z' | b'0'..=b'9' | b'-' | b'_' | b'.' | b'~' | b'/' => out.push(char::from(byte)),
            _ => out.push_str(&format!("%{byte:02X}")),
        }
    }
    out
}
