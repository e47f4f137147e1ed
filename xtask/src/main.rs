//! Developer commands: `cargo xtask ci` is all that CI runs; the others write goldens and generated files.
//!
//! Each command is a module; [`sh`] starts programs, [`say`] is the one place that prints. Few dependencies, so that
//! the first `cargo xtask` of a fresh checkout starts soon.
#![forbid(unsafe_code)]

mod ci;
mod conformance;
mod docs;
mod exports;
mod say;
mod sh;
mod tidy;
mod tools;

use std::process::ExitCode;

const USAGE: &str = "\
Usage: cargo xtask COMMAND

  ci [STEP…]               what CI runs: tools, fmt, clippy, test, examples, doc, tidy, exports, docs, linux
  tidy                     rules that no compiler checks
  test [--bless] [NAME…]   ui cases whose name contains NAME; --bless rewrites their goldens
  gen-exports              writes include/exports.tsv from the notes in the headers
  gen-docs                 writes docs/diagnostics.md and docs/api-coverage.md; man page and completions to target/
  linux-capture [--only NAME]…   records tests/linux again on a real kernel in QEMU
  linux-capture --table    writes docs/conformance.md: each case's result, and both engines' times
  bench [ARG…]             measures and prints the tables of figures (parts by name; --quick)
";

fn main() -> ExitCode {
    let args: Vec<String> = std::env::args().skip(1).collect();
    let words: Vec<&str> = args.iter().map(String::as_str).collect();
    let done = match words.as_slice() {
        ["ci", only @ ..] => ci::run(only),
        ["tidy"] => tidy::run(),
        ["test", rest @ ..] => test(rest),
        ["gen-exports"] => exports::write(),
        ["gen-docs"] => docs::write(),
        ["linux-capture", rest @ ..] => linux_capture(rest),
        ["bench", rest @ ..] => bench(rest),
        [] | ["help" | "--help" | "-h"] => {
            say::out(USAGE);
            Ok(())
        }
        _ => Err(format!("`{}` is not understood\n\n{USAGE}", words.join(" "))),
    };
    match done {
        Ok(()) => ExitCode::SUCCESS,
        Err(text) => {
            say::err(&format!("error: {text}\n"));
            ExitCode::FAILURE
        }
    }
}

fn test(args: &[&str]) -> Result<(), String> {
    let mut run = sh::cargo(&["test", "--package", "kloom", "--test", "ui", "--"]);
    for arg in args {
        match *arg {
            "--bless" => run = run.env("KLOOM_BLESS", "1"),
            name => run = run.arg(name),
        }
    }
    run.run()
}

fn linux_capture(args: &[&str]) -> Result<(), String> {
    if args == ["--table"] {
        return conformance::write();
    }
    let mut run = sh::cargo(&["run", "--quiet", "--package", "kloom", "--", "linux", "capture", "tests/linux"]);
    let mut words = args.iter();
    while let Some(word) = words.next() {
        match (*word, words.next()) {
            ("--only", Some(name)) => run = run.arg(name),
            ("--only", None) => return Err("`--only` wants a part of a case's name".into()),
            (other, _) => return Err(format!("`{other}` is not understood: cargo xtask linux-capture [--only NAME]…")),
        }
    }
    run.run()
}

fn bench(args: &[&str]) -> Result<(), String> {
    if !sh::root().join("crates/kloom-bench").is_dir() {
        return Err(
            "there is no crates/kloom-bench yet; benches of single crates run with `cargo bench -p CRATE`".into()
        );
    }
    sh::cargo(&["run", "--profile", "bench", "--package", "kloom-bench", "--"]).args(args).run()
}
