//! Parts, jobs, partitions and saved states: all come to the same.

mod toy;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use kloom_explore::parallel::{NotTheSame, Open, Plan, State, run};
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
    assert_eq!(merged.as_ref(), Some(&alone));
    for (&signature, failure) in &outcome.failures {
        let mut replay = Replay::new(failure.schedule.clone());
        assert!(replay.begin().is_some());
        assert_eq!(worker(&program)(&mut replay), Ending::Bug(signature));
        assert!(!replay.summary().diverged);
    }
    let other = State::new(&mut worker(&Program { threads: vec![vec![Op::Local; 3]; 2], ..Program::default() }), &plan);
    let mut alone = alone;
    assert_eq!(alone.merge(other), Err(NotTheSame));
}

#[test]
fn the_first_failure_is_the_same_for_any_number_of_jobs() {
    let program = lossy();
    for parts in [1, 30] {
        let plan = Plan { parts, first_failure: true, ..Plan::default() };
        let alone = run(&plan, 1, || worker(&program));
        assert_eq!(alone.outcome().failures.len(), 1);
        for jobs in [2, 4] {
            for _ in 0..5 {
                assert_eq!(run(&plan, jobs, || worker(&program)), alone);
            }
        }
    }
}

#[test]
fn an_interrupted_exploration_goes_on() {
    let program = lossy();
    for (parts, window) in [(1, 32), (1, 3), (20, 32)] {
        let plan = Plan { parts, window, ..Plan::default() };
        let whole = run(&plan, 2, || worker(&program));
        let mut state = State::new(&mut worker(&program), &plan);
        for pause in [3, 100, 1, 50, 1_000_000] {
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
}

#[test]
fn a_budget_ends_the_search_at_the_same_point_for_any_number_of_jobs() {
    let program = lossy();
    for (parts, most) in [(1, 60), (1, 1), (20, 60)] {
        let limits = Limits { executions: Some(most), ..Limits::default() };
        let plan = Plan { parts, limits, ..Plan::default() };
        let alone = run(&plan, 1, || worker(&program));
        let summary = alone.outcome().summary;
        assert!(!summary.exhausted && summary.bounds.executions);
        let shared = if parts == 1 { most } else { most + alone.parts.len() as u64 };
        assert!(summary.executions <= shared && summary.abandoned <= shared * DROPS_PER_EXECUTION);
        assert!(parts > 1 || summary.executions == most, "{summary:?}");
        for jobs in [2, 3] {
            assert_eq!(run(&plan, jobs, || worker(&program)), alone);
        }
    }
}

#[test]
fn little_of_the_tree_is_kept() {
    let program = Program { variables: 1, threads: vec![vec![Op::Add(0, at(0), 1); 3]; 3], ..Program::default() };
    let most = AtomicUsize::new(0);
    let plan = Plan::default();
    let mut state = State::new(&mut worker(&program), &plan);
    let keep = |state: &State| {
        let size = state.open.values().map(Open::segments).sum();
        most.fetch_max(size, Ordering::Relaxed);
    };
    state.run_keeping(&plan, 2, || worker(&program), &AtomicBool::new(false), &keep);
    assert_eq!(state.outcome().summary.executions, 1680);
    let most = most.into_inner();
    assert!(most < 400, "{most}");
}

#[test]
fn threads_that_part_late_are_cut_late() {
    // Nothing to choose in the first forty steps.
    let mut threads = vec![vec![Op::Add(0, at(0), 1); 3]; 3];
    threads[0].splice(0..0, [vec![Op::Local; 40], vec![Op::Up(at(0)), Op::Up(at(1))]].concat());
    threads[1].insert(0, Op::Down(at(0)));
    threads[2].insert(0, Op::Down(at(1)));
    let program = Program { variables: 1, semaphores: vec![0, 0], threads, ..Program::default() };
    let plan = Plan { parts: 16, ..Plan::default() };
    let state = run(&plan, 1, || worker(&program));
    let all = state.outcome().summary.executions;
    let most = state.done.values().map(|part| part.summary.executions).max();
    assert!(state.parts.len() >= 16 && most.is_some_and(|most| most * 4 < all), "{most:?} of {all}");
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn the_parts_together_see_every_trace_once(program in program(), depth in 0..6usize, small in 1..9u64) {
        let Some((finals, traces)) = brute_force(&program, 5_000) else { return Ok(()) };
        let plan = Plan { parts: usize::MAX, max_depth: depth, small, ..Plan::default() };
        let state = State::new(&mut worker(&program), &plan);
        // The tree within each part comes to the same as the search within it.
        for jobs in [1, 2] {
            let shared = run(&plan, jobs, || worker(&program)).outcome().summary;
            prop_assert!(shared.exhausted && !shared.diverged);
            prop_assert!(shared.executions == traces.len() as u64 || !program.is_plain());
        }
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
        prop_assert!(executions == traces.len() as u64 || !program.is_plain());
    }
}
