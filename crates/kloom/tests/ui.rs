//! Runs every case below `tests/ui` and compares what kloom prints with the goldens next to it, byte for byte.
//!
//! `KLOOM_BLESS=1 cargo test -p kloom --test ui [part of a name]` rewrites goldens; the difference is then reviewed.
//! Each case runs twice, once for people and once as JSON: the places of its findings come from the latter, and the
//! two runs must have shown the same.

#![forbid(unsafe_code)]

mod support;

use libtest_mimic::{Arguments, Failed, Trial};
use support::case::{Case, check_findings, document};
use support::{compare, difference, fresh_dir, run};

fn main() {
    let arguments = Arguments::from_args();
    let mut trials: Vec<_> = Case::all()
        .into_iter()
        .map(|case| Trial::test(case.name.clone(), move || check(&case).map_err(Failed::from)))
        .collect();
    trials.push(Trial::test("every code has its cases", || every_code_has_its_cases().map_err(Failed::from)));
    libtest_mimic::run(&arguments, trials).exit();
}

fn check(case: &Case) -> Result<(), String> {
    let dir = fresh_dir(&format!("ui/{}", case.name));
    case.copy_to(&dir)?;
    let human = run(&mut case.command(&dir))?;
    let mut problems = Vec::new();
    problems.extend(compare(&case.dir.join("dmesg.golden"), &human.out()).err());
    problems.extend(compare(&case.dir.join("report.golden"), &human.err()).err());
    let code = human.code()?;
    if code != case.settings.exit {
        problems.push(format!(
            "exit code is {code}, case.toml expects {}\n{}{}",
            case.settings.exit,
            human.out(),
            human.err()
        ));
    }
    let json = run(case.command(&dir).args(["--message-format", "json"]))?;
    let document = document(&json)?;
    problems.extend(check_findings(case, &document).err());
    let output = document["output"].as_str().unwrap_or_default();
    if output != human.out() {
        problems.push(format!("a second run printed something else:\n{}", difference(&human.out(), output)));
    }
    if case.settings.json {
        problems.extend(compare(&case.dir.join("report.json.golden"), &format!("{document:#}\n")).err());
    }
    if json.status.code() != Some(code) {
        problems.push(format!("the JSON run ended with {}, the first one with {code}", json.status));
    }
    if problems.is_empty() { Ok(()) } else { Err(problems.join("\n\n")) }
}

fn every_code_has_its_cases() -> Result<(), String> {
    let names: Vec<_> = Case::all().into_iter().map(|case| (case.name, case.settings)).collect();
    let mut missing = Vec::new();
    for row in kloom_diag::codes() {
        match names.iter().find(|(name, _)| name == row.fail_case) {
            None => missing.push(format!("{} does not exist", row.fail_case)),
            Some((_, settings)) if !settings.findings.iter().any(|code| code == row.name) => {
                missing.push(format!("{} does not find {}", row.fail_case, row.name));
            }
            Some(_) => {}
        }
        match names.iter().find(|(name, _)| name == row.pass_case) {
            None => missing.push(format!("{} does not exist", row.pass_case)),
            Some((_, settings)) if settings.findings.iter().any(|code| code == row.name) || settings.exit != 0 => {
                missing.push(format!("{} is not clean", row.pass_case));
            }
            Some(_) => {}
        }
    }
    if missing.is_empty() { Ok(()) } else { Err(missing.join("\n")) }
}
