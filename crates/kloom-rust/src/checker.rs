//! Running a closure under every interleaving that matters.

use std::collections::BTreeMap;
use std::sync::atomic::AtomicBool;
use std::sync::{Arc, Mutex, PoisonError};

pub use kloom_diag::rust_face::Failure as Report;
use kloom_diag::rust_face::Wrong;
use kloom_explore::parallel::{self, Plan};
use kloom_explore::search::{self, Ending, Limits, Recorder, Replay, Schedule, Search, Summary};
use kloom_explore::token;
use kloom_kernel::Config;
use kloom_sim::explored::Bounds;
use kloom_sim::rust::{End, RustMachine};

use crate::thread::ThreadResult;

/// Which interleavings are run.
#[derive(Clone, Debug, PartialEq, Eq, Default)]
pub enum Strategy {
    /// One of each set of equivalent interleavings, until none is left: optimal dynamic partial-order reduction.
    #[default]
    Dpor,
    /// Every interleaving, for comparison.
    Dfs,
    /// Random ones.
    Random {
        /// The same seed gives the same interleavings.
        seed: u64,
    },
    /// Random priorities that change `depth - 1` times: a bug of that depth is found with a probability that has a bound.
    Pct {
        /// How many ordering constraints the bug may have.
        depth: u32,
        /// The seed.
        seed: u64,
    },
    /// Partial-order sampling.
    Pos {
        /// The seed.
        seed: u64,
    },
    /// Selectively uniform random walk: each time all orders of the operations on some object are equally likely.
    Surw {
        /// The seed.
        seed: u64,
    },
    /// Reduction for so many executions; if that was not the end, samplers in turns.
    Portfolio {
        /// Executions of the reduction.
        executions: u64,
        /// The seed of the samplers.
        seed: u64,
    },
    /// The one that runs each thread as far as it can go.
    Natural,
}

impl Strategy {
    /// Whether it comes to an end by itself.
    fn ends(&self) -> bool {
        matches!(self, Strategy::Dpor | Strategy::Dfs | Strategy::Natural)
    }
}

/// A failing execution: [`Report`] as data, its `Display` as the story.
#[derive(Clone, Debug)]
pub struct Failure(Box<Report>);

impl Failure {
    /// The stable code of what is wrong: `panic`, `deadlock`, `livelock`, `thread-leak`, `hung-task`, `lock-held-at-exit`,
    /// `sleep-in-atomic`, `module-text-in-use`, `misuse`, `step-limit`.
    pub fn code(&self) -> &'static str {
        self.0.wrong.code()
    }

    /// What [`replay`] takes.
    pub fn token(&self) -> &str {
        &self.0.token
    }

    /// Everything.
    pub fn report(&self) -> &Report {
        &self.0
    }
}

impl std::fmt::Display for Failure {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        self.0.fmt(f)
    }
}

/// What a check has seen.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// Complete executions.
    pub executions: u64,
    /// Executions dropped as redundant.
    pub abandoned: u64,
    /// Executions that reached the bound on steps.
    pub cut: u64,
    /// Nothing is left, within the bounds.
    pub exhausted: bool,
    /// How many executions everything would take, as far as the search can tell.
    pub estimate: Option<f64>,
    /// The first failing execution, made as simple as possible; the search ends with it.
    pub failure: Option<Failure>,
    /// Machines booted for the search: one, and another after each execution that left something behind.
    pub boots: u64,
}

/// How to check.
///
/// ```
/// use kloom_rust::{Checker, Strategy, Thread};
///
/// let seen = Checker::new().cpus(4).strategy(Strategy::Surw { seed: 7 }).executions(100).check(|| {
///     Thread::spawn(c"one", || ()).map(drop)
/// });
/// assert_eq!((seen.executions, seen.exhausted), (100, false), "a sampler never knows whether it has seen all");
/// ```
///
/// A failing execution is told with the token that repeats it:
///
/// ```
/// use kloom_rust::prelude::*;
/// use kloom_rust::Checker;
///
/// fn racy() -> Result {
///     let count = Arc::new(kloom_rust::sync::atomic::AtomicUsize::new(0), GFP_KERNEL)?;
///     let theirs = count.clone();
///     use kloom_rust::sync::atomic::Ordering::Relaxed;
///     Thread::spawn(c"other", move || theirs.store(theirs.load(Relaxed) + 1, Relaxed))?;
///     let seen = count.load(Relaxed);
///     count.store(seen + 1, Relaxed);
///     assert_eq!(count.load(Relaxed), seen + 1, "somebody came in between");
///     Ok(())
/// }
///
/// let failure = Checker::new().jobs(2).explore(racy).failure.expect("some interleaving fails");
/// assert!(failure.to_string().contains("somebody came in between"));
/// let again = Checker::new().replay_observed(failure.token(), racy).expect("so it does again");
/// assert_eq!(again.report().choices, failure.report().choices);
/// ```
#[derive(Clone, Debug)]
pub struct Checker {
    config: Config,
    strategy: Strategy,
    executions: Option<u64>,
    preemptions: Option<u32>,
    jobs: Option<usize>,
    simpler: u32,
    bounds: Bounds,
}

impl Default for Checker {
    fn default() -> Self {
        Checker::new()
    }
}

/// Executions a check makes unless told otherwise.
const EXECUTIONS: u64 = 1_000_000;
/// And samples.
const SAMPLES: u64 = 1000;
/// Executions spent on making a failing one simpler.
const SIMPLER: u32 = 200;
/// Steps of a machine in a natural execution.
const NATURAL_STEPS: u64 = 20_000_000;

impl Checker {
    /// Two CPUs, optimal partial-order reduction, at most a million executions.
    pub fn new() -> Checker {
        Checker {
            config: Config::default(),
            strategy: Strategy::default(),
            executions: None,
            preemptions: None,
            jobs: None,
            simpler: SIMPLER,
            bounds: Bounds::default(),
        }
    }

    /// CPUs of the machine, 1 to 64.
    pub fn cpus(mut self, cpus: u32) -> Checker {
        self.config.cpus = cpus.clamp(1, 64);
        self
    }

    /// Which interleavings are run.
    pub fn strategy(mut self, strategy: Strategy) -> Checker {
        self.strategy = strategy;
        self
    }

    /// At most this many.
    pub fn executions(mut self, executions: u64) -> Checker {
        self.executions = Some(executions);
        self
    }

    /// Only those with at most this many preemptions; samplers do not keep to it.
    pub fn preemptions(mut self, preemptions: u32) -> Checker {
        self.preemptions = Some(preemptions);
        self
    }

    /// Steps after which an execution is cut.
    pub fn steps(mut self, steps: u32) -> Checker {
        self.bounds.max_steps = steps;
        self
    }

    /// Explores on so many OS threads. What is found, and in how many executions, is the same for any number. [`Strategy::Dfs`]
    /// and [`Strategy::Natural`] run on one.
    pub fn jobs(mut self, jobs: usize) -> Checker {
        self.jobs = Some(jobs.max(1));
        self
    }

    /// Spends at most so many executions on making a failing one simpler (fewest preemptions, then fewest steps); 0 tells the first
    /// that was found.
    pub fn simplify(mut self, executions: u32) -> Checker {
        self.simpler = executions;
        self
    }

    fn limits(&self) -> Limits {
        Limits { preemptions: self.preemptions, executions: Some(self.most()), ..Limits::default() }
    }

    fn most(&self) -> u64 {
        self.executions.unwrap_or(if self.strategy.ends() { EXECUTIONS } else { SAMPLES })
    }

    fn strategy_of_search(&self) -> search::Strategy {
        match self.strategy {
            Strategy::Dpor => search::Strategy::Dpor(self.limits()),
            Strategy::Dfs => search::Strategy::Dfs(self.limits()),
            Strategy::Random { seed } => search::Strategy::Random { seed },
            Strategy::Pct { depth, seed } => search::Strategy::Pct { depth, seed },
            Strategy::Pos { seed } => search::Strategy::Pos { seed },
            Strategy::Surw { seed } => search::Strategy::Surw { seed },
            Strategy::Portfolio { executions, seed } => search::Strategy::Portfolio { executions, seed },
            Strategy::Natural => search::Strategy::Natural,
        }
    }

    /// What several threads can do together, if they can.
    fn plan(&self) -> Option<Plan> {
        let mut plan = Plan::of(&self.strategy_of_search(), self.most())?;
        plan.limits.preemptions = self.preemptions;
        Some(Plan { first_failure: true, ..plan })
    }

    /// Runs `main` under the strategy until it fails or nothing is left, and says what was seen.
    ///
    /// # Panics
    /// There is no machine: the host refuses memory.
    pub fn explore<R: ThreadResult>(&self, main: impl Fn() -> R + Send + Sync + 'static) -> Outcome {
        let run = Run { checker: self, main: Arc::new(move || answer(main().to_int())) };
        match (self.jobs, self.plan()) {
            (Some(jobs), Some(plan)) => run.in_parts(jobs, &plan),
            _ => {
                let most = if self.strategy.ends() { None } else { Some(self.most()) };
                run.explore(&mut *search::make(&self.strategy_of_search()), most)
            }
        }
    }

    /// As [`Checker::explore`], with a search of the caller's.
    ///
    /// # Panics
    /// There is no machine: the host refuses memory.
    pub fn explore_by<R: ThreadResult>(
        &self,
        search: &mut dyn Search,
        main: impl Fn() -> R + Send + Sync + 'static,
    ) -> Outcome {
        Run { checker: self, main: Arc::new(move || answer(main().to_int())) }.explore(search, None)
    }

    fn describe(&self) -> String {
        let name = match self.strategy {
            Strategy::Dpor => "dpor".to_string(),
            Strategy::Dfs => "dfs".to_string(),
            Strategy::Random { seed } => format!("random, seed {seed}"),
            Strategy::Pct { depth, seed } => format!("pct, depth {depth}, seed {seed}"),
            Strategy::Pos { seed } => format!("pos, seed {seed}"),
            Strategy::Surw { seed } => format!("surw, seed {seed}"),
            Strategy::Portfolio { executions, seed } => format!("portfolio, {executions} of dpor, seed {seed}"),
            Strategy::Natural => "natural".to_string(),
        };
        let cpus = self.config.cpus;
        let preemptions = self.preemptions.map_or(String::new(), |most| format!(", at most {most} preemptions"));
        format!("{name}{preemptions}, {cpus} CPUs")
    }

    /// Runs `main` under the strategy; what was seen if nothing is wrong.
    ///
    /// # Panics
    /// With the story of the first failing execution.
    pub fn check<R: ThreadResult>(&self, main: impl Fn() -> R + Send + Sync + 'static) -> Outcome {
        let mut outcome = self.explore(main);
        if let Some(failure) = outcome.failure.take() {
            panic!("{failure}");
        }
        outcome
    }

    /// Runs `main` once, as a plain run does: threads share the CPUs as time passes.
    ///
    /// # Panics
    /// With the story of what is wrong.
    pub fn run<R: ThreadResult>(&self, main: impl FnOnce() -> R + Send + 'static) {
        if let Some(failure) = self.observe(main) {
            panic!("{failure}");
        }
    }

    /// As [`Checker::run`]; what is wrong.
    ///
    /// # Panics
    /// There is no machine: the host refuses memory.
    pub fn observe<R: ThreadResult>(&self, main: impl FnOnce() -> R + Send + 'static) -> Option<Failure> {
        let mut machine = RustMachine::new(self.config.clone());
        let body = move || answer(main().to_int());
        let end = machine.run(body, Box::new(kloom_kernel::chooser::Natural), NATURAL_STEPS);
        match end.unwrap_or_else(|error| panic!("no machine: {error}")) {
            End::Failed(mut report) => {
                report.execution = 1;
                report.search = "natural, in virtual time".to_string();
                report.token = token::format(&kloom_explore::Schedule::default());
                Some(Failure(report))
            }
            End::Ok | End::Abandoned | End::Cut => None,
        }
    }

    /// Runs `main` with the choices of a token that a failing check gave; the machine must be the same.
    ///
    /// # Panics
    /// With the story of what is wrong; when the token is none.
    pub fn replay<R: ThreadResult>(&self, token: &str, main: impl Fn() -> R + Send + Sync + 'static) {
        if let Some(failure) = self.replay_observed(token, main) {
            panic!("{failure}");
        }
    }

    /// As [`Checker::replay`]; what is wrong.
    ///
    /// # Panics
    /// When the token is none.
    pub fn replay_observed<R: ThreadResult>(
        &self,
        token: &str,
        main: impl Fn() -> R + Send + Sync + 'static,
    ) -> Option<Failure> {
        if token.trim_start().starts_with("kl1:") {
            token::parse(token).unwrap_or_else(|error| panic!("{error}"));
            return self.observe(main);
        }
        let schedule = Schedule::parse(token).unwrap_or_else(|error| panic!("{error}"));
        let plain = Checker { simpler: 0, ..self.clone() };
        let mut failure = plain.explore_by(&mut Replay::new(schedule), main).failure;
        if let Some(failure) = &mut failure {
            failure.0.search = format!("replay, {} CPUs", self.config.cpus);
        }
        failure
    }
}

/// A check under way.
struct Run<'c> {
    checker: &'c Checker,
    main: Arc<dyn Fn() -> i64 + Send + Sync>,
}

impl Run<'_> {
    fn machine(&self) -> RustMachine {
        RustMachine::new(self.checker.config.clone())
    }

    /// One execution under a search that has begun; what is wrong with it.
    fn execute(&self, machine: &mut RustMachine, search: &mut dyn Search) -> (Ending, Option<Box<Report>>) {
        let main = Arc::clone(&self.main);
        let end = machine.execute(move || main(), search, &self.checker.bounds);
        let (ending, report) = match end.unwrap_or_else(|error| panic!("no machine: {error}")) {
            End::Ok => (Ending::Ok, None),
            End::Abandoned => (Ending::Abandoned, None),
            End::Cut => (Ending::Cut, None),
            End::Failed(report) => (Ending::Bug(signature(&report.wrong)), Some(report)),
        };
        search.end(ending);
        (ending, report)
    }

    fn explore(&self, search: &mut dyn Search, most: Option<u64>) -> Outcome {
        let mut machine = self.machine();
        let mut search = Recorder::new(search);
        let mut failure = None;
        let mut begun = 0;
        while failure.is_none() && most.is_none_or(|most| begun < most) && search.begin().is_some() {
            begun += 1;
            let (ending, report) = self.execute(&mut machine, &mut search);
            failure = report.map(|report| (ending, search.schedule().clone(), report));
        }
        let boots = machine.boots;
        let failure = failure.map(|(ending, schedule, report)| self.told(&mut machine, ending, schedule, report));
        self.outcome(&search.summary(), failure, boots)
    }

    /// The same on several OS threads.
    fn in_parts(&self, jobs: usize, plan: &Plan) -> Outcome {
        // There is no cut, so nothing has to be run to find it.
        let mut state = parallel::State::new(&mut |_: &mut dyn Search| Ending::Abandoned, plan);
        let reports = Mutex::new(BTreeMap::new());
        let boots = std::sync::atomic::AtomicU64::new(0);
        let make = || {
            let (mut machine, mut known) = (self.machine(), 0);
            let (reports, boots) = (&reports, &boots);
            move |search: &mut dyn Search| {
                let (ending, report) = self.execute(&mut machine, search);
                boots.fetch_add(machine.boots - known, std::sync::atomic::Ordering::Relaxed);
                known = machine.boots;
                if let (Ending::Bug(signature), Some(report)) = (ending, report) {
                    reports.lock().unwrap_or_else(PoisonError::into_inner).insert(signature, report);
                }
                ending
            }
        };
        state.run(plan, jobs, make, &AtomicBool::new(false));
        let all = state.outcome();
        let mut reports = reports.into_inner().unwrap_or_else(PoisonError::into_inner);
        let simplest = all.failures.iter().min_by(|(_, a), (_, b)| {
            (a.schedule.complexity(), &a.schedule).cmp(&(b.schedule.complexity(), &b.schedule))
        });
        let failure = simplest.and_then(|(&signature, failure)| {
            let report = reports.remove(&signature)?;
            Some(self.told(&mut self.machine(), Ending::Bug(signature), failure.schedule.clone(), report))
        });
        self.outcome(&all.summary, failure, boots.into_inner())
    }

    /// A failing execution as it is told: the same bug in the simplest way that is found.
    fn told(
        &self,
        machine: &mut RustMachine,
        ending: Ending,
        schedule: Schedule,
        mut report: Box<Report>,
    ) -> (Schedule, Box<Report>) {
        let (Ending::Bug(signature), most @ 1..) = (ending, self.checker.simpler) else { return (schedule, report) };
        let minimised = search::minimise(schedule.clone(), signature, most, &mut |schedule| {
            let mut search = Recorder::new(Replay::new(schedule.clone()));
            search.begin()?;
            match self.execute(machine, &mut search).0 {
                Ending::Bug(signature) => Some((signature, search.schedule().clone())),
                _ => None,
            }
        });
        let mut search = Recorder::new(Replay::new(minimised.schedule));
        let again = search.begin().and_then(|()| self.execute(machine, &mut search).1);
        match again {
            Some(simpler) if minimised.confirmed => {
                report = simpler;
                (search.schedule().clone(), report)
            }
            // It depends on something outside of the machine: the one that was seen is told.
            _ => (schedule, report),
        }
    }

    fn outcome(&self, summary: &Summary, failure: Option<(Schedule, Box<Report>)>, boots: u64) -> Outcome {
        let failure = failure.map(|(schedule, mut report)| {
            report.token = schedule.token();
            report.execution = summary.executions.max(1);
            report.search = self.checker.describe();
            Failure(report)
        });
        Outcome {
            executions: summary.executions,
            abandoned: summary.abandoned,
            cut: summary.cut,
            exhausted: summary.exhausted,
            estimate: summary.estimate,
            failure,
            boots,
        }
    }
}

/// What tells one bug from another: the kind, and for a panic where it was.
fn signature(wrong: &Wrong) -> u64 {
    let place = match wrong {
        Wrong::Panic { place, .. } => place.as_ref(),
        _ => None,
    };
    // FNV-1a.
    let line = place.map_or(0, |place| place.line).to_le_bytes();
    let file = place.map_or("", |place| place.file.as_str());
    let bytes = wrong.code().bytes().chain(file.bytes()).chain(line);
    bytes.fold(0xcbf2_9ce4_8422_2325, |hash, byte| (hash ^ u64::from(byte)).wrapping_mul(0x0100_0000_01b3))
}

/// A `main` that fails is a test that fails.
fn answer(number: i32) -> i64 {
    assert!(number >= 0, "`main` failed with error {number}");
    number.into()
}

/// Runs `main` again and again, each time with other choices, until nothing new is left ([`Checker::check`] of the default).
///
/// # Panics
/// With the story of the first failing execution.
pub fn check<R: ThreadResult>(main: impl Fn() -> R + Send + Sync + 'static) -> Outcome {
    Checker::new().check(main)
}

/// Runs `main` once, as a plain run does ([`Checker::run`] of the default).
///
/// # Panics
/// With the story of what is wrong.
pub fn run<R: ThreadResult>(main: impl FnOnce() -> R + Send + 'static) {
    Checker::new().run(main);
}

/// Runs `main` with the choices of a token ([`Checker::replay`] of the default).
///
/// # Panics
/// With the story of what is wrong; when the token is none.
pub fn replay<R: ThreadResult>(token: &str, main: impl Fn() -> R + Send + Sync + 'static) {
    Checker::new().replay(token, main);
}
