//! Nothing that a module or a broken debug section can contain makes a rendering panic or a machine format invalid.

mod samples;

use std::collections::BTreeMap;

use kloom_diag::{
    BacktraceMode, Finding, Options, Outcome, SourceLines, github, human, human_outcome, json, junit, report, sarif,
};
use proptest::prelude::{Just, ProptestConfig, Strategy, any, prop_oneof};
use proptest::{prop_assert, proptest};

/// Text as bad as it gets: controls, tabs, line ends, wide, combining and reversing characters, brackets, markup.
fn odd_text() -> impl Strategy<Value = String> {
    let piece = prop_oneof![
        any::<char>().prop_map(String::from),
        Just("\t".to_owned()),
        Just("\r\n".to_owned()),
        Just("\u{1b}[31m".to_owned()),
        Just("漢字".to_owned()),
        Just("e\u{301}\u{200d}".to_owned()),
        Just("\u{202e}".to_owned()),
        Just("kthread_stop(".to_owned()),
        Just(")]>&\"'{};%,:".to_owned()),
        Just("while (1) { // /*".to_owned()),
        Just(String::new()),
    ];
    proptest::collection::vec(piece, 0..12).prop_map(|pieces| pieces.concat())
}

/// Answers every line with the same text.
struct Everywhere(Option<String>);

impl SourceLines for Everywhere {
    fn line_text(&self, _file: &str, _line: u32) -> Option<String> {
        self.0.clone()
    }
}

/// Replaces strings, numbers and absent values all over a finding, by way of its serialised form.
fn disturb(finding: &Finding, text: &str, number: u32) -> Option<Finding> {
    fn walk(value: &mut serde_json::Value, text: &str, number: u32) {
        match value {
            serde_json::Value::Object(fields) => {
                for (name, value) in fields {
                    match (name.as_str(), &*value) {
                        (
                            "comm" | "name" | "file" | "function" | "module" | "call" | "message" | "format"
                            | "conversion" | "what" | "remark" | "path" | "missing",
                            serde_json::Value::String(_),
                        ) => {
                            *value = serde_json::Value::from(text);
                        }
                        (
                            "line" | "column" | "cpu" | "thread",
                            serde_json::Value::Number(_) | serde_json::Value::Null,
                        ) => {
                            *value = serde_json::Value::from(number);
                        }
                        (
                            "time_ns" | "size" | "address" | "count" | "bytes" | "rounds" | "wakeups",
                            serde_json::Value::Number(_),
                        ) => {
                            *value = serde_json::Value::from(
                                u64::from(number).wrapping_mul(0x1_0000_0001) & i64::MAX.cast_unsigned(),
                            );
                        }
                        ("errno" | "pid", serde_json::Value::Number(_)) => {
                            *value = serde_json::Value::from(number.cast_signed());
                        }
                        ("declared", _) if number.is_multiple_of(3) => {
                            *value = serde_json::Value::Null;
                        }
                        _ => walk(value, text, number),
                    }
                }
            }
            serde_json::Value::Array(values) => {
                for value in values {
                    walk(value, text, number);
                }
            }
            _ => {}
        }
    }
    let mut value = serde_json::to_value(finding).ok()?;
    walk(&mut value, text, number);
    serde_json::from_value(value).ok()
}

fn render_all(finding: Finding, lines: &dyn SourceLines, width: usize) {
    for backtrace in [BacktraceMode::Module, BacktraceMode::Full] {
        for color in [false, true] {
            let options = Options { color, width, backtrace };
            let text = human(&finding, lines, &options);
            assert!(color || text.chars().all(|c| c == '\n' || !c.is_control()), "{text:?}");
        }
    }
    let told = report(&finding, lines);
    for span in told.primary.iter().chain(told.history.iter().flat_map(|step| &step.spans)) {
        if let Some(text) = &span.text {
            assert!(text.get(span.start..span.end).is_some(), "{span:?}");
        }
    }
    let outcome = Outcome { subject: "odd.ko".to_owned(), findings: vec![finding], ..Outcome::default() };
    let parsed: Result<serde_json::Value, _> = serde_json::from_str(&json(&outcome, lines));
    assert!(parsed.is_ok());
    let parsed: Result<serde_json::Value, _> = serde_json::from_str(&sarif(&outcome, lines));
    assert!(parsed.is_ok());
    assert_eq!(github(&outcome, lines).lines().count(), 1);
    let xml = junit(std::slice::from_ref(&outcome), lines);
    assert!(xml.chars().all(|c| c == '\n' || !c.is_control()));
    assert!(!human_outcome(&outcome, lines, &Options::default()).is_empty());
}

proptest! {
    #![proptest_config(ProptestConfig::with_cases(256))]

    #[test]
    fn renderings_survive_odd_input(
        text in odd_text(),
        source in proptest::option::of(odd_text()),
        number in prop_oneof![1 => Just(0u32), 1 => Just(1), 6 => 2u32..40, 1 => 2u32..300, 1 => any::<u32>()],
        index in any::<proptest::sample::Index>(),
        width in 0usize..300,
    ) {
        let samples = samples::all();
        let sample = &samples[index.index(samples.len())];
        let odd = disturb(&sample.finding, &text, number);
        prop_assert!(odd.is_some(), "{}", sample.name);
        if let Some(odd) = odd {
            render_all(odd.clone(), &sample.sources, width);
            render_all(odd, &Everywhere(source.clone()), width);
        }
        render_all(sample.finding.clone(), &Everywhere(source), width);
    }
}

#[test]
fn missing_sources_still_name_the_place() {
    for sample in samples::all() {
        let text = human(&sample.finding, &BTreeMap::new(), &Options::default());
        let anchor = report(&sample.finding, &BTreeMap::new());
        if let Some(span) = anchor.anchor() {
            assert!(text.contains(&format!("{}:{}", span.file, span.line)), "{text}");
        }
        render_all(sample.finding, &BTreeMap::new(), 110);
    }
}

#[test]
fn huge_lines_are_cut() {
    let sample = samples::all().swap_remove(0);
    let text = human(&sample.finding, &Everywhere(Some("x".repeat(1 << 20))), &Options::default());
    assert!(text.len() < 20_000, "{}", text.len());
}

#[test]
fn a_column_inside_a_character_is_rounded_down() {
    let sample = samples::all().swap_remove(0);
    for text in ["漢字漢字 = 漢字;", "\té\u{301}(漢);", "\u{202e}x->漢++"] {
        for column in 0..40 {
            let odd = disturb(&sample.finding, "", column).expect("same shape");
            render_all(odd, &Everywhere(Some(text.to_owned())), 110);
        }
    }
}
