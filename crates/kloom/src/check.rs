//! `kloom check`: the same module and scenario again and again, each time with other choices.

mod lost;
mod saved;

use std::borrow::BorrowMut;
use std::collections::{BTreeMap, BTreeSet};
use std::hash::{Hash, Hasher};
use std::rc::Rc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, PoisonError};
use std::time::Duration;

use kloom_cc::Built;
use kloom_diag::{End, Outcome, Severity};
use kloom_explore::parallel::{self, Plan, State};
use kloom_explore::search::{
    self, DROPS_PER_EXECUTION, Ending, Limits, Minimised, Part, Recorder, Replay, Schedule, Search, Strategy, Summary,
};
use kloom_shim::machine::FAILABLE;
use kloom_sim::explored::{Bounds, CLOCK_THREAD, Explored, Threads};
use kloom_sim::{Ended, Output, Parts, Session};

use crate::run::{Request, RunError, Start};
use crate::source::Sources;

use lost::Lost;
pub use saved::{Kept, Misfit, Rule, Saved, Share, Within};

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
    faults: Vec<Rule>,
    failable: Vec<(String, u64)>,
    /// What the natural execution without failing calls leaves behind; `None` until it has run.
    lost: Option<Lost>,
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
            lost: None,
        };
        let mut natural = worker.natural()?;
        worker.threads.settle();
        worker.lost = Some(natural.outcome.as_ref().map(Lost::of).unwrap_or_default());
        if !subject.start.options.fail.is_empty() {
            natural = worker.natural()?;
        }
        Ok((worker, natural))
    }

    /// Lets the next execution have a machine that has just booted, not one that was wound back.
    pub fn boot_anew(&mut self) {
        self.parts.forget_machine();
    }

    /// Makes the functions of `rules` fail in the executions that follow, beside those of the request.
    fn set_faults(&mut self, rules: &[Rule]) {
        self.faults = rules.to_vec();
    }

    /// Runs one execution, whose choices are `search`'s; `show` gets what is printed.
    ///
    /// # Errors
    /// There is no machine.
    pub fn execute(&mut self, search: &mut dyn Search, show: &mut dyn FnMut(Output)) -> Result<Execution, RunError> {
        let Subject { start, bounds, .. } = self.subject;
        let mut options = start.options.clone();
        match self.lost {
            Some(_) => options.fail.extend(self.faults.iter().cloned()),
            None => options.fail.clear(),
        }
        let mut session = Session::with(&mut self.parts, options, &start.files).map_err(RunError::Machine)?;
        session.set_sources(Rc::clone(&self.sources) as _);
        let args = vec![start.script.name.clone()];
        let explored = session.run_explored(self.script.clone(), args, search, &mut self.threads, bounds, show);
        self.failable = session.machine().fail_after.calls().map(|(name, calls)| (name.to_string(), calls)).collect();
        let Some(ended) = &explored.ended else {
            session.give_back(&mut self.parts);
            return Ok(Execution { outcome: None, explored, ending: Ending::Abandoned });
        };
        let mut outcome = start.conclude(&mut session, ended);
        if let Some(lost) = &self.lost {
            lost.raise(&mut outcome);
        }
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
    fn single_faults(&mut self) -> Result<Vec<Rule>, RunError> {
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
    /// Preemptions in one execution of the reduction that the portfolio begins with. Its samplers keep no such bounds.
    pub preemptions: Option<u32>,
    /// The same for delays.
    pub delays: Option<u32>,
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
    /// Only one share, counted from 0, of so many. `executions` are those of all.
    pub share: (usize, usize),
    /// The state is not dropped in the end, but gone on with later, perhaps with a larger budget.
    pub is_kept: bool,
}

impl How {
    fn within(&self) -> Within {
        Within {
            strategy: self.strategy.clone(),
            preemptions: self.preemptions,
            delays: self.delays,
            faults: self.faults,
            shares: self.share.1,
        }
    }
}

/// What a check found.
#[derive(Debug, Default)]
pub struct Checked {
    /// What the searches did.
    pub summary: Summary,
    /// Executions that were samples.
    pub sampled: u64,
    /// The first execution, whose choices were the natural ones.
    pub first: Option<Outcome>,
    /// The failing executions that are told, with the choices that lead to them: one for each bug.
    pub failures: Vec<Failure>,
    /// What bounds of executions left out, as the bits of [`kloom_sim::explored::left_out`].
    pub left_out: u32,
    /// Ended by the user.
    pub stopped: bool,
    /// Calls that can fail.
    pub faults_known: usize,
    /// Those of them that were made to fail in natural order only, without a search.
    pub faults_natural: usize,
    /// Those that were not made to fail.
    pub faults_untried: usize,
    /// Shares of the check.
    pub shares: usize,
    /// Those, counted from 1, that this knows nothing of,
    pub shares_missing: Vec<usize>,
    /// that did not come to their end,
    pub shares_open: Vec<usize>,
    /// and that ended when their time was up.
    pub shares_late: Vec<usize>,
}

impl Checked {
    /// Whether something of it ended because its time was up, the user wished so, or somebody killed it.
    pub fn was_interrupted(&self) -> bool {
        !(self.shares_open.is_empty() && self.shares_late.is_empty())
    }
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
    pub faults: Vec<Rule>,
}

/// What is around a check while it runs.
pub struct Watch<'w> {
    /// Host time so far.
    pub elapsed: &'w (dyn Fn() -> Duration + Sync),
    /// Gets the state whenever there is more of it, to save it or to show how far it is.
    pub keep: &'w (dyn Fn(&Kept<'_>) + Sync),
}

/// Runs executions until one fails (or on, if wanted) or the searches are over; goes on with what is not done yet of `saved`,
/// which has to fit ([`Saved::misfit`]).
///
/// With `faults`, each single call that can fail is made to fail: first in an execution with natural choices, then, after the
/// search without failures, in a search of its own. All searches have the same share of the budget.
///
/// Of a check that is cut into shares, one takes a part of the search without failures, and some of the others whole.
///
/// # Errors
/// There is no machine.
pub fn check(
    subject: &Subject,
    how: &How,
    saved: Option<Saved>,
    watch: &Watch<'_>,
) -> Result<(Checked, Saved), RunError> {
    let (mut worker, natural) = Worker::new(subject)?;
    let mut hunt = Hunt { subject, how, watch, over: AtomicBool::new(false), error: Mutex::new(None) };
    let mut saved = saved.unwrap_or_else(|| Saved::new(subject, how));
    saved.executions = how.executions;
    saved.shares.insert(how.share.0, Share::Open);
    let fails = matches!(natural.ending, Ending::Bug(_));
    if how.faults && saved.rules.is_empty() && (!fails || how.keep_going) {
        let rules = worker.single_faults()?;
        // What was interrupted has not seen all of them.
        if !subject.stopped() {
            saved.rules = rules;
            saved.searches.resize_with(saved.rules.len() + 1, State::default);
        }
    }
    hunt.beforehand(&mut worker, &mut saved)?;
    hunt.searches(&mut worker, &mut saved);
    if let Some(error) = hunt.error.get_mut().unwrap_or_else(PoisonError::into_inner).take() {
        return Err(error);
    }
    let ended = match hunt.over.into_inner() {
        false => Share::Done,
        true if subject.stopped() => Share::Open,
        true => Share::Late,
    };
    saved.shares.insert(how.share.0, ended);
    // The user's wish has been heard; what was found is told all the same.
    subject.start.options.stop.store(false, Ordering::Relaxed);
    let mut checked = tell(&mut worker, natural, &saved, how.keep_going)?;
    checked.stopped = ended == Share::Open;
    Ok((checked, saved))
}

/// What the shares of a check have found, with every bug that they have or the simplest only.
///
/// # Errors
/// There is no machine.
pub fn merged(subject: &Subject, saved: &Saved, keep_going: bool) -> Result<Checked, RunError> {
    let (mut worker, natural) = Worker::new(subject)?;
    tell(&mut worker, natural, saved, keep_going)
}

fn tell(worker: &mut Worker<'_>, natural: Execution, saved: &Saved, keep_going: bool) -> Result<Checked, RunError> {
    let mut known = BTreeSet::new();
    let mut failures = Vec::new();
    let rules = || std::iter::once(&[][..]).chain(saved.rules.iter().map(std::slice::from_ref));
    let beforehand = saved.searches.iter().map(|search| (true, search.beforehand.clone().unwrap_or_default()));
    let found = saved.searches.iter().map(|search| (false, search.outcome()));
    for (rule, (natural, outcome)) in rules().zip(beforehand).chain(rules().zip(found)) {
        for (signature, failure) in simplest_first(outcome.failures) {
            if (keep_going || failures.is_empty()) && known.insert(signature) {
                worker.set_faults(rule);
                // Nothing is simpler than natural choices.
                let told = if natural {
                    worker.replay(failure.schedule)?
                } else {
                    worker.told(signature, failure.schedule)?
                };
                failures.push(told);
            }
        }
    }
    let with_faults = saved.searches.get(1..).unwrap_or_default();
    let untried = with_faults.iter().filter(|search| search.beforehand.is_none()).count();
    let searched = with_faults.iter().filter(|search| search.outcome().summary.executions > 0).count();
    Ok(Checked {
        summary: saved.kept().summary(),
        sampled: saved.searches.iter().map(State::sampled).sum(),
        first: natural.outcome,
        failures,
        left_out: saved.searches.iter().fold(0, |bits, search| bits | search.left_out),
        stopped: false,
        faults_known: with_faults.len(),
        faults_natural: with_faults.len().saturating_sub(untried + searched),
        faults_untried: untried,
        shares: saved.within.shares,
        shares_missing: saved.shares_that(None),
        shares_open: saved.shares_that(Some(Share::Open)),
        shares_late: saved.shares_that(Some(Share::Late)),
    })
}

/// Failures in the order in which they are told.
fn simplest_first(failures: BTreeMap<u64, parallel::Failure>) -> Vec<(u64, parallel::Failure)> {
    let mut failures: Vec<_> = failures.into_iter().collect();
    failures
        .sort_by(|(_, a), (_, b)| (a.schedule.complexity(), &a.schedule).cmp(&(b.schedule.complexity(), &b.schedule)));
    failures
}

/// A check under way.
struct Hunt<'h> {
    subject: &'h Subject,
    how: &'h How,
    watch: &'h Watch<'h>,
    over: AtomicBool,
    error: Mutex<Option<RunError>>,
}

/// A worker that runs executions for searches, or none if there is no machine for it.
struct Hired<'h, W> {
    hunt: &'h Hunt<'h>,
    worker: Option<W>,
    left_out: u32,
}

impl<'s, W: BorrowMut<Worker<'s>>> parallel::Worker for Hired<'_, W> {
    fn execute(&mut self, search: &mut dyn Search) -> Ending {
        let execution = self.worker.as_mut().and_then(|worker| self.hunt.execute(worker.borrow_mut(), search));
        let (ending, left_out) = execution.map_or((Ending::Abandoned, 0), |ran| (ran.ending, ran.explored.left_out));
        self.left_out = left_out;
        search.end(ending);
        ending
    }

    fn left_out(&self) -> u32 {
        self.left_out
    }
}

impl Hunt<'_> {
    /// Whether the user wants the check to end, or its time is up.
    fn is_over(&self) -> bool {
        let over = self.subject.stopped() || (self.watch.elapsed)() > self.how.wall;
        self.over.fetch_or(over, Ordering::Relaxed) || over
    }

    fn is_enough(&self, saved: &Saved) -> bool {
        let failed = |search: &State| {
            search.has_failed() || search.beforehand.as_ref().is_some_and(|ran| !ran.failures.is_empty())
        };
        !self.how.keep_going && saved.searches.iter().any(failed)
    }

    /// The rules that are this share's.
    fn rules(&self, saved: &Saved) -> impl Iterator<Item = usize> + use<> {
        let (nth, of) = self.how.share;
        (nth..saved.rules.len()).step_by(of)
    }

    /// Runs the natural execution under each rule.
    fn beforehand(&self, worker: &mut Worker<'_>, saved: &mut Saved) -> Result<(), RunError> {
        for rule in self.rules(saved) {
            if self.is_enough(saved) {
                break;
            }
            let search = &mut saved.searches[rule + 1];
            if search.beforehand.is_some() {
                continue;
            }
            worker.set_faults(std::slice::from_ref(&saved.rules[rule]));
            let natural = worker.natural()?;
            if self.is_over() {
                break;
            }
            search.beforehand = Some(saved::beforehand(natural.ending));
            search.left_out |= natural.explored.left_out;
        }
        Ok(())
    }

    /// Searches without failing calls, and under each rule.
    fn searches(&self, worker: &mut Worker<'_>, saved: &mut Saved) {
        let (_, of) = self.how.share;
        let rules = self.rules(saved).count() as u64;
        // Each search has the same number of executions, and each share too: of the search that all shares have a part in this
        // one gets less the more others it has.
        let others = rules.saturating_mul(of as u64);
        let first = self.how.executions.saturating_sub(others).div_ceil(others + 1);
        let mut unspent = parallel::dealt(self.how.executions, self.how.share).saturating_sub(rules);
        let cut = std::iter::once((0, self.how.share));
        let mut ended_by_budget = Vec::new();
        for (left, (at, share)) in (0..=rules).rev().zip(cut.chain(self.rules(saved).map(|rule| (rule + 1, (0, 1))))) {
            if self.is_enough(saved) || self.over.load(Ordering::Relaxed) {
                break;
            }
            // What a search leaves the later ones share.
            let budget = if at == 0 { first } else { unspent.div_ceil(left + 1) };
            let spent = self.spend(worker, saved, at, (budget, share));
            unspent -= spent.min(unspent);
            if spent == budget {
                ended_by_budget.push((at, budget));
            }
        }
        // What all of them have left goes to those that could go on, the one without failing calls first.
        let can_go_on = of == 1 && self.plan(1, self.how.share).is_some();
        for (at, budget) in ended_by_budget.into_iter().filter(|_| can_go_on) {
            let is_open = !saved.searches[at].outcome().summary.exhausted;
            if is_open && unspent > 0 && !self.is_enough(saved) && !self.over.load(Ordering::Relaxed) {
                let spent = self.spend(worker, saved, at, (budget + unspent, (0, 1)));
                unspent -= spent.saturating_sub(budget).min(unspent);
            }
        }
        if !self.how.is_kept {
            saved.searches.iter_mut().for_each(State::settle);
        }
    }

    /// Lets the search with this number go on until its share of so many executions is spent; how many of these it has spent.
    fn spend(
        &self,
        worker: &mut Worker<'_>,
        saved: &mut Saved,
        at: usize,
        (budget, share): (u64, (usize, usize)),
    ) -> u64 {
        let most = parallel::dealt(budget, share);
        if saved.searches[at].outcome().summary.executions >= most && self.plan(budget, share).is_some() {
            // An earlier run may have come further: it goes on from there, when that is its turn.
            return most;
        }
        let rule = at.checked_sub(1).map(|rule| &saved.rules[rule]);
        worker.set_faults(rule.map_or(&[], std::slice::from_ref));
        let mut search = std::mem::take(&mut saved.searches[at]);
        let keep = |now: &State| (self.watch.keep)(&Kept { saved, now: Some((at, now)) });
        self.search(worker, &mut search, (budget, share), &keep);
        let spent = search.outcome().summary.executions.min(most);
        saved.searches[at] = search;
        spent
    }

    /// Runs one execution on behalf of a search.
    fn execute(&self, worker: &mut Worker<'_>, search: &mut dyn Search) -> Option<Execution> {
        self.is_over();
        match worker.execute(search, &mut |_| {}) {
            Ok(execution) => {
                // It may have ended because the user wished so.
                self.over.fetch_or(self.subject.stopped(), Ordering::Relaxed);
                Some(execution)
            }
            Err(error) => {
                self.fail(error);
                None
            }
        }
    }

    fn fail(&self, error: RunError) {
        self.error.lock().unwrap_or_else(PoisonError::into_inner).get_or_insert(error);
        self.over.store(true, Ordering::Relaxed);
    }

    /// A worker like this one, for another thread.
    fn another(&self, faults: &[Rule]) -> Hired<'_, Worker<'_>> {
        let worker = match Worker::new(self.subject) {
            Ok((mut worker, _)) => {
                worker.set_faults(faults);
                Some(worker)
            }
            Err(error) => {
                self.fail(error);
                None
            }
        };
        Hired { hunt: self, worker, left_out: 0 }
    }

    /// What a search does, whose share of so many executions this is; `None` if each follows from the one before.
    fn plan(&self, executions: u64, share: (usize, usize)) -> Option<Plan> {
        let How { preemptions, delays, .. } = *self.how;
        let early = self.subject.early();
        let plan = Plan::of(&self.how.strategy, executions)?;
        let limits = match self.how.strategy {
            Strategy::Portfolio { .. } => Limits { preemptions, delays, early, ..plan.limits },
            _ => Limits { early, ..plan.limits },
        };
        Some(Plan {
            limits,
            partition: share,
            // A few for each share, so that none has much more to do than another; more would only be more to run twice.
            parts: if share.1 > 1 { PARTS_EACH * share.1.max(PARTS_EACH) } else { 1 },
            first_failure: !self.how.keep_going,
            ..plan
        })
    }

    fn search(
        &self,
        worker: &mut Worker<'_>,
        state: &mut State,
        (executions, share): (u64, (usize, usize)),
        keep: &(dyn Fn(&State) + Sync),
    ) {
        let faults = worker.faults.clone();
        let mut hired = Hired { hunt: self, worker: Some(worker), left_out: 0 };
        let Some(plan) = self.plan(executions, share) else {
            return self.one_by_one(&mut hired, state, executions, keep);
        };
        if state.wants_cut(&plan) {
            state.cut(&mut hired, &plan, &self.over);
        }
        keep(state);
        if self.how.jobs <= 1 {
            state.run_alone(&plan, hired, &self.over, keep);
        } else {
            state.run_keeping(&plan, self.how.jobs, || self.another(&faults), &self.over, keep);
        }
    }

    /// Strategies in which each execution follows from the one before: what they explore is one part.
    fn one_by_one(
        &self,
        worker: &mut dyn parallel::Worker,
        state: &mut State,
        executions: u64,
        keep: &(dyn Fn(&State) + Sync),
    ) {
        let mut search = Recorder::new(search::make(&self.how.strategy));
        let (mut left, mut drops_left) = (executions, executions.saturating_mul(DROPS_PER_EXECUTION));
        let mut outcome = parallel::Outcome::default();
        while left.min(drops_left) > 0 && !self.over.load(Ordering::Relaxed) && search.begin().is_some() {
            let ending = worker.execute(&mut search);
            if self.subject.stopped() {
                break;
            }
            state.left_out |= worker.left_out();
            match ending {
                Ending::Abandoned => drops_left -= 1,
                _ => left -= 1,
            }
            if let Ending::Bug(signature) = ending {
                outcome.failed(signature, search.schedule().clone());
                if !self.how.keep_going {
                    break;
                }
            }
            if (left + drops_left).is_multiple_of(PROGRESS_EXECUTIONS) {
                outcome.summary = search.summary();
                state.done.insert(0, outcome.clone());
                keep(state);
            }
        }
        outcome.summary = search.summary();
        state.parts = vec![Part::default()];
        state.done.insert(0, outcome);
    }
}

/// Parts of a search for each share of it, and shares that it is cut for at least.
const PARTS_EACH: usize = 4;
/// Executions spent on making a failing one simpler.
const MINIMISE_TRIES: u32 = 300;
/// Executions between two signs of life.
const PROGRESS_EXECUTIONS: u64 = 16;
