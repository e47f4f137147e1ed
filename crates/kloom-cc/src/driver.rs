//! Runs a build: plan, look into the cache, compile what is missing in parallel processes, link, keep.

use std::collections::{BTreeMap, BTreeSet, VecDeque};
use std::fs::{self, File};
use std::io::ErrorKind;
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

use tempfile::TempDir;

use crate::cache::{Cache, Meta, hex};
use crate::compiler::Compiler;
use crate::config::{Config, Input, Progress};
use crate::diagnose;
use crate::error::{CcError, CompilerOutput, Diagnostic, Level, SourceNote};
use crate::headers::{self, Headers};
use crate::kofile::Facts;
use crate::plan::{self, Planned, UnitPlan};
use crate::sources::{Closure, SourceFile, below, normal_path, parse_depfile};

/// Changes whenever the layout of the cache or the meaning of a key does.
const CACHE_FORMAT: &str = concat!("kloom-cc ", env!("CARGO_PKG_VERSION"), " format 1");

/// What a build made; the default is a build of nothing.
#[derive(Debug, Default)]
pub struct Built {
    /// In the order of the input.
    pub modules: Vec<BuiltModule>,
    /// Notes that belong to no single module.
    pub notes: Vec<SourceNote>,
    // Holds the files of `modules` when the cache is a stand-in.
    _cache: Cache,
}

/// One module.
#[derive(Clone, Debug)]
pub struct BuiltModule {
    /// Module name, as `lsmod` shows it.
    pub name: String,
    /// File name (`a-b.ko`), by which scenarios call it.
    pub file_name: String,
    /// Where the file is: in the cache, or where the user has it. Lives as long as the [`Built`] it came with.
    pub ko_path: PathBuf,
    /// Its content.
    pub ko: Vec<u8>,
    /// C sources, then the user's headers they include, as (path as typed, text).
    pub sources: Vec<(String, String)>,
    /// What about the module is worth a note.
    pub notes: Vec<SourceNote>,
    /// No compiler was run.
    pub from_cache: bool,
    /// Host time from the start of the build until this module was ready.
    pub wall: Duration,
    /// Warnings of the compiler (kept with a cached module).
    pub compiler_warnings: Vec<Diagnostic>,
    /// The same as the compiler printed them.
    pub warning_text: String,
    /// Command lines, when [`Config::verbose`] is set.
    pub commands: Vec<String>,
}

/// A module to be compiled.
struct Work {
    slot: usize,
    file_stem: String,
    name: String,
    key: blake3::Hash,
    units: Vec<UnitPlan>,
    closures: Vec<Closure>,
    notes: Vec<SourceNote>,
    tmp: TempDir,
    commands: Vec<String>,
}

/// Builds `input`.
///
/// # Errors
/// [`CcError::Compile`] when the module does not compile, [`CcError::Unsupported`] when it needs what kloom does not
/// have; the other variants concern the input, the tools or the file system.
pub fn build(config: &Config, input: &Input) -> Result<Built, CcError> {
    build_with_progress(config, input, &mut |_| {})
}

/// [`build`], reporting each compilation as it starts.
pub fn build_with_progress(
    config: &Config,
    input: &Input,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Built, CcError> {
    let cache_dir = config.cwd.join(&config.cache_dir);
    let cache = Cache::open(&cache_dir).map_err(|error| io("create", &cache_dir, error))?;
    let lasting = !cache.is_stand_in();
    let built = build_in(cache, config, input, progress);
    let Err(error) = built else { return built };
    if !out_of_room(&error) {
        return Err(error);
    }
    // The file system of the cache is full: another one may have room, and the module is not to blame.
    let full = std::io::Error::from(ErrorKind::StorageFull);
    if lasting && let Ok(cache) = Cache::stand_in(full.to_string()) {
        let built = build_in(cache, config, input, progress);
        if !built.as_ref().is_err_and(out_of_room) {
            return built;
        }
    }
    Err(io("write into", &cache_dir, full))
}

/// Whether a build failed because a file system was full.
fn out_of_room(error: &CcError) -> bool {
    const WORDS: &str = "No space left on device";
    match error {
        CcError::Io { error, .. } => {
            matches!(error.kind(), ErrorKind::StorageFull | ErrorKind::QuotaExceeded)
        }
        CcError::ToolFailed { stderr, .. } => stderr.contains(WORDS),
        _ => error.output().is_some_and(|output| output.stderr.contains(WORDS)),
    }
}

fn build_in(
    cache: Cache,
    config: &Config,
    input: &Input,
    progress: &mut dyn FnMut(Progress<'_>),
) -> Result<Built, CcError> {
    let clock = Clock::start();
    let mut notes = Vec::new();
    let planned = plan::plan(config, input, &mut notes)?;
    if let Some(error) = &cache.unwritable {
        notes.push(SourceNote::CacheUnwritable { dir: config.cache_dir.clone(), error: error.clone() });
    }

    let mut modules: Vec<Option<BuiltModule>> = Vec::new();
    let mut facts: BTreeMap<usize, (BTreeSet<String>, BTreeSet<String>, String)> = BTreeMap::new();
    let mut work = Vec::new();
    let mut compiler = None;
    let headers_dir = config.headers_dir.as_ref().map(|dir| config.cwd.join(dir));
    for (slot, planned) in planned.into_iter().enumerate() {
        let file_stem = planned.file_stem();
        let name = plan::module_name(&file_stem);
        let (units, own_notes) = match planned {
            Planned::Ready { path, display } => {
                let ko = fs::read(&path).map_err(|error| io("read", Path::new(&display), error))?;
                // A file that is no object file is for the loader to refuse, in the kernel's words.
                if let Ok(found) = Facts::read(&ko) {
                    facts.insert(slot, (found.imports, found.exports, String::new()));
                }
                modules.push(Some(BuiltModule {
                    name,
                    file_name: format!("{file_stem}.ko"),
                    ko_path: path,
                    ko,
                    sources: Vec::new(),
                    notes: Vec::new(),
                    from_cache: false,
                    wall: clock.elapsed(),
                    compiler_warnings: Vec::new(),
                    warning_text: String::new(),
                    commands: Vec::new(),
                }));
                continue;
            }
            Planned::Module { units, notes, .. } => (units, notes),
        };
        let compiler = match &compiler {
            Some(found) => found,
            None => compiler.insert(Compiler::find(config, &cache.root)?),
        };
        let headers_hash = headers::hash(headers_dir.as_deref())
            .map_err(|error| io("read", headers_dir.as_deref().unwrap_or(Path::new("include")), error))?;
        let mut closures = Vec::new();
        for unit in &units {
            closures.push(Closure::read(&unit.display, &unit.path, &unit.include_dirs)?);
        }
        let mut notes: Vec<SourceNote> = own_notes;
        notes.extend(closures.iter().flat_map(|closure| &closure.files).flat_map(SourceFile::notes));
        notes.sort();
        notes.dedup();
        let key = key(config, compiler, &headers_hash, &file_stem, &units, &closures);
        if let Some((ko_path, ko, meta)) = cache.get(&key, &format!("{file_stem}.ko")) {
            let module = BuiltModule {
                name: name.clone(),
                file_name: format!("{file_stem}.ko"),
                ko_path,
                ko,
                sources: texts(&closures),
                notes: merge_notes(&notes, &meta.notes),
                from_cache: true,
                wall: clock.elapsed(),
                compiler_warnings: meta.warnings,
                warning_text: meta.warning_text,
                commands: Vec::new(),
            };
            let sets = (meta.imports.into_iter().collect(), meta.exports.into_iter().collect(), meta.depends);
            facts.insert(slot, sets);
            modules.push(Some(module));
        } else {
            modules.push(None);
        }
        let tmp = cache.tempdir().map_err(|error| io("create", &cache.root, error))?;
        work.push(Work { slot, file_stem, name, key, units, closures, notes, tmp, commands: Vec::new() });
    }

    if let Some(compiler) = compiler {
        // A cached module whose dependencies changed, because other modules came along, is linked anew.
        let stale: BTreeSet<usize> = facts
            .iter()
            .filter(|(slot, (imports, _, depends))| {
                work.iter().any(|work| work.slot == **slot)
                    && depends_of(**slot, imports, &facts, &modules, &work) != *depends
            })
            .map(|(slot, _)| *slot)
            .collect();
        work.retain(|work| {
            modules[work.slot].is_none() || stale.contains(&work.slot) || !facts.contains_key(&work.slot)
        });
        let others_missing = work.iter().any(|work| modules[work.slot].is_none());
        if !work.is_empty() || others_missing {
            let headers = headers::provide(headers_dir.as_deref(), &cache.root)
                .map_err(|error| io("create", &cache.root, error))?;
            let made = Builder { config, compiler: &compiler, headers: &headers, cache: &cache, clock: &clock }
                .run(work, &mut facts, &modules, progress)?;
            for (slot, module) in made {
                modules[slot] = Some(module);
            }
            if !cache.is_stand_in() {
                cache.evict(config.cache_bytes_max);
            }
        }
    }
    Ok(Built { modules: modules.into_iter().flatten().collect(), notes, _cache: cache })
}

type FactSets = BTreeMap<usize, (BTreeSet<String>, BTreeSet<String>, String)>;

/// `depends=`: the other modules of this build that export what this one imports, by name, comma-separated.
fn depends_of(
    slot: usize,
    imports: &BTreeSet<String>,
    facts: &FactSets,
    modules: &[Option<BuiltModule>],
    work: &[Work],
) -> String {
    let mut names = BTreeSet::new();
    for (other, (_, exports, _)) in facts {
        if *other != slot && imports.iter().any(|name| exports.contains(name)) {
            let built = modules.get(*other).and_then(Option::as_ref).map(|module| module.name.clone());
            names.extend(built.or_else(|| work.iter().find(|work| work.slot == *other).map(|work| work.name.clone())));
        }
    }
    names.into_iter().collect::<Vec<_>>().join(",")
}

fn io(action: &'static str, path: &Path, error: std::io::Error) -> CcError {
    CcError::Io { action, path: path.to_path_buf(), error }
}

fn merge_notes(a: &[SourceNote], b: &[SourceNote]) -> Vec<SourceNote> {
    a.iter().chain(b).cloned().collect::<BTreeSet<_>>().into_iter().collect()
}

fn texts(closures: &[Closure]) -> Vec<(String, String)> {
    let mut seen = BTreeSet::new();
    let mains = closures.iter().filter_map(|closure| closure.files.first());
    let rest = closures.iter().flat_map(|closure| closure.files.iter().skip(1));
    mains
        .chain(rest)
        .filter(|file| seen.insert(file.path.clone()))
        .map(|file| (file.display.clone(), String::from_utf8_lossy(&file.bytes).into_owned()))
        .collect()
}

fn key(
    config: &Config,
    compiler: &Compiler,
    headers: &blake3::Hash,
    file_stem: &str,
    units: &[UnitPlan],
    closures: &[Closure],
) -> blake3::Hash {
    let mut hasher = blake3::Hasher::new();
    let mut add = |bytes: &[u8]| {
        hasher.update(&(bytes.len() as u64).to_le_bytes());
        hasher.update(bytes);
    };
    for text in [CACHE_FORMAT, &compiler.identity, &config.vermagic(), file_stem] {
        add(text.as_bytes());
    }
    add(headers.as_bytes());
    for flag in compiler.base_flags(config) {
        add(flag.as_bytes());
    }
    for flag in compiler.instrument_flags() {
        add(flag.as_bytes());
    }
    for (unit, closure) in units.iter().zip(closures) {
        add(b"unit");
        for flag in &unit.flags {
            add(flag.as_bytes());
        }
        for (display, path) in &unit.include_dirs {
            add(display.as_bytes());
            add(path.as_os_str().as_encoded_bytes());
        }
        for file in &closure.files {
            add(file.display.as_bytes());
            add(file.path.as_os_str().as_encoded_bytes());
            add(&file.bytes);
        }
    }
    hasher.finalize()
}

/// Host time since the start; for the progress display and [`BuiltModule::wall`] only.
struct Clock(Instant);

impl Clock {
    #[expect(clippy::disallowed_methods, reason = "host time only in the progress display")]
    fn start() -> Self {
        Clock(Instant::now())
    }

    fn elapsed(&self) -> Duration {
        self.0.elapsed()
    }
}

/// A compiler process; its messages go to a file, so that nobody needs to read a pipe while waiting.
struct Job {
    child: Child,
    tool: PathBuf,
    stderr: PathBuf,
    owner: Owner,
}

/// What a job compiles.
#[derive(Clone, Copy)]
enum Owner {
    Unit { work: usize, unit: usize },
    ModFile { work: usize },
}

/// Runs jobs, at most `limit` at once; kills what is left when dropped early.
struct Pool {
    limit: usize,
    running: VecDeque<Job>,
}

/// How a job ended.
struct Done {
    owner: Owner,
    ok: bool,
    stderr: String,
    status: std::process::ExitStatus,
    tool: PathBuf,
}

impl Pool {
    fn start(
        &mut self,
        mut command: Command,
        stderr: PathBuf,
        owner: Owner,
        done: &mut Vec<Done>,
    ) -> Result<(), CcError> {
        while self.running.len() >= self.limit {
            self.wait_one(done)?;
        }
        let tool = PathBuf::from(command.get_program());
        let file = File::create(&stderr).map_err(|error| io("create", &stderr, error))?;
        let child = command.stderr(Stdio::from(file)).spawn().map_err(|error| io("run", &tool, error))?;
        self.running.push_back(Job { child, tool, stderr, owner });
        Ok(())
    }

    fn wait_one(&mut self, done: &mut Vec<Done>) -> Result<(), CcError> {
        let Some(mut job) = self.running.pop_front() else {
            return Ok(());
        };
        let status = job.child.wait().map_err(|error| io("run", &job.tool, error))?;
        let bytes = fs::read(&job.stderr).unwrap_or_default();
        let stderr = String::from_utf8_lossy(&bytes).into_owned();
        done.push(Done { owner: job.owner, ok: status.success(), stderr, status, tool: job.tool });
        Ok(())
    }
}

impl Drop for Pool {
    fn drop(&mut self) {
        for job in &mut self.running {
            let _ended = job.child.kill();
            let _reaped = job.child.wait();
        }
    }
}

struct Builder<'a> {
    config: &'a Config,
    compiler: &'a Compiler,
    headers: &'a Headers,
    cache: &'a Cache,
    clock: &'a Clock,
}

impl Builder<'_> {
    fn run(
        &self,
        mut work: Vec<Work>,
        facts: &mut FactSets,
        modules: &[Option<BuiltModule>],
        progress: &mut dyn FnMut(Progress<'_>),
    ) -> Result<Vec<(usize, BuiltModule)>, CcError> {
        let total = work.iter().map(|work| work.units.len()).sum();
        let mut pool = Pool { limit: self.config.jobs.max(1), running: VecDeque::new() };
        let mut done = Vec::new();
        let mut guesses = Vec::new();
        for (index, item) in work.iter_mut().enumerate() {
            for unit in 0..item.units.len() {
                let finished = done.iter().filter(|done: &&Done| matches!(done.owner, Owner::Unit { .. })).count();
                progress(Progress {
                    done: finished,
                    total,
                    current: &item.units[unit].display,
                    elapsed: self.clock.elapsed(),
                });
                let command = self.unit_command(item, unit)?;
                self.record(item, &command);
                let stderr = item.tmp.path().join(format!("{unit}.err"));
                pool.start(command, stderr, Owner::Unit { work: index, unit }, &mut done)?;
            }
            // `NAME.mod.c` is compiled at the same time, on a guess that is checked against the objects below.
            let guess =
                item.closures.iter().flat_map(|closure| &closure.files).fold((false, false), |(init, exit), file| {
                    let (has_init, has_exit) = plan::guess_entry_points(file.effective());
                    (init || has_init, exit || has_exit)
                });
            let text = self.mod_text(item, guess.0, guess.1, "");
            let command = self.mod_command(item, &text)?;
            pool.start(command, item.tmp.path().join("mod.err"), Owner::ModFile { work: index }, &mut done)?;
            guesses.push(text);
        }
        while !pool.running.is_empty() {
            pool.wait_one(&mut done)?;
        }
        self.check(&work, &done)?;

        let mut found = Vec::new();
        for item in &work {
            let mut all = Facts::default();
            for unit in 0..item.units.len() {
                let path = item.tmp.path().join(format!("{unit}.o"));
                let bytes = fs::read(&path).map_err(|error| io("read", &path, error))?;
                let one =
                    Facts::read(&bytes).map_err(|error| CcError::BadObject { module: item.name.clone(), error })?;
                all.merge(one);
            }
            facts.insert(item.slot, (all.imports.clone(), all.exports.clone(), String::new()));
            found.push(all);
        }
        let depends: Vec<String> = work
            .iter()
            .zip(&found)
            .map(|(item, all)| depends_of(item.slot, &all.imports, facts, modules, &work))
            .collect();

        let mut out = Vec::new();
        for (index, mut item) in work.into_iter().enumerate() {
            let (all, depends) = (&found[index], &depends[index]);
            let text = self.mod_text(&item, all.has_init, all.has_exit, depends);
            if text != guesses[index] {
                let command = self.mod_command(&item, &text)?;
                let mut done = Vec::new();
                let stderr = item.tmp.path().join("mod.err");
                pool.start(command, stderr, Owner::ModFile { work: index }, &mut done)?;
                pool.wait_one(&mut done)?;
                self.check_mod(&item, &done)?;
            } else {
                self.check_mod_owner(&item, index, &done)?;
            }
            let ko = self.link(&mut item)?;
            let warning_text: String = done
                .iter()
                .filter(|done| matches!(done.owner, Owner::Unit { work, .. } if work == index))
                .map(|done| self.without_host_paths(&done.stderr))
                .collect();
            let pointers = all.imports.iter().filter(|name| name.starts_with("STUB_"));
            let pointers = pointers.filter(|name| !facts.values().any(|(_, exports, _)| exports.contains(*name)));
            let pointers: Vec<String> = pointers.cloned().collect();
            out.push((item.slot, self.keep(item, ko, all, depends, pointers, warning_text)?));
        }
        Ok(out)
    }

    fn record(&self, item: &mut Work, command: &Command) {
        if self.config.verbose {
            let words: Vec<String> = std::iter::once(command.get_program())
                .chain(command.get_args())
                .map(|word| word.to_string_lossy().into_owned())
                .collect();
            item.commands.push(words.join(" "));
        }
    }

    fn unit_command(&self, item: &Work, index: usize) -> Result<Command, CcError> {
        let (unit, closure) = (&item.units[index], &item.closures[index]);
        let tmp = item.tmp.path();
        let cwd = &self.config.cwd;
        let dir = &self.headers.dir;
        let mut command = Compiler::command(&self.compiler.path, cwd);
        // The compiler takes its working directory's name from here when it fits.
        command.env("PWD", cwd);
        command.args(self.compiler.base_flags(self.config)).args(self.compiler.instrument_flags());
        command.arg(prefix("-I", dir));
        if dir.join("uapi").is_dir() {
            command.arg(prefix("-I", &dir.join("uapi")));
        }
        let prelude = dir.join("kloom/prelude.h");
        if prelude.is_file() {
            command.arg("-include").arg(prelude);
        }
        let map = |from: &Path, to: &str| format!("-ffile-prefix-map={}={to}", from.display());
        if cwd.as_path() != Path::new("/") {
            command.arg(map(cwd, "."));
        }
        command.arg(map(dir, "kloom/include")).arg(map(&self.headers.fallback, "kloom/fallback"));
        let typed = Path::new(&unit.display);
        if typed.is_absolute()
            && let Some(parent) = typed.parent()
        {
            command.arg(map(parent, &parent.to_string_lossy()));
        }
        let source = if closure.needs_copies() {
            let overlay = tmp.join("copies");
            closure.write_copies(&overlay).map_err(|error| io("create", &overlay, error))?;
            let copy = below(&overlay, &unit.path);
            let shown = unit.display.strip_suffix(&*unit.path.file_name().unwrap_or_default().to_string_lossy());
            if let Some(parent) = copy.parent() {
                command.arg(format!("-ffile-prefix-map={}/={}", parent.display(), shown.unwrap_or("")));
            }
            if let Some(parent) = unit.path.parent() {
                command.arg("-iquote").arg(parent);
            }
            for (_, include) in &unit.include_dirs {
                command.arg(prefix("-I", &below(&overlay, include)));
            }
            copy
        } else {
            PathBuf::from(&unit.display)
        };
        for (shown, path) in &unit.include_dirs {
            // As typed where that works, so that messages and DWARF show it so.
            let typed = Path::new(shown);
            let dir = if normal_path(cwd, typed) == *path && !shown.is_empty() { typed } else { path };
            command.arg(prefix("-I", dir));
        }
        command.args(&unit.flags);
        command.arg("-idirafter").arg(&self.headers.fallback);
        let base = plan::module_name(&unit.path.file_stem().unwrap_or_default().to_string_lossy());
        command
            .arg(format!("-DKBUILD_MODNAME=\"{}\"", item.name))
            .arg(format!("-D__KBUILD_MODNAME=kmod_{}", identifier(&item.name)))
            .arg(format!("-DKBUILD_BASENAME=\"{base}\""))
            .arg(format!("-DKBUILD_MODFILE=\"{}\"", item.file_stem));
        command.arg("-MD").arg("-MF").arg(tmp.join(format!("{index}.d")));
        command.arg("-c").arg("-o").arg(tmp.join(format!("{index}.o")));
        // A name that begins with a dash is a file all the same.
        if source.to_string_lossy().starts_with('-') {
            command.arg(Path::new(".").join(source));
        } else {
            command.arg(source);
        }
        Ok(command)
    }

    /// What modpost of 6.1 writes to `NAME.mod.c`, reduced to what kloom's loader reads.
    fn mod_text(&self, item: &Work, has_init: bool, has_exit: bool, depends: &str) -> String {
        let mut text = String::from("#include <linux/module.h>\n");
        let infos =
            [("vermagic", self.config.vermagic()), ("name", item.name.clone()), ("depends", depends.to_owned())];
        for (tag, value) in infos {
            let value = value.replace('\\', "\\\\").replace('"', "\\\"");
            text += &format!(
                "static const char __modinfo_{tag}[] __attribute__((used, section(\".modinfo\"), aligned(1))) = \"{tag}={value}\";\n"
            );
        }
        if has_init {
            text += "extern int init_module(void);\n";
        }
        if has_exit {
            text += "extern void cleanup_module(void);\n";
        }
        text += &format!(
            "struct module __this_module __attribute__((section(\".gnu.linkonce.this_module\"))) = {{\n\t.name = \"{}\",\n",
            item.name.replace('\\', "\\\\").replace('"', "\\\"")
        );
        if has_init {
            text += "\t.init = init_module,\n";
        }
        if has_exit {
            text += "\t.exit = cleanup_module,\n";
        }
        text += "};\n";
        text
    }

    fn mod_command(&self, item: &Work, text: &str) -> Result<Command, CcError> {
        let tmp = item.tmp.path();
        let source = tmp.join("this.mod.c");
        fs::write(&source, text).map_err(|error| io("create", &source, error))?;
        let mut command = Compiler::command(&self.compiler.path, tmp);
        command.args(self.compiler.base_flags(self.config)).args(["-g0", "-w"]);
        command.arg(prefix("-I", &self.headers.dir));
        if self.headers.dir.join("uapi").is_dir() {
            command.arg(prefix("-I", &self.headers.dir.join("uapi")));
        }
        let prelude = self.headers.dir.join("kloom/prelude.h");
        if prelude.is_file() {
            command.arg("-include").arg(prelude);
        }
        command.arg("-idirafter").arg(&self.headers.fallback);
        command.arg(format!("-DKBUILD_MODNAME=\"{}\"", item.name));
        command.arg(format!("-D__KBUILD_MODNAME=kmod_{}", identifier(&item.name)));
        command.args(["-c", "-o", "mod.o", "this.mod.c"]);
        Ok(command)
    }

    /// Turns failed compilations into one error.
    fn check(&self, work: &[Work], done: &[Done]) -> Result<(), CcError> {
        let mut failed: Vec<(&Done, usize, usize)> = done
            .iter()
            .filter(|done| !done.ok)
            .filter_map(|done| match done.owner {
                Owner::Unit { work, unit } => Some((done, work, unit)),
                Owner::ModFile { .. } => None,
            })
            .collect();
        failed.sort_by_key(|(_, work, unit)| (*work, *unit));
        let Some((first, ..)) = failed.first() else {
            return Ok(());
        };
        let mut output = CompilerOutput::default();
        let mut files: Vec<SourceFile> = Vec::new();
        for (done, index, unit) in &failed {
            output.stderr += &diagnose::split_removed(&done.stderr).0;
            output.notes = merge_notes(&output.notes, &work[*index].notes);
            files.extend(work[*index].closures[*unit].files.iter().cloned());
        }
        files.dedup_by(|a, b| a.path == b.path);
        output.diagnostics = diagnose::parse(&output.stderr);
        let crashed =
            output.stderr.contains("internal compiler error") || output.stderr.contains("PLEASE submit a bug report");
        if crashed || !output.diagnostics.iter().any(|diagnostic| diagnostic.level == Level::Error) {
            return Err(tool_failed(first));
        }
        let (missing, hints) = diagnose::classify(&output.diagnostics, &files, &self.headers.dir);
        output.hints = hints;
        output.stderr = self.without_host_paths(&output.stderr);
        let output = Box::new(output);
        Err(if missing.is_empty() { CcError::Compile(output) } else { CcError::Unsupported { missing, output } })
    }

    /// A compiler's text with kloom's headers named as DWARF names them: where they were extracted to is of no interest.
    fn without_host_paths(&self, text: &str) -> String {
        text.replace(&*self.headers.dir.to_string_lossy(), "kloom/include")
    }

    fn check_mod_owner(&self, item: &Work, index: usize, done: &[Done]) -> Result<(), CcError> {
        let own = done.iter().find(|done| matches!(done.owner, Owner::ModFile { work } if work == index));
        match own {
            Some(done) if !done.ok => Err(CcError::BadObject { module: item.name.clone(), error: done.stderr.clone() }),
            _ => Ok(()),
        }
    }

    fn check_mod(&self, item: &Work, done: &[Done]) -> Result<(), CcError> {
        match done.first() {
            Some(done) if !done.ok => Err(CcError::BadObject { module: item.name.clone(), error: done.stderr.clone() }),
            _ => Ok(()),
        }
    }

    fn link(&self, item: &mut Work) -> Result<Vec<u8>, CcError> {
        let tmp = item.tmp.path();
        // Objects are named after their sources, so that the linker's messages make sense.
        let mut command = match &self.compiler.linker {
            Some(linker) => {
                let mut command = Compiler::command(linker, tmp);
                command.args(["-m", "elf_x86_64", "-r", "--build-id=none", "-z", "noexecstack"]);
                command
            }
            None => {
                let mut command = Compiler::command(&self.compiler.path, tmp);
                command.args(["-r", "-nostdlib", "-Wl,--build-id=none"]);
                command
            }
        };
        command.args(["-o", "out.ko"]);
        for unit in 0..item.units.len() {
            command.arg(format!("{unit}.o"));
        }
        command.arg("mod.o");
        let output = command.stderr(Stdio::piped()).output();
        let tool = PathBuf::from(command.get_program());
        let output = output.map_err(|error| io("run", &tool, error))?;
        if !output.status.success() {
            let mut stderr = String::from_utf8_lossy(&output.stderr).into_owned();
            for (index, unit) in item.units.iter().enumerate() {
                let object = Path::new(&unit.display).with_extension("o").to_string_lossy().into_owned();
                stderr = stderr.replace(&format!("{index}.o:"), &format!("{object}:"));
            }
            let diagnostics = diagnose::parse(&stderr);
            let output = Box::new(CompilerOutput { stderr, diagnostics, hints: Vec::new(), notes: item.notes.clone() });
            return Err(CcError::Link { module: item.name.clone(), output });
        }
        let path = tmp.join("out.ko");
        let ko = fs::read(&path).map_err(|error| io("read", &path, error))?;
        self.record(item, &command);
        Ok(ko)
    }

    fn keep(
        &self,
        item: Work,
        ko: Vec<u8>,
        all: &Facts,
        depends: &str,
        pointers: Vec<String>,
        warning_text: String,
    ) -> Result<BuiltModule, CcError> {
        let (warning_text, mut own) = diagnose::split_removed(&warning_text);
        let name = || item.name.clone();
        if !all.has_license {
            own.push(SourceNote::MissingLicense { module: name() });
        }
        if !all.has_init {
            own.push(SourceNote::NoInit { module: name() });
        }
        if !pointers.is_empty() {
            own.push(SourceNote::SystemCallPointers { module: name(), symbols: pointers });
        }
        let symbols = all.float_helpers();
        if !symbols.is_empty() {
            own.push(SourceNote::FloatingPoint { module: name(), symbols });
        }
        let warnings: Vec<Diagnostic> = diagnose::parse(&warning_text)
            .into_iter()
            .filter(|diagnostic| diagnostic.level == Level::Warning)
            .collect();
        let meta = Meta {
            ko_hash: hex(&ko),
            depends: depends.to_owned(),
            imports: all.imports.iter().cloned().collect(),
            exports: all.exports.iter().cloned().collect(),
            notes: own.clone(),
            warnings: warnings.clone(),
            warning_text: warning_text.clone(),
            more_inputs: self.more_inputs(&item),
        };
        let file_name = format!("{}.ko", item.file_stem);
        let ko_path =
            self.cache.put(&item.key, &file_name, &ko, &meta).map_err(|error| io("create", &self.cache.root, error))?;
        Ok(BuiltModule {
            name: item.name,
            file_name,
            ko_path,
            ko,
            sources: texts(&item.closures),
            notes: merge_notes(&item.notes, &own),
            from_cache: false,
            wall: self.clock.elapsed(),
            compiler_warnings: warnings,
            warning_text,
            commands: item.commands,
        })
    }

    /// Files the compiler read that are neither kloom's nor in the closure (`#include MACRO`).
    fn more_inputs(&self, item: &Work) -> Vec<(PathBuf, String)> {
        let overlay = item.tmp.path().join("copies");
        let mut out = BTreeMap::new();
        for (index, closure) in item.closures.iter().enumerate() {
            let text = fs::read_to_string(item.tmp.path().join(format!("{index}.d"))).unwrap_or_default();
            for path in parse_depfile(&text) {
                let path = match path.strip_prefix(&overlay) {
                    Ok(rest) => Path::new("/").join(rest),
                    Err(_) => normal_path(&self.config.cwd, &path),
                };
                let ours = path.starts_with(&self.headers.dir) || path.starts_with(&self.headers.fallback);
                if !ours
                    && !closure.files.iter().any(|file| file.path == path)
                    && let Ok(bytes) = fs::read(&path)
                {
                    out.insert(path, hex(&bytes));
                }
            }
        }
        out.into_iter().collect()
    }
}

fn prefix(flag: &str, path: &Path) -> std::ffi::OsString {
    let mut out = std::ffi::OsString::from(flag);
    out.push(path);
    out
}

/// `name` as a C identifier.
fn identifier(name: &str) -> String {
    name.chars().map(|c| if c.is_ascii_alphanumeric() { c } else { '_' }).collect()
}

fn tool_failed(done: &Done) -> CcError {
    CcError::ToolFailed {
        tool: done.tool.to_string_lossy().into_owned(),
        status: done.status.to_string(),
        stderr: done.stderr.clone(),
    }
}
