//! What the sampling strategies find, and how fast.

mod toy;

use kloom_explore::search::{Pct, Portfolio, Pos, Random, Search, Strategy, Surw, make};
use toy::{Op, Program, Runner, at, run};

/// `reorder_N` of SCTBench: setters write a, then b; a checker fails if it sees the first write of some and the second of
/// none. All are created one after the other, the checker last.
fn reorder(setters: usize) -> Program {
    let (a, b) = (at(0), at(1));
    let mut threads = vec![(0..=setters).map(|nth| Op::Up(at(nth))).collect::<Vec<Op>>()];
    threads.extend((0..setters).map(|nth| vec![Op::Down(at(nth)), Op::Store(a, 5, 1), Op::Store(b, 5, -1)]));
    threads.push(vec![
        Op::Down(at(setters)),
        Op::Load(0, a),
        Op::IfIs(0, 0, 6),
        Op::Load(0, a),
        Op::Load(1, b),
        Op::BugIf(1, 0),
    ]);
    Program { variables: 2, semaphores: vec![0; setters + 1], threads, ..Program::default() }
}

fn first_bug(program: &Program, search: &mut dyn Search, most: u64) -> Option<u64> {
    let mut runner = Runner::new(program);
    runner.quick = true;
    (0..most).find(|_| {
        search.begin();
        matches!(runner.execute(program, search), kloom_explore::search::Ending::Bug(_))
    })
}

#[test]
fn the_walk_finds_what_the_others_do_not() {
    let program = reorder(99);
    let mut sum = 0;
    for seed in 0..4 {
        sum += first_bug(&program, &mut Surw::new(seed), 2000).expect("found");
    }
    assert!(sum / 4 < 600, "{} schedules on average", sum / 4);
    for (name, mut search) in [
        ("random", Box::new(Random::new(1)) as Box<dyn Search>),
        ("pos", Box::new(Pos::new(1))),
        ("pct", Box::new(Pct::new(3, 1))),
    ] {
        assert_eq!(first_bug(&program, &mut search, 1000), None, "{name}");
    }
}

/// Bugs of depth 1, 2 and 3 in n threads of k steps together are found as often as the theorem says, or more often.
#[test]
fn random_priorities_keep_their_promise() {
    let (x, y, runs) = (at(0), at(1), 20_000);
    let idle = vec![Op::Local; 8];
    // Thread 0 must come before the first step of thread 1: one constraint.
    let order = vec![vec![Op::Load(0, x), Op::BugIf(0, 1)], vec![Op::Store(x, 5, 1), Op::Local, Op::Local]];
    // Thread 1 must run between two steps of thread 0: two constraints.
    let within = vec![
        vec![Op::Local, Op::Load(0, x), Op::Local, Op::Load(1, x), Op::Calc(1, 1, 2, 0), Op::BugIf(1, 2), Op::Local],
        vec![Op::Local, Op::Add(0, x, 1), Op::Local],
    ];
    // As before, and then thread 0 must come to its end before thread 1 goes on: three constraints.
    let there_and_back = vec![
        vec![Op::Load(0, x), Op::IfIs(0, 1, 6), Op::Local, Op::Load(1, x), Op::Local, Op::Store(y, 1, 0), Op::Local],
        vec![Op::Local, Op::Add(0, x, 1), Op::Local, Op::Load(1, y), Op::BugIf(1, 1), Op::Local],
    ];
    for (depth, threads) in [(1, order), (2, within), (3, there_and_back)] {
        let mut threads = threads;
        threads.resize(4, idle.clone());
        let program = Program { variables: 2, threads, ..Program::default() };
        let steps: usize = program
            .threads
            .iter()
            .flatten()
            .filter(|op| !matches!(op, Op::BugIf(..) | Op::Calc(..) | Op::IfIs(..)))
            .count();
        let mut search = Pct::new(depth, 7);
        let mut runner = Runner::new(&program);
        runner.quick = true;
        for _ in 0..runs {
            search.begin();
            runner.execute(&program, &mut search);
        }
        let bound = f64::from(runs) / 4.0 / (steps as f64).powi(depth as i32 - 1);
        let found = search.summary().bugs as f64;
        assert!(found > bound, "depth {depth}: {found} of {runs}, promised {bound}");
    }
}

#[test]
fn the_portfolio_says_whether_it_is_exhausted() {
    let small = reorder(2);
    let mut search = Portfolio::new(1000, 0);
    let seen = run(&small, &mut search, 10_000);
    assert!(seen.summary.exhausted && search.sampled() == 0 && seen.summary.bugs > 0);
    let mut search = Portfolio::new(100, 0);
    let seen = run(&reorder(30), &mut search, 1000);
    assert!(!seen.summary.exhausted && seen.summary.bounds.executions);
    assert_eq!((seen.summary.executions + seen.summary.abandoned, search.sampled()), (1000, 900));
}

#[test]
fn strategies_are_read_as_they_are_written() {
    for text in [
        "dpor",
        "dpor:preemptions=2",
        "dpor:preemptions=2:delays=3:executions=4000",
        "dfs",
        "dfs:delays=1",
        "natural",
        "random:7",
        "pct:3:9",
        "pos:18446744073709551615",
        "surw:0",
        "portfolio:500:2",
        "kl2:AAE",
    ] {
        let strategy: Strategy = match text.parse() {
            Ok(strategy) => strategy,
            Err(error) => {
                assert!(text.starts_with("kl2"), "{text}: {error}");
                continue;
            }
        };
        assert_eq!(strategy.to_string(), text);
        let mut search = make(&strategy);
        let seen = run(&reorder(2), &mut search, 50);
        assert!(seen.summary.executions > 0);
    }
    assert_eq!("pct".parse(), Ok(Strategy::Pct { depth: 3, seed: 0 }));
    for wrong in
        ["", "best", "dpor:3", "dpor:speed=3", "random:x", "random:1:2", "natural:1", "pct:5000000000", "kl2:A!"]
    {
        assert!(wrong.parse::<Strategy>().is_err(), "{wrong}");
    }
}
