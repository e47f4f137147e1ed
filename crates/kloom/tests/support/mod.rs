//! What the tests of the command share: where things are, running `kloom` as a child with a deadline, and the one
//! normalisation there is (host time).
//!
//! Every run is a child process, so that a crash of kloom fails the case that caused it and nothing else.

#![allow(dead_code, unreachable_pub, clippy::allow_attributes, reason = "each test program uses a part of this module")]

pub mod bug;
pub mod case;

use std::fs;
use std::io::{self, Read};
use std::path::{Path, PathBuf};
use std::process::{Command, ExitStatus, Stdio};
use std::time::Duration;

/// Host seconds after which a run of `kloom` counts as hanging.
const DEADLINE_S: u64 = 120;

/// Root of the workspace.
pub fn workspace() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the workspace is where it was built")
}

/// Where built modules are kept between runs of the tests.
pub fn cache_dir() -> PathBuf {
    Path::new(env!("CARGO_TARGET_TMPDIR")).join("../kloom-cache")
}

/// A fresh directory below cargo's directory for test files.
pub fn fresh_dir(name: &str) -> PathBuf {
    let dir = Path::new(env!("CARGO_TARGET_TMPDIR")).join(name);
    match fs::remove_dir_all(&dir) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => panic!("cannot clear {}: {error}", dir.display()),
        _ => {}
    }
    fs::create_dir_all(&dir).expect("the target directory is writable");
    dir
}

/// A `kloom` command that runs in `dir` with no surprises from the environment.
pub fn kloom(dir: &Path) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_kloom"));
    command.current_dir(dir).env("XDG_CACHE_HOME", cache_dir()).env_remove("KLOOM_CC").env_remove("NO_COLOR");
    command
}

/// What a child left behind.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Done {
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output.
    pub stdout: Vec<u8>,
    /// Its standard error.
    pub stderr: Vec<u8>,
}

impl Done {
    /// Standard output as text.
    pub fn out(&self) -> String {
        String::from_utf8_lossy(&self.stdout).into_owned()
    }

    /// Standard error as text, without host time.
    pub fn err(&self) -> String {
        without_host_time(&String::from_utf8_lossy(&self.stderr))
    }

    /// The exit code, or in words what else happened.
    pub fn code(&self) -> Result<i32, String> {
        self.status.code().ok_or_else(|| format!("kloom was ended by {}\n{}", self.status, self.err()))
    }
}

/// Runs a command to its end.
///
/// # Errors
/// It does not start, or does not end in time.
pub fn run(command: &mut Command) -> Result<Done, String> {
    let spawned = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn();
    let mut child = spawned.map_err(|error| format!("cannot start {command:?}: {error}"))?;
    let (mut out, mut err) = (child.stdout.take().expect("piped"), child.stderr.take().expect("piped"));
    std::thread::scope(|scope| {
        let out = scope.spawn(move || read_all(&mut out));
        let err = scope.spawn(move || read_all(&mut err));
        let mut waited = Duration::ZERO;
        let mut pause = Duration::from_millis(1);
        let status = loop {
            if let Some(status) = child.try_wait().map_err(|error| error.to_string())? {
                break Some(status);
            }
            if waited > Duration::from_secs(DEADLINE_S) {
                let _ = child.kill();
                let _ = child.wait();
                break None;
            }
            rest(pause);
            waited += pause;
            pause = (pause * 2).min(Duration::from_millis(20));
        };
        let stdout = out.join().map_err(|_| "reader of stdout died")?;
        let stderr = err.join().map_err(|_| "reader of stderr died")?;
        match status {
            Some(status) => Ok(Done { status, stdout, stderr }),
            None => Err(format!("{command:?} did not end within {DEADLINE_S} s\n{}", String::from_utf8_lossy(&stderr))),
        }
    })
}

/// Waits while a child process works.
#[expect(clippy::disallowed_methods, reason = "waiting for a child process is host time")]
pub fn rest(pause: Duration) {
    std::thread::sleep(pause);
}

fn read_all(from: &mut dyn Read) -> Vec<u8> {
    let mut bytes = Vec::new();
    let _ = from.read_to_end(&mut bytes);
    bytes
}

/// Takes host time out of the closing line: `(0.02 s, 12.3 s of virtual time)` becomes `(12.3 s of virtual time)`.
///
/// This is the only normalisation; everything else kloom says is the same on every machine and in every run.
pub fn without_host_time(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        if line.starts_with("    Checked ")
            && let Some(end) = line.rfind("s wall, ")
            && let Some(start) = line[..end].rfind(", ")
        {
            out.push_str(&line[..start + ", ".len()]);
            out.push_str(&line[end + "s wall, ".len()..]);
            continue;
        }
        let closing = line.rfind(" s of virtual time)").and_then(|end| Some((line[..end].rfind('(')?, end)));
        match closing {
            Some((open, end)) if line[open..end].contains(" s, ") => {
                let comma = open + line[open..end].find(" s, ").expect("just seen") + " s, ".len();
                out.push_str(&line[..=open]);
                out.push_str(&line[comma..]);
            }
            _ => out.push_str(line),
        }
    }
    out
}

/// Compares `found` with the file `golden`, or writes it there when blessing.
///
/// # Errors
/// They differ; the text shows where.
pub fn compare(golden: &Path, found: &str) -> Result<(), String> {
    if blessing() {
        if fs::read_to_string(golden).is_ok_and(|old| old == found) {
            return Ok(());
        }
        return fs::write(golden, found).map_err(|error| format!("{}: {error}", golden.display()));
    }
    let expected = fs::read_to_string(golden)
        .map_err(|error| format!("{}: {error} (KLOOM_BLESS=1 writes it)\n--- found ---\n{found}", golden.display()))?;
    if expected == found {
        Ok(())
    } else {
        Err(format!("{} differs:\n{}", golden.display(), difference(&expected, found)))
    }
}

/// Whether goldens are to be rewritten.
#[expect(clippy::disallowed_methods, reason = "a developer's switch for the tests")]
pub fn blessing() -> bool {
    std::env::var_os("KLOOM_BLESS").is_some_and(|value| value == "1")
}

/// Shows the lines around the first difference of two texts.
pub fn difference(expected: &str, found: &str) -> String {
    let (old, new): (Vec<_>, Vec<_>) = (expected.lines().collect(), found.lines().collect());
    let same = old.iter().zip(&new).take_while(|(a, b)| a == b).count();
    let mut text = format!("first difference in line {}\n", same + 1);
    for line in &old[same.saturating_sub(2)..same] {
        text.push_str(&format!("  {line}\n"));
    }
    for line in old.iter().skip(same).take(12) {
        text.push_str(&format!("- {line}\n"));
    }
    for line in new.iter().skip(same).take(12) {
        text.push_str(&format!("+ {line}\n"));
    }
    text
}
