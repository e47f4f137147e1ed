//! Golden numbers of executions: what optimal reduction must reach exactly.

mod toy;

use kloom_explore::search::{Dfs, Dpor, Limits};
use toy::{Op, Program, Seen, at, brute_force, run};

fn dpor(program: &Program) -> Seen {
    let seen = run(program, &mut Dpor::new(Limits::default()), 1_000_000);
    assert!(seen.summary.exhausted && !seen.summary.diverged && !seen.summary.bounds.any(), "{:?}", seen.summary);
    seen
}

/// The number of executions, none of them redundant, and right by brute force.
fn executions(program: &Program) -> u64 {
    let seen = dpor(program);
    assert_eq!(seen.summary.abandoned, 0);
    if let Some((finals, traces)) = brute_force(program, 100_000) {
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
