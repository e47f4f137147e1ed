//! `kloom check`: the same module and scenario again and again, each time with other choices.

use std::collections::BTreeMap;
use std::hash::{Hash, Hasher};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, AtomicU32, Ordering};
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use kloom_cc::Built;
use kloom_diag::{End, Outcome, Severity};
use kloom_explore::parallel::{self, Plan, State};
use kloom_explore::search::{
    self, DROPS_PER_EXECUTION, Ending, Limits, Minimised, Recorder, Replay, Samplers, Schedule, Search, Strategy,
    Summary,
};
use kloom_shim::machine::FAILABLE;
use kloom_sim::explored::{Bounds, CLOCK_THREAD, Explored, Threads};
use kloom_sim::{Ended, Output, Parts, Session};

use crate::run::{Request, RunError, Start};
use crate::source::Sources;

/// What every execution of a check starts from.
#[derive(Debug)]
pub struct Subject {
    start: Start,
    bounds: Bounds,
    identity: u64,
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
        let mut hasher = rustc_hash::FxHasher::default();
        for module in &built.modules {
            module.file_name.hash(&mut hasher);
            // Not the machine code, which has paths and compilers in it that hosts need not share.
            match module.sources.as_slice() {
                [] => module.ko.hash(&mut hasher),
                sources => sources.iter().for_each(|(_, text)| text.hash(&mut hasher)),
            }
        }
        start.script.text.hash(&mut hasher);
        format!("{:?} {:?} {bounds:?}", request.config, request.fail).hash(&mut hasher);
        Ok(Subject { start, bounds, identity: hasher.finish() })
    }

    /// A number that stands for modules, scenario and machine: states of checks with different ones do not mix.
    pub fn identity(&self) -> u64 {
        self.identity
    }

    /// The clock, and how often it goes early, for a search.
    pub fn early(&self) -> Option<(kloom_explore::search::ThreadId, u32)> {
        Some((CLOCK_THREAD, self.bounds.early_clock))
    }

    /// Whether the user wants the check to end.
    pub fn stopped(&self) -> bool {
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
        let Subject { start, bounds, .. } = self.subject;
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

/// What tells one failing execution from another: the identity of its first finding; `None` if there is no bug.
fn signature(outcome: &Outcome) -> Option<u64> {
    let finding = outcome.findings.iter().find(|finding| finding.severity == Severity::Error);
    if finding.is_none() && outcome.end == End::Completed {
        return None;
    }
    let mut hasher = rustc_hash::FxHasher::default();
    match finding {
        Some(finding) => {
            let (code, places) = kloom_diag::identity(finding);
            (code.as_str(), places).hash(&mut hasher);
        }
        None => std::mem::discriminant(&outcome.end).hash(&mut hasher),
    }
    Some(hasher.finish())
}

/// How a check goes about it.
#[derive(Clone, Debug)]
pub struct How {
    /// Which executions are run.
    pub strategy: Strategy,
    /// Each single call that can fail is made to fail, too.
    pub faults: bool,
    /// OS threads; what is found, and after how many executions, is the same for any number.
    pub jobs: usize,
    /// Goes on after a failure, to tell every bug there is.
    pub keep_going: bool,
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
    /// The failing executions that are told, with the choices that lead to them: one for each bug.
    pub failures: Vec<Failure>,
    /// What bounds of executions left out, as the bits of [`kloom_sim::explored::left_out`].
    pub left_out: u32,
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

/// What can be known of a check while it runs.
pub struct Watch<'w> {
    /// Host time so far.
    pub elapsed: &'w (dyn Fn() -> Duration + Sync),
    /// Told now and then how far it is.
    pub progress: &'w (dyn Fn(&Summary) + Sync),
}

/// Runs executions until one fails (or on, if wanted) or the search is over.
///
/// With `faults`, each single call that can fail is made to fail: first in an execution with natural choices, then, after the
/// search without failures, in a search of its own. All searches have the same share of the budget.
///
/// # Errors
/// There is no machine.
pub fn check(subject: &Subject, how: &How, watch: &Watch<'_>) -> Result<Checked, RunError> {
    let (mut worker, natural) = Worker::new(subject)?;
    let mut checked = Checked::default();
    let fails = matches!(natural.ending, Ending::Bug(_));
    let rules = if how.faults && (!fails || how.keep_going) { worker.single_faults()? } else { Vec::new() };
    checked.first = natural.outcome;
    checked.faults_known = rules.len() as u64;
    let mut known = BTreeMap::new();
    for rule in &rules {
        worker.set_faults(std::slice::from_ref(rule));
        checked.beforehand += 1;
        if let Ending::Bug(signature) = worker.natural()?.ending
            && !known.contains_key(&signature)
        {
            known.insert(signature, ());
            checked.failures.push(worker.replay(Schedule::default())?);
            if !how.keep_going {
                return Ok(checked);
            }
        }
        if subject.stopped() || (watch.elapsed)() > how.wall {
            checked.interrupted = true;
            return Ok(checked);
        }
    }
    let mut unspent = how.executions.saturating_sub(checked.beforehand);
    for (nth, rule) in std::iter::once(None).chain(rules.iter().map(Some)).enumerate() {
        worker.set_faults(rule.map_or(&[], std::slice::from_ref));
        // What a search leaves the later ones share.
        let share = unspent.div_ceil((rules.len() + 1 - nth) as u64);
        let mut hunt = Hunt {
            subject,
            how,
            watch,
            over: AtomicBool::new(false),
            left_out: Arc::default(),
            error: Mutex::new(None),
        };
        let found = hunt.search(&mut worker, share);
        if let Some(error) = hunt.error.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
            return Err(error);
        }
        checked.left_out |= hunt.left_out.load(Ordering::Relaxed);
        checked.interrupted |= hunt.over.into_inner();
        unspent -= found.summary.executions.min(share);
        match rule {
            None => checked.summary = found.summary,
            Some(_) => checked.summary.add(&found.summary),
        }
        for (signature, failure) in simplest_first(found.failures) {
            if known.insert(signature, ()).is_none() {
                checked.failures.push(worker.told(signature, failure.schedule)?);
            }
        }
        let enough = !how.keep_going && !checked.failures.is_empty();
        if enough || checked.interrupted {
            break;
        }
        checked.faults_tried += u64::from(rule.is_some() && share > 0);
    }
    Ok(checked)
}

/// Failures in the order in which they are told.
fn simplest_first(failures: BTreeMap<u64, parallel::Failure>) -> Vec<(u64, parallel::Failure)> {
    let mut failures: Vec<_> = failures.into_iter().collect();
    failures
        .sort_by(|(_, a), (_, b)| (a.schedule.complexity(), &a.schedule).cmp(&(b.schedule.complexity(), &b.schedule)));
    failures
}

/// One search of a check.
struct Hunt<'h> {
    subject: &'h Subject,
    how: &'h How,
    watch: &'h Watch<'h>,
    over: AtomicBool,
    left_out: Arc<AtomicU32>,
    error: Mutex<Option<RunError>>,
}

impl Hunt<'_> {
    /// One execution on behalf of a search, which is told of its end.
    fn execute(&self, worker: &mut Worker<'_>, search: &mut dyn Search) -> Ending {
        if self.subject.stopped() || (self.watch.elapsed)() > self.how.wall {
            self.over.store(true, Ordering::Relaxed);
        }
        run_one(worker, search, &self.left_out).unwrap_or_else(|error| self.fail(error, search))
    }

    fn fail(&self, error: RunError, search: &mut dyn Search) -> Ending {
        self.error.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        self.over.store(true, Ordering::Relaxed);
        search.end(Ending::Abandoned);
        Ending::Abandoned
    }

    /// Makes a worker like this one, for another thread.
    fn another(&self, faults: &[(String, Vec<u64>)]) -> impl FnMut(&mut dyn Search) -> Ending {
        let made = Worker::new(self.subject);
        let (mut worker, mut error) = match made {
            Ok((mut worker, _)) => {
                worker.set_faults(faults);
                (Some(worker), None)
            }
            Err(error) => (None, Some(error)),
        };
        move |search: &mut dyn Search| match (&mut worker, error.take()) {
            (Some(worker), _) => self.execute(worker, search),
            (None, Some(error)) => self.fail(error, search),
            (None, None) => Ending::Abandoned,
        }
    }

    fn search(&self, worker: &mut Worker<'_>, share: u64) -> parallel::Outcome {
        let limited = |limits: &Limits| Limits {
            executions: Some(limits.executions.map_or(share, |most| most.min(share))),
            ..*limits
        };
        match &self.how.strategy {
            Strategy::Dpor(limits) => self.reduce(worker, limited(limits)),
            Strategy::Portfolio { executions, .. } => {
                // Something is left for the samplers, however small the budget is.
                let most = (*executions).min(share.div_ceil(2));
                let mut all = self.reduce(worker, Limits { executions: Some(most), ..Limits::default() });
                let enough = !self.how.keep_going && !all.failures.is_empty();
                if !all.summary.exhausted && !enough && !self.over.load(Ordering::Relaxed) {
                    let estimate = all.summary.estimate;
                    let left = share.saturating_sub(all.summary.executions);
                    all.add(&self.sample(worker, left));
                    all.summary.estimate = estimate;
                }
                all
            }
            Strategy::Random { .. } | Strategy::Pct { .. } | Strategy::Pos { .. } | Strategy::Surw { .. } => {
                self.sample(worker, share)
            }
            Strategy::Dfs(_) | Strategy::Natural | Strategy::Replay(_) => self.one_by_one(worker, share),
        }
    }

    fn reduce(&self, worker: &mut Worker<'_>, limits: Limits) -> parallel::Outcome {
        if limits.executions == Some(0) {
            return parallel::Outcome::default();
        }
        let limits = Limits { early: self.subject.early(), ..limits };
        let plan = Plan { limits, first_failure: !self.how.keep_going, ..Plan::default() };
        let mut state = State::new(&mut |_: &mut dyn Search| Ending::Abandoned, &plan);
        let keep = |state: &State| {
            if state.open.values().map(|open| open.executions()).sum::<u64>() % PROGRESS_EXECUTIONS == 1 {
                (self.watch.progress)(&state.outcome().summary);
            }
        };
        if self.how.jobs <= 1 {
            state.run_alone(&plan, |search: &mut dyn Search| self.execute(worker, search), &self.over, &keep);
        } else {
            let faults = worker.faults.clone();
            state.run_keeping(&plan, self.how.jobs, || self.another(&faults), &self.over, &keep);
        }
        state.outcome()
    }

    fn sample(&self, worker: &mut Worker<'_>, most: u64) -> parallel::Outcome {
        let Some(samplers) = Samplers::of(&self.how.strategy) else { return parallel::Outcome::default() };
        let most = (most, !self.how.keep_going);
        let keep = |summary: &Summary| {
            if summary.executions % PROGRESS_EXECUTIONS == 1 {
                (self.watch.progress)(summary);
            }
        };
        if self.how.jobs <= 1 {
            let worker = |search: &mut dyn Search| self.execute(worker, search);
            parallel::sample_alone(&samplers, most, worker, &self.over, &keep)
        } else {
            let faults = worker.faults.clone();
            parallel::sample(&samplers, most, self.how.jobs, || self.another(&faults), &self.over, &keep)
        }
    }

    /// Strategies in which each execution follows from the one before.
    fn one_by_one(&self, worker: &mut Worker<'_>, share: u64) -> parallel::Outcome {
        let mut search = Recorder::new(search::make(&self.how.strategy));
        let (mut left, mut drops_left) = (share, share.saturating_mul(DROPS_PER_EXECUTION));
        let mut outcome = parallel::Outcome::default();
        while left.min(drops_left) > 0 && !self.over.load(Ordering::Relaxed) && search.begin().is_some() {
            match self.execute(worker, &mut search) {
                Ending::Abandoned => drops_left -= 1,
                Ending::Bug(signature) => {
                    left -= 1;
                    outcome.failed(signature, search.schedule().clone());
                    if !self.how.keep_going {
                        break;
                    }
                }
                _ => left -= 1,
            }
            if (left + drops_left).is_multiple_of(PROGRESS_EXECUTIONS) {
                (self.watch.progress)(&search.summary());
            }
        }
        outcome.summary = search.summary();
        outcome
    }
}

/// Explores by reduction on `jobs` threads, or goes on with what is not done yet of `state`. `keep` gets the state whenever
/// there is more of it.
///
/// # Errors
/// There is no machine.
pub fn check_in_parts(
    subject: &Subject,
    plan: &Plan,
    how: &How,
    state: Option<State>,
    watch: &Watch<'_>,
    keep: &(dyn Fn(&State) + Sync),
) -> Result<(Checked, State), RunError> {
    let (mut worker, natural) = Worker::new(subject)?;
    // What an earlier run left out, it has left out for good.
    let left_out = state.as_ref().map_or(0, |state| state.left_out);
    let mut hunt = Hunt {
        subject,
        how,
        watch,
        over: AtomicBool::new(false),
        left_out: Arc::new(AtomicU32::new(left_out)),
        error: Mutex::new(None),
    };
    let mut state =
        state.unwrap_or_else(|| State::new(&mut |search: &mut dyn Search| hunt.execute(&mut worker, search), plan));
    state.subject = subject.identity();
    let plan = &Plan { left_out: Arc::clone(&hunt.left_out), ..plan.clone() };
    keep(&state);
    if how.jobs <= 1 {
        state.run_alone(plan, |search: &mut dyn Search| hunt.execute(&mut worker, search), &hunt.over, keep);
    } else {
        state.run_keeping(plan, how.jobs, || hunt.another(&[]), &hunt.over, keep);
    }
    if let Some(error) = hunt.error.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
        return Err(error);
    }
    state.left_out |= hunt.left_out.load(Ordering::Relaxed);
    keep(&state);
    let outcome = state.outcome();
    let mut checked = Checked {
        summary: outcome.summary,
        first: natural.outcome,
        left_out: state.left_out,
        interrupted: hunt.over.load(Ordering::Relaxed),
        ..Checked::default()
    };
    let most = if how.keep_going { usize::MAX } else { 1 };
    for (signature, failure) in simplest_first(outcome.failures).into_iter().take(most) {
        checked.failures.push(worker.told(signature, failure.schedule)?);
    }
    Ok((checked, state))
}

/// One execution on behalf of the explorer, which wants to be told of its end.
fn run_one(worker: &mut Worker<'_>, search: &mut dyn Search, left_out: &AtomicU32) -> Result<Ending, RunError> {
    let execution = worker.execute(search, &mut |_| {})?;
    left_out.fetch_or(execution.explored.left_out, Ordering::Relaxed);
    search.end(execution.ending);
    Ok(execution.ending)
}

/// Executions spent on making a failing one simpler.
const MINIMISE_TRIES: u32 = 300;
/// Executions between two signs of life.
const PROGRESS_EXECUTIONS: u64 = 16;
