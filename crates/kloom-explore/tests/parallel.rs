//! Parts, jobs, partitions and saved states: all come to the same.

mod toy;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, Ordering};

use kloom_explore::parallel::{NotTheSame, Plan, State, run};
use kloom_explore::search::{DROPS_PER_EXECUTION, Dpor, Ending, Limits, Replay, Search};
use proptest::prelude::*;
use toy::random::program;
use toy::{Op, Program, Runner, at, brute_force};

fn worker(program: &Program) -> impl FnMut(&mut dyn Search) -> Ending {
    let mut runner = Runner::new(program);
    runner.quick = true;
    move |search| runner.execute(program, search)
}

/// Three threads lose updates, and say so in different ways.
fn lossy() -> Program {
    let add = |line: i64| {
        vec![Op::Load(0, at(0)), Op::Store(at(0), 0, 1), Op::Add(1, at(1), 1), Op::Load(2, at(0)), Op::BugIf(2, line)]
    };
    Program { variables: 2, threads: vec![add(3), add(9), add(1), vec![Op::Add(0, at(1), 1); 2]], ..Program::default() }
}

#[test]
fn any_number_of_jobs_and_any_partition_give_the_same_report() {
    let program = lossy();
    let plan = Plan { parts: 20, ..Plan::default() };
    let alone = run(&plan, 1, || worker(&program));
    assert!(alone.parts.len() >= 20);
    let outcome = alone.outcome();
    assert!(outcome.summary.exhausted && !outcome.failures.is_empty(), "{outcome:?}");
    for jobs in [2, 3, 8] {
        assert_eq!(run(&plan, jobs, || worker(&program)), alone);
    }
    let mut merged: Option<State> = None;
    for nth in 0..3 {
        let partition = run(&Plan { partition: (nth, 3), ..plan.clone() }, 2, || worker(&program));
        assert!(!partition.outcome().summary.exhausted);
        let text = serde_json::to_string(&partition).expect("written");
        let read: State = serde_json::from_str(&text).expect("read");
        assert_eq!(read, partition);
        match &mut merged {
            None => merged = Some(read),
            Some(merged) => merged.merge(read).expect("same program"),
        }
    }
    assert_eq!(merged, Some(alone.clone()));
    for (&signature, failure) in &outcome.failures {
        let mut replay = Replay::new(failure.schedule.clone());
        assert!(replay.begin().is_some());
        assert_eq!(worker(&program)(&mut replay), Ending::Bug(signature));
        assert!(!replay.summary().diverged);
    }
    let other = State::new(&mut worker(&Program { threads: vec![vec![Op::Local; 3]; 2], ..Program::default() }), &plan);
    assert_eq!(alone.clone().merge(other), Err(NotTheSame));
}

#[test]
fn the_first_failure_is_the_same_for_any_number_of_jobs() {
    let program = lossy();
    let plan = Plan { parts: 30, first_failure: true, ..Plan::default() };
    let alone = run(&plan, 1, || worker(&program));
    assert_eq!(alone.outcome().failures.len(), 1);
    for jobs in [2, 4] {
        for _ in 0..5 {
            assert_eq!(run(&plan, jobs, || worker(&program)), alone);
        }
    }
}

#[test]
fn an_interrupted_exploration_goes_on() {
    let program = lossy();
    let plan = Plan { parts: 20, ..Plan::default() };
    let whole = run(&plan, 2, || worker(&program));
    let mut state = State::new(&mut worker(&program), &plan);
    for pause in [3, 200, 1, 1_000_000] {
        let stop = AtomicBool::new(false);
        let mut left = pause;
        let mut inner = worker(&program);
        let make = std::sync::Mutex::new(Some(|search: &mut dyn Search| {
            left -= 1;
            stop.store(left <= 0, Ordering::Relaxed);
            inner(search)
        }));
        state.run(&plan, 1, || make.lock().expect("not poisoned").take().expect("one worker"), &stop);
        state = serde_json::from_str(&serde_json::to_string(&state).expect("written")).expect("read");
    }
    assert_eq!(state, whole);
}

#[test]
fn a_budget_is_shared_by_the_parts() {
    let program = lossy();
    let plan = Plan { parts: 20, limits: Limits { executions: Some(60), ..Limits::default() }, ..Plan::default() };
    let alone = run(&plan, 1, || worker(&program));
    let summary = alone.outcome().summary;
    assert!(!summary.exhausted && summary.bounds.executions);
    let most = 60 + alone.parts.len() as u64;
    assert!(summary.executions <= most && summary.abandoned <= most * DROPS_PER_EXECUTION);
    assert_eq!(run(&plan, 2, || worker(&program)), alone);
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_parts_together_see_every_trace_once(program in program(), depth in 0..6usize) {
        let Some((finals, traces)) = brute_force(&program, 5_000) else { return Ok(()) };
        let plan = Plan { parts: usize::MAX, max_depth: depth, ..Plan::default() };
        let state = State::new(&mut worker(&program), &plan);
        let (mut executions, mut seen, mut ends) = (0, BTreeSet::new(), BTreeSet::new());
        for part in &state.parts {
            let mut search = Dpor::within(part.clone(), Limits::default());
            let got = toy::run(&program, &mut search, 1_000_000);
            prop_assert!(got.summary.exhausted && !got.summary.diverged);
            executions += got.summary.executions;
            seen.extend(got.traces);
            ends.extend(got.finals);
        }
        let missed: Vec<_> = traces.difference(&seen).collect();
        prop_assert!(missed.is_empty(), "{:?}", missed);
        prop_assert_eq!(ends, finals);
        prop_assert_eq!(executions, traces.len() as u64);
    }
}
