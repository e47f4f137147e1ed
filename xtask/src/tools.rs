//! What the build and the tests need: programs, found or installed where that can be done without asking, and space.

use crate::{say, sh};

/// A program, the Debian package that has it, and what needs it.
struct Tool {
    program: &'static str,
    package: &'static str,
    needed_for: &'static str,
}

const TOOLS: &[Tool] = &[
    Tool { program: "gcc", package: "gcc", needed_for: "building modules" },
    Tool { program: "ld", package: "binutils", needed_for: "comparing the loader with the system linker" },
    Tool { program: "make", package: "make", needed_for: "building modules for real Linux" },
    Tool { program: "busybox", package: "busybox-static", needed_for: "comparing the scenario shell with a real one" },
];

/// What a build from nothing and its tests leave in the target directory, with a third to spare.
const NEEDED_GIB: u64 = 8;

/// Sees to it that all tools and the space are there.
///
/// # Errors
/// Some are missing and cannot be installed here; says which and how.
pub(crate) fn ensure() -> Result<(), String> {
    programs()?;
    let Some(free) = free_gib() else { return Ok(()) };
    let target = sh::target();
    // Where much is built already, little more is needed.
    if free < NEEDED_GIB && !target.join("debug/kloom").is_file() {
        return Err(format!("the build needs {NEEDED_GIB} GiB, but {free} are free at {}", target.display()));
    }
    say::out(&format!("{free} GiB are free\n"));
    Ok(())
}

/// Free space where cargo builds; `None` if that cannot be told.
fn free_gib() -> Option<u64> {
    let target = sh::target();
    let there = target.ancestors().find(|path| path.is_dir())?;
    let table = sh::program("df", &["-Pk"]).arg(there).read().ok()?;
    let kib: u64 = table.lines().nth(1)?.split_whitespace().nth(3)?.parse().ok()?;
    Some(kib >> 20)
}

fn programs() -> Result<(), String> {
    let missing: Vec<&Tool> = TOOLS.iter().filter(|tool| !is_there(tool.program)).collect();
    if missing.is_empty() {
        say::out(&format!("{} are there\n", TOOLS.iter().map(|tool| tool.program).collect::<Vec<_>>().join(", ")));
        return Ok(());
    }
    let packages: Vec<&str> = missing.iter().map(|tool| tool.package).collect();
    if is_root() && is_there("apt-get") {
        // An old package list is better than none: the install says whether it was good enough.
        let _ = sh::program("apt-get", &["update", "--quiet"]).run();
        let install = ["install", "--yes", "--quiet", "--no-install-recommends"];
        let _ = sh::program("apt-get", &install).args(&packages).env("DEBIAN_FRONTEND", "noninteractive").run();
    }
    let still: Vec<String> = missing
        .iter()
        .filter(|tool| !is_there(tool.program))
        .map(|tool| format!("`{}` is needed for {}", tool.program, tool.needed_for))
        .collect();
    if still.is_empty() {
        return Ok(());
    }
    Err(format!("{}; on Debian and Ubuntu: apt-get install {}", still.join(", "), packages.join(" ")))
}

/// Whether a program is on the search path.
#[expect(clippy::disallowed_methods, reason = "PATH is where programs are looked for")]
pub(crate) fn is_there(program: &str) -> bool {
    let path = std::env::var_os("PATH").unwrap_or_default();
    std::env::split_paths(&path).any(|folder| folder.join(program).is_file())
}

fn is_root() -> bool {
    sh::program("id", &["-u"]).read().is_ok_and(|id| id.trim() == "0")
}
