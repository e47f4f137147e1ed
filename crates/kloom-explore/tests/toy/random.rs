//! Random programs.

use proptest::prelude::*;

use super::{At, Op, Program, at};

/// What one thread does between two points: whole critical sections, so that no lock is lost, and some that are.
fn phrase() -> impl Strategy<Value = Vec<Op>> {
    let place = || (0..2usize).prop_map(at);
    let one = |op: Op| vec![op];
    prop_oneof![
        3 => place().prop_map(move |x| one(Op::Load(0, x))),
        3 => (place(), 1..3i64).prop_map(move |(x, n)| one(Op::Store(x, 5, n))),
        2 => place().prop_map(move |x| one(Op::Store(x, 0, 1))),
        2 => place().prop_map(move |x| one(Op::Add(1, x, 1))),
        2 => place().prop_map(move |x| one(Op::Cas(x, 0, 2, 1))),
        1 => Just(vec![Op::Load(0, at(0)), Op::Mod(0, 2), Op::Store(At(0, Some(0)), 5, 7)]),
        1 => Just(vec![Op::Local]),
        2 => (place(), place()).prop_map(|(m, x)| vec![Op::Lock(m), Op::Add(1, x, 1), Op::Unlock(m)]),
        1 => place().prop_map(|m| vec![Op::Lock(m), Op::Unlock(m)]),
        1 => place().prop_map(|m| vec![Op::Lock(m)]),
        1 => Just(vec![Op::Lock(at(0)), Op::Lock(at(1)), Op::Unlock(at(1)), Op::Unlock(at(0))]),
        1 => Just(vec![Op::Lock(at(1)), Op::Lock(at(0)), Op::Unlock(at(0)), Op::Unlock(at(1))]),
        1 => (place(), 2..4u32).prop_map(|(x, n)| vec![Op::Load(1, x), Op::Choose(0, n), Op::Store(x, 0, 0)]),
        2 => place().prop_map(move |s| one(Op::Down(s))),
        2 => place().prop_map(move |s| one(Op::Up(s))),
    ]
}

pub(crate) fn program() -> impl Strategy<Value = Program> {
    let thread = prop::collection::vec(phrase(), 1..4).prop_map(|phrases| phrases.concat());
    (prop::collection::vec(thread, 2..5), 0..2u32, 0..2u32).prop_map(|(mut threads, s, t)| {
        for ops in &mut threads {
            ops.truncate(5);
        }
        Program { variables: 2, mutexes: 2, semaphores: vec![s, t], threads }
    })
}
