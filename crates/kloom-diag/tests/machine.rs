//! What programs read: JSON, SARIF, JUnit XML, annotations, exit codes, the closing line, folding.

mod samples;

use std::collections::BTreeMap;

use kloom_diag::{
    End, ExitCode, Explored, InternalBug, Limit, LimitKind, NoSource, Options, Outcome, Severity, Unsupported,
    UnsupportedKind, UsageError, end_human, fold, github, human_outcome, json, junit, sarif, summary,
};
use serde_json::Value;
use snapbox::{Assert, Data, IntoData};

fn check(name: &str, actual: String) {
    let path = std::path::PathBuf::from(env!("CARGO_MANIFEST_DIR"));
    let path = path.join("tests/goldens").join(name);
    let expected = Data::read_from(&path, Some(snapbox::data::DataFormat::Text));
    Assert::new().action_env("SNAPSHOTS").eq(actual.into_data().raw(), expected.raw());
}

/// Returns an outcome with the first two samples.
fn outcome() -> (Outcome, BTreeMap<String, String>) {
    let mut sources = BTreeMap::new();
    let mut findings = Vec::new();
    for sample in samples::all().into_iter().take(2) {
        sources.extend(sample.sources);
        findings.push(sample.finding);
    }
    let outcome = Outcome {
        subject: "heartbeat.ko".to_owned(),
        findings,
        wall_ns: Some(20_000_000),
        virtual_ns: 12_345_000_000,
        ..Outcome::default()
    };
    (outcome, sources)
}

/// Returns an outcome with all samples.
fn everything() -> (Outcome, BTreeMap<String, String>) {
    let mut sources = BTreeMap::new();
    let mut findings = Vec::new();
    for sample in samples::all() {
        sources.extend(sample.sources);
        findings.push(sample.finding);
    }
    let outcome = Outcome { subject: "all.ko".to_owned(), findings, ..Outcome::default() };
    (outcome, sources)
}

fn ends() -> Vec<(&'static str, End)> {
    let unsupported = Unsupported {
        what: UnsupportedKind::Function,
        name: "dma_alloc_coherent".to_owned(),
        site: None,
        hint: Some("kloom has no devices that do DMA".to_owned()),
    };
    let limit =
        Limit { which: LimitKind::Steps, value: 1_000_000, state: vec!["`busy` (pid 3) runs at busy.c:4".to_owned()] };
    let usage = UsageError { message: "cannot read `missing.c`: no such file".to_owned(), ..UsageError::default() };
    let bug = InternalBug {
        message: "a task was queued twice".to_owned(),
        place: Some("sched.rs:10".to_owned()),
        replay: Some("kloom run a.c --replay kl1:00".to_owned()),
    };
    vec![
        ("completed", End::Completed),
        ("unsupported", End::Unsupported(unsupported)),
        ("limit", End::Limit(limit)),
        ("usage", End::Usage(usage)),
        ("internal", End::Internal(bug)),
    ]
}

#[test]
fn machine_formats_read_as_their_goldens() {
    let (outcome, sources) = outcome();
    let document: Value = serde_json::from_str(&json(&outcome, &sources)).expect("JSON");
    check("outcome.json", format!("{document:#}\n"));
    check("outcome.sarif", sarif(&outcome, &sources));
    check("outcome.xml", junit(std::slice::from_ref(&outcome), &sources));
    check("outcome.github.txt", github(&outcome, &sources));
    check("outcome.txt", human_outcome(&outcome, &sources, &Options::default()));
}

#[test]
fn ends_read_as_their_goldens() {
    for (name, end) in ends() {
        let text = end_human(&end, &NoSource, &Options::default());
        if name == "completed" {
            assert_eq!(text, "");
        } else {
            check(&format!("end-{name}.txt"), text);
        }
    }
}

#[test]
fn exit_codes_tell_the_ends_apart() {
    let (outcome, _) = outcome();
    let numbers: Vec<_> = ExitCode::ALL.iter().map(|code| code.number()).collect();
    assert_eq!(numbers, [0, 1, 2, 3, 4, 101]);
    let codes = |outcome: &Outcome| {
        ends()
            .into_iter()
            .map(|(_, end)| {
                let outcome = Outcome { end, ..outcome.clone() };
                outcome.exit_code().number()
            })
            .collect::<Vec<_>>()
    };
    assert_eq!(codes(&Outcome::default()), [0, 3, 4, 2, 101]);
    assert_eq!(codes(&outcome), [1, 1, 1, 2, 101]);
    let mut warned = outcome;
    for finding in &mut warned.findings {
        finding.severity = Severity::Warning;
    }
    assert_eq!(warned.exit_code(), ExitCode::Clean);
}

#[test]
fn json_carries_every_finding_and_comes_back() {
    let (outcome, sources) = everything();
    let document: Value = serde_json::from_str(&json(&outcome, &sources)).expect("JSON");
    assert_eq!(document["schema"], "kloom-report/1");
    let findings = document["findings"].as_array().expect("a list");
    assert_eq!(findings.len(), outcome.findings.len());
    for (value, finding) in findings.iter().zip(&outcome.findings) {
        assert_eq!(value["code"], finding.code().as_str());
        assert_eq!(value["severity"], finding.severity.as_str());
        assert!(value["rendered"].as_str().is_some_and(|text| !text.is_empty()));
        let fault: kloom_diag::Fault = serde_json::from_value(value["data"].clone()).expect("data");
        assert_eq!(fault, finding.fault);
    }
    let whole = serde_json::to_string(&outcome).expect("plain data");
    let back: Outcome = serde_json::from_str(&whole).expect("plain data");
    assert_eq!(back, outcome);
}

#[test]
fn json_keeps_to_its_schema() {
    let schema: Value = serde_json::from_str(include_str!("../schema/kloom-report-1.schema.json")).expect("JSON");
    let (outcome, sources) = everything();
    for (_, end) in ends() {
        let explored = Some(Explored::default());
        let outcome = Outcome { end, explored, ..outcome.clone() };
        let document: Value = serde_json::from_str(&json(&outcome, &sources)).expect("JSON");
        conforms(&schema, &schema, &document, "$");
    }
}

/// Checks `value` against the part of JSON Schema that our schema uses; objects must have no unknown fields.
#[track_caller]
fn conforms(root: &Value, schema: &Value, value: &Value, path: &str) {
    if let Some(target) = schema["$ref"].as_str() {
        let name = target.trim_start_matches("#/$defs/");
        return conforms(root, &root["$defs"][name], value, path);
    }
    if let Some(constant) = schema.get("const") {
        assert_eq!(constant, value, "{path}");
    }
    if let Some(choices) = schema["enum"].as_array() {
        assert!(choices.contains(value), "{path}: {value}");
    }
    let kind = match value {
        Value::Null => "null",
        Value::Bool(_) => "boolean",
        Value::Number(_) => "integer",
        Value::String(_) => "string",
        Value::Array(_) => "array",
        Value::Object(_) => "object",
    };
    let allowed = match &schema["type"] {
        Value::Array(kinds) => kinds.contains(&Value::from(kind)),
        Value::String(one) => one == kind,
        _ => true,
    };
    assert!(allowed, "{path}: {kind}");
    if let (Some(items), Some(values)) = (schema.get("items"), value.as_array()) {
        for (index, value) in values.iter().enumerate() {
            conforms(root, items, value, &format!("{path}[{index}]"));
        }
    }
    let (Some(properties), Some(fields)) = (schema["properties"].as_object(), value.as_object()) else {
        return;
    };
    for name in schema["required"].as_array().into_iter().flatten() {
        assert!(fields.contains_key(name.as_str().expect("a name")), "{path} lacks {name}");
    }
    for (name, value) in fields {
        match properties.get(name) {
            Some(schema) => conforms(root, schema, value, &format!("{path}.{name}")),
            None => assert_eq!(schema["additionalProperties"], true, "{path}.{name}"),
        }
    }
}

#[test]
fn sarif_has_the_required_shape() {
    let (outcome, sources) = everything();
    let log: Value = serde_json::from_str(&sarif(&outcome, &sources)).expect("JSON");
    assert_eq!(log["version"], "2.1.0");
    let run = &log["runs"][0];
    let rules = run["tool"]["driver"]["rules"].as_array().expect("rules");
    let results = run["results"].as_array().expect("results");
    assert_eq!(results.len(), outcome.findings.len());
    for result in results {
        let index = usize::try_from(result["ruleIndex"].as_u64().expect("a number")).expect("small");
        assert_eq!(rules[index]["id"], result["ruleId"]);
        assert!(matches!(result["level"].as_str(), Some("error" | "warning" | "note")));
        assert!(result["message"]["text"].as_str().is_some_and(|text| !text.is_empty()));
        for location in result["locations"].as_array().into_iter().flatten() {
            let region = &location["physicalLocation"]["region"];
            assert!(region["startLine"].as_u64().is_some_and(|line| line > 0));
            let columns = [&region["startColumn"], &region["endColumn"]];
            assert!(columns.iter().all(|column| column.as_u64().is_none_or(|column| column > 0)));
        }
    }
}

#[test]
fn junit_is_well_formed() {
    let (mut outcome, sources) = everything();
    outcome.subject = "<&\"'>\u{1}.ko".to_owned();
    for (_, end) in ends() {
        let outcome = Outcome { end, ..outcome.clone() };
        well_formed(&junit(&[outcome.clone(), outcome], &sources));
    }
}

/// Checks that tags nest and that nothing but entities follows an ampersand.
#[track_caller]
fn well_formed(text: &str) {
    let mut open = Vec::new();
    let mut rest = text.strip_prefix("<?xml version=\"1.0\" encoding=\"UTF-8\"?>").expect("a head");
    while let Some((before, after)) = rest.split_once('<') {
        assert!(!before.contains('>'), "{before}");
        for part in before.split('&').skip(1) {
            assert!(part.split_once(';').is_some_and(|(name, _)| name.len() < 6), "{part}");
        }
        let (tag, after) = after.split_once('>').expect("a tag ends");
        rest = after;
        assert_eq!(tag.matches('"').count() % 2, 0, "{tag}");
        if let Some(name) = tag.strip_prefix('/') {
            assert_eq!(open.pop(), Some(name.to_owned()));
        } else if !tag.ends_with('/') {
            open.push(tag.split(' ').next().unwrap_or_default().to_owned());
        }
    }
    assert_eq!(open, Vec::<String>::new());
    assert!(text.chars().all(|c| c == '\n' || !c.is_control()));
}

#[test]
fn annotations_are_one_line_each() {
    let (outcome, sources) = everything();
    let text = github(&outcome, &sources);
    assert_eq!(text.lines().count(), outcome.findings.len());
    for line in text.lines() {
        assert!(line.starts_with("::error ") || line.starts_with("::warning ") || line.starts_with("::notice "));
    }
}

#[test]
fn the_closing_line_counts_and_is_honest_about_coverage() {
    let (mut outcome, _) = outcome();
    assert_eq!(summary(&outcome), "heartbeat.ko: 2 errors, 0 warnings (0.02 s, 12.3 s of virtual time)\n");
    outcome.explored =
        Some(Explored { executions: 7, strategy: "dpor".to_owned(), exhaustive: true, ..Explored::default() });
    assert_eq!(
        summary(&outcome),
        "    Checked heartbeat.ko: 2 bugs in 7 executions (dpor: exhausted), 0.02s wall, 12.3s virtual\n"
    );
    let within = Explored {
        executions: 40,
        sampled: 31,
        strategy: "portfolio".to_owned(),
        exhaustive: true,
        bounds: vec!["preemptions (samples go beyond)".to_owned()],
        ..Explored::default()
    };
    outcome.explored = Some(within);
    assert_eq!(
        summary(&outcome),
        "    Checked heartbeat.ko: 2 bugs in 40 executions (portfolio: exhausted within bounds, and sampled 31), 0.02s wall, \
         12.3s virtual\n    Bounds that left something out: preemptions (samples go beyond)\n"
    );
    for (cut_short, said) in [(true, "ended at the first that failed"), (false, "sampled 7, NOT exhausted")] {
        outcome.explored =
            Some(Explored { executions: 7, strategy: "surw".to_owned(), cut_short, ..Explored::default() });
        assert_eq!(
            summary(&outcome),
            format!("    Checked heartbeat.ko: 2 bugs in 7 executions (surw: {said}), 0.02s wall, 12.3s virtual\n")
        );
    }
    outcome.findings.clear();
    outcome.wall_ns = None;
    outcome.explored = Some(Explored {
        executions: 1,
        strategy: "pct, depth 3".to_owned(),
        bounds: vec!["time passes early at most 2 times".to_owned()],
        estimate: Some(7_654_321),
        ..Explored::default()
    });
    assert_eq!(
        summary(&outcome),
        "    Checked heartbeat.ko: no bug in 1 execution (pct, depth 3: sampled 1, NOT exhausted; about 7 million in all), \
         12.3s virtual\n    Bounds that left something out: time passes early at most 2 times\n"
    );
}

#[test]
fn repeats_are_counted_and_consequences_dropped() {
    let find = |name: &str| {
        let mut all = samples::all().into_iter();
        all.find(|sample| sample.name == name).expect("a sample").finding
    };
    let deadlock = find("deadlock");
    let same_tasks = find("hung-task");
    let race = find("data-race");
    let folded = fold(vec![same_tasks.clone(), race.clone(), deadlock.clone(), race.clone(), deadlock.clone()]);
    let told: Vec<_> = folded.iter().map(|finding| (finding.code().as_str(), finding.repeats)).collect();
    assert_eq!(told, [("data-race", 14), ("deadlock", 2)]);
    let alone = fold(vec![same_tasks.clone()]);
    assert_eq!(alone, [same_tasks]);
    let gone = fold(vec![find("module-text-in-use"), find("leak-thread")]);
    assert_eq!(gone.len(), 1);
}
