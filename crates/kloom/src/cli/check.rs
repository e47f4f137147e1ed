//! `kloom check`, `kloom merge` and `kloom replay`: flags in, reports out.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use kloom::check::{self, Budget, Checked, Failure, Subject, Worker};
use kloom::failure::{findings_of_notes, subject_of};
use kloom_diag::{ExitCode, Explored, Finding, Outcome};
use kloom_explore::parallel::{Plan, State};
use kloom_explore::search::{Limits, Schedule, Strategy, Summary};
use kloom_kernel::sched::Preempt;
use kloom_sim::explored::Bounds;

use super::{RunArgs, Stopwatch, machine_words, no_color, options, progress_build, request};
use crate::duration::parse_ns;
use crate::emit::{self, Document, Format};
use crate::output;

/// Parts of a check for each host it is spread over, and hosts that it is cut for at least.
const PARTS_EACH: usize = 4;
/// CPUs of a machine that is checked: enough for the tasks of most modules to run beside each other.
const CHECK_CPUS: u32 = 4;

/// What an execution is made from: to repeat it, all of this must be the same.
#[derive(Args)]
pub(super) struct ExploredArgs {
    #[command(flatten)]
    run: RunArgs,
    /// How often time may pass to the next event of an execution while something could run
    #[arg(long, value_name = "N", default_value_t = Bounds::default().early_clock, help_heading = "Search")]
    early: u32,
    /// Choices of one execution after which it follows virtual time
    #[arg(long, value_name = "N", default_value_t = Bounds::default().max_steps, help_heading = "Search")]
    max_choices: u32,
    /// Let others go first at plain accesses, too: what data races lead to is found, the races themselves are not told
    #[arg(long, help_heading = "Search")]
    racy: bool,
}

impl ExploredArgs {
    fn bounds(&self) -> Bounds {
        Bounds { max_steps: self.max_choices, early_clock: self.early, racy: self.racy }
    }

    /// The command that repeats an execution, without its token.
    fn replay_words(&self) -> Vec<String> {
        let (mut words, usual, bounds) = (machine_words("replay", &self.run), Bounds::default(), self.bounds());
        if bounds.early_clock != usual.early_clock {
            words.push(format!("--early {}", bounds.early_clock));
        }
        if bounds.max_steps != usual.max_steps {
            words.push(format!("--max-choices {}", bounds.max_steps));
        }
        if bounds.racy {
            words.push("--racy".to_string());
        }
        words
    }
}

#[derive(Args)]
pub(super) struct CheckArgs {
    #[command(flatten)]
    explored: ExploredArgs,
    /// How interleavings are chosen: portfolio, dpor, dfs, random:SEED, pct:DEPTH, pos:SEED, surw:SEED, natural
    #[arg(long, default_value = "portfolio", help_heading = "Search")]
    strategy: Strategy,
    /// Most executions; those that the search drops half-way as redundant do not count
    #[arg(long, value_name = "N", default_value_t = 10_000, help_heading = "Search")]
    executions: u64,
    /// Host time after which the search ends; with --jobs and the like, parts that are under way then do not count
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = parse_ns, help_heading = "Search")]
    time: u64,
    /// Most preemptions of one execution (dpor)
    #[arg(long, value_name = "K", help_heading = "Search")]
    preemptions: Option<u32>,
    /// Also make every single call of kmalloc, kthread_create and the like fail: once in natural order, then in a search
    #[arg(long, help_heading = "Search")]
    faults: bool,
    /// Explore by reduction on so many threads; the verdict is the same for any number
    #[arg(long, value_name = "N", help_heading = "Spreading")]
    jobs: Option<usize>,
    /// Only the Ith of N parts, counted from 1, for machines that share one check
    #[arg(long, value_name = "I/N", value_parser = parse_partition, help_heading = "Spreading")]
    partition: Option<(usize, usize)>,
    /// Keep what is done in this file, and go on from there if it exists
    #[arg(long, value_name = "FILE", help_heading = "Spreading")]
    save_state: Option<PathBuf>,
}

#[derive(Args)]
pub(super) struct MergeArgs {
    #[command(flatten)]
    explored: ExploredArgs,
    /// A state that `kloom check --save-state` left; give all of them
    #[arg(long = "state", value_name = "FILE", required = true)]
    states: Vec<PathBuf>,
}

/// `3/16`: the third of sixteen.
fn parse_partition(text: &str) -> Result<(usize, usize), String> {
    let parts = text.split_once('/').and_then(|(nth, of)| Some((nth.parse().ok()?, of.parse().ok()?)));
    match parts {
        Some((nth, of)) if (1..=of).contains(&nth) => Ok((nth - 1, of)),
        _ => Err("a partition is I/N with I from 1 to N".to_string()),
    }
}

/// What the three commands need to tell how it ended.
struct Told<'a> {
    explored: &'a ExploredArgs,
    args: &'a RunArgs,
    options: kloom_diag::Options,
}

impl<'a> Told<'a> {
    fn new(explored: &'a ExploredArgs) -> Told<'a> {
        let args = &explored.run;
        Told { explored, args, options: options(no_color(&args.cc), args.backtrace) }
    }

    fn failure(&self, failure: kloom::failure::Failure) -> ExitCode {
        emit::failure(self.args.message_format, &self.options, failure)
    }

    fn usage(&self, text: impl Into<String>) -> ExitCode {
        self.failure(kloom::failure::Failure::usage(text))
    }

    fn error(&self, error: &kloom::run::RunError, scenario: &[u8]) -> ExitCode {
        self.failure(kloom::failure::Failure::of(error, scenario))
    }

    /// Builds the modules and prepares the scenario, for a machine that is explored; what the build has to tell.
    fn subject(&self, clock: &Stopwatch) -> Result<(Subject, Vec<Finding>), ExitCode> {
        let mut request = request(self.args).map_err(|text| self.usage(text))?;
        request.config.cpus = self.args.cpus.unwrap_or(CHECK_CPUS);
        if self.args.preempt.is_none() {
            request.config.preempt = Preempt::Full;
        }
        emit::promise(self.args.message_format, &subject_of(&request.files));
        let scenario = request.script.as_ref().map_or(&[][..], |script| &script.text);
        let built = kloom::run::build(&request, &mut |step| progress_build(clock, &step))
            .map_err(|error| self.error(&error, scenario))?;
        let (told, notes) = findings_of_notes(built.notes.iter().chain(built.modules.iter().flat_map(|m| &m.notes)));
        for note in notes {
            output::talk(&format!("note: {note}\n"));
        }
        for module in &built.modules {
            output::talk(&module.warning_text);
        }
        let subject =
            Subject::new(&request, &built, self.explored.bounds()).map_err(|error| self.error(&error, scenario))?;
        Ok((subject, told))
    }

    fn outcome(&self, subject: &Subject, mut outcome: Outcome, told: Vec<Finding>, shown: &Shown) -> ExitCode {
        if let Some(token) = &shown.token {
            let mut words = self.explored.replay_words();
            words.extend(shown.faults.iter().map(|(name, calls)| format!("--fail {name}:{}", calls[0])));
            words.push(token.clone());
            let replay = words.join(" ");
            for (name, calls) in &shown.faults {
                output::talk(&format!("note: call {} of `{name}()` was made to fail (--faults)\n", calls[0]));
            }
            for finding in &mut outcome.findings {
                finding.replay = Some(replay.clone());
            }
        }
        outcome.findings.splice(0..0, told);
        if self.args.message_format == Format::Human {
            output::data(&shown.transcript);
            output::talk(&kloom_diag::human_outcome(&outcome, subject.sources(), &self.options));
        } else {
            let document = Document {
                outcome: &outcome,
                sources: subject.sources(),
                transcript: &shown.transcript,
                compiler_text: "",
                token: shown.token.as_deref(),
            };
            output::data(emit::text(self.args.message_format, &document).as_bytes());
        }
        outcome.exit_code()
    }
}

/// What a failing execution printed, and how to see it again.
#[derive(Default)]
struct Shown {
    transcript: Vec<u8>,
    token: Option<String>,
    faults: Vec<(String, Vec<u64>)>,
}

impl Shown {
    fn of(failure: &Failure) -> Shown {
        Shown {
            transcript: failure.shown.iter().flat_map(output::bytes_of).collect(),
            token: Some(failure.schedule.to_string()),
            faults: failure.faults.clone(),
        }
    }
}

/// Runs the check; its exit code.
pub(super) fn check(args: CheckArgs) -> ExitCode {
    let told = Told::new(&args.explored);
    if told.args.seed.is_some() || told.args.replay.is_some() {
        return told
            .usage("--seed and --replay are for `kloom run`; a check has --strategy random:SEED, and `kloom replay`");
    }
    let in_parts = args.jobs.is_some() || args.partition.is_some() || args.save_state.is_some();
    if in_parts && !matches!(args.strategy, Strategy::Portfolio { .. } | Strategy::Dpor(_)) {
        return told.usage(
            "--jobs, --partition and --save-state explore by reduction (dpor); other strategies run on one thread",
        );
    }
    if in_parts && args.faults {
        return told.usage("--faults runs on one thread, without --jobs, --partition and --save-state");
    }
    let clock = Stopwatch::start();
    let (subject, notes) = match told.subject(&clock) {
        Ok(subject) => subject,
        Err(code) => return code,
    };
    let checked = if in_parts {
        match in_parts_of(&args, &subject, &clock) {
            Ok(checked) => Ok(checked),
            Err(Parted::State(text)) => return told.usage(text),
            Err(Parted::Run(error)) => Err(error),
        }
    } else {
        search(&args, &subject, &clock)
    };
    match checked {
        Ok(checked) => {
            let strategy = if in_parts { "dpor".to_string() } else { args.strategy.to_string() };
            report(&told, &subject, checked, strategy, notes, &clock)
        }
        Err(error) => told.error(&error, &[]),
    }
}

fn search(args: &CheckArgs, subject: &Subject, clock: &Stopwatch) -> Result<Checked, kloom::run::RunError> {
    let budget = Budget { executions: args.executions, wall: Duration::from_nanos(args.time) };
    let strategy = match &args.strategy {
        Strategy::Dpor(limits) => {
            Strategy::Dpor(Limits { preemptions: args.preemptions.or(limits.preemptions), ..*limits })
        }
        other => other.clone(),
    };
    let mut progress = false;
    let checked = check::check(subject, &strategy, args.faults, &budget, &|| clock.elapsed(), &mut |summary| {
        if clock.elapsed() > Duration::from_secs(1) {
            progress = true;
            output::status(&progress_line(summary));
        }
    });
    if progress {
        output::status("");
    }
    checked
}

/// Why a check in parts did not come to an end.
enum Parted {
    State(String),
    Run(kloom::run::RunError),
}

fn in_parts_of(args: &CheckArgs, subject: &Subject, clock: &Stopwatch) -> Result<Checked, Parted> {
    let partition = args.partition.unwrap_or((0, 1));
    let plan = Plan {
        limits: Limits { preemptions: args.preemptions, executions: Some(args.executions), ..Limits::default() },
        partition,
        // A few for each host, so that none has much more to do than another; more would only be more to run twice.
        parts: PARTS_EACH * partition.1.max(PARTS_EACH),
        ..Plan::default()
    };
    let state = match &args.save_state {
        Some(path) if path.exists() => Some(read_state(path).map_err(Parted::State)?),
        _ => None,
    };
    // The first write that fails is told at the end; the check itself goes on.
    let failed = std::sync::Mutex::new(None);
    let keep = |state: &State| {
        if let Some(path) = &args.save_state
            && let Err(text) = write_state(path, state)
        {
            failed.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get_or_insert(text);
        }
    };
    let jobs = args.jobs.unwrap_or(1);
    let is_late = || clock.elapsed() > Duration::from_nanos(args.time);
    let (checked, _) = check::check_in_parts(subject, &plan, jobs, state, &is_late, &keep).map_err(Parted::Run)?;
    match failed.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner) {
        Some(text) => Err(Parted::State(text)),
        None => Ok(checked),
    }
}

/// Writes a state so that a reader, or a later run after the power has failed, finds the old one or the new one.
fn write_state(path: &Path, state: &State) -> Result<(), String> {
    let told = |error: &dyn std::fmt::Display| format!("cannot write {}: {error}", path.display());
    let text = serde_json::to_vec(state).map_err(|error| told(&error))?;
    let mut beside = path.as_os_str().to_os_string();
    beside.push(".new");
    std::fs::write(&beside, text).map_err(|error| told(&error))?;
    std::fs::rename(&beside, path).map_err(|error| told(&error))
}

fn read_state(path: &PathBuf) -> Result<State, String> {
    let text = std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    serde_json::from_slice(&text).map_err(|error| format!("{} is no state of a check: {error}", path.display()))
}

/// Puts the states of a check that was spread over several machines together, and reports on the whole.
pub(super) fn merge(args: MergeArgs) -> ExitCode {
    let told = Told::new(&args.explored);
    let mut merged: Option<State> = None;
    for path in &args.states {
        let state = match read_state(path) {
            Ok(state) => state,
            Err(text) => return told.usage(text),
        };
        match &mut merged {
            None => merged = Some(state),
            Some(all) => {
                if let Err(error) = all.merge(state) {
                    return told.usage(format!("{}: {error}", path.display()));
                }
            }
        }
    }
    let clock = Stopwatch::start();
    let (subject, notes) = match told.subject(&clock) {
        Ok(subject) => subject,
        Err(code) => return code,
    };
    // Nothing is explored here: what no state has stays open, and the report says so.
    let plan = Plan { partition: (usize::MAX, usize::MAX), ..Plan::default() };
    match check::check_in_parts(&subject, &plan, 1, merged, &|| false, &|_| {}) {
        Ok((checked, _)) => {
            let states = args.states.len();
            let strategy = format!("dpor, {states} {} merged", if states == 1 { "state" } else { "states" });
            report(&told, &subject, checked, strategy, notes, &clock)
        }
        Err(error) => told.error(&error, &[]),
    }
}

/// Repeats one execution; its exit code.
pub(super) fn replay(mut args: ExploredArgs) -> ExitCode {
    let is_token = |item: &std::ffi::OsString| item.to_string_lossy().starts_with("kl2:");
    let tokens: Vec<_> = args.run.items.extract_if(.., |item| is_token(item)).collect();
    let told = Told::new(&args);
    let [token] = tokens.as_slice() else {
        return told.usage("kloom replay wants the module's files and one token that `kloom check` printed (kl2:…); one that `kloom run` printed (kl1:…) is for `kloom run --replay`");
    };
    let schedule: Schedule = match token.to_string_lossy().parse() {
        Ok(schedule) => schedule,
        Err(error) => return told.usage(format!("{error}")),
    };
    let clock = Stopwatch::start();
    let (subject, notes) = match told.subject(&clock) {
        Ok(subject) => subject,
        Err(code) => return code,
    };
    let failure = match Worker::new(&subject).and_then(|(mut worker, _)| worker.replay(schedule)) {
        Ok(failure) => failure,
        Err(error) => return told.error(&error, &[]),
    };
    if failure.diverged {
        output::talk(MISFIT);
    }
    let shown = Shown::of(&failure);
    let mut outcome = failure.outcome;
    outcome.wall_ns = Some(clock.elapsed().as_nanos() as u64);
    told.outcome(&subject, outcome, notes, &shown)
}

/// Said when a token and a module do not belong together.
const MISFIT: &str =
    "note: the token is not one of this module and scenario; where it did not fit, choices were the natural ones\n";
/// Said when the same choices did not lead to the same end.
const NONDETERMINISTIC: &str =
    "note: the same choices did not lead to the same execution again: the module depends on \
something outside the machine, so nothing is exhausted and a replay may show something else
help: look for inline assembly that asks the processor (rdtsc, rdrand, rdseed, cpuid) and use the kernel's functions \
instead (ktime_get(), get_random_u32(), num_online_cpus()): their answers are the same in every replay\n";
/// Said when a bug was seen and repeating the execution did not show it.
const NOT_AGAIN: &str = "error: a bug was seen in an execution that could not be repeated: there is no report of it\n";

fn report(
    told: &Told<'_>,
    subject: &Subject,
    checked: Checked,
    strategy: String,
    notes: Vec<Finding>,
    clock: &Stopwatch,
) -> ExitCode {
    let mut explored = explored(&checked, strategy, &told.explored.bounds());
    let lost = checked.failure.as_ref().is_some_and(|failure| failure.diverged || failure.outcome.findings.is_empty());
    // Searches that do not come back to where they were see nothing of it.
    let repeats =
        !lost && !checked.summary.diverged && (checked.interrupted || check::repeats(subject).unwrap_or(true));
    if !repeats {
        explored.exhaustive = false;
        output::talk(NONDETERMINISTIC);
    }
    let (mut outcome, shown) = match checked.failure {
        Some(failure) => {
            if lost && failure.outcome.findings.is_empty() {
                output::talk(NOT_AGAIN);
            }
            let shown = Shown::of(&failure);
            (failure.outcome, shown)
        }
        None => (checked.first.unwrap_or_default(), Shown::default()),
    };
    outcome.explored = Some(explored);
    outcome.wall_ns = Some(clock.elapsed().as_nanos() as u64);
    let found = !outcome.findings.is_empty();
    let code = told.outcome(subject, outcome, notes, &shown);
    if lost && !found { ExitCode::ModuleBug } else { code }
}

fn progress_line(summary: &Summary) -> String {
    let estimate = match summary.estimate {
        Some(estimate) if estimate > summary.executions as f64 => format!(" of about {estimate:.0}"),
        _ => String::new(),
    };
    format!("    Checking: {} executions{estimate}", summary.executions)
}

fn explored(checked: &Checked, strategy: String, limits: &Bounds) -> Explored {
    let summary = &checked.summary;
    let mut bounds = Vec::new();
    if checked.clock_bounded {
        bounds.push(format!("time passes early at most {} times", limits.early_clock));
    }
    if summary.bounds.preemptions {
        bounds.push("preemptions".to_string());
    }
    if summary.bounds.delays {
        bounds.push("delays".to_string());
    }
    if summary.bounds.steps {
        bounds.push(format!("{} choices an execution", limits.max_steps));
    }
    if checked.faults_tried < checked.faults_known && checked.failure.is_none() {
        let rest = checked.faults_known - checked.faults_tried;
        bounds.push(format!("failures of {rest} of {} calls tried in natural order only", checked.faults_known));
    }
    if checked.interrupted {
        bounds.push("time, or the user's wish to end".to_string());
    }
    Explored {
        executions: summary.executions + checked.beforehand,
        strategy,
        exhaustive: summary.exhausted,
        bounds,
        redundant: summary.abandoned,
        estimate: summary.estimate.map(|estimate| estimate as u64),
    }
}
