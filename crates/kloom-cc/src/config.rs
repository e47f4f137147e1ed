//! Everything a build depends on that is not the module's source.
//!
//! This crate reads no environment variable: the command line does, and hands over a [`Config`].

use std::collections::BTreeMap;
use std::ffi::OsString;
use std::path::PathBuf;
use std::time::Duration;

/// `LINUX_VERSION_CODE` of Linux 6.1.0, the version whose behaviour kloom has.
pub const LINUX_6_1: u32 = 6 << 16 | 1 << 8;

/// A version of Linux that a module can be built for: what `#if LINUX_VERSION_CODE` sees, and what `uname -r` says.
///
/// It chooses no other behaviour: that is Linux 6.1's in every era, with the calls Linux has dropped since.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Era {
    /// As users write it (`5.10`).
    pub name: &'static str,
    /// `LINUX_VERSION_CODE`; the long-term release of that line where there was one.
    pub version: u32,
    /// Kernel release.
    pub release: &'static str,
}

/// `KERNEL_VERSION()` of Linux.
const fn kernel_version(major: u32, minor: u32, patch: u32) -> u32 {
    major << 16 | minor << 8 | patch
}

/// Eras from the oldest to the newest.
pub const ERAS: [Era; 10] = [
    Era { name: "2.6", version: kernel_version(2, 6, 32), release: "2.6.32-kloom" },
    Era { name: "3.10", version: kernel_version(3, 10, 0), release: "3.10.0-kloom" },
    Era { name: "4.4", version: kernel_version(4, 4, 0), release: "4.4.0-kloom" },
    Era { name: "4.15", version: kernel_version(4, 15, 0), release: "4.15.0-kloom" },
    Era { name: "5.4", version: kernel_version(5, 4, 0), release: "5.4.0-kloom" },
    Era { name: "5.10", version: kernel_version(5, 10, 0), release: "5.10.0-kloom" },
    Era { name: "5.15", version: kernel_version(5, 15, 0), release: "5.15.0-kloom" },
    Era::LINUX_6_1,
    Era { name: "6.6", version: kernel_version(6, 6, 0), release: "6.6.0-kloom" },
    Era { name: "6.12", version: kernel_version(6, 12, 0), release: "6.12.0-kloom" },
];

impl Era {
    /// Linux 6.1, the default.
    pub const LINUX_6_1: Era = Era { name: "6.1", version: LINUX_6_1, release: "6.1.0-kloom" };

    /// The era of this name.
    pub fn find(name: &str) -> Option<Era> {
        ERAS.into_iter().find(|era| era.name == name)
    }
}

/// Instant the virtual machine believes to have been built at, in seconds since the epoch: the release of Linux 6.1
/// (2022-12-11 22:15:18 UTC). `__DATE__` and `__TIME__` expand to it.
pub const BUILD_EPOCH_S: u64 = 1_670_796_918;

/// Settings of a build.
#[derive(Clone, Debug)]
pub struct Config {
    /// Compiler to use: a path, or a name that is looked up in `search_path`. `None`: the first usable of `gcc`,
    /// `gcc-14` … `gcc-11`, `cc`, `clang`.
    pub compiler: Option<PathBuf>,
    /// Value of `PATH`. `None`: the usual system directories.
    pub search_path: Option<OsString>,
    /// Directory for compiled modules and extracted headers. Created when missing; when it cannot be written, a
    /// temporary directory serves for this build and [`crate::Built::notes`] says so.
    pub cache_dir: PathBuf,
    /// Where relative paths start. Paths are shown, and stored in DWARF, as the user typed them.
    pub cwd: PathBuf,
    /// Headers to compile against instead of the embedded ones.
    pub headers_dir: Option<PathBuf>,
    /// More macros, as for `-D` (`NAME` or `NAME=value`).
    pub extra_defines: Vec<String>,
    /// Variables for Kbuild Makefiles, as given to `make NAME=value` (`CONFIG_FOO=m`).
    pub make_variables: BTreeMap<String, String>,
    /// `LINUX_VERSION_CODE` that the module sees; reaches the headers as `LINUX_VERSION_CODE`.
    pub kernel_version: u32,
    /// Kernel release in `vermagic` and for `uname -r`; must be that of the machine the module is inserted into.
    pub release: String,
    /// Compilers to run at once; 0 counts as 1.
    pub jobs: usize,
    /// Keep the command lines in [`crate::BuiltModule::commands`].
    pub verbose: bool,
    /// Bound on the cache, in bytes; the least recently used modules go first.
    pub cache_bytes_max: u64,
}

impl Config {
    /// Defaults for the given cache directory: gcc from the system directories, Linux 6.1, two jobs.
    ///
    /// `cwd` is the process's current directory (or `.` where that is gone).
    pub fn new(cache_dir: impl Into<PathBuf>) -> Self {
        Config {
            compiler: None,
            search_path: None,
            cache_dir: cache_dir.into(),
            cwd: std::env::current_dir().unwrap_or_else(|_| PathBuf::from(".")),
            headers_dir: None,
            extra_defines: Vec::new(),
            make_variables: BTreeMap::new(),
            kernel_version: Era::LINUX_6_1.version,
            release: Era::LINUX_6_1.release.to_owned(),
            jobs: 2,
            verbose: false,
            cache_bytes_max: 256 << 20,
        }
    }

    /// Builds for another version of Linux.
    pub fn set_era(&mut self, era: Era) {
        self.kernel_version = era.version;
        self.release = era.release.to_owned();
    }

    /// `vermagic` of modules built here (Linux 6.1 `include/linux/vermagic.h`, with SMP, PREEMPT and MODULE_UNLOAD).
    pub fn vermagic(&self) -> String {
        format!("{} SMP preempt mod_unload", self.release)
    }
}

/// What to build.
#[derive(Clone, Debug)]
pub enum Input {
    /// C files (each its own module), directories with a Kbuild `Makefile` or with C files, and finished `.ko` files.
    Paths(Vec<PathBuf>),
    /// Several C files that make up one module.
    OneModule {
        /// Name of the module; `None` takes the stem of the first file.
        name: Option<String>,
        /// Its C files, in link order.
        sources: Vec<PathBuf>,
    },
}

/// How far a build has come; handed to the progress callback when a compiler starts.
#[derive(Clone, Copy, Debug)]
pub struct Progress<'a> {
    /// Compilations finished.
    pub done: usize,
    /// Compilations needed.
    pub total: usize,
    /// Source that is being compiled now, as the user typed it.
    pub current: &'a str,
    /// Host time since the build began.
    pub elapsed: Duration,
}
