//! Text for people, in rustc's form, drawn by annotate-snippets.

use annotate_snippets::{AnnotationKind, Group, Level, Origin, Patch as Replacement, Renderer, Snippet};

use crate::code::Explain;
use crate::finding::{Finding, Severity};
use crate::outcome::{End, Outcome};
use crate::render::summary::summary;
use crate::render::{BacktraceMode, Options, printable};
use crate::report::{Patch, Report, SourceLines, Span, Trace};
use crate::span::line_of;
use crate::wording::{end_report, report};

/// Lines between two spans beyond which they are shown as two snippets.
const SNIPPET_LINES_MAX: u32 = 200;

/// Frames of a call chain that are shown at most.
const FRAMES_MAX: usize = 64;

/// Draws a finding. The text ends with a line end.
#[must_use]
pub fn human(finding: &Finding, lines: &dyn SourceLines, options: &Options) -> String {
    draw(&report(finding, lines), lines, options)
}

/// Draws everything a run has to tell: its findings, its end and the closing line, with empty lines between them.
#[must_use]
pub fn human_outcome(outcome: &Outcome, lines: &dyn SourceLines, options: &Options) -> String {
    let mut parts: Vec<_> = outcome.findings.iter().map(|finding| human(finding, lines, options)).collect();
    parts.extend(end_report(&outcome.end, lines).map(|end| draw(&end, lines, options)));
    parts.push(summary(outcome));
    parts.join("\n")
}

/// Draws the end of a run; empty when the scenario ran to its end.
#[must_use]
pub fn end_human(end: &End, lines: &dyn SourceLines, options: &Options) -> String {
    end_report(end, lines).map_or_else(String::new, |report| draw(&report, lines, options))
}

/// Draws the long explanation of a code, as `kloom explain` prints it.
#[must_use]
pub fn explain_human(explain: &Explain) -> String {
    format!("{}\n", explain.text.trim_end())
}

/// Draws a report.
pub(crate) fn draw(report: &Report, lines: &dyn SourceLines, options: &Options) -> String {
    let level = level(report);
    let title = level.primary_title(one_line(&report.title));
    let title = if report.code.is_empty() { title } else { title.id(report.code.clone()) };
    let mut groups = Vec::new();
    let spans: Vec<_> = report.primary.iter().chain(&report.beside).collect();
    groups.push(show(Group::with_title(title), &spans, lines));
    for step in &report.history {
        let number = match step.number {
            0 => String::new(),
            number => format!("({number}) "),
        };
        let text = fill(&format!("{number}{}", one_line(&step.text)), options.width, 6);
        let spans: Vec<_> = step.spans.iter().collect();
        groups.push(show(Group::with_title(Level::NOTE.secondary_title(text)), &spans, lines));
    }
    let facts = traces(report, options.backtrace);
    for note in report.notes.iter().chain(&facts).chain(&report.coverage) {
        let text = fill(&block(note), options.width, 12);
        append(&mut groups, "note", text);
    }
    for help in &report.helps {
        let text = fill(&one_line(&help.text), options.width, 6);
        let group = Group::with_title(Level::HELP.secondary_title(text));
        groups.push(match &help.patch {
            Some(patch) => propose(group, patch),
            None => group,
        });
    }
    if let Some(replay) = &report.replay {
        append(&mut groups, "replay", one_line(replay));
    }
    let renderer = if options.color { Renderer::styled() } else { Renderer::plain() };
    // annotate-snippets divides the width among margins: below some 40 columns nothing useful is left.
    let text = renderer.term_width(options.width.clamp(40, 500)).render(&groups);
    let lines: Vec<&str> = text.split('\n').collect();
    let mut out = String::with_capacity(text.len());
    for (index, line) in lines.iter().enumerate() {
        let before = index.checked_sub(1).map_or("", |before| lines[before]);
        if idle_gutter(before, line, lines.get(index + 1).copied().unwrap_or_default()) {
            continue;
        }
        out.push_str(if options.color { line } else { line.trim_end() });
        out.push('\n');
    }
    out
}

/// Whether a line is the gutter between two titles, neither of which has a snippet beside it.
fn idle_gutter(before: &str, line: &str, after: &str) -> bool {
    let (before, line, after) = (without_colour(before), without_colour(line), without_colour(after));
    let titled = |text: &str| text.starts_with(|c: char| c.is_ascii_alphabetic());
    let snippet =
        before.trim_start().starts_with(['|', '=', '-', '.', '0', '1', '2', '3', '4', '5', '6', '7', '8', '9']);
    line.trim() == "|" && titled(&after) && !snippet
}

/// Text without the escape sequences that colour it.
fn without_colour(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some((plain, sequence)) = rest.split_once('\u{1b}') {
        out.push_str(plain);
        rest = sequence.split_once('m').map_or("", |(_, rest)| rest);
    }
    out + rest
}

/// Chooses colour and word of the title.
fn level(report: &Report) -> Level<'static> {
    let level = match report.severity {
        Severity::Error => Level::ERROR,
        Severity::Warning => Level::WARNING,
        Severity::Note => Level::NOTE,
    };
    if report.level == report.severity.as_str() { level } else { level.with_name(report.level.clone()) }
}

/// Adds a named line to the last group.
fn append(groups: &mut Vec<Group<'static>>, name: &'static str, text: String) {
    if let Some(last) = groups.pop() {
        let message = Level::NOTE.with_name(name).message(text);
        groups.push(last.element(message));
    }
}

/// Adds the source around `spans` to a group; the first span is the important one.
fn show(group: Group<'static>, spans: &[&Span], lines: &dyn SourceLines) -> Group<'static> {
    let mut group = group;
    let mut left: Vec<(usize, &Span)> = spans.iter().copied().enumerate().collect();
    while let Some((_, first)) = left.first().copied() {
        let near = |span: &Span| {
            span.file == first.file && span.text.is_some() && span.line.abs_diff(first.line) <= SNIPPET_LINES_MAX
        };
        if first.text.is_none() || first.line == 0 {
            left.remove(0);
            group = point(group, first);
            continue;
        }
        let (together, rest): (Vec<_>, Vec<_>) = left.into_iter().partition(|(_, span)| near(span));
        left = rest;
        group = group.element(snippet(&together, lines));
    }
    group
}

/// Names a place whose source is not at hand.
fn point(group: Group<'static>, span: &Span) -> Group<'static> {
    let mut group = group;
    if !span.file.is_empty() {
        let origin = Origin::path(one_line(&span.file));
        group = group.element(match span.line {
            0 => origin,
            line => origin.line(line as usize),
        });
    }
    if !span.label.is_empty() {
        group = group.element(Level::NOTE.message(one_line(&span.label)));
    }
    group
}

/// Builds a snippet over spans of one file.
fn snippet(
    spans: &[(usize, &Span)],
    lines: &dyn SourceLines,
) -> Snippet<'static, annotate_snippets::Annotation<'static>> {
    let file = spans[0].1.file.clone();
    let first = spans.iter().map(|(_, span)| span.line).min().unwrap_or(1);
    let last = spans.iter().map(|(_, span)| span.line).max().unwrap_or(1);
    let mut source = String::new();
    let mut starts = Vec::new();
    for number in first..=last {
        starts.push(source.len());
        let text = spans
            .iter()
            .find(|(_, span)| span.line == number)
            .and_then(|(_, span)| span.text.clone())
            .or_else(|| line_of(lines, &file, number));
        source.push_str(&text.unwrap_or_default());
        source.push('\n');
    }
    let mut snippet = Snippet::source(source).line_start(first as usize).fold(true);
    if !file.is_empty() {
        snippet = snippet.path(one_line(&file));
    }
    for (index, span) in spans {
        let start = starts[(span.line - first) as usize];
        let kind = if *index == 0 { AnnotationKind::Primary } else { AnnotationKind::Context };
        let annotation = kind.span(start + span.start..start + span.end);
        snippet = snippet.annotation(if span.label.is_empty() {
            annotation
        } else {
            annotation.label(one_line(&span.label))
        });
    }
    snippet
}

/// Adds a change to a group.
fn propose(group: Group<'static>, patch: &Patch) -> Group<'static> {
    let span = &patch.span;
    let Some(text) = &span.text else {
        return group;
    };
    let mut snippet = Snippet::source(format!("{text}\n")).line_start(span.line as usize).fold(true);
    if !span.file.is_empty() {
        snippet = snippet.path(one_line(&span.file));
    }
    group.element(snippet.patch(Replacement::new(span.start..span.end, patch.replacement.clone())))
}

/// Writes call chains, each as a block of lines.
fn traces(report: &Report, mode: BacktraceMode) -> Vec<String> {
    let mut blocks: Vec<String> = Vec::new();
    for trace in &report.traces {
        let text = chain(trace, mode);
        if let Some(text) = text
            && !blocks.contains(&text)
        {
            blocks.push(text);
        }
    }
    blocks
}

/// Writes one call chain; `None` when it says no more than the underlined line.
fn chain(trace: &Trace, mode: BacktraceMode) -> Option<String> {
    let full = mode == BacktraceMode::Full;
    let shown: Vec<_> = trace.frames.iter().filter(|site| full || !site.is_kernel()).collect();
    if shown.len() < 2 && !full {
        return None;
    }
    let mut text = format!("call chain of {}, innermost first:", trace.title);
    for site in shown.iter().take(FRAMES_MAX) {
        let place = if site.is_kernel() { "(kernel)".to_owned() } else { format!("at {site}") };
        text.push_str(&format!("\n    {}() {place}", site.function));
    }
    if shown.len() > FRAMES_MAX {
        text.push_str(&format!("\n    … {} more", shown.len() - FRAMES_MAX));
    }
    let hidden = trace.frames.len() - shown.len();
    if hidden > 0 {
        text.push_str(&format!("\n    ({hidden} kernel frames hidden; `--backtrace full` shows them)"));
    }
    Some(text)
}

/// Puts text on one line and makes it harmless.
fn one_line(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').map(str::trim_end).collect();
    printable(&lines.join(" ")).replace('\t', " ")
}

/// Makes text of several lines harmless.
fn block(text: &str) -> String {
    let lines: Vec<_> = text.split('\n').map(|line| printable(line).replace('\t', " ")).collect();
    lines.join("\n")
}

/// Breaks lines at blanks so that they fit into `width` columns, `indent` of which are taken. Words are never broken, and
/// lines that begin with a blank (tables, call chains) stay as they are.
fn fill(text: &str, width: usize, indent: usize) -> String {
    let room = width.saturating_sub(indent).max(30);
    let mut out: Vec<String> = Vec::new();
    for line in text.split('\n') {
        if line.starts_with(' ') || text.contains('\n') || line.chars().count() <= room {
            out.push(line.to_owned());
            continue;
        }
        let mut current = String::new();
        for word in line.split(' ') {
            if !current.is_empty() && current.chars().count() + 1 + word.chars().count() > room {
                out.push(std::mem::take(&mut current));
            }
            if !current.is_empty() {
                current.push(' ');
            }
            current.push_str(word);
        }
        out.push(current);
    }
    out.join("\n")
}
