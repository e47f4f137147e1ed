//! What is measured in a process of its own: resident memory, and the way from a C source to the first line of the log.
//!
//! [`main`] is what such a process runs; it prints one line of numbers.

use std::io::Write;
use std::path::Path;
use std::process::{Command, Stdio};
use std::time::Duration;

use kloom_sim::Output;

use crate::clock;
use crate::module::{Module, Setup};
use crate::peers;

/// What a crowd of threads took.
#[derive(Clone, Copy, Debug, PartialEq)]
pub struct Crowd {
    /// How many were alive at once.
    pub alive: u64,
    /// Resident bytes of each.
    pub bytes_each: f64,
    /// Until all were alive.
    pub time: Duration,
}

/// Resident bytes of this process.
pub fn resident_bytes() -> u64 {
    let status = std::fs::read_to_string("/proc/self/status").unwrap_or_default();
    let line = status.lines().find_map(|line| line.strip_prefix("VmRSS:"));
    let kib = line.and_then(|rest| rest.split_whitespace().next()).and_then(|number| number.parse::<u64>().ok());
    kib.unwrap_or(0) * 1024
}

/// Measures a crowd in a child: `kloom`, `thread` or `tokio`.
///
/// # Errors
/// The child fails.
pub fn crowd(who: &str, n: u64, cache: &Path) -> Result<Crowd, String> {
    let text = child(&["crowd", who, &n.to_string(), &cache.to_string_lossy()])?;
    let numbers: Vec<f64> = text.split_whitespace().filter_map(|word| word.parse().ok()).collect();
    match numbers[..] {
        [alive, bytes, seconds] => Ok(Crowd {
            alive: alive as u64,
            bytes_each: bytes / alive.max(1.0),
            time: Duration::from_secs_f64(seconds),
        }),
        _ => Err(format!("the child for {who} said: {text}")),
    }
}

/// Starts a process that builds `source` and runs it: time until its first line of the log arrives here.
///
/// # Errors
/// It fails, or prints nothing.
pub fn first_line(mut command: Command) -> Result<Duration, String> {
    command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::null());
    let start = clock::now();
    let mut process = command.spawn().map_err(|error| format!("cannot start {command:?}: {error}"))?;
    let mut byte = [0];
    let read = process.stdout.take().map(|mut out| {
        let read = std::io::Read::read(&mut out, &mut byte);
        (start.elapsed(), read, out)
    });
    let Some((time, Ok(1), mut rest)) = read else { return Err(format!("{command:?} printed nothing")) };
    let _ = std::io::copy(&mut rest, &mut std::io::sink());
    let status = process.wait().map_err(|error| error.to_string())?;
    if status.success() { Ok(time) } else { Err(format!("{command:?}: {status}")) }
}

/// The command that runs a bench module by kloom as a library, for [`first_line`].
///
/// # Errors
/// This program cannot find itself.
pub fn library_command(module: &str, cache: &Path) -> Result<Command, String> {
    let mut command = this_program()?;
    command.args(["--child", "first-line", module]).arg(cache);
    Ok(command)
}

fn this_program() -> Result<Command, String> {
    std::env::current_exe().map(Command::new).map_err(|error| format!("cannot find this program: {error}"))
}

fn child(args: &[&str]) -> Result<String, String> {
    let mut command = this_program()?;
    command.arg("--child").args(args).stdin(Stdio::null()).stderr(Stdio::inherit());
    let output = command.output().map_err(|error| error.to_string())?;
    if !output.status.success() {
        return Err(format!("{args:?}: {}", output.status));
    }
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// What a child process does, by the words after `--child`.
///
/// # Errors
/// Unknown words, or what they ask for does not work.
pub fn main(args: &[String]) -> Result<(), String> {
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    match words[..] {
        ["crowd", who, n, cache] => {
            crowd_child(who, n.parse().map_err(|_| format!("{n} is no number"))?, Path::new(cache))
        }
        ["first-line", module, cache] => {
            let module = Module::build(module, Path::new(cache))?;
            let setup = Setup { sleep_s: 1, ..Setup::default() };
            module.run(&setup, &mut |output| {
                if let Output::Log(record) = output {
                    say(&format!("{}\n", String::from_utf8_lossy(&record.text)));
                }
            });
            Ok(())
        }
        _ => Err(format!("unknown child {words:?}")),
    }
}

fn crowd_child(who: &str, n: u64, cache: &Path) -> Result<(), String> {
    match who {
        "kloom" => {
            let module = Module::build("crowd", cache)?;
            // A machine of few threads first, so that what every machine has is not counted.
            module.run(&Setup { params: "n=10".into(), keep: true, ..Setup::default() }, &mut |_| ());
            let before = resident_bytes();
            let start = clock::now();
            let setup =
                Setup { params: format!("n={n}"), keep: true, max_tasks: Some(n as usize + 1000), ..Setup::default() };
            let mut told = false;
            module.run(&setup, &mut |output| {
                if let Output::Log(record) = output
                    && record.text.ends_with(b" alive")
                    && !told
                {
                    told = true;
                    report(n, before, start.elapsed());
                }
            });
            Ok(())
        }
        "thread" => {
            let before = resident_bytes();
            let start = clock::now();
            peers::thread_crowd(n, |alive| report(alive, before, start.elapsed()));
            Ok(())
        }
        "tokio" => {
            let before = resident_bytes();
            let start = clock::now();
            peers::tokio_crowd(n, |alive| report(alive, before, start.elapsed()));
            Ok(())
        }
        _ => Err(format!("unknown crowd {who}")),
    }
}

fn report(alive: u64, before: u64, time: Duration) {
    let grown = resident_bytes().saturating_sub(before);
    say(&format!("{alive} {grown} {}\n", time.as_secs_f64()));
}

fn say(text: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(text.as_bytes());
    let _ = out.flush();
}
