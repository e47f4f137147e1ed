//! `kloom check`: the same module and scenario again and again, each time with other choices.

use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use kloom_cc::Built;
use kloom_diag::{End, Outcome, Severity};
use kloom_explore::parallel::{Plan, State};
use kloom_explore::search::{
    self, DROPS_PER_EXECUTION, Ending, Minimised, Recorder, Replay, Schedule, Search, Strategy, Summary,
};
use kloom_shim::machine::FAILABLE;
use kloom_sim::explored::{Bounds, Explored, Threads};
use kloom_sim::{Ended, Output, Parts, Session};

use crate::run::{Request, RunError, Start};
use crate::source::Sources;

/// What every execution of a check starts from.
#[derive(Debug)]
pub struct Subject {
    start: Start,
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
    script: kloom_shell::Script,
    sources: Rc<Sources>,
    parts: Parts,
    threads: Threads,
    faults: Vec<(String, Vec<u64>)>,
    failable: Vec<(String, u64)>,
}

impl Subject {
    /// Prepares built modules and the request's scenario.
    ///
    /// # Errors
    /// The scenario does not parse.
    pub fn new(request: &Request, built: &Built, bounds: Bounds) -> Result<Subject, RunError> {
        let natural = Request { strategy: kloom_explore::Strategy::Natural, ..request.clone() };
        let start = Start::new(&natural, built);
        start.parse()?;
        Ok(Subject { start, bounds })
    }

    /// Whether the user wants the check to end.
    fn stopped(&self) -> bool {
        self.start.options.stop.load(Ordering::Relaxed)
    }

    /// The modules' sources, for rendering.
    pub fn sources(&self) -> &Sources {
        &self.start.sources
    }
}

/// Whether the execution with natural choices is the same when it is run again: if not, the module depends on something
/// outside the machine.
///
/// # Errors
/// The host refuses memory.
pub fn repeats(subject: &Subject) -> Result<bool, RunError> {
    let (mut worker, _) = Worker::new(subject)?;
    let mut once = || {
        let mut natural = search::make(&Strategy::Natural);
        natural.begin();
        let mut shown = Vec::new();
        let execution = worker.execute(&mut natural, &mut |output| shown.push(format!("{output:?}")))?;
        Ok::<_, RunError>((execution.explored, execution.outcome, shown))
    };
    Ok(once()? == once()?)
}

impl<'s> Worker<'s> {
    /// A worker; a check has one per OS thread. Also gives the execution it begins with, whose choices are the natural
    /// ones: threads get their numbers in the order in which that one makes them, whatever comes first later.
    ///
    /// # Errors
    /// The host refuses memory.
    pub fn new(subject: &'s Subject) -> Result<(Worker<'s>, Execution), RunError> {
        let parts =
            Parts::explored().map_err(|error| RunError::Machine(kloom_shim::machine::MachineError::Host(error)))?;
        let mut worker = Worker {
            subject,
            script: subject.start.parse()?,
            sources: Rc::new(subject.start.sources.clone()),
            parts,
            threads: Threads::default(),
            faults: Vec::new(),
            failable: Vec::new(),
        };
        let natural = worker.natural()?;
        worker.threads.settle();
        Ok((worker, natural))
    }

    /// Lets the next execution have a machine that has just booted, not one that was wound back.
    pub fn boot_anew(&mut self) {
        self.parts.forget_machine();
    }

    /// Makes the functions of `rules` fail in the executions that follow, beside those of the request.
    fn set_faults(&mut self, rules: &[(String, Vec<u64>)]) {
        self.faults = rules.to_vec();
    }

    /// Runs one execution, whose choices are `search`'s; `show` gets what is printed.
    ///
    /// # Errors
    /// There is no machine.
    pub fn execute(&mut self, search: &mut dyn Search, show: &mut dyn FnMut(Output)) -> Result<Execution, RunError> {
        let Subject { start, bounds } = self.subject;
        let mut options = start.options.clone();
        options.fail.extend(self.faults.iter().cloned());
        let mut session = Session::with(&mut self.parts, options, &start.files).map_err(RunError::Machine)?;
        session.set_sources(Rc::clone(&self.sources) as _);
        let args = vec![start.script.name.clone()];
        let explored = session.run_explored(self.script.clone(), args, search, &mut self.threads, bounds, show);
        self.failable = session.machine().fail_after.calls().map(|(name, calls)| (name.to_string(), calls)).collect();
        let Some(ended) = &explored.ended else {
            session.give_back(&mut self.parts);
            return Ok(Execution { outcome: None, explored, ending: Ending::Abandoned });
        };
        let outcome = start.conclude(&mut session, ended);
        let ending = match signature(&outcome) {
            Some(signature) => Ending::Bug(signature),
            None if explored.cut || *ended == Ended::StepLimit => Ending::Cut,
            None => Ending::Ok,
        };
        session.give_back(&mut self.parts);
        Ok(Execution { outcome: Some(outcome), explored, ending })
    }

    /// One execution with natural choices.
    fn natural(&mut self) -> Result<Execution, RunError> {
        let mut natural = search::make(&Strategy::Natural);
        natural.begin();
        self.execute(&mut natural, &mut |_| {})
    }

    /// Repeats the execution of a schedule.
    ///
    /// # Errors
    /// There is no machine.
    pub fn replay(&mut self, schedule: Schedule) -> Result<Failure, RunError> {
        let mut shown = Vec::new();
        let mut search = Recorder::new(Replay::new(schedule.clone()));
        search.begin();
        let execution = self.execute(&mut search, &mut |output| shown.push(output))?;
        search.end(execution.ending);
        let diverged = search.summary().diverged;
        let faults = self.faults.clone();
        Ok(Failure { outcome: execution.outcome.unwrap_or_default(), schedule, shown, diverged, faults })
    }

    /// The same bug with the fewest preemptions and steps that are found in a bounded number of tries.
    fn minimised(&mut self, signature: u64, schedule: Schedule) -> Result<Minimised, RunError> {
        let mut failure = None;
        let minimised = search::minimise(schedule, signature, MINIMISE_TRIES, &mut |schedule| {
            let mut search = Recorder::new(Replay::new(schedule.clone()));
            search.begin();
            match self.execute(&mut search, &mut |_| {}) {
                Ok(execution) => {
                    search.end(execution.ending);
                    match execution.ending {
                        Ending::Bug(signature) => Some((signature, search.schedule().clone())),
                        _ => None,
                    }
                }
                Err(error) => {
                    failure = Some(error);
                    None
                }
            }
        });
        failure.map_or(Ok(minimised), Err)
    }

    /// A failing execution as it is told: made simpler, and repeated.
    fn told(&mut self, signature: u64, schedule: Schedule) -> Result<Failure, RunError> {
        let minimised = self.minimised(signature, schedule)?;
        // What is told does not rest on the way back.
        self.boot_anew();
        let mut failure = self.replay(minimised.schedule)?;
        failure.diverged |= !minimised.confirmed;
        Ok(failure)
    }

    /// Every single call that can be made to fail in the natural execution: one rule each.
    fn single_faults(&mut self) -> Result<Vec<(String, Vec<u64>)>, RunError> {
        let never = FAILABLE.iter().map(|name| ((*name).to_string(), vec![0])).collect::<Vec<_>>();
        self.set_faults(&never);
        self.natural()?;
        self.set_faults(&[]);
        let calls = std::mem::take(&mut self.failable);
        Ok(calls
            .into_iter()
            .flat_map(|(name, calls)| (1..=calls).map(move |call| (name.clone(), vec![call])))
            .collect())
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
    /// Executions that come to their end; of those that the search drops there may be [`DROPS_PER_EXECUTION`] times as many.
    pub executions: u64,
    /// Host time.
    pub wall: Duration,
}

/// What a check found.
#[derive(Debug, Default)]
pub struct Checked {
    /// What the search did.
    pub summary: Summary,
    /// The first execution, whose choices were the natural ones.
    pub first: Option<Outcome>,
    /// The failing execution that is told, with the choices that lead to it.
    pub failure: Option<Failure>,
    /// Time could have passed earlier than the bound allowed in some execution.
    pub clock_bounded: bool,
    /// Ended by the user or by the time limit.
    pub interrupted: bool,
    /// Calls that were made to fail, each under the schedules of a search.
    pub faults_tried: u64,
    /// Calls that can fail.
    pub faults_known: u64,
    /// Executions with a failing call that were made before the search.
    pub beforehand: u64,
}

/// An execution that ends in a bug.
#[derive(Debug)]
pub struct Failure {
    /// What it has to tell.
    pub outcome: Outcome,
    /// The choices.
    pub schedule: Schedule,
    /// What was printed.
    pub shown: Vec<Output>,
    /// Repeating it did not give the same: the module depends on something outside the machine.
    pub diverged: bool,
    /// Functions that were made to fail, with the call that did.
    pub faults: Vec<(String, Vec<u64>)>,
}

/// Runs executions until one fails or the search is over.
///
/// With `faults`, each single call that can fail is made to fail: first in an execution with natural choices, then, after the
/// search without failures, in a search of its own. All searches have the same share of the budget.
///
/// # Errors
/// There is no machine.
pub fn check(
    subject: &Subject,
    strategy: &Strategy,
    faults: bool,
    budget: &Budget,
    elapsed: &dyn Fn() -> Duration,
    progress: &mut dyn FnMut(&Summary),
) -> Result<Checked, RunError> {
    let (mut worker, natural) = Worker::new(subject)?;
    let mut checked = Checked::default();
    let rules = if faults && !matches!(natural.ending, Ending::Bug(_)) { worker.single_faults()? } else { Vec::new() };
    checked.first = natural.outcome;
    checked.faults_known = rules.len() as u64;
    let is_over = || subject.stopped() || elapsed() > budget.wall;
    for rule in &rules {
        worker.set_faults(std::slice::from_ref(rule));
        checked.beforehand += 1;
        if let Ending::Bug(_) = worker.natural()?.ending {
            checked.failure = Some(worker.replay(Schedule::default())?);
            return Ok(checked);
        }
        if is_over() {
            checked.interrupted = true;
            return Ok(checked);
        }
    }
    let mut unspent = budget.executions.saturating_sub(checked.beforehand);
    for (nth, rule) in std::iter::once(None).chain(rules.iter().map(Some)).enumerate() {
        worker.set_faults(rule.map_or(&[], std::slice::from_ref));
        // What a search leaves the later ones share.
        let share = unspent.div_ceil((rules.len() + 1 - nth) as u64);
        let (mut left, mut drops_left) = (share, share.saturating_mul(DROPS_PER_EXECUTION));
        let mut search = Recorder::new(search::make(&with_samplers(strategy, share)));
        let mut failing = None;
        while failing.is_none() && left.min(drops_left) > 0 && !checked.interrupted && search.begin().is_some() {
            let execution = worker.execute(&mut search, &mut |_| {})?;
            search.end(execution.ending);
            checked.clock_bounded |= execution.explored.clock_bounded;
            match execution.ending {
                Ending::Abandoned => drops_left -= 1,
                _ => left -= 1,
            }
            if let Ending::Bug(signature) = execution.ending {
                failing = Some((signature, search.schedule().clone()));
            }
            if (left + drops_left).is_multiple_of(PROGRESS_EXECUTIONS) {
                progress(&search.summary());
                checked.interrupted = is_over();
            }
        }
        unspent -= share - left;
        match rule {
            None => checked.summary = search.summary(),
            Some(_) => checked.summary.add(&search.summary()),
        }
        if let Some((signature, schedule)) = failing {
            checked.failure = Some(worker.told(signature, schedule)?);
            break;
        }
        checked.faults_tried += u64::from(rule.is_some() && search.summary().executions > 0);
    }
    Ok(checked)
}

/// The strategy, so that something is left for a portfolio's samplers, however small the budget is.
fn with_samplers(strategy: &Strategy, budget: u64) -> Strategy {
    match strategy {
        Strategy::Portfolio { executions, seed } => {
            Strategy::Portfolio { executions: (*executions).min(budget.div_ceil(2)), seed: *seed }
        }
        other => other.clone(),
    }
}

/// Explores by reduction on `jobs` threads, or goes on with what is not done yet of `state`; the simplest of all failing
/// executions is told, whatever the number of jobs. `keep` gets the state whenever there is more of it.
///
/// # Errors
/// There is no machine.
pub fn check_in_parts(
    subject: &Subject,
    plan: &Plan,
    jobs: usize,
    state: Option<State>,
    is_late: &(dyn Fn() -> bool + Sync),
    keep: &(dyn Fn(&State) + Sync),
) -> Result<(Checked, State), RunError> {
    let (mut worker, natural) = Worker::new(subject)?;
    let (clock_bounded, over) = (AtomicBool::new(false), AtomicBool::new(false));
    let mut state = state.unwrap_or_else(|| {
        State::new(&mut |search: &mut dyn Search| run_one(&mut worker, search, &clock_bounded), plan)
    });
    let make = || {
        let mut worker = Worker::new(subject).ok().map(|(worker, _)| worker);
        let (clock_bounded, over) = (&clock_bounded, &over);
        move |search: &mut dyn Search| {
            if subject.stopped() || is_late() {
                over.store(true, Ordering::Relaxed);
            }
            match &mut worker {
                Some(worker) => run_one(worker, search, clock_bounded),
                None => {
                    search.end(Ending::Abandoned);
                    Ending::Abandoned
                }
            }
        }
    };
    let keep = |state: &State| {
        let bounded = state.bounded || clock_bounded.load(Ordering::Relaxed);
        keep(&State { bounded, ..state.clone() });
    };
    keep(&state);
    state.run_keeping(plan, jobs, make, &over, &keep);
    state.bounded |= clock_bounded.load(Ordering::Relaxed);
    let outcome = state.outcome();
    let mut checked = Checked {
        summary: outcome.summary,
        first: natural.outcome,
        clock_bounded: state.bounded,
        interrupted: over.load(Ordering::Relaxed),
        ..Checked::default()
    };
    let mut simplest: Option<(u64, &Schedule)> = None;
    for (&signature, failure) in &outcome.failures {
        if simplest.is_none_or(|(_, known)| failure.schedule.is_simpler_than(known)) {
            simplest = Some((signature, &failure.schedule));
        }
    }
    if let Some((signature, schedule)) = simplest {
        checked.failure = Some(worker.told(signature, schedule.clone())?);
    }
    Ok((checked, state))
}

/// One execution on behalf of the explorer, which wants to be told of its end. A machine that cannot be made ends it as if the
/// search had dropped it.
fn run_one(worker: &mut Worker<'_>, search: &mut dyn Search, clock_bounded: &AtomicBool) -> Ending {
    let ending = match worker.execute(search, &mut |_| {}) {
        Ok(execution) => {
            clock_bounded.fetch_or(execution.explored.clock_bounded, Ordering::Relaxed);
            execution.ending
        }
        Err(_) => Ending::Abandoned,
    };
    search.end(ending);
    ending
}

/// Executions spent on making a failing one simpler.
const MINIMISE_TRIES: u32 = 300;
/// Executions between two signs of life.
const PROGRESS_EXECUTIONS: u64 = 16;
