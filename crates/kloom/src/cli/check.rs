//! `kloom check`, `kloom merge` and `kloom replay`: flags in, reports out.

use std::path::{Path, PathBuf};
use std::time::Duration;

use clap::Args;
use kloom::check::{self, Checked, Failure, How, Kept, Misfit, Saved, Subject, Watch, Worker};
use kloom::failure::{findings_of_notes, subject_of};
use kloom_diag::{End, ExitCode, Explored, Finding, Limit, LimitKind, Outcome};
use kloom_explore::search::{Limits, Schedule, Strategy, Summary};
use kloom_kernel::sched::Preempt;
use kloom_sim::explored::{Bounds, left_out};

use super::{RunArgs, Stopwatch, machine_words, no_color, options, progress_build, request};
use crate::duration::parse_ns;
use crate::emit::{self, Document, Format};
use crate::output;

/// Shares of one check, at most.
const SHARES_MAX: usize = 10_000;
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
    /// Most executions, those of all shares together; those that the search drops half-way as redundant do not count
    #[arg(long, value_name = "N", default_value_t = 10_000, help_heading = "Search")]
    executions: u64,
    /// Host time after which the search ends; executions that are under way then do not count
    #[arg(long, value_name = "TIME", default_value = "60s", value_parser = parse_ns, help_heading = "Search")]
    time: u64,
    /// Most preemptions of one execution (dpor, dfs, and the portfolio's reduction, whose samplers then go beyond)
    #[arg(long, value_name = "K", help_heading = "Search")]
    preemptions: Option<u32>,
    /// Most delays of one execution, by the same strategies: steps at which another thread runs than would naturally go on
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
    /// Only the Ith of N shares, counted from 1, for machines that share one check; `kloom merge` reports on all
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
        Some((nth, of)) if (1..=of).contains(&nth) && of <= SHARES_MAX => Ok((nth - 1, of)),
        _ => Err(format!("a partition is I/N with I from 1 to N, and N not above {SHARES_MAX}")),
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
    let clock = Stopwatch::start();
    let (subject, notes) = match told.subject(&clock) {
        Ok(subject) => subject,
        Err(code) => return code,
    };
    let how = args.how();
    let saved = match args.save_state.as_deref().filter(|path| path.exists()) {
        Some(path) => match saved_before(path, &subject, &how) {
            Ok(saved) => Some(saved),
            Err(text) => return told.usage(text),
        },
        None => None,
    };
    match search(&args, &subject, &how, saved, &clock) {
        Ok(Ok(checked)) => {
            let search = Searched { strategy: args.strategy.to_string(), keep_going: args.keep_going, merged: false };
            report(&told, &subject, checked, search, notes, &clock)
        }
        Ok(Err(text)) => told.usage(text),
        Err(error) => told.error(&error, &[]),
    }
}

impl CheckArgs {
    /// What cannot be had together, if that was asked for.
    fn misfit(&self) -> Option<&'static str> {
        let one_by_one = matches!(self.strategy, Strategy::Dfs(_) | Strategy::Natural | Strategy::Replay(_));
        if one_by_one && (self.jobs > 1 || self.partition.is_some() || self.save_state.is_some()) {
            return Some(
                "--jobs, --partition and --save-state go with dpor and the samplers; dfs, natural and a token run on one thread, \
                 from the beginning",
            );
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
        let strategy = match &self.strategy {
            Strategy::Dpor(limits) => Strategy::Dpor(limited(limits)),
            Strategy::Dfs(limits) => Strategy::Dfs(limited(limits)),
            other => other.clone(),
        };
        let is_portfolio = matches!(strategy, Strategy::Portfolio { .. });
        How {
            strategy,
            preemptions: self.preemptions.filter(|_| is_portfolio),
            delays: self.delays.filter(|_| is_portfolio),
            faults: self.faults,
            jobs: self.jobs.min(JOBS_MAX),
            keep_going: self.keep_going,
            executions: self.executions,
            wall: Duration::from_nanos(self.time),
            share: self.partition.unwrap_or((0, 1)),
            is_kept: self.save_state.is_some(),
        }
    }
}

/// Threads of one check: each has a machine, and what is told is repeated on one more.
const JOBS_MAX: usize = kloom_shim::machine::MACHINES_MAX - 1;

/// Something that is done now and then.
struct Rhythm<'c> {
    clock: &'c Stopwatch,
    /// When it is next due.
    next: std::sync::Mutex<Duration>,
}

/// How far a search is, is shown so often, once it has taken so long.
const PROGRESS_EVERY: Duration = Duration::from_millis(200);
const PROGRESS_AFTER: Duration = Duration::from_secs(1);
/// A state is written so often,
const KEEP_EVERY: Duration = Duration::from_millis(100);
/// and so that at most one part in so many of the time goes into it.
const KEEP_PART: u32 = 20;

impl Rhythm<'_> {
    /// Does it if it is due. Then it is due again after some time, and after so many times what it has taken.
    fn keep(&self, every: Duration, times: u32, what: impl FnOnce()) {
        let now = self.clock.elapsed();
        let mut next = self.next.lock().unwrap_or_else(std::sync::PoisonError::into_inner);
        if now < *next {
            return;
        }
        what();
        let after = self.clock.elapsed();
        *next = (now + every).max(after + (after - now) * times);
    }
}

/// Runs the check, and keeps its state if that is wanted. The inner error is that the state cannot be written, in words.
fn search(
    args: &CheckArgs,
    subject: &Subject,
    how: &How,
    saved: Option<Saved>,
    clock: &Stopwatch,
) -> Result<Result<Checked, String>, kloom::run::RunError> {
    // The first write that fails is told at the end; the check itself goes on.
    let failed = std::sync::Mutex::new(None);
    let write = |path: &Path, kept: &Kept<'_>| {
        if let Err(text) = kept.write(path) {
            failed.lock().unwrap_or_else(std::sync::PoisonError::into_inner).get_or_insert(text);
        }
    };
    let written = Rhythm { clock, next: std::sync::Mutex::default() };
    let shown = Rhythm { clock, next: std::sync::Mutex::new(PROGRESS_AFTER) };
    let keep = |kept: &Kept<'_>| {
        if let Some(path) = &args.save_state {
            written.keep(KEEP_EVERY, KEEP_PART, || write(path, kept));
        }
        shown.keep(PROGRESS_EVERY, 0, || output::status(&progress_line(&kept.summary())));
    };
    let watch = Watch { elapsed: &|| clock.elapsed(), keep: &keep };
    let (checked, saved) = check::check(subject, how, saved, &watch)?;
    if clock.elapsed() > PROGRESS_AFTER {
        output::status("");
    }
    if let Some(path) = &args.save_state {
        write(path, &saved.kept());
    }
    Ok(failed.into_inner().unwrap_or_else(std::sync::PoisonError::into_inner).map_or(Ok(checked), Err))
}

/// What a state that does not fit is of.
const OTHER: &str = "a check of another module, scenario or machine, or with other --early, --max-choices or --racy";

fn told_misfit(misfit: &Misfit, of: &str) -> String {
    match misfit {
        Misfit::Subject => format!("is the state of {OTHER}"),
        Misfit::Within(flags) => format!("is the state of a check with {flags}; {of}"),
        Misfit::Share(_, 1) => format!("is the state of a check without --partition; {of}"),
        Misfit::Share(nth, of_all) => format!("is the state of --partition {}/{of_all}; {of}", nth + 1),
        Misfit::Executions(executions) => {
            format!(
                "is the state of a check with --executions {executions}, which can go on with more, but not with fewer"
            )
        }
        Misfit::Parts(error) => error.to_string(),
    }
}

/// The state that an earlier run has left.
fn saved_before(path: &Path, subject: &Subject, how: &How) -> Result<Saved, String> {
    let saved = Saved::read(path)?;
    match saved.misfit(subject, how) {
        None => Ok(saved),
        Some(misfit) => {
            Err(format!("{} {}", path.display(), told_misfit(&misfit, "it goes on with the same flags only")))
        }
    }
}

/// Puts the states of a check that was spread over several machines together, and reports on the whole.
pub(super) fn merge(args: MergeArgs) -> ExitCode {
    let told = Told::new(&args.explored);
    let mut merged: Option<Saved> = None;
    for path in &args.states {
        let saved = match Saved::read(path) {
            Ok(saved) => saved,
            Err(text) => return told.usage(text),
        };
        match &mut merged {
            None => merged = Some(saved),
            Some(all) => {
                if let Err(misfit) = all.merge(saved) {
                    let text = told_misfit(&misfit, "the first that was given is of another one");
                    return told.usage(format!("{} {text}", path.display()));
                }
            }
        }
    }
    let Some(merged) = merged else { return told.usage("there is no state to merge") };
    let clock = Stopwatch::start();
    let (subject, notes) = match told.subject(&clock) {
        Ok(subject) => subject,
        Err(code) => return code,
    };
    if merged.subject != subject.identity() {
        return told.usage(format!("the states are of {OTHER}"));
    }
    match check::merged(&subject, &merged, args.keep_going) {
        Ok(checked) => {
            let states = args.states.len();
            let states = if states == 1 { "1 state".to_string() } else { format!("{states} states") };
            let strategy = format!("{}, {states} merged", merged.within.strategy);
            let search = Searched { strategy, keep_going: args.keep_going, merged: true };
            report(&told, &subject, checked, search, notes, &clock)
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

/// The search that is reported on.
struct Searched {
    strategy: String,
    keep_going: bool,
    /// It is what was read from the states of shares.
    merged: bool,
}

fn report(
    told: &Told<'_>,
    subject: &Subject,
    checked: Checked,
    search: Searched,
    notes: Vec<Finding>,
    clock: &Stopwatch,
) -> ExitCode {
    let no_verdict = no_verdict(&checked, search.merged);
    let mut explored = explored(&checked, search, &told.explored.bounds());
    // One that ended in another way than with a bug (the module cannot be inserted) has its end to tell.
    let is_lost = |failure: &Failure| {
        failure.diverged || (failure.outcome.findings.is_empty() && matches!(failure.outcome.end, End::Completed))
    };
    let lost = checked.failures.iter().any(is_lost);
    // Searches that do not come back to where they were see nothing of it.
    let repeats =
        !lost && !checked.summary.diverged && (checked.was_interrupted() || check::repeats(subject).unwrap_or(true));
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
    if let Some(limit) = no_verdict.filter(|_| !explored.exhaustive)
        && outcome.findings.is_empty()
        && matches!(outcome.end, End::Completed)
    {
        outcome.end = End::Limit(limit);
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

/// What keeps executions without a bug from being a verdict if they are not exhausted.
fn no_verdict(checked: &Checked, merged: bool) -> Option<Limit> {
    let limit = |which, value| Some(Limit { which, value, ..Limit::default() });
    let lacking = checked.shares_missing.len() + checked.shares_open.len();
    if checked.stopped {
        return limit(LimitKind::Interrupted, 0);
    }
    if merged && lacking > 0 {
        return limit(LimitKind::Shares, (checked.shares - lacking) as u64);
    }
    // "No bug in 0 executions" is no pass. A share may have nothing to do: the verdict is that of all together.
    let is_share = checked.shares > 1 && !checked.was_interrupted();
    if checked.summary.executions == 0 && !is_share { limit(LimitKind::Executions, 0) } else { None }
}

/// Shares by their numbers: `share 3 of 16`, `shares 1, 4-16 of 16`.
fn shares(numbers: &[usize], of: usize) -> String {
    let mut runs: Vec<(usize, usize)> = Vec::new();
    for &number in numbers {
        match runs.last_mut() {
            Some((_, last)) if *last + 1 == number => *last = number,
            _ => runs.push((number, number)),
        }
    }
    let told =
        |&(first, last): &(usize, usize)| if first == last { first.to_string() } else { format!("{first}-{last}") };
    let told: Vec<String> = runs.iter().map(told).collect();
    format!("share{} {} of {of}", if numbers.len() == 1 { "" } else { "s" }, told.join(", "))
}

fn explored(checked: &Checked, search: Searched, limits: &Bounds) -> Explored {
    let Checked { summary, sampled, .. } = checked;
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
    let beyond = if *sampled > 0 { " (samples go beyond)" } else { "" };
    if summary.bounds.preemptions {
        bounds.push(format!("preemptions{beyond}"));
    }
    if summary.bounds.delays {
        bounds.push(format!("delays{beyond}"));
    }
    if summary.bounds.steps {
        bounds.push(format!("{} choices an execution", limits.max_steps));
    }
    if checked.failures.is_empty() {
        let known = checked.faults_known;
        for (calls, how) in
            [(checked.faults_natural, "tried in natural order only"), (checked.faults_untried, "not tried")]
        {
            if calls > 0 {
                bounds.push(format!("failures of {calls} of {known} calls {how}"));
            }
        }
    }
    let is_one = checked.shares <= 1;
    if is_one && checked.was_interrupted() {
        bounds.push("time, or the user's wish to end".to_string());
    }
    let why = [
        (&checked.shares_missing, "not in this report"),
        (&checked.shares_open, "not come to the end"),
        (&checked.shares_late, "ended by time"),
    ];
    for (numbers, why) in why.into_iter().filter(|(numbers, _)| !is_one && !summary.exhausted && !numbers.is_empty()) {
        bounds.push(format!("{} ({why})", shares(numbers, checked.shares)));
    }
    Explored {
        executions: summary.executions,
        sampled: *sampled,
        strategy: search.strategy,
        exhaustive: summary.exhausted,
        bounds,
        cut_short: !checked.failures.is_empty() && !search.keep_going,
        redundant: summary.abandoned,
        estimate: summary.estimate.map(|estimate| estimate as u64),
    }
}
