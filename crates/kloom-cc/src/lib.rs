//! Drives the C compiler with kloom's headers and instrumentation: C sources → instrumented `.ko`.
//!
//! [`build`] does what Kbuild and modpost do for an out-of-tree module: it compiles each source with the flags of
//! Linux 6.1 on x86-64 plus those that make the compiler call kloom's hooks, adds the generated `NAME.mod.c`, and links
//! a relocatable `NAME.ko`. The result depends on the sources, the compiler, the headers and the [`Config`] only:
//! not on directories, the environment or the time. It is cached under a hash of all these.
//!
//! Nothing here is worded for the screen beyond plain sentences; errors and notes are data.
#![forbid(unsafe_code)]

mod cache;
mod compiler;
mod config;
mod diagnose;
mod driver;
mod error;
mod headers;
mod kbuild;
mod kofile;
mod plan;
mod sources;

pub use config::{BUILD_EPOCH_S, Config, ERAS, Era, Input, LINUX_6_1, Progress};
pub use diagnose::is_linux_api;
pub use driver::{Built, BuiltModule, build, build_with_progress};
pub use error::{CcError, CompilerOutput, Diagnostic, Hint, Level, Missing, NotBuildable, SourceNote};
pub use headers::declaring_header;
pub use kbuild::{Kbuild, KbuildEnv, KbuildError, KbuildModule, find_makefile, parse as parse_makefile};
pub use kofile::{exports, imports};
