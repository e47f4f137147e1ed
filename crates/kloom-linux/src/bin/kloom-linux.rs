//! A thin driver of the second engine, for development; the `kloom` command calls the library.

#![forbid(unsafe_code)]

use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;

use clap::{Parser, Subcommand};
use kloom_linux::capture::{self, Capture};
use kloom_linux::qemu::{Limits, Machine};
use kloom_linux::run::{self, Job, Reports};
use kloom_linux::{Error, setup};

/// Runs modules on a real Linux in QEMU.
#[derive(Parser)]
struct Args {
    /// Where the kernel is kept.
    #[arg(long, default_value = "target/kloom-cache")]
    cache: PathBuf,
    #[command(subcommand)]
    verb: Verb,
}

#[derive(Subcommand)]
enum Verb {
    /// Gets the kernel, its headers and QEMU.
    Setup,
    /// Runs a scenario and prints what Linux showed.
    Run {
        /// C files, directories with a make file, `.ko` files.
        sources: Vec<PathBuf>,
        /// The scenario.
        #[arg(long)]
        script: PathBuf,
        /// Number of CPUs.
        #[arg(long, default_value_t = 1)]
        smp: u32,
        /// Guest seconds after which a command counts as hanging.
        #[arg(long, default_value_t = 300)]
        hang_after: u32,
        /// A boot in which no module was loaded before.
        #[arg(long)]
        fresh: bool,
    },
    /// Records cases again and compares them with the committed captures.
    Check {
        /// The suite's directory.
        suite: PathBuf,
        /// Only cases whose name contains one of these.
        only: Vec<String>,
    },
    /// Records the cases of a suite again.
    Capture {
        /// The suite's directory.
        suite: PathBuf,
        /// Only cases whose name contains one of these.
        only: Vec<String>,
    },
}

fn main() -> ExitCode {
    match run(Args::parse()) {
        Ok(code) => code,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::from(3)
        }
    }
}

fn run(args: Args) -> Result<ExitCode, Error> {
    let mut say = |step: &str| {
        let _ = writeln!(std::io::stderr(), "kloom-linux: {step}");
    };
    let absolute = |source| Error::Io { path: args.cache.clone(), source };
    let cache = std::path::absolute(&args.cache).map_err(absolute)?;
    let linux = setup::setup(&cache, setup::RELEASES[0], &mut say)?;
    let reports = match args.verb {
        Verb::Setup => return Ok(ExitCode::SUCCESS),
        Verb::Capture { suite, only } => capture::refresh(&linux, &suite, &only)?,
        Verb::Check { suite, only } => {
            let (differing, reports) = capture::recheck(&linux, &suite, &only)?;
            for (case, differences) in &differing {
                for difference in differences {
                    let _ = writeln!(std::io::stdout(), "{case}: {difference}");
                }
            }
            let code = conclude(&reports, &mut say);
            return Ok(if differing.is_empty() { code } else { ExitCode::from(1) });
        }
        Verb::Run { sources, script, smp, hang_after, fresh } => {
            let text = read(&script)?;
            let job = Job {
                name: "run".to_owned(),
                sources,
                script: text,
                machine: Machine { cpus: smp, ..Machine::default() },
                hang_after_s: hang_after,
                fresh,
            };
            let mut reports = run::run(&linux, &[job], Limits::default())?;
            for report in reports.reports.drain(..) {
                let capture =
                    Capture { provenance: [report.notes, report.hang_report].concat(), outcome: report.outcome };
                let _ = write!(std::io::stdout(), "{}", capture.write());
            }
            reports
        }
    };
    Ok(conclude(&reports, &mut say))
}

fn conclude(reports: &Reports, say: &mut dyn FnMut(&str)) -> ExitCode {
    for (job, error) in &reports.failures {
        say(&format!("{job}: {error}"));
    }
    say(&format!(
        "{} boots in {:.1} s, builds in {:.1} s",
        reports.boots,
        reports.boot_time.as_secs_f64(),
        reports.build_time.as_secs_f64()
    ));
    ExitCode::from(u8::from(!reports.failures.is_empty()))
}

fn read(path: &Path) -> Result<String, Error> {
    std::fs::read_to_string(path).map_err(|source| Error::Io { path: path.to_owned(), source })
}
