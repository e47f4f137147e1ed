//! The host's programs and clock, in one place.
//!
//! The determinism firewall keeps host time out of the simulated machine. A real kernel in QEMU
//! lives in host time, so this file is where the second engine is let through.

use std::io::Read;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::time::{Duration, Instant};

use crate::Error;

/// A moment of host time after which a phase has failed.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Deadline {
    end: Instant,
}

impl Deadline {
    /// Starts a limit of `limit_s` seconds.
    #[expect(clippy::disallowed_methods, reason = "limits of a real machine run on host time")]
    pub(crate) fn after(limit_s: u64) -> Self {
        Self { end: Instant::now() + Duration::from_secs(limit_s) }
    }

    /// Whether the limit is reached.
    #[expect(clippy::disallowed_methods, reason = "limits of a real machine run on host time")]
    pub(crate) fn passed(self) -> bool {
        Instant::now() >= self.end
    }
}

/// A running stopwatch, for provenance and figures only.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Stopwatch {
    start: Instant,
}

impl Stopwatch {
    /// Starts measuring.
    #[expect(clippy::disallowed_methods, reason = "wall time of a real boot")]
    pub(crate) fn start() -> Self {
        Self { start: Instant::now() }
    }

    /// Host time since the start.
    pub(crate) fn elapsed(self) -> Duration {
        self.start.elapsed()
    }
}

/// Waits a moment between two looks at a program that offers nothing to wait on.
#[expect(clippy::disallowed_methods, reason = "polling a child process with a limit; std offers no timed wait")]
pub(crate) fn pause() {
    std::thread::sleep(Duration::from_millis(15));
}

/// A child process that is killed and reaped when it goes out of scope.
#[derive(Debug)]
pub(crate) struct Guarded(pub(crate) Child);

impl Drop for Guarded {
    fn drop(&mut self) {
        // Both fail only when the child has already ended, which is what is wanted.
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}

/// What a program that ended left behind.
#[derive(Debug)]
pub(crate) struct Finished {
    /// How it ended.
    pub(crate) status: ExitStatus,
    /// Standard output and standard error, in the order written.
    pub(crate) text: String,
}

/// Runs `command` to its end, or kills it at the limit.
///
/// Output goes through a temporary file, so a program that writes much cannot block on a pipe.
///
/// # Errors
/// [`Error::Program`] when it cannot be started, [`Error::Timeout`] at the limit.
pub(crate) fn finish(command: &mut Command, phase: &'static str, limit_s: u64) -> Result<Finished, Error> {
    let shown = command.get_program().to_string_lossy().into_owned();
    let failed = |detail: std::io::Error| Error::Program { command: shown.clone(), detail: detail.to_string() };
    let mut log = tempfile::tempfile().map_err(failed)?;
    let child = command
        .stdin(Stdio::null())
        .stdout(log.try_clone().map_err(failed)?)
        .stderr(log.try_clone().map_err(failed)?)
        .spawn()
        .map_err(failed)?;
    let mut child = Guarded(child);
    let deadline = Deadline::after(limit_s);
    let status = loop {
        if let Some(status) = child.0.try_wait().map_err(failed)? {
            break status;
        }
        if deadline.passed() {
            return Err(Error::Timeout { phase, limit_s });
        }
        pause();
    };
    let mut text = Vec::new();
    std::io::Seek::rewind(&mut log).map_err(failed)?;
    log.read_to_end(&mut text).map_err(failed)?;
    Ok(Finished { status, text: String::from_utf8_lossy(&text).into_owned() })
}

/// Where a program is on this machine, looked for as a shell would plus the `sbin` directories.
pub(crate) fn program(name: &str) -> Option<std::path::PathBuf> {
    ["/usr/local/bin", "/usr/bin", "/bin", "/usr/sbin", "/sbin"]
        .iter()
        .map(|dir| std::path::Path::new(dir).join(name))
        .find(|path| path.is_file())
}
