//! Prints the table of figures: `cargo run --release -p kloom-bench [-- PART…]` (`--quick`: fewer rounds).
#![forbid(unsafe_code)]

use std::io::Write;
use std::process::ExitCode;

use kloom_bench::{children, table};

/// The one that `kloom` has.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let result = match args.split_first() {
        Some((first, rest)) if first == "--child" => children::main(rest),
        _ => {
            let (flags, names): (Vec<String>, Vec<String>) = args.into_iter().partition(|arg| arg.starts_with("--"));
            let quick = flags.iter().any(|flag| flag == "--quick");
            match flags.iter().find(|flag| *flag != "--quick") {
                Some(flag) => Err(format!("unknown flag {flag}")),
                None => table::print(&names, quick, &mut std::io::stdout().lock()),
            }
        }
    };
    match result {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            let _ = writeln!(std::io::stderr(), "error: {error}");
            ExitCode::FAILURE
        }
    }
}
