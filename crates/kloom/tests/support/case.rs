//! A ui case: a directory `tests/ui/<area>/<case>` with modules, `case.toml` and goldens.

use std::fs;
use std::path::{Path, PathBuf};
use std::process::Command;

use kloom::run::{Request, Script};
use serde::Deserialize;
use serde_json::Value;

use super::{Done, cache_dir, kloom, workspace};

/// Name of the scenario file that a case's steps are written to.
const STEPS: &str = "steps.sh";

/// `case.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// What the case is about.
    pub about: String,
    /// The command: `run`, or `check`.
    pub verb: Option<String>,
    /// Lines of the scenario. Without steps and script kloom's default scenario runs.
    #[serde(default)]
    pub steps: Vec<String>,
    /// The scenario as one text.
    pub script: Option<String>,
    /// What to run; the C files of the directory, or the directory itself if it has a Makefile.
    #[serde(default)]
    pub files: Vec<String>,
    /// Module parameters of the default scenario.
    #[serde(default)]
    pub params: Vec<String>,
    /// `--cpus`.
    pub cpus: Option<u32>,
    /// `--seed`.
    pub seed: Option<u64>,
    /// `--fail`.
    #[serde(default)]
    pub fail: Vec<String>,
    /// `--hang-after`.
    pub hang_after: Option<String>,
    /// More flags.
    #[serde(default)]
    pub flags: Vec<String>,
    /// Exit code.
    pub exit: i32,
    /// Codes of all findings, notes included, in the order of the report.
    #[serde(default)]
    pub findings: Vec<String>,
    /// Whether the JSON form has a golden, too.
    #[serde(default)]
    pub json: bool,
}

/// A case.
#[derive(Clone, Debug)]
pub struct Case {
    /// `area/case`.
    pub name: String,
    /// Its directory.
    pub dir: PathBuf,
    /// Its settings.
    pub settings: Settings,
}

/// `//~ ERROR code` in a source.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Annotation {
    /// File name.
    pub file: String,
    /// Line from 1.
    pub line: u64,
    /// `error`, `warning` or `note`.
    pub severity: String,
    /// The code.
    pub code: String,
}

impl Case {
    /// Finds all cases, sorted by name.
    ///
    /// # Panics
    /// A case cannot be read; the text says which.
    pub fn all() -> Vec<Case> {
        let root = workspace().join("tests/ui");
        let mut cases = Vec::new();
        for area in sorted(&root) {
            for dir in sorted(&area).into_iter().filter(|dir| dir.join("case.toml").exists()) {
                let name = dir.strip_prefix(&root).expect("below the root").display().to_string();
                let text = fs::read_to_string(dir.join("case.toml")).unwrap_or_else(|error| panic!("{name}: {error}"));
                let settings = toml::from_str(&text).unwrap_or_else(|error| panic!("{name}/case.toml: {error}"));
                cases.push(Case { name, dir, settings });
            }
        }
        assert!(!cases.is_empty(), "no cases below {}", root.display());
        cases
    }

    /// Copies what a run needs into `to`: sources, other inputs, and the scenario as `steps.sh`.
    ///
    /// # Errors
    /// The host's file system fails.
    pub fn copy_to(&self, to: &Path) -> Result<(), String> {
        let fail = |error: std::io::Error| format!("{}: {error}", to.display());
        copy_tree(&self.dir, to).map_err(fail)?;
        if let Some(script) = self.script() {
            fs::write(to.join(STEPS), script).map_err(fail)?;
        }
        Ok(())
    }

    /// The scenario; none: kloom's default one.
    pub fn script(&self) -> Option<String> {
        let settings = &self.settings;
        match &settings.script {
            Some(script) => Some(script.clone()),
            None if settings.steps.is_empty() => None,
            None => Some(settings.steps.join("\n") + "\n"),
        }
    }

    /// What the case gives to `kloom run`.
    pub fn files(&self) -> Vec<String> {
        if !self.settings.files.is_empty() {
            return self.settings.files.clone();
        }
        if self.dir.join("Makefile").exists() {
            return vec![".".into()];
        }
        let names = sorted(&self.dir).into_iter().filter(|path| path.extension().is_some_and(|ext| ext == "c"));
        names.filter_map(|path| Some(path.file_name()?.to_str()?.to_string())).collect()
    }

    /// The command of the case, in the directory of a copy.
    pub fn command(&self, dir: &Path) -> Command {
        let settings = &self.settings;
        let mut command = kloom(dir);
        command.arg(settings.verb.as_deref().unwrap_or("run")).args(self.files()).args(&settings.params);
        if self.script().is_some() {
            command.args(["--script", STEPS]);
        }
        if let Some(cpus) = settings.cpus {
            command.args(["--cpus", &cpus.to_string()]);
        }
        if let Some(seed) = settings.seed {
            command.args(["--seed", &seed.to_string()]);
        }
        for rule in &settings.fail {
            command.args(["--fail", rule]);
        }
        if let Some(time) = &settings.hang_after {
            command.args(["--hang-after", time]);
        }
        command.args(&settings.flags);
        command
    }

    /// Whether it says something about machines: not cases of input that is refused, nor those with flags of the command
    /// line, nor those of load, which take long.
    pub fn is_plain(&self) -> bool {
        let area = self.name.split('/').next().unwrap_or_default();
        self.settings.flags.is_empty() && self.settings.fail.is_empty() && !matches!(area, "input" | "load")
    }

    /// The case for the library, on the machine of a check, with bounds that keep modules without end short.
    pub fn request(&self) -> Request {
        Request {
            files: self.files().iter().map(|file| self.dir.join(file)).collect(),
            params: self.settings.params.clone(),
            script: self.script().map(|text| Script { name: STEPS.to_string(), text: text.into_bytes() }),
            run_for_ns: 10_000_000_000,
            config: kloom_kernel::Config { preempt: kloom_kernel::sched::Preempt::Full, ..Default::default() },
            strategy: kloom_explore::Strategy::Natural,
            limits: kloom_sim::Limits { max_steps: 200_000, max_output: 1 << 20, ..Default::default() },
            on_use_after_free: Default::default(),
            fail: Vec::new(),
            stop: Default::default(),
            cc: kloom_cc::Config { cwd: PathBuf::from("/"), ..kloom_cc::Config::new(cache_dir().join("kloom")) },
        }
    }

    /// The annotations in the case's C files.
    ///
    /// # Errors
    /// One is malformed, or a file cannot be read.
    pub fn annotations(&self) -> Result<Vec<Annotation>, String> {
        let mut found = Vec::new();
        for path in
            sorted(&self.dir).into_iter().filter(|path| path.extension().is_some_and(|ext| ext == "c" || ext == "h"))
        {
            let file = path.file_name().and_then(|name| name.to_str()).unwrap_or_default().to_string();
            let text = fs::read(&path).map_err(|error| format!("{file}: {error}"))?;
            for (line, text) in (1..).zip(String::from_utf8_lossy(&text).lines()) {
                found.extend(annotations_of_line(text, line, &file)?);
            }
        }
        found.sort();
        Ok(found)
    }
}

/// Reads `//~ ERROR code, WARNING code`; each `^` after the tilde means one line further up.
fn annotations_of_line(text: &str, line: u64, file: &str) -> Result<Vec<Annotation>, String> {
    let Some((_, rest)) = text.split_once("//~") else { return Ok(Vec::new()) };
    let up = rest.chars().take_while(|&c| c == '^').count();
    let mut found = Vec::new();
    for one in rest[up..].split(',') {
        let words: Vec<_> = one.split_whitespace().collect();
        let [severity @ ("ERROR" | "WARNING" | "NOTE"), code] = words[..] else {
            return Err(format!("{file}:{line}: not an annotation: //~{rest}"));
        };
        let line = line - up as u64;
        found.push(Annotation {
            file: file.to_string(),
            line,
            severity: severity.to_lowercase(),
            code: code.to_string(),
        });
    }
    Ok(found)
}

/// Checks the findings of a JSON document against the case: exact codes, and each place annotated.
///
/// # Errors
/// What does not fit.
pub fn check_findings(case: &Case, document: &Value) -> Result<(), String> {
    let findings = document["findings"].as_array().ok_or("the JSON form has no findings")?;
    let text = |value: &Value| value.as_str().unwrap_or_default().to_string();
    let codes: Vec<_> = findings.iter().map(|finding| text(&finding["code"])).collect();
    let mut problems = Vec::new();
    if codes != case.settings.findings {
        problems.push(format!("findings are {codes:?}, case.toml expects {:?}", case.settings.findings));
    }
    let mut expected = case.annotations()?;
    for finding in findings {
        // The blamed line, or without one the first place of the history, which is what is shown.
        let later = finding["history"]
            .as_array()
            .into_iter()
            .flatten()
            .flat_map(|step| step["spans"].as_array().into_iter().flatten());
        let placed = |span: &&Value| span["line"].as_u64().is_some_and(|line| line > 0);
        let primary = std::iter::once(&finding["primary"]).chain(later).find(placed).unwrap_or(&Value::Null);
        let here = Annotation {
            file: text(&primary["file"]),
            line: primary["line"].as_u64().unwrap_or(0),
            severity: text(&finding["severity"]),
            code: text(&finding["code"]),
        };
        match expected.iter().position(|annotation| *annotation == here) {
            Some(index) => drop(expected.remove(index)),
            None if here.severity == "error" && here.line > 0 => {
                problems.push(format!("{}:{}: not annotated: {} {}", here.file, here.line, here.severity, here.code));
            }
            None => {}
        }
    }
    for missed in expected {
        problems.push(format!("{}:{}: not found: {} {}", missed.file, missed.line, missed.severity, missed.code));
    }
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n")) }
}

/// The JSON document a run printed, without host time.
///
/// # Errors
/// It is not JSON.
pub fn document(done: &Done) -> Result<Value, String> {
    let mut value: Value = serde_json::from_slice(&done.stdout)
        .map_err(|error| format!("--message-format json printed no JSON ({error}):\n{}\n{}", done.out(), done.err()))?;
    if let Some(object) = value.as_object_mut() {
        object.remove("wall_ns");
    }
    if let Some(summary) = value["summary"].as_str() {
        value["summary"] = super::without_host_time(summary).into();
    }
    Ok(value)
}

fn sorted(dir: &Path) -> Vec<PathBuf> {
    let entries = fs::read_dir(dir).unwrap_or_else(|error| panic!("{}: {error}", dir.display()));
    let mut paths: Vec<_> = entries.filter_map(|entry| Some(entry.ok()?.path())).collect();
    paths.sort();
    paths
}

fn copy_tree(from: &Path, to: &Path) -> std::io::Result<()> {
    fs::create_dir_all(to)?;
    for path in sorted(from) {
        let target = to.join(path.file_name().expect("an entry of a directory has a name"));
        if path.is_dir() {
            copy_tree(&path, &target)?;
        } else if path.extension().is_none_or(|ext| ext != "golden") {
            fs::copy(&path, &target)?;
        }
    }
    Ok(())
}
