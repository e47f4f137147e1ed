//! `kloom check`, `kloom merge` and `kloom replay`: flags in, reports out.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use kloom::check::{self, Checked, Failure, How, Subject, Watch, Worker};
use kloom::failure::{findings_of_notes, subject_of};
use kloom_diag::{End, ExitCode, Explored, Finding, Limit, LimitKind, Outcome};
use kloom_explore::parallel::{Plan, State};
use kloom_explore::search::{Limits, Schedule, Strategy, Summary};
use kloom_kernel::sched::Preempt;
use kloom_sim::explored::{Bounds, left_out};

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
    /// Choices of one execution after which it follows virtual time; a thread takes a twentieth of them, but at least 200,
    /// before time passes
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
    /// Host time after which the search ends; executions that are under way then do not count
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = parse_ns, help_heading = "Search")]
    time: u64,
    /// Most preemptions of one execution (dpor)
    #[arg(long, value_name = "K", help_heading = "Search")]
    preemptions: Option<u32>,
    /// Most delays of one execution: steps at which another thread runs than the one that would naturally go on (dpor)
    #[arg(long, value_name = "K", help_heading = "Search")]
    delays: Option<u32>,
    /// Go on after a failure, to the end of the budget, and tell every distinct bug once
    #[arg(long, help_heading = "Search")]
    keep_going: bool,
    /// Also make every single call of kmalloc, kthread_create and the like fail: once in natural order, then in a search
    #[arg(long, help_heading = "Search")]
    faults: bool,
    /// Run executions on so many threads; which ones are run, and what is found, is the same for any number
    #[arg(long, value_name = "N", default_value_t = 1, help_heading = "Spreading")]
    jobs: usize,
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
    /// Tell every distinct bug that the states have, not the simplest only
    #[arg(long)]
    keep_going: bool,
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

    /// Says how a failing execution is repeated, at each of its findings.
    fn repeat(&self, findings: &mut [Finding], shown: &Shown) {
        let Some(token) = &shown.token else { return };
        let mut words = self.explored.replay_words();
        words.extend(shown.faults.iter().map(|(name, calls)| format!("--fail {name}:{}", calls[0])));
        words.push(token.clone());
        let replay = words.join(" ");
        for (name, calls) in &shown.faults {
            output::talk(&format!("note: call {} of `{name}()` was made to fail (--faults)\n", calls[0]));
        }
        for finding in findings {
            finding.replay = Some(replay.clone());
        }
    }

    fn outcome(&self, subject: &Subject, mut outcome: Outcome, told: Vec<Finding>, shown: &Shown) -> ExitCode {
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
    if let Some(text) = args.misfit() {
        return told.usage(text);
    }
    let in_parts = args.partition.is_some() || args.save_state.is_some();
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
            report(&told, &subject, checked, (strategy, args.keep_going), notes, &clock)
        }
        Err(error) => told.error(&error, &[]),
    }
}

impl CheckArgs {
    /// What cannot be had together, if that was asked for.
    fn misfit(&self) -> Option<&'static str> {
        let reduces = matches!(self.strategy, Strategy::Portfolio { .. } | Strategy::Dpor(_));
        let in_parts = self.partition.is_some() || self.save_state.is_some();
        if in_parts && !reduces {
            return Some(
                "--partition and --save-state explore by reduction (dpor); for a sampler give each host a seed of its own",
            );
        }
        if in_parts && self.faults {
            return Some(
                "--faults goes with --jobs, but not with --partition and --save-state: there is one search for each call",
            );
        }
        if self.jobs > 1 && matches!(self.strategy, Strategy::Dfs(_) | Strategy::Natural | Strategy::Replay(_)) {
            return Some("--jobs goes with dpor and the samplers; dfs, natural and a token run on one thread");
        }
        if self.jobs == 0 {
            return Some("--jobs wants a number from 1");
        }
        if (self.preemptions.is_some() || self.delays.is_some())
            && !matches!(self.strategy, Strategy::Dpor(_) | Strategy::Dfs(_) | Strategy::Portfolio { .. })
        {
            return Some("--preemptions and --delays bound a search (dpor, dfs), not a sampler");
        }
        None
    }

    fn how(&self) -> How {
        let limited = |limits: &Limits| Limits {
            preemptions: self.preemptions.or(limits.preemptions),
            delays: self.delays.or(limits.delays),
            ..*limits
        };
        let bounded = self.preemptions.is_some() || self.delays.is_some();
        let strategy = match &self.strategy {
            Strategy::Dpor(limits) => Strategy::Dpor(limited(limits)),
            Strategy::Dfs(limits) => Strategy::Dfs(limited(limits)),
            // Samplers keep no bounds.
            Strategy::Portfolio { .. } if bounded => Strategy::Dpor(limited(&Limits::default())),
            other => other.clone(),
        };
        How {
            strategy,
            faults: self.faults,
            jobs: self.jobs.min(JOBS_MAX),
            keep_going: self.keep_going,
            executions: self.executions,
            wall: Duration::from_nanos(self.time),
        }
    }
}

/// Threads of one check: each has a machine, and what is told is repeated on one more.
const JOBS_MAX: usize = kloom_shim::machine::MACHINES_MAX - 1;

/// Shows how far a search is, at most so often.
struct Progress<'c> {
    clock: &'c Stopwatch,
    last: std::sync::Mutex<Duration>,
}

const PROGRESS_EVERY: Duration = Duration::from_millis(200);
/// A state is written at most so often; an execution takes far less.
const KEEP_EVERY: Duration = Duration::from_millis(100);

impl Progress<'_> {
    fn is_due(&self, every: Duration) -> bool {
        let now = self.clock.elapsed();
        let mut last = self.last.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        let due = now >= *last + every;
        if due {
            *last = now;
        }
        due
    }

    fn show(&self, summary: &Summary) {
        if self.clock.elapsed() > Duration::from_secs(1) && self.is_due(PROGRESS_EVERY) {
            output::status(&progress_line(summary));
        }
    }
}

fn search(args: &CheckArgs, subject: &Subject, clock: &Stopwatch) -> Result<Checked, kloom::run::RunError> {
    let progress = Progress { clock, last: std::sync::Mutex::default() };
    let watch = Watch { elapsed: &|| clock.elapsed(), progress: &|summary| progress.show(summary) };
    let checked = check::check(subject, &args.how(), &watch);
    if clock.elapsed() > Duration::from_secs(1) {
        output::status("");
    }
    checked
}

/// What a state that does not fit is of.
const OTHER: &str = "a check of another module, scenario or machine, or with other --early, --max-choices or --racy";

/// Why a check in parts did not come to an end.
enum Parted {
    State(String),
    Run(kloom::run::RunError),
}

fn in_parts_of(args: &CheckArgs, subject: &Subject, clock: &Stopwatch) -> Result<Checked, Parted> {
    let partition = args.partition.unwrap_or((0, 1));
    let (preemptions, delays, executions) = (args.preemptions, args.delays, Some(args.executions));
    let limits = Limits { preemptions, delays, early: subject.early(), executions };
    let limits = match &args.strategy {
        Strategy::Dpor(given) => Limits {
            preemptions: limits.preemptions.or(given.preemptions),
            delays: limits.delays.or(given.delays),
            executions: Some(given.executions.map_or(args.executions, |most| most.min(args.executions))),
            ..limits
        },
        _ => limits,
    };
    let plan = Plan {
        limits,
        partition,
        // A few for each host, so that none has much more to do than another; more would only be more to run twice.
        parts: if args.partition.is_some() { PARTS_EACH * partition.1.max(PARTS_EACH) } else { 1 },
        first_failure: !args.keep_going,
        ..Plan::default()
    };
    let state = match &args.save_state {
        Some(path) if path.exists() => {
            let state = read_state(path).map_err(Parted::State)?;
            if state.subject != subject.identity() {
                return Err(Parted::State(format!("{} is the state of {OTHER}", path.display())));
            }
            if !state.is_within(&plan) {
                let text = "is the state of a check with other bounds (--preemptions, --delays)";
                return Err(Parted::State(format!("{} {text}", path.display())));
            }
            Some(state)
        }
        _ => None,
    };
    // The first write that fails is told at the end; the check itself goes on.
    let failed = std::sync::Mutex::new(None);
    let write = |state: &State| {
        if let Some(path) = &args.save_state
            && let Err(text) = write_state(path, state)
        {
            failed.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get_or_insert(text);
        }
    };
    let written = Progress { clock, last: std::sync::Mutex::default() };
    let progress = Progress { clock, last: std::sync::Mutex::default() };
    let keep = |state: &State| {
        if written.is_due(KEEP_EVERY) {
            write(state);
        }
        if clock.elapsed() > Duration::from_secs(1) && progress.is_due(PROGRESS_EVERY) {
            output::status(&progress_line(&state.outcome().summary));
        }
    };
    let watch = Watch { elapsed: &|| clock.elapsed(), progress: &|_| {} };
    let (checked, state) =
        check::check_in_parts(subject, &plan, &args.how(), state, &watch, &keep).map_err(Parted::Run)?;
    if clock.elapsed() > Duration::from_secs(1) {
        output::status("");
    }
    write(&state);
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
    #[derive(serde::Deserialize)]
    struct Form {
        #[serde(default)]
        form: u32,
    }
    let text = std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
    let no_state = |error: serde_json::Error| format!("{} is no state of a check: {error}", path.display());
    let Form { form } = serde_json::from_slice(&text).map_err(no_state)?;
    if form != State::FORM {
        let wanted = State::FORM;
        return Err(format!(
            "{} was written by another version of kloom (form {form}; this one reads {wanted}): remove it and check anew",
            path.display()
        ));
    }
    serde_json::from_slice(&text).map_err(no_state)
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
    if merged.as_ref().is_some_and(|merged| merged.subject != subject.identity()) {
        return told.usage(format!("the states are of {OTHER}"));
    }
    // Nothing is explored here: what no state has stays open, and the report says so.
    let plan = Plan { partition: (usize::MAX, usize::MAX), ..Plan::default() };
    let how = How {
        strategy: Strategy::Dpor(Limits::default()),
        faults: false,
        jobs: 1,
        keep_going: args.keep_going,
        executions: 0,
        wall: Duration::MAX,
    };
    let watch = Watch { elapsed: &|| Duration::ZERO, progress: &|_| {} };
    match check::check_in_parts(&subject, &plan, &how, merged, &watch, &|_| {}) {
        Ok((checked, _)) => {
            let states = args.states.len();
            let strategy = format!("dpor, {states} {} merged", if states == 1 { "state" } else { "states" });
            report(&told, &subject, checked, (strategy, args.keep_going), notes, &clock)
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
    told.repeat(&mut outcome.findings, &shown);
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
    (strategy, keep_going): (String, bool),
    notes: Vec<Finding>,
    clock: &Stopwatch,
) -> ExitCode {
    let mut explored = explored(&checked, strategy, &told.explored.bounds(), keep_going);
    // One that ended in another way than with a bug (the module cannot be inserted) has its end to tell.
    let is_lost = |failure: &Failure| {
        failure.diverged || (failure.outcome.findings.is_empty() && matches!(failure.outcome.end, End::Completed))
    };
    let lost = checked.failures.iter().any(is_lost);
    // Searches that do not come back to where they were see nothing of it.
    let repeats =
        !lost && !checked.summary.diverged && (checked.interrupted || check::repeats(subject).unwrap_or(true));
    if !repeats {
        explored.exhaustive = false;
        output::talk(NONDETERMINISTIC);
    }
    let mut all: Option<(Outcome, Shown)> = None;
    for mut failure in checked.failures {
        if is_lost(&failure) && failure.outcome.findings.is_empty() {
            output::talk(NOT_AGAIN);
        }
        let shown = Shown::of(&failure);
        told.repeat(&mut failure.outcome.findings, &shown);
        match &mut all {
            None => all = Some((failure.outcome, shown)),
            // What was printed is that of the first; of the others it is told what is wrong.
            Some((first, _)) => {
                let known: Vec<_> = first.findings.iter().map(kloom_diag::identity).collect();
                let new = |finding: &Finding| !known.contains(&kloom_diag::identity(finding));
                first.findings.extend(failure.outcome.findings.into_iter().filter(new));
            }
        }
    }
    let (mut outcome, shown) = all.unwrap_or_else(|| (checked.first.unwrap_or_default(), Shown::default()));
    // "No bug in 0 executions" is no pass, nor is one in as many as there were when the user had enough.
    let no_verdict = match explored.exhaustive {
        true => None,
        false if subject.stopped() => Some(LimitKind::Interrupted),
        false => (explored.executions == 0).then_some(LimitKind::Executions),
    };
    if let Some(which) = no_verdict
        && outcome.findings.is_empty()
        && matches!(outcome.end, End::Completed)
    {
        outcome.end = End::Limit(Limit { which, ..Limit::default() });
    }
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

fn explored(checked: &Checked, strategy: String, limits: &Bounds, keep_going: bool) -> Explored {
    let summary = &checked.summary;
    let mut bounds = Vec::new();
    if checked.left_out & left_out::EARLIER != 0 || summary.bounds.early {
        bounds.push(format!("time passes early at most {} times", limits.early_clock));
    }
    if checked.left_out & left_out::LATER != 0 {
        bounds.push(format!("time passes when everybody has taken {} steps", limits.fair_steps()));
    }
    if checked.left_out & left_out::NATURAL != 0 {
        bounds.push("where all were spinning virtual time decided".to_string());
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
    if checked.faults_tried < checked.faults_known && checked.failures.is_empty() {
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
        cut_short: !checked.failures.is_empty() && !keep_going,
        redundant: summary.abandoned,
        estimate: summary.estimate.map(|estimate| estimate as u64),
    }
}
