//! Golden numbers of executions: what optimal reduction must reach exactly.

mod toy;

use kloom_explore::parallel::{self, Plan};
use kloom_explore::search::{Dfs, Dpor, Limits, Search};
use toy::{At, Op, Program, Runner, Seen, at, brute_force, run, run_tree};

fn dpor(program: &Program) -> Seen {
    let seen = run(program, &mut Dpor::new(Limits::default()), 1_000_000);
    assert!(seen.summary.exhausted && !seen.summary.diverged && !seen.summary.bounds.any(), "{:?}", seen.summary);
    // The tree that threads share comes to the same.
    for (jobs, window) in [(1, 1), (1, 4), (2, 4), (3, 32)] {
        let (shared, _) = run_tree(program, Limits::default(), jobs, window);
        assert_eq!(shared.summary, seen.summary, "{jobs} jobs, window {window}");
        assert!(shared.traces == seen.traces && shared.finals == seen.finals, "{jobs} jobs, window {window}");
    }
    seen
}

/// The number of executions, none of them redundant and no two equivalent.
fn executions_only(program: &Program) -> u64 {
    let seen = dpor(program);
    assert_eq!(seen.summary.abandoned, 0);
    assert_eq!(seen.summary.executions, seen.traces.len() as u64);
    seen.summary.executions
}

/// The number of executions, none of them redundant, and right by brute force.
fn executions(program: &Program) -> u64 {
    let seen = dpor(program);
    assert_eq!(seen.summary.abandoned, 0);
    if let Some((finals, traces)) = brute_force(program, 20_000) {
        assert_eq!(seen.finals, finals);
        assert_eq!(seen.summary.executions, traces.len() as u64);
        assert_eq!(seen.traces, traces);
        let dfs = run(program, &mut Dfs::new(Limits::default()), 1_000_000);
        assert!(dfs.summary.exhausted);
        assert_eq!(dfs.finals, finals);
    }
    seen.summary.executions
}

fn sections(threads: usize, sections: usize, inside: &[Op]) -> Program {
    let mut ops = Vec::new();
    for _ in 0..sections {
        ops.push(Op::Lock(at(0)));
        ops.extend_from_slice(inside);
        ops.push(Op::Unlock(at(0)));
    }
    Program { mutexes: 1, variables: 1, threads: vec![ops; threads], ..Program::default() }
}

#[test]
fn critical_sections_of_one_mutex() {
    for inside in
        [&[][..], &[Op::Local], &[Op::Add(0, at(0), 1)], &[Op::Local, Op::Load(0, at(0)), Op::Store(at(0), 0, 1)]]
    {
        assert_eq!(executions(&sections(3, 2, inside)), 90, "{inside:?}");
        assert_eq!(executions(&sections(2, 3, inside)), 20, "{inside:?}");
    }
}

#[test]
fn litmus_programs_under_sequential_consistency() {
    let two = |a: Vec<Op>, b: Vec<Op>| Program { variables: 2, threads: vec![a, b], ..Program::default() };
    let (x, y) = (at(0), at(1));
    // Store buffering: all but both reading 0.
    let sb = two(vec![Op::Store(x, 5, 1), Op::Load(0, y)], vec![Op::Store(y, 5, 1), Op::Load(0, x)]);
    assert_eq!(executions(&sb), 3);
    let mp = two(vec![Op::Store(x, 5, 1), Op::Store(y, 5, 1)], vec![Op::Load(0, y), Op::Load(1, x)]);
    assert_eq!(executions(&mp), 3);
    let lb = two(vec![Op::Load(0, x), Op::Store(y, 5, 1)], vec![Op::Load(0, y), Op::Store(x, 5, 1)]);
    assert_eq!(executions(&lb), 3);
    let iriw = Program {
        variables: 2,
        threads: vec![
            vec![Op::Store(x, 5, 1)],
            vec![Op::Store(y, 5, 1)],
            vec![Op::Load(0, x), Op::Load(1, y)],
            vec![Op::Load(0, y), Op::Load(1, x)],
        ],
        ..Program::default()
    };
    assert_eq!(executions(&iriw), 15);
}

/// Flanagan and Godefroid (POPL 2005), as in Abdulla et al. (J. ACM 2017), table 1, whose numbers for optimal reduction
/// are asserted below.
fn filesystem(threads: usize) -> Program {
    let (inodes, blocks) = (32, 26);
    let (inode, busy) = (0, inodes);
    let (lock_inode, lock_block) = (0, inodes);
    let thread = |id: i64| {
        let i = id % inodes as i64;
        vec![
            Op::Set(0, i),
            Op::Lock(At(lock_inode, Some(0))),
            Op::Load(1, At(inode, Some(0))),
            Op::IfLess(1, 1, 5),
            Op::IfLess(1, i64::MAX, 17),
            Op::Calc(2, 0, 2, 0),
            Op::Mod(2, blocks as i64),
            Op::Lock(At(lock_block, Some(2))),
            Op::Load(3, At(busy, Some(2))),
            Op::IfLess(3, 1, 14),
            Op::Unlock(At(lock_block, Some(2))),
            Op::Calc(2, 2, 1, 1),
            Op::Mod(2, blocks as i64),
            Op::IfLess(2, i64::MAX, 7),
            Op::Store(At(busy, Some(2)), 5, 1),
            Op::Store(At(inode, Some(0)), 2, 1),
            Op::Unlock(At(lock_block, Some(2))),
            Op::Unlock(At(lock_inode, Some(0))),
        ]
    };
    Program {
        variables: inodes + blocks,
        mutexes: inodes + blocks,
        threads: (0..threads as i64).map(thread).collect(),
        ..Program::default()
    }
}

fn indexer(threads: usize) -> Program {
    let (size, messages) = (128, 4);
    let thread = |id: i64| {
        vec![
            // Register 0: messages so far. Register 1: the hash, register 4: the word.
            Op::Set(0, 0),
            Op::Calc(4, 0, 11, 1),
            Op::Calc(4, 4, 1, id * 11),
            Op::Calc(4, 0, 11, id + 1),
            Op::Calc(1, 4, 7, 0),
            Op::Mod(1, size as i64),
            Op::Cas(At(0, Some(1)), 0, 4, 0),
            Op::IfIs(5, 1, 11),
            Op::Calc(1, 1, 1, 1),
            Op::Mod(1, size as i64),
            Op::IfLess(0, i64::MAX, 6),
            Op::Calc(0, 0, 1, 1),
            Op::IfLess(0, messages, 1),
        ]
    };
    Program { variables: size, threads: (0..threads as i64).map(thread).collect(), ..Program::default() }
}

fn readers(count: usize) -> Program {
    let mut threads = vec![vec![Op::Store(at(0), 5, 1)]];
    threads.resize(count + 1, vec![Op::Local, Op::Load(0, at(0))]);
    Program { variables: 1, threads, ..Program::default() }
}

/// Thread 0 looks for the last zero of an array from the end, thread j writes element j from element j - 1.
fn lastzero(count: usize) -> Program {
    let mut threads = vec![vec![
        Op::Set(0, count as i64),
        Op::Load(1, At(0, Some(0))),
        Op::IfIs(1, 0, 5),
        Op::Calc(0, 0, 1, -1),
        Op::IfLess(0, i64::MAX, 1),
    ]];
    for j in 1..=count {
        threads.push(vec![Op::Load(0, at(j - 1)), Op::Store(at(j), 0, 1)]);
    }
    Program { variables: count + 1, threads, ..Program::default() }
}

#[test]
fn programs_of_the_literature() {
    for (threads, expected) in [(14, 2), (16, 8), (18, 32), (19, 64)] {
        assert_eq!(executions_only(&filesystem(threads)), expected, "filesystem({threads})");
    }
    for (count, expected) in [(2, 4), (8, 256), (13, 8192)] {
        assert_eq!(executions_only(&readers(count)), expected, "readers({count})");
    }
    for (count, expected) in [(5, 64), (10, 3328)] {
        assert_eq!(executions_only(&lastzero(count)), expected, "lastzero({count})");
    }
}

#[test]
fn indexer_of_the_literature() {
    for (threads, expected) in [(11, 1), (12, 8), (15, 4096)] {
        assert_eq!(executions_only(&indexer(threads)), expected, "indexer({threads})");
    }
}

/// Programs in which it matters what becomes of sequences that come to a node when its later branches are under way or explored.
#[test]
fn branches_that_are_taken_before_earlier_ones_are_finished() {
    let (x, y) = (at(0), at(1));
    let programs = [
        (
            42,
            vec![
                vec![Op::Store(x, 0, 1), Op::Load(0, y)],
                vec![Op::Cas(y, 0, 2, 1)],
                vec![Op::Add(1, y, 1), Op::Load(1, y), Op::Choose(0, 2), Op::Store(y, 0, 0)],
                vec![Op::Load(0, x)],
            ],
        ),
        (
            84,
            vec![
                vec![Op::Load(0, x), Op::Mod(0, 2), Op::Store(At(0, Some(0)), 5, 7), Op::Load(1, y), Op::Choose(0, 2)],
                vec![Op::Lock(x), Op::Add(1, x, 1), Op::Unlock(x), Op::Add(1, x, 1)],
                vec![Op::Lock(x), Op::Lock(y), Op::Unlock(y), Op::Unlock(x)],
                vec![Op::Cas(x, 0, 2, 1)],
            ],
        ),
        (
            116,
            vec![
                vec![Op::Up(x), Op::Load(0, x)],
                vec![Op::Load(0, x)],
                vec![Op::Store(x, 0, 1), Op::Down(x), Op::Store(x, 5, 1)],
                vec![Op::Add(1, x, 1), Op::Up(x)],
            ],
        ),
    ];
    for (expected, threads) in programs {
        let program = Program { variables: 2, mutexes: 2, semaphores: vec![0, 0], threads };
        let (finals, traces) = brute_force(&program, 20_000).expect("small");
        assert_eq!(traces.len(), expected);
        for window in [1, 2, 3, 4, 8, 16, 32] {
            let (seen, _) = run_tree(&program, Limits::default(), 2, window);
            assert!(seen.traces == traces && seen.finals == finals, "{expected}, window {window}");
            let redundant = seen.summary.executions - expected as u64;
            assert!(redundant == 0 || !program.is_plain() && redundant <= 4, "window {window}: {redundant}");
        }
    }
}

/// Programs of which traces were missed: a step enabled by one that the race is not with, internal choices of which only one
/// was asked for, and steps that do other things when they come earlier.
#[test]
fn traces_that_were_missed() {
    let (x, y) = (at(0), at(1));
    let programs = [
        vec![vec![Op::Down(x), Op::AlsoStore(At(0, Some(0)), 5, 1)], vec![Op::Load(0, x)], vec![Op::Up(x)]],
        vec![
            vec![Op::Lock(y), Op::Choose(0, 2), Op::AlsoLoad(1, At(0, Some(0)))],
            vec![Op::Load(1, y)],
            vec![Op::Cas(y, 0, 2, 1), Op::Cas(y, 1, 2, 1)],
        ],
        vec![
            vec![Op::Add(1, y, 1)],
            vec![Op::Add(1, y, 1), Op::IfIs(1, 0, 3), Op::Store(x, 5, 1), Op::AlsoLoad(1, At(0, Some(0)))],
            vec![Op::Cas(x, 0, 2, 1)],
        ],
        vec![vec![Op::Cas(x, 0, 2, 1)], vec![Op::Cas(x, 1, 2, 1)], vec![Op::Load(0, x), Op::Cas(x, 0, 2, 1)]],
        vec![vec![Op::Cas(x, 0, 2, 1)], vec![Op::Cas(x, 0, 2, 1)], vec![Op::Load(0, x)], vec![Op::Load(1, x)]],
        vec![
            vec![Op::Load(0, at(2)), Op::AlsoStore(x, 5, 1), Op::Store(y, 5, 2)],
            vec![Op::Add(0, y, 1)],
            vec![Op::Load(0, x), Op::IfIs(0, 1, 7), Op::AlsoStore(y, 0, 1)],
            vec![Op::Store(y, 1, 1)],
        ],
        vec![
            vec![Op::Load(1, x), Op::Choose(0, 2), Op::Store(x, 0, 0)],
            vec![Op::Load(0, x), Op::Mod(0, 2), Op::Store(At(0, Some(0)), 5, 7)],
            vec![Op::Cas(x, 0, 2, 1)],
            vec![Op::Cas(y, 0, 2, 1)],
        ],
    ];
    for threads in programs {
        let program = Program { variables: 3, mutexes: 2, semaphores: vec![0, 1], threads };
        let (finals, traces) = brute_force(&program, 20_000).expect("small");
        let seen = run(&program, &mut Dpor::new(Limits::default()), 1_000_000);
        assert!(seen.traces == traces && seen.finals == finals, "{program:?}");
        for window in [1, 4, 32] {
            let (seen, _) = run_tree(&program, Limits::default(), 2, window);
            assert!(seen.traces == traces && seen.finals == finals, "window {window}: {program:?}");
        }
    }
}

/// Sequences longer than those of any execution of a module: nothing may go by the square of their length, or recurse.
#[test]
fn sequences_of_ten_thousand_steps() {
    let far = |own| (0..10_000).map(|_| Op::Store(at(own), 5, 1)).chain([Op::Add(0, at(0), 1)]).collect();
    let program = Program { variables: 4, mutexes: 0, semaphores: vec![], threads: vec![far(1), far(2), far(3)] };
    for (jobs, window) in [(1, 1), (2, 32)] {
        let plan = Plan { window, ..Plan::default() };
        let make = || {
            let mut runner = Runner::new(&program);
            let program = &program;
            move |search: &mut dyn Search| runner.execute(program, search)
        };
        let summary = parallel::run(&plan, jobs, make).outcome().summary;
        assert!(summary.exhausted && summary.executions == 6, "{summary:?}");
    }
}
