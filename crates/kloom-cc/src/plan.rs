//! From what the user named to what is to be compiled.

use std::collections::BTreeSet;
use std::fs;
use std::path::{Path, PathBuf};

use crate::compiler::accepts_flag;
use crate::config::{Config, Input};
use crate::error::{CcError, CompilerOutput, Missing, NotBuildable, SourceNote};
use crate::kbuild::{self, KbuildEnv};
use crate::sources::normal_path;

/// One C file of a module.
#[derive(Clone, Debug)]
pub(crate) struct UnitPlan {
    /// As the user typed it.
    pub(crate) display: String,
    pub(crate) path: PathBuf,
    /// Flags of the Makefile, without `-I`.
    pub(crate) flags: Vec<String>,
    /// `-I` directories as (display, absolute).
    pub(crate) include_dirs: Vec<(String, PathBuf)>,
}

#[derive(Clone, Debug)]
pub(crate) enum Planned {
    /// A finished `.ko`.
    Ready {
        path: PathBuf,
        display: String,
    },
    Module {
        file_stem: String,
        units: Vec<UnitPlan>,
        notes: Vec<SourceNote>,
    },
}

impl Planned {
    /// File name without `.ko`.
    pub(crate) fn file_stem(&self) -> String {
        match self {
            Planned::Module { file_stem, .. } => file_stem.clone(),
            Planned::Ready { display, .. } => stem(Path::new(display)),
        }
    }
}

/// The module name Kbuild makes of a file stem: `-` and `,` become `_`. So does here what Kbuild cannot build: dots,
/// blanks, and what means something to a shell.
pub(crate) fn module_name(file_stem: &str) -> String {
    file_stem.replace(|c: char| c.is_ascii() && !c.is_ascii_alphanumeric() && c != '=' || c.is_whitespace(), "_")
}

pub(crate) fn plan(config: &Config, input: &Input, notes: &mut Vec<SourceNote>) -> Result<Vec<Planned>, CcError> {
    let mut out = Vec::new();
    match input {
        Input::OneModule { name, sources } => {
            let first = sources.first().ok_or_else(nothing)?;
            let units = sources.iter().map(|path| c_unit(config, path)).collect::<Result<_, _>>()?;
            let file_stem = name.clone().unwrap_or_else(|| stem(first));
            out.push(Planned::Module { file_stem, units, notes: Vec::new() });
        }
        Input::Paths(paths) => {
            for path in paths {
                plan_path(config, path, notes, &mut out)?;
            }
        }
    }
    if out.is_empty() {
        return Err(nothing());
    }
    let mut names = BTreeSet::new();
    for planned in &out {
        let name = module_name(&planned.file_stem());
        if !names.insert(name.clone()) {
            return Err(CcError::DuplicateModule { name });
        }
    }
    Ok(out)
}

fn nothing() -> CcError {
    CcError::NotBuildable { path: PathBuf::new(), reason: NotBuildable::Nothing }
}

fn stem(path: &Path) -> String {
    path.file_stem().unwrap_or_default().to_string_lossy().into_owned()
}

fn plan_path(config: &Config, path: &Path, notes: &mut Vec<SourceNote>, out: &mut Vec<Planned>) -> Result<(), CcError> {
    let absolute = normal_path(&config.cwd, path);
    let meta =
        fs::metadata(&absolute).map_err(|error| CcError::Io { action: "read", path: path.to_path_buf(), error })?;
    if meta.is_dir() {
        return match kbuild::find_makefile(&absolute) {
            Some(makefile) => plan_makefile(config, path, &absolute, &makefile, notes, out),
            None => plan_loose(config, path, &absolute, notes, out),
        };
    }
    if path.extension().is_some_and(|extension| extension == "ko") {
        out.push(Planned::Ready { path: absolute, display: path.to_string_lossy().into_owned() });
        return Ok(());
    }
    let unit = c_unit(config, path)?;
    out.push(Planned::Module { file_stem: stem(path), units: vec![unit], notes: Vec::new() });
    Ok(())
}

fn c_unit(config: &Config, path: &Path) -> Result<UnitPlan, CcError> {
    let reason = match path.extension().and_then(|extension| extension.to_str()) {
        Some("c") => None,
        Some("cpp" | "cc" | "cxx" | "C" | "c++") => Some(NotBuildable::CPlusPlus),
        Some("h") => Some(NotBuildable::Header),
        Some("o") => Some(NotBuildable::Object),
        Some("rs") => return Err(unsupported("Rust")),
        Some("S" | "s") => return Err(unsupported("assembly")),
        _ => Some(NotBuildable::UnknownKind),
    };
    if let Some(reason) = reason {
        return Err(CcError::NotBuildable { path: path.to_path_buf(), reason });
    }
    Ok(UnitPlan {
        display: path.to_string_lossy().into_owned(),
        path: normal_path(&config.cwd, path),
        flags: Vec::new(),
        include_dirs: Vec::new(),
    })
}

fn unsupported(language: &'static str) -> CcError {
    CcError::Unsupported { missing: vec![Missing::Language(language)], output: Box::new(CompilerOutput::default()) }
}

/// A directory with C files and no Makefile: each with a `module_init()` is a module.
fn plan_loose(
    config: &Config,
    dir: &Path,
    absolute: &Path,
    notes: &mut Vec<SourceNote>,
    out: &mut Vec<Planned>,
) -> Result<(), CcError> {
    let io = |error| CcError::Io { action: "read", path: dir.to_path_buf(), error };
    let mut names = Vec::new();
    for entry in fs::read_dir(absolute).map_err(io)? {
        let name = entry.map_err(io)?.file_name();
        if Path::new(&name).extension().is_some_and(|extension| extension == "c") {
            names.push(name);
        }
    }
    names.sort();
    let mut modules = Vec::new();
    let mut skipped = Vec::new();
    for name in names {
        // A leftover of Kbuild (`x.mod.c`) is no source of the user's.
        if name.to_string_lossy().ends_with(".mod.c") {
            continue;
        }
        let path = dir.join(&name);
        let unit = c_unit(config, &path)?;
        let text = fs::read(&unit.path).map_err(|error| CcError::Io { action: "read", path: path.clone(), error })?;
        if guess_entry_points(&text).0 {
            modules.push(Planned::Module { file_stem: stem(&path), units: vec![unit], notes: Vec::new() });
        } else {
            skipped.push(SourceNote::NotBuilt { file: unit.display });
        }
    }
    if modules.is_empty() {
        let reason = NotBuildable::NothingInDirectory;
        return Err(CcError::NotBuildable { path: dir.to_path_buf(), reason });
    }
    notes.push(SourceNote::NoMakefile { dir: dir.to_string_lossy().into_owned() });
    notes.append(&mut skipped);
    out.append(&mut modules);
    Ok(())
}

fn plan_makefile(
    config: &Config,
    dir: &Path,
    absolute: &Path,
    makefile: &Path,
    notes: &mut Vec<SourceNote>,
    out: &mut Vec<Planned>,
) -> Result<(), CcError> {
    let shown = dir.join(makefile.file_name().unwrap_or_default());
    let read = |path: &Path| fs::read(path).map(|bytes| String::from_utf8_lossy(&bytes).into_owned());
    let text = read(makefile).map_err(|error| CcError::Io { action: "read", path: shown.clone(), error })?;
    let env = KbuildEnv { dir, release: &config.release, overrides: &config.make_variables };
    let load = |below: &Path| kbuild::find_makefile(&absolute.join(below)).and_then(|path| read(&path).ok());
    let kbuild = kbuild::parse(&text, &env, &load).map_err(|error| CcError::Makefile { path: shown.clone(), error })?;
    notes.extend(kbuild.assumed_configs.into_iter().map(|symbol| SourceNote::AssumedConfig { symbol }));
    for module in kbuild.modules {
        let mut own_notes = Vec::new();
        if module.circular {
            own_notes.push(SourceNote::CircularObject { module: module.file_stem.clone() });
        }
        let mut units = Vec::new();
        for (source, flags) in &module.units {
            let below = module.dir.join(source);
            let display = normal_display(&dir.join(&below));
            let path = normal_path(absolute, &below);
            if !path.is_file() {
                if path.with_extension("S").is_file() {
                    return Err(unsupported("assembly"));
                }
                let object = source.with_extension("o").to_string_lossy().into_owned();
                return Err(CcError::NoSource { makefile: shown, object, source: display.into() });
            }
            let mut unit = UnitPlan { display, path, flags: Vec::new(), include_dirs: Vec::new() };
            let bases = [config.cwd.as_path(), &absolute.join(&module.dir), absolute];
            sort_flags(flags, &bases, dir, &mut unit, &mut own_notes);
            units.push(unit);
        }
        own_notes.sort();
        own_notes.dedup();
        out.push(Planned::Module { file_stem: module.file_stem, units, notes: own_notes });
    }
    Ok(())
}

/// `./a/../b.c` as `b.c`; keeps leading `..` and what is absolute.
fn normal_display(path: &Path) -> String {
    let mut out = PathBuf::new();
    for component in path.components() {
        match component {
            std::path::Component::CurDir => {}
            std::path::Component::ParentDir if out.file_name().is_some() => {
                out.pop();
            }
            other => out.push(other),
        }
    }
    out.to_string_lossy().into_owned()
}

/// Splits a Makefile's flags into include directories, flags to pass on, and notes about the others.
///
/// A relative `-I` is meant by Kbuild relative to the kernel tree, where nothing of the module lives; it is read
/// relative to the first of `bases` that has it.
fn sort_flags(flags: &[String], bases: &[&Path], dir: &Path, unit: &mut UnitPlan, notes: &mut Vec<SourceNote>) {
    let mut flags = flags.iter();
    while let Some(flag) = flags.next() {
        let mut flag = flag.clone();
        if matches!(flag.as_str(), "-I" | "-D" | "-U" | "-iquote" | "-isystem" | "-include") {
            let Some(value) = flags.next() else { continue };
            if flag == "-include" {
                let found = bases.iter().map(|base| normal_path(base, Path::new(value))).find(|path| path.is_file());
                let value = found.map_or_else(|| value.clone(), |path| path.to_string_lossy().into_owned());
                unit.flags.extend(["-include".to_owned(), value]);
                continue;
            }
            flag = if flag.len() == 2 { flag + value } else { format!("-I{value}") };
        }
        if let Some(value) = flag.strip_prefix("-I") {
            let found =
                bases.iter().map(|base| (base, normal_path(base, Path::new(value)))).find(|(_, path)| path.is_dir());
            let Some((base, path)) = found else { continue };
            let shown = if Path::new(value).is_absolute() || *base == bases[0] {
                normal_display(Path::new(value))
            } else {
                normal_display(&dir.join(value))
            };
            if !unit.include_dirs.iter().any(|(_, known)| *known == path) {
                unit.include_dirs.push((shown, path));
            }
        } else if accepts_flag(&flag) {
            unit.flags.push(flag);
        } else if !flag.is_empty() {
            notes.push(SourceNote::IgnoredFlag { flag });
        }
    }
}

/// Whether a source probably has an init and an exit function. A guess that saves time; the objects decide.
pub(crate) fn guess_entry_points(bytes: &[u8]) -> (bool, bool) {
    let text = String::from_utf8_lossy(bytes);
    let driver = text.contains("module_") && text.contains("_driver(") || text.contains("module_misc_device");
    let init = driver || text.contains("module_init") || text.contains("init_module");
    let exit = driver || text.contains("module_exit") || text.contains("cleanup_module");
    (init, exit)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_kbuilds() {
        assert_eq!(module_name("a-b"), "a_b");
        assert_eq!(normal_display(Path::new("./m/../m/a.c")), "m/a.c");
        assert_eq!(normal_display(Path::new("../a.c")), "../a.c");
    }
}
