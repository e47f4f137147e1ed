//! JUnit XML, for CI pages: one suite for each run, one case for the module's behaviour and one for each finding.

use crate::finding::{Finding, Severity};
use crate::outcome::{End, Outcome};
use crate::render::human::draw;
use crate::render::{Options, xml};
use crate::report::SourceLines;
use crate::wording::{end_report, report};

/// Writes outcomes as one JUnit document; an error becomes a failure, a warning or note a passed case with output.
#[must_use]
pub fn junit(outcomes: &[Outcome], lines: &dyn SourceLines) -> String {
    let mut out = "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<testsuites>\n".to_owned();
    for outcome in outcomes {
        suite(&mut out, outcome, lines);
    }
    out.push_str("</testsuites>\n");
    out
}

fn suite(out: &mut String, outcome: &Outcome, lines: &dyn SourceLines) {
    let failures = outcome.count(Severity::Error);
    let broken = matches!(outcome.end, End::Usage(_) | End::Internal(_));
    let skipped = matches!(outcome.end, End::Unsupported(_) | End::Limit(_));
    let tests = outcome.findings.len() + 1;
    let subject = xml(&outcome.subject);
    let seconds = outcome.wall_ns.unwrap_or(0) / 1_000;
    let seconds = format!("{}.{:06}", seconds / 1_000_000, seconds % 1_000_000);
    out.push_str(&format!(
        "  <testsuite name=\"{subject}\" tests=\"{tests}\" failures=\"{failures}\" errors=\"{}\" skipped=\"{}\" time=\"{seconds}\">\n",
        usize::from(broken),
        usize::from(skipped),
    ));
    for finding in &outcome.findings {
        case(out, &subject, finding, lines);
    }
    out.push_str(&format!("    <testcase classname=\"{subject}\" name=\"scenario\""));
    match end_report(&outcome.end, lines) {
        None => out.push_str("/>\n"),
        Some(end) => {
            let title = xml(&format!("{}: {}", end.level, end.title));
            let text = xml(&draw(&end, lines, &Options::default()));
            if skipped {
                out.push_str(&format!(">\n      <skipped message=\"{title}\"/>\n"));
                out.push_str(&format!("      <system-out>{text}</system-out>\n    </testcase>\n"));
            } else {
                out.push_str(&format!(
                    ">\n      <error type=\"kloom\" message=\"{title}\">{text}</error>\n    </testcase>\n"
                ));
            }
        }
    }
    out.push_str("  </testsuite>\n");
}

fn case(out: &mut String, subject: &str, finding: &Finding, lines: &dyn SourceLines) {
    let told = report(finding, lines);
    let code = xml(&told.code);
    let title = xml(&told.title);
    let text = xml(&draw(&told, lines, &Options::default()));
    let place =
        told.anchor().map_or_else(String::new, |span| format!(" file=\"{}\" line=\"{}\"", xml(&span.file), span.line));
    let name = told.anchor().map_or_else(|| code.clone(), |span| format!("{code} {}:{}", xml(&span.file), span.line));
    out.push_str(&format!("    <testcase classname=\"{subject}\" name=\"{name}\"{place}>\n"));
    if finding.severity == Severity::Error {
        out.push_str(&format!("      <failure type=\"{code}\" message=\"{title}\">{text}</failure>\n"));
    } else {
        out.push_str(&format!("      <system-out>{text}</system-out>\n"));
    }
    out.push_str("    </testcase>\n");
}
