//! What stands in the guest: its file tree and the scripts that run the cases.

use std::path::Path;

use crate::initramfs::Archive;
use crate::{Error, host, scenario};

/// The guest's `/init`.
const INIT: &str = include_str!("guest_init.sh");

/// Programs of the host that the guest gets beside busybox, with the libraries they need.
const PROGRAMS: &[&str] = &["kmod", "ps", "pgrep", "pidof", "top"];

/// Names under which `kmod` does its work.
const KMOD_NAMES: &[&str] = &["insmod", "rmmod", "lsmod", "modinfo", "modprobe", "depmod"];

/// One case as the guest gets it.
#[derive(Debug)]
pub(crate) struct GuestCase<'a> {
    /// Directory below `/kloom`; a single path component.
    pub(crate) name: &'a str,
    /// The scenario.
    pub(crate) script: &'a str,
    /// Guest seconds after which a command counts as hanging.
    pub(crate) hang_after_s: u32,
    /// Nothing may follow in the same boot.
    pub(crate) lone: bool,
    /// Files beside the script: modules.
    pub(crate) files: Vec<(String, Vec<u8>)>,
}

/// Builds the initramfs for one boot.
///
/// # Errors
/// A program of the host is missing or cannot be read.
pub(crate) fn initramfs(cases: &[GuestCase<'_>], taint: Option<&[u8]>) -> Result<Vec<u8>, Error> {
    let mut archive = Archive::default();
    for directory in ["proc", "sys", "dev", "run", "tmp", "root", "bin/.bb", "etc"] {
        archive.directory(directory);
    }
    archive.file("etc/passwd", 0o644, b"root:x:0:0:root:/root:/bin/sh\n");
    archive.file("etc/group", 0o644, b"root:x:0:\n");
    programs(&mut archive)?;
    archive.file("init", 0o755, INIT.as_bytes());
    archive.file("kloom/settings", 0o644, b"watched=\n");
    let names: Vec<&str> = cases.iter().map(|case| case.name).collect();
    archive.file("kloom/cases", 0o644, names.join("\n").as_bytes());
    if let Some(taint) = taint {
        archive.file("kloom/taint.ko", 0o644, taint);
    }
    for case in cases {
        let dir = format!("kloom/{}", case.name);
        let settings = format!("hang={}\nlone={}\n", case.hang_after_s, u8::from(case.lone));
        archive.file(&format!("{dir}/settings"), 0o644, settings.as_bytes());
        archive.file(&format!("{dir}/run.sh"), 0o755, marked(case).as_bytes());
        for (file, content) in &case.files {
            archive.file(&format!("{dir}/{file}"), 0o644, content);
        }
    }
    Ok(archive.finish())
}

/// Adds busybox, kmod and procps.
fn programs(archive: &mut Archive) -> Result<(), Error> {
    let read = |path: &Path| std::fs::read(path).map_err(Error::io(path));
    let busybox = host::program("busybox").ok_or_else(|| missing("busybox-static"))?;
    archive.file("bin/busybox", 0o755, &read(&busybox)?);
    archive.symlink("bin/sh", "busybox");
    let mut libraries = std::collections::BTreeSet::new();
    for name in PROGRAMS {
        // procps is a comfort, kmod is what a scenario is about.
        let Some(path) = host::program(name) else {
            if *name == "kmod" {
                return Err(missing("kmod"));
            }
            continue;
        };
        libraries.extend(libraries_of(&path)?);
        archive.file(&format!("bin/{name}"), 0o755, &read(&path)?);
    }
    // `top` does not start without a description of its terminal.
    let terminal = Path::new("/lib/terminfo/d/dumb");
    if terminal.is_file() {
        archive.file("lib/terminfo/d/dumb", 0o644, &read(terminal)?);
    }
    for name in KMOD_NAMES {
        archive.symlink(&format!("bin/{name}"), "kmod");
    }
    for library in libraries {
        archive.file(&library, 0o755, &read(Path::new(&library))?);
    }
    Ok(())
}

fn missing(package: &str) -> Error {
    Error::Missing { parts: vec![format!("{package} (`kloom linux setup` installs it)")] }
}

/// The shared libraries of `program`, as absolute paths, by asking the dynamic loader.
fn libraries_of(program: &Path) -> Result<Vec<String>, Error> {
    let done = host::finish(std::process::Command::new("ldd").arg(program), "ldd", 20)?;
    Ok(parse_ldd(&done.text))
}

/// The paths in the output of `ldd`; a static program has none.
fn parse_ldd(text: &str) -> Vec<String> {
    text.lines()
        .filter_map(|line| line.split_whitespace().find(|word| word.starts_with('/')))
        .map(str::to_owned)
        .collect()
}

/// The scenario with a mark before and after each top-level command.
///
/// The marks keep `$?`, so that the scenario can ask for the status of the command before.
fn marked(case: &GuestCase<'_>) -> String {
    let mut text = String::from(
        "b() { kloom_s=$?; printf '\\002%s\\n' \"$1\" > /dev/ttyS0; printf '\\002%s\\n' \"$1\" >&9; \
         echo \"$1\" > /run/now; return $kloom_s; }\n\
         e() { kloom_s=$?; printf '\\002%s %s\\n' \"$1\" $kloom_s > /dev/ttyS0; \
         printf '\\002%s %s\\n' \"$1\" $kloom_s >&9; return $kloom_s; }\n",
    );
    // This busybox runs its own applets before looking into PATH; a function comes first.
    for name in KMOD_NAMES.iter().chain(&PROGRAMS[1..]) {
        text.push_str(&format!("[ -x /bin/{name} ] && {name}() {{ /bin/{name} \"$@\"; }}\n"));
    }
    for (index, command) in scenario::split(case.script).iter().enumerate() {
        let number = index + 1;
        text.push_str(&format!("b b{number}\n{command}\ne e{number}\n"));
    }
    text
}

#[cfg(test)]
mod tests {
    use super::{GuestCase, marked, parse_ldd};

    #[test]
    fn ldd_lines_give_paths() {
        let text = "\tlinux-vdso.so.1 (0x1)\n\tlibzstd.so.1 => /lib/x/libzstd.so.1 (0x2)\n\
                    \t/lib64/ld-linux-x86-64.so.2 (0x3)\n";
        assert_eq!(parse_ldd(text), ["/lib/x/libzstd.so.1", "/lib64/ld-linux-x86-64.so.2"]);
        assert!(parse_ldd("\tnot a dynamic executable\n").is_empty());
    }

    #[test]
    fn each_command_stands_between_its_marks() {
        let case = GuestCase {
            name: "a",
            script: "insmod m.ko\nif true\nthen :\nfi\n",
            hang_after_s: 1,
            lone: false,
            files: Vec::new(),
        };
        let text = marked(&case);
        assert!(text.ends_with("b b1\ninsmod m.ko\ne e1\nb b2\nif true\nthen :\nfi\ne e2\n"));
    }
}
