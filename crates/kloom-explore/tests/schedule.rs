//! Recording, tokens, replay and minimising.

mod toy;

use kloom_explore::search::{Choice, Ending, Random, Recorder, Replay, Schedule, Search, TokenError, minimise};
use proptest::prelude::*;
use toy::{Op, Program, Runner, at};

/// Two threads lose an update; a third has nothing to do with it.
fn lost_update() -> Program {
    let add = vec![Op::Load(0, at(0)), Op::Store(at(0), 0, 1), Op::Add(1, at(1), 1), Op::Local, Op::Local];
    let judge = vec![Op::Load(0, at(1)), Op::IfLess(0, 2, 5), Op::Load(1, at(0)), Op::Choose(2, 3), Op::BugIf(1, 1)];
    Program {
        variables: 3,
        threads: vec![add.clone(), vec![Op::Add(0, at(2), 1); 12], add, judge],
        ..Program::default()
    }
}

fn replay(program: &Program, schedule: &Schedule) -> (Ending, Schedule, toy::State, bool) {
    let mut search = Recorder::new(Replay::new(schedule.clone()));
    let mut runner = Runner::new(program);
    assert!(search.begin().is_some());
    let ending = runner.execute(program, &mut search);
    (ending, search.schedule().clone(), runner.state.clone(), search.summary().diverged)
}

#[test]
fn a_recorded_execution_replays_from_its_token() {
    let program = lost_update();
    let mut search = Recorder::new(Random::new(3));
    let mut runner = Runner::new(&program);
    for _ in 0..300 {
        assert!(search.begin().is_some());
        let ending = runner.execute(&program, &mut search);
        let read = Schedule::parse(&search.schedule().token()).expect("own token");
        assert_eq!(&read, search.schedule());
        let (again, schedule, state, diverged) = replay(&program, &read);
        assert_eq!((again, &schedule, &state, diverged), (ending, &read, &runner.state, false));
    }
}

#[test]
fn a_failing_schedule_becomes_the_simplest_one() {
    let program = lost_update();
    let mut found = 0;
    for seed in 0..40 {
        let mut search = Recorder::new(Random::new(seed));
        let mut runner = Runner::new(&program);
        for _ in 0..200 {
            search.begin();
            if runner.execute(&program, &mut search) != Ending::Bug(1) {
                continue;
            }
            found += 1;
            let mut oracle = |schedule: &Schedule| match replay(&program, schedule) {
                (Ending::Bug(signature), executed, ..) => Some((signature, executed)),
                _ => None,
            };
            let failing = search.schedule().clone();
            let simple = minimise(failing.clone(), 1, 2000, &mut oracle);
            assert!(simple.complete && simple.confirmed, "{simple:?}");
            // One preemption between reading and writing is enough.
            assert_eq!(simple.schedule.preemptions(), 1, "{:?}", simple.schedule);
            assert!(!failing.is_simpler_than(&simple.schedule));
            assert_eq!(minimise(failing, 1, 2000, &mut oracle), simple);
            break;
        }
    }
    assert!(found > 20, "{found}");
}

#[test]
fn what_fails_no_more_is_not_confirmed() {
    let made = minimise(Schedule { choices: vec![Choice::Answer(1)] }, 1, 10, &mut |_| None);
    assert!(!made.confirmed && !made.complete && made.tries == 1);
}

#[test]
fn damaged_tokens_are_refused() {
    let token = Schedule { choices: vec![Choice::Natural, Choice::Run { thread: 70_000, preempts: true }] }.token();
    assert_eq!(Schedule::parse("kl1:00"), Err(TokenError::Prefix));
    assert_eq!(Schedule::parse("kl2:"), Err(TokenError::Truncated));
    assert_eq!(Schedule::parse("kl2:A!AA"), Err(TokenError::Digits));
    for cut in 5..token.len() {
        assert!(Schedule::parse(&token[..cut]).is_err(), "{}", &token[..cut]);
    }
    for at in 4..token.len() {
        let mut changed = token.clone().into_bytes();
        changed[at] = if changed[at] == b'x' { b'y' } else { b'x' };
        let changed = String::from_utf8(changed).expect("ASCII");
        assert!(Schedule::parse(&changed).is_err(), "{changed}");
    }
    let (head, tail) = token.split_at(6);
    assert!(Schedule::parse(&format!("{head}\n  {tail} ")).is_ok());
}

#[test]
fn schedules_of_another_program_are_replayed_as_far_as_they_fit() {
    let choices = vec![Choice::Answer(3), Choice::Run { thread: 99, preempts: false }, Choice::Natural];
    let (ending, _, _, diverged) = replay(&lost_update(), &Schedule { choices });
    assert!(diverged);
    assert_eq!(ending, Ending::Ok);
}

fn choice() -> impl Strategy<Value = Choice> {
    prop_oneof![
        5 => Just(Choice::Natural),
        2 => (prop_oneof![0..9u32, any::<u32>()], any::<bool>())
            .prop_map(|(thread, preempts)| Choice::Run { thread, preempts }),
        1 => prop_oneof![1..4u32, 1..=u32::MAX].prop_map(Choice::Answer),
    ]
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 500, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn tokens_are_read_back(choices in prop::collection::vec(choice(), 0..200)) {
        let schedule = Schedule { choices };
        prop_assert_eq!(Schedule::parse(&schedule.token()), Ok(schedule));
    }

    #[test]
    fn any_text_is_read_or_refused(text in "[A-Za-z0-9_-]{0,40}") {
        if let Ok(schedule) = Schedule::parse(&format!("kl2:{text}")) {
            prop_assert_eq!(schedule.token(), format!("kl2:{text}"));
        }
    }
}
