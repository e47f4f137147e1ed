//! Finds the C compiler and says with which flags it makes kernel code that kloom can watch.

use std::fs;
use std::os::unix::fs::{MetadataExt, PermissionsExt};
use std::path::{Path, PathBuf};
use std::process::{Command, Stdio};

use serde::{Deserialize, Serialize};

use crate::config::{BUILD_EPOCH_S, Config};
use crate::error::CcError;

/// Oldest versions with `--param tsan-distinguish-volatile` or its counterpart.
const GCC_MIN: u32 = 11;
const CLANG_MIN: u32 = 14;

/// The two families of compilers, which differ in flags and messages.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub(crate) enum CompilerKind {
    /// GNU C.
    Gcc,
    /// LLVM's.
    Clang,
}

/// A compiler that was found fit.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Compiler {
    /// Absolute path.
    pub(crate) path: PathBuf,
    /// Its family.
    pub(crate) kind: CompilerKind,
    /// First line of `--version`.
    pub(crate) version: String,
    /// Everything that tells this compiler and linker from others; part of every cache key.
    pub(crate) identity: String,
    /// `ld`, or `None` to let the compiler link.
    pub(crate) linker: Option<PathBuf>,
}

#[derive(Serialize, Deserialize)]
struct Probe {
    identity: String,
    kind: CompilerKind,
    version: String,
}

impl Compiler {
    /// Finds the compiler that `config` asks for. `cache` keeps what it said about itself, so that a later call
    /// starts no process.
    pub(crate) fn find(config: &Config, cache: &Path) -> Result<Self, CcError> {
        if std::env::consts::ARCH != "x86_64" {
            return Err(CcError::UnsupportedHost { arch: std::env::consts::ARCH });
        }
        let default = ["gcc", "gcc-14", "gcc-13", "gcc-12", "gcc-11", "cc", "clang"];
        let wanted: Vec<PathBuf> = match &config.compiler {
            Some(path) => vec![path.clone()],
            None => default.iter().map(PathBuf::from).collect(),
        };
        let mut first_error = None;
        for name in &wanted {
            let Some(path) = look_up(name, config) else {
                continue;
            };
            match Self::probe(path, config, cache) {
                Ok(compiler) => return Ok(compiler),
                Err(error) => {
                    first_error.get_or_insert(error);
                }
            }
        }
        Err(first_error.unwrap_or_else(|| CcError::NoCompiler {
            tried: wanted.iter().map(|path| path.display().to_string()).collect(),
        }))
    }

    fn probe(path: PathBuf, config: &Config, cache: &Path) -> Result<Self, CcError> {
        let linker = look_up(Path::new("ld"), config);
        let mut identity = file_identity(&path);
        if let Some(linker) = &linker {
            identity += &file_identity(linker);
        }
        let name = blake3::hash(identity.as_bytes()).to_hex();
        let kept = cache.join("compilers").join(&name[..32]);
        if let Ok(bytes) = fs::read(&kept)
            && let Ok(probe) = serde_json::from_slice::<Probe>(&bytes)
            && probe.identity == identity
        {
            let Probe { kind, version, .. } = probe;
            let identity = format!("{identity}{version}");
            return Ok(Compiler { path, kind, version, identity, linker });
        }
        let says = |arg: &str| -> Result<String, CcError> {
            let output = Command::new(&path).arg(arg).env("LC_ALL", "C").stdin(Stdio::null()).output();
            let output = output.map_err(|error| CcError::Io { action: "run", path: path.clone(), error })?;
            Ok(String::from_utf8_lossy(&output.stdout).into_owned())
        };
        let text = says("--version")?;
        let version = text.lines().next().unwrap_or("").to_owned();
        let wrong = |found: &str| CcError::WrongCompiler { path: path.clone(), found: found.to_owned() };
        let kind = if text.contains("clang version") {
            CompilerKind::Clang
        } else if text.contains("Free Software Foundation") {
            CompilerKind::Gcc
        } else {
            return Err(wrong(&version));
        };
        let number = says("-dumpversion")?.trim().to_owned();
        let major = number.split('.').next().and_then(|major| major.parse::<u32>().ok());
        let (min, needed) = match kind {
            CompilerKind::Gcc => (GCC_MIN, "gcc 11"),
            CompilerKind::Clang => (CLANG_MIN, "clang 14"),
        };
        match major {
            None => return Err(wrong(&version)),
            Some(major) if major < min => {
                return Err(CcError::CompilerTooOld { path, found: number, needed });
            }
            Some(_) => {}
        }
        let machine = says("-dumpmachine")?.trim().to_owned();
        if !machine.starts_with("x86_64") {
            return Err(wrong(&machine));
        }
        let probe = Probe { identity: identity.clone(), kind, version: version.clone() };
        if let Ok(bytes) = serde_json::to_vec(&probe) {
            let _kept = crate::cache::write_atomic(cache, &kept, &bytes);
        }
        let identity = format!("{identity}{version}");
        Ok(Compiler { path, kind, version, identity, linker })
    }

    /// A command that runs `tool` without the variables through which the environment could change the outcome.
    pub(crate) fn command(tool: &Path, cwd: &Path) -> Command {
        let mut command = Command::new(tool);
        for variable in [
            "CPATH",
            "C_INCLUDE_PATH",
            "CPLUS_INCLUDE_PATH",
            "DEPENDENCIES_OUTPUT",
            "SUNPRO_DEPENDENCIES",
            "GCC_COLORS",
            "GCC_COMPARE_DEBUG",
        ] {
            command.env_remove(variable);
        }
        command
            .env("LC_ALL", "C")
            .env("SOURCE_DATE_EPOCH", BUILD_EPOCH_S.to_string())
            .current_dir(cwd)
            .stdin(Stdio::null())
            .stdout(Stdio::null());
        command
    }

    /// Flags for all sources: code as Linux 6.1 has it on x86-64 (`Makefile`, `arch/x86/Makefile`), warnings likewise,
    /// except that what later compilers made errors of stays a warning, for modules of any era.
    pub(crate) fn base_flags(&self, config: &Config) -> Vec<String> {
        let mut flags: Vec<String> = [
            "-pipe",
            "-nostdinc",
            "-D__KERNEL__",
            "-DMODULE",
            "-std=gnu11",
            "-O2",
            "-g",
            "-gno-record-gcc-switches",
            "-fno-strict-aliasing",
            "-fno-common",
            "-fshort-wchar",
            "-fno-PIE",
            "-fno-pic",
            "-mcmodel=kernel",
            "-m64",
            "-mno-red-zone",
            "-mno-sse",
            "-mno-mmx",
            "-mno-sse2",
            "-mno-3dnow",
            "-mno-avx",
            "-mno-80387",
            "-fno-omit-frame-pointer",
            // Call traces name every caller: no tail calls.
            "-fno-optimize-sibling-calls",
            "-fno-delete-null-pointer-checks",
            "-fwrapv",
            "-fno-asynchronous-unwind-tables",
            "-fno-unwind-tables",
            // As Debian's kernel; the canary is a variable that kloom exports.
            "-fstack-protector-strong",
            "-mstack-protector-guard=global",
            "-fno-stack-clash-protection",
            "-fno-jump-tables",
            "-fcf-protection=none",
            "-fno-diagnostics-color",
            "-Wall",
            "-Wundef",
            "-Werror=implicit-function-declaration",
            "-Werror=implicit-int",
            "-Werror=return-type",
            "-Wno-format-security",
            "-Wno-format-truncation",
            "-Wno-format-overflow",
            "-Wno-sign-compare",
            "-Wno-pointer-sign",
            "-Wno-unused-but-set-variable",
            "-Wno-unused-const-variable",
            "-Wno-address-of-packed-member",
            "-Wno-array-bounds",
            "-Wno-main",
            "-Wno-trigraphs",
            "-Wno-attributes",
            "-Wvla",
            "-Wno-error=incompatible-pointer-types",
            "-Wno-error=int-conversion",
        ]
        .map(str::to_owned)
        .to_vec();
        let own: &[&str] = match self.kind {
            CompilerKind::Gcc => &[
                // Bytes, as clang counts, not columns of a terminal with tabs at 8: reports point into the text.
                "-fdiagnostics-column-unit=byte",
                "-fno-allow-store-data-races",
                "-Wno-missing-attributes",
                "-Wno-maybe-uninitialized",
                "-Wno-stringop-truncation",
                "-Wno-stringop-overflow",
                "-Wno-restrict",
                "-Wno-packed-not-aligned",
                "-Wno-tsan",
            ],
            CompilerKind::Clang => &[
                "-Wno-gnu",
                "-Wno-unused-command-line-argument",
                "-Wno-unknown-warning-option",
                "-Wno-initializer-overrides",
                "-Wno-tautological-constant-out-of-range-compare",
                "-Wno-incompatible-function-pointer-types-strict",
            ],
        };
        flags.extend(own.iter().map(|flag| (*flag).to_owned()));
        flags.push(format!("-DLINUX_VERSION_CODE={}", config.kernel_version));
        flags.push(format!("-DKLOOM_RELEASE=\"{}\"", config.release));
        flags.extend(config.extra_defines.iter().map(|define| format!("-D{define}")));
        flags
    }

    /// Flags that make the compiler call kloom's hooks.
    pub(crate) fn instrument_flags(&self) -> &'static [&'static str] {
        match self.kind {
            CompilerKind::Gcc => {
                &["-fsanitize=thread", "--param", "tsan-distinguish-volatile=1", "-fsanitize-coverage=trace-pc"]
            }
            CompilerKind::Clang => &[
                "-fsanitize=thread",
                "-mllvm",
                "-tsan-distinguish-volatile=1",
                "-mllvm",
                "-tsan-instrument-func-entry-exit=1",
                // gcc reports the read of a read-then-write, so clang shall, too.
                "-mllvm",
                "-tsan-instrument-read-before-write=1",
                "-fsanitize-coverage=trace-pc",
            ],
        }
    }
}

/// Whether a flag of a Makefile is passed on: macros, include paths, warnings that are not errors.
pub(crate) fn accepts_flag(flag: &str) -> bool {
    let prefixes = ["-D", "-U", "-I", "-W", "-iquote", "-isystem", "-include"];
    (prefixes.iter().any(|prefix| flag.starts_with(prefix))
        && !flag.starts_with("-Werror")
        && !flag.starts_with("-Wl,")
        && !flag.starts_with("-Wa,")
        && !flag.starts_with("-Wp,"))
        || flag == "-w"
        || flag.starts_with("-std=")
}

/// The executable that `name` means: itself when it has a slash, else the first in the search path.
fn look_up(name: &Path, config: &Config) -> Option<PathBuf> {
    let usable =
        |path: &Path| fs::metadata(path).is_ok_and(|meta| meta.is_file() && meta.permissions().mode() & 0o111 != 0);
    if name.components().count() > 1 {
        let path = config.cwd.join(name);
        return usable(&path).then_some(path);
    }
    let system = std::ffi::OsString::from("/usr/local/bin:/usr/bin:/bin");
    let search = config.search_path.as_ref().unwrap_or(&system);
    std::env::split_paths(search).map(|dir| config.cwd.join(dir).join(name)).find(|path| usable(path))
}

/// Path, what it resolves to, size and modification time, in one line.
fn file_identity(path: &Path) -> String {
    let real = fs::canonicalize(path).unwrap_or_else(|_| path.to_path_buf());
    let (size, seconds, nanos) =
        fs::metadata(&real).map_or((0, 0, 0), |meta| (meta.size(), meta.mtime(), meta.mtime_nsec()));
    format!("{}={} {size} {seconds}.{nanos}\n", path.display(), real.display())
}
