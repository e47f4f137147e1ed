//! The second engine in CI, and the table of what it found: `docs/conformance.md`.

use std::path::Path;
use std::time::{Duration, Instant};

use crate::{say, sh};

/// Cases that CI records anew.
const SAMPLE: usize = 4;
/// Most time the sample may take; a machine that is slower than this is no reason to fail.
const SAMPLE_LIMIT: Duration = Duration::from_secs(180);
/// Most time getting its parts may take.
const SETUP_LIMIT: Duration = Duration::from_secs(600);
/// Cases whose times stand in the table: the shortest, one with threads, one that hangs.
const TIMED: &[&str] = &["mod-taint", "text-03-should-stop", "text-07-index", "text-02-hang-at-rmmod"];

/// Records a few cases anew, chosen by the commit, and compares them with what is committed.
///
/// A machine without the parts, or one that cannot get them, skips it and says so.
///
/// # Errors
/// Linux showed something else than is committed.
pub(crate) fn sample() -> Result<(), String> {
    let setup = sh::cargo(&["run", "--quiet", "--package", "kloom", "--", "linux", "setup"]);
    let Some(setup) = setup.output_within(SETUP_LIMIT)? else {
        say::out(&format!("skipped, the second engine's parts did not come within {} s\n", SETUP_LIMIT.as_secs()));
        return Ok(());
    };
    if !setup.status.success() {
        let why = String::from_utf8_lossy(&setup.stderr);
        let why = why.lines().find(|line| line.starts_with("error:")).unwrap_or("error: no reason given").to_string();
        say::out(&format!("skipped, the second engine's parts are not to be had: {why}\n"));
        return Ok(());
    }
    let names = single_outcome_cases(&sh::root().join("tests/linux"))?;
    let commit = sh::program("git", &["rev-parse", "HEAD"]).read().unwrap_or_default();
    let picked = pick(&names, commit.trim());
    say::out(&format!("recording {} of {} cases anew: {}\n", picked.len(), names.len(), picked.join(" ")));
    let arguments = ["run", "--quiet", "--package", "kloom", "--", "linux", "capture", "--check", "tests/linux"];
    // A busy host can make one boot go differently; what differs twice is not the host.
    for last in [false, true] {
        let Some(output) = sh::cargo(&arguments).args(&picked).output_within(SAMPLE_LIMIT)? else {
            say::out(&format!("skipped, the boots took longer than {} s\n", SAMPLE_LIMIT.as_secs()));
            return Ok(());
        };
        let (out, err) = (String::from_utf8_lossy(&output.stdout), String::from_utf8_lossy(&output.stderr));
        say::out(&format!("{out}{err}"));
        match output.status.code() {
            Some(0) => return Ok(()),
            Some(1) if last => return Err("a real Linux shows something else than is committed".into()),
            Some(1) => say::out("that differs from what is committed; once more\n"),
            code => {
                say::out(&format!("skipped, the second engine could not work here (exit code {code:?})\n"));
                return Ok(());
            }
        }
    }
    Ok(())
}

/// The names of the cases that can show one thing only.
fn single_outcome_cases(suite: &Path) -> Result<Vec<String>, String> {
    let entries = std::fs::read_dir(suite).map_err(|error| format!("{}: {error}", suite.display()))?;
    let mut names: Vec<String> = entries
        .filter_map(|entry| {
            let path = entry.ok()?.path();
            let settings = std::fs::read_to_string(path.join("case.toml")).ok()?;
            // One CPU skips idle time, so such a boot takes seconds; a case that waits for a hang does not.
            let slow = ["single_outcome = false", "cpus = ", "fresh = true", "hang_after_s"];
            let usable = path.join("linux-6.1.capture").is_file() && !slow.iter().any(|word| settings.contains(word));
            usable.then(|| path.file_name()?.to_str().map(str::to_string)).flatten()
        })
        .collect();
    names.sort();
    Ok(names)
}

/// The sample of a commit: neighbours in the list, another start for each commit.
fn pick<'n>(names: &'n [String], commit: &str) -> Vec<&'n str> {
    let start = usize::from_str_radix(commit.get(..7).unwrap_or("0"), 16).unwrap_or(0);
    (0..SAMPLE.min(names.len())).map(|step| names[(start + step * 17) % names.len()].as_str()).collect()
}

/// Writes `docs/conformance.md`.
///
/// # Errors
/// The command fails, or the file cannot be written.
#[expect(clippy::disallowed_methods, reason = "how long it took is told to people, never to a machine")]
pub(crate) fn write() -> Result<(), String> {
    let mut run = sh::cargo(&["run", "--quiet", "--package", "kloom", "--", "compare", "--suite", "tests/linux"]);
    for case in TIMED {
        run = run.arg("--time").arg(case);
    }
    let started = Instant::now();
    let table = run.read()?;
    say::out(&format!("measured in {:.0} s\n", started.elapsed().as_secs_f64()));
    sh::write("docs/conformance.md", &format!("{HEAD}{table}"))
}

const HEAD: &str = "# kloom and Linux 6.1\n\n\
<!-- written by `cargo xtask linux-capture --table` -->\n\n\
Every case below `tests/linux` is a small module, a scenario, and what Debian's kernel 6.1 showed when it ran the two under \
QEMU. `cargo test -p kloom --test conformance` runs kloom on all of them and compares messages, output, exit codes and the \
way the scenario ended. What may differ between any two runs (time stamps, pids, addresses) is abstracted by the list at the \
top of `crates/kloom-linux/src/abstraction.rs`.\n\n\
Times: one run of the built module in kloom; Linux from the start of QEMU to its end, without the build. QEMU emulates \
(no KVM) and skips idle time.\n\n";

#[cfg(test)]
mod tests {
    use super::pick;

    #[test]
    fn samples_differ_by_commit_and_stay_in_range() {
        let names: Vec<String> = (0..50).map(|number| format!("case-{number}")).collect();
        let (one, other) = (pick(&names, "0000001abc"), pick(&names, "0000002abc"));
        assert_eq!(one, ["case-1", "case-18", "case-35", "case-2"]);
        assert_ne!(one, other);
        assert_eq!(pick(&names[..2], "ffffffff").len(), 2);
        assert!(pick(&[], "1").is_empty());
    }
}
