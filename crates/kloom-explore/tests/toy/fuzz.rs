//! What is asked of every search for a random program, and how a program that fails is made small.

use kloom_explore::search::{Dpor, Limits};

use super::{At, Op, Program, at, brute_force, run, run_tree};

/// How a program turned out.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum Verdict {
    /// Too much for brute force.
    Big,
    /// All traces were seen, and so many executions were run too many by the search and by the trees.
    Seen(u64, u64),
    /// Traces were missed: by whom, how many of how many.
    Missed(String, usize, usize),
}

/// Numbers from a seed.
struct Dice(u64);

impl Dice {
    /// Below `sides` (Steele, Lea and Flood's SplitMix64).
    fn roll(&mut self, sides: u64) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ self.0 >> 30).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ mixed >> 27).wrapping_mul(0x94d0_49bb_1331_11eb);
        ((mixed ^ mixed >> 31) % sides) as usize
    }
}

/// A step and what belongs to it. Other than the programs for proptest these have steps of many accesses, which depend on what
/// was read, and branches.
fn step(dice: &mut Dice, flavour: usize, ops: &mut Vec<Op>) {
    let (x, y) = (at(dice.roll(2)), at(dice.roll(3)));
    let register = dice.roll(2);
    match dice.roll(16) {
        0 | 1 => ops.push(Op::Load(register, x)),
        2 => ops.push(Op::Store(x, 5, 1 + dice.roll(2) as i64)),
        3 => ops.push(Op::Store(x, register, 1)),
        4 => ops.push(Op::Add(register, x, 1)),
        5 | 6 => ops.push(Op::Cas(x, dice.roll(2) as i64, 2, 1)),
        7 => ops.extend([Op::Mod(0, 3), Op::Store(At(0, Some(0)), 5, 7)]),
        8 => ops.push(Op::Local),
        9 => ops.extend([Op::Lock(x), Op::Load(register, y), Op::Unlock(x)]),
        10 => ops.extend([Op::Lock(x), Op::Unlock(x)]),
        11 => ops.push(Op::Lock(x)),
        12 => ops.push(Op::Down(x)),
        13 => ops.push(Op::Up(x)),
        14 => ops.push(Op::Load(register, y)),
        _ => ops.push(Op::Store(y, 5, 1)),
    }
    let also = |dice: &mut Dice, ops: &mut Vec<Op>| {
        for _ in 0..dice.roll(3) {
            match dice.roll(6) {
                0 => ops.push(Op::Unlock(at(dice.roll(2)))),
                1 | 2 => ops.push(Op::AlsoLoad(dice.roll(2), at(dice.roll(3)))),
                3 => ops.push(Op::AlsoStore(at(dice.roll(3)), dice.roll(2), 1)),
                4 => ops.extend([Op::Mod(0, 3), Op::AlsoStore(At(0, Some(0)), 5, 1)]),
                _ => ops.extend([Op::Mod(0, 3), Op::AlsoLoad(1, At(0, Some(0)))]),
            }
        }
    };
    if flavour & 1 != 0 && dice.roll(2) == 0 {
        let branch = ops.len();
        ops.push(Op::Local);
        also(dice, ops);
        if flavour & 2 != 0 && dice.roll(3) == 0 {
            ops.push(Op::Choose(dice.roll(2), 2));
        }
        let tested = [0, 1, 3][dice.roll(3)];
        ops[branch] = Op::IfIs(tested, dice.roll(2) as i64, ops.len() + dice.roll(2));
    }
    if flavour & 2 != 0 && dice.roll(4) == 0 {
        ops.push(Op::Choose(dice.roll(2), 2));
    }
    if flavour & 4 != 0 && dice.roll(3) == 0 {
        also(dice, ops);
    }
}

/// Programs from a seed, without end.
pub(crate) fn programs(seed: u64) -> impl Iterator<Item = Program> {
    let mut dice = Dice(seed << 32);
    std::iter::repeat_with(move || {
        let flavour = dice.roll(8);
        let threads = 2 + dice.roll(3);
        let thread = |dice: &mut Dice| {
            let mut ops = Vec::new();
            for _ in 0..1 + dice.roll(3) {
                step(dice, flavour, &mut ops);
            }
            ops
        };
        let threads = (0..threads).map(|_| thread(&mut dice)).collect();
        // A register says which variable, at most 2; anything else is a program's own fault.
        Program { variables: 16, mutexes: 2, semaphores: vec![dice.roll(2) as u32, dice.roll(2) as u32], threads }
    })
}

/// Runs a program under the search, and under the tree with each of these windows.
pub(crate) fn judge(program: &Program, most: usize, windows: &[usize]) -> Verdict {
    let Some((finals, traces)) = brute_force(program, most) else { return Verdict::Big };
    let all = traces.len();
    let budget = 1_000_000;
    let alone = run(program, &mut Dpor::new(Limits::default()), budget);
    let mut results = vec![("search".to_string(), alone)];
    for &window in windows {
        results.push((format!("window {window}"), run_tree(program, Limits::default(), 1, window).0));
    }
    let mut more = [0, 0];
    for (nth, (name, seen)) in results.into_iter().enumerate() {
        let missed = traces.difference(&seen.traces).count();
        if missed > 0 || seen.finals != finals || !seen.summary.exhausted || seen.summary.diverged {
            return Verdict::Missed(name, missed, all);
        }
        more[nth.min(1)] += seen.summary.executions - all as u64;
    }
    Verdict::Seen(more[0], more[1])
}

/// The smallest program found by leaving out threads and operations of one that fails.
pub(crate) fn shrink(program: &Program, fails: &dyn Fn(&Program) -> bool) -> Program {
    let mut best = program.clone();
    'smaller: loop {
        for thread in 0..best.threads.len() {
            let mut less = best.clone();
            less.threads.remove(thread);
            if fails(&less) {
                best = less;
                continue 'smaller;
            }
            for line in 0..best.threads[thread].len() {
                let mut less = best.clone();
                less.threads[thread].remove(line);
                if fails(&less) {
                    best = less;
                    continue 'smaller;
                }
            }
        }
        return best;
    }
}
