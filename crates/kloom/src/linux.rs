//! `kloom linux` and `kloom compare`: the second engine's verbs.

use std::collections::BTreeMap;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use clap::{Args, Subcommand};
use kloom::failure::Failure;
use kloom::observe::{self, Observed};
use kloom::run::{Request, RunError, Script};
use kloom_diag::ExitCode;
use kloom_explore::Strategy;
use kloom_linux::capture::{self, Capture, Case};
use kloom_linux::judge::judge;
use kloom_linux::known::Known;
use kloom_linux::qemu::{Limits, Machine};
use kloom_linux::run::{Control, Job, Report, Reports, run as boot};
use kloom_linux::setup::{self, Linux, Release};
use kloom_linux::side::SideBySide;
use kloom_linux::{Ending, Error, compare, kbuild};

use crate::cli::{CcArgs, Stopwatch, cc_config, interrupt_flag, usage};
use crate::duration::parse_ns;
use crate::emit::{self, Format};
use crate::output;

#[derive(Subcommand)]
pub(crate) enum LinuxCommand {
    /// Get a distribution's kernel, its headers, QEMU and what the guest needs
    #[command(
        after_help = "Example: kloom linux setup\n\nThe kernel and its headers are unpacked into kloom's cache, not \
                            installed. QEMU, busybox and kmod are installed by the package manager, as root or by sudo."
    )]
    Setup(PartsArgs),
    /// Build a module with Kbuild, boot a real Linux in QEMU, run the scenario there, and show what happened
    #[command(
        after_help = "Example: kloom linux run heartbeat.c --script steps.sh\n         kloom linux run race.c --repeat 20 --stress"
    )]
    Run(RunArgs),
    /// Record what Linux shows for the cases of a suite, or check it against what is recorded
    #[command(after_help = "Example: kloom linux capture tests/linux printk proc-errors")]
    Capture(CaptureArgs),
}

#[derive(Args)]
pub(crate) struct PartsArgs {
    /// The distribution's release
    #[arg(long, value_name = "NAME", default_value = setup::RELEASES[0].name, value_parser = release)]
    release: Release,
    /// Where the kernel is kept
    #[arg(long, value_name = "DIR")]
    cache_dir: Option<PathBuf>,
}

#[derive(Args)]
pub(crate) struct RunArgs {
    /// C files, directories with a Kbuild Makefile, .ko files; and parameters as name=value
    #[arg(required = true, value_name = "FILE|NAME=VALUE")]
    items: Vec<String>,
    #[command(flatten)]
    scenario: ScenarioArgs,
    /// Boot this often and tell how often each outcome was seen
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=1000))]
    repeat: u32,
    /// Make rare things likelier: full preemption, poisoned and checked memory, at least two CPUs
    #[arg(long)]
    stress: bool,
    #[command(flatten)]
    parts: PartsArgs,
}

#[derive(Args)]
struct ScenarioArgs {
    /// Scenario: a shell script; it names the modules NAME.ko
    #[arg(long, value_name = "FILE", conflicts_with = "for_")]
    script: Option<PathBuf>,
    /// Without a scenario: insmod, this much time, rmmod
    #[arg(long = "for", id = "for_", value_name = "TIME", default_value = "10s", value_parser = parse_ns)]
    for_: u64,
    /// CPUs of the machine; one CPU skips idle time, more run in real time
    #[arg(long, value_name = "N", default_value_t = 1, value_parser = clap::value_parser!(u32).range(1..=16))]
    smp: u32,
    /// Seconds of the machine after which a command counts as hanging
    #[arg(long, value_name = "SECONDS", default_value_t = 300)]
    hang_after: u32,
}

#[derive(Args)]
pub(crate) struct CaptureArgs {
    /// The suite's directory
    suite: PathBuf,
    /// Only cases whose name contains one of these
    only: Vec<String>,
    /// Write nothing; exit code 1 when Linux shows something else than is recorded
    #[arg(long)]
    check: bool,
    #[command(flatten)]
    parts: PartsArgs,
}

#[derive(Args)]
pub(crate) struct CompareArgs {
    /// C files, directories with a Kbuild Makefile; and parameters as name=value
    #[arg(required_unless_present = "suite", value_name = "FILE|NAME=VALUE")]
    items: Vec<String>,
    #[command(flatten)]
    scenario: ScenarioArgs,
    /// Random schedules kloom tries beside the natural one: what Linux showed must be among the outcomes
    #[arg(long, value_name = "N", default_value_t = 10)]
    runs: u64,
    /// Write the comparison as a page, too
    #[arg(long, value_name = "FILE")]
    html: Option<PathBuf>,
    /// Instead of one module, compare a suite's cases with their recorded captures and print a table
    #[arg(long, value_name = "DIR", conflicts_with_all = ["items", "html"])]
    suite: Option<PathBuf>,
    /// With --suite: boot Linux for these cases, one boot each, and tell both engines' times
    #[arg(long, value_name = "CASE", requires = "suite")]
    time: Vec<String>,
    #[command(flatten)]
    cc: CcArgs,
    /// The distribution's release
    #[arg(long, value_name = "NAME", default_value = setup::RELEASES[0].name, value_parser = release)]
    release: Release,
}

fn release(name: &str) -> Result<Release, String> {
    let known = setup::RELEASES.iter().find(|release| release.name == name).copied();
    let names = || setup::RELEASES.iter().map(|release| release.name).collect::<Vec<_>>().join(", ");
    known.ok_or_else(|| format!("kloom knows the kernels of {}", names()))
}

pub(crate) fn linux(command: LinuxCommand) -> u8 {
    match command {
        LinuxCommand::Setup(args) => {
            let cache = cache_of(args.cache_dir);
            finish(setup::setup(&cache, args.release, &mut step).map(|_| ExitCode::Clean))
        }
        LinuxCommand::Run(args) => finish(run(args)),
        LinuxCommand::Capture(args) => finish(capture_suite(args)),
    }
}

/// An absolute path: Kbuild runs elsewhere.
fn cache_of(dir: Option<PathBuf>) -> PathBuf {
    let cache = crate::cli::cache_dir(dir.as_deref());
    std::path::absolute(&cache).unwrap_or(cache)
}

/// A step that takes long enough to be told.
fn step(text: &str) {
    output::talk(&format!("    {text}\n"));
}

fn finish(done: Result<ExitCode, Error>) -> u8 {
    done.map_or_else(|error| fail(&error), ExitCode::number)
}

/// Tells why kloom's own engine gave no outcome, as `kloom run` does.
fn fail_with(error: &RunError, scenario: &[u8]) -> ExitCode {
    let options = kloom_diag::Options { color: output::colour(false), ..kloom_diag::Options::default() };
    emit::failure(Format::Human, &options, Failure::of(error, scenario))
}

/// Tells an error of the engine; its exit code.
fn fail(error: &Error) -> u8 {
    output::talk(&format!("error: {error}\n"));
    match error {
        Error::Interrupted => 130,
        Error::Missing { .. } | Error::Program { .. } => ExitCode::NotSupported.number(),
        Error::Build { .. } => ExitCode::ModuleBug.number(),
        Error::Io { .. } | Error::Format { .. } => ExitCode::Usage.number(),
        Error::Timeout { .. } => ExitCode::LimitReached.number(),
    }
}

/// The kernel in the cache, or what to do about its absence.
fn parts(cache: &Path, release: Release) -> Result<Linux, Error> {
    let mut missing: Vec<String> = setup::missing_packages().into_iter().map(str::to_owned).collect();
    match setup::find(cache, release) {
        Some(linux) if missing.is_empty() => Ok(linux),
        found => {
            if found.is_none() {
                missing.push(format!("the kernel of {}", release.name));
            }
            let last = missing.pop().unwrap_or_default();
            missing.push(format!("{last} (`kloom linux setup` gets what is missing)"));
            Err(Error::Missing { parts: missing })
        }
    }
}

/// Files and parameters among the words of the command line.
fn split_items(items: &[String]) -> (Vec<PathBuf>, Vec<String>) {
    let (mut files, mut params) = (Vec::new(), Vec::new());
    for item in items {
        let path = PathBuf::from(item);
        if item.contains('=') && !path.exists() { params.push(item.clone()) } else { files.push(path) }
    }
    (files, params)
}

fn script_of(args: &ScenarioArgs) -> Result<Option<String>, Error> {
    let Some(path) = &args.script else { return Ok(None) };
    let text = std::fs::read_to_string(path).map_err(|source| Error::Io { path: path.clone(), source })?;
    Ok(Some(text))
}

fn job(name: &str, sources: &[PathBuf], script: &str, args: &ScenarioArgs, stress: bool) -> Job {
    // What a distribution's kernel offers for it: every preemption point, and slabs that show misuse.
    let append: &[&str] = if stress { &["preempt=full", "slub_debug=FZPU", "page_poison=1"] } else { &[] };
    Job {
        name: name.to_owned(),
        sources: sources.to_vec(),
        script: script.to_owned(),
        machine: Machine {
            cpus: if stress { args.smp.max(2) } else { args.smp },
            append: append.iter().map(|word| (*word).to_owned()).collect(),
            ..Machine::default()
        },
        hang_after_s: args.hang_after,
        fresh: true,
    }
}

fn run(args: RunArgs) -> Result<ExitCode, Error> {
    let linux = parts(&cache_of(args.parts.cache_dir.clone()), args.parts.release)?;
    let (files, params) = split_items(&args.items);
    let stop = interrupt_flag();
    let mut say = step;
    let mut control = Control { limits: Limits::default(), stop, say: &mut say };
    let script = match script_of(&args.scenario)? {
        Some(script) => script,
        None => {
            let names = kbuild::module_names(&files);
            observe::plain_script(&names, &params, args.scenario.for_)
        }
    };
    let jobs: Vec<Job> = (1..=args.repeat)
        .map(|number| job(&format!("boot{number}"), &files, &script, &args.scenario, args.stress))
        .collect();
    let reports = boot(&linux, &jobs, &mut control)?;
    if let Some((_, error)) = reports.failures.into_iter().next() {
        return Err(error);
    }
    let Some(first) = reports.reports.first() else { return Err(Error::Interrupted) };
    for note in &first.notes {
        output::talk(&format!("note: {note}\n"));
    }
    if args.repeat == 1 {
        output::data(first.outcome.transcript().as_bytes());
        tell_hang(first);
        let took = reports.boot_time.as_secs_f64();
        output::talk(&format!("Linux {}: {} ({took:.1} s)\n", linux.release, first.outcome.ending));
    } else {
        output::data(repeated(&reports.reports).as_bytes());
    }
    Ok(verdict(reports.reports.iter().map(|report| &report.outcome.ending)))
}

/// The tasks of a command that hangs.
fn tell_hang(report: &Report) {
    for line in &report.hang_report {
        output::talk(&format!("  {line}\n"));
    }
}

/// What several boots showed: how often each outcome was seen, most frequent first.
fn repeated(reports: &[Report]) -> String {
    let mut seen: BTreeMap<String, u32> = BTreeMap::new();
    for report in reports {
        *seen.entry(report.outcome.signature()).or_default() += 1;
    }
    let mut seen: Vec<(String, u32)> = seen.into_iter().collect();
    seen.sort_by_key(|entry| std::cmp::Reverse(entry.1));
    let all = reports.len();
    seen.iter().map(|(what, count)| format!("seen on Linux in {count} of {all} boots: {what}\n")).collect()
}

fn verdict<'e>(mut endings: impl Iterator<Item = &'e Ending>) -> ExitCode {
    endings
        .try_for_each(|ending| match ending {
            Ending::Ok => Ok(()),
            Ending::BootFailure | Ending::Limit => Err(ExitCode::NotSupported),
            Ending::Oops | Ending::Panic | Ending::Hang { .. } => Err(ExitCode::ModuleBug),
        })
        .map_or_else(|code| code, |()| ExitCode::Clean)
}

fn capture_suite(args: CaptureArgs) -> Result<ExitCode, Error> {
    let linux = parts(&cache_of(args.parts.cache_dir), args.parts.release)?;
    let mut say = step;
    let mut control = Control { limits: Limits::default(), stop: interrupt_flag(), say: &mut say };
    if !args.check {
        let reports = capture::refresh(&linux, &args.suite, &args.only, &mut control)?;
        return Ok(conclude(&reports));
    }
    let (differing, reports) = capture::recheck(&linux, &args.suite, &args.only, &mut control)?;
    for (case, differences) in &differing {
        for difference in differences {
            output::data(format!("{case}: {difference} (recorded / now)\n").as_bytes());
        }
    }
    let code = conclude(&reports);
    Ok(if differing.is_empty() { code } else { ExitCode::ModuleBug })
}

fn conclude(reports: &Reports) -> ExitCode {
    for (job, error) in &reports.failures {
        output::talk(&format!("error: {job}: {error}\n"));
    }
    output::talk(&format!(
        "{} boots in {:.1} s, builds in {:.1} s\n",
        reports.boots,
        reports.boot_time.as_secs_f64(),
        reports.build_time.as_secs_f64()
    ));
    if reports.failures.is_empty() { ExitCode::Clean } else { ExitCode::ModuleBug }
}

pub(crate) fn compare(args: CompareArgs) -> u8 {
    match args.suite.clone() {
        Some(suite) => finish(table(&args, &suite)),
        None => compare_one(args),
    }
}

fn compare_one(args: CompareArgs) -> u8 {
    let linux = match parts(&cache_of(args.cc.cache_dir.clone()), args.release) {
        Ok(linux) => linux,
        Err(error) => return fail(&error),
    };
    let (mut files, params) = split_items(&args.items);
    // Both engines print an absolute path's last part only.
    for file in &mut files {
        *file = std::path::absolute(&file).unwrap_or_else(|_| file.clone());
    }
    if files.is_empty() {
        return usage("no module given: name a C file or a directory").number();
    }
    let given = match script_of(&args.scenario) {
        Ok(given) => given,
        Err(error) => return fail(&error),
    };
    let stop = interrupt_flag();
    let mut request = Request {
        files: files.clone(),
        params: params.clone(),
        script: None,
        run_for_ns: args.scenario.for_,
        config: observe::machine(args.scenario.smp, true),
        strategy: Strategy::Natural,
        limits: kloom_sim::Limits::default(),
        on_use_after_free: kloom_shim::machine::OnUseAfterFree::Oops,
        fail: Vec::new(),
        stop: Arc::clone(&stop),
        cc: cc_config(&args.cc),
    };
    let built = match observe::build(&request) {
        Ok(built) => built,
        Err(error) => return fail_with(&error, &[]).number(),
    };
    let text =
        given.unwrap_or_else(|| observe::plain_script(&observe::module_names(&built), &params, args.scenario.for_));
    let name = args.scenario.script.as_ref().map_or("(default scenario)".into(), |path| path.display().to_string());
    request.script = Some(Script { name, text: text.clone().into_bytes() });
    let clock = Stopwatch::start();
    let observed = match observe::enumerate(&request, &built, args.runs) {
        Ok(observed) => observed,
        Err(error) => return fail_with(&error, text.as_bytes()).number(),
    };
    // One schedule is what a user waits for.
    let kloom_time = clock.elapsed() / u32::try_from(args.runs + 1).unwrap_or(u32::MAX);
    let mut say = step;
    let mut control = Control { limits: Limits::default(), stop, say: &mut say };
    let job = job("compare", &files, &text, &args.scenario, false);
    let mut reports = match boot(&linux, &[job], &mut control) {
        Ok(reports) => reports,
        Err(error) => return fail(&error),
    };
    if let Some((_, error)) = reports.failures.pop() {
        return fail(&error);
    }
    let Some(report) = reports.reports.pop() else { return fail(&Error::Interrupted) };
    for note in &report.notes {
        output::talk(&format!("note: {note}\n"));
    }
    tell_hang(&report);
    judge_one(&args, &observed, report, (kloom_time, reports.boot_time))
}

/// Tells how near kloom came, and writes the page.
fn judge_one(args: &CompareArgs, observed: &[Observed], report: Report, times: (Duration, Duration)) -> u8 {
    let capture = Capture { provenance: Vec::new(), outcome: report.outcome };
    let outcomes = observed.iter().map(|observed| &observed.outcome);
    let Some((closest, differences)) = compare::closest(&capture, outcomes) else {
        return usage("there is nothing to compare").number();
    };
    let side = SideBySide::of(&capture.outcome, closest);
    output::data(side.terminal(output::width()).as_bytes());
    let (count, schedules) = (observed.len(), args.runs + 1);
    let among = if count == 1 {
        format!("kloom has one outcome in {schedules} schedules")
    } else {
        format!("kloom has {count} outcomes in {schedules} schedules; shown is the nearest")
    };
    let verdict = if differences.is_empty() { "agree" } else { "differ" };
    let (kloom_s, linux_s) = (times.0.as_secs_f64(), times.1.as_secs_f64());
    let closing = format!("{verdict}: {among} (Linux {linux_s:.1} s, kloom {kloom_s:.3} s)");
    for difference in &differences {
        output::talk(&format!("  {difference}\n"));
    }
    output::talk(&format!("{closing}\n"));
    if let Some(path) = &args.html {
        let title = args.items.join(" ");
        if let Err(source) = std::fs::write(path, side.html(&title, &closing)) {
            return fail(&Error::Io { path: path.clone(), source });
        }
    }
    if differences.is_empty() { ExitCode::Clean.number() } else { ExitCode::ModuleBug.number() }
}

/// Random schedules tried for a case that can show more than one thing.
const SUITE_SEEDS: u64 = 20;

/// `kloom compare --suite`: every case against its capture.
fn table(args: &CompareArgs, suite: &Path) -> Result<ExitCode, Error> {
    let known = Known::load(suite)?;
    let cases = Case::load_all(suite)?;
    let (mut agree, mut reasoned, mut differ) = (0, 0, 0);
    let mut rows = String::new();
    let mut times: BTreeMap<String, Duration> = BTreeMap::new();
    for case in &cases {
        let Some(capture) = case.capture()? else { continue };
        let request = observe::request_of(case, cc_config(&args.cc));
        let built = match observe::build(&request) {
            Ok(built) => built,
            Err(error) => {
                differ += 1;
                rows.push_str(&format!("{:<32} does not build: {error:?}\n", case.name));
                continue;
            }
        };
        let seeds = if case.settings.single_outcome { 0 } else { SUITE_SEEDS };
        let clock = Stopwatch::start();
        let mut first = None;
        let judged = judge(case, &capture, &known, seeds, |seed| {
            let strategy = seed.map_or(Strategy::Natural, |seed| Strategy::Random { seed });
            let observed = observe::observe(&Request { strategy, ..request.clone() }, &built);
            first.get_or_insert_with(|| clock.elapsed());
            observed.map(|observed| observed.outcome)
        });
        let took = first.unwrap_or_default();
        times.insert(case.name.clone(), took);
        let word = match &judged {
            Err(error) => format!("does not run: {error:?}"),
            Ok(judged) if judged.agrees() => "agrees".to_owned(),
            Ok(judged) if judged.unexplained.is_empty() => {
                let mut reasons: Vec<&str> = judged.explained.iter().map(|(_, by)| by.reason.as_str()).collect();
                reasons.dedup();
                format!("differs: {}", reasons.join("; "))
            }
            Ok(judged) => format!("DIFFERS in {} places", judged.unexplained.len()),
        };
        match &judged {
            Ok(judged) if judged.agrees() => agree += 1,
            Ok(judged) if judged.unexplained.is_empty() => reasoned += 1,
            _ => differ += 1,
        }
        rows.push_str(&format!("| {} | {} | {:.1} ms |\n", case.name, word, took.as_secs_f64() * 1e3));
    }
    output::data(format!("| case | result | kloom |\n| --- | --- | --- |\n{rows}").as_bytes());
    let total: Duration = times.values().sum();
    output::data(
        format!(
            "\n{} cases: {agree} agree, {reasoned} differ with a reason, {differ} differ without one; kloom ran them in {:.2} s.\n",
            cases.len(),
            total.as_secs_f64()
        )
        .as_bytes(),
    );
    if !args.time.is_empty() {
        time_both(args, &cases, &times)?;
    }
    Ok(if differ == 0 { ExitCode::Clean } else { ExitCode::ModuleBug })
}

/// Boots Linux once per case and tells how much faster kloom was.
fn time_both(args: &CompareArgs, cases: &[Case], times: &BTreeMap<String, Duration>) -> Result<(), Error> {
    let linux = parts(&cache_of(args.cc.cache_dir.clone()), args.release)?;
    let mut say = step;
    let mut control = Control { limits: Limits::default(), stop: interrupt_flag(), say: &mut say };
    output::data(b"\n| case | Linux in QEMU | kloom | ratio |\n| --- | --- | --- | --- |\n");
    for case in cases.iter().filter(|case| args.time.contains(&case.name)) {
        let (_, reports) = capture::record(&linux, std::slice::from_ref(case), &mut control)?;
        let (on_linux, in_kloom) = (reports.boot_time.as_secs_f64(), times[&case.name].as_secs_f64());
        let row = format!(
            "| {} | {on_linux:.1} s | {:.1} ms | {:.0} × |\n",
            case.name,
            in_kloom * 1e3,
            on_linux / in_kloom.max(1e-6)
        );
        output::data(row.as_bytes());
    }
    Ok(())
}
