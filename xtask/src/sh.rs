//! Starting programs, reading and writing files of the checkout.

use std::ffi::{OsStr, OsString};
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output, Stdio};
use std::time::Duration;

/// The root of the checkout.
pub(crate) fn root() -> &'static Path {
    Path::new(env!("CARGO_MANIFEST_DIR")).parent().expect("xtask is a folder of the checkout")
}

/// A program about to be started at the root of the checkout, without stdin.
pub(crate) struct Run {
    command: Command,
    shown: String,
}

/// A program.
pub(crate) fn program(name: &str, args: &[&str]) -> Run {
    let mut command = Command::new(name);
    command.current_dir(root()).stdin(Stdio::null());
    Run { command, shown: Path::new(name).file_stem().unwrap_or_default().to_string_lossy().into_owned() }.args(args)
}

/// The cargo that started this command.
#[expect(clippy::disallowed_methods, reason = "cargo says in CARGO which one it is")]
pub(crate) fn cargo(args: &[&str]) -> Run {
    let cargo = std::env::var("CARGO").unwrap_or_else(|_| "cargo".into());
    program(&cargo, args)
}

impl Run {
    /// Adds an argument.
    pub(crate) fn arg(mut self, arg: impl AsRef<OsStr>) -> Run {
        let arg = arg.as_ref();
        self.shown = format!("{} {}", self.shown, arg.to_string_lossy());
        self.command.arg(arg);
        self
    }

    /// Adds arguments.
    pub(crate) fn args(self, args: &[&str]) -> Run {
        args.iter().fold(self, |run, arg| run.arg(arg))
    }

    /// Sets a variable of its environment.
    pub(crate) fn env(mut self, name: &str, value: impl Into<OsString>) -> Run {
        self.command.env(name, value.into());
        self
    }

    /// Runs it with the terminal's output.
    pub(crate) fn run(mut self) -> Result<(), String> {
        let status = self.command.status().map_err(|error| format!("cannot start `{}`: {error}", self.shown))?;
        if status.success() { Ok(()) } else { Err(format!("`{}`: {status}", self.shown)) }
    }

    /// Runs it and returns what it left behind, whatever its exit code is.
    pub(crate) fn output(mut self) -> Result<Output, String> {
        self.command.output().map_err(|error| format!("cannot start `{}`: {error}", self.shown))
    }

    /// Runs it and returns what it left behind, or ends it at the limit and returns None.
    #[expect(clippy::disallowed_methods, reason = "waiting for a child with a limit is host time")]
    pub(crate) fn output_within(mut self, limit: Duration) -> Result<Option<Output>, String> {
        let fail = |error: std::io::Error| format!("cannot run `{}`: {error}", self.shown);
        let child =
            self.command.stdout(Stdio::piped()).stderr(Stdio::piped()).process_group(0).spawn().map_err(fail)?;
        let group = format!("-{}", child.id());
        let (done, ended) = std::sync::mpsc::channel();
        std::thread::spawn(move || done.send(child.wait_with_output()));
        match ended.recv_timeout(limit) {
            Ok(output) => output.map(Some).map_err(fail),
            Err(_) => {
                // Its own group: cargo, kloom and what they started.
                let _ = Command::new("kill").args(["-TERM", "--", &group]).status();
                Ok(None)
            }
        }
    }

    /// Runs it and returns what it wrote to stdout.
    pub(crate) fn read(self) -> Result<String, String> {
        let shown = self.shown.clone();
        let output = self.output()?;
        if !output.status.success() {
            return Err(format!("`{shown}` failed:\n{}", String::from_utf8_lossy(&output.stderr)));
        }
        String::from_utf8(output.stdout).map_err(|error| format!("`{shown}`: {error}"))
    }
}

/// A file of the checkout as text.
pub(crate) fn read(path: &str) -> Result<String, String> {
    std::fs::read_to_string(root().join(path)).map_err(|error| format!("{path}: {error}"))
}

/// Writes a file of the checkout and says so.
pub(crate) fn write(path: &str, text: &str) -> Result<(), String> {
    let file = root().join(path);
    let folder = file.parent().map_or(Ok(()), std::fs::create_dir_all);
    folder.and_then(|()| std::fs::write(&file, text)).map_err(|error| format!("{path}: {error}"))?;
    crate::say::out(&format!("wrote {path}\n"));
    Ok(())
}

/// Where cargo builds.
#[expect(clippy::disallowed_methods, reason = "the target directory is a setting of the environment")]
pub(crate) fn target() -> PathBuf {
    std::env::var_os("CARGO_TARGET_DIR").map_or_else(|| root().join("target"), PathBuf::from)
}
