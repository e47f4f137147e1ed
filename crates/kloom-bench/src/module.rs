//! A bench module, built once, and sessions that run it.

use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use kloom_cc::Input;
use kloom_explore::Strategy;
use kloom_explore::search::{Ending, Random, Search};
use kloom_kernel::Config;
use kloom_shim::machine::OnUseAfterFree;
use kloom_sim::explored::{Bounds, Threads};
use kloom_sim::{Ended, Limits, ModuleFile, Options, Output, Parts, Session};

use crate::clock;

/// The directory of the bench modules.
pub fn sources() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("modules")
}

/// A built module.
#[derive(Clone, Debug)]
pub struct Module {
    file: ModuleFile,
    name: String,
}

/// What a run took and did.
#[derive(Clone, Debug)]
pub struct Ran {
    /// Host time of [`Session::run`].
    pub time: Duration,
    /// Context switches of all CPUs.
    pub switches: u64,
    /// Steps of the machine.
    pub steps: u64,
    /// Basic blocks that ran, if they were counted.
    pub blocks: u64,
    /// Lines in the log.
    pub lines: u64,
}

/// How a session runs.
#[derive(Clone, Debug, Default)]
pub struct Setup {
    /// What insmod is given.
    pub params: String,
    /// Virtual seconds between insmod and rmmod.
    pub sleep_s: u64,
    /// Leave the module in.
    pub keep: bool,
    /// Most tasks at once, if more than usual.
    pub max_tasks: Option<usize>,
    /// Count basic blocks.
    pub count_blocks: bool,
}

impl Module {
    /// Builds `modules/NAME.c`.
    ///
    /// # Errors
    /// It does not compile.
    pub fn build(name: &str, cache: &Path) -> Result<Module, String> {
        let config = kloom_cc::Config::new(cache.to_path_buf());
        let built = kloom_cc::build(&config, &Input::Paths(vec![sources().join(format!("{name}.c"))]));
        let built = built.map_err(|error| format!("{name}.c does not build: {error:?}"))?;
        let module = built.modules.first().ok_or("no module was built")?;
        let file = ModuleFile { file_name: module.file_name.clone(), bytes: Arc::from(module.ko.as_slice()) };
        Ok(Module { file, name: module.name.clone() })
    }

    /// Host time of a session that inserts the module with `params` and removes it again.
    ///
    /// # Panics
    /// See [`Module::run`].
    pub fn time(&self, params: &str) -> Duration {
        self.run(&Setup { params: params.into(), ..Setup::default() }, &mut |_| ()).time
    }

    /// Runs a session.
    ///
    /// # Panics
    /// When the module does not come in, kloom finds a bug in it, or there is no machine: then the figures would mean
    /// nothing.
    pub fn run(&self, setup: &Setup, show: &mut dyn FnMut(&Output)) -> Ran {
        let mut script = format!("insmod {} {} || exit 1\n", self.file.file_name, setup.params);
        if setup.sleep_s > 0 {
            script.push_str(&format!("sleep {}\n", setup.sleep_s));
        }
        if !setup.keep {
            script.push_str(&format!("rmmod {} || exit 1\n", self.name));
        }
        let parsed = kloom_shell::parse::parse(script.as_bytes()).unwrap_or_else(|error| panic!("{script}: {error:?}"));
        let mut config = Config::default();
        if let Some(tasks) = setup.max_tasks {
            config.max_tasks = tasks;
        }
        let limits = Limits { max_steps: u64::MAX, max_time_ns: u64::MAX / 4, ..Limits::default() };
        let options = Options {
            config,
            strategy: Strategy::Natural,
            limits,
            on_use_after_free: OnUseAfterFree::Report,
            fail: Vec::new(),
            stop: Arc::default(),
        };
        let mut session = Session::new(options, std::slice::from_ref(&self.file))
            .unwrap_or_else(|error| panic!("no machine: {error}"));
        if setup.count_blocks {
            session.machine().coverage = Some(Default::default());
        }
        let (mut lines, mut log) = (0, String::new());
        let (time, ended) = clock::time(|| {
            session.run(parsed, vec!["bench".into()], &mut |output| {
                if let Output::Log(record) = &output {
                    lines += 1;
                    if log.len() < 2000 {
                        log.push_str(&format!("{}\n", String::from_utf8_lossy(&record.text)));
                    }
                }
                show(&output);
            })
        });
        assert_eq!(ended, Ended::Done(0), "{} with {}: the scenario failed\n{log}", self.name, setup.params);
        let steps = session.steps();
        let machine = session.machine();
        let switches = machine.kernel.cpus.iter().map(|cpu| cpu.switches).sum();
        let blocks = machine.coverage.iter().flat_map(|coverage| coverage.values()).sum();
        let outcome = session.outcome(&ended, &self.name);
        let expected = if setup.keep { Vec::new() } else { outcome.findings };
        assert!(expected.is_empty(), "{} with {}: {expected:#?}", self.name, setup.params);
        Ran { time, switches, steps, blocks, lines }
    }

    /// Host time of `n` executions of insmod and rmmod under random schedules, as a check makes them; each on a machine of its
    /// own if `anew`.
    ///
    /// # Panics
    /// As [`Module::run`].
    pub fn explore(&self, n: u64, anew: bool) -> Duration {
        let script = format!("insmod {} || exit 1\nrmmod {} || exit 1\n", self.file.file_name, self.name);
        let script = kloom_shell::parse::parse(script.as_bytes()).unwrap_or_else(|error| panic!("{error:?}"));
        let options = Options {
            config: Config { cpus: 4, preempt: kloom_kernel::sched::Preempt::Full, ..Config::default() },
            strategy: Strategy::Natural,
            limits: Limits::default(),
            on_use_after_free: OnUseAfterFree::Report,
            fail: Vec::new(),
            stop: Arc::default(),
        };
        let mut parts = Parts::explored().unwrap_or_else(|error| panic!("no memory: {error}"));
        let (mut threads, bounds) = (Threads::default(), Bounds::default());
        let mut search = Random::new(1);
        let files = std::slice::from_ref(&self.file);
        let (time, ()) = clock::time(|| {
            for _ in 0..n {
                if anew {
                    parts.forget_machine();
                }
                search.begin();
                let mut session = Session::with(&mut parts, options.clone(), files)
                    .unwrap_or_else(|error| panic!("no machine: {error}"));
                let explored = session.run_explored(
                    script.clone(),
                    vec!["bench".into()],
                    &mut search,
                    &mut threads,
                    &bounds,
                    &mut |_| {},
                );
                let ended = explored.ended.unwrap_or_else(|| panic!("nobody dropped the execution"));
                let outcome = session.outcome(&ended, &self.name);
                assert!(ended == Ended::Done(0) && outcome.findings.is_empty(), "{}: {outcome:#?}", self.name);
                session.give_back(&mut parts);
                search.end(Ending::Ok);
            }
        });
        time
    }
}
