//! Programs that the tests need: found, or installed where that can be done without asking.

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

/// Sees to it that all tools are there.
///
/// # Errors
/// Some are missing and cannot be installed here; says which and how.
pub(crate) fn ensure() -> Result<(), String> {
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
