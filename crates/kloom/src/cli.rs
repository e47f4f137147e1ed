//! Flags and commands.

mod check;

use std::ffi::OsString;
use std::path::PathBuf;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use clap::builder::{PossibleValuesParser, TypedValueParser};
use clap::{Args, CommandFactory, Parser, Subcommand, ValueEnum};
use kloom::api::{Api, Row, left_out};
use kloom::failure::{Failure, findings_of_notes, subject_of};
use kloom::run::{Request, RunError, Script, quote};
use kloom_cc::{ERAS, Era};
use kloom_diag::ExitCode;
use kloom_explore::Strategy;
use kloom_kernel::sched::Preempt;
use kloom_shim::machine::OnUseAfterFree;
use kloom_sim::Limits;

use crate::duration::{parse_bytes, parse_ns};
use crate::emit::{self, Document, Format};
use crate::output;

/// Run, explain and check Linux kernel-thread modules without a kernel.
#[derive(Parser)]
#[command(name = "kloom", version, about, after_help = EXIT_CODES, disable_help_subcommand = true)]
struct Cli {
    #[command(subcommand)]
    command: Command,
}

/// CPUs of a machine if nothing is said.
const CPUS: u32 = 2;

const EXIT_CODES: &str = "Exit codes: 0 no bug found, 1 bug in the module, 2 usage, 3 not supported by kloom yet, \
4 limit reached without a verdict, 101 bug in kloom";

#[derive(Subcommand)]
enum Command {
    /// Build a module, run its threads on a simulated machine, and explain what is wrong with it
    #[command(
        after_help = "Example: kloom run heartbeat.c\n         kloom run counter.c n=3 --script steps.sh --cpus 4 --seed 7"
    )]
    Run(RunArgs),
    /// Run a module under every interleaving that matters, until a bug is found or nothing new is left
    #[command(
        after_help = "Example: kloom check heartbeat.c\n         kloom check counter.c --script steps.sh --faults --executions 2000\n         kloom check counter.c --jobs 2 --keep-going\n         kloom check counter.c --partition 3/16 --save-state part3",
        mut_arg("seed", |arg| arg.hide(true)),
        mut_arg("replay", |arg| arg.hide(true))
    )]
    Check(check::CheckArgs),
    /// Put together what several machines found that shared one check
    #[command(
        after_help = "Example: kloom merge counter.c --state part1 --state part2",
        mut_arg("seed", |arg| arg.hide(true)),
        mut_arg("replay", |arg| arg.hide(true))
    )]
    Merge(check::MergeArgs),
    /// Repeat an execution that `kloom check` printed a token for
    #[command(
        after_help = "Example: kloom replay counter.c kl2:0503",
        mut_arg("seed", |arg| arg.hide(true)),
        mut_arg("replay", |arg| arg.hide(true))
    )]
    Replay(check::ExploredArgs),
    /// Run a module on a real Linux kernel in QEMU
    #[command(subcommand)]
    Linux(crate::linux::LinuxCommand),
    /// Show where kloom and a real Linux differ on a module and a scenario
    #[command(
        after_help = "Example: kloom compare heartbeat.c --script steps.sh --html heartbeat.html\n         kloom compare --suite tests/linux\n\n\
                      Exit codes: 0 they agree, 1 they differ, 2 usage, 3 parts of the second engine are missing"
    )]
    Compare(crate::linux::CompareArgs),
    /// Build modules to .ko files
    #[command(after_help = "Example: kloom build heartbeat.c -o out/")]
    Build(BuildArgs),
    /// Explain a diagnostic code, or list all codes
    #[command(after_help = "Example: kloom explain kthread-stop-hang")]
    Explain {
        /// The code, as reports show it in brackets
        code: Option<String>,
    },
    /// List what modules can call and whether kloom has it, or describe one function
    #[command(after_help = "Example: kloom api kthread_stop")]
    Api(ApiArgs),
    /// Print shell completions
    #[command(after_help = "Example: kloom completions bash > /etc/bash_completion.d/kloom")]
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    /// Print the manual page
    #[command(after_help = "Example: kloom man | man -l -")]
    Man,
}

#[derive(Args)]
struct ApiArgs {
    /// A function or variable, or a part of its name
    name: Option<String>,
    /// How the list is printed
    #[arg(long, value_enum, default_value_t = ListFormat::Human)]
    message_format: ListFormat,
}

#[derive(Clone, Copy, ValueEnum)]
enum ListFormat {
    Human,
    Json,
}

#[derive(Args)]
struct RunArgs {
    /// C files, directories with a Kbuild Makefile, .ko files; and parameters as name=value
    #[arg(required = true, value_name = "FILE|NAME=VALUE")]
    items: Vec<OsString>,
    /// Scenario: a shell script run on the machine; it names the modules NAME.ko
    #[arg(long, value_name = "FILE", conflicts_with = "for_")]
    script: Option<PathBuf>,
    /// Without a scenario: insmod, this much virtual time, rmmod
    #[arg(long = "for", id = "for_", value_name = "TIME", default_value = "10s", value_parser = parse_ns)]
    for_: u64,
    /// Simulated CPUs, 1 to 64 [default: 2; for check: 4]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=64))]
    cpus: Option<u32>,
    /// Make every choice at random from this seed instead of as Linux most plausibly would
    #[arg(long, value_name = "N", conflicts_with = "replay")]
    seed: Option<u64>,
    /// Repeat the run that printed this token
    #[arg(long, value_name = "TOKEN")]
    replay: Option<String>,
    /// Which kernel code may be preempted [default: voluntary; for check: full]
    #[arg(long, value_enum)]
    preempt: Option<PreemptArg>,
    /// Memory of the machine
    #[arg(long, default_value = "512M", value_parser = parse_bytes)]
    mem: u64,
    /// Most tasks at once
    #[arg(long, default_value_t = 32_768)]
    max_tasks: usize,
    /// Steps of the machine after which the run ends without a verdict
    #[arg(long, default_value_t = Limits::default().max_steps)]
    max_steps: u64,
    /// Virtual time after which the run ends without a verdict
    #[arg(long, value_name = "TIME", default_value = "48h", value_parser = parse_ns)]
    max_time: u64,
    /// A task that sleeps uninterruptibly for this long hangs
    #[arg(long, value_name = "TIME", default_value = "120s", value_parser = parse_ns)]
    hang_after: u64,
    /// Make a function fail: NAME (every call) or NAME:1,3 (these calls)
    #[arg(long, value_name = "NAME[:N,…]")]
    fail: Vec<String>,
    /// What a stale task pointer does: be reported and go on, or what Linux 6.1 was seen to do
    #[arg(long, value_enum, default_value_t = OnUaf::Report)]
    on_use_after_free: OnUaf,
    /// How reports are printed
    #[arg(long, value_enum, default_value_t = Format::Human)]
    message_format: Format,
    /// Which frames call chains show
    #[arg(long, value_enum, default_value_t = Backtrace::Short)]
    backtrace: Backtrace,
    /// Break kloom after the run, for the test of how it tells its own bugs
    #[arg(long, hide = true)]
    break_kloom: bool,
    #[command(flatten)]
    cc: CcArgs,
}

#[derive(Args)]
pub(crate) struct CcArgs {
    /// Version of Linux that the module's `#if LINUX_VERSION_CODE` and `uname -r` see; behaviour stays that of 6.1
    #[arg(long, value_name = "VERSION", default_value = Era::LINUX_6_1.name, value_parser = era_parser())]
    kernel: Era,
    /// The C compiler (gcc 11 or later, or clang)
    #[arg(long, value_name = "PATH")]
    cc: Option<PathBuf>,
    /// Where built modules are kept
    #[arg(long, value_name = "DIR")]
    pub(crate) cache_dir: Option<PathBuf>,
    /// Never use colour
    #[arg(long)]
    no_color: bool,
}

#[derive(Args)]
struct BuildArgs {
    /// C files or directories with a Kbuild Makefile
    #[arg(required = true)]
    files: Vec<PathBuf>,
    /// Directory for the .ko files
    #[arg(short, long, default_value = ".")]
    output: PathBuf,
    /// Show the compiler's commands
    #[arg(short, long)]
    verbose: bool,
    #[command(flatten)]
    cc: CcArgs,
}

#[derive(Clone, Copy, ValueEnum)]
enum PreemptArg {
    None,
    Voluntary,
    Full,
}

#[derive(Clone, Copy, ValueEnum)]
enum OnUaf {
    Report,
    Oops,
}

#[derive(Clone, Copy, ValueEnum)]
enum Backtrace {
    Short,
    Full,
}

/// Runs the command; its exit code.
pub(crate) fn main() -> u8 {
    let cli = match Cli::try_parse() {
        Ok(cli) => cli,
        Err(error) => {
            let code = if error.use_stderr() { ExitCode::Usage.number() } else { 0 };
            let _ = error.print();
            if code != 0 {
                document_of_bad_usage(&error);
            }
            return code;
        }
    };
    match cli.command {
        Command::Run(args) => run(args).number(),
        Command::Check(args) => check::check(args).number(),
        Command::Merge(args) => check::merge(args).number(),
        Command::Replay(args) => check::replay(args).number(),
        Command::Linux(command) => crate::linux::linux(command),
        Command::Compare(args) => crate::linux::compare(args),
        Command::Build(args) => build(args).number(),
        Command::Explain { code } => explain(code.as_deref()).number(),
        Command::Api(args) => api(&args).number(),
        Command::Completions { shell } => {
            let mut out = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "kloom", &mut out);
            output::data(&out);
            0
        }
        Command::Man => {
            let mut out = Vec::new();
            let written = clap_mangen::Man::new(Cli::command()).render(&mut out);
            output::data(&out);
            u8::from(written.is_err())
        }
    }
}

/// Reads one of the eras; help and errors list them.
fn era_parser() -> impl TypedValueParser<Value = Era> {
    PossibleValuesParser::new(ERAS.map(|era| era.name)).map(|name| Era::find(&name).unwrap_or(Era::LINUX_6_1))
}

/// A command line that does not parse may still have named the form of the document it is owed.
fn document_of_bad_usage(error: &clap::Error) {
    let words: Vec<String> = std::env::args_os().map(|word| word.to_string_lossy().into_owned()).collect();
    let named = words.iter().enumerate().filter_map(|(index, word)| match word.strip_prefix("--message-format") {
        Some("") => words.get(index + 1).map(String::as_str),
        Some(rest) => rest.strip_prefix('='),
        None => None,
    });
    let Some(format) = named.filter_map(|name| Format::from_str(name, false).ok()).next_back() else { return };
    let text = error.to_string();
    let message = text.lines().next().unwrap_or_default();
    let Failure { outcome, sources, .. } = Failure::usage(message.strip_prefix("error: ").unwrap_or(message));
    let document = Document { outcome: &outcome, sources: &sources, transcript: &[], compiler_text: "", token: None };
    output::data(emit::text(format, &document).as_bytes());
}

pub(crate) fn usage(text: &str) -> ExitCode {
    output::talk(&format!("error: {text}\n"));
    ExitCode::Usage
}

#[expect(clippy::disallowed_methods, reason = "the command is where the environment is read")]
pub(crate) fn cache_dir(asked: Option<&std::path::Path>) -> PathBuf {
    let standard = || {
        let base = std::env::var_os("XDG_CACHE_HOME").map(PathBuf::from);
        base.or_else(|| std::env::var_os("HOME").map(|home| PathBuf::from(home).join(".cache")))
            .map(|base| base.join("kloom"))
    };
    let asked = asked.map(std::path::Path::to_path_buf);
    asked.or_else(standard).unwrap_or_else(|| std::env::temp_dir().join("kloom-cache"))
}

#[expect(clippy::disallowed_methods, reason = "the command is where the environment is read")]
pub(crate) fn cc_config(args: &CcArgs) -> kloom_cc::Config {
    let mut config = kloom_cc::Config::new(cache_dir(args.cache_dir.as_deref()));
    config.compiler = args.cc.clone().or_else(|| std::env::var_os("KLOOM_CC").map(PathBuf::from));
    config.search_path = std::env::var_os("PATH");
    config.set_era(args.kernel);
    config
}

#[expect(clippy::disallowed_methods, reason = "NO_COLOR is the user's wish about the terminal")]
fn no_color(args: &CcArgs) -> bool {
    args.no_color || std::env::var_os("NO_COLOR").is_some_and(|value| !value.is_empty())
}

/// What some editors put in front of UTF-8.
const BYTE_ORDER_MARK: &[u8] = b"\xef\xbb\xbf";

/// The smallest machine: files and modules are in its memory, too.
const MEM_MIN: u64 = 64 << 10;

/// Tasks that any machine has room for: its own, and what a scenario needs.
fn tasks_min(cpus: u32) -> usize {
    64 + 6 * cpus as usize
}

fn request(args: &RunArgs) -> Result<Request, String> {
    let (mut files, mut params) = (Vec::new(), Vec::new());
    for item in &args.items {
        let path = PathBuf::from(item);
        let text = item.to_string_lossy();
        if item.to_str().is_none() {
            // The compiler's messages and the debug information name files, and both are text.
            return Err(format!("the name of {text} is not UTF-8; rename it"));
        }
        if text.contains('=') && !path.exists() { params.push(text.into_owned()) } else { files.push(path) }
    }
    if files.is_empty() {
        return Err("no module given: name a C file, a directory or a .ko file".into());
    }
    let script = match &args.script {
        None => None,
        Some(path) => {
            let mut text = std::fs::read(path).map_err(|error| format!("cannot read {}: {error}", path.display()))?;
            if text.starts_with(BYTE_ORDER_MARK) {
                text.drain(..BYTE_ORDER_MARK.len());
            }
            Some(Script { name: path.display().to_string(), text })
        }
    };
    if args.mem < MEM_MIN {
        return Err(format!("--mem: {} bytes are not enough for a machine; give {}K or more", args.mem, MEM_MIN >> 10));
    }
    let tasks_min = tasks_min(args.cpus.unwrap_or(CPUS));
    if args.max_tasks < tasks_min {
        return Err(format!(
            "--max-tasks: {} are not enough to boot with {} CPUs; give {tasks_min} or more",
            args.max_tasks,
            args.cpus.unwrap_or(CPUS)
        ));
    }
    let strategy = match (&args.replay, args.seed) {
        (Some(token), _) => Strategy::Replay(kloom_explore::token::parse(token).map_err(|error| error.to_string())?),
        (None, Some(seed)) => Strategy::Random { seed },
        (None, None) => Strategy::Natural,
    };
    let fail = args.fail.iter().map(|rule| parse_fail(rule)).collect::<Result<_, _>>()?;
    Ok(Request {
        files,
        params,
        script,
        run_for_ns: args.for_,
        config: kloom_kernel::Config {
            cpus: args.cpus.unwrap_or(CPUS),
            preempt: match args.preempt {
                Some(PreemptArg::None) => Preempt::None,
                None | Some(PreemptArg::Voluntary) => Preempt::Voluntary,
                Some(PreemptArg::Full) => Preempt::Full,
            },
            hang_after_ns: args.hang_after,
            mem_bytes: args.mem,
            max_tasks: args.max_tasks,
            release: args.cc.kernel.release.to_string(),
            tainted: 0,
        },
        strategy,
        limits: Limits { max_steps: args.max_steps, max_time_ns: args.max_time, ..Limits::default() },
        on_use_after_free: match args.on_use_after_free {
            OnUaf::Report => OnUseAfterFree::Report,
            OnUaf::Oops => OnUseAfterFree::Oops,
        },
        fail,
        stop: interrupt_flag(),
        cc: cc_config(&args.cc),
    })
}

/// Ctrl-C ends the run at its next step, with what is known by then; a second one ends the command.
pub(crate) fn interrupt_flag() -> Arc<AtomicBool> {
    let flag = Arc::new(AtomicBool::new(false));
    // Without the handlers Ctrl-C merely ends the command at once.
    let _ = signal_hook::flag::register_conditional_shutdown(signal_hook::consts::SIGINT, 130, Arc::clone(&flag));
    let _ = signal_hook::flag::register(signal_hook::consts::SIGINT, Arc::clone(&flag));
    flag
}

/// `kthread_create` or `kmalloc:2,5`.
fn parse_fail(rule: &str) -> Result<(String, Vec<u64>), String> {
    let (name, calls) = rule.split_once(':').unwrap_or((rule, ""));
    if !kloom_shim::machine::FAILABLE.contains(&name) {
        return Err(format!("--fail {name}: kloom can make these fail: {}", kloom_shim::machine::FAILABLE.join(", ")));
    }
    let calls = calls.split(',').filter(|call| !call.is_empty());
    let calls = calls
        .map(|call| call.parse().map_err(|_| format!("--fail {rule}: `{call}` is no number")))
        .collect::<Result<_, _>>()?;
    Ok((name.to_string(), calls))
}

/// Said when a replay did not make the choices of its token.
const MISFIT: &str = "note: the schedule token is of another module, scenario or machine: not all of its choices could be \
made, and what ran is not what was recorded\n";

fn options(no_color: bool, backtrace: Backtrace) -> kloom_diag::Options {
    kloom_diag::Options {
        color: output::colour(no_color),
        backtrace: match backtrace {
            Backtrace::Short => kloom_diag::BacktraceMode::Module,
            Backtrace::Full => kloom_diag::BacktraceMode::Full,
        },
        ..kloom_diag::Options::default()
    }
}

fn run(args: RunArgs) -> ExitCode {
    let format = args.message_format;
    let options = options(no_color(&args.cc), args.backtrace);
    let request = match request(&args) {
        Ok(request) => request,
        Err(text) => return emit::failure(format, &options, Failure::usage(text)),
    };
    let subject = subject_of(&request.files);
    emit::promise(format, &subject);
    let fail = |error: &RunError| {
        let interrupted = request.stop.load(Ordering::Relaxed);
        let scenario = request.script.as_ref().map_or(&[][..], |script| &script.text);
        let mut failure = if interrupted { Failure::interrupted() } else { Failure::of(error, scenario) };
        failure.outcome.subject.clone_from(&subject);
        emit::failure(format, &options, failure)
    };
    let clock = Stopwatch::start();
    let built = match kloom::run::build(&request, &mut |step| progress_build(&clock, &step)) {
        Ok(built) => built,
        Err(error) => return fail(&error),
    };
    let (told, notes) = findings_of_notes(built.notes.iter().chain(built.modules.iter().flat_map(|m| &m.notes)));
    for note in notes {
        output::talk(&format!("note: {note}\n"));
    }
    let compiler_text: String = built.modules.iter().map(|module| module.warning_text.as_str()).collect();
    output::talk(&compiler_text);
    let machine = format != Format::Human;
    let mut transcript = Vec::new();
    let mut progress = false;
    let ran = kloom::run::run(&request, &built, &mut |shown| {
        if let kloom_sim::Output::Progress { steps, virtual_ns } = shown {
            if clock.elapsed() > Duration::from_secs(1) {
                progress = true;
                output::status(&format!("    Running {} s of virtual time, {steps} steps", virtual_ns / 1_000_000_000));
            }
            return;
        }
        if std::mem::take(&mut progress) {
            output::status("");
        }
        let bytes = output::bytes_of(&shown);
        if machine { transcript.extend(bytes) } else { output::data(&bytes) }
    });
    if progress {
        output::status("");
    }
    let mut ran = match ran {
        Ok(ran) => ran,
        Err(error) => return fail(&error),
    };
    assert!(!args.break_kloom, "kloom broke as it was told to");
    if let Strategy::Replay(asked) = &request.strategy
        && asked.seed.is_none()
        && ran.ended != kloom_sim::Ended::Interrupted
        && kloom_explore::token::parse(&ran.token).is_ok_and(|taken| taken != *asked)
    {
        output::talk(MISFIT);
    }
    let replay = replay_command(&args, &ran.token);
    for finding in &mut ran.outcome.findings {
        finding.replay = Some(replay.clone());
    }
    ran.outcome.findings.splice(0..0, told);
    ran.outcome.wall_ns = Some(clock.elapsed().as_nanos() as u64);
    if args.seed.is_some() && ran.outcome.findings.is_empty() && !machine {
        output::talk(&format!("    Replay: {replay}\n"));
    }
    if machine {
        let document = Document {
            outcome: &ran.outcome,
            sources: &ran.sources,
            transcript: &transcript,
            compiler_text: &compiler_text,
            token: Some(&ran.token),
        };
        output::data(emit::text(format, &document).as_bytes());
    } else {
        output::talk(&kloom_diag::human_outcome(&ran.outcome, &ran.sources, &options));
    }
    ran.outcome.exit_code()
}

/// The command that repeats a run.
fn replay_command(args: &RunArgs, token: &str) -> String {
    let mut words = machine_words("run", args);
    words.push(format!("--replay {token}"));
    words.join(" ")
}

/// `kloom VERB FILE …` with the flags that say which machine it is.
fn machine_words(verb: &str, args: &RunArgs) -> Vec<String> {
    let mut words = vec!["kloom".to_string(), verb.to_string()];
    words.extend(args.items.iter().map(|item| quote(&item.to_string_lossy())));
    if let Some(script) = &args.script {
        words.push(format!("--script {}", quote(&script.display().to_string())));
    } else if args.for_ != 10_000_000_000 {
        words.push(format!("--for {}ns", args.for_));
    }
    if let Some(cpus) = args.cpus {
        words.push(format!("--cpus {cpus}"));
    }
    let limits = Limits::default();
    if let Some(preempt) = args.preempt.and_then(|preempt| preempt.to_possible_value()) {
        words.push(format!("--preempt {}", preempt.get_name()));
    }
    if args.mem != 512 << 20 {
        words.push(format!("--mem {}", args.mem));
    }
    if args.max_tasks != 32_768 {
        words.push(format!("--max-tasks {}", args.max_tasks));
    }
    if args.max_steps != limits.max_steps {
        words.push(format!("--max-steps {}", args.max_steps));
    }
    if args.max_time != limits.max_time_ns {
        words.push(format!("--max-time {}ns", args.max_time));
    }
    if args.hang_after != 120_000_000_000 {
        words.push(format!("--hang-after {}ns", args.hang_after));
    }
    for rule in &args.fail {
        words.push(format!("--fail {}", quote(rule)));
    }
    if matches!(args.on_use_after_free, OnUaf::Oops) {
        words.push("--on-use-after-free oops".into());
    }
    if args.cc.kernel != Era::LINUX_6_1 {
        words.push(format!("--kernel {}", args.cc.kernel.name));
    }
    words
}

fn build(args: BuildArgs) -> ExitCode {
    let mut config = cc_config(&args.cc);
    config.verbose = args.verbose;
    let fail = |error| {
        let options = options(no_color(&args.cc), Backtrace::Short);
        emit::failure(Format::Human, &options, Failure::of(&error, &[]))
    };
    let clock = Stopwatch::start();
    let input = kloom_cc::Input::Paths(args.files.clone());
    let built = match kloom_cc::build_with_progress(&config, &input, &mut |step| progress_build(&clock, &step)) {
        Ok(built) => built,
        Err(error) => return fail(RunError::Build(Box::new(error))),
    };
    for note in built
        .notes
        .iter()
        .map(ToString::to_string)
        .chain(built.modules.iter().flat_map(|m| m.notes.iter().map(ToString::to_string)))
    {
        output::talk(&format!("note: {note}\n"));
    }
    for module in &built.modules {
        for command in &module.commands {
            output::talk(&format!("{command}\n"));
        }
        output::talk(&module.warning_text);
        let path = args.output.join(&module.file_name);
        if let Err(error) = std::fs::create_dir_all(&args.output).and_then(|()| std::fs::write(&path, &module.ko)) {
            return usage(&format!("cannot write {}: {error}", path.display()));
        }
        output::data(format!("{}\n", path.display()).as_bytes());
    }
    ExitCode::Clean
}

fn explain(code: Option<&str>) -> ExitCode {
    let Some(code) = code else {
        for row in kloom_diag::codes() {
            output::data(format!("{:<28} {}\n", row.name, row.summary).as_bytes());
        }
        return ExitCode::Clean;
    };
    match kloom_diag::explain(code) {
        Some(explain) => {
            output::data(kloom_diag::explain_human(&explain).as_bytes());
            ExitCode::Clean
        }
        None => usage(&format!("there is no code `{code}`; `kloom explain` lists them all")),
    }
}

fn api(args: &ApiArgs) -> ExitCode {
    let api = match Api::load() {
        Ok(api) => api,
        Err(error) => return usage(&format!("cannot make a machine: {error}")),
    };
    let found: Vec<&Row> = args.name.as_deref().map_or_else(|| api.exports.iter().collect(), |name| api.find(name));
    if let ListFormat::Json = args.message_format {
        let differences = kloom::api::differences();
        let value = serde_json::json!({ "exports": found, "unlisted": api.unlisted, "differences": differences });
        output::data(format!("{value}\n").as_bytes());
        return ExitCode::Clean;
    }
    // A macro or inline function of that very name is a better answer than exports with similar names.
    let exact = args.name.as_deref().filter(|name| found.first().is_none_or(|row| row.name != *name));
    if let Some(name) = exact {
        match kloom_cc::declaring_header(name) {
            Some(header) => {
                let what = "a type, macro or inline function; functions it calls are listed under their own names";
                output::data(format!("{name}: in <{header}>\n  {what}\n").as_bytes());
            }
            None if found.is_empty() => {
                let why = left_out(name).map_or_else(String::new, |reason| format!(": {reason}"));
                return usage(&format!("kloom's headers do not declare `{name}`{why}"));
            }
            None => {}
        }
    }
    if let (Some(_), [row]) = (args.name.as_deref(), found.as_slice()) {
        let gpl = if row.gpl { " (GPL-compatible modules only)" } else { "" };
        let word = match left_out(row.name) {
            _ if row.supported => "supported".to_string(),
            Some(reason) => format!("not supported by kloom: {reason}"),
            None => "not supported by kloom yet".to_string(),
        };
        let (prototype, header) = (row.prototype, row.header);
        let (what, context) = (row.description, row.context_words());
        let text = format!("{prototype}; in <{header}>{gpl}\n  {what}\n  context: {context}\n  {word}\n");
        output::data(text.as_bytes());
        return ExitCode::Clean;
    }
    for row in &found {
        let mark = if row.supported { "yes" } else { "no" };
        output::data(format!("{mark:<4} {:<36} {}\n", row.name, row.header).as_bytes());
    }
    if args.name.is_none() {
        output::data(b"\nknown differences from Linux 6.1, by the test that shows them:\n");
        for row in kloom::api::differences() {
            output::data(format!("     {:<36} {}\n", row.case, row.reason).as_bytes());
        }
    }
    if found.is_empty() {
        // A macro or type; what there is to say of it is said.
        return ExitCode::Clean;
    }
    let supported = found.iter().filter(|row| row.supported).count();
    output::talk(&format!("{supported} of {} exported functions and variables supported\n", found.len()));
    ExitCode::Clean
}

/// Progress on stderr once a build takes longer than a second.
fn progress_build(clock: &Stopwatch, step: &kloom_cc::Progress<'_>) {
    if clock.elapsed() > Duration::from_secs(1) {
        output::talk(&format!("    Building {} ({} of {})\n", step.current, step.done + 1, step.total));
    }
}

/// Host time, for the closing line and the progress display only.
pub(crate) struct Stopwatch(std::time::Instant);

impl Stopwatch {
    #[expect(clippy::disallowed_methods, reason = "host time is shown to the user, never to the machine")]
    pub(crate) fn start() -> Stopwatch {
        Stopwatch(std::time::Instant::now())
    }

    pub(crate) fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}
