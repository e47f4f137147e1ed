//! The part of make and Kbuild that out-of-tree modules use: a Kbuild `Makefile` → modules, objects and flags.
//!
//! Behaviour follows Linux 6.1 `Documentation/kbuild/{makefiles,modules}.rst`, `scripts/Makefile.build` and
//! `scripts/Makefile.lib`; the expansion rules are GNU make's. The file is read as Kbuild reads it, that is with
//! `KERNELRELEASE` set, so the usual `ifneq ($(KERNELRELEASE),)` wrapper takes its Kbuild branch.
//!
//! Nothing is executed: `$(shell …)` answers the two questions that module Makefiles really ask (`pwd`, `uname -r`)
//! and is empty otherwise. Input is untrusted: expansion is bounded in depth and size, and no input makes it panic.

use std::collections::BTreeMap;
use std::fs;
use std::path::{Path, PathBuf};

/// Deepest nesting of variable references and function calls.
const DEPTH_MAX: usize = 40;
/// Largest text that one expansion may produce, in bytes.
const EXPANSION_BYTES_MAX: usize = 256 << 10;
/// Expansion steps one Makefile may take; bounds exponential self-reference.
const STEPS_MAX: usize = 200_000;
/// Deepest chain of `obj-m += subdir/`.
const SUBDIR_DEPTH_MAX: usize = 8;

/// A module that a Makefile asks for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct KbuildModule {
    /// Name of the `.ko` file without suffix, as written (`a-b`).
    pub file_stem: String,
    /// Directory (below the one given) whose Makefile names it.
    pub dir: PathBuf,
    /// C sources, relative to [`KbuildModule::dir`], in link order, each with the flags of its own
    /// (`CFLAGS_foo.o`) appended to those of the directory.
    pub units: Vec<(PathBuf, Vec<String>)>,
    /// True when Kbuild would drop `NAME.o` out of its own `NAME-objs`.
    pub circular: bool,
}

/// What a Makefile says, and what about it deserves a word.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Kbuild {
    /// Modules in the order of `obj-m`.
    pub modules: Vec<KbuildModule>,
    /// `CONFIG_…` symbols of `obj-$(CONFIG_…)` that were taken to be `m`.
    pub assumed_configs: Vec<String>,
}

/// Why a Makefile cannot be used.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum KbuildError {
    /// No `obj-m` (or only empty ones).
    NoModules,
    /// `if…` without `endif`, or `else`/`endif` without `if…`.
    UnbalancedConditional {
        /// 1-based line of the offending directive.
        line: usize,
    },
    /// Variable recursion or expansion beyond any sensible size.
    TooComplex {
        /// 1-based line at which the limit was hit.
        line: usize,
    },
    /// `$(error …)` was reached.
    Stopped {
        /// 1-based line.
        line: usize,
        /// The text it wants to show.
        text: String,
    },
    /// A sub-directory of `obj-m` has no readable Makefile.
    NoSubMakefile {
        /// The directory, relative to the top one.
        dir: PathBuf,
    },
}

/// Facts that Kbuild knows before it reads the Makefile.
#[derive(Clone, Debug)]
pub struct KbuildEnv<'a> {
    /// Directory of the module as the user typed it; value of `$(src)`, `$(obj)`, `$(M)`.
    pub dir: &'a Path,
    /// Value of `KERNELRELEASE`.
    pub release: &'a str,
    /// Variables given on the command line (`make NAME=value`); they win over the file's own.
    pub overrides: &'a BTreeMap<String, String>,
}

/// Kernel options that are `y` in kloom's kernel, as `include/` has them.
const CONFIGS_SET: &[&str] = &[
    "64BIT",
    "DEBUG_FS",
    "HIGH_RES_TIMERS",
    "HZ_250",
    "MODULES",
    "MODULE_UNLOAD",
    "PREEMPT",
    "PREEMPTION",
    "PREEMPT_COUNT",
    "PRINTK",
    "PROC_FS",
    "SMP",
    "SYSFS",
    "X86",
    "X86_64",
];

/// Reads `Kbuild` or, as Kbuild does, `Makefile` of `dir`; the former wins.
///
/// `None` when the directory has neither. File names are matched as make does (`GNUmakefile` and `makefile` are
/// not seen by Kbuild).
pub fn find_makefile(dir: &Path) -> Option<PathBuf> {
    ["Kbuild", "Makefile"].iter().map(|name| dir.join(name)).find(|path| path.is_file())
}

/// Evaluates the Makefile `text` and, through `load`, those of the sub-directories it names.
///
/// `exists(dir, file)` tells whether a C source exists below the top directory; it resolves `NAME.o` that may be a
/// composite. `load(dir)` returns the Makefile text of a sub-directory.
pub fn parse(text: &str, env: &KbuildEnv<'_>, load: &dyn Fn(&Path) -> Option<String>) -> Result<Kbuild, KbuildError> {
    let mut out = Kbuild::default();
    parse_dir(text, env, Path::new(""), &[], load, 0, &mut out)?;
    if out.modules.is_empty() {
        return Err(KbuildError::NoModules);
    }
    Ok(out)
}

fn parse_dir(
    text: &str,
    env: &KbuildEnv<'_>,
    below: &Path,
    inherited: &[String],
    load: &dyn Fn(&Path) -> Option<String>,
    depth: usize,
    out: &mut Kbuild,
) -> Result<(), KbuildError> {
    let dir = if below.as_os_str().is_empty() { env.dir.to_path_buf() } else { env.dir.join(below) };
    let mut make = Make::new(&dir, env);
    make.run(text)?;
    out.assumed_configs.append(&mut make.assumed_configs);

    let mut subdir_flags = inherited.to_vec();
    subdir_flags.extend(make.flags("subdir-ccflags-y")?);
    let mut dir_flags = subdir_flags.clone();
    for var in ["EXTRA_CFLAGS", "ccflags-y", "ccflags-m", "KCFLAGS", "CFLAGS_MODULE"] {
        dir_flags.extend(make.flags(var)?);
    }

    let mut seen = Vec::new();
    for word in make.words("obj-m")? {
        if seen.contains(&word) {
            continue; // listing an object twice is legal and builds it once
        }
        seen.push(word.clone());
        if word.ends_with('/') {
            descend(&word, env, below, &subdir_flags, load, depth, out)?;
        } else if let Some(stem) = word.strip_suffix(".o") {
            let module = make.module(stem, below, &dir_flags)?;
            out.modules.push(module);
        }
    }
    for word in make.words("obj-y")? {
        if word.ends_with('/') {
            descend(&word, env, below, &subdir_flags, load, depth, out)?;
        }
    }
    Ok(())
}

fn descend(
    word: &str,
    env: &KbuildEnv<'_>,
    below: &Path,
    flags: &[String],
    load: &dyn Fn(&Path) -> Option<String>,
    depth: usize,
    out: &mut Kbuild,
) -> Result<(), KbuildError> {
    let sub = below.join(word.trim_end_matches('/'));
    if depth >= SUBDIR_DEPTH_MAX {
        return Err(KbuildError::NoSubMakefile { dir: sub });
    }
    let text = load(&sub).ok_or_else(|| KbuildError::NoSubMakefile { dir: sub.clone() })?;
    parse_dir(&text, env, &sub, flags, load, depth + 1, out)
}

/// A make variable: its text and whether the text is still to be expanded.
#[derive(Clone, Debug)]
struct Var {
    text: String,
    recursive: bool,
}

/// One Makefile being evaluated.
struct Make<'a> {
    dir: &'a Path,
    release: &'a str,
    overrides: &'a BTreeMap<String, String>,
    vars: BTreeMap<String, Var>,
    assumed_configs: Vec<String>,
    steps: usize,
    line: usize,
}

/// A conditional that is open: whether its current branch is live and whether some branch already was.
struct Cond {
    live: bool,
    taken: bool,
    parent_live: bool,
    line: usize,
}

impl<'a> Make<'a> {
    fn new(dir: &'a Path, env: &'a KbuildEnv<'a>) -> Self {
        let mut make = Make {
            dir,
            release: env.release,
            overrides: env.overrides,
            vars: BTreeMap::new(),
            assumed_configs: Vec::new(),
            steps: 0,
            line: 0,
        };
        let shown = dir.to_string_lossy().into_owned();
        let mut digits = env.release.split(['.', '-']);
        let mut next = || digits.next().unwrap_or("0").to_owned();
        let (version, patchlevel, sublevel) = (next(), next(), next());
        for (name, value) in [
            ("KERNELRELEASE", env.release.to_owned()),
            ("VERSION", version),
            ("PATCHLEVEL", patchlevel),
            ("SUBLEVEL", sublevel),
            ("ARCH", "x86".to_owned()),
            ("SRCARCH", "x86".to_owned()),
            ("src", shown.clone()),
            ("obj", shown.clone()),
            ("M", shown.clone()),
            ("KBUILD_EXTMOD", shown.clone()),
            ("PWD", shown.clone()),
            ("CURDIR", shown),
        ] {
            make.set(name, value, false);
        }
        for config in CONFIGS_SET {
            make.set(&format!("CONFIG_{config}"), "y".to_owned(), false);
        }
        make
    }

    fn set(&mut self, name: &str, text: String, recursive: bool) {
        self.vars.insert(name.to_owned(), Var { text, recursive });
    }

    fn run(&mut self, text: &str) -> Result<(), KbuildError> {
        let mut conds: Vec<Cond> = Vec::new();
        let mut in_define = false;
        for (line, raw, logical) in logical_lines(text) {
            self.line = line;
            let trimmed = logical.trim();
            let (word, rest) = split_word(trimmed);
            if in_define {
                in_define = word != "endef";
                continue;
            }
            let live = conds.last().is_none_or(|cond| cond.live);
            match word {
                "ifeq" | "ifneq" | "ifdef" | "ifndef" => {
                    let holds = live && self.condition(word, rest)?;
                    conds.push(Cond { live: holds, taken: holds, parent_live: live, line });
                    continue;
                }
                "else" => {
                    let Some(mut cond) = conds.pop() else {
                        return Err(KbuildError::UnbalancedConditional { line });
                    };
                    let open = cond.parent_live && !cond.taken;
                    let (nested, nested_rest) = split_word(rest);
                    cond.live = match nested {
                        "ifeq" | "ifneq" | "ifdef" | "ifndef" => open && self.condition(nested, nested_rest)?,
                        _ => open,
                    };
                    cond.taken |= cond.live;
                    conds.push(cond);
                    continue;
                }
                "endif" => {
                    if conds.pop().is_none() {
                        return Err(KbuildError::UnbalancedConditional { line });
                    }
                    continue;
                }
                _ => {}
            }
            if !live {
                continue;
            }
            if word == "define" {
                in_define = true;
                continue;
            }
            // A line that starts with a tab is a recipe, unless it is plainly an assignment to a Kbuild variable
            // (make, too, reads a tabbed line before the first rule as an ordinary one).
            if raw.starts_with('\t') && !is_kbuild_assignment(trimmed) {
                continue;
            }
            self.statement(trimmed)?;
        }
        match conds.first() {
            Some(cond) => Err(KbuildError::UnbalancedConditional { line: cond.line }),
            None => Ok(()),
        }
    }

    fn statement(&mut self, text: &str) -> Result<(), KbuildError> {
        let mut text = text;
        loop {
            let (word, rest) = split_word(text);
            match word {
                "export" | "override" | "private" if !rest.is_empty() => text = rest,
                _ => break,
            }
        }
        let Some((name, op, value)) = split_assignment(text) else {
            // A rule, an include, a bare `$(error …)`; only the last matters.
            if text.starts_with("$(") && !text.contains(':') {
                self.expand(text, 0)?;
            }
            return Ok(());
        };
        let name = self.assigned_name(name)?;
        // Variables that Kbuild itself gives, and those of make's command line, cannot be set by the file.
        if self.overrides.contains_key(&name) || matches!(name.as_str(), "src" | "obj" | "KERNELRELEASE") {
            return Ok(());
        }
        match op {
            ":=" => {
                let value = self.expand(value, 0)?;
                self.set(&name, value, false);
            }
            "+=" => {
                let recursive = self.vars.get(&name).is_none_or(|var| var.recursive);
                let value = if recursive { value.to_owned() } else { self.expand(value, 0)? };
                let old = self.vars.entry(name).or_insert(Var { text: String::new(), recursive });
                if !old.text.is_empty() {
                    old.text.push(' ');
                }
                old.text.push_str(&value);
                if old.text.len() > EXPANSION_BYTES_MAX {
                    return Err(KbuildError::TooComplex { line: self.line });
                }
            }
            "?=" if self.vars.contains_key(&name) => {}
            "!=" => self.set(&name, String::new(), false),
            _ => self.set(&name, value.to_owned(), true),
        }
        Ok(())
    }

    /// The variable name on the left of an assignment; `obj-$(CONFIG_X)` with an unknown `X` counts as `obj-m`.
    fn assigned_name(&mut self, name: &str) -> Result<String, KbuildError> {
        if let Some(config) = name
            .strip_prefix("obj-$(")
            .and_then(|rest| rest.strip_suffix(')'))
            .or_else(|| name.strip_prefix("obj-${").and_then(|rest| rest.strip_suffix('}')))
            .filter(|config| config.starts_with("CONFIG_"))
        {
            let value = self.value(config, 0)?;
            if value.trim().is_empty() {
                if !self.assumed_configs.iter().any(|known| known == config) {
                    self.assumed_configs.push(config.to_owned());
                }
                return Ok("obj-m".to_owned());
            }
        }
        Ok(self.expand(name, 0)?.trim().to_owned())
    }

    fn condition(&mut self, word: &str, rest: &str) -> Result<bool, KbuildError> {
        if let "ifdef" | "ifndef" = word {
            let name = self.expand(rest, 0)?;
            let name = name.trim();
            let defined = self.overrides.get(name).is_some_and(|value| !value.is_empty())
                || self.vars.get(name).is_some_and(|var| !var.text.is_empty());
            return Ok(defined == (word == "ifdef"));
        }
        let (left, right) = condition_args(rest);
        let equal = self.expand(left, 0)?.trim() == self.expand(right, 0)?.trim();
        Ok(equal == (word == "ifeq"))
    }

    fn words(&mut self, var: &str) -> Result<Vec<String>, KbuildError> {
        let text = self.value(var, 0)?;
        Ok(text.split_whitespace().map(str::to_owned).collect())
    }

    fn flags(&mut self, var: &str) -> Result<Vec<String>, KbuildError> {
        let text = self.value(var, 0)?;
        Ok(shell_words(&text))
    }

    fn module(&mut self, stem: &str, below: &Path, dir_flags: &[String]) -> Result<KbuildModule, KbuildError> {
        let mut objects = Vec::new();
        for suffix in ["objs", "y", "m"] {
            objects.extend(self.words(&format!("{stem}-{suffix}"))?);
        }
        let own = format!("{stem}.o");
        let circular = objects.contains(&own);
        if objects.is_empty() {
            objects.push(own);
        }
        let mut units: Vec<(PathBuf, Vec<String>)> = Vec::new();
        for object in objects {
            let Some(object_stem) = object.strip_suffix(".o") else {
                continue; // `-lfoo`, a header or a `.c` written by mistake: Kbuild links objects only
            };
            let source = PathBuf::from(format!("{object_stem}.c"));
            if units.iter().any(|(known, _)| *known == source) {
                continue;
            }
            let mut flags = dir_flags.to_vec();
            flags.extend(self.flags(&format!("CFLAGS_{object}"))?);
            for removed in self.flags(&format!("CFLAGS_REMOVE_{object}"))? {
                flags.retain(|flag| *flag != removed);
            }
            units.push((source, flags));
        }
        Ok(KbuildModule { file_stem: stem.to_owned(), dir: below.to_path_buf(), units, circular })
    }

    fn value(&mut self, name: &str, depth: usize) -> Result<String, KbuildError> {
        if let Some(value) = self.overrides.get(name) {
            return Ok(value.clone());
        }
        match self.vars.get(name) {
            None => Ok(String::new()),
            Some(var) if !var.recursive => Ok(var.text.clone()),
            Some(var) => {
                let text = var.text.clone();
                self.expand(&text, depth + 1)
            }
        }
    }

    fn expand(&mut self, text: &str, depth: usize) -> Result<String, KbuildError> {
        self.steps += 1;
        if depth > DEPTH_MAX || self.steps > STEPS_MAX {
            return Err(KbuildError::TooComplex { line: self.line });
        }
        let mut out = String::new();
        let mut rest = text;
        while let Some(at) = rest.find('$') {
            out.push_str(&rest[..at]);
            let after = &rest[at + 1..];
            let Some(first) = after.chars().next() else {
                break;
            };
            let (value, used) = match first {
                '$' => ("$".to_owned(), 1),
                '(' | '{' => {
                    let end = closing(after, first);
                    let inner = &after[1..end];
                    let used = (end + 1).min(after.len());
                    (self.reference(inner, depth + 1)?, used)
                }
                other => (self.value(&other.to_string(), depth + 1)?, other.len_utf8()),
            };
            out.push_str(&value);
            if out.len() > EXPANSION_BYTES_MAX {
                return Err(KbuildError::TooComplex { line: self.line });
            }
            rest = &after[used..];
        }
        if !rest.starts_with('$') || rest.len() > 1 {
            out.push_str(rest);
        }
        Ok(out)
    }

    /// What stands between the parentheses of `$(…)`: a function call, a substitution reference or a name.
    fn reference(&mut self, inner: &str, depth: usize) -> Result<String, KbuildError> {
        let (word, rest) = split_word(inner);
        if word.len() < inner.len()
            && let Some(value) = self.function(word, rest, depth)?
        {
            return Ok(value);
        }
        let inner = self.expand(inner, depth + 1)?;
        if let Some((name, pattern)) = inner.split_once(':')
            && let Some((from, to)) = pattern.split_once('=')
        {
            let value = self.value(name.trim(), depth + 1)?;
            let (from, to) = if from.contains('%') {
                (from.to_owned(), to.to_owned())
            } else {
                (format!("%{from}"), format!("%{to}"))
            };
            return Ok(map_words(&value, |word| patsubst(&from, &to, word)));
        }
        self.value(inner.trim(), depth + 1)
    }

    fn function(&mut self, name: &str, rest: &str, depth: usize) -> Result<Option<String>, KbuildError> {
        let raw_args = split_args(rest);
        // These decide for themselves which arguments to expand.
        match name {
            "if" => {
                let test = self.expand(raw_args.first().copied().unwrap_or(""), depth + 1)?;
                let index = if test.trim().is_empty() { 2 } else { 1 };
                return Ok(Some(self.expand(raw_args.get(index).copied().unwrap_or(""), depth + 1)?));
            }
            "or" | "and" => {
                let mut last = String::new();
                for arg in &raw_args {
                    last = self.expand(arg, depth + 1)?.trim().to_owned();
                    if last.is_empty() == (name == "and") {
                        break;
                    }
                }
                return Ok(Some(last));
            }
            "foreach" => {
                let [var, list, body] = raw_args[..] else {
                    return Ok(Some(String::new()));
                };
                let var = self.expand(var, depth + 1)?.trim().to_owned();
                let list = self.expand(list, depth + 1)?;
                let saved = self.vars.get(&var).cloned();
                let mut out = Vec::new();
                let mut size = 0;
                for word in list.split_whitespace() {
                    self.set(&var, word.to_owned(), false);
                    let value = self.expand(body, depth + 1)?;
                    size += value.len() + 1;
                    if size > EXPANSION_BYTES_MAX {
                        return Err(KbuildError::TooComplex { line: self.line });
                    }
                    out.push(value);
                }
                match saved {
                    Some(saved) => self.vars.insert(var, saved),
                    None => self.vars.remove(&var),
                };
                return Ok(Some(out.join(" ")));
            }
            _ => {}
        }
        let mut args = Vec::new();
        for arg in &raw_args {
            args.push(self.expand(arg, depth + 1)?);
        }
        let arg = |index: usize| args.get(index).map_or("", String::as_str);
        let value =
            match name {
                "shell" => self.shell(rest.trim()),
                "subst" if !arg(0).is_empty() => arg(2).replace(arg(0), arg(1)),
                "subst" => arg(2).to_owned(),
                "patsubst" => map_words(arg(2), |word| patsubst(arg(0), arg(1), word)),
                "strip" => map_words(arg(0), str::to_owned),
                "findstring" if arg(1).contains(arg(0)) => arg(0).to_owned(),
                "findstring" => String::new(),
                "filter" | "filter-out" => {
                    let keep = name == "filter";
                    join(arg(1).split_whitespace().filter(|word| {
                        arg(0).split_whitespace().any(|pattern| stem_of(pattern, word).is_some()) == keep
                    }))
                }
                "sort" => {
                    let mut words: Vec<&str> = arg(0).split_whitespace().collect();
                    words.sort_unstable();
                    words.dedup();
                    join(words.into_iter())
                }
                "word" => {
                    let index = arg(0).trim().parse::<usize>().unwrap_or(0);
                    let word = index.checked_sub(1).and_then(|index| arg(1).split_whitespace().nth(index));
                    word.unwrap_or("").to_owned()
                }
                "words" => arg(0).split_whitespace().count().to_string(),
                "firstword" => arg(0).split_whitespace().next().unwrap_or("").to_owned(),
                "lastword" => arg(0).split_whitespace().last().unwrap_or("").to_owned(),
                "dir" => map_words(arg(0), |word| word.rfind('/').map_or("./".to_owned(), |at| word[..=at].to_owned())),
                "notdir" => map_words(arg(0), |word| word.rsplit('/').next().unwrap_or("").to_owned()),
                "basename" => map_words(arg(0), |word| match word.rsplit_once('.') {
                    Some((stem, suffix)) if !suffix.contains('/') => stem.to_owned(),
                    _ => word.to_owned(),
                }),
                "suffix" => map_words(arg(0), |word| match word.rsplit_once('.') {
                    Some((_, suffix)) if !suffix.contains('/') => format!(".{suffix}"),
                    _ => String::new(),
                }),
                "addprefix" => map_words(arg(1), |word| format!("{}{word}", arg(0))),
                "addsuffix" => map_words(arg(1), |word| format!("{word}{}", arg(0))),
                "wildcard" => self.wildcard(arg(0)),
                "abspath" | "realpath" => arg(0).to_owned(),
                "error" => {
                    return Err(KbuildError::Stopped { line: self.line, text: args.join(",") });
                }
                "info" | "warning" | "eval" | "call" | "origin" | "flavor" | "value" | "file" | "cc-option"
                | "cc-disable-warning" => String::new(),
                _ => return Ok(None),
            };
        if value.len() > EXPANSION_BYTES_MAX {
            return Err(KbuildError::TooComplex { line: self.line });
        }
        Ok(Some(value))
    }

    fn shell(&self, command: &str) -> String {
        match command {
            "pwd" => self.dir.to_string_lossy().into_owned(),
            "uname -r" => self.release.to_owned(),
            "uname -m" => "x86_64".to_owned(),
            _ => String::new(),
        }
    }

    /// `$(wildcard …)`: one `*` per pattern, in its last component; sorted, so that the result is deterministic.
    /// A relative pattern is looked up in the module's directory.
    fn wildcard(&self, patterns: &str) -> String {
        let mut found = Vec::new();
        for pattern in patterns.split_whitespace() {
            let (dir, name) = pattern.rsplit_once('/').map_or(("", pattern), |(dir, name)| (dir, name));
            let Some((prefix, suffix)) = name.split_once('*') else {
                if self.dir.join(pattern).exists() || Path::new(pattern).exists() {
                    found.push(pattern.to_owned());
                }
                continue;
            };
            let base =
                if dir.starts_with(&*self.dir.to_string_lossy()) { PathBuf::from(dir) } else { self.dir.join(dir) };
            let Ok(entries) = fs::read_dir(base) else {
                continue;
            };
            for entry in entries.flatten().take(10_000) {
                let name = entry.file_name().to_string_lossy().into_owned();
                let fits = name.len() >= prefix.len() + suffix.len()
                    && name.starts_with(prefix)
                    && name.ends_with(suffix)
                    && (!name.starts_with('.') || prefix.starts_with('.'));
                if fits {
                    found.push(if dir.is_empty() { name } else { format!("{dir}/{name}") });
                }
            }
        }
        found.sort_unstable();
        found.join(" ")
    }
}

/// Joins continued lines and drops comments; yields (1-based first line, first raw line, logical text).
fn logical_lines(text: &str) -> Vec<(usize, String, String)> {
    // Makefiles are pasted from web pages like everything else: a non-breaking space is a space here.
    let text = text.trim_start_matches('\u{feff}').replace('\u{a0}', " ");
    let mut out = Vec::new();
    let mut pending: Option<(usize, String, String)> = None;
    for (index, raw) in text.lines().enumerate() {
        let raw = raw.trim_end_matches('\r');
        let continued = raw.len() - raw.trim_end_matches('\\').len();
        let (body, goes_on) = if continued % 2 == 1 { (&raw[..raw.len() - 1], true) } else { (raw, false) };
        let (line, first, mut logical) = match pending.take() {
            Some((line, first, logical)) => (line, first, logical + " " + body.trim_start()),
            None => (index + 1, raw.to_owned(), body.to_owned()),
        };
        if goes_on {
            pending = Some((line, first, logical));
            continue;
        }
        if let Some(at) = comment_start(&logical) {
            logical.truncate(at);
        }
        out.push((line, first, logical));
    }
    out.extend(pending);
    out
}

/// Byte offset of an unescaped `#`.
fn comment_start(text: &str) -> Option<usize> {
    let mut escaped = false;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'#' if !escaped => return Some(at),
            b'\\' => escaped = !escaped,
            _ => escaped = false,
        }
    }
    None
}

fn split_word(text: &str) -> (&str, &str) {
    // `ifeq(…)` without a blank is a common slip that make refuses; reading it as meant costs nothing.
    let end = text.find(|c: char| c.is_whitespace() || (c == '(' && text.starts_with("if"))).unwrap_or(text.len());
    (&text[..end], text[end..].trim())
}

/// `NAME op value`, where the operator stands outside any `$(…)`.
fn split_assignment(text: &str) -> Option<(&str, &'static str, &str)> {
    let bytes = text.as_bytes();
    let mut depth = 0_usize;
    for (at, &byte) in bytes.iter().enumerate() {
        match byte {
            b'(' | b'{' => depth += 1,
            b')' | b'}' => depth = depth.saturating_sub(1),
            _ if depth > 0 => {}
            b':' => {
                let rest = &text[at..];
                for op in [":::=", "::=", ":="] {
                    if let Some(value) = rest.strip_prefix(op) {
                        return Some((text[..at].trim(), ":=", value.trim()));
                    }
                }
                return None; // a rule
            }
            b'=' => {
                let (end, op) = match bytes.get(at.wrapping_sub(1)) {
                    Some(b'+') => (at - 1, "+="),
                    Some(b'?') => (at - 1, "?="),
                    Some(b'!') => (at - 1, "!="),
                    _ => (at, "="),
                };
                return Some((text[..end].trim(), op, text[at + 1..].trim()));
            }
            _ => {}
        }
    }
    None
}

fn is_kbuild_assignment(text: &str) -> bool {
    split_assignment(text).is_some_and(|(name, _, _)| {
        !name.contains(char::is_whitespace)
            && (name.starts_with("obj-") || name.ends_with("-objs") || name.ends_with("-y") || name == "EXTRA_CFLAGS")
    })
}

/// Arguments of `ifeq`: `(a,b)`, `"a" "b"` or `'a' 'b'`.
fn condition_args(rest: &str) -> (&str, &str) {
    let rest = rest.trim();
    if let Some(inner) = rest.strip_prefix('(') {
        let inner = &inner[..closing(rest, '(').saturating_sub(1).min(inner.len())];
        let mut args = split_args(inner).into_iter();
        let left = args.next().unwrap_or("");
        let right = inner.get(left.len() + 1..).unwrap_or("");
        return (left, right);
    }
    let mut parts = rest.splitn(5, ['"', '\'']);
    let _before = parts.next();
    let left = parts.next().unwrap_or("");
    let _between = parts.next();
    (left, parts.next().unwrap_or(""))
}

/// Index in `text` (which starts with `open`) of the parenthesis that closes it, or its length.
fn closing(text: &str, open: char) -> usize {
    let close = if open == '(' { ')' } else { '}' };
    let mut depth = 0_usize;
    for (at, c) in text.char_indices() {
        if c == open {
            depth += 1;
        } else if c == close {
            depth -= 1;
            if depth == 0 {
                return at;
            }
        }
    }
    text.len()
}

fn split_args(text: &str) -> Vec<&str> {
    let mut out = Vec::new();
    let mut depth = 0_usize;
    let mut start = 0;
    for (at, byte) in text.bytes().enumerate() {
        match byte {
            b'(' | b'{' => depth += 1,
            b')' | b'}' => depth = depth.saturating_sub(1),
            b',' if depth == 0 => {
                out.push(&text[start..at]);
                start = at + 1;
            }
            _ => {}
        }
    }
    out.push(&text[start..]);
    out
}

fn stem_of<'w>(pattern: &str, word: &'w str) -> Option<&'w str> {
    match pattern.split_once('%') {
        None => (pattern == word).then_some(""),
        Some((prefix, suffix)) => word.strip_prefix(prefix)?.strip_suffix(suffix),
    }
}

fn patsubst(from: &str, to: &str, word: &str) -> String {
    match stem_of(from, word) {
        None => word.to_owned(),
        Some(stem) => to.replacen('%', stem, 1),
    }
}

fn map_words(text: &str, f: impl Fn(&str) -> String) -> String {
    text.split_whitespace().map(f).collect::<Vec<_>>().join(" ")
}

fn join<'w>(words: impl Iterator<Item = &'w str>) -> String {
    words.collect::<Vec<_>>().join(" ")
}

/// Splits a flags variable as the shell that runs the compiler would: quotes group, backslash escapes.
fn shell_words(text: &str) -> Vec<String> {
    let mut out = Vec::new();
    let mut word: Option<String> = None;
    let mut quote = None;
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        match (quote, c) {
            (None, c) if c.is_whitespace() => out.extend(word.take()),
            (None, '"' | '\'') => {
                quote = Some(c);
                word.get_or_insert_default();
            }
            (Some(open), c) if c == open => quote = None,
            (None | Some('"'), '\\') => word.get_or_insert_default().extend(chars.next()),
            (_, c) => word.get_or_insert_default().push(c),
        }
    }
    out.extend(word);
    out
}

#[cfg(test)]
mod tests {
    use super::*;
    use proptest::prelude::*;

    fn run(text: &str) -> Result<Kbuild, KbuildError> {
        let overrides = BTreeMap::new();
        let env = KbuildEnv { dir: Path::new("mod"), release: "6.1.0-kloom", overrides: &overrides };
        parse(text, &env, &|dir| (dir == Path::new("sub")).then(|| "obj-m += inner.o\n".to_owned()))
    }

    /// `stem: source source [flag flag]; …` for easy comparison.
    fn shape(text: &str) -> String {
        match run(text) {
            Err(error) => format!("{error:?}"),
            Ok(kbuild) => kbuild
                .modules
                .iter()
                .map(|module| {
                    let units: Vec<String> = module
                        .units
                        .iter()
                        .map(|(source, flags)| {
                            let source = module.dir.join(source).display().to_string();
                            if flags.is_empty() { source } else { format!("{source} [{}]", flags.join(" ")) }
                        })
                        .collect();
                    format!("{}: {}", module.file_stem, units.join(" "))
                })
                .collect::<Vec<_>>()
                .join("; "),
        }
    }

    #[track_caller]
    fn check(text: &str, expected: &str) {
        assert_eq!(shape(text), expected, "for:\n{text}");
    }

    #[test]
    fn reads_what_tutorials_write() {
        check(
            "obj-m += hello.o\n\nall:\n\tmake -C /lib/modules/$(shell uname -r)/build M=$(PWD) modules\n",
            "hello: hello.c",
        );
        check("obj-m := a.o b.o\r\n", "a: a.c; b: b.c");
        check(
            "ifneq ($(KERNELRELEASE),)\nobj-m := x.o\nx-objs := main.o \\\n  util.o\nelse\nKDIR ?= /x\nall:\n\t$(MAKE) -C $(KDIR) M=$$PWD\nendif\n",
            "x: main.c util.c",
        );
        check("ifeq ($(KERNELRELEASE),)\nall:\n\tmake\nelse\n\tobj-m := k.o\nendif", "k: k.c");
        check(
            "TARGET = drv\nobj-m := $(TARGET).o\n$(TARGET)-objs = ${TARGET}_main.o io.o # two\n",
            "drv: drv_main.c io.c",
        );
        check(
            "obj-$(CONFIG_FOO) += foo.o\nfoo-y := a.o\nfoo-$(CONFIG_FOO_DEBUG) += dbg.o\nfoo-$(CONFIG_SMP) += smp.o",
            "foo: a.c smp.c",
        );
        check(
            "obj-m+=a.o\nccflags-y := -DX=1 -I$(src)/include\nCFLAGS_a.o += -DY='\"q r\"'",
            "a: a.c [-DX=1 -Imod/include -DY=\"q r\"]",
        );
        check("EXTRA_CFLAGS += -DDEBUG\nobj-m := a.o\n", "a: a.c [-DDEBUG]");
        check("SRCS := a.c b.c\nobj-m := m.o\nm-objs := $(SRCS:.c=.o)\n", "m: a.c b.c");
        check("obj-m := m.o\nm-objs := $(patsubst %.c,%.o,a.c) $(addprefix d/,b.o c.o)", "m: a.c d/b.c d/c.c");
        check("obj-m := sub/ top.o\nKBUILD_EXTRA_SYMBOLS := /x/Module.symvers", "inner: sub/inner.c; top: top.c");
        check("obj-m\u{a0}+=\u{a0}hello.o\n", "hello: hello.c");
        check(
            "ifdef CONFIG_SMP\nobj-m := smp.o\nelse ifeq ($(X),y)\nobj-m := x.o\nelse\nobj-m := up.o\nendif",
            "smp: smp.c",
        );
        check(
            "X=y\nifndef CONFIG_SMP\nobj-m := up.o\nelse ifeq \"$(X)\" \"y\"\nobj-m := x.o\nelse\nobj-m := n.o\nendif",
            "x: x.c",
        );
        check("define F\nobj-m := no.o\nendef\nexport obj-m := yes.o", "yes: yes.c");
    }

    #[test]
    fn says_what_is_wrong() {
        check("all:\n\tgcc x.c\n", "NoModules");
        check("ifdef X\nobj-m := a.o\n", "UnbalancedConditional { line: 1 }");
        check("obj-m := a.o\nendif\n", "UnbalancedConditional { line: 2 }");
        check("obj-m = $(obj-m) a.o\n", "TooComplex { line: 1 }");
        check("obj-m := a.o\n$(error stop here)\n", "Stopped { line: 2, text: \"stop here\" }");
        check("obj-m := gone/\n", "NoSubMakefile { dir: \"gone\" }");
    }

    #[test]
    fn notices_assumed_options_and_circular_objects() {
        let kbuild = run("obj-$(CONFIG_FOO) += foo.o\nfoo-objs := foo.o bar.o\n").unwrap();
        assert_eq!(kbuild.assumed_configs, ["CONFIG_FOO"]);
        assert!(kbuild.modules[0].circular);
    }

    #[test]
    fn exponential_expansion_is_bounded() {
        let mut text = String::from("v0 = xxxxxxxxxx\n");
        for i in 1..60 {
            text += &format!("v{i} = $(v{0})$(v{0})\n", i - 1);
        }
        text += "obj-m := $(v59)\n";
        assert!(matches!(run(&text), Err(KbuildError::TooComplex { .. })));
    }

    proptest! {
        #[test]
        fn never_panics(text in "(obj-m|ifeq|endif|else|define|\\$|[(){}:=+,%#\\\\\"' \t\n]|[a-z.]{1,4}|\u{a0}|é){0,60}") {
            let _ = run(&text);
        }

        #[test]
        fn never_panics_on_anything(text in ".*") {
            let _ = run(&text);
        }
    }
}
