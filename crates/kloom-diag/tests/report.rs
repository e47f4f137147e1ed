//! What people see of each code, as goldens (`tests/goldens/*.txt`; `SNAPSHOTS=overwrite` accepts changes).

mod samples;

use std::collections::BTreeSet;
use std::path::PathBuf;

use kloom_diag::{BacktraceMode, Options, codes, explain, explain_human, human};
use snapbox::{Assert, Data, IntoData};

fn golden(name: &str) -> Data {
    let path = PathBuf::from(env!("CARGO_MANIFEST_DIR")).join("tests/goldens").join(name);
    Data::read_from(&path, Some(snapbox::data::DataFormat::Text)).raw()
}

fn check(name: &str, actual: String) {
    Assert::new().action_env("SNAPSHOTS").eq(actual.into_data().raw(), golden(name));
}

#[test]
fn every_sample_reads_as_its_golden() {
    for sample in samples::all() {
        let text = human(&sample.finding, &sample.sources, &Options::default());
        assert!(text.ends_with('\n'), "{}", sample.name);
        check(&format!("{}.txt", sample.name), text);
    }
}

#[test]
fn every_code_is_reached_by_a_sample() {
    let reached: BTreeSet<_> = samples::all().iter().map(|sample| sample.finding.code()).collect();
    for row in codes() {
        assert!(reached.contains(&row.code), "{} has no sample", row.name);
    }
}

#[test]
fn a_full_backtrace_shows_the_frames_of_the_kernel() {
    let sample = samples::all().swap_remove(0);
    let options = Options { backtrace: BacktraceMode::Full, ..Options::default() };
    check("backtrace-full.txt", human(&sample.finding, &sample.sources, &options));
}

#[test]
fn colour_changes_nothing_but_colour() {
    for sample in samples::all() {
        let options = Options { color: true, ..Options::default() };
        let colored = human(&sample.finding, &sample.sources, &options);
        let plain = human(&sample.finding, &sample.sources, &Options::default());
        assert!(colored.contains("\u{1b}["), "{}", sample.name);
        let mut bare = String::new();
        let mut rest = colored.as_str();
        while let Some((before, after)) = rest.split_once('\u{1b}') {
            bare.push_str(before);
            rest = after.split_once('m').map_or("", |(_, after)| after);
        }
        bare.push_str(rest);
        let bare: Vec<_> = bare.lines().map(str::trim_end).collect();
        let plain: Vec<_> = plain.lines().collect();
        assert_eq!(bare, plain, "{}", sample.name);
    }
}

#[test]
fn titles_follow_the_style() {
    for sample in samples::all() {
        let told = kloom_diag::report(&sample.finding, &sample.sources);
        assert!(!told.title.ends_with('.'), "{}", told.title);
        assert!(!told.title.contains('\n'), "{}", told.title);
        let upper = told.title.starts_with(|c: char| c.is_ascii_uppercase());
        // Names of signals and abbreviations keep their capitals.
        let name = told.title.starts_with("SIG") || told.title.starts_with("RCU ");
        assert!(!upper || name, "{}", told.title);
        assert!(
            told.notes.iter().any(|note| note.starts_with("on Linux:"))
                || matches!(sample.name, "nbsp" | "compile-error"),
            "{}",
            sample.name
        );
        assert!(!told.helps.is_empty(), "{}", sample.name);
    }
}

#[test]
fn every_code_is_explained() {
    let mut names = BTreeSet::new();
    for row in codes() {
        let text = explain(row.name).map(|explain| explain_human(&explain)).unwrap_or_default();
        let lines = text.lines().count();
        assert!((15..=45).contains(&lines), "{}: {lines} lines", row.name);
        assert!(text.starts_with(&format!("# {}\n", row.name)), "{}", row.name);
        for part in ["## Why", "## On real Linux", "## Example"] {
            assert!(text.contains(part), "{} lacks `{part}`", row.name);
        }
        assert!(text.lines().all(|line| line.chars().count() <= 100), "{} is too wide", row.name);
        assert_eq!(text.matches("```").count() % 2, 0, "{}", row.name);
        assert!(!row.summary.ends_with('.'), "{}", row.summary);
        assert!(names.insert(row.name), "{} is there twice", row.name);
        assert_eq!(row.code.as_str(), row.name);
        assert!(row.fail_case.ends_with(row.name) && row.pass_case.ends_with("-fixed"));
    }
    assert!(explain("no-such-code").is_none());
}
