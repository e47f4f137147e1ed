//! A case below `tests/check`: a directory with `m.c` and `case.toml`.

use std::fs;
use std::path::{Path, PathBuf};

use kloom::run::{Request, Script};
use kloom_sim::Limits;
use serde::Deserialize;

use super::{cache_dir, workspace};

/// `case.toml`.
#[derive(Clone, Debug, Deserialize)]
#[serde(deny_unknown_fields)]
pub struct Settings {
    /// What the case is about.
    pub about: String,
    /// Lines of the scenario; without them kloom's default one runs.
    #[serde(default)]
    pub steps: Vec<String>,
    /// The code that is to be found; none for a module without a bug.
    pub code: Option<String>,
    /// Other codes that come with it.
    #[serde(default)]
    pub also: Vec<String>,
    /// The natural interleaving, which `kloom run` shows, has no finding.
    #[serde(default)]
    pub hidden: bool,
    /// Executions tried.
    #[serde(default = "usual_executions")]
    pub executions: u64,
    /// CPUs of the machine.
    #[serde(default = "usual_cpus")]
    pub cpus: u32,
}

fn usual_executions() -> u64 {
    150
}

fn usual_cpus() -> u32 {
    2
}

/// A case.
#[derive(Clone, Debug)]
pub struct Bug {
    /// Its name.
    pub name: String,
    /// Its settings.
    pub settings: Settings,
    dir: PathBuf,
}

impl Bug {
    /// All cases, sorted by name.
    ///
    /// # Panics
    /// A case cannot be read; the text says which.
    pub fn all() -> Vec<Bug> {
        let mut dirs: Vec<PathBuf> = fs::read_dir(workspace().join("tests/check"))
            .expect("tests/check is there")
            .map(|entry| entry.expect("an entry").path())
            .filter(|dir| dir.join("case.toml").exists())
            .collect();
        dirs.sort();
        dirs.iter().map(|dir| Bug::read(dir)).collect()
    }

    fn read(dir: &Path) -> Bug {
        let name = dir.file_name().unwrap_or_default().to_string_lossy().into_owned();
        let text = fs::read_to_string(dir.join("case.toml")).unwrap_or_else(|error| panic!("{name}: {error}"));
        let settings: Settings = toml::from_str(&text).unwrap_or_else(|error| panic!("{name}/case.toml: {error}"));
        assert!(!settings.about.is_empty(), "{name}: a case says what it is about");
        Bug { name, settings, dir: dir.to_path_buf() }
    }

    /// The case for the library.
    pub fn request(&self, limits: Limits) -> Request {
        let steps = self.settings.steps.join("\n") + "\n";
        Request {
            files: vec![self.dir.join("m.c")],
            params: Vec::new(),
            script: (!self.settings.steps.is_empty())
                .then(|| Script { name: "steps.sh".into(), text: steps.into_bytes() }),
            run_for_ns: 3_000_000_000,
            config: kloom_kernel::Config { cpus: self.settings.cpus, ..Default::default() },
            strategy: kloom_explore::Strategy::Natural,
            limits,
            on_use_after_free: Default::default(),
            fail: Vec::new(),
            stop: Default::default(),
            cc: kloom_cc::Config::new(cache_dir().join("kloom")),
        }
    }
}
