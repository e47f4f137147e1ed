//! What can go wrong, what is worth a note, and what may help: as data, with a plain sentence each.
//!
//! The sentences here are the fallback for places that have nothing better; `kloom-diag` lays findings out.

use std::fmt;
use std::io;
use std::path::PathBuf;

use serde::{Deserialize, Serialize};

use crate::kbuild::KbuildError;

/// Something about the input that did not stop the build but that its author may want to know.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord, Serialize, Deserialize)]
#[non_exhaustive]
pub enum SourceNote {
    /// U+00A0, as web pages have it, was read as a space.
    NonBreakingSpaces {
        /// File as the user typed it.
        file: String,
        /// How many.
        count: usize,
        /// 1-based line of the first.
        first_line: usize,
        /// On how many lines.
        lines: usize,
    },
    /// Zero-width characters or a byte order mark were dropped.
    InvisibleCharacters {
        /// File as the user typed it.
        file: String,
        /// How many.
        count: usize,
        /// 1-based line of the first.
        first_line: usize,
    },
    /// modpost of 6.1 stops with "missing MODULE_LICENSE()"; kloom goes on.
    MissingLicense {
        /// Module name.
        module: String,
    },
    /// The module computes with floating point; the kernel has no such helpers and would not load it.
    FloatingPoint {
        /// Module name.
        module: String,
        /// Compiler helpers it needs (`__adddf3`).
        symbols: Vec<String>,
    },
    /// Neither `module_init()` nor `init_module()`: the module loads and does nothing.
    NoInit {
        /// Module name.
        module: String,
    },
    /// A C file of a directory without Makefile has no `module_init()`, so it is no module of its own.
    NotBuilt {
        /// File as the user typed it.
        file: String,
    },
    /// The directory has no Makefile; each C file with a `module_init()` was taken to be a module.
    NoMakefile {
        /// Directory as the user typed it.
        dir: String,
    },
    /// `obj-$(CONFIG_…)` with an option kloom does not know was read as `obj-m`.
    AssumedConfig {
        /// The option.
        symbol: String,
    },
    /// `NAME-objs` lists `NAME.o`; Kbuild drops that dependency and does not compile `NAME.c`, kloom does.
    CircularObject {
        /// Module name.
        module: String,
    },
    /// A compiler flag of the Makefile that kloom does not pass on.
    IgnoredFlag {
        /// The flag.
        flag: String,
    },
    /// The module sets pointers of system calls (`STUB_…`) that a kernel built for it would have; the machine has them.
    SystemCallPointers {
        /// Module name.
        module: String,
        /// The pointers.
        symbols: Vec<String>,
    },
    /// A macro or header that Linux has dropped; kloom still has it.
    Removed {
        /// File as the user typed it.
        file: String,
        /// 1-based line of the first use.
        line: u32,
        /// The macro, or the header in angle brackets.
        name: String,
        /// Version of Linux that dropped it.
        removed_in: String,
        /// What replaces it.
        replacement: String,
    },
    /// The cache directory cannot be written; a temporary one was used.
    CacheUnwritable {
        /// The directory asked for.
        dir: PathBuf,
        /// What the system said.
        error: String,
    },
}

impl fmt::Display for SourceNote {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::NonBreakingSpaces { file, count, first_line, .. } => {
                write!(
                    f,
                    "`{file}`: read {count} non-breaking spaces (U+00A0) as spaces, the first in line {first_line}"
                )
            }
            Self::InvisibleCharacters { file, count, first_line } => {
                write!(f, "`{file}`: skipped {count} invisible characters, the first in line {first_line}")
            }
            Self::MissingLicense { module } => {
                write!(f, "`{module}` has no MODULE_LICENSE(); Linux 6.1 does not finish building such a module")
            }
            Self::FloatingPoint { module, symbols } => {
                write!(f, "`{module}` uses floating point ({}), which kernel code cannot", symbols.join(", "))
            }
            Self::NoInit { module } => write!(f, "`{module}` has no module_init(): inserting it runs nothing"),
            Self::NotBuilt { file } => write!(f, "`{file}` has no module_init() and was not built"),
            Self::NoMakefile { dir } => {
                write!(f, "`{dir}` has no Makefile: every C file in it with a module_init() is built as a module")
            }
            Self::AssumedConfig { symbol } => {
                write!(f, "`{symbol}` is not set; it was taken to be `m`")
            }
            Self::CircularObject { module } => {
                write!(
                    f,
                    "`{module}-objs` lists `{module}.o`: Kbuild drops it, kloom compiled `{module}.c` into the module"
                )
            }
            Self::IgnoredFlag { flag } => {
                write!(f, "compiler flag `{flag}` of the Makefile was not used")
            }
            Self::SystemCallPointers { module, symbols } => {
                let calls: Vec<_> =
                    symbols.iter().map(|symbol| format!("`syscall {}`", symbol.trim_start_matches("STUB_"))).collect();
                write!(
                    f,
                    "`{module}` sets {}, which a kernel built for it has; the machine provides them, call them with {}",
                    symbols.join(", "),
                    calls.join(", ")
                )
            }
            Self::Removed { file, line, name, removed_in, replacement } => {
                write!(f, "`{file}`, line {line}: `{name}` is gone from Linux since {removed_in}; use {replacement}")
            }
            Self::CacheUnwritable { dir, error } => {
                write!(f, "cache directory `{}` cannot be used ({error}); nothing is kept", dir.display())
            }
        }
    }
}

/// Severity of a compiler message.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub enum Level {
    /// `error`, `fatal error`.
    Error,
    /// `warning`.
    Warning,
    /// `note`.
    Note,
}

/// One message of the compiler or linker.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Diagnostic {
    /// File as the user typed it; empty when the message names none.
    pub file: String,
    /// 1-based line, 0 when unknown.
    pub line: u32,
    /// 1-based column, 0 when unknown.
    pub column: u32,
    /// Severity.
    pub level: Level,
    /// Text without location, severity and option.
    pub message: String,
    /// The warning option at its end (`-Wformat=`), if any.
    pub option: Option<String>,
}

/// What may help with a compiler error.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
#[non_exhaustive]
pub enum Hint {
    /// A typographic quote where C wants `"` or `'`.
    TypographicQuote {
        /// File.
        file: String,
        /// 1-based line.
        line: usize,
        /// The character.
        found: char,
    },
    /// A typographic dash where C wants `-`.
    TypographicDash {
        /// File.
        file: String,
        /// 1-based line.
        line: usize,
        /// The character.
        found: char,
    },
    /// An HTML entity (`&lt;`) where C wants the character.
    HtmlEntity {
        /// File.
        file: String,
        /// 1-based line.
        line: usize,
        /// The entity.
        entity: String,
    },
    /// Lines begin with their own numbers.
    LineNumbers {
        /// File.
        file: String,
    },
    /// A header of the C library.
    UserSpaceHeader {
        /// The header.
        header: String,
    },
    /// `main()` is defined.
    UserSpaceProgram {
        /// File.
        file: String,
    },
    /// C++.
    CPlusPlus {
        /// File.
        file: String,
    },
    /// Floating point.
    FloatingPoint,
    /// The name is declared in a header that the source does not include.
    MissingInclude {
        /// The name.
        name: String,
        /// Header to include.
        header: String,
    },
    /// The header does not exist, one with a similar name does.
    SimilarHeader {
        /// As written.
        header: String,
        /// As it may have been meant.
        similar: String,
    },
    /// A header of the user's own is not where the compiler looks; a file of that name exists.
    HeaderElsewhere {
        /// As written.
        header: String,
        /// Where one is.
        found: PathBuf,
    },
}

impl fmt::Display for Hint {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::TypographicQuote { file, line, found } => write!(
                f,
                "line {line} of `{file}` has the typographic quote {found}; C needs the plain {}",
                if matches!(found, '\u{2018}' | '\u{2019}') { '\'' } else { '"' }
            ),
            Self::TypographicDash { file, line, found } => {
                write!(f, "line {line} of `{file}` has the typographic dash {found}; C needs the plain -")
            }
            Self::HtmlEntity { file, line, entity } => {
                write!(f, "line {line} of `{file}` has the HTML entity `{entity}` in place of a character")
            }
            Self::LineNumbers { file } => {
                write!(f, "the lines of `{file}` begin with line numbers")
            }
            Self::UserSpaceHeader { header } => {
                write!(f, "a kernel module cannot use the C library, to which <{header}> belongs")
            }
            Self::UserSpaceProgram { file } => {
                write!(f, "`{file}` defines main(): it is a user-space program, not a kernel module")
            }
            Self::CPlusPlus { file } => {
                write!(f, "`{file}` is C++; kernel modules are written in C")
            }
            Self::FloatingPoint => write!(f, "kernel code cannot use floating point"),
            Self::MissingInclude { name, header } => {
                write!(f, "`{name}` is declared in <{header}>, which is not included")
            }
            Self::SimilarHeader { header, similar } => {
                write!(f, "there is no <{header}>; there is <{similar}>")
            }
            Self::HeaderElsewhere { header, found } => {
                write!(f, "\"{header}\" is not on the include path; there is `{}`", found.display())
            }
        }
    }
}

/// Something Linux has and kloom does not have yet.
#[derive(Clone, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub enum Missing {
    /// A header.
    Header(String),
    /// A function, macro, type or constant.
    Name(String),
    /// A structure member.
    Member {
        /// The structure (`struct task_struct`).
        of: String,
        /// The member.
        name: String,
    },
    /// A kind of source file (`assembly`, `Rust`).
    Language(&'static str),
}

impl fmt::Display for Missing {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Header(header) => write!(f, "header <{header}>"),
            Self::Name(name) => write!(f, "`{name}`"),
            Self::Member { of, name } => write!(f, "member `{name}` of `{of}`"),
            Self::Language(language) => write!(f, "modules in {language}"),
        }
    }
}

/// What the compiler printed, and what was read out of it.
#[derive(Clone, Debug, Default)]
pub struct CompilerOutput {
    /// Exactly as printed, with the user's paths.
    pub stderr: String,
    /// The messages in it.
    pub diagnostics: Vec<Diagnostic>,
    /// What may help.
    pub hints: Vec<Hint>,
    /// What the sources had that is worth a note.
    pub notes: Vec<SourceNote>,
}

/// Why there is no module.
#[derive(Debug)]
#[non_exhaustive]
pub enum CcError {
    /// A file could not be read or written.
    Io {
        /// What was done (`read`, `create`).
        action: &'static str,
        /// The file.
        path: PathBuf,
        /// What the system said.
        error: io::Error,
    },
    /// The path is nothing that can be built.
    NotBuildable {
        /// The path.
        path: PathBuf,
        /// Why not.
        reason: NotBuildable,
    },
    /// Two inputs make modules of the same name.
    DuplicateModule {
        /// The name.
        name: String,
    },
    /// A Makefile that cannot be used.
    Makefile {
        /// The file.
        path: PathBuf,
        /// Why.
        error: KbuildError,
    },
    /// A Makefile names an object whose source does not exist.
    NoSource {
        /// The Makefile.
        makefile: PathBuf,
        /// The object as written.
        object: String,
        /// The source looked for.
        source: PathBuf,
    },
    /// No compiler was found.
    NoCompiler {
        /// What was looked for.
        tried: Vec<String>,
    },
    /// The compiler is too old.
    CompilerTooOld {
        /// The compiler.
        path: PathBuf,
        /// Its version.
        found: String,
        /// The oldest that works.
        needed: &'static str,
    },
    /// The compiler does not make x86-64 code, or is none.
    WrongCompiler {
        /// The compiler.
        path: PathBuf,
        /// What it says it is.
        found: String,
    },
    /// This host's architecture cannot run modules yet.
    UnsupportedHost {
        /// The architecture.
        arch: &'static str,
    },
    /// The compiler refused the module's source.
    Compile(Box<CompilerOutput>),
    /// Linux has what the module uses, kloom does not have it yet. This does not indicate a bug in the module.
    Unsupported {
        /// What is missing.
        missing: Vec<Missing>,
        /// The compiler's output (empty when it was not run).
        output: Box<CompilerOutput>,
    },
    /// The linker refused the objects (a symbol defined twice).
    Link {
        /// Module name.
        module: String,
        /// Its output.
        output: Box<CompilerOutput>,
    },
    /// A tool crashed, was killed, or failed without a message.
    ToolFailed {
        /// The tool.
        tool: String,
        /// How it ended.
        status: String,
        /// What it printed.
        stderr: String,
    },
    /// What the compiler made is not a usable object file.
    BadObject {
        /// The module.
        module: String,
        /// What is wrong.
        error: String,
    },
}

/// Why a path cannot be built.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum NotBuildable {
    /// Neither `.c`, `.ko` nor a directory.
    UnknownKind,
    /// C++.
    CPlusPlus,
    /// A header.
    Header,
    /// An object file.
    Object,
    /// A directory with neither Makefile nor C files with a `module_init()`.
    NothingInDirectory,
    /// Nothing given.
    Nothing,
    /// Larger than any source is.
    TooLarge,
}

impl fmt::Display for CcError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Io { action, path, error } => write!(f, "cannot {action} `{}`: {error}", path.display()),
            Self::NotBuildable { path, reason } => {
                let path = path.display();
                match reason {
                    NotBuildable::UnknownKind => {
                        write!(f, "`{path}` is neither a C file (.c), a module (.ko) nor a directory")
                    }
                    NotBuildable::CPlusPlus => {
                        write!(f, "`{path}` is C++; kernel modules are written in C")
                    }
                    NotBuildable::Header => {
                        write!(f, "`{path}` is a header; give the C file that includes it")
                    }
                    NotBuildable::Object => write!(f, "`{path}` is an object file; give its C source or the .ko"),
                    NotBuildable::NothingInDirectory => {
                        write!(f, "`{path}` has neither a Makefile nor a C file with a module_init()")
                    }
                    NotBuildable::Nothing => write!(f, "nothing to build"),
                    NotBuildable::TooLarge => write!(f, "`{path}` is too large for a source file"),
                }
            }
            Self::DuplicateModule { name } => write!(f, "two of the inputs make a module `{name}`"),
            Self::Makefile { path, error } => {
                let path = path.display();
                match error {
                    KbuildError::NoModules => {
                        write!(f, "`{path}` names no module: it has no `obj-m += NAME.o`")
                    }
                    KbuildError::UnbalancedConditional { line } => {
                        write!(f, "{path}:{line}: conditional without its counterpart")
                    }
                    KbuildError::TooComplex { line } => {
                        write!(f, "{path}:{line}: variable refers to itself or grows without bound")
                    }
                    KbuildError::Stopped { line, text } => write!(f, "{path}:{line}: {text}"),
                    KbuildError::NoSubMakefile { dir } => {
                        write!(f, "`{path}` descends into `{}`, which has no Makefile", dir.display())
                    }
                }
            }
            Self::NoSource { makefile, object, source } => {
                write!(f, "`{}` names `{object}`, but there is no `{}`", makefile.display(), source.display())
            }
            Self::NoCompiler { tried } => write!(
                f,
                "no C compiler found (looked for {}); install gcc 11 or later, on Debian and Ubuntu: apt-get install gcc",
                tried.join(", ")
            ),
            Self::CompilerTooOld { path, found, needed } => {
                write!(f, "`{}` is version {found}; {needed} or later is needed", path.display())
            }
            Self::WrongCompiler { path, found } => {
                write!(f, "`{}` is not a gcc or clang for x86-64 ({found})", path.display())
            }
            Self::UnsupportedHost { arch } => {
                write!(f, "kloom runs modules on x86-64 hosts; {arch} is not supported yet")
            }
            Self::Compile(_) => write!(f, "the module does not compile"),
            Self::Unsupported { missing, .. } => {
                let missing: Vec<String> = missing.iter().map(ToString::to_string).collect();
                write!(
                    f,
                    "not supported by kloom yet: {}; this does not indicate a bug in the module",
                    missing.join(", ")
                )
            }
            Self::Link { module, .. } => write!(f, "the objects of `{module}` do not link"),
            Self::ToolFailed { tool, status, .. } => write!(f, "`{tool}` failed: {status}"),
            Self::BadObject { module, error } => {
                write!(f, "compiled `{module}` is unusable: {error}")
            }
        }
    }
}

impl std::error::Error for CcError {
    fn source(&self) -> Option<&(dyn std::error::Error + 'static)> {
        match self {
            Self::Io { error, .. } => Some(error),
            _ => None,
        }
    }
}

impl CcError {
    /// What the compiler or linker printed, if it was run.
    pub fn output(&self) -> Option<&CompilerOutput> {
        match self {
            Self::Compile(output) | Self::Unsupported { output, .. } | Self::Link { output, .. } => Some(output),
            _ => None,
        }
    }
}
