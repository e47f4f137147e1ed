//! The `kloom` command: flags in, text out.
#![forbid(unsafe_code)]

mod cli;
mod duration;
mod emit;
mod linux;
mod output;

use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let code = cli::main();
    ExitCode::from(code)
}
