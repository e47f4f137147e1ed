//! Getting the parts: a distribution kernel, its headers, QEMU and the guest's programs.
//!
//! The kernel and its headers are unpacked into kloom's cache and never installed. The programs
//! (QEMU, busybox, kmod) are ordinary packages and are installed by the package manager. Running
//! it again does only what is not done yet.

use std::path::{Path, PathBuf};
use std::process::Command;

use serde::{Deserialize, Serialize};

use crate::{Error, host};

/// A kernel that is ready to build for and to boot.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Linux {
    /// What `uname -r` says in the guest.
    pub release: String,
    /// Package and version the kernel came from.
    pub package: String,
    /// The bootable image.
    pub image: PathBuf,
    /// The directory Kbuild is started in.
    pub build_dir: PathBuf,
}

/// A distribution release and the kernel series it is known for.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct Release {
    /// Its name, as given to `--release`.
    pub name: &'static str,
    /// The kernel series it has.
    pub series: &'static str,
}

/// Releases whose kernels kloom knows, the default first.
pub const RELEASES: &[Release] =
    &[Release { name: "bookworm", series: "6.1" }, Release { name: "trixie", series: "6.12" }];

/// A program the engine starts and the package it comes in.
const PROGRAMS: &[(&str, &str)] = &[
    ("qemu-system-x86_64", "qemu-system-x86"),
    ("busybox", "busybox-static"),
    ("kmod", "kmod"),
    ("make", "make"),
    ("gcc", "gcc"),
    ("ldd", "libc-bin"),
    ("dpkg-deb", "dpkg"),
];

const IMAGE_META: &str = "linux-image-cloud-amd64";
const HEADERS_META: &str = "linux-headers-cloud-amd64";
const STAMP: &str = "linux.toml";
const INSTALL_LIMIT_S: u64 = 600;
const QUERY_LIMIT_S: u64 = 60;

/// The kernel of `release` in `cache`, when [`setup`] has put it there.
pub fn find(cache: &Path, release: Release) -> Option<Linux> {
    let text = std::fs::read_to_string(home(cache, release).join(STAMP)).ok()?;
    let linux: Linux = toml::from_str(&text).ok()?;
    (linux.image.is_file() && linux.build_dir.is_dir()).then_some(linux)
}

fn home(cache: &Path, release: Release) -> PathBuf {
    cache.join("linux").join(release.name)
}

/// The programs this machine lacks, by package.
pub fn missing_packages() -> Vec<&'static str> {
    PROGRAMS.iter().filter(|(program, _)| host::program(program).is_none()).map(|&(_, package)| package).collect()
}

/// Gets everything the engine needs; `say` is told each step before it is taken.
///
/// # Errors
/// [`Error::Missing`] names exactly what is not there and cannot be had.
pub fn setup(cache: &Path, release: Release, say: &mut dyn FnMut(&str)) -> Result<Linux, Error> {
    install_programs(say)?;
    if let Some(linux) = find(cache, release) {
        say(&format!("{} is already in the cache", linux.package));
        return Ok(linux);
    }
    update_lists(say);
    let image = versioned(IMAGE_META, "linux-image-", release)?;
    let headers = versioned(HEADERS_META, "linux-headers-", release)?;
    let mut packages = vec![image.clone(), headers.clone()];
    packages.extend(
        depends(&headers)?
            .into_iter()
            .filter(|package| package.starts_with("linux-headers-") || package.starts_with("linux-kbuild-")),
    );
    let home = home(cache, release);
    let fresh = home.with_extension("new");
    if fresh.exists() {
        std::fs::remove_dir_all(&fresh).map_err(Error::io(&fresh))?;
    }
    std::fs::create_dir_all(&fresh).map_err(Error::io(&fresh))?;
    say(&format!("download {}", packages.join(" ")));
    run(Command::new("apt-get").arg("download").args(&packages).current_dir(&fresh), INSTALL_LIMIT_S)?;
    let mut version = String::new();
    for package in &packages {
        let file = downloaded(&fresh, package)?;
        say(&format!("unpack {package} into the cache"));
        run(Command::new("dpkg-deb").arg("-x").arg(&file).arg(&fresh), QUERY_LIMIT_S)?;
        if *package == image {
            version = run(Command::new("dpkg-deb").arg("-f").arg(&file).arg("Version"), QUERY_LIMIT_S)?;
        }
        std::fs::remove_file(&file).map_err(Error::io(&file))?;
    }
    if home.exists() {
        std::fs::remove_dir_all(&home).map_err(Error::io(&home))?;
    }
    std::fs::rename(&fresh, &home).map_err(Error::io(&home))?;
    let kernel = image.trim_start_matches("linux-image-").to_owned();
    let linux = Linux {
        image: home.join(format!("boot/vmlinuz-{kernel}")),
        build_dir: home.join(format!("usr/src/{headers}")),
        package: format!("{image} {}", version.trim()),
        release: kernel,
    };
    relocate_headers(&home, &linux)?;
    let stamp = home.join(STAMP);
    let text = toml::to_string(&linux).expect("four strings always serialise");
    std::fs::write(&stamp, text).map_err(Error::io(&stamp))?;
    say(&format!("{} is ready", linux.package));
    Ok(linux)
}

/// Installs the missing programs, as root or through `sudo` where that asks nothing.
fn install_programs(say: &mut dyn FnMut(&str)) -> Result<(), Error> {
    let packages = missing_packages();
    if packages.is_empty() {
        return Ok(());
    }
    let gone = || Error::Missing { parts: packages.iter().map(|p| (*p).to_owned()).collect() };
    if host::program("apt-get").is_none() {
        return Err(gone());
    }
    update_lists(say);
    say(&format!("install {}", packages.join(" ")));
    let install = |mut command: Command| {
        command.args(["install", "-y", "--no-install-recommends"]);
        command.args(&packages).env("DEBIAN_FRONTEND", "noninteractive");
        run(&mut command, INSTALL_LIMIT_S).is_ok()
    };
    let mut with_sudo = Command::new("sudo");
    with_sudo.args(["-n", "apt-get"]);
    let done = install(Command::new("apt-get")) || install(with_sudo);
    if done && missing_packages().is_empty() { Ok(()) } else { Err(gone()) }
}

/// Refreshes the package lists; an unprivileged user or an offline machine keeps the old ones.
fn update_lists(say: &mut dyn FnMut(&str)) {
    say("refresh the package lists");
    let _ = run(Command::new("apt-get").arg("update"), INSTALL_LIMIT_S);
}

/// The versioned package behind a meta package, checked to be of the wanted series.
fn versioned(meta: &str, prefix: &str, release: Release) -> Result<String, Error> {
    let found = depends(meta)?.into_iter().find(|package| package.starts_with(prefix));
    let wanted = format!("{prefix}{}.", release.series);
    match found {
        Some(package) if package.starts_with(&wanted) => Ok(package),
        other => Err(Error::Missing {
            parts: vec![format!(
                "{meta} with Linux {} of {} (the package manager offers {})",
                release.series,
                release.name,
                other.as_deref().unwrap_or("none")
            )],
        }),
    }
}

/// The packages that `package` depends on.
fn depends(package: &str) -> Result<Vec<String>, Error> {
    let text = run(Command::new("apt-cache").args(["depends", package]), QUERY_LIMIT_S)
        .map_err(|_| Error::Missing { parts: vec![format!("{package} (unknown to the package manager)")] })?;
    Ok(parse_depends(&text))
}

fn parse_depends(text: &str) -> Vec<String> {
    text.lines().filter_map(|line| line.trim().strip_prefix("Depends: ")).map(str::to_owned).collect()
}

/// The file that `apt-get download` made of `package`.
fn downloaded(dir: &Path, package: &str) -> Result<PathBuf, Error> {
    let prefix = format!("{package}_");
    let mut entries = std::fs::read_dir(dir).map_err(Error::io(dir))?;
    entries
        .find_map(|entry| {
            let path = entry.ok()?.path();
            let name = path.file_name()?.to_str()?;
            (name.starts_with(&prefix) && name.ends_with(".deb")).then_some(path)
        })
        .ok_or_else(|| Error::Missing { parts: vec![format!("the downloaded {package}")] })
}

/// Makes the unpacked headers work where they are.
///
/// Their links are relative; only the make file names the common half by an absolute path.
fn relocate_headers(home: &Path, linux: &Linux) -> Result<(), Error> {
    let makefile = linux.build_dir.join("Makefile");
    let text = std::fs::read_to_string(&makefile).map_err(Error::io(&makefile))?;
    let prefix = format!("include {}/usr/src/", home.display());
    let text = text.replace("include /usr/src/", &prefix);
    std::fs::write(&makefile, text).map_err(Error::io(&makefile))
}

/// Runs `command` and gives what it said.
fn run(command: &mut Command, limit_s: u64) -> Result<String, Error> {
    let shown = std::iter::once(command.get_program())
        .chain(command.get_args().take(2))
        .map(|word| word.to_string_lossy().into_owned())
        .collect::<Vec<_>>()
        .join(" ");
    let done = host::finish(command, "the package manager", limit_s)?;
    if done.status.success() { Ok(done.text) } else { Err(Error::Program { command: shown, detail: done.text }) }
}

#[cfg(test)]
mod tests {
    use super::{RELEASES, find, parse_depends};

    #[test]
    fn dependencies_are_read() {
        let text = "linux-headers-6.1.0-56-cloud-amd64\n  Depends: linux-headers-6.1.0-56-common\n  \
                    PreDepends: x\n |Depends: a\n  Depends: linux-kbuild-6.1\n";
        assert_eq!(parse_depends(text), ["linux-headers-6.1.0-56-common", "linux-kbuild-6.1"]);
    }

    #[test]
    fn an_empty_or_broken_cache_holds_no_kernel() {
        let cache = tempfile::tempdir().expect("temporary directory");
        assert_eq!(find(cache.path(), RELEASES[0]), None);
        let home = cache.path().join("linux/bookworm");
        std::fs::create_dir_all(&home).expect("directory");
        std::fs::write(home.join("linux.toml"), "release = 3").expect("file");
        assert_eq!(find(cache.path(), RELEASES[0]), None);
        let gone = "release='r'\npackage='p'\nimage='/nowhere/i'\nbuild_dir='/nowhere/b'\n";
        std::fs::write(home.join("linux.toml"), gone).expect("file");
        assert_eq!(find(cache.path(), RELEASES[0]), None);
    }
}
