//! Two outcomes side by side, for the terminal and as a page.

use crate::abstraction;
use crate::compare::{self, Line, align};
use crate::outcome::{CommandOutcome, Outcome};

/// A line of one side, of the other, or of both.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Row {
    linux: Option<String>,
    kloom: Option<String>,
    same: bool,
}

/// The comparison of two outcomes, ready to be shown.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct SideBySide {
    /// Heading and rows.
    sections: Vec<(String, Vec<Row>)>,
}

/// Narrowest column of the terminal form.
const COLUMN_MIN: usize = 24;

impl SideBySide {
    /// Lays `kloom` beside `linux`: ending, each command with its status and what it printed, then all kernel messages.
    pub fn of(linux: &Outcome, kloom: &Outcome) -> Self {
        let row = |linux: String, kloom: String| Row { same: linux == kloom, linux: Some(linux), kloom: Some(kloom) };
        let ending = row(linux.ending.to_string(), kloom.ending.to_string());
        let mut sections = vec![("ending".to_owned(), vec![ending])];
        let none = CommandOutcome::default();
        for index in 0..linux.commands.len().max(kloom.commands.len()) {
            let (on_linux, in_kloom) = (linux.commands.get(index), kloom.commands.get(index));
            let text = on_linux.or(in_kloom).map(|command| command.text.clone()).unwrap_or_default();
            let status = |command: Option<&CommandOutcome>| match command {
                None => "never started".to_owned(),
                Some(command) => command.status.map_or("no end".to_owned(), |status| format!("exit code {status}")),
            };
            let mut rows = vec![row(status(on_linux), status(in_kloom))];
            let lines = |command: &CommandOutcome| {
                let compared = |line: &str| Some((abstraction::output(line)?, line.to_owned()));
                command.stdout.lines().filter_map(compared).collect::<Vec<_>>()
            };
            rows.extend(aligned(&lines(on_linux.unwrap_or(&none)), &lines(in_kloom.unwrap_or(&none))));
            sections.push((format!("$ {text}"), rows));
        }
        let compare::MessagePairs { compared: [others, watchdog], later } = compare::message_pairs(linux, kloom);
        sections.push(("kernel messages".to_owned(), aligned(&others.0, &others.1)));
        if !watchdog.0.is_empty() || !watchdog.1.is_empty() {
            sections.push(("kernel messages about tasks that hang".to_owned(), aligned(&watchdog.0, &watchdog.1)));
        }
        if !later.0.is_empty() || !later.1.is_empty() {
            let rows = aligned(&later.0, &later.1).into_iter().map(|row| Row { same: true, ..row });
            sections.push(("kernel messages while the machine went on, not compared".to_owned(), rows.collect()));
        }
        Self { sections }
    }

    /// As text of `width` columns; rows that differ have a `≠` between the sides.
    pub fn terminal(&self, width: usize) -> String {
        let column = (width.saturating_sub(3) / 2).max(COLUMN_MIN);
        let mut text = format!("  {:<column$} {}\n", "Linux", "kloom");
        for (heading, rows) in &self.sections {
            text.push_str(&format!("{heading}\n"));
            for row in rows {
                let left = cut(row.linux.as_deref().unwrap_or_default(), column - 2);
                let right = cut(row.kloom.as_deref().unwrap_or_default(), column - 2);
                let mark = if row.same { '│' } else { '≠' };
                let pad = column.saturating_sub(2).saturating_sub(left.chars().count());
                let line = format!("  {left}{} {mark} {right}", " ".repeat(pad));
                text.push_str(line.trim_end());
                text.push('\n');
            }
        }
        text
    }

    /// As a page that needs nothing else.
    pub fn html(&self, title: &str, verdict: &str) -> String {
        let mut page = format!(
            "<!DOCTYPE html>\n<html lang=\"en\"><meta charset=\"utf-8\"><title>{0}: Linux and kloom</title>\n<style>\n{STYLE}</style>\n\
             <h1>{0}</h1>\n<p>{1}</p>\n<table>\n<tr><th>Linux</th><th>kloom</th></tr>\n",
            escape(title),
            escape(verdict)
        );
        for (heading, rows) in &self.sections {
            page.push_str(&format!("<tr><td colspan=\"2\" class=\"head\">{}</td></tr>\n", escape(heading)));
            for row in rows {
                let class = if row.same { "" } else { " class=\"differs\"" };
                let cell = |side: &Option<String>| escape(side.as_deref().unwrap_or_default());
                page.push_str(&format!("<tr{class}><td>{}</td><td>{}</td></tr>\n", cell(&row.linux), cell(&row.kloom)));
            }
        }
        page.push_str("</table>\n</html>\n");
        page
    }
}

const STYLE: &str = "body { font: 14px sans-serif; margin: 2em; }\n\
    table { border-collapse: collapse; width: 100%; table-layout: fixed; }\n\
    td { font: 12px monospace; white-space: pre-wrap; overflow-wrap: anywhere; padding: 1px 6px; vertical-align: top; }\n\
    td + td { border-left: 1px solid #999; }\n\
    .head { background: #eee; font-weight: bold; padding: 4px 6px; }\n\
    .differs { background: #fdd; }\n\
    @media (prefers-color-scheme: dark) { body { background: #111; color: #ddd; } .head { background: #333; } .differs { background: #511; } }\n";

/// Rows of two sequences of (compared text, shown text).
fn aligned(linux: &[Line], kloom: &[Line]) -> Vec<Row> {
    align(&compare::keys(linux), &compare::keys(kloom))
        .into_iter()
        .map(|(a, b)| Row {
            linux: a.map(|index| linux[index].1.clone()),
            kloom: b.map(|index| kloom[index].1.clone()),
            same: a.is_some() && b.is_some(),
        })
        .collect()
}

/// The first `width` characters; a tab is a space, other control characters are shown as `.`.
fn cut(text: &str, width: usize) -> String {
    let plain = |c: char| match c {
        '\t' => ' ',
        c if c.is_control() => '.',
        c => c,
    };
    let mut cut: String = text.chars().map(plain).take(width).collect();
    if text.chars().count() > width {
        cut.pop();
        cut.push('…');
    }
    cut
}

fn escape(text: &str) -> String {
    text.replace('&', "&amp;").replace('<', "&lt;").replace('>', "&gt;").replace('"', "&quot;")
}

#[cfg(test)]
mod tests {
    use super::SideBySide;
    use crate::outcome::{CommandOutcome, Ending, Outcome};

    fn outcome(stdout: &str, status: i32, message: &str) -> Outcome {
        let command = CommandOutcome {
            text: "cat <f>".to_owned(),
            stdout: stdout.to_owned(),
            status: Some(status),
            dmesg: vec![format!("[    1.000000] {message}")],
        };
        Outcome { ending: Ending::Ok, commands: vec![command] }
    }

    #[test]
    fn both_sides_stand_in_the_terminal() {
        let side = SideBySide::of(&outcome("same\nleft\n", 0, "pid:1 x"), &outcome("same\nright\n", 1, "pid:2 x"));
        let text = side.terminal(60);
        let expected = [
            "  Linux                        kloom",
            "ending",
            "  ok                         │ ok",
            "$ cat <f>",
            "  exit code 0                ≠ exit code 1",
            "  same                       │ same",
            "  left                       ≠",
            "                             ≠ right",
            "kernel messages",
            "  pid:1 x                    │ pid:2 x",
        ];
        assert_eq!(text.lines().collect::<Vec<_>>(), expected);
        assert!(
            side.terminal(0).lines().all(|line| line.chars().count() <= 60),
            "narrow terminals get a readable form"
        );
    }

    #[test]
    fn what_follows_a_hang_is_shown_and_marks_no_difference() {
        let hangs = |messages: &[&str]| {
            let dmesg = messages.iter().map(|text| format!("[    1.000000] {text}")).collect();
            let command = CommandOutcome { text: "rmmod m".to_owned(), stdout: String::new(), status: None, dmesg };
            Outcome { ending: Ending::Hang { command: 1 }, commands: vec![command] }
        };
        let told = "INFO: task rmmod:9 blocked for more than 120 seconds.";
        let side = SideBySide::of(&hangs(&["beat 1", "beat 2", told, " </TASK>", "beat 3"]), &hangs(&["beat 1", told]));
        let text = side.terminal(60);
        let (compared, later) = text.split_once("not compared").expect("a section of its own");
        assert!(!text.contains('≠'), "{text}");
        assert!(compared.contains("beat 1") && !compared.contains("beat 2"), "{text}");
        assert!(later.contains("beat 2") && later.contains("beat 3"), "{text}");
    }

    #[test]
    fn a_page_is_escaped_and_needs_nothing_else() {
        let side = SideBySide::of(&outcome("a<b>&\n", 0, "m"), &outcome("", 0, "m"));
        let page = side.html("m.c", "differ");
        assert!(page.contains("a&lt;b&gt;&amp;") && page.contains("$ cat &lt;f&gt;"), "{page}");
        assert!(page.contains("<tr class=\"differs\"><td>a&lt;b&gt;&amp;</td><td></td></tr>"), "{page}");
        assert!(!page.contains("http") && !page.contains("<script"), "{page}");
    }

    #[test]
    fn long_lines_and_control_characters_fit() {
        assert_eq!(super::cut("abcdef", 4), "abc…");
        assert_eq!(super::cut("a\tb\u{1}", 9), "a b.");
    }
}
