//! Building modules with the kernel's own build system, in a scratch copy.

use std::path::{Path, PathBuf};
use std::process::Command;

use crate::compat;
use crate::setup::Linux;
use crate::{Error, host};

/// Longest time one build may take.
const BUILD_LIMIT_S: u64 = 180;

/// A built set of modules.
#[derive(Clone, Debug, Default)]
pub struct Built {
    /// File name (`heartbeat.ko`) and content.
    pub modules: Vec<(String, Vec<u8>)>,
    /// What was changed to make the sources build, for people.
    pub notes: Vec<String>,
    /// Warnings of the compiler, as it prints them.
    pub log: String,
}

/// The names under which a plain scenario inserts what [`build`] makes of `sources`, in order.
///
/// A directory's `.ko` files are named by its make file: those that `obj-m` names.
pub fn module_names(sources: &[PathBuf]) -> Vec<String> {
    let mut names = Vec::new();
    for source in sources {
        if !source.is_dir() {
            names.extend(stem(source));
            continue;
        }
        let makefile = ["Kbuild", "Makefile"].iter().find_map(|name| std::fs::read_to_string(source.join(name)).ok());
        let before = names.len();
        for line in makefile.unwrap_or_default().lines() {
            let objects = line.trim().strip_prefix("obj-m").and_then(|rest| rest.split_once('='));
            let words = objects.map(|(_, words)| words).unwrap_or_default().split_whitespace();
            names.extend(words.filter_map(|word| word.strip_suffix(".o")).map(str::to_owned));
        }
        if names.len() == before {
            let files = files_of(source).unwrap_or_default();
            names
                .extend(files.iter().filter(|file| file.extension().is_some_and(|e| e == "c")).filter_map(|f| stem(f)));
        }
    }
    names
}

/// Builds `sources` (C files, directories with a Kbuild `Makefile`, ready `.ko` files) for `linux`.
///
/// The sources are copied first; the user's directory is never written to.
///
/// # Errors
/// [`Error::Build`] with the compiler's words when Kbuild does not accept them.
pub fn build(linux: &Linux, job: &str, sources: &[PathBuf]) -> Result<Built, Error> {
    let scratch = tempfile::Builder::new()
        .prefix("kloom-linux-")
        .tempdir()
        .map_err(Error::io(Path::new("temporary directory")))?;
    let mut built = Built::default();
    let mut objects = Vec::new();
    let mut own_makefile = false;
    for source in sources {
        if source.is_dir() {
            own_makefile |= source.join("Makefile").is_file() || source.join("Kbuild").is_file();
            for file in files_below(source)? {
                let within = file.strip_prefix(source).unwrap_or(&file);
                copy(&file, &scratch.path().join(within), &mut built)?;
                // Without a make file of its own, only what lies in the directory itself is a module.
                if within.components().count() == 1 && file.extension().is_some_and(|e| e == "c") {
                    objects.extend(stem(&file));
                }
            }
        } else if source.extension().is_some_and(|e| e == "ko") {
            let content = std::fs::read(source).map_err(Error::io(source))?;
            built.modules.push((file_name(source), content));
        } else {
            copy(source, &scratch.path().join(file_name(source)), &mut built)?;
            objects.extend(stem(source));
        }
    }
    if objects.is_empty() && !own_makefile {
        return Ok(built);
    }
    if !own_makefile {
        let makefile = scratch.path().join("Makefile");
        let lines: String = objects.iter().map(|o| format!("obj-m += {o}.o\n")).collect();
        std::fs::write(&makefile, lines).map_err(Error::io(&makefile))?;
    }
    let mut command = Command::new("make");
    command.arg("-C").arg(&linux.build_dir).arg(format!("M={}", scratch.path().display()));
    // The kernel prints the path of a BUG or WARN: it shall be the one the user knows.
    let mut flags = format!("-fmacro-prefix-map={}/=", scratch.path().display());
    // A function whose last act is a call stays in the call trace, as it does in kloom.
    flags.push_str(" -fno-optimize-sibling-calls");
    if let Some(header) = compat_header(scratch.path(), &mut built)? {
        flags.push_str(&format!(" -include {}", header.display()));
    }
    command.arg(format!("KCFLAGS={flags}"));
    let done = host::finish(command.arg("modules"), "building the module", BUILD_LIMIT_S)?;
    let log = done.text.replace(&format!("{}/", scratch.path().display()), "");
    if !done.status.success() {
        return Err(Error::Build { job: job.to_owned(), log });
    }
    for file in files_below(scratch.path())? {
        if file.extension().is_some_and(|e| e == "ko") {
            let content = std::fs::read(&file).map_err(Error::io(&file))?;
            built.modules.push((file_name(&file), content));
        }
    }
    built.log = log;
    Ok(built)
}

/// Writes the compat header when a source calls for one.
fn compat_header(scratch: &Path, built: &mut Built) -> Result<Option<PathBuf>, Error> {
    let mut all = String::new();
    for file in files_below(scratch)? {
        if file.extension().is_some_and(|e| e == "c" || e == "h") {
            let bytes = std::fs::read(&file).map_err(Error::io(&file))?;
            all.push_str(&String::from_utf8_lossy(&bytes));
        }
    }
    let Some((header, used)) = compat::header_for(&all) else {
        return Ok(None);
    };
    for shim in used {
        built.notes.push(format!("`{}`: {}", shim.name, shim.fate));
    }
    let path = scratch.join("kloom-compat.h");
    std::fs::write(&path, header).map_err(Error::io(&path))?;
    Ok(Some(path))
}

/// Copies one source to `to`, with its spaces normalised.
fn copy(from: &Path, to: &Path, built: &mut Built) -> Result<(), Error> {
    if let Some(dir) = to.parent() {
        std::fs::create_dir_all(dir).map_err(Error::io(dir))?;
    }
    let bytes = std::fs::read(from).map_err(Error::io(from))?;
    let (bytes, count) = compat::normalise_spaces(&bytes);
    if count > 0 {
        built.notes.push(format!("{}: {count} non-breaking spaces read as spaces", file_name(from)));
    }
    std::fs::write(to, bytes).map_err(Error::io(to))
}

/// Most directories below one another; deeper ones are taken for a loop of links.
const DEPTH_MAX: usize = 16;

/// The regular files in `dir` and below, in order of path; hidden directories are not looked into.
fn files_below(dir: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    let mut dirs = vec![(dir.to_owned(), 0)];
    while let Some((dir, depth)) = dirs.pop() {
        files.extend(files_of(&dir)?);
        for entry in std::fs::read_dir(&dir).map_err(Error::io(&dir))? {
            let entry = entry.map_err(Error::io(&dir))?;
            let hidden = entry.file_name().to_string_lossy().starts_with('.');
            if !hidden && depth < DEPTH_MAX && entry.path().is_dir() {
                dirs.push((entry.path(), depth + 1));
            }
        }
    }
    files.sort();
    Ok(files)
}

/// The regular files directly in `dir`, in order of name.
fn files_of(dir: &Path) -> Result<Vec<PathBuf>, Error> {
    let mut files = Vec::new();
    for entry in std::fs::read_dir(dir).map_err(Error::io(dir))? {
        let path = entry.map_err(Error::io(dir))?.path();
        if path.is_file() {
            files.push(path);
        }
    }
    files.sort();
    Ok(files)
}

fn file_name(path: &Path) -> String {
    path.file_name().map(|name| name.to_string_lossy().into_owned()).unwrap_or_default()
}

fn stem(path: &Path) -> Option<String> {
    path.file_stem().map(|s| s.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::{files_below, module_names};

    #[test]
    fn modules_are_named_by_file_and_by_make_file() {
        let dir = tempfile::tempdir().expect("temporary directory");
        let write = |name: &str, text: &str| std::fs::write(dir.path().join(name), text).expect("written");
        write("Makefile", "obj-m := pair.o\npair-y := a.o b.o\nobj-m += other.o\n");
        let named = |path: &std::path::Path| module_names(&[path.to_owned()]);
        assert_eq!(named(dir.path()), ["pair", "other"]);
        assert_eq!(named(std::path::Path::new("x/beat.c")), ["beat"]);
        write("Makefile", "");
        write("c.c", "");
        assert_eq!(named(dir.path()), ["c"]);
    }

    #[test]
    fn files_of_nested_directories_are_found() {
        let dir = tempfile::tempdir().expect("temporary directory");
        std::fs::create_dir_all(dir.path().join("sub/deep")).expect("made");
        for name in ["Makefile", "sub/Kbuild", "sub/deep/a.c"] {
            std::fs::write(dir.path().join(name), "").expect("written");
        }
        let files = files_below(dir.path()).expect("readable");
        let names: Vec<_> = files.iter().map(|path| path.strip_prefix(dir.path()).expect("below").to_owned()).collect();
        assert_eq!(names, [std::path::Path::new("Makefile"), "sub/Kbuild".as_ref(), "sub/deep/a.c".as_ref()]);
    }
}
