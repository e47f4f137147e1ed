//! Captures: what real Linux showed, as a text file that people review.
//!
//! ```text
//! # kloom linux capture 1
//! # kernel: linux-image-6.1.0-56-cloud-amd64 6.1.192-2
//! # machine: qemu tcg, 1 cpu
//! outcome: ok
//! $ insmod module.ko n=3
//! | what it printed
//! ? 0
//! [    5.000123] a kernel message
//! ```
//! `> ` continues the text of a command over lines, `|~` is a last line without a newline. The
//! head says where the capture comes from and is never compared.

use std::path::{Path, PathBuf};

use serde::Deserialize;

use crate::Error;
use crate::compare::{self, Difference};
use crate::outcome::{CommandOutcome, Ending, Outcome};
use crate::qemu::Machine;
use crate::run::{self, Control, Job, Reports};
use crate::setup::Linux;

const FIRST_LINE: &str = "# kloom linux capture 1";

/// The file of a case that holds its capture.
pub const CAPTURE_FILE: &str = "linux-6.1.capture";

/// One captured run.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Capture {
    /// Where it comes from: `key: value` lines.
    pub provenance: Vec<String>,
    /// What Linux showed.
    pub outcome: Outcome,
}

impl Capture {
    /// The capture as text.
    pub fn write(&self) -> String {
        let mut text = format!("{FIRST_LINE}\n");
        for line in &self.provenance {
            text.push_str(&format!("# {line}\n"));
        }
        text.push_str(&format!("outcome: {}\n", self.outcome.ending));
        for command in &self.outcome.commands {
            write_command(command, &mut text);
        }
        text
    }

    /// Reads a capture; `file` names it in errors.
    ///
    /// # Errors
    /// [`Error::Format`] with the line that is not understood.
    pub fn read(text: &str, file: &str) -> Result<Self, Error> {
        let bad = |index: usize, expected| Error::Format { file: file.to_owned(), line: index + 1, expected };
        let mut lines = text.lines().enumerate().peekable();
        if lines.next().map(|(_, line)| line) != Some(FIRST_LINE) {
            return Err(bad(0, FIRST_LINE));
        }
        let mut provenance = Vec::new();
        while let Some((_, line)) = lines.next_if(|(_, line)| line.starts_with("# ")) {
            provenance.push(line[2..].to_owned());
        }
        let ending: Ending = lines
            .next()
            .and_then(|(_, line)| line.strip_prefix("outcome: ")?.parse().ok())
            .ok_or_else(|| bad(provenance.len() + 1, "`outcome: ` and one of the endings"))?;
        let mut commands: Vec<CommandOutcome> = Vec::new();
        for (index, line) in lines {
            if let Some(text) = line.strip_prefix("$ ") {
                commands.push(CommandOutcome { text: text.to_owned(), ..CommandOutcome::default() });
                continue;
            }
            let command = commands.last_mut().ok_or_else(|| bad(index, "`$ ` and a command"))?;
            read_line(line, command).ok_or_else(|| bad(index, "`> `, `| `, `|~`, `? ` or `[`"))?;
        }
        Ok(Self { provenance, outcome: Outcome { ending, commands } })
    }
}

fn write_command(command: &CommandOutcome, text: &mut String) {
    for (index, line) in command.text.lines().enumerate() {
        text.push_str(if index == 0 { "$ " } else { "> " });
        text.push_str(line);
        text.push('\n');
    }
    for line in command.stdout.split_inclusive('\n') {
        text.push_str(if line.ends_with('\n') { "| " } else { "|~" });
        text.push_str(line.trim_end_matches('\n'));
        text.push('\n');
    }
    if let Some(status) = command.status {
        text.push_str(&format!("? {status}\n"));
    }
    for line in &command.dmesg {
        // A message without its time stamp would read as something else.
        text.push_str(if line.starts_with('[') { "" } else { "[] " });
        text.push_str(line);
        text.push('\n');
    }
}

fn read_line(line: &str, command: &mut CommandOutcome) -> Option<()> {
    if let Some(more) = line.strip_prefix("> ").or((line == ">").then_some("")) {
        command.text.push('\n');
        command.text.push_str(more);
    } else if let Some(out) = line.strip_prefix("|~") {
        command.stdout.push_str(out);
    } else if let Some(out) = line.strip_prefix("| ").or((line == "|").then_some("")) {
        command.stdout.push_str(out);
        command.stdout.push('\n');
    } else if let Some(status) = line.strip_prefix("? ") {
        command.status = Some(status.parse().ok()?);
    } else if line.starts_with('[') {
        let message = line.strip_prefix("[] ").unwrap_or(line);
        command.dmesg.push(message.to_owned());
    } else {
        return None;
    }
    Some(())
}

/// What a case directory says about itself, in `case.toml`.
#[derive(Clone, Debug, Deserialize, PartialEq, Eq)]
#[serde(deny_unknown_fields, default)]
pub struct CaseSettings {
    /// What the case is about, in one line.
    pub about: String,
    /// Number of CPUs of the guest.
    pub cpus: u32,
    /// Guest seconds after which a command counts as hanging.
    pub hang_after_s: u32,
    /// Wants a boot of its own, without the taint messages having been seen.
    pub fresh: bool,
    /// Linux can show only this, so kloom must show exactly this.
    pub single_outcome: bool,
    /// Words added to the guest kernel's command line.
    pub append: Vec<String>,
}

impl Default for CaseSettings {
    fn default() -> Self {
        Self {
            about: String::new(),
            cpus: 1,
            hang_after_s: 300,
            fresh: false,
            single_outcome: true,
            append: Vec::new(),
        }
    }
}

/// A case of the conformance suite.
#[derive(Clone, Debug)]
pub struct Case {
    /// The name of its directory.
    pub name: String,
    /// The directory.
    pub dir: PathBuf,
    /// Its settings.
    pub settings: CaseSettings,
    /// Its scenario.
    pub script: String,
    /// Its modules' sources.
    pub sources: Vec<PathBuf>,
}

impl Case {
    /// Reads the case in `dir`: `scenario.sh`, `*.c`, perhaps `case.toml`.
    ///
    /// # Errors
    /// A file is missing or not well formed.
    pub fn load(dir: &Path) -> Result<Self, Error> {
        let script = dir.join("scenario.sh");
        let script = std::fs::read_to_string(&script).map_err(Error::io(&script))?;
        let settings_file = dir.join("case.toml");
        let settings = match std::fs::read_to_string(&settings_file) {
            Ok(text) => toml::from_str(&text).map_err(|error| Error::Format {
                file: settings_file.display().to_string(),
                line: error.span().map_or(1, |span| text[..span.start].lines().count().max(1)),
                expected: "the settings of a case",
            })?,
            Err(_) => CaseSettings::default(),
        };
        let mut sources = Vec::new();
        for entry in std::fs::read_dir(dir).map_err(Error::io(dir))? {
            let path = entry.map_err(Error::io(dir))?.path();
            if path.extension().is_some_and(|extension| extension == "c") {
                sources.push(path);
            }
        }
        sources.sort();
        let name = dir.file_name().unwrap_or_default();
        Ok(Self { name: name.to_string_lossy().into_owned(), dir: dir.to_owned(), settings, script, sources })
    }

    /// Reads every case below `suite`, in order of name.
    ///
    /// # Errors
    /// As [`Case::load`].
    pub fn load_all(suite: &Path) -> Result<Vec<Self>, Error> {
        let mut dirs = Vec::new();
        for entry in std::fs::read_dir(suite).map_err(Error::io(suite))? {
            let path = entry.map_err(Error::io(suite))?.path();
            if path.join("scenario.sh").is_file() {
                dirs.push(path);
            }
        }
        dirs.sort();
        dirs.iter().map(|dir| Self::load(dir)).collect()
    }

    /// The committed capture, if there is one.
    ///
    /// # Errors
    /// It is there but not well formed.
    pub fn capture(&self) -> Result<Option<Capture>, Error> {
        let path = self.dir.join(CAPTURE_FILE);
        match std::fs::read_to_string(&path) {
            Ok(text) => Capture::read(&text, &path.display().to_string()).map(Some),
            Err(_) => Ok(None),
        }
    }

    fn job(&self) -> Job {
        Job {
            name: self.name.clone(),
            sources: self.sources.clone(),
            script: self.script.clone(),
            machine: Machine { cpus: self.settings.cpus, append: self.settings.append.clone(), ..Machine::default() },
            hang_after_s: self.settings.hang_after_s,
            fresh: self.settings.fresh,
        }
    }
}

/// Runs `cases` on real Linux and gives their captures without writing them.
///
/// # Errors
/// As [`run::run`].
pub fn record(
    linux: &Linux,
    cases: &[Case],
    control: &mut Control<'_>,
) -> Result<(Vec<(usize, Capture)>, Reports), Error> {
    let jobs: Vec<Job> = cases.iter().map(Case::job).collect();
    let mut reports = run::run(linux, &jobs, control)?;
    let mut captures = Vec::new();
    for report in std::mem::take(&mut reports.reports) {
        let Some(index) = cases.iter().position(|case| case.name == report.name) else {
            continue;
        };
        let cpus = cases[index].settings.cpus;
        let mut provenance = vec![
            format!("kernel: {}", linux.package),
            format!("machine: qemu tcg, {cpus} cpu{}", if cpus == 1 { ", icount" } else { "s" }),
        ];
        provenance.extend(report.notes.iter().map(|note| format!("note: {note}")));
        provenance.extend(report.hang_report.iter().map(|line| format!("hang: {line}")));
        let outcome = report.outcome;
        captures.push((index, Capture { provenance, outcome }));
    }
    Ok((captures, reports))
}

/// Records the cases below `suite` again and writes their captures.
///
/// `only` restricts it to cases whose name contains one of the words; empty takes all.
///
/// # Errors
/// As [`run::run`], or a capture cannot be written.
pub fn refresh(linux: &Linux, suite: &Path, only: &[String], control: &mut Control<'_>) -> Result<Reports, Error> {
    let mut cases = Case::load_all(suite)?;
    cases.retain(|case| only.is_empty() || only.iter().any(|word| case.name.contains(word)));
    let (captures, reports) = record(linux, &cases, control)?;
    for (index, capture) in captures {
        let path = cases[index].dir.join(CAPTURE_FILE);
        std::fs::write(&path, capture.write()).map_err(Error::io(&path))?;
    }
    Ok(reports)
}

/// A case by name, and where a fresh run of it differs from its capture.
pub type Differing = (String, Vec<Difference>);

/// Records cases again and compares them with their committed captures, without writing.
///
/// Gives the cases that differ. Only cases with a single outcome are asked for: the others may
/// rightly show another interleaving.
///
/// # Errors
/// As [`run::run`], or a committed capture is not well formed.
pub fn recheck(
    linux: &Linux,
    suite: &Path,
    only: &[String],
    control: &mut Control<'_>,
) -> Result<(Vec<Differing>, Reports), Error> {
    let mut cases = Case::load_all(suite)?;
    cases.retain(|case| {
        case.settings.single_outcome && (only.is_empty() || only.iter().any(|word| case.name.contains(word)))
    });
    let (captures, reports) = record(linux, &cases, control)?;
    let mut differing = Vec::new();
    for (index, fresh) in captures {
        let Some(committed) = cases[index].capture()? else {
            continue;
        };
        let differences = compare::compare(&committed, &fresh.outcome);
        if !differences.is_empty() {
            differing.push((cases[index].name.clone(), differences));
        }
    }
    Ok((differing, reports))
}

#[cfg(test)]
mod tests {
    use super::{Capture, Case, CaseSettings};
    use crate::Error;

    const TEXT: &str = "# kloom linux capture 1\n# kernel: x\noutcome: hang at command 2\n\
        $ for i in 1\n> do\n>\n> done\n| out\n|\n|~end\n? 0\n[    1.000000] a\n[] bare\n\
        $ rmmod m\n[    2.000000] b\n";

    #[test]
    fn a_capture_is_read_and_written_back() {
        let capture = Capture::read(TEXT, "t").expect("well formed");
        assert_eq!(capture.provenance, ["kernel: x"]);
        let first = &capture.outcome.commands[0];
        assert_eq!(first.text, "for i in 1\ndo\n\ndone");
        assert_eq!(first.stdout, "out\n\nend");
        assert_eq!(first.status, Some(0));
        assert_eq!(first.dmesg, ["[    1.000000] a", "bare"]);
        assert_eq!(capture.outcome.commands[1].status, None);
        let again = Capture::read(&capture.write(), "t").expect("own output");
        assert_eq!(again, capture);
    }

    #[track_caller]
    fn check_bad(text: &str, line: usize) {
        match Capture::read(text, "t") {
            Err(Error::Format { line: at, .. }) => assert_eq!(at, line, "text: {text:?}"),
            other => panic!("{other:?}"),
        }
    }

    #[test]
    fn broken_captures_name_their_line() {
        check_bad("", 1);
        check_bad("# kloom linux capture 2\n", 1);
        check_bad("# kloom linux capture 1\n# a: b\n", 3);
        check_bad("# kloom linux capture 1\noutcome: fine\n", 2);
        check_bad("# kloom linux capture 1\noutcome: ok\n? 0\n", 3);
        check_bad("# kloom linux capture 1\noutcome: ok\n$ a\n? x\n", 4);
        check_bad("# kloom linux capture 1\noutcome: ok\n$ a\nwhat\n", 4);
    }

    #[test]
    fn case_settings_have_defaults_and_reject_typing_errors() {
        let settings: CaseSettings = toml::from_str("cpus = 2").expect("well formed");
        assert_eq!((settings.cpus, settings.hang_after_s), (2, 300));
        assert!(toml::from_str::<CaseSettings>("cpu = 2").is_err());
    }

    #[test]
    fn every_committed_case_has_a_capture_of_its_own_commands() {
        let suite = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../tests/linux");
        let cases = Case::load_all(&suite).expect("well formed cases");
        assert!(cases.len() > 50, "{} cases", cases.len());
        for case in cases {
            let capture = case.capture().expect("well formed").expect("captured");
            let commands = crate::scenario::split(&case.script);
            let shown: Vec<&str> = capture.outcome.commands.iter().map(|c| c.text.as_str()).collect();
            assert!(commands.len() >= shown.len(), "{}", case.name);
            assert_eq!(commands[..shown.len()], shown, "{}", case.name);
            assert!(!case.settings.about.is_empty(), "{}", case.name);
            // What Linux showed is always a member of what Linux showed.
            assert_eq!(crate::compare::compare(&capture, &capture.outcome), [], "{}", case.name);
        }
    }
}
