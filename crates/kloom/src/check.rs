//! `kloom check`: the same module and scenario again and again, each time with other choices.

use std::sync::Arc;
use std::time::Duration;

use kloom_cc::Built;
use kloom_diag::{End, Outcome, Severity};
use kloom_explore::Strategy;
use kloom_explore::search::{Ending, Search, Summary};
use kloom_sim::explored::{Bounds, Explored, Threads};
use kloom_sim::{Ended, ModuleFile, Options, Output, Parts, Session};

use crate::run::{Request, RunError, Script, default_script};
use crate::source::Sources;

/// What every execution of a check starts from.
#[derive(Debug)]
pub struct Subject {
    script: kloom_shell::Script,
    script_name: String,
    files: Vec<ModuleFile>,
    options: Options,
    sources: Sources,
    name: String,
    bounds: Bounds,
}

/// One execution.
#[derive(Debug)]
pub struct Execution {
    /// Findings and end; `None` when the search dropped it.
    pub outcome: Option<Outcome>,
    /// How it went.
    pub explored: Explored,
    /// How the search is told.
    pub ending: Ending,
}

/// Runs executions of one subject, one after the other, on this OS thread.
#[derive(Debug)]
pub struct Worker<'s> {
    subject: &'s Subject,
    parts: Parts,
    threads: Threads,
}

impl Subject {
    /// Prepares built modules and the request's scenario.
    ///
    /// # Errors
    /// The scenario does not parse.
    pub fn new(request: &Request, built: &Built, bounds: Bounds) -> Result<Subject, RunError> {
        let script = match &request.script {
            Some(script) => script.clone(),
            None => Script { name: "(default scenario)".into(), text: default_script(built, request).into_bytes() },
        };
        let parsed = kloom_shell::parse::parse(&script.text)
            .map_err(|error| RunError::Scenario { name: script.name.clone(), error })?;
        let files = built
            .modules
            .iter()
            .map(|module| ModuleFile { file_name: module.file_name.clone(), bytes: Arc::from(module.ko.as_slice()) })
            .collect();
        let mut sources = Sources::default();
        for module in &built.modules {
            for (path, text) in &module.sources {
                sources.add(path, text);
            }
        }
        let options = Options {
            config: request.config.clone(),
            strategy: Strategy::Natural,
            limits: request.limits.clone(),
            on_use_after_free: request.on_use_after_free,
            fail: request.fail.clone(),
            stop: Arc::clone(&request.stop),
        };
        let name = built.modules.iter().map(|module| module.file_name.clone()).collect::<Vec<_>>().join(" ");
        Ok(Subject { script: parsed, script_name: script.name, files, options, sources, name, bounds })
    }

    /// The modules' sources, for rendering.
    pub fn sources(&self) -> &Sources {
        &self.sources
    }
}

impl<'s> Worker<'s> {
    /// A worker; a check has one per OS thread.
    ///
    /// # Errors
    /// The host refuses memory.
    pub fn new(subject: &'s Subject) -> Result<Worker<'s>, RunError> {
        let parts =
            Parts::explored().map_err(|error| RunError::Machine(kloom_shim::machine::MachineError::Host(error)))?;
        Ok(Worker { subject, parts, threads: Threads::default() })
    }

    /// Runs one execution, whose choices are `search`'s; `show` gets what is printed.
    ///
    /// # Errors
    /// There is no machine.
    pub fn execute(&mut self, search: &mut dyn Search, show: &mut dyn FnMut(Output)) -> Result<Execution, RunError> {
        let subject = self.subject;
        let mut session =
            Session::with(&self.parts, subject.options.clone(), &subject.files).map_err(RunError::Machine)?;
        session.set_sources(std::rc::Rc::new(subject.sources.clone()));
        let args = vec![subject.script_name.clone()];
        let explored =
            session.run_explored(subject.script.clone(), args, search, &mut self.threads, &subject.bounds, show);
        let Some(ended) = &explored.ended else {
            return Ok(Execution { outcome: None, explored, ending: Ending::Abandoned });
        };
        let outcome = session.outcome(ended, &subject.name);
        let ending = match signature(&outcome) {
            Some(signature) => Ending::Bug(signature),
            None if explored.cut || *ended == Ended::StepLimit => Ending::Cut,
            None => Ending::Ok,
        };
        Ok(Execution { outcome: Some(outcome), explored, ending })
    }
}

/// What tells one bug from another: its code and where its first finding points; `None` if there is no bug.
fn signature(outcome: &Outcome) -> Option<u64> {
    use std::hash::{Hash, Hasher};
    let finding = outcome.findings.iter().find(|finding| finding.severity == Severity::Error);
    if finding.is_none() && outcome.end == End::Completed {
        return None;
    }
    let mut hasher = rustc_hash::FxHasher::default();
    match finding {
        Some(finding) => {
            finding.fault.code().as_str().hash(&mut hasher);
        }
        None => std::mem::discriminant(&outcome.end).hash(&mut hasher),
    }
    Some(hasher.finish())
}

/// When a check gives up.
#[derive(Clone, Debug)]
pub struct Budget {
    /// Executions.
    pub executions: u64,
    /// Host time.
    pub wall: Duration,
}

/// What a check found.
#[derive(Debug)]
pub struct Checked {
    /// What the search did.
    pub summary: Summary,
    /// The first failing execution, if any.
    pub failure: Option<Execution>,
}
