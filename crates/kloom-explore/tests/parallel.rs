//! Parts, jobs, partitions and saved states: all come to the same.

mod toy;

use std::collections::BTreeSet;
use std::sync::atomic::{AtomicBool, AtomicUsize, Ordering};

use kloom_explore::parallel::{NotTheSame, Open, Plan, State, dealt, run};
use kloom_explore::search::{DROPS_PER_EXECUTION, Dpor, Ending, Limits, Replay, Samplers, Search, Strategy};
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

/// Reduction for a third of the budget, then samplers of a strategy.
fn portfolio(strategy: &str, executions: u64, partition: (usize, usize)) -> Plan {
    let strategy: Strategy = strategy.parse().expect("a strategy");
    let reduced = if matches!(strategy, Strategy::Portfolio { .. }) { executions / 3 } else { 0 };
    let limits = Limits { executions: Some(reduced), ..Limits::default() };
    let samplers = Samplers::of(&strategy);
    Plan { limits, samplers, executions, partition, parts: 4 * (partition.1 - 1), ..Plan::default() }
}

fn saved_and_read(state: &State) -> State {
    let read: State = serde_json::from_str(&serde_json::to_string(state).expect("written")).expect("read");
    assert_eq!(&read, state);
    read
}

/// Runs so many executions of what is left to do.
fn go_on(state: &mut State, plan: &Plan, jobs: usize, program: &Program, pause: i64) {
    let stop = AtomicBool::new(false);
    let left = std::sync::atomic::AtomicI64::new(pause);
    let make = || {
        let mut inner = worker(program);
        let (left, stop) = (&left, &stop);
        move |search: &mut dyn Search| {
            stop.fetch_or(left.fetch_sub(1, Ordering::Relaxed) <= 1, Ordering::Relaxed);
            inner(search)
        }
    };
    state.run(plan, jobs, make, &stop);
}

#[test]
fn samples_are_the_same_for_any_number_of_jobs_any_partition_and_any_interruption() {
    let program = lossy();
    for strategy in ["random:1", "pct:3:1", "pos:1", "surw:1", "portfolio:9:1"] {
        for hands in [1, 3] {
            let mut merged = State::default();
            for nth in 0..hands {
                let plan = portfolio(strategy, 200, (nth, hands));
                let alone = run(&plan, 1, || worker(&program));
                assert!(alone.sampled() > 0 && !alone.reduced().summary.exhausted, "{strategy}");
                assert_eq!(run(&plan, 3, || worker(&program)), alone, "{strategy}");
                let mut state = State::new(&mut worker(&program), &plan);
                for (jobs, pause) in [(1, 1), (2, 7), (1, 40), (3, 25), (2, 1_000_000)] {
                    go_on(&mut state, &plan, jobs, &program, pause);
                    state = saved_and_read(&state);
                }
                assert_eq!(state, alone, "{strategy}");
                assert!(alone.has_failed(), "{strategy}");
                let mine = alone.outcome();
                assert!(!mine.summary.exhausted && mine.summary.bounds.executions);
                let most = dealt(200, (nth, hands));
                assert!(mine.summary.executions == most || strategy.starts_with("portfolio"), "{strategy}");
                assert!(mine.summary.executions <= most.max(alone.reduced().summary.executions), "{strategy}");
                // Given twice, or as it was before: that changes nothing.
                let mut early = State::new(&mut worker(&program), &plan);
                go_on(&mut early, &plan, 1, &program, 20);
                for given in [early, saved_and_read(&alone), alone] {
                    merged.merge(given).expect("same program");
                }
            }
            let all = merged.outcome();
            assert_eq!(merged.samples.len(), hands);
            assert!(all.summary.executions == 200 || strategy.starts_with("portfolio"), "{strategy}: {all:?}");
            for (&signature, failure) in &all.failures {
                let mut replay = Replay::new(failure.schedule.clone());
                assert!(replay.begin().is_some());
                assert_eq!(worker(&program)(&mut replay), Ending::Bug(signature), "{strategy}");
            }
        }
    }
}

#[test]
fn samples_that_a_budget_ended_go_on_with_a_larger_one() {
    let program = lossy();
    for strategy in ["random:1", "pct:3:1", "pos:1", "surw:1"] {
        let whole = run(&portfolio(strategy, 300, (0, 1)), 2, || worker(&program));
        let mut state = State::default();
        for budget in [1, 5, 60, 59, 300] {
            state.run(&portfolio(strategy, budget, (0, 1)), 1, || worker(&program), &AtomicBool::new(false));
        }
        assert_eq!(state, whole, "{strategy}");
    }
    let mut state = State::default();
    for budget in [30, 300, 3_000_000] {
        let plan = portfolio("portfolio:0:1", budget, (0, 1));
        if state.wants_cut(&plan) {
            state.cut(&mut worker(&program), &plan, &AtomicBool::new(false));
        }
        state.run(&plan, 1, || worker(&program), &AtomicBool::new(false));
        let summary = state.outcome().summary;
        assert!(summary.exhausted || summary.executions == budget, "{summary:?}");
    }
    // In the end the reduction sees it all; what was sampled until then stays counted.
    let (reduced, sampled) = (state.reduced().summary, state.sampled());
    assert!(reduced.exhausted && sampled > 0);
    assert_eq!(state.outcome().summary.executions, reduced.executions + sampled);
}

#[test]
fn samples_end_at_the_first_failure_and_go_on_if_wanted() {
    let program = lossy();
    for strategy in ["random:1", "surw:1", "portfolio:9:1"] {
        let plan = portfolio(strategy, 200, (0, 1));
        let first = Plan { first_failure: true, ..plan.clone() };
        let mut state = run(&first, 1, || worker(&program));
        assert_eq!(state.outcome().summary.bugs, 1);
        assert_eq!(run(&first, 3, || worker(&program)), state);
        let before = saved_and_read(&state);
        state.run(&first, 2, || worker(&program), &AtomicBool::new(false));
        assert_eq!(state, before, "{strategy}");
        state.run(&plan, 2, || worker(&program), &AtomicBool::new(false));
        assert_eq!(state, run(&plan, 1, || worker(&program)), "{strategy}");
    }
}

#[test]
fn what_bounds_left_out_is_sampled() {
    let program = lossy();
    let plan = |preemptions, delays| {
        let limits = Limits { preemptions, delays, ..Limits::default() };
        let samplers = Samplers::of(&Strategy::Portfolio { executions: 0, seed: 1 });
        Plan { limits, samplers, executions: 4000, ..Plan::default() }
    };
    for bounded in [plan(Some(0), None), plan(None, Some(1))] {
        let state = run(&bounded, 2, || worker(&program));
        let (within, all) = (state.reduced(), state.outcome());
        assert!(within.summary.exhausted && all.summary.exhausted);
        assert!(all.summary.bounds.preemptions || all.summary.bounds.delays);
        assert_eq!(all.summary.executions, 4000);
        assert_eq!(state.sampled(), 4000 - within.summary.executions);
        // Samples keep no such bound: they see what is beyond it.
        assert!(all.failures.len() > within.failures.len(), "{} and {}", all.failures.len(), within.failures.len());
    }
    // Bounds that leave nothing out, and none.
    for plan in [plan(Some(100), Some(100)), plan(None, None)] {
        let state = run(&plan, 1, || worker(&program));
        assert!(state.outcome().summary.exhausted && state.sampled() == 0);
    }
}

#[test]
fn damaged_lessons_are_refused() {
    let program = lossy();
    let state = run(&portfolio("surw:1", 50, (0, 1)), 1, || worker(&program));
    let text = serde_json::to_string(&state).expect("written");
    let threads = text.find("\"threads\":[").expect("walks know threads") + "\"threads\":[".len();
    let end = threads + text[threads..].find(']').expect("a list");
    for given in ["", "0,0,0,0,0,0"] {
        let damaged = format!("{}{given}{}", &text[..threads], &text[end..]);
        assert!(serde_json::from_str::<State>(&damaged).is_err(), "{given}");
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
    #![proptest_config(ProptestConfig { cases: 100, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn any_interruption_comes_to_the_same(
        program in program(),
        strategy in prop::sample::select(vec!["random:1", "pct:3:1", "surw:1", "portfolio:9:1"]),
        (budget, hands) in (1..80u64, 1..4usize),
        (preemptions, first_failure) in (prop::option::of(0..3u32), any::<bool>()),
        pauses in prop::collection::vec((1..4usize, 1..30i64), 0..6),
    ) {
        let mut merged = State::default();
        let mut sampled = 0;
        for nth in 0..hands {
            let mut plan = portfolio(strategy, budget, (nth, hands));
            (plan.limits.preemptions, plan.first_failure) = (preemptions, first_failure);
            let alone = run(&plan, 1, || worker(&program));
            let mut state = State::new(&mut worker(&program), &plan);
            for &(jobs, pause) in &pauses {
                go_on(&mut state, &plan, jobs, &program, pause);
                state = saved_and_read(&state);
            }
            go_on(&mut state, &plan, 2, &program, i64::MAX);
            prop_assert_eq!(&state, &alone);
            sampled += alone.sampled();
            merged.merge(state).expect("same program");
            merged.merge(alone).expect("same program");
        }
        prop_assert_eq!(merged.sampled(), sampled);
        prop_assert!(sampled <= budget);
    }
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
