//! `kloom run`: from sources to an outcome.

use std::path::PathBuf;
use std::rc::Rc;
use std::sync::Arc;
use std::sync::atomic::AtomicBool;

use kloom_cc::{Built, CcError, Input, SourceNote};
use kloom_diag::{Finding, Outcome};
use kloom_explore::Strategy;
use kloom_sim::{Ended, Limits, ModuleFile, Options, Output, Session};

use crate::source::Sources;

/// What to run and how.
#[derive(Clone, Debug)]
pub struct Request {
    /// C files, directories, `.ko` files.
    pub files: Vec<PathBuf>,
    /// Parameters, `name=value`.
    pub params: Vec<String>,
    /// The scenario; None for insmod, a while, rmmod.
    pub script: Option<Script>,
    /// How long the default scenario lets the module run.
    pub run_for_ns: u64,
    /// The machine.
    pub config: kloom_kernel::Config,
    /// How choices are made.
    pub strategy: Strategy,
    /// Limits.
    pub limits: Limits,
    /// Stale task pointers.
    pub on_use_after_free: kloom_shim::machine::OnUseAfterFree,
    /// Functions to fail.
    pub fail: Vec<(String, Vec<u64>)>,
    /// Set from outside to end the run.
    pub stop: Arc<AtomicBool>,
    /// The compiler.
    pub cc: kloom_cc::Config,
}

/// A scenario file.
#[derive(Clone, Debug)]
pub struct Script {
    /// Its name, for errors.
    pub name: String,
    /// Its text.
    pub text: Vec<u8>,
}

/// Why there is no outcome.
#[derive(Debug)]
pub enum RunError {
    /// The sources do not build.
    Build(Box<CcError>),
    /// The scenario does not parse.
    Scenario {
        /// Its name.
        name: String,
        /// What is wrong.
        error: kloom_shell::ScenarioError,
    },
    /// No machine.
    Machine(kloom_shim::machine::MachineError),
}

/// What a run gives.
#[derive(Debug)]
pub struct Ran {
    /// Findings and end.
    pub outcome: Outcome,
    /// Source texts, for rendering.
    pub sources: Sources,
    /// The schedule.
    pub token: String,
    /// Why it ended.
    pub ended: Ended,
    /// Steps of the machine.
    pub steps: u64,
}

/// Builds the modules of a request.
///
/// # Errors
/// They do not build.
pub fn build(request: &Request, progress: &mut dyn FnMut(kloom_cc::Progress<'_>)) -> Result<Built, RunError> {
    let input = Input::Paths(request.files.clone());
    kloom_cc::build_with_progress(&request.cc, &input, &mut |step| progress(step))
        .map_err(|error| RunError::Build(Box::new(error)))
}

/// Status of the default scenario's shell when a module could not be inserted.
const INSMOD_FAILED: i32 = 2;

/// A word as a shell reads it back.
#[must_use]
pub fn quote(word: &str) -> String {
    let plain = |c: char| c.is_ascii_alphanumeric() || "-_./=,:@%+".contains(c);
    if !word.is_empty() && word.chars().all(plain) {
        word.to_string()
    } else {
        format!("'{}'", word.replace('\'', "'\\''"))
    }
}

/// The default scenario: insmod, a while, rmmod.
pub fn default_script(built: &Built, request: &Request) -> String {
    let mut text = String::new();
    let params: String = request.params.iter().map(|param| format!(" {}", quote(param))).collect();
    for module in &built.modules {
        text.push_str(&format!("insmod {}{params}", quote(&module.file_name)));
        text.push_str(&format!(" || exit {INSMOD_FAILED}\n"));
    }
    let seconds = request.run_for_ns as f64 / 1e9;
    text.push_str(&format!("sleep {seconds}\n"));
    for module in built.modules.iter().rev() {
        text.push_str(&format!("rmmod {}\n", quote(&module.name)));
    }
    text
}

/// Runs built modules under the request's scenario; `show` gets what is printed, as it happens.
///
/// # Errors
/// The scenario does not parse, or there is no machine.
pub fn run(request: &Request, built: &Built, show: &mut dyn FnMut(Output)) -> Result<Ran, RunError> {
    let start = Start::new(request, built);
    let script = start.parse()?;
    let mut session = Session::new(start.options.clone(), &start.files).map_err(RunError::Machine)?;
    session.set_sources(Rc::new(start.sources.clone()));
    let ended = session.run(script, vec![start.script.name.clone()], show);
    let outcome = start.conclude(&mut session, &ended);
    Ok(Ran { outcome, sources: start.sources, token: session.token(), ended, steps: session.steps() })
}

/// What every run of a request starts from, and what its outcome is made with.
#[derive(Clone, Debug)]
pub(crate) struct Start {
    /// The scenario.
    pub(crate) script: Script,
    /// The modules, as they stand in the machine's file system.
    pub(crate) files: Vec<ModuleFile>,
    /// The machine.
    pub(crate) options: Options,
    /// The modules' sources.
    pub(crate) sources: Sources,
    name: String,
    own_script: bool,
    removed: Vec<Finding>,
}

impl Start {
    pub(crate) fn new(request: &Request, built: &Built) -> Start {
        let script = match &request.script {
            Some(script) => script.clone(),
            None => Script { name: "(default scenario)".into(), text: default_script(built, request).into_bytes() },
        };
        let modules = || built.modules.iter();
        let file = |module: &kloom_cc::BuiltModule| ModuleFile {
            file_name: module.file_name.clone(),
            bytes: Arc::from(module.ko.as_slice()),
        };
        let mut sources = Sources::default();
        for (path, text) in modules().flat_map(|module| &module.sources) {
            sources.add(path, text);
        }
        let options = Options {
            config: request.config.clone(),
            strategy: request.strategy.clone(),
            limits: request.limits.clone(),
            on_use_after_free: request.on_use_after_free,
            fail: request.fail.clone(),
            stop: Arc::clone(&request.stop),
        };
        Start {
            script,
            files: modules().map(file).collect(),
            options,
            sources,
            name: modules().map(|module| module.file_name.clone()).collect::<Vec<_>>().join(" "),
            own_script: request.script.is_some(),
            removed: removed(built),
        }
    }

    /// The scenario, parsed.
    pub(crate) fn parse(&self) -> Result<kloom_shell::Script, RunError> {
        let Script { name, text } = &self.script;
        kloom_shell::parse::parse(text).map_err(|error| RunError::Scenario { name: name.clone(), error })
    }

    /// What a run that ended like this has to tell.
    pub(crate) fn conclude(&self, session: &mut Session, ended: &Ended) -> Outcome {
        let mut outcome = session.outcome(ended, &self.name);
        outcome.findings.splice(0..0, self.removed.iter().cloned());
        blame_unknown_symbol(&mut outcome);
        if !self.own_script && *ended == Ended::Done(INSMOD_FAILED) {
            blame_input(&mut outcome);
        }
        outcome
    }
}

/// What the compiler saw of macros that Linux has dropped, once per name; told before what the run showed.
fn removed(built: &Built) -> Vec<Finding> {
    let mut told: Vec<(&String, Finding)> = Vec::new();
    for module in &built.modules {
        for note in &module.notes {
            let SourceNote::Removed { file, line, name, removed_in, replacement } = note else { continue };
            if told.iter().any(|(other, _)| *other == name) {
                continue;
            }
            let fault = kloom_diag::Fault::RemovedApi {
                call: name.clone(),
                removed_in: removed_in.clone(),
                replacement: replacement.clone(),
                site: kloom_diag::Site::new(file, *line, "", &module.name),
            };
            told.push((name, Finding::new(fault)));
        }
    }
    told.into_iter().map(|(_, finding)| finding).collect()
}

/// A file or parameter that insmod refuses, although nobody is to blame for it in the module, is wrong input.
fn blame_input(outcome: &mut Outcome) {
    if outcome.findings.is_empty() && outcome.end == kloom_diag::End::Completed {
        outcome.end = kloom_diag::End::Usage(kloom_diag::UsageError {
            message: "the module cannot be inserted".into(),
            site: None,
            hint: Some("insmod and the kernel's log say why; look at the file and at the parameters".into()),
        });
    }
}

/// A symbol that Linux does not have either is the module's fault, not a gap of kloom's.
fn blame_unknown_symbol(outcome: &mut Outcome) {
    let kloom_diag::End::Unsupported(missing) = &outcome.end else { return };
    let ours = kloom_cc::is_linux_api(&missing.name) || missing.name.starts_with("kloom_");
    if missing.what != kloom_diag::UnsupportedKind::Function || ours {
        return;
    }
    let message = format!("`{}` is undefined: neither the module nor Linux has it", missing.name);
    let fault = kloom_diag::Fault::CompileError { message, site: None, hint: missing.hint.clone() };
    outcome.end = kloom_diag::End::Completed;
    outcome.findings.push(Finding::new(fault));
}
