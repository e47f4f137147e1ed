//! Builder of a [`Report`]: the wording tells the events in the order of time, the builder numbers them.

use crate::event::Event;
use crate::finding::{Finding, Severity};
use crate::report::{Help, Patch, Report, SourceLines, Span, Step, Trace};
use crate::site::Site;
use crate::span::locate;
use crate::wording::phrase::who;

/// A report under construction.
pub(crate) struct Story<'a> {
    /// Source of the modules.
    pub(crate) lines: &'a dyn SourceLines,
    report: Report,
    /// Number of steps told so far, the blamed one included.
    told: u32,
    /// Number of the blamed step.
    blamed: u32,
}

impl<'a> Story<'a> {
    /// Starts a report about `finding`.
    pub(crate) fn new(finding: &Finding, lines: &'a dyn SourceLines) -> Self {
        let mut story = Self::about(finding.severity, finding.severity.as_str(), lines);
        story.report.code = finding.code().as_str().to_owned();
        story.report.coverage = finding.coverage.as_ref().map(super::coverage);
        story.report.replay = finding.replay.clone();
        story.report.repeats = finding.repeats;
        story
    }

    /// Starts a report that has no code, with its own word before the title.
    pub(crate) fn about(severity: Severity, level: &str, lines: &'a dyn SourceLines) -> Self {
        let report = Report {
            code: String::new(),
            severity,
            level: level.to_owned(),
            title: String::new(),
            primary: None,
            beside: Vec::new(),
            history: Vec::new(),
            notes: Vec::new(),
            helps: Vec::new(),
            traces: Vec::new(),
            coverage: None,
            replay: None,
            repeats: 1,
        };
        Self { lines, report, told: 0, blamed: 0 }
    }

    /// Sets the one-line story.
    pub(crate) fn title(&mut self, title: impl Into<String>) {
        self.report.title = title.into();
    }

    /// Tells the step that the report blames: its line becomes the primary span with `label`.
    pub(crate) fn blame(&mut self, event: &Event, label: impl Into<String>) {
        let label = label.into();
        match &event.site {
            Some(site) => self.blame_site(site, &event.call, label),
            None => {
                self.told += 1;
                self.push(self.told, label, Vec::new());
            }
        }
        self.trace(event);
    }

    /// Sets the command that shows it again.
    pub(crate) fn replay(&mut self, replay: Option<String>) {
        self.report.replay = replay;
    }

    /// Like [`Story::blame`] for a place that is no event.
    pub(crate) fn blame_site(&mut self, site: &Site, call: &str, label: impl Into<String>) {
        self.told += 1;
        self.blamed = self.told;
        self.report.primary = Some(locate(self.lines, site, call, label.into()));
    }

    /// Shows another place next to the blamed line, without a number.
    pub(crate) fn beside(&mut self, site: &Site, call: &str, label: impl Into<String>) {
        let span = locate(self.lines, site, call, label.into());
        self.report.beside.push(span);
    }

    /// Tells a step before or after the blamed one.
    pub(crate) fn step(&mut self, event: &Event, text: impl Into<String>) {
        self.step_label(event, text, "");
    }

    /// Tells a step, with something to say at the line itself.
    pub(crate) fn step_label(&mut self, event: &Event, text: impl Into<String>, label: impl Into<String>) {
        self.told += 1;
        let place = event.site.as_ref();
        let spans = match place {
            Some(site) => vec![locate(self.lines, site, &event.call, label.into())],
            None => Vec::new(),
        };
        self.push(self.told, text.into(), spans);
        self.trace(event);
    }

    /// Tells a step, when there is such an event.
    pub(crate) fn step_if(&mut self, event: Option<&Event>, text: impl Fn(&Event) -> String) {
        if let Some(event) = event {
            self.step(event, text(event));
        }
    }

    /// Adds another place to the step told last.
    pub(crate) fn also(&mut self, site: &Site, call: &str, label: impl Into<String>) {
        let span = locate(self.lines, site, call, label.into());
        match self.report.history.last_mut() {
            Some(step) => step.spans.push(span),
            None => self.report.beside.push(span),
        }
    }

    /// Shows a place that is no step of what happened.
    pub(crate) fn place(&mut self, text: impl Into<String>, site: &Site, call: &str) {
        let span = locate(self.lines, site, call, String::new());
        self.push(0, text.into(), vec![span]);
    }

    fn push(&mut self, number: u32, text: String, spans: Vec<Span>) {
        self.report.history.push(Step { number, text, spans });
    }

    /// States a fact.
    pub(crate) fn note(&mut self, text: impl Into<String>) {
        self.report.notes.push(text.into());
    }

    /// States what a real machine would show.
    pub(crate) fn linux(&mut self, text: impl AsRef<str>) {
        self.note(format!("on Linux: {}", text.as_ref()));
    }

    /// Gives advice.
    pub(crate) fn help(&mut self, text: impl Into<String>) {
        self.report.helps.push(Help { text: text.into(), patch: None });
    }

    /// Gives advice with the change to make, when there is one.
    pub(crate) fn help_patch(&mut self, text: impl Into<String>, patch: Option<Patch>) {
        self.report.helps.push(Help { text: text.into(), patch });
    }

    fn trace(&mut self, event: &Event) {
        if event.backtrace.0.is_empty() {
            return;
        }
        self.report.traces.push(Trace { title: who(&event.who), frames: event.backtrace.0.clone() });
    }

    /// Numbers the steps and hands out the report.
    pub(crate) fn finish(mut self) -> Report {
        let alone = self.told < 2;
        for step in &mut self.report.history {
            if alone {
                step.number = 0;
            }
        }
        if let Some(primary) = &mut self.report.primary
            && !alone
        {
            let label = std::mem::take(&mut primary.label);
            primary.label = format!("({}) {label}", self.blamed);
        }
        if self.report.repeats > 1 {
            let others = self.report.repeats - 1;
            let times = if others == 1 { "time" } else { "times" };
            self.note(format!("the same was seen {others} more {times} in this run; reported once"));
        }
        self.report
    }
}
