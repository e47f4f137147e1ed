//! From modules and a scenario to what a real Linux showed.

use std::collections::VecDeque;
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use crate::guest::{self, GuestCase};
use crate::host::Stopwatch;
use crate::outcome::{Ending, Outcome};
use crate::protocol::{self, Boot};
use crate::qemu::{self, Limits, Machine};
use crate::setup::Linux;
use crate::{Error, kbuild};

/// How the caller watches and ends the engine's work.
pub struct Control<'a> {
    /// Limits of host time.
    pub limits: Limits,
    /// Set from outside to end it; QEMU is ended with it.
    pub stop: Arc<AtomicBool>,
    /// Is told each step that takes long, before it is taken.
    pub say: &'a mut dyn FnMut(&str),
}

impl std::fmt::Debug for Control<'_> {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Control").field("limits", &self.limits).finish_non_exhaustive()
    }
}

impl Control<'_> {
    fn check(&self) -> Result<(), Error> {
        if self.stop.load(Ordering::Relaxed) { Err(Error::Interrupted) } else { Ok(()) }
    }
}

/// One scenario to run.
#[derive(Clone, Debug)]
pub struct Job {
    /// A name of letters, digits, `-` and `_`.
    pub name: String,
    /// C files, directories with a Kbuild make file, `.ko` files.
    pub sources: Vec<PathBuf>,
    /// The scenario, for `sh`; its working directory holds the modules.
    pub script: String,
    /// The machine it wants.
    pub machine: Machine,
    /// Guest seconds after which a command counts as hanging.
    pub hang_after_s: u32,
    /// Wants a boot of its own, in which no other module was loaded before.
    pub fresh: bool,
}

/// What became of a job.
#[derive(Debug)]
pub struct Report {
    /// The job's name.
    pub name: String,
    /// What Linux showed.
    pub outcome: Outcome,
    /// What was changed to make the module build.
    pub notes: Vec<String>,
    /// For a hang, the tasks that run or sleep uninterruptibly, with their stacks.
    pub hang_report: Vec<String>,
}

/// The reports of several jobs and what they cost.
#[derive(Debug, Default)]
pub struct Reports {
    /// One per job that could be built, in the order given.
    pub reports: Vec<Report>,
    /// Jobs that could not be built or run.
    pub failures: Vec<(String, Error)>,
    /// Kernels booted.
    pub boots: usize,
    /// Host time in QEMU.
    pub boot_time: Duration,
    /// Host time in Kbuild.
    pub build_time: Duration,
}

/// Builds and runs `jobs`, several to a boot where they cannot disturb each other.
///
/// A module that does not build is a failure of its job only.
///
/// # Errors
/// The engine itself could not work; see [`Error`].
pub fn run(linux: &Linux, jobs: &[Job], control: &mut Control<'_>) -> Result<Reports, Error> {
    let mut reports = Reports::default();
    let watch = Stopwatch::start();
    (control.say)(&format!("Building with Kbuild for Linux {}", linux.release));
    // A boot of a job's own has no use for it.
    let taint = if jobs.iter().all(|job| job.fresh) { Vec::new() } else { taint_module(linux)? };
    let mut last: Option<(&[PathBuf], kbuild::Built)> = None;
    let mut ready = VecDeque::new();
    for job in jobs {
        // Repeated boots share one build.
        if let Some((_, built)) = last.as_ref().filter(|(sources, _)| *sources == job.sources.as_slice()) {
            ready.push_back((job, built.clone()));
            continue;
        }
        match kbuild::build(linux, &job.name, &job.sources) {
            Ok(built) => {
                last = Some((&job.sources, built.clone()));
                ready.push_back((job, built));
            }
            Err(error) => reports.failures.push((job.name.clone(), error)),
        }
        control.check()?;
    }
    reports.build_time = watch.elapsed();
    while let Some(batch) = next_batch(&mut ready) {
        let watch = Stopwatch::start();
        let waiting = ready.len();
        (control.say)(&match (batch.len(), waiting) {
            (1, 0) => "Booting Linux in QEMU".to_owned(),
            (count, waiting) => format!("Booting Linux in QEMU: {count} scenarios, {waiting} wait for another boot"),
        });
        let boot = boot_batch(linux, &batch, &taint, control)?;
        reports.boots += 1;
        reports.boot_time += watch.elapsed();
        collect(boot, batch, &mut ready, &mut reports);
    }
    let order = |name: &str| jobs.iter().position(|job| job.name == name);
    reports.reports.sort_by_key(|report| order(&report.name));
    Ok(reports)
}

type Ready<'a> = (&'a Job, kbuild::Built);

/// Takes the jobs that share the next boot: the same machine, none that wants to be alone.
fn next_batch<'a>(ready: &mut VecDeque<Ready<'a>>) -> Option<Vec<Ready<'a>>> {
    let first = ready.pop_front()?;
    let alone = first.0.fresh;
    let machine = &first.0.machine;
    let mut batch: Vec<Ready<'a>> = Vec::new();
    if !alone {
        let (same, other) =
            std::mem::take(ready).into_iter().partition(|(job, _)| !job.fresh && job.machine == *machine);
        *ready = other;
        batch = Vec::from(same);
    }
    batch.insert(0, first);
    Some(batch)
}

fn boot_batch(linux: &Linux, batch: &[Ready<'_>], taint: &[u8], control: &Control<'_>) -> Result<Boot, Error> {
    let cases: Vec<GuestCase<'_>> = batch
        .iter()
        .map(|(job, built)| GuestCase {
            name: &job.name,
            script: &job.script,
            hang_after_s: job.hang_after_s,
            lone: job.fresh,
            files: built.modules.clone(),
        })
        .collect();
    let (job, _) = &batch[0];
    let initramfs = guest::initramfs(&cases, (!job.fresh).then_some(taint))?;
    let lines = qemu::boot(linux, &job.machine, control.limits, &control.stop, &initramfs)?;
    Ok(protocol::read_boot(&lines.console, &lines.channel, |name| {
        let (job, _) = batch.iter().find(|(job, _)| job.name == name)?;
        Some(job.script.as_str())
    }))
}

/// Files what a boot showed and puts the jobs it did not reach back in front.
fn collect<'a>(boot: Boot, batch: Vec<Ready<'a>>, ready: &mut VecDeque<Ready<'a>>, reports: &mut Reports) {
    let reached = boot.cases.len();
    let mut hang_report = boot.hang_report;
    let mut outcomes = boot.cases.into_iter();
    let mut rest = Vec::new();
    for (index, (job, built)) in batch.into_iter().enumerate() {
        let outcome = match outcomes.next() {
            Some((_, outcome)) => outcome,
            // A boot that reaches not even its first case would not the next time either.
            None if index == 0 => Outcome { ending: Ending::BootFailure, commands: Vec::new() },
            None => {
                rest.push((job, built));
                continue;
            }
        };
        let last = index + 1 == reached;
        reports.reports.push(Report {
            name: job.name.clone(),
            outcome,
            notes: built.notes,
            hang_report: if last { std::mem::take(&mut hang_report) } else { Vec::new() },
        });
    }
    for item in rest.into_iter().rev() {
        ready.push_front(item);
    }
}

/// A module that does nothing: loaded first in a boot, it takes the taint messages that Linux
/// prints once per boot for modules from outside its tree.
fn taint_module(linux: &Linux) -> Result<Vec<u8>, Error> {
    let dir = tempfile::tempdir().map_err(Error::io(Path::new("temporary directory")))?;
    let source = dir.path().join("kloom_taint.c");
    let text = "#include <linux/module.h>\n\
                static int __init t_init(void) { return -EAGAIN; }\nmodule_init(t_init);\n\
                MODULE_LICENSE(\"GPL\");\nMODULE_DESCRIPTION(\"taints and goes\");\n";
    std::fs::write(&source, text).map_err(Error::io(&source))?;
    let built = kbuild::build(linux, "taint", &[source])?;
    built
        .modules
        .into_iter()
        .next()
        .map(|(_, content)| content)
        .ok_or_else(|| Error::Build { job: "taint".to_owned(), log: built.log })
}
