//! Running a closure under every interleaving that matters.

use std::sync::Arc;

pub use kloom_diag::rust_face::Failure as Report;
use kloom_explore::search::{Candidate, Dfs, Dpor, Ending, Limits, Natural, Pick, Random, Search, Summary};
use kloom_explore::{Schedule, token};
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
    /// The one that runs each thread as far as it can go.
    Natural,
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
    /// The first failing execution; the search ends with it.
    pub failure: Option<Failure>,
    /// Machines booted: one, and another after each execution that left something behind.
    pub boots: u64,
}

/// How to check.
///
/// ```
/// use kloom_rust::{Checker, Strategy, Thread};
///
/// Checker::new().cpus(4).strategy(Strategy::Random { seed: 7 }).executions(100).check(|| {
///     Thread::spawn(c"one", || ()).map(drop)
/// });
/// ```
#[derive(Clone, Debug)]
pub struct Checker {
    config: Config,
    strategy: Strategy,
    executions: Option<u64>,
    preemptions: Option<u32>,
    bounds: Bounds,
}

impl Default for Checker {
    fn default() -> Self {
        Checker::new()
    }
}

/// Executions a check makes unless told otherwise.
const EXECUTIONS: u64 = 1_000_000;
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

    /// Only those with at most this many preemptions.
    pub fn preemptions(mut self, preemptions: u32) -> Checker {
        self.preemptions = Some(preemptions);
        self
    }

    /// Steps after which an execution is cut.
    pub fn steps(mut self, steps: u32) -> Checker {
        self.bounds.max_steps = steps;
        self
    }

    fn search(&self) -> Box<dyn Search> {
        let executions = Some(self.executions.unwrap_or(EXECUTIONS));
        let limits = Limits { preemptions: self.preemptions, executions, ..Limits::default() };
        match self.strategy {
            Strategy::Dpor => Box::new(Dpor::new(limits)),
            Strategy::Dfs => Box::new(Dfs::new(limits)),
            Strategy::Random { seed } => {
                Box::new(AtMost { search: Random::new(seed), left: self.executions.unwrap_or(1000) })
            }
            Strategy::Natural => Box::new(Natural::new()),
        }
    }

    /// Runs `main` under the strategy until it fails or nothing is left, and says what was seen.
    ///
    /// # Panics
    /// There is no machine: the host refuses memory.
    pub fn explore<R: ThreadResult>(&self, main: impl Fn() -> R + Send + Sync + 'static) -> Outcome {
        self.explore_by(&mut *self.search(), main)
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
        let main = Arc::new(main);
        let mut machine = RustMachine::new(self.config.clone());
        let mut failure = None;
        while failure.is_none() && search.begin().is_some() {
            let body = Arc::clone(&main);
            let body = move || answer(body().to_int());
            let end = machine.execute(body, search, &self.bounds).unwrap_or_else(|error| panic!("no machine: {error}"));
            let ending = match end {
                End::Ok => Ending::Ok,
                End::Abandoned => Ending::Abandoned,
                End::Cut => Ending::Cut,
                End::Failed(report) => {
                    failure = Some(report);
                    Ending::Bug(1)
                }
            };
            search.end(ending);
        }
        let summary = search.summary();
        let failure = failure.map(|mut report| {
            report.token = token::format(&machine.schedule());
            report.execution = summary.executions.max(1);
            report.search = self.describe();
            Failure(report)
        });
        Outcome {
            executions: summary.executions,
            abandoned: summary.abandoned,
            cut: summary.cut,
            exhausted: summary.exhausted,
            failure,
            boots: machine.boots,
        }
    }

    fn describe(&self) -> String {
        let name = match self.strategy {
            Strategy::Dpor => "dpor".to_string(),
            Strategy::Dfs => "dfs".to_string(),
            Strategy::Random { seed } => format!("random, seed {seed}"),
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
                report.token = token::format(&Schedule::default());
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
        let schedule = token::parse(token).unwrap_or_else(|error| panic!("{error}"));
        if !schedule.asks {
            return self.observe(main);
        }
        let mut search = Replay { steps: schedule.steps, at: 0, zeros: 0, begun: false };
        let mut failure = self.explore_by(&mut search, main).failure;
        if let Some(failure) = &mut failure {
            failure.0.search = format!("replay, {} CPUs", self.config.cpus);
        }
        failure
    }
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

/// A search that is over after so many executions.
struct AtMost<S> {
    search: S,
    left: u64,
}

impl<S: Search> Search for AtMost<S> {
    fn begin(&mut self) -> Option<()> {
        self.left = self.left.checked_sub(1)?;
        self.search.begin()
    }

    fn pick(&mut self, candidates: &[Candidate]) -> Pick {
        self.search.pick(candidates)
    }

    fn stepped(&mut self, thread: u32, accesses: &[kloom_explore::search::Access]) {
        self.search.stepped(thread, accesses);
    }

    fn choose(&mut self, options: u32) -> u32 {
        self.search.choose(options)
    }

    fn end(&mut self, ending: Ending) {
        self.search.end(ending);
    }

    fn summary(&self) -> Summary {
        self.search.summary()
    }
}

/// The picks of a token, then always the first.
struct Replay {
    steps: Vec<(u64, u32)>,
    at: usize,
    zeros: u64,
    begun: bool,
}

impl Search for Replay {
    fn begin(&mut self) -> Option<()> {
        (!std::mem::replace(&mut self.begun, true)).then_some(())
    }

    fn pick(&mut self, candidates: &[Candidate]) -> Pick {
        let Some(&(zeros, answer)) = self.steps.get(self.at) else { return Pick::Run(0) };
        if self.zeros < zeros {
            self.zeros += 1;
            return Pick::Run(0);
        }
        self.zeros = 0;
        self.at += 1;
        Pick::Run((answer as usize).min(candidates.len() - 1))
    }

    fn stepped(&mut self, _: u32, _: &[kloom_explore::search::Access]) {}

    fn choose(&mut self, _: u32) -> u32 {
        0
    }

    fn end(&mut self, _: Ending) {}

    fn summary(&self) -> Summary {
        Summary { executions: 1, ..Summary::default() }
    }
}
